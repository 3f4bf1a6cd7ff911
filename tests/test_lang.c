/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/content.h"
#include "data/lang.h"

static void test_parse(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int lang; /* -1: none of ours */
	} cases[] = {
		{ "zh-CN", LANG_ZH },   { "zh_CN.UTF-8", LANG_ZH }, { "zh", LANG_ZH },  { "ZH_cn", LANG_ZH },
		{ "zh-Hans", LANG_ZH }, { "vi", LANG_VI },          { "vi_VN", LANG_VI }, { "vi_VN@x", LANG_VI },
		{ "en", LANG_EN },      { "en_US.UTF-8", LANG_EN }, { "en-GB", LANG_EN }, { "C", -1 },
		{ "POSIX", -1 },        { "C.UTF-8", -1 },          { "", -1 },         { "vim", -1 },
		{ "e", -1 },            { "english", -1 },          { "fr_FR", -1 },    { "_zh", -1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum lang lang = LANG_COUNT;
		bool ours = lang_parse(str_from(cases[i].name), &lang);
		if (ours != (cases[i].lang >= 0) || (ours && (int)lang != cases[i].lang))
			fail_msg("%s", cases[i].name);
		if (!ours)
			assert_int_equal(lang, LANG_COUNT);
	}
	enum lang lang;
	assert_false(lang_parse(STR_NONE, &lang));
	for (int i = 0; i < LANG_COUNT; i++) {
		assert_true(lang_parse(str_from(lang_names[i]), &lang));
		assert_int_equal(lang, i);
	}
	assert_null(lang_names[LANG_COUNT]);
}

static enum lang with(const char *all, const char *messages, const char *lang)
{
	const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *const values[] = { all, messages, lang };
	for (size_t i = 0; i < COUNT(names); i++) {
		if (values[i])
			setenv(names[i], values[i], 1);
		else
			unsetenv(names[i]);
	}
	return lang_from_environment();
}

static void test_environment(void **state)
{
	(void)state;
	assert_int_equal(with(NULL, NULL, NULL), LANG_EN);
	assert_int_equal(with(NULL, NULL, "zh_CN.UTF-8"), LANG_ZH);
	assert_int_equal(with(NULL, "vi_VN", "zh_CN.UTF-8"), LANG_VI);
	assert_int_equal(with("en_US", "vi_VN", "zh_CN.UTF-8"), LANG_EN);
	assert_int_equal(with("", "", "zh_CN.UTF-8"), LANG_ZH);
	assert_int_equal(with("C", NULL, "zh_CN.UTF-8"), LANG_EN);
}

/* A directory with its own words lies over the embedded ones: so the tests know what must come out. */
static char dir[] = "/tmp/ward-lang-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int load(enum lang lang, struct err *err)
{
	struct content content;
	int r = content_open(&content, dir, err);
	if (r < 0)
		return r;
	r = lang_load(lang, &content, err);
	content_close(&content);
	return r;
}

static int setup(void **state)
{
	(void)state;
	char path[256];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/i18n", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	write_file("i18n/zh-CN.yaml", "cannot read {}: 无法读取{}\n"
	                              "\"error: cannot open '{}'\": 打不开“{}”\n"
	                              "\"cannot lose {}: {}\": \"无法丢失 {}：{}\"\n"
	                              "\"error: cannot lose the private key '{}'\": 丢失私钥“{}”\n"
	                              "\"error: no key '{}' in '{}'\": “{2}”中没有“{1}”\n"
	                              "\"{} of {} rows\": 共 {2} 行,其中 {1} 行\n"
	                              "permission denied: 权限不够\n"
	                              "\"{9} {x} {\": \"{9} {x} {\"\n");
	write_file("i18n/vi.yaml", "permission denied: từ chối\ntwo: [1]\n");
	struct err err = { 0 };
	assert_int_equal(load(LANG_ZH, &err), 0);
	assert_int_equal(load(LANG_VI, &err), -EINVAL);
	char expected[256];
	snprintf(expected, sizeof(expected), "%s/i18n/vi.yaml:2:6: text is expected here, not a list", dir);
	assert_string_equal(err.text, expected);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	const char *const names[] = { "i18n/zh-CN.yaml", "i18n/vi.yaml", "i18n", "" };
	for (size_t i = 0; i < COUNT(names); i++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return 0;
}

static void test_tr(void **state)
{
	(void)state;
	assert_true(str_is(tr(LANG_ZH, "permission denied"), "权限不够"));
	assert_true(str_is(tr(LANG_VI, "permission denied"), "từ chối")); /* stood before the mistake */
	assert_true(str_is(tr(LANG_EN, "permission denied"), "permission denied"));
	assert_true(str_is(tr(LANG_ZH, "nobody translated this"), "nobody translated this"));
	assert_string_equal(TR("x"), "x");
}

static void assert_note(enum lang lang, struct note note, const char *expected)
{
	ARENA(arena);
	assert_string_equal(note_text(&arena, lang, &note).p, expected);
}

static void test_note(void **state)
{
	(void)state;
	struct note read = { "cannot read {}", { STR("/etc/shadow") } };
	assert_note(LANG_EN, read, "cannot read /etc/shadow");
	assert_note(LANG_ZH, read, "无法读取/etc/shadow");
	assert_note(LANG_VI, read, "cannot read /etc/shadow");
	/* Another language may need another order. */
	struct note rows = { "{} of {} rows", { STR("3"), STR("7") } };
	assert_note(LANG_EN, rows, "3 of 7 rows");
	assert_note(LANG_ZH, rows, "共 7 行,其中 3 行");
	/* Values are translated too, if they are known words. */
	struct note why = { "cannot read {}", { STR("permission denied") } };
	assert_note(LANG_EN, why, "cannot read permission denied");
	assert_note(LANG_ZH, why, "无法读取权限不够");
	assert_note(LANG_VI, why, "cannot read từ chối");
	/* A value is not looked through for places. */
	ARENA(errors);
	assert_string_equal(tr_error(&errors, LANG_ZH, STR("a.yaml:3: cannot open 'x: y': busy")).p, "a.yaml:3：打不开“x: y”：busy");
	assert_string_equal(tr_error(&errors, LANG_ZH, STR("cannot open 'x")).p, "cannot open 'x");
	assert_string_equal(tr_error(&errors, LANG_ZH, STR("no key 'a' in 'b'")).p, "“b”中没有“a”");
	/* Of what says the whole and what says its first part, that which says more. */
	assert_string_equal(tr_error(&errors, LANG_ZH, STR("cannot lose the private key '/in x/y': permission denied")).p, "丢失私钥“/in x/y”：权限不够");
	assert_string_equal(tr_error(&errors, LANG_EN, STR("no key 'a' in 'b'")).p, "no key 'a' in 'b'");
	assert_note(LANG_EN, (struct note){ "{} match{es} of {} rule{s}", { STR("1"), STR("2") } }, "1 match of 2 rules");
	assert_note(LANG_EN, (struct note){ "{} match{es} of {} rule{s}", { STR("0"), STR("1") } }, "0 matches of 1 rule");
	assert_note(LANG_EN, (struct note){ "{} {}", { STR("{2}"), STR("b") } }, "{2} b");
	assert_note(LANG_EN, (struct note){ "{2}{1}{2}{}", { STR("a"), STR("b") } }, "baba");
	assert_note(LANG_EN, (struct note){ "{}{}{}{}{}", { STR("a"), STR("b"), STR("c"), STR("d") } }, "abcd{}");
	assert_note(LANG_ZH, (struct note){ "{9} {x} {" }, "{9} {x} {");
	assert_note(LANG_EN, (struct note){ "<{}>" }, "<>");
	assert_note(LANG_ZH, (struct note){ 0 }, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_tr),
		cmocka_unit_test(test_note),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
