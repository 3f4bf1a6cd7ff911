/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Truth: the vectors of RFC 4648 section 10.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"

static void as_in_the_rfc(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{ "", "" },         { "f", "Zg==" },         { "fo", "Zm8=" },         { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff", "+/8=" },
	};
	for (size_t i = 0; i < COUNT(pairs); i++) {
		BUF(text);
		BUF(bytes);
		base64_add(&text, str_from(pairs[i][0]));
		assert_string_equal(buf_cstr(&text), pairs[i][1]);
		assert_true(base64_decode(buf_str(&text), &bytes));
		assert_string_equal(buf_cstr(&bytes), pairs[i][0]);
	}
}

static void anything_else_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "A", "AAAAA", "Zm9 v", "Zm9v\n", "Z=9v", "Zg===", "-_8=" };
	for (size_t i = 0; i < COUNT(wrong); i++) {
		BUF(bytes);
		assert_false(base64_decode(str_from(wrong[i]), &bytes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_in_the_rfc),
		cmocka_unit_test(anything_else_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
