/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Correlation rules: reading them, and finding the rules they refer to. References may go to correlations, in any order,
 * but not in a circle.
 */
#include "base/vec.h"
#include "data/schema.h"
#include "detect/sigma_reader.h"

enum { CHAIN_MOST = 8 }; /* correlations of correlations of … */
static const int64_t second = INT64_C(1000000000);

static const struct {
	const char *name;
	enum sigma_correlation_type type;
} types[] = {
	{ "event_count", CORRELATION_EVENT_COUNT },
	{ "value_count", CORRELATION_VALUE_COUNT },
	{ "value_sum", CORRELATION_VALUE_SUM },
	{ "value_avg", CORRELATION_VALUE_AVG },
	{ "value_percentile", CORRELATION_VALUE_PERCENTILE },
	{ "value_median", CORRELATION_VALUE_PERCENTILE }, /* the 50th */
	{ "temporal", CORRELATION_TEMPORAL },
	{ "temporal_ordered", CORRELATION_TEMPORAL_ORDERED },
};

static bool is_temporal(const struct sigma_correlation *correlation)
{
	return correlation->type == CORRELATION_TEMPORAL || correlation->type == CORRELATION_TEMPORAL_ORDERED;
}

static bool is_of_values(const struct sigma_correlation *correlation)
{
	return correlation->type >= CORRELATION_VALUE_COUNT && correlation->type <= CORRELATION_VALUE_PERCENTILE;
}

static int missing(struct sigma_reader *reader, const struct doc *map, const char *key)
{
	return sigma_refuse(reader, map, 0, NOTE("the key '{}' is missing", str_from(key)));
}

static int type_read(struct sigma_reader *reader, const struct doc *map, struct sigma_correlation *out)
{
	const struct doc *node = doc_get(map, STR("type"));
	const char *names[COUNT(types)];
	if (!node)
		return missing(reader, map, "type");
	for (size_t i = 0; i < COUNT(types); i++) {
		names[i] = types[i].name;
		if (!str_is(doc_string(node), types[i].name))
			continue;
		out->type = types[i].type;
		if (str_is(doc_string(node), "value_median"))
			out->percentile = 50;
		return 0;
	}
	const char *meant = schema_suggest(doc_string(node), names, COUNT(names));
	if (meant)
		return sigma_refuse(reader, node, 0, NOTE("there is no {} '{}'; did you mean '{}'?", STR("type"), doc_string(node),
		                                          str_from(meant)));
	return sigma_refuse(reader, node, 0, NOTE("there is no {} '{}'", STR("type"), doc_string(node)));
}

/* A number and a letter. A month is a twelfth of a year, a year is that of the Gregorian calendar on average. */
static int timespan_read(struct sigma_reader *reader, const struct doc *map, struct sigma_correlation *out)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 },      { 'm', 60 },      { 'h', 3600 },    { 'd', 86400 },
		      { 'w', 604800 }, { 'M', 2629746 }, { 'y', 31556952 } };
	const struct doc *node = doc_get(map, STR("timespan"));
	struct str text = doc_string(node);
	int64_t n = 0;
	if (!node)
		return missing(reader, map, "timespan");
	for (size_t i = 0; text.n > 1 && i < COUNT(units); i++) {
		if (text.p[text.n - 1] != units[i].letter || text.p[0] < '0' || text.p[0] > '9' ||
		    !str_to_int(str_slice(text, 0, text.n - 1), 10, &n))
			continue;
		if (n < 1 || n > INT64_MAX / second / 4 / units[i].seconds)
			break;
		out->timespan = n * units[i].seconds * second;
		return 0;
	}
	return sigma_refuse(reader, node, 0,
	                    NOTE("a timespan is a number and s, m, h, d, w, M (months) or y: 90s, 15m, 1d"));
}

static int aliases_read(struct sigma_reader *reader, const struct doc *map, struct sigma_correlation *out)
{
	const struct doc *node = doc_get(map, STR("aliases"));
	VEC(struct sigma_alias) aliases = { 0 };
	if (!node || node->type == DOC_NULL)
		return 0;
	for (size_t i = 0; node->type == DOC_MAP && i < node->n; i++) {
		const struct doc *rules = doc_value(node, i);
		if (rules->type != DOC_MAP)
			return sigma_refuse(reader, rules, 0, NOTE("'aliases' is a map of names, each a map of rule to field"));
		for (size_t k = 0; k < rules->n; k++) {
			struct sigma_alias alias = { .alias = doc_string(doc_key(node, i)), .rule = doc_string(doc_key(rules, k)),
				                     .field = doc_string(doc_value(rules, k)) };
			if (!alias.field.n)
				return sigma_refuse(reader, doc_value(rules, k), 0,
				                    NOTE("'aliases' is a map of names, each a map of rule to field"));
			vec_push_in(reader->arena, &aliases, alias);
		}
	}
	if (node->type != DOC_MAP)
		return sigma_refuse(reader, node, 0, NOTE("'aliases' is a map of names, each a map of rule to field"));
	out->aliases = aliases.p;
	out->n_aliases = aliases.n;
	return 0;
}

/* ---- conditions ---- */

static int threshold_read(struct sigma_reader *reader, const struct doc *value, bool *there, double *out)
{
	if (value->type == DOC_INT)
		*out = (double)value->integer;
	else if (value->type == DOC_REAL && value->real - value->real == 0)
		*out = value->real;
	else
		return sigma_refuse(reader, value, 0, NOTE("a number is needed here"));
	*there = true;
	return 0;
}

static int count_read(struct sigma_reader *reader, const struct doc *node, struct sigma_correlation *out)
{
	bool percentile = false, any = false;
	struct {
		const char *name;
		bool *there;
		double *than;
	} const operators[] = {
		{ "lt", &out->count.lt, &out->count.lt_than },     { "lte", &out->count.le, &out->count.le_than },
		{ "gt", &out->count.gt, &out->count.gt_than },     { "gte", &out->count.ge, &out->count.ge_than },
		{ "eq", &out->count.eq, &out->count.eq_to },       { "neq", &out->count.neq, &out->count.neq_to },
		{ "percentile", &percentile, &out->percentile },
	};
	for (size_t i = 0; i < node->n; i++) {
		struct str key = doc_string(doc_key(node, i));
		const struct doc *value = doc_value(node, i);
		size_t k = 0;
		if (str_is(key, "field"))
			continue;
		while (k < COUNT(operators) && !str_is(key, operators[k].name))
			k++;
		if (k == COUNT(operators))
			return sigma_refuse(reader, doc_key(node, i), 0,
			                    NOTE("there is no '{}'; a condition has gt, gte, lt, lte, eq, neq, field, percentile", key));
		int r = threshold_read(reader, value, operators[k].there, operators[k].than);
		if (r < 0)
			return r;
		any |= operators[k].there != &percentile;
	}
	if (!any)
		return sigma_refuse(reader, node, 0, NOTE("the condition needs one of gt, gte, lt, lte, eq, neq"));
	if (percentile && (out->type != CORRELATION_VALUE_PERCENTILE || out->percentile < 0 || out->percentile > 100))
		return sigma_refuse(reader, doc_get(node, STR("percentile")), 0,
		                    NOTE("'percentile' is from 0 to 100, and only for value_percentile"));
	if (out->type == CORRELATION_VALUE_PERCENTILE && !percentile && out->percentile == 0)
		return missing(reader, node, "percentile");
	return sigma_list_read(reader, node, "field", &out->fields);
}

/* The rules of the list as search identifiers; when there is no list, every word that is none of the operators. */
static struct sigma_searches rule_searches(struct sigma_reader *reader, struct str text, struct strings *rules)
{
	struct sigma_searches searches = { 0 };
	VEC(struct str) found = { 0 };
	struct str word = STR_NONE;
	for (size_t i = 0; !rules->n && i <= text.n; i++) {
		bool part = i < text.n && !memchr(" \t\r\n()", text.p[i], 6);
		if (part) {
			word = (struct str){ word.p ? word.p : text.p + i, word.n + 1 };
			continue;
		}
		bool known = !word.n || str_is_nocase(word, "and") || str_is_nocase(word, "or") || str_is_nocase(word, "not");
		for (size_t k = 0; k < found.n; k++)
			known |= str_eq(found.p[k], word);
		if (!known && found.n < SIGMA_TERMS)
			vec_push_in(reader->arena, &found, word);
		word = STR_NONE;
	}
	if (found.n)
		*rules = (struct strings){ found.p, found.n };
	for (size_t i = 0; i < rules->n; i++) {
		const struct sigma_item item = { .field = rules->p[i], .op = SIGMA_EXISTS };
		vec_push_in(reader->arena, &searches, { .name = rules->p[i], .node = sigma_node_item(reader, &item) });
	}
	return searches;
}

static int extended_read(struct sigma_reader *reader, const struct doc *node, struct sigma_correlation *out)
{
	if (!is_temporal(out))
		return sigma_refuse(reader, node, 0, NOTE("only temporal correlations have a condition in words; give a map with gte "
		                                          "or the like"));
	struct sigma_searches searches = rule_searches(reader, doc_string(node), &out->rules);
	int r = sigma_condition_read(reader, node, &searches, &out->extended);
	if (r < 0)
		return r;
	for (size_t i = 0; i < searches.n; i++)
		if (!searches.p[i].used)
			return sigma_refuse(reader, node, 0, NOTE("the condition does not use '{}'", searches.p[i].name));
	return 0;
}

static int condition_read(struct sigma_reader *reader, const struct doc *map, struct sigma_correlation *out)
{
	const struct doc *node = doc_get(map, STR("condition"));
	if (!node && is_temporal(out))
		return 0;
	if (!node)
		return missing(reader, map, "condition");
	if (node->type == DOC_STRING)
		return extended_read(reader, node, out);
	if (node->type != DOC_MAP)
		return sigma_refuse(reader, node, 0,
		                    NOTE("'{}' is a map; this is {}", STR("condition"), str_from(doc_type_words(node))));
	int r = count_read(reader, node, out);
	if (r == 0 && is_of_values(out) && !out->fields.n)
		return missing(reader, node, "field");
	return r;
}

int sigma_correlation_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_rule *rule)
{
	static const char *const keys[] = { "type", "rules", "group-by", "timespan", "condition", "aliases", "generate" };
	const struct doc *map = doc_get(doc, STR("correlation"));
	struct sigma_correlation *out = &rule->correlation;
	int r = sigma_head_read(reader, doc, rule);
	if (r < 0)
		return r;
	if (map->type != DOC_MAP)
		return sigma_refuse(reader, map, 0,
		                    NOTE("'{}' is a map; this is {}", STR("correlation"), str_from(doc_type_words(map))));
	for (size_t i = 0; i < map->n; i++) {
		struct str key = doc_string(doc_key(map, i));
		bool known = false;
		for (size_t k = 0; k < COUNT(keys); k++)
			known |= str_is(key, keys[k]);
		if (!known)
			sigma_warn(reader, doc_key(map, i), 0, NOTE("a correlation has no '{}'", key));
	}
	const struct doc *generate = doc_get(map, STR("generate")); /* also seen beside `correlation` */
	if (!generate)
		generate = doc_get(doc, STR("generate"));
	if (generate && generate->type != DOC_BOOL)
		return sigma_refuse(reader, generate, 0, NOTE("'generate' takes true or false, without quotes"));
	out->generate = generate && generate->boolean;
	r = type_read(reader, map, out);
	if (r == 0)
		r = sigma_list_read(reader, map, "rules", &out->rules);
	if (r == 0)
		r = sigma_list_read(reader, map, "group-by", &out->group_by);
	if (r == 0)
		r = timespan_read(reader, map, out);
	if (r == 0)
		r = aliases_read(reader, map, out);
	if (r == 0)
		r = condition_read(reader, map, out);
	if (r == 0 && !out->rules.n)
		return missing(reader, map, "rules");
	return r;
}

/* ---- references ---- */

struct sigma_rule *sigma_index_find(const struct sigma_index *index, struct str reference, struct str file, bool *several)
{
	struct sigma_rule *rule = map_get(&index->ids, reference);
	const struct sigma_named *named = rule ? NULL : map_get(&index->names, reference);
	*several = false;
	for (const struct sigma_named *at = named; at; at = at->next)
		if (str_eq(at->rule->file, file))
			return at->rule;
	if (named && named->next) {
		*several = true;
		return NULL;
	}
	return named ? named->rule : rule;
}

struct resolve {
	struct sigma_reader *reader;
	const struct sigma_index *index;
	struct map pending; /* by rule */
	unsigned level;     /* 1: correlations of rules, 2: of these … */
};

static int unresolved(const struct resolve *resolve, const struct doc *at, struct str reference, bool several)
{
	const struct sigma_rule *skipped = map_get(&resolve->index->skipped, reference);
	if (several)
		return sigma_refuse(resolve->reader, at, 0,
		                    NOTE("several rules are called '{}'; refer to one by its id", reference));
	if (skipped)
		return sigma_refuse(resolve->reader, at, 0,
		                    NOTE("the rule '{}' is not loaded, because its status is {}", reference,
		                         str_from(sigma_status_names[skipped->status])));
	return sigma_refuse(resolve->reader, at, 0, NOTE("there is no rule '{}', or it could not be loaded", reference));
}

static bool alias_fits(const struct sigma_alias *alias, const struct sigma_rule *rule, struct str reference)
{
	return str_eq(alias->rule, reference) || str_eq(alias->rule, rule->name) || str_eq(alias->rule, rule->id);
}

/* Aliases say rules as the list does. */
static int aliases_resolve(const struct resolve *resolve, const struct doc *map, struct sigma_correlation *correlation)
{
	for (size_t i = 0; i < correlation->n_aliases; i++) {
		struct sigma_alias *alias = &correlation->aliases[i];
		bool found = false;
		for (size_t k = 0; !found && k < correlation->rules.n; k++) {
			found = alias_fits(alias, correlation->rule[k], correlation->rules.p[k]);
			if (found)
				alias->rule = correlation->rules.p[k];
		}
		if (!found)
			return sigma_refuse(resolve->reader, doc_get(map, STR("aliases")), 0,
			                    NOTE("the alias '{}' names the rule '{}', which the correlation does not have",
			                         alias->alias, alias->rule));
	}
	return 0;
}

static const struct doc *reference_node(const struct doc *map, size_t i)
{
	const struct doc *list = doc_get(map, STR("rules"));
	return list && list->type == DOC_ARRAY && i < list->n ? &list->items[i] : list ? list : map;
}

/* Find the rules; wait (stay PENDING_NEW) for correlations among them that are not good yet. */
static void pending_resolve(struct resolve *resolve, struct sigma_pending *pending)
{
	struct sigma_correlation *correlation = &pending->rule->correlation;
	size_t n = correlation->rules.n;
	const struct sigma_rule **found = ARENA_ARRAY(resolve->reader->arena, const struct sigma_rule *, n);
	resolve->reader->source = pending->source;
	resolve->reader->rule = pending->rule->title;
	for (size_t i = 0; i < n; i++) {
		bool several;
		struct str reference = correlation->rules.p[i];
		struct sigma_rule *rule = sigma_index_find(resolve->index, reference, pending->rule->file, &several);
		const struct sigma_pending *other = rule ? map_get_int(&resolve->pending, (int64_t)(intptr_t)rule) : NULL;
		if (!rule || (other && other->state == PENDING_BAD)) {
			(void)unresolved(resolve, reference_node(pending->correlation, i), reference, several);
			pending->state = PENDING_BAD;
			return;
		}
		if (other && (other->state == PENDING_NEW || other->level >= resolve->level))
			return;
		found[i] = rule;
	}
	correlation->rule = found;
	pending->level = resolve->level;
	pending->state = aliases_resolve(resolve, pending->correlation, correlation) < 0 ? PENDING_BAD : PENDING_GOOD;
	if (pending->state == PENDING_BAD)
		correlation->rule = NULL;
}

void sigma_correlations_resolve(struct sigma_reader *reader, const struct sigma_index *index, struct sigma_pendings *all)
{
	struct resolve resolve = { reader, index, { .arena = reader->arena }, 1 };
	for (size_t i = 0; i < all->n; i++)
		*map_put_int(&resolve.pending, (int64_t)(intptr_t)all->p[i].rule) = &all->p[i];
	for (; resolve.level <= CHAIN_MOST; resolve.level++)
		for (size_t i = 0; i < all->n; i++)
			if (all->p[i].state == PENDING_NEW)
				pending_resolve(&resolve, &all->p[i]);
	for (size_t i = 0; i < all->n; i++) {
		if (all->p[i].state != PENDING_NEW)
			continue;
		reader->source = all->p[i].source;
		reader->rule = all->p[i].rule->title;
		(void)sigma_refuse(reader, reference_node(all->p[i].correlation, 0), 0,
		                   NOTE("the correlations refer to each other in a circle, or more than eight deep"));
	}
}

void sigma_correlations_hide(const struct sigma_rule *const *rules, size_t n)
{
	/* Hidden by one that does not generate, shown again by one that does. */
	for (int generates = 0; generates < 2; generates++) {
		for (size_t i = 0; i < n; i++) {
			const struct sigma_correlation *correlation = &rules[i]->correlation;
			if (correlation->type == CORRELATION_NONE || correlation->generate != generates)
				continue;
			/* Only pointers to rules are const, for those who come later. */
			for (size_t k = 0; k < correlation->rules.n; k++)
				((struct sigma_rule *)(uintptr_t)correlation->rule[k])->hidden = !generates;
		}
	}
}
