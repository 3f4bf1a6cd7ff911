/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The journal's export format; the entries are the two examples of its documentation, shortened.
 */
#include "events.h"

#define FIRST                                                                                          \
	"__CURSOR=s=739ad463348b4ceca5a9e69c95a3c93f;i=4ece7\n__REALTIME_TIMESTAMP=1342540861416409\n" \
	"PRIORITY=4\nMESSAGE=a = b\n_PID=587\n_SOURCE_REALTIME_TIMESTAMP=1342540861413961\n_HOSTNAME=epsilon\n"
#define SECOND                                                                                  \
	"__REALTIME_TIMESTAMP=1342540861421465\nMESSAGE\n\x07\0\0\0\0\0\0\0foo\nbar\nCODE_LINE=1\n" \
	"EMPTY=\n_HOSTNAME=epsilon\n"

static void the_documented_entries(void **state)
{
	(void)state;
	static const char text[] = "\n" FIRST "\n" SECOND "\n\n" FIRST;
	READER(reader, parser_journald);
	/* In pieces of every size. */
	for (size_t step = 1; step < 40; step++) {
		size_t from = 0, used;
		for (size_t to = step; from < sizeof(text) - 1; to += step) {
			bool last = to >= sizeof(text) - 1;
			parse_lines(&reader.parse, &reader.batch, str_slice((struct str){ text, sizeof(text) - 1 }, from, to), last, &used);
			from += used;
		}
		assert_int_equal(reader.batch.events.n, 3);
		assert_int_equal(reader.parse.flawed, 0);
		expect_event(&reader, 0,
		             "__CURSOR=s=739ad463348b4ceca5a9e69c95a3c93f;i=4ece7\n__REALTIME_TIMESTAMP=1342540861416409\nPRIORITY=4\n"
		             "MESSAGE=a = b\n_PID=587\n_SOURCE_REALTIME_TIMESTAMP=1342540861413961\n_HOSTNAME=epsilon\n");
		expect_event(&reader, 1,
		             "__REALTIME_TIMESTAMP=1342540861421465\nMESSAGE=foo\nbar\nCODE_LINE=1\nEMPTY=\n_HOSTNAME=epsilon\n");
		assert_int_equal(reader.batch.events.p[0].time, INT64_C(1342540861413961000));
		assert_int_equal(reader.batch.events.p[1].time, INT64_C(1342540861421465000));
		assert_true(str_is(reader.batch.events.p[2].host, "epsilon"));
		assert_true(str_eq(reader.batch.events.p[0].raw, reader.batch.events.p[2].raw));
		expect_again(&reader);
		batch_reset(&reader.batch);
	}
}

static void what_is_broken_is_kept(void **state)
{
	(void)state;
	READER(reader, parser_journald);
	reader_take(&reader, "MESSAGE=good\n\nno field\nA=b\n\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7f" "xy\n\nMESSAGE=good\n");
	assert_int_equal(reader.batch.events.n, 4);
	assert_int_equal(reader.parse.flawed, 2);
	expect_event(&reader, 0, "MESSAGE=good\n");
	expect_event(&reader, 3, "MESSAGE=good\n");
	assert_ptr_equal(parser_probe(STR(FIRST)), &parser_journald);
	/* No entry grows without end. */
	ARENA(arena);
	size_t n = 3 * 1024 * 1024, used;
	char *text = arena_bytes(&arena, n);
	memset(text, 'A', n);
	parse_lines(&reader.parse, &reader.batch, (struct str){ text, n }, true, &used);
	assert_int_equal(used, n);
	assert_int_equal(reader.batch.events.n, 7);
	for (size_t i = 0; i < n; i += 8)
		memcpy(text + i, "A=bbbbb\n", 8);
	parse_lines(&reader.parse, &reader.batch, (struct str){ text, n }, true, &used);
	assert_int_equal(used, n);
	assert_int_equal(reader.batch.events.n, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_entries),
		cmocka_unit_test(what_is_broken_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
