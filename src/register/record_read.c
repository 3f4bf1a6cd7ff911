/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/mask.h"
#include "register/record_row.h"
#include "register/said.h"
#include "register/titles.h"
#include "register/value.h"

/* ---- rows ---- */

struct cell *row_cells(struct arena *arena, struct db_query *query, const struct register_ *reg, size_t first)
{
	struct cell *cells = ARENA_ARRAY(arena, struct cell, reg->columns_all.n);
	for (size_t i = 0; i < reg->columns_all.n; i++) {
		cells[i] = db_cell(query, first + i);
		if (cell_is_text(cells[i]))
			cells[i] = cell_text(arena_str(arena, cell_str(cells[i])));
	}
	return cells;
}

int row_read(struct arena *arena, struct db *db, const struct register_ *reg, int64_t id, struct cell **out, struct err *err)
{
	DB_QUERY(q);
	BUF(sql);
	buf_printf(&sql, "%s WHERE id = ?", reg->select);
	int r = db_query(&q, db, buf_cstr(&sql), err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, err);
	if (r > 0)
		*out = row_cells(arena, &q, reg, 0);
	return r;
}

int row_read_seen(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg,
                  int64_t id, struct cell **out, struct err *err)
{
	bool seen = record_may(books, actor, reg, RECORD_READ);
	int r = seen ? row_read(arena, db, reg, id, out, err) : 0;
	if (r > 0)
		r = record_sees(db, actor, row_int(*out, SYSTEM_ORG), &seen, err);
	else
		seen = false;
	if (r < 0)
		return r;
	return seen ? 0 : err_set(err, -ENOENT, "there is no such record");
}

const struct doc *row_doc(struct arena *arena, const struct register_ *reg, const struct cell *cells)
{
	const struct field *fields = reg->fields.p;
	size_t n = SYSTEM_COLUMNS + reg->fields.n;
	struct doc *items = ARENA_ARRAY(arena, struct doc, 2 * n), *doc = ARENA_NEW(arena, struct doc);
	for (size_t i = 0; i < SYSTEM_COLUMNS; i++) {
		items[2 * i] = doc_of_text(str_from(reg->columns_all.p[i].name));
		items[2 * i + 1] = doc_of_cell(cells[i]);
	}
	for (size_t i = 0; i < reg->fields.n; i++) {
		struct doc *pair = &items[2 * (SYSTEM_COLUMNS + i)];
		pair[0] = doc_of_text(fields[i].name);
		pair[1] = *value_doc(arena, &fields[i], &cells[fields[i].column]);
	}
	*doc = (struct doc){ .type = DOC_MAP, .n = (uint32_t)n, .items = items };
	return doc;
}

/* ---- sensitive fields ---- */

struct str row_where(struct arena *arena, const struct register_ *reg, const struct field *field)
{
	return arena_printf(arena, "%.*s.%.*s", STR_ARG(reg->name), STR_ARG(field->name));
}

struct str row_mask(struct arena *arena, const struct books *books, const struct register_ *reg, const struct field *field, struct str sealed)
{
	struct str clear;
	if (!sealed.p)
		return STR_NONE;
	if (!books->vault || vault_unseal(arena, books->vault, row_where(arena, reg, field), sealed, &clear, NULL) < 0)
		return STR("****");
	return mask_text(arena, field->sensitive, clear);
}

static bool is_left_out(const struct field *field, enum row_fields which, const struct strings *columns)
{
	if (!columns || !columns->n)
		return which == ROW_SHORT && field->type == FIELD_LONG_TEXT;
	for (size_t i = 0; i < columns->n; i++)
		if (str_eq(columns->p[i], field->name))
			return false;
	return true;
}

void row_put(struct arena *arena, struct buf *out, const struct books *books, enum lang lang, const struct register_ *reg,
             const struct cell *cells, enum row_fields which, const struct strings *columns)
{
	const struct field *fields = reg->fields.p;
	for (size_t i = 0; i < SYSTEM_COLUMNS; i++) {
		json_key(out, reg->columns_all.p[i].name);
		cell_add_json(out, cells[i]);
	}
	for (size_t i = 0; i < reg->fields.n; i++) {
		const char *name = reg->columns_all.p[fields[i].column].name;
		if (is_left_out(&fields[i], which, columns))
			continue;
		if (fields[i].type == FIELD_PERIOD)
			name = arena_cstr(arena, fields[i].name);
		if (fields[i].sensitive) {
			json_key(out, name);
			cell_add_json(out, cell_text(row_mask(arena, books, reg, &fields[i], cell_str(cells[fields[i].column]))));
		} else if (fields[i].said && cells[fields[i].column].p) {
			json_put(out, name, said_in(books->said, lang, cell_str(cells[fields[i].column])));
		} else {
			value_put(out, name, &fields[i], &cells[fields[i].column]);
		}
	}
}

/* ---- who may ---- */

static bool actor_is_ward(const struct actor *actor)
{
	return actor->id == ACTOR_WARD;
}

bool record_may(const struct books *books, const struct actor *actor, const struct register_ *reg, enum record_right right)
{
	(void)books;
	return actor_is_ward(actor) || (actor->roles & reg->may[right]) != 0;
}

int record_sees(struct db *db, const struct actor *actor, int64_t org, bool *out, struct err *err)
{
	DB_QUERY(q);
	*out = actor->whole;
	if (*out)
		return 0;
	int r = db_query(&q, db, "SELECT 1 FROM ward_subtree WHERE ancestor = ? AND org = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, actor->org);
	db_bind_int(&q, org);
	r = db_step(&q, err);
	*out = r > 0;
	return r < 0 ? r : 0;
}

static bool is_final(const struct register_ *reg, const struct cell *cells)
{
	const struct choice *state = register_state(reg, row_state(cells));
	return state && state->final;
}

bool row_may_edit(const struct books *books, const struct actor *actor, const struct register_ *reg, const struct cell *cells)
{
	return actor_is_ward(actor) || (!cells[SYSTEM_WITHDRAWN].p && !is_final(reg, cells) && record_may(books, actor, reg, RECORD_EDIT));
}

/* What stands for it in the forms. */
static struct str called(const struct text *label, enum lang lang, struct str name)
{
	return label->in[lang].n ? label->in[lang] : name;
}

static struct str state_called(const struct register_ *reg, enum lang lang, struct str name)
{
	const struct choice *states = reg->states.p;
	for (size_t i = 0; i < reg->states.n; i++)
		if (str_eq(states[i].name, name))
			return called(&states[i].label, lang, name);
	return name;
}

int row_may_transit(const struct actor *actor, const struct register_ *reg, const struct cell *cells, const struct transition *transition,
                    struct err *err)
{
	bool here = false;
	struct str step = called(&transition->label, actor->lang, transition->name);
	for (size_t i = 0; i < transition->from.n; i++)
		here |= str_eq(transition->from.p[i], row_state(cells));
	if (cells[SYSTEM_WITHDRAWN].p)
		return err_set(err, -EPERM, "this record was withdrawn");
	if (!here)
		return err_set(err, -EPERM, "'%.*s' is not possible in the state '%.*s'", STR_ARG(step), STR_ARG(state_called(reg, actor->lang, row_state(cells))));
	if (actor_is_ward(actor))
		return 0;
	if (transition->automatic)
		return err_set(err, -EPERM, "'%.*s' is done by ward alone", STR_ARG(step));
	if (!(actor->roles & transition->by))
		return err_set(err, -EPERM, "your role may not do this");
	const struct field *unless = register_field(reg, transition->unless);
	if (unless && cell_int_or(cells[unless->column], 0))
		return err_set(err, -EPERM, "'%.*s' is not possible with '%.*s'", STR_ARG(step), STR_ARG(called(&unless->label, actor->lang, unless->name)));
	/* Who sees the record is of its organisation or of one above. */
	if (transition->superior && !actor->whole && cell_int_or(cells[SYSTEM_ORG], 0) == actor->org)
		return err_set(err, -EPERM, "somebody of the organisation above must do this");
	for (size_t i = 0; i < transition->differs_from.n; i++) {
		const struct field *field = register_field(reg, transition->differs_from.p[i]);
		if (!actor->person)
			return err_set(err, -EPERM, "your account names no person, so nobody can tell that you are another one");
		if (cell_int_or(cells[field->column], 0) == actor->person)
			return err_set(err, -EPERM, "another person must do this: you are its '%.*s'",
			               STR_ARG(called(&field->label, actor->lang, field->name)));
	}
	return 0;
}

void row_put_may(struct buf *out, const char *name, const struct books *books, const struct actor *actor, const struct register_ *reg,
                 const struct cell *cells)
{
	const struct transition *transitions = reg->transitions.p;
	bool stands = !cells[SYSTEM_WITHDRAWN].p;
	json_open_map(out, name);
	json_put_flag(out, "edit", stands && row_may_edit(books, actor, reg, cells));
	json_put_flag(out, "withdraw", stands && record_may(books, actor, reg, RECORD_WITHDRAW));
	json_put_flag(out, "unmask", record_may(books, actor, reg, RECORD_UNMASK));
	json_open_list(out, "transitions");
	for (size_t i = 0; i < reg->transitions.n; i++)
		if (row_may_transit(actor, reg, cells, &transitions[i], NULL) == 0)
			json_put(out, NULL, transitions[i].name);
	buf_puts(out, "]}");
}

/* ---- one record ---- */

int record_get(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg, int64_t id,
               struct buf *out, struct err *err)
{
	struct cell *cells;
	struct titles titles;
	int r = row_read_seen(arena, db, books, actor, reg, id, &cells, err);
	if (r < 0)
		return r;
	titles_init(&titles, arena, books, actor->lang);
	titles_want_row(&titles, reg, cells);
	r = titles_read(&titles, db, err);
	if (r < 0)
		return r;
	json_open_map(out, NULL);
	row_put(arena, out, books, actor->lang, reg, cells, ROW_WHOLE, NULL);
	titles_put(out, "_titles", &titles, reg, cells);
	row_put_may(out, "_may", books, actor, reg, cells);
	buf_add_char(out, '}');
	return 0;
}
