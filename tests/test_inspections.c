/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Verdicts of hosts and detections on their way into the records.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "case/detections.h"
#include "case/evidence.h"
#include "case/hosts.h"
#include "case/inspections.h"
#include "crypto/digest.h"

static char dir[64];
static struct records *records;

static int begin(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	snprintf(dir, sizeof(dir), "/tmp/ward-inspections-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	struct records_options options = { .where = arena_printf(&arena, "%s/r.db", dir) };
	int r = records_open(&options, &records, &err);
	struct migration all[5] = { hosts_migrations[0], inspections_migrations[0], detections_migrations[0], detections_migrations[1], { 0 } };
	r = r < 0 ? r : records_migrate(records, evidence_migrations, &err);
	return r < 0 ? r : records_migrate(records, all, &err);
}

static int end(void **state)
{
	(void)state;
	char command[96];
	records_close(records);
	const char *const names[] = { "r.db", "r.db-wal", "r.db-shm", "r.db.lock" };
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(command, sizeof(command), "%s/%s", dir, names[i]);
		unlink(command);
	}
	return rmdir(dir);
}

static int64_t one(const char *sql)
{
	struct db *db;
	int64_t value;
	struct err err = { "" };
	assert_int_equal(records_read(records, &db, &err), 0);
	assert_int_equal(db_one_int(db, sql, -1, &value, &err), 0);
	records_read_end(records, db);
	return value;
}

struct run {
	int64_t started;
	const char *checks; /* "a:fail b:pass" */
	const char *sha256; /* NULL: the right one */
};

static int inspect(void *ctx, struct write *write, struct err *err)
{
	const struct run *given = ctx;
	const struct host host = { .name = STR("h"), .machine_id = STR("0123") };
	struct inspection_run run = { .started = given->started, .profile = STR("county") };
	int r = hosts_put(write, &host, &run.host, err);
	r = r < 0 ? r : inspections_begin(write, &run, err);
	for (struct str rest = str_from(given->checks), word; r == 0 && (word = str_word(&rest)).n;) {
		struct str value = word, check = str_cut(&value, ':'), rows = STR("[{\"a\":1}]");
		struct verdict_said said = { .check = check, .severity = SEVERITY_HIGH, .evidence = rows, .rows = 1, .found = 3 };
		for (int i = 0; i < VERDICT_COUNT; i++)
			said.value = str_is(value, verdict_names[i]) ? (enum verdict_value)i : said.value;
		said.sha256 = given->sha256 ? str_from(given->sha256) : digest_hex(write->arena, DIGEST_SHA256, rows);
		r = inspections_verdict(write, &run, &said, err);
	}
	return r < 0 ? r : inspections_end(write, &run, err);
}

static int run(int64_t started, const char *checks, const char *sha256)
{
	struct actor ward = actor_ward();
	struct run given = { started, checks, sha256 };
	struct err err = { "" };
	return records_do(records, &ward, inspect, &given, &err);
}

static void a_verdict_has_been_so_since_it_changed(void **state)
{
	(void)state;
	assert_int_equal(run(1000, "a:fail b:pass c:unknown", NULL), 0);
	assert_int_equal(run(2000, "a:fail b:fail", NULL), 0);
	assert_int_equal(one("SELECT since FROM ward_verdict WHERE check_id = 'a'"), 1000);
	assert_int_equal(one("SELECT seen FROM ward_verdict WHERE check_id = 'a'"), 2000);
	assert_int_equal(one("SELECT since FROM ward_verdict WHERE check_id = 'b'"), 2000);
	assert_int_equal(one("SELECT count(*) FROM ward_verdict WHERE check_id = 'c'"), 0); /* not judged any more */
	assert_int_equal(one("SELECT fail FROM ward_inspection WHERE started = 2000"), 2);
	assert_int_equal(one("SELECT unknown FROM ward_inspection WHERE started = 1000"), 1);
	assert_int_equal(one("SELECT high FROM ward_verdict_day"), 2); /* of one day, the last run */
	assert_int_equal(one("SELECT count(*) FROM ward_evidence"), 1); /* the same rows, once */
}

static void what_does_not_fit_leaves_nothing(void **state)
{
	(void)state;
	int64_t runs = one("SELECT count(*) FROM ward_inspection");
	assert_int_equal(run(3000, "a:pass", "0000000000000000000000000000000000000000000000000000000000000000"), -EINVAL);
	assert_int_equal(run(3000, "", NULL), 0); /* nothing was judged: nothing is in force */
	assert_int_equal(one("SELECT count(*) FROM ward_inspection"), runs + 1);
	assert_int_equal(one("SELECT count(*) FROM ward_verdict"), 0);
}

struct lines {
	int64_t at;
	struct str text;
	struct detections_taken taken;
};

static int take(void *ctx, struct write *write, struct err *err)
{
	struct lines *lines = ctx;
	return detections_put(write, STR("2026-11-23.jsonl"), lines->at, lines->text, &lines->taken, err);
}

static void detections_are_taken_once(void **state)
{
	(void)state;
	static const char text[] = "{\"time\":\"2026-11-23T04:01:02Z\",\"title\":\"t\",\"rule\":\"r\",\"level\":\"high\","
				   "\"tags\":[\"attack.t1190\",\"attack.impact\",7],\"count\":3}\n"
				   "not JSON\n\n{\"title\":5}\n{\"title\":\"u\",\"half";
	struct actor ward = actor_ward();
	struct lines lines = { 0, str_from(text), { 0 } };
	struct err err = { "" };
	int64_t position;
	struct db *db;
	for (int i = 0; i < 2; i++) { /* the same bytes again, as after a crash that lost the position alone */
		assert_int_equal(records_do(records, &ward, take, &lines, &err), 0);
		assert_int_equal(lines.taken.kept, i == 0 ? 1 : 0);
		assert_int_equal(lines.taken.end, str_find(lines.text, "{\"title\":\"u\""));
	}
	assert_int_equal(one("SELECT count(*) FROM ward_detection"), 1);
	assert_int_equal(one("SELECT time FROM ward_detection"), 1795406462);
	assert_int_equal(one("SELECT count(*) FROM ward_detection_technique"), 1);
	assert_int_equal(records_read(records, &db, &err), 0);
	assert_int_equal(detections_position(db, STR("2026-11-23.jsonl"), &position, &err), 0);
	records_read_end(records, db);
	assert_int_equal(position, lines.taken.end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verdict_has_been_so_since_it_changed),
		cmocka_unit_test(what_does_not_fit_leaves_nothing),
		cmocka_unit_test(detections_are_taken_once),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
