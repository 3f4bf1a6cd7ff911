/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/fold.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/utf8.h"

static struct str put(char out[UTF8_LONGEST], uint32_t code)
{
	size_t n = utf8_put(out, code);
	return (struct str){ out, n };
}

/* PCRE2 knows Unicode's cases from its own tables. */
static bool pcre_same(uint32_t a, uint32_t b)
{
	char x[UTF8_LONGEST], y[UTF8_LONGEST];
	struct str pattern = put(x, a), text = put(y, b);
	int code;
	size_t at;
	pcre2_code *regex = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
	                                  PCRE2_UTF | PCRE2_CASELESS | PCRE2_LITERAL | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code,
	                                  &at, NULL);
	assert_non_null(regex);
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	int r = pcre2_match(regex, (PCRE2_SPTR)text.p, text.n, 0, 0, match, NULL);
	pcre2_match_data_free(match);
	pcre2_code_free(regex);
	return r >= 0;
}

static void every_character_folds_to_one_that_is_the_same_but_for_case(void **state UNUSED)
{
	for (uint32_t code = 1; code <= 0x10ffff; code++) {
		if (code >= 0xd800 && code < 0xe000)
			continue;
		uint32_t folded = fold_char(code);
		if (folded != code) {
			assert_true(pcre_same(code, folded));
			assert_int_equal(fold_char(folded), folded);
		}
	}
}

/* The other way round: one expression of all folded letters; what it finds beside itself folds to one of them. */
static void no_case_is_left_out(void **state UNUSED)
{
	size_t checked = 0;
	for (uint32_t code = 0x41; code <= 0x1e943; code++) {
		if (code >= 0xd800 && code < 0xe000)
			continue;
		if (code > 0x600 && code < 0x10a0)
			code = 0x10a0; /* scripts without cases */
		if (code > 0x2e00 && code < 0xa640)
			code = 0xa640;
		if (code > 0xac00 && code < 0xfb00)
			code = 0xfb00;
		static const uint32_t near[] = { 1, 2, 7, 8, 15, 16, 26, 32, 34, 40, 48, 64, 80 };
		for (size_t i = 0; i < COUNT(near); i++) {
			uint32_t other = code + near[i];
			if (other >= 0xd800 && other < 0xe000)
				continue;
			if (fold_char(code) == fold_char(other))
				assert_true(pcre_same(code, other));
			else if (checked++ % 64 == 0)
				assert_int_equal(pcre_same(code, other), 0);
		}
	}
}

static void texts(void **state UNUSED)
{
	ARENA(arena);
	size_t n;
	struct str needle = fold_text(&arena, STR("Пароль"));
	assert_int_equal(fold_find(STR("смени ПАРОЛЬ!"), needle, &n), 11);
	assert_int_equal(n, 12);
	assert_int_equal(fold_find(STR("登录失败 admin"), STR("失败"), &n), 6);
	assert_int_equal(fold_find(STR("ADMIN"), STR("min"), &n), 2);
	assert_int_equal(fold_find(STR("bla \xe2\x84\xaa" "elvin"), STR("kelvin"), &n), 4);
	assert_int_equal(n, 8);
	assert_int_equal(fold_find(STR("pa\xc5\xbf\xc5\xbfword"), STR("password"), &n), 0);
	assert_int_equal(fold_find(STR("short"), STR("shorter"), &n), -1);
	assert_int_equal(fold_find(STR("x"), STR(""), &n), 0);
	assert_int_equal(fold_find(STR("\xff\xfe" "A"), STR("\xfe" "a"), &n), 1);
	assert_true(fold_eq(STR("Ärger"), STR("äRGER")));
	assert_false(fold_eq(STR("Ärger"), STR("äRGERn")));
	assert_false(fold_eq(STR("ß"), STR("ss")));
	assert_int_equal(fold_prefix(STR("\xe2\x84\xaa!"), STR("k")), 3);
	assert_int_equal(fold_prefix(STR("ab"), STR("abc")), -1);
	BUF(buf);
	fold_add(&buf, STR("ȺȾ\xff")); /* two bytes become three */
	assert_int_equal(buf.n, 7);
}

/* ASCII is folded many at a time, which must look like one at a time wherever it stands. */
static void ascii_folds_wherever_it_stands(void **state UNUSED)
{
	for (size_t length = 1; length <= 80; length++)
		for (int c = 0; c < 0x80; c++) {
			char text[80], out[128];
			memset(text, '@' + (int)length % 30, sizeof(text));
			text[length - 1] = (char)c;
			text[length / 2] = (char)c;
			assert_int_equal(fold_into(out, (struct str){ text, length }), length);
			for (size_t i = 0; i < length; i++)
				assert_int_equal(out[i], fold_char((uint32_t)text[i]));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_folds_to_one_that_is_the_same_but_for_case),
		cmocka_unit_test(no_case_is_left_out),
		cmocka_unit_test(texts),
		cmocka_unit_test(ascii_folds_wherever_it_stands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
