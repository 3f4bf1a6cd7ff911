/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * database: the few things that an archive asks of SQLite, with errors in words.
 *
 * A statement is made for each use, bound in order, stepped, and finished by CLEANUP(sql_done). SQLite's codes
 * become errnos: a full disk is -ENOSPC, a read-only one -EROFS, a damaged file -EBADMSG, one that is locked -EBUSY.
 */
#ifndef WARD_ARCHIVE_DATABASE_H
#define WARD_ARCHIVE_DATABASE_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/err.h"

enum database_mode { DATABASE_READ, DATABASE_WRITE, DATABASE_CREATE };

/* `path` is named in errors. With DATABASE_READ the file is not changed, not even its WAL. */
int database_open(const char *path, enum database_mode mode, sqlite3 **out, struct err *err) MUST_USE;
void database_close(sqlite3 *db);
void database_close_p(sqlite3 **db);
/* One or several statements without parameters. */
int database_run(sqlite3 *db, const char *sql, struct err *err) MUST_USE;
/* Roll back when a transaction is open; for the way out after an error. */
void database_back(sqlite3 *db);
/* What the last call on `db` said. */
int database_error(sqlite3 *db, struct err *err);

struct sql {
	sqlite3 *db;
	sqlite3_stmt *handle;
	int bound, column;
};

#define SQL(name) CLEANUP(sql_done) struct sql name = { 0 }

int sql_make(struct sql *statement, sqlite3 *db, const char *sql, struct err *err) MUST_USE;
void sql_done(struct sql *statement);
/* Parameters, in order. Texts must live until the step. */
void sql_int(struct sql *statement, int64_t value);
void sql_text(struct sql *statement, struct str value);
void sql_blob(struct sql *statement, struct str value);
/* 1: a row; 0: no more; or a negative errno. */
int sql_step(struct sql *statement, struct err *err) MUST_USE;
/* Step a statement that gives no rows, and make it ready for the next values. */
int sql_do(struct sql *statement, struct err *err) MUST_USE;
/* Columns of the row, in order; slices are valid until the next step. */
int64_t sql_get_int(struct sql *statement);
struct str sql_get_bytes(struct sql *statement);

#endif
