/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What the tests of parsers share: read a text, and compare an event with how it should be, written
 * "name=value" a line, in the order of the fields.
 */
#ifndef WARD_TESTS_EVENTS_H
#define WARD_TESTS_EVENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "event/parser.h"

struct reader {
	struct names *names;
	struct batch batch;
	struct parse parse;
};

static inline void reader_done(struct reader *reader)
{
	parse_done(&reader->parse);
	batch_done(&reader->batch);
	names_free(reader->names);
}

/* 2026-11-23T00:00:00Z, no zone east of UTC. */
#define READER_NOW (INT64_C(1795392000) * 1000000000)

static inline void reader_init(struct reader *reader, const struct parser *parser)
{
	static const struct parse_options options = { .now = READER_NOW, .zone = 0, .zone_given = true };
	*reader = (struct reader){ .names = names_new() };
	reader->batch.names = reader->names;
	parse_init(&reader->parse, parser, &options);
}

#define READER(name, parser)                                 \
	CLEANUP(reader_done) struct reader name;             \
	reader_init(&name, &parser)

static inline void reader_take(struct reader *reader, const char *text)
{
	size_t used;
	parse_lines(&reader->parse, &reader->batch, str_from(text), true, &used);
	assert_int_equal(used, strlen(text));
}

static inline struct buf event_words(const struct reader *reader, const struct event *event)
{
	struct buf words = { 0 };
	for (uint32_t i = 0; i < event->n; i++) {
		ARENA(arena);
		buf_add(&words, names_text(reader->names, event->fields[i].name));
		buf_puts(&words, "=");
		buf_add(&words, event_text(&arena, &event->fields[i]));
		buf_puts(&words, "\n");
	}
	return words;
}

static inline void expect_event(const struct reader *reader, size_t i, const char *expected)
{
	assert_true(i < reader->batch.events.n);
	CLEANUP(buf_done) struct buf words = event_words(reader, &reader->batch.events.p[i]);
	assert_string_equal(buf_cstr(&words), expected);
}

/* What is kept as `raw` gives the same fields again. */
static inline void expect_again(const struct reader *reader)
{
	for (size_t i = 0; i < reader->batch.events.n; i++) {
		const struct event *event = &reader->batch.events.p[i];
		struct reader second;
		reader_init(&second, event->parser);
		parser_again(event->parser, &second.batch, event->raw);
		assert_int_equal(second.batch.events.n, 1);
		struct buf one = event_words(reader, event), two = event_words(&second, &second.batch.events.p[0]);
		assert_string_equal(buf_cstr(&one), buf_cstr(&two));
		buf_done(&one);
		buf_done(&two);
		reader_done(&second);
	}
}

#endif
