/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * From what rules found to findings and incidents, over the real declarations of content/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "api.h"
#include "case/detection_findings.h"
#include "case/detections.h"
#include "case/hosts.h"

enum { T = 1795406400 /* 2026-11-23 04:00 UTC */ };

static struct api api;
static struct actor security, boss;
static int64_t now, web;

static struct str ask(const char *sql)
{
	struct db *db;
	struct str out = STR("");
	struct err err = { "" };
	assert_int_equal(records_read(api.office.records, &db, &err), 0);
	{
		DB_QUERY(query);
		if (db_query(&query, db, sql, &err) < 0 || db_step(&query, &err) < 0)
			fail_msg("%s", err.text);
		BUF(text);
		cell_add_plain(&text, db_cell(&query, 0));
		out = arena_str(&api.arena, buf_str(&text));
	}
	records_read_end(api.office.records, db);
	return out;
}

static void is(const char *sql, const char *expected)
{
	struct str got = ask(sql);
	if (!str_is(got, expected))
		fail_msg("%s: %.*s, not %s", sql, STR_ARG(got), expected);
}

struct deed {
	struct str lines;
	bool more;
};

static int take(void *ctx, struct write *write, struct err *err)
{
	static int64_t at;
	struct deed *deed = ctx;
	struct detections_taken taken;
	write->now = now;
	int r = detections_put(write, STR("2026-11-23.jsonl"), at, deed->lines, &taken, err);
	at = taken.end;
	return r < 0 ? r : detection_findings_update(write, &api.office.cases, LEVEL_HIGH, &deed->more, err);
}

static void found(const char *lines)
{
	struct actor ward = actor_ward();
	struct deed deed = { .lines = str_from(lines) };
	struct err err = { "" };
	if (records_do(api.office.records, &ward, take, &deed, &err) < 0)
		fail_msg("%s", err.text);
}

static int put_host(void *ctx, struct write *write, struct err *err)
{
	const struct host it = { .org = 1, .name = STR("web.example.cn"), .machine_id = STR("m1"), .seen = T };
	return hosts_put(write, &it, ctx, err);
}

static int begin(void **state)
{
	(void)state;
	struct actor ward = actor_ward();
	struct err err = { "" };
	now = T;
	api_open(&api);
	assert_int_equal(api_post(&api, &ward, "/api/records/org",
	                          "{\"values\": {\"name\": \"County\", \"code\": \"C\", \"tier\": \"county\", \"kind\": \"bureau\"}}").status, 201);
	assert_int_equal(api_post(&api, &ward, "/api/records/person", "{\"org\": 1, \"values\": {\"name\": \"Li\"}}").status, 201);
	assert_int_equal(api_post(&api, &ward, "/api/records/person", "{\"org\": 1, \"values\": {\"name\": \"Boss\"}}").status, 201);
	security = api_actor(&api, 1, 1, "security duty");
	boss = api_actor(&api, 2, 1, "leader");
	return records_do(api.office.records, &ward, put_host, &web, &err);
}

static int end(void **state)
{
	(void)state;
	api_close(&api);
	return 0;
}

static const char *line(const char *time, const char *host, const char *level, const char *more)
{
	return arena_printf(&api.arena, "{\"source\":\"auth\",\"file\":\"a\",\"time\":\"2026-11-23T%sZ\",\"host\":\"%s\",\"rule\":\"r1\","
	                    "\"title\":\"Brute force\",\"level\":\"%s\",\"tags\":[\"attack.t1110\"],%s}\n", time, host, level, more).p;
}

#define OF_ROOT ",\"fields\":{\"user\":\"root\",\"src_ip\":\"203.0.113.7\",\"msg\":\"Failed\"},\"event\":\"x\""

static void there_is_one_finding_for_each_host_rule_and_subject(void **state)
{
	(void)state;
	found(line("03:00:00", "web", "high", "\"line\":1" OF_ROOT));
	found(line("03:00:05", "web", "medium", "\"line\":2" OF_ROOT));
	is("SELECT count(*) FROM finding", "1");
	is("SELECT source FROM finding", "rule");
	is("SELECT check_id FROM finding", "r1");
	is("SELECT title FROM finding", "Brute force");
	is("SELECT severity FROM finding", "high");
	is("SELECT subject FROM finding", "user=root, src_ip=203.0.113.7");
	is("SELECT org FROM finding", "1");
	assert_int_equal(str_int_or(ask("SELECT host FROM finding"), 0), web); /* "web" is web.example.cn */
	is("SELECT last_seen FROM finding", "1795402800");
	is("SELECT due FROM finding", "2026-11-30"); /* from today: county, high, 7 days */
	is("SELECT finding FROM ward_detection WHERE level = 'medium'", "0");
	/* What comes at once is told later, and counted whole. */
	found(line("03:01:00", "WEB.example.cn", "high", "\"line\":3" OF_ROOT));
	found(line("03:02:00", "web", "high", "\"line\":4" OF_ROOT));
	is("SELECT times_seen FROM finding", "1");
	now += DETECTION_FINDINGS_HOLD;
	found("");
	is("SELECT times_seen FROM finding", "3");
	is("SELECT last_seen FROM finding", "1795402920");
	is("SELECT count(*) FROM ward_detection WHERE finding = 1", "3");
	/* The evidence is the last detection, as it was written. */
	struct api_answer evidence = api_get(&api, &security, "/api/findings/1/evidence");
	assert_int_equal(evidence.status, 200);
	assert_int_equal(api_int(&evidence, "rows.0.line"), 4);
	assert_string_equal(api_text(&evidence, "rows.0.fields.src_ip"), "203.0.113.7");
	/* Others are others: another address, another host, a correlation by what its events have in common. */
	found(line("03:03:00", "web", "high", "\"line\":5,\"fields\":{\"src_ip\":\"203.0.113.8\"},\"event\":\"x\""));
	found(line("03:03:00", "unknown-host", "critical", "\"line\":6" OF_ROOT));
	found(line("03:03:00", "web", "high", "\"fields\":{\"hostname\":\"web\",\"process\":\"sshd\"},\"count\":7,\"events\":[]"));
	is("SELECT count(*) FROM finding", "4");
	is("SELECT subject FROM finding WHERE id = 2", "src_ip=203.0.113.8");
	is("SELECT subject FROM finding WHERE id = 3", "host=unknown-host, user=root, src_ip=203.0.113.7");
	is("SELECT host FROM finding WHERE id = 3", "");
	is("SELECT subject FROM finding WHERE id = 4", "process=sshd");
}

static void people_close_it_and_only_what_happens_later_opens_it(void **state)
{
	(void)state;
	struct api_answer one = api_get(&api, &boss, "/api/records/finding/1");
	const char *body = arena_printf(&api.arena, "{\"version\": %lld, \"name\": \"dismiss\", \"reason\": \"a test\"}",
	                                (long long)api_int(&one, "record.version")).p;
	struct api_answer moved = api_post(&api, &boss, "/api/records/finding/1/transition", body);
	if (moved.status != 200)
		fail_msg("%.*s", STR_ARG(moved.body));
	now = str_int_or(ask("SELECT closed_at FROM finding WHERE id = 1"), 0) + 60;
	found(line("03:04:00", "web", "high", "\"line\":7" OF_ROOT)); /* happened before */
	is("SELECT state FROM finding WHERE id = 1", "closed");
	is("SELECT times_seen FROM finding WHERE id = 1", "4");
	found("{\"time\":\"2099-01-01T00:00:00Z\",\"host\":\"web\",\"rule\":\"r1\",\"title\":\"Brute force\",\"level\":\"high\"" OF_ROOT "}\n"); /* of a clock that is wrong: now */
	is("SELECT state FROM finding WHERE id = 1", "open");
	is("SELECT reopened FROM finding WHERE id = 1", "1");
}

static void who_makes_up_names_does_not_fill_the_register(void **state)
{
	(void)state;
	BUF(lines);
	for (int i = 0; i < 3 * DETECTION_FINDINGS_SUBJECTS; i++)
		buf_printf(&lines, "{\"time\":\"2026-11-23T03:00:00Z\",\"host\":\"web\",\"rule\":\"r2\",\"title\":\"t\",\"level\":\"high\","
		           "\"fields\":{\"user\":\"u%d\"}}\n", i);
	found(buf_cstr(&lines));
	is("SELECT count(*) FROM finding WHERE check_id = 'r2'", "101");
	is("SELECT times_seen FROM finding WHERE check_id = 'r2' AND subject = '…'", "200");
	is("SELECT sum(times_seen) FROM finding WHERE check_id = 'r2'", "300");
	is("SELECT count(*) FROM ward_detection WHERE finding IS NULL", "0");
}

static void an_incident_begins_from_a_detection(void **state)
{
	(void)state;
	struct api_answer made = api_post(&api, &security, "/api/incidents/from", "{\"detection\": 1}");
	assert_true(made.status == 200 || made.status == 201);
	assert_string_equal(api_text(&made, "evidence.0.kind"), "detection");
	is("SELECT origin FROM incident", "detection/1");
	is("SELECT t_occur FROM incident", "1795402800");
	assert_int_equal(api_post(&api, &security, "/api/incidents/from", "{\"detection\": 999999}").status, 404);
	assert_int_equal(api_post(&api, &security, "/api/incidents/from", "{}").status, 422);
	struct actor nobody = api_actor(&api, 2, 1, "supplier");
	assert_true(api_post(&api, &nobody, "/api/incidents/from", "{\"detection\": 2}").status >= 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_one_finding_for_each_host_rule_and_subject),
		cmocka_unit_test(people_close_it_and_only_what_happens_later_opens_it),
		cmocka_unit_test(who_makes_up_names_does_not_fill_the_register),
		cmocka_unit_test(an_incident_begins_from_a_detection),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
