/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/tokens.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct token_filter filter_of(struct buf *bytes, const char *text)
{
	struct token_set set = { 0 };
	struct token_filter filter;
	token_set_add_text(&set, str_from(text));
	token_set_add_head(&set, TOKEN_HOST, STR("His01.example"));
	token_set_add_head(&set, TOKEN_PARSER, STR("json"));
	token_filter_make(&set, bytes);
	token_set_done(&set);
	token_filter_open(buf_str(bytes), &filter);
	return filter;
}

static void words_behind_escapes_are_words(void **state UNUSED)
{
	BUF(bytes);
	struct token_filter filter = filter_of(&bytes, "{\"a\":\"x\\r\\n\\tSecurity \\u003cscript\\u4e2dname C:\\\\new\"}");
	assert_true(token_filter_may_hold_text(&filter, STR("Security"), true));
	assert_true(token_filter_may_hold_text(&filter, STR("script"), true));
	assert_true(token_filter_may_hold_text(&filter, STR("name"), true));
	assert_true(token_filter_may_hold_text(&filter, STR("new"), true));
	assert_false(token_filter_may_hold_text(&filter, STR("ecurity"), true));
	assert_false(token_filter_may_hold_head(&filter, TOKEN_ODD, STR("")));
	buf_clear(&bytes);
	filter = filter_of(&bytes, "{\"a\":\"\\u212Aelvin\"}");
	assert_true(token_filter_may_hold_head(&filter, TOKEN_ODD, STR("")));
	assert_true(token_filter_may_hold_text(&filter, STR("elvin"), true));
}

static void heads_are_told_apart(void **state UNUSED)
{
	BUF(bytes);
	struct token_filter filter = filter_of(&bytes, "his01 audit");
	assert_true(token_filter_may_hold_head(&filter, TOKEN_HOST, STR("HIS01.EXAMPLE")));
	assert_false(token_filter_may_hold_head(&filter, TOKEN_HOST, STR("his01")));
	assert_true(token_filter_may_hold_head(&filter, TOKEN_PARSER, STR("json")));
	assert_false(token_filter_may_hold_head(&filter, TOKEN_SOURCE, STR("json")));
	assert_false(token_filter_may_hold_head(&filter, TOKEN_PARSER, STR("audit")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_behind_escapes_are_words),
		cmocka_unit_test(heads_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
