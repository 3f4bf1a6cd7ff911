/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "data/lang.h"
#include "event/parser.h"

const struct parser *const parsers[] = {
#define PARSER(name) &parser_##name,
#include "event/parsers/parser_list.h"
#undef PARSER
	NULL
};

const char *const parser_names[] = {
#define PARSER(name) #name,
#include "event/parsers/parser_list.h"
#undef PARSER
	NULL
};

const struct parser *parser_find(struct str name)
{
	for (size_t i = 0; parsers[i]; i++)
		if (str_is(name, parsers[i]->name))
			return parsers[i];
	return NULL;
}

static const struct parser *surest(struct str text)
{
	const struct parser *best = &parser_plain;
	int sure = 0;
	for (size_t i = 0; parsers[i]; i++) {
		int r = parsers[i]->probe ? parsers[i]->probe(text) : 0;
		if (r > sure) {
			sure = r;
			best = parsers[i];
		}
	}
	return best;
}

const struct parser *parser_probe(struct str text)
{
	const struct parser *best = surest(text);
	struct str rest = text, line;
	/* The first lines may be somebody's remark. (A table's first line is what names its columns.) */
	for (int i = 0; best == &parser_plain && i < 3 && str_line(&rest, &line) && rest.n; i++) {
		best = surest(rest);
		if (best == &parser_csv)
			best = &parser_plain;
	}
	return best;
}

bool parser_is_text(struct str text)
{
	size_t characters = 0, strange = 0;
	/* Programs go on writing behind the hole that truncating their log left. */
	while (text.n && *text.p == '\0')
		text = str_slice(text, 1, text.n);
	while (text.n) {
		uint32_t c = utf8_next(&text);
		characters++;
		strange += c == UTF8_BAD || c == 0x7f || (c < 0x20 && !(c >= '\t' && c <= '\r') && c != 0x1b);
	}
	return strange * 10 <= characters;
}

void parse_init(struct parse *parse, const struct parser *parser, const struct parse_options *options)
{
	*parse = (struct parse){ .parser = parser };
	if (options)
		parse->options = *options;
	parse->clock = parse->options.now == 0;
	if (parser->state_size)
		parse->state = mem_alloc(parser->state_size);
}

void parse_done(struct parse *parse)
{
	if (parse->state && parse->parser->done)
		parse->parser->done(parse->state);
	free(parse->state);
	parse->state = NULL;
	for (size_t i = 0; i < COUNT(parse->inner) && parse->inner[i]; i++) {
		parse_done(parse->inner[i]);
		free(parse->inner[i]);
		parse->inner[i] = NULL;
	}
}

struct event *parse_event(struct parse *parse, struct str raw)
{
	struct batch *batch = parse->batch;
	vec_push_in(&batch->arena, &batch->events,
	            { .time = EVENT_NO_TIME, .raw = raw, .line = parse->line, .parser = parse->parser });
	return &batch->events.p[batch->events.n - 1];
}

void parse_field_id(struct parse *parse, struct event *event, uint32_t name, struct str value, enum value_kind kind)
{
	if (name == NAME_NONE || event->n == EVENT_FIELDS) {
		event->dropped++;
		return;
	}
	/* Room doubles at 8, 16, 32 …: the count itself tells when it is used up. */
	if (event->n == 0 || (event->n >= 8 && (event->n & (event->n - 1)) == 0)) {
		struct event_field *more = (struct event_field *)ARENA_ARRAY(&parse->batch->arena, struct event_field, event->n ? event->n * 2 : 8);
		if (event->n)
			memcpy(more, event->fields, event->n * sizeof(*more));
		event->fields = more;
	}
	event->fields[event->n++] = (struct event_field){ .value = value, .name = name, .kind = (uint8_t)kind };
}

void parse_field(struct parse *parse, struct event *event, struct str name, struct str value, enum value_kind kind)
{
	/* A field that has no room must not take a name's. */
	uint32_t id = event->n < EVENT_FIELDS ? names_add(parse->batch->names, name) : NAME_NONE;
	parse_field_id(parse, event, id, value, kind);
}

static struct parse *inner_parse(struct parse *parse, const struct parser *parser)
{
	size_t i = 0;
	while (i < COUNT(parse->inner) && parse->inner[i] && parse->inner[i]->parser != parser)
		i++;
	if (i == COUNT(parse->inner))
		return NULL;
	if (!parse->inner[i]) {
		parse->inner[i] = mem_alloc(sizeof(*parse->inner[i]));
		parse_init(parse->inner[i], parser, NULL);
	}
	struct parse *inner = parse->inner[i];
	inner->options = parse->options;
	inner->batch = parse->batch;
	inner->line = parse->line;
	return inner;
}

bool parse_payload(struct parse *parse, const struct parser *parser, struct str payload)
{
	struct batch *batch = parse->batch;
	struct parse *inner = inner_parse(parse, parser);
	size_t before = batch->events.n;
	const char *flaw = NULL;
	bool whole = inner && parser->record(inner, payload, &flaw) == 0 && batch->events.n == before + 1 &&
	             !batch->events.p[before].flaw;
	batch->events.n = before;
	if (!whole)
		return false;
	struct event *event = &batch->events.p[before - 1];
	const struct event *got = event + 1;
	for (uint32_t i = 0; i < got->n; i++)
		parse_field_id(parse, event, got->fields[i].name, got->fields[i].value, got->fields[i].kind);
	event->dropped += got->dropped;
	if (got->time != EVENT_NO_TIME)
		event->time = got->time;
	if (!event->host.p)
		event->host = got->host;
	return true;
}

/* At most so many bytes, not ending within a character of UTF-8. */
static struct str cut_bytes(struct str text, size_t most)
{
	size_t n = MIN(text.n, most);
	for (int back = 0; n < text.n && n > 0 && back < 3 && ((uint8_t)text.p[n] & 0xc0) == 0x80; back++)
		n--;
	return (struct str){ text.p, n };
}

void parse_flaw(struct parse *parse, struct str raw, const char *flaw)
{
	if (parse->flawed < PARSE_SAMPLES) {
		struct parse_sample *sample = &parse->samples[parse->flawed];
		struct str cut = cut_bytes(raw, sizeof(sample->text) - 1);
		sample->line = parse->line;
		sample->flaw = flaw;
		memcpy(sample->text, cut.p ? cut.p : "", cut.n);
		sample->text[cut.n] = '\0';
	}
	parse->flawed++;
}

/* What could not be read is kept as it is. */
static void keep_raw(struct parse *parse, struct str raw, const char *flaw)
{
	parse_event(parse, raw)->flaw = flaw;
	parse_flaw(parse, raw, flaw);
}

static void one(struct parse *parse, struct str record)
{
	const char *flaw = NULL;
	size_t before = parse->batch->events.n;
	parse->records++;
	if (parse->parser->record(parse, record, &flaw) < 0) {
		parse->batch->events.n = before;
		keep_raw(parse, record, flaw ? flaw : TR("it could not be read"));
	}
}

/* A stream may be read for months. */
static void follow_clock(struct parse *parse)
{
	if (parse->clock)
		parse->options.now = clock_now() * INT64_C(1000000000);
}

static size_t count_lines(struct str text)
{
	size_t n = 0;
	for (const char *p = text.p, *end = text.p + text.n; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n;
}

/* The next record of a text of lines. What it takes of the text, 0 when it is not whole. */
static size_t next_line(struct str text, bool last, struct str *record, bool *cut)
{
	const char *end = memchr(text.p, '\n', MIN(text.n, (size_t)PARSE_LINE + 1));
	*cut = false;
	if (!end && text.n > PARSE_LINE) {
		*record = cut_bytes(text, PARSE_LINE);
		*cut = true;
		return record->n;
	}
	if (!end && !last)
		return 0;
	size_t n = end ? (size_t)(end - text.p) : text.n;
	*record = (struct str){ text.p, n && text.p[n - 1] == '\r' ? n - 1 : n };
	return end ? n + 1 : n;
}

void parse_lines(struct parse *parse, struct batch *batch, struct str text, bool last, size_t *used)
{
	const struct parser *parser = parse->parser;
	*used = 0;
	parse->batch = batch;
	follow_clock(parse);
	while (*used < text.n) {
		struct str rest = { text.p + *used, text.n - *used }, record = STR_NONE;
		bool cut = false;
		size_t took = parser->framing == FRAME_OWN ? parser->frame(parse, rest, last, &record)
		                                           : next_line(rest, last, &record, &cut);
		if (took == 0)
			break;
		*used += took;
		parse->line++;
		if (cut) {
			parse->records++;
			keep_raw(parse, record, TR("the line is longer than 1 MiB and was cut into pieces"));
			parse->line--; /* the rest of the line follows */
		} else if (record.n) {
			one(parse, record);
		}
		if (parser->framing == FRAME_OWN)
			parse->line += count_lines(str_slice(rest, 0, took)) - 1; /* may be none */
	}
	if (last && parser->flush)
		parser->flush(parse);
}

void parse_record(struct parse *parse, struct batch *batch, struct str record)
{
	parse->batch = batch;
	parse->line++;
	follow_clock(parse);
	one(parse, record);
}

void parser_again(const struct parser *parser, struct batch *batch, struct str raw)
{
	struct parse parse;
	size_t before = batch->events.n;
	parse_init(&parse, parser, NULL);
	parse_record(&parse, batch, raw);
	if (parser->flush)
		parser->flush(&parse);
	parse_done(&parse);
	/* One record, one event, whatever the parser made of it. */
	if (batch->events.n > before + 1)
		batch->events.n = before + 1;
}
