/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Sigma's language against the specification (SigmaHQ/sigma-specification 2.1): what each way of writing means as a tree,
 * and what the tree means for events, by detect/reference.h. The traps are those in which other engines are known to fall.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "data/yaml.h"
#include "detect/example.h"
#include "detect/reference.h"
#include "detect/sigma.h"

static const struct sigma_options lint = { .lint = true };

struct loaded {
	struct sigma_rules rules;
	struct sigma_problems problems;
};

static struct loaded load_text(struct arena *arena, const char *text, const struct sigma_options *options)
{
	struct loaded loaded = { 0 };
	sigma_parse(arena, "r.yml", arena_str(arena, str_from(text)), options, &loaded.rules, &loaded.problems);
	return loaded;
}

/* A rule around a detection; lines of the detection are indented by the caller, from line 4 on. */
static const char *around(struct arena *arena, const char *detection)
{
	return arena_printf(arena, "title: t\nlogsource: {product: windows}\ndetection:\n%s", detection).p;
}

static const struct sigma_rule *rule_of(struct arena *arena, const char *detection)
{
	struct loaded loaded = load_text(arena, around(arena, detection), NULL);
	if (loaded.problems.n)
		fail_msg("%s\n%.*s", detection, STR_ARG(loaded.problems.p[0].words));
	assert_int_equal(loaded.rules.n, 1);
	return loaded.rules.p[0];
}

/* `selection` is one flow map or list; the tree it makes. */
static void assert_tree(const char *selection, const char *words)
{
	ARENA(arena);
	BUF(buf);
	const char *detection = arena_printf(&arena, "  sel: %s\n  condition: sel\n", selection).p;
	sigma_node_words(rule_of(&arena, detection)->conditions[0], &buf);
	if (strcmp(buf_cstr(&buf), words) != 0)
		fail_msg("%s\nbecame   %s\nnot      %s", selection, buf_cstr(&buf), words);
}

static void assert_condition(const char *condition, const char *words)
{
	ARENA(arena);
	BUF(buf);
	const char *detection = arena_printf(&arena,
	                                     "  a: {A: 1}\n  b: {B: 1}\n  sel1: {S: 1}\n  sel2: {S: 2}\n  _h: {H: 1}\n"
	                                     "  condition: %s\n",
	                                     condition)
	                                .p;
	sigma_node_words(rule_of(&arena, detection)->conditions[0], &buf);
	if (strcmp(buf_cstr(&buf), words) != 0)
		fail_msg("%s\nbecame   %s\nnot      %s", condition, buf_cstr(&buf), words);
}

static void assert_said(const struct sigma_problems *problems, const char *what, const char *said)
{
	ARENA(arena);
	if (!problems->n)
		fail_msg("%s\nwas accepted", what);
	const struct sigma_problem *problem = &problems->p[0];
	struct str words = arena_printf(&arena, "%.*s:%u:%u: %.*s", STR_ARG(problem->file), problem->line, problem->column,
	                                STR_ARG(problem->words));
	if (!str_is(words, said))
		fail_msg("%s\nsaid     %s\nnot      %s", what, words.p, said);
}

static void assert_refused(const char *detection, const char *said)
{
	ARENA(arena);
	struct loaded loaded = load_text(&arena, around(&arena, detection), NULL);
	assert_said(&loaded.problems, detection, said);
	assert_int_equal(loaded.rules.n, 0);
}

static void assert_item_refused(const char *selection, const char *said)
{
	ARENA(arena);
	assert_refused(arena_printf(&arena, "  sel: %s\n  condition: sel\n", selection).p, said);
}

static void assert_warned(const char *detection, const char *said)
{
	ARENA(arena);
	struct loaded loaded = load_text(&arena, around(&arena, detection), &lint);
	assert_said(&loaded.problems, detection, said);
	assert_true(loaded.problems.p[0].warning);
	assert_int_equal(loaded.rules.n, 1);
}

static bool event_meets(const char *detection, const char *event_text)
{
	ARENA(arena);
	struct source source = { .name = "event", .text = arena_str(&arena, str_from(event_text)) };
	const struct doc *map = NULL;
	struct err err = { 0 };
	if (yaml_parse(&arena, &source, &map, &err) < 0)
		fail_msg("%s", err.text);
	CLEANUP(names_free_p) struct names *names = names_new();
	struct event event = example_event(&arena, names, map);
	const struct sigma_rule *rule = rule_of(&arena, detection);
	for (size_t i = 0; i < rule->n_conditions; i++)
		if (reference_match(rule->conditions[i], &event, names, NULL, NULL))
			return true;
	return false;
}

static void assert_met(const char *detection, const char *event, bool expected)
{
	if (event_meets(detection, event) != expected)
		fail_msg("%s\nand the event %s: %s", detection, event, expected ? "not met" : "met");
}

static void assert_sel(const char *selection, const char *event, bool expected)
{
	ARENA(arena);
	assert_met(arena_printf(&arena, "  sel: %s\n  condition: sel\n", selection).p, event, expected);
}

/* Traps 1 and 2: backslashes and wildcards. */
static void test_wildcards(void **state)
{
	(void)state;
	assert_tree("{F: 'a*b?c'}", "F=\"a*b?c\"");
	assert_sel("{F: 'a\\*b'}", "{F: 'a*b'}", true);
	assert_sel("{F: 'a\\*b'}", "{F: 'axb'}", false);
	assert_sel("{F: 'a\\\\*'}", "{F: 'a\\xyz'}", true);
	assert_sel("{F: 'a\\\\*'}", "{F: 'a*'}", false);
	assert_sel("{F: 'a\\\\\\*'}", "{F: 'a\\*'}", true);
	assert_sel("{F: 'a\\\\\\*'}", "{F: 'a\\x'}", false);
	assert_sel("{F: 'a\\b'}", "{F: 'a\\b'}", true);
	assert_sel("{F: 'a\\\\b'}", "{F: 'a\\b'}", true);
	assert_sel("{F: 'a\\\\\\\\b'}", "{F: 'a\\\\b'}", true);
	assert_sel("{F: 'a\\\\\\b'}", "{F: 'a\\\\b'}", true);
	assert_sel("{F: 'a\\'}", "{F: 'a\\'}", true);
	assert_sel("{F: 'a\\?'}", "{F: 'a?'}", true);
	assert_sel("{F: 'a\\?'}", "{F: 'ab'}", false);
	assert_sel("{F|contains: 'a?c*e'}", "{F: 'xxabcdddex'}", true);
	assert_sel("{F|contains: 'a?c*e'}", "{F: 'xxacdddex'}", false);
	assert_sel("{F|endswith: '\\a*.exe'}", "{F: 'c:\\ab.exe'}", true);
	assert_sel("{F|endswith: '\\a*.exe'}", "{F: 'c:\\ab.exe '}", false);
	assert_sel("{F|endswith: 'b'}", "{F: \"ab\\n\"}", false); /* the end is the very end */
	assert_sel("{F|startswith: 'a*b'}", "{F: \"a\\n\\nbc\"}", true); /* a star spans lines */
	assert_sel("{F: 'a?b'}", "{F: \"a\\nb\"}", true);
	assert_sel("{F: 'a?b'}", "{F: 'a中b'}", true); /* one character, not one byte */
	assert_sel("{F: '?'}", "{F: ''}", false);
	assert_sel("{F: '*'}", "{F: ''}", true);
	assert_sel("{F: '*'}", "{G: ''}", false);
	assert_tree("{F|contains: '*a*'}", "F=\"*a*\"");
	assert_tree("{F: 'a**b'}", "F=\"a*b\"");
	assert_sel("{F: '*ab*ab'}", "{F: 'abab'}", true);
	assert_sel("{F: '*ab*ab'}", "{F: 'ab'}", false);
	assert_sel("{F: '*aab'}", "{F: 'aaaab'}", true);
}

/* Traps 3, 4 and 15: null, empty and missing. */
static void test_absence(void **state)
{
	static const char *const not_a = "  a: {F: x}\n  condition: not a\n";
	(void)state;
	assert_sel("{F: null}", "{F: null}", true);
	assert_sel("{F: null}", "{G: 1}", true);
	assert_sel("{F: null}", "{F: ''}", false);
	assert_sel("{F: }", "{F: ''}", false);
	assert_sel("{F: ''}", "{F: ''}", true);
	assert_sel("{F: ''}", "{F: null}", false);
	assert_sel("{F: ''}", "{G: 1}", false);
	assert_sel("{F: '*'}", "{F: null}", false);
	assert_sel("{F|contains: ''}", "{F: null}", false);
	assert_sel("{F: [null, '']}", "{F: ''}", true);
	assert_sel("{F|exists: true}", "{F: null}", true);
	assert_sel("{F|exists: true}", "{F: ''}", true);
	assert_sel("{F|exists: true}", "{G: ''}", false);
	assert_sel("{F|exists: false}", "{G: ''}", true);
	assert_sel("{F|exists: false}", "{F: null}", false);
	assert_met(not_a, "{F: y}", true);
	assert_met(not_a, "{F: x}", false);
	assert_met(not_a, "{G: x}", true);
	assert_met(not_a, "{F: null}", true);
	assert_met("  a: {F|gt: 3}\n  condition: not a\n", "{G: 9}", true);
	assert_met("  a: {F|re: '.'}\n  condition: not a\n", "{G: 9}", true);
	assert_met("  a: {F|cidr: 10.0.0.0/8}\n  condition: not a\n", "{G: 9}", true);
}

/* Traps 5 and 6: numbers, and the case of letters. */
static void test_equality(void **state)
{
	(void)state;
	assert_sel("{EventID: 1}", "{EventID: 1}", true);
	assert_sel("{EventID: 1}", "{EventID: '1'}", true);
	assert_sel("{EventID: '1'}", "{EventID: 1}", true);
	assert_sel("{EventID: 1}", "{EventID: 11}", false);
	assert_sel("{EventID: -1}", "{EventID: '-1'}", true);
	assert_sel("{F: true}", "{F: true}", true);
	assert_sel("{F: true}", "{F: 'True'}", true);
	assert_sel("{F: 'true'}", "{F: true}", true);
	assert_sel("{F: false}", "{F: true}", false);
	assert_sel("{F: 1.10}", "{F: '1.10'}", true);
	assert_sel("{F: 0x1F}", "{F: '0x1f'}", true);
	assert_sel("{F: 00429}", "{F: '00429'}", true); /* a plain scalar is no octal number */
	assert_sel("{F: [00429, -7, 1e3]}", "{F: '-7'}", true);
	assert_sel("{F: [00429, -7, 1e3]}", "{F: '1e3'}", true);
	assert_sel("{F: '0x1F'}", "{F: 0x1f}", false);
	assert_sel("{F: '0x1F'}", "{F: '0x1f'}", true);
	assert_sel("{F: Cmd.EXE}", "{F: cMD.exe}", true);
	assert_sel("{F|cased: Cmd.EXE}", "{F: cMD.exe}", false);
	assert_sel("{F|cased: Cmd.EXE}", "{F: Cmd.EXE}", true);
	assert_sel("{F|contains|cased: md}", "{F: CMD}", false);
	assert_sel("{F|cased|contains: md}", "{F: Cmd}", true);
	assert_sel("{F|contains: 'ПРИВЕТ'}", "{F: 'привет мир'}", true);
	assert_sel("{F|contains|cased: 'ПРИВЕТ'}", "{F: 'привет мир'}", false);
	assert_sel("{F: 'ſtraße'}", "{F: 'STRASSE'}", false);
	assert_sel("{F: 'ſ'}", "{F: 'S'}", true);
	assert_sel("{F: 'K'}", "{F: 'k'}", true); /* the Kelvin sign */
	assert_sel("{F: 'ⱥ'}", "{F: 'Ⱥ'}", true); /* of another length in bytes */
}

/* Trap 7: regular expressions. */
static void test_regex(void **state)
{
	(void)state;
	assert_tree("{F|re: 'a\\*b*'}", "F=/a\\*b*/");
	assert_sel("{F|re: 'b.d'}", "{F: abcde}", true);
	assert_sel("{F|re: '^b.d$'}", "{F: abcde}", false);
	assert_sel("{F|re: 'B.D'}", "{F: abcde}", false);
	assert_sel("{F|re|i: 'B.D'}", "{F: abcde}", true);
	assert_sel("{F|re: '(?i)B.D'}", "{F: abcde}", true);
	assert_sel("{F|re: 'b.d'}", "{F: \"b\\nd\"}", false);
	assert_sel("{F|re|s: 'b.d'}", "{F: \"b\\nd\"}", true);
	assert_sel("{F|re: '^d'}", "{F: \"b\\nd\"}", false);
	assert_sel("{F|re|m: '^d'}", "{F: \"b\\nd\"}", true);
	assert_sel("{F|re|m|i|s: '^D.e'}", "{F: \"b\\nd\\ne\"}", true);
	assert_tree("{F|re|ignorecase|multiline|dotall: x}", "F=/x/ims");
	assert_sel("{F|re: 'И'}", "{F: 'И'}", true);
	assert_sel("{F|re|i: 'И'}", "{F: 'и'}", true);
	assert_sel("{F|re: '^.$'}", "{F: '中'}", true);
	assert_sel("{F|re: 5}", "{F: 15}", true);
	assert_sel("{F|re|startswith: 'a|b'}", "{F: 'ca'}", false);
	assert_sel("{F|re|startswith: 'a|b'}", "{F: 'bc'}", true);
	assert_sel("{F|re|endswith: 'a|b'}", "{F: 'bc'}", false);
	assert_sel("{F|re|endswith: 'a|b'}", "{F: 'ca'}", true);
	assert_sel("{F|re|contains: 'a|b'}", "{F: 'cac'}", true);
	assert_tree("{'|re': 'a.c'}", "/a.c/");
}

/* Traps 8, 9 and 10: lists, maps, keywords. */
static void test_lists(void **state)
{
	(void)state;
	assert_tree("{F: [a, b], G: c}", "((F=\"a\" or F=\"b\") and G=\"c\")");
	assert_tree("{F|contains|all: [a, b]}", "(F=\"*a*\" and F=\"*b*\")");
	assert_tree("{F|all|contains: [a, b]}", "(F=\"*a*\" and F=\"*b*\")");
	assert_tree("[{A: 1, B: 2}, {C: 3}]", "((A=\"1\" and B=\"2\") or C=\"3\")");
	assert_tree("[x, {C: 3}, 7]", "(\"*x*\" or C=\"3\" or \"*7*\")");
	assert_tree("[a, b]", "(\"*a*\" or \"*b*\")");
	assert_tree("foo", "\"*foo*\"");
	assert_tree("{'|all': [a, b]}", "(\"*a*\" and \"*b*\")");
	assert_tree("{'|startswith': [a, b]}", "(\"a*\" or \"b*\")");
	assert_tree("[[a, b], {C: 3}]", "((\"*a*\" or \"*b*\") or C=\"3\")");
	assert_sel("{'|all': [one, two]}", "{F: 'a one', G: 'two b'}", true);
	assert_sel("{'|all': [one, two]}", "{F: 'a one', G: 'three b'}", false);
	assert_sel("{F|contains|all: [one, two]}", "{F: 'a one', G: 'two b'}", false);
	assert_sel("[EVIL, 42]", "{F: {G: ['x', 'the evil one']}}", true);
	assert_sel("[EVIL, 42]", "{F: 1423}", true);
	assert_sel("[EVIL, 42]", "{EVIL: 1, F: null}", false); /* names of fields are no values */
	assert_met("  sel: {A: 1}\n  sel2: {B: 1}\n  condition: [sel, sel2]\n", "{B: 1}", true);
}

/* Trap 11. */
static void test_windash(void **state)
{
	(void)state;
	assert_tree("{F|windash: '-a'}", "(F=\"-a\" or F=\"/a\" or F=\"–a\" or F=\"—a\" or F=\"―a\")");
	assert_tree("{F|windash|contains: ' -a-b'}",
	            "(F=\"* -a-b*\" or F=\"* /a-b*\" or F=\"* –a-b*\" or F=\"* —a-b*\" or F=\"* ―a-b*\")");
	assert_tree("{F|windash: 'a-b - c'}", "F=\"a-b - c\"");
	assert_tree("{F|windash: '--a'}", "(F=\"--a\" or F=\"-/a\" or F=\"-–a\" or F=\"-—a\" or F=\"-―a\")");
	assert_sel("{F|contains|windash: '-enc -w'}", "{F: 'x /enc -w'}", true);
	assert_sel("{F|contains|windash: '-enc -w'}", "{F: 'x -enc /w'}", true);
	assert_sel("{F|contains|windash: '-enc -w'}", "{F: 'x –enc —w'}", true);
	assert_sel("{F|contains|windash: '/enc /w'}", "{F: 'x -enc ―w'}", true);
	assert_sel("{F|contains|windash: '-enc -w'}", "{F: 'x +enc -w'}", false);
	assert_sel("{F|windash|contains|all: ['-a', '-b']}", "{F: '/a –b'}", true);
	assert_sel("{F|windash|contains|all: ['-a', '-b']}", "{F: '/a -c'}", false);
	assert_item_refused("{F|windash: '-a -b -c -d -e -f -g'}",
	                    "r.yml:4:20: 'windash': there are more than six dashes in one text; shorten it");
}

/* Trap 12. Values from the specification and Python's base64. */
static void test_encodings(void **state)
{
	(void)state;
	assert_tree("{F|base64: 'ping'}", "F=\"cGluZw==\"");
	assert_tree("{F|base64offset|contains: 'foobar'}", "(F=\"*Zm9vYmFy*\" or F=\"*Zvb2Jhc*\" or F=\"*mb29iYX*\")");
	assert_tree("{F|base64offset|contains: 'http://'}",
	            "(F=\"*aHR0cDovL*\" or F=\"*h0dHA6Ly*\" or F=\"*odHRwOi8v*\")");
	assert_tree("{F|wide|base64: 'ab'}", "F=\"YQBiAA==\"");
	assert_tree("{F|utf16le|base64: 'ab'}", "F=\"YQBiAA==\"");
	assert_tree("{F|utf16be|base64: 'ab'}", "F=\"AGEAYg==\"");
	assert_tree("{F|utf16|base64: 'ab'}", "F=\"//5hAGIA\"");
	assert_tree("{F|wide|base64: '中😀'}", "F=\"LU492ADe\"");
	assert_tree("{F|wide|base64offset|contains: 'IEX'}",
	            "(F=\"*SQBFAFgA*\" or F=\"*kARQBYA*\" or F=\"*JAEUAWA*\")");
	assert_tree("{F|wide: 'ab'}", "F=\"a\\x00b\\x00\"");
	assert_tree("{F|wide|contains: 'a*b'}", "F=\"*a\\x00*b\\x00*\"");
	assert_tree("{F|base64|wide: 'a'}", "F=\"Y\\x00Q\\x00=\\x00=\\x00\"");
	assert_tree("{F|windash|base64: '-a'}",
	            "(F=\"LWE=\" or F=\"L2E=\" or F=\"4oCTYQ==\" or F=\"4oCUYQ==\" or F=\"4oCVYQ==\")");
	assert_tree("{F|base64: 'a\\*b'}", "F=\"YSpi\"");
	assert_item_refused("{F|base64: 'a*b'}", "r.yml:4:19: 'base64': text with wildcards cannot be encoded; put 'contains' "
	                                         "behind, and write \\* for a star");
	assert_item_refused("{F|contains|base64: 'ab'}", "r.yml:4:28: 'base64': text with wildcards cannot be encoded; put "
	                                                 "'contains' behind, and write \\* for a star");
	assert_item_refused("{F|wide: '中'}",
	                    "r.yml:4:17: these bytes cannot stand in text; put 'base64' or 'base64offset' behind");
	assert_item_refused("{F|base64offset: 'a'}",
	                    "r.yml:4:25: 'base64offset': the text is too short to be recognised in base64");
}

/* Trap 13. */
static void test_cidr(void **state)
{
	(void)state;
	assert_tree("{F|cidr: [10.0.0.0/8, '2001:db8::/32', 192.168.1.7]}",
	            "(F in 10.0.0.0/8 or F in 2001:db8::/32 or F in 192.168.1.7/32)");
	assert_sel("{F|cidr: 10.0.0.0/8}", "{F: 10.255.255.255}", true);
	assert_sel("{F|cidr: 10.0.0.0/8}", "{F: 11.0.0.0}", false);
	assert_sel("{F|cidr: 10.0.0.0/8}", "{F: '::ffff:10.1.2.3'}", true);
	assert_sel("{F|cidr: 10.0.0.0/8}", "{F: '0:0:0:0:0:FFFF:0A01:0203'}", true);
	assert_sel("{F|cidr: 10.0.0.0/8}", "{F: '10.1'}", false);
	assert_sel("{F|cidr: 10.0.0.0/8}", "{F: '10.1.2.3.evil.example'}", false);
	assert_sel("{F|cidr: 192.168.4.0/22}", "{F: 192.168.7.255}", true);
	assert_sel("{F|cidr: 192.168.4.0/22}", "{F: 192.168.8.0}", false);
	assert_sel("{F|cidr: 0.0.0.0/0}", "{F: 8.8.8.8}", true);
	assert_sel("{F|cidr: 0.0.0.0/0}", "{F: '2001:db8::1'}", false);
	assert_sel("{F|cidr: '::/0'}", "{F: 8.8.8.8}", false);
	assert_sel("{F|cidr: '::/0'}", "{F: '2001:db8::1'}", true);
	assert_sel("{F|cidr: '2001:db8::/32'}", "{F: '2001:0DB8:0000:0000:0000:0000:0000:0001'}", true);
	assert_sel("{F|cidr: '2001:db8::/32'}", "{F: '2001:db8:ffff::1.2.3.4'}", true);
	assert_sel("{F|cidr: '2001:db8::/32'}", "{F: '2001:db9::'}", false);
	assert_sel("{F|cidr: '2001:db8::/33'}", "{F: '2001:db8:8000::'}", false);
	assert_sel("{F|cidr: 'fe80::/10'}", "{F: 'fe80::1%eth0'}", true);
	assert_sel("{F|cidr: 'fe80::/10'}", "{F: '[fe80::1]'}", true);
	assert_sel("{F|cidr: '::1/128'}", "{F: '0:0:0:0:0:0:0:1'}", true);
	assert_sel("{F|cidr|neq: 10.0.0.0/8}", "{F: 11.0.0.1}", true);
	assert_item_refused("{F|cidr: 10.0.0.0/33}",
	                    "r.yml:4:17: '10.0.0.0/33' is no network; write it as 10.0.0.0/8 or 2001:db8::/32");
	assert_item_refused("{F|cidr: '10.*'}", "r.yml:4:17: '10.*' is no network; write it as 10.0.0.0/8 or 2001:db8::/32");
	assert_item_refused("{F|cidr: '10.0.0.0/'}",
	                    "r.yml:4:17: '10.0.0.0/' is no network; write it as 10.0.0.0/8 or 2001:db8::/32");
}

/* Trap 14. */
static void test_fieldref(void **state)
{
	(void)state;
	assert_tree("{F|fieldref: G}", "F=G");
	assert_tree("{F|fieldref|contains: G}", "F contains G");
	assert_tree("{F|startswith|fieldref: G}", "F starts with G");
	assert_sel("{F|fieldref: G}", "{F: Abc, G: aBC}", true);
	assert_sel("{F|fieldref|cased: G}", "{F: Abc, G: aBC}", false);
	assert_sel("{F|fieldref: G}", "{F: abcd, G: abc}", false);
	assert_sel("{F|fieldref: G}", "{F: 5, G: '5'}", true);
	assert_sel("{F|fieldref: G}", "{F: ''}", false);
	assert_sel("{F|fieldref: G}", "{G: ''}", false);
	assert_sel("{F|fieldref: G}", "{X: ''}", false);
	assert_sel("{F|fieldref: G}", "{F: null, G: null}", false);
	assert_sel("{F|fieldref: G}", "{F: '', G: ''}", true);
	assert_sel("{F|fieldref|contains: G}", "{F: xabcx, G: ABC}", true);
	assert_sel("{F|fieldref|startswith: G}", "{F: xabcx, G: ABC}", false);
	assert_sel("{F|fieldref|startswith: G}", "{F: abcx, G: ABC}", true);
	assert_sel("{F|fieldref|endswith: G}", "{F: xabc, G: ABC}", true);
	assert_sel("{F|fieldref|endswith: G}", "{F: bc, G: ABC}", false);
	assert_sel("{F|fieldref: [G, H]}", "{F: 1, G: 2, H: 1}", true);
	assert_sel("{F|fieldref|neq: G}", "{F: 1, G: 2}", true);
	assert_sel("{F|fieldref|neq: G}", "{F: 1, G: 1}", false);
	assert_item_refused("{F|fieldref: 3}", "r.yml:4:21: 'fieldref' takes the name of a field");
}

/* Traps 16, 17 and 18. */
static void test_conditions(void **state)
{
	(void)state;
	assert_condition("a or b and not sel1", "(A=\"1\" or (B=\"1\" and not S=\"1\"))");
	assert_condition("not a and b or sel1", "((not A=\"1\" and B=\"1\") or S=\"1\")");
	assert_condition("not (a or b)", "not (A=\"1\" or B=\"1\")");
	assert_condition("(a or b) and sel1", "((A=\"1\" or B=\"1\") and S=\"1\")");
	assert_condition("(a)and(b)", "(A=\"1\" and B=\"1\")");
	assert_condition("not not a", "not not A=\"1\"");
	assert_condition("1 of sel*", "(S=\"1\" or S=\"2\")");
	assert_condition("all of sel*", "(S=\"1\" and S=\"2\")");
	assert_condition("any of sel*", "(S=\"1\" or S=\"2\")");
	assert_condition("not 1 of sel*", "not (S=\"1\" or S=\"2\")");
	assert_condition("1 of sel1", "S=\"1\"");
	assert_condition("a and not all of *2", "(A=\"1\" and not S=\"2\")");
	assert_condition("1 of them", "(A=\"1\" or B=\"1\" or S=\"1\" or S=\"2\")");
	assert_condition("all of them", "(A=\"1\" and B=\"1\" and S=\"1\" and S=\"2\")");
	assert_condition("1 of *", "(A=\"1\" or B=\"1\" or S=\"1\" or S=\"2\")");
	assert_condition("1 of _*", "H=\"1\"");
	assert_condition("_h and a", "(H=\"1\" and A=\"1\")");
	assert_condition("a AND b", "(A=\"1\" and B=\"1\")");
	assert_condition("|\n    a\n    and b\n", "(A=\"1\" and B=\"1\")");
	assert_refused("  a: {A: 1}\n  condition: 1 of sel*\n", "r.yml:5:19: 'sel*' names no search identifier");
	assert_refused("  _a: {A: 1}\n  condition: 1 of them\n", "r.yml:5:19: 'them' names no search identifier");
	assert_refused("  selection: {A: 1}\n  condition: a or selction\n",
	               "r.yml:5:14: there is no search identifier 'a'");
	assert_refused("  selection: {A: 1}\n  condition: selection or selction\n",
	               "r.yml:5:27: there is no search identifier 'selction'; did you mean 'selection'?");
	assert_refused("  a: {A: 1}\n  condition: a and\n",
	               "r.yml:5:19: the condition ends where a search identifier is expected");
	assert_refused("  a: {A: 1}\n  condition: a or or a\n", "r.yml:5:19: a search identifier is expected here, not 'or'");
	assert_refused("  a: {A: 1}\n  condition: a a\n", "r.yml:5:16: 'and', 'or' or the end is expected here, not 'a'");
	assert_refused("  a: {A: 1}\n  condition: (a\n", "r.yml:5:16: a ')' is missing here");
	assert_refused("  a: {A: 1}\n  condition: 2 of a*\n",
	               "r.yml:5:14: '2 of' is not known; Sigma has '1 of', 'any of' and 'all of'");
	assert_refused("  a: {A: 1}\n  condition: a | count() > 5\n",
	               "r.yml:5:16: conditions with '|' belong to an old Sigma; write a correlation rule instead");
	assert_refused("  a: {A: 1}\n  condition: ''\n",
	               "r.yml:5:14: the condition ends where a search identifier is expected");
	assert_refused("  a: {A: 1}\n  condition: 1 of\n", "r.yml:5:18: a pattern or 'them' is expected behind 'of'");
	assert_refused("  a: {A: 1}\n", "r.yml:4:3: the key 'condition' is missing");

	ARENA(arena);
	const struct sigma_rule *rule = rule_of(&arena, "  a: {A: 1}\n  b: {B: 1}\n  condition: [a, not b]\n");
	assert_int_equal(rule->n_conditions, 2);
	assert_true(str_is(rule->conditions[0]->name, "a"));
	BUF(deep);
	buf_puts(&deep, "  a: {A: 1}\n  condition: ");
	for (int i = 0; i < 65; i++)
		buf_puts(&deep, i % 2 ? "not " : "(");
	buf_puts(&deep, "a\n");
	assert_refused(buf_cstr(&deep), "r.yml:5:174: the condition is nested deeper than 64 levels");
}

/* Trap 19. */
static void test_expand(void **state)
{
	(void)state;
	assert_tree("{F: '%name%'}", "F=\"%name%\"");
	assert_tree("{F|expand: '\\%name\\%'}", "F=\"%name%\"");
	assert_tree("{F|expand: '50% or 60 %'}", "F=\"50% or 60 %\"");
	assert_item_refused("{F|expand: '%name%'}", "r.yml:4:19: nothing says what the placeholder %name% stands for; give its "
	                                            "values in a pipeline");
	assert_item_refused("{F|re|expand: '^%name%$'}", "r.yml:4:22: nothing says what the placeholder %name% stands for; "
	                                                 "give its values in a pipeline");
}

/* Trap 20. */
static void test_names(void **state)
{
	(void)state;
	assert_sel("{a.b.c: 1}", "{a: {b: {c: 1}}}", true);
	assert_sel("{a.b.c: 1}", "{'a.b.c': 1}", true);
	assert_sel("{a.b: 2}", "{a: {b: [1, 2]}}", true);
	assert_sel("{a.b: 2}", "{a: [{b: 1}, {b: 2}]}", true);
	assert_sel("{commandLINE: x}", "{CommandLine: X}", true);
	assert_sel("{F|contains|all: [a, b]}", "{F: [xa, xb]}", true);
	assert_sel("{F: ''}", "{F: []}", false);
	assert_sel("{F: null}", "{F: []}", true);
}

/* Numbers and times. */
static void test_compare(void **state)
{
	(void)state;
	assert_tree("{F|gte: 5}", "F>=5");
	assert_tree("{F|lt: -1.5}", "F<-1.5");
	assert_tree("{F|gt: '7'}", "F>7");
	assert_sel("{F|gt: 5}", "{F: 6}", true);
	assert_sel("{F|gt: 5}", "{F: '10'}", true);
	assert_sel("{F|gt: 5}", "{F: 5}", false);
	assert_sel("{F|gte: 5}", "{F: 5.0}", true);
	assert_sel("{F|lt: 5}", "{F: ' 4 '}", true);
	assert_sel("{F|lte: 5}", "{F: 5.01}", false);
	assert_sel("{F|gt: 5}", "{F: '0x10'}", true);
	assert_sel("{F|gt: 5}", "{F: '1e3'}", true);
	assert_sel("{F|gt: 5}", "{F: 'inf'}", false);
	assert_sel("{F|gt: 5}", "{F: '6 apples'}", false);
	assert_sel("{F|gt: 5}", "{F: ''}", false);
	assert_sel("{F|neq: [1, 2]}", "{F: 3}", true);
	assert_sel("{F|neq: [1, 2]}", "{F: '2'}", false);
	assert_sel("{F|neq: abc}", "{F: ABC}", false);
	assert_sel("{F|neq: abc}", "{G: 1}", true);
	assert_sel("{F|contains|neq: b}", "{F: ABC}", false);
	assert_tree("{T|hour: [22, 23]}", "(hour of T=22 or hour of T=23)");
	assert_tree("{T|hour|gte: 22}", "hour of T>=22");
	assert_tree("{T|lt|hour: 6}", "hour of T<6");
	assert_sel("{T|hour: 23}", "{T: '2026-11-03T23:59:01+08:00'}", true);
	assert_sel("{T|minute: 59}", "{T: '2026-11-03 23:59:01.123'}", true);
	assert_sel("{T|day: 3}", "{T: '2026/11/3'}", true);
	assert_sel("{T|month: 11}", "{T: '2026-11-03'}", true);
	assert_sel("{T|year|gt: 2025}", "{T: '2026-11-03'}", true);
	assert_sel("{T|week: 1}", "{T: '2024-12-30'}", true);  /* a Monday of the next year's first week */
	assert_sel("{T|week: 53}", "{T: '2021-01-03'}", true); /* a Sunday of the last year's last week */
	assert_sel("{T|week: 45}", "{T: '2026-11-03'}", true);
	assert_sel("{T|hour: 0}", "{T: 'yesterday'}", false);
	assert_sel("{T|hour|neq: 0}", "{T: '2026-11-03T01:00'}", true);
	assert_item_refused("{F|gt: many}", "r.yml:4:15: 'many' is no number");
	assert_item_refused("{F|gt: true}", "r.yml:4:15: 'true' is no number");
	assert_item_refused("{T|hour: noon}", "r.yml:4:17: 'noon' is no number");
}

static void test_wrong_modifiers(void **state)
{
	(void)state;
	assert_item_refused("{F|contians: x}", "r.yml:4:11: there is no modifier 'contians'; did you mean 'contains'?");
	assert_item_refused("{F|: x}", "r.yml:4:11: there is no modifier ''");
	assert_item_refused("{F|all|all: [x, y]}", "r.yml:4:15: the modifier 'all' stands twice; remove one");
	assert_item_refused("{F|wide|utf16le: x}", "r.yml:4:16: the modifier 'utf16le' stands twice; remove one");
	assert_item_refused("{F|i: x}", "r.yml:4:11: 'i' is a flag of regular expressions; put it behind 're'");
	assert_item_refused("{F|i|re: x}", "r.yml:4:11: 'i' is a flag of regular expressions; put it behind 're'");
	assert_item_refused("{F|re|cased: x}",
	                    "r.yml:4:14: 're' and 'cased' cannot stand together: a regular expression is used as it is written");
	assert_item_refused("{F|re|base64: x}", "r.yml:4:14: 're' and 'base64' cannot stand together: a regular expression is "
	                                        "used as it is written");
	assert_item_refused("{F|contains|startswith: x}", "r.yml:4:20: 'contains' and 'startswith' cannot stand together: one "
	                                                  "says where the text stands, and 'contains' says everywhere");
	assert_item_refused("{F|cidr|contains: x}", "r.yml:4:16: 'cidr' and 'contains' cannot stand together: networks are "
	                                            "compared as addresses, not as text");
	assert_item_refused("{F|gt|neq: 1}",
	                    "r.yml:4:14: 'gt' and 'neq' cannot stand together: numbers are compared, not text");
	assert_item_refused("{F|gt|lt: 1}", "r.yml:4:14: 'gt' and 'lt' cannot stand together: numbers are compared, not text");
	assert_item_refused("{F|exists|all: true}", "r.yml:4:18: 'exists' and 'all' cannot stand together: 'exists' only asks "
	                                            "whether the field is there");
	assert_item_refused("{F|exists: 'true'}", "r.yml:4:19: 'exists' takes true or false, without quotes");
	assert_item_refused("{F|exists: 1}", "r.yml:4:19: 'exists' takes true or false, without quotes");
	assert_item_refused("{F|hour|day: 1}", "r.yml:4:16: 'hour' and 'day' cannot stand together: a part of a time is a "
	                                       "number");
	assert_item_refused("{'|exists': true}", "r.yml:4:9: 'exists' asks something of a field; name the field before it");
	assert_item_refused("{'|cidr': 10.0.0.0/8}", "r.yml:4:9: 'cidr' asks something of a field; name the field before it");
	assert_item_refused("{F|contains: null}",
	                    "r.yml:4:21: 'contains' has nothing to work on here; write '' for empty text");
	assert_item_refused("{F: []}", "r.yml:4:12: an empty list asks for nothing; remove it, or write null");
	assert_item_refused("{F: {a: 1}}",
	                    "r.yml:4:12: a value is text, a number, true, false or null; this is a map");
	assert_item_refused("{F: [[a]]}", "r.yml:4:13: a value is text, a number, true, false or null; this is a list");
	assert_item_refused("{}", "r.yml:4:8: this asks for nothing; write a field and its value");
	assert_item_refused("['']", "r.yml:4:9: a keyword without text would find every event");
	assert_item_refused("[null]", "r.yml:4:9: a keyword must be text");
	assert_item_refused("{F|re: ''}", "r.yml:4:15: an empty regular expression matches everything");
}

static void test_warnings(void **state)
{
	(void)state;
	assert_warned("  a: {A: 1}\n  b: {A: 1}\n  condition: a\n", "r.yml:5:3: the condition does not use 'b'");
	assert_warned("  a: {A|all: 1}\n  condition: a\n", "r.yml:4:7: 'all' needs more than one value");
	assert_warned("  a: {A: 0x1f}\n  condition: a\n",
	              "r.yml:4:10: '0x1f' is compared as it is written; quote it, because other tools make another number of it");
	assert_warned("  a: {A: 1}\n  condition: NOT a\n", "r.yml:5:14: write 'not' in small letters; other tools want it so");
	assert_warned("  a: {A|cidr: 10.1.0.0/8}\n  condition: a\n",
	              "r.yml:4:15: '10.1.0.0/8' has bits set past its mask; they do not count");
	assert_warned("  a: {A|base64offset: foo}\n  condition: a\n",
	              "r.yml:4:7: 'base64offset' finds parts of a text; put 'contains' behind it");
}

static void assert_head_warned(const char *head, const char *said)
{
	ARENA(arena);
	struct loaded loaded = load_text(&arena,
	                                 arena_printf(&arena,
	                                              "title: t\n%s\nlogsource: {product: windows}\n"
	                                              "detection: {a: {A: 1}, condition: a}\n",
	                                              head)
	                                         .p,
	                                 &lint);
	assert_said(&loaded.problems, head, said);
	assert_true(loaded.problems.p[0].warning);
}

static void test_head_warnings(void **state)
{
	(void)state;
	assert_head_warned("falsepositive: x", "r.yml:2:1: there is no key 'falsepositive'; did you mean 'falsepositives'?");
	assert_head_warned("id: abc", "r.yml:2:5: the id 'abc' is no UUID");
	assert_head_warned("date: 3.11.2026", "r.yml:2:7: '3.11.2026' is no date; write it as 2026-11-03");
	assert_head_warned("modified: 2026-13-03", "r.yml:2:11: '2026-13-03' is no date; write it as 2026-11-03");
	assert_head_warned("tags: [attack.t1059, T1059]",
	                   "r.yml:2:22: the tag 'T1059' should be small letters with a name before a dot, such as attack.t1059");
	ARENA(arena);
	struct loaded loaded = load_text(&arena, "title: t\nlogsource: {product: Windows}\ndetection: {a: {A|re: '(x'}, condition: a}\n",
	                                 &lint);
	assert_said(&loaded.problems, "regex", "r.yml:3:23: the regular expression is wrong at character 3: missing closing parenthesis");
	assert_true(str_is(loaded.problems.p[1].words,
	                   "a log source is written in small letters and without blanks: 'Windows'"));
	loaded = load_text(&arena, "title: t\nlogsource: {product: p}\ndetection: {a: {A: 1}, timeframe: 5m, condition: a}\n", &lint);
	assert_true(str_is(loaded.problems.p[0].words,
	                   "'timeframe' belongs to an old Sigma and does nothing; write a correlation rule"));
	loaded = load_text(&arena, "title: t\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\ndate: 2026/11/03\nsome-key: x\n"
	                           "logsource: {product: p}\ndetection: {a: {A: 1}, condition: a}\n",
	                   &lint);
	assert_int_equal(loaded.problems.n, 0);
}

static void test_rule(void **state)
{
	(void)state;
	ARENA(arena);
	struct loaded loaded = load_text(&arena,
	                                 "title: Whoami\n"
	                                 "id: 929a690e-bef0-4204-a928-ef5e620d6fcc\n"
	                                 "name: whoami\n"
	                                 "status: test\n"
	                                 "description: d\n"
	                                 "author: a, b\n"
	                                 "date: 2019-10-23\n"
	                                 "references: [x, y]\n"
	                                 "tags: [attack.t1033]\n"
	                                 "logsource: {category: Process_Creation, product: windows}\n"
	                                 "detection:\n"
	                                 "    selection: {Image: 'whoami.exe'}\n"
	                                 "    condition: selection\n"
	                                 "level: high\n"
	                                 "ward:\n"
	                                 "    title: {zh-CN: 中, vi: v, en: e}\n"
	                                 "    format: json\n"
	                                 "    tests:\n"
	                                 "        match:\n"
	                                 "            - {Image: 'whoami.exe'}\n"
	                                 "            - [{Image: a}, 'a line']\n"
	                                 "        no_match:\n"
	                                 "            - a line\n",
	                                 NULL);
	assert_int_equal(loaded.problems.n, 0);
	assert_int_equal(loaded.rules.n, 1);
	const struct sigma_rule *rule = loaded.rules.p[0];
	assert_true(str_is(rule->title, "Whoami") && str_is(rule->name, "whoami") && str_is(rule->date, "2019-10-23"));
	assert_true(str_is(rule->product, "windows") && str_is(rule->category, "process_creation") && !rule->service.p);
	assert_int_equal(rule->level, LEVEL_HIGH);
	assert_int_equal(rule->status, STATUS_TEST);
	assert_int_equal(rule->references.n, 2);
	assert_true(str_is(rule->titles.in[LANG_ZH], "中"));
	assert_int_equal(rule->n_examples, 3);
	assert_true(rule->examples[0].matches && rule->examples[1].matches && !rule->examples[2].matches);
	assert_int_equal(rule->examples[2].line, 23);
	assert_true(str_is(rule->examples[2].format, "json"));
}

/* Several documents in a file: each stands for itself, with its own place. */
static void test_documents(void **state)
{
	static const char rule[] = "title: t\nlogsource: {product: windows}\ndetection: {a: {A: 1}, condition: a}\n";
	ARENA(arena);
	BUF(text);
	(void)state;
	buf_printf(&text, "# only a comment\n---\n%s---\ntitle: [\n--- # more\n%sid: x\n---\r\n%sid: x\n---\n", rule, rule,
	           rule);
	struct loaded loaded = load_text(&arena, buf_cstr(&text), NULL);
	assert_int_equal(loaded.rules.n, 2);
	assert_int_equal(loaded.rules.p[1]->line, 9);
	assert_int_equal(loaded.problems.n, 2);
	assert_int_equal(loaded.problems.p[0].line, 8);
	assert_true(str_is(loaded.problems.p[1].words, "the id x is taken already, at r.yml:9"));
	assert_int_equal(loaded.problems.p[1].line, 14);

	loaded = load_text(&arena, "title: t\nstatus: deprecated\nlogsource: {product: p}\ndetection: {a: {A: 1}, condition: a}",
	                   NULL);
	assert_int_equal(loaded.rules.n + loaded.problems.n, 0);
	loaded = load_text(&arena, "- a\n", NULL);
	assert_said(&loaded.problems, "a list", "r.yml:1:1: a rule is a map; this is a list");
	loaded = load_text(&arena, "title: t\nlogsource: {}\ndetection: {a: {A: 1}, condition: a}\n", NULL);
	assert_said(&loaded.problems, "no source", "r.yml:2:12: 'logsource' needs a product, a category or a service");
	loaded = load_text(&arena, "# c\n%YAML 1.1\n---\ntitle: t\nlogsource: {product: p}\ndetection: {a: {A: 1}, condition: a}\n", NULL);
	assert_int_equal(loaded.rules.n, 1);
	assert_int_equal(loaded.problems.n, 0);
	loaded = load_text(&arena, "\xef\xbb\xbftitle: t\r\nlogsource: {product: p}\r\ndetection: {a: {A: 1}, condition: a}\r\n", NULL);
	assert_int_equal(loaded.rules.n, 1);
	BUF(words);
	loaded = load_text(&arena, "\xef\xbb\xbf{title: t, logsource: {product: p}, detection: {a: {A: 0x7}, condition: a}}", NULL);
	sigma_node_words(loaded.rules.p[0]->conditions[0], &words);
	assert_string_equal(buf_cstr(&words), "A=\"0x7\"");
	/* Beyond the columns that are kept, a number is what it is. */
	buf_clear(&words);
	loaded = load_text(&arena, arena_printf(&arena, "title: t\nlogsource: {product: p}\ndetection: {a: {%*s A: 17}, condition: a}\n", 5000, "").p, NULL);
	sigma_node_words(loaded.rules.p[0]->conditions[0], &words);
	assert_string_equal(buf_cstr(&words), "A=\"17\"");
	loaded = load_text(&arena, "", NULL);
	assert_int_equal(loaded.rules.n + loaded.problems.n, 0);
	loaded = load_text(&arena, "action: global\ndetection: {condition: 1 of them}\n", NULL);
	assert_said(&loaded.problems, "global", "r.yml:1:1: 'action' belongs to an old Sigma; write every rule whole");
	loaded = load_text(&arena, "title: t\nward: {format: xyz}\n", NULL);
	assert_said(&loaded.problems, "format", "r.yml:2:16: there is no format 'xyz'");
	loaded = load_text(&arena, "title: t\nward: {tets: xyz}\n", NULL);
	assert_said(&loaded.problems, "ward", "r.yml:2:8: unknown key 'tets', did you mean 'tests'?");
	loaded = load_text(&arena, "title: t\nward: {tests: {match: [1]}}\n", NULL);
	assert_said(&loaded.problems, "example", "r.yml:2:24: an example is a map of fields, a log line, or a list of these");
	loaded = load_text(&arena, "title: t\nlevel: hihg\n", NULL);
	assert_said(&loaded.problems, "level", "r.yml:2:8: there is no level 'hihg'; did you mean 'high'?");
	loaded = load_text(&arena, "title: t\nlogsource: {product: p}\ndetection: {a: {A: &x 1}, condition: a}\n", NULL);
	assert_int_equal(loaded.rules.n, 0);
	assert_int_equal(loaded.problems.p[0].line, 3);
}

/* ---- correlations ---- */

static const char base_rules[] = "title: A\nname: a\nid: ida\nlogsource: {product: linux}\n"
				 "detection: {s: {A: 1}, condition: s}\n---\n"
				 "title: B\nname: b\nlogsource: {product: windows}\n"
				 "detection: {s: {B: 1}, condition: s}\n---\n";

static struct loaded load_correlation(struct arena *arena, const char *lines, const struct sigma_options *options)
{
	const char *text = arena_printf(arena, "%stitle: C\nname: c\ncorrelation:\n%s", base_rules, lines).p;
	return load_text(arena, text, options);
}

static void assert_correlation_refused(const char *lines, const char *said)
{
	ARENA(arena);
	struct loaded loaded = load_correlation(&arena, lines, NULL);
	assert_said(&loaded.problems, lines, said);
	assert_int_equal(loaded.rules.n, 2);
	assert_false(loaded.rules.p[0]->hidden);
}

static void test_correlation(void **state)
{
	(void)state;
	ARENA(arena);
	struct loaded loaded = load_correlation(&arena,
	                                        "  type: value_count\n  rules: [ida, b]\n  group-by: [ip, Host]\n"
	                                        "  timespan: 15m\n  condition: {gte: 3, lt: 9.5, field: User}\n"
	                                        "  aliases: {ip: {a: src, b: dst}}\n",
	                                        NULL);
	assert_int_equal(loaded.problems.n, 0);
	assert_int_equal(loaded.rules.n, 3);
	const struct sigma_rule *rule = loaded.rules.p[2];
	const struct sigma_correlation *c = &rule->correlation;
	assert_int_equal(c->type, CORRELATION_VALUE_COUNT);
	assert_ptr_equal(c->rule[0], loaded.rules.p[0]);
	assert_ptr_equal(c->rule[1], loaded.rules.p[1]);
	assert_true(loaded.rules.p[0]->hidden && loaded.rules.p[1]->hidden && !rule->hidden);
	assert_int_equal(c->timespan, INT64_C(900000000000));
	assert_true(c->count.ge && c->count.ge_than == 3 && c->count.lt && c->count.lt_than == 9.5 && !c->count.eq);
	assert_true(c->fields.n == 1 && str_is(c->fields.p[0], "User"));
	assert_true(c->group_by.n == 2 && str_is(c->group_by.p[1], "Host"));
	assert_int_equal(c->n_aliases, 2);
	assert_true(str_is(c->aliases[0].rule, "ida") && str_is(c->aliases[0].field, "src"));

	static const struct {
		const char *text;
		int64_t seconds;
	} spans[] = { { "90s", 90 },       { "2h", 7200 },    { "1d", 86400 },   { "1w", 604800 },
		      { "1M", 2629746 },   { "1y", 31556952 } };
	for (size_t i = 0; i < COUNT(spans); i++) {
		loaded = load_correlation(&arena,
		                          arena_printf(&arena,
		                                       "  type: event_count\n  rules: a\n  timespan: %s\n"
		                                       "  condition: {eq: 3}\n  generate: true\n",
		                                       spans[i].text)
		                                  .p,
		                          NULL);
		assert_int_equal(loaded.rules.n, 3);
		assert_int_equal(loaded.rules.p[2]->correlation.timespan, spans[i].seconds * 1000000000);
		assert_true(loaded.rules.p[2]->correlation.generate && !loaded.rules.p[0]->hidden);
	}
	loaded = load_correlation(&arena, "  type: value_median\n  rules: a\n  timespan: 1h\n  condition: {gt: 3, field: n}\n",
	                          NULL);
	assert_int_equal(loaded.rules.p[2]->correlation.type, CORRELATION_VALUE_PERCENTILE);
	assert_true(loaded.rules.p[2]->correlation.percentile == 50);
	loaded = load_correlation(&arena,
	                          "  type: value_percentile\n  rules: a\n  timespan: 1h\n"
	                          "  condition: {gt: 3, field: n, percentile: 95}\n",
	                          NULL);
	assert_true(loaded.rules.p[2]->correlation.percentile == 95);
}

static void test_correlation_extended(void **state)
{
	(void)state;
	ARENA(arena);
	BUF(words);
	struct loaded loaded = load_correlation(
		&arena, "  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: a and not b\n", NULL);
	assert_int_equal(loaded.problems.n, 0);
	sigma_node_words(loaded.rules.p[2]->correlation.extended, &words);
	assert_string_equal(buf_cstr(&words), "(a exists and not b exists)");
	/* Without a list the condition names the rules. */
	loaded = load_correlation(&arena, "  type: temporal_ordered\n  timespan: 5m\n  condition: (b or ida) and b\n", NULL);
	assert_int_equal(loaded.problems.n, 0);
	const struct sigma_correlation *c = &loaded.rules.p[2]->correlation;
	assert_true(c->rules.n == 2 && str_is(c->rules.p[0], "b") && str_is(c->rules.p[1], "ida"));
	assert_ptr_equal(c->rule[1], loaded.rules.p[0]);
	loaded = load_correlation(&arena, "  type: temporal\n  rules: [a, b]\n  timespan: 5m\n", NULL);
	assert_true(loaded.rules.n == 3 && !loaded.rules.p[2]->correlation.extended);
	assert_correlation_refused("  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: a and x\n",
	                           "r.yml:18:20: there is no search identifier 'x'");
	assert_correlation_refused("  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: a\n",
	                           "r.yml:18:14: the condition does not use 'b'");
	assert_correlation_refused("  type: event_count\n  rules: [a, b]\n  timespan: 5m\n  condition: a and b\n",
	                           "r.yml:18:14: only temporal correlations have a condition in words; give a map with gte or the "
	                           "like");
}

static void test_correlation_wrong(void **state)
{
	(void)state;
	assert_correlation_refused("  type: event_cuont\n  rules: a\n  timespan: 1m\n  condition: {gt: 1}\n",
	                           "r.yml:15:9: there is no type 'event_cuont'; did you mean 'event_count'?");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 1 m\n  condition: {gt: 1}\n",
	                           "r.yml:17:13: a timespan is a number and s, m, h, d, w, M (months) or y: 90s, 15m, 1d");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 0m\n  condition: {gt: 1}\n",
	                           "r.yml:17:13: a timespan is a number and s, m, h, d, w, M (months) or y: 90s, 15m, 1d");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 99999999999y\n  condition: {gt: 1}\n",
	                           "r.yml:17:13: a timespan is a number and s, m, h, d, w, M (months) or y: 90s, 15m, 1d");
	assert_correlation_refused("  type: event_count\n  rules: a\n  condition: {gt: 1}\n",
	                           "r.yml:15:3: the key 'timespan' is missing");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 1m\n",
	                           "r.yml:15:3: the key 'condition' is missing");
	assert_correlation_refused("  type: event_count\n  timespan: 1m\n  condition: {gt: 1}\n",
	                           "r.yml:15:3: the key 'rules' is missing");
	assert_correlation_refused("  type: value_count\n  rules: a\n  timespan: 1m\n  condition: {gt: 1}\n",
	                           "r.yml:18:14: the key 'field' is missing");
	assert_correlation_refused("  type: value_percentile\n  rules: a\n  timespan: 1m\n  condition: {gt: 1, field: f}\n",
	                           "r.yml:18:14: the key 'percentile' is missing");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 1m\n  condition: {gt: x}\n",
	                           "r.yml:18:19: a number is needed here");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 1m\n  condition: {field: x}\n",
	                           "r.yml:18:14: the condition needs one of gt, gte, lt, lte, eq, neq");
	assert_correlation_refused("  type: event_count\n  rules: [a, d]\n  timespan: 1m\n  condition: {gt: 1}\n",
	                           "r.yml:16:14: there is no rule 'd', or it could not be loaded");
	assert_correlation_refused("  type: event_count\n  rules: [a, c]\n  timespan: 1m\n  condition: {gt: 1}\n",
	                           "r.yml:16:11: the correlations refer to each other in a circle, or more than eight deep");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 1m\n  condition: {gt: 1}\n"
	                           "  aliases: {x: {b: f}}\n",
	                           "r.yml:19:12: the alias 'x' names the rule 'b', which the correlation does not have");
	assert_correlation_refused("  type: event_count\n  rules: a\n  timespan: 1m\n  condition: {gt: 1}\n  generate: yes\n",
	                           "r.yml:19:13: 'generate' takes true or false, without quotes");
}

/* Correlations of correlations, in any order of the documents, at most eight deep. */
static void test_correlation_chains(void **state)
{
	(void)state;
	for (int direction = 0; direction < 2; direction++) {
		ARENA(arena);
		BUF(text);
		buf_puts(&text, base_rules);
		for (int i = 0; i < 10; i++) {
			int at = direction ? 9 - i : i;
			buf_printf(&text, "title: n%d\nname: n%d\ncorrelation:\n  type: event_count\n  rules: %s%.*d\n"
			                  "  timespan: 1m\n  condition: {gt: 1}\n---\n",
			           at, at, at ? "n" : "a", at ? 1 : 0, at ? at - 1 : 0);
		}
		struct loaded loaded = load_text(&arena, buf_cstr(&text), NULL);
		assert_int_equal(loaded.rules.n, 2 + 8);
		assert_int_equal(loaded.problems.n, 2);
	}
}

/* Names are looked for in the same file first. */
static void test_correlation_names(void **state)
{
	(void)state;
	ARENA(arena);
	struct sigma_rules rules;
	struct sigma_problems problems = { 0 };
	struct err err = { 0 };
	char folder[] = "/tmp/ward-sigma-XXXXXX";
	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < 3; i++) {
		struct str name = arena_printf(&arena, "%s/%d.yml", folder, i);
		FILE *file = fopen(name.p, "w");
		assert_non_null(file);
		fprintf(file,
		        "%stitle: c%d\ncorrelation: {type: event_count, rules: %s, timespan: 1m, condition: {gt: 1}}\n",
		        i == 2 ? "" : "title: A\nname: a\nlogsource: {product: p}\ndetection: {s: {A: 1}, condition: s}\n---\n",
		        i, "a");
		fclose(file);
	}
	const char *const paths[] = { folder, NULL };
	const struct sigma_options options = { .paths = paths };
	assert_int_equal(sigma_load(&arena, &options, &rules, &problems, &err), 0);
	assert_int_equal(rules.n, 4);
	assert_ptr_equal(rules.p[1]->correlation.rule[0], rules.p[0]);
	assert_ptr_equal(rules.p[3]->correlation.rule[0], rules.p[2]);
	assert_int_equal(problems.n, 1);
	assert_true(str_is(problems.p[0].words, "several rules are called 'a'; refer to one by its id"));
	for (int i = 0; i < 3; i++)
		assert_int_equal(remove(arena_printf(&arena, "%s/%d.yml", folder, i).p), 0);
	assert_int_equal(remove(folder), 0);
	assert_int_equal(sigma_load(&arena, &options, &rules, &problems, &err), -ENOENT);
}

/* ---- filters ---- */

static void assert_filtered(const char *filter, const char *first, const char *second)
{
	ARENA(arena);
	BUF(words);
	struct loaded loaded =
		load_text(&arena, arena_printf(&arena, "title: F\n%s---\n%s", filter, base_rules).p, NULL);
	assert_int_equal(loaded.problems.n, 0);
	assert_int_equal(loaded.rules.n, 2);
	sigma_node_words(loaded.rules.p[0]->conditions[0], &words);
	assert_string_equal(buf_cstr(&words), first);
	buf_clear(&words);
	sigma_node_words(loaded.rules.p[1]->conditions[0], &words);
	assert_string_equal(buf_cstr(&words), second);
}

static void test_filters(void **state)
{
	(void)state;
	assert_filtered("logsource: {product: linux}\nfilter: {rules: [ida, b], u: {User: x}, condition: not u}\n",
	                "(A=\"1\" and not User=\"x\")", "B=\"1\"");
	assert_filtered("logsource: {product: windows}\nfilter: {rules: any, u: {User: x}, condition: not u}\n", "A=\"1\"",
	                "(B=\"1\" and not User=\"x\")");
	assert_filtered("logsource: {product: linux}\nfilter: {rules: a, s: {User: x}, t: {User: y}, condition: not 1 of them}\n",
	                "(A=\"1\" and not (User=\"x\" or User=\"y\"))", "B=\"1\"");
	assert_filtered("logsource: {product: linux, category: c}\nfilter: {rules: all, s: {User: x}, condition: s}\n", "A=\"1\"",
	                "B=\"1\"");
	ARENA(arena);
	struct loaded loaded = load_text(&arena, "title: F\nlogsource: {product: p}\nfilter: {s: {U: 1}, condition: s}\n", NULL);
	assert_said(&loaded.problems, "no rules", "r.yml:3:9: a filter needs 'rules': a list of ids or names, or 'any'");
	loaded = load_text(&arena, "title: F\nlogsource: {product: p}\nfilter: {rules: any, s: {U: 1}, condition: s}\n", &lint);
	assert_said(&loaded.problems, "kept",
	            "r.yml:3:44: this keeps only events that meet the condition; to leave them out, write 'not' before it");
	loaded = load_text(&arena, "title: F\nlogsource: {product: p}\nfilter: {rules: [zz], s: {U: 1}, condition: not s}\n", &lint);
	assert_said(&loaded.problems, "unknown", "r.yml:3:17: there is no rule 'zz', or it could not be loaded");
	BUF(many);
	for (int i = 0; i < 1100; i++)
		buf_puts(&many, "title: F\nlogsource: {product: p}\nfilter: {rules: any, s: {U: 1}, condition: not s}\n---\n"
		                "title: R\nlogsource: {product: q}\ndetection: {s: {U: 1}, condition: s}\n---\n");
	loaded = load_text(&arena, buf_cstr(&many), NULL);
	assert_int_equal(loaded.rules.n, 1100);
	assert_int_equal(loaded.problems.n, 1100 - 1000000 / 1100);
}

/* ---- pipelines ---- */

/* Write text to a file and load the base rules, a correlation over both, and this pipeline. */
static struct loaded load_pipeline(struct arena *arena, const char *pipeline, const char *rules, struct err *err)
{
	struct loaded loaded = { 0 };
	char folder[] = "/tmp/ward-sigma-XXXXXX";
	assert_non_null(mkdtemp(folder));
	const char *const names[] = { arena_printf(arena, "%s/p.yml", folder).p, arena_printf(arena, "%s/r.yml", folder).p };
	const char *const texts[] = { pipeline, rules };
	for (size_t i = 0; i < 2; i++) {
		FILE *file = fopen(names[i], "w");
		assert_non_null(file);
		fputs(texts[i], file);
		fclose(file);
	}
	const char *const pipelines[] = { names[0], NULL }, *const paths[] = { names[1], NULL };
	const struct sigma_options options = { .paths = paths, .pipelines = pipelines };
	if (sigma_load(arena, &options, &loaded.rules, &loaded.problems, err) < 0)
		assert_true(err->text[0]);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(remove(names[i]), 0);
	assert_int_equal(remove(folder), 0);
	return loaded;
}

static void assert_piped(const char *pipeline, const char *selection, const char *words)
{
	ARENA(arena);
	BUF(buf);
	struct err err = { 0 };
	const char *detection = arena_printf(&arena, "  sel: %s\n  condition: sel\n", selection).p;
	struct loaded loaded = load_pipeline(&arena, pipeline, around(&arena, detection), &err);
	if (err.text[0])
		fail_msg("%s", err.text);
	if (loaded.problems.n)
		fail_msg("%s\n%.*s", selection, STR_ARG(loaded.problems.p[0].words));
	sigma_node_words(loaded.rules.p[0]->conditions[0], &buf);
	if (strcmp(buf_cstr(&buf), words) != 0)
		fail_msg("%s\nbecame   %s\nnot      %s", selection, buf_cstr(&buf), words);
}

static void test_pipeline_fields(void **state)
{
	static const char one[] = "transformations:\n- {type: field_name_mapping, mapping: {A: a.x, B: [b.y, b.z]}}\n";
	(void)state;
	assert_piped(one, "{A: 1, C: 2}", "(a.x=\"1\" and C=\"2\")");
	assert_piped(one, "{B: 1, C: 2}", "((b.y=\"1\" or b.z=\"1\") and C=\"2\")");
	assert_piped(one, "{B|neq: 1}", "not (b.y=\"1\" or b.z=\"1\")");
	assert_piped(one, "{B: null}", "(b.y=null and b.z=null)");
	assert_piped(one, "{B|exists: true}", "(b.y exists or b.z exists)");
	assert_piped(one, "{C|fieldref: A}", "C=a.x");
	assert_piped(one, "{A|fieldref: B}", "(a.x=b.y or a.x=b.z)");
	assert_piped(one, "[key]", "\"*key*\"");
	assert_piped("transformations:\n- {type: field_name_prefix, prefix: 'win.'}\n", "{A: 1, B: 2}",
	             "(win.A=\"1\" and win.B=\"2\")");
	assert_piped("transformations:\n- {type: field_name_suffix, suffix: '.keyword'}\n", "{A: 1}", "A.keyword=\"1\"");
	assert_piped("transformations:\n- {type: field_name_prefix_mapping, mapping: {win.: [x., y.]}}\n", "{win.A: 1, linA: 2}",
	             "((x.A=\"1\" or y.A=\"1\") and linA=\"2\")");
	assert_piped("transformations:\n- type: field_name_prefix\n  prefix: p.\n  field_name_conditions:\n"
	             "  - {type: exclude_fields, fields: [A, X*]}\n",
	             "{A: 1, B: 2, X1: 3}", "(A=\"1\" and p.B=\"2\" and X1=\"3\")");
	assert_piped("transformations:\n- type: field_name_prefix\n  prefix: p.\n  field_name_conditions:\n"
	             "  - {type: include_fields, fields: [A]}\n",
	             "{A: 1, B: 2}", "(p.A=\"1\" and B=\"2\")");
	/* One after the other. */
	assert_piped("transformations:\n- {type: field_name_mapping, mapping: {A: B}}\n"
	             "- {type: field_name_mapping, mapping: {B: C}}\n",
	             "{A: 1}", "C=\"1\"");
}

static void test_pipeline_rules(void **state)
{
	(void)state;
	assert_piped("transformations:\n- {type: add_condition, conditions: {EventID: [1, 2], Ch|startswith: Sec}}\n", "{A: 1}",
	             "(A=\"1\" and ((EventID=\"1\" or EventID=\"2\") and Ch=\"Sec*\"))");
	assert_piped("transformations:\n- {type: add_condition, conditions: {X: 1}, negated: true}\n", "{A: 1}",
	             "(A=\"1\" and not X=\"1\")");
	assert_piped("transformations:\n- type: field_name_prefix\n  prefix: p.\n  rule_conditions:\n"
	             "  - {type: logsource, product: linux}\n",
	             "{A: 1}", "A=\"1\"");
	assert_piped("transformations:\n- type: field_name_prefix\n  prefix: p.\n  rule_conditions:\n"
	             "  - {type: logsource, product: linux}\n  - {type: logsource, product: windows}\n  rule_cond_op: or\n",
	             "{A: 1}", "p.A=\"1\"");
	assert_piped("transformations:\n- type: field_name_prefix\n  prefix: p.\n  rule_cond_not: true\n  rule_conditions:\n"
	             "  - {type: logsource, product: linux}\n",
	             "{A: 1}", "p.A=\"1\"");
	assert_piped("transformations:\n- {id: first, type: change_logsource, product: linux}\n"
	             "- type: field_name_prefix\n  prefix: p.\n  rule_conditions:\n"
	             "  - {type: processing_item_applied, processing_item_id: first}\n  - {type: logsource, product: linux}\n",
	             "{A: 1}", "p.A=\"1\"");
	ARENA(arena);
	struct err err = { 0 };
	const char *rules = arena_printf(&arena, "%stitle: C\ncorrelation: {type: event_count, rules: [a, b], timespan: 1m, "
	                                         "condition: {gt: 1}, group-by: [User, who], aliases: {who: {a: B}}}\n",
	                                 base_rules)
	                            .p;
	struct loaded loaded = load_pipeline(&arena, "transformations:\n- type: rule_failure\n  message: not here\n"
	                                             "  rule_conditions: [{type: logsource, product: windows}, {type: is_sigma_rule}]\n",
	                                     rules, &err);
	assert_int_equal(loaded.rules.n, 1);
	assert_int_equal(loaded.problems.n, 2); /* the rule, and the correlation that refers to it */
	assert_true(str_is(loaded.problems.p[0].words, "the pipeline refuses this rule: not here"));
	assert_false(loaded.rules.p[0]->hidden);
	loaded = load_pipeline(&arena, "transformations:\n- type: field_name_mapping\n  mapping: {User: user.name, B: bb}\n"
	                               "  rule_conditions: [{type: logsource, product: linux}]\n",
	                       rules, &err);
	assert_int_equal(loaded.problems.n, 0);
	const struct sigma_correlation *c = &loaded.rules.p[2]->correlation;
	assert_true(str_is(c->group_by.p[0], "user.name") && str_is(c->group_by.p[1], "who"));
	assert_true(str_is(c->aliases[0].field, "bb"));
	loaded = load_pipeline(&arena, "transformations:\n- {type: field_name_mapping, mapping: {User: [x, y]}}\n", rules, &err);
	assert_true(str_is(loaded.problems.p[0].words,
	                   "the pipeline gives 'User' several names, and a correlation needs one"));
}

static void test_pipeline_placeholders(void **state)
{
	static const char vars[] = "vars:\n  admins: [root, 'adm_*']\n  net: 10.0.0.0/8\n  n: 7\n";
	(void)state;
	assert_piped(vars, "{F|expand: '%admins%'}", "(F=\"root\" or F=\"adm_*\")");
	assert_piped(vars, "{F|expand: 'x%n%-%admins%'}", "(F=\"x7-root\" or F=\"x7-adm_*\")");
	assert_piped(vars, "{F|contains|expand: '%admins%'}", "(F=\"*root*\" or F=\"*adm_*\")");
	assert_piped(vars, "{F|expand|contains|all: ['%admins%', b]}", "((F=\"*root*\" or F=\"*adm_*\") and F=\"*b*\")");
	assert_piped(vars, "{F|cidr|expand: '%net%'}", "F in 10.0.0.0/8");
	assert_piped(vars, "{F|re|expand: '^%admins%$'}", "F=/^(?:root|adm_.*)$/");
	assert_piped(vars, "{F|expand: '\\%n%'}", "F=\"%n%\"");
	assert_piped("transformations:\n- {type: wildcard_placeholders, exclude: [x]}\n", "{F|expand: 'a%any%b'}", "F=\"a*b\"");
	ARENA(arena);
	struct err err = { 0 };
	struct loaded loaded = load_pipeline(&arena, "vars: {a: 1, b: 2}\ntransformations: [{type: value_placeholders, include: [a]}]\n",
	                                     around(&arena, "  s: {F|expand: ['%a%', '%b%']}\n  condition: s\n"), &err);
	assert_int_equal(loaded.rules.n, 0);
	assert_int_equal(loaded.problems.n, 1);
	assert_true(str_is(loaded.problems.p[0].words,
	                   "nothing says what the placeholder %b% stands for; give its values in a pipeline"));
}

static void test_pipeline_wrong(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "transformations: [{type: field_name_maping}]\n", "p.yml:1:26: 'type' is 'field_name_maping'" },
		{ "transformations: [{type: field_name_mapping}]\n", "p.yml:1:19: 'mapping' is a map of names and new names" },
		{ "transformations: [{type: field_name_mapping, mapping: {a: [1]}}]\n", "p.yml:1:59: a new name is text" },
		{ "transformations: [{type: add_condition, conditions: {A|conains: 1}}]\n",
		  "p.yml:1:56: there is no modifier 'conains'" },
		{ "transformations: [{type: change_logsource}]\n", "p.yml:1:19: 'change_logsource' needs" },
		{ "transformtions: []\n", "p.yml:1:1: unknown key 'transformtions', did you mean 'transformations'?" },
		{ "vars: {a: []}\n", "p.yml:1:11: a placeholder needs a value" },
		{ "vars: [", "p.yml:2:1: " },
		{ "finalizers: []\n", "p.yml: 'postprocessing' and 'finalizers' change queries" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(arena);
		struct err err = { 0 };
		struct loaded loaded = load_pipeline(&arena, cases[i].text, base_rules, &err);
		assert_int_equal(loaded.rules.n, 0);
		if (!strstr(err.text, cases[i].said))
			fail_msg("%s\nsaid     %s\nnot      %s", cases[i].text, err.text, cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wildcards),  cmocka_unit_test(test_absence),   cmocka_unit_test(test_equality),
		cmocka_unit_test(test_regex),      cmocka_unit_test(test_lists),     cmocka_unit_test(test_windash),
		cmocka_unit_test(test_encodings),  cmocka_unit_test(test_cidr),      cmocka_unit_test(test_fieldref),
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_expand),    cmocka_unit_test(test_names),
		cmocka_unit_test(test_compare),    cmocka_unit_test(test_wrong_modifiers),
		cmocka_unit_test(test_warnings), cmocka_unit_test(test_head_warnings),   cmocka_unit_test(test_rule),      cmocka_unit_test(test_documents),
		cmocka_unit_test(test_correlation), cmocka_unit_test(test_correlation_extended),
		cmocka_unit_test(test_correlation_wrong), cmocka_unit_test(test_correlation_chains),
		cmocka_unit_test(test_correlation_names), cmocka_unit_test(test_filters),
		cmocka_unit_test(test_pipeline_fields), cmocka_unit_test(test_pipeline_rules),
		cmocka_unit_test(test_pipeline_placeholders), cmocka_unit_test(test_pipeline_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
