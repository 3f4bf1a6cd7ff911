/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/clock.h"

#include <time.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_now(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000000000;
}

int64_t clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t clock_thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

struct str clock_format(struct arena *arena, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[64];
	gmtime_r(&t, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_str(arena, (struct str){ text, n });
}

struct str clock_format_local(struct arena *arena, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[64], zone[16];
	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	return arena_printf(arena, "%s %.3s:%s", text, zone, zone + 3);
}

int64_t clock_days(int64_t year, int64_t month, int64_t day)
{
	/* Count from 1 March, so that the leap day is the last of its year. */
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
