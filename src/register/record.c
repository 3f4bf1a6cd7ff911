/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/record_draft.h"

#include "base/clock.h"
#include "register/number.h"
#include "register/org.h"
#include "register/value.h"

enum { REASON_MOST = 2000 };

/* ---- writing ---- */

static void put_changed(struct draft *draft, struct buf *out, const struct cell *cells)
{
	const struct register_ *reg = draft->reg;
	const struct field *fields = reg->fields.p;
	static const enum system_column shown[] = { SYSTEM_NUMBER, SYSTEM_ORG, SYSTEM_STATE, SYSTEM_WITHDRAWN };
	json_open_map(out, NULL);
	for (size_t i = 0; i < COUNT(shown); i++) {
		if (draft->old ? draft_same(draft->old[shown[i]], draft->now[shown[i]]) : !cells[shown[i]].p)
			continue;
		json_key(out, reg->columns_all.p[shown[i]].name);
		cell_add_json(out, cells[shown[i]]);
	}
	for (size_t i = 0; i < reg->fields.n; i++)
		if (draft->old ? draft_changed(draft, &fields[i]) : row_is_set(&fields[i], cells))
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
		if (!draft_same(draft->old[i], draft->now[i]))
			buf_printf(&sql, "%s%s = ?", n++ ? ", " : "", reg->columns_all.p[i].name);
	buf_puts(&sql, " WHERE id = ?");
	int r = db_query(&q, draft->write->db, buf_cstr(&sql), draft->err);
	if (r < 0)
		return r;
	for (size_t i = 1; i < reg->columns_all.n; i++)
		if (!draft_same(draft->old[i], draft->now[i]))
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
	if (!str_is(draft->reg->name, "org") || !parent || (draft->old && !draft_changed(draft, parent)))
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
	if (needed && !str_trim(reason).n && !draft_by_ward(draft))
		draft_tell(draft, STR("reason"), NOTE("a reason must be given"));
	if (reason.n > REASON_MOST)
		draft_tell(draft, STR("reason"), NOTE("the reason is too long"));
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
	if (!draft_by_ward(draft) && (!parent || parent->type != DOC_INT))
		draft_tell(draft, STR("parent"), NOTE("this must be filled in"));
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
	draft->now = draft_cells(write->arena, reg, NULL);
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
	draft->now[SYSTEM_ORG] = cell_int(org);
	draft->now[SYSTEM_STATE] = cell_text(states[0].name);
	draft->now[SYSTEM_STATE_SINCE] = draft->now[SYSTEM_CREATED] = cell_int(write->now);
	draft->now[SYSTEM_CREATED_BY] = cell_int(write->actor->id);
	r = draft_set_defaults(draft, values);
	if (r == 0)
		r = draft_set_values(draft, values, NULL);
	if (r == 0)
		r = draft_set_said(draft, reg->on_create);
	if (r < 0)
		return r;
	draft_set_dues(draft, states[0].name, values);
	draft_check_required(draft, values);
	return draft_end(draft, -EINVAL);
}

int record_create(struct write *write, const struct books *books, const struct register_ *reg, int64_t org, const struct doc *values, int64_t *id,
                  struct field_problems *problems, struct err *err)
{
	struct draft draft = { .write = write, .books = books, .reg = reg, .problems = problems, .err = err };
	int r = create_prepare(&draft, org, values);
	if (r == 0 && reg->number.n) {
		struct str number;
		r = number_next(write, reg->name, reg->number, row_int(draft.now, SYSTEM_ORG), &number, err);
		if (r == 0)
			draft.now[SYSTEM_NUMBER] = cell_text(number);
	}
	if (r == 0)
		r = draft_check_unique(&draft);
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
	draft->now = draft_cells(write->arena, draft->reg, cells);
	if (version && version != row_int(cells, SYSTEM_VERSION))
		return err_set(draft->err, -ESTALE, "somebody has changed this record in the meantime; look at it again");
	return 0;
}

static bool anything_changed(const struct draft *draft)
{
	for (size_t i = 0; i < draft->reg->columns_all.n; i++)
		if (!draft_same(draft->old[i], draft->now[i]))
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
	r = draft_set_values(draft, values, NULL);
	if (r < 0)
		return r;
	draft_check_required(draft, values);
	reason_check(draft, reason, false);
	r = draft_end(draft, -EINVAL);
	if (r < 0 || !anything_changed(draft))
		return r;
	r = draft_check_unique(draft);
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
		r = draft_check_unique(&draft);
	return r < 0 ? r : 0;
}

/* Names are those of declarations, which were checked. A row for each that is about the same, with whether it names the actor. */
static int check_among(const struct draft *draft, const struct transition *transition)
{
	const struct among *among = &transition->among;
	const struct register_ *other = registers_find(draft->books->registers, among->reg);
	const struct field *has = register_field(draft->reg, among->has);
	int64_t about = cell_int_or(draft->old[has->column], 0);
	BUF(sql);
	DB_QUERY(q);
	if (!about || !other || draft_by_ward(draft))
		return 0;
	if (!draft->write->actor->person)
		return err_set(draft->err, -EPERM, "your account names no person, so nobody can tell that you are another one");
	buf_puts(&sql, "SELECT COALESCE(SUM(CASE WHEN ? IN (");
	for (size_t i = 0; i < among->persons.n; i++)
		buf_printf(&sql, "%s%.*s", i ? ", " : "", STR_ARG(among->persons.p[i]));
	buf_printf(&sql, ") THEN 1 ELSE 0 END), 0), COUNT(*) FROM %.*s WHERE state = ? AND withdrawn IS NULL AND (',' || substr(%.*s, 2, length(%.*s) - 2) || ',') LIKE ?",
	           STR_ARG(among->reg), STR_ARG(among->where), STR_ARG(among->where));
	int r = db_query(&q, draft->write->db, buf_cstr(&sql), draft->err);
	if (r < 0)
		return r;
	db_bind_int(&q, draft->write->actor->person);
	db_bind_text(&q, among->state);
	db_bind_text(&q, arena_printf(draft->write->arena, "%%,%lld,%%", (long long)about));
	r = db_step(&q, draft->err);
	if (r < 0 || db_int(&q, 0) || !db_int(&q, 1))
		return r < 0 ? r : 0;
	BUF(names);
	for (size_t i = 0; i < among->persons.n; i++) {
		const struct field *field = register_field(other, among->persons.p[i]);
		buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARG(field->label.in[draft->write->actor->lang]));
	}
	return err_set(draft->err, -EPERM, "who does this must be one of these in the register '%.*s': %s", STR_ARG(other->label.in[draft->write->actor->lang]),
	               buf_cstr(&names));
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
	if (r == 0 && transition->among.reg.p)
		r = check_among(&draft, transition);
	if (r < 0)
		return r;
	if (transition->signed_ && !draft_by_ward(&draft) && write->actor->fresh_until < write->now)
		return err_set(err, -EACCES, "this is signed: type your password again");
	if (transition->confirmed && !draft_by_ward(&draft) && !write->actor->confirmed)
		return err_set(err, -EPERM, "another person must confirm this");
	reason_check(&draft, reason, transition->reason);
	r = draft_set_values(&draft, values, transition);
	if (r == 0)
		r = draft_set_said(&draft, transition->sets);
	if (r < 0)
		return r;
	draft.now[SYSTEM_STATE] = cell_text(transition->to);
	draft.now[SYSTEM_STATE_SINCE] = cell_int(write->now);
	draft_set_dues(&draft, transition->to, values);
	for (size_t i = 0; i < transition->needs.n; i++) {
		const struct field *field = register_field(reg, transition->needs.p[i]);
		if (!row_is_set(field, draft.now))
			draft_tell(&draft, field->name, NOTE("this must be filled in before '{}'", transition->label.in[write->actor->lang]));
	}
	r = draft_end(&draft, -EINVAL);
	if (r == 0)
		r = draft_check_unique(&draft);
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
	r = draft_end(&draft, -EINVAL);
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
	r = draft_end(&draft, -EINVAL);
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
	struct cell *cells = draft_cells(arena, reg, NULL);
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
	return reg->key.n ? draft_find_equal(arena, db, reg, &reg->key, cells, id, err) : 0;
}
