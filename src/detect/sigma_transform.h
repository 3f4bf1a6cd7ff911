/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sigma_transform: one step of a pipeline, and what it does to a rule (private to detect/sigma_pipeline).
 */
#ifndef WARD_DETECT_SIGMA_TRANSFORM_H
#define WARD_DETECT_SIGMA_TRANSFORM_H

#include "data/schema.h"
#include "detect/sigma_reader.h"

enum transform_type {
	TRANSFORM_MAPPING, TRANSFORM_PREFIX_MAPPING, TRANSFORM_PREFIX, TRANSFORM_SUFFIX, TRANSFORM_CONDITION,
	TRANSFORM_LOGSOURCE, TRANSFORM_VALUES, TRANSFORM_WILDCARDS, TRANSFORM_FAILURE,
};

enum { RULE_LOGSOURCE, RULE_TAG, RULE_PLAIN, RULE_CORRELATION, RULE_APPLIED };
enum { FIELD_INCLUDE, FIELD_EXCLUDE };

struct rule_condition {
	int type; /* RULE_… */
	struct str product, category, service, tag, item;
};

struct field_condition {
	int type; /* FIELD_… */
	struct strings fields;
};

struct transform {
	struct str id;
	const struct doc *node;
	int type; /* enum transform_type */
	const struct doc *mapping, *conditions;
	struct str text; /* prefix, suffix, message */
	bool negated;
	struct str product, category, service;
	struct strings include, exclude;
	struct schema_list rules, fields; /* struct rule_condition, struct field_condition */
	int rules_or, fields_or;
	bool rules_not, fields_not;
	const struct sigma_node *tree; /* TRANSFORM_CONDITION */
};

struct pipeline {
	int64_t priority;
	struct map vars; /* to struct strings */
	struct transform *transforms;
	size_t n;
	bool values; /* it says which placeholders it replaces */
};

struct sigma_pipelines {
	struct pipeline *p;
	size_t n, room;
};

bool transform_takes_field(const struct transform *transform, struct str field);
/* -EINVAL with a problem: the rule is refused. */
int transform_apply(const struct transform *transform, struct sigma_reader *reader, struct sigma_rule *rule) MUST_USE;

#endif
