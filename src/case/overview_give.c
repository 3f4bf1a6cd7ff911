/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/overview_state.h"

static void add_json(struct buf *out, const struct doc *doc, unsigned depth)
{
	if (doc->type == DOC_ARRAY || (doc->type == DOC_MAP && depth < 16)) {
		bool map = doc->type == DOC_MAP;
		buf_add_char(out, map ? '{' : '[');
		for (size_t i = 0; i < doc->n && depth < 16; i++) {
			if (i)
				buf_add_char(out, ',');
			if (map) {
				json_add_string(out, doc_string(doc_key(doc, i)));
				buf_add_char(out, ':');
			}
			add_json(out, map ? doc_value(doc, i) : &doc->items[i], depth + 1);
		}
		buf_add_char(out, map ? '}' : ']');
		return;
	}
	if (doc->type == DOC_BOOL)
		buf_puts(out, doc->boolean ? "true" : "false");
	else
		cell_add_json(out, cell_from_doc(doc));
}

static int give_row(struct overview *overview, const struct source *source, const char *table, const struct doc *row, struct err *err)
{
	BUF(sql);
	if (row->type != DOC_MAP || !row->n)
		return doc_err(source, row, err, "a map of columns is needed here");
	buf_printf(&sql, "INSERT INTO \"%s\"(", table);
	for (size_t i = 0; i < row->n; i++)
		buf_printf(&sql, "%s\"%.*s\"", i ? ", " : "", STR_ARG(doc_string(doc_key(row, i))));
	buf_puts(&sql, ") VALUES (?");
	for (size_t i = 1; i < row->n; i++)
		buf_puts(&sql, ", ?");
	buf_puts(&sql, ")");
	ARENA(scratch);
	sqlite3_stmt *insert = NULL;
	struct sqlite3 *db = query_own(overview->query);
	int r = sqlite3_prepare_v2(db, buf_cstr(&sql), -1, &insert, NULL);
	for (size_t i = 0; r == SQLITE_OK && i < row->n; i++) {
		const struct doc *value = doc_value(row, i);
		struct cell cell = cell_from_doc(value);
		if (value->type == DOC_BOOL)
			cell = cell_int(value->boolean);
		if (value->type == DOC_ARRAY || value->type == DOC_MAP) {
			BUF(json);
			add_json(&json, value, 0);
			cell = cell_text(arena_str(&scratch, buf_str(&json)));
		}
		overview_bind(insert, (int)i + 1, cell);
	}
	if (r == SQLITE_OK && sqlite3_step(insert) != SQLITE_DONE)
		r = SQLITE_ERROR;
	if (r != SQLITE_OK)
		doc_err(source, row, err, "%s: %s", table, sqlite3_errmsg(db));
	sqlite3_finalize(insert);
	query_disown(overview->query);
	return r == SQLITE_OK ? 0 : -EINVAL;
}

int overview_give(struct overview *overview, const struct source *source, const struct doc *name, const struct doc *rows, struct err *err)
{
	size_t place;
	uint64_t bit;
	const char *table = arena_cstr(&overview->arena, doc_string(name));
	if (hosts_tables_find(overview->hosts, table, "", &place, &bit))
		hosts_tables_given(overview->hosts, place);
	else if (strcmp(table, "events") == 0)
		overview->events_given = !overview->events_hidden;
	else if (strcmp(table, "fleet") != 0 && !map_get(&overview->by_name, str_from(table)))
		return doc_err(source, name, err, "there is no table '%s'", table);
	if (rows->type != DOC_ARRAY)
		return doc_err(source, rows, err, "a list of rows is needed here");
	int r = 0;
	for (size_t i = 0; r == 0 && i < rows->n; i++)
		r = give_row(overview, source, table, &rows->items[i], err);
	return r;
}

int overview_hide(struct overview *overview, struct str name, struct err *err)
{
	size_t place;
	uint64_t bit;
	const char *table = arena_cstr(&overview->arena, name);
	if (str_is(name, "events")) {
		overview->events_hidden = true;
		overview->events_given = false;
		return 0;
	}
	if (!hosts_tables_find(overview->hosts, table, "", &place, &bit))
		return err_set(err, -ENOENT, "'%s' is no table of hosts", table);
	hosts_tables_hide(overview->hosts, place, NOTE("the table {} is hidden", str_from(table)));
	return 0;
}
