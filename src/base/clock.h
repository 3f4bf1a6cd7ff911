/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * clock: what time it is, and how long something took.
 */
#ifndef WARD_BASE_CLOCK_H
#define WARD_BASE_CLOCK_H

#include <stdint.h>

#include "base/arena.h"

int64_t clock_now(void);          /* seconds since 1970, UTC */
int64_t clock_monotonic_ns(void); /* for deadlines and durations */
int64_t clock_thread_ns(void);    /* CPU time of the calling thread */

/* "2026-11-22T08:30:00Z" (RFC 3339, UTC). */
struct str clock_format(struct arena *arena, int64_t seconds);
/* "2026-11-22 16:30:00 +08:00" in the machine's own zone, for people. */
struct str clock_format_local(struct arena *arena, int64_t seconds);
/* Days since 1970-01-01 of a proleptic Gregorian date. */
int64_t clock_days(int64_t year, int64_t month, int64_t day);

#endif
