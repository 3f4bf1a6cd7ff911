/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "api.h"
#include "register/said.h"
#include "case/finding.h"
#include "case/hosts.h"
#include "case/inspections.h"
#include "case/management.h"
#include "case/management_kept.h"
#include "crypto/digest.h"

static struct api api;

static void test_law_with_its_sources(void **state)
{
	(void)state;
	api_open(&api);
	struct actor duty = api_actor(&api, 1, 1, "duty");
	struct api_answer answer = api_get(&api, &duty, "/api/clocks");
	assert_int_equal(answer.status, 200);
	assert_string_equal(api_text(&answer, "rows.0.id"), "CN-R1");
	assert_int_equal(api_int(&answer, "rows.0.limit.hours"), 1);
	assert_string_equal(api_text(&answer, "rows.0.when.1.at_least"), "III");
	const struct doc *rows = api_at(&answer, "rows");
	for (size_t i = 0; i < rows->n; i++) {
		assert_true(doc_string(doc_get(&rows->items[i], STR("source"))).n > 0);
		assert_int_equal(doc_get(&rows->items[i], STR("verified"))->type, DOC_BOOL);
	}
	answer = api_get(&api, &duty, "/api/grading");
	assert_string_equal(api_text(&answer, "rows.0.name"), "cn-2025");
	assert_string_equal(api_text(&answer, "rows.0.grades.0.name"), "I");
	answer = api_get(&api, &duty, "/api/categories");
	assert_string_equal(api_text(&answer, "rows.0.classes.0.kinds.6.label.zh-CN"), "勒索软件事件");
	assert_int_equal(api_get(&api, NULL, "/api/clocks").status, 401);
	api_close(&api);
}

/* ---- an office with two counties ---- */

static struct actor li, wang, boss, stranger;
static int64_t province, county, other, finding, host;

struct making {
	const char *reg, *values;
	int64_t org, id;
};

static int make_work(void *ctx, struct write *write, struct err *err)
{
	struct making *making = ctx;
	struct source source = { .name = "json", .text = str_from(making->values) };
	const struct doc *values;
	int r = json_parse(write->arena, &source, &values, err);
	return r < 0 ? r : record_create(write, &api.office.books, registers_find(api.office.registers, str_from(making->reg)), making->org, values,
	                                 &making->id, NULL, err);
}

static int64_t make(const struct actor *actor, const char *reg, int64_t org, const char *values)
{
	struct making making = { reg, values, org, 0 };
	struct err err = { "" };
	if (records_do(api.office.records, actor, make_work, &making, &err) < 0)
		fail_msg("%s", err.text);
	return making.id;
}

static int hosts_work(void *ctx, struct write *write, struct err *err)
{
	struct host it = { .org = county, .name = STR("his-db"), .machine_id = STR("m1"), .seen = write->now };
	(void)ctx;
	int r = hosts_put(write, &it, &host, err);
	if (r == 0) {
		struct inspection_run run = { .host = host, .org = county, .started = write->now, .profile = STR("county") };
		struct str rows = STR("[{\"line\":33}]");
		struct verdict_said fail = { .check = STR("ssh-root-login"), .value = VERDICT_FAIL, .severity = SEVERITY_HIGH, .evidence = rows,
			                     .sha256 = digest_hex(write->arena, DIGEST_SHA256, rows), .rows = 1, .found = 1, .tables = STR("[]") };
		struct verdict_said pass = { .check = STR("a"), .value = VERDICT_PASS, .evidence = STR("[]"), .tables = STR("[]"),
			                     .sha256 = digest_hex(write->arena, DIGEST_SHA256, STR("[]")) };
		struct verdict_said unknown = { .check = STR("b"), .value = VERDICT_UNKNOWN, .evidence = STR("[]"), .tables = STR("[]"),
			                        .reason = STR("{\"en\":\"no\"}"), .sha256 = pass.sha256 };
		r = inspections_begin(write, &run, err);
		if (r == 0)
			r = inspections_verdict(write, &run, &fail, err);
		if (r == 0)
			r = inspections_verdict(write, &run, &pass, err);
		if (r == 0)
			r = inspections_verdict(write, &run, &unknown, err);
		if (r == 0)
			r = inspections_end(write, &run, err);
	}
	return r;
}

static int observe_work(void *ctx, struct write *write, struct err *err)
{
	static const struct check check = { .id = { "ssh-root-login", 14 }, .severity = SEVERITY_HIGH, .title.in = { { "root must not log in", 20 } } };
	struct str rows = STR("[{\"line\":33}]");
	struct observed observed = { .host = host, .subject = STR("<b>sshd</b>"), .evidence_json = rows,
		                     .evidence_sha256 = digest_hex(write->arena, DIGEST_SHA256, rows), .rows = 1, .found = 1 };
	struct judged judged = { .check = &check, .source = OBSERVED_CHECK, .host = host, .value = VERDICT_FAIL, .p = &observed, .n = 1 };
	struct observations seen = { .at = write->now, .p = &judged, .n = 1 };
	struct findings_done done;
	(void)ctx;
	return findings_update(write, &api.office.cases, &seen, &done, err);
}

static int setup(void **state)
{
	(void)state;
	struct err err = { "" };
	char values[200];
	struct actor ward = actor_ward();
	api_open(&api);
	province = make(&ward, "org", 0, "{\"name\": \"Province\", \"code\": \"P\", \"tier\": \"province\", \"kind\": \"bureau\"}");
	snprintf(values, sizeof(values), "{\"name\": \"County\", \"code\": \"C\", \"tier\": \"county\", \"kind\": \"bureau\", \"parent\": %lld}",
	         (long long)province);
	county = make(&ward, "org", 0, values);
	snprintf(values, sizeof(values), "{\"name\": \"Other\", \"code\": \"O\", \"tier\": \"county\", \"kind\": \"bureau\", \"parent\": %lld}",
	         (long long)province);
	other = make(&ward, "org", 0, values);
	li = api_actor(&api, make(&ward, "person", county, "{\"name\": \"Li\", \"code\": \"1\"}"), county, "security");
	wang = api_actor(&api, make(&ward, "person", county, "{\"name\": \"Wang\", \"code\": \"2\"}"), county, "officer");
	boss = api_actor(&api, make(&ward, "person", county, "{\"name\": \"Boss\", \"code\": \"3\"}"), county, "leader");
	stranger = api_actor(&api, make(&ward, "person", other, "{\"name\": \"Xu\", \"code\": \"4\"}"), other, "security leader duty officer");
	if (records_do(api.office.records, &ward, hosts_work, NULL, &err) < 0 || records_do(api.office.records, &ward, observe_work, NULL, &err) < 0)
		fail_msg("%s", err.text);
	finding = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	api_close(&api);
	return 0;
}

/* What ward wrote is told in the reader's language; what a person wrote stays. */
static void test_findings_are_said_in_the_readers_language(void **state)
{
	(void)state;
	static const struct text title = { .in = { [LANG_EN] = { "Not met: root must not log in", 29 }, [LANG_ZH] = { "不符合：禁止 root 登录", 30 }, [LANG_VI] = { "Cấm root", 10 } } };
	struct said said;
	struct actor chinese = li;
	chinese.lang = LANG_ZH;
	said_init(&said, &api.arena);
	said_add(&said, &title);
	api.office.books.said = &said;
	struct api_answer answer = api_get(&api, &chinese, "/api/records/finding/1");
	assert_string_equal(api_text(&answer, "record.title"), "不符合：禁止 root 登录");
	answer = api_get(&api, &chinese, "/api/records/finding");
	assert_string_equal(api_text(&answer, "rows.0.title"), "不符合：禁止 root 登录");
	answer = api_get(&api, &li, "/api/records/finding/1");
	assert_string_equal(api_text(&answer, "record.title"), "Not met: root must not log in");
	answer = api_get(&api, &chinese, "/api/findings/1/order?lang=vi");
	assert_non_null(strstr(arena_cstr(&api.arena, answer.body), "Cấm root"));
	api.office.books.said = NULL;
	answer = api_get(&api, &chinese, "/api/records/finding/1");
	assert_string_equal(api_text(&answer, "record.title"), "Not met: root must not log in");
}

static void test_findings_have_their_evidence_and_order(void **state)
{
	(void)state;
	struct api_answer answer = api_get(&api, &li, "/api/findings/1/evidence");
	assert_int_equal(answer.status, 200);
	assert_string_equal(api_text(&answer, "canonical"), "[{\"line\":33}]");
	assert_int_equal(api_int(&answer, "rows.0.line"), 33);
	assert_string_equal(api_text(&answer, "sha256"), digest_hex(&api.arena, DIGEST_SHA256, STR("[{\"line\":33}]")).p);
	answer = api_get(&api, &li, "/api/findings/1/order?lang=zh-CN");
	assert_int_equal(answer.status, 200);
	assert_true(str_find(answer.body, "网络安全问题限期整改通知书") > 0);
	assert_true(str_find(answer.body, "&lt;b&gt;sshd") > 0); /* what a host wrote stays text */
	assert_true(str_find(api_get(&api, &li, "/api/findings/1/order?lang=vi").body, "YÊU CẦU KHẮC PHỤC") > 0);
	assert_true(str_find(api_get(&api, &li, "/api/findings/1/order?lang=en").body, "REPAIR ORDER") > 0);
	assert_int_equal(api_get(&api, &li, "/api/findings/1/order?lang=xx").status, 422);
	assert_int_equal(api_post(&api, &li, "/api/findings/1/retest", "{}").status, 202);
	/* Another county's: there is none. */
	assert_int_equal(api_get(&api, &stranger, "/api/findings/1/evidence").status, 404);
	assert_int_equal(api_get(&api, &stranger, "/api/findings/1/order").status, 404);
	assert_int_equal(api_post(&api, &stranger, "/api/findings/1/retest", "{}").status, 404);
	assert_int_equal(api_get(&api, &li, "/api/findings/99/order").status, 404);
}

/* What is demanded is the issuer's word, else the check's advice; never what was answered. */
static void test_an_order_demands_what_was_ordered(void **state)
{
	(void)state;
	struct err err = { "" };
	assert_int_equal(checks_load(&api.arena, &api.office.content, &api.office.checks, &err), 0);
	const struct check *check = checks_find(&api.office.checks, STR("ssh-root-login"));
	struct str advice = check ? check->remedy.in[LANG_ZH] : STR_NONE;
	struct api_answer answer = api_get(&api, &li, "/api/records/finding/1");
	char body[200];
	assert_true(advice.n > 0);
	snprintf(body, sizeof(body), "{\"version\": %lld, \"values\": {\"measure\": \"we are at it\"}}", (long long)api_int(&answer, "record.version"));
	answer = api_call(&api, &li, METHOD_PATCH, "/api/records/finding/1", body);
	assert_int_equal(answer.status, 200);
	struct str order = api_get(&api, &li, "/api/findings/1/order?lang=zh-CN").body;
	assert_null(strstr(arena_cstr(&api.arena, order), "we are at it"));
	assert_non_null(strstr(arena_cstr(&api.arena, order), arena_cstr(&api.arena, str_slice(advice, 0, 12))));
	snprintf(body, sizeof(body), "{\"version\": %lld, \"values\": {\"demand\": \"close it today\"}}", (long long)api_int(&answer, "record.version"));
	assert_int_equal(api_call(&api, &li, METHOD_PATCH, "/api/records/finding/1", body).status, 200);
	order = api_get(&api, &li, "/api/findings/1/order?lang=zh-CN").body;
	assert_non_null(strstr(arena_cstr(&api.arena, order), "close it today"));
}

static int judge_work(void *ctx, struct write *write, struct err *err)
{
	const struct checks *checks = &api.office.management;
	const struct check *left = checks_find(checks, STR("account-left")), *idle = checks_find(checks, STR("account-idle"));
	struct str rows = STR("[{\"org\":2,\"subject\":\"wang @ his\",\"kind\":\"service\"}]");
	struct observed observed = { .org = county, .subject = STR("wang @ his"), .evidence_json = rows,
		                     .evidence_sha256 = digest_hex(write->arena, DIGEST_SHA256, rows), .rows = 1, .found = 1 };
	struct judged judged[] = {
		{ .check = left, .source = OBSERVED_MANAGEMENT, .value = VERDICT_FAIL, .p = &observed, .n = 1 },
		{ .check = idle, .source = OBSERVED_MANAGEMENT, .value = VERDICT_UNKNOWN, .reason = NOTE("{} was not seen", STR("fleet")) },
	};
	struct observations seen = { .at = write->now, .p = judged, .n = COUNT(judged) };
	struct findings_done done;
	(void)ctx;
	int r = findings_update(write, &api.office.cases, &seen, &done, err);
	return r < 0 ? r : management_keep(write, &seen, err);
}

/* What the last run said; who sees a part of the installation learns nothing of the others. */
static void test_management_checks(void **state)
{
	(void)state;
	struct err err = { "" };
	struct actor ward = actor_ward(), whole = api_actor(&api, 77, province, "auditor");
	assert_int_equal(management_load(&api.arena, &api.office.content, &api.office.management, &err), 0);
	struct api_answer answer = api_get(&api, &li, "/api/management/account-left");
	assert_null(api_at(&answer, "value.x"));
	assert_true(api_int(&answer, "seen") == INT64_MIN && api_int(&answer, "open") == 0);
	if (records_do(api.office.records, &ward, judge_work, NULL, &err) < 0)
		fail_msg("%s", err.text);
	answer = api_get(&api, &whole, "/api/management/account-left");
	assert_string_equal(api_text(&answer, "value"), "fail");
	assert_int_equal(api_int(&answer, "open"), 1);
	assert_true(api_int(&answer, "seen") > 0 && str_find(answer.body, "SELECT") > 0);
	answer = api_get(&api, &li, "/api/management/account-left");
	assert_string_equal(api_text(&answer, "value"), "fail");
	answer = api_get(&api, &stranger, "/api/management/account-left");
	assert_string_equal(api_text(&answer, "value"), "");
	assert_int_equal(api_int(&answer, "open"), 0);
	answer = api_get(&api, &li, "/api/management/account-idle");
	assert_string_equal(api_text(&answer, "value"), "unknown");
	assert_string_equal(api_text(&answer, "reason"), "fleet was not seen");
	answer = api_get(&api, &li, "/api/management");
	assert_int_equal(answer.status, 200);
	assert_int_equal(api_at(&answer, "rows")->n, api.office.management.n);
	assert_int_equal(api_get(&api, &li, "/api/management/none").status, 404);
	/* Its evidence, with what its columns are. */
	answer = api_get(&api, &li, "/api/records/finding?f=check_id:eq:account-left&columns=evidence_sha256");
	const char *sha256 = api_text(&answer, "rows.0.evidence_sha256");
	answer = api_get(&api, &li, arena_printf(&api.arena, "/api/evidence/%s?check=account-left", sha256).p);
	assert_string_equal(api_text(&answer, "about.kind.register"), "account");
	assert_string_equal(api_text(&answer, "about.kind.label.en"), "kind");
	assert_string_equal(api_text(&answer, "orgs.2"), "County");
	answer = api_get(&api, &stranger, arena_printf(&api.arena, "/api/evidence/%s?check=account-left", sha256).p);
	assert_int_equal(answer.status, 404);
}

static void test_incidents_by_the_api(void **state)
{
	(void)state;
	struct api_answer answer = api_post(&api, &li, "/api/incidents/from", "{\"finding\": 1}");
	assert_int_equal(answer.status, 201);
	assert_int_equal(api_int(&answer, "id"), 1);
	assert_string_equal(api_text(&answer, "state"), "detected");
	assert_string_equal(api_text(&answer, "evidence.0.kind"), "evidence");
	assert_string_equal(api_text(&answer, "grade.grade"), "IV");
	assert_true(api_at(&answer, "grade.missing")->n > 3);
	assert_string_equal(api_text(&answer, "clocks.0.rule"), "CN-R10");
	assert_int_equal(api_int(&answer, "clocks.0.due") - api_int(&answer, "clocks.0.starts"), 7200);
	answer = api_post(&api, &li, "/api/incidents/1/grade", "{\"inputs\": {\"pi_count\": 2000000, \"spread\": \"none\"}}");
	assert_int_equal(answer.status, 200);
	assert_string_equal(api_text(&answer, "grade.grade"), "III");
	assert_int_equal(api_post(&api, &li, "/api/incidents/1/grade", "{\"inputs\": {\"no_such\": 1}}").status, 422);
	answer = api_post(&api, &li, "/api/incidents/1/timeline", "{\"what\": \"unplugged\", \"at\": 1000}");
	assert_int_equal(answer.status, 200);
	assert_string_equal(api_text(&answer, "timeline.0.what"), "unplugged");
	assert_int_equal(api_post(&api, &li, "/api/incidents/1/timeline", "{\"what\": \"x\", \"at\": 99999999999}").status, 422);
	assert_int_equal(api_post(&api, &li, "/api/incidents/1/evidence", "{\"kind\": \"event\", \"reference\": \"1\", \"title\": \"t\"}").status, 422);
	answer = api_post(&api, &li, "/api/incidents/1/evidence", "{\"kind\": \"event\", \"reference\": \"1\", \"title\": \"t\", \"content\": \"sshd: x\"}");
	assert_int_equal(answer.status, 200);
	assert_int_equal(strlen(api_text(&answer, "evidence.1.sha256")), 64);
	assert_int_equal(
	    api_post(&api, &li, "/api/incidents/1/evidence", "{\"kind\": \"event\", \"reference\": \"1\", \"content\": \"sshd: x\"}").status, 409);
	answer = api_post(&api, &li, "/api/incidents/1/clocks/CN-R5/sent", "{\"receipt\": \"12387\"}");
	assert_int_equal(answer.status, 200);
	assert_string_equal(api_text(&answer, "state"), "reported");
	assert_string_equal(api_text(&answer, "reports.0.stage"), "first");
	assert_int_equal(api_get(&api, &li, "/api/incidents/1/sent/1").status, 200);
	assert_int_equal(api_post(&api, &li, "/api/incidents/1/clocks/CN-R5/sent", "{}").status, 409);
	assert_int_equal(api_post(&api, &li, "/api/incidents/1/clocks/NO/sent", "{}").status, 404);
	answer = api_get(&api, &li, "/api/incidents/1/reports/first?lang=zh-CN");
	assert_true(str_find(answer.body, "网络安全事件初报") > 0 && str_find(answer.body, "待补充") > 0);
	assert_int_equal(api_get(&api, &li, "/api/incidents/1/reports/none").status, 404);
	answer = api_post(&api, &li, "/api/incidents/1/lessons", "{\"values\": {\"title\": \"second factor\", \"severity\": \"high\"}}");
	assert_int_equal(answer.status, 201);
	assert_string_equal(api_text(&answer, "findings.0.title"), "second factor");
	static const char *const gets[] = { "/api/incidents/1", "/api/incidents/1/reports/first", "/api/incidents/1/sent/1" };
	static const char *const posts[] = { "grade", "timeline", "evidence", "clocks/CN-R10/sent", "lessons" };
	for (size_t i = 0; i < COUNT(gets); i++)
		assert_int_equal(api_get(&api, &stranger, gets[i]).status, 404);
	for (size_t i = 0; i < COUNT(posts); i++)
		assert_int_equal(api_post(&api, &stranger, arena_printf(&api.arena, "/api/incidents/1/%s", posts[i]).p, "{}").status, 404);
	assert_int_equal(api_post(&api, &stranger, "/api/incidents/from", "{\"finding\": 1}").status, 404);
	assert_int_equal(api_post(&api, &boss, "/api/incidents/1/grade", "{\"inputs\": {}}").status, 403);
}

/* The console hides the ways; who goes past it is refused in their language. The receipt of a report and a lesson may still come. */
static void test_nothing_is_added_to_a_closed_incident(void **state)
{
	(void)state;
	static const char *const adding[][2] = {
		{ "/api/incidents/1/timeline", "{\"what\": \"afterwards\"}" },
		{ "/api/incidents/1/evidence", "{\"kind\": \"event\", \"reference\": \"1\", \"title\": \"t\", \"content\": \"sshd: x\"}" },
		{ "/api/incidents/1/grade", "{\"inputs\": {\"pi_count\": 5}}" },
		{ "/api/records/task", "{\"values\": {\"title\": \"late\", \"kind\": \"incident\", \"basis\": \"b\", \"due\": \"2030-01-01\", \"incident\": 1}}" },
	};
	static const char *const words[] = { [LANG_EN] = "this incident is closed: nothing is added to it any more",
		                             [LANG_ZH] = "该事件已关闭，不能再补充任何内容",
		                             [LANG_VI] = "sự cố này đã đóng, không bổ sung gì được nữa" };
	assert_int_equal(api_post(&api, &li, "/api/incidents/from", "{\"finding\": 1}").status, 201);
	struct api_answer task = api_post(&api, &li, "/api/records/task", "{\"values\": {\"title\": \"now\", \"kind\": \"incident\", \"basis\": \"b\","
	                                                                "\"due\": \"2030-01-01\", \"incident\": 1}}");
	assert_int_equal(task.status, 201);
	struct api_answer free_task = api_post(&api, &li, "/api/records/task", "{\"values\": {\"title\": \"free\", \"kind\": \"self\", \"basis\": \"b\","
	                                                                     "\"due\": \"2030-01-01\"}}");
	assert_int_equal(free_task.status, 201);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(api_post(&api, &li, adding[i][0], adding[i][1]).status, 200);
	struct api_answer answer = api_post(&api, &boss, "/api/records/incident/1/transition", "{\"name\": \"dismiss\", \"reason\": \"a drill\"}");
	assert_int_equal(answer.status, 200);
	struct api_answer before = api_get(&api, &li, "/api/incidents/1");
	assert_string_equal(api_text(&before, "state"), "closed");
	for (size_t i = 0; i < COUNT(adding); i++)
		for (enum lang lang = 0; lang < (enum lang)COUNT(words); lang++) {
			struct actor reader = li;
			reader.lang = lang;
			answer = api_post(&api, &reader, adding[i][0], adding[i][1]);
			assert_int_equal(answer.status, 409);
			assert_string_equal(api_text(&answer, "error.code"), "closed");
			assert_string_equal(api_text(&answer, "error.text"), words[lang]);
		}
	/* Nor is a task made one of it afterwards; those that it has are gone on with. */
	const char *path = arena_printf(&api.arena, "/api/records/task/%lld", (long long)api_int(&free_task, "record.id")).p;
	assert_int_equal(api_call(&api, &li, METHOD_PATCH, path, "{\"version\": 1, \"reason\": \"r\", \"values\": {\"incident\": 1}}").status, 409);
	path = arena_printf(&api.arena, "/api/records/task/%lld", (long long)api_int(&task, "record.id")).p;
	assert_int_equal(api_call(&api, &li, METHOD_PATCH, path, "{\"version\": 1, \"reason\": \"r\", \"values\": {\"title\": \"on\"}}").status, 200);
	answer = api_get(&api, &li, "/api/incidents/1");
	assert_int_equal(api_at(&answer, "timeline")->n, api_at(&before, "timeline")->n);
	assert_int_equal(api_at(&answer, "evidence")->n, api_at(&before, "evidence")->n);
	assert_int_equal(api_at(&answer, "tasks")->n, 1);
	assert_int_equal(api_post(&api, &li, "/api/incidents/1/lessons", "{\"values\": {\"title\": \"second factor\", \"severity\": \"high\"}}").status, 201);
	/* The same of one that was withdrawn. */
	assert_int_equal(api_post(&api, &li, "/api/incidents/from", "{\"finding\": 1}").status, 201);
	assert_int_equal(api_post(&api, &li, "/api/records/incident/2/withdraw", "{\"reason\": \"twice\"}").status, 200);
	assert_int_equal(api_post(&api, &li, "/api/incidents/2/timeline", "{\"what\": \"x\"}").status, 409);
}

static void test_home(void **state)
{
	(void)state;
	struct api_answer answer = api_get(&api, &li, "/api/home");
	assert_int_equal(answer.status, 200);
	assert_string_equal(api_text(&answer, "tasks.0.register"), "finding");
	assert_string_equal(api_text(&answer, "tasks.0.transitions.0"), "issue");
	assert_int_equal(api_int(&answer, "counts.open_findings"), 1);
	assert_int_equal(api_int(&answer, "counts.without_owner"), 1);
	assert_int_equal(api_at(&answer, "clocks")->n, 0);
	assert_int_equal(api_post(&api, &li, "/api/incidents/from", "{\"finding\": 1}").status, 201);
	answer = api_get(&api, &li, "/api/home");
	assert_string_equal(api_text(&answer, "clocks.0.rule"), "CN-R10");
	assert_true(strlen(api_text(&answer, "clocks.0.number")) > 3);
	/* Another county sees nothing of it; an officer has nothing to do before the order. */
	answer = api_get(&api, &stranger, "/api/home");
	assert_int_equal(answer.status, 200);
	assert_int_equal(api_at(&answer, "tasks")->n, 0); /* their own organisation waits for those above it */
	assert_int_equal(api_at(&answer, "clocks")->n, 0);
	assert_int_equal(api_int(&answer, "counts.open_findings"), 0);
	answer = api_get(&api, &wang, "/api/home");
	for (size_t i = 0; i < api_at(&answer, "tasks")->n; i++)
		assert_false(str_is(doc_string(doc_get(&api_at(&answer, "tasks")->items[i], STR("register"))), "finding"));
}

static void test_posture(void **state)
{
	(void)state;
	struct actor above = li;
	above.org = province;
	above.whole = true;
	struct api_answer answer = api_get(&api, &above, "/api/posture");
	assert_int_equal(answer.status, 200);
	assert_int_equal(api_int(&answer, "org.id"), province);
	/* One of three passes: what could not be judged is not good. */
	assert_int_equal(api_int(&answer, "good"), 1);
	assert_int_equal(api_int(&answer, "of"), 3);
	assert_int_equal(api_int(&answer, "score"), 33);
	assert_int_equal(api_int(&answer, "verdicts.unknown"), 1);
	assert_int_equal(api_int(&answer, "coverage.hosts"), 1);
	assert_int_equal(api_int(&answer, "coverage.seen"), 1);
	assert_int_equal(api_int(&answer, "findings.high"), 1);
	assert_int_equal(api_int(&answer, "trend.0.hosts"), 1);
	assert_int_equal(api_int(&answer, "below.0.org"), county);
	assert_int_equal(api_int(&answer, "below.0.of"), 3);
	assert_int_equal(api_int(&answer, "below.0.findings"), 1);
	assert_int_equal(api_int(&answer, "below.1.org"), other);
	assert_int_equal(api_at(&answer, "below.1.score")->type, DOC_NULL); /* nothing seen is no hundred per cent */
	assert_string_equal(api_text(&answer, "since.outage.from"), "start");
	/* An outage that lasts: no day without. */
	assert_int_equal(api_post(&api, &li, "/api/incidents/from", "{\"finding\": 1}").status, 201);
	assert_int_equal(api_post(&api, &li, "/api/incidents/1/grade", "{\"inputs\": {\"pi_count\": 5}}").status, 200);
	answer = api_get(&api, &above, "/api/posture");
	assert_string_equal(api_text(&answer, "since.data.from"), "incident");
	assert_true(api_at(&answer, "since.data.lasting")->boolean);
	assert_false(api_at(&answer, "since.outage.lasting")->boolean);
	/* Whose is not below one's own is not there. */
	char target[60];
	snprintf(target, sizeof(target), "/api/posture?org=%lld", (long long)county);
	assert_int_equal(api_get(&api, &stranger, target).status, 404);
	assert_int_equal(api_get(&api, &li, target).status, 200);
	assert_int_equal(api_get(&api, &li, "/api/posture?org=x").status, 422);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_findings_have_their_evidence_and_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_findings_are_said_in_the_readers_language, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_order_demands_what_was_ordered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_management_checks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_incidents_by_the_api, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_is_added_to_a_closed_incident, setup, teardown),
		cmocka_unit_test_setup_teardown(test_home, setup, teardown),
		cmocka_unit_test_setup_teardown(test_posture, setup, teardown),
		cmocka_unit_test(test_law_with_its_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
