/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/yaml.h"

#include <math.h>
#include <yaml.h>

#include "base/vec.h"

enum { LINE_MOST = 0xfffff, COLUMN_MOST = 0xfff, TAG_DIRECTIVES = 100 };

struct frame {
	struct doc node;
	size_t first; /* its first child in parse.values */
};

struct parse {
	yaml_parser_t parser;
	struct arena *arena;
	const struct source *source;
	VEC(struct doc) values; /* finished nodes whose container is still open */
	struct frame stack[YAML_DEPTH];
	unsigned depth;
	unsigned documents;
	size_t nodes;
	bool ended;
};

static void parse_done(struct parse *parse)
{
	yaml_parser_delete(&parse->parser);
	vec_done(&parse->values);
}

static uint32_t place(size_t line, size_t column)
{
	line = MIN(line, (size_t)LINE_MOST - 1) + 1;
	column = MIN(column, (size_t)COLUMN_MOST - 1) + 1;
	return (uint32_t)(line << 12 | column);
}

static struct doc node_at(const struct source *source, yaml_mark_t mark)
{
	return (struct doc){ .type = DOC_NULL, .at = place(mark.line + source->before, mark.column) };
}

/* What libyaml says, in words that tell what to do. */
static const struct {
	const char *problem, *words;
} problems[] = {
	{ "mapping values are not allowed in this context",
	  "a ':' cannot stand here; put the text in quotes, or check the indentation" },
	{ "did not find expected key", "a key was expected here; check the indentation" },
	{ "could not find expected ':'", "a ':' was expected; check the quotes and the indentation" },
	{ "did not find expected '-' indicator",
	  "a list item '- …' was expected here; check the indentation" },
	{ "did not find expected ',' or ']'", "a ',' or ']' was expected; is the list closed?" },
	{ "did not find expected ',' or '}'", "a ',' or '}' was expected; is the map closed?" },
	{ "did not find expected node content", "a value was expected here" },
	{ "did not find expected <document start>",
	  "nothing more was expected here; check the quotes and the indentation" },
	{ "block sequence entries are not allowed in this context",
	  "a list cannot start here; begin it on the next line" },
	{ "block mapping values are not allowed in this context",
	  "a map cannot start here; begin it on the next line" },
	{ "mapping keys are not allowed in this context",
	  "a key cannot stand here; begin it on the next line" },
	{ "found unknown escape character",
	  "this '\\' begins no known escape; double it, or use single quotes" },
	{ "found unexpected end of stream", "the file ends inside a text; close the quote" },
	{ "found a tab character that violates indentation", "a tab indents this line; use spaces" },
	{ "found a tab character where an indentation space is expected",
	  "a tab indents this line; use spaces" },
	{ "control characters are not allowed",
	  "a control character stands here; remove it, or write it as \"\\x..\"" },
};

/* The reader reports a byte offset, before any mark exists. */
static struct doc node_at_offset(const struct source *source, size_t offset)
{
	struct str text = source->text;
	size_t line = 0, start = 0;
	offset = MIN(offset, text.n);
	for (size_t i = 0; i < offset; i++) {
		if (text.p[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	return (struct doc){ .at = place(line + source->before, offset - start) };
}

static int parse_problem(struct parse *parse, struct err *err)
{
	const yaml_parser_t *parser = &parse->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	struct str text = parse->source->text;
	struct doc at = parser->error == YAML_READER_ERROR ?
	                        node_at_offset(parse->source, parser->problem_offset) :
	                        node_at(parse->source, parser->problem_mark);
	if (parser->error == YAML_READER_ERROR && strstr(problem, "UTF-8"))
		return doc_err(parse->source, &at, err, "not valid UTF-8; save the file as UTF-8");
	if (strcmp(problem, "found character that cannot start any token") == 0) {
		/* libyaml's byte offset of the mark is a count of characters: look for the line instead. */
		struct str rest = text, line = STR_NONE;
		for (size_t i = 0; i <= parser->problem_mark.line && str_line(&rest, &line);)
			i++;
		if (str_find_char(line, '\t') >= 0)
			return doc_err(parse->source, &at, err, "a tab indents this line; use spaces");
		return doc_err(parse->source, &at, err,
		               "no value can start with this character; put the text in quotes");
	}
	for (size_t i = 0; i < COUNT(problems); i++)
		if (strcmp(problems[i].problem, problem) == 0)
			problem = problems[i].words;
	size_t opened = parser->context ? parser->context_mark.line + parse->source->before + 1 : 0;
	if (opened && opened != (at.at >> 12))
		return doc_err(parse->source, &at, err, "%s (what is open here began on line %zu)", problem,
		               opened);
	return doc_err(parse->source, &at, err, "%s", problem);
}

static size_t digits(struct str s, size_t i)
{
	size_t from = i;
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i - from;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?, YAML 1.2.2 section 10.3.2 */
static bool looks_real(struct str s)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
	size_t whole = digits(s, i), part = 0;
	i += whole;
	if (i < s.n && s.p[i] == '.') {
		part = digits(s, ++i);
		i += part;
	}
	if (!whole && !part)
		return false;
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		i++;
		i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
		size_t power = digits(s, i);
		if (!power)
			return false;
		i += power;
	}
	return i == s.n;
}

static bool is_any(struct str s, const char *a, const char *b, const char *c)
{
	return str_is(s, a) || str_is(s, b) || str_is(s, c);
}

static bool resolve_integer(struct str s, int64_t *out)
{
	if (str_starts(s, "0x"))
		return s.n > 2 && digits(s, 0) == 1 && s.p[2] != '-' && str_to_int(s, 16, out);
	if (str_starts(s, "0o")) {
		struct str octal = str_slice(s, 2, s.n);
		return octal.n && digits(octal, 0) == octal.n && str_to_int(octal, 8, out);
	}
	size_t sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
	return s.n > sign && sign + digits(s, sign) == s.n && str_to_int(s, 10, out);
}

/* A plain scalar, by the core schema. */
static void resolve(struct doc *node, struct str s)
{
	double real;
	int64_t integer;
	node->type = DOC_STRING;
	if (s.n == 0 || str_is(s, "~") || is_any(s, "null", "Null", "NULL")) {
		*node = (struct doc){ .type = DOC_NULL, .at = node->at };
	} else if (is_any(s, "true", "True", "TRUE") || is_any(s, "false", "False", "FALSE")) {
		node->type = DOC_BOOL;
		node->boolean = (s.p[0] | 0x20) == 't';
	} else if (resolve_integer(s, &integer)) {
		node->type = DOC_INT;
		node->integer = integer;
	} else if (looks_real(s) && str_to_double(s, &real)) {
		node->type = DOC_REAL;
		node->real = real;
	} else {
		struct str rest = str_slice(s, s.p[0] == '-' || s.p[0] == '+', s.n);
		if (is_any(rest, ".inf", ".Inf", ".INF")) {
			node->type = DOC_REAL;
			node->real = s.p[0] == '-' ? -INFINITY : INFINITY;
		} else if (is_any(s, ".nan", ".NaN", ".NAN")) {
			node->type = DOC_REAL;
			node->real = NAN;
		}
	}
}

static bool key_expected(const struct parse *parse)
{
	if (!parse->depth)
		return false;
	const struct frame *top = &parse->stack[parse->depth - 1];
	return top->node.type == DOC_MAP && (parse->values.n - top->first) % 2 == 0;
}

static int node_begin(struct parse *parse, const struct doc *at, const yaml_char_t *anchor,
                      const yaml_char_t *tag, struct err *err)
{
	if (anchor)
		return doc_err(parse->source, at, err, "the anchor '&%.64s' is not allowed; write the value out",
		               (const char *)anchor);
	if (tag)
		return doc_err(parse->source, at, err, "the tag '%.64s' is not allowed; remove it",
		               (const char *)tag);
	if (++parse->nodes > YAML_NODES)
		return doc_err(parse->source, at, err, "more than %d values in one file; split it",
		               (int)YAML_NODES);
	return 0;
}

static int scalar_add(struct parse *parse, const yaml_event_t *event, struct err *err)
{
	struct doc node = node_at(parse->source, event->start_mark);
	int r = node_begin(parse, &node, event->data.scalar.anchor, event->data.scalar.tag, err);
	if (r < 0)
		return r;
	struct str s = { (const char *)event->data.scalar.value, event->data.scalar.length };
	node.quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node.type = DOC_STRING;
	if (!node.quoted && !key_expected(parse))
		resolve(&node, s);
	if (node.type == DOC_STRING) {
		node.p = arena_str(parse->arena, s).p;
		node.n = (uint32_t)s.n;
	}
	vec_push(&parse->values, node);
	return 0;
}

static int container_begin(struct parse *parse, enum doc_type type, const yaml_event_t *event,
                           const yaml_char_t *anchor, const yaml_char_t *tag, struct err *err)
{
	struct doc node = node_at(parse->source, event->start_mark);
	int r = node_begin(parse, &node, anchor, tag, err);
	if (r < 0)
		return r;
	node.type = (uint8_t)type;
	if (key_expected(parse))
		return doc_err(parse->source, &node, err, "%s cannot be a key; put it in quotes",
		               doc_type_words(&node));
	if (parse->depth == YAML_DEPTH)
		return doc_err(parse->source, &node, err, "nested deeper than %d levels", (int)YAML_DEPTH);
	parse->stack[parse->depth++] = (struct frame){ node, parse->values.n };
	return 0;
}

static int key_compare(const void *a, const void *b)
{
	const struct doc *x = *(const struct doc *const *)a, *y = *(const struct doc *const *)b;
	int r = str_compare(doc_string(x), doc_string(y));
	return r ? r : (x > y) - (x < y);
}

static int keys_check(const struct parse *parse, const struct doc *map, struct err *err)
{
	if (map->n < 2)
		return 0;
	ARENA(scratch);
	const struct doc **keys = ARENA_ARRAY(&scratch, const struct doc *, map->n);
	for (size_t i = 0; i < map->n; i++)
		keys[i] = doc_key(map, i);
	qsort(keys, map->n, sizeof(*keys), key_compare);
	for (size_t i = 1; i < map->n; i++) {
		struct str key = doc_string(keys[i]);
		if (str_eq(doc_string(keys[i - 1]), key))
			return doc_err(parse->source, keys[i], err,
			               "the key '%.*s' stands twice, first on line %u; remove one",
			               STR_ARG(key), keys[i - 1]->at >> 12);
	}
	return 0;
}

static int container_end(struct parse *parse, struct err *err)
{
	struct frame *top = &parse->stack[--parse->depth];
	size_t n = parse->values.n - top->first;
	struct doc *items = ARENA_ARRAY(parse->arena, struct doc, n);
	if (n)
		memcpy(items, parse->values.p + top->first, n * sizeof(*items));
	parse->values.n = top->first;
	top->node.items = items;
	top->node.n = (uint32_t)(top->node.type == DOC_MAP ? n / 2 : n);
	if (top->node.type == DOC_MAP) {
		int r = keys_check(parse, &top->node, err);
		if (r < 0)
			return r;
	}
	vec_push(&parse->values, top->node);
	return 0;
}

static int event_take(struct parse *parse, const yaml_event_t *event, struct err *err)
{
	struct doc at = node_at(parse->source, event->start_mark);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (parse->documents++)
			return doc_err(parse->source, &at, err,
			               "a second document begins here; one file holds one");
		return 0;
	case YAML_ALIAS_EVENT:
		return doc_err(parse->source, &at, err, "the alias '*%.64s' is not allowed; write the value out",
		               (const char *)event->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		return scalar_add(parse, event, err);
	case YAML_SEQUENCE_START_EVENT:
		return container_begin(parse, DOC_ARRAY, event, event->data.sequence_start.anchor,
		                       event->data.sequence_start.tag, err);
	case YAML_MAPPING_START_EVENT:
		return container_begin(parse, DOC_MAP, event, event->data.mapping_start.anchor,
		                       event->data.mapping_start.tag, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return container_end(parse, err);
	case YAML_STREAM_END_EVENT:
		parse->ended = true;
		return 0;
	default:
		return 0;
	}
}

static int event_next(struct parse *parse, struct err *err)
{
	CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
	if (!yaml_parser_parse(&parse->parser, &event))
		return parse_problem(parse, err);
	return event_take(parse, &event, err);
}

/* libyaml compares each %TAG line with all before it: a file of nothing else would take hours. */
static bool too_many_directives(struct str text)
{
	for (unsigned n = 0; n < TAG_DIRECTIVES; n++) {
		ptrdiff_t at = str_find(text, "%TAG");
		if (at < 0)
			return false;
		text = str_slice(text, (size_t)at + 4, text.n);
	}
	return true;
}

int yaml_parse(struct arena *arena, struct source *source, const struct doc **out, struct err *err)
{
	CLEANUP(parse_done) struct parse parse = { .arena = arena, .source = source };
	struct str text = source->text;
	source->lines = true;
	if (text.n > INT32_MAX)
		return err_set(err, -EINVAL, "%s:1:1: larger than 2 GiB", source->name);
	if (too_many_directives(text))
		return err_set(err, -EINVAL, "%s:1:1: too many %%TAG directives; tags are not allowed, remove them",
		               source->name);
	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_slice(text, 3, text.n);
	if (!yaml_parser_initialize(&parse.parser))
		return err_errno(err, -ENOMEM, "%s", source->name);
	yaml_parser_set_encoding(&parse.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parse.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
	while (!parse.ended) {
		int r = event_next(&parse, err);
		if (r < 0)
			return r;
	}
	struct doc *root = ARENA_NEW(arena, struct doc);
	*root = parse.values.n ? parse.values.p[0] : (struct doc){ .type = DOC_NULL, .at = place(source->before, 0) };
	*out = root;
	return 0;
}
