/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The expected results are from the syntax as Wazuh documents it ("Regular expression syntax").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "check/osregex.h"

static int match(const char *pattern, struct str text, struct str *group)
{
	static struct arena arena;
	const struct osregex *regex;
	struct err err = { 0 };
	arena_reset(&arena);
	if (osregex_compile(&arena, str_from(pattern), &regex, &err) < 0)
		fail_msg("%s: %s", pattern, err.text);
	int r = osregex_match(regex, text, NULL);
	if (group)
		assert_int_equal(osregex_match(regex, text, group), r);
	return r;
}

static void test_matches(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool found;
	} cases[] = {
		{ "abc", "xxABCxx", true },           /* anywhere, either case */
		{ "abc", "ab", false },
		{ "", "anything", true },
		{ "^abc", "abcd", true },
		{ "^abc", "xabc", false },
		{ "abc$", "xabc", true },
		{ "abc$", "abcx", false },
		{ "^abc$", "abc", true },
		{ "^abc$", "abcabc", false },
		{ "^$", "", true },
		{ "^$", "x", false },
		{ "one|two", "it is TWO", true },     /* alternatives, each with its own ^ and $ */
		{ "^one|two$", "one x", true },
		{ "^one|two$", "x one", false },
		{ "^one|two$", "a two", true },
		{ "\\d+", "abc 42", true },
		{ "^\\d+$", "42x", false },
		{ "a\\d*b", "ab", true },
		{ "a\\d+b", "ab", false },
		{ "^\\w+$", "a-b@c_D9", true },       /* \w knows - @ _ */
		{ "^\\w+$", "a.b", false },
		{ "^\\W+$", ". /", true },
		{ "a\\sb", "a b", true },             /* \s is the blank alone, \t the tab */
		{ "a\\sb", "a\tb", false },
		{ "a\\tb", "a\tb", true },
		{ "a\\s*\\t*b", "a  \t\tb", true },
		{ "^\\p+$", "()*+,-.:;<=>?[]!\"'#$%&|{}", true },
		{ "^\\p+$", "/", false },
		{ "\\p", "@_^\\`~/", false },
		{ "^\\D+$", "abc", true },
		{ "^\\S+$", "a\tb", true },           /* a tab is no blank */
		{ "a\\.b", "a/b", true },             /* \. is any character, . is a dot */
		{ "a.b", "a/b", false },
		{ "a.b", "a.b", true },
		{ "^\\.*x$", "abcx", true },
		{ "\\.+.rules$", "audit.rules", true },
		{ "\\.+.rules$", ".rules", false },
		{ "a*b", "a*b", true },               /* * and + mean themselves behind a plain character */
		{ "a*b", "aab", false },
		{ "a+b", "a+b", true },
		{ "\\.**\\.x", "ab*cx", true },
		{ "\\(a\\)", "(a)", true },
		{ "\\$x\\|\\\\\\<", "$x|\\<", true },
		{ "a^b$c", "a^b$c", true },           /* ^ and $ elsewhere */
		{ "[a-z]", "b", false },              /* no such classes */
		{ "[a-z]", "[A-Z]", true },
		{ "x{2}", "xx", false },
		{ "\\w+\\w+\\w+x", "aaaaaaaaaaaax", true },
		{ "^\\S*\\s*Port\\s+22$", "  Port 22", true },
		{ "\\d\\d\\d", "12", false },
		{ "(ab)c", "xabc", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		if ((match(cases[i].pattern, str_from(cases[i].text), NULL) == 1) != cases[i].found)
			fail_msg("'%s' in '%s': not %d", cases[i].pattern, cases[i].text, cases[i].found);
}

static void assert_group(const char *pattern, const char *text, const char *expected)
{
	struct str group;
	assert_int_equal(match(pattern, str_from(text), &group), 1);
	if (!expected)
		assert_null(group.p);
	else if (!str_is(group, expected))
		fail_msg("'%s' in '%s': '%.*s'", pattern, text, STR_ARG(group));
}

static void test_groups(void **state)
{
	(void)state;
	assert_group("PASS_MAX_DAYS\\s*\\t*(\\d+)", "PASS_MAX_DAYS\t99999", "99999");
	assert_group("retry=(\\d+)", "pam_pwquality.so retry=3 x", "3");
	assert_group("^\\w+:\\S*:\\S*:\\S*:(\\d+):\\S*", "root:x:19000:0:99999:7:::", "99999");
	assert_group("(\\w+)=(\\w+)", "key=value", "key");
	assert_group("a(\\d*)b", "ab", "");
	assert_group("x(\\d+)|y(\\d+)", "y12", "12");
	assert_group("x(\\d+)|y", "y", NULL);
	assert_group("abc", "abc", NULL);
	assert_group("(\\d+)$", "10 20", "20");
	assert_group("(\\w*)\\w", "abcd", "");
	assert_group("^(\\S*):\\S*", "a:b:c", "a");
	assert_group("(\\d+)\\s*", "123 x", "123");
}

static void assert_refused(const char *pattern, const char *message)
{
	ARENA(arena);
	const struct osregex *regex;
	struct err err = { 0 };
	assert_int_equal(osregex_compile(&arena, str_from(pattern), &regex, &err), -EINVAL);
	assert_string_equal(err.text, message);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("a\\-b", "\\- is not known");
	assert_refused("\\[x", "\\[ is not known");
	assert_refused("a\\", "nothing follows the last \\");
	assert_refused("(a", "parentheses do not pair, or stand within each other");
	assert_refused("a)", "parentheses do not pair, or stand within each other");
	assert_refused("((a))", "parentheses do not pair, or stand within each other");
	assert_refused("(a|b)", "parentheses do not pair, or stand within each other");
}

/* A pattern that would take a backtracking engine for ever. */
static void test_is_bounded(void **state)
{
	(void)state;
	BUF(pattern);
	BUF(text);
	for (int i = 0; i < 200; i++)
		buf_puts(&pattern, "\\w*");
	buf_puts(&pattern, "\\p");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&text, 'a');
	assert_int_equal(match(buf_cstr(&pattern), buf_str(&text), NULL), 0);
}

static void test_osmatch(void **state)
{
	(void)state;
	assert_true(osmatch(STR("conf"), STR("Sshd_Config")));
	assert_false(osmatch(STR("^conf"), STR("sshd_config")));
	assert_true(osmatch(STR("^sshd|x"), STR("sshd_config")));
	assert_true(osmatch(STR("fig$"), STR("sshd_config")));
	assert_false(osmatch(STR("^sshd$"), STR("sshd_config")));
	assert_false(osmatch(STR("!conf"), STR("sshd_config")));
	assert_true(osmatch(STR("!xyz"), STR("sshd_config")));
	assert_true(osmatch(STR("a.b"), STR("xa.bx")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches), cmocka_unit_test(test_groups),   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_is_bounded), cmocka_unit_test(test_osmatch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
