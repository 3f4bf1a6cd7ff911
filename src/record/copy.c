/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/copy.h"

#include <stdlib.h>

#include "record/tables.h"

enum { FETCH = 500, PARAMETERS = 1000, TOGETHER = 100 };

struct sum { /* of a table's rows, whatever their order */
	uint64_t rows, hash;
};

struct work {
	struct arena *arena;
	struct db *from, *to;
	struct copy *copy;
	uint64_t all;
};

static bool is_plain_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_'))
			return false;
	return name.n > 0;
}

int copy_must_be_empty(struct arena *arena, struct db *db, struct err *err)
{
	struct tables tables;
	int r = tables_list(arena, db, &tables, err);
	if (r == 0 && tables.n)
		return err_set(err, -EEXIST, "the target is not empty: it has the table '%.*s'", STR_ARG(tables.p[0].name));
	return r;
}

/* ---- rows ---- */

static void add_columns(const struct table *table, struct buf *out)
{
	for (size_t i = 0; i < table->n; i++) {
		buf_puts(out, i ? ", " : "");
		table_add_name(out, table->columns[i].name);
	}
}

/* Rows of a table, one after the other, never all of them in memory. */
struct rows {
	struct db *db;
	struct db_query query;
	struct str fetch, close; /* PostgreSQL: by a cursor */
	int in_page;
};

static void rows_done(struct rows *rows)
{
	db_query_done(&rows->query);
	if (rows->close.p)
		(void)!db_run(rows->db, rows->close.p, NULL);
}

static int rows_open(struct rows *rows, struct arena *arena, struct db *db, const struct table *table, struct err *err)
{
	BUF(sql);
	bool cursor = db_kind(db) == DB_POSTGRESQL;
	*rows = (struct rows){ .db = db };
	if (cursor)
		buf_printf(&sql, "DECLARE ward_rows_%.*s NO SCROLL CURSOR FOR ", STR_ARG(table->name));
	buf_puts(&sql, "SELECT ");
	add_columns(table, &sql);
	buf_puts(&sql, " FROM ");
	table_add_name(&sql, table->name);
	if (!cursor)
		return db_query(&rows->query, db, buf_cstr(&sql), err);
	int r = db_run(db, buf_cstr(&sql), err);
	if (r < 0)
		return r;
	rows->fetch = arena_printf(arena, "FETCH %d FROM ward_rows_%.*s", FETCH, STR_ARG(table->name));
	rows->close = arena_printf(arena, "CLOSE ward_rows_%.*s", STR_ARG(table->name));
	return db_query(&rows->query, db, rows->fetch.p, err);
}

static int rows_next(struct rows *rows, struct err *err)
{
	int r = db_step(&rows->query, err);
	if (r == 0 && rows->fetch.p && rows->in_page == FETCH) {
		rows->in_page = 0;
		db_query_done(&rows->query);
		r = db_query(&rows->query, rows->db, rows->fetch.p, err);
		if (r == 0)
			r = db_step(&rows->query, err);
	}
	rows->in_page += r > 0;
	return r;
}

/* As both databases have it: a real column holds reals, also where SQLite was given an integer. */
static struct cell value_of(struct db_query *query, const struct table *table, size_t i)
{
	struct cell cell = db_cell(query, i);
	return table->columns[i].type == TABLE_REAL && cell_is_int(cell) ? cell_real((double)cell.i) : cell;
}

static void add_to_sum(struct sum *sum, const struct cell *row, size_t n)
{
	BUF(text);
	for (size_t i = 0; i < n; i++) {
		buf_add_char(&text, !row[i].p ? '-' : cell_is_int(row[i]) ? 'i' : cell_is_text(row[i]) ? 't' : 'r');
		buf_add(&text, cell_is_text(row[i]) ? (struct str){ (const char *)&row[i].n, sizeof(row[i].n) }
		                                    : (struct str){ (const char *)&row[i].i, row[i].p ? sizeof(row[i].i) : 0 });
		buf_add(&text, cell_str(row[i]));
	}
	sum->rows++;
	sum->hash += str_hash(buf_str(&text));
}

/* ---- putting ---- */

/* Many rows in one INSERT. */
struct batch {
	struct arena arena;
	const struct table *table;
	struct cell *cells;
	size_t n, most; /* rows */
};

static int put_batch(struct work *work, struct batch *batch, struct err *err)
{
	BUF(sql);
	DB_QUERY(q);
	const struct table *table = batch->table;
	if (!batch->n)
		return 0;
	buf_puts(&sql, "INSERT INTO ");
	table_add_name(&sql, table->name);
	buf_puts(&sql, " (");
	add_columns(table, &sql);
	buf_puts(&sql, ") VALUES ");
	for (size_t row = 0; row < batch->n; row++) {
		buf_puts(&sql, row ? ", (" : "(");
		for (size_t i = 0; i < table->n; i++)
			buf_puts(&sql, i ? ", ?" : "?");
		buf_add_char(&sql, ')');
	}
	int r = db_query(&q, work->to, buf_cstr(&sql), err);
	if (r < 0)
		return err_wrap(err, r, "table '%.*s'", STR_ARG(table->name));
	for (size_t k = 0; k < batch->n * table->n; k++)
		if (table->columns[k % table->n].type == TABLE_BLOB && cell_is_text(batch->cells[k]))
			db_bind_blob(&q, cell_str(batch->cells[k]));
		else
			db_bind_cell(&q, batch->cells[k]);
	r = db_do(&q, err);
	batch->n = 0;
	arena_reset(&batch->arena);
	return r < 0 ? err_wrap(err, r, "table '%.*s'", STR_ARG(table->name)) : 0;
}

static void add_row(struct batch *batch, struct db_query *query, struct sum *sum)
{
	struct cell *row = &batch->cells[batch->n * batch->table->n];
	for (size_t i = 0; i < batch->table->n; i++) {
		row[i] = value_of(query, batch->table, i);
		if (cell_is_text(row[i]))
			row[i] = cell_text(arena_str(&batch->arena, cell_str(row[i])));
	}
	add_to_sum(sum, row, batch->table->n);
	batch->n++;
}

static void batch_done(struct batch *batch)
{
	arena_done(&batch->arena);
	free(batch->cells);
}

static void tell(struct work *work)
{
	if (work->copy->progress)
		work->copy->progress(work->copy->ctx, work->copy->rows, work->all);
}

static int copy_rows(struct work *work, const struct table *table, struct sum *sum, struct err *err)
{
	CLEANUP(rows_done) struct rows rows = { 0 };
	CLEANUP(batch_done) struct batch batch = { .table = table, .most = MAX(MIN(PARAMETERS / MAX(table->n, (size_t)1), (size_t)TOGETHER), (size_t)1) };
	batch.cells = mem_alloc(batch.most * table->n * sizeof(struct cell));
	int r = rows_open(&rows, work->arena, work->from, table, err);
	while (r == 0 && (r = rows_next(&rows, err)) > 0) {
		add_row(&batch, &rows.query, sum);
		work->copy->rows++;
		r = batch.n == batch.most ? put_batch(work, &batch, err) : 0;
		if (batch.n == 0)
			tell(work);
	}
	return r == 0 ? put_batch(work, &batch, err) : r;
}

static int read_back(struct work *work, const struct table *table, const struct sum *expected, struct err *err)
{
	CLEANUP(rows_done) struct rows rows = { 0 };
	struct sum sum = { 0 };
	struct cell *row = mem_alloc(table->n * sizeof(*row));
	int r = rows_open(&rows, work->arena, work->to, table, err);
	while (r == 0 && (r = rows_next(&rows, err)) > 0) {
		for (size_t i = 0; i < table->n; i++)
			row[i] = value_of(&rows.query, table, i);
		add_to_sum(&sum, row, table->n);
		r = 0;
	}
	free(row);
	if (r == 0 && (sum.rows != expected->rows || sum.hash != expected->hash))
		return err_set(err, -EBADMSG, "table '%.*s' was read back with other contents (%llu rows of %llu)", STR_ARG(table->name),
		               (unsigned long long)sum.rows, (unsigned long long)expected->rows);
	return r;
}

/* Ids chosen from now on follow those that came. */
static int set_next_id(struct work *work, const struct table *table, struct err *err)
{
	if (db_kind(work->to) != DB_POSTGRESQL || !table->identity)
		return 0;
	for (size_t i = 0; i < table->n; i++)
		if (table->columns[i].key) {
			struct str column = table->columns[i].name, name = table->name;
			return db_run(work->to, arena_printf(work->arena, "SELECT setval(pg_get_serial_sequence('\"%.*s\"', '%.*s'), max(\"%.*s\")) FROM \"%.*s\"",
			                                     STR_ARG(name), STR_ARG(column), STR_ARG(column), STR_ARG(name)).p, err);
		}
	return 0;
}

static int copy_table(struct work *work, const struct table *table, struct err *err)
{
	struct sum sum = { 0 };
	if (!is_plain_name(table->name))
		return err_set(err, -ENOTSUP, "'%.*s' in the records is no table of ward", STR_ARG(table->name));
	int r = db_run(work->to, table->create.p, err);
	if (r < 0)
		return err_wrap(err, r, "table '%.*s'", STR_ARG(table->name));
	r = copy_rows(work, table, &sum, err);
	for (size_t i = 0; r == 0 && i < table->indexes.n; i++)
		r = db_run(work->to, table->indexes.p[i].p, err);
	if (r == 0)
		r = set_next_id(work, table, err);
	if (r == 0)
		r = read_back(work, table, &sum, err);
	work->copy->tables++;
	return r;
}

/* ---- all ---- */

static int count_rows(struct work *work, const struct tables *tables, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < tables->n; i++) {
		BUF(sql);
		int64_t n;
		buf_puts(&sql, "SELECT count(*) FROM ");
		table_add_name(&sql, tables->p[i].name);
		r = db_one_int(work->from, buf_cstr(&sql), 0, &n, err);
		work->all += r == 0 ? (uint64_t)n : 0;
	}
	return r;
}

static int copy_within(struct work *work, struct err *err)
{
	struct tables tables;
	int r = copy_must_be_empty(work->arena, work->to, err);
	if (r == 0)
		r = tables_list(work->arena, work->from, &tables, err);
	if (r == 0)
		r = count_rows(work, &tables, err);
	for (size_t i = 0; r == 0 && i < tables.n; i++)
		r = copy_table(work, &tables.p[i], err);
	if (r == 0)
		r = journal_verify(work->arena, work->to, &work->copy->verify, err);
	if (r == 0 && work->copy->verify.n_problems && !work->copy->anyway)
		return err_set(err, -EBADMSG, "the journal has problems (`ward records verify` names them)");
	return r;
}

int copy_all(struct arena *arena, struct db *from, struct db *to, struct copy *copy, struct err *err)
{
	struct work work = { .arena = arena, .from = from, .to = to, .copy = copy };
	int r = db_run(to, "BEGIN", err);
	if (r == 0)
		r = copy_within(&work, err);
	if (r == 0)
		r = db_run(to, "COMMIT", err);
	if (r < 0)
		db_back(to);
	return r;
}
