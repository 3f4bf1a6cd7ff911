/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/sigma_transform.h"

#include "base/vec.h"

struct change {
	const struct transform *transform;
	struct sigma_reader *reader;
	struct map done; /* nodes already changed, to what they became: a search may stand in a condition many times */
};

struct names_list {
	struct str *p;
	size_t n, room;
};

/* ---- names ---- */

static void mapped_add(struct change *change, const struct doc *value, struct str rest, struct names_list *out)
{
	size_t n = value->type == DOC_ARRAY ? value->n : 1;
	for (size_t i = 0; i < n; i++) {
		struct str name = doc_string(value->type == DOC_ARRAY ? &value->items[i] : value);
		if (rest.n)
			name = arena_printf(change->reader->arena, "%.*s%.*s", STR_ARG(name), STR_ARG(rest));
		vec_push_in(change->reader->arena, out, name);
	}
}

/* What the field is called afterwards: none of them when it keeps its name. */
static struct names_list new_names(struct change *change, struct str field)
{
	const struct transform *transform = change->transform;
	struct names_list names = { 0 };
	struct arena *arena = change->reader->arena;
	if (!field.p || !transform_takes_field(transform, field))
		return names;
	switch (transform->type) {
	case TRANSFORM_MAPPING: {
		const struct doc *value = doc_get(transform->mapping, field);
		if (value)
			mapped_add(change, value, STR_NONE, &names);
		return names;
	}
	case TRANSFORM_PREFIX_MAPPING:
		for (size_t i = 0; !names.n && i < transform->mapping->n; i++) {
			struct str prefix = doc_string(doc_key(transform->mapping, i));
			if (field.n >= prefix.n && str_eq(str_slice(field, 0, prefix.n), prefix))
				mapped_add(change, doc_value(transform->mapping, i), str_slice(field, prefix.n, field.n), &names);
		}
		return names;
	case TRANSFORM_PREFIX:
		vec_push_in(arena, &names, arena_printf(arena, "%.*s%.*s", STR_ARG(transform->text), STR_ARG(field)));
		return names;
	default:
		vec_push_in(arena, &names, arena_printf(arena, "%.*s%.*s", STR_ARG(field), STR_ARG(transform->text)));
		return names;
	}
}

/* ---- trees ---- */

static const struct sigma_node *item_change(struct change *change, const struct sigma_node *node)
{
	struct sigma_nodes nodes = { 0 };
	struct names_list fields = new_names(change, node->item->field);
	struct names_list others = { 0 };
	if (node->item->op == SIGMA_FIELDREF)
		others = new_names(change, node->item->other);
	if (!fields.n && !others.n)
		return node;
	for (size_t i = 0; i < MAX(fields.n, (size_t)1); i++) {
		for (size_t k = 0; k < MAX(others.n, (size_t)1); k++) {
			struct sigma_item item = *node->item;
			item.field = fields.n ? fields.p[i] : item.field;
			item.other = others.n ? others.p[k] : item.other;
			vec_push_in(change->reader->scratch, &nodes, sigma_node_item(change->reader, &item));
		}
	}
	return sigma_node_join(change->reader, NODE_OR, &nodes);
}

/* A field is null when it is null under every one of its names. */
static const struct sigma_node *null_change(struct change *change, const struct sigma_node *node)
{
	struct sigma_nodes nodes = { 0 };
	struct names_list fields = new_names(change, node->item->field);
	if (!fields.n)
		return node;
	for (size_t i = 0; i < fields.n; i++) {
		struct sigma_item item = *node->item;
		item.field = fields.p[i];
		vec_push_in(change->reader->scratch, &nodes, sigma_node_item(change->reader, &item));
	}
	return sigma_node_join(change->reader, NODE_AND, &nodes);
}

/* No deeper than the tree, which its reader bounded. */
static const struct sigma_node *node_change(struct change *change, const struct sigma_node *node)
{
	void **place = map_put_int(&change->done, (int64_t)(intptr_t)node);
	if (*place)
		return *place;
	const struct sigma_node *result = node;
	if (node->kind == NODE_ITEM) {
		result = node->item->op == SIGMA_NULL ? null_change(change, node) : item_change(change, node);
	} else if (node->n) {
		const struct sigma_node **child = ARENA_ARRAY(change->reader->arena, const struct sigma_node *, node->n);
		bool same = true;
		for (uint32_t i = 0; i < node->n; i++) {
			child[i] = node_change(change, node->child[i]);
			same = same && child[i] == node->child[i];
		}
		if (!same) {
			struct sigma_node *copy = ARENA_NEW(change->reader->arena, struct sigma_node);
			*copy = *node;
			copy->child = child;
			result = copy;
		}
	}
	if (result != node && node->name.p && !result->name.p)
		result = sigma_node_named(change->reader, result, node->name);
	*map_put_int(&change->done, (int64_t)(intptr_t)node) = (void *)(uintptr_t)result;
	return result;
}

/* ---- rules ---- */

static int name_change(struct change *change, const struct sigma_rule *rule, struct str *name)
{
	struct names_list names = new_names(change, *name);
	if (names.n > 1)
		return sigma_refuse(change->reader, rule->doc, 0,
		                    NOTE("the pipeline gives '{}' several names, and a correlation needs one", *name));
	if (names.n)
		*name = names.p[0];
	return 0;
}

static int names_change(struct change *change, const struct sigma_rule *rule, struct strings *list)
{
	struct str *copy = ARENA_ARRAY(change->reader->arena, struct str, list->n);
	for (size_t i = 0; i < list->n; i++) {
		copy[i] = list->p[i];
		int r = name_change(change, rule, &copy[i]);
		if (r < 0)
			return r;
	}
	list->p = copy;
	return 0;
}

static bool is_alias(const struct sigma_correlation *correlation, struct str name)
{
	for (size_t i = 0; i < correlation->n_aliases; i++)
		if (str_eq(correlation->aliases[i].alias, name))
			return true;
	return false;
}

static int correlation_change(struct change *change, struct sigma_rule *rule)
{
	struct sigma_correlation *correlation = &rule->correlation;
	struct str *groups = ARENA_ARRAY(change->reader->arena, struct str, correlation->group_by.n);
	for (size_t i = 0; i < correlation->group_by.n; i++) {
		groups[i] = correlation->group_by.p[i];
		int r = is_alias(correlation, groups[i]) ? 0 : name_change(change, rule, &groups[i]);
		if (r < 0)
			return r;
	}
	correlation->group_by.p = groups;
	for (size_t i = 0; i < correlation->n_aliases; i++) {
		int r = name_change(change, rule, &correlation->aliases[i].field);
		if (r < 0)
			return r;
	}
	return names_change(change, rule, &correlation->fields);
}

static int fields_change(struct change *change, struct sigma_rule *rule)
{
	if (rule->correlation.type != CORRELATION_NONE)
		return correlation_change(change, rule);
	const struct sigma_node **conditions =
		ARENA_ARRAY(change->reader->arena, const struct sigma_node *, rule->n_conditions);
	for (size_t i = 0; i < rule->n_conditions; i++)
		conditions[i] = node_change(change, rule->conditions[i]);
	rule->conditions = conditions;
	return 0;
}

static void condition_add(struct sigma_reader *reader, struct sigma_rule *rule, const struct sigma_node *tree)
{
	const struct sigma_node **conditions =
		ARENA_ARRAY(reader->arena, const struct sigma_node *, rule->n_conditions);
	for (size_t i = 0; i < rule->n_conditions; i++) {
		struct sigma_nodes both = { 0 };
		vec_push_in(reader->scratch, &both, rule->conditions[i]);
		vec_push_in(reader->scratch, &both, tree);
		conditions[i] = sigma_node_join(reader, NODE_AND, &both);
	}
	rule->conditions = conditions;
}

int transform_apply(const struct transform *transform, struct sigma_reader *reader, struct sigma_rule *rule)
{
	struct change change = { transform, reader, { .arena = reader->arena } };
	switch (transform->type) {
	case TRANSFORM_MAPPING:
	case TRANSFORM_PREFIX_MAPPING:
	case TRANSFORM_PREFIX:
	case TRANSFORM_SUFFIX:
		return fields_change(&change, rule);
	case TRANSFORM_CONDITION:
		condition_add(reader, rule, transform->tree);
		return 0;
	case TRANSFORM_LOGSOURCE:
		rule->product = transform->product.p ? transform->product : rule->product;
		rule->category = transform->category.p ? transform->category : rule->category;
		rule->service = transform->service.p ? transform->service : rule->service;
		return 0;
	case TRANSFORM_FAILURE:
		return sigma_refuse(reader, rule->doc, 0, NOTE("the pipeline refuses this rule: {}", transform->text));
	default:
		return 0;
	}
}
