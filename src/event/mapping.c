/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/mapping.h"

#include "base/vec.h"
#include "data/schema.h"
#include "data/yaml.h"
#include "event/parser.h"

/* ---- reading the files ---- */

struct declared_logsource {
	struct str product, category, service;
	const struct doc *when, *fields, *values;
};

struct declared {
	struct str name;
	const struct doc *node;
	struct text title;
	struct strings formats, time, host;
	const struct doc *match, *aliases;
	struct schema_list logsources;
};

static const struct schema_field logsource_fields[] = {
	{ "product", SCHEMA_STRING, offsetof(struct declared_logsource, product) },
	{ "category", SCHEMA_STRING, offsetof(struct declared_logsource, category) },
	{ "service", SCHEMA_STRING, offsetof(struct declared_logsource, service) },
	{ "when", SCHEMA_ANY, offsetof(struct declared_logsource, when) },
	{ "fields", SCHEMA_ANY, offsetof(struct declared_logsource, fields) },
	{ "values", SCHEMA_ANY, offsetof(struct declared_logsource, values) },
	{ 0 },
};

static const struct schema logsource_schema = {
	.what = "a log source",
	.fields = logsource_fields,
	.size = sizeof(struct declared_logsource),
};

static const struct schema_field mapping_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct declared, name), .required = true },
	{ "title", SCHEMA_TEXT, offsetof(struct declared, title), .required = true },
	{ "format", SCHEMA_STRINGS, offsetof(struct declared, formats) },
	{ "match", SCHEMA_ANY, offsetof(struct declared, match) },
	{ "aliases", SCHEMA_ANY, offsetof(struct declared, aliases) },
	{ "time", SCHEMA_STRINGS, offsetof(struct declared, time) },
	{ "host", SCHEMA_STRINGS, offsetof(struct declared, host) },
	{ "logsources", SCHEMA_LIST, offsetof(struct declared, logsources), .required = true, .sub = &logsource_schema },
	{ 0 },
};

static const struct schema mapping_schema = {
	.what = "a mapping",
	.fields = mapping_fields,
	.size = sizeof(struct declared),
	.node_offset = offsetof(struct declared, node),
};

/* Everything read so far. */
struct reading {
	struct arena *arena;
	const struct source *source;
	VEC(struct mapping) mappings;
	VEC(struct mapping_alias) aliases;
};

/* A scalar as text, as a log would write it. */
static int scalar_text(const struct reading *reading, const struct doc *node, struct str *out, struct err *err)
{
	if (node->type == DOC_STRING)
		*out = doc_string(node);
	else if (node->type == DOC_INT)
		*out = arena_printf(reading->arena, "%lld", (long long)node->integer);
	else if (node->type == DOC_BOOL)
		*out = node->boolean ? STR("true") : STR("false");
	else
		return doc_err(reading->source, node, err, "text or a whole number is needed here, not %s", doc_type_words(node));
	return 0;
}

static int read_condition(const struct reading *reading, const struct doc *key, const struct doc *value,
                          struct mapping_condition *out, struct err *err)
{
	int r = 0;
	out->field = doc_string(key);
	if (value->type == DOC_MAP) {
		const struct doc *exists = doc_get(value, STR("exists")), *not = doc_get(value, STR("not"));
		if (value->n == 1 && exists && exists->type == DOC_BOOL && exists->boolean)
			return 0;
		if (value->n != 1 || !not || not->type == DOC_MAP)
			return doc_err(reading->source, value, err,
			               "a value, a list of values, {not: VALUE} or {exists: true} is needed here");
		out->negated = true;
		value = not;
	}
	size_t n = value->type == DOC_ARRAY ? value->n : 1;
	if (n == 0)
		return doc_err(reading->source, value, err, "the list is empty: no event could meet this");
	out->values = (struct strings){ ARENA_ARRAY(reading->arena, struct str, n), n };
	for (size_t i = 0; i < n && r == 0; i++)
		r = scalar_text(reading, value->type == DOC_ARRAY ? &value->items[i] : value, &out->values.p[i], err);
	return r;
}

static int read_group(const struct reading *reading, const struct doc *node, struct mapping_group *out, struct err *err)
{
	if (node->type != DOC_MAP || node->n == 0)
		return doc_err(reading->source, node, err, "a map of fields and values is needed here");
	out->n = node->n;
	out->p = ARENA_ARRAY(reading->arena, struct mapping_condition, node->n);
	for (size_t i = 0; i < node->n; i++) {
		int r = read_condition(reading, doc_key(node, i), doc_value(node, i), &out->p[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_conditions(const struct reading *reading, const struct doc *node, struct mapping_conditions *out,
                           struct err *err)
{
	int r = 0;
	if (!node)
		return 0;
	bool list = node->type == DOC_ARRAY;
	size_t n = list ? node->n : 1;
	if (n == 0)
		return doc_err(reading->source, node, err, "the list is empty: no event could meet this");
	out->n = n;
	out->p = ARENA_ARRAY(reading->arena, struct mapping_group, n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = read_group(reading, list ? &node->items[i] : node, &out->p[i], err);
	return r;
}

static int need_map(const struct reading *reading, const struct doc *node, struct err *err)
{
	return node->type == DOC_MAP ? 0
	                             : doc_err(reading->source, node, err, "a map is needed here, not %s", doc_type_words(node));
}

static int read_renames(const struct reading *reading, const struct doc *node, struct mapping_logsource *out,
                        struct err *err)
{
	int r = node ? need_map(reading, node, err) : 0;
	if (r < 0 || !node)
		return r;
	out->fields.n = node->n;
	out->fields.p = ARENA_ARRAY(reading->arena, struct mapping_rename, node->n);
	for (size_t i = 0; i < node->n && r == 0; i++) {
		out->fields.p[i].sigma = doc_string(doc_key(node, i));
		r = scalar_text(reading, doc_value(node, i), &out->fields.p[i].own, err);
	}
	return r;
}

static int read_values(const struct reading *reading, const struct doc *node, struct mapping_logsource *out,
                       struct err *err)
{
	VEC(struct mapping_value) values = { 0 };
	int r = node ? need_map(reading, node, err) : 0;
	for (size_t i = 0; r == 0 && node && i < node->n; i++) {
		const struct doc *map = doc_value(node, i);
		r = need_map(reading, map, err);
		for (size_t j = 0; r == 0 && j < map->n; j++) {
			struct mapping_value value = { doc_string(doc_key(node, i)), doc_string(doc_key(map, j)), STR_NONE };
			r = scalar_text(reading, doc_value(map, j), &value.own, err);
			vec_push_in(reading->arena, &values, value);
		}
	}
	out->values.p = values.p;
	out->values.n = values.n;
	return r;
}

static int read_logsources(const struct reading *reading, const struct schema_list *list, struct mapping *mapping,
                           struct err *err)
{
	const struct declared_logsource *declared = list->p;
	int r = 0;
	mapping->logsources.n = list->n;
	mapping->logsources.p = ARENA_ARRAY(reading->arena, struct mapping_logsource, list->n);
	for (size_t i = 0; i < list->n && r == 0; i++) {
		struct mapping_logsource *out = &mapping->logsources.p[i];
		*out = (struct mapping_logsource){
			.product = declared[i].product, .category = declared[i].category, .service = declared[i].service,
		};
		r = read_conditions(reading, declared[i].when, &out->when, err);
		if (r == 0)
			r = read_renames(reading, declared[i].fields, out, err);
		if (r == 0)
			r = read_values(reading, declared[i].values, out, err);
	}
	return r;
}

static int read_aliases(struct reading *reading, const struct doc *node, struct err *err)
{
	int r = node ? need_map(reading, node, err) : 0;
	for (size_t i = 0; r == 0 && node && i < node->n; i++) {
		struct mapping_alias alias = { .from = doc_string(doc_key(node, i)) };
		const struct doc *value = doc_value(node, i);
		r = scalar_text(reading, value, &alias.to, err);
		bool from = alias.from.n && alias.from.p[alias.from.n - 1] == '*';
		if (r == 0 && from != str_is(alias.to, "*"))
			r = doc_err(reading->source, value, err, "a name that ends in '*' stands for '*', another for a name");
		vec_push_in(reading->arena, &reading->aliases, alias);
	}
	return r;
}

static int read_mapping(struct reading *reading, const struct declared *declared, struct err *err)
{
	struct mapping mapping = {
		.name = declared->name,
		.file = str_from(reading->source->name),
		.title = declared->title,
		.formats = declared->formats,
		.time = declared->time,
		.host = declared->host,
		.named_only = !declared->match && declared->formats.n == 0,
	};
	for (size_t i = 0; i < reading->mappings.n; i++)
		if (str_eq(reading->mappings.p[i].name, mapping.name))
			return doc_err(reading->source, declared->node, err, "mapping '%.*s' is declared already in %.*s",
			               STR_ARG(mapping.name), STR_ARG(reading->mappings.p[i].file));
	for (size_t i = 0; i < mapping.formats.n; i++)
		if (!parser_find(mapping.formats.p[i]))
			return doc_err(reading->source, declared->node, err, "%.*s: there is no format '%.*s'", STR_ARG(mapping.name),
			               STR_ARG(mapping.formats.p[i]));
	int r = read_conditions(reading, declared->match, &mapping.match, err);
	if (r == 0)
		r = read_logsources(reading, &declared->logsources, &mapping, err);
	if (r == 0)
		r = read_aliases(reading, declared->aliases, err);
	vec_push_in(reading->arena, &reading->mappings, mapping);
	return r;
}

static int read_source(struct reading *reading, struct source *source, struct err *err)
{
	const struct doc *doc;
	int r = yaml_parse(reading->arena, source, &doc, err);
	reading->source = source;
	if (r < 0 || doc->type == DOC_NULL)
		return r;
	size_t n = doc->type == DOC_ARRAY ? doc->n : 1;
	for (size_t i = 0; i < n && r == 0; i++) {
		struct declared declared = { 0 };
		r = schema_decode(reading->arena, source, doc->type == DOC_ARRAY ? &doc->items[i] : doc, &mapping_schema, &declared,
		                  err);
		if (r == 0)
			r = read_mapping(reading, &declared, err);
	}
	return r;
}

static void give(const struct reading *reading, struct mappings *out)
{
	out->p = reading->mappings.p;
	out->n = reading->mappings.n;
	out->aliases.p = reading->aliases.p;
	out->aliases.n = reading->aliases.n;
}

int mappings_parse(struct arena *arena, struct source *source, struct mappings *out, struct err *err)
{
	struct reading reading = { .arena = arena };
	int r = read_source(&reading, source, err);
	give(&reading, out);
	return r;
}

int mappings_load(struct arena *arena, const struct content *content, struct mappings *out, struct err *err)
{
	struct reading reading = { .arena = arena };
	struct strings files;
	int r = content_list(arena, content, "sources/", &files, err);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		struct source *source = ARENA_NEW(arena, struct source);
		r = content_read(arena, content, arena_cstr(arena, files.p[i]), source, err);
		if (r == 0)
			r = read_source(&reading, source, err);
	}
	give(&reading, out);
	return r;
}

/* ---- what they say of an event ---- */

void mappings_alias(const struct mappings *mappings, struct names *names)
{
	for (size_t i = 0; i < mappings->aliases.n; i++)
		names_alias(names, mappings->aliases.p[i].from, mappings->aliases.p[i].to);
}

const struct mapping *mappings_find(const struct mappings *mappings, struct str name)
{
	for (size_t i = 0; i < mappings->n; i++)
		if (str_eq(mappings->p[i].name, name))
			return &mappings->p[i];
	return NULL;
}

static bool same_or_unsaid(struct str asked, struct str own)
{
	return !asked.p || (own.p && str_eq_nocase(asked, own));
}

bool mapping_serves(const struct mapping_logsource *logsource, struct str product, struct str category, struct str service)
{
	return (product.p || category.p || service.p) && same_or_unsaid(product, logsource->product) &&
	       same_or_unsaid(category, logsource->category) && same_or_unsaid(service, logsource->service);
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool mapping_value_is(struct str pattern, struct str value)
{
	size_t p = 0, v = 0, star = SIZE_MAX, from = 0;
	while (v < value.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = v;
		} else if (p < pattern.n && (pattern.p[p] == '?' || lower(pattern.p[p]) == lower(value.p[v]))) {
			p++;
			v++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			v = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool value_is_one_of(const struct strings *values, struct str value)
{
	for (size_t i = 0; i < values->n; i++)
		if (mapping_value_is(values->p[i], value))
			return true;
	return false;
}

static bool condition_is_met(const struct mapping_condition *condition, const struct event *event, const struct names *names)
{
	uint32_t folded = names_find_folded(names, condition->field);
	bool there = false;
	for (uint32_t i = 0; folded && i < event->n; i++) {
		const struct event_field *field = &event->fields[i];
		if (names_folded(names, field->name) != folded)
			continue;
		ARENA(arena);
		there = true;
		if (condition->values.n == 0 || value_is_one_of(&condition->values, event_text(&arena, field)))
			return !condition->negated;
	}
	return there && condition->negated;
}

bool mapping_meets(const struct mapping_conditions *conditions, const struct event *event, const struct names *names)
{
	for (size_t i = 0; i < conditions->n; i++) {
		const struct mapping_group *group = &conditions->p[i];
		size_t met = 0;
		while (met < group->n && condition_is_met(&group->p[met], event, names))
			met++;
		if (met == group->n)
			return true;
	}
	return conditions->n == 0;
}

bool mapping_takes(const struct mapping *mapping, const struct event *event, const struct names *names)
{
	bool format = mapping->formats.n == 0;
	for (size_t i = 0; i < mapping->formats.n && !format; i++)
		format = event->parser && str_is(mapping->formats.p[i], event->parser->name);
	return format && !mapping->named_only && mapping_meets(&mapping->match, event, names);
}

const struct mapping *mapping_of(const struct mappings *mappings, const struct event *event, const struct names *names)
{
	for (size_t i = 0; i < mappings->n; i++)
		if (mapping_takes(&mappings->p[i], event, names))
			return &mappings->p[i];
	return NULL;
}
