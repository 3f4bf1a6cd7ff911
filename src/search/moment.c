/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/moment.h"

#include <time.h>

#include "base/clock.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

static const struct {
	char letter;
	int64_t seconds;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };

bool moment_length(struct str text, int64_t *ns)
{
	int64_t count;
	if (text.n < 2 || !str_to_int(str_slice(text, 0, text.n - 1), 10, &count) || count < 0)
		return false;
	for (size_t i = 0; i < COUNT(units); i++) {
		if (text.p[text.n - 1] != units[i].letter)
			continue;
		if (count > INT64_MAX / SECOND / 4 / units[i].seconds)
			return false;
		*ns = count * units[i].seconds * SECOND;
		return true;
	}
	return false;
}

/* Take a number of so many digits off the front. */
static bool take_digits(struct str *text, size_t least, size_t most, int64_t *out)
{
	size_t n = 0;
	*out = 0;
	while (n < text->n && n < most && text->p[n] >= '0' && text->p[n] <= '9')
		*out = *out * 10 + (text->p[n++] - '0');
	*text = str_slice(*text, n, text->n);
	return n >= least;
}

static bool take_char(struct str *text, const char *any)
{
	if (!text->n || !strchr(any, text->p[0]) || !text->p[0])
		return false;
	*text = str_slice(*text, 1, text->n);
	return true;
}

struct parts {
	int64_t year, month, day, hour, minute, second, fraction;
	int64_t span;  /* nanoseconds; 0: a month */
	bool zoned;
	int64_t zone;  /* seconds east */
};

static bool take_zone(struct str *text, struct parts *parts)
{
	if (take_char(text, "zZ")) {
		parts->zoned = true;
		return true;
	}
	bool west = text->n && text->p[0] == '-';
	if (!take_char(text, "+-"))
		return true;
	int64_t hours, minutes = 0;
	if (!take_digits(text, 2, 2, &hours))
		return false;
	(void)take_char(text, ":");
	if (text->n && !take_digits(text, 2, 2, &minutes))
		return false;
	parts->zoned = true;
	parts->zone = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return hours <= 18 && minutes < 60;
}

/* Digits after the separator, as nanoseconds; *span is that of the last one. */
static int64_t take_fraction(struct str *text, int64_t *span)
{
	int64_t fraction = 0;
	*span = SECOND;
	for (; text->n && text->p[0] >= '0' && text->p[0] <= '9'; *text = str_slice(*text, 1, text->n)) {
		*span /= 10;
		fraction += (text->p[0] - '0') * *span;
	}
	*span = MAX(*span, 1);
	return fraction;
}

static bool take_clock(struct str *text, struct parts *parts)
{
	if (!take_digits(text, 1, 2, &parts->hour) || !take_char(text, ":") || !take_digits(text, 2, 2, &parts->minute))
		return false;
	parts->span = 60 * SECOND;
	if (take_char(text, ":")) {
		if (!take_digits(text, 2, 2, &parts->second))
			return false;
		parts->span = SECOND;
		if (take_char(text, ".,"))
			parts->fraction = take_fraction(text, &parts->span);
	}
	(void)(text->n && text->p[0] == ' ' && take_char(text, " "));
	return take_zone(text, parts) && parts->hour < 24 && parts->minute < 60 && parts->second <= 60;
}

static bool take_date(struct str *text, struct parts *parts)
{
	if (!take_digits(text, 4, 4, &parts->year) || !take_char(text, "-/") || !take_digits(text, 1, 2, &parts->month))
		return false;
	parts->day = 1;
	parts->span = 0;
	if (!text->n)
		return parts->month >= 1 && parts->month <= 12;
	parts->span = DAY;
	if (!take_char(text, "-/") || !take_digits(text, 1, 2, &parts->day))
		return false;
	bool sane = parts->month >= 1 && parts->month <= 12 && parts->day >= 1 && parts->day <= 31;
	if (!text->n)
		return sane;
	return sane && take_char(text, "T ") && take_clock(text, parts);
}

static int64_t parts_ns(const struct parts *parts, int64_t more_days, int64_t more_months)
{
	int64_t month = parts->month + more_months, year = parts->year + (month - 1) / 12;
	month = (month - 1) % 12 + 1;
	int64_t seconds;
	if (parts->zoned) {
		seconds = clock_days(year, month, parts->day + more_days) * 86400 + parts->hour * 3600 + parts->minute * 60 +
		          parts->second - parts->zone;
	} else {
		struct tm tm = { .tm_year = (int)(year - 1900), .tm_mon = (int)(month - 1), .tm_mday = (int)(parts->day + more_days),
			         .tm_hour = (int)parts->hour, .tm_min = (int)parts->minute, .tm_sec = (int)parts->second,
			         .tm_isdst = -1 };
		seconds = mktime(&tm);
	}
	return seconds * SECOND + parts->fraction;
}

static struct moment parts_moment(const struct parts *parts)
{
	int64_t first = parts_ns(parts, 0, 0);
	if (parts->span == 0)
		return (struct moment){ first, parts_ns(parts, 0, 1) - 1 };
	if (parts->span == DAY) /* of 23 or 25 hours when the clocks change */
		return (struct moment){ first, parts_ns(parts, 1, 0) - 1 };
	return (struct moment){ first, first + parts->span - 1 };
}

/* The day so many days from today. */
static struct moment day_moment(int64_t now, int days, struct parts parts)
{
	time_t seconds = (time_t)(now / SECOND);
	struct tm tm;
	localtime_r(&seconds, &tm);
	parts.year = tm.tm_year + 1900;
	parts.month = tm.tm_mon + 1;
	parts.day = tm.tm_mday + days;
	return parts_moment(&parts);
}

static bool parse_words(struct str text, int64_t now, struct moment *out)
{
	int64_t length;
	if (str_starts(text, "now")) {
		*out = (struct moment){ now, now };
		text = str_slice(text, 3, text.n);
		if (!text.n)
			return true;
		if (text.p[0] != '-')
			return false;
	}
	if (text.n && text.p[0] == '-')
		text = str_slice(text, 1, text.n);
	if (moment_length(text, &length)) {
		*out = (struct moment){ now - length, now - length };
		return true;
	}
	if (str_is(text, "today") || str_is(text, "yesterday")) {
		*out = day_moment(now, text.p[0] == 't' ? 0 : -1, (struct parts){ .span = DAY });
		return true;
	}
	return false;
}

static bool take_epoch(struct str text, struct moment *out)
{
	int64_t seconds, fraction = 0, span = SECOND;
	if (!take_digits(&text, 9, 10, &seconds))
		return false;
	if (take_char(&text, "."))
		fraction = take_fraction(&text, &span);
	out->first = seconds * SECOND + fraction;
	out->last = out->first + span - 1;
	return !text.n;
}

int moment_parse(struct str text, int64_t now, struct moment *out, struct err *err)
{
	struct str trimmed = str_trim(text), rest = trimmed;
	struct parts parts = { 0 };
	if (parse_words(trimmed, now, out))
		return 0;
	if (take_date(&rest, &parts) && !rest.n && parts.year >= 1970 && parts.year < 2200) {
		*out = parts_moment(&parts);
		return 0;
	}
	rest = trimmed;
	parts = (struct parts){ 0 };
	if (take_clock(&rest, &parts) && !rest.n && !parts.zoned) {
		*out = day_moment(now, 0, parts);
		return 0;
	}
	if (take_epoch(trimmed, out))
		return 0;
	return err_set(err, -EINVAL, "'%.*s' is no time; write 2026-11-03, '2026-11-03 08:01', 08:01, today, 7d or 12h", STR_ARG(trimmed));
}
