/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/grade.h"

#include "base/vec.h"
#include "data/json.h"

struct names {
	struct str *p;
	size_t n, room;
};

static void name_add(struct arena *arena, struct names *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->p[i], name))
			return;
	vec_push_in(arena, names, name);
}

void grade_calculate(struct arena *arena, const struct grading *grading, const struct case_facts *facts, struct grade_result *out)
{
	const struct indicator *indicator = grading->indicators.p;
	*out = (struct grade_result){ .grading = grading, .grade = grading->otherwise, .n = grading->indicators.n };
	out->found = ARENA_ARRAY(arena, struct grade_found, out->n);
	int rank = grade_rank(out->grade);
	bool sure = false; /* a verified indicator of this grade is met */
	for (size_t i = 0; i < out->n; i++) {
		out->found[i] = (struct grade_found){ &indicator[i], conditions_hold(&indicator[i].when, facts) };
		int its = grade_rank(indicator[i].grade);
		if (out->found[i].holds != HOLDS_YES || its < rank)
			continue;
		sure = (its == rank && sure) || indicator[i].verified;
		out->unverified = !sure;
		out->grade = indicator[i].grade;
		rank = its;
	}
	struct names missing = { 0 };
	for (size_t i = 0; i < out->n; i++) {
		if (out->found[i].holds != HOLDS_UNKNOWN || grade_rank(indicator[i].grade) <= rank)
			continue;
		out->may_rise = true;
		const struct condition *condition = indicator[i].when.p;
		for (size_t j = 0; j < indicator[i].when.n; j++)
			if (condition_holds(&condition[j], facts) == HOLDS_UNKNOWN)
				name_add(arena, &missing, condition[j].field);
	}
	out->missing = (struct strings){ missing.p, missing.n };
}

void text_put(struct buf *out, const char *name, const struct text *text)
{
	json_open_map(out, name);
	for (int i = 0; i < LANG_COUNT; i++)
		json_put(out, lang_names[i], text->in[i]);
	buf_add_char(out, '}');
}

static void cell_put(struct buf *out, const char *name, struct cell value)
{
	json_key(out, name);
	cell_add_json(out, value);
}

static void doc_put(struct buf *out, const char *name, const struct doc *value)
{
	if (value->type == DOC_BOOL)
		json_put_flag(out, name, value->boolean);
	else
		cell_put(out, name, cell_from_doc(value));
}

static void condition_put(struct buf *out, const struct condition *condition, const struct case_facts *facts)
{
	static const char *const words[] = { "no", "yes", "unknown" };
	json_open_map(out, NULL);
	json_put(out, "field", condition->field);
	if (condition->is)
		doc_put(out, "is", condition->is);
	if (condition->is_not)
		doc_put(out, "is_not", condition->is_not);
	if (condition->at_least)
		doc_put(out, "at_least", condition->at_least);
	if (condition->filled)
		doc_put(out, "filled", condition->filled);
	if (condition->in.n)
		json_put_strings(out, "in", &condition->in);
	if (condition->not_in.n)
		json_put_strings(out, "not_in", &condition->not_in);
	if (facts) {
		cell_put(out, "value", case_facts_get(facts, condition->field));
		json_put(out, "holds", str_from(words[condition_holds(condition, facts)]));
	}
	buf_add_char(out, '}');
}

void conditions_put(struct buf *out, const char *name, const struct schema_list *list, const struct case_facts *facts)
{
	const struct condition *condition = list->p;
	json_open_list(out, name);
	for (size_t i = 0; i < list->n; i++)
		condition_put(out, &condition[i], facts);
	buf_add_char(out, ']');
}

static void inputs_put(struct buf *out, const struct grade_result *result, const struct case_facts *facts)
{
	const struct grade_input *input = result->grading->inputs.p;
	json_open_list(out, "inputs");
	for (size_t i = 0; i < result->grading->inputs.n; i++) {
		json_open_map(out, NULL);
		json_put(out, "name", input[i].name);
		cell_put(out, "value", case_facts_get(facts, input[i].name));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

void grade_put(struct buf *out, const char *name, const struct grade_result *result, const struct case_facts *facts)
{
	static const char *const words[] = { "no", "yes", "unknown" };
	json_open_map(out, name);
	json_put(out, "grade", result->grade);
	json_put(out, "grading", result->grading->name);
	json_put(out, "basis", result->grading->basis);
	json_put_flag(out, "may_rise", result->may_rise);
	json_put_flag(out, "unverified", result->unverified);
	json_put_strings(out, "missing", &result->missing);
	inputs_put(out, result, facts);
	json_open_list(out, "indicators");
	for (size_t i = 0; i < result->n; i++) {
		const struct indicator *indicator = result->found[i].indicator;
		json_open_map(out, NULL);
		json_put(out, "id", indicator->id);
		json_put(out, "grade", indicator->grade);
		text_put(out, "text", &indicator->text);
		json_put(out, "holds", str_from(words[result->found[i].holds]));
		json_put(out, "source", indicator->source);
		json_put_flag(out, "verified", indicator->verified);
		conditions_put(out, "when", &indicator->when, facts);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	buf_add_char(out, '}');
}
