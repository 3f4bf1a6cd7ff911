/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * db: one connection to the records' database, SQLite or PostgreSQL.
 *
 * SQL is written once, in what SQLite 3.40 and PostgreSQL 15 share: parameters are "?", in order; INSERT … RETURNING and ON CONFLICT
 * work in both. In the text of tables (CREATE, ALTER) the types are SQLite's words, which become PostgreSQL's: "INTEGER PRIMARY KEY"
 * an identity, INTEGER bigint, REAL double precision, TEXT text COLLATE "C", BLOB bytea (data/db_words.h). What they do not share (LIKE
 * without regard to case) has a function here. PostgreSQL is the stricter one:
 *
 * - a condition is no number: WHERE x = 1, not WHERE x; sum(CASE WHEN … THEN 1 ELSE 0 END), not sum(…);
 * - a parameter that stands alone has no type: CAST(? AS INTEGER) in SELECT ? and in ? IS NULL;
 * - an id that ward chooses by itself is left out of the INSERT, not given as NULL; ids of one table are all
 *   given, or all chosen;
 * - columns that are not within GROUP BY are within an aggregate;
 * - after an error a transaction takes nothing more until it goes back to a savepoint: write_try() in record/records.h;
 * - a result is read whole into memory: large ones by pages, or by a cursor (record/copy.c).
 *
 * A connection belongs to one thread at a time. Statements are kept prepared by their text, so SQL should be a constant, or one
 * of few. A statement is made, bound in order, stepped, and finished by CLEANUP:
 *
 *	DB_QUERY(q);
 *	int r = db_query(&q, db, "SELECT id, name FROM org WHERE parent = ?", err);
 *	if (r < 0)
 *		return r;
 *	db_bind_int(&q, parent);
 *	while ((r = db_step(&q, err)) > 0)
 *		… db_int(&q, 0), db_text(&q, 1) …
 *
 * Errors are errnos with words: -ENOSPC a full disk, -EROFS a read-only one, -EBADMSG a damaged file, -EBUSY locked, -EEXIST a unique
 * key that is there already, -EINVAL another constraint or wrong SQL, -EPIPE the server went away: open another connection.
 */
#ifndef WARD_DATA_DB_H
#define WARD_DATA_DB_H

#include "base/err.h"
#include "data/cell.h"

enum db_kind { DB_SQLITE, DB_POSTGRESQL };
enum db_mode { DB_READ, DB_WRITE }; /* DB_WRITE makes the file when it is not there */

struct db;

/* `where`: a path, or "postgresql://…". Words of errors name the place, never a password. */
int db_open(struct str where, enum db_mode mode, struct db **out, struct err *err) MUST_USE;
void db_close(struct db *db);
void db_close_p(struct db **db);
enum db_kind db_kind(const struct db *db);
bool db_is_postgresql(struct str where);

/* Statements without parameters, apart by ';'. */
int db_run(struct db *db, const char *sql, struct err *err) MUST_USE;
/* One statement without parameters that is run often ("BEGIN"): kept prepared. */
int db_word(struct db *db, const char *sql, struct err *err) MUST_USE;
/* Roll back when a transaction is open; for the way out after an error. */
void db_back(struct db *db);
bool db_in_transaction(const struct db *db);
/* The server went away: nothing more can be done with this connection. Never of SQLite. */
bool db_lost(const struct db *db);
/* " LIKE " of this database that does not tell capital letters from small ones (ASCII in SQLite). Say ESCAPE '\' always. */
const char *db_like(const struct db *db);
/* Rows that the last INSERT, UPDATE or DELETE changed. */
int64_t db_changes(const struct db *db);
/* The handle below, for what only one of the two can do (backup, attaching); NULL of the other kind. */
struct sqlite3;
struct sqlite3 *db_sqlite(struct db *db);

struct db_query {
	struct db *db;
	struct db_statement *statement;
	int bound;
};
#define DB_QUERY(name) CLEANUP(db_query_done) struct db_query name = { 0 }

/* `sql` is copied where it is kept. One query variable may be used again after db_query_done(). */
int db_query(struct db_query *query, struct db *db, const char *sql, struct err *err) MUST_USE;
void db_query_done(struct db_query *query);
/* Parameters, in order. Texts must live until the first step. STR_NONE and NONE (data/cell.h) are NULL. */
void db_bind_int(struct db_query *query, int64_t value);
void db_bind_real(struct db_query *query, double value);
void db_bind_text(struct db_query *query, struct str value);
void db_bind_blob(struct db_query *query, struct str value);
void db_bind_null(struct db_query *query);
void db_bind_cell(struct db_query *query, struct cell value);
/* 1: a row; 0: no more. */
int db_step(struct db_query *query, struct err *err) MUST_USE;
/* Step to the end, whatever rows it gives; then it may be bound again. */
int db_do(struct db_query *query, struct err *err) MUST_USE;
/* Columns of the row, from 0; slices are valid until the next step. NULL is NONE, STR_NONE. */
size_t db_width(const struct db_query *query);
const char *db_name(const struct db_query *query, size_t column);
int64_t db_int(struct db_query *query, size_t column);
int64_t db_int_or(struct db_query *query, size_t column, int64_t otherwise);
struct str db_text(struct db_query *query, size_t column); /* a blob, too */
struct cell db_cell(struct db_query *query, size_t column);
/* The first column of the first row of a statement without parameters; `otherwise` when there is no row or NULL. */
int db_one_int(struct db *db, const char *sql, int64_t otherwise, int64_t *out, struct err *err) MUST_USE;

#endif
