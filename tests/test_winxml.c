/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Windows events as XML: an export in one piece and in pieces; what an event gives is tested in test_evtx.c.
 */
#include "events.h"

#define EVENT(id)                                                                                                       \
	"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/><EventID>" id \
	"</EventID><TimeCreated SystemTime='2026-11-23T00:00:01.5Z'/><Computer>c</Computer></System>\r\n"                    \
	"<EventData><Data Name='a'>x &amp; y</Data></EventData></Event>"
#define FIELDS(id) "Provider_Name=P\nEventID=" id "\nTimeCreated=2026-11-23T00:00:01.5Z\nComputer=c\na=x & y\n"

static void an_export_is_read(void **state)
{
	(void)state;
	static const char text[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Events>" EVENT("1") EVENT("2") "\n</Events>\n" EVENT("3");
	READER(reader, parser_winxml);
	for (size_t step = 1; step < 60; step += 7) {
		size_t from = 0, used;
		for (size_t to = step; from < sizeof(text) - 1; to += step) {
			parse_lines(&reader.parse, &reader.batch, str_slice((struct str){ text, sizeof(text) - 1 }, from, to),
			            to >= sizeof(text) - 1, &used);
			from += used;
		}
		assert_int_equal(reader.batch.events.n, 3);
		expect_event(&reader, 0, FIELDS("1"));
		expect_event(&reader, 1, FIELDS("2"));
		expect_event(&reader, 2, FIELDS("3"));
		assert_int_equal(reader.batch.events.p[0].time, READER_NOW + 1500000000);
		assert_true(str_is(reader.batch.events.p[0].host, "c"));
		expect_again(&reader);
		batch_reset(&reader.batch);
	}
	assert_ptr_equal(parser_probe((struct str){ text, sizeof(text) - 1 }), &parser_winxml);
	assert_ptr_equal(parser_probe(STR(EVENT("1"))), &parser_winxml);
}

static void what_is_cut_is_kept(void **state)
{
	(void)state;
	READER(reader, parser_winxml);
	reader_take(&reader, "junk\n" EVENT("1") "<Event><System>");
	assert_int_equal(reader.batch.events.n, 3);
	assert_int_equal(reader.parse.flawed, 2);
	assert_true(str_is(reader.batch.events.p[0].raw, "junk"));
	assert_true(str_is(reader.batch.events.p[2].raw, "<Event><System>"));
	ARENA(arena);
	size_t n = 3 * 1024 * 1024, used;
	char *text = arena_bytes(&arena, n);
	memset(text, 'x', n);
	memcpy(text, "<Event>", 7);
	parse_lines(&reader.parse, &reader.batch, (struct str){ text, n }, true, &used);
	assert_int_equal(used, n);
	assert_int_equal(reader.batch.events.n, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_export_is_read),
		cmocka_unit_test(what_is_cut_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
