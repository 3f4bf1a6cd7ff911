/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/seeker.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/vec.h"
#include "event/timestamp.h"

enum {
	MATCH_STEPS = 1000000, /* of PCRE2 for one value; JIT counts differently, to the same end */
	MATCH_DEPTH = 10000,
	MATCH_HEAP_KIB = 32 * 1024,
	JIT_STACK = 1024 * 1024,
	NAMES_KEPT = 20000,    /* names of fields; past that they are forgotten between two records */
};

enum known { UNKNOWN, NO, YES };

struct seeker {
	const struct seek *seek;
	pcre2_code **regexes;
	pcre2_match_data *match_data;
	pcre2_match_context *match_context;
	pcre2_jit_stack *jit_stack;
	uint64_t given_up;
	struct batch batch;
	struct parse *parses;         /* one for each of parsers[], made when first needed */
	size_t n_parsers;
	const struct parser *parser;  /* of the record in `event` */
	struct str parser_name;       /* the last one looked up */
	size_t parser_at;
	const struct record *current; /* whose event it is; NULL: nobody's */
	struct event nothing;
	const struct event *event;
	uint8_t *means;               /* enum known, by field of the search and id of a name */
	uint32_t means_room;          /* ids */
	struct arena times[2];        /* texts of the record's two times */
};

static int compile(const struct seek_node *node, struct seeker *seeker, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < node->n; i++)
		r = compile(node->p[i], seeker, err);
	const struct seek_term *term = node->term;
	if (r < 0 || node->kind != SEEK_TERM || term->how != SEEK_MATCH)
		return r;
	int code;
	size_t at;
	/* As RE2 reads them on the database side: a dot is any character, $ the very end. */
	uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE |
	                 (term->caseless ? PCRE2_CASELESS : 0);
	pcre2_code *regex = pcre2_compile((PCRE2_SPTR)term->text.p, term->text.n, flags, &code, &at, NULL);
	if (!regex) {
		char words[160];
		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		return err_set(err, -EINVAL, "the expression /%.*s/, byte %zu: %s", STR_ARG(term->text), at + 1, words);
	}
	(void)pcre2_jit_compile(regex, PCRE2_JIT_COMPLETE);
	seeker->regexes[term->regex_id] = regex;
	return 0;
}

static void start_regexes(struct seeker *seeker)
{
	seeker->regexes = mem_alloc(seeker->seek->regexes * sizeof(*seeker->regexes));
	seeker->match_data = pcre2_match_data_create(1, NULL);
	seeker->match_context = pcre2_match_context_create(NULL);
	seeker->jit_stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK, NULL);
	pcre2_set_match_limit(seeker->match_context, MATCH_STEPS);
	pcre2_set_depth_limit(seeker->match_context, MATCH_DEPTH);
	pcre2_set_heap_limit(seeker->match_context, MATCH_HEAP_KIB);
	pcre2_jit_stack_assign(seeker->match_context, NULL, seeker->jit_stack);
}

int seeker_new(const struct seek *seek, struct seeker **out, struct err *err)
{
	CLEANUP(seeker_free_p) struct seeker *seeker = mem_alloc(sizeof(*seeker));
	seeker->seek = seek;
	seeker->batch.names = names_new();
	while (parsers[seeker->n_parsers])
		seeker->n_parsers++;
	seeker->parses = mem_alloc(seeker->n_parsers * sizeof(*seeker->parses));
	seeker->parser_at = SIZE_MAX;
	if (seek->regexes)
		start_regexes(seeker);
	int r = seek->regexes ? compile(seek->root, seeker, err) : 0;
	if (r == 0)
		*out = TAKE(seeker);
	return r;
}

void seeker_free(struct seeker *seeker)
{
	if (!seeker)
		return;
	for (unsigned i = 0; seeker->regexes && i < seeker->seek->regexes; i++)
		pcre2_code_free(seeker->regexes[i]);
	free(seeker->regexes);
	pcre2_match_data_free(seeker->match_data);
	pcre2_match_context_free(seeker->match_context);
	pcre2_jit_stack_free(seeker->jit_stack);
	for (size_t i = 0; i < seeker->n_parsers; i++)
		if (seeker->parses[i].parser)
			parse_done(&seeker->parses[i]);
	free(seeker->parses);
	batch_done(&seeker->batch);
	names_free(seeker->batch.names);
	free(seeker->means);
	arena_done(&seeker->times[0]);
	arena_done(&seeker->times[1]);
	free(seeker);
}

void seeker_free_p(struct seeker **seeker)
{
	seeker_free(*seeker);
}

uint64_t seeker_given_up(const struct seeker *seeker)
{
	return seeker->given_up;
}

const struct names *seeker_names(const struct seeker *seeker)
{
	return seeker->batch.names;
}

/* ---- the record's event ---- */

/* Index into parsers[], or n_parsers. Records mostly have the parser of the one before. */
static size_t find_parser(struct seeker *seeker, struct str name)
{
	if (seeker->parser_at < seeker->n_parsers && str_is(name, parsers[seeker->parser_at]->name))
		return seeker->parser_at;
	for (size_t i = 0; i < seeker->n_parsers; i++)
		if (str_is(name, parsers[i]->name))
			return seeker->parser_at = i;
	return seeker->n_parsers;
}

static void forget_names(struct seeker *seeker)
{
	names_reset(seeker->batch.names);
	if (seeker->means)
		memset(seeker->means, UNKNOWN, (size_t)seeker->means_room * seeker->seek->fields.n);
}

const struct event *seeker_event(struct seeker *seeker, const struct record *record)
{
	if (seeker->current == record)
		return seeker->event;
	batch_reset(&seeker->batch);
	if (names_full(seeker->batch.names) || names_count(seeker->batch.names) > NAMES_KEPT)
		forget_names(seeker);
	seeker->current = record;
	seeker->parser = NULL;
	seeker->event = &seeker->nothing;
	size_t at = find_parser(seeker, record->parser);
	if (at == seeker->n_parsers)
		return seeker->event;
	/* As parser_again(), but what the parser learnt from one record serves for the next. */
	struct parse *parse = &seeker->parses[at];
	if (!parse->parser)
		parse_init(parse, parsers[at], NULL);
	parse_record(parse, &seeker->batch, record->raw);
	if (parse->parser->flush)
		parse->parser->flush(parse);
	seeker->parser = parsers[at];
	if (seeker->batch.events.n)
		seeker->event = &seeker->batch.events.p[0];
	return seeker->event;
}

struct str seeker_text(struct seeker *seeker, const struct event_field *field)
{
	struct str text = event_text(&seeker->batch.arena, field);
	return text.p ? text : STR("");
}

bool seeker_is_extra(const struct record *record, const struct parser *parser, const struct names *names,
                     const struct event_field *field)
{
	if (field->kind == VALUE_ESCAPED)
		return field->value.n && memchr(field->value.p, '\\', field->value.n);
	if (field->kind != VALUE_TEXT || !field->value.n)
		return false;
	uintptr_t at = (uintptr_t)field->value.p, from = (uintptr_t)record->raw.p;
	if (at >= from && at < from + record->raw.n)
		return false;
	for (size_t i = 0; parser && parser->verbatim && parser->derived && parser->derived[i]; i++)
		if (str_is_nocase(names_text(names, field->name), parser->derived[i]))
			return false;
	return true;
}

/* ---- terms ---- */

static bool regex_meets(struct seeker *seeker, const struct seek_term *term, struct str value)
{
	int r = pcre2_match(seeker->regexes[term->regex_id], (PCRE2_SPTR)(value.p ? value.p : ""), value.n, 0, 0,
	                    seeker->match_data, seeker->match_context);
	if (r < 0 && r != PCRE2_ERROR_NOMATCH)
		seeker->given_up++;
	return r >= 0;
}

static bool value_meets(struct seeker *seeker, const struct seek_term *term, struct str value)
{
	return term->how == SEEK_MATCH ? regex_meets(seeker, term, value) : seek_value(term, value);
}

static bool raw_meets(struct seeker *seeker, const struct seek_term *term, const struct record *record)
{
	if (term->how == SEEK_EXISTS)
		return true;
	if (value_meets(seeker, term, record->raw))
		return true;
	size_t at = find_parser(seeker, record->parser);
	if (at == seeker->n_parsers || (parsers[at]->verbatim && !memchr(record->raw.p ? record->raw.p : "", '\\', record->raw.n)))
		return false; /* no value differs from the text */
	const struct event *event = seeker_event(seeker, record);
	for (uint32_t i = 0; i < event->n; i++)
		if (seeker_is_extra(record, seeker->parser, seeker->batch.names, &event->fields[i]) &&
		    value_meets(seeker, term, seeker_text(seeker, &event->fields[i])))
			return true;
	return false;
}

static bool name_meant(struct seeker *seeker, unsigned field, uint32_t name)
{
	size_t fields = seeker->seek->fields.n;
	if (name >= seeker->means_room) {
		uint32_t room = MAX(name + 1, seeker->means_room * 2 + 256);
		seeker->means = mem_resize(seeker->means, room * fields);
		memset(seeker->means + seeker->means_room * fields, UNKNOWN, (room - seeker->means_room) * fields);
		seeker->means_room = room;
	}
	uint8_t *known = &seeker->means[name * fields + field];
	if (*known == UNKNOWN)
		*known = seek_name(seeker->seek->fields.p[field], names_text(seeker->batch.names, name)) ? YES : NO;
	return *known == YES;
}

static bool field_meets(struct seeker *seeker, const struct seek_term *term, const struct record *record)
{
	const struct event *event = seeker_event(seeker, record);
	for (uint32_t i = 0; i < event->n; i++) {
		const struct event_field *field = &event->fields[i];
		if (name_meant(seeker, term->field_id, field->name) &&
		    (term->how == SEEK_EXISTS || value_meets(seeker, term, seeker_text(seeker, field))))
			return true;
	}
	return false;
}

static bool term_meets(struct seeker *seeker, const struct seek_term *term, const struct record *record)
{
	switch (term->where) {
	case SEEK_RAW:
		return raw_meets(seeker, term, record);
	case SEEK_FIELD:
		return field_meets(seeker, term, record);
	case SEEK_TIME:
	case SEEK_ARRIVED:
		return term->how == SEEK_EXISTS || seek_moment(term, term->where == SEEK_TIME ? record->time : record->arrived);
	default: {
		struct str value = term->where == SEEK_HOST     ? record->host
		                   : term->where == SEEK_SOURCE ? record->source
		                                                : record->parser;
		return term->how == SEEK_EXISTS ? value.n > 0 : value_meets(seeker, term, value);
	}
	}
}

static bool node_meets(struct seeker *seeker, const struct seek_node *node, const struct record *record)
{
	switch (node->kind) {
	case SEEK_ALL:
		return true;
	case SEEK_TERM:
		return term_meets(seeker, node->term, record);
	case SEEK_NOT:
		return !node_meets(seeker, node->p[0], record);
	default:
		for (size_t i = 0; i < node->n; i++)
			if (node_meets(seeker, node->p[i], record) == (node->kind == SEEK_OR))
				return node->kind == SEEK_OR;
		return node->kind == SEEK_AND;
	}
}

void seeker_forget(struct seeker *seeker)
{
	seeker->current = NULL;
}

bool seeker_meets(struct seeker *seeker, const struct record *record)
{
	seeker_forget(seeker);
	return node_meets(seeker, seeker->seek->root, record);
}

static struct str time_text(struct seeker *seeker, size_t which, int64_t time)
{
	arena_reset(&seeker->times[which]);
	return timestamp_format(&seeker->times[which], time);
}

bool seeker_is_head(struct str name)
{
	static const char *const heads[] = { "time", "arrived", "host", "source", "parser", "format" };
	for (size_t i = 0; i < COUNT(heads); i++)
		if (str_is_nocase(name, heads[i]))
			return true;
	return false;
}

struct str seeker_value(struct seeker *seeker, const struct record *record, struct str name)
{
	if (str_is_nocase(name, "time"))
		return time_text(seeker, 0, record->time);
	if (str_is_nocase(name, "arrived"))
		return time_text(seeker, 1, record->arrived);
	if (str_is_nocase(name, "host"))
		return record->host;
	if (str_is_nocase(name, "source"))
		return record->source;
	if (str_is_nocase(name, "parser") || str_is_nocase(name, "format"))
		return record->parser;
	if (str_is_nocase(name, "raw"))
		return record->raw;
	const struct event *event = seeker_event(seeker, record);
	for (uint32_t i = 0; i < event->n; i++)
		if (seek_name(name, names_text(seeker->batch.names, event->fields[i].name)))
			return seeker_text(seeker, &event->fields[i]);
	return str_is_nocase(name, "message") ? record->raw : STR_NONE;
}
