/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/condition.h"

static const struct schema_field condition_fields[] = {
	{ "field", SCHEMA_STRING, offsetof(struct condition, field), .required = true },
	{ "is", SCHEMA_ANY, offsetof(struct condition, is) },
	{ "is_not", SCHEMA_ANY, offsetof(struct condition, is_not) },
	{ "at_least", SCHEMA_ANY, offsetof(struct condition, at_least) },
	{ "filled", SCHEMA_ANY, offsetof(struct condition, filled) },
	{ "in", SCHEMA_STRINGS, offsetof(struct condition, in) },
	{ "not_in", SCHEMA_STRINGS, offsetof(struct condition, not_in) },
	{ 0 },
};
const struct schema condition_schema = {
	.what = "a condition",
	.fields = condition_fields,
	.size = sizeof(struct condition),
	.node_offset = offsetof(struct condition, node),
};

void case_facts_init(struct case_facts *facts, struct arena *arena)
{
	*facts = (struct case_facts){ .arena = arena, .values = { .arena = arena } };
}

void case_facts_put(struct case_facts *facts, struct str name, struct cell value)
{
	struct cell *copy = ARENA_NEW(facts->arena, struct cell);
	*copy = value;
	*map_put(&facts->values, name) = copy;
}

struct cell case_facts_get(const struct case_facts *facts, struct str name)
{
	const struct cell *cell = map_get(&facts->values, name);
	return cell ? *cell : (struct cell){ 0 };
}

int grade_rank(struct str grade)
{
	static const char *const names[] = { "IV", "III", "II", "I" };
	for (int i = 0; i < (int)COUNT(names); i++)
		if (str_is(grade, names[i]))
			return i + 1;
	return 0;
}

static bool is_scalar(const struct doc *value)
{
	return value->type == DOC_STRING || value->type == DOC_INT || value->type == DOC_BOOL;
}

static int condition_check(const struct source *source, const struct condition *condition, struct err *err)
{
	int said = !!condition->is + !!condition->is_not + !!condition->at_least + !!condition->filled + !!condition->in.n +
	           !!condition->not_in.n;
	if (said != 1)
		return doc_err(source, condition->node, err, "a condition says one of is, is_not, at_least, in, not_in, filled");
	const struct doc *value = condition->is ? condition->is : condition->is_not;
	if (value && !is_scalar(value))
		return doc_err(source, value, err, "text, a whole number, true or false is needed here");
	value = condition->filled;
	if (value && value->type != DOC_BOOL)
		return doc_err(source, value, err, "true or false is needed here");
	value = condition->at_least;
	if (value && value->type != DOC_INT && value->type != DOC_REAL && !grade_rank(doc_string(value)))
		return doc_err(source, value, err, "a number or a grade (I, II, III, IV) is needed here");
	return 0;
}

int conditions_check(const struct source *source, const struct schema_list *list, struct err *err)
{
	const struct condition *condition = list->p;
	for (size_t i = 0; i < list->n; i++) {
		int r = condition_check(source, &condition[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool same(struct cell fact, const struct doc *value)
{
	if (value->type == DOC_STRING)
		return str_eq(cell_str(fact), doc_string(value));
	if (!cell_is_int(fact))
		return false;
	return fact.i == (value->type == DOC_BOOL ? value->boolean : value->integer);
}

static bool among(struct cell fact, const struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(cell_str(fact), list->p[i]))
			return true;
	return false;
}

static enum holds reaches(struct cell fact, const struct doc *least)
{
	if (least->type == DOC_STRING) {
		int rank = grade_rank(cell_str(fact));
		return !rank ? HOLDS_UNKNOWN : rank >= grade_rank(doc_string(least)) ? HOLDS_YES : HOLDS_NO;
	}
	double bound = least->type == DOC_INT ? (double)least->integer : least->real;
	if (cell_is_int(fact)) /* whole numbers are compared as such: a count beyond 2^53 stays exact */
		return (least->type == DOC_INT ? fact.i >= least->integer : (double)fact.i >= bound) ? HOLDS_YES : HOLDS_NO;
	if (fact.p == cell_real_tag)
		return fact.r >= bound ? HOLDS_YES : HOLDS_NO;
	return HOLDS_UNKNOWN;
}

enum holds condition_holds(const struct condition *condition, const struct case_facts *facts)
{
	struct cell fact = case_facts_get(facts, condition->field);
	bool known = fact.p && !(cell_is_text(fact) && fact.n == 0);
	if (condition->filled)
		return known == condition->filled->boolean ? HOLDS_YES : HOLDS_NO;
	if (!known)
		return condition->is_not || condition->not_in.n ? HOLDS_YES : HOLDS_UNKNOWN;
	if (condition->at_least)
		return reaches(fact, condition->at_least);
	bool yes = condition->is ? same(fact, condition->is) : condition->is_not ? !same(fact, condition->is_not)
	           : condition->in.n ? among(fact, &condition->in) : !among(fact, &condition->not_in);
	return yes ? HOLDS_YES : HOLDS_NO;
}

enum holds conditions_hold(const struct schema_list *list, const struct case_facts *facts)
{
	const struct condition *condition = list->p;
	enum holds all = HOLDS_YES;
	for (size_t i = 0; i < list->n; i++) {
		enum holds one = condition_holds(&condition[i], facts);
		if (one == HOLDS_NO)
			return HOLDS_NO;
		if (one == HOLDS_UNKNOWN)
			all = HOLDS_UNKNOWN;
	}
	return all;
}
