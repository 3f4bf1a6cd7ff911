/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The forms of dates and clocks.
 */
#include "event/timestamp_moment.h"

#include "base/clock.h"

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

/* Behind a date without the clock: the clock, then a zone. */
static bool take_rest(struct cursor *c, struct moment *m, const struct timestamp_hint *hint)
{
	if (!take_clock(c, m))
		return false;
	moment_take_zone(c, m, hint);
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
		moment_take_zone(c, m, hint);
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
		moment_take_zone(c, m, hint);
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
	moment_take_zone(c, m, hint);
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
	if (!found || !at_edge(&c) || !moment_to_ns(&m, hint, &counted))
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
