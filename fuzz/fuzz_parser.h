/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_parser: any bytes given to a parser of log lines, whole and in pieces. Nothing may be lost, both ways must give the
 * same, and what is kept must give the same fields again.
 */
#ifndef WARD_FUZZ_FUZZ_PARSER_H
#define WARD_FUZZ_FUZZ_PARSER_H

#include <stdlib.h>

#include "event/parser.h"

static inline void require(bool holds)
{
	if (!holds)
		abort();
}

static inline bool same_fields(const struct event *a, const struct names *names_a, const struct event *b,
                               const struct names *names_b)
{
	if (a->n != b->n || a->time != b->time || !str_eq(a->host, b->host))
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!str_eq(names_text(names_a, a->fields[i].name), names_text(names_b, b->fields[i].name)) ||
		    !str_eq(a->fields[i].value, b->fields[i].value) || a->fields[i].kind != b->fields[i].kind)
			return false;
	return true;
}

/* Give the text in pieces of `step` bytes more each time, the last one marked so. */
static inline void fuzz_read(const struct parser *parser, struct batch *batch, struct str text, size_t step)
{
	static const struct parse_options options = { .now = INT64_C(1795392000000000000), .zone_given = true };
	CLEANUP(parse_done) struct parse parse;
	parse_init(&parse, parser, &options);
	size_t from = 0;
	for (size_t to = step;; to += step) {
		size_t used;
		bool last = to >= text.n;
		parse_lines(&parse, batch, str_slice(text, from, last ? text.n : to), last, &used);
		from += used;
		require(from <= (last ? text.n : to));
		if (last)
			break;
	}
	require(from == text.n);
}

static inline void fuzz_parser(const struct parser *parser, const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct names *names[3] = { names_new(), names_new(), names_new() };
	struct batch whole = { .names = names[0] }, pieces = { .names = names[1] };
	int sure = parser->probe ? parser->probe(text) : 0;
	require(sure >= 0 && sure <= 100);
	fuzz_read(parser, &whole, text, size ? size : 1);
	fuzz_read(parser, &pieces, text, size / 7 + 1);
	require(whole.events.n == pieces.events.n);
	for (size_t i = 0; i < whole.events.n; i++) {
		const struct event *event = &whole.events.p[i];
		struct batch again = { .names = names[2] };
		require(same_fields(event, names[0], &pieces.events.p[i], names[1]));
		require(str_eq(event->raw, pieces.events.p[i].raw) && event->flaw == pieces.events.p[i].flaw);
		if (!event->flaw) {
			parser_again(event->parser, &again, event->raw);
			require(again.events.n == 1);
			require(again.events.p[0].n == event->n && !again.events.p[0].flaw);
		}
		batch_done(&again);
		names_reset(names[2]);
	}
	batch_done(&whole);
	batch_done(&pieces);
	for (size_t i = 0; i < COUNT(names); i++)
		names_free(names[i]);
}

#endif
