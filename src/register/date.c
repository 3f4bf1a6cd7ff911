/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/date.h"

#include <time.h>

#include "base/clock.h"

enum { DAY = 86400 };

/* The day a number of days since 1970 is, in UTC. */
static struct tm parts_of(int64_t days)
{
	time_t t = (time_t)(days * DAY);
	struct tm tm;
	gmtime_r(&t, &tm);
	return tm;
}

bool date_read(struct str text, int64_t *days)
{
	int64_t year, month, day;
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (i != 4 && i != 7 && (text.p[i] < '0' || text.p[i] > '9'))
			return false;
	if (!str_to_int(str_slice(text, 0, 4), 10, &year) || !str_to_int(str_slice(text, 5, 7), 10, &month) ||
	    !str_to_int(str_slice(text, 8, 10), 10, &day) || year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	int64_t at = clock_days(year, month, day);
	if (parts_of(at).tm_mday != day)
		return false; /* 30 February */
	*days = at;
	return true;
}

struct str date_text(struct arena *arena, int64_t days)
{
	struct tm tm = parts_of(days);
	return arena_printf(arena, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

int date_weekday(int64_t days)
{
	int64_t day = (days + 3) % 7; /* 1970-01-01 was a Thursday */
	return (int)(day < 0 ? day + 7 : day);
}

int64_t date_year(int64_t days)
{
	return parts_of(days).tm_year + 1900;
}

int64_t date_of(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	localtime_r(&t, &tm);
	return clock_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

int64_t date_start(int64_t days)
{
	struct tm day = parts_of(days);
	struct tm tm = { .tm_year = day.tm_year, .tm_mon = day.tm_mon, .tm_mday = day.tm_mday, .tm_isdst = -1 };
	return mktime(&tm);
}
