/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/db.h"

#include <stdlib.h>

#include "data/db_driver.h"

enum { KEPT = 128 };

struct db_statement {
	void *handle;
	char *sql;
	uint64_t hash, used; /* of sql; when, by db->uses */
	bool busy, kept;
};

struct db {
	const struct db_driver *driver;
	void *connection;
	uint64_t uses;
	struct db_statement kept[KEPT];
	size_t n;
};

bool db_is_postgresql(struct str where)
{
	return str_starts(where, "postgresql://") || str_starts(where, "postgres://");
}

int db_open(struct str where, enum db_mode mode, struct db **out, struct err *err)
{
	const struct db_driver *driver = db_is_postgresql(where) ? &db_postgresql_driver : &db_sqlite_driver;
	void *connection;
	int r = driver->open(where, mode, &connection, err);
	if (r < 0)
		return r;
	struct db *db = mem_alloc(sizeof(*db));
	*db = (struct db){ .driver = driver, .connection = connection };
	*out = db;
	return 0;
}

static void statement_end(const struct db_driver *driver, struct db_statement *statement)
{
	driver->finish(statement->handle);
	free(statement->sql);
	*statement = (struct db_statement){ 0 };
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->n; i++)
		statement_end(db->driver, &db->kept[i]);
	db->driver->close(db->connection);
	free(db);
}

void db_close_p(struct db **db)
{
	db_close(*db);
}

enum db_kind db_kind(const struct db *db)
{
	return db->driver == &db_sqlite_driver ? DB_SQLITE : DB_POSTGRESQL;
}

struct sqlite3 *db_sqlite(struct db *db)
{
	return db_kind(db) == DB_SQLITE ? db->connection : NULL;
}

int db_run(struct db *db, const char *sql, struct err *err)
{
	return db->driver->run(db->connection, sql, err);
}

bool db_in_transaction(const struct db *db)
{
	return db->driver->in_transaction(db->connection);
}

bool db_lost(const struct db *db)
{
	return db->driver->lost && db->driver->lost(db->connection);
}

void db_back(struct db *db)
{
	if (db && db_in_transaction(db))
		(void)!db->driver->run(db->connection, "ROLLBACK", NULL);
}

const char *db_like(const struct db *db)
{
	return db_kind(db) == DB_POSTGRESQL ? " ILIKE " : " LIKE ";
}

int64_t db_changes(const struct db *db)
{
	return db->driver->changes(db->connection);
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
		statement_end(db->driver, oldest);
	return oldest;
}

int db_query(struct db_query *query, struct db *db, const char *sql, struct err *err)
{
	struct str text = str_from(sql);
	uint64_t hash = str_hash(text);
	*query = (struct db_query){ .db = db };
	for (size_t i = 0; i < db->n; i++) {
		struct db_statement *it = &db->kept[i];
		if (it->hash != hash || it->busy || !str_is(text, it->sql))
			continue;
		it->busy = true;
		it->used = ++db->uses;
		query->statement = it;
		return 0;
	}
	void *handle;
	int r = db->driver->prepare(db->connection, sql, &handle, err);
	if (r < 0)
		return r;
	struct db_statement *it = place(db);
	bool kept = it;
	if (!it)
		it = mem_alloc(sizeof(*it));
	*it = (struct db_statement){ .handle = handle, .sql = mem_text(text), .hash = hash, .busy = true, .kept = kept, .used = ++db->uses };
	query->statement = it;
	return 0;
}

void db_query_done(struct db_query *query)
{
	struct db_statement *it = query->statement;
	if (!it)
		return;
	query->statement = NULL;
	query->bound = 0;
	query->db->driver->reset(it->handle);
	it->busy = false;
	if (!it->kept) {
		statement_end(query->db->driver, it);
		free(it);
	}
}

static void *handle_of(struct db_query *query)
{
	return query->statement->handle;
}

void db_bind_int(struct db_query *query, int64_t value)
{
	if (value == NONE)
		db_bind_null(query);
	else
		query->db->driver->bind_int(handle_of(query), ++query->bound, value);
}

void db_bind_real(struct db_query *query, double value)
{
	query->db->driver->bind_real(handle_of(query), ++query->bound, value);
}

void db_bind_text(struct db_query *query, struct str value)
{
	query->db->driver->bind_text(handle_of(query), ++query->bound, value);
}

void db_bind_blob(struct db_query *query, struct str value)
{
	query->db->driver->bind_blob(handle_of(query), ++query->bound, value);
}

void db_bind_null(struct db_query *query)
{
	query->db->driver->bind_text(handle_of(query), ++query->bound, STR_NONE);
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
	return query->db->driver->step(handle_of(query), err);
}

int db_do(struct db_query *query, struct err *err)
{
	int r;
	while ((r = db_step(query, err)) > 0)
		;
	query->db->driver->reset(handle_of(query));
	query->bound = 0;
	return r;
}

size_t db_width(const struct db_query *query)
{
	return query->db->driver->width(query->statement->handle);
}

const char *db_name(const struct db_query *query, size_t column)
{
	return query->db->driver->name(query->statement->handle, column);
}

struct cell db_cell(struct db_query *query, size_t column)
{
	return query->db->driver->cell(handle_of(query), column);
}

struct str db_text(struct db_query *query, size_t column)
{
	return query->db->driver->text(handle_of(query), column);
}

int64_t db_int_or(struct db_query *query, size_t column, int64_t otherwise)
{
	struct cell cell = db_cell(query, column);
	if (cell_is_int(cell))
		return cell.i;
	if (cell_is_text(cell))
		return str_int_or(cell_str(cell), 0);
	return cell.p ? (int64_t)cell.r : otherwise;
}

int64_t db_int(struct db_query *query, size_t column)
{
	return db_int_or(query, column, NONE);
}

int db_word(struct db *db, const char *sql, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, sql, err);
	return r < 0 ? r : db_do(&q, err);
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
