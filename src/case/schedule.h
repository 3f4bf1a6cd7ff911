/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * schedule: what findings, incidents and checks of the registers need by the clock.
 *
 * The server's timer calls schedule_run() every half minute or so. When nothing is due that is one read of three small indexes. What
 * is due becomes one work of the records: clocks warn and are missed, findings are overdue and told to the organisation above,
 * accepted risks end. Besides: hosts are inspected again for which somebody asked, and the registers are checked every so many minutes.
 * A clock that was set back delays nothing for longer than it was set back, and takes nothing back.
 */
#ifndef WARD_CASE_SCHEDULE_H
#define WARD_CASE_SCHEDULE_H

#include "case/cases.h"

struct schedule {
	const struct cases *cases;
	struct records *records;
	int64_t management_every; /* seconds between checks of the registers; 0: never */
	/* What is done by others; each may be NULL. */
	int (*management)(void *ctx, struct err *err);            /* check the registers, and hand on what was observed; -EAGAIN: there are none yet, ask again at the next turn */
	int (*inspect)(void *ctx, int64_t host, struct err *err); /* ask for an inspection; does not wait */
	void (*told)(void *ctx, const struct clock_row *row);     /* a clock warned or was missed; on the writer's thread */
	void *ctx;
	/* Where it stands. */
	int64_t management_next, retested_until, retest_again;
};

/* One turn at `now` (seconds). The first failure is returned after the rest was tried. One thread. */
int schedule_run(struct schedule *schedule, int64_t now, struct err *err) MUST_USE;

#endif
