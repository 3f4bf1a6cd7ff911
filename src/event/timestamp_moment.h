/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * timestamp_moment: a moment as a log shows it, in parts, on its way to nanoseconds. Private to timestamp.c, which reads dates and
 * clocks, and timestamp_moment.c, which knows zones and the calendar.
 *
 * The functions that read move the cursor only over what they understood.
 */
#ifndef WARD_EVENT_TIMESTAMP_MOMENT_H
#define WARD_EVENT_TIMESTAMP_MOMENT_H

#include "event/timestamp.h"

#define SECOND INT64_C(1000000000)

enum { YEAR_NONE = -1 };

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

/* A zone, directly or behind a blank. Where none can be read, nothing is taken. */
void moment_take_zone(struct cursor *c, struct moment *m, const struct timestamp_hint *hint);
/* Check the numbers and put them together. */
bool moment_to_ns(struct moment *m, const struct timestamp_hint *hint, int64_t *ns) MUST_USE;

static inline bool is_digit(char c)
{
	return (uint8_t)(c - '0') < 10;
}

static inline bool is_letter(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26;
}

static inline size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static inline bool skip(struct cursor *c, char what)
{
	if (c->p == c->end || *c->p != what)
		return false;
	c->p++;
	return true;
}

static inline bool skip_text(struct cursor *c, struct str what)
{
	if (left(c) < what.n || memcmp(c->p, what.p, what.n) != 0)
		return false;
	c->p += what.n;
	return true;
}

/* One or two blanks may stand where one does. */
static inline bool skip_blank(struct cursor *c)
{
	if (!skip(c, ' '))
		return false;
	(void)skip(c, ' ');
	return true;
}

/* Nothing that would make what was read part of a longer word. */
static inline bool at_edge(const struct cursor *c)
{
	return c->p == c->end || (!is_digit(*c->p) && !is_letter(*c->p));
}

static inline size_t count_digits(const struct cursor *c)
{
	const char *p = c->p;
	while (p < c->end && is_digit(*p))
		p++;
	return (size_t)(p - c->p);
}

/* Exactly so many digits, which are there. */
static inline uint32_t take_digits(struct cursor *c, size_t n)
{
	uint32_t value = 0;
	while (n--)
		value = value * 10 + (uint32_t)(*c->p++ - '0');
	return value;
}

/* A number of one or two digits. */
static inline bool take_short(struct cursor *c, uint32_t *out)
{
	if (c->p == c->end || !is_digit(*c->p))
		return false;
	*out = (uint32_t)(*c->p++ - '0');
	if (c->p < c->end && is_digit(*c->p))
		*out = *out * 10 + (uint32_t)(*c->p++ - '0');
	return true;
}

#endif
