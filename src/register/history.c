/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/history.h"

#include "base/vec.h"
#include "register/said.h"

/* A value of the journal again as JSON: what it holds is shallow (lists and periods). */
static void put_doc(struct buf *out, const struct doc *value)
{
	switch (value->type) {
	case DOC_ARRAY:
		buf_add_char(out, '[');
		for (size_t i = 0; i < value->n; i++) {
			if (i)
				buf_add_char(out, ',');
			put_doc(out, &value->items[i]);
		}
		buf_add_char(out, ']');
		return;
	case DOC_MAP:
		buf_add_char(out, '{');
		for (size_t i = 0; i < value->n; i++) {
			if (i)
				buf_add_char(out, ',');
			json_add_string(out, doc_string(doc_key(value, i)));
			buf_add_char(out, ':');
			put_doc(out, doc_value(value, i));
		}
		buf_add_char(out, '}');
		return;
	case DOC_BOOL:
		buf_puts(out, value->boolean ? "true" : "false");
		return;
	default:
		cell_add_json(out, cell_from_doc(value));
	}
}

static const struct doc *read_map(struct arena *arena, struct str json)
{
	struct source *source = ARENA_NEW(arena, struct source);
	const struct doc *values;
	*source = (struct source){ .name = "journal", .text = arena_str(arena, json) };
	return json.p && json_parse(arena, source, &values, NULL) == 0 && values->type == DOC_MAP ? values : NULL;
}

void history_read(struct arena *arena, const struct register_ *reg, struct str before, struct str after, struct history_values *out)
{
	*out = (struct history_values){ reg, read_map(arena, before), read_map(arena, after) };
}

/* ---- what ids are called ---- */

/* The n-th id of a value, which is one or a list of them; 0: no more. */
static int64_t id_at(const struct doc *value, size_t n)
{
	if (value->type == DOC_ARRAY)
		return n < value->n && value->items[n].type == DOC_INT ? value->items[n].integer : 0;
	return n == 0 && value->type == DOC_INT ? value->integer : 0;
}

static void want_map(struct titles *titles, const struct register_ *reg, const struct doc *values)
{
	for (size_t i = 0; reg && values && i < values->n; i++) {
		const struct register_ *to = titles_referred(titles, reg, doc_string(doc_key(values, i)));
		int64_t id;
		for (size_t k = 0; to && (id = id_at(doc_value(values, i), k)) > 0; k++)
			titles_want(titles, to, id);
	}
}

void history_want(struct titles *titles, const struct history_values *values)
{
	want_map(titles, values->reg, values->before);
	want_map(titles, values->reg, values->after);
}

static void put_names(struct buf *out, const struct titles *titles, const struct register_ *to, const struct doc *value, const struct doc *but)
{
	int64_t id;
	for (size_t k = 0; value && (id = id_at(value, k)) > 0; k++) {
		struct str title = titles_get(titles, to, id);
		bool told = false;
		for (size_t j = 0; but && id_at(but, j) > 0; j++)
			told |= id_at(but, j) == id;
		if (title.p && !told)
			json_put(out, arena_printf(titles->arena, "%lld", (long long)id).p, title);
	}
}

static void put_field_titles(struct buf *out, const struct titles *titles, const struct history_values *values, struct str name)
{
	const struct register_ *to = values->reg ? titles_referred(titles, values->reg, name) : NULL;
	const struct doc *before = to ? doc_get(values->before, name) : NULL, *after = to ? doc_get(values->after, name) : NULL;
	if (!before && !after)
		return;
	json_open_map(out, arena_cstr(titles->arena, name));
	put_names(out, titles, to, before, NULL);
	put_names(out, titles, to, after, before);
	buf_add_char(out, '}');
}

static void put_titles(struct buf *out, const struct titles *titles, const struct history_values *values)
{
	json_open_map(out, "titles");
	put_field_titles(out, titles, values, STR("org"));
	for (size_t i = 0; values->reg && i < values->reg->fields.n; i++)
		put_field_titles(out, titles, values, ((const struct field *)values->reg->fields.p)[i].name);
	buf_add_char(out, '}');
}

/* ---- putting them ---- */

static void put_map(struct buf *out, const struct titles *titles, const struct register_ *reg, const struct doc *values)
{
	if (!values) {
		buf_puts(out, "null");
		return;
	}
	buf_add_char(out, '{');
	for (size_t i = 0; i < values->n; i++) {
		struct str name = doc_string(doc_key(values, i));
		const struct field *field = reg ? register_field(reg, name) : NULL;
		if (i)
			buf_add_char(out, ',');
		json_add_string(out, name);
		buf_add_char(out, ':');
		if (field && field->sensitive && doc_value(values, i)->type == DOC_STRING)
			json_add_string(out, row_mask(titles->arena, titles->books, reg, field, doc_string(doc_value(values, i))));
		else if (field && field->said && doc_value(values, i)->type == DOC_STRING)
			json_add_string(out, said_in(titles->books->said, titles->lang, doc_string(doc_value(values, i))));
		else
			put_doc(out, doc_value(values, i));
	}
	buf_add_char(out, '}');
}

void history_put_values(struct buf *out, const struct titles *titles, const struct history_values *values)
{
	json_key(out, "before");
	put_map(out, titles, values->reg, values->before);
	json_key(out, "after");
	put_map(out, titles, values->reg, values->after);
	put_titles(out, titles, values);
}

struct str history_reason(enum lang lang, int64_t actor, struct str reason)
{
	return actor || !reason.n ? reason : tr_str(lang, reason);
}

struct entry {
	int64_t seq, time, actor_id;
	struct str actor, action, reason, hash;
	struct history_values values;
};

static void put_entry(struct buf *out, const struct titles *titles, const struct entry *entry)
{
	json_open_map(out, NULL);
	json_put_int(out, "seq", entry->seq);
	json_put_int(out, "time", entry->time / 1000000000);
	json_put(out, "actor", entry->actor);
	json_put(out, "action", entry->action);
	history_put_values(out, titles, &entry->values);
	json_key(out, "reason");
	cell_add_json(out, cell_text(history_reason(titles->lang, entry->actor_id, entry->reason)));
	json_put(out, "hash", entry->hash);
	buf_add_char(out, '}');
}

int history_put(struct arena *arena, struct db *db, const struct books *books, enum lang lang, const struct register_ *reg, int64_t id,
                struct buf *out, struct err *err)
{
	VEC(struct entry) entries = { 0 };
	struct titles titles;
	DB_QUERY(q);
	int r = db_query(&q, db,
	                 "SELECT seq, time, actor_name, action, before, after, reason, hash, actor FROM (SELECT * FROM ward_journal WHERE kind = ? AND object = ?"
	                 " ORDER BY seq DESC LIMIT ?) t ORDER BY seq",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, reg->name);
	db_bind_int(&q, id);
	db_bind_int(&q, HISTORY_MOST);
	titles_init(&titles, arena, books, lang);
	while ((r = db_step(&q, err)) > 0) {
		struct entry entry = { .seq = db_int(&q, 0), .time = db_int(&q, 1), .actor = arena_str(arena, db_text(&q, 2)),
			               .action = arena_str(arena, db_text(&q, 3)), .reason = arena_str(arena, db_text(&q, 6)),
			               .hash = arena_str(arena, db_text(&q, 7)), .actor_id = db_int(&q, 8) };
		history_read(arena, reg, db_text(&q, 4), db_text(&q, 5), &entry.values);
		history_want(&titles, &entry.values);
		vec_push_in(arena, &entries, entry);
	}
	r = r < 0 ? r : titles_read(&titles, db, err);
	json_open_list(out, NULL);
	for (size_t i = 0; r == 0 && i < entries.n; i++)
		put_entry(out, &titles, &entries.p[i]);
	buf_add_char(out, ']');
	return r;
}
