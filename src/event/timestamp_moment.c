/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Zones and the calendar: from what the clock on a wall shows to a moment.
 */
#include "event/timestamp_moment.h"

#include <time.h>

#include "base/clock.h"

enum { DAY = 86400, QUARTER = 900 };

/* "+08:00", "+0800", "+08", and after a name "+8". */
static bool take_offset(struct cursor *c, bool hours_alone, bool one_digit, int32_t *out)
{
	struct cursor at = *c;
	if (at.p == at.end || (*at.p != '+' && *at.p != '-'))
		return false;
	bool west = *at.p++ == '-';
	size_t n = count_digits(&at);
	uint32_t hours, minutes = 0;
	if (n == 4) {
		hours = take_digits(&at, 2);
		minutes = take_digits(&at, 2);
	} else if (n == 2 || (n == 1 && one_digit)) {
		hours = take_digits(&at, n);
		if (left(&at) >= 3 && at.p[0] == ':' && is_digit(at.p[1]) && is_digit(at.p[2])) {
			at.p++;
			minutes = take_digits(&at, 2);
		} else if (!hours_alone) {
			return false;
		}
	} else {
		return false;
	}
	if (hours > 23 || minutes > 59 || !at_edge(&at))
		return false;
	int32_t offset = (int32_t)(hours * 3600 + minutes * 60);
	*out = west ? -offset : offset;
	*c = at;
	return true;
}

/* Seconds east of UTC at a moment of UTC. */
static int32_t offset_at(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	return localtime_r(&t, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

/* The machine's offset for a clock that shows so many seconds since 1970. An hour that comes twice is the
 * first; one that is left out is counted on from before. */
static int32_t local_offset(int64_t shown)
{
	static _Thread_local struct {
		int64_t quarter;
		int32_t offset;
		bool known;
	} cache[64];
	int64_t quarter = shown >= 0 ? shown / QUARTER : -((QUARTER - 1 - shown) / QUARTER);
	size_t slot = (size_t)quarter % COUNT(cache);
	if (!cache[slot].known || cache[slot].quarter != quarter) {
		int32_t before = offset_at(shown - DAY), offset = offset_at(shown - before);
		if (offset != before && offset_at(shown - offset) != offset)
			offset = before;
		cache[slot].quarter = quarter;
		cache[slot].offset = offset;
		cache[slot].known = true;
	}
	return cache[slot].offset;
}

/* CST is China's or America's Central time, whichever the hint is of; with another hint it means nothing. */
static bool central(const struct timestamp_hint *hint, int32_t *offset)
{
	int32_t here = hint->local ? local_offset(hint->now / SECOND) : hint->zone;
	*offset = here == 8 * 3600 ? here : -6 * 3600;
	return here == 8 * 3600 || here == -6 * 3600 || here == -5 * 3600;
}

static bool take_zone_name(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
{
	static const struct {
		const char *name;
		int8_t hours;
		bool base; /* "GMT+8" */
	} zones[] = {
		{ "UTC", 0, true },   { "GMT", 0, true },  { "UT", 0, false },  { "HKT", 8, false },
		{ "ICT", 7, false },  { "JST", 9, false }, { "KST", 9, false }, { "CET", 1, false },
		{ "CEST", 2, false }, { "CST", 0, false },
	};
	struct cursor at = *c;
	while (at.p < at.end && is_letter(*at.p))
		at.p++;
	struct str name = { c->p, (size_t)(at.p - c->p) };
	if (name.n < 2 || name.n > 4 || !at_edge(&at))
		return false;
	for (size_t i = 0; i < COUNT(zones); i++) {
		if (!str_is(name, zones[i].name))
			continue;
		m->offset = zones[i].hours * 3600;
		if (str_is(name, "CST") && !central(hint, &m->offset))
			return false;
		m->zoned = true;
		if (zones[i].base)
			(void)take_offset(&at, true, true, &m->offset);
		*c = at;
		return true;
	}
	return false;
}

void moment_take_zone(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
{
	if (c->p == c->end)
		return;
	struct cursor at = *c;
	bool blank = skip(&at, ' ');
	if (at.p == at.end)
		return;
	if (*at.p == '+' || *at.p == '-') {
		if (!take_offset(&at, !blank, false, &m->offset))
			return;
		m->zoned = true;
	} else if (!blank && (*at.p | 32) == 'z') {
		at.p++;
		m->zoned = at_edge(&at);
		if (!m->zoned)
			return;
	} else if (!take_zone_name(&at, m, hint)) {
		return;
	}
	*c = at;
}

static bool leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_of(int64_t year, uint32_t month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

/* What the clock on the wall shows, as seconds since 1970. */
static int64_t shown_seconds(const struct moment *m, int64_t year)
{
	return clock_days(year, m->month, m->day) * DAY + m->hour * 3600 + m->minute * 60 + m->second;
}

static int32_t zone_offset(const struct moment *m, int64_t shown, const struct timestamp_hint *hint)
{
	return m->zoned ? m->offset : hint->local ? local_offset(shown) : hint->zone;
}

static int64_t year_of(int64_t seconds)
{
	/* Years of 365.2425 days are right but for a day about New Year; the caller tries the neighbours. */
	return 1970 + (seconds >= 0 ? seconds : seconds - 31556951) / 31556952;
}

bool moment_to_ns(struct moment *m, const struct timestamp_hint *hint, int64_t *ns)
{
	if (m->month < 1 || m->month > 12 || m->day < 1 || m->hour > 24 || m->minute > 59 || m->second > 60)
		return false;
	if (m->half) {
		if (m->hour < 1 || m->hour > 12)
			return false;
		m->hour = m->hour % 12 + (m->half == HALF_PM ? 12 : 0);
	}
	if (m->hour == 24 && (m->minute || m->second || m->fraction))
		return false;
	if (m->second == 60)
		m->second = 59;
	int64_t seconds = 0;
	if (m->year != YEAR_NONE) {
		if (m->day > days_of(m->year, m->month))
			return false;
		int64_t shown = shown_seconds(m, m->year);
		seconds = shown - zone_offset(m, shown, hint);
	} else {
		int64_t now = hint->now / SECOND, year = year_of(now) + 1, oldest = year - 10;
		for (; year > oldest; year--) {
			if (m->day > days_of(year, m->month))
				continue; /* 29 February */
			int64_t shown = shown_seconds(m, year);
			if (shown > now + 3 * DAY)
				continue;
			seconds = shown - zone_offset(m, shown, hint);
			if (seconds <= now + DAY)
				break;
		}
		if (year == oldest)
			return false;
	}
	int64_t whole;
	return !__builtin_mul_overflow(seconds, SECOND, &whole) &&
	       !__builtin_add_overflow(whole, (int64_t)m->fraction, ns);
}

bool timestamp_zone(struct str text, int32_t *seconds)
{
	int64_t hours, minutes = 0;
	if (str_is_nocase(text, "utc") || str_is_nocase(text, "z")) {
		*seconds = 0;
		return true;
	}
	if (text.n < 2 || (text.p[0] != '+' && text.p[0] != '-'))
		return false;
	struct str digits = str_slice(text, 1, text.n);
	ptrdiff_t colon = str_find_char(digits, ':');
	struct str hour = str_slice(digits, 0, colon >= 0 ? (size_t)colon : digits.n == 4 ? 2 : digits.n);
	struct str rest = str_slice(digits, hour.n + (colon >= 0), digits.n);
	if (hour.n > 2 || !str_to_int(hour, 10, &hours) || hours < 0 || hours > 14)
		return false;
	if (rest.n && (rest.n != 2 || !str_to_int(rest, 10, &minutes) || minutes < 0 || minutes > 59))
		return false;
	*seconds = (int32_t)(hours * 3600 + minutes * 60) * (text.p[0] == '-' ? -1 : 1);
	return true;
}
