/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/stamp.h"

#include "base/clock.h"

/* The form of a date, bit by bit above the kind: separator of the date, of the time, of the fraction, digits of the
 * fraction, zone (0 none, 1 Z, 2 +hh:mm, 3 +hhmm), minutes east + 1440. */
enum { SLASH = 1 << 3, BLANK = 1 << 4, COMMA = 1 << 5, DIGITS = 6, ZONE = 10, EAST = 12, ZERO_DAY = 1 << 3 };
enum { POINT_DIGITS = 3, EAST_ZERO = 1440 };

static const char months[12][3] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const int64_t tens[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000 };

unsigned stamp_digits(uint32_t form)
{
	if (stamp_kind(form) == STAMP_DATE)
		return form >> DIGITS & 15;
	return stamp_kind(form) == STAMP_POINT ? form >> POINT_DIGITS : 0;
}

int64_t stamp_rescale(int64_t value, unsigned from, unsigned to)
{
	for (; from < to; from++)
		value = (int64_t)((uint64_t)value * 10);
	for (; from > to; from--)
		value = value / 10 - (value % 10 < 0);
	return value;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

uint32_t stamp_number(struct str text, int64_t *value)
{
	size_t i = 0, point = 0;
	bool minus = text.n && text.p[0] == '-';
	uint64_t number = 0;
	if (text.n < (size_t)1 + minus || text.n > 19u + minus)
		return STAMP_NONE;
	for (i = minus; i < text.n; i++) {
		if (is_digit(text.p[i]))
			number = number * 10 + (uint64_t)(text.p[i] - '0');
		else if (text.p[i] == '.' && !point && i > minus)
			point = i;
		else
			return STAMP_NONE;
	}
	size_t whole = (point ? point : text.n) - minus, digits = point ? text.n - point - 1 : 0;
	if (whole == 0 || whole + digits > 18 || (text.p[minus] == '0' && whole > 1) || digits > 9 || (point && !digits) ||
	    (minus && number == 0))
		return STAMP_NONE;
	*value = minus ? -(int64_t)number : (int64_t)number;
	return point ? (uint32_t)(STAMP_POINT | digits << POINT_DIGITS) : STAMP_WHOLE;
}

/* Two digits below `most`, or -1. */
static int two(const char *p, int most)
{
	int value = is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
	return value < most ? value : -1;
}

static int month_of(const char *p)
{
	for (int i = 0; i < 12; i++)
		if (memcmp(p, months[i], 3) == 0)
			return i + 1;
	return 0;
}

static int64_t clock_of(const char *p) /* "03:01:57" */
{
	int hour = two(p, 24), minute = two(p + 3, 60), second = two(p + 6, 60);
	return p[2] != ':' || p[5] != ':' || hour < 0 || minute < 0 || second < 0 ? -1 : hour * 3600 + minute * 60 + second;
}

static bool day_exists(int64_t year, int64_t month, int64_t day)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

static uint32_t take_zone(struct str text, size_t *at)
{
	size_t i = *at, left = text.n - i;
	const char *p = text.p + i;
	if (left >= 1 && *p == 'Z') {
		*at = i + 1;
		return 1 << ZONE | EAST_ZERO << EAST;
	}
	if (left < 5 || (*p != '+' && *p != '-'))
		return EAST_ZERO << EAST;
	bool colon = left >= 6 && p[3] == ':';
	int hour = two(p + 1, 24), minute = two(p + 3 + colon, 60);
	if (hour < 0 || minute < 0 || (*p == '-' && hour + minute == 0))
		return EAST_ZERO << EAST;
	int east = *p == '-' ? -(hour * 60 + minute) : hour * 60 + minute;
	*at = i + 5 + colon;
	return (uint32_t)(colon ? 2 : 3) << ZONE | (uint32_t)(east + EAST_ZERO) << EAST;
}

static uint32_t take_date(struct str text, int64_t *value, size_t *length)
{
	const char *p = text.p;
	if (text.n < 19 || (p[4] != '-' && p[4] != '/') || p[7] != p[4] || (p[10] != 'T' && p[10] != ' '))
		return STAMP_NONE;
	int century = two(p, 100), year = two(p + 2, 100), month = two(p + 5, 13), day = two(p + 8, 32);
	int64_t seconds = clock_of(p + 11);
	if (century < 19 || year < 0 || month < 0 || day < 0 || seconds < 0 || !day_exists(century * 100 + year, month, day))
		return STAMP_NONE;
	size_t at = 19, digits = 0;
	int64_t number = clock_days(century * 100 + year, month, day) * 86400 + seconds;
	uint32_t form = STAMP_DATE | (p[4] == '/' ? SLASH : 0) | (p[10] == ' ' ? BLANK : 0);
	/* Years for which all digits of a fraction fit. */
	if (text.n > 20 && (p[19] == '.' || p[19] == ',') && is_digit(p[20]) && century < 22) {
		while (20 + digits < text.n && digits < 9 && is_digit(p[20 + digits]))
			number = number * 10 + (p[20 + digits++] - '0');
		form |= p[19] == ',' ? COMMA : 0;
		at = 20 + digits;
	}
	form |= (uint32_t)digits << DIGITS;
	form |= take_zone(text, &at);
	*value = number;
	*length = at;
	return form;
}

static uint32_t take_syslog(struct str text, int64_t *value, size_t *length)
{
	const char *p = text.p;
	int month;
	if (text.n < 15 || p[3] != ' ' || p[6] != ' ' || (month = month_of(p)) == 0)
		return STAMP_NONE;
	int day = p[4] == ' ' && is_digit(p[5]) && p[5] != '0' ? p[5] - '0' : two(p + 4, 32);
	int64_t seconds = clock_of(p + 7);
	if (seconds < 0 || !day_exists(2000, month, day))
		return STAMP_NONE;
	*value = (clock_days(2000, month, day) - clock_days(2000, 1, 1)) * 86400 + seconds;
	*length = 15;
	return STAMP_SYSLOG | (p[4] == '0' ? ZERO_DAY : 0);
}

static uint32_t take_access(struct str text, int64_t *value, size_t *length)
{
	const char *p = text.p;
	int month;
	if (text.n < 20 || p[2] != '/' || p[6] != '/' || p[11] != ':' || (month = month_of(p + 3)) == 0)
		return STAMP_NONE;
	int day = two(p, 32), century = two(p + 7, 100), year = two(p + 9, 100);
	int64_t seconds = clock_of(p + 12);
	if (century < 19 || year < 0 || seconds < 0 || !day_exists(century * 100 + year, month, day))
		return STAMP_NONE;
	*value = clock_days(century * 100 + year, month, day) * 86400 + seconds;
	*length = 20;
	return STAMP_ACCESS;
}

uint32_t stamp_time(struct str text, int64_t *value, size_t *length)
{
	if (text.n < 15)
		return STAMP_NONE;
	if (!is_digit(text.p[0]))
		return take_syslog(text, value, length);
	return text.p[2] == '/' ? take_access(text, value, length) : take_date(text, value, length);
}

struct moment {
	int year, month, day, seconds;
};

/* The inverse of clock_days(), for years 1900 to 9999. */
static bool moment_of(int64_t seconds, struct moment *out)
{
	int64_t day = seconds / 86400 - (seconds % 86400 < 0), low = 1900, high = 9999;
	if (day < clock_days(1900, 1, 1) || day > clock_days(9999, 12, 31))
		return false;
	/* 400 years have 146097 days: a guess that is at most one year wrong. */
	int64_t year = 1970 + day * 400 / 146097;
	year = MAX(low, MIN(high, year));
	while (clock_days(year, 1, 1) > day)
		year--;
	while (clock_days(year + 1, 1, 1) <= day)
		year++;
	int64_t rest = day - clock_days(year, 1, 1), month = MIN(rest / 29 + 1, (int64_t)12);
	while (clock_days(year, month, 1) > day)
		month--;
	out->year = (int)year;
	out->month = (int)month;
	out->day = (int)(day - clock_days(year, month, 1)) + 1;
	out->seconds = (int)(seconds - day * 86400);
	return true;
}

static char *put_two(char *p, int value)
{
	*p++ = (char)('0' + value / 10 % 10);
	*p++ = (char)('0' + value % 10);
	return p;
}

static char *put_clock(char *p, int seconds)
{
	p = put_two(p, seconds / 3600);
	*p++ = ':';
	p = put_two(p, seconds / 60 % 60);
	*p++ = ':';
	return put_two(p, seconds % 60);
}

static char *put_digits(char *p, int64_t value, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*p++ = (char)('0' + value / tens[n - 1 - i] % 10);
	return p;
}

static size_t print_number(uint32_t form, int64_t value, char *out)
{
	unsigned digits = stamp_digits(form);
	char reversed[20];
	size_t n = 0;
	char *p = out;
	if (value <= -1000000000000000000 || value >= 1000000000000000000 || digits > 9)
		return 0;
	if (value < 0)
		*p++ = '-';
	int64_t size = value < 0 ? -value : value, whole = size / tens[MIN(digits, 9u)];
	do
		reversed[n++] = (char)('0' + whole % 10);
	while ((whole /= 10) && n < sizeof(reversed));
	while (n > 0)
		*p++ = reversed[--n];
	if (digits) {
		*p++ = '.';
		p = put_digits(p, size % tens[digits], digits);
	}
	return (size_t)(p - out);
}

static size_t print_date(uint32_t form, int64_t value, char *out)
{
	unsigned digits = stamp_digits(form), zone = form >> ZONE & 3;
	if (digits > 9)
		return 0;
	int64_t seconds = value / tens[digits] - (value % tens[digits] < 0);
	struct moment moment;
	if (!moment_of(seconds, &moment))
		return 0;
	char *p = put_two(put_two(out, moment.year / 100), moment.year % 100);
	*p++ = form & SLASH ? '/' : '-';
	p = put_two(p, moment.month);
	*p++ = form & SLASH ? '/' : '-';
	p = put_two(p, moment.day);
	*p++ = form & BLANK ? ' ' : 'T';
	p = put_clock(p, moment.seconds);
	if (digits) {
		*p++ = form & COMMA ? ',' : '.';
		p = put_digits(p, value - seconds * tens[digits], digits);
	}
	if (zone == 1) {
		*p++ = 'Z';
	} else if (zone) {
		int east = (int)(form >> EAST & 4095) - EAST_ZERO;
		*p++ = east < 0 ? '-' : '+';
		east = east < 0 ? -east : east;
		p = put_two(p, east / 60);
		if (zone == 2)
			*p++ = ':';
		p = put_two(p, east % 60);
	}
	return (size_t)(p - out);
}

size_t stamp_print(uint32_t form, int64_t value, char out[STAMP_LONGEST])
{
	struct moment moment;
	char *p = out;
	switch (stamp_kind(form)) {
	case STAMP_WHOLE:
	case STAMP_POINT:
		return print_number(form, value, out);
	case STAMP_DATE:
		return print_date(form, value, out);
	case STAMP_SYSLOG:
		if (value < 0 || value >= 366 * 86400 || !moment_of(clock_days(2000, 1, 1) * 86400 + value, &moment))
			return 0;
		memcpy(p, months[moment.month - 1], 3);
		p[3] = ' ';
		put_two(p + 4, moment.day);
		if (moment.day < 10 && !(form & ZERO_DAY))
			p[4] = ' ';
		p[6] = ' ';
		return (size_t)(put_clock(p + 7, moment.seconds) - out);
	case STAMP_ACCESS:
		if (!moment_of(value, &moment))
			return 0;
		p = put_two(p, moment.day);
		*p++ = '/';
		memcpy(p, months[moment.month - 1], 3);
		p += 3;
		*p++ = '/';
		p = put_two(put_two(p, moment.year / 100), moment.year % 100);
		*p++ = ':';
		return (size_t)(put_clock(p, moment.seconds) - out);
	default:
		return 0;
	}
}
