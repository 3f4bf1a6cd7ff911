/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/finding.h"

#include "base/vec.h"
#include "register/calendar.h"
#include "register/date.h"

enum { TICK_MOST = 500, ACCEPT_DAYS_MOST = 366 };

int64_t finding_due(const struct cases *cases, struct str severity, int64_t day)
{
	enum severity at = SEVERITY_MEDIUM;
	for (int i = 0; i < SEVERITY_COUNT; i++)
		if (str_is(severity, severity_names[i]))
			at = (enum severity)i;
	int64_t days = rectify_days(cases_rectify(cases), at);
	return cases_rectify(cases)->unit == RECTIFY_WORKING_DAYS ? calendar_add(cases->books->calendar, day, days) : day + days;
}

int finding_owner(struct db *db, int64_t org, enum observed_source source, int64_t *person, struct err *err)
{
	static const char *const technical[] = { "operate", "security", "manage", "leader" };
	static const char *const managed[] = { "manage", "security", "operate", "leader" };
	const char *const *order = source == OBSERVED_CHECK ? technical : managed;
	size_t best = COUNT(technical);
	DB_QUERY(query);
	*person = 0;
	int r = db_query(&query, db,
	                 "SELECT duty_kind, person_a FROM post WHERE org = ? AND state = 'in_force' AND withdrawn IS NULL ORDER BY id", err);
	if (r < 0)
		return r;
	db_bind_int(&query, org);
	while ((r = db_step(&query, err)) > 0)
		for (size_t i = 0; i < best; i++)
			if (str_is(db_text(&query, 0), order[i]) && db_int_or(&query, 1, 0)) {
				*person = db_int(&query, 1);
				best = i;
			}
	return r;
}

/* ---- what holds whoever changes it ---- */

static int64_t int_of(const struct doc *record, const char *name)
{
	const struct doc *value = doc_get(record, str_from(name));
	return value && value->type == DOC_INT ? value->integer : value && value->type == DOC_BOOL ? value->boolean : 0;
}

static bool has_role(const struct write *write, const struct cases *cases, const char *role)
{
	for (size_t i = 0; i < cases->books->roles->n; i++)
		if (str_is(cases->books->roles->p[i], role))
			return (write->actor->roles >> i & 1) != 0;
	return false;
}

static int set_values(struct write *write, const struct cases *cases, int64_t id, const struct buf *values, const char *reason, struct err *err)
{
	struct actor ward = actor_ward();
	struct write own = cases_own(write, &ward);
	return record_edit(&own, cases->books, cases_register(cases, "finding"), id, 0, cases_values(write->arena, values), str_from(reason), NULL, err);
}

static int move(struct write *write, const struct cases *cases, int64_t id, const char *transition, const struct buf *values, const char *reason,
                struct err *err)
{
	struct actor ward = actor_ward();
	struct write own = cases_own(write, &ward);
	return record_transition(&own, cases->books, cases_register(cases, "finding"), id, 0, str_from(transition),
	                         values ? cases_values(write->arena, values) : NULL, str_from(reason), NULL, err);
}

/* By hand, without an owner or a date: as if a check had found it. */
static int created(const struct cases *cases, struct write *write, const struct record_event *event, struct err *err)
{
	BUF(values);
	int64_t person = 0, today = date_of(write->now);
	if (write->actor->id == ACTOR_WARD)
		return 0;
	json_open_map(&values, NULL);
	if (!int_of(event->after, "responsible")) {
		int r = finding_owner(write->db, event->org, OBSERVED_MANAGEMENT, &person, err);
		if (r < 0)
			return r;
		if (person)
			json_put_int(&values, "responsible", person);
	}
	if (!doc_text(event->after, "due").n)
		json_put(&values, "due", date_text(write->arena, finding_due(cases, doc_text(event->after, "severity"), today)));
	json_put_int(&values, "first_seen", write->now);
	json_put_int(&values, "last_seen", write->now);
	json_put_int(&values, "times_seen", 1);
	buf_add_char(&values, '}');
	return set_values(write, cases, event->id, &values, "", err);
}

/* The time for repair runs from the order; a date that the issuer left as it was moves with it. */
static int issued(const struct cases *cases, struct write *write, const struct record_event *event, struct err *err)
{
	BUF(values);
	int64_t due, today = date_of(write->now), least = finding_due(cases, doc_text(event->after, "severity"), today);
	struct str given = doc_text(event->after, "due");
	bool left = str_eq(given, doc_text(event->before, "due"));
	if (!date_read(given, &due) || (left && due < least)) {
		json_open_map(&values, NULL);
		json_put(&values, "due", date_text(write->arena, least));
		buf_add_char(&values, '}');
		return set_values(write, cases, event->id, &values, "", err);
	}
	return due < today ? err_set(err, -EINVAL, "the due date lies in the past") : 0;
}

static int verified(struct write *write, const struct record_event *event, struct err *err)
{
	int64_t person = write->actor->person;
	if (write->actor->id == ACTOR_WARD)
		return 0;
	if (!person)
		return err_set(err, -EPERM, "your account names no person, so nobody can tell that you are another one");
	if (person == int_of(event->before, "responsible") || person == int_of(event->before, "submitted_by"))
		return err_set(err, -EPERM, "who verifies must be neither responsible nor who reported the repair");
	return 0;
}

static int extended(const struct cases *cases, struct write *write, const struct record_event *event, struct err *err)
{
	BUF(values);
	int64_t before = 0, after = 0, count = int_of(event->before, "extension_count");
	date_read(doc_text(event->before, "due"), &before);
	if (!date_read(doc_text(event->after, "due"), &after) || after <= before || after < date_of(write->now))
		return err_set(err, -EINVAL, "an extension needs a later due date");
	if (count > 0 && !has_role(write, cases, "leader"))
		return err_set(err, -EPERM, "it was extended once; a further extension is the leader's to give");
	json_open_map(&values, NULL);
	json_put_int(&values, "extension_count", count + 1);
	json_put_flag(&values, "overdue", false);
	buf_add_char(&values, '}');
	return set_values(write, cases, event->id, &values, "", err);
}

static int accepted(struct write *write, const struct record_event *event, struct err *err)
{
	int64_t until, today = date_of(write->now);
	if (!date_read(doc_text(event->after, "accepted_until"), &until) || until <= today)
		return err_set(err, -EINVAL, "an accepted risk needs a day in the future on which it ends");
	if (until > today + ACCEPT_DAYS_MOST)
		return err_set(err, -EINVAL, "a risk is accepted for a year at most");
	return 0;
}

int finding_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err)
{
	const struct cases *cases = ctx;
	struct str state = doc_text(event->after, "state");
	bool moved = event->before && !str_eq(state, doc_text(event->before, "state"));
	if (!event->before)
		return created(cases, write, event, err);
	if (str_is(event->action, "extend"))
		return extended(cases, write, event, err);
	if (!moved)
		return 0;
	if (str_is(state, "issued") && !str_is(doc_text(event->before, "state"), "disputed"))
		return issued(cases, write, event, err);
	if (str_is(state, "verified"))
		return verified(write, event, err);
	if (str_is(state, "accepted"))
		return accepted(write, event, err);
	bool by_person = write->actor->id != ACTOR_WARD;
	struct str source = doc_text(event->after, "source");
	bool testable = doc_text(event->after, "check_id").n && (str_is(source, "check") || str_is(source, "management"));
	if (by_person && testable && (str_is(state, "submitted") || str_is(state, "closed")))
		return finding_retest(write, cases, event->id, err);
	return 0;
}

/* ---- again ---- */

int finding_retest(struct write *write, const struct cases *cases, int64_t id, struct err *err)
{
	struct case_facts facts;
	(void)cases;
	case_facts_init(&facts, write->arena);
	int r = cases_row(&facts, write->db, "SELECT source, host, check_id FROM finding WHERE id = ?", "", id, err);
	if (r < 0)
		return r;
	struct str check = cell_str(case_facts_get(&facts, STR("check_id"))), source = cell_str(case_facts_get(&facts, STR("source")));
	int64_t host = cell_int_or(case_facts_get(&facts, STR("host")), 0);
	if (!check.n || (!str_is(source, "check") && !str_is(source, "management")))
		return err_set(err, -EINVAL, "no check stands behind this finding, so nothing can be tested again");
	DB_QUERY(query);
	r = db_query(&query, write->db,
	             "INSERT INTO ward_retest (finding, host, check_id, asked) VALUES (?, ?, ?, ?)"
	             " ON CONFLICT (finding) DO UPDATE SET asked = excluded.asked",
	             err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	db_bind_int(&query, str_is(source, "management") ? 0 : host);
	db_bind_text(&query, check);
	db_bind_int(&query, write->now);
	return db_do(&query, err);
}

int findings_retests(struct arena *arena, struct db *db, int64_t from, struct retests *out, struct err *err)
{
	struct {
		int64_t *p;
		size_t n, room;
	} hosts = { 0 };
	DB_QUERY(query);
	int r = db_query(&query, db, "SELECT DISTINCT host FROM ward_retest WHERE asked > ? ORDER BY host", err);
	if (r < 0)
		return r;
	db_bind_int(&query, from);
	while ((r = db_step(&query, err)) > 0)
		vec_push_in(arena, &hosts, db_int(&query, 0));
	*out = (struct retests){ hosts.p, hosts.n };
	return r;
}

/* ---- by the clock ---- */

#define OVERDUE "state IN ('issued', 'acknowledged', 'fixing') AND due < ? AND overdue = 0 AND withdrawn IS NULL"
#define EXPIRED "state = 'accepted' AND accepted_until < ? AND withdrawn IS NULL"

struct late {
	int64_t id, org;
};
struct lates {
	struct late *p;
	size_t n, room;
};

static int late_read(struct write *write, const char *sql, struct lates *out, struct err *err)
{
	DB_QUERY(query);
	struct str today = date_text(write->arena, date_of(write->now));
	int r = db_query(&query, write->db, sql, err);
	if (r < 0)
		return r;
	db_bind_text(&query, today);
	db_bind_int(&query, TICK_MOST);
	while ((r = db_step(&query, err)) > 0)
		vec_push_in(write->arena, out, { db_int(&query, 0), db_int(&query, 1) });
	return r;
}

static int escalate(struct write *write, const struct cases *cases, const struct late *late, struct err *err)
{
	int64_t parent = 0;
	BUF(values);
	int r = cases_parent(write->db, late->org, &parent, err);
	if (r < 0)
		return r;
	json_open_map(&values, NULL);
	json_put_flag(&values, "overdue", true);
	if (parent)
		json_put_int(&values, "escalated_to", parent);
	buf_add_char(&values, '}');
	return set_values(write, cases, late->id, &values, TR("the due date has passed"), err);
}

int findings_tick(struct write *write, const struct cases *cases, bool *more, struct err *err)
{
	struct lates overdue = { 0 }, expired = { 0 };
	int r = late_read(write, "SELECT id, org FROM finding WHERE " OVERDUE " ORDER BY due LIMIT ?", &overdue, err);
	for (size_t i = 0; r == 0 && i < overdue.n; i++)
		r = escalate(write, cases, &overdue.p[i], err);
	if (r == 0)
		r = late_read(write, "SELECT id, org FROM finding WHERE " EXPIRED " ORDER BY id LIMIT ?", &expired, err);
	for (size_t i = 0; r == 0 && i < expired.n; i++)
		r = move(write, cases, expired.p[i].id, "reopen", NULL, TR("the time for which the risk was accepted has ended"), err);
	*more = overdue.n == TICK_MOST || expired.n == TICK_MOST;
	return r;
}

int findings_due(struct db *db, int64_t now, bool *out, struct err *err)
{
	ARENA(arena);
	struct str today = date_text(&arena, date_of(now));
	static const char *const asked[] = { "SELECT 1 FROM finding WHERE " OVERDUE " LIMIT 1", "SELECT 1 FROM finding WHERE " EXPIRED " LIMIT 1" };
	*out = false;
	for (size_t i = 0; i < COUNT(asked) && !*out; i++) {
		DB_QUERY(query);
		int r = db_query(&query, db, asked[i], err);
		if (r < 0)
			return r;
		db_bind_text(&query, today);
		r = db_step(&query, err);
		if (r < 0)
			return r;
		*out = r > 0;
	}
	return 0;
}
