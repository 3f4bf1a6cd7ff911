/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/record_draft.h"

#include "base/vec.h"
#include "register/calendar.h"
#include "register/date.h"
#include "register/mask.h"
#include "register/value.h"

void draft_tell(struct draft *draft, struct str field, struct note what)
{
	if (draft->n_problems++ == 0) {
		draft->first = what;
		draft->first_field = field;
	}
	if (draft->problems)
		vec_push_in(draft->write->arena, draft->problems, { field, note_copy(draft->write->arena, what) });
}

int draft_end(struct draft *draft, int code)
{
	struct str words = note_text(draft->write->arena, LANG_EN, &draft->first);
	if (!draft->n_problems)
		return 0;
	if (draft->first_field.n)
		return err_set(draft->err, code, "%.*s: %.*s", STR_ARG(draft->first_field), STR_ARG(words));
	return err_set(draft->err, code, "%.*s", STR_ARG(words));
}

struct cell *draft_cells(struct arena *arena, const struct register_ *reg, const struct cell *old)
{
	struct cell *cells = ARENA_ARRAY(arena, struct cell, reg->columns_all.n);
	if (old)
		memcpy(cells, old, reg->columns_all.n * sizeof(*cells));
	return cells;
}

/* ---- values ---- */

static int reference_check(struct draft *draft, const struct field *field, struct str register_name, int64_t id)
{
	struct write *write = draft->write;
	const struct register_ *to = registers_find(draft->books->registers, register_name);
	bool seen = false;
	DB_QUERY(q);
	if (!to)
		return err_set(draft->err, -EINVAL, "there is no register '%.*s'", STR_ARG(register_name));
	const char *sql = arena_printf(write->arena, "SELECT org FROM %.*s WHERE id = ? AND withdrawn IS NULL", STR_ARG(to->name)).p;
	int r = db_query(&q, write->db, sql, draft->err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, draft->err);
	if (r > 0)
		r = record_sees(write->db, write->actor, db_int_or(&q, 0, 0), &seen, draft->err);
	if (r < 0)
		return r;
	if (!seen)
		draft_tell(draft, field->name, NOTE("there is no such record"));
	return 0;
}

static bool held(struct ids list, int64_t id)
{
	for (size_t i = 0; i < list.n; i++)
		if (list.p[i] == id)
			return true;
	return false;
}

/* Files come by attaching alone; a form may only leave some out. */
static int files_check(struct draft *draft, const struct field *field, struct cell value)
{
	struct arena *arena = draft->write->arena;
	struct ids now = value_ids(arena, cell_str(value));
	struct ids before = { 0 };
	if (draft->old)
		before = value_ids(arena, cell_str(draft->old[field->column]));
	for (size_t i = 0; i < now.n; i++)
		if (!held(before, now.p[i]))
			draft_tell(draft, field->name, NOTE("there is no such file; files are attached one by one"));
	return 0;
}

static int references_check(struct draft *draft, const struct field *field, struct cell value)
{
	struct str to = field->type == FIELD_PERSON ? STR("person") : field->type == FIELD_ORG ? STR("org") : field->to;
	struct ids ids = { 0 }, before = { 0 };
	int64_t one = cell_int_or(value, 0);
	int r = 0;
	if (field->type == FIELD_REFERENCES) {
		ids = value_ids(draft->write->arena, cell_str(value));
		if (draft->old)
			before = value_ids(draft->write->arena, cell_str(draft->old[field->column]));
	} else if (value.p && !(draft->old && cell_int_or(draft->old[field->column], 0) == one)) {
		ids = (struct ids){ &one, 1 };
	}
	for (size_t i = 0; r == 0 && i < ids.n; i++)
		if (!held(before, ids.p[i]))
			r = reference_check(draft, field, to, ids.p[i]);
	return r;
}

/* The clear text becomes what stands in the table: sealed, with its digest. Equal to what was there: that stays. */
static int seal(struct draft *draft, const struct field *field, struct str clear)
{
	struct arena *arena = draft->write->arena;
	struct cell *now = &draft->now[field->column];
	struct str where = row_where(arena, draft->reg, field), old, sealed;
	if (!draft->books->vault)
		return err_set(draft->err, -ENOKEY, "the key of sensitive fields is not here");
	if (draft->old && draft->old[field->column].p && str_find_char(clear, '*') >= 0 &&
	    vault_unseal(arena, draft->books->vault, where, cell_str(draft->old[field->column]), &old, NULL) == 0 &&
	    str_eq(mask_text(arena, field->sensitive, old), clear)) {
		now[0] = draft->old[field->column];
		now[1] = draft->old[field->column + 1];
		return 0;
	}
	struct str index = vault_index(arena, draft->books->vault, where, clear);
	if (draft->old && str_eq(cell_str(draft->old[field->column + 1]), index)) {
		now[0] = draft->old[field->column];
		now[1] = draft->old[field->column + 1];
		return 0;
	}
	int r = vault_seal(arena, draft->books->vault, where, clear, &sealed, draft->err);
	now[0] = cell_text(sealed);
	now[1] = cell_text(index);
	return r;
}

static bool is_mask(struct draft *draft, const struct field *field, const struct doc *value)
{
	struct str sealed = draft->old ? cell_str(draft->old[field->column]) : STR_NONE;
	return field->sensitive && sealed.p && value->type == DOC_STRING && str_find_char(doc_string(value), '*') >= 0 &&
	       str_eq(row_mask(draft->write->arena, draft->books, draft->reg, field, sealed), doc_string(value));
}

bool draft_same(const struct cell a, const struct cell b)
{
	if (!a.p || !b.p)
		return !a.p && !b.p;
	if (cell_is_text(a) != cell_is_text(b))
		return false;
	if (cell_is_text(a))
		return str_eq(cell_str(a), cell_str(b));
	return a.p == b.p && a.i == b.i; /* the bits of a real, too */
}

static size_t field_width(const struct field *field)
{
	return field->type == FIELD_PERIOD || field->sensitive ? 2 : 1;
}

bool draft_changed(const struct draft *draft, const struct field *field)
{
	for (size_t i = 0; i < field_width(field); i++)
		if (!draft->old || !draft_same(draft->old[field->column + i], draft->now[field->column + i]))
			return true;
	return false;
}

/* What form that is, when the declaration says it, in the language of who wrote it. */
static struct note with_help(const struct draft *draft, const struct field *field, struct note what)
{
	struct str help = field->pattern_help.in[draft->write->actor->lang];
	return strcmp(what.english, VALUE_FORM) != 0 || !help.n ? what : NOTE("this does not have the form that is asked for: {}", help);
}

static int field_set(struct draft *draft, const struct field *field, const struct doc *value)
{
	struct cell cells[2] = { 0 };
	struct note what = { 0 };
	if (is_mask(draft, field, value))
		return 0;
	if (!value_take(draft->write->arena, field, value, cells, &what)) {
		draft_tell(draft, field->name, with_help(draft, field, what));
		return 0;
	}
	if (field->sensitive && cells[0].p)
		return seal(draft, field, cell_str(cells[0]));
	int r = 0;
	if (field->type == FIELD_FILES)
		r = files_check(draft, field, cells[0]);
	else if (field->type == FIELD_REFERENCE || field->type == FIELD_REFERENCES || field->type == FIELD_PERSON || field->type == FIELD_ORG)
		r = references_check(draft, field, cells[0]);
	for (size_t i = 0; i < field_width(field); i++)
		draft->now[field->column + i] = cells[i];
	return r;
}

int draft_set_values(struct draft *draft, const struct doc *values, const struct transition *transition)
{
	int r = 0;
	if (!values || values->type == DOC_NULL)
		return 0;
	if (values->type != DOC_MAP)
		return err_set(draft->err, -EINVAL, "values must be a map of fields");
	for (size_t i = 0; r == 0 && i < values->n; i++) {
		struct str name = doc_string(doc_key(values, i));
		const struct field *field = register_field(draft->reg, name);
		if (!field) {
			draft_tell(draft, arena_str(draft->write->arena, name), NOTE("there is no such field"));
			continue;
		}
		bool asked = false;
		for (size_t k = 0; transition && k < transition->asks.n; k++)
			asked |= str_eq(transition->asks.p[k], name);
		for (size_t k = 0; transition && k < transition->needs.n; k++)
			asked |= str_eq(transition->needs.p[k], name);
		r = field_set(draft, field, doc_value(values, i));
		bool closed = transition ? !asked : field->read_only;
		if (r == 0 && closed && !draft_by_ward(draft) && (draft->old ? draft_changed(draft, field) : row_is_set(field, draft->now)))
			draft_tell(draft, field->name, NOTE("this cannot be changed here"));
	}
	return r;
}

int draft_set_said(struct draft *draft, const struct doc *sets)
{
	const struct actor *actor = draft->write->actor;
	int64_t now = draft->write->now;
	int r = 0;
	for (size_t i = 0; r == 0 && sets && i < sets->n; i++) {
		const struct field *field = register_field(draft->reg, doc_string(doc_key(sets, i)));
		const struct doc *value = doc_value(sets, i);
		struct str word = value->quoted ? STR_NONE : doc_string(value);
		struct cell *cell = &draft->now[field->column];
		if (field->type == FIELD_PERSON && str_is(word, "actor")) {
			if (!actor->person && !draft_by_ward(draft))
				return err_set(draft->err, -EPERM, "your account names no person, who would stand here as '%.*s'",
				               STR_ARG(field->label.in[actor->lang].n ? field->label.in[actor->lang] : field->name));
			*cell = actor->person ? cell_int(actor->person) : (struct cell){ 0 };
		} else if (field->type == FIELD_TIME && str_is(word, "now")) {
			*cell = cell_int(now);
		} else if (field->type == FIELD_DATE && str_is(word, "today")) {
			*cell = cell_text(date_text(draft->write->arena, date_of(now)));
		} else {
			r = field_set(draft, field, value);
		}
	}
	return r;
}

static void due_set(struct draft *draft, const struct due *due)
{
	const struct field *field = register_field(draft->reg, due->field);
	int64_t now = draft->write->now, today = date_of(now);
	struct cell *cell = &draft->now[field->column];
	int64_t day = due->unit == DUE_WORKING_DAYS ? calendar_add(draft->books->calendar, today, due->after) : today + due->after;
	if (due->unit == DUE_HOURS)
		*cell = cell_int(now + due->after * 3600);
	else if (field->type == FIELD_TIME)
		*cell = cell_int(date_start(day + 1) - 1); /* the end of that day */
	else
		*cell = cell_text(date_text(draft->write->arena, day));
}

void draft_set_dues(struct draft *draft, struct str state, const struct doc *values)
{
	const struct due *dues = draft->reg->dues.p;
	for (size_t i = 0; i < draft->reg->dues.n; i++) {
		const struct doc *given = doc_get(values, dues[i].field);
		bool entered = str_eq(dues[i].on, state) || (!dues[i].on.n && !draft->old);
		if (entered && !(given && given->type != DOC_NULL))
			due_set(draft, &dues[i]);
	}
}

int draft_set_defaults(struct draft *draft, const struct doc *values)
{
	const struct field *fields = draft->reg->fields.p;
	int r = 0;
	for (size_t i = 0; r == 0 && i < draft->reg->fields.n; i++)
		if (fields[i].default_value && !doc_get(values, fields[i].name))
			r = field_set(draft, &fields[i], fields[i].default_value);
	return r;
}

void draft_check_required(struct draft *draft, const struct doc *values)
{
	const struct field *fields = draft->reg->fields.p;
	for (size_t i = 0; i < draft->reg->fields.n; i++) {
		bool asked = !draft->old || doc_get(values, fields[i].name);
		bool by_hand = !fields[i].read_only || draft_by_ward(draft);
		bool told = false;
		for (size_t k = 0; draft->problems && k < draft->problems->n; k++)
			told |= str_eq(draft->problems->p[k].field, fields[i].name);
		if (fields[i].required && asked && by_hand && !told && !row_is_set(&fields[i], draft->now))
			draft_tell(draft, fields[i].name, NOTE("this must be filled in"));
	}
}

/* ---- equal keys ---- */

static struct cell key_cell(const struct register_ *reg, struct str name, const struct cell *cells)
{
	const struct field *field = register_field(reg, name);
	if (field)
		return cells[field->column + (field->sensitive ? 1 : 0)];
	return cells[str_is(name, "org") ? SYSTEM_ORG : SYSTEM_NUMBER];
}

static struct str key_column(const struct register_ *reg, struct str name)
{
	const struct field *field = register_field(reg, name);
	return field && field->sensitive ? str_from(reg->columns_all.p[field->column + 1].name) : name;
}

int draft_find_equal(struct arena *arena, struct db *db, const struct register_ *reg, const struct strings *names, const struct cell *cells,
                     int64_t *id, struct err *err)
{
	BUF(sql);
	DB_QUERY(q);
	*id = 0;
	buf_printf(&sql, "SELECT id FROM %.*s WHERE withdrawn IS NULL", STR_ARG(reg->name));
	for (size_t i = 0; i < names->n; i++) {
		if (!key_cell(reg, names->p[i], cells).p)
			return 0;
		buf_printf(&sql, " AND %.*s = ?", STR_ARG(key_column(reg, names->p[i])));
	}
	int r = db_query(&q, db, arena_str(arena, buf_str(&sql)).p, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names->n; i++)
		db_bind_cell(&q, key_cell(reg, names->p[i], cells));
	r = db_step(&q, err);
	if (r > 0)
		*id = db_int(&q, 0);
	return r < 0 ? r : 0;
}

/* -EEXIST with a problem at the field. */
static int equal_check(struct draft *draft, const struct strings *names)
{
	int64_t id = 0, own = draft->old ? row_int(draft->old, SYSTEM_ID) : 0;
	struct str field = STR("");
	int r = draft_find_equal(draft->write->arena, draft->write->db, draft->reg, names, draft->now, &id, draft->err);
	if (r < 0 || !id || id == own)
		return r;
	for (size_t i = 0; i < names->n; i++)
		if (register_field(draft->reg, names->p[i]))
			field = names->p[i];
	draft_tell(draft, field, NOTE("another record has this already"));
	return draft_end(draft, -EEXIST);
}

int draft_check_unique(struct draft *draft)
{
	const struct field *fields = draft->reg->fields.p;
	int r = draft->reg->key.n ? equal_check(draft, &draft->reg->key) : 0;
	for (size_t i = 0; r == 0 && i < draft->reg->fields.n; i++) {
		struct str pair[] = { STR("org"), fields[i].name };
		struct strings names = { pair, 2 };
		if (fields[i].unique && draft_changed(draft, &fields[i]))
			r = equal_check(draft, &names);
	}
	return r;
}
