/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/schedule.h"

#include "case/finding.h"

enum { RETEST_AGAIN = 600, RETEST_FOR = 86400 }; /* seconds: asked once more after, given up after */

struct turn {
	struct schedule *schedule;
	bool more;
};

static int tick(void *ctx, struct write *write, struct err *err)
{
	struct turn *turn = ctx;
	int r = clocks_tick(write, turn->schedule->told, turn->schedule->ctx, err);
	return r < 0 ? r : findings_tick(write, turn->schedule->cases, &turn->more, err);
}

/* What is due, by reading alone. */
static int look(struct schedule *schedule, struct arena *arena, int64_t now, bool *due, struct retests *retests, struct err *err)
{
	struct db *db;
	int64_t next = INT64_MAX;
	int r = records_read(schedule->records, &db, err);
	if (r < 0)
		return r;
	r = clocks_next(db, &next, err);
	*due = next <= now;
	if (r == 0 && !*due)
		r = findings_due(db, now, due, err);
	if (r == 0)
		r = findings_retests(arena, db, schedule->retested_until, retests, err);
	records_read_end(schedule->records, db);
	return r;
}

static int keep_first(int first, int r, struct err *err, const struct err *its)
{
	if (first < 0 || r >= 0)
		return first;
	if (err)
		*err = *its;
	return r;
}

static int retest(struct schedule *schedule, const struct retests *retests, int64_t now, bool *management, struct err *err)
{
	int first = 0;
	for (size_t i = 0; i < retests->n; i++) {
		struct err its = { "" };
		if (!retests->hosts[i])
			*management = true;
		else if (schedule->inspect)
			first = keep_first(first, schedule->inspect(schedule->ctx, retests->hosts[i], &its), err, &its);
	}
	if (retests->n)
		schedule->retested_until = now;
	return first;
}

int schedule_run(struct schedule *schedule, int64_t now, struct err *err)
{
	ARENA(arena);
	struct turn turn = { .schedule = schedule };
	struct actor ward = actor_ward();
	struct retests retests = { 0 };
	struct err its = { "" };
	bool due = false;
	if (now >= schedule->retest_again || schedule->retest_again > now + RETEST_AGAIN) { /* or the clock was set back */
		schedule->retested_until = now - RETEST_FOR;
		schedule->retest_again = now + RETEST_AGAIN;
	}
	if (schedule->management_next > now + schedule->management_every)
		schedule->management_next = now;
	int first = look(schedule, &arena, now, &due, &retests, err);
	if (first == 0 && due) {
		do {
			turn.more = false;
			int r = records_do(schedule->records, &ward, tick, &turn, &its);
			first = keep_first(first, r, err, &its);
		} while (first == 0 && turn.more);
	}
	bool management = schedule->management_every && now >= schedule->management_next;
	int r = retest(schedule, &retests, now, &management, &its);
	first = keep_first(first, r, err, &its);
	if (management && schedule->management) {
		r = schedule->management(schedule->ctx, &its);
		if (r != -EAGAIN) {
			first = keep_first(first, r, err, &its);
			schedule->management_next = now + schedule->management_every;
		}
	}
	return first;
}
