/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/office_work.h"

#include <malloc.h>
#include <unistd.h>

#include "base/clock.h"
#include "case/detection_findings.h"
#include "case/finding.h"
#include "case/management.h"
#include "case/management_kept.h"
#include "register/calendar.h"

#define SECOND ((int64_t)1000000000)

/* ---- checks of the registers ---- */

static int64_t working_day(void *ctx, int64_t day, int64_t n)
{
	return calendar_add(ctx, day, n);
}

/* Of the kind of office that it is now, and of its regime. */
static int profiles_in_force(struct arena *arena, const struct office *office, struct profile *regime, struct profile *kind, struct err *err)
{
	int r = profile_load(arena, &office->content, office->regime, PROFILE_REGIME, regime, err);
	return r < 0 ? r : profile_load(arena, &office->content, cases_kind(&office->cases), PROFILE_OFFICE, kind, err);
}

static int keep_verdicts(void *ctx, struct write *write, struct err *err)
{
	return management_keep(write, ctx, err);
}

static int check_registers(void *ctx, struct err *err)
{
	const struct office_work *work = ctx;
	struct office *office = work->office;
	ARENA(arena);
	CLEANUP(overview_close_p) struct overview *overview = NULL;
	struct actor ward = actor_ward();
	struct observations seen;
	struct findings_done done;
	struct profile regime, kind;
	const struct overview_options options = {
		.registers = office->registers,
		.records = office->records,
		.where = office->records_at,
		.archive = office->archive_dir.n ? arena_cstr(&arena, office->archive_dir) : NULL,
		.working_day = office->calendar ? working_day : NULL,
		.working_day_ctx = office->calendar,
		.limits = { .deadline_ns = 20 * SECOND },
	};
	int64_t root;
	struct db *db;
	/* Before the first login there is nobody whose registers they could be. */
	int r = records_read(office->records, &db, err);
	if (r < 0)
		return r;
	r = cases_root(db, &root, err);
	records_read_end(office->records, db);
	if (r < 0 || !root)
		return r < 0 ? r : -EAGAIN;
	r = profiles_in_force(&arena, office, &regime, &kind, err);
	if (r == 0)
		r = overview_open(&options, &overview, err);
	if (r == 0)
		r = management_run(&arena, overview, &office->management, &regime, &kind, &seen, err);
	if (r == 0)
		r = findings_keep(&arena, office->records, &office->cases, &seen, &done, err);
	if (r == 0)
		r = records_do(office->records, &ward, keep_verdicts, &seen, err);
	overview_close_p(&overview);
	overview = NULL;
	arena_done(&arena);
	arena = (struct arena){ 0 };
	malloc_trim(0); /* it was large, and the next one is an hour away */
	return r;
}

/* ---- what rules found ---- */

struct found_work {
	const struct office *office;
	bool more;
};

static int keep_found(void *ctx, struct write *write, struct err *err)
{
	struct found_work *work = ctx;
	return detection_findings_update(write, &work->office->cases, (enum sigma_level)work->office->finding_level, &work->more, err);
}

static int find_by_rules(void *ctx, struct err *err)
{
	const struct office_work *work = ctx;
	struct found_work found = { .office = work->office };
	struct actor ward = actor_ward();
	struct db *db;
	bool due = false;
	int r = records_read(work->office->records, &db, err);
	if (r < 0)
		return r;
	r = detection_findings_due(db, &due, err);
	records_read_end(work->office->records, db);
	for (int turns = 0; r == 0 && due && turns < 8; turns++) {
		r = records_do(work->office->records, &ward, keep_found, &found, err);
		due = found.more;
	}
	return r;
}

/* ---- by the clock ---- */

static int ask_inspection(void *ctx, int64_t host, struct err *err)
{
	const struct office_work *work = ctx;
	(void)host; /* this machine is the only one that can be asked */
	if (work->office->inspect >= 0 && write(work->office->inspect, "x", 1) < 0 && errno != EAGAIN)
		return err_errno(err, -errno, "cannot ask the inspector");
	return 0;
}

static void tell_clock(void *ctx, const struct clock_row *row)
{
	const struct office_work *work = ctx;
	BUF(data);
	json_open_map(&data, NULL);
	json_put_int(&data, "incident", row->incident);
	json_put(&data, "rule", row->rule);
	json_put(&data, "state", row->state);
	json_put_int(&data, "due", row->due);
	json_put_int(&data, "warned", row->warned);
	buf_add_char(&data, '}');
	stream_tell(work->office->stream, "clock", 0, STR("incident"), row->org, buf_str(&data));
}

static int run_schedule(void *ctx, struct err *err)
{
	struct office_work *work = ctx;
	return schedule_run(&work->schedule, clock_now(), err);
}

void office_work_begin(struct office_work *work, struct office *office, struct timers *timers)
{
	*work = (struct office_work){
		.office = office,
		.schedule = {
			.cases = &office->cases,
			.records = office->records,
			.management_every = MANAGEMENT_EVERY,
			.management = check_registers,
			.inspect = ask_inspection,
			.told = tell_clock,
			.ctx = work,
		},
	};
	timers_add(timers, "schedule", 5 * SECOND, 5 * SECOND, run_schedule, work);
	timers_add(timers, "rules", 10 * SECOND, 5 * SECOND, find_by_rules, work);
}

void office_work_judge(struct office_work *work)
{
	work->schedule.management_next = 0;
}

/* ---- who hears of what ---- */

/* What is no register is for those who keep the system and its accounts; except what belongs to a register, and what concerns everybody:
 * a second person may have any role (people/pairs.h). */
static const struct {
	const char *kind, *of; /* of: a register; NULL: everybody */
} common[] = {
	{ "timeline", "incident" }, { "incident_evidence", "incident" }, { "incident_report", "incident" },
	{ "host", NULL },           { "detection", NULL },               { "pair", NULL },
};

static bool may_hear(const struct office *office, const struct actor *actor, struct str kind)
{
	static const char *const keepers[] = { "operator", "security", "auditor" };
	bool hears = false;
	for (size_t i = 0; i < COUNT(common); i++)
		if (str_is(kind, common[i].kind) && !common[i].of)
			return true;
		else if (str_is(kind, common[i].kind))
			kind = str_from(common[i].of);
	const struct register_ *reg = registers_find(office->registers, kind);
	if (reg)
		return record_may(&office->books, actor, reg, RECORD_READ);
	for (size_t i = 0; !hears && i < COUNT(keepers); i++)
		hears = actor->roles >> roles_bit(office->roles, str_from(keepers[i])) & 1;
	return hears;
}

static bool sees(void *ctx, const struct actor *actor, struct str kind, int64_t org)
{
	struct office *office = ctx;
	struct err none = { "" };
	struct db *db;
	bool seen = false;
	if (!may_hear(office, actor, kind))
		return false;
	if (actor->whole)
		return true;
	if (!org || records_read(office->records, &db, &none) < 0)
		return false;
	if (record_sees(db, actor, org, &seen, &none) < 0)
		seen = false;
	records_read_end(office->records, db);
	return seen;
}

struct stream_hooks office_stream_hooks(struct office *office)
{
	return (struct stream_hooks){ .ctx = office, .sees = sees };
}
