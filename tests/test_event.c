/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Names, events and the parse driver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/parser.h"

static void names_fold_case_and_reset_to_the_seed(void **state)
{
	(void)state;
	CLEANUP(names_free_p) struct names *seed = names_new();
	uint32_t image = names_add(seed, STR("Image"));
	CLEANUP(names_free_p) struct names *names = names_copy(seed);
	assert_int_equal(names_find(names, STR("Image")), image);
	uint32_t lower = names_add(names, STR("image"));
	assert_int_not_equal(lower, image);
	assert_int_equal(names_folded(names, lower), image);
	names_reset(names);
	assert_int_equal(names_find(names, STR("image")), NAME_NONE);
	assert_int_equal(names_find(names, STR("Image")), image);
	/* More names than fit are refused, those of the seed are not. */
	ARENA(arena);
	for (int i = 0; i < NAMES_MOST + 10; i++)
		(void)names_add(names, arena_printf(&arena, "n%d", i));
	assert_true(names_full(names));
	assert_int_equal(names_add(names, STR("one more")), NAME_NONE);
	assert_int_equal(names_add(names, STR("Image")), image);
}

static void lines_are_cut_and_kept(void **state)
{
	(void)state;
	CLEANUP(names_free_p) struct names *names = names_new();
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse;
	size_t used;
	parse_init(&parse, &parser_plain, NULL);
	parse_lines(&parse, &batch, STR("one\r\n\ntwo\nthr"), false, &used);
	assert_int_equal(used, 10);
	assert_int_equal(batch.events.n, 2);
	assert_true(str_is(batch.events.p[0].raw, "one"));
	assert_int_equal(batch.events.p[1].line, 3);
	parse_lines(&parse, &batch, STR("three"), true, &used);
	assert_true(str_is(batch.events.p[2].raw, "three"));
	assert_int_equal(batch.events.p[2].line, 4);
	/* A line beyond the limit comes in pieces, and the next line is right again. */
	ARENA(arena);
	size_t n = PARSE_LINE * 2 + 100;
	char *line = arena_bytes(&arena, n + 5);
	memset(line, 'x', n);
	memcpy(line + n, "\nend\n", 5);
	parse_lines(&parse, &batch, (struct str){ line, n + 5 }, true, &used);
	assert_int_equal(used, n + 5);
	assert_int_equal(batch.events.n, 3 + 4);
	assert_non_null(batch.events.p[3].flaw);
	assert_int_equal(batch.events.p[5].line, 5);
	assert_true(str_is(batch.events.p[6].raw, "end"));
	assert_int_equal(batch.events.p[6].line, 6);
	assert_int_equal(parse.flawed, 2);
}

static void escapes_are_taken_out(void **state)
{
	(void)state;
	ARENA(arena);
	struct event_field field = { .value = STR("C:\\\\a\\n\\u4e2d\\ud83d\\ude00\\ud800x\\/\\\""), .kind = VALUE_ESCAPED };
	struct str text = event_text(&arena, &field);
	assert_true(str_is(text, "C:\\a\n\xe4\xb8\xad\xf0\x9f\x98\x80\xef\xbf\xbdx/\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_fold_case_and_reset_to_the_seed),
		cmocka_unit_test(lines_are_cut_and_kept),
		cmocka_unit_test(escapes_are_taken_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
