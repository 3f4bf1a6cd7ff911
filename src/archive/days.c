/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/days.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/vec.h"

enum { NS = 1000000000 };

void day_name(int64_t time, char out[DAY_NAME + 1])
{
	ARENA(arena);
	int64_t seconds = time / NS - (time % NS < 0);
	struct str text = clock_format(&arena, seconds);
	memcpy(out, text.n >= DAY_NAME ? text.p : "1970-01-01", DAY_NAME);
	out[DAY_NAME] = '\0';
}

int day_begin(struct str name, int64_t *out)
{
	int64_t year, month, day;
	char again[DAY_NAME + 1];
	if (name.n != DAY_NAME || name.p[4] != '-' || name.p[7] != '-' || !str_to_int(str_slice(name, 0, 4), 10, &year) ||
	    !str_to_int(str_slice(name, 5, 7), 10, &month) || !str_to_int(str_slice(name, 8, 10), 10, &day) || year < 1970 ||
	    year > 2261 || month < 1 || month > 12 || day < 1 || day > 31)
		return -EINVAL;
	*out = clock_days(year, month, day) * 86400 * NS;
	day_name(*out, again);
	return str_is(name, again) ? 0 : -EINVAL; /* the 31st of February is none */
}

struct str day_path(struct arena *arena, const char *dir, const char *name)
{
	return arena_printf(arena, "%s/%s.ward", dir, name);
}

static int compare_names(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

int days_list(const char *dir, struct arena *arena, struct str **names, size_t *n, struct err *err)
{
	VEC(struct str) found = { 0 };
	DIR *handle = opendir(dir);
	if (!handle)
		return err_errno(err, -errno, "%s", dir);
	for (struct dirent *entry; (entry = readdir(handle));) {
		struct str name = str_from(entry->d_name);
		int64_t begin;
		if (str_ends(name, ".ward") && day_begin(str_slice(name, 0, name.n - 5), &begin) == 0)
			vec_push_in(arena, &found, arena_str(arena, str_slice(name, 0, name.n - 5)));
	}
	closedir(handle);
	if (found.n)
		qsort(found.p, found.n, sizeof(*found.p), compare_names);
	*names = found.p;
	*n = found.n;
	return 0;
}

static const char day_tables[] =
	"CREATE TABLE block(number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, records INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, stored INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" statement TEXT NOT NULL, signature BLOB);"
	"CREATE TABLE block_filter(number INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE block_data(number INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE open(number INTEGER PRIMARY KEY AUTOINCREMENT, records INTEGER NOT NULL,"
	" previous TEXT NOT NULL, digest TEXT NOT NULL, data BLOB NOT NULL);"
	"CREATE TABLE position(input TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;";

static const char book_tables[] =
	"CREATE TABLE archive(id TEXT NOT NULL);"
	"CREATE TABLE key(id TEXT PRIMARY KEY, line TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE journal(sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, statement TEXT NOT NULL, signature BLOB);";

static int get_pragma(sqlite3 *db, const char *sql, int64_t *out, struct err *err)
{
	SQL(statement);
	int r = sql_make(&statement, db, sql, err);
	if (r == 0)
		r = sql_step(&statement, err);
	*out = r == 1 ? sql_get_int(&statement) : 0;
	return r < 0 ? r : 0;
}

/* Make the tables in one transaction, or see whether the file is one of ours. */
static int tables_ready(sqlite3 *db, const char *path, enum database_mode mode, const char *tables, bool *is_new,
                        struct err *err)
{
	int64_t format, id;
	int r = get_pragma(db, "PRAGMA user_version", &format, err);
	if (r == 0)
		r = get_pragma(db, "PRAGMA application_id", &id, err);
	if (r < 0)
		return r;
	*is_new = format == 0 && id == 0;
	if (!*is_new && id != DAYS_ID)
		return err_set(err, -EBADMSG, "%s: this is no file of an archive", path);
	if (format > DAYS_FORMAT)
		return err_set(err, -ENOTSUP, "%s: the archive has format %lld, which is newer than this program", path,
		               (long long)format);
	if (!*is_new || mode != DATABASE_CREATE)
		return *is_new ? err_set(err, -ENODATA, "%s: nothing was ever written into it", path) : 0;
	ARENA(arena);
	struct str sql = arena_printf(&arena, "BEGIN IMMEDIATE;%sPRAGMA application_id=%d;PRAGMA user_version=%d;COMMIT", tables,
	                              DAYS_ID, DAYS_FORMAT);
	r = database_run(db, sql.p, err);
	if (r < 0)
		database_back(db);
	return r;
}

/* A crash while the file was made, or while its WAL was put away, leaves a journal that must be rolled back before anything can
 * be read. A reader does that too, where it may write. */
static int roll_back(const char *path, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	int64_t version;
	int r = database_open(path, DATABASE_WRITE, &db, err);
	return r == 0 ? get_pragma(db, "PRAGMA user_version", &version, err) : r;
}

static int file_open(const char *path, enum database_mode mode, bool sync, const char *tables, sqlite3 **out, bool *is_new,
                     struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	int64_t version;
	int r = database_open(path, mode, &db, err);
	if (r == 0 && mode == DATABASE_READ && get_pragma(db, "PRAGMA user_version", &version, NULL) == -EROFS &&
	    sqlite3_extended_errcode(db) == SQLITE_READONLY_ROLLBACK) {
		database_close(TAKE(db));
		r = roll_back(path, err);
		if (r == 0)
			r = database_open(path, mode, &db, err);
	}
	if (r == 0 && mode != DATABASE_READ)
		r = database_run(db, mode == DATABASE_CREATE ? "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=WAL",
		                 err);
	if (r == 0 && mode != DATABASE_READ)
		r = database_run(db, sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF", err);
	if (r == 0)
		r = tables_ready(db, path, mode, tables, is_new, err);
	if (r == 0)
		*out = TAKE(db);
	return r;
}

int day_open(const char *path, enum database_mode mode, bool sync, sqlite3 **out, bool *is_new, struct err *err)
{
	bool fresh;
	return file_open(path, mode, sync, day_tables, out, is_new ? is_new : &fresh, err);
}

int book_open(const char *path, enum database_mode mode, sqlite3 **out, struct err *err)
{
	bool fresh;
	return file_open(path, mode, true, book_tables, out, &fresh, err);
}

/* The last statement in one file, when it is later than what is known. */
static int look_last(sqlite3 *db, const char *sql, struct chain *chain, struct err *err)
{
	SQL(statement);
	struct chain_said said;
	int r = sql_make(&statement, db, sql, err);
	if (r == 0)
		r = sql_step(&statement, err);
	if (r <= 0)
		return r;
	struct str text = sql_get_bytes(&statement);
	r = chain_read(text, &said, err);
	if (r < 0)
		return err_wrap(err, r, "%s", sqlite3_db_filename(db, "main"));
	if (said.sequence > chain->sequence) {
		chain->sequence = said.sequence;
		chain->time = said.time;
		chain_digest(said.algorithm, text, chain->digest);
	}
	return 1;
}

int days_chain(const char *dir, sqlite3 *book, struct chain *out, struct err *err)
{
	ARENA(arena);
	struct str *names;
	size_t n;
	SQL(statement);
	*out = (struct chain){ 0 };
	int r = sql_make(&statement, book, "SELECT id FROM archive", err);
	if (r == 0)
		r = sql_step(&statement, err);
	if (r == 1) {
		struct str id = sql_get_bytes(&statement);
		if (id.n != CHAIN_ID)
			return err_set(err, -EBADMSG, "%s: archive.ward is damaged", dir);
		memcpy(out->archive, id.p, CHAIN_ID);
	}
	if (r >= 0)
		r = look_last(book, "SELECT statement FROM journal ORDER BY sequence DESC LIMIT 1", out, err);
	if (r >= 0)
		r = days_list(dir, &arena, &names, &n, err);
	if (r < 0)
		return r;
	for (size_t i = n; i-- > 0;) {
		CLEANUP(database_close_p) sqlite3 *db = NULL;
		r = day_open(day_path(&arena, dir, names[i].p).p, DATABASE_READ, false, &db, NULL, err);
		if (r == -ENODATA)
			continue; /* a crash while it was made */
		if (r == 0)
			r = look_last(db, "SELECT statement FROM block ORDER BY number DESC LIMIT 1", out, err);
		if (r != 0)
			return r < 0 ? r : 0; /* days before it have earlier blocks */
	}
	return 0;
}

int book_add(sqlite3 *book, const struct link *link, enum chain_kind kind, struct err *err)
{
	SQL(statement);
	int r = sql_make(&statement, book, "INSERT INTO journal VALUES(?,?,?,?)", err);
	if (r < 0)
		return r;
	sql_int(&statement, (int64_t)link->sequence);
	sql_text(&statement, str_from(chain_kinds[kind]));
	sql_text(&statement, buf_str(&link->statement));
	sql_blob(&statement, (struct str){ (const char *)link->signature, link->signature_n });
	return sql_do(&statement, err);
}
