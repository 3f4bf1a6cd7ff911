/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * home: what waits for this person: transitions that they can do now, running clocks, what is overdue, who is on duty.
 *
 * A record waits when its state is one that wants something done (of tone info, warn or bad) and this person may take it further. Each
 * question looks at a bounded number of rows by an index; counts stop at HOME_COUNT, and say so.
 */
#include "api/office.h"
#include "base/clock.h"
#include "case/finding.h"
#include "case/grade.h"
#include "register/date.h"
#include "register/record_row.h"
#include "register/said.h"
#include "register/titles.h"

extern const struct route routes_home[];

enum { HOME_TASKS = 40, HOME_LOOKED = 25 /* rows of a register and state */, HOME_LIST = 50, HOME_COUNT = 1000, SOON_DAYS = 45 };

struct task {
	const struct register_ *reg;
	struct cell *cells;
	const char *due;    /* the date field that it is judged by, or NULL */
	bool mine;
};
struct tasks {
	struct task p[HOME_TASKS];
	size_t n;
	struct titles titles;
};

/* SQL in which each "@" followed by a column becomes the condition that it is one of this person's organisations, with one parameter. Two
 * texts and not one with OR: only so the index that begins with the organisation is used below the root. */
static const char *own(struct request *request, const char *sql)
{
	BUF(out);
	for (struct str rest = str_from(sql); rest.p && rest.n;) {
		buf_add(&out, str_cut(&rest, '@'));
		if (!rest.p)
			break;
		struct str column = str_word(&rest);
		if (request->actor->whole)
			buf_puts(&out, "? > 0");
		else
			buf_printf(&out, "%.*s IN (SELECT org FROM ward_subtree WHERE ancestor = ?)", STR_ARG(column));
	}
	return arena_str(request->arena, buf_str(&out)).p;
}

/* Does this state want something done, and may this person's roles do it? */
static bool state_waits(const struct register_ *reg, const struct choice *state, uint64_t roles)
{
	const struct transition *transitions = reg->transitions.p;
	static const int quiet[] = { 0, 2 }; /* "neutral", "good" */
	if (state->final || state->tone == quiet[0] || state->tone == quiet[1])
		return false;
	for (size_t i = 0; i < reg->transitions.n; i++)
		for (size_t j = 0; j < transitions[i].from.n; j++)
			if (!transitions[i].automatic && (transitions[i].by & roles) && str_eq(transitions[i].from.p[j], state->name))
				return true;
	return false;
}

static bool can_do_anything(const struct actor *actor, const struct register_ *reg, const struct cell *cells)
{
	const struct transition *transitions = reg->transitions.p;
	for (size_t i = 0; i < reg->transitions.n; i++)
		if (row_may_transit(actor, reg, cells, &transitions[i], NULL) == 0)
			return true;
	return false;
}

static const char *due_field(const struct register_ *reg)
{
	static const char *const names[] = { "due", "acknowledge_due", "expires", "valid_to" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (register_field(reg, str_from(names[i])))
			return names[i];
	return NULL;
}

/* Is it theirs by name? */
static bool is_mine(const struct actor *actor, const struct register_ *reg, const struct cell *cells)
{
	static const char *const names[] = { "responsible", "owner", "person", "commander", "custodian" };
	for (size_t i = 0; actor->person && i < COUNT(names); i++) {
		const struct field *field = register_field(reg, str_from(names[i]));
		if (field && field->type == FIELD_PERSON && cell_int_or(cells[field->column], 0) == actor->person)
			return true;
	}
	return false;
}

/* The ones that are theirs by name go before the others. */
static void task_add(struct tasks *tasks, const struct task *task)
{
	size_t at = tasks->n;
	if (task->mine)
		for (at = 0; at < tasks->n && tasks->p[at].mine;)
			at++;
	if (at >= HOME_TASKS)
		return;
	size_t last = MIN(tasks->n, (size_t)HOME_TASKS - 1);
	memmove(&tasks->p[at + 1], &tasks->p[at], (last - at) * sizeof(*task));
	tasks->p[at] = *task;
	tasks->n = last + 1;
}

static int state_look(struct request *request, struct tasks *tasks, const struct register_ *reg, const struct choice *state, struct err *err)
{
	const char *sql = arena_printf(request->arena, "%s WHERE state = ? AND withdrawn IS NULL AND @org ORDER BY id DESC LIMIT ?", reg->select).p;
	DB_QUERY(query);
	int r = db_query(&query, request->db, own(request, sql), err);
	if (r < 0)
		return r;
	db_bind_text(&query, state->name);
	db_bind_int(&query, request->actor->whole ? 1 : request->actor->org);
	db_bind_int(&query, HOME_LOOKED);
	while ((r = db_step(&query, err)) > 0) {
		struct task task = { .reg = reg, .cells = row_cells(request->arena, &query, reg, 0), .due = due_field(reg) };
		if (!can_do_anything(request->actor, reg, task.cells))
			continue;
		task.mine = is_mine(request->actor, reg, task.cells);
		task_add(tasks, &task);
	}
	return r;
}

static int tasks_find(struct request *request, struct tasks *tasks, struct err *err)
{
	const struct office *office = office_of(request);
	int r = 0;
	titles_init(&tasks->titles, request->arena, &office->books, request->lang);
	for (size_t i = 0; r == 0 && i < office->registers->n; i++) {
		const struct register_ *reg = &office->registers->p[i];
		const struct choice *states = reg->states.p;
		if (!record_may(&office->books, request->actor, reg, RECORD_READ))
			continue;
		for (size_t j = 0; r == 0 && j < reg->states.n; j++)
			if (state_waits(reg, &states[j], request->actor->roles))
				r = state_look(request, tasks, reg, &states[j], err);
	}
	for (size_t i = 0; i < tasks->n; i++)
		titles_want_row(&tasks->titles, tasks->p[i].reg, tasks->p[i].cells);
	return r < 0 ? r : titles_read(&tasks->titles, request->db, err);
}

static void task_put(struct request *request, struct tasks *tasks, const struct task *task)
{
	struct buf *out = &request->out;
	const struct transition *transitions = task->reg->transitions.p;
	json_open_map(out, NULL);
	json_put(out, "register", task->reg->name);
	json_put_int(out, "id", row_int(task->cells, SYSTEM_ID));
	json_put_int(out, "org", row_int(task->cells, SYSTEM_ORG));
	struct str org = titles_get(&tasks->titles, registers_find(office_of(request)->registers, STR("org")), row_int(task->cells, SYSTEM_ORG));
	json_put(out, "org_name", org.p ? org : STR(""));
	json_put(out, "title", titles_of(&tasks->titles, task->reg, task->cells));
	json_put(out, "state", row_state(task->cells));
	json_put_int(out, "since", row_int(task->cells, SYSTEM_STATE_SINCE));
	if (task->due) {
		const struct field *field = register_field(task->reg, str_from(task->due));
		json_key(out, "due");
		cell_add_json(out, task->cells[field->column]);
	}
	json_put_flag(out, "mine", task->mine);
	json_open_list(out, "transitions");
	for (size_t i = 0; i < task->reg->transitions.n; i++)
		if (row_may_transit(request->actor, task->reg, task->cells, &transitions[i], NULL) == 0)
			json_put(out, NULL, transitions[i].name);
	buf_puts(out, "]}");
}

static bool may_read(struct request *request, const char *name)
{
	const struct office *office = office_of(request);
	const struct register_ *reg = registers_find(office->registers, str_from(name));
	return reg && record_may(&office->books, request->actor, reg, RECORD_READ);
}

static int clocks_put(struct request *request, int64_t now, struct err *err)
{
	struct buf *out = &request->out;
	DB_QUERY(query);
	json_open_list(out, "clocks");
	if (!may_read(request, "incident")) {
		buf_add_char(out, ']');
		return 0;
	}
	int r = db_query(&query, request->db, own(request,
	                 "SELECT c.id, c.incident, c.org, c.rule, c.round, c.starts, c.due, c.state, c.warned, i.number, i.summary FROM ward_clock c"
	                 " JOIN incident i ON i.id = c.incident WHERE c.state IN ('running', 'missed') AND i.state <> 'closed' AND i.withdrawn IS NULL"
	                 " AND @c.org ORDER BY c.state, coalesce(c.due, c.starts) LIMIT ?"),
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, request->actor->whole ? 1 : request->actor->org);
	db_bind_int(&query, HOME_LIST);
	while ((r = db_step(&query, err)) > 0) {
		struct clock_row row = { .id = db_int(&query, 0), .incident = db_int(&query, 1), .org = db_int(&query, 2), .rule = db_text(&query, 3),
			                 .round = db_int(&query, 4), .starts = db_int(&query, 5), .due = db_int_or(&query, 6, 0), .state = db_text(&query, 7),
			                 .warned = db_int(&query, 8) };
		clock_row_put(out, office_of(request)->laws, &row, now);
		out->n--; /* its closing brace: two members more */
		json_put(out, "number", db_text(&query, 9));
		json_put(out, "summary", db_text(&query, 10));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return r;
}

/* Rows of a query with subtree and limit as its last parameters, as objects of its columns. */
static int rows_put(struct request *request, const char *name, const char *reg, const char *sql, struct str first, struct err *err)
{
	struct buf *out = &request->out;
	DB_QUERY(query);
	int r = db_query(&query, request->db, own(request, sql), err);
	if (r < 0)
		return r;
	if (first.p)
		db_bind_text(&query, first);
	db_bind_int(&query, request->actor->whole ? 1 : request->actor->org);
	db_bind_int(&query, HOME_LIST);
	if (name)
		json_open_list(out, name);
	while ((r = db_step(&query, err)) > 0) {
		json_open_map(out, NULL);
		if (reg)
			json_put(out, "register", str_from(reg));
		for (size_t i = 0; i < db_width(&query); i++) {
			struct cell value = db_cell(&query, i);
			if (strcmp(db_name(&query, i), "title") == 0)
				value = cell_text(said_in(office_of(request)->books.said, request->lang, cell_str(value)));
			json_key(out, db_name(&query, i));
			cell_add_json(out, value);
		}
		buf_add_char(out, '}');
	}
	if (name)
		buf_add_char(out, ']');
	return r;
}

/* What is late, each by the day or the moment that it is late by. */
static const struct {
	const char *reg, *sql;
	bool moment;
} overdue[] = {
	{ "finding",
	  "SELECT id, number, org, title, severity, state, due, responsible, escalated_to, 'due' AS why FROM finding"
	  " WHERE state IN ('issued', 'acknowledged', 'fixing') AND due < ? AND withdrawn IS NULL AND @org ORDER BY due LIMIT ?",
	  false },
	{ "finding",
	  "SELECT id, number, org, title, severity, state, acknowledge_due AS due, responsible, 'acknowledge' AS why FROM finding"
	  " WHERE state = 'issued' AND acknowledge_due < ? AND withdrawn IS NULL AND @org ORDER BY acknowledge_due LIMIT ?",
	  false },
	{ "notice",
	  "SELECT id, number, org, title, colour, state, acknowledge_due AS due, 'acknowledge' AS why FROM notice"
	  " WHERE state IN ('received', 'distributed') AND acknowledge_due < CAST(? AS BIGINT) AND withdrawn IS NULL AND @org"
	  " ORDER BY id LIMIT ?",
	  true },
	{ "notice",
	  "SELECT id, number, org, title, colour, state, feedback_due AS due, 'feedback' AS why FROM notice"
	  " WHERE state IN ('acknowledged', 'acting') AND feedback_due < CAST(? AS BIGINT) AND withdrawn IS NULL AND @org"
	  " ORDER BY id LIMIT ?",
	  true },
	{ "incident",
	  "SELECT id, number, org, summary AS title, state, summary_due AS due, 'summary' AS why FROM incident"
	  " WHERE state = 'ended' AND summary_due < ? AND withdrawn IS NULL AND @org ORDER BY id LIMIT ?",
	  false },
};

static int overdue_put(struct request *request, int64_t now, struct err *err)
{
	struct str today = date_text(request->arena, date_of(now));
	struct str moment = arena_printf(request->arena, "%lld", (long long)now);
	int r = 0;
	json_open_list(&request->out, "overdue");
	for (size_t i = 0; r == 0 && i < COUNT(overdue); i++)
		if (may_read(request, overdue[i].reg))
			r = rows_put(request, NULL, overdue[i].reg, overdue[i].sql, overdue[i].moment ? moment : today, err);
	buf_add_char(&request->out, ']');
	return r;
}

static int duty_put(struct request *request, int64_t now, struct err *err)
{
	struct str today = date_text(request->arena, date_of(now));
	if (!may_read(request, "duty")) {
		json_open_list(&request->out, "duty");
		buf_add_char(&request->out, ']');
		return 0;
	}
	return rows_put(request, "duty", NULL,
	                "SELECT d.id, d.org, d.slot_on, d.slot, d.place, d.place_name, d.state, d.person, p.name AS person_name FROM duty d"
	                " LEFT JOIN person p ON p.id = d.person WHERE d.slot_on = ? AND d.withdrawn IS NULL"
	                " AND @d.org ORDER BY d.id LIMIT ?",
	                today, err);
}

/* Yearly duties of the law that come near, where this person's organisation is. */
static int dates_put(struct request *request, int64_t now, struct err *err)
{
	const struct office *office = office_of(request);
	int64_t today = date_of(now);
	struct str where, day = date_text(request->arena, today);
	int r = cases_jurisdiction(request->arena, request->db, &office->cases, request->actor->org, &where, err);
	if (r < 0)
		return r;
	json_open_list(&request->out, "dates");
	for (size_t i = 0; i < office->laws->n_clocks; i++) {
		const struct clock_rule *rule = &office->laws->clocks[i];
		int64_t on;
		if (!rule->on.n || !rule->enabled || !str_eq(rule->jurisdiction, where) || !law_holds(rule->effective_from, rule->effective_to, day))
			continue;
		struct str this_year = arena_printf(request->arena, "%.4s-%.*s", day.p, STR_ARG(rule->on));
		if (!date_read(this_year, &on) || on < today || on > today + SOON_DAYS)
			continue;
		json_open_map(&request->out, NULL);
		json_put(&request->out, "rule", rule->id);
		text_put(&request->out, "title", &rule->title);
		json_put(&request->out, "due", this_year);
		json_put_int(&request->out, "days", on - today);
		json_put_flag(&request->out, "verified", rule->verified);
		buf_add_char(&request->out, '}');
	}
	buf_add_char(&request->out, ']');
	return 0;
}

/* Counted up to HOME_COUNT. */
static int count_put(struct request *request, const char *name, const char *from, struct err *err)
{
	const char *sql = arena_printf(request->arena, "SELECT count(*) FROM (SELECT 1 FROM %s AND withdrawn IS NULL AND @org LIMIT ?) AS few", from).p;
	DB_QUERY(query);
	int r = db_query(&query, request->db, own(request, sql), err);
	if (r < 0)
		return r;
	db_bind_int(&query, request->actor->whole ? 1 : request->actor->org);
	db_bind_int(&query, HOME_COUNT);
	r = db_step(&query, err);
	json_put_int(&request->out, name, r > 0 ? db_int(&query, 0) : 0);
	return r < 0 ? r : 0;
}

static int counts_put(struct request *request, const struct tasks *tasks, struct err *err)
{
	int r = 0;
	json_open_map(&request->out, "counts");
	json_put_int(&request->out, "tasks", (int64_t)tasks->n);
	json_put_flag(&request->out, "more_tasks", tasks->n == HOME_TASKS);
	json_put_int(&request->out, "most", HOME_COUNT);
	if (may_read(request, "finding")) {
		r = count_put(request, "open_findings", "finding WHERE state IN ('open', 'issued', 'acknowledged', 'fixing', 'submitted', 'verified', 'disputed')",
		              err);
		if (r == 0)
			r = count_put(request, "without_owner", "finding WHERE state = 'open' AND responsible IS NULL", err);
		if (r == 0)
			r = count_put(request, "overdue", "finding WHERE state IN ('issued', 'acknowledged', 'fixing') AND overdue = 1", err);
	}
	if (r == 0 && may_read(request, "incident"))
		r = count_put(request, "open_incidents",
		              "incident WHERE state IN ('detected', 'reported', 'graded', 'responding', 'contained', 'recovering', 'ended', 'summarised')", err);
	buf_add_char(&request->out, '}');
	return r;
}

static int get_home(struct request *request, struct err *err)
{
	struct tasks *tasks = ARENA_NEW(request->arena, struct tasks);
	int64_t now = clock_now();
	int r = tasks_find(request, tasks, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "tasks");
	for (size_t i = 0; i < tasks->n; i++)
		task_put(request, tasks, &tasks->p[i]);
	buf_add_char(&request->out, ']');
	r = clocks_put(request, now, err);
	if (r == 0)
		r = overdue_put(request, now, err);
	if (r == 0)
		r = duty_put(request, now, err);
	if (r == 0)
		r = dates_put(request, now, err);
	if (r == 0)
		r = counts_put(request, tasks, err);
	json_put_int(&request->out, "now", now);
	buf_add_char(&request->out, '}');
	return r;
}

const struct route routes_home[] = {
	{ METHOD_GET, "/api/home", "getHome", "what waits for this person", .gives = "Home", .handle = get_home },
	{ 0 },
};
