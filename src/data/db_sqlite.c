/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "data/db_driver.h"
#include "data/sqlite_error.h"

enum { WAIT_MS = 10000 };

static int failed(sqlite3 *db, struct err *err)
{
	return sqlite_failed(db, -EINVAL, err);
}

static int lite_run(void *connection, const char *sql, struct err *err)
{
	return sqlite3_exec(connection, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(connection, err);
}

static void lite_close(void *connection)
{
	sqlite3_close(connection);
}

static void close_p(sqlite3 **db)
{
	sqlite3_close(*db);
}

/* Reading needs the write-ahead log's index beside the file; where no file can be made nobody writes, and the file is all there is. */
static bool cannot_change(const char *path)
{
	ARENA(arena);
	ptrdiff_t slash = str_find_char_last(str_from(path), '/');
	const char *folder = slash < 0 ? "." : slash == 0 ? "/" : arena_cstr(&arena, (struct str){ path, (size_t)slash });
	return access(folder, W_OK) < 0 && errno == EROFS && access(arena_printf(&arena, "%s-wal", path).p, F_OK) < 0;
}

/* Nobody else's to read, nor the files beside it, which take over its mode. SQLite itself would make it with 0644. */
static void make_own(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

static int lite_open(struct str where, enum db_mode mode, void **out, struct err *err)
{
	CLEANUP(close_p) sqlite3 *db = NULL;
	ARENA(arena);
	BUF(address);
	const char *path = arena_cstr(&arena, where);
	int flags = mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	if (mode == DB_WRITE)
		make_own(path);
	if (mode == DB_READ && cannot_change(path)) {
		path = sqlite_immutable_name(&address, path);
		flags |= SQLITE_OPEN_URI;
	}
	if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
		return db ? err_errno(err, sqlite_errno(db, sqlite3_extended_errcode(db), -EINVAL), "cannot open '%.*s'", STR_ARG(where))
		          : err_set(err, -ENOMEM, "no memory for SQLite");
	sqlite3_busy_timeout(db, WAIT_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* A kept statement with LIKE ? would be compiled anew for each value, to see whether that is a prefix. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	int r = lite_run(db, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -4096; PRAGMA mmap_size = 2147418112", err);
	if (r == 0 && mode == DB_WRITE)
		r = lite_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;"
		                 /* What a savepoint would put back stays in memory. Of a WAL that gets long (64 MB) the writer copies what is left. */
		                 "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 16000", err);
	if (r == 0)
		*out = TAKE(db);
	return r;
}

static bool lite_in_transaction(void *connection)
{
	return !sqlite3_get_autocommit(connection);
}

static int64_t lite_changes(void *connection)
{
	return sqlite3_changes64(connection);
}

/* ---- statements ---- */

static int lite_prepare(void *connection, const char *sql, void **statement, struct err *err)
{
	sqlite3_stmt *handle;
	if (sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) != SQLITE_OK)
		return failed(connection, err);
	if (!handle)
		return err_set(err, -EINVAL, "an empty statement");
	*statement = handle;
	return 0;
}

static void lite_finish(void *statement)
{
	sqlite3_finalize(statement);
}

static void lite_reset(void *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

static void lite_bind_int(void *statement, int at, int64_t value)
{
	sqlite3_bind_int64(statement, at, value);
}

static void lite_bind_real(void *statement, int at, double value)
{
	sqlite3_bind_double(statement, at, value);
}

static void lite_bind_text(void *statement, int at, struct str value)
{
	if (value.p)
		sqlite3_bind_text64(statement, at, value.p, value.n, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(statement, at);
}

static void lite_bind_blob(void *statement, int at, struct str value)
{
	if (value.p)
		sqlite3_bind_blob64(statement, at, value.p, value.n, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, at);
}

static int lite_step(void *statement, struct err *err)
{
	int code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : failed(sqlite3_db_handle(statement), err);
}

static size_t lite_width(void *statement)
{
	return (size_t)sqlite3_column_count(statement);
}

static const char *lite_name(void *statement, size_t column)
{
	return sqlite3_column_name(statement, (int)column);
}

static struct str lite_text(void *statement, size_t column)
{
	if (sqlite3_column_type(statement, (int)column) == SQLITE_NULL)
		return STR_NONE;
	const char *p = sqlite3_column_blob(statement, (int)column);
	return (struct str){ p ? p : "", (size_t)sqlite3_column_bytes(statement, (int)column) };
}

static struct cell lite_cell(void *statement, size_t column)
{
	switch (sqlite3_column_type(statement, (int)column)) {
	case SQLITE_NULL:
		return (struct cell){ 0 };
	case SQLITE_INTEGER:
		return cell_int(sqlite3_column_int64(statement, (int)column));
	case SQLITE_FLOAT:
		return cell_real(sqlite3_column_double(statement, (int)column));
	default:
		return cell_text(lite_text(statement, column));
	}
}

const struct db_driver db_sqlite_driver = {
	.open = lite_open,
	.close = lite_close,
	.run = lite_run,
	.in_transaction = lite_in_transaction,
	.changes = lite_changes,
	.prepare = lite_prepare,
	.finish = lite_finish,
	.reset = lite_reset,
	.bind_int = lite_bind_int,
	.bind_real = lite_bind_real,
	.bind_text = lite_bind_text,
	.bind_blob = lite_bind_blob,
	.step = lite_step,
	.width = lite_width,
	.name = lite_name,
	.cell = lite_cell,
	.text = lite_text,
};
