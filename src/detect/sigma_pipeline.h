/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sigma_pipeline: what is changed in rules after they are read, said in YAML files given with --pipeline. The shape is that of
 * pySigma's processing pipelines, as far as it has a meaning here:
 *
 *	name: our names
 *	priority: 10                  # files are applied from the lowest to the highest; 0 when not said
 *	vars:                         # what the placeholders of `expand` stand for: text with wildcards
 *	    Administrators: [admin, 'adm_*']
 *	transformations:              # one after the other, to each rule
 *	    - id: names
 *	      type: field_name_mapping
 *	      mapping: {Image: process.executable, User: [user.name, user.id]}   # several: any of them
 *	      rule_conditions:        # all must hold, or one with rule_cond_op: or; rule_cond_not: true turns it round
 *	          - {type: logsource, product: windows, category: process_creation}
 *	      field_name_conditions:  # likewise field_name_cond_op, field_name_cond_not
 *	          - {type: include_fields, fields: [Image, User]}
 *
 *	field_name_mapping         mapping: name: new name, or a list of them
 *	field_name_prefix_mapping  mapping: beginning of a name: new beginning, or a list
 *	field_name_prefix          prefix: put before the names; field_name_suffix: suffix
 *	add_condition              conditions: a map as in a rule's selection; negated: true. And it must hold, too
 *	change_logsource           product, category, service: those given replace the rule's
 *	value_placeholders         include, exclude: which placeholders `vars` may replace. Without it, all
 *	wildcard_placeholders      include, exclude: those without a value match anything
 *	rule_failure               message: why such a rule is refused
 *
 *	Conditions on rules: logsource (product, category, service), tag (tag), is_sigma_rule, is_sigma_correlation_rule,
 *	processing_item_applied (processing_item_id). On fields: include_fields, exclude_fields (fields, may hold *).
 *
 * A correlation is of a log source when a rule it refers to is; its group-by, aliases and fields are renamed, too, but only
 * to a single name. Private to Sigma's reader.
 */
#ifndef WARD_DETECT_SIGMA_PIPELINE_H
#define WARD_DETECT_SIGMA_PIPELINE_H

#include "detect/sigma_reader.h"

/* `paths` NULL-terminated, or NULL. NULL in *out when there are none. */
int sigma_pipelines_load(struct arena *arena, const char *const *paths, struct sigma_pipelines **out,
                         struct err *err) MUST_USE;
/* The same from one text. */
int sigma_pipeline_parse(struct arena *arena, struct source *source, struct sigma_pipelines **out, struct err *err) MUST_USE;

/* sigma_parse() with pipelines that were read already; NULL: none. */
void sigma_parse_with(struct arena *arena, const char *name, struct str text, const struct sigma_options *options,
                      const struct sigma_pipelines *pipelines, struct sigma_rules *rules, struct sigma_problems *problems);

/* What a placeholder stands for in this rule (may be NULL); false: nothing says so. `pipelines` may be NULL. */
bool sigma_placeholder(const struct sigma_pipelines *pipelines, const struct sigma_rule *rule, struct str name,
                       struct strings *values);

/* Change one rule; -EINVAL with a problem added: it is refused. */
int sigma_pipelines_apply(const struct sigma_pipelines *pipelines, struct sigma_reader *reader,
                          struct sigma_rule *rule) MUST_USE;

#endif
