/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Filters: a condition that is put to many rules at once, mostly "not selection". They apply to rules of their log source,
 * named by id or name, or to all of them ("any"). Correlations are not filtered; the rules they refer to are.
 */
#include "base/vec.h"
#include "detect/sigma_reader.h"

enum { FILTERED_MOST = 1000000 };

int sigma_filter_read(struct sigma_reader *reader, const struct doc *doc, struct sigma_filter *filter)
{
	static const char *const except[] = { "condition", "rules", NULL };
	const struct doc *map = doc_get(doc, STR("filter"));
	struct sigma_searches searches = { 0 };
	int r = sigma_head_read(reader, doc, &filter->head);
	if (r == 0)
		r = sigma_logsource_read(reader, doc, &filter->head);
	if (r < 0)
		return r;
	if (map->type != DOC_MAP)
		return sigma_refuse(reader, map, 0,
		                    NOTE("'{}' is a map; this is {}", STR("filter"), str_from(doc_type_words(map))));
	filter->source = reader->source;
	filter->list = doc_get(map, STR("rules"));
	if (!filter->list)
		return sigma_refuse(reader, map, 0, NOTE("a filter needs 'rules': a list of ids or names, or 'any'"));
	r = sigma_list_read(reader, map, "rules", &filter->rules);
	if (r < 0)
		return r;
	filter->every = !filter->rules.n || (filter->list->type == DOC_STRING && (str_is_nocase(filter->rules.p[0], "any") ||
	                                                                          str_is_nocase(filter->rules.p[0], "all")));
	const struct doc *condition = doc_get(map, STR("condition"));
	if (!condition)
		return sigma_refuse(reader, map, 0, NOTE("the key '{}' is missing", STR("condition")));
	reader->current = &filter->head;
	r = sigma_searches_read(reader, map, except, &searches);
	if (r == 0)
		r = sigma_condition_read(reader, condition, &searches, &filter->condition);
	if (r < 0)
		return r;
	if (filter->condition->kind != NODE_NOT && filter->condition->kind != NODE_AND && filter->condition->kind != NODE_OR)
		sigma_warn(reader, condition, 0,
		           NOTE("this keeps only events that meet the condition; to leave them out, write 'not' before it"));
	for (size_t i = 0; i < searches.n; i++)
		if (!searches.p[i].used)
			sigma_warn(reader, searches.p[i].key, 0, NOTE("the condition does not use '{}'", searches.p[i].name));
	return 0;
}

static bool part_fits(struct str filter, struct str rule)
{
	return !filter.p || str_eq(filter, rule);
}

static bool source_fits(const struct sigma_rule *filter, const struct sigma_rule *rule)
{
	return rule->correlation.type == CORRELATION_NONE && part_fits(filter->product, rule->product) &&
	       part_fits(filter->category, rule->category) && part_fits(filter->service, rule->service);
}

static void filter_apply(struct sigma_reader *reader, const struct sigma_filter *filter, struct sigma_rule *rule)
{
	const struct sigma_node **conditions =
		ARENA_ARRAY(reader->arena, const struct sigma_node *, rule->n_conditions);
	const struct sigma_node *condition = sigma_node_named(reader, filter->condition, filter->head.title);
	for (size_t i = 0; i < rule->n_conditions; i++) {
		struct sigma_nodes both = { 0 };
		vec_push_in(reader->scratch, &both, rule->conditions[i]);
		vec_push_in(reader->scratch, &both, condition);
		conditions[i] = sigma_node_join(reader, NODE_AND, &both);
	}
	rule->conditions = conditions;
}

void sigma_filters_apply(struct sigma_reader *reader, const struct sigma_index *index, const struct sigma_filters *filters,
                         struct sigma_rule *const *rules, size_t n)
{
	size_t left = FILTERED_MOST;
	for (size_t i = 0; i < filters->n; i++) {
		const struct sigma_filter *filter = &filters->p[i];
		reader->source = filter->source;
		reader->rule = filter->head.title;
		size_t most = filter->every ? n : filter->rules.n;
		if (most > left) {
			(void)sigma_refuse(reader, filter->list, 0,
			                   NOTE("the filters would change rules more than a million times; this one is left out"));
			continue;
		}
		left -= most;
		for (size_t k = 0; filter->every && k < n; k++)
			if (source_fits(&filter->head, rules[k]))
				filter_apply(reader, filter, rules[k]);
		for (size_t k = 0; !filter->every && k < filter->rules.n; k++) {
			bool several;
			struct sigma_rule *rule = sigma_index_find(index, filter->rules.p[k], filter->head.file, &several);
			if (rule && source_fits(&filter->head, rule))
				filter_apply(reader, filter, rule);
			else if (rule)
				sigma_warn(reader, filter->list, 0,
				           NOTE("the rule '{}' is of another log source than the filter", filter->rules.p[k]));
			else
				sigma_warn(reader, filter->list, 0,
				           NOTE("there is no rule '{}', or it could not be loaded", filter->rules.p[k]));
		}
	}
}
