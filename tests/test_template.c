/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "data/json.h"
#include "data/template.h"

static int render(struct buf *out, const char *page, const char *values, struct err *err)
{
	ARENA(arena);
	struct source source = { .name = "values", .text = str_from(values) };
	struct source text = { .name = "page.html", .text = str_from(page) };
	const struct doc *doc;
	assert_int_equal(json_parse(&arena, &source, &doc, err), 0);
	return template_render(out, &text, doc, LANG_EN, err);
}

static void test_pages(void **state)
{
	(void)state;
	static const struct {
		const char *page, *values, *out;
	} cases[] = {
		{ "a {{x}} b", "{\"x\":\"<&\\\"'>\"}", "a &lt;&amp;&quot;&#39;&gt; b" },
		{ "{{x}} {{y}} {{z}}", "{\"x\":1,\"y\":2.5,\"z\":true}", "1 2.5 true" },
		{ "{{#l}}[{{.}}]{{/l}}", "{\"l\":[1,\"b\",3]}", "[1][b][3]" },
		{ "{{#l}}{{a}}{{b}}{{/l}}", "{\"b\":\"!\",\"l\":[{\"a\":1},{\"a\":2}]}", "1!2!" },
		{ "{{^l}}none{{/l}}", "{\"l\":[]}", "none" },
		{ "{{#l}}x{{/l}}{{^l}}y{{/l}}", "{\"l\":0}", "y" },
		{ "{{#l}}x{{/l}}", "{\"l\":\"text\"}", "x" },
		{ "{{a.b.c}}", "{\"a\":{\"b\":{\"c\":7}}}", "7" },
		{ "{{#a}}{{#a}}{{x}}{{/a}}{{/a}}", "{\"a\":{\"a\":{\"x\":1}}}", "1" },
		{ "1\n{{#l}}\n- {{.}}\n{{/l}}\n2\n", "{\"l\":[1,2]}", "1\n- 1\n- 2\n2\n" },
		{ "{{! nothing }}\nx", "{}", "x" },
		{ "{{_An unknown text}}", "{}", "An unknown text" },
		{ "}} { {", "{}", "}} { {" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		BUF(out);
		struct err err = { "" };
		int r = render(&out, cases[i].page, cases[i].values, &err);
		if (r < 0 || !str_is(buf_str(&out), cases[i].out))
			fail_msg("%s: %d '%s' %s", cases[i].page, r, buf_cstr(&out), err.text);
	}
}

static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *page, *says;
	} cases[] = {
		{ "{{x", "page.html:1:1: no }} closes" },
		{ "a\n {{none}}", "page.html:2:2: there is no value 'none'" },
		{ "{{#l}}", "page.html:1:1: nothing closes the section 'l'" },
		{ "{{/l}}", "no section is open for 'l'" },
		{ "{{#l}}{{/m}}", "another section is open here than 'm'" },
		{ "{{#l}}{{#l}}{{/l}}", "nothing closes" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		BUF(out);
		struct err err = { "" };
		assert_true(render(&out, cases[i].page, "{\"l\":[1]}", &err) < 0);
		if (str_find(str_from(err.text), cases[i].says) < 0)
			fail_msg("%s: %s", cases[i].page, err.text);
	}
	/* Nested deeper than is sane. */
	BUF(deep);
	for (int i = 0; i < 100; i++)
		buf_puts(&deep, "{{#l}}");
	for (int i = 0; i < 100; i++)
		buf_puts(&deep, "{{/l}}");
	BUF(out);
	struct err err = { "" };
	assert_true(render(&out, buf_cstr(&deep), "{\"l\":[1]}", &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pages), cmocka_unit_test(test_faults) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
