/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "data/schema.h"
#include "data/yaml.h"

struct part {
	struct str name;
	const struct doc *node;
};

struct check {
	struct str id;
	int64_t port;
	bool quiet;
	double ratio;
	int severity;
	struct text title;
	struct strings clauses;
	struct schema_list parts;
	struct part main;
	const struct doc *extra;
};

static const struct schema_field part_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct part, name), .required = true },
	{ 0 },
};
static const struct schema part_schema = { "a part", part_fields, sizeof(struct part),
	                                   offsetof(struct part, node) };
static const char *const severities[] = { "low", "medium", "high", NULL };
static const struct schema_field check_fields[] = {
	{ "id", SCHEMA_STRING, offsetof(struct check, id), .required = true },
	{ "port", SCHEMA_INT, offsetof(struct check, port), .min = 1, .max = 65535 },
	{ "quiet", SCHEMA_BOOL, offsetof(struct check, quiet) },
	{ "ratio", SCHEMA_REAL, offsetof(struct check, ratio) },
	{ "severity", SCHEMA_ENUM, offsetof(struct check, severity), .names = severities },
	{ "title", SCHEMA_TEXT, offsetof(struct check, title) },
	{ "clauses", SCHEMA_STRINGS, offsetof(struct check, clauses) },
	{ "parts", SCHEMA_LIST, offsetof(struct check, parts), .sub = &part_schema },
	{ "main", SCHEMA_MAP, offsetof(struct check, main), .sub = &part_schema },
	{ "extra", SCHEMA_ANY, offsetof(struct check, extra) },
	{ 0 },
};
static const struct schema check_schema = { "a check", check_fields, sizeof(struct check) };

static int decode(struct arena *arena, const char *text, struct check *check, struct err *err)
{
	struct source source = { .name = "c.yaml", .text = str_from(text) };
	const struct doc *doc;
	int r = yaml_parse(arena, &source, &doc, err);
	if (r < 0)
		return r;
	return schema_decode(arena, &source, doc, &check_schema, check, err);
}

static void assert_refused(const char *text, const char *message)
{
	ARENA(arena);
	struct check check = { 0 };
	struct err err = { 0 };
	assert_int_equal(decode(&arena, text, &check, &err), -EINVAL);
	assert_string_equal(err.text, message);
}

static void test_all_types(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { 0 };
	struct check check = { .port = 7 };
	int r = decode(&arena,
	               "id: ssh\nquiet: true\nratio: 2\nseverity: high\n"
	               "title: {zh-CN: 题, vi: tên, en: name}\n"
	               "clauses: [a, '2']\n"
	               "parts:\n  - name: one\n  - name: two\n"
	               "main: {name: three}\n"
	               "extra: [1, {x: y}]\n",
	               &check, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	assert_true(str_is(check.id, "ssh"));
	assert_int_equal(check.port, 7); /* absent: as it was */
	assert_true(check.quiet);
	assert_true(check.ratio == 2.0);
	assert_int_equal(check.severity, 2);
	assert_true(str_is(check.title.in[LANG_ZH], "题"));
	assert_true(str_is(check.title.in[LANG_VI], "tên"));
	assert_true(str_is(check.title.in[LANG_EN], "name"));
	assert_int_equal(check.clauses.n, 2);
	assert_true(str_is(check.clauses.p[1], "2"));
	assert_int_equal(check.parts.n, 2);
	const struct part *parts = check.parts.p;
	assert_true(str_is(parts[1].name, "two"));
	assert_int_equal(parts[1].node->type, DOC_MAP);
	assert_true(str_is(check.main.name, "three"));
	assert_int_equal(check.extra->n, 2);

	struct check one = { 0 };
	assert_int_equal(decode(&arena, "id: a\nport: 65535\nclauses: b\nparts: []\n", &one, &err), 0);
	assert_int_equal(one.port, 65535);
	assert_int_equal(one.clauses.n, 1);
	assert_true(str_is(one.clauses.p[0], "b"));
	assert_int_equal(one.parts.n, 0);
}

static void test_unknown_key(void **state)
{
	(void)state;
	assert_refused("id: x\nsevrity: high\n",
	               "c.yaml:2:1: unknown key 'sevrity', did you mean 'severity'?");
	assert_refused("id: x\nTitle: high\n", "c.yaml:2:1: unknown key 'Title', did you mean 'title'?");
	assert_refused("id: x\nwhatever: 1\n",
	               "c.yaml:2:1: unknown key 'whatever'; a check has id, port, quiet, ratio, severity, "
	               "title, clauses, parts, main, extra");
	assert_refused("id: x\nparts:\n  - name: a\n  - nam: b\n",
	               "c.yaml:4:5: unknown key 'nam', did you mean 'name'?");
}

static void test_missing(void **state)
{
	(void)state;
	assert_refused("port: 5\n", "c.yaml:1:1: a check lacks 'id'");
	assert_refused("id: x\nmain: {}\n", "c.yaml:2:7: a part lacks 'name'");
	assert_refused("", "c.yaml:1:1: a check is expected here, as a map; found nothing");
	assert_refused("id: x\nparts:\n- a\n", "c.yaml:3:3: a part is expected here, as a map; found text");
}

static void test_values(void **state)
{
	(void)state;
	assert_refused("id: 12\n", "c.yaml:1:5: 'id' must be text, not a whole number; put it in quotes");
	assert_refused("id: true\n", "c.yaml:1:5: 'id' must be text, not true or false; put it in quotes");
	assert_refused("id:\n", "c.yaml:1:4: 'id' is empty; give it text, or remove the line");
	assert_refused("id: [a]\n", "c.yaml:1:5: 'id' must be text, not a list");
	assert_refused("id: x\nport: 0\n", "c.yaml:2:7: 'port' is 0, which is not between 1 and 65535");
	assert_refused("id: x\nport: 65536\n", "c.yaml:2:7: 'port' is 65536, which is not between 1 and 65535");
	assert_refused("id: x\nport: 1.5\n", "c.yaml:2:7: 'port' must be a whole number, not a number");
	assert_refused("id: x\nport: '22'\n", "c.yaml:2:7: 'port' must be a whole number, not text");
	assert_refused("id: x\nquiet: yes\n", "c.yaml:2:8: 'quiet' must be true or false, not text");
	assert_refused("id: x\nratio: many\n", "c.yaml:2:8: 'ratio' must be a number, not text");
	assert_refused("id: x\nseverity: hgih\n", "c.yaml:2:11: 'severity' is 'hgih', which is none of low, "
	                                          "medium, high; did you mean 'high'?");
	assert_refused("id: x\nseverity: xxxxxxx\n",
	               "c.yaml:2:11: 'severity' is 'xxxxxxx', which is none of low, medium, high");
	assert_refused("id: x\nclauses: [a, 2]\n",
	               "c.yaml:2:14: 'clauses' must be text, not a whole number; put it in quotes");
	assert_refused("id: x\nclauses: {a: 2}\n", "c.yaml:2:10: 'clauses' must be a list of text, not a map");
	assert_refused("id: x\nparts: {name: a}\n", "c.yaml:2:8: 'parts' must be a list, not a map");
	assert_refused("id: x\nmain: []\n", "c.yaml:2:7: 'main' must be a map, not a list");
}

static void test_text(void **state)
{
	(void)state;
	assert_refused("id: x\ntitle: words\n",
	               "c.yaml:2:8: 'title' must be a map with zh-CN, vi and en, not text");
	assert_refused("id: x\ntitle: {zh-CN: a, en: b}\n",
	               "c.yaml:2:8: 'title' lacks vi; it needs zh-CN, vi and en");
	assert_refused("id: x\ntitle: {zh: a, vi: b, en: c}\n",
	               "c.yaml:2:9: 'title' has the unknown language 'zh'; write zh-CN, vi and en");
	assert_refused("id: x\ntitle: {zh-CN: a, vi: , en: c}\n",
	               "c.yaml:2:23: 'vi' is empty; give it text, or remove the line");
}

static void test_list(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { 0 };
	struct source source = { .name = "p.yaml", .text = STR("- name: a\n- name: b\n") };
	const struct doc *doc;
	struct schema_list list = { 0 };
	assert_int_equal(yaml_parse(&arena, &source, &doc, &err), 0);
	assert_int_equal(schema_decode_list(&arena, &source, doc, &part_schema, &list, &err), 0);
	assert_int_equal(list.n, 2);
	source.text = STR("name: a\n");
	assert_int_equal(yaml_parse(&arena, &source, &doc, &err), 0);
	assert_int_equal(schema_decode_list(&arena, &source, doc, &part_schema, &list, &err), -EINVAL);
	assert_string_equal(err.text, "p.yaml:1:1: a list is expected here, each item a part; found a map");
}

static void test_suggest(void **state)
{
	(void)state;
	static const char *const names[] = { "processes", "process_files", "users", "usb" };
	assert_string_equal(schema_suggest(STR("proceses"), names, 4), "processes");
	assert_string_equal(schema_suggest(STR("user"), names, 4), "users");
	assert_string_equal(schema_suggest(STR("USB"), names, 4), "usb");
	assert_null(schema_suggest(STR("firewall"), names, 4));
	assert_null(schema_suggest(STR("x"), names, 4));
	assert_null(schema_suggest(STR(""), names, 4));
	assert_null(schema_suggest(STR("users"), names, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_types), cmocka_unit_test(test_unknown_key), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_values),    cmocka_unit_test(test_text),        cmocka_unit_test(test_list),
		cmocka_unit_test(test_suggest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
