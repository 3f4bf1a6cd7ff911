/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/timers.h"

#include "base/clock.h"

#define MS ((int64_t)1000000)

void timers_add(struct timers *timers, const char *name, int64_t every, int64_t first, timer_task task, void *ctx)
{
	vec_push(&timers->list, { name, every, clock_monotonic_ns() + first, task, ctx, false });
}

void timers_done(struct timers *timers)
{
	vec_done(&timers->list);
}

int timers_wait_ms(const struct timers *timers)
{
	int64_t next = INT64_MAX, now = clock_monotonic_ns();
	for (size_t i = 0; i < timers->list.n; i++)
		next = MIN(next, timers->list.p[i].next);
	return next == INT64_MAX ? -1 : (int)(MIN(MAX(next - now, (int64_t)0), 3600 * 1000 * MS) / MS + (next > now));
}

void timers_run(struct timers *timers, void (*trouble)(void *ctx, const char *name, const char *words), void *ctx)
{
	bool was = false, is = false;
	for (size_t i = 0; i < timers->list.n; i++) {
		struct timer *timer = &timers->list.p[i];
		struct err err = { "" };
		was |= timer->troubled;
		if (timer->next <= clock_monotonic_ns()) {
			timer->troubled = timer->task(timer->ctx, &err) < 0;
			timer->next = clock_monotonic_ns() + timer->every;
			if (timer->troubled)
				trouble(ctx, timer->name, err.text);
		}
		is |= timer->troubled;
	}
	if (was && !is)
		trouble(ctx, "", NULL);
}
