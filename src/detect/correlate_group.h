/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * correlate_group: the matches that one correlation rule has seen for one combination of group-by values, and the judgement
 * over them (private to detect/correlate*.c).
 *
 * Entries are kept in the order of their time. How a window is judged:
 *
 * - At once, whenever an entry comes: when more matches can only make the condition truer (counts and sums with gt and
 *   gte alone, temporal without NOT). The window is any span of `timespan` that holds the new entry, so a late entry is
 *   judged with those after it, too. Reported when the condition becomes true; while it stays true, again after each
 *   timespan, so that an attack that goes on for a day is neither one report nor a hundred thousand.
 * - At the end of the window: averages, percentiles, conditions with lt, lte, eq, neq, temporal with NOT. The first window
 *   begins with the first entry and the next one with the first entry behind it; it is judged when the newest time
 *   seen is another timespan past its end, so that late entries are in it.
 */
#ifndef WARD_DETECT_CORRELATE_GROUP_H
#define WARD_DETECT_CORRELATE_GROUP_H

#include "base/map.h"
#include "base/vec.h"
#include "detect/correlate.h"

struct entry {
	int64_t time;
	uint32_t rule;     /* index in the correlation's list of rules */
	double number;     /* value_sum, value_avg, value_percentile */
	uint64_t distinct; /* value_count: hash of the value */
	char *reference;   /* owned; NUL-terminated */
};

/* How often each distinct value is in the running window (value_count). */
struct tally {
	struct {
		uint64_t value;
		uint32_t count;
	} *slots;
	size_t room, used, n; /* used: slots that ever held something; n: values with a count */
};

struct group {
	struct group *next;             /* in the table's bucket */
	struct group *newer, *older;    /* by last use */
	uint64_t hash;
	size_t rule;                    /* index of the correlation */
	struct strings values;          /* of group-by; owned, one allocation each */
	VEC(struct entry) entries;      /* by time */
	size_t gone;                    /* entries before this one are freed, see group_drop() */
	size_t from;                    /* first entry of the running window that ends with the last entry */
	double sum;                     /* of that window */
	struct tally tally;
	bool holds;                     /* the condition held in the last window judged */
	int64_t reported;               /* time of the last report; INT64_MIN: never */
	size_t bytes;
};

/* Judged at the end of a window? */
bool group_waits(const struct sigma_correlation *correlation);

/* Add an entry (its reference now belongs to the group). Returns its place. */
size_t group_insert(struct group *group, const struct sigma_correlation *correlation, struct entry entry);
/* After an insert at `place`: does a window with it meet the condition, and is it to be reported? Then the window is
 * entries first…last (inclusive), and *value the figure that met it. */
bool group_judge(struct group *group, const struct sigma_correlation *correlation, size_t place, size_t *first, size_t *last,
                 double *value);
/* The next window that has ended and meets the condition: the caller reports it, drops its entries (last - first + 1) and asks
 * again. Windows that do not meet it are dropped here. `newest` INT64_MAX: all windows have ended. */
bool group_end(struct group *group, const struct sigma_correlation *correlation, int64_t newest, size_t *first,
               size_t *last, double *value);
/* Forget entries that no window can need any more. */
void group_prune(struct group *group, const struct sigma_correlation *correlation, int64_t newest);
void group_drop(struct group *group, const struct sigma_correlation *correlation, size_t n); /* the n oldest */
size_t group_count(const struct group *group);
void group_free(struct group *group);

/* ---- the correlator itself (correlate.c), also for its kept state (correlate_state.c) ---- */

enum { CORRELATE_BUCKETS = 4096 };

struct correlator {
	struct arena arena;
	const struct sigma_rule **rules; /* the correlations */
	size_t n;
	struct map uses;                 /* rule pointer as integer -> struct uses */
	struct group *bucket[CORRELATE_BUCKETS];
	struct group *newest, *oldest;   /* by last use */
	size_t bytes, memory;
	uint64_t dropped;
	int64_t now;                     /* the newest time seen */
	int64_t look, step;              /* when to look for windows that ended, and how often */
};

/* The group, made when new; now the one used last. */
struct group *correlator_group(struct correlator *correlator, size_t rule, struct strings values);
/* Its size has changed. */
void correlator_weigh(struct correlator *correlator, struct group *group);

#endif
