/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_sigma: any bytes as Sigma rules, and behind a line "%%%" as a pipeline for them. What is loaded must be a tree of
 * the promised shape, and must be judged and said without harm; a refusal must name a place.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "detect/example.h"
#include "detect/reference.h"
#include "detect/sigma.h"
#include "detect/sigma_pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void pattern_check(const struct sigma_pattern *pattern)
{
	for (size_t i = 0; i < pattern->n; i++) {
		const struct sigma_part *part = &pattern->p[i];
		require(part->kind <= PART_ONE);
		require(part->kind != PART_LITERAL || (part->text.n && utf8_valid(part->text)));
		require(!i || part->kind != PART_ANY || part[-1].kind != PART_ANY);
		require(!i || part->kind != PART_LITERAL || part[-1].kind != PART_LITERAL);
	}
}

static void item_check(const struct sigma_item *item)
{
	require(!item->field.p || item->field.n);
	require(item->op <= SIGMA_EQ);
	require(item->op == SIGMA_PATTERN ? item->cidr.bits == 0 : item->pattern.n == 0);
	require((item->op == SIGMA_REGEX) == (item->regex.n > 0));
	require((item->op == SIGMA_FIELDREF) == (item->other.n > 0));
	require(!item->part || item->op >= SIGMA_LT);
	require(item->op != SIGMA_EQ || item->part);
	require(item->field.p || item->op == SIGMA_PATTERN || item->op == SIGMA_REGEX);
	require(!item->flags || item->op == SIGMA_REGEX);
	require(item->cidr.bits <= 128);
	pattern_check(&item->pattern);
}

static void node_check(const struct sigma_node *node, unsigned depth)
{
	require(depth < 400);
	switch (node->kind) {
	case NODE_AND:
	case NODE_OR:
		require(node->n >= 2);
		break;
	case NODE_NOT:
		require(node->n == 1);
		break;
	case NODE_ITEM:
		require(node->n == 0 && node->item);
		item_check(node->item);
		break;
	default:
		require(false); /* NODE_TRUE, NODE_FALSE: no rule says so */
	}
	for (uint32_t i = 0; i < node->n; i++)
		node_check(node->child[i], depth + 1);
}

static void correlation_check(const struct sigma_correlation *correlation)
{
	require(correlation->rules.n && correlation->timespan > 0);
	for (size_t i = 0; i < correlation->rules.n; i++)
		require(correlation->rule[i]);
	if (correlation->extended)
		node_check(correlation->extended, 0);
}

/* An event with a little of everything. */
static struct event event_make(struct arena *arena, struct names *names)
{
	static const struct {
		const char *name, *value;
		enum value_kind kind;
	} given[] = {
		{ "A", "cmd.exe -a /b", VALUE_TEXT },        { "A", "10.1.2.3", VALUE_TEXT },
		{ "B", "7", VALUE_NUMBER },                  { "C", "", VALUE_NULL },
		{ "D", "2026-11-03T08:01:02Z", VALUE_TEXT }, { "E", "\\u0041\\n", VALUE_ESCAPED },
		{ "F", "\xff\xfe", VALUE_TEXT },             { "EventID", "1", VALUE_NUMBER },
	};
	struct event_field *fields = ARENA_ARRAY(arena, struct event_field, COUNT(given));
	for (size_t i = 0; i < COUNT(given); i++)
		fields[i] = (struct event_field){ str_from(given[i].value), names_add(names, str_from(given[i].name)),
			                    (uint8_t)given[i].kind };
	return (struct event){ .time = EVENT_NO_TIME, .raw = STR("raw"), .fields = fields, .n = COUNT(given) };
}

/* Judging takes the tree times the fields; of the largest trees a part is enough. */
static size_t weight(const struct sigma_node *node, size_t most)
{
	size_t n = 1;
	for (uint32_t i = 0; i < node->n && n < most; i++)
		n += weight(node->child[i], most - n);
	return n;
}

static void rule_check(struct arena *arena, struct names *names, const struct event *event, const struct sigma_rule *rule)
{
	BUF(words);
	require(rule->title.n && rule->line);
	if (rule->correlation.type != CORRELATION_NONE)
		correlation_check(&rule->correlation);
	for (size_t i = 0; i < rule->n_conditions; i++) {
		if (weight(rule->conditions[i], 20000) >= 20000)
			continue;
		node_check(rule->conditions[i], 0);
		sigma_node_words(rule->conditions[i], &words);
		(void)reference_match(rule->conditions[i], event, names, NULL, NULL);
	}
	for (size_t i = 0; i < rule->n_examples; i++)
		if (rule->examples[i].event->type == DOC_MAP)
			(void)example_event(arena, names, rule->examples[i].event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	struct str text = { (const char *)data, size }, pipeline = STR_NONE;
	ptrdiff_t cut = str_find(text, "\n%%%\n");
	if (cut >= 0) {
		pipeline = str_slice(text, (size_t)cut + 5, text.n);
		text = str_slice(text, 0, (size_t)cut + 1);
	}
	struct sigma_pipelines *pipelines = NULL;
	struct source source = { .name = "p", .text = pipeline };
	struct err err = { 0 };
	if (pipeline.p && sigma_pipeline_parse(&arena, &source, &pipelines, &err) < 0)
		require(strncmp(err.text, "p:", 2) == 0);
	CLEANUP(names_free_p) struct names *names = names_new();
	struct event event = event_make(&arena, names);
	for (int lint = 0; lint < 2; lint++) {
		const struct sigma_options options = { .lint = lint, .deprecated = lint };
		struct sigma_rules rules = { 0 };
		struct sigma_problems problems = { 0 };
		sigma_parse_with(&arena, "r", text, &options, pipelines, &rules, &problems);
		for (size_t i = 0; i < problems.n; i++)
			require(problems.p[i].line && problems.p[i].column && problems.p[i].words.n);
		for (size_t i = 0; i < rules.n; i++)
			rule_check(&arena, names, &event, rules.p[i]);
	}
	return 0;
}
