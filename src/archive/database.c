/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/database.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "data/sqlite_error.h"

enum { WAIT_MS = 10000 }; /* for another process's short lock: a checkpoint, a commit */

/* A table or column is not there: not a file of ours. */
int database_error(sqlite3 *db, struct err *err)
{
	return sqlite_failed(db, -EBADMSG, err);
}

/* On a medium that is read only SQLite cannot make the index that it reads a WAL by. When there is no WAL either, nobody writes
 * the file, and SQLite may be told so. */
static bool is_immutable(const char *path)
{
	ARENA(arena);
	struct stat st;
	struct str dir = str_from(path);
	ptrdiff_t slash = str_find_char_last(dir, '/');
	const char *parent = slash < 0 ? "." : arena_cstr(&arena, str_slice(dir, 0, (size_t)slash + 1));
	if (access(parent, W_OK) == 0 || (errno != EROFS && errno != EACCES))
		return false;
	return stat(arena_printf(&arena, "%s-wal", path).p, &st) < 0 || st.st_size == 0;
}

int database_open(const char *path, enum database_mode mode, sqlite3 **out, struct err *err)
{
	BUF(uri);
	int flags = mode == DATABASE_READ    ? SQLITE_OPEN_READONLY
	            : mode == DATABASE_WRITE ? SQLITE_OPEN_READWRITE
	                                     : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	sqlite3 *db = NULL;
	const char *name = path;
	if (mode == DATABASE_READ && is_immutable(path)) {
		name = sqlite_immutable_name(&uri, path);
		flags |= SQLITE_OPEN_URI;
	}
	int r = sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (r != SQLITE_OK) {
		int code = db ? sqlite_errno(db, r, -EBADMSG) : -ENOMEM;
		sqlite3_close(db);
		return err_errno(err, code, "%s", path);
	}
	sqlite3_busy_timeout(db, WAIT_MS);
	sqlite3_extended_result_codes(db, 1);
	/* A file from elsewhere must not run its own triggers and views with our rights. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	*out = db;
	return 0;
}

void database_close(sqlite3 *db)
{
	sqlite3_close(db);
}

void database_close_p(sqlite3 **db)
{
	database_close(*db);
}

int database_run(sqlite3 *db, const char *sql, struct err *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : database_error(db, err);
}

void database_back(sqlite3 *db)
{
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

int sql_make(struct sql *statement, sqlite3 *db, const char *sql, struct err *err)
{
	*statement = (struct sql){ .db = db };
	return sqlite3_prepare_v2(db, sql, -1, &statement->handle, NULL) == SQLITE_OK ? 0 : database_error(db, err);
}

void sql_done(struct sql *statement)
{
	sqlite3_finalize(statement->handle);
	statement->handle = NULL;
}

void sql_int(struct sql *statement, int64_t value)
{
	sqlite3_bind_int64(statement->handle, ++statement->bound, value);
}

void sql_text(struct sql *statement, struct str value)
{
	if (value.p)
		sqlite3_bind_text64(statement->handle, ++statement->bound, value.p, value.n, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(statement->handle, ++statement->bound);
}

void sql_blob(struct sql *statement, struct str value)
{
	sqlite3_bind_blob64(statement->handle, ++statement->bound, value.n ? value.p : "", value.n, SQLITE_STATIC);
}

int sql_step(struct sql *statement, struct err *err)
{
	int r = sqlite3_step(statement->handle);
	statement->column = 0;
	if (r == SQLITE_ROW)
		return 1;
	return r == SQLITE_DONE ? 0 : database_error(statement->db, err);
}

int sql_do(struct sql *statement, struct err *err)
{
	int r = sql_step(statement, err);
	sqlite3_reset(statement->handle);
	statement->bound = 0;
	return r < 0 ? r : 0;
}

int64_t sql_get_int(struct sql *statement)
{
	return sqlite3_column_int64(statement->handle, statement->column++);
}

struct str sql_get_bytes(struct sql *statement)
{
	int column = statement->column++;
	const char *p = sqlite3_column_blob(statement->handle, column);
	return (struct str){ p ? p : "", (size_t)sqlite3_column_bytes(statement->handle, column) };
}
