/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Any bytes as JSON events. Read as one record, the event has the fields and the verdict that the strict parser's tree
 * gives (data/json.h), but for what json.c says it lets pass; every version of the scanner finds the same; and as a
 * stream, cut anywhere, no byte is skipped and the events are those of the text in one piece.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "data/json.h"
#include "event/json_frame.h"
#include "event/json_quotes.h"
#include "event/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void same_quotes(struct str text)
{
	const struct json_quotes_version *versions = json_quotes_versions();
	uint32_t *at[QUOTES_VERSIONS] = { 0 };
	struct quotes_found found[QUOTES_VERSIONS];
	int plain = QUOTES_VERSIONS - 1;
	must(versions[plain].find); /* runs everywhere */
	for (int i = plain; i >= 0; i--) {
		if (!versions[i].find)
			continue;
		at[i] = mem_alloc((text.n + QUOTES_SLACK) * sizeof(uint32_t));
		found[i] = versions[i].find(text.p, text.n, at[i]);
		must(found[i].n == found[plain].n && found[i].control == found[plain].control &&
		     found[i].bad_escape == found[plain].bad_escape && found[i].backslash == found[plain].backslash);
		must(memcmp(at[i], at[plain], (found[i].n + 2) * sizeof(uint32_t)) == 0);
	}
	for (int i = 0; i < QUOTES_VERSIONS; i++)
		free(at[i]);
}

struct flat {
	const struct event *event;
	const struct names *names;
	struct arena *arena;
	uint32_t at, dropped;
};

static void flat_same(struct flat *flat, const struct doc *node, struct str name)
{
	if (node->type == DOC_ARRAY) {
		for (size_t i = 0; i < node->n; i++)
			flat_same(flat, &node->items[i], name);
		return;
	}
	if (node->type == DOC_MAP) {
		for (size_t i = 0; i < node->n; i++) {
			struct str key = doc_string(doc_key(node, i));
			must(key.p);
			size_t n = name.p ? name.n + 1 + key.n : key.n;
			char *path = arena_bytes(flat->arena, n + 1);
			if (name.p) {
				memcpy(path, name.p, name.n);
				path[name.n] = '.';
			}
			memcpy(path + n - key.n, key.p, key.n);
			flat_same(flat, doc_value(node, i), (struct str){ path, n });
		}
		return;
	}
	if (name.n == 0 || name.n > NAME_LONGEST || flat->at == EVENT_FIELDS || names_find(flat->names, name) == NAME_NONE) {
		flat->dropped++;
		return;
	}
	must(flat->at < flat->event->n);
	const struct event_field *field = &flat->event->fields[flat->at++];
	must(str_eq(names_text(flat->names, field->name), name));
	switch (field->kind) {
	case VALUE_ESCAPED:
		must(node->type == DOC_STRING && str_eq(doc_string(node), event_text(flat->arena, field)));
		break;
	case VALUE_BOOL:
		must(node->type == DOC_BOOL && str_is(field->value, node->boolean ? "true" : "false"));
		break;
	case VALUE_NULL:
		must(node->type == DOC_NULL && field->value.n == 0);
		break;
	case VALUE_NUMBER: {
		double value;
		must(node->type == DOC_INT || node->type == DOC_REAL);
		must(str_to_double(field->value, &value));
		must(value == (node->type == DOC_INT ? (double)node->integer : node->real));
		break;
	}
	default:
		abort();
	}
}

static void one_record(struct str text)
{
	ARENA(arena);
	struct err err = { 0 };
	CLEANUP(names_free_p) struct names *names = names_new();
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse;
	parse_init(&parse, &parser_json, NULL);
	parse_record(&parse, &batch, text);
	must(batch.events.n == 1);
	struct source source = { .name = "f", .text = text };
	const struct doc *doc;
	int r = json_parse(&arena, &source, &doc, &err);
	const struct event *event = &batch.events.p[0];
	must(r < 0 || doc->type == DOC_MAP || event->flaw);
	if (r < 0 && (strstr(err.text, "surrogate") || strstr(err.text, "too large") || strstr(err.text, "UTF-8")))
		return;
	must((r < 0 || doc->type != DOC_MAP) == (event->flaw != NULL));
	if (event->flaw)
		return;
	struct flat flat = { .event = event, .names = names, .arena = &arena };
	flat_same(&flat, doc, STR_NONE);
	must(flat.at == event->n && flat.dropped == event->dropped);
}

static void stream(struct str text, size_t step, struct batch *batch, size_t *bytes)
{
	CLEANUP(parse_done) struct parse parse;
	size_t from = 0, to = MIN(step, text.n), used;
	parse_init(&parse, &parser_json, NULL);
	while (from < text.n) {
		bool last = to == text.n;
		parse_lines(&parse, batch, str_slice(text, from, to), last, &used);
		must(used <= to - from && (!last || used == to - from));
		from += used;
		to = MIN(to + step, text.n);
	}
	*bytes = 0;
	for (size_t i = 0; i < batch->events.n; i++)
		*bytes += batch->events.p[i].raw.n;
}

static void whole_or_in_pieces(struct str text)
{
	CLEANUP(names_free_p) struct names *names = names_new();
	CLEANUP(batch_done) struct batch whole = { .names = names };
	CLEANUP(batch_done) struct batch pieces = { .names = names };
	size_t whole_bytes, pieces_bytes;
	stream(text, text.n + 1, &whole, &whole_bytes);
	stream(text, 7, &pieces, &pieces_bytes);
	must(whole.events.n == pieces.events.n && whole_bytes == pieces_bytes && whole_bytes <= text.n);
	for (size_t i = 0; i < whole.events.n; i++) {
		const struct event *a = &whole.events.p[i], *b = &pieces.events.p[i];
		must(a->n == b->n && a->line == b->line && (a->flaw != NULL) == (b->flaw != NULL) && str_eq(a->raw, b->raw));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	same_quotes(text);
	one_record(text);
	whole_or_in_pieces(text);
	(void)json_frame_probe(text);
	return 0;
}
