/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/record.h"

#include "base/clock.h"
#include "base/vec.h"
#include "register/calendar.h"
#include "register/date.h"
#include "register/mask.h"
#include "register/number.h"
#include "register/org.h"
#include "register/record_row.h"
#include "register/value.h"

enum { REASON_MOST = 2000 };

/* A record on its way from what it was to what it will be. */
struct draft {
	struct write *write;
	const struct books *books;
	const struct register_ *reg;
	const struct cell *old;  /* NULL: a new one */
	struct cell *now;
	struct field_problems *problems;
	size_t n_problems;
	struct note first; /* of them */
	struct str first_field;
	struct err *err;
};

static bool by_ward(const struct draft *draft)
{
	return draft->write->actor->id == ACTOR_WARD;
}

static void problem(struct draft *draft, struct str field, struct note what)
{
	if (draft->n_problems++ == 0) {
		draft->first = what;
		draft->first_field = field;
	}
	if (draft->problems)
		vec_push_in(draft->write->arena, draft->problems, { field, note_copy(draft->write->arena, what) });
}

/* The words of the first, when nobody takes the list. */
static int problems_end(struct draft *draft, int code)
{
	struct str words = note_text(draft->write->arena, LANG_EN, &draft->first);
	if (!draft->n_problems)
		return 0;
	if (draft->first_field.n)
		return err_set(draft->err, code, "%.*s: %.*s", STR_ARG(draft->first_field), STR_ARG(words));
	return err_set(draft->err, code, "%.*s", STR_ARG(words));
}

static struct cell *cells_new(struct arena *arena, const struct register_ *reg, const struct cell *old)
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
		problem(draft, field->name, NOTE("there is no such record"));
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
			problem(draft, field->name, NOTE("there is no such file; files are attached one by one"));
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

static bool same(const struct cell a, const struct cell b)
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

static bool field_changed(const struct draft *draft, const struct field *field)
{
	for (size_t i = 0; i < field_width(field); i++)
		if (!draft->old || !same(draft->old[field->column + i], draft->now[field->column + i]))
			return true;
	return false;
}

static int field_set(struct draft *draft, const struct field *field, const struct doc *value)
{
	struct cell cells[2] = { 0 };
	struct note what = { 0 };
	if (is_mask(draft, field, value))
		return 0;
	if (!value_take(draft->write->arena, field, value, cells, &what)) {
		problem(draft, field->name, what);
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

/* What a person or a program gives. `open`: fields that may be set though they are read-only (a transition asks for them); NULL in an
 * edit. With `open` nothing else may be set. */
static int values_set(struct draft *draft, const struct doc *values, const struct transition *transition)
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
			problem(draft, arena_str(draft->write->arena, name), NOTE("there is no such field"));
			continue;
		}
		bool asked = false;
		for (size_t k = 0; transition && k < transition->asks.n; k++)
			asked |= str_eq(transition->asks.p[k], name);
		for (size_t k = 0; transition && k < transition->needs.n; k++)
			asked |= str_eq(transition->needs.p[k], name);
		r = field_set(draft, field, doc_value(values, i));
		bool closed = transition ? !asked : field->read_only;
		if (r == 0 && closed && !by_ward(draft) && (draft->old ? field_changed(draft, field) : row_is_set(field, draft->now)))
			problem(draft, field->name, NOTE("this cannot be changed here"));
	}
	return r;
}

/* on_create, or what a transition sets. */
static int sets_do(struct draft *draft, const struct doc *sets)
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
			if (!actor->person && !by_ward(draft))
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

/* Dates that begin with a state. One that a person has just given stays. */
static void dues_set(struct draft *draft, struct str state, const struct doc *values)
{
	const struct due *dues = draft->reg->dues.p;
	for (size_t i = 0; i < draft->reg->dues.n; i++) {
		const struct doc *given = doc_get(values, dues[i].field);
		bool entered = str_eq(dues[i].on, state) || (!dues[i].on.n && !draft->old);
		if (entered && !(given && given->type != DOC_NULL))
			due_set(draft, &dues[i]);
	}
}

static int defaults_set(struct draft *draft, const struct doc *values)
{
	const struct field *fields = draft->reg->fields.p;
	int r = 0;
	for (size_t i = 0; r == 0 && i < draft->reg->fields.n; i++)
		if (fields[i].default_value && !doc_get(values, fields[i].name))
			r = field_set(draft, &fields[i], fields[i].default_value);
	return r;
}

static void required_check(struct draft *draft, const struct doc *values)
{
	const struct field *fields = draft->reg->fields.p;
	for (size_t i = 0; i < draft->reg->fields.n; i++) {
		bool asked = !draft->old || doc_get(values, fields[i].name);
		bool by_hand = !fields[i].read_only || by_ward(draft);
		bool told = false;
		for (size_t k = 0; draft->problems && k < draft->problems->n; k++)
			told |= str_eq(draft->problems->p[k].field, fields[i].name);
		if (fields[i].required && asked && by_hand && !told && !row_is_set(&fields[i], draft->now))
			problem(draft, fields[i].name, NOTE("this must be filled in"));
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

/* Another record that stands and has these cells in these columns; 0: none, also when a cell is empty. */
static int equal_find(struct arena *arena, struct db *db, const struct register_ *reg, const struct strings *names, const struct cell *cells,
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
	int r = equal_find(draft->write->arena, draft->write->db, draft->reg, names, draft->now, &id, draft->err);
	if (r < 0 || !id || id == own)
		return r;
	for (size_t i = 0; i < names->n; i++)
		if (register_field(draft->reg, names->p[i]))
			field = names->p[i];
	problem(draft, field, NOTE("another record has this already"));
	return problems_end(draft, -EEXIST);
}

static int uniqueness_check(struct draft *draft)
{
	const struct field *fields = draft->reg->fields.p;
	int r = draft->reg->key.n ? equal_check(draft, &draft->reg->key) : 0;
	for (size_t i = 0; r == 0 && i < draft->reg->fields.n; i++) {
		struct str pair[] = { STR("org"), fields[i].name };
		struct strings names = { pair, 2 };
		if (fields[i].unique && field_changed(draft, &fields[i]))
			r = equal_check(draft, &names);
	}
	return r;
}

/* ---- writing ---- */

static void put_changed(struct draft *draft, struct buf *out, const struct cell *cells)
{
	const struct register_ *reg = draft->reg;
	const struct field *fields = reg->fields.p;
	static const enum system_column shown[] = { SYSTEM_NUMBER, SYSTEM_ORG, SYSTEM_STATE, SYSTEM_WITHDRAWN };
	json_open_map(out, NULL);
	for (size_t i = 0; i < COUNT(shown); i++) {
		if (draft->old ? same(draft->old[shown[i]], draft->now[shown[i]]) : !cells[shown[i]].p)
			continue;
		json_key(out, reg->columns_all.p[shown[i]].name);
		cell_add_json(out, cells[shown[i]]);
	}
	for (size_t i = 0; i < reg->fields.n; i++)
		if (draft->old ? field_changed(draft, &fields[i]) : row_is_set(&fields[i], cells))
			value_put(out, arena_cstr(draft->write->arena, fields[i].name), &fields[i], &cells[fields[i].column]);
	buf_add_char(out, '}');
}

static int insert(struct draft *draft, int64_t *id)
{
	DB_QUERY(q);
	int r = db_query(&q, draft->write->db, draft->reg->insert, draft->err);
	if (r < 0)
		return r;
	for (size_t i = 1; i < draft->reg->columns_all.n; i++)
		db_bind_cell(&q, draft->now[i]);
	r = db_step(&q, draft->err);
	if (r > 0)
		*id = db_int(&q, 0);
	return r < 0 ? r : 0;
}

/* The columns that changed, and no others, so that only their indexes are touched. */
static int update(struct draft *draft)
{
	const struct register_ *reg = draft->reg;
	BUF(sql);
	DB_QUERY(q);
	buf_printf(&sql, "UPDATE %.*s SET ", STR_ARG(reg->name));
	size_t n = 0;
	for (size_t i = 1; i < reg->columns_all.n; i++)
		if (!same(draft->old[i], draft->now[i]))
			buf_printf(&sql, "%s%s = ?", n++ ? ", " : "", reg->columns_all.p[i].name);
	buf_puts(&sql, " WHERE id = ?");
	int r = db_query(&q, draft->write->db, buf_cstr(&sql), draft->err);
	if (r < 0)
		return r;
	for (size_t i = 1; i < reg->columns_all.n; i++)
		if (!same(draft->old[i], draft->now[i]))
			db_bind_cell(&q, draft->now[i]);
	db_bind_int(&q, row_int(draft->old, SYSTEM_ID));
	return db_do(&q, draft->err);
}

static int hooks_call(struct draft *draft, int64_t id, struct str action, struct str reason)
{
	struct arena *arena = draft->write->arena;
	int r = 0;
	if (!draft->books->hooks || !draft->books->hooks[0].reg)
		return 0;
	struct record_event event = {
		.reg = draft->reg,
		.id = id,
		.org = row_int(draft->now, SYSTEM_ORG),
		.action = action,
		.before = draft->old ? row_doc(arena, draft->reg, draft->old) : NULL,
		.after = row_doc(arena, draft->reg, draft->now),
		.reason = reason,
	};
	for (const struct register_hook *hook = draft->books->hooks; r == 0 && hook->reg; hook++)
		if (strcmp(hook->reg, "*") == 0 || str_is(draft->reg->name, hook->reg))
			r = hook->after(hook->ctx, draft->write, &event, draft->err);
	return r;
}

/* An organisation's record belongs to itself, so that its own people see it; the tree is kept. */
static int org_keep(struct draft *draft, int64_t id)
{
	const struct field *parent = register_field(draft->reg, STR("parent"));
	if (!str_is(draft->reg->name, "org") || !parent || (draft->old && !field_changed(draft, parent)))
		return 0;
	if (!draft->old) {
		DB_QUERY(q);
		int r = db_query(&q, draft->write->db, "UPDATE org SET org = id WHERE id = ?", draft->err);
		if (r < 0)
			return r;
		db_bind_int(&q, id);
		r = db_do(&q, draft->err);
		if (r < 0)
			return r;
		draft->now[SYSTEM_ORG] = cell_int(id);
	}
	return org_place(draft->write, id, cell_int_or(draft->now[parent->column], 0), draft->err);
}

/* Insert or update, the journal, the hooks. */
static int save(struct draft *draft, struct str action, struct str reason, int64_t *out)
{
	struct write *write = draft->write;
	int64_t id = draft->old ? row_int(draft->old, SYSTEM_ID) : 0;
	BUF(before);
	BUF(after);
	draft->now[SYSTEM_VERSION] = cell_int(draft->old ? row_int(draft->old, SYSTEM_VERSION) + 1 : 1);
	draft->now[SYSTEM_UPDATED] = cell_int(write->now);
	draft->now[SYSTEM_UPDATED_BY] = cell_int(write->actor->id);
	int r = draft->old ? update(draft) : insert(draft, &id);
	if (r < 0)
		return r;
	draft->now[SYSTEM_ID] = cell_int(id);
	r = org_keep(draft, id);
	if (r < 0)
		return r;
	if (draft->old)
		put_changed(draft, &before, draft->old);
	put_changed(draft, &after, draft->now);
	struct change change = {
		.kind = draft->reg->name,
		.object = id,
		.org = row_int(draft->now, SYSTEM_ORG),
		.action = action,
		.before = draft->old ? buf_str(&before) : STR_NONE,
		.after = buf_str(&after),
		.reason = reason.n ? reason : STR_NONE,
	};
	r = write_journal(write, &change, NULL, draft->err);
	if (r == 0)
		r = hooks_call(draft, id, action, reason);
	if (r == 0 && out)
		*out = id;
	return r;
}

static int reason_check(struct draft *draft, struct str reason, bool needed)
{
	if (needed && !str_trim(reason).n && !by_ward(draft))
		problem(draft, STR("reason"), NOTE("a reason must be given"));
	if (reason.n > REASON_MOST)
		problem(draft, STR("reason"), NOTE("the reason is too long"));
	return 0;
}

/* ---- make ---- */

/* An organisation is made by who sees the one above it. */
static int org_default(struct draft *draft, const struct doc *values, int64_t *org)
{
	const struct actor *actor = draft->write->actor;
	if (!str_is(draft->reg->name, "org"))
		return 0;
	const struct doc *parent = doc_get(values, STR("parent"));
	if (!by_ward(draft) && (!parent || parent->type != DOC_INT))
		problem(draft, STR("parent"), NOTE("this must be filled in"));
	*org = doc_int(parent, actor->org);
	return 0;
}

/* All that is asked of a new record, but for its number. */
static int create_prepare(struct draft *draft, int64_t org, const struct doc *values)
{
	struct write *write = draft->write;
	const struct register_ *reg = draft->reg;
	const struct choice *states = reg->states.p;
	bool seen = false;
	if (!record_may(draft->books, write->actor, reg, RECORD_READ))
		return err_set(draft->err, -ENOENT, "there is no such register");
	if (!record_may(draft->books, write->actor, reg, RECORD_CREATE))
		return err_set(draft->err, -EPERM, "your role may not make records here");
	org = org ? org : write->actor->org;
	int r = org_default(draft, values, &org);
	if (r == 0)
		r = record_sees(write->db, write->actor, org, &seen, draft->err);
	if (r < 0)
		return r;
	if (!seen)
		return err_set(draft->err, -EPERM, "this organisation is not yours");
	draft->now = cells_new(write->arena, reg, NULL);
	draft->now[SYSTEM_ORG] = cell_int(org);
	draft->now[SYSTEM_STATE] = cell_text(states[0].name);
	draft->now[SYSTEM_STATE_SINCE] = draft->now[SYSTEM_CREATED] = cell_int(write->now);
	draft->now[SYSTEM_CREATED_BY] = cell_int(write->actor->id);
	r = defaults_set(draft, values);
	if (r == 0)
		r = values_set(draft, values, NULL);
	if (r == 0)
		r = sets_do(draft, reg->on_create);
	if (r < 0)
		return r;
	dues_set(draft, states[0].name, values);
	required_check(draft, values);
	return problems_end(draft, -EINVAL);
}

int record_create(struct write *write, const struct books *books, const struct register_ *reg, int64_t org, const struct doc *values, int64_t *id,
                  struct field_problems *problems, struct err *err)
{
	struct draft draft = { .write = write, .books = books, .reg = reg, .problems = problems, .err = err };
	int r = create_prepare(&draft, org, values);
	if (r == 0 && reg->number.n) {
		struct str number;
		r = number_next(write, reg->name, reg->number, row_int(draft.now, SYSTEM_ORG), &number, err);
		draft.now[SYSTEM_NUMBER] = cell_text(number);
	}
	if (r == 0)
		r = uniqueness_check(&draft);
	return r < 0 ? r : save(&draft, STR("create"), STR_NONE, id);
}

/* ---- change ---- */

static int begin(struct draft *draft, int64_t id, int64_t version)
{
	struct write *write = draft->write;
	struct cell *cells;
	int r = row_read_seen(write->arena, write->db, draft->books, write->actor, draft->reg, id, &cells, draft->err);
	if (r < 0)
		return r;
	draft->old = cells;
	draft->now = cells_new(write->arena, draft->reg, cells);
	if (version && version != row_int(cells, SYSTEM_VERSION))
		return err_set(draft->err, -ESTALE, "somebody has changed this record in the meantime; look at it again");
	return 0;
}

static bool anything_changed(const struct draft *draft)
{
	for (size_t i = 0; i < draft->reg->columns_all.n; i++)
		if (!same(draft->old[i], draft->now[i]))
			return true;
	return false;
}

/* 1: something changes; 0: nothing would. */
static int edit_prepare(struct draft *draft, int64_t id, int64_t version, const struct doc *values, struct str reason)
{
	int r = begin(draft, id, version);
	if (r < 0)
		return r;
	if (!record_may(draft->books, draft->write->actor, draft->reg, RECORD_EDIT))
		return err_set(draft->err, -EPERM, "your role may not change records here");
	if (draft->old[SYSTEM_WITHDRAWN].p)
		return err_set(draft->err, -EPERM, "this record was withdrawn");
	if (!row_may_edit(draft->books, draft->write->actor, draft->reg, draft->old))
		return err_set(draft->err, -EPERM, "this record is in its last state and is not changed any more");
	r = values_set(draft, values, NULL);
	if (r < 0)
		return r;
	required_check(draft, values);
	reason_check(draft, reason, false);
	r = problems_end(draft, -EINVAL);
	if (r < 0 || !anything_changed(draft))
		return r;
	r = uniqueness_check(draft);
	return r < 0 ? r : 1;
}

int record_edit(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, int64_t version, const struct doc *values,
                struct str reason, struct field_problems *problems, struct err *err)
{
	struct draft draft = { .write = write, .books = books, .reg = reg, .problems = problems, .err = err };
	int r = edit_prepare(&draft, id, version, values, reason);
	return r <= 0 ? r : save(&draft, STR("edit"), reason, NULL);
}

int record_check(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg, int64_t org,
                 const struct doc *values, int64_t id, struct field_problems *problems, struct err *err)
{
	struct write reading = { .db = db, .arena = arena, .now = clock_now(), .actor = actor };
	struct draft draft = { .write = &reading, .books = books, .reg = reg, .problems = problems, .err = err };
	int r = id ? edit_prepare(&draft, id, 0, values, STR_NONE) : create_prepare(&draft, org, values);
	if (!id && r == 0)
		r = uniqueness_check(&draft);
	return r < 0 ? r : 0;
}

int record_transition(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, int64_t version, struct str name,
                      const struct doc *values, struct str reason, struct field_problems *problems, struct err *err)
{
	struct draft draft = { .write = write, .books = books, .reg = reg, .problems = problems, .err = err };
	const struct transition *transition = register_transition(reg, name);
	int r = begin(&draft, id, version);
	if (r < 0)
		return r;
	if (!transition)
		return err_set(err, -EINVAL, "there is no transition '%.*s'", STR_ARG(name));
	r = row_may_transit(write->actor, reg, draft.old, transition, err);
	if (r < 0)
		return r;
	if (transition->signed_ && !by_ward(&draft) && write->actor->fresh_until < write->now)
		return err_set(err, -EACCES, "this is signed: type your password again");
	if (transition->confirmed && !by_ward(&draft) && !write->actor->confirmed)
		return err_set(err, -EPERM, "another person must confirm this");
	reason_check(&draft, reason, transition->reason);
	r = values_set(&draft, values, transition);
	if (r == 0)
		r = sets_do(&draft, transition->sets);
	if (r < 0)
		return r;
	draft.now[SYSTEM_STATE] = cell_text(transition->to);
	draft.now[SYSTEM_STATE_SINCE] = cell_int(write->now);
	dues_set(&draft, transition->to, values);
	for (size_t i = 0; i < transition->needs.n; i++) {
		const struct field *field = register_field(reg, transition->needs.p[i]);
		if (!row_is_set(field, draft.now))
			problem(&draft, field->name, NOTE("this must be filled in before '{}'", transition->label.in[write->actor->lang]));
	}
	r = problems_end(&draft, -EINVAL);
	if (r == 0)
		r = uniqueness_check(&draft);
	return r < 0 ? r : save(&draft, transition->name, reason, NULL);
}

int record_withdraw(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, int64_t version, struct str reason,
                    struct err *err)
{
	struct draft draft = { .write = write, .books = books, .reg = reg, .err = err };
	int r = begin(&draft, id, version);
	if (r < 0)
		return r;
	if (!record_may(books, write->actor, reg, RECORD_WITHDRAW))
		return err_set(err, -EPERM, "your role may not withdraw records here");
	if (draft.old[SYSTEM_WITHDRAWN].p)
		return err_set(err, -EPERM, "this record was withdrawn");
	reason_check(&draft, reason, true);
	r = problems_end(&draft, -EINVAL);
	draft.now[SYSTEM_WITHDRAWN] = cell_int(write->now);
	return r < 0 ? r : save(&draft, STR("withdraw"), reason, NULL);
}

int record_attach(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, const struct field *field, int64_t file,
                  struct str name, struct str sha256, struct err *err)
{
	struct draft draft = { .write = write, .books = books, .reg = reg, .err = err };
	BUF(list);
	BUF(reason);
	int r = begin(&draft, id, 0);
	if (r < 0)
		return r;
	if (!record_may(books, write->actor, reg, RECORD_EDIT))
		return err_set(err, -EPERM, "your role may not change records here");
	if (!row_may_edit(books, write->actor, reg, draft.old))
		return err_set(err, -EPERM, "this record is in its last state and is not changed any more");
	struct str before = cell_str(draft.old[field->column]);
	if (value_ids(write->arena, before).n >= REGISTER_LIST_MOST)
		return err_set(err, -EINVAL, "this record has too many files");
	if (before.n > 2)
		buf_printf(&list, "%.*s,%lld]", (int)before.n - 1, before.p, (long long)file);
	else
		buf_printf(&list, "[%lld]", (long long)file);
	draft.now[field->column] = cell_text(arena_str(write->arena, buf_str(&list)));
	buf_printf(&reason, "%.*s sha256:%.*s", STR_ARG(name), STR_ARG(sha256));
	return save(&draft, STR("attach"), buf_str(&reason), NULL);
}

int record_unmask(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, struct str name, struct str reason,
                  struct str *clear, struct err *err)
{
	struct draft draft = { .write = write, .books = books, .reg = reg, .err = err };
	const struct field *field = register_field(reg, name);
	BUF(after);
	int r = begin(&draft, id, 0);
	if (r < 0)
		return r;
	if (!record_may(books, write->actor, reg, RECORD_UNMASK))
		return err_set(err, -EPERM, "your role may not see this unmasked");
	reason_check(&draft, reason, true);
	r = problems_end(&draft, -EINVAL);
	if (r < 0)
		return r;
	if (!field || !field->sensitive)
		return err_set(err, -EINVAL, "'%.*s' is not masked", STR_ARG(name));
	struct str sealed = cell_str(draft.old[field->column]);
	*clear = STR_NONE;
	if (sealed.p)
		r = vault_unseal(write->arena, books->vault, row_where(write->arena, reg, field), sealed, clear, err);
	if (r < 0)
		return r;
	json_open_map(&after, NULL);
	json_put(&after, "field", field->name);
	buf_add_char(&after, '}');
	struct change change = { .kind = reg->name, .object = id, .org = row_int(draft.old, SYSTEM_ORG), .action = STR("unmask"), .after = buf_str(&after),
		                 .reason = reason };
	return write_journal(write, &change, NULL, err);
}

int record_by_key(struct arena *arena, struct db *db, const struct books *books, const struct register_ *reg, int64_t org, const struct doc *values,
                  int64_t *id, struct err *err)
{
	struct cell *cells = cells_new(arena, reg, NULL);
	*id = 0;
	cells[SYSTEM_ORG] = cell_int(org);
	cells[SYSTEM_NUMBER] = cell_text(doc_text(values, "number"));
	for (size_t i = 0; i < reg->key.n; i++) {
		const struct field *field = register_field(reg, reg->key.p[i]);
		const struct doc *value = doc_get(values, reg->key.p[i]);
		struct note what;
		if (!field || !value)
			continue;
		if (!value_take(arena, field, value, &cells[field->column], &what))
			return 0;
		if (field->sensitive && cells[field->column].p && books->vault)
			cells[field->column + 1] = cell_text(vault_index(arena, books->vault, row_where(arena, reg, field), cell_str(cells[field->column])));
	}
	return reg->key.n ? equal_find(arena, db, reg, &reg->key, cells, id, err) : 0;
}
