/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/clock.h"

#include "base/clock.h"
#include "base/vec.h"
#include "case/grade.h"
#include "data/json.h"
#include "register/calendar.h"
#include "register/date.h"

enum { DAY = 86400 };

const struct migration case_migrations[] = {
	{ 300, "clocks of incidents",
	  "CREATE TABLE ward_clock (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, org INTEGER NOT NULL, rule TEXT NOT NULL,"
	  " round INTEGER NOT NULL, starts INTEGER NOT NULL, due INTEGER, state TEXT NOT NULL, warned INTEGER NOT NULL, sent INTEGER,"
	  " sent_by INTEGER, receipt TEXT, UNIQUE (incident, rule, round));"
	  "CREATE INDEX ward_clock_state ON ward_clock (state, due);"
	  "CREATE INDEX ward_clock_org ON ward_clock (org, state)" },
	{ 301, "what incidents are made of",
	  "CREATE TABLE ward_incident_fact (incident INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, kind INTEGER NOT NULL,"
	  " set_at INTEGER NOT NULL, set_by INTEGER NOT NULL, PRIMARY KEY (incident, name));"
	  "CREATE TABLE ward_timeline (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL,"
	  " kind TEXT NOT NULL, made INTEGER NOT NULL, made_by INTEGER NOT NULL, made_by_name TEXT NOT NULL);"
	  "CREATE INDEX ward_timeline_incident ON ward_timeline (incident, at);"
	  "CREATE TABLE ward_incident_evidence (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL,"
	  " title TEXT NOT NULL, sha256 TEXT NOT NULL, content TEXT, made INTEGER NOT NULL, made_by INTEGER NOT NULL,"
	  " made_by_name TEXT NOT NULL, UNIQUE (incident, kind, reference));"
	  "CREATE TABLE ward_incident_report (id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, stage TEXT NOT NULL, rule TEXT NOT NULL,"
	  " sent INTEGER NOT NULL, receipt TEXT, sha256 TEXT NOT NULL, page TEXT NOT NULL);"
	  "CREATE INDEX ward_incident_report_incident ON ward_incident_report (incident, sent)" },
	{ 302, "retests that were asked for",
	  "CREATE TABLE ward_retest (finding INTEGER PRIMARY KEY, host INTEGER NOT NULL, check_id TEXT NOT NULL, asked INTEGER NOT NULL)" },
	{ 0 },
};

/* ---- when it is due ---- */

/* Days since 1970 of a date some years after that of a day. 29 February becomes 28. */
static int64_t years_after(int64_t day, int64_t years)
{
	int64_t year = 1970, month = 1;
	while (clock_days(year + 1, 1, 1) <= day)
		year++;
	while (month < 12 && clock_days(year, month + 1, 1) <= day)
		month++;
	int64_t of_month = day - clock_days(year, month, 1) + 1;
	if (month == 2 && of_month == 29 && clock_days(year + years, 3, 1) - clock_days(year + years, 2, 1) == 28)
		of_month = 28;
	return clock_days(year + years, month, of_month);
}

int64_t clock_due(const struct clock_limit *limit, const struct calendar *calendar, int64_t starts)
{
	if (limit->prompt)
		return 0;
	if (limit->years)
		return starts + (years_after(starts / DAY, limit->years) - starts / DAY) * DAY;
	if (limit->working_days) /* the whole of the last working day counts */
		return date_start(calendar_add(calendar, date_of(starts), limit->working_days) + 1) - 1;
	return starts + limit->minutes * 60 + limit->hours * 3600 + limit->days * DAY;
}

static const char *state_of(const struct clock_row *row, enum holds holds, int64_t now)
{
	if (row->sent)
		return row->due && row->sent > row->due ? "late" : "met";
	if (holds != HOLDS_YES)
		return "void";
	return row->due && now > row->due ? "missed" : "running";
}

static int64_t percent_of(const struct clock_row *row, int64_t now)
{
	if (!row->due || row->due <= row->starts)
		return 0;
	double share = (double)(now - row->starts) / (double)(row->due - row->starts);
	return share >= 1 ? 100 : share >= 0.8 ? 80 : share >= 0.5 ? 50 : 0;
}

/* ---- rows ---- */

#define ROW_COLUMNS "id, incident, org, rule, round, starts, due, state, warned, sent, receipt"

static struct clock_row row_read(struct arena *arena, struct db_query *query)
{
	return (struct clock_row){ .id = db_int(query, 0), .incident = db_int(query, 1), .org = db_int(query, 2),
		                   .rule = arena_str(arena, db_text(query, 3)), .round = db_int(query, 4), .starts = db_int(query, 5),
		                   .due = db_int_or(query, 6, 0), .state = arena_str(arena, db_text(query, 7)), .warned = db_int(query, 8),
		                   .sent = db_int_or(query, 9, 0), .receipt = arena_str(arena, db_text(query, 10)) };
}

static int rows_read(struct arena *arena, struct db_query *query, struct clock_rows *out, struct err *err)
{
	struct {
		struct clock_row *p;
		size_t n, room;
	} rows = { 0 };
	int r;
	while ((r = db_step(query, err)) > 0)
		vec_push_in(arena, &rows, row_read(arena, query));
	*out = (struct clock_rows){ rows.p, rows.n };
	return r;
}

int clocks_of(struct arena *arena, struct db *db, int64_t incident, struct clock_rows *out, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, db, "SELECT " ROW_COLUMNS " FROM ward_clock WHERE incident = ? ORDER BY starts, rule, round", err);
	if (r < 0)
		return r;
	db_bind_int(&query, incident);
	return rows_read(arena, &query, out, err);
}

static void row_put(struct buf *out, const struct clock_row *row)
{
	buf_clear(out);
	json_open_map(out, NULL);
	json_put(out, "rule", row->rule);
	json_put_int(out, "round", row->round);
	json_put(out, "state", row->state);
	json_put_int(out, "starts", row->starts);
	if (row->due)
		json_put_int(out, "due", row->due);
	if (row->warned)
		json_put_int(out, "warned", row->warned);
	if (row->sent)
		json_put_int(out, "sent", row->sent);
	if (row->receipt.n)
		json_put(out, "receipt", row->receipt);
	buf_add_char(out, '}');
}

static int row_journal(struct write *write, const struct clock_row *before, const struct clock_row *after, const char *action,
                       struct err *err)
{
	BUF(old);
	BUF(new);
	if (before)
		row_put(&old, before);
	row_put(&new, after);
	struct change change = { .kind = STR("clock"), .object = after->id, .org = after->org, .action = str_from(action),
		                 .before = before ? buf_str(&old) : STR_NONE, .after = buf_str(&new) };
	return write_journal(write, &change, NULL, err);
}

static int64_t or_none(int64_t value)
{
	return value ? value : NONE;
}

static int row_insert(struct write *write, struct clock_row *row, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, write->db,
	                 "INSERT INTO ward_clock (incident, org, rule, round, starts, due, state, warned) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	                 " RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, row->incident);
	db_bind_int(&query, row->org);
	db_bind_text(&query, row->rule);
	db_bind_int(&query, row->round);
	db_bind_int(&query, row->starts);
	db_bind_cell(&query, cell_int(or_none(row->due)));
	db_bind_text(&query, row->state);
	db_bind_int(&query, row->warned);
	r = db_step(&query, err);
	if (r < 0)
		return r;
	row->id = db_int(&query, 0);
	r = db_do(&query, err);
	return r < 0 ? r : row_journal(write, NULL, row, "start", err);
}

static int row_update(struct write *write, const struct clock_row *before, const struct clock_row *row, const char *action, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, write->db,
	                 "UPDATE ward_clock SET starts = ?, due = ?, state = ?, warned = ?, sent = ?, sent_by = ?, receipt = ?, org = ?"
	                 " WHERE id = ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, row->starts);
	db_bind_cell(&query, cell_int(or_none(row->due)));
	db_bind_text(&query, row->state);
	db_bind_int(&query, row->warned);
	db_bind_cell(&query, cell_int(or_none(row->sent)));
	db_bind_cell(&query, cell_int(row->sent ? write->actor->id : NONE));
	db_bind_text(&query, row->receipt.n ? row->receipt : STR_NONE);
	db_bind_int(&query, row->org);
	db_bind_int(&query, row->id);
	r = db_do(&query, err);
	return r < 0 ? r : row_journal(write, before, row, action, err);
}

/* ---- in line with the facts ---- */

struct update {
	struct write *write;
	const struct calendar *calendar;
	int64_t incident, org;
	const struct case_facts *facts;
	const struct clock_rows *rows;
};

static const struct clock_row *last_round(const struct clock_rows *rows, struct str rule)
{
	const struct clock_row *last = NULL;
	for (size_t i = 0; i < rows->n; i++)
		if (str_eq(rows->p[i].rule, rule) && (!last || rows->p[i].round > last->round))
			last = &rows->p[i];
	return last;
}

static const char *action_of(const struct clock_row *before, const struct clock_row *after)
{
	if (!str_eq(before->state, after->state))
		return str_is(after->state, "void") ? "void" : str_is(before->state, "void") ? "resume" : after->state.p;
	return "move";
}

/* Further rounds of a rule that begins anew, one after each that was sent or missed. */
static int rounds_add(struct update *update, const struct clock_rule *rule, struct clock_row last, struct err *err)
{
	int r = 0;
	while (r == 0 && last.round < CLOCK_ROUNDS && !str_is(last.state, "running") && !str_is(last.state, "void")) {
		struct clock_row next = { .incident = update->incident, .org = update->org, .rule = rule->id, .round = last.round + 1,
			                  .starts = last.due, .due = clock_due(&rule->limit, update->calendar, last.due) };
		next.state = str_from(state_of(&next, HOLDS_YES, update->write->now));
		next.warned = str_is(next.state, "missed") ? 100 : 0;
		r = row_insert(update->write, &next, err);
		last = next;
	}
	return r;
}

/* A row that there is: what it says now. */
static int row_refresh(struct update *update, const struct clock_rule *rule, const struct clock_row *row, enum holds holds, int64_t starts,
                       struct clock_row *out, struct err *err)
{
	*out = *row;
	out->org = update->org;
	if (row->round == 1 && starts) {
		out->starts = starts;
		out->due = clock_due(&rule->limit, update->calendar, starts);
	}
	out->state = str_from(state_of(out, holds, update->write->now));
	if (out->due != row->due || str_is(row->state, "void"))
		out->warned = percent_of(out, update->write->now);
	if (str_eq(out->state, row->state) && out->starts == row->starts && out->due == row->due && out->org == row->org)
		return 0;
	return row_update(update->write, row, out, action_of(row, out), err);
}

static int rule_update(struct update *update, const struct clock_rule *rule, struct err *err)
{
	bool dismissed = cell_int_or(case_facts_get(update->facts, STR("dismissed")), 0) != 0;
	enum holds holds = dismissed ? HOLDS_NO : conditions_hold(&rule->when, update->facts);
	struct cell from = case_facts_get(update->facts, rule->start);
	int64_t starts = cell_int_or(from, 0);
	const struct clock_row *last = last_round(update->rows, rule->id);
	struct clock_row now = { 0 };
	int r = 0;
	if (!last) {
		if (holds != HOLDS_YES || !starts)
			return 0;
		now = (struct clock_row){ .incident = update->incident, .org = update->org, .rule = rule->id, .round = 1, .starts = starts,
			                  .due = clock_due(&rule->limit, update->calendar, starts) };
		now.state = str_from(state_of(&now, holds, update->write->now));
		now.warned = percent_of(&now, update->write->now);
		r = row_insert(update->write, &now, err);
	}
	for (size_t i = 0; r == 0 && i < update->rows->n; i++) {
		const struct clock_row *row = &update->rows->p[i];
		if (!str_eq(row->rule, rule->id))
			continue;
		struct clock_row fresh;
		/* A day that passed without its report stays missed, whatever ends the duty later. */
		enum holds its = !dismissed && (rule->stays || row != last) ? HOLDS_YES : holds;
		r = row_refresh(update, rule, row, its, starts, &fresh, err);
		if (row == last)
			now = fresh;
	}
	if (r == 0 && rule->every && holds == HOLDS_YES)
		r = rounds_add(update, rule, now, err);
	return r;
}

/* When the first report went out, of the rules that ask for one. */
static void first_put(const struct laws *laws, const struct clock_rows *rows, struct case_facts *facts)
{
	int64_t first = 0;
	for (size_t i = 0; i < rows->n; i++) {
		const struct clock_rule *rule = laws_clock(laws, rows->p[i].rule);
		if (rule && rule->report == REPORT_FIRST && rows->p[i].sent && (!first || rows->p[i].sent < first))
			first = rows->p[i].sent;
	}
	case_facts_put(facts, STR("first_report"), cell_int(first ? 1 : 0));
	case_facts_put(facts, STR("first_sent"), cell_int(or_none(first)));
}

int clocks_update(struct write *write, const struct laws *laws, const struct calendar *calendar, int64_t incident, int64_t org,
                  struct str jurisdiction, struct case_facts *facts, struct err *err)
{
	struct clock_rows rows;
	struct update update = { write, calendar, incident, org, facts, &rows };
	struct str day = date_text(write->arena, date_of(cell_int_or(case_facts_get(facts, STR("t0")), write->now)));
	int r = clocks_of(write->arena, write->db, incident, &rows, err);
	if (r < 0)
		return r;
	first_put(laws, &rows, facts);
	for (size_t i = 0; r == 0 && i < laws->n_clocks; i++) {
		const struct clock_rule *rule = &laws->clocks[i];
		bool ours = rule->kind == CLOCK_INCIDENT && rule->enabled && str_eq(rule->jurisdiction, jurisdiction) &&
		            law_holds(rule->effective_from, rule->effective_to, day);
		if (ours || last_round(&rows, rule->id)) /* what once ran is kept in line whatever became of its rule */
			r = rule_update(&update, rule, err);
	}
	return r;
}

int clocks_sent(struct write *write, const struct laws *laws, int64_t incident, struct str rule, int64_t at, struct str receipt, int *stage,
                struct err *err)
{
	struct clock_rows rows;
	const struct clock_rule *its = laws_clock(laws, rule);
	int r = clocks_of(write->arena, write->db, incident, &rows, err);
	if (r < 0)
		return r;
	/* Of several rounds, the first without an answer. */
	const struct clock_row *row = NULL;
	for (size_t i = 0; i < rows.n && !row; i++)
		if (str_eq(rows.p[i].rule, rule) && !rows.p[i].sent && !str_is(rows.p[i].state, "void"))
			row = &rows.p[i];
	if (!row || !its)
		return last_round(&rows, rule) ? err_set(err, -EEXIST, "it was reported already") : err_set(err, -ENOENT, "no such clock runs");
	if (at > write->now)
		return err_set(err, -EINVAL, "a report cannot have been sent in the future");
	if (at < row->starts)
		return err_set(err, -EINVAL, "a report cannot have been sent before the incident was found");
	struct clock_row after = *row;
	after.sent = at;
	after.receipt = receipt;
	after.state = str_from(state_of(&after, HOLDS_YES, write->now));
	*stage = its->report;
	return row_update(write, row, &after, "sent", err);
}

/* ---- by the clock ---- */

int clocks_tick(struct write *write, clock_told told, void *ctx, struct err *err)
{
	struct clock_rows rows;
	{
		DB_QUERY(query);
		int r = db_query(&query, write->db, "SELECT " ROW_COLUMNS " FROM ward_clock WHERE state = 'running' AND due IS NOT NULL", err);
		if (r == 0)
			r = rows_read(write->arena, &query, &rows, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < rows.n; i++) {
		struct clock_row after = rows.p[i];
		int64_t percent = percent_of(&after, write->now);
		after.warned = MAX(after.warned, percent); /* a clock that was set back takes no warning back */
		after.state = str_from(state_of(&after, HOLDS_YES, write->now));
		if (after.warned == rows.p[i].warned && str_eq(after.state, rows.p[i].state))
			continue;
		int r = row_update(write, &rows.p[i], &after, str_is(after.state, "missed") ? "missed" : "warn", err);
		if (r < 0)
			return r;
		if (told)
			told(ctx, &after);
	}
	return 0;
}

int clocks_next(struct db *db, int64_t *next, struct err *err)
{
	DB_QUERY(query);
	*next = INT64_MAX;
	int r = db_query(&query, db, "SELECT starts, due, warned FROM ward_clock WHERE state = 'running' AND due IS NOT NULL", err);
	if (r < 0)
		return r;
	while ((r = db_step(&query, err)) > 0) {
		int64_t starts = db_int(&query, 0), due = db_int(&query, 1), warned = db_int(&query, 2), limit = due - starts;
		/* Rounded up, so that the percentage has been reached by then; missed is the second after the limit. */
		int64_t at = warned < 50 ? starts + (limit + 1) / 2 : warned < 80 ? starts + (limit * 4 + 4) / 5 : warned < 100 ? due : due + 1;
		*next = MIN(*next, at);
	}
	return r;
}

/* ---- shown ---- */

void clock_row_put(struct buf *out, const struct laws *laws, const struct clock_row *row, int64_t now)
{
	const struct clock_rule *rule = laws_clock(laws, row->rule);
	json_open_map(out, NULL);
	json_put_int(out, "id", row->id);
	json_put_int(out, "incident", row->incident);
	json_put(out, "rule", row->rule);
	json_put_int(out, "round", row->round);
	json_put(out, "state", row->state);
	json_put_int(out, "starts", row->starts);
	if (row->due)
		json_put_int(out, "due", row->due);
	json_put_int(out, "warned", row->warned);
	if (row->sent) {
		json_put_int(out, "sent", row->sent);
		json_put_int(out, "took", row->sent - row->starts);
	} else if (row->due) {
		json_put_int(out, "left", row->due - now);
	}
	if (row->receipt.n)
		json_put(out, "receipt", row->receipt);
	if (rule) { /* a rule may have been taken out of the content since */
		text_put(out, "title", &rule->title);
		text_put(out, "to", &rule->to);
		text_put(out, "says", &rule->says);
		json_put(out, "report", str_from(report_stage_names[rule->report]));
		json_put(out, "basis", rule->basis);
		json_put(out, "source", rule->source);
		json_put_flag(out, "verified", rule->verified);
	}
	buf_add_char(out, '}');
}
