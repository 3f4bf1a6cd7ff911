/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * One rule: what it says about itself, its log source, its searches and conditions, and our own key `ward`.
 */
#include <stdlib.h>

#include "base/vec.h"
#include "data/schema.h"
#include "detect/sigma_reader.h"
#include "event/parser.h"

const char *const sigma_level_names[] = { "informational", "low", "medium", "high", "critical", NULL };
const char *const sigma_status_names[] = { "", "stable", "test", "experimental", "deprecated", "unsupported", NULL };

/* ---- numbers and other scalars ---- */

static bool is_usual(struct str text)
{
	size_t sign = text.n && *text.p == '-';
	if (text.n > sign + 1 && text.p[sign] == '0')
		return false;
	for (size_t i = sign; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n > sign;
}

/* A plain scalar as it was written; a number has no blank in it. STR_NONE: it stands too far out for its place to be known
 * (see struct source). */
static struct str as_written(const struct source *source, const struct doc *node)
{
	unsigned line = node->at >> 12, column = node->at & 4095;
	struct str rest = source->text, text = STR_NONE;
	if (column == 4095 || line <= source->before)
		return STR_NONE;
	if (str_starts(rest, "\xef\xbb\xbf"))
		rest = str_slice(rest, 3, rest.n);
	for (unsigned i = source->before; i < line; i++)
		if (!str_line(&rest, &text))
			return STR_NONE;
	for (size_t i = 0; i < text.n; i++)
		if (((unsigned char)text.p[i] & 0xc0) != 0x80 && !--column)
			return memchr("+-.0123456789", text.p[i], 13) ? str_slice(text, i, text.n) : STR_NONE;
	return STR_NONE;
}

static struct str number_text(const struct sigma_reader *reader, const struct doc *node, bool *odd)
{
	struct str text = as_written(reader->source, node);
	size_t n = 0;
	if (!text.p && node->type == DOC_INT)
		return arena_printf(reader->arena, "%lld", (long long)node->integer);
	if (!text.p)
		return arena_printf(reader->arena, "%.15g", node->real);
	while (n < text.n && !memchr(" \t,]}#:", text.p[n], 7))
		n++;
	text = arena_str(reader->arena, str_slice(text, 0, n));
	*odd = !is_usual(text);
	return text;
}

struct str sigma_scalar(const struct sigma_reader *reader, const struct doc *node, bool *odd)
{
	switch (node->type) {
	case DOC_STRING:
		return doc_string(node);
	case DOC_BOOL:
		return node->boolean ? STR("true") : STR("false");
	case DOC_INT:
	case DOC_REAL:
		return number_text(reader, node, odd);
	default:
		return STR_NONE;
	}
}

/* ---- what a rule says about itself ---- */

int sigma_text_read(struct sigma_reader *reader, const struct doc *map, const char *key, struct str *out)
{
	const struct doc *node = doc_get(map, str_from(key));
	bool odd = false;
	if (!node || node->type == DOC_NULL)
		return 0;
	if (!sigma_is_scalar(node))
		return sigma_refuse(reader, node, 0,
		                    NOTE("'{}' is text; this is {}", str_from(key), str_from(doc_type_words(node))));
	*out = sigma_scalar(reader, node, &odd);
	return 0;
}

int sigma_list_read(struct sigma_reader *reader, const struct doc *map, const char *key, struct strings *out)
{
	const struct doc *node = doc_get(map, str_from(key));
	bool odd = false;
	if (!node || node->type == DOC_NULL)
		return 0;
	if (node->type == DOC_MAP)
		return sigma_refuse(reader, node, 0,
		                    NOTE("'{}' is a list of texts; this is {}", str_from(key), str_from(doc_type_words(node))));
	size_t n = node->type == DOC_ARRAY ? node->n : 1;
	out->p = ARENA_ARRAY(reader->arena, struct str, n);
	for (size_t i = 0; i < n; i++) {
		const struct doc *one = node->type == DOC_ARRAY ? &node->items[i] : node;
		if (!sigma_is_scalar(one))
			return sigma_refuse(reader, one, 0,
			                    NOTE("'{}' is a list of texts; this is {}", str_from(key),
			                         str_from(doc_type_words(one))));
		struct str text = sigma_scalar(reader, one, &odd);
		if (text.p)
			out->p[out->n++] = text;
	}
	return 0;
}

/* Index into names, or -EINVAL. */
static int choice_read(struct sigma_reader *reader, const struct doc *doc, const char *key, const char *const *names,
                       int otherwise)
{
	const struct doc *node = doc_get(doc, str_from(key));
	if (!node || node->type == DOC_NULL)
		return otherwise;
	size_t n = 0;
	for (; names[n]; n++)
		if (*names[n] && str_is_nocase(doc_string(node), names[n]))
			return (int)n;
	const char *meant = schema_suggest(doc_string(node), names, n);
	if (meant && *meant)
		return sigma_refuse(reader, node, 0, NOTE("there is no {} '{}'; did you mean '{}'?", str_from(key),
		                                          doc_string(node), str_from(meant)));
	return sigma_refuse(reader, node, 0, NOTE("there is no {} '{}'", str_from(key), doc_string(node)));
}

/* ---- the key `ward` ---- */

static const struct schema_field tests_fields[] = {
	{ "match", SCHEMA_ANY, 0, .required = false },
	{ "no_match", SCHEMA_ANY, sizeof(const struct doc *), .required = false },
	{ 0 },
};
static const struct schema tests_schema = { "tests", tests_fields, 2 * sizeof(const struct doc *), 0 };

struct ward_key {
	struct text title, description;
	struct str format;
	const struct doc *tests[2]; /* match, no_match */
};

static const struct schema_field ward_fields[] = {
	{ "title", SCHEMA_TEXT, offsetof(struct ward_key, title) },
	{ "description", SCHEMA_TEXT, offsetof(struct ward_key, description) },
	{ "format", SCHEMA_STRING, offsetof(struct ward_key, format) },
	{ "tests", SCHEMA_MAP, offsetof(struct ward_key, tests), .sub = &tests_schema },
	{ 0 },
};
static const struct schema ward_schema = { "ward", ward_fields, sizeof(struct ward_key), 0 };

static bool is_event(const struct doc *node)
{
	return node->type == DOC_MAP || (node->type == DOC_STRING && node->n);
}

static int examples_read(struct sigma_reader *reader, const struct doc *list, bool matches, const struct ward_key *ward,
                         struct sigma_rule *rule)
{
	VEC(struct sigma_example) examples = { rule->examples, rule->n_examples, rule->n_examples };
	if (!list)
		return 0;
	if (list->type != DOC_ARRAY)
		return sigma_refuse(reader, list, 0, NOTE("a list of examples is needed here"));
	for (size_t i = 0; i < list->n; i++) {
		const struct doc *event = &list->items[i];
		bool good = is_event(event) || (event->type == DOC_ARRAY && event->n);
		for (size_t k = 0; good && event->type == DOC_ARRAY && k < event->n; k++)
			good = is_event(&event->items[k]);
		if (!good)
			return sigma_refuse(reader, event, 0, NOTE("an example is a map of fields, a log line, or a list of these"));
		struct sigma_example example = { .matches = matches, .event = event, .format = ward->format };
		doc_where(reader->source, event, &example.line, &example.column);
		vec_push_in(reader->arena, &examples, example);
	}
	rule->examples = examples.p;
	rule->n_examples = examples.n;
	return 0;
}

static int ward_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule)
{
	const struct doc *node = doc_get(doc, STR("ward"));
	struct ward_key ward = { 0 };
	struct err err = { 0 };
	if (!node)
		return 0;
	if (schema_decode(reader->arena, reader->source, node, &ward_schema, &ward, &err) < 0)
		return sigma_refuse_words(reader, node, str_from(err.text));
	if (ward.format.p && !parser_find(ward.format))
		return sigma_refuse(reader, doc_get(node, STR("format")), 0, NOTE("there is no format '{}'", ward.format));
	rule->titles = ward.title;
	rule->descriptions = ward.description;
	int r = examples_read(reader, ward.tests[0], true, &ward, rule);
	return r < 0 ? r : examples_read(reader, ward.tests[1], false, &ward, rule);
}

int sigma_head_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule)
{
	struct {
		const char *key;
		struct str *out;
	} const texts[] = {
		{ "title", &rule->title },       { "id", &rule->id },         { "name", &rule->name },
		{ "author", &rule->author },     { "date", &rule->date },     { "description", &rule->description },
		{ "modified", &rule->modified }, { "license", &rule->license },
	};
	struct {
		const char *key;
		struct strings *out;
	} const lists[] = {
		{ "tags", &rule->tags },
		{ "references", &rule->references },
		{ "falsepositives", &rule->falsepositives },
		{ "fields", &rule->fields },
	};
	rule->file = str_from(reader->source->name);
	unsigned column;
	doc_where(reader->source, doc, &rule->line, &column);
	rule->doc = doc;
	for (size_t i = 0; i < COUNT(texts); i++) {
		int r = sigma_text_read(reader, doc, texts[i].key, texts[i].out);
		if (r < 0)
			return r;
	}
	reader->rule = rule->title.n ? rule->title : rule->name.n ? rule->name : rule->id;
	for (size_t i = 0; i < COUNT(lists); i++) {
		int r = sigma_list_read(reader, doc, lists[i].key, lists[i].out);
		if (r < 0)
			return r;
	}
	if (!reader->rule.n)
		return sigma_refuse(reader, doc, 0, NOTE("a rule needs a title"));
	if (!rule->title.n)
		rule->title = reader->rule;
	int level = choice_read(reader, doc, "level", sigma_level_names, LEVEL_MEDIUM);
	int status = level < 0 ? level : choice_read(reader, doc, "status", sigma_status_names, STATUS_NONE);
	if (status < 0)
		return status;
	rule->level = (enum sigma_level)level;
	rule->status = (enum sigma_status)status;
	return ward_read(reader, doc, rule);
}

/* ---- log source ---- */

static struct str lower(struct arena *arena, struct str text)
{
	size_t i = 0;
	while (i < text.n && !(text.p[i] >= 'A' && text.p[i] <= 'Z'))
		i++;
	if (i == text.n)
		return text;
	char *out = arena_bytes(arena, text.n);
	for (i = 0; i < text.n; i++)
		out[i] = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i]);
	return (struct str){ out, text.n };
}

int sigma_logsource_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule)
{
	const struct doc *node = doc_get(doc, STR("logsource"));
	struct {
		const char *key;
		struct str *out;
	} const keys[] = {
		{ "product", &rule->product }, { "category", &rule->category }, { "service", &rule->service }
	};
	if (!node)
		return sigma_refuse(reader, doc, 0, NOTE("the key '{}' is missing", STR("logsource")));
	if (node->type != DOC_MAP)
		return sigma_refuse(reader, node, 0,
		                    NOTE("'{}' is a map; this is {}", STR("logsource"), str_from(doc_type_words(node))));
	for (size_t i = 0; i < COUNT(keys); i++) {
		int r = sigma_text_read(reader, node, keys[i].key, keys[i].out);
		if (r < 0)
			return r;
		if (!keys[i].out->n)
			*keys[i].out = STR_NONE;
		*keys[i].out = lower(reader->arena, *keys[i].out);
	}
	if (!rule->product.p && !rule->category.p && !rule->service.p)
		return sigma_refuse(reader, node, 0, NOTE("'logsource' needs a product, a category or a service"));
	return 0;
}

/* ---- searches ---- */

static int map_read(struct sigma_reader *reader, const struct doc *node, const struct sigma_node **out)
{
	struct sigma_nodes nodes = { 0 };
	if (!node->n)
		return sigma_refuse(reader, node, 0, NOTE("this asks for nothing; write a field and its value"));
	for (size_t i = 0; i < node->n; i++) {
		const struct sigma_node *item;
		int r = sigma_item_read(reader, doc_key(node, i), doc_value(node, i), &item);
		if (r < 0)
			return r;
		vec_push_in(reader->scratch, &nodes, item);
	}
	*out = sigma_node_join(reader, NODE_AND, &nodes);
	return 0;
}

/* A list of maps and texts: any of them. No deeper than YAML_DEPTH. */
static int alternatives_read(struct sigma_reader *reader, const struct doc *node, const struct sigma_node **out)
{
	struct sigma_nodes nodes = { 0 };
	if (!node->n)
		return sigma_refuse(reader, node, 0, NOTE("this asks for nothing; write a field and its value"));
	for (size_t i = 0; i < node->n; i++) {
		const struct sigma_node *one;
		int r = sigma_search_read(reader, &node->items[i], &one);
		if (r < 0)
			return r;
		vec_push_in(reader->scratch, &nodes, one);
	}
	*out = sigma_node_join(reader, NODE_OR, &nodes);
	return 0;
}

int sigma_search_read(struct sigma_reader *reader, const struct doc *node, const struct sigma_node **out)
{
	if (node->type == DOC_MAP)
		return map_read(reader, node, out);
	if (node->type == DOC_ARRAY)
		return alternatives_read(reader, node, out);
	return sigma_item_read(reader, NULL, node, out);
}

int sigma_searches_read(struct sigma_reader *reader, const struct doc *map, const char *const *except,
                        struct sigma_searches *out)
{
	for (size_t i = 0; i < map->n; i++) {
		struct sigma_search search = { .name = doc_string(doc_key(map, i)), .key = doc_key(map, i) };
		bool skip = false;
		for (size_t k = 0; except[k]; k++)
			skip |= str_is(search.name, except[k]);
		if (skip)
			continue;
		int r = sigma_search_read(reader, doc_value(map, i), &search.node);
		if (r < 0)
			return r;
		if (reader->nodes > SIGMA_NODES)
			return sigma_refuse(reader, search.key, 0, NOTE("the rule is too large: more than 200000 comparisons"));
		search.node = sigma_node_named(reader, search.node, search.name);
		vec_push_in(reader->arena, out, search);
	}
	return 0;
}

static int conditions_read(struct sigma_reader *reader, const struct doc *detection, struct sigma_searches *searches,
                           struct sigma_rule *rule)
{
	const struct doc *node = doc_get(detection, STR("condition"));
	if (!node)
		return sigma_refuse(reader, detection, 0, NOTE("the key '{}' is missing", STR("condition")));
	bool list = node->type == DOC_ARRAY;
	size_t n = list ? node->n : 1;
	if (!n)
		return sigma_refuse(reader, node, 0, NOTE("the key '{}' is missing", STR("condition")));
	const struct sigma_node **conditions = ARENA_ARRAY(reader->arena, const struct sigma_node *, n);
	for (size_t i = 0; i < n; i++) {
		int r = sigma_condition_read(reader, list ? &node->items[i] : node, searches, &conditions[i]);
		if (r < 0)
			return r;
	}
	rule->conditions = conditions;
	rule->n_conditions = n;
	return 0;
}

int sigma_rule_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule)
{
	static const char *const except[] = { "condition", "timeframe", NULL };
	const struct doc *detection = doc_get(doc, STR("detection"));
	struct sigma_searches searches = { 0 };
	int r = sigma_head_read(reader, doc, rule);
	if (r == 0)
		r = sigma_logsource_read(reader, doc, rule);
	if (r < 0)
		return r;
	if (!detection || detection->type != DOC_MAP)
		return sigma_refuse(reader, detection ? detection : doc, 0,
		                    NOTE("'{}' is a map; this is {}", STR("detection"), str_from(doc_type_words(detection))));
	reader->current = rule;
	r = sigma_searches_read(reader, detection, except, &searches);
	if (r == 0)
		r = conditions_read(reader, detection, &searches, rule);
	if (r < 0)
		return r;
	for (size_t i = 0; i < searches.n; i++)
		if (!searches.p[i].used)
			sigma_warn(reader, searches.p[i].key, 0,
			           NOTE("the condition does not use '{}'", searches.p[i].name));
	return 0;
}
