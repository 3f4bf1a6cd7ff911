/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Findings and incidents over the real declarations of content/, with a clock that the test sets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>
#include <pthread.h>
#include <stdio.h>

#include "api.h"
#include "base/clock.h"
#include "case/evidence.h"
#include "case/finding.h"
#include "case/hosts.h"
#include "case/incident.h"
#include "case/notice.h"
#include "case/report_draft.h"
#include "case/schedule.h"
#include "crypto/digest.h"

enum { DAY = 86400, T = 1795392000 /* 2026-11-23 00:00 UTC, a Monday */ };

static struct api api;
static struct actor ward, li, wang, zhao, boss; /* li issues, wang repairs, zhao verifies, boss leads */
static int64_t province, county, host;
static int64_t now;

/* ---- works at a time that the test sets ---- */

typedef int (*deed)(struct write *write, void *ctx, struct err *err);
struct deed_at {
	deed does;
	void *ctx;
};

static int deed_work(void *ctx, struct write *write, struct err *err)
{
	struct deed_at *at = ctx;
	write->now = now;
	return at->does(write, at->ctx, err);
}

static int act(const struct actor *actor, deed does, void *ctx, struct err *err)
{
	struct deed_at at = { does, ctx };
	return records_do(api.office.records, actor, deed_work, &at, err);
}

static void must(const struct actor *actor, deed does, void *ctx)
{
	struct err err = { "" };
	int r = act(actor, does, ctx, &err);
	if (r < 0)
		fail_msg("%s (%d)", err.text, r);
}

static const struct doc *json(const char *text)
{
	struct source *source = ARENA_NEW(&api.arena, struct source);
	const struct doc *doc = NULL;
	struct err err = { "" };
	*source = (struct source){ .name = "json", .text = str_from(text) };
	if (json_parse(&api.arena, source, &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

struct making {
	const char *reg, *values;
	int64_t org, id;
};

static int make_deed(struct write *write, void *ctx, struct err *err)
{
	struct making *making = ctx;
	return record_create(write, &api.office.books, registers_find(api.office.registers, str_from(making->reg)), making->org, json(making->values),
	                     &making->id, NULL, err);
}

static int64_t make(const struct actor *actor, const char *reg, int64_t org, const char *values)
{
	struct making making = { reg, values, org, 0 };
	must(actor, make_deed, &making);
	return making.id;
}

struct moving {
	const char *reg, *name, *values, *reason;
	int64_t id;
};

static int move_deed(struct write *write, void *ctx, struct err *err)
{
	struct moving *moving = ctx;
	const struct register_ *reg = registers_find(api.office.registers, str_from(moving->reg));
	const struct doc *values = moving->values ? json(moving->values) : NULL;
	if (str_is(str_from(moving->name), "edit"))
		return record_edit(write, &api.office.books, reg, moving->id, 0, values, str_from(moving->reason), NULL, err);
	return record_transition(write, &api.office.books, reg, moving->id, 0, str_from(moving->name), values, str_from(moving->reason), NULL, err);
}

static void move(const struct actor *actor, const char *reg, int64_t id, const char *name, const char *values)
{
	struct moving moving = { reg, name, values, "because", id };
	must(actor, move_deed, &moving);
}

static void refused(const struct actor *actor, const char *reg, int64_t id, const char *name, const char *values, const char *words)
{
	struct moving moving = { reg, name, values, NULL, id };
	struct err err = { "" };
	assert_true(act(actor, move_deed, &moving, &err) < 0);
	assert_string_equal(err.text, words);
}

static struct cell ask(const char *sql)
{
	struct db *db;
	struct cell cell = { 0 };
	struct err err = { "" };
	assert_int_equal(records_read(api.office.records, &db, &err), 0);
	{
		DB_QUERY(query);
		if (db_query(&query, db, sql, &err) < 0 || db_step(&query, &err) < 0)
			fail_msg("%s", err.text);
		if (query.statement)
			cell = db_cell(&query, 0);
		if (cell_is_text(cell))
			cell = cell_text(arena_str(&api.arena, cell_str(cell)));
	}
	records_read_end(api.office.records, db);
	return cell;
}

static int64_t ask_int(const char *sql)
{
	return cell_int_or(ask(sql), -1);
}

static const char *ask_text(const char *sql)
{
	struct str text = cell_str(ask(sql));
	return text.p ? arena_cstr(&api.arena, text) : "";
}

/* ---- an office ---- */

static int host_deed(struct write *write, void *ctx, struct err *err)
{
	struct host it = { .org = county, .name = STR("his-db"), .machine_id = STR("m1"), .seen = now };
	return hosts_put(write, &it, ctx, err);
}

static int setup(void **state)
{
	static const struct route *const none[] = { NULL };
	(void)state;
	now = T;
	api_open_with(&api, none);
	ward = actor_ward();
	province = make(&ward, "org", 0, "{\"name\": \"Province\", \"code\": \"P\", \"tier\": \"province\", \"kind\": \"bureau\"}");
	BUF(values);
	buf_printf(&values, "{\"name\": \"County\", \"code\": \"C\", \"tier\": \"county\", \"kind\": \"bureau\", \"parent\": %lld}", (long long)province);
	county = make(&ward, "org", 0, buf_cstr(&values));
	int64_t people[4];
	static const char *const names[] = { "Li", "Wang", "Zhao", "Boss" };
	for (size_t i = 0; i < COUNT(people); i++) {
		buf_clear(&values);
		buf_printf(&values, "{\"name\": \"%s\", \"code\": \"%zu\"}", names[i], i);
		people[i] = make(&ward, "person", county, buf_cstr(&values));
	}
	li = api_actor(&api, people[0], county, "security");
	wang = api_actor(&api, people[1], county, "officer operator");
	zhao = api_actor(&api, people[2], county, "verifier");
	boss = api_actor(&api, people[3], county, "leader");
	li.whole = wang.whole = zhao.whole = boss.whole = false;
	li.fresh_until = wang.fresh_until = zhao.fresh_until = boss.fresh_until = INT64_MAX;
	/* Wang answers for the operation of everything. */
	buf_clear(&values);
	buf_printf(&values, "{\"name\": \"Operation\", \"duty_kind\": \"operate\", \"person_a\": %lld, \"valid\": {\"from\": \"2026-01-01\", \"to\": \"2027-12-31\"}}",
	           (long long)people[1]);
	int64_t post = make(&li, "post", county, buf_cstr(&values));
	move(&boss, "post", post, "approve", NULL);
	move(&boss, "post", post, "begin", NULL);
	must(&ward, host_deed, &host);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	api_close(&api);
	return 0;
}

/* ---- what a run observed ---- */

static struct check check = { .id = { "ssh-root-login", 14 }, .severity = SEVERITY_HIGH, .title.in = { { "root must not log in", 20 } } };

struct run {
	enum verdict_value value;
	bool partial;
	const char *subject, *evidence;
	struct findings_done done;
};

static int run_deed(struct write *write, void *ctx, struct err *err)
{
	struct run *run = ctx;
	struct str evidence = str_from(run->evidence ? run->evidence : "[{\"line\":33}]");
	struct observed observed = { .host = host, .subject = str_from(run->subject ? run->subject : ""), .evidence_json = evidence,
		                     .evidence_sha256 = digest_hex(write->arena, DIGEST_SHA256, evidence), .rows = 1, .found = 1 };
	struct judged judged = { .check = &check, .source = OBSERVED_CHECK, .host = host, .value = run->value, .partial = run->partial,
		                 .p = &observed, .n = run->value == VERDICT_FAIL };
	struct observations seen = { .at = now, .p = &judged, .n = 1 };
	return findings_update(write, &api.office.cases, &seen, &run->done, err);
}

static struct findings_done observe(enum verdict_value value, const char *subject, const char *evidence)
{
	struct run run = { .value = value, .subject = subject, .evidence = evidence };
	must(&ward, run_deed, &run);
	if (run.done.refused)
		fail_msg("%.*s", STR_ARG(run.done.why));
	return run.done;
}

#define STATE "SELECT state FROM finding WHERE id = 1"

static void test_a_finding_lives(void **state)
{
	(void)state;
	/* Seen: raised, with an owner and a date (county: high 7 days); seen again the same hour: nothing new. */
	assert_int_equal(observe(VERDICT_FAIL, NULL, NULL).raised, 1);
	assert_int_equal(ask_int("SELECT responsible FROM finding WHERE id = 1"), wang.person);
	assert_int_equal(ask_int("SELECT org FROM finding WHERE id = 1"), county);
	assert_string_equal(ask_text("SELECT due FROM finding WHERE id = 1"), "2026-11-30");
	int64_t entries = ask_int("SELECT count(*) FROM ward_journal");
	now += 3600;
	assert_int_equal(observe(VERDICT_FAIL, NULL, NULL).raised, 0);
	assert_int_equal(ask_int("SELECT count(*) FROM finding"), 1);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_journal"), entries);
	/* Other evidence is kept; another subject is another finding. */
	observe(VERDICT_FAIL, NULL, "[{\"line\":34}]");
	assert_int_equal(ask_int("SELECT times_seen FROM finding WHERE id = 1"), 2);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_evidence"), 2);
	/* Unknown, and a fail that was not seen whole, close nothing. */
	struct run run = { .value = VERDICT_UNKNOWN };
	must(&ward, run_deed, &run);
	assert_string_equal(ask_text(STATE), "open");
	run = (struct run){ .value = VERDICT_FAIL, .partial = true, .subject = "another" };
	must(&ward, run_deed, &run);
	assert_string_equal(ask_text(STATE), "open");
	assert_int_equal(ask_int("SELECT count(*) FROM finding"), 2);
	/* Issued two days later: the date that Li left moves with it. */
	now = T + 2 * DAY;
	move(&li, "finding", 1, "issue", NULL);
	assert_string_equal(ask_text("SELECT due FROM finding WHERE id = 1"), "2026-12-02");
	assert_int_equal(ask_int("SELECT issuer FROM finding WHERE id = 1"), li.person);
	move(&wang, "finding", 1, "acknowledge", NULL);
	/* A check that passes does not close what somebody was ordered to repair. */
	assert_int_equal(observe(VERDICT_PASS, NULL, NULL).closed, 1); /* the other one, never issued */
	assert_string_equal(ask_text(STATE), "acknowledged");
	observe(VERDICT_FAIL, NULL, NULL);
	move(&wang, "finding", 1, "submit", "{\"measure\": \"PermitRootLogin no\"}");
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest WHERE finding = 1"), 1); /* asked for by itself */
	/* What the retest sees is told to whoever verifies: once that nothing can be seen, and then what is. */
	now += 60;
	run = (struct run){ .value = VERDICT_UNKNOWN };
	must(&ward, run_deed, &run);
	assert_string_equal(ask_text("SELECT retest FROM finding WHERE id = 1"), "unknown");
	entries = ask_int("SELECT count(*) FROM ward_journal");
	must(&ward, run_deed, &run);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_journal"), entries);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest WHERE finding = 1"), 1);
	observe(VERDICT_FAIL, NULL, NULL);
	assert_string_equal(ask_text(STATE), "submitted");
	assert_string_equal(ask_text("SELECT retest FROM finding WHERE id = 1"), "seen");
	assert_int_equal(ask_int("SELECT retested_at FROM finding WHERE id = 1"), now);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest WHERE finding = 1"), 0);
	/* Who repaired it does not verify it, whatever their roles. */
	struct actor both = wang;
	both.roles |= zhao.roles;
	refused(&both, "finding", 1, "verify", NULL, "another person must do this: you are its 'Person responsible'");
	move(&zhao, "finding", 1, "verify", NULL);
	/* What was seen before they verified it does not undo that. */
	assert_int_equal(observe(VERDICT_FAIL, NULL, NULL).reopened, 0);
	move(&boss, "finding", 1, "close", NULL);
	assert_string_equal(ask_text(STATE), "closed");
	/* Closed by people while it still fails: open again at the next look, which answers the retest. */
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest WHERE finding = 1"), 1);
	now += 60;
	assert_int_equal(observe(VERDICT_FAIL, NULL, NULL).reopened, 1);
	assert_string_equal(ask_text(STATE), "open");
	assert_int_equal(ask_int("SELECT reopened FROM finding WHERE id = 1"), 1);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest"), 0);
	/* And what was seen before it was closed does not open it. */
	move(&li, "finding", 1, "issue", NULL);
	move(&wang, "finding", 1, "acknowledge", NULL);
	move(&wang, "finding", 1, "submit", NULL);
	now += 60;
	assert_int_equal(observe(VERDICT_PASS, NULL, NULL).closed, 1);
	assert_string_equal(ask_text(STATE), "closed");
	assert_int_equal(observe(VERDICT_FAIL, NULL, NULL).reopened, 0);
	now += 60;
	assert_int_equal(observe(VERDICT_FAIL, NULL, NULL).reopened, 1);
}

/* ---- a run of many, kept in pieces ---- */

enum { MANY = 450 };

/* The office's own hook, and after it one that fails when so many findings were made, as a disk does. */
static struct register_hook failing[3];
static size_t fails_after, made;

static int fail_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err)
{
	(void)ctx;
	(void)write;
	if (str_is(event->action, "create") && fails_after && ++made > fails_after)
		return err_set(err, -EIO, "the disk is gone");
	return 0;
}

struct other {
	pthread_t thread;
	_Atomic bool over;
	_Atomic size_t writes; /* between the run's pieces */
};

static int nothing(struct write *write, void *ctx, struct err *err)
{
	(void)write;
	(void)ctx;
	(void)err;
	return 0;
}

static void *write_beside(void *ctx)
{
	struct other *other = ctx;
	while (!other->over)
		other->writes += act(&ward, nothing, NULL, NULL) == 0;
	return NULL;
}

static struct check many_check = { .id = { "asset-unseen", 12 }, .severity = SEVERITY_LOW, .title.in = { { "devices are seen", 16 } } };

/* Subjects from..to-1 of the county; those of host as well when there is one. */
static int keep_many(size_t from, size_t to, bool partial, struct findings_done *done, struct err *err)
{
	ARENA(arena);
	struct observed *observed = ARENA_ARRAY(&arena, struct observed, to);
	struct judged judged[] = {
		{ .check = &many_check, .source = OBSERVED_MANAGEMENT, .value = VERDICT_FAIL, .partial = partial, .p = observed, .n = to - from },
		{ .check = &check, .source = OBSERVED_MANAGEMENT, .value = VERDICT_PASS },
	};
	for (size_t i = from; i < to; i++) {
		struct str json = arena_printf(&arena, "[{\"n\":%zu}]", i);
		observed[i - from] = (struct observed){ .org = county, .subject = arena_printf(&arena, "A-%zu", i), .evidence_json = json,
			                                .evidence_sha256 = digest_hex(&arena, DIGEST_SHA256, json), .rows = 1, .found = 1 };
	}
	struct observations seen = { .at = now, .p = judged, .n = COUNT(judged) };
	int r = findings_keep(&arena, api.office.records, &api.office.cases, &seen, done, err);
	if (done->refused)
		fail_msg("%.*s", STR_ARG(done->why));
	return r;
}

#define OPEN "SELECT count(*) FROM finding WHERE check_id = 'asset-unseen' AND state = 'open'"

/* What an order rests on: the level that is in force, and no law of another country. */
static void test_basis_is_what_is_in_force(void **state)
{
	(void)state;
	static struct str clauses[] = { STR("GB/T 22239-2019 8.1.4.2 b"), STR("GB/T 22239-2019 7.1.4.2 b"), STR("GB/T 39786-2021 8.2"),
		                        STR("Thông tư 12/2022/TT-BTTTT") };
	static const struct {
		const char *jurisdiction, *level, *basis;
	} regimes[] = {
		{ "CN", "", "GB/T 22239-2019 8.1.4.2 b; GB/T 22239-2019 7.1.4.2 b; GB/T 39786-2021 8.2" },
		{ "CN", "GB/T 22239-2019 7.", "GB/T 22239-2019 7.1.4.2 b; GB/T 39786-2021 8.2" },
		{ "CN", "GB/T 22239-2019 8.", "GB/T 22239-2019 8.1.4.2 b; GB/T 39786-2021 8.2" },
		{ "CN", "GB/T 22239-2019 9.", "GB/T 22239-2019 8.1.4.2 b; GB/T 22239-2019 7.1.4.2 b; GB/T 39786-2021 8.2" },
		{ "VN", "TCVN 11930:2017 6.", "Thông tư 12/2022/TT-BTTTT" },
	};
	check.clauses = (struct strings){ clauses, COUNT(clauses) };
	for (size_t i = 0; i < COUNT(regimes); i++) {
		api.office.cases.jurisdiction = str_from(regimes[i].jurisdiction);
		snprintf(api.office.cases.clauses, sizeof(api.office.cases.clauses), "%s", regimes[i].level);
		observe(VERDICT_FAIL, regimes[i].level[0] ? regimes[i].level : "none", NULL);
		assert_string_equal(ask_text("SELECT basis FROM finding ORDER BY id DESC LIMIT 1"), regimes[i].basis);
	}
	check.clauses = (struct strings){ 0 };
}

static void test_many_are_kept_in_pieces(void **state)
{
	(void)state;
	struct findings_done done;
	struct err err = { "" };
	/* Two that are no more in the run that follows: one as it was raised, one that somebody reported repaired. */
	now = clock_now(); /* findings_keep() has works of its own, whose time is that of the machine */
	assert_int_equal(keep_many(MANY, MANY + 2, false, &done, &err), 0);
	assert_int_equal(done.raised, 2);
	int64_t id = ask_int("SELECT id FROM finding WHERE subject = 'A-451'");
	move(&li, "finding", id, "issue", NULL);
	move(&wang, "finding", id, "acknowledge", NULL);
	move(&wang, "finding", id, "submit", "{\"measure\": \"found it\"}");
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest"), 1);
	/* The run ends in the middle: what was kept is whole, nothing is closed, the retest waits. */
	now += 60;
	const struct register_hook *hooks = api.office.books.hooks;
	failing[0] = (struct register_hook){ "finding", finding_hook, &api.office.cases };
	failing[1] = (struct register_hook){ "finding", fail_hook, NULL };
	api.office.books.hooks = failing;
	fails_after = MANY / 2;
	assert_int_equal(keep_many(0, MANY, false, &done, &err), -EIO);
	int64_t kept = ask_int(OPEN);
	assert_true(kept > 1 && kept <= MANY / 2 + 1);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_journal WHERE kind = 'finding' AND action = 'create'"), kept + 1);
	assert_string_equal(ask_text("SELECT state FROM finding WHERE subject = 'A-450'"), "open");
	assert_string_equal(ask_text("SELECT state FROM finding WHERE subject = 'A-451'"), "submitted");
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest"), 1);
	/* The next one does the rest, and others write in between. */
	struct other other = { .over = false };
	fails_after = 0;
	assert_int_equal(pthread_create(&other.thread, NULL, write_beside, &other), 0);
	while (!other.writes) /* it is at it */
		usleep(1000);
	size_t earlier = other.writes;
	assert_int_equal(keep_many(0, MANY, false, &done, &err), 0);
	size_t later = other.writes;
	other.over = true;
	pthread_join(other.thread, NULL);
	api.office.books.hooks = hooks;
	assert_true(later > earlier);
	assert_int_equal(done.raised, MANY - (kept - 1));
	assert_int_equal(done.seen, kept - 1);
	assert_int_equal(done.closed, 2);
	assert_int_equal(ask_int(OPEN), MANY);
	assert_int_equal(ask_int("SELECT count(DISTINCT subject) FROM finding"), MANY + 2);
	assert_int_equal(ask_int("SELECT count(*) FROM finding"), MANY + 2);
	assert_int_equal(ask_int("SELECT count(*) FROM finding WHERE times_seen <> 1"), 0);
	assert_string_equal(ask_text("SELECT retest FROM finding WHERE subject = 'A-451'"), "gone");
	assert_string_equal(ask_text("SELECT state FROM finding WHERE subject = 'A-451'"), "closed");
	assert_int_equal(ask_int("SELECT count(*) FROM ward_retest"), 0);
	/* The same again changes nothing; what was not seen whole closes nothing; a day later each is counted once more. */
	int64_t entries = ask_int("SELECT count(*) FROM ward_journal");
	assert_int_equal(keep_many(0, MANY, false, &done, &err), 0);
	assert_int_equal(done.seen, MANY);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_journal"), entries);
	now += DAY;
	assert_int_equal(keep_many(200, MANY + 2, true, &done, &err), 0);
	assert_int_equal(done.closed, 0);
	assert_int_equal(done.reopened, 2);
	assert_int_equal(ask_int(OPEN), MANY + 2);
	assert_int_equal(ask_int("SELECT count(*) FROM finding WHERE times_seen = 2"), MANY + 2 - 200);
	assert_int_equal(keep_many(0, 0, false, &done, &err), 0);
	assert_int_equal(done.closed, MANY + 2);
	assert_int_equal(ask_int(OPEN), 0);
}

/* Equal ones that people made: the newest is the one, the others are closed when nobody waits for them. */
static void test_of_equal_ones_the_newest_counts(void **state)
{
	(void)state;
	struct findings_done done;
	struct err err = { "" };
	now = T;
	static const char twin[] = "{\"title\": \"twin\", \"source\": \"management\", \"check_id\": \"asset-unseen\", \"subject\": \"A-0\", \"severity\": \"low\"}";
	int64_t first = make(&ward, "finding", county, twin), second = make(&ward, "finding", county, twin);
	int64_t elsewhere = make(&ward, "finding", province, twin);
	assert_int_equal(keep_many(0, 1, false, &done, &err), 0);
	assert_int_equal(done.raised, 0);
	assert_int_equal(done.seen, 1);
	assert_int_equal(done.closed, 2);
	BUF(sql);
	buf_printf(&sql, "SELECT count(*) FROM finding WHERE state = 'closed' AND id IN (%lld, %lld)", (long long)first, (long long)elsewhere);
	assert_int_equal(ask_int(buf_cstr(&sql)), 2);
	buf_clear(&sql);
	buf_printf(&sql, "SELECT count(*) FROM finding WHERE state = 'open' AND id = %lld", (long long)second);
	assert_int_equal(ask_int(buf_cstr(&sql)), 1);
}

static int verify_by_code(struct write *write, void *ctx, struct err *err)
{
	const struct record_event event = { .reg = registers_find(api.office.registers, STR("finding")), .id = 1, .org = county, .action = STR("verify"),
		                            .before = json("{\"state\": \"submitted\", \"responsible\": 5, \"submitted_by\": 6}"),
		                            .after = json("{\"state\": \"verified\"}") };
	(void)ctx;
	return finding_hook(&api.office.cases, write, &event, err);
}

/* Held by code, too, when a declaration in an office's own content forgets it. */
static void test_verifier_is_another_by_code(void **state)
{
	(void)state;
	struct err err = { "" };
	struct actor who = zhao;
	who.person = 5;
	assert_int_equal(act(&who, verify_by_code, NULL, &err), -EPERM);
	who.person = 6;
	assert_int_equal(act(&who, verify_by_code, NULL, &err), -EPERM);
	who.person = 0;
	assert_int_equal(act(&who, verify_by_code, NULL, &err), -EPERM);
	who.person = 7;
	assert_int_equal(act(&who, verify_by_code, NULL, &err), 0);
}

static int tick_deed(struct write *write, void *ctx, struct err *err)
{
	bool *more = ctx;
	int r = clocks_tick(write, NULL, NULL, err);
	return r < 0 ? r : findings_tick(write, &api.office.cases, more, err);
}

static bool due_now(void)
{
	struct db *db;
	bool due;
	assert_int_equal(records_read(api.office.records, &db, NULL), 0);
	assert_int_equal(findings_due(db, now, &due, NULL), 0);
	records_read_end(api.office.records, db);
	return due;
}

static void test_overdue_extended_accepted(void **state)
{
	(void)state;
	bool more;
	now = T;
	int64_t id = make(&li, "finding", county, "{\"title\": \"No B person\", \"source\": \"manual\", \"severity\": \"critical\"}");
	assert_int_equal(id, 1);
	assert_string_equal(ask_text("SELECT due FROM finding WHERE id = 1"), "2026-11-26"); /* critical: 3 days */
	assert_int_equal(ask_int("SELECT responsible FROM finding WHERE id = 1"), wang.person);
	move(&li, "finding", id, "issue", NULL);
	now = T + 3 * DAY; /* the day itself counts */
	assert_false(due_now());
	now = T + 4 * DAY;
	assert_true(due_now());
	must(&ward, tick_deed, &more);
	assert_int_equal(ask_int("SELECT overdue FROM finding WHERE id = 1"), 1);
	assert_int_equal(ask_int("SELECT escalated_to FROM finding WHERE id = 1"), province);
	assert_false(due_now());
	/* Extended once by the issuer; a second time by the leader alone. */
	refused(&li, "finding", id, "extend", "{\"due\": \"2026-11-20\"}", "reason: a reason must be given");
	struct moving back = { "finding", "extend", "{\"due\": \"2026-11-25\"}", "late parts", id };
	struct err err = { "" };
	assert_int_equal(act(&li, move_deed, &back, &err), -EINVAL);
	move(&li, "finding", id, "extend", "{\"due\": \"2026-12-10\"}");
	assert_int_equal(ask_int("SELECT extension_count FROM finding WHERE id = 1"), 1);
	assert_int_equal(ask_int("SELECT overdue FROM finding WHERE id = 1"), 0);
	struct moving again = { "finding", "extend", "{\"due\": \"2026-12-20\"}", "late parts", id };
	assert_int_equal(act(&li, move_deed, &again, &err), -EPERM);
	move(&boss, "finding", id, "extend", "{\"due\": \"2026-12-20\"}");
	assert_int_equal(ask_int("SELECT extension_count FROM finding WHERE id = 1"), 2);
	/* A risk is accepted until a day, for a year at most, and is open again after it. */
	refused(&boss, "finding", id, "accept", "{\"accepted_until\": \"2026-11-01\", \"accept_reason\": \"old\"}",
	        "an accepted risk needs a day in the future on which it ends");
	refused(&boss, "finding", id, "accept", "{\"accepted_until\": \"2028-11-01\", \"accept_reason\": \"old\"}",
	        "a risk is accepted for a year at most");
	move(&boss, "finding", id, "accept", "{\"accepted_until\": \"2026-12-31\", \"accept_reason\": \"replaced in spring\"}");
	now = T + 38 * DAY; /* 2026-12-31 */
	must(&ward, tick_deed, &more);
	assert_string_equal(ask_text(STATE), "accepted");
	now = T + 39 * DAY;
	must(&ward, tick_deed, &more);
	assert_string_equal(ask_text(STATE), "open");
}

/* ---- incidents ---- */

static int from_deed(struct write *write, void *ctx, struct err *err)
{
	struct incident_seed seed = { .t_occur = now - 600, .summary = STR("Failed logins, then one that worked"), .origin = STR("detection/7"),
		                      .evidence = { .kind = STR("detection"), .reference = STR("7"), .title = STR("brute force"),
		                                    .content = STR("{\"rule\":\"x\"}") } };
	return incident_from(write, &api.office.cases, &seed, ctx, err);
}

struct sending {
	int64_t id, at;
	const char *rule, *receipt;
};
static int send_deed(struct write *write, void *ctx, struct err *err)
{
	struct sending *sending = ctx;
	return incident_sent(write, &api.office.cases, sending->id, str_from(sending->rule), sending->at, str_from(sending->receipt), STR("<p>"), err);
}

static int64_t graded = 1; /* which incident */
static int grade_deed(struct write *write, void *ctx, struct err *err)
{
	return incident_grade(write, &api.office.cases, graded, json(ctx), err);
}

static const char *clock_state(const char *rule)
{
	BUF(sql);
	buf_printf(&sql, "SELECT state FROM ward_clock WHERE incident = 1 AND rule = '%s' ORDER BY round DESC LIMIT 1", rule);
	return ask_text(buf_cstr(&sql));
}

static void draft(enum report_stage stage, enum lang lang, const char *holds, size_t *gaps)
{
	struct db *db;
	struct err err = { "" };
	struct content content = CONTENT_EMBEDDED;
	BUF(page);
	assert_int_equal(records_read(api.office.records, &db, NULL), 0);
	int r = report_draft(&api.arena, db, &api.office.cases, &content, 1, stage, lang, now, &page, gaps, &err);
	records_read_end(api.office.records, db);
	if (r < 0)
		fail_msg("%s", err.text);
	if (!strstr(buf_cstr(&page), holds))
		fail_msg("no '%s' in %s", holds, buf_cstr(&page));
}

static void test_an_incident_lives(void **state)
{
	(void)state;
	int64_t id;
	bool more;
	size_t gaps, fewer;
	now = T;
	must(&li, from_deed, &id);
	assert_int_equal(id, 1);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_incident_evidence WHERE length(sha256) = 64"), 1);
	/* Not answered yet: ordinary, only the superior's two hours run. */
	assert_string_equal(ask_text("SELECT grade_calculated FROM incident"), "IV");
	assert_string_equal(clock_state("CN-R10"), "running");
	assert_string_equal(clock_state("CN-R5"), "");
	assert_int_equal(ask_int("SELECT due - starts FROM ward_clock WHERE rule = 'CN-R10'"), 7200);
	/* Warned at half of it, and at 80 %. */
	now = T + 3599;
	must(&ward, tick_deed, &more);
	assert_int_equal(ask_int("SELECT warned FROM ward_clock WHERE rule = 'CN-R10'"), 0);
	now = T + 3600;
	must(&ward, tick_deed, &more);
	assert_int_equal(ask_int("SELECT warned FROM ward_clock WHERE rule = 'CN-R10'"), 50);
	/* A million people's data: III, so the province is told within 4 hours, and the persons at once; VN's clocks do not run here. */
	must(&li, grade_deed, (void *)"{\"pi_count\": 1000000, \"portal\": \"none\"}");
	assert_string_equal(ask_text("SELECT grade_calculated FROM incident"), "III");
	assert_string_equal(clock_state("CN-R5"), "running");
	assert_int_equal(ask_int("SELECT starts FROM ward_clock WHERE rule = 'CN-R5'"), T);
	assert_int_equal(ask_int("SELECT due FROM ward_clock WHERE rule = 'CN-R5'"), T + 4 * 3600);
	assert_string_equal(clock_state("CN-R1"), "");
	assert_string_equal(clock_state("VN-R3"), "");
	assert_string_equal(clock_state("CN-R13"), "");
	move(&li, "incident", id, "edit", "{\"pi\": true}");
	assert_string_equal(clock_state("CN-R13"), "running");
	assert_int_equal(ask_int("SELECT count(*) FROM ward_clock WHERE rule = 'CN-R13' AND due IS NULL"), 1); /* at once: no figure */
	struct err err = { "" };
	assert_int_equal(act(&li, grade_deed, (void *)"{\"pi_count\": -1}", &err), -EINVAL);
	assert_int_equal(act(&li, grade_deed, (void *)"{\"portal\": \"village\"}", &err), -EINVAL);
	assert_int_equal(act(&zhao, grade_deed, (void *)"{\"pi_count\": 5}", &err), -EPERM);
	/* A milder grade needs a reason. */
	struct moving milder = { "incident", "grade", "{\"grade_final\": \"IV\"}", NULL, id };
	assert_int_equal(act(&boss, move_deed, &milder, &err), -EINVAL);
	/* The two hours pass without a report: missed, and late when it is sent; the province's is met. */
	now = T + 7200;
	must(&ward, tick_deed, &more);
	assert_string_equal(clock_state("CN-R10"), "running");
	now = T + 7201;
	must(&ward, tick_deed, &more);
	assert_string_equal(clock_state("CN-R10"), "missed");
	draft(REPORT_FIRST, LANG_ZH, "网络安全事件初报", &gaps);
	draft(REPORT_FIRST, LANG_VI, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", &gaps);
	assert_true(gaps > 3);
	struct sending early = { id, T - 1, "CN-R5", "" }, future = { id, now + 10, "CN-R5", "" }, none = { id, now, "CN-R1", "" };
	assert_int_equal(act(&li, send_deed, &early, &err), -EINVAL);
	assert_int_equal(act(&li, send_deed, &future, &err), -EINVAL);
	assert_int_equal(act(&li, send_deed, &none, &err), -ENOENT);
	struct sending province_told = { id, T + 2 * 3600, "CN-R5", "12387-1" };
	must(&li, send_deed, &province_told);
	assert_string_equal(clock_state("CN-R5"), "met");
	assert_string_equal(ask_text("SELECT state FROM incident"), "reported");
	assert_string_equal(clock_state("CN-R7"), "running"); /* the supplement */
	assert_int_equal(act(&li, send_deed, &province_told, &err), -EEXIST);
	struct sending superior_told = { id, now, "CN-R10", "" };
	must(&li, send_deed, &superior_told);
	assert_string_equal(clock_state("CN-R10"), "late");
	assert_int_equal(ask_int("SELECT reports_sent FROM incident"), 2);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_incident_report"), 2);
	/* Found earlier than was thought: what was met is late by that. */
	BUF(values);
	buf_printf(&values, "{\"t0\": %lld}", (long long)(T - 3 * 3600));
	move(&li, "incident", id, "edit", buf_cstr(&values));
	assert_string_equal(clock_state("CN-R5"), "late");
	buf_clear(&values);
	buf_printf(&values, "{\"t0\": %lld}", (long long)T);
	move(&li, "incident", id, "edit", buf_cstr(&values));
	assert_string_equal(clock_state("CN-R5"), "met");
	/* Ten million: II, a daily report. One day without: missed, and the next day's runs. */
	must(&li, grade_deed, (void *)"{\"pi_count\": 10000000}");
	assert_string_equal(clock_state("CN-R10-D"), "running");
	struct sending first_day = { id, now, "CN-R10-D", "" };
	must(&li, send_deed, &first_day);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_clock WHERE rule = 'CN-R10-D'"), 2);
	now = T + 2 * DAY + 3600;
	must(&ward, tick_deed, &more);
	move(&li, "incident", id, "edit", "{\"summary_facts\": \"x\"}");
	assert_int_equal(ask_int("SELECT count(*) FROM ward_clock WHERE rule = 'CN-R10-D' AND state = 'missed'"), 1);
	assert_string_equal(clock_state("CN-R10-D"), "running");
	/* To the end. */
	buf_clear(&values);
	move(&boss, "incident", id, "grade", "{\"grade_final\": \"II\"}");
	buf_printf(&values, "{\"commander\": %lld}", (long long)boss.person);
	move(&li, "incident", id, "respond", buf_cstr(&values));
	move(&li, "incident", id, "contain", "{\"measures\": \"taken off the net\"}");
	move(&boss, "incident", id, "end", NULL);
	assert_string_equal(clock_state("CN-R10-D"), "void");
	assert_int_equal(ask_int("SELECT count(*) FROM ward_clock WHERE rule = 'CN-R10-D' AND state = 'missed'"), 1); /* stays */
	assert_string_equal(clock_state("CN-R8"), "running");
	assert_int_equal(ask_int("SELECT due - starts FROM ward_clock WHERE rule = 'CN-R8'"), 30 * DAY);
	move(&li, "incident", id, "summarise", "{\"cause\": \"weak password\", \"lessons\": \"second factor\"}");
	draft(REPORT_FINAL, LANG_EN, "weak password", &fewer);
	now += DAY;
	struct sending summary = { id, now, "CN-R8", "S-1" };
	must(&li, send_deed, &summary);
	assert_string_equal(clock_state("CN-R8"), "met");
	move(&boss, "incident", id, "close", NULL);
	assert_string_equal(ask_text("SELECT state FROM incident"), "closed");
	/* What a clock said at any time stands in the journal. */
	assert_true(ask_int("SELECT count(*) FROM ward_journal WHERE kind = 'clock' AND action = 'missed'") >= 1);
	assert_true(ask_int("SELECT count(*) FROM ward_timeline WHERE incident = 1") >= 8);
}

/* Each rule starts when its conditions hold, and not when one of them does not. */
static void test_rules_start(void **state)
{
	(void)state;
	static const struct {
		const char *values, *inputs, *starts, *not_starts;
		bool vietnam;
	} cases[] = {
		{ "{\"cii\": true}", "{\"cii_whole_min\": 30}", "CN-R1", "CN-R5" },
		{ "{\"cii\": false}", "{\"pi_count\": 999999}", "CN-R10", "CN-R5" },
		{ "{\"crime\": true}", "{}", "CN-R9", "CN-R1" },
		{ "{\"pi\": true}", "{}", "CN-R13", "CN-R9" },
		{ "{}", "{\"loss\": 20000000}", "CN-R10-D", "CN-R13" },
		{ "{}", "{\"loss\": 5000000}", "CN-R5", "CN-R10-D" },
		{ "{\"product_flaw\": true, \"national_security\": true}", "{}", "CN-R11", "CN-R12" },
		{ "{\"personal_harm\": true}", "{}", "CN-R12", "CN-R11" },
		{ "{\"serious\": true}", "{}", "VN-R2", "VN-R1", true },
		{ "{\"pi\": true, \"location_biometric\": true}", "{}", "VN-R5", "VN-R2", true },
		{ "{\"pi\": true, \"location_biometric\": false}", "{}", "VN-R4", "VN-R5", true },
	};
	struct actor everywhere = li;
	everywhere.whole = true;
	BUF(south);
	buf_printf(&south, "{\"name\": \"Xa\", \"code\": \"X\", \"tier\": \"township\", \"kind\": \"bureau\", \"timezone\": \"Asia/Ho_Chi_Minh\", \"parent\": %lld}",
	           (long long)province);
	int64_t xa = make(&ward, "org", 0, buf_cstr(&south));
	for (size_t i = 0; i < COUNT(cases); i++) {
		BUF(sql);
		now = T;
		char values[200];
		snprintf(values, sizeof(values), "{\"summary\": \"case %zu\", \"t0\": %lld}", i, (long long)T);
		const struct actor *actor = cases[i].vietnam ? &everywhere : &li;
		int64_t id = make(actor, "incident", cases[i].vietnam ? xa : county, values);
		/* What nobody has answered is not a no. */
		buf_printf(&sql, "SELECT count(*) FROM incident WHERE id = %lld AND cii IS NULL AND pi IS NULL AND crime IS NULL AND serious IS NULL",
		           (long long)id);
		assert_int_equal(ask_int(buf_cstr(&sql)), 1);
		move(actor, "incident", id, "edit", cases[i].values);
		graded = id;
		if (!cases[i].vietnam) /* whose law has no grades that ward could work out */
			must(actor, grade_deed, (void *)cases[i].inputs);
		buf_clear(&sql);
		buf_printf(&sql, "SELECT count(*) FROM ward_clock WHERE incident = %lld AND rule = '%s'", (long long)id, cases[i].starts);
		if (ask_int(buf_cstr(&sql)) != 1)
			fail_msg("%s does not start: %s %s", cases[i].starts, cases[i].values, cases[i].inputs);
		buf_clear(&sql);
		buf_printf(&sql, "SELECT count(*) FROM ward_clock WHERE incident = %lld AND rule = '%s'", (long long)id, cases[i].not_starts);
		if (ask_int(buf_cstr(&sql)) != 0)
			fail_msg("%s starts: %s %s", cases[i].not_starts, cases[i].values, cases[i].inputs);
	}
	graded = 1;
	/* One that was none: nothing runs any more. */
	move(&boss, "incident", 1, "dismiss", NULL);
	assert_int_equal(ask_int("SELECT count(*) FROM ward_clock WHERE incident = 1 AND state = 'running'"), 0);
}

static void test_limits(void **state)
{
	(void)state;
	struct clock_limit limit = { .working_days = 10 };
	/* From Monday 2026-11-23 the tenth working day is Monday 2026-12-07, to its end. */
	int64_t due = clock_due(&limit, NULL, T + 3600);
	struct str day = clock_format(&api.arena, due);
	assert_true(str_starts(day, "2026-12-07"));
	limit = (struct clock_limit){ .minutes = 30 };
	assert_int_equal(clock_due(&limit, NULL, T), T + 1800);
	limit = (struct clock_limit){ .years = 1 };
	assert_int_equal(clock_due(&limit, NULL, T), T + 365 * DAY);
	limit = (struct clock_limit){ .years = 1 };
	assert_int_equal(clock_due(&limit, NULL, 1709164800), 1709164800 + (365 * (int64_t)DAY)); /* 2024-02-29: 2025-02-28 */
	limit = (struct clock_limit){ .prompt = true };
	assert_int_equal(clock_due(&limit, NULL, T), 0);
}

/* ---- notices ---- */

static size_t made;
static int relay_deed(struct write *write, void *ctx, struct err *err)
{
	return notice_relay(write, &api.office.cases, *(int64_t *)ctx, NULL, &made, err);
}
static int notice_findings_deed(struct write *write, void *ctx, struct err *err)
{
	return notice_findings(write, &api.office.cases, *(int64_t *)ctx, &made, err);
}

static void test_a_notice_goes_down(void **state)
{
	(void)state;
	char values[300];
	struct actor above = li;
	above.org = province;
	above.whole = true;
	now = T;
	snprintf(values, sizeof(values), "{\"source_no\": \"YJ-1\", \"title\": \"Ransomware\", \"sender\": \"CERT\", \"colour\": \"red\", \"received\": %lld}",
	         (long long)T);
	int64_t id = make(&above, "notice", province, values);
	assert_int_equal(ask_int("SELECT acknowledge_due - received FROM notice WHERE id = 1"), 30 * 60);
	assert_int_equal(ask_int("SELECT feedback_due - received FROM notice WHERE id = 1"), DAY);
	must(&above, relay_deed, &id);
	assert_int_equal(made, 1);
	assert_int_equal(ask_int("SELECT org FROM notice WHERE parent_notice = 1"), county);
	must(&above, relay_deed, &id);
	assert_int_equal(made, 0);
	assert_int_equal(ask_int("SELECT relayed_at FROM notice WHERE id = 1"), T);
	must(&above, notice_findings_deed, &id);
	assert_int_equal(made, 1);
	assert_string_equal(ask_text("SELECT source FROM finding"), "notice");
	assert_string_equal(ask_text("SELECT severity FROM finding"), "critical");
	must(&above, notice_findings_deed, &id);
	assert_int_equal(made, 0);
	struct err err = { "" };
	assert_int_equal(act(&zhao, relay_deed, &id, &err), -ENOENT); /* not theirs to see */
}

/* ---- by the clock ---- */

static int inspected;
static int inspect(void *ctx, int64_t which, struct err *err)
{
	(void)ctx, (void)err;
	assert_int_equal(which, host);
	inspected++;
	return 0;
}

static int checked, check_says;
static int check_registers(void *ctx, struct err *err)
{
	(void)ctx, (void)err;
	checked++;
	return check_says;
}

/* At once, then every hour; as long as there are no registers, at every turn, so that the first login need not wait for an hour. */
static void test_schedule_of_management(void **state)
{
	(void)state;
	struct schedule schedule = { .cases = &api.office.cases, .records = api.office.records, .inspect = inspect,
		                     .management_every = 3600, .management = check_registers };
	struct err err = { "" };
	int64_t at = clock_now();
	checked = 0;
	check_says = -EAGAIN;
	assert_int_equal(schedule_run(&schedule, at, &err), 0);
	assert_int_equal(schedule_run(&schedule, at + 5, &err), 0);
	assert_int_equal(checked, 2);
	check_says = 0;
	assert_int_equal(schedule_run(&schedule, at + 10, &err), 0);
	assert_int_equal(schedule_run(&schedule, at + 15, &err), 0);
	assert_int_equal(checked, 3);
	check_says = -EIO;
	assert_int_equal(schedule_run(&schedule, at + 3611, &err), -EIO);
	assert_int_equal(schedule_run(&schedule, at + 3616, &err), 0);
	assert_int_equal(checked, 4);
}

static void test_schedule(void **state)
{
	(void)state;
	struct schedule schedule = { .cases = &api.office.cases, .records = api.office.records, .inspect = inspect };
	struct err err = { "" };
	now = clock_now() - 10;
	inspected = 0;
	if (cases_migrate(api.office.records, &err) < 0) /* as at a second start */
		fail_msg("%s", err.text);
	assert_int_equal(schedule_run(&schedule, clock_now(), &err), 0);
	int64_t entries = ask_int("SELECT count(*) FROM ward_journal");
	observe(VERDICT_FAIL, NULL, NULL);
	move(&li, "finding", 1, "issue", NULL);
	move(&wang, "finding", 1, "acknowledge", NULL);
	now = clock_now() + 1;
	move(&wang, "finding", 1, "submit", "{\"measure\": \"done\"}");
	assert_int_equal(schedule_run(&schedule, now + 1, &err), 0);
	assert_int_equal(inspected, 1);
	assert_int_equal(schedule_run(&schedule, now + 2, &err), 0);
	assert_int_equal(inspected, 1); /* asked once */
	assert_int_equal(schedule_run(&schedule, now + 700, &err), 0);
	assert_int_equal(inspected, 2); /* no answer for ten minutes: once more */
	assert_int_equal(schedule_run(&schedule, now - 100000, &err), 0); /* set back */
	assert_true(ask_int("SELECT count(*) FROM ward_journal") > entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_finding_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_basis_is_what_is_in_force, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_are_kept_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_equal_ones_the_newest_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verifier_is_another_by_code, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overdue_extended_accepted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_incident_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rules_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_notice_goes_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schedule_of_management, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schedule, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
