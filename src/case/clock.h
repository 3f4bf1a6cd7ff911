/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * clock: the legal clocks of an incident, side by side, each by one rule of content/clocks; table ward_clock.
 *
 * What a clock says follows from the incident's facts, its rule and what was sent, and is worked out anew whenever one of them
 * changes: it starts when the rule's conditions hold, moves when the moment it runs from is corrected, becomes void when they no longer
 * hold. Each change stands in the journal (kind "clock"), so what a clock said at any time can be shown later.
 *
 *	running   the limit has not passed, nothing was sent       met    sent within the limit
 *	missed    the limit has passed, nothing was sent           late   sent after it
 *	void      the rule does not apply any more
 *
 * A rule without a figure ("promptly") has no due moment: it runs until something is sent, and is met then; the time it took is shown.
 * One that begins anew (`every`) has a row for each round. All within a work of the records (record/records.h).
 */
#ifndef WARD_CASE_CLOCK_H
#define WARD_CASE_CLOCK_H

#include "case/law.h"
#include "register/record.h"

extern const struct migration case_migrations[]; /* from 300 */

struct clock_row {
	int64_t id, incident, org, round;
	struct str rule, state, receipt;
	int64_t starts, due; /* seconds; due 0: promptly */
	int64_t warned;      /* percent of the limit: 0, 50, 80, 100 */
	int64_t sent;        /* 0: not */
};
struct clock_rows {
	struct clock_row *p;
	size_t n;
};

enum { CLOCK_ROUNDS = 400 }; /* of one rule and incident */

/* The moment by which something is due that begins at `starts`; 0: promptly. Working days end with the last of them. */
int64_t clock_due(const struct clock_limit *limit, const struct calendar *calendar, int64_t starts);
/* Bring an incident's clocks in line with its facts, at write->now. `facts` gets first_report and first_sent; with
 * `dismissed` among them no rule applies. */
int clocks_update(struct write *write, const struct laws *laws, const struct calendar *calendar, int64_t incident, int64_t org,
                  struct str jurisdiction, struct case_facts *facts, struct err *err) MUST_USE;
/* Something was sent for a rule at `at`, by whoever writes. -ENOENT: no such clock runs; -EINVAL: sent before it began or in the future;
 * -EEXIST: it was sent already. *stage: of the rule (enum report_stage). */
int clocks_sent(struct write *write, const struct laws *laws, int64_t incident, struct str rule, int64_t at, struct str receipt,
                int *stage, struct err *err) MUST_USE;
/* Of an incident, in the order of their beginning. */
int clocks_of(struct arena *arena, struct db *db, int64_t incident, struct clock_rows *out, struct err *err) MUST_USE;

/* By the clock: warn at 50, 80 and 100 % of the limit, mark what is missed. `told` (may be NULL) hears of each that changed. */
typedef void (*clock_told)(void *ctx, const struct clock_row *row);
int clocks_tick(struct write *write, clock_told told, void *ctx, struct err *err) MUST_USE;
/* The next moment at which clocks_tick() has something to do; INT64_MAX: none. */
int clocks_next(struct db *db, int64_t *next, struct err *err) MUST_USE;

/* One row as a JSON object with its rule's texts and sources. */
void clock_row_put(struct buf *out, const struct laws *laws, const struct clock_row *row, int64_t now);

#endif
