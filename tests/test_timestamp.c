/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Timestamps: each form once with what date(1) says of it, and random moments beside libc's strftime and mktime.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "event/timestamp.h"

#define SECOND INT64_C(1000000000)

/* 2026-11-23T03:00:00Z, in China. */
static const struct timestamp_hint hint = { .now = 1795402800 * SECOND, .zone = 8 * 3600 };

static const struct {
	const char *text;
	const char *moment; /* what is read; NULL: nothing */
	size_t left;        /* bytes behind it, which are no part of it */
} forms[] = {
	/* RFC 3339, ISO 8601 */
	{ "2026-11-03T08:01:02Z", "2026-11-03T08:01:02Z", 0 },
	{ "2026-11-03t08:01:02z", "2026-11-03T08:01:02Z", 0 },
	{ "2026-11-03T08:01:02+08:00", "2026-11-03T00:01:02Z", 0 },
	{ "2026-11-03T08:01:02.5-03:30", "2026-11-03T11:31:02.5Z", 0 },
	{ "2026-11-03T08:01:02.123456+0800", "2026-11-03T00:01:02.123456Z", 0 },
	{ "2026-11-03T08:01:02.123456789+08", "2026-11-03T00:01:02.123456789Z", 0 },
	{ "2026-11-03T08:01:02.1234567891234Z", "2026-11-03T08:01:02.123456789Z", 0 },
	{ "2026-11-03 08:01:02", "2026-11-03T00:01:02Z", 0 },
	{ "2026-11-03 08:01:02,123", "2026-11-03T00:01:02.123Z", 0 },
	{ "2026-11-03 08:01:02,5", "2026-11-03T00:01:02Z", 2 },
	{ "2026-11-03 08:01:02 +0000 x", "2026-11-03T08:01:02Z", 2 },
	{ "2026-11-03 08:01:02 -1 x", "2026-11-03T00:01:02Z", 5 },
	{ "2026-11-03 08:01:02 UTC", "2026-11-03T08:01:02Z", 0 },
	{ "2026-11-03 08:01:02 GMT+8", "2026-11-03T00:01:02Z", 0 },
	{ "2026-11-03 08:01:02 CST", "2026-11-03T00:01:02Z", 0 },
	{ "2026-11-03 08:01:02 EST", "2026-11-03T00:01:02Z", 4 },
	{ "2026-11-03 08:01:02 GMTX", "2026-11-03T00:01:02Z", 5 },
	{ "2026-11-03T08:01Z", "2026-11-03T08:01:00Z", 0 },
	{ "2026-11-03T24:00:00Z", "2026-11-04T00:00:00Z", 0 },
	{ "20261103T080102Z", "2026-11-03T08:01:02Z", 0 },
	{ "20261103T080102.250+0800", "2026-11-03T00:01:02.25Z", 0 },
	{ "20261103080102", "2026-11-03T00:01:02Z", 0 },
	{ "20261103080102123", "2026-11-03T00:01:02.123Z", 0 },
	{ "20261103080102+0700", "2026-11-03T01:01:02Z", 0 },
	{ "2026-02-29T00:00:00Z", NULL, 0 },
	{ "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", 0 },
	{ "1900-02-29T00:00:00Z", NULL, 0 },
	{ "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z", 0 },
	{ "1601-01-01T00:00:00Z", NULL, 0 },
	{ "2300-01-01T00:00:00Z", NULL, 0 },
	{ "2026-13-03T08:01:02Z", NULL, 0 },
	{ "2026-11-31T08:01:02Z", NULL, 0 },
	{ "2026-11-03T24:00:01Z", NULL, 0 },
	{ "2026-11-03T08:61:02Z", NULL, 0 },
	{ "2026-11-03T08:01:61Z", NULL, 0 },
	{ "2026-11-03T08:01:02Zebra", NULL, 0 },
	{ "2026-11-03", NULL, 0 },
	{ "2026-11-03 backup done", NULL, 0 },
	/* leap seconds */
	{ "2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", 0 },
	{ "2017-01-01T07:59:60.25+08:00", "2016-12-31T23:59:59.25Z", 0 },
	/* other separators, twelve hours, Chinese */
	{ "2026/11/03 08:01:02", "2026-11-03T00:01:02Z", 0 },
	{ "2026/11/3 8:01:02 PM", "2026-11-03T12:01:02Z", 0 },
	{ "2026/11/3 12:01:02 am", "2026-11-02T16:01:02Z", 0 },
	{ "2026/11/3 13:01:02 PM", NULL, 0 },
	{ "2026.11.03 08:01:02", "2026-11-03T00:01:02Z", 0 },
	{ "2026年11月3日 08:01:02", "2026-11-03T00:01:02Z", 0 },
	{ "2026年11月03日08时01分02秒", "2026-11-03T00:01:02Z", 0 },
	{ "2026年11月3日 下午 3:01:02", "2026-11-03T07:01:02Z", 0 },
	{ "2026年11月3日 8时1分", "2026-11-03T00:01:00Z", 0 },
	{ "2026/11/3 上午 8:01:02", "2026-11-03T00:01:02Z", 0 },
	{ "2026年11月3日", NULL, 0 },
	/* syslog */
	{ "Nov  3 08:01:02", "2026-11-03T00:01:02Z", 0 },
	{ "Nov  3 08:01:02 host prog: x", "2026-11-03T00:01:02Z", 13 },
	{ "Nov 03 08:01:02.123 host", "2026-11-03T00:01:02.123Z", 5 },
	{ "nov 3 8:01:02", "2026-11-03T00:01:02Z", 0 },
	{ "Nov  3 2025 08:01:02: %ASA", "2025-11-03T00:01:02Z", 6 },
	{ "Nov  3 08:01:02 2025 host", "2025-11-03T00:01:02Z", 5 },
	{ "Nov  3 08:01:02 2001:db8::1 x", "2026-11-03T00:01:02Z", 14 },
	{ "Nov  3 08:01:02 UTC host", "2026-11-03T08:01:02Z", 5 },
	{ "2025 Nov  3 08:01:02 switch", "2025-11-03T00:01:02Z", 7 },
	{ "Nov 23 11:00:00", "2026-11-23T03:00:00Z", 0 },
	{ "Nov 24 10:59:59", "2026-11-24T02:59:59Z", 0 }, /* less than a day ahead: a clock that is fast */
	{ "Nov 24 11:00:01", "2025-11-24T03:00:01Z", 0 },
	{ "Dec 31 23:59:59", "2025-12-31T15:59:59Z", 0 }, /* and the line after it: */
	{ "Jan  1 00:00:01", "2025-12-31T16:00:01Z", 0 },
	{ "Feb 29 12:00:00", "2024-02-29T04:00:00Z", 0 },
	{ "Feb 30 12:00:00", NULL, 0 },
	{ "Nov  3", NULL, 0 },
	{ "November rain", NULL, 0 },
	{ "Mark my words 08:01:02", NULL, 0 },
	/* Apache, BIND, mail, ctime */
	{ "03/Nov/2026:08:01:02 +0800", "2026-11-03T00:01:02Z", 0 },
	{ "03/Nov/2026:08:01:02 +0800] \"GET", "2026-11-03T00:01:02Z", 6 },
	{ "03-Nov-2026 08:01:02.123 queries", "2026-11-03T00:01:02.123Z", 8 },
	{ "Tue, 03 Nov 2026 08:01:02 GMT", "2026-11-03T08:01:02Z", 0 },
	{ "3 Nov 2026 08:01:02 +0800", "2026-11-03T00:01:02Z", 0 },
	{ "Tue Nov  3 08:01:02 2026", "2026-11-03T00:01:02Z", 0 },
	{ "Tue Nov 03 08:01:02.123456 2026] [core", "2026-11-03T00:01:02.123456Z", 7 },
	{ "Tue Nov  3 08:01:02 CST 2026", "2026-11-03T00:01:02Z", 0 },
	{ "Sunday 08:01:02", NULL, 0 },
	/* counts */
	{ "1793664062", "2026-11-03T00:01:02Z", 0 },
	{ "1793664062.123456", "2026-11-03T00:01:02.123456Z", 0 },
	{ "1793664062123", "2026-11-03T00:01:02.123Z", 0 },
	{ "1793664062123.5", "2026-11-03T00:01:02.1235Z", 0 },
	{ "1793664062123456", "2026-11-03T00:01:02.123456Z", 0 },
	{ "1793664062123456789", "2026-11-03T00:01:02.123456789Z", 0 },
	{ "133766532001234567", "2024-11-21T09:00:00.1234567Z", 0 },
	{ "999999999", "2001-09-09T01:46:39Z", 0 },
	{ "1793664062 x", "2026-11-03T00:01:02Z", 2 },
	{ "1793664062:123", "2026-11-03T00:01:02Z", 4 },
	{ "12345678", NULL, 0 },
	{ "123456789012345678901234", NULL, 0 },
	{ "9999999999", NULL, 0 },
	{ "1793664062.1.2", NULL, 0 },
	{ "17936640621", NULL, 0 },
	{ "1793664062abc", NULL, 0 },
	{ "192.168.1.1 - -", NULL, 0 },
	{ "", NULL, 0 },
	{ "\xff\xfe\x00", NULL, 0 },
	/* which day is it */
	{ "11/03/2026 08:01:02", NULL, 0 },
};

static void every_form_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		ARENA(arena);
		struct str text = str_from(forms[i].text);
		int64_t ns = 7, whole = 7;
		size_t n = timestamp_prefix(text, &hint, &ns);
		if (!forms[i].moment) {
			if (n)
				fail_msg("'%s' was read as %.*s", forms[i].text, STR_ARG(timestamp_format(&arena, ns)));
			assert_int_equal(ns, 7);
			continue;
		}
		struct str said = n ? timestamp_format(&arena, ns) : STR("nothing");
		if (!str_is(said, forms[i].moment) || text.n - n != forms[i].left)
			fail_msg("'%s' was read as %.*s (%zu bytes)", forms[i].text, STR_ARG(said), n);
		assert_int_equal(timestamp_parse(text, &hint, &whole), forms[i].left == 0);
		assert_true(whole == (forms[i].left ? 7 : ns));
		/* Each shorter beginning is another moment or none, and is not read beyond. */
		for (size_t cut = 0; cut < text.n; cut++) {
			char *copy = mem_alloc(cut + 1);
			memcpy(copy, text.p, cut);
			assert_true(timestamp_prefix((struct str){ copy, cut }, &hint, &whole) <= cut);
			free(copy);
		}
	}
}

static void cst_follows_the_hint(void **state)
{
	(void)state;
	ARENA(arena);
	struct timestamp_hint other = hint;
	int64_t ns;
	other.zone = -6 * 3600;
	assert_true(timestamp_parse(STR("2026-11-03 08:01:02 CST"), &other, &ns));
	assert_true(str_is(timestamp_format(&arena, ns), "2026-11-03T14:01:02Z"));
	other.zone = 0;
	assert_false(timestamp_parse(STR("2026-11-03 08:01:02 CST"), &other, &ns));
	assert_int_equal(timestamp_prefix(STR("2026-11-03 08:01:02 CST"), &other, &ns), 19);
}

static int64_t random_seconds(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int64_t)(*seed >> 20) % (INT64_C(86400) * 365 * 100) - INT64_C(86400) * 365 * 20;
}

static void random_moments_are_as_libc_writes_them(void **state)
{
	(void)state;
	static const char *const formats[] = {
		"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S +0000", "%d/%b/%Y:%H:%M:%S +0000", "%a %b %e %H:%M:%S UTC %Y",
		"%Y/%m/%d %H:%M:%S UTC", "%a, %d %b %Y %H:%M:%S GMT", "%Y年%m月%d日 %H:%M:%SZ", "%Y%m%dT%H%M%SZ",
	};
	uint64_t seed = 3;
	for (int i = 0; i < 20000; i++) {
		time_t t = random_seconds(&seed);
		struct tm tm;
		char text[64];
		int64_t ns = 0;
		gmtime_r(&t, &tm);
		size_t n = strftime(text, sizeof(text), formats[(size_t)i % COUNT(formats)], &tm);
		if (!timestamp_parse((struct str){ text, n }, &hint, &ns) || ns != t * SECOND)
			fail_msg("%s is %lld, not %lld", text, (long long)t * SECOND, (long long)ns);
	}
}

static void no_year_is_the_latest_that_may_be(void **state)
{
	(void)state;
	uint64_t seed = 5;
	for (int i = 0; i < 20000; i++) {
		struct timestamp_hint then = { .now = (random_seconds(&seed) + 86400) * SECOND, .zone = (i % 27 - 12) * 3600 };
		/* A moment up to a year ago, or up to a day ahead, comes back with its year. */
		time_t t = then.now / SECOND + 86400 - random_seconds(&seed) % (86400 * 364);
		if (t > then.now / SECOND + 86400)
			continue;
		time_t shown = t + then.zone;
		struct tm tm;
		char text[64];
		int64_t ns = 0;
		gmtime_r(&shown, &tm);
		size_t n = strftime(text, sizeof(text), "%b %e %H:%M:%S", &tm);
		if (!timestamp_parse((struct str){ text, n }, &then, &ns) || ns != t * SECOND)
			fail_msg("%s is %lld, not %lld", text, (long long)t, (long long)(ns / SECOND));
	}
}

static void the_zone_of_the_machine(void **state)
{
	(void)state;
	uint64_t seed = 7;
	/* The cache lives as long as the program, so one zone is all it may see here. */
	setenv("TZ", "America/New_York", 1);
	tzset();
	struct timestamp_hint local = { .now = hint.now, .local = true };
	for (int i = 0; i < 20000; i++) {
		time_t t = random_seconds(&seed), again;
		struct tm tm;
		char text[64];
		int64_t ns = 0;
		localtime_r(&t, &tm);
		size_t n = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
		assert_true(timestamp_parse((struct str){ text, n }, &local, &ns));
		again = ns / SECOND;
		/* The hour that comes twice is the first. */
		if (again != t && again != t - 3600)
			fail_msg("%s is %lld, not %lld", text, (long long)t, (long long)again);
		struct tm back;
		char shown[64];
		localtime_r(&again, &back);
		strftime(shown, sizeof(shown), "%Y-%m-%d %H:%M:%S", &back);
		assert_string_equal(text, shown);
	}
	int64_t first, gap;
	assert_true(timestamp_parse(STR("2026-11-01 01:30:00"), &local, &first));
	assert_true(first == 1793511000 * SECOND); /* 01:30 EDT, not EST */
	assert_true(timestamp_parse(STR("2026-03-08 02:30:00"), &local, &gap));
	assert_true(gap == 1772955000 * SECOND); /* shown as 03:30 EDT */
}

static void moments_are_written_back(void **state)
{
	(void)state;
	static const int64_t moments[] = { 0, 1, -1, 500000000, -500000000, INT64_MAX, INT64_C(-9214560000) * SECOND,
		                            INT64_C(1793664062120000000) };
	for (size_t i = 0; i < COUNT(moments); i++) {
		ARENA(arena);
		int64_t ns = 0;
		assert_true(timestamp_parse(timestamp_format(&arena, moments[i]), &hint, &ns));
		assert_true(ns == moments[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(cst_follows_the_hint),
		cmocka_unit_test(random_moments_are_as_libc_writes_them),
		cmocka_unit_test(no_year_is_the_latest_that_may_be),
		cmocka_unit_test(the_zone_of_the_machine),
		cmocka_unit_test(moments_are_written_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
