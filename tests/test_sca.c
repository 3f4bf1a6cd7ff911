/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Patterns, rules and policies of SCA. What the dialects do is from Wazuh's documentation ("Creating custom SCA
 * policies") and the behaviour of its agents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/sca_policy.h"

#define N SCA_NOT_FOUND
#define F SCA_FOUND
#define I SCA_INVALID

static enum sca_result find(enum sca_dialect dialect, const char *pattern, const char *text, bool command,
                            int64_t *line)
{
	ARENA(arena);
	CLEANUP(sca_matcher_free_p) struct sca_matcher *matcher = sca_matcher_new(&arena);
	struct sca_pattern parsed;
	sca_pattern_parse(&arena, dialect, str_from(pattern), &parsed);
	struct sca_hit hit = sca_pattern_find(matcher, &parsed, str_from(text), command);
	sca_pattern_done(&parsed);
	if (hit.result == SCA_INVALID)
		assert_non_null(hit.reason.english);
	if (line)
		*line = hit.number;
	return hit.result;
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		enum sca_result five, four;
	} cases[] = {
		{ "r:^root", "x\nROOT\n", F, F },
		{ "r:^root", "x\ny\n", N, N },
		{ "r:^root", "", N, N },
		{ "!r:^root", "", N, N },                        /* no text is never found */
		{ "!r:^#", "#a\nb\n", N, F },                    /* 5.x: no line; 4.x: some line that does not */
		{ "!r:^#", "a\nb\n", F, F },
		{ "!r:^#", "#a\n#b\n", N, N },
		{ "!r:^# && r:Port", "#Port\nPort 22\n", F, F }, /* one line satisfies all */
		{ "!r:^# && r:Port", "#Port\n", N, N },
		{ "r:a && r:b", "a\nb\n", N, N },
		{ "r:a && !r:b && r:c", "ac\n", F, F },
		{ "hello", "x\nhello\n", F, F },                 /* a literal is a whole line */
		{ "hello", "hello!\n", N, N },
		{ "Hello", "hello\n", N, F },                    /* 4.x in any case */
		{ "r:x && hello", "hello\n", N, N },
		{ "n:^a=(\\d+) compare >= 14", "a=14\n", F, F },
		{ "n:^a=(\\d+) compare > 14", "a=14\n", N, N },
		{ "n:^a=(\\d+) compare < 14", "a=13\n", F, F },
		{ "n:^a=(\\d+) compare <= 14", "a=15\n", N, N },
		{ "n:^a=(\\d+) compare == 14", "a=14\n", F, F },
		{ "n:^a=(\\d+) compare != 14", "a=14\n", N, N },
		{ "n:^a=(\\d+) compare <=5", "a=3\n", I, F },    /* 5.x wants two words */
		{ "n:^a=(\\d+) compare => 14", "a=14\n", I, F }, /* 4.x: begins with =, so equality */
		{ "n:^a=(\\d+) compare => 14", "a=15\n", I, N },
		{ "n:^a=(\\d+) compare => 14", "b=15\n", N, N }, /* 5.x notices only when there is a number */
		{ "n:^a=(\\d+) compare ~ 14", "a=15\n", I, I },
		{ "n:^a=(\\d+)", "a=15\n", I, I },               /* no compare */
		{ "n:^a=(\\d+) compare >=", "a=15\n", I, I },
		{ "!n:^a=(\\d+) compare >= 14", "a=3\n", F, F },
		{ "!r:^# && n:a=(\\d+) compare >= 2", "#a=9\na=2\n", F, F },
		{ "n:^a=(\\d+) compare >= 14", "a=99999999999\n", I, F }, /* 5.x has int */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum sca_result five = find(SCA_5, cases[i].pattern, cases[i].text, false, NULL);
		enum sca_result four = find(SCA_4_OSREGEX, cases[i].pattern, cases[i].text, false, NULL);
		if (five != cases[i].five || four != cases[i].four)
			fail_msg("'%s' in '%s': 5.x %d, 4.x %d", cases[i].pattern, cases[i].text, five, four);
	}
}

static void test_dialects(void **state)
{
	(void)state;
	/* 5.x: caseless, multiline; 4.x with PCRE2: as it is. */
	assert_int_equal(find(SCA_5, "r:ROOT", "root\n", false, NULL), SCA_FOUND);
	assert_int_equal(find(SCA_4_PCRE2, "r:ROOT", "root\n", false, NULL), SCA_NOT_FOUND);
	assert_int_equal(find(SCA_4_PCRE2, "r:[a-f]{2}$", "fa\n", false, NULL), SCA_FOUND);
	/* Without a group 5.x takes all that matched. */
	assert_int_equal(find(SCA_5, "n:\\d+ compare == 7", "7\n", false, NULL), SCA_FOUND);
	assert_int_equal(find(SCA_4_PCRE2, "n:\\d+ compare == 7", "7\n", false, NULL), SCA_INVALID);
	assert_int_equal(find(SCA_5, "n:a(\\w*) compare == 7", "abc\n", false, NULL), SCA_INVALID);
	/* A bad expression. */
	assert_int_equal(find(SCA_5, "r:a(", "a(\n", false, NULL), SCA_INVALID);
	assert_int_equal(find(SCA_4_OSREGEX, "r:a(", "a(\n", false, NULL), SCA_NOT_FOUND);
	assert_int_equal(find(SCA_4_OSREGEX, "!r:a(", "a(\n", false, NULL), SCA_FOUND);
	assert_int_equal(find(SCA_4_OSREGEX, "n:a( compare > 1", "a(\n", false, NULL), SCA_INVALID);
	/* CRLF. */
	assert_int_equal(find(SCA_4_OSREGEX, "hello", "hello\r\n", false, NULL), SCA_FOUND);
	assert_int_equal(find(SCA_5, "hello", "hello\r\n", false, NULL), SCA_NOT_FOUND);
	/* Commands: 5.x compares the whole answer with a lone literal. */
	assert_int_equal(find(SCA_5, "a\nb", "\na\nb\n\n", true, NULL), SCA_FOUND);
	assert_int_equal(find(SCA_5, "b", "a\nb\n", true, NULL), SCA_NOT_FOUND);
	assert_int_equal(find(SCA_4_OSREGEX, "b", "a\nb\n", true, NULL), SCA_FOUND);
	assert_int_equal(find(SCA_5, "!r:x", "\n\n", true, NULL), SCA_NOT_FOUND);
	int64_t line;
	assert_int_equal(find(SCA_5, "r:^b", "a\n\nb\n", false, &line), SCA_FOUND);
	assert_int_equal(line, 3);
}

static void test_hostile_patterns_end(void **state)
{
	(void)state;
	BUF(text);
	for (int i = 0; i < 50000; i++)
		buf_add_char(&text, 'a');
	assert_int_equal(find(SCA_5, "r:^(a+)+$|^(a|aa)+b$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false,
	                      NULL), SCA_INVALID);
	assert_int_equal(find(SCA_5, "r:(a*)*(a*)*(a*)*[xy]$", buf_cstr(&text), false, NULL), SCA_INVALID);
	assert_int_equal(find(SCA_5, "r:(?R)", buf_cstr(&text), false, NULL), SCA_INVALID);
}

static void assert_rule(enum sca_dialect dialect, const char *text, enum sca_kind kind, bool negated,
                        const char *target, const char *file, const char *pattern)
{
	ARENA(arena);
	struct sca_rule rule;
	struct err err = { 0 };
	if (sca_rule_parse(&arena, dialect, str_from(text), &rule, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(rule.kind, kind);
	assert_int_equal(rule.negated, negated);
	assert_true(str_is(rule.target, target));
	assert_int_equal(rule.file.p != NULL, file != NULL);
	assert_true(!file || str_is(rule.file, file));
	assert_int_equal(rule.pattern.text.p != NULL, pattern != NULL);
	assert_true(!pattern || str_is(rule.pattern.text, pattern));
}

static void test_rules(void **state)
{
	(void)state;
	assert_rule(SCA_5, "f:/etc/passwd", SCA_FILE, false, "/etc/passwd", NULL, NULL);
	assert_rule(SCA_5, "not f:/etc/passwd -> r:^x", SCA_FILE, true, "/etc/passwd", NULL, "r:^x");
	assert_rule(SCA_5, "  not   c: ls -l  -> !r:a -> b", SCA_COMMAND, true, "ls -l", NULL, "!r:a -> b");
	assert_rule(SCA_5, "d:/etc/x.d", SCA_DIRECTORY, false, "/etc/x.d", NULL, NULL);
	assert_rule(SCA_5, "d:/etc/x.d -> r:.conf$", SCA_DIRECTORY, false, "/etc/x.d", "r:.conf$", NULL);
	assert_rule(SCA_5, "d:/etc/x.d -> r:.conf$ -> r:a && !r:b", SCA_DIRECTORY, false, "/etc/x.d", "r:.conf$",
	            "r:a && !r:b");
	assert_rule(SCA_5, "p:sshd", SCA_PROCESS, false, "sshd", NULL, NULL);
	assert_rule(SCA_4_OSREGEX, "NOT p:r:sshd", SCA_PROCESS, true, "r:sshd", NULL, NULL);
	assert_rule(SCA_4_OSREGEX, "f:/a,/b -> r: x", SCA_FILE, false, "/a,/b", NULL, "r: x");
	ARENA(arena);
	struct sca_rule rule;
	static const char *const bad[] = { "", "x:/etc", "not /etc", "f:", "f", "NOT f:/etc", "ff:/etc" };
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(sca_rule_parse(&arena, SCA_5, str_from(bad[i]), &rule, NULL), -EINVAL);
}

static void test_policy(void **state)
{
	(void)state;
	ARENA(arena);
	struct sca_policy policy;
	struct strings problems = { 0 };
	struct err err = { 0 };
	struct source source = { .name = "p.yml", .text = STR(
		"policy: {id: one, name: One}\n"
		"variables: {$f: /etc/a, $f_more: /etc/b}\n"
		"requirements: {title: t, condition: any, rules: ['f:$f']}\n"
		"checks:\n"
		"  - id: 1\n"
		"    title: first\n"
		"    condition: all\n"
		"    compliance: [{pci: ['1.1', '2']}, {cis: ['3']}]\n"
		"    rules: ['f:$f_more -> r:$f']\n"
		"  - {id: 2, title: second, condition: some, rules: []}\n"
		"  - {id: 3, title: third, condition: any, regex_type: pcre2, rules: ['z:/etc']}\n") };
	assert_int_equal(sca_policy_parse(&arena, &source, &policy, &problems, &err), 0);
	assert_int_equal(policy.dialect, SCA_4_OSREGEX);
	assert_int_equal(policy.n, 3);
	assert_true(str_is(policy.requirements.rules[0].target, "/etc/a"));
	assert_true(str_is(policy.checks[0].rules[0].target, "/etc/b"));
	assert_true(str_is(policy.checks[0].rules[0].pattern.text, "r:$f"));
	assert_true(str_is(policy.checks[0].check.id, "sca:one:1"));
	assert_int_equal(policy.checks[0].check.clauses.n, 3);
	assert_true(str_is(policy.checks[0].check.clauses.p[1], "pci 2"));
	assert_int_equal(policy.checks[2].dialect, SCA_4_PCRE2);
	assert_int_equal(problems.n, 2);
	assert_string_equal(problems.p[0].p, "p.yml:10:39: condition: all, any or none is needed here");
	assert_string_equal(problems.p[1].p, "p.yml:11:70: 'z:/etc': a rule begins with f:, d:, p:, c: or r:, or with "
	                                     "'not ' before these");
	assert_true(policy.checks[1].fault.n > 0);
}

static void assert_policy_refused(const char *text, const char *message)
{
	ARENA(arena);
	struct sca_policy policy;
	struct strings problems = { 0 };
	struct err err = { 0 };
	struct source source = { .name = "p.yml", .text = str_from(text) };
	assert_int_equal(sca_policy_parse(&arena, &source, &policy, &problems, &err), -EINVAL);
	assert_string_equal(err.text, message);
}

static void test_policies_refused(void **state)
{
	(void)state;
	assert_policy_refused("a: b\n", "p.yml:1:1: 'policy' is missing: this is no SCA policy");
	assert_policy_refused("policy: {id: x}\nchecks: 1\n", "p.yml:2:9: checks: a list is needed here");
	assert_policy_refused("policy: {}\nchecks: []\n", "p.yml:1:9: the policy needs an id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns), cmocka_unit_test(test_dialects),
		cmocka_unit_test(test_hostile_patterns_end), cmocka_unit_test(test_rules),
		cmocka_unit_test(test_policy), cmocka_unit_test(test_policies_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
