/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * tables: what tables a database of records has, as the database itself says, so that copying and verifying cover what they
 * do not know.
 */
#ifndef WARD_RECORD_TABLES_H
#define WARD_RECORD_TABLES_H

#include "data/db.h"

enum column_type { TABLE_INTEGER, TABLE_REAL, TABLE_TEXT, TABLE_BLOB };

struct column {
	struct str name;
	enum column_type type;
	int key; /* its place in the primary key, from 1; 0: none */
};

struct table {
	struct str name;
	struct str create;      /* CREATE TABLE, in db.h's words */
	struct strings indexes; /* CREATE INDEX, likewise */
	struct column *columns;
	size_t n;
	bool identity; /* ids are chosen by the database */
};

struct tables {
	struct table *p;
	size_t n;
};

/* All tables, by name; in the arena. -ENOTSUP: there is something that is neither a table nor an index. */
int tables_list(struct arena *arena, struct db *db, struct tables *out, struct err *err) MUST_USE;
int table_column(const struct table *table, struct str name); /* its index, or -1 */
/* A table that keeps records of a register: not ward's own, with id and version. */
bool table_is_register(const struct table *table);
/* "\"name\"": append a name as SQL takes it. */
void table_add_name(struct buf *out, struct str name);

#endif
