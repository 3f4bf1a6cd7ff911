/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/schema.h"

#include "base/buf.h"

/* Where a decode is: who reports, in whose memory. */
struct decode {
	struct arena *arena;
	const struct source *source;
	struct err *err;
};

static int map_decode(const struct decode *decode, const struct doc *node, const struct schema *schema,
                      void *out);

const char *schema_suggest(struct str wrong, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t near = (wrong.n + 2) / 3 + 1;
	for (size_t i = 0; i < n; i++) {
		struct str name = str_from(names[i]);
		size_t distance = str_eq_nocase(wrong, name) ? 0 : str_distance(wrong, name);
		if (distance < near && distance < MAX(wrong.n, name.n)) {
			near = distance;
			best = names[i];
		}
	}
	return best;
}

static size_t names_count(const char *const *names)
{
	size_t n = 0;
	while (names[n])
		n++;
	return n;
}

/* "low, medium, high" */
static void names_join(struct buf *buf, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(buf, "%s%s", i ? ", " : "", names[i]);
}

static int wrong_type(const struct decode *decode, const struct doc *node, const char *key,
                      const char *wanted)
{
	if (node->type == DOC_NULL)
		return doc_err(decode->source, node, decode->err,
		               "'%s' is empty; give it %s, or remove the line", key, wanted);
	bool scalar = node->type == DOC_INT || node->type == DOC_REAL || node->type == DOC_BOOL;
	return doc_err(decode->source, node, decode->err, "'%s' must be %s, not %s%s", key, wanted,
	               doc_type_words(node),
	               scalar && strcmp(wanted, "text") == 0 ? "; put it in quotes" : "");
}

static int wrong_name(const struct decode *decode, const struct doc *node, const char *key, struct str given,
                      const char *const *names)
{
	BUF(list);
	size_t n = names_count(names);
	names_join(&list, names, n);
	const char *meant = schema_suggest(given, names, n);
	if (meant)
		return doc_err(decode->source, node, decode->err,
		               "'%s' is '%.*s', which is none of %s; did you mean '%s'?", key, STR_ARG(given),
		               buf_cstr(&list), meant);
	return doc_err(decode->source, node, decode->err, "'%s' is '%.*s', which is none of %s", key,
	               STR_ARG(given), buf_cstr(&list));
}

static int string_decode(const struct decode *decode, const struct doc *node, const char *key,
                         struct str *out)
{
	if (node->type != DOC_STRING)
		return wrong_type(decode, node, key, "text");
	*out = doc_string(node);
	return 0;
}

static int int_decode(const struct decode *decode, const struct doc *node, const struct schema_field *field,
                      int64_t *out)
{
	if (node->type != DOC_INT)
		return wrong_type(decode, node, field->key, "a whole number");
	if ((field->min || field->max) && (node->integer < field->min || node->integer > field->max))
		return doc_err(decode->source, node, decode->err,
		               "'%s' is %lld, which is not between %lld and %lld", field->key,
		               (long long)node->integer, (long long)field->min, (long long)field->max);
	*out = node->integer;
	return 0;
}

static int enum_decode(const struct decode *decode, const struct doc *node, const struct schema_field *field,
                       int *out)
{
	struct str given = STR_NONE;
	int r = string_decode(decode, node, field->key, &given);
	if (r < 0)
		return r;
	for (int i = 0; field->names[i]; i++) {
		if (str_is(given, field->names[i])) {
			*out = i;
			return 0;
		}
	}
	return wrong_name(decode, node, field->key, given, field->names);
}

static int strings_decode(const struct decode *decode, const struct doc *node, const char *key,
                          struct strings *out)
{
	bool list = node->type == DOC_ARRAY;
	if (!list && node->type != DOC_STRING)
		return wrong_type(decode, node, key, "a list of text");
	struct strings all = { .n = list ? node->n : 1 };
	all.p = ARENA_ARRAY(decode->arena, struct str, all.n);
	for (size_t i = 0; i < all.n; i++) {
		int r = string_decode(decode, list ? &node->items[i] : node, key, &all.p[i]);
		if (r < 0)
			return r;
	}
	*out = all;
	return 0;
}

static int text_decode(const struct decode *decode, const struct doc *node, const char *key, struct text *out)
{
	if (node->type != DOC_MAP)
		return wrong_type(decode, node, key, "a map with zh-CN, vi and en");
	struct text text = { 0 };
	for (size_t i = 0; i < node->n; i++) {
		struct str name = doc_string(doc_key(node, i));
		enum lang lang = LANG_EN;
		while (lang < LANG_COUNT && !str_is(name, lang_names[lang]))
			lang++;
		if (lang == LANG_COUNT)
			return doc_err(decode->source, doc_key(node, i), decode->err,
			               "'%s' has the unknown language '%.*s'; write zh-CN, vi and en", key,
			               STR_ARG(name));
		int r = string_decode(decode, doc_value(node, i), lang_names[lang], &text.in[lang]);
		if (r < 0)
			return r;
	}
	for (enum lang lang = LANG_EN; lang < LANG_COUNT; lang++)
		if (!text.in[lang].p)
			return doc_err(decode->source, node, decode->err,
			               "'%s' lacks %s; it needs zh-CN, vi and en", key, lang_names[lang]);
	*out = text;
	return 0;
}

static int list_decode(const struct decode *decode, const struct doc *node, const char *key,
                       const struct schema *schema, struct schema_list *out)
{
	if (node->type != DOC_ARRAY) {
		if (key)
			return wrong_type(decode, node, key, "a list");
		return doc_err(decode->source, node, decode->err, "a list is expected here, each item %s; found %s",
		               schema->what, doc_type_words(node));
	}
	struct schema_list list = { .n = node->n };
	list.p = arena_array(decode->arena, schema->size, list.n);
	for (size_t i = 0; i < list.n; i++) {
		int r = map_decode(decode, &node->items[i], schema, (char *)list.p + i * schema->size);
		if (r < 0)
			return r;
	}
	*out = list;
	return 0;
}

static int field_decode(const struct decode *decode, const struct doc *node, const struct schema_field *field,
                        void *at)
{
	switch (field->type) {
	case SCHEMA_STRING:
		return string_decode(decode, node, field->key, at);
	case SCHEMA_INT:
		return int_decode(decode, node, field, at);
	case SCHEMA_BOOL:
		if (node->type != DOC_BOOL)
			return wrong_type(decode, node, field->key, "true or false");
		*(bool *)at = node->boolean;
		return 0;
	case SCHEMA_REAL:
		if (node->type != DOC_REAL && node->type != DOC_INT)
			return wrong_type(decode, node, field->key, "a number");
		*(double *)at = node->type == DOC_INT ? (double)node->integer : node->real;
		return 0;
	case SCHEMA_ENUM:
		return enum_decode(decode, node, field, at);
	case SCHEMA_TEXT:
		return text_decode(decode, node, field->key, at);
	case SCHEMA_STRINGS:
		return strings_decode(decode, node, field->key, at);
	case SCHEMA_LIST:
		return list_decode(decode, node, field->key, field->sub, at);
	case SCHEMA_MAP:
		if (node->type != DOC_MAP)
			return wrong_type(decode, node, field->key, "a map");
		return map_decode(decode, node, field->sub, at);
	case SCHEMA_ANY:
		*(const struct doc **)at = node;
		return 0;
	}
	return 0;
}

static const struct schema_field *field_find(const struct schema *schema, struct str key)
{
	for (const struct schema_field *field = schema->fields; field->key; field++)
		if (str_is(key, field->key))
			return field;
	return NULL;
}

static int unknown_key(const struct decode *decode, const struct doc *key, const struct schema *schema)
{
	ARENA(scratch);
	BUF(list);
	size_t n = 0;
	while (schema->fields[n].key)
		n++;
	const char **names = ARENA_ARRAY(&scratch, const char *, n);
	for (size_t i = 0; i < n; i++)
		names[i] = schema->fields[i].key;
	struct str given = doc_string(key);
	const char *meant = schema_suggest(given, names, n);
	if (meant)
		return doc_err(decode->source, key, decode->err, "unknown key '%.*s', did you mean '%s'?",
		               STR_ARG(given), meant);
	names_join(&list, names, n);
	return doc_err(decode->source, key, decode->err, "unknown key '%.*s'; %s has %s", STR_ARG(given),
	               schema->what, buf_cstr(&list));
}

/* Recursion goes no deeper than the tree, whose depth its parser bounded. */
static int map_decode(const struct decode *decode, const struct doc *node, const struct schema *schema,
                      void *out)
{
	if (node->type != DOC_MAP)
		return doc_err(decode->source, node, decode->err, "%s is expected here, as a map; found %s",
		               schema->what, doc_type_words(node));
	for (size_t i = 0; i < node->n; i++) {
		const struct schema_field *field = field_find(schema, doc_string(doc_key(node, i)));
		if (!field)
			return unknown_key(decode, doc_key(node, i), schema);
		int r = field_decode(decode, doc_value(node, i), field, (char *)out + field->offset);
		if (r < 0)
			return r;
	}
	for (const struct schema_field *field = schema->fields; field->key; field++)
		if (field->required && !doc_get(node, str_from(field->key)))
			return doc_err(decode->source, node, decode->err, "%s lacks '%s'", schema->what,
			               field->key);
	if (schema->node_offset)
		*(const struct doc **)((char *)out + schema->node_offset) = node;
	return 0;
}

int schema_decode(struct arena *arena, const struct source *source, const struct doc *node,
                  const struct schema *schema, void *out, struct err *err)
{
	struct decode decode = { arena, source, err };
	return map_decode(&decode, node, schema, out);
}

int schema_decode_list(struct arena *arena, const struct source *source, const struct doc *node,
                       const struct schema *schema, struct schema_list *out, struct err *err)
{
	struct decode decode = { arena, source, err };
	return list_decode(&decode, node, NULL, schema, out);
}
