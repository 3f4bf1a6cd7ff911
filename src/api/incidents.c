/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * incidents: an incident with its clocks, grade, timeline, evidence and reports, and what is done to them; warnings and notices.
 * The records themselves are records/incident and records/notice.
 */
#include "api/office.h"
#include "base/clock.h"
#include "case/detection_findings.h"
#include "case/hosts.h"
#include "case/incident.h"
#include "case/notice.h"
#include "case/report_draft.h"
#include "register/said.h"

extern const struct route routes_incidents[];

static const struct register_ *incidents(const struct office *office)
{
	return registers_find(office->registers, STR("incident"));
}

/* The incident of the path, when this person may do that with incidents of its organisation. */
static int incident_of(struct request *request, enum record_right right, int64_t *id, int64_t *org, struct err *err)
{
	const struct office *office = office_of(request);
	struct case_facts facts;
	*org = 0;
	int r = request_id(request, 0, id, err);
	if (r < 0)
		return r;
	case_facts_init(&facts, request->arena);
	r = cases_row(&facts, request->db, "SELECT org FROM incident WHERE id = ?", "", *id, err);
	if (r < 0)
		return r;
	if (!r || !record_may(&office->books, request->actor, incidents(office), RECORD_READ))
		return err_set(err, -ENOENT, "there is no such record");
	*org = cell_int_or(case_facts_get(&facts, STR("org")), 0);
	r = cases_visible(request->db, request->actor, *org, err);
	if (r == 0 && !record_may(&office->books, request->actor, incidents(office), right))
		r = err_set(err, -EPERM, "your role may not change records here");
	return r;
}

/* One that something is added to. */
static int incident_to_add(struct request *request, int64_t *id, int64_t *org, struct err *err)
{
	int r = incident_of(request, RECORD_EDIT, id, org, err);
	return r < 0 ? r : incident_open(request->db, &office_of(request)->cases, *id, err);
}

static int answer(struct request *request, int64_t id, struct err *err)
{
	return incident_put(request->arena, request->db, &office_of(request)->cases, id, clock_now(), &request->out, err);
}

static int get_incident(struct request *request, struct err *err)
{
	int64_t id, org;
	int r = incident_of(request, RECORD_READ, &id, &org, err);
	return r < 0 ? r : answer(request, id, err);
}

static int post_grade(struct request *request, struct err *err)
{
	int64_t id, org;
	int r = incident_to_add(request, &id, &org, err);
	if (r == 0)
		r = incident_grade(request->write, &office_of(request)->cases, id, doc_get(request->body, STR("inputs")), err);
	return r < 0 ? r : answer(request, id, err);
}

static int post_timeline(struct request *request, struct err *err)
{
	int64_t id, org, at;
	struct str what;
	int r = incident_to_add(request, &id, &org, err);
	if (r == 0)
		r = request_text(request, "what", true, TIMELINE_TEXT, &what, err);
	if (r == 0)
		r = request_int(request, "at", request->write->now, &at, err);
	if (r == 0 && (at < 0 || at > request->write->now))
		r = err_set(err, -EINVAL, "what happened cannot lie in the future");
	if (r == 0)
		r = incident_timeline_add(request->write, id, org, at, what, STR("entry"), err);
	return r < 0 ? r : answer(request, id, err);
}

static int post_evidence(struct request *request, struct err *err)
{
	struct incident_evidence evidence = { 0 };
	int64_t id, org, made;
	int r = incident_to_add(request, &id, &org, err);
	if (r == 0)
		r = request_text(request, "kind", true, 40, &evidence.kind, err);
	if (r == 0)
		r = request_text(request, "reference", true, 1000, &evidence.reference, err);
	if (r == 0)
		r = request_text(request, "title", false, 1000, &evidence.title, err);
	if (r == 0)
		r = request_text(request, "sha256", false, 64, &evidence.sha256, err);
	if (r == 0)
		r = request_text(request, "content", false, EVIDENCE_CONTENT, &evidence.content, err);
	if (r == 0)
		r = incident_evidence_add(request->write, id, org, &evidence, &made, err);
	return r < 0 ? r : answer(request, id, err);
}

/* The report as it stands when it is said to have been sent is kept with it. */
static int page_of(struct request *request, int64_t id, struct str rule, struct str *page, struct err *err)
{
	struct office *office = office_of(request);
	const struct clock_rule *its = laws_clock(office->laws, rule);
	BUF(out);
	*page = STR_NONE;
	if (!its || its->report == REPORT_NONE)
		return 0;
	int r = report_draft(request->arena, request->db, &office->cases, &office->content, id, (enum report_stage)its->report, request->lang,
	                     clock_now(), &out, NULL, err);
	if (r == 0)
		*page = arena_str(request->arena, buf_str(&out));
	return r;
}

static int post_sent(struct request *request, struct err *err)
{
	struct str receipt, page;
	int64_t id, org, at;
	int r = incident_of(request, RECORD_EDIT, &id, &org, err);
	if (r == 0)
		r = request_text(request, "receipt", false, 200, &receipt, err);
	if (r == 0)
		r = request_int(request, "at", request->write->now, &at, err);
	if (r == 0)
		r = page_of(request, id, request->param[1], &page, err);
	if (r == 0)
		r = incident_sent(request->write, &office_of(request)->cases, id, request->param[1], at, receipt, page, err);
	return r < 0 ? r : answer(request, id, err);
}

static int get_report(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	enum lang lang = request->lang;
	int64_t id, org;
	int stage = REPORT_FIRST;
	int r = incident_of(request, RECORD_READ, &id, &org, err);
	if (r < 0)
		return r;
	while (report_stage_names[stage] && !str_is(request->param[1], report_stage_names[stage]))
		stage++;
	struct str asked = request_query(request, "lang");
	if (!report_stage_names[stage])
		return err_set(err, -ENOENT, "there is no such report");
	if (asked.n && !lang_parse(asked, &lang))
		return err_set(err, -EINVAL, "there is no language '%.*s'", STR_ARG(asked));
	request->type = STR("text/html; charset=utf-8");
	return report_draft(request->arena, request->db, &office->cases, &office->content, id, (enum report_stage)stage, lang, clock_now(), &request->out,
	                    NULL, err);
}

/* A report that was sent, as it was. */
static int get_sent_report(struct request *request, struct err *err)
{
	int64_t id, org, report;
	int r = incident_of(request, RECORD_READ, &id, &org, err);
	if (r == 0)
		r = request_id(request, 1, &report, err);
	if (r < 0)
		return r;
	DB_QUERY(query);
	r = db_query(&query, request->db, "SELECT page FROM ward_incident_report WHERE id = ? AND incident = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&query, report);
	db_bind_int(&query, id);
	r = db_step(&query, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such report");
	request->type = STR("text/html; charset=utf-8");
	buf_add(&request->out, db_text(&query, 0));
	return 0;
}

static int from_detection(struct request *request, int64_t detection, int64_t *id, struct err *err)
{
	struct write *write = request->write;
	struct case_facts facts;
	case_facts_init(&facts, request->arena);
	int r = cases_row(&facts, request->db, "SELECT time, rule, title, level, host, source, line FROM ward_detection WHERE id = ?", "", detection, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such record");
	/* From here on it is a person's text, in their language. */
	struct str title = said_in(office_of(request)->books.said, request->actor->lang, cell_str(case_facts_get(&facts, STR("title"))));
	struct str host = cell_str(case_facts_get(&facts, STR("host")));
	int64_t host_id, org = 0;
	struct host known;
	r = detection_host(request->db, host, &host_id, err);
	if (r == 0 && host_id) {
		r = hosts_get(request->arena, request->db, host_id, &known, err);
		org = r == 0 ? known.org : 0;
	}
	if (r >= 0 && !org)
		r = cases_root(request->db, &org, err);
	if (r >= 0)
		r = cases_visible(request->db, request->actor, org, err);
	if (r < 0)
		return r;
	int64_t time = cell_int_or(case_facts_get(&facts, STR("time")), 0);
	struct incident_seed seed = {
		.org = org,
		.t_occur = time > 0 && time <= write->now ? time : 0,
		.summary = host.n ? arena_printf(request->arena, "%.*s · %.*s", STR_ARG(title), STR_ARG(host)) : title,
		.origin = arena_printf(request->arena, "detection/%lld", (long long)detection),
		.evidence = { .kind = STR("detection"), .reference = arena_printf(request->arena, "%lld", (long long)detection), .title = title,
		              .content = cell_str(case_facts_get(&facts, STR("line"))) },
	};
	return incident_from(write, &office_of(request)->cases, &seed, id, err);
}

static int post_from(struct request *request, struct err *err)
{
	int64_t detection, finding, id = 0;
	int r = request_int(request, "detection", 0, &detection, err);
	if (r == 0)
		r = request_int(request, "finding", 0, &finding, err);
	if (r < 0)
		return r;
	if (!detection == !finding)
		return err_set(err, -EINVAL, "name a detection or a finding");
	r = finding ? incident_from_finding(request->write, &office_of(request)->cases, finding, &id, err) : from_detection(request, detection, &id, err);
	if (r < 0)
		return r;
	request->status = 201;
	return answer(request, id, err);
}

static int post_lesson(struct request *request, struct err *err)
{
	int64_t id, org, finding;
	int r = incident_of(request, RECORD_READ, &id, &org, err);
	if (r == 0)
		r = incident_lesson(request->write, &office_of(request)->cases, id, doc_get(request->body, STR("values")), &finding, err);
	if (r < 0)
		return r;
	request->status = 201;
	return answer(request, id, err);
}

/* ---- notices ---- */

static int made_put(struct request *request, size_t made)
{
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "made", (int64_t)made);
	buf_add_char(&request->out, '}');
	return 0;
}

static int post_relay(struct request *request, struct err *err)
{
	size_t made;
	int64_t id;
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = notice_relay(request->write, &office_of(request)->cases, id, doc_get(request->body, STR("orgs")), &made, err);
	return r < 0 ? r : made_put(request, made);
}

static int post_notice_findings(struct request *request, struct err *err)
{
	size_t made;
	int64_t id;
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = notice_findings(request->write, &office_of(request)->cases, id, &made, err);
	return r < 0 ? r : made_put(request, made);
}

const struct route routes_incidents[] = {
	{ METHOD_GET, "/api/incidents/{id}", "getIncident", "clocks, grade, timeline, evidence, reports and tasks of an incident", .flags = ROUTE_TOKEN,
	  .gives = "Incident", .handle = get_incident },
	{ METHOD_POST, "/api/incidents/from", "incidentFrom", "an incident from a detection or a finding", .takes = "IncidentFrom", .gives = "Incident",
	  .handle = post_from },
	{ METHOD_POST, "/api/incidents/{id}/grade", "gradeIncident", "answers to the inputs of its grading", .takes = "GradeInputs", .gives = "Incident",
	  .handle = post_grade },
	{ METHOD_POST, "/api/incidents/{id}/timeline", "addTimeline", "say what happened, and when", .takes = "TimelineEntry", .gives = "Incident",
	  .handle = post_timeline },
	{ METHOD_POST, "/api/incidents/{id}/evidence", "addIncidentEvidence", "attach an event, a detection, evidence", .takes = "IncidentEvidence",
	  .gives = "Incident", .handle = post_evidence },
	{ METHOD_POST, "/api/incidents/{id}/clocks/{rule}/sent", "clockSent", "a report was sent", .takes = "ClockSent", .gives = "Incident",
	  .handle = post_sent },
	{ METHOD_GET, "/api/incidents/{id}/reports/{stage}", "draftReport", "the first, progress or final report, drafted for printing", .query = "lang",
	  .handle = get_report },
	{ METHOD_GET, "/api/incidents/{id}/sent/{report}", "getSentReport", "a report as it was when it was sent", .handle = get_sent_report },
	{ METHOD_POST, "/api/incidents/{id}/lessons", "addLesson", "a lesson becomes a finding", .takes = "Lesson", .gives = "Incident",
	  .handle = post_lesson },
	{ METHOD_POST, "/api/notices/{id}/relay", "relayNotice", "hand a notice to the organisations straight below", .takes = "NoticeRelay",
	  .gives = "Made", .handle = post_relay },
	{ METHOD_POST, "/api/notices/{id}/findings", "noticeFindings", "findings of the assets that a notice names", .gives = "Made",
	  .handle = post_notice_findings },
	{ 0 },
};
