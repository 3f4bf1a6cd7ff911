/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * JSON events: fields, framing, what is refused, what is remembered between events. fuzz_json_lines compares with the
 * strict parser; here stand the cases by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "event/json_quotes.h"
#include "event/parser.h"

struct fixture {
	struct names *names;
	struct batch batch;
	struct parse parse;
};

static int set_up(void **state)
{
	struct fixture *fixture = mem_alloc(sizeof(*fixture));
	fixture->names = fixture->batch.names = names_new();
	parse_init(&fixture->parse, &parser_json, NULL);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	parse_done(&fixture->parse);
	batch_done(&fixture->batch);
	names_free(fixture->names);
	free(fixture);
	return 0;
}

/* All events as "line:name=value,…;" with ! for a flaw. */
static const char *read_all(struct fixture *fixture, struct buf *out, struct str text)
{
	ARENA(arena);
	size_t used;
	batch_reset(&fixture->batch);
	parse_lines(&fixture->parse, &fixture->batch, text, true, &used);
	assert_int_equal(used, text.n);
	buf_clear(out);
	for (size_t i = 0; i < fixture->batch.events.n; i++) {
		const struct event *event = &fixture->batch.events.p[i];
		buf_printf(out, "%lu:%s", (unsigned long)event->line, event->flaw ? "!" : "");
		for (uint32_t f = 0; f < event->n; f++) {
			static const char kinds[] = { 't', '"', '#', '?', '0' };
			buf_printf(out, "%s%.*s%c%.*s", f ? "," : "",
			           STR_ARG(names_text(fixture->names, event->fields[f].name)), kinds[event->fields[f].kind],
			           STR_ARG(event_text(&arena, &event->fields[f])));
		}
		buf_add_char(out, ';');
	}
	return buf_cstr(out);
}

#define READS(text, expected) assert_string_equal(read_all(fixture, &out, STR(text)), expected)

static void objects_become_flat(void **state)
{
	struct fixture *fixture = *state;
	BUF(out);
	READS("{\"a\":\"x\",\"b\":1,\"c\":true,\"d\":null,\"e\":\"\"}\n", "1:a\"x,b#1,c?true,d0,e\";");
	READS("{\"w\":{\"e\":{\"Image\":\"C:\\\\x\"},\"t\":[\"p\",\"q\",{\"r\":2}]},\"z\":{},\"y\":[]}\n",
	      "2:w.e.Image\"C:\\x,w.t\"p,w.t\"q,w.t.r#2;");
	READS("{ \"a\" : \"x\" , \"a\" : [ [ 1 ] , -2.5e+3 ] }\r\n", "3:a\"x,a#1,a#-2.5e+3;");
	READS("{}\n\n{\"k\\u0041\":1}", "4:;6:kA#1;");
}

static void half_a_line_is_no_event(void **state)
{
	struct fixture *fixture = *state;
	BUF(out);
	READS("{\"a\":1}{\"b\":2}\n{\"a\":1\n{\"a\":\"x\n{\"a\":1,}\n{\"a\" 1}\n{\"a\":}\n{\"a\":01}\n{\"a\":1.}\n{\"a\":NaN}\n",
	      "1:!;2:!;3:!;4:!;5:!;6:!;7:!;8:!;9:!;");
	READS("{\"a\":\"\\x\"}\n{\"a\":\"\\u12g4\"}\n{\"a\":\"\t\"}\nfree text\n7\n[1]\n{'a':1}\n{\"a\":1]\n{\"a\":tru}\n{\"a\":\"x",
	      "10:!;11:!;12:!;13:!;14:!;15:!;16:!;17:!;18:!;19:!;");
	assert_int_equal(fixture->parse.flawed, 19);
	/* Nothing of a refused line stays behind. */
	assert_int_equal(fixture->batch.events.p[0].n, 0);
}

static void no_byte_hides_an_event(void **state)
{
	struct fixture *fixture = *state;
	BUF(out);
	READS("{\"a\":\"\xff\",\"b\":\"\\ud800\",\"c\":1e999,\"d\":\"\x7f\"}", "1:a\"\xff,b\"\xef\xbf\xbd,c#1e999,d\"\x7f;");
}

static void lists_and_sequences_are_taken_apart(void **state)
{
	struct fixture *fixture = *state;
	BUF(out);
	READS("\xef\xbb\xbf[{\"a\":1},{\"a\":\"]}\"}\n,\n{\n\"a\":[3]}]\n{\"b\":4}\n", "1:a#1;1:a\"]};3:a#3;5:b#4;");
	READS("{\"Records\": [ {\"a\":1}, {\"a\":2} ]}\n{\"c\":3}\n[]\n{\"records\":[]}\n", "6:a#1;6:a#2;7:c#3;");
	READS("\x1e{\"a\":1}\n\x1e{\"a\":2}\n", "10:a#1;11:a#2;");
	READS("Record 1\n{\n  \"Event\": {\n  \"x\": 1\n}}\nRecord 2\n{ \n}\n", "13:Event.x#1;18:;");
	READS("{\n\"a\": 1,\n{\"b\":2}\n", "20:!;21:!;22:b#2;");
}

static void keys_are_remembered_only_where_they_mean_the_same(void **state)
{
	struct fixture *fixture = *state;
	BUF(out);
	READS("{\"a\":1,\"b\":{\"a\":2,\"c\":3},\"c\":4}\n{\"a\":1,\"b\":{\"a\":2,\"c\":3},\"c\":4}\n{\"b\":{\"b\":1},\"a\":2}\n",
	      "1:a#1,b.a#2,b.c#3,c#4;2:a#1,b.a#2,b.c#3,c#4;3:b.b#1,a#2;");
	names_reset(fixture->names);
	READS("{\"c\":1,\"a\":2}\n", "4:c#1,a#2;");
	/* Many other keys: the memory is bounded, names too; what has no name is counted. */
	BUF(many);
	buf_puts(&many, "{");
	for (int i = 0; i < EVENT_FIELDS + 10; i++)
		buf_printf(&many, "%s\"k%d\":%d", i ? "," : "", i, i);
	buf_puts(&many, "}\n");
	read_all(fixture, &out, buf_str(&many));
	assert_int_equal(fixture->batch.events.p[0].n, EVENT_FIELDS);
	assert_int_equal(fixture->batch.events.p[0].dropped, 10);
	for (int round = 0; round < 20; round++) {
		buf_clear(&many);
		buf_puts(&many, "{");
		for (int i = 0; i < EVENT_FIELDS; i++)
			buf_printf(&many, "%s\"%d.%d\":0", i ? "," : "", round, i);
		buf_puts(&many, "}\n");
		read_all(fixture, &out, buf_str(&many));
	}
	assert_true(names_full(fixture->names));
	assert_true(fixture->batch.events.p[0].dropped > 0);
	names_reset(fixture->names);
	READS("{\"c\":1,\"a\":2}\n", "26:c#1,a#2;");
}

static void long_records_are_cut(void **state)
{
	struct fixture *fixture = *state;
	ARENA(arena);
	size_t n = PARSE_LINE + PARSE_LINE / 2, used;
	char *text = arena_bytes(&arena, n + 32);
	memset(text, 'x', n);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + PARSE_LINE, "{\"evil\":1}", 10);
	memcpy(text + n, "\"}\n{\"b\":2}\n", 11);
	parse_lines(&fixture->parse, &fixture->batch, (struct str){ text, n + 11 }, true, &used);
	assert_int_equal(used, n + 11);
	assert_int_equal(fixture->batch.events.n, 3);
	assert_non_null(fixture->batch.events.p[0].flaw);
	assert_non_null(fixture->batch.events.p[1].flaw);
	assert_null(fixture->batch.events.p[2].flaw);
	assert_int_equal(fixture->batch.events.p[2].line, 2);
}

static void all_scanners_agree(void **state)
{
	(void)state;
	const struct json_quotes_version *versions = json_quotes_versions();
	static const char letters[] = "\"\\\\\"u0fnx \x1f\xc3";
	uint32_t seed = 1;
	for (int round = 0; round < 3000; round++) {
		char text[300];
		static uint32_t at[QUOTES_VERSIONS][sizeof(text) + QUOTES_SLACK];
		struct quotes_found found[QUOTES_VERSIONS];
		size_t n = (size_t)round % sizeof(text);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = round % 3 ? letters[(seed >> 20) % (sizeof(letters) - 1)] : (char)(seed >> 22);
		}
		for (int v = QUOTES_VERSIONS - 1; v >= 0; v--) {
			if (!versions[v].find)
				continue;
			found[v] = versions[v].find(text, n, at[v]);
			assert_int_equal(found[v].n, found[QUOTES_VERSIONS - 1].n);
			assert_int_equal(found[v].control, found[QUOTES_VERSIONS - 1].control);
			assert_int_equal(found[v].bad_escape, found[QUOTES_VERSIONS - 1].bad_escape);
			assert_memory_equal(at[v], at[QUOTES_VERSIONS - 1], (found[v].n + 2) * sizeof(uint32_t));
		}
		/* And with what stands in the text, byte by byte. */
		size_t quotes = 0;
		bool escaped = false;
		for (size_t i = 0; i < n; i++) {
			if (!escaped && text[i] == '"')
				assert_int_equal(at[QUOTES_VERSIONS - 1][quotes++], i);
			escaped = !escaped && text[i] == '\\';
		}
		assert_int_equal(found[QUOTES_VERSIONS - 1].n, quotes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(objects_become_flat, set_up, tear_down),
		cmocka_unit_test_setup_teardown(half_a_line_is_no_event, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_byte_hides_an_event, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_and_sequences_are_taken_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_are_remembered_only_where_they_mean_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_records_are_cut, set_up, tear_down),
		cmocka_unit_test(all_scanners_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
