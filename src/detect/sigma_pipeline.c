/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/sigma_pipeline.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/vec.h"
#include "data/schema.h"
#include "data/yaml.h"
#include "detect/sigma_transform.h"
#include "sys/root.h"

enum { FILE_MOST = 16 * 1024 * 1024 };

static const char *const type_names[] = {
	[TRANSFORM_MAPPING] = "field_name_mapping",
	[TRANSFORM_PREFIX_MAPPING] = "field_name_prefix_mapping",
	[TRANSFORM_PREFIX] = "field_name_prefix",
	[TRANSFORM_SUFFIX] = "field_name_suffix",
	[TRANSFORM_CONDITION] = "add_condition",
	[TRANSFORM_LOGSOURCE] = "change_logsource",
	[TRANSFORM_VALUES] = "value_placeholders",
	[TRANSFORM_WILDCARDS] = "wildcard_placeholders",
	[TRANSFORM_FAILURE] = "rule_failure",
	NULL,
};

static const char *const rule_condition_names[] = {
	[RULE_LOGSOURCE] = "logsource",
	[RULE_TAG] = "tag",
	[RULE_PLAIN] = "is_sigma_rule",
	[RULE_CORRELATION] = "is_sigma_correlation_rule",
	[RULE_APPLIED] = "processing_item_applied",
	NULL,
};

static const char *const field_condition_names[] = { "include_fields", "exclude_fields", NULL };
static const char *const operator_names[] = { "and", "or", NULL };

static const struct schema_field rule_condition_fields[] = {
	{ "type", SCHEMA_ENUM, offsetof(struct rule_condition, type), .required = true, .names = rule_condition_names },
	{ "product", SCHEMA_STRING, offsetof(struct rule_condition, product) },
	{ "category", SCHEMA_STRING, offsetof(struct rule_condition, category) },
	{ "service", SCHEMA_STRING, offsetof(struct rule_condition, service) },
	{ "tag", SCHEMA_STRING, offsetof(struct rule_condition, tag) },
	{ "processing_item_id", SCHEMA_STRING, offsetof(struct rule_condition, item) },
	{ 0 },
};
static const struct schema rule_condition_schema = { "a condition on rules", rule_condition_fields,
	                                             sizeof(struct rule_condition), 0 };

static const struct schema_field field_condition_fields[] = {
	{ "type", SCHEMA_ENUM, offsetof(struct field_condition, type), .required = true, .names = field_condition_names },
	{ "fields", SCHEMA_STRINGS, offsetof(struct field_condition, fields), .required = true },
	{ 0 },
};
static const struct schema field_condition_schema = { "a condition on fields", field_condition_fields,
	                                              sizeof(struct field_condition), 0 };

static const struct schema_field transform_fields[] = {
	{ "id", SCHEMA_STRING, offsetof(struct transform, id) },
	{ "type", SCHEMA_ENUM, offsetof(struct transform, type), .required = true, .names = type_names },
	{ "mapping", SCHEMA_ANY, offsetof(struct transform, mapping) },
	{ "prefix", SCHEMA_STRING, offsetof(struct transform, text) },
	{ "suffix", SCHEMA_STRING, offsetof(struct transform, text) },
	{ "message", SCHEMA_STRING, offsetof(struct transform, text) },
	{ "conditions", SCHEMA_ANY, offsetof(struct transform, conditions) },
	{ "negated", SCHEMA_BOOL, offsetof(struct transform, negated) },
	{ "product", SCHEMA_STRING, offsetof(struct transform, product) },
	{ "category", SCHEMA_STRING, offsetof(struct transform, category) },
	{ "service", SCHEMA_STRING, offsetof(struct transform, service) },
	{ "include", SCHEMA_STRINGS, offsetof(struct transform, include) },
	{ "exclude", SCHEMA_STRINGS, offsetof(struct transform, exclude) },
	{ "rule_conditions", SCHEMA_LIST, offsetof(struct transform, rules), .sub = &rule_condition_schema },
	{ "rule_cond_op", SCHEMA_ENUM, offsetof(struct transform, rules_or), .names = operator_names },
	{ "rule_cond_not", SCHEMA_BOOL, offsetof(struct transform, rules_not) },
	{ "field_name_conditions", SCHEMA_LIST, offsetof(struct transform, fields), .sub = &field_condition_schema },
	{ "field_name_cond_op", SCHEMA_ENUM, offsetof(struct transform, fields_or), .names = operator_names },
	{ "field_name_cond_not", SCHEMA_BOOL, offsetof(struct transform, fields_not) },
	{ 0 },
};
static const struct schema transform_schema = { "a transformation", transform_fields, sizeof(struct transform),
	                                        offsetof(struct transform, node) };

struct pipeline_file {
	struct str name;
	int64_t priority;
	const struct doc *vars;
	struct schema_list transforms;
};

static const struct schema_field pipeline_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct pipeline_file, name) },
	{ "priority", SCHEMA_INT, offsetof(struct pipeline_file, priority) },
	{ "vars", SCHEMA_ANY, offsetof(struct pipeline_file, vars) },
	{ "transformations", SCHEMA_LIST, offsetof(struct pipeline_file, transforms), .sub = &transform_schema },
	{ 0 },
};
static const struct schema pipeline_schema = { "a pipeline", pipeline_fields, sizeof(struct pipeline_file), 0 };

/* ---- reading ---- */

static int vars_read(struct sigma_reader *reader, const struct doc *vars, struct pipeline *out, struct err *err)
{
	out->vars.arena = reader->arena;
	if (vars && vars->type != DOC_MAP)
		return doc_err(reader->source, vars, err, "'vars' is a map of names and values");
	for (size_t i = 0; vars && i < vars->n; i++) {
		const struct doc *value = doc_value(vars, i);
		size_t n = value->type == DOC_ARRAY ? value->n : 1;
		struct strings *list = ARENA_NEW(reader->arena, struct strings);
		list->p = ARENA_ARRAY(reader->arena, struct str, n);
		for (size_t k = 0; k < n; k++) {
			const struct doc *one = value->type == DOC_ARRAY ? &value->items[k] : value;
			bool odd = false;
			if (!sigma_is_scalar(one) || one->type == DOC_NULL)
				return doc_err(reader->source, one, err, "a value is text or a number, or a list of these");
			list->p[list->n++] = sigma_scalar(reader, one, &odd);
		}
		if (!n)
			return doc_err(reader->source, value, err, "a placeholder needs a value");
		*map_put(&out->vars, doc_string(doc_key(vars, i))) = list;
	}
	return 0;
}

static int mapping_check(const struct source *source, const struct transform *transform, struct err *err)
{
	const struct doc *mapping = transform->mapping;
	if (!mapping || mapping->type != DOC_MAP)
		return doc_err(source, mapping ? mapping : transform->node, err, "'mapping' is a map of names and new names");
	for (size_t i = 0; i < mapping->n; i++) {
		const struct doc *value = doc_value(mapping, i);
		bool good = value->type == DOC_STRING ? value->n : value->type == DOC_ARRAY && value->n;
		for (size_t k = 0; value->type == DOC_ARRAY && k < value->n; k++)
			good = good && doc_string(&value->items[k]).n;
		if (!good)
			return doc_err(source, value, err, "a new name is text, or a list of texts");
	}
	return 0;
}

/* A selection as in a rule; what is wrong with it becomes the error. */
static int conditions_read(struct sigma_reader *reader, struct transform *transform, struct err *err)
{
	const struct doc *node = transform->conditions;
	struct sigma_problems problems = { 0 };
	if (!node || node->type != DOC_MAP)
		return doc_err(reader->source, node ? node : transform->node, err,
		               "'conditions' is a map of fields and values");
	reader->problems = &problems;
	if (sigma_search_read(reader, node, &transform->tree) == 0) {
		if (transform->negated)
			transform->tree = sigma_node_not(reader, transform->tree);
		return 0;
	}
	const struct sigma_problem *problem = &problems.p[0];
	return err_set(err, -EINVAL, "%.*s:%u:%u: %.*s", STR_ARG(problem->file), problem->line, problem->column,
	               STR_ARG(problem->words));
}

static int transform_check(struct sigma_reader *reader, struct transform *transform, struct err *err)
{
	const struct rule_condition *rules = transform->rules.p;
	for (size_t i = 0; i < transform->rules.n; i++)
		if ((rules[i].type == RULE_TAG && !rules[i].tag.n) || (rules[i].type == RULE_APPLIED && !rules[i].item.n))
			return doc_err(reader->source, transform->node, err, "the condition '%s' needs '%s'",
			               rule_condition_names[rules[i].type],
			               rules[i].type == RULE_TAG ? "tag" : "processing_item_id");
	switch (transform->type) {
	case TRANSFORM_MAPPING:
	case TRANSFORM_PREFIX_MAPPING:
		return mapping_check(reader->source, transform, err);
	case TRANSFORM_PREFIX:
	case TRANSFORM_SUFFIX:
	case TRANSFORM_FAILURE:
		if (!transform->text.n)
			return doc_err(reader->source, transform->node, err, "'%s' needs its text", type_names[transform->type]);
		return 0;
	case TRANSFORM_CONDITION:
		return conditions_read(reader, transform, err);
	case TRANSFORM_LOGSOURCE:
		if (!transform->product.p && !transform->category.p && !transform->service.p)
			return doc_err(reader->source, transform->node, err, "'change_logsource' needs a product, category or service");
		return 0;
	default:
		return 0;
	}
}

static int pipeline_read(struct arena *arena, struct source *source, struct pipeline *out, struct err *err)
{
	static const struct sigma_options none = { 0 };
	ARENA(scratch);
	struct sigma_reader reader = { .arena = arena, .scratch = &scratch, .options = &none, .source = source };
	struct pipeline_file file = { 0 };
	const struct doc *doc;
	int r = yaml_parse(arena, source, &doc, err);
	if (r < 0)
		return r;
	/* What other tools do with their queries afterwards means nothing here; say so in few words. */
	if (doc_get(doc, STR("postprocessing")) || doc_get(doc, STR("finalizers")))
		return err_set(err, -EINVAL, "%s: 'postprocessing' and 'finalizers' change queries, of which there are none here; "
		               "remove them", source->name);
	r = schema_decode(arena, source, doc, &pipeline_schema, &file, err);
	if (r == 0)
		r = vars_read(&reader, file.vars, out, err);
	out->priority = file.priority;
	out->transforms = file.transforms.p;
	out->n = file.transforms.n;
	for (size_t i = 0; r == 0 && i < out->n; i++) {
		out->values |= out->transforms[i].type == TRANSFORM_VALUES;
		r = transform_check(&reader, &out->transforms[i], err);
	}
	return r;
}

/* Stable by priority. */
static void pipeline_add(struct arena *arena, struct sigma_pipelines *all, struct pipeline pipeline)
{
	vec_push_in(arena, all, pipeline);
	for (size_t i = all->n - 1; i > 0 && all->p[i - 1].priority > pipeline.priority; i--) {
		all->p[i] = all->p[i - 1];
		all->p[i - 1] = pipeline;
	}
}

int sigma_pipeline_parse(struct arena *arena, struct source *source, struct sigma_pipelines **out, struct err *err)
{
	struct pipeline pipeline = { 0 };
	int r = pipeline_read(arena, source, &pipeline, err);
	if (r < 0)
		return r;
	if (!*out)
		*out = ARENA_NEW(arena, struct sigma_pipelines);
	pipeline_add(arena, *out, pipeline);
	return 0;
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int sigma_pipelines_load(struct arena *arena, const char *const *paths, struct sigma_pipelines **out, struct err *err)
{
	*out = NULL;
	for (size_t i = 0; paths && paths[i]; i++) {
		CLEANUP(fd_close) int fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		BUF(bytes);
		struct source *source = ARENA_NEW(arena, struct source);
		int r = fd < 0 ? -errno : fd_read(fd, FILE_MOST, &bytes);
		if (r < 0)
			return err_errno(err, r, "%s", paths[i]);
		*source = (struct source){ .name = paths[i], .text = arena_str(arena, buf_str(&bytes)) };
		r = sigma_pipeline_parse(arena, source, out, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- conditions ---- */

static bool part_fits(struct str wanted, struct str part)
{
	return !wanted.p || str_eq_nocase(wanted, part);
}

/* Recursion into the rules of a correlation; their depth was bounded. */
static bool logsource_fits(const struct rule_condition *condition, const struct sigma_rule *rule)
{
	const struct sigma_correlation *correlation = &rule->correlation;
	if (correlation->type == CORRELATION_NONE)
		return part_fits(condition->product, rule->product) && part_fits(condition->category, rule->category) &&
		       part_fits(condition->service, rule->service);
	for (size_t i = 0; correlation->rule && i < correlation->rules.n; i++)
		if (logsource_fits(condition, correlation->rule[i]))
			return true;
	return false;
}

static bool condition_holds(const struct rule_condition *condition, const struct sigma_rule *rule,
                            const struct strings *applied)
{
	switch (condition->type) {
	case RULE_LOGSOURCE:
		return logsource_fits(condition, rule);
	case RULE_TAG:
		for (size_t i = 0; i < rule->tags.n; i++)
			if (str_eq_nocase(rule->tags.p[i], condition->tag))
				return true;
		return false;
	case RULE_PLAIN:
		return rule->correlation.type == CORRELATION_NONE;
	case RULE_CORRELATION:
		return rule->correlation.type != CORRELATION_NONE;
	default:
		for (size_t i = 0; applied && i < applied->n; i++)
			if (str_eq(applied->p[i], condition->item))
				return true;
		return false;
	}
}

static bool rule_fits(const struct transform *transform, const struct sigma_rule *rule, const struct strings *applied)
{
	const struct rule_condition *conditions = transform->rules.p;
	size_t holds = 0, n = transform->rules.n;
	if (!n)
		return true;
	for (size_t i = 0; i < n; i++)
		holds += rule && condition_holds(&conditions[i], rule, applied);
	return (transform->rules_or ? holds > 0 : holds == n) != transform->rules_not;
}

bool transform_takes_field(const struct transform *transform, struct str field)
{
	const struct field_condition *conditions = transform->fields.p;
	size_t holds = 0, n = transform->fields.n;
	if (!n)
		return true;
	for (size_t i = 0; i < n; i++) {
		bool named = false;
		for (size_t k = 0; k < conditions[i].fields.n; k++)
			named |= glob_match(conditions[i].fields.p[k], field);
		holds += named != (conditions[i].type == FIELD_EXCLUDE);
	}
	return (transform->fields_or ? holds > 0 : holds == n) != transform->fields_not;
}

/* ---- placeholders ---- */

static bool list_has(const struct strings *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->p[i], name))
			return true;
	return false;
}

static bool admits(const struct pipeline *pipeline, int type, const struct sigma_rule *rule, struct str name)
{
	for (size_t i = 0; i < pipeline->n; i++) {
		const struct transform *transform = &pipeline->transforms[i];
		if (transform->type == type && rule_fits(transform, rule, NULL) &&
		    (!transform->include.n || list_has(&transform->include, name)) && !list_has(&transform->exclude, name))
			return true;
	}
	return false;
}

bool sigma_placeholder(const struct sigma_pipelines *pipelines, const struct sigma_rule *rule, struct str name,
                       struct strings *values)
{
	static struct str anything = { "*", 1 };
	for (size_t i = 0; pipelines && i < pipelines->n; i++) {
		const struct pipeline *pipeline = &pipelines->p[i];
		const struct strings *list = map_get(&pipeline->vars, name);
		if (!list || (pipeline->values && !admits(pipeline, TRANSFORM_VALUES, rule, name)))
			continue;
		*values = *list;
		return true;
	}
	for (size_t i = 0; pipelines && i < pipelines->n; i++) {
		if (!admits(&pipelines->p[i], TRANSFORM_WILDCARDS, rule, name))
			continue;
		*values = (struct strings){ &anything, 1 };
		return true;
	}
	return false;
}

/* ---- rules ---- */

int sigma_pipelines_apply(const struct sigma_pipelines *pipelines, struct sigma_reader *reader, struct sigma_rule *rule)
{
	VEC(struct str) applied = { 0 };
	for (size_t i = 0; i < pipelines->n; i++) {
		const struct pipeline *pipeline = &pipelines->p[i];
		for (size_t k = 0; k < pipeline->n; k++) {
			const struct transform *transform = &pipeline->transforms[k];
			const struct strings before = { applied.p, applied.n };
			if (!rule_fits(transform, rule, &before))
				continue;
			int r = transform_apply(transform, reader, rule);
			if (r < 0)
				return r;
			if (transform->id.n)
				vec_push_in(reader->arena, &applied, transform->id);
		}
	}
	return 0;
}
