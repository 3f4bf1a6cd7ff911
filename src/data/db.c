/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/db.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/buf.h"

enum { KEPT = 128, WAIT_MS = 10000 };

struct db_statement {
	sqlite3_stmt *handle;
	char *sql;
	uint64_t used; /* when, by db->uses */
	bool busy, kept;
};

struct db {
	enum db_kind kind;
	sqlite3 *sqlite;
	uint64_t uses;
	struct db_statement kept[KEPT];
	size_t n;
};

bool db_is_postgresql(struct str where)
{
	return str_starts(where, "postgresql://") || str_starts(where, "postgres://");
}

/* ---- SQLite ---- */

static int to_errno(sqlite3 *db, int code)
{
	int system = sqlite3_system_errno(db);
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
		return -EEXIST;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return -EBADMSG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_INTERRUPT:
		return -ETIME;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return system ? -system : -ENOENT;
	case SQLITE_IOERR:
		return system ? -system : -EIO;
	default:
		return -EINVAL;
	}
}

static int failed(struct db *db, struct err *err)
{
	int code = sqlite3_extended_errcode(db->sqlite), r = to_errno(db->sqlite, code);
	const char *name = sqlite3_db_filename(db->sqlite, "main");
	if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_CANTOPEN)
		return err_errno(err, r, "%s", name ? name : "?");
	return err_set(err, r, "%s: %s", name ? name : "?", sqlite3_errmsg(db->sqlite));
}

int db_open(struct str where, enum db_mode mode, struct db **out, struct err *err)
{
	CLEANUP(db_close_p) struct db *db = mem_alloc(sizeof(*db));
	ARENA(arena);
	if (db_is_postgresql(where))
		return err_set(err, -ENOTSUP, "PostgreSQL is not here yet");
	int flags = mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(arena_cstr(&arena, where), &db->sqlite, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return db->sqlite ? failed(db, err) : err_set(err, -ENOMEM, "no memory for SQLite");
	sqlite3_busy_timeout(db->sqlite, WAIT_MS);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	int r = db_run(db, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -4096; PRAGMA mmap_size = 268435456", err);
	if (r == 0 && mode == DB_WRITE)
		r = db_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", err);
	if (r == 0)
		*out = TAKE(db);
	return r;
}

static void statement_end(struct db_statement *statement)
{
	sqlite3_finalize(statement->handle);
	free(statement->sql);
	*statement = (struct db_statement){ 0 };
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->n; i++)
		statement_end(&db->kept[i]);
	sqlite3_close(db->sqlite);
	free(db);
}

void db_close_p(struct db **db)
{
	db_close(*db);
}

enum db_kind db_kind(const struct db *db)
{
	return db->kind;
}

struct sqlite3 *db_sqlite(struct db *db)
{
	return db->sqlite;
}

int db_run(struct db *db, const char *sql, struct err *err)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(db, err);
}

void db_back(struct db *db)
{
	if (db && db->sqlite && !sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
}

const char *db_like(const struct db *db)
{
	return db->kind == DB_POSTGRESQL ? " ILIKE " : " LIKE ";
}

int64_t db_changes(const struct db *db)
{
	return sqlite3_changes64(db->sqlite);
}

/* ---- statements ---- */

/* A free place among the kept ones: a new one, or the one not used for longest. NULL when all are busy. */
static struct db_statement *place(struct db *db)
{
	struct db_statement *oldest = NULL;
	if (db->n < KEPT)
		return &db->kept[db->n++];
	for (size_t i = 0; i < KEPT; i++)
		if (!db->kept[i].busy && (!oldest || db->kept[i].used < oldest->used))
			oldest = &db->kept[i];
	if (oldest)
		statement_end(oldest);
	return oldest;
}

int db_query(struct db_query *query, struct db *db, const char *sql, struct err *err)
{
	*query = (struct db_query){ .db = db };
	for (size_t i = 0; i < db->n; i++)
		if (!db->kept[i].busy && db->kept[i].sql && strcmp(db->kept[i].sql, sql) == 0) {
			query->statement = &db->kept[i];
			query->statement->busy = true;
			query->statement->used = ++db->uses;
			return 0;
		}
	sqlite3_stmt *handle;
	if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) != SQLITE_OK)
		return failed(db, err);
	struct db_statement *it = place(db);
	bool kept = it;
	if (!it)
		it = mem_alloc(sizeof(*it));
	*it = (struct db_statement){ .handle = handle, .busy = true, .kept = kept, .used = ++db->uses };
	it->sql = strdup(sql);
	query->statement = it;
	return 0;
}

void db_query_done(struct db_query *query)
{
	struct db_statement *it = query->statement;
	if (!it)
		return;
	query->statement = NULL;
	sqlite3_reset(it->handle);
	sqlite3_clear_bindings(it->handle);
	it->busy = false;
	if (!it->kept) {
		statement_end(it);
		free(it);
	}
}

void db_bind_int(struct db_query *query, int64_t value)
{
	if (value == NONE)
		db_bind_null(query);
	else
		sqlite3_bind_int64(query->statement->handle, ++query->bound, value);
}

void db_bind_real(struct db_query *query, double value)
{
	sqlite3_bind_double(query->statement->handle, ++query->bound, value);
}

void db_bind_text(struct db_query *query, struct str value)
{
	if (!value.p)
		db_bind_null(query);
	else
		sqlite3_bind_text64(query->statement->handle, ++query->bound, value.p, value.n, SQLITE_STATIC, SQLITE_UTF8);
}

void db_bind_blob(struct db_query *query, struct str value)
{
	if (!value.p)
		db_bind_null(query);
	else
		sqlite3_bind_blob64(query->statement->handle, ++query->bound, value.p, value.n, SQLITE_STATIC);
}

void db_bind_null(struct db_query *query)
{
	sqlite3_bind_null(query->statement->handle, ++query->bound);
}

void db_bind_cell(struct db_query *query, struct cell value)
{
	if (cell_is_int(value))
		db_bind_int(query, value.i);
	else if (cell_is_text(value) || !value.p)
		db_bind_text(query, cell_str(value));
	else
		db_bind_real(query, value.r);
}

int db_step(struct db_query *query, struct err *err)
{
	int code = sqlite3_step(query->statement->handle);
	if (code == SQLITE_ROW)
		return 1;
	if (code == SQLITE_DONE)
		return 0;
	return failed(query->db, err);
}

int db_do(struct db_query *query, struct err *err)
{
	int r;
	while ((r = db_step(query, err)) > 0)
		;
	sqlite3_reset(query->statement->handle);
	query->bound = 0;
	return r;
}

size_t db_width(const struct db_query *query)
{
	return (size_t)sqlite3_column_count(query->statement->handle);
}

const char *db_name(const struct db_query *query, size_t column)
{
	return sqlite3_column_name(query->statement->handle, (int)column);
}

int64_t db_int_or(struct db_query *query, size_t column, int64_t otherwise)
{
	if (sqlite3_column_type(query->statement->handle, (int)column) == SQLITE_NULL)
		return otherwise;
	return sqlite3_column_int64(query->statement->handle, (int)column);
}

int64_t db_int(struct db_query *query, size_t column)
{
	return db_int_or(query, column, NONE);
}

struct str db_text(struct db_query *query, size_t column)
{
	if (sqlite3_column_type(query->statement->handle, (int)column) == SQLITE_NULL)
		return STR_NONE;
	const char *p = sqlite3_column_blob(query->statement->handle, (int)column);
	return (struct str){ p ? p : "", (size_t)sqlite3_column_bytes(query->statement->handle, (int)column) };
}

struct cell db_cell(struct db_query *query, size_t column)
{
	switch (sqlite3_column_type(query->statement->handle, (int)column)) {
	case SQLITE_NULL:
		return (struct cell){ 0 };
	case SQLITE_INTEGER:
		return cell_int(sqlite3_column_int64(query->statement->handle, (int)column));
	case SQLITE_FLOAT:
		return cell_real(sqlite3_column_double(query->statement->handle, (int)column));
	default:
		return cell_text(db_text(query, column));
	}
}

int db_one_int(struct db *db, const char *sql, int64_t otherwise, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, sql, err);
	if (r == 0)
		r = db_step(&q, err);
	*out = r > 0 ? db_int_or(&q, 0, otherwise) : otherwise;
	return r < 0 ? r : 0;
}
