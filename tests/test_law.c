/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdio.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "case/grade.h"
#include "data/json.h"
#include "data/yaml.h"

static struct laws *laws;

static int setup(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct content content = CONTENT_EMBEDDED;
	if (laws_load(&content, &laws, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	laws_free(laws);
	return 0;
}

static const struct grading *guide(void)
{
	const struct grading *grading = laws_grading(laws, STR("CN"), STR("2026-11-23"));
	assert_non_null(grading);
	return grading;
}

static void test_content_is_whole(void **state)
{
	(void)state;
	static const char *const rows[] = { /* of the sector's catalogue of deadlines */
		"CN-R1", "CN-R2", "CN-R3", "CN-R4", "CN-R5", "CN-R6", "CN-R7", "CN-R8", "CN-R9", "CN-R10", "CN-R10-D", "CN-R11", "CN-R12",
		"CN-R13", "CN-R14", "CN-R15", "CN-R16", "CN-R17", "CN-R18", "CN-R19", "CN-R20", "VN-R1", "VN-R2", "VN-R3", "VN-R4", "VN-R5",
		"VN-R6", "VN-R7", "VN-R8", "VN-R9", "VN-R10",
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_non_null(laws_clock(laws, str_from(rows[i])));
	assert_int_equal(laws->n_clocks, COUNT(rows));
	assert_false(laws_clock(laws, STR("VN-R10"))->enabled);
	assert_false(laws_clock(laws, STR("CN-R18"))->enabled);
	assert_true(laws_clock(laws, STR("CN-R5"))->enabled);
	assert_int_equal(laws_clock(laws, STR("CN-R1"))->limit.hours, 1);
	assert_int_equal(laws_clock(laws, STR("CN-R8"))->limit.days, 30);
	assert_int_equal(laws_clock(laws, STR("CN-R15"))->limit.working_days, 10);
	assert_int_equal(laws->n_categories, 2);
	const struct text *kind = laws_category(laws, STR("malware-ransomware"));
	assert_non_null(kind);
	assert_true(str_is(kind->in[LANG_ZH], "勒索软件事件"));
	assert_non_null(laws_category(laws, STR("DOSAI")));
	assert_null(laws_category(laws, STR("nothing")));
	assert_null(laws_grading(laws, STR("CN"), STR("2025-10-31"))); /* the guide holds from 2025-11-01 */
}

/* Whether an incident has a field, or its grading an input, of each of these names. */
static void are_asked(const struct strings *asks, struct str declared)
{
	for (size_t i = 0; i < asks->n; i++) {
		char field[64];
		snprintf(field, sizeof field, "{name: %.*s,", STR_ARG(asks->p[i]));
		if (!grading_input(guide(), asks->p[i]) && !memmem(declared.p, declared.n, field, strlen(field)))
			fail_msg("nothing is called %.*s", STR_ARG(asks->p[i]));
	}
}

static void test_what_a_kind_asks_first(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct content content = CONTENT_EMBEDDED;
	ARENA(arena);
	struct source source = { 0 };
	assert_int_equal(content_read(&arena, &content, "registers/incident.yaml", &source, &err), 0);
	size_t asking = 0;
	for (size_t i = 0; i < laws->n_categories; i++) {
		const struct categories *edition = &laws->categories[i];
		are_asked(&edition->asks, source.text);
		asking += edition->asks.n;
		const struct category_class *class = edition->classes.p;
		for (size_t j = 0; j < edition->classes.n; j++) {
			are_asked(&class[j].asks, source.text);
			const struct category_kind *kind = class[j].kinds.p;
			for (size_t k = 0; k < class[j].kinds.n; k++)
				are_asked(&kind[k].asks, source.text);
		}
	}
	assert_true(asking > 0);
}

/* What every condition of a list asks for, but for the one at `except`. */
static void satisfy(struct case_facts *facts, const struct schema_list *when, size_t except)
{
	const struct condition *condition = when->p;
	for (size_t i = 0; i < when->n; i++) {
		if (i == except)
			continue;
		if (condition[i].is && condition[i].is->type == DOC_BOOL)
			case_facts_put(facts, condition[i].field, cell_int(condition[i].is->boolean));
		else if (condition[i].is)
			case_facts_put(facts, condition[i].field, cell_text(doc_string(condition[i].is)));
		else if (condition[i].in.n)
			case_facts_put(facts, condition[i].field, cell_text(condition[i].in.p[0]));
		else
			fail_msg("no way to satisfy a condition on %.*s", STR_ARG(condition[i].field));
	}
}

static int rank_with(const struct indicator *indicator, size_t which, int64_t value)
{
	ARENA(arena);
	struct case_facts facts;
	struct grade_result result;
	const struct condition *condition = indicator->when.p;
	case_facts_init(&facts, &arena);
	satisfy(&facts, &indicator->when, which);
	case_facts_put(&facts, condition[which].field, cell_int(value));
	grade_calculate(&arena, guide(), &facts, &result);
	return grade_rank(result.grade);
}

/* "以上" includes the figure: each threshold of the file is met at it and above, not below. */
static void test_thresholds_are_inclusive(void **state)
{
	(void)state;
	const struct grading *grading = guide();
	const struct indicator *indicator = grading->indicators.p;
	size_t tried = 0;
	for (size_t i = 0; i < grading->indicators.n; i++) {
		const struct condition *condition = indicator[i].when.p;
		int its = grade_rank(indicator[i].grade);
		for (size_t j = 0; j < indicator[i].when.n; j++) {
			if (!condition[j].at_least)
				continue;
			int64_t bound = condition[j].at_least->integer;
			if (rank_with(&indicator[i], j, bound - 1) >= its)
				fail_msg("%.*s is met below its threshold", STR_ARG(indicator[i].id));
			/* A portal of an institution is III's; one of the province may be graver by another row. */
			if (rank_with(&indicator[i], j, bound) < its || rank_with(&indicator[i], j, bound + 1) < its)
				fail_msg("%.*s is not met at its threshold", STR_ARG(indicator[i].id));
			tried++;
		}
	}
	assert_int_equal(tried, 33);
}

static struct str grade_of(struct arena *arena, const char *name, int64_t value)
{
	struct case_facts facts;
	struct grade_result result;
	case_facts_init(&facts, arena);
	case_facts_put(&facts, str_from(name), cell_int(value));
	grade_calculate(arena, guide(), &facts, &result);
	return result.grade;
}

/* The figures as the annex says them: three of persons, and the loss of grade I. */
static void test_figures_of_the_annex(void **state)
{
	(void)state;
	ARENA(arena);
	static const struct {
		const char *name;
		int64_t value;
		const char *grade;
	} cases[] = {
		{ "pi_count", 999999, "IV" },      { "pi_count", 1000000, "III" },    { "pi_count", 9999999, "III" },
		{ "pi_count", 10000000, "II" },    { "pi_count", 99999999, "II" },    { "pi_count", 100000000, "I" },
		{ "loss", 99999999, "II" },        { "loss", 100000000, "I" },        { "people", 10000000, "I" },
		{ "province_share", 49, "IV" },    { "province_share", 50, "I" },     { "views", 1000000, "I" },
		{ "page_min", 359, "II" },         { "page_min", 360, "I" },          { "pi_count", 0, "IV" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str grade = grade_of(&arena, cases[i].name, cases[i].value);
		if (!str_is(grade, cases[i].grade))
			fail_msg("%s = %lld: %.*s, not %s", cases[i].name, (long long)cases[i].value, STR_ARG(grade), cases[i].grade);
	}
}

static void test_what_is_not_known_is_said(void **state)
{
	(void)state;
	ARENA(arena);
	struct case_facts facts;
	struct grade_result result;
	case_facts_init(&facts, &arena);
	case_facts_put(&facts, STR("pi_count"), cell_int(1000000));
	case_facts_put(&facts, STR("cii"), cell_int(0)); /* so its two durations are not asked for */
	grade_calculate(&arena, guide(), &facts, &result);
	assert_true(str_is(result.grade, "III"));
	assert_true(result.may_rise);
	assert_false(result.unverified);
	bool loss = false, down = false;
	for (size_t i = 0; i < result.missing.n; i++) {
		loss |= str_is(result.missing.p[i], "loss");
		down |= str_is(result.missing.p[i], "cii_whole_min");
		assert_false(str_is(result.missing.p[i], "pi_count"));
	}
	assert_true(loss);
	assert_false(down);
	BUF(out);
	json_open_map(&out, NULL);
	grade_put(&out, "grade", &result, &facts);
	buf_add_char(&out, '}');
	struct source source = { .name = "grade", .text = buf_str(&out) };
	struct err err = { 0 };
	const struct doc *doc;
	if (json_parse(&arena, &source, &doc, &err) < 0)
		fail_msg("%s", err.text);
	const struct doc *grade = doc_get(doc, STR("grade"));
	assert_true(str_is(doc_string(doc_get(grade, STR("grade"))), "III"));
	assert_int_equal(doc_get(grade, STR("indicators"))->n, guide()->indicators.n);
	/* Met by a figure of the draft alone: said. */
	case_facts_init(&facts, &arena);
	case_facts_put(&facts, STR("loss"), cell_int(5000000));
	grade_calculate(&arena, guide(), &facts, &result);
	assert_true(str_is(result.grade, "III"));
	assert_true(result.unverified);
	/* By a verified one beside it: sure. */
	case_facts_put(&facts, STR("pi_count"), cell_int(1000000));
	grade_calculate(&arena, guide(), &facts, &result);
	assert_false(result.unverified);
}

static void test_conditions(void **state)
{
	(void)state;
	ARENA(arena);
	struct case_facts facts;
	case_facts_init(&facts, &arena);
	const struct clock_rule *rule = laws_clock(laws, STR("CN-R5"));
	assert_int_equal(conditions_hold(&rule->when, &facts), HOLDS_UNKNOWN); /* no grade yet */
	case_facts_put(&facts, STR("grade"), cell_text(STR("IV")));
	assert_int_equal(conditions_hold(&rule->when, &facts), HOLDS_NO);
	case_facts_put(&facts, STR("grade"), cell_text(STR("III")));
	assert_int_equal(conditions_hold(&rule->when, &facts), HOLDS_YES); /* cii and tier are not known: the duty stands */
	case_facts_put(&facts, STR("org_tier"), cell_text(STR("county")));
	assert_int_equal(conditions_hold(&rule->when, &facts), HOLDS_YES);
	case_facts_put(&facts, STR("cii"), cell_int(1));
	assert_int_equal(conditions_hold(&rule->when, &facts), HOLDS_NO);
	assert_int_equal(conditions_hold(&laws_clock(laws, STR("CN-R1"))->when, &facts), HOLDS_YES);
	case_facts_put(&facts, STR("cii"), cell_int(0));
	case_facts_put(&facts, STR("org_tier"), cell_text(STR("national")));
	assert_int_equal(conditions_hold(&rule->when, &facts), HOLDS_NO);
	assert_int_equal(conditions_hold(&laws_clock(laws, STR("CN-R3"))->when, &facts), HOLDS_YES);
}

static void clock_refused(const char *text, const char *message)
{
	ARENA(arena);
	struct source source = { .name = "c.yaml", .text = str_from(text) };
	struct schema_list list;
	struct err err = { 0 };
	assert_int_equal(clocks_parse(&arena, &source, &list, &err), -EINVAL);
	assert_string_equal(err.text, message);
}

#define TEXTS "title: {zh-CN: a, vi: a, en: a}, from: {zh-CN: a, vi: a, en: a}, to: {zh-CN: a, vi: a, en: a}, says: {zh-CN: a, vi: a, en: a}," \
	      " basis: b, source: s, effective_from: 2025-01-01, verified: true"

static void test_mistakes_are_named(void **state)
{
	(void)state;
	clock_refused("- {id: A, jurisdiction: CN, kind: incident, start: t0, limitt: {hours: 1}, " TEXTS "}",
	              "c.yaml:1:56: unknown key 'limitt', did you mean 'limit'?");
	clock_refused("- {id: A, jurisdiction: CN, kind: incident, " TEXTS "}", "c.yaml:1:3: A: needs 'start' and 'limit'");
	clock_refused("- {id: A, jurisdiction: CN, kind: incident, start: t0, limit: {hours: 1, days: 2}, " TEXTS "}",
	              "c.yaml:1:63: a limit is one of minutes, hours, days, working_days, years, prompt");
	clock_refused("- {id: A, jurisdiction: CN, kind: incident, start: t0, limit: {hours: 1}, when: [{field: a}], " TEXTS "}",
	              "c.yaml:1:82: a condition says one of is, is_not, at_least, in, not_in, filled");
	clock_refused("- {id: A, jurisdiction: CN, kind: incident, start: t0, limit: {hours: 1}, when: [{field: a, at_least: V}], " TEXTS "}",
	              "c.yaml:1:103: a number or a grade (I, II, III, IV) is needed here");
	clock_refused("- {id: A, jurisdiction: CN, kind: yearly, on: 13-01, " TEXTS "}", "c.yaml:1:3: '13-01' is no month and day like 12-20");
	ARENA(arena);
	struct source source = { .name = "g.yaml",
		                 .text = STR("jurisdiction: CN\ntitle: {zh-CN: a, vi: a, en: a}\nbasis: b\neffective_from: 2025-01-01\n"
		                             "grades: [{name: IV, label: {zh-CN: a, vi: a, en: a}}]\notherwise: IV\ninputs: []\nindicators:\n"
		                             "  - {id: x, grade: IV, text: {zh-CN: a, vi: a, en: a}, when: [{field: n, at_least: 1}], source: s,"
		                             " verified: true}\n") };
	struct grading grading;
	struct err err = { 0 };
	assert_int_equal(grading_parse(&arena, &source, &grading, &err), -EINVAL);
	assert_string_equal(err.text, "g.yaml:9:63: there is no input 'n'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_is_whole),
		cmocka_unit_test(test_what_a_kind_asks_first),
		cmocka_unit_test(test_thresholds_are_inclusive),
		cmocka_unit_test(test_figures_of_the_annex),    cmocka_unit_test(test_what_is_not_known_is_said),
		cmocka_unit_test(test_conditions),              cmocka_unit_test(test_mistakes_are_named),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
