/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/history.h"

#include "register/record_row.h"

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

void history_put_values(struct arena *arena, const struct books *books, const struct register_ *reg, struct str json, struct buf *out)
{
	struct source *source = ARENA_NEW(arena, struct source);
	const struct doc *values;
	*source = (struct source){ .name = "journal", .text = arena_str(arena, json) };
	if (!json.p || json_parse(arena, source, &values, NULL) < 0 || values->type != DOC_MAP) {
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
			json_add_string(out, row_mask(arena, books, reg, field, doc_string(doc_value(values, i))));
		else
			put_doc(out, doc_value(values, i));
	}
	buf_add_char(out, '}');
}

int history_put(struct arena *arena, struct db *db, const struct books *books, const struct register_ *reg, int64_t id, struct buf *out,
                struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db,
	                 "SELECT seq, time, actor_name, action, before, after, reason, hash FROM (SELECT * FROM ward_journal WHERE kind = ? AND object = ?"
	                 " ORDER BY seq DESC LIMIT ?) t ORDER BY seq",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, reg->name);
	db_bind_int(&q, id);
	db_bind_int(&q, HISTORY_MOST);
	json_open_list(out, NULL);
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(out, NULL);
		json_put_int(out, "seq", db_int(&q, 0));
		json_put_int(out, "time", db_int(&q, 1) / 1000000000);
		json_put(out, "actor", db_text(&q, 2));
		json_put(out, "action", db_text(&q, 3));
		json_key(out, "before");
		history_put_values(arena, books, reg, db_text(&q, 4), out);
		json_key(out, "after");
		history_put_values(arena, books, reg, db_text(&q, 5), out);
		json_key(out, "reason");
		cell_add_json(out, cell_text(db_text(&q, 6)));
		json_put(out, "hash", db_text(&q, 7));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return r;
}
