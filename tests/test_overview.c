/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The overview over real records: what stands and may be seen, copies beside attached tables, hosts' tables with what was not seen.
 * With WARD_TEST_RECORDS a PostgreSQL (its tables are dropped), otherwise SQLite.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "case/cases.h"
#include "case/management.h"
#include "people/roles.h"
#include "register/tables.h"

#define NOW INT64_C(1795500000)

static char dir[] = "/tmp/ward-overview-XXXXXX";
static char where[4096];
static struct arena arena;
static struct content content = CONTENT_EMBEDDED;
static struct roles *roles;
static struct registers *registers;
static struct records *records;
static struct actor ward;

static int run_sql(void *ctx, struct write *write, struct err *err)
{
	return db_run(write->db, ctx, err);
}

static void sql(const char *text)
{
	struct err err = { "" };
	if (records_do(records, &ward, run_sql, (void *)text, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

#define SYSTEM "org, state, state_since, version, created, created_by, updated, updated_by"

static int setup(void **state)
{
	(void)state;
	struct err err = { "" };
	const char *given = getenv("WARD_TEST_RECORDS");
	ward = actor_ward();
	if (!mkdtemp(dir))
		return -1;
	snprintf(where, sizeof(where), "%s", given ? given : "");
	if (!given)
		snprintf(where, sizeof(where), "%s/records.db", dir);
	if (given) {
		CLEANUP(db_close_p) struct db *db = NULL;
		if (db_open(str_from(given), DB_WRITE, &db, NULL) < 0 || db_run(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", NULL) < 0)
			return -1;
	}
	const struct records_options options = { .where = str_from(where) };
	if (roles_load(&content, &roles, &err) < 0 || registers_load(&content, &roles->names, &registers, &err) < 0 ||
	    records_open(&options, &records, &err) < 0 || registers_apply(records, registers, &err) < 0 ||
	    records_migrate(records, hosts_migrations, &err) < 0 || cases_migrate(records, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	sql("INSERT INTO ward_subtree(ancestor, org) VALUES (1, 1), (1, 2), (1, 3), (2, 2);"
	    "INSERT INTO account(login, system, person, kind, last_login, " SYSTEM ") VALUES"
	    " ('root', 1, 1, 'business', '2026-11-01', 1, 'active', 0, 1, 0, 0, 0, 0), ('city', 1, 2, 'business', '2026-01-01', 2, 'active', 0, 1, 0, 0, 0, 0),"
	    " ('town', 1, 3, 'business', '2026-01-01', 3, 'active', 0, 1, 0, 0, 0, 0), ('gone', 1, 3, 'business', '2026-01-01', 3, 'active', 0, 1, 0, 0, 0, 0);"
	    "UPDATE account SET withdrawn = 5 WHERE login = 'gone';"
	    "INSERT INTO supplier_staff(supplier, login, id_card, " SYSTEM ") VALUES (1, 'vend', 'sealed', 2, 'active', 0, 1, 0, 0, 0, 0)");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	static const char *const names[] = { "records.db", "records.db-wal", "records.db-shm", "records.db-lock", "records.db.lock", "records.lock" };
	char path[4200];
	records_close(records);
	registers_free(registers);
	roles_free(roles);
	arena_done(&arena);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}

static bool not_exams(void *ctx, const struct register_ *reg)
{
	(void)ctx;
	return !str_is(reg->name, "exam");
}

static struct overview *open_as(const struct actor *actor)
{
	struct overview *overview = NULL;
	struct err err = { "" };
	const struct overview_options options = { .registers = registers, .records = records, .where = str_from(where), .actor = actor,
		                                  .may_read = not_exams, .now = NOW };
	if (overview_open(&options, &overview, &err) < 0)
		fail_msg("%s", err.text);
	return overview;
}

static int ask_as(const struct actor *actor, const char *text, int64_t *out)
{
	CLEANUP(overview_close_p) struct overview *overview = open_as(actor);
	struct overview_question question;
	struct err err = { "" };
	int r = overview_ask(overview, str_from(text), &question, NULL, &err);
	if (r == 0)
		r = overview_load(overview, &err);
	if (r == 0 && (r = statement_step(question.statement, &err)) == 1)
		*out = cell_int_or(statement_value(question.statement, 0), -1);
	overview_question_done(&question);
	return r;
}

static void expect(const struct actor *actor, const char *text, int64_t wanted)
{
	int64_t got = -2;
	int r = ask_as(actor, text, &got);
	if (r != 1 || got != wanted)
		fail_msg("%s: %d, %lld instead of %lld", text, r, (long long)got, (long long)wanted);
}

static struct actor of_org(int64_t org)
{
	return (struct actor){ .id = 9, .org = org, .roles = UINT64_MAX };
}

static void test_what_may_be_seen(void **state)
{
	(void)state;
	struct actor city = of_org(2), root = of_org(1);
	int64_t n;
	expect(NULL, "SELECT count(*) FROM account", 3);
	expect(NULL, "SELECT count(*) FROM account WHERE last_login < today()", 3);
	expect(&root, "SELECT count(*) FROM account", 3);
	expect(&city, "SELECT count(*) FROM account", 1);
	expect(&city, "SELECT count(*) FROM account WHERE login = 'city'", 1);
	expect(&city, "SELECT count(*) FROM account a JOIN account b USING (org, login, kind)", 1);
	expect(NULL, "SELECT count(*) FROM account a JOIN account b USING (org, login, kind)", 3);
	static const char *const refused[] = {
		"SELECT id_card FROM supplier_staff", "SELECT * FROM records.supplier_staff", "SELECT count(*) FROM exam", "SELECT score FROM exam",
		"SELECT * FROM ward_subtree", "SELECT * FROM records.ward_migration", "SELECT count(*) FROM ward_host",
		"WITH g(name) AS (VALUES ('h1')) SELECT count(*) FROM ward_host JOIN g USING (name)",
		"WITH g(org) AS (VALUES (1)) SELECT count(*) FROM exam JOIN g USING (org)",
		"SELECT count(*) FROM ward_setting NATURAL JOIN account",
	};
	for (size_t i = 0; i < COUNT(refused); i++) {
		if (ask_as(&city, refused[i], &n) >= 0)
			fail_msg("went through: %s", refused[i]);
		if (ask_as(NULL, refused[i], &n) >= 0)
			fail_msg("went through for ward: %s", refused[i]);
	}
}

/* ---- hosts ---- */

struct delivery {
	const char *machine, *json, *coverage;
	int64_t taken;
};

static int deliver_work(void *ctx, struct write *write, struct err *err)
{
	const struct delivery *delivery = ctx;
	static const char *const names[] = { "arp", "interfaces" };
	const struct host host = { .name = str_from(delivery->machine), .machine_id = str_from(delivery->machine), .org = 1, .seen = delivery->taken };
	int64_t id;
	int r = hosts_put(write, &host, &id, err);
	for (size_t i = 0; r == 0 && i < COUNT(names); i++) {
		const struct host_table table = {
			.name = str_from(names[i]), .taken = delivery->taken,
			.coverage = strcmp(delivery->coverage, "partial") == 0 ? COVERAGE_PARTIAL : COVERAGE_COMPLETE,
			.reason = STR("cannot read it all"),
			.json = str_from(i ? "{\"columns\":[\"mac\"],\"rows\":[],\"gaps\":[]}" : delivery->json),
		};
		r = hosts_put_table(write, id, &table, err);
	}
	return r;
}

static void deliver(const char *machine, const char *json, const char *coverage, int64_t taken)
{
	struct err err = { "" };
	struct delivery delivery = { machine, json, coverage, taken };
	if (records_do(records, &ward, deliver_work, &delivery, &err) < 0)
		fail_msg("%s", err.text);
}

static struct judged judge(const char *id)
{
	CLEANUP(overview_close_p) struct overview *overview = open_as(NULL);
	struct err err = { "" };
	struct checks checks;
	struct observations seen;
	assert_int_equal(management_load(&arena, &content, &checks, &err), 0);
	const struct check *check = checks_find(&checks, str_from(id));
	assert_non_null(check);
	const struct checks one = { .p = (struct check *)check, .n = 1 };
	if (management_run(&arena, overview, &one, NULL, NULL, &seen, &err) < 0)
		fail_msg("%s", err.text);
	return seen.p[0];
}

static void expect_verdict(enum verdict_value wanted, const char *reason)
{
	struct judged judged = judge("asset-unregistered");
	struct str why = judged.reason.english ? note_text(&arena, LANG_EN, &judged.reason) : STR("");
	if (judged.value != wanted || str_find(why, reason) < 0)
		fail_msg("%s (%.*s) instead of %s (%s)", verdict_names[judged.value], STR_ARG(why), verdict_names[wanted], reason);
}

static const char arp_known[] = "{\"columns\":[\"address\",\"mac\",\"interface\",\"state\"],"
                                "\"rows\":[[\"192.0.2.1\",\"02:00:00:00:00:01\",\"eth0\",\"reachable\"]],\"gaps\":[]}";
static const char arp_unknown[] = "{\"columns\":[\"address\",\"mac\",\"interface\",\"state\"],"
                                  "\"rows\":[[\"192.0.2.9\",\"02:00:00:00:00:09\",\"eth0\",\"reachable\"]],\"gaps\":[]}";

static void test_hosts(void **state)
{
	(void)state;
	sql("INSERT INTO asset(asset_no, name, kind, mac, " SYSTEM ") VALUES ('A1', 'n', 'pc', '02:00:00:00:00:01', 1, 'in_use', 0, 1, 0, 0, 0, 0)");
	expect_verdict(VERDICT_NOT_APPLICABLE, "");
	deliver("h1", arp_known, "complete", NOW - 100);
	expect_verdict(VERDICT_PASS, "");
	/* Another host delivered long ago: nothing can be said, unless something is found all the same. */
	deliver("h2", arp_known, "complete", NOW - 30 * 86400);
	expect_verdict(VERDICT_UNKNOWN, "h2 delivered the table");
	deliver("h1", arp_unknown, "complete", NOW - 90);
	expect_verdict(VERDICT_FAIL, "h2 delivered the table");
	struct judged judged = judge("asset-unregistered");
	assert_true(judged.partial);
	assert_int_equal(judged.n, 1);
	assert_int_equal(judged.p[0].org, 1);
	assert_true(str_is(judged.p[0].subject, "02:00:00:00:00:09"));
	assert_true(str_find(judged.p[0].evidence_json, "192.0.2.9") > 0);
	/* What could not be seen whole; what is damaged; a column that was not taken; and all of it well again. */
	deliver("h1", arp_known, "complete", NOW - 80);
	deliver("h2", arp_known, "partial", NOW - 80);
	expect_verdict(VERDICT_UNKNOWN, "h2: cannot read it all");
	deliver("h2", "{\"columns\":[\"address\"],\"rows\":[[\"192.0.2.4\"]],\"gaps\":[]}", "complete", NOW - 80);
	expect_verdict(VERDICT_UNKNOWN, "not all columns");
	deliver("h2", arp_known, "complete", NOW - 70);
	expect_verdict(VERDICT_PASS, "");
	sql("UPDATE ward_host_table SET sha256 = '00' WHERE name = 'arp'");
	expect_verdict(VERDICT_UNKNOWN, "digest");
	deliver("h1", arp_known, "complete", NOW - 60);
	deliver("h2", arp_known, "complete", NOW - 60);
	sql("DELETE FROM ward_host_table WHERE name = 'arp' AND host = (SELECT id FROM ward_host WHERE name = 'h2')");
	expect_verdict(VERDICT_UNKNOWN, "h2 has not delivered");
	struct actor city = of_org(2);
	expect(&city, "SELECT count(*) FROM fleet", 0);
	expect(&city, "SELECT count(*) FROM arp", 0);
	expect(NULL, "SELECT count(*) FROM fleet", 2);
	expect(NULL, "SELECT count(*) FROM arp", 1);
}

/* All of them over an office with next to nothing in it: none may fail to run. */
static void test_all_run(void **state)
{
	(void)state;
	CLEANUP(overview_close_p) struct overview *overview = NULL;
	struct err err = { "" };
	struct checks checks;
	struct observations seen;
	assert_int_equal(management_load(&arena, &content, &checks, &err), 0);
	const struct overview_options options = { .registers = registers, .records = records, .where = str_from(where), .now = NOW };
	assert_int_equal(overview_open(&options, &overview, &err), 0);
	assert_int_equal(management_run(&arena, overview, &checks, NULL, NULL, &seen, &err), 0);
	for (size_t i = 0; i < seen.n; i++) {
		struct str why = seen.p[i].reason.english ? note_text(&arena, LANG_EN, &seen.p[i].reason) : STR("");
		if (str_find(why, "could not be run") >= 0)
			fail_msg("%.*s: %.*s", STR_ARG(seen.p[i].check->id), STR_ARG(why));
		if (str_is(seen.p[i].check->id, "account-idle"))
			assert_int_equal(seen.p[i].n, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_may_be_seen),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_all_run),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
