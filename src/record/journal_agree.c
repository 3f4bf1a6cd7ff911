/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Rows of a register beside what the journal says of them, both in order of id, a page at a time. Of an object's entries the newest
 * comes first, so that the first that names a column is the one that counts.
 */
#include "record/journal_agree.h"

#include <stdlib.h>

#include "data/json.h"

enum { PAGE = 500 };

struct agree {
	struct arena *arena; /* for problems */
	struct arena row;
	struct db *db;
	const struct table *table;
	struct journal_verify *verify;
	int id;              /* column */
	bool *seen;          /* columns that an entry has named */
};

static void wrong(struct agree *agree, int64_t id, int64_t seq, struct note what)
{
	journal_found(agree->arena, agree->verify, (struct journal_problem){ .seq = seq, .table = agree->table->name, .id = id, .what = what });
}

static bool same_tree(const struct doc *a, const struct doc *b, int depth)
{
	if (a->type != b->type)
		return false;
	switch ((enum doc_type)a->type) {
	case DOC_NULL:
		return true;
	case DOC_BOOL:
		return a->boolean == b->boolean;
	case DOC_INT:
		return a->integer == b->integer;
	case DOC_REAL:
		return a->real == b->real;
	case DOC_STRING:
		return str_eq(doc_string(a), doc_string(b));
	default:
		break;
	}
	size_t n = a->type == DOC_MAP ? 2 * (size_t)a->n : a->n;
	if (a->n != b->n || depth > JSON_DEPTH)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_tree(&a->items[i], &b->items[i], depth + 1))
			return false;
	return true;
}

/* A list or a map stands as JSON in its column. */
static bool same_text(struct agree *agree, struct str text, const struct doc *value)
{
	struct source source = { .name = "", .text = text };
	const struct doc *tree;
	return json_parse(&agree->row, &source, &tree, NULL) == 0 && same_tree(tree, value, 0);
}

static bool same(struct agree *agree, struct cell cell, const struct doc *value)
{
	switch ((enum doc_type)value->type) {
	case DOC_NULL:
		return !cell.p;
	case DOC_BOOL:
		return cell_is_int(cell) && cell.i == value->boolean;
	case DOC_INT:
		return cell_is_int(cell) ? cell.i == value->integer : cell.p == cell_real_tag && cell.r == (double)value->integer;
	case DOC_REAL:
		return cell.p == cell_real_tag && cell.r == value->real;
	case DOC_STRING:
		return cell_is_text(cell) && str_eq(cell_str(cell), doc_string(value));
	default:
		return value->n == 0 && !cell.p ? true : cell_is_text(cell) && same_text(agree, cell_str(cell), value);
	}
}

static void compare(struct agree *agree, struct db_query *row, int64_t id, int64_t seq, struct str column, const struct doc *value)
{
	int at = table_column(agree->table, column);
	if (at < 0 || agree->seen[at])
		return;
	agree->seen[at] = true;
	if (!same(agree, db_cell(row, (size_t)at), value))
		wrong(agree, id, seq, NOTE("'{}' is not what entry {} says", column, arena_printf(&agree->row, "%lld", (long long)seq)));
}

/* A period is two columns. */
static void compare_parts(struct agree *agree, struct db_query *row, int64_t id, int64_t seq, struct str name, const struct doc *value)
{
	static const struct doc null = { .type = DOC_NULL };
	static const char *const parts[] = { "from", "to" };
	for (size_t i = 0; i < COUNT(parts); i++) {
		const struct doc *part = value->type == DOC_MAP ? doc_get(value, str_from(parts[i])) : NULL;
		compare(agree, row, id, seq, arena_printf(&agree->row, "%.*s_%s", STR_ARG(name), parts[i]), part ? part : &null);
	}
}

static void compare_entry(struct agree *agree, struct db_query *row, int64_t id, int64_t seq, struct str after)
{
	struct source source = { .name = "", .text = arena_str(&agree->row, after) };
	const struct doc *fields;
	if (!after.p)
		return;
	if (json_parse(&agree->row, &source, &fields, NULL) < 0 || fields->type != DOC_MAP) {
		wrong(agree, id, seq, NOTE("entry {} is no list of fields", arena_printf(&agree->row, "%lld", (long long)seq)));
		return;
	}
	for (size_t i = 0; i < fields->n; i++) {
		struct str name = doc_string(doc_key(fields, i));
		if (table_column(agree->table, name) >= 0)
			compare(agree, row, id, seq, name, doc_value(fields, i));
		else
			compare_parts(agree, row, id, seq, name, doc_value(fields, i));
	}
}

/* Kept by ward itself with each change, or made from another column: no entry names them. */
static bool is_derived(struct str column)
{
	static const char *const names[] = { "id", "state_since", "version", "created", "created_by", "updated", "updated_by" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(column, names[i]))
			return true;
	return str_ends(column, "_index");
}

static void look_for_unnamed(struct agree *agree, struct db_query *row, int64_t id)
{
	for (size_t i = 0; i < agree->table->n; i++)
		if (!agree->seen[i] && !is_derived(agree->table->columns[i].name) && db_cell(row, i).p)
			wrong(agree, id, 0, NOTE("'{}' is filled in, and no entry of the journal says so", agree->table->columns[i].name));
}

/* What stands in a row for the newest entry that names it. `entries` is at the first entry of an object not below `id`; *more says so. */
static int agree_row(struct agree *agree, struct db_query *row, struct db_query *entries, int *more, struct err *err)
{
	int64_t id = db_int(row, (size_t)agree->id);
	arena_reset(&agree->row);
	memset(agree->seen, 0, agree->table->n);
	for (; *more > 0 && db_int(entries, 0) < id; *more = db_step(entries, err))
		if (db_int(entries, 0) > 0 && str_is(db_text(entries, 3), "create"))
			wrong(agree, db_int(entries, 0), db_int(entries, 1), NOTE("it is in the journal, but not in the register"));
	bool spoken_of = *more > 0 && db_int(entries, 0) == id;
	if (*more >= 0 && !spoken_of)
		wrong(agree, id, 0, NOTE("no entry of the journal speaks of it"));
	for (; *more > 0 && db_int(entries, 0) == id; *more = db_step(entries, err))
		compare_entry(agree, row, id, db_int(entries, 1), db_text(entries, 2));
	if (*more >= 0 && spoken_of)
		look_for_unnamed(agree, row, id);
	return *more < 0 ? *more : 0;
}

/* The ids of one page: *last becomes the last of them, or INT64_MAX when the table ends. */
static int page_end(struct agree *agree, int64_t from, int64_t *last, struct err *err)
{
	BUF(sql);
	buf_puts(&sql, "SELECT id FROM ");
	table_add_name(&sql, agree->table->name);
	buf_printf(&sql, " WHERE id > ? ORDER BY id LIMIT 1 OFFSET %d", PAGE - 1);
	DB_QUERY(q);
	int r = db_query(&q, agree->db, buf_cstr(&sql), err);
	if (r < 0)
		return r;
	db_bind_int(&q, from);
	r = db_step(&q, err);
	*last = r > 0 ? db_int(&q, 0) : INT64_MAX;
	return r < 0 ? r : 0;
}

static int agree_page(struct agree *agree, int64_t from, int64_t to, struct err *err)
{
	BUF(sql);
	buf_puts(&sql, "SELECT ");
	for (size_t i = 0; i < agree->table->n; i++) {
		buf_puts(&sql, i ? ", " : "");
		table_add_name(&sql, agree->table->columns[i].name);
	}
	buf_puts(&sql, " FROM ");
	table_add_name(&sql, agree->table->name);
	buf_puts(&sql, " WHERE id > ? AND id <= ? ORDER BY id");
	DB_QUERY(rows);
	DB_QUERY(entries);
	int more = 0, r = db_query(&rows, agree->db, buf_cstr(&sql), err);
	if (r == 0)
		r = db_query(&entries, agree->db, "SELECT object, seq, after, action FROM ward_journal WHERE kind = ? AND object > ? AND object <= ? ORDER BY object, seq DESC", err);
	if (r < 0)
		return r;
	db_bind_int(&rows, from);
	db_bind_int(&rows, to);
	db_bind_text(&entries, agree->table->name);
	db_bind_int(&entries, from);
	db_bind_int(&entries, to);
	r = more = db_step(&entries, err);
	while (r >= 0 && (r = db_step(&rows, err)) > 0) {
		agree->verify->rows++;
		r = agree_row(agree, &rows, &entries, &more, err);
	}
	for (; r >= 0 && more > 0; r = more = db_step(&entries, err))
		if (str_is(db_text(&entries, 3), "create"))
			wrong(agree, db_int(&entries, 0), db_int(&entries, 1), NOTE("it is in the journal, but not in the register"));
	return r;
}

int journal_agree(struct arena *arena, struct db *db, const struct table *table, struct journal_verify *verify, struct err *err)
{
	struct agree agree = { .arena = arena, .db = db, .table = table, .verify = verify, .id = table_column(table, STR("id")) };
	int64_t from = 0, to = 0;
	int r = 0;
	agree.seen = mem_alloc(table->n);
	while (r == 0 && from < INT64_MAX) {
		r = page_end(&agree, from, &to, err);
		if (r == 0)
			r = agree_page(&agree, from, to, err);
		from = to;
		if (verify->progress)
			verify->progress(verify->ctx, (uint64_t)(verify->entries + verify->rows), (uint64_t)(verify->entries + verify->rows));
	}
	free(agree.seen);
	arena_done(&agree.row);
	return r < 0 ? r : 0;
}
