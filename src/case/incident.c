/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/incident.h"

#include "base/utf8.h"
#include "case/finding.h"
#include "crypto/digest.h"
#include "register/date.h"
#include "register/said.h"
#include "register/value.h"

/* ---- facts ---- */

static bool ended_state(struct str state)
{
	return str_is(state, "ended") || str_is(state, "summarised") || str_is(state, "closed");
}

static int systems_cii(struct arena *arena, struct db *db, struct case_facts *facts, struct err *err)
{
	struct ids more = value_ids(arena, cell_str(case_facts_get(facts, STR("systems"))));
	int64_t first = cell_int_or(case_facts_get(facts, STR("system")), 0);
	for (size_t i = 0; i <= more.n; i++) {
		int64_t id = i < more.n ? more.p[i] : first;
		if (!id)
			continue;
		DB_QUERY(query);
		int r = db_query(&query, db, "SELECT cii FROM system WHERE id = ?", err);
		if (r < 0)
			return r;
		db_bind_int(&query, id);
		r = db_step(&query, err);
		if (r < 0)
			return r;
		if (r > 0 && db_int_or(&query, 0, 0))
			case_facts_put(facts, STR("cii"), cell_int(1));
	}
	return 0;
}

enum fact_kind { FACT_TEXT, FACT_INTEGER, FACT_REAL };

/* Answers that the register has no field for. */
static int answers_read(struct arena *arena, struct db *db, int64_t id, struct case_facts *facts, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, db, "SELECT name, value, kind FROM ward_incident_fact WHERE incident = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	while ((r = db_step(&query, err)) > 0) {
		struct str value = arena_str(arena, db_text(&query, 1));
		struct cell cell = cell_text(value);
		double real;
		if (db_int(&query, 2) == FACT_INTEGER)
			cell = cell_int(str_int_or(value, NONE));
		else if (db_int(&query, 2) == FACT_REAL)
			cell = str_to_double(value, &real) ? cell_real(real) : (struct cell){ 0 };
		case_facts_put(facts, arena_str(arena, db_text(&query, 0)), cell);
	}
	return r;
}

int incident_facts(struct arena *arena, struct db *db, const struct cases *cases, int64_t id, struct case_facts *out, int64_t *org, struct err *err)
{
	(void)cases;
	case_facts_init(out, arena);
	int r = cases_row(out, db, "SELECT * FROM incident WHERE id = ?", "", id, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such record");
	int64_t owner = cell_int_or(case_facts_get(out, STR("org")), 0);
	if (org)
		*org = owner;
	r = cases_row(out, db, "SELECT * FROM org WHERE id = ?", "org_", owner, err);
	if (r >= 0)
		r = answers_read(arena, db, id, out, err);
	if (r >= 0)
		r = systems_cii(arena, db, out, err);
	if (r < 0)
		return r;
	struct str final = cell_str(case_facts_get(out, STR("grade_final"))), state = cell_str(case_facts_get(out, STR("state")));
	bool ended = ended_state(state), withdrawn = case_facts_get(out, STR("withdrawn")).p != NULL;
	bool dismissed = withdrawn || (str_is(state, "closed") && !case_facts_get(out, STR("ended_at")).p);
	case_facts_put(out, STR("grade"), final.n ? cell_text(final) : case_facts_get(out, STR("grade_calculated")));
	case_facts_put(out, STR("ended"), cell_int(ended));
	case_facts_put(out, STR("dismissed"), cell_int(dismissed));
	return 0;
}

int incident_grading(struct arena *arena, struct db *db, const struct cases *cases, const struct case_facts *facts, int64_t org,
                     const struct grading **grading, struct err *err)
{
	struct str where;
	int r = cases_jurisdiction(arena, db, cases, org, &where, err);
	if (r < 0)
		return r;
	*grading = laws_grading(cases->laws, where, date_text(arena, date_of(cell_int_or(case_facts_get(facts, STR("t0")), 0))));
	return 0;
}

/* ---- grade and clocks ---- */

static int edit_as_ward(struct write *write, const struct cases *cases, const char *reg, int64_t id, const struct buf *values, const char *reason,
                        struct err *err)
{
	struct actor ward = actor_ward();
	struct write own = cases_own(write, &ward);
	return record_edit(&own, cases->books, cases_register(cases, reg), id, 0, cases_values(write->arena, values), str_from(reason), NULL, err);
}

static int grade_refresh(struct write *write, const struct cases *cases, int64_t id, int64_t org, struct case_facts *facts, struct err *err)
{
	const struct grading *grading;
	struct grade_result result;
	BUF(values);
	int r = incident_grading(write->arena, write->db, cases, facts, org, &grading, err);
	if (r < 0 || !grading)
		return r;
	grade_calculate(write->arena, grading, facts, &result);
	if (str_eq(result.grade, cell_str(case_facts_get(facts, STR("grade_calculated")))))
		return 0;
	json_open_map(&values, NULL);
	json_put(&values, "grade_calculated", result.grade);
	buf_add_char(&values, '}');
	r = edit_as_ward(write, cases, "incident", id, &values, "", err);
	if (r < 0)
		return r;
	case_facts_put(facts, STR("grade_calculated"), cell_text(result.grade));
	if (!cell_str(case_facts_get(facts, STR("grade_final"))).n)
		case_facts_put(facts, STR("grade"), cell_text(result.grade));
	return 0;
}

int incident_refresh(struct write *write, const struct cases *cases, int64_t id, struct err *err)
{
	struct case_facts facts;
	struct str where;
	int64_t org;
	int r = incident_facts(write->arena, write->db, cases, id, &facts, &org, err);
	if (r == 0)
		r = grade_refresh(write, cases, id, org, &facts, err);
	if (r == 0)
		r = cases_jurisdiction(write->arena, write->db, cases, org, &where, err);
	if (r < 0)
		return r;
	return clocks_update(write, cases->laws, cases->books->calendar, id, org, where, &facts, err);
}

/* ---- whoever changes it ---- */

/* Milder than what the figures give needs a reason. */
static int grade_check(const struct record_event *event, struct err *err)
{
	int found = grade_rank(doc_text(event->after, "grade_calculated")), decided = grade_rank(doc_text(event->after, "grade_final"));
	if (!decided || decided >= found || str_trim(doc_text(event->after, "grade_reason")).n)
		return 0;
	return err_set(err, -EINVAL, "a grade that is milder than the one worked out needs a reason");
}

int incident_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err)
{
	const struct cases *cases = ctx;
	struct str state = doc_text(event->after, "state");
	int r = 0;
	if (event->before && write->actor->id == ACTOR_WARD && str_is(event->action, "edit"))
		return 0; /* our own */
	r = incident_refresh(write, cases, event->id, err);
	if (r == 0 && (!event->before || !str_eq(doc_text(event->before, "grade_final"), doc_text(event->after, "grade_final"))))
		r = grade_check(event, err);
	if (r == 0 && (!event->before || !str_eq(doc_text(event->before, "state"), state)))
		r = incident_timeline_add(write, event->id, event->org, write->now, state, STR("state"), err);
	return r;
}

int incident_open(struct db *db, const struct cases *cases, int64_t id, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, db, "SELECT state, withdrawn FROM incident WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	r = db_step(&query, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such record");
	const struct choice *state = register_state(cases_register(cases, "incident"), db_text(&query, 0));
	if (db_int_or(&query, 1, 0))
		return err_set(err, -ESHUTDOWN, "this incident was withdrawn: nothing is added to it any more");
	return state && state->final ? err_set(err, -ESHUTDOWN, "this incident is closed: nothing is added to it any more") : 0;
}

int incident_task_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err)
{
	int64_t before = event->before ? doc_int(doc_get(event->before, STR("incident")), 0) : 0;
	int64_t after = doc_int(doc_get(event->after, STR("incident")), 0);
	return !after || after == before || write->actor->id == ACTOR_WARD ? 0 : incident_open(write->db, ctx, after, err);
}

/* ---- answers ---- */

static int answer_check(const struct grade_input *input, const struct doc *value, struct err *err)
{
	const struct law_choice *choice = input->choices.p;
	bool good = value->type == DOC_NULL;
	if (input->type == INPUT_INTEGER)
		good |= value->type == DOC_INT && value->integer >= 0;
	else if (input->type == INPUT_NUMBER)
		good |= (value->type == DOC_INT && value->integer >= 0) || (value->type == DOC_REAL && value->real >= 0);
	else if (input->type == INPUT_BOOL)
		good |= value->type == DOC_BOOL;
	for (size_t i = 0; i < input->choices.n; i++)
		good |= str_eq(choice[i].name, doc_string(value));
	return good ? 0 : err_set(err, -EINVAL, "'%.*s' has no such value", STR_ARG(input->name));
}

static int answer_keep(struct write *write, int64_t id, struct str name, const struct doc *value, struct err *err)
{
	DB_QUERY(query);
	int r;
	if (value->type == DOC_NULL) {
		r = db_query(&query, write->db, "DELETE FROM ward_incident_fact WHERE incident = ? AND name = ?", err);
		if (r < 0)
			return r;
		db_bind_int(&query, id);
		db_bind_text(&query, name);
		return db_do(&query, err);
	}
	BUF(text);
	struct doc flag = { .type = DOC_INT, .integer = value->type == DOC_BOOL && value->boolean };
	struct cell cell = cell_from_doc(value->type == DOC_BOOL ? &flag : value);
	cell_add_plain(&text, cell);
	r = db_query(&query, write->db,
	             "INSERT INTO ward_incident_fact (incident, name, value, kind, set_at, set_by) VALUES (?, ?, ?, ?, ?, ?)"
	             " ON CONFLICT (incident, name) DO UPDATE SET value = excluded.value, kind = excluded.kind, set_at = excluded.set_at,"
	             " set_by = excluded.set_by",
	             err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	db_bind_text(&query, name);
	db_bind_text(&query, buf_str(&text));
	db_bind_int(&query, cell_is_text(cell) ? FACT_TEXT : cell_is_int(cell) ? FACT_INTEGER : FACT_REAL);
	db_bind_int(&query, write->now);
	db_bind_int(&query, write->actor->id);
	return db_do(&query, err);
}

static void doc_put(struct buf *out, const char *name, const struct doc *value)
{
	json_key(out, name);
	if (value->type == DOC_BOOL)
		buf_puts(out, value->boolean ? "true" : "false");
	else
		cell_add_json(out, cell_from_doc(value));
}

int incident_grade(struct write *write, const struct cases *cases, int64_t id, const struct doc *inputs, struct err *err)
{
	const struct register_ *reg = cases_register(cases, "incident");
	struct case_facts facts;
	const struct grading *grading = NULL;
	int64_t org;
	BUF(fields);
	BUF(answers);
	int r = incident_facts(write->arena, write->db, cases, id, &facts, &org, err);
	if (r == 0)
		r = incident_grading(write->arena, write->db, cases, &facts, org, &grading, err);
	if (r < 0)
		return r;
	if (!grading)
		return err_set(err, -EINVAL, "there is no grading for where this incident is");
	if (!inputs || inputs->type != DOC_MAP)
		return err_set(err, -EINVAL, "inputs must be a map");
	json_open_map(&fields, NULL);
	json_open_map(&answers, NULL);
	for (size_t i = 0; r == 0 && i < inputs->n; i++) {
		struct str name = doc_string(doc_key(inputs, i));
		const struct doc *value = doc_value(inputs, i);
		const struct grade_input *input = grading_input(grading, name);
		if (!input)
			return err_set(err, -EINVAL, "there is no input '%.*s'", STR_ARG(name));
		r = answer_check(input, value, err);
		if (r == 0 && register_field(reg, name))
			doc_put(&fields, arena_cstr(write->arena, name), value);
		else if (r == 0) {
			doc_put(&answers, arena_cstr(write->arena, name), value);
			r = answer_keep(write, id, name, value, err);
		}
	}
	buf_add_char(&fields, '}');
	buf_add_char(&answers, '}');
	/* Also with no field to change: it asks for the right to edit, and the hook works out grade and clocks. */
	if (r == 0)
		r = record_edit(write, cases->books, reg, id, 0, cases_values(write->arena, &fields), STR_NONE, NULL, err);
	if (r == 0 && answers.n > 2) {
		struct change change = { .kind = STR("incident"), .object = id, .org = org, .action = STR("answers"), .after = buf_str(&answers) };
		r = write_journal(write, &change, NULL, err);
	}
	return r < 0 ? r : incident_refresh(write, cases, id, err);
}

/* ---- timeline, evidence, reports ---- */

static int journal_add_entry(struct write *write, const char *kind, int64_t object, int64_t org, const struct buf *after, struct err *err)
{
	struct change change = { .kind = str_from(kind), .object = object, .org = org, .action = STR("add"), .after = buf_str(after) };
	return write_journal(write, &change, NULL, err);
}

int incident_timeline_add(struct write *write, int64_t incident, int64_t org, int64_t at, struct str what, struct str kind, struct err *err)
{
	DB_QUERY(query);
	BUF(after);
	what = str_trim(what);
	if (!what.n || what.n > TIMELINE_TEXT || !utf8_valid(what))
		return err_set(err, -EINVAL, "say what happened, in %d bytes at most", TIMELINE_TEXT);
	int r = db_query(&query, write->db,
	                 "INSERT INTO ward_timeline (incident, at, what, kind, made, made_by, made_by_name) VALUES (?, ?, ?, ?, ?, ?, ?)"
	                 " RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, incident);
	db_bind_int(&query, at);
	db_bind_text(&query, what);
	db_bind_text(&query, kind);
	db_bind_int(&query, write->now);
	db_bind_int(&query, write->actor->id);
	db_bind_text(&query, write->actor->name);
	r = db_step(&query, err);
	if (r < 0)
		return r;
	int64_t id = db_int(&query, 0);
	r = db_do(&query, err);
	json_open_map(&after, NULL);
	json_put_int(&after, "incident", incident);
	json_put_int(&after, "at", at);
	json_put(&after, "what", what);
	json_put(&after, "kind", kind);
	buf_add_char(&after, '}');
	return r < 0 ? r : journal_add_entry(write, "timeline", id, org, &after, err);
}

int incident_evidence_add(struct write *write, int64_t incident, int64_t org, const struct incident_evidence *evidence, int64_t *id, struct err *err)
{
	struct str sha256 = evidence->sha256;
	DB_QUERY(query);
	BUF(after);
	if (evidence->content.n > EVIDENCE_CONTENT)
		return err_set(err, -E2BIG, "what is attached has more than %d bytes", EVIDENCE_CONTENT);
	if (evidence->content.n) {
		struct str its = digest_hex(write->arena, DIGEST_SHA256, evidence->content);
		if (sha256.n && !str_eq(sha256, its))
			return err_set(err, -EINVAL, "the evidence does not have its digest");
		sha256 = its;
	}
	if (!str_is_hex(sha256, 64))
		return err_set(err, -EINVAL, "evidence needs its content or its SHA-256 digest");
	if (!evidence->kind.n || !evidence->reference.n || evidence->reference.n > 1000 || evidence->title.n > 1000)
		return err_set(err, -EINVAL, "evidence needs a kind, a reference and a title");
	int r = db_query(&query, write->db,
	                 "INSERT INTO ward_incident_evidence (incident, kind, reference, title, sha256, content, made, made_by, made_by_name)"
	                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, incident);
	db_bind_text(&query, evidence->kind);
	db_bind_text(&query, evidence->reference);
	db_bind_text(&query, evidence->title.p ? evidence->title : STR(""));
	db_bind_text(&query, sha256);
	db_bind_text(&query, evidence->content.n ? evidence->content : STR_NONE);
	db_bind_int(&query, write->now);
	db_bind_int(&query, write->actor->id);
	db_bind_text(&query, write->actor->name);
	r = db_step(&query, err);
	if (r < 0)
		return r == -EEXIST ? err_set(err, -EEXIST, "this is attached already") : r;
	*id = db_int(&query, 0);
	r = db_do(&query, err);
	json_open_map(&after, NULL);
	json_put_int(&after, "incident", incident);
	json_put(&after, "kind", evidence->kind);
	json_put(&after, "reference", evidence->reference);
	json_put(&after, "sha256", sha256);
	buf_add_char(&after, '}');
	return r < 0 ? r : journal_add_entry(write, "incident_evidence", *id, org, &after, err);
}

static int report_keep(struct write *write, int64_t incident, int64_t org, struct str stage, struct str rule, int64_t at, struct str receipt,
                       struct str page, struct err *err)
{
	DB_QUERY(query);
	BUF(after);
	struct str sha256 = digest_hex(write->arena, DIGEST_SHA256, page);
	int r = db_query(&query, write->db,
	                 "INSERT INTO ward_incident_report (incident, stage, rule, sent, receipt, sha256, page) VALUES (?, ?, ?, ?, ?, ?, ?)"
	                 " RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, incident);
	db_bind_text(&query, stage);
	db_bind_text(&query, rule);
	db_bind_int(&query, at);
	db_bind_text(&query, receipt.n ? receipt : STR_NONE);
	db_bind_text(&query, sha256);
	db_bind_text(&query, page);
	r = db_step(&query, err);
	if (r < 0)
		return r;
	int64_t id = db_int(&query, 0);
	r = db_do(&query, err);
	json_open_map(&after, NULL);
	json_put_int(&after, "incident", incident);
	json_put(&after, "stage", stage);
	json_put(&after, "rule", rule);
	json_put(&after, "sha256", sha256);
	buf_add_char(&after, '}');
	return r < 0 ? r : journal_add_entry(write, "incident_report", id, org, &after, err);
}

int incident_sent(struct write *write, const struct cases *cases, int64_t id, struct str rule, int64_t at, struct str receipt, struct str page,
                  struct err *err)
{
	struct case_facts facts;
	int64_t org;
	int stage = 0;
	BUF(values);
	int r = incident_facts(write->arena, write->db, cases, id, &facts, &org, err);
	if (r == 0)
		r = clocks_sent(write, cases->laws, id, rule, at, receipt, &stage, err);
	if (r < 0)
		return r;
	if (page.n)
		r = report_keep(write, id, org, str_from(report_stage_names[stage]), rule, at, receipt, page, err);
	json_open_map(&values, NULL);
	json_put_int(&values, "last_report", MAX(at, cell_int_or(case_facts_get(&facts, STR("last_report")), 0)));
	json_put_int(&values, "reports_sent", cell_int_or(case_facts_get(&facts, STR("reports_sent")), 0) + 1);
	buf_add_char(&values, '}');
	if (r == 0)
		r = edit_as_ward(write, cases, "incident", id, &values, "", err);
	if (r == 0 && stage == REPORT_FIRST && str_is(cell_str(case_facts_get(&facts, STR("state"))), "detected")) {
		struct actor ward = actor_ward();
		struct write own = cases_own(write, &ward);
		r = record_transition(&own, cases->books, cases_register(cases, "incident"), id, 0, STR("report"), NULL, STR(TR("the first report was sent")),
		                      NULL, err);
	}
	if (r == 0) {
		const struct clock_rule *its = laws_clock(cases->laws, rule);
		struct str title = its ? its->title.in[write->actor->id == ACTOR_WARD ? cases->lang : write->actor->lang] : rule;
		struct str what = arena_printf(write->arena, "%.*s%s%.*s", STR_ARG(title), receipt.n ? " · " : "", STR_ARG(receipt));
		r = incident_timeline_add(write, id, org, at, what, STR("report"), err);
	}
	return r < 0 ? r : incident_refresh(write, cases, id, err);
}

/* ---- beginnings and lessons ---- */

int incident_from(struct write *write, const struct cases *cases, const struct incident_seed *seed, int64_t *id, struct err *err)
{
	BUF(values);
	json_open_map(&values, NULL);
	json_put(&values, "summary", seed->summary);
	json_put_int(&values, "t0", seed->t0 ? seed->t0 : write->now);
	if (seed->t_occur)
		json_put_int(&values, "t_occur", seed->t_occur);
	buf_add_char(&values, '}');
	int64_t org = seed->org ? seed->org : write->actor->org, evidence;
	int r = record_create(write, cases->books, cases_register(cases, "incident"), org, cases_values(write->arena, &values), id, NULL, err);
	if (r == 0 && seed->origin.n) {
		buf_clear(&values);
		json_open_map(&values, NULL);
		json_put(&values, "origin", seed->origin);
		buf_add_char(&values, '}');
		r = edit_as_ward(write, cases, "incident", *id, &values, "", err);
	}
	if (r == 0 && seed->evidence.reference.n)
		r = incident_evidence_add(write, *id, org, &seed->evidence, &evidence, err);
	return r;
}

int incident_from_finding(struct write *write, const struct cases *cases, int64_t finding, int64_t *id, struct err *err)
{
	struct case_facts facts;
	case_facts_init(&facts, write->arena);
	int r = cases_row(&facts, write->db,
	                  "SELECT number, title, subject, org, first_seen, evidence_sha256 FROM finding WHERE id = ? AND withdrawn IS NULL", "", finding,
	                  err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such record");
	/* From here on it is a person's text, in their language. */
	struct str title = said_in(cases->books->said, write->actor->lang, cell_str(case_facts_get(&facts, STR("title"))));
	struct str subject = cell_str(case_facts_get(&facts, STR("subject")));
	struct incident_seed seed = {
		.org = cell_int_or(case_facts_get(&facts, STR("org")), 0),
		.t_occur = cell_int_or(case_facts_get(&facts, STR("first_seen")), 0),
		.summary = subject.n ? arena_printf(write->arena, "%.*s · %.*s", STR_ARG(title), STR_ARG(subject)) : title,
		.origin = arena_printf(write->arena, "finding/%lld", (long long)finding),
	};
	struct str sha256 = cell_str(case_facts_get(&facts, STR("evidence_sha256")));
	if (sha256.n)
		seed.evidence = (struct incident_evidence){ .kind = STR("evidence"), .reference = sha256, .title = title, .sha256 = sha256 };
	r = cases_visible(write->db, write->actor, seed.org, err);
	return r < 0 ? r : incident_from(write, cases, &seed, id, err);
}

int incident_lesson(struct write *write, const struct cases *cases, int64_t id, const struct doc *values, int64_t *finding, struct err *err)
{
	struct case_facts facts;
	int64_t org;
	BUF(origin);
	int r = incident_facts(write->arena, write->db, cases, id, &facts, &org, err);
	if (r < 0)
		return r;
	if (!values || values->type != DOC_MAP)
		return err_set(err, -EINVAL, "values must be a map of fields");
	/* The source is the incident, whatever the form says. */
	size_t n = 0;
	struct doc *items = ARENA_ARRAY(write->arena, struct doc, 2 * (size_t)values->n + 2);
	for (size_t i = 0; i < values->n; i++)
		if (!str_is(doc_string(doc_key(values, i)), "source")) {
			items[2 * n] = *doc_key(values, i);
			items[2 * n++ + 1] = *doc_value(values, i);
		}
	items[2 * n] = doc_of_text(STR("source"));
	items[2 * n++ + 1] = doc_of_text(STR("incident"));
	struct doc with_source = { .type = DOC_MAP, .n = (uint32_t)n, .items = items };
	r = record_create(write, cases->books, cases_register(cases, "finding"), org, &with_source, finding, NULL, err);
	if (r < 0)
		return r;
	json_open_map(&origin, NULL);
	json_put(&origin, "origin", arena_printf(write->arena, "incident/%lld", (long long)id));
	buf_add_char(&origin, '}');
	return edit_as_ward(write, cases, "finding", *finding, &origin, "", err);
}
