/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * db_driver: what SQLite and PostgreSQL each do for data/db.c. A connection and a statement are the driver's own; nobody else includes
 * this.
 */
#ifndef WARD_DATA_DB_DRIVER_H
#define WARD_DATA_DB_DRIVER_H

#include "data/db.h"

struct db_driver {
	int (*open)(struct str where, enum db_mode mode, void **connection, struct err *err);
	void (*close)(void *connection);
	int (*run)(void *connection, const char *sql, struct err *err);
	bool (*in_transaction)(void *connection);
	bool (*lost)(void *connection); /* NULL: never */
	int64_t (*changes)(void *connection);

	int (*prepare)(void *connection, const char *sql, void **statement, struct err *err);
	void (*finish)(void *statement);
	void (*reset)(void *statement); /* parameters may be kept */
	/* Parameters from 1. A text or blob with NULL is SQL NULL. */
	void (*bind_int)(void *statement, int at, int64_t value);
	void (*bind_real)(void *statement, int at, double value);
	void (*bind_text)(void *statement, int at, struct str value);
	void (*bind_blob)(void *statement, int at, struct str value);
	int (*step)(void *statement, struct err *err);
	size_t (*width)(void *statement);
	const char *(*name)(void *statement, size_t column);
	struct cell (*cell)(void *statement, size_t column);
	struct str (*text)(void *statement, size_t column); /* of a number: its digits */
};

extern const struct db_driver db_sqlite_driver, db_postgresql_driver;

#endif
