/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/notice.h"

#include "base/vec.h"
#include "case/finding.h"
#include "register/date.h"
#include "register/value.h"

static int edit_as_ward(struct write *write, const struct cases *cases, int64_t id, const struct buf *values, struct err *err)
{
	struct actor ward = actor_ward();
	struct write own = cases_own(write, &ward);
	return record_edit(&own, cases->books, cases_register(cases, "notice"), id, 0, cases_values(write->arena, values), STR_NONE, NULL, err);
}

int notice_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err)
{
	const struct cases *cases = ctx;
	const struct notice_colour *colour = laws_notice(cases->laws, doc_text(event->after, "colour"));
	const struct doc *received = doc_get(event->after, STR("received"));
	const struct doc *acknowledge = doc_get(event->after, STR("acknowledge_due")), *feedback = doc_get(event->after, STR("feedback_due"));
	BUF(values);
	if (event->before || !colour || !received || received->type != DOC_INT)
		return 0;
	json_open_map(&values, NULL);
	if (!acknowledge || acknowledge->type != DOC_INT)
		json_put_int(&values, "acknowledge_due", received->integer + colour->acknowledge * 60);
	if (!feedback || feedback->type != DOC_INT)
		json_put_int(&values, "feedback_due", received->integer + colour->feedback * 60);
	buf_add_char(&values, '}');
	return values.n > 2 ? edit_as_ward(write, cases, event->id, &values, err) : 0;
}

/* ---- to the tiers below ---- */

struct below {
	int64_t *p;
	size_t n, room;
};

static int below_read(struct write *write, int64_t org, struct below *out, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, write->db, "SELECT id FROM org WHERE parent = ? AND withdrawn IS NULL ORDER BY id", err);
	if (r < 0)
		return r;
	db_bind_int(&query, org);
	while ((r = db_step(&query, err)) > 0)
		vec_push_in(write->arena, out, db_int(&query, 0));
	return r;
}

static bool asked_for(const struct doc *orgs, int64_t org)
{
	if (!orgs || orgs->type != DOC_ARRAY)
		return true;
	for (size_t i = 0; i < orgs->n; i++)
		if (orgs->items[i].type == DOC_INT && orgs->items[i].integer == org)
			return true;
	return false;
}

static int has_it(struct write *write, int64_t notice, int64_t org, bool *out, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, write->db, "SELECT 1 FROM notice WHERE parent_notice = ? AND org = ? AND withdrawn IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&query, notice);
	db_bind_int(&query, org);
	r = db_step(&query, err);
	*out = r > 0;
	return r < 0 ? r : 0;
}

static void copy_put(struct buf *out, const char *name, const struct case_facts *facts)
{
	struct cell value = case_facts_get(facts, str_from(name));
	if (value.p) {
		json_key(out, name);
		cell_add_json(out, value);
	}
}

static int hand_on(struct write *write, const struct cases *cases, int64_t id, int64_t org, const struct case_facts *facts, struct err *err)
{
	static const char *const copied[] = { "source_no", "title", "sender", "colour", "scope", "software", "measures" };
	struct actor ward = actor_ward();
	struct write own = cases_own(write, &ward);
	int64_t made;
	BUF(values);
	json_open_map(&values, NULL);
	for (size_t i = 0; i < COUNT(copied); i++)
		copy_put(&values, copied[i], facts);
	json_put_int(&values, "received", write->now);
	json_put_int(&values, "parent_notice", id);
	buf_add_char(&values, '}');
	return record_create(&own, cases->books, cases_register(cases, "notice"), org, cases_values(write->arena, &values), &made, NULL, err);
}

/* The notice, for who may change notices of its organisation. */
static int notice_read(struct write *write, const struct cases *cases, int64_t id, struct case_facts *facts, int64_t *org, struct err *err)
{
	const struct register_ *reg = cases_register(cases, "notice");
	case_facts_init(facts, write->arena);
	int r = cases_row(facts, write->db, "SELECT * FROM notice WHERE id = ? AND withdrawn IS NULL", "", id, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such record");
	*org = cell_int_or(case_facts_get(facts, STR("org")), 0);
	r = cases_visible(write->db, write->actor, *org, err);
	if (r == 0 && !record_may(cases->books, write->actor, reg, RECORD_EDIT))
		r = err_set(err, -EPERM, "your role may not change records here");
	return r;
}

int notice_relay(struct write *write, const struct cases *cases, int64_t id, const struct doc *orgs, size_t *made, struct err *err)
{
	struct case_facts facts;
	struct below below = { 0 };
	int64_t org;
	size_t asked = 0;
	*made = 0;
	int r = notice_read(write, cases, id, &facts, &org, err);
	if (r == 0)
		r = below_read(write, org, &below, err);
	for (size_t i = 0; r == 0 && i < below.n; i++) {
		bool there = false;
		if (!asked_for(orgs, below.p[i]))
			continue;
		asked++;
		r = has_it(write, id, below.p[i], &there, err);
		if (r == 0 && !there) {
			r = hand_on(write, cases, id, below.p[i], &facts, err);
			*made += r == 0;
		}
	}
	if (r == 0 && orgs && orgs->type == DOC_ARRAY && asked < orgs->n)
		r = err_set(err, -EINVAL, "a notice is handed to organisations straight below its own");
	if (r < 0 || !*made || cell_int_or(case_facts_get(&facts, STR("relayed_at")), 0))
		return r;
	if (str_is(cell_str(case_facts_get(&facts, STR("state"))), "received")) { /* which sets the time, too */
		struct actor ward = actor_ward();
		struct write own = cases_own(write, &ward);
		return record_transition(&own, cases->books, cases_register(cases, "notice"), id, 0, STR("distribute"), NULL, STR_NONE, NULL, err);
	}
	BUF(values);
	json_open_map(&values, NULL);
	json_put_int(&values, "relayed_at", write->now);
	buf_add_char(&values, '}');
	return edit_as_ward(write, cases, id, &values, err);
}

/* ---- findings ---- */

static int finding_make(struct write *write, const struct cases *cases, int64_t id, int64_t org, struct str subject, const struct case_facts *facts,
                        int64_t *finding, struct err *err)
{
	struct str colour = cell_str(case_facts_get(facts, STR("colour")));
	struct str severity = str_is(colour, "red") ? STR("critical") : str_is(colour, "orange") ? STR("high") : STR("medium");
	int64_t due = cell_int_or(case_facts_get(facts, STR("feedback_due")), 0), person;
	struct actor ward = actor_ward();
	struct write own = cases_own(write, &ward);
	BUF(values);
	int r = finding_owner(write->db, org, OBSERVED_MANAGEMENT, &person, err);
	if (r < 0)
		return r;
	json_open_map(&values, NULL);
	copy_put(&values, "title", facts);
	json_put(&values, "source", STR("notice"));
	json_put(&values, "severity", severity);
	if (subject.n)
		json_put(&values, "subject", subject);
	copy_put(&values, "measure", facts);
	json_put(&values, "basis", cell_str(case_facts_get(facts, STR("source_no"))));
	json_put(&values, "origin", arena_printf(write->arena, "notice/%lld", (long long)id));
	if (person)
		json_put_int(&values, "responsible", person);
	json_put(&values, "due", date_text(write->arena, due ? date_of(due) : finding_due(cases, severity, date_of(write->now))));
	json_put_int(&values, "first_seen", write->now);
	json_put_int(&values, "last_seen", write->now);
	json_put_int(&values, "times_seen", 1);
	buf_add_char(&values, '}');
	return record_create(&own, cases->books, cases_register(cases, "finding"), org, cases_values(write->arena, &values), finding, NULL, err);
}

static int asset_name(struct write *write, int64_t asset, int64_t *org, struct str *name, struct err *err)
{
	DB_QUERY(query);
	*name = STR_NONE;
	int r = db_query(&query, write->db, "SELECT number, org FROM asset WHERE id = ? AND withdrawn IS NULL", err);
	if (r < 0)
		return r;
	db_bind_int(&query, asset);
	r = db_step(&query, err);
	if (r > 0) {
		*name = arena_str(write->arena, db_text(&query, 0));
		*org = db_int(&query, 1);
	}
	return r < 0 ? r : 0;
}

static int there_is(struct write *write, struct str origin, struct str subject, bool *out, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, write->db, "SELECT 1 FROM finding WHERE origin = ? AND coalesce(subject, '') = ? AND withdrawn IS NULL", err);
	if (r < 0)
		return r;
	db_bind_text(&query, origin);
	db_bind_text(&query, subject.p ? subject : STR(""));
	r = db_step(&query, err);
	*out = r > 0;
	return r < 0 ? r : 0;
}

int notice_findings(struct write *write, const struct cases *cases, int64_t id, size_t *made, struct err *err)
{
	struct case_facts facts;
	int64_t org;
	BUF(list);
	*made = 0;
	int r = notice_read(write, cases, id, &facts, &org, err);
	if (r < 0)
		return r;
	struct str origin = arena_printf(write->arena, "notice/%lld", (long long)id);
	struct ids assets = value_ids(write->arena, cell_str(case_facts_get(&facts, STR("assets"))));
	struct ids before = value_ids(write->arena, cell_str(case_facts_get(&facts, STR("findings"))));
	json_open_map(&list, NULL);
	json_open_list(&list, "findings");
	for (size_t i = 0; i < before.n; i++)
		json_put_int(&list, NULL, before.p[i]);
	for (size_t i = 0; r == 0 && i < MAX(assets.n, 1); i++) {
		int64_t its = org, finding;
		struct str name = STR_NONE;
		bool there;
		if (assets.n)
			r = asset_name(write, assets.p[i], &its, &name, err);
		if (r < 0 || (assets.n && !name.n))
			continue;
		r = there_is(write, origin, name, &there, err);
		if (r < 0 || there)
			continue;
		r = finding_make(write, cases, id, its, name, &facts, &finding, err);
		if (r == 0) {
			json_put_int(&list, NULL, finding);
			++*made;
		}
	}
	buf_puts(&list, "]}");
	return r < 0 || !*made ? r : edit_as_ward(write, cases, id, &list, err);
}
