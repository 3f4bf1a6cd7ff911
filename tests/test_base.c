/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/glob.h"
#include "base/map.h"
#include "base/vec.h"

static void test_str_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int base;
		bool good;
		int64_t value;
	} cases[] = {
		{ "0", 10, true, 0 },
		{ "-1", 10, true, -1 },
		{ "+7", 10, true, 7 },
		{ "9223372036854775807", 10, true, INT64_MAX },
		{ "9223372036854775808", 10, false, 0 },
		{ "-9223372036854775808", 10, true, INT64_MIN },
		{ "-9223372036854775809", 10, false, 0 },
		{ "0644", 8, true, 0644 },
		{ "8", 8, false, 0 },
		{ "0x1F", 16, true, 31 },
		{ "ff", 16, true, 255 },
		{ "", 10, false, 0 },
		{ "-", 10, false, 0 },
		{ "0x", 16, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "99999999999999999999999", 10, false, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t value = 42;
		assert_int_equal(str_to_int(str_from(cases[i].text), cases[i].base, &value), cases[i].good);
		assert_true(value == (cases[i].good ? cases[i].value : 42));
	}
}

static void test_str_cutting(void **state)
{
	(void)state;
	struct str rest = STR("a::b:"), line;
	assert_true(str_is(str_cut(&rest, ':'), "a"));
	assert_true(str_is(str_cut(&rest, ':'), ""));
	assert_true(str_is(str_cut(&rest, ':'), "b"));
	assert_true(rest.p && str_is(str_cut(&rest, ':'), ""));
	assert_null(rest.p);

	rest = STR("one\r\ntwo\n\nlast");
	const char *const lines[] = { "one", "two", "", "last" };
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_true(str_line(&rest, &line));
		assert_true(str_is(line, lines[i]));
	}
	assert_false(str_line(&rest, &line));

	rest = STR("  two\twords ");
	assert_true(str_is(str_word(&rest), "two"));
	assert_true(str_is(str_word(&rest), "words"));
	assert_int_equal(str_word(&rest).n, 0);
	assert_true(str_is(str_trim(STR(" \t x y\r\n")), "x y"));
	assert_true(str_is_hex(STR("00ff"), 4) && str_is_hex(STR(""), 0));
	assert_false(str_is_hex(STR("00ff"), 5) || str_is_hex(STR("00FF"), 4) || str_is_hex(STR("00g0"), 4) || str_is_hex(STR("00\0f"), 4));
	assert_int_equal(str_find(STR("abcabc"), "ca"), 2);
	assert_int_equal(str_find(STR("abc"), "x"), -1);
	assert_int_equal(str_find_char_last(STR("a/b/c"), '/'), 3);
	assert_true(str_is_nocase(STR("PermitRootLogin"), "permitrootlogin"));
	assert_int_equal(str_distance(STR("sevrity"), STR("severity")), 1);
	assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
	assert_true(str_compare(STR("a"), STR("ab")) < 0);
	assert_false(str_eq(STR(""), STR("a")));
	assert_true(str_eq(STR_NONE, STR("")));
}

static void test_arena(void **state)
{
	(void)state;
	ARENA(arena);
	char *first = arena_alloc(&arena, 3);
	char *second = arena_alloc(&arena, 5);
	assert_int_equal((uintptr_t)second % 16, 0);
	assert_true(second >= first + 3);
	for (int i = 0; i < 2000; i++) {
		unsigned char *p = arena_alloc(&arena, (size_t)i);
		for (int j = 0; j < i; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xff, (size_t)i);
	}
	struct str s = arena_printf(&arena, "%s-%d", "x", 7);
	assert_string_equal(s.p, "x-7");
	assert_null(arena_str(&arena, STR_NONE).p);
	CLEANUP(mem_free_p) char *copy = mem_text(str_slice(STR("abcdef"), 1, 3));
	CLEANUP(mem_free_p) char *none = mem_text(STR_NONE);
	assert_string_equal(copy, "bc");
	assert_string_equal(none, "");
	arena_reset(&arena);
	unsigned char *again = arena_alloc(&arena, 4096);
	for (int j = 0; j < 4096; j++)
		assert_int_equal(again[j], 0);
}

static void test_unoctal(void **state)
{
	(void)state;
	static const struct {
		const char *text, *plain;
	} cases[] = {
		{ "/mnt/a\\040b", "/mnt/a b" }, { "\\134", "\\" },          { "/plain", "/plain" }, { "", "" },
		{ "a\\04", "a\\04" },          { "a\\", "a\\" },            { "\\000x", "\\000x" }, { "\\400", "\\400" },
		{ "\\-01", "\\-01" },          { "\\+12", "\\+12" },        { "\\089", "\\089" },
		{ "\\011\\012", "\t\n" },
	};
	ARENA(arena);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!str_is(arena_unoctal(&arena, str_from(cases[i].text)), cases[i].plain))
			fail_msg("%s", cases[i].text);
}

static void test_map(void **state)
{
	(void)state;
	ARENA(arena);
	struct map map = { .arena = &arena }, numbers = { .arena = &arena };
	assert_null(map_get(&map, STR("x")));
	for (int i = 0; i < 5000; i++) {
		struct str key = arena_printf(&arena, "key %d", i);
		*map_put(&map, key) = (void *)(uintptr_t)(i + 1);
		*map_put_int(&numbers, (int64_t)i * 0x100000000 - 7) = (void *)(uintptr_t)(i + 1);
	}
	assert_int_equal(map.n, 5000);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(map_get(&map, arena_printf(&arena, "key %d", i)), i + 1);
		assert_int_equal(map_get_int(&numbers, (int64_t)i * 0x100000000 - 7), i + 1);
	}
	assert_null(map_get(&map, STR("key 5000")));
	assert_null(map_get_int(&numbers, 1));
	*map_put(&map, STR("key 1")) = NULL;
	assert_int_equal(map.n, 5000);
}

static void test_glob(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *name;
		bool match;
	} cases[] = {
		{ "*.conf", "a.conf", true },   { "*.conf", "a.conf.d", false },
		{ "?", "", false },             { "a?c", "abc", true },
		{ "[a-c]x", "bx", true },       { "[!a-c]x", "bx", false },
		{ "[]]", "]", true },           { "[", "[", true },
		{ "a*b*c", "a--b--b-c", true }, { "a*b*c", "a--b--b-", false },
		{ "\\*", "*", true },           { "\\*", "x", false },
		{ "*", "", true },              { "", "", true },
		{ "", "x", false },             { "[a-]", "-", true },
		{ "ssh-*", "ssh-root-login", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (glob_match(str_from(cases[i].pattern), str_from(cases[i].name)) != cases[i].match)
			fail_msg("%s against %s", cases[i].pattern, cases[i].name);
	/* A pattern made to be slow: linear retries, not exponential. */
	BUF(many);
	for (int i = 0; i < 40; i++)
		buf_puts(&many, "a*");
	buf_puts(&many, "b");
	BUF(text);
	for (int i = 0; i < 2000; i++)
		buf_puts(&text, "a");
	assert_false(glob_match(buf_str(&many), buf_str(&text)));
}

static void test_buf(void **state)
{
	(void)state;
	const int64_t values[] = { 0, 7, -1, 10, 1234567890, INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < COUNT(values); i++) {
		BUF(own);
		char usual[32];
		buf_add_int(&own, values[i]);
		snprintf(usual, sizeof(usual), "%lld", (long long)values[i]);
		assert_string_equal(buf_cstr(&own), usual);
	}
	/* Longer than what is tried at once, after every length before it. */
	for (int before = 0; before < 200; before++) {
		BUF(text);
		char usual[512];
		buf_printf(&text, "%*s", before, "");
		buf_printf(&text, "%0*d|%s", before, 7, "end");
		snprintf(usual, sizeof(usual), "%*s%0*d|%s", before, "", before, 7, "end");
		assert_string_equal(buf_cstr(&text), usual);
	}
}

static void test_clock(void **state)
{
	(void)state;
	ARENA(arena);
	assert_string_equal(clock_format(&arena, 0).p, "1970-01-01T00:00:00Z");
	for (int64_t t = -86400LL * 365 * 30; t < 86400LL * 365 * 200; t += 86400LL * 13 + 5) {
		time_t seconds = (time_t)t;
		struct tm tm;
		gmtime_r(&seconds, &tm);
		int64_t days = t >= 0 ? t / 86400 : -((-t + 86399) / 86400);
		assert_int_equal(clock_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday), days);
	}
}

static void test_err(void **state)
{
	(void)state;
	struct err err = { "" };
	assert_int_equal(err_errno(&err, -EACCES, "cannot read '%s'", "x"), -EACCES);
	assert_string_equal(err.text, "cannot read 'x': permission denied");
	err_wrap(&err, -EACCES, "checks/%s", "ssh.yaml");
	assert_string_equal(err.text, "checks/ssh.yaml: cannot read 'x': permission denied");
	assert_int_equal(err_set(NULL, -EINVAL, "nobody listens"), -EINVAL);
}

static void test_vec(void **state)
{
	(void)state;
	VEC(int) list = { 0 };
	for (int i = 0; i < 1000; i++)
		vec_push(&list, i);
	assert_int_equal(list.n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list.p[i], i);
	vec_done(&list);
	assert_null(list.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_numbers), cmocka_unit_test(test_str_cutting), cmocka_unit_test(test_arena),
		cmocka_unit_test(test_unoctal), cmocka_unit_test(test_map),         cmocka_unit_test(test_glob),        cmocka_unit_test(test_buf),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_err),         cmocka_unit_test(test_vec),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
