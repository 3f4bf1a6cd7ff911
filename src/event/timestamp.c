/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/timestamp.h"

#include <time.h>

#include "base/clock.h"

#define SECOND INT64_C(1000000000)

enum { DAY = 86400, QUARTER = 900, YEAR_NONE = -1 };

struct cursor {
	const char *p, *end;
};

enum half {
	HALF_NONE,
	HALF_AM,
	HALF_PM,
};

struct moment {
	int32_t year; /* YEAR_NONE: not written */
	uint32_t month, day, hour, minute, second, fraction;
	int32_t offset; /* seconds east of UTC, when zoned */
	bool zoned;
	uint8_t half; /* enum half, for a clock of twelve hours */
};

static bool is_digit(char c)
{
	return (uint8_t)(c - '0') < 10;
}

static bool is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26;
}

static size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static bool skip(struct cursor *c, char what)
{
	if (c->p == c->end || *c->p != what)
		return false;
	c->p++;
	return true;
}

static bool skip_text(struct cursor *c, struct str what)
{
	if (left(c) < what.n || memcmp(c->p, what.p, what.n) != 0)
		return false;
	c->p += what.n;
	return true;
}

/* One or two blanks may stand where one does. */
static bool skip_blank(struct cursor *c)
{
	if (!skip(c, ' '))
		return false;
	(void)skip(c, ' ');
	return true;
}

/* Nothing that would make what was read part of a longer word. */
static bool at_edge(const struct cursor *c)
{
	return c->p == c->end || (!is_digit(*c->p) && !is_letter(*c->p));
}

static size_t count_digits(const struct cursor *c)
{
	const char *p = c->p;
	while (p < c->end && is_digit(*p))
		p++;
	return (size_t)(p - c->p);
}

/* Exactly so many digits, which are there. */
static uint32_t take_digits(struct cursor *c, size_t n)
{
	uint32_t value = 0;
	while (n--)
		value = value * 10 + (uint32_t)(*c->p++ - '0');
	return value;
}

/* A number of one or two digits. */
static bool take_short(struct cursor *c, uint32_t *out)
{
	if (c->p == c->end || !is_digit(*c->p))
		return false;
	*out = (uint32_t)(*c->p++ - '0');
	if (c->p < c->end && is_digit(*c->p))
		*out = *out * 10 + (uint32_t)(*c->p++ - '0');
	return true;
}

static bool take_year(struct cursor *c, int32_t *out)
{
	struct cursor at = *c;
	if (count_digits(&at) != 4)
		return false;
	*out = (int32_t)take_digits(&at, 4);
	*c = at;
	return true;
}

static uint32_t letters(const char *p)
{
	return (uint32_t)(uint8_t)p[0] << 16 | (uint32_t)(uint8_t)p[1] << 8 | (uint8_t)p[2] | 0x202020;
}

#define LETTERS(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

static bool take_month(struct cursor *c, uint32_t *out)
{
	if (left(c) < 3)
		return false;
	switch (letters(c->p)) {
	case LETTERS('j', 'a', 'n'):
		*out = 1;
		break;
	case LETTERS('f', 'e', 'b'):
		*out = 2;
		break;
	case LETTERS('m', 'a', 'r'):
		*out = 3;
		break;
	case LETTERS('a', 'p', 'r'):
		*out = 4;
		break;
	case LETTERS('m', 'a', 'y'):
		*out = 5;
		break;
	case LETTERS('j', 'u', 'n'):
		*out = 6;
		break;
	case LETTERS('j', 'u', 'l'):
		*out = 7;
		break;
	case LETTERS('a', 'u', 'g'):
		*out = 8;
		break;
	case LETTERS('s', 'e', 'p'):
		*out = 9;
		break;
	case LETTERS('o', 'c', 't'):
		*out = 10;
		break;
	case LETTERS('n', 'o', 'v'):
		*out = 11;
		break;
	case LETTERS('d', 'e', 'c'):
		*out = 12;
		break;
	default:
		return false;
	}
	c->p += 3;
	return true;
}

static bool take_weekday(struct cursor *c)
{
	if (left(c) < 4)
		return false;
	switch (letters(c->p)) {
	case LETTERS('m', 'o', 'n'):
	case LETTERS('t', 'u', 'e'):
	case LETTERS('w', 'e', 'd'):
	case LETTERS('t', 'h', 'u'):
	case LETTERS('f', 'r', 'i'):
	case LETTERS('s', 'a', 't'):
	case LETTERS('s', 'u', 'n'):
		break;
	default:
		return false;
	}
	struct cursor at = { c->p + 3, c->end };
	(void)skip(&at, ',');
	if (!skip_blank(&at))
		return false;
	*c = at;
	return true;
}

/* Dot or comma and digits; what is finer than nanoseconds is left out. */
static void take_fraction(struct cursor *c, uint32_t *out)
{
	if (left(c) < 2 || (*c->p != '.' && *c->p != ',') || !is_digit(c->p[1]))
		return;
	struct cursor at = { c->p + 1, c->end };
	size_t n = count_digits(&at);
	/* "08:01:02,5" is as likely the next column of a table. */
	if (*c->p == ',' && n < 3)
		return;
	uint32_t value = take_digits(&at, MIN(n, 9u));
	for (size_t i = n; i < 9; i++)
		value *= 10;
	*out = value;
	c->p += 1 + n;
}

static void take_half(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	(void)skip(&at, ' ');
	if (left(&at) < 2 || (at.p[1] | 32) != 'm' || ((at.p[0] | 32) != 'a' && (at.p[0] | 32) != 'p'))
		return;
	uint8_t half = (at.p[0] | 32) == 'a' ? HALF_AM : HALF_PM;
	at.p += 2;
	if (!at_edge(&at))
		return;
	m->half = half;
	*c = at;
}

/* "08:01:02.123", "8:01". */
static bool take_clock(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	if (!take_short(&at, &m->hour) || !skip(&at, ':') || left(&at) < 2 || !is_digit(at.p[0]) ||
	    !is_digit(at.p[1]))
		return false;
	m->minute = take_digits(&at, 2);
	if (left(&at) >= 3 && at.p[0] == ':' && is_digit(at.p[1]) && is_digit(at.p[2])) {
		at.p++;
		m->second = take_digits(&at, 2);
		take_fraction(&at, &m->fraction);
	}
	if (at.p < at.end && (*at.p == ' ' || is_letter(*at.p)))
		take_half(&at, m);
	*c = at;
	return true;
}

/* "080102.123" of ISO 8601's basic form. */
static bool take_clock_basic(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	if (count_digits(&at) != 6)
		return false;
	m->hour = take_digits(&at, 2);
	m->minute = take_digits(&at, 2);
	m->second = take_digits(&at, 2);
	take_fraction(&at, &m->fraction);
	*c = at;
	return true;
}

/* The clock as Chinese programs write it: a half of the day before it, and words or colons between. */
static bool take_clock_chinese(struct cursor *c, struct moment *m)
{
	struct cursor at = *c;
	while (skip(&at, ' '))
		;
	if (skip_text(&at, STR("上午")))
		m->half = HALF_AM;
	else if (skip_text(&at, STR("下午")))
		m->half = HALF_PM;
	while (skip(&at, ' '))
		;
	struct cursor words = at;
	if (take_short(&words, &m->hour) && (skip_text(&words, STR("时")) || skip_text(&words, STR("時"))) &&
	    take_short(&words, &m->minute) && skip_text(&words, STR("分"))) {
		struct cursor seconds = words;
		if (take_short(&seconds, &m->second) && skip_text(&seconds, STR("秒")))
			words = seconds;
		else
			m->second = 0;
		*c = words;
		return true;
	}
	if (!take_clock(&at, m))
		return false;
	*c = at;
	return true;
}

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

/* A zone, directly or behind a blank. Where none can be read, nothing is taken. */
static void take_zone(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
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

/* Check the numbers and put them together. */
static bool moment_ns(struct moment *m, const struct timestamp_hint *hint, int64_t *ns)
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

/* Behind a date without the clock: the clock, then a zone. */
static bool take_rest(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
{
	if (!take_clock(c, m))
		return false;
	take_zone(c, m, hint);
	return true;
}

/* "2026-11-03T08:01:02", "2026/11/3 8:01:02", "2026年11月3日 08:01:02", "2026 Nov  3 08:01:02"; c stands
 * behind the year. */
static bool year_first(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
{
	if (skip(c, ' '))
		return take_month(c, &m->month) && skip_blank(c) && take_short(c, &m->day) && skip_blank(c) &&
		       take_rest(c, m, hint);
	if (skip_text(c, STR("年"))) {
		if (!take_short(c, &m->month) || !skip_text(c, STR("月")) || !take_short(c, &m->day) ||
		    !skip_text(c, STR("日")))
			return false;
		if (!take_clock_chinese(c, m))
			return false;
		take_zone(c, m, hint);
		return true;
	}
	char separator = *c->p++;
	if (!take_short(c, &m->month) || !skip(c, separator) || !take_short(c, &m->day))
		return false;
	if (skip(c, 'T') || skip(c, 't'))
		return take_rest(c, m, hint);
	if (!skip_blank(c))
		return false;
	if (c->p < c->end && (uint8_t)*c->p == 0xe4) {
		if (!take_clock_chinese(c, m))
			return false;
		take_zone(c, m, hint);
		return true;
	}
	return take_rest(c, m, hint);
}

/* "03/Nov/2026:08:01:02 +0800", "03-Nov-2026 08:01:02", "3 Nov 2026 08:01:02 GMT". */
static bool day_first(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
{
	if (!take_short(c, &m->day) || c->p == c->end)
		return false;
	char separator = *c->p;
	if (separator != '/' && separator != '-' && separator != ' ')
		return false;
	c->p++;
	if (!take_month(c, &m->month) || !skip(c, separator) || !take_year(c, &m->year))
		return false;
	if (!skip(c, separator == '/' ? ':' : ' ') && !skip(c, ' '))
		return false;
	return take_rest(c, m, hint);
}

/* "Nov  3 08:01:02", with a year before or behind the clock. */
static bool month_first(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
{
	if (!take_month(c, &m->month) || !skip_blank(c) || !take_short(c, &m->day))
		return false;
	struct cursor at = *c;
	(void)skip(&at, ',');
	if (!skip_blank(&at))
		return false;
	struct cursor year = at;
	if (take_year(&year, &m->year) && skip_blank(&year))
		at = year;
	else
		m->year = YEAR_NONE;
	if (!take_rest(&at, m, hint))
		return false;
	*c = at;
	int32_t behind;
	if (m->year == YEAR_NONE && skip_blank(&at) && take_year(&at, &behind) && behind >= 1900 &&
	    behind < 2262 && (at.p == at.end || *at.p == ' ' || *at.p == ']')) {
		m->year = behind;
		*c = at;
	}
	return true;
}

/* "20261103080102", "20261103080102123", "20261103T080102". */
static bool compact(struct cursor *c, size_t n, struct moment *m, const struct timestamp_hint *hint)
{
	m->year = (int32_t)take_digits(c, 4);
	m->month = take_digits(c, 2);
	m->day = take_digits(c, 2);
	if (n == 8) {
		c->p++;
		if (!take_clock_basic(c, m) && !take_clock(c, m))
			return false;
	} else {
		m->hour = take_digits(c, 2);
		m->minute = take_digits(c, 2);
		m->second = take_digits(c, 2);
		if (n == 17)
			m->fraction = take_digits(c, 3) * 1000000;
		else
			take_fraction(c, &m->fraction);
	}
	take_zone(c, m, hint);
	return true;
}

/* A count since 1970, or since 1601 in steps of 100 ns. */
static bool epoch(struct cursor *c, size_t n, int64_t *ns)
{
	const uint64_t filetime_1970 = UINT64_C(116444736000000000),
		       filetime_last = UINT64_C(208678456368547758);
	uint64_t value = 0, unit;
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (uint64_t)(*c->p++ - '0');
	if (n == 18 && value >= filetime_1970 && value <= filetime_last) {
		*ns = (int64_t)(value - filetime_1970) * 100;
		return true;
	}
	switch (n) {
	case 9:
	case 10:
		unit = 1000000000;
		break;
	case 12:
	case 13:
		unit = 1000000;
		break;
	case 15:
	case 16:
		unit = 1000;
		break;
	case 18:
	case 19:
		unit = 1;
		break;
	default:
		return false;
	}
	uint32_t fraction = 0;
	if (unit >= 1000000 && c->p < c->end && *c->p == '.') {
		take_fraction(c, &fraction);
		if (left(c) >= 2 && c->p[0] == '.' && is_digit(c->p[1]))
			return false; /* numbers with dots between: an address, a version */
	}
	uint64_t whole;
	if (__builtin_mul_overflow(value, unit, &whole) || whole > INT64_MAX - SECOND)
		return false;
	*ns = (int64_t)(whole + fraction / (1000000000 / unit));
	return true;
}

size_t timestamp_prefix(struct str text, const struct timestamp_hint *hint, int64_t *ns)
{
	if (text.n < 9)
		return 0;
	struct cursor c = { text.p, text.p + text.n };
	struct moment m = { .year = YEAR_NONE };
	bool found;
	int64_t counted = 0;
	if (is_digit(*c.p)) {
		size_t n = count_digits(&c);
		char next = n < text.n ? text.p[n] : '\0';
		if (n == 4 &&
		    (next == '-' || next == '/' || next == '.' || next == ' ' || (uint8_t)next == 0xe5))
			found = take_year(&c, &m.year) && year_first(&c, &m, hint);
		else if (n <= 2)
			found = day_first(&c, &m, hint);
		else if ((n == 8 && (next == 'T' || next == ' ')) || n == 14 || n == 17)
			found = compact(&c, n, &m, hint);
		else if (n >= 9 && n <= 19 && epoch(&c, n, &counted))
			return at_edge(&c) ? (*ns = counted, (size_t)(c.p - text.p)) : 0;
		else
			return 0;
	} else if (is_letter(*c.p)) {
		found = month_first(&c, &m, hint);
		if (!found) {
			c.p = text.p;
			m = (struct moment){ .year = YEAR_NONE };
			if (!take_weekday(&c))
				return 0;
			found = c.p < c.end && is_digit(*c.p) ? day_first(&c, &m, hint)
							      : month_first(&c, &m, hint);
		}
	} else {
		return 0;
	}
	if (!found || !at_edge(&c) || !moment_ns(&m, hint, &counted))
		return 0;
	*ns = counted;
	return (size_t)(c.p - text.p);
}

bool timestamp_parse(struct str text, const struct timestamp_hint *hint, int64_t *ns)
{
	int64_t value;
	if (text.n == 0 || timestamp_prefix(text, hint, &value) != text.n)
		return false;
	*ns = value;
	return true;
}

struct str timestamp_format(struct arena *arena, int64_t ns)
{
	int64_t seconds = ns / SECOND, fraction = ns % SECOND;
	if (fraction < 0) {
		fraction += SECOND;
		seconds--;
	}
	struct str whole = clock_format(arena, seconds);
	if (fraction == 0)
		return whole;
	struct str text = arena_printf(arena, "%.*s.%09dZ", (int)whole.n - 1, whole.p, (int)fraction);
	char *p = arena_bytes(arena, text.n);
	while (text.n > 2 && text.p[text.n - 2] == '0')
		text.n--;
	memcpy(p, text.p, text.n - 1);
	p[text.n - 1] = 'Z';
	return (struct str){ p, text.n };
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
