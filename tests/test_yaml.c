/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "data/yaml.h"

static const struct doc *parse(struct arena *arena, struct source *source, const char *text)
{
	const struct doc *doc = NULL;
	struct err err = { 0 };
	*source = (struct source){ .name = "a.yaml", .text = str_from(text) };
	if (yaml_parse(arena, source, &doc, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return doc;
}

static void assert_refused(const char *text, const char *message)
{
	ARENA(arena);
	struct source source = { .name = "a.yaml", .text = str_from(text) };
	const struct doc *doc = NULL;
	struct err err = { 0 };
	assert_int_equal(yaml_parse(&arena, &source, &doc, &err), -EINVAL);
	assert_string_equal(err.text, message);
}

static void assert_at(const struct source *source, const struct doc *node, unsigned line, unsigned column)
{
	unsigned l, c;
	doc_where(source, node, &l, &c);
	assert_int_equal(l, line);
	assert_int_equal(c, column);
}

static void test_tree(void **state)
{
	(void)state;
	ARENA(arena);
	struct source source;
	const struct doc *doc = parse(&arena, &source,
	                              "# a comment\n"
	                              "- id: ssh\n"
	                              "  title: {zh-CN: 禁止, en: 'no: root'}\n"
	                              "  sql: |\n"
	                              "    SELECT 1\n"
	                              "    FROM t\n"
	                              "- []\n"
	                              "- {}\n");
	assert_true(source.lines);
	assert_int_equal(doc->type, DOC_ARRAY);
	assert_int_equal(doc->n, 3);
	const struct doc *check = &doc->items[0];
	assert_at(&source, check, 2, 3);
	assert_int_equal(check->n, 3);
	assert_true(str_is(doc_string(doc_get(check, STR("id"))), "ssh"));
	const struct doc *title = doc_get(check, STR("title"));
	assert_at(&source, title, 3, 10);
	const struct doc *en = doc_get(title, STR("en"));
	assert_true(str_is(doc_string(en), "no: root"));
	assert_true(en->quoted);
	assert_at(&source, en, 3, 26); /* characters, not bytes */
	assert_true(str_is(doc_string(doc_get(check, STR("sql"))), "SELECT 1\nFROM t\n"));
	assert_int_equal(doc->items[1].type, DOC_ARRAY);
	assert_int_equal(doc->items[1].n, 0);
	assert_int_equal(doc->items[2].type, DOC_MAP);
	assert_int_equal(doc->items[2].n, 0);
}

/* The examples of YAML 1.2.2 section 10.3.2, and what is near them. */
static void test_scalars(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int type;
		double value;
	} cases[] = {
		{ "null", DOC_NULL, 0 },      { "~", DOC_NULL, 0 },          { "NULL", DOC_NULL, 0 },
		{ "nULL", DOC_STRING, 0 },    { "true", DOC_BOOL, 1 },       { "FALSE", DOC_BOOL, 0 },
		{ "yes", DOC_STRING, 0 },     { "no", DOC_STRING, 0 },       { "on", DOC_STRING, 0 },
		{ "0", DOC_INT, 0 },          { "0o7", DOC_INT, 7 },         { "0x3A", DOC_INT, 58 },
		{ "-19", DOC_INT, -19 },      { "+3", DOC_INT, 3 },          { "0644", DOC_INT, 644 },
		{ "0o8", DOC_STRING, 0 },     { "0x", DOC_STRING, 0 },       { "0x-1", DOC_STRING, 0 },
		{ "-0x1", DOC_STRING, 0 },    { "1_000", DOC_STRING, 0 },    { "12:30:45", DOC_STRING, 0 },
		{ "0.", DOC_REAL, 0 },        { "-0.0", DOC_REAL, 0 },       { ".5", DOC_REAL, 0.5 },
		{ "+12e03", DOC_REAL, 12000 }, { "-2E+05", DOC_REAL, -200000 }, { "1e", DOC_STRING, 0 },
		{ ".", DOC_STRING, 0 },       { "-", DOC_STRING, 0 },        { "1.2.3", DOC_STRING, 0 },
		{ ".inf", DOC_REAL, INFINITY }, { "-.Inf", DOC_REAL, -INFINITY }, { "inf", DOC_STRING, 0 },
		{ "nan", DOC_STRING, 0 },     { "9223372036854775807", DOC_INT, 9223372036854775807.0 },
		{ "9223372036854775808", DOC_REAL, 9223372036854775808.0 }, { "2026-01-01", DOC_STRING, 0 },
		{ "1e999", DOC_STRING, 0 },   { "+", DOC_STRING, 0 },        { "0b1", DOC_STRING, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(arena);
		struct source source;
		const struct doc *map =
			parse(&arena, &source, arena_printf(&arena, "k: %s\n",
		                                            strcmp(cases[i].text, "-") ? cases[i].text : "\\-").p);
		const struct doc *node = doc_get(map, STR("k"));
		if (node->type != cases[i].type)
			fail_msg("%s is %s", cases[i].text, doc_type_words(node));
		if (node->type == DOC_INT)
			assert_true((double)node->integer == cases[i].value);
		if (node->type == DOC_REAL)
			assert_true(node->real == cases[i].value);
		if (node->type == DOC_BOOL)
			assert_int_equal(node->boolean, cases[i].value != 0);
	}
}

static void test_quoted_is_text(void **state)
{
	(void)state;
	ARENA(arena);
	struct source source;
	const struct doc *doc = parse(&arena, &source, "['0644', \"true\", '', \"a\\0b\\u4e2d\", 5: 6]");
	assert_int_equal(doc->n, 5);
	assert_true(str_is(doc_string(&doc->items[0]), "0644"));
	assert_true(str_is(doc_string(&doc->items[1]), "true"));
	assert_true(str_is(doc_string(&doc->items[2]), ""));
	assert_true(str_eq(doc_string(&doc->items[3]), STR("a\0b中")));
	/* A key is text whatever it looks like. */
	assert_true(str_is(doc_string(doc_key(&doc->items[4], 0)), "5"));
	assert_int_equal(doc_value(&doc->items[4], 0)->integer, 6);
}

static void test_empty(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "\n\n", "# only a comment\n", "---\n", "\xef\xbb\xbf" };
	for (size_t i = 0; i < COUNT(texts); i++) {
		ARENA(arena);
		struct source source;
		assert_int_equal(parse(&arena, &source, texts[i])->type, DOC_NULL);
	}
	ARENA(arena);
	struct source source = { .name = "a.yaml" };
	const struct doc *doc;
	struct err err = { 0 };
	assert_int_equal(yaml_parse(&arena, &source, &doc, &err), 0);
	assert_int_equal(doc->type, DOC_NULL);
	assert_at(&source, doc, 1, 1);
	doc = parse(&arena, &source, "\xef\xbb\xbf"
	                             "a: 1\r\nb: 2\r\n");
	assert_int_equal(doc_get(doc, STR("b"))->integer, 2);
	assert_at(&source, doc_key(doc, 0), 1, 1);
	assert_at(&source, doc_key(doc, 1), 2, 1);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("a: &x 1\nb: *x\n", "a.yaml:1:4: the anchor '&x' is not allowed; write the value out");
	assert_refused("a: 1\nb: *x\n", "a.yaml:2:4: the alias '*x' is not allowed; write the value out");
	assert_refused("a: !!str 1\n",
	               "a.yaml:1:4: the tag 'tag:yaml.org,2002:str' is not allowed; remove it");
	assert_refused("a: ! 1\n", "a.yaml:1:4: the tag '!' is not allowed; remove it");
	assert_refused("x: 0\nid: 1\ny: 2\nid: 3\n",
	               "a.yaml:4:1: the key 'id' stands twice, first on line 2; remove one");
	assert_refused("a\n---\nb\n", "a.yaml:2:1: a second document begins here; one file holds one");
	assert_refused("? [a]\n: b\n", "a.yaml:1:3: a list cannot be a key; put it in quotes");
	assert_refused("? {a: 1}\n: b\n", "a.yaml:1:3: a map cannot be a key; put it in quotes");
}

static void test_syntax(void **state)
{
	(void)state;
	assert_refused("a: b: c\n",
	               "a.yaml:1:5: a ':' cannot stand here; put the text in quotes, or check the indentation");
	assert_refused("a:\n\t- b\n", "a.yaml:2:1: a tab indents this line; use spaces");
	assert_refused("a: @b\n",
	               "a.yaml:1:4: no value can start with this character; put the text in quotes");
	assert_refused("a: 'b\nc: d\n", "a.yaml:3:1: the file ends inside a text; close the quote "
	                                "(what is open here began on line 1)");
	assert_refused("a: [1, 2\nb: 3\n", "a.yaml:2:2: a ',' or ']' was expected; is the list closed? "
	                                   "(what is open here began on line 1)");
	assert_refused("a: \"C:\\q\"\n",
	               "a.yaml:1:7: this '\\' begins no known escape; double it, or use single quotes");
	assert_refused("a: 1\n  b: 2\n",
	               "a.yaml:2:4: a ':' cannot stand here; put the text in quotes, or check the indentation");
	assert_refused("ok: 1\na: \xff\n", "a.yaml:2:4: not valid UTF-8; save the file as UTF-8");
	assert_refused("a: \x01\n", "a.yaml:1:4: a control character stands here; remove it, "
	                            "or write it as \"\\x..\"");
}

static void test_bounds(void **state)
{
	(void)state;
	ARENA(arena);
	struct source source;
	char deep[2 * YAML_DEPTH + 3];
	memset(deep, '[', YAML_DEPTH);
	memset(deep + YAML_DEPTH, ']', YAML_DEPTH);
	deep[2 * YAML_DEPTH] = 0;
	parse(&arena, &source, deep);
	memset(deep, '[', YAML_DEPTH + 1);
	memset(deep + YAML_DEPTH + 1, ']', YAML_DEPTH + 1);
	deep[sizeof(deep) - 1] = 0;
	assert_refused(deep, "a.yaml:1:65: nested deeper than 64 levels");

	/* libyaml would compare each of these with all before it. */
	BUF(tags);
	for (int i = 0; i < 300000; i++)
		buf_printf(&tags, "%%TAG !a%d! b\n", i);
	assert_refused(buf_cstr(&tags),
	               "a.yaml:1:1: too many %TAG directives; tags are not allowed, remove them");

	/* One node too many: the list itself counts. */
	size_t n = YAML_NODES;
	char *many = arena_bytes(&arena, 2 * n + 3);
	many[0] = '[';
	for (size_t i = 0; i < n; i++) {
		many[1 + 2 * i] = 'a';
		many[2 + 2 * i] = ',';
	}
	many[2 * n + 1] = ']';
	many[2 * n + 2] = 0;
	struct err err = { 0 };
	const struct doc *doc;
	source = (struct source){ .name = "a.yaml", .text = { many, 2 * n + 2 } };
	assert_int_equal(yaml_parse(&arena, &source, &doc, &err), -EINVAL);
	assert_string_equal(err.text, "a.yaml:1:4095: more than 2000000 values in one file; split it");
	many[2 * n - 1] = ']';
	source.text.n = 2 * n;
	assert_int_equal(yaml_parse(&arena, &source, &doc, &err), 0);
	assert_int_equal(doc->n, YAML_NODES - 1);
}

/* The tree does not point into the text. */
static void test_text_may_go(void **state)
{
	(void)state;
	ARENA(arena);
	struct source source = { .name = "a.yaml" };
	char text[] = "key: some text";
	source.text = str_from(text);
	const struct doc *doc;
	assert_int_equal(yaml_parse(&arena, &source, &doc, NULL), 0);
	memset(text, 'x', sizeof(text));
	assert_true(str_is(doc_string(doc_get(doc, STR("key"))), "some text"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),    cmocka_unit_test(test_scalars), cmocka_unit_test(test_quoted_is_text),
		cmocka_unit_test(test_empty),   cmocka_unit_test(test_refused), cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_bounds),  cmocka_unit_test(test_text_may_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
