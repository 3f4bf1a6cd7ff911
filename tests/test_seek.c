/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/seek.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "search/moment.h"
#include "base/buf.h"

#define NOW INT64_C(1793692862123456789) /* 2026-11-03 06:41:02 UTC */

static struct str printed(struct arena *arena, const char *text)
{
	struct seek seek;
	struct err err = { "" };
	if (seek_parse(arena, str_from(text), NOW, &seek, &err) < 0)
		return arena_str(arena, str_from(err.text));
	struct str once = seek_print(arena, &seek);
	assert_int_equal(seek_parse(arena, once, NOW, &seek, &err), 0);
	struct str twice = seek_print(arena, &seek);
	assert_int_equal(once.n, twice.n);
	assert_memory_equal(once.p, twice.p, once.n);
	return once;
}

static void trees(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "Failed", "\"failed\"" },
		{ "a b OR c", "((\"a\" AND \"b\") OR \"c\")" },
		{ "a AND (b || c) && NOT NOT NOT d", "(\"a\" AND (\"b\" OR \"c\") AND NOT \"d\")" },
		{ "not and or to", "(\"not\" AND \"and\" AND \"or\" AND \"to\")" },
		{ "host:his01 user:admin* \"失败\" NOT src:10.0.0.0/8",
		  "(host:\"his01\" AND user:\"admin\"* AND \"失败\" AND NOT src:10.0.0.0/8)" },
		{ "登录\u3000失败", "(\"登录\" AND \"失败\")" },
		{ "user:(root OR NOT admin?x)", "(user:\"root\" OR NOT user:\"admin\"?\"x\")" },
		{ "port:>1024 port:[1 TO 0x3ff} size:{* TO 9.5]",
		  "(port:{\"1024\" TO *] AND port:[\"1\" TO \"0x3ff\"} AND size:{* TO \"9.5\"])" },
		{ "path:/etc/passwd", "path:\"/etc/passwd\"" },
		{ "cmd:/a\\/b c\\d/i /x/", "(cmd:/a\\/b c\\d/i AND /x/)" },
		{ "C:\\Windows\\*.exe", "\"c:\\\\windows*.exe\"" }, /* \* is a plain star */
		{ "C:\\Windows\\\\*.exe", "\"c:\\\\windows\\\\\"*\".exe\"" },
		{ "http://x/y 10:22:31 fe80::1 aa:bb:cc:dd:ee:ff", "(\"http://x/y\" AND \"10:22:31\" AND \"fe80::1\" AND \"aa:bb:cc:dd:ee:ff\")" },
		{ "user:* user:\"\" user:\"*\"", "(user:* AND user:\"\" AND user:\"*\")" },
		{ "FORMAT:json Message:x", "(parser:\"json\" AND \"x\")" },
		{ "msg:\"say \\\"hi\\\" \\\\ \\n\"", "msg:\"say \\\"hi\\\" \\\\ \\\\n\"" },
		{ "a:b\"c d\"e", "a:\"bc de\"" },
		{ "x\\:y \\(z\\)", "(\"x:y\" AND \"(z)\")" },
		{ "time:2026-11-03", "time:[1793664000.000000000 TO 1793750399.999999999]" },
		{ "time:[2026-11-01 TO 2026-11-03 12:00]", "time:[1793491200.000000000 TO 1793707259.999999999]" },
		{ "time:>-2h", "time:{1793685662.123456789 TO *]" },
		/* mistakes: the place, and what to do */
		{ "a AND", "the search, character 6: a word is missing at the end" },
		{ "失败 OR OR b", "the search, character 7: a word is missing before this; put \"AND\" and \"OR\" in quotes to look for them" },
		{ "(a", "the search, character 1: this '(' is not closed; add ')', or put it in quotes" },
		{ "a)", "the search, character 2: ')' without '('; remove it, or put it in quotes" },
		{ "x:()", "the search, character 3: nothing stands between these parentheses; put \"()\" in quotes to look for the signs" },
		{ "x: y", "the search, character 1: x: has no value; write x:* when it must only be there, x:\"\" when it is empty, or \"x:\" for the text itself" },
		{ "x:(y:z)", "the search, character 4: a field within the values of a field; put the value in quotes" },
		{ "x:[1 9]", "the search, character 3: a range is written [1 TO 9], with * for an open end" },
		{ "x:[1 TO 9", "the search, character 3: this range does not end; close it with ']', or '}' without the end itself" },
		{ "x:[ TO 9]", "the search, character 3: an end of this range is missing; write * where it is open" },
		{ "x:>", "the search, character 3: what should it be compared with? Write field:>100" },
		{ "\"\"", "the search, character 1: a word is missing here" },
		{ "time:soon", "the search, character 6: 'soon' is no time; write 2026-11-03, '2026-11-03 08:01', 08:01, today, 7d or 12h" },
		{ "time:/x/", "the search, character 6: a time takes no expression; write time:[2026-11-01 TO 2026-11-03]" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(arena);
		assert_string_equal(arena_cstr(&arena, printed(&arena, cases[i][0])), cases[i][1]);
	}
}

static void bounds(void **state UNUSED)
{
	ARENA(arena);
	struct seek seek;
	struct err err;
	BUF(deep);
	BUF(many);
	for (int i = 0; i < 100; i++)
		buf_puts(&deep, "x AND (");
	for (int i = 0; i <= SEEK_TERMS; i++)
		buf_puts(&many, "a ");
	assert_int_equal(seek_parse(&arena, buf_str(&deep), NOW, &seek, &err), -EINVAL);
	assert_int_equal(seek_parse(&arena, buf_str(&many), NOW, &seek, &err), -E2BIG);
	while (many.n <= SEEK_BYTES)
		buf_puts(&many, "a ");
	assert_int_equal(seek_parse(&arena, buf_str(&many), NOW, &seek, &err), -E2BIG);
	assert_int_equal(seek_parse(&arena, STR("\xff"), NOW, &seek, &err), -EINVAL);
	assert_int_equal(seek_parse(&arena, STR("\"open"), NOW, &seek, &err), -EINVAL);
	assert_non_null(strstr(err.text, "character 1: this quote does not end"));
}

/* `x:PATTERN` or a bare PATTERN against a value. */
static bool meets(const char *text, const char *value)
{
	ARENA(arena);
	struct seek seek;
	struct err err = { "" };
	if (seek_parse(&arena, str_from(text), NOW, &seek, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(seek.root->kind, SEEK_TERM);
	return seek_value(seek.root->term, str_from(value));
}

static void values(void **state UNUSED)
{
	static const struct {
		const char *text, *value;
		bool expected;
	} cases[] = {
		{ "failed", "Login FAILED.", true },
		{ "failed", "unfailed", false },
		{ "failed", "failed_x", false },
		{ "*failed", "unfailed!", true },
		{ "fail*", "it failed", true },
		{ "fail*", "it unfailed", false },
		{ "失败", "登录失败了", true },
		{ "admin", "用户admin登录", true },
		{ "admin", "adminé", false },
		{ "\"a b\"", "xa b a b", true },
		{ "a*c", "a b_ c", true },
		{ "a*c", "xa b c", false },
		{ "b?d", "abcd bxd", true },
		{ ".exe", "cmd.exe", true },
		{ "x:root", "ROOT", true },
		{ "x:root", "root ", false },
		{ "x:adm*", "Administrator", true },
		{ "x:*adm*", "sysadmin", true },
		{ "x:a*b*c", "aXXbYYbc", true },
		{ "x:a*b*c", "aXXcYYb", false },
		{ "x:*a?c", "abcabc", true },
		{ "x:*ab", "aab", true },
		{ "x:?", "é", true },
		{ "x:??", "é", false },
		{ "x:*?", "", false },
		{ "x:ПАРОЛЬ", "пароль", true },
		{ "x:k", "\u212a", true },
		{ "x:\"\"", "", true },
		{ "x:\"a*\"", "ab", false },
		{ "x:10.0.0.0/8", "10.200.3.4", true },
		{ "x:10.0.0.0/8", "11.0.0.1", false },
		{ "x:10.0.0.0/8", "::ffff:10.1.1.1", true },
		{ "x:10.0.0.0/8", "10.0.0.0/8", true },
		{ "x:10.0.0.0/8", "10.0.0.0/8 ", false },
		{ "x:2001:db8::/33", "2001:0DB8:7fff::1", true },
		{ "x:2001:db8::/33", "[2001:db8:8000::1]", false },
		{ "x:fe80::/10", "fe80::1%eth0", true },
		{ "x:>100", "100", false },
		{ "x:>=100", "1e2", true },
		{ "x:<0x20", "0x1f", true },
		{ "x:[1 TO 9]", "9", true },
		{ "x:[1 TO 9}", "9", false },
		{ "x:[1 TO 9]", "five", false },
		{ "x:[10.0.0.2 TO 10.0.0.10]", "10.0.0.9", true },
		{ "x:[10.0.0.2 TO 10.0.0.10]", "10.0.0.11", false },
		{ "x:[abc TO abd]", "ABCx", true },
		{ "x:{* TO *}", "", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (meets(cases[i].text, cases[i].value) != cases[i].expected)
			fail_msg("%s against '%s' should be %d", cases[i].text, cases[i].value, cases[i].expected);
}

static void names(void **state UNUSED)
{
	assert_true(seek_name(STR("user"), STR("User")));
	assert_true(seek_name(STR("user"), STR("winlog.User")));
	assert_true(seek_name(STR("event_data.Image"), STR("winlog.event_data.image")));
	assert_false(seek_name(STR("user"), STR("superuser")));
	assert_false(seek_name(STR("a.user"), STR("user")));
}

static struct moment moment_of(const char *text)
{
	struct moment moment;
	struct err err = { "" };
	if (moment_parse(str_from(text), NOW, &moment, &err) < 0)
		fail_msg("%s", err.text);
	return moment;
}

static void moments(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t first, last; /* seconds; the last one's nanoseconds are .999999999 */
	} cases[] = {
		{ "2026-11-03", 1793635200, 1793721599 }, /* +08:00 */
		{ "2026/11/3", 1793635200, 1793721599 },
		{ "2026-12", 1796054400, 1798732799 },
		{ "2026-11-03 08:01", 1793664060, 1793664119 },
		{ "2026-11-03T08:01:02Z", 1793692862, 1793692862 },
		{ "2026-11-03T08:01:02+0900", 1793660462, 1793660462 },
		{ "2026-11-03 08:01 -02:30", 1793701860, 1793701919 },
		{ "today", 1793635200, 1793721599 },
		{ "yesterday", 1793548800, 1793635199 },
		{ "08:01", 1793664060, 1793664119 },
		{ "1793692862", 1793692862, 1793692862 },
	};
	setenv("TZ", "Asia/Shanghai", 1);
	tzset();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct moment moment = moment_of(cases[i].text);
		if (moment.first != cases[i].first * 1000000000 || moment.last != cases[i].last * 1000000000 + 999999999)
			fail_msg("%s: %lld to %lld", cases[i].text, (long long)moment.first, (long long)moment.last);
	}
	assert_int_equal(moment_of("7d").first, NOW - 7 * 86400 * INT64_C(1000000000));
	assert_int_equal(moment_of("now-90m").last, NOW - 5400 * INT64_C(1000000000));
	assert_int_equal(moment_of("now").last, NOW);
	assert_int_equal(moment_of("2026-11-03 08:01:02.25").first % 1000000000, 250000000);
	assert_int_equal(moment_of("2026-11-03 08:01:02.25").last % 1000000000, 259999999);
	/* A day of 23 hours. */
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	struct moment spring = moment_of("2026-03-29");
	assert_int_equal((spring.last - spring.first + 1) / 1000000000, 23 * 3600);
	static const char *const wrong[] = { "", "soon", "2026-13-01", "2026-11-03 25:00", "7x", "2026-11-03 08:01 nonsense", "now+1h", "-" };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct moment moment;
		assert_int_equal(moment_parse(str_from(wrong[i]), NOW, &moment, NULL), -EINVAL);
	}
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees),  cmocka_unit_test(bounds), cmocka_unit_test(values),
		cmocka_unit_test(names),  cmocka_unit_test(moments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
