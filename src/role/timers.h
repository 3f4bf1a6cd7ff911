/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * timers: what is done again and again while the server runs, on its main thread, one after the other.
 *
 * A task runs when its time has come, never twice at once, and its next time counts from its end. One that fails is said and
 * tried again at its next time. What takes long belongs into a work of the records (record/records.h), or on a thread.
 */
#ifndef WARD_ROLE_TIMERS_H
#define WARD_ROLE_TIMERS_H

#include "base/err.h"
#include "base/vec.h"

typedef int (*timer_task)(void *ctx, struct err *err);

struct timer {
	const char *name;
	int64_t every, next; /* nanoseconds; next: of the monotonic clock */
	timer_task task;
	void *ctx;
	bool troubled;
};

struct timers {
	VEC(struct timer) list;
};

/* First after `first` nanoseconds, then every so many. */
void timers_add(struct timers *timers, const char *name, int64_t every, int64_t first, timer_task task, void *ctx);
void timers_done(struct timers *timers);
/* For poll(): until the next one; -1: there is none. */
int timers_wait_ms(const struct timers *timers);
/* Run what is due. `trouble` hears words when a task fails, and NULL when none is in trouble any more. */
void timers_run(struct timers *timers, void (*trouble)(void *ctx, const char *name, const char *words), void *ctx);

#endif
