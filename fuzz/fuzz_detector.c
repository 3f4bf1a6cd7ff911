/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Rules and events: the engine finds exactly what the plain judge does (detect/reference.h), with values remembered and
 * without, the first time and the second.
 *
 * The text is rules, a line "=====", and events as lines of JSON. Mappings are the built-in ones and a few of this file's
 * own, with log sources that rules for fuzzing are easily written for; the product "any" stands for no log source at all.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "detect/detector.h"
#include "detect/reference.h"
#include "event/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char our_mappings[] =
	"- name: fuzz-a\n"
	"  title: {en: a, vi: a, zh-CN: a}\n"
	"  match: {k: a}\n"
	"  logsources:\n"
	"    - {product: p}\n"
	"    - {product: p, category: c, when: {n: [1, \"x*\"]}}\n"
	"    - {product: p, category: c, when: {n: 2}, fields: {a: b, b: c}}\n"
	"- name: fuzz-b\n"
	"  title: {en: b, vi: b, zh-CN: b}\n"
	"  match: {m: {exists: true}}\n"
	"  logsources:\n"
	"    - {product: q, service: s, fields: {a: m}}\n";

struct world {
	struct arena arena;
	struct mappings mappings;
};

static const struct world *world(void)
{
	static struct world world;
	static struct source source = { .name = "fuzz" };
	if (world.mappings.n)
		return &world;
	struct mappings ours, embedded;
	source.text = str_from(our_mappings);
	if (mappings_load(&world.arena, NULL, &embedded, NULL) < 0 || mappings_parse(&world.arena, &source, &ours, NULL) < 0)
		abort();
	struct mapping *all = ARENA_ARRAY(&world.arena, struct mapping, embedded.n + ours.n);
	memcpy(all, embedded.p, embedded.n * sizeof(*all));
	memcpy(all + embedded.n, ours.p, ours.n * sizeof(*all));
	world.mappings = embedded;
	world.mappings.p = all;
	world.mappings.n = embedded.n + ours.n;
	return &world;
}

/* ---- what should be found ---- */

struct renaming {
	const struct mapping_logsource *logsource;
	const struct names *names;
};

static struct str rename_field(void *ctx, struct str field)
{
	const struct renaming *renaming = ctx;
	for (size_t i = 0; renaming->logsource && i < renaming->logsource->fields.n; i++)
		if (str_eq_nocase(renaming->logsource->fields.p[i].sigma, field))
			return renaming->logsource->fields.p[i].own;
	return field;
}

/* The judge knows nothing of values that a source writes otherwise. */
static bool has_other_values(const struct sigma_node *node, const struct mapping_logsource *logsource)
{
	for (uint32_t i = 0; i < node->n; i++)
		if (has_other_values(node->child[i], logsource))
			return true;
	for (size_t i = 0; node->kind == NODE_ITEM && i < logsource->values.n; i++)
		if (node->item->field.p && str_eq_nocase(node->item->field, logsource->values.p[i].field))
			return true;
	return false;
}

enum judgement { NO, YES, DO_NOT_KNOW };

static enum judgement judge(const struct mappings *mappings, const struct sigma_rule *rule, size_t condition,
                            const struct event *event, const struct names *names)
{
	struct renaming renaming = { NULL, names };
	bool limits = rule->product.p || rule->category.p || rule->service.p, unknown = false;
	if (!limits)
		return reference_match(rule->conditions[condition], event, names, NULL, NULL) ? YES : NO;
	for (size_t i = 0; i < mappings->n; i++) {
		if (!mapping_takes(&mappings->p[i], event, names))
			continue;
		for (size_t k = 0; k < mappings->p[i].logsources.n; k++) {
			renaming.logsource = &mappings->p[i].logsources.p[k];
			if (!mapping_serves(renaming.logsource, rule->product, rule->category, rule->service) ||
			    !mapping_meets(&renaming.logsource->when, event, names))
				continue;
			if (has_other_values(rule->conditions[condition], renaming.logsource))
				unknown = true;
			else if (reference_match(rule->conditions[condition], event, names, rename_field, &renaming))
				return YES;
		}
	}
	return unknown ? DO_NOT_KNOW : NO;
}

/* ---- what is ---- */

struct seen {
	struct arena *arena;
	struct detector *detector;
	const struct names *names;
	VEC(struct match) matches;
};

static void found(void *ctx, const struct match *match)
{
	struct seen *seen = ctx;
	vec_push(&seen->matches, *match);
	(void)detector_evidence(seen->arena, seen->detector, match, seen->names);
}

static void compare(const struct sigma_rules *rules, const struct mappings *mappings, const struct event *event, struct seen *seen)
{
	seen->matches.n = 0;
	detector_run(seen->detector, event, seen->names, NULL, found, seen);
	for (size_t i = 0; i < rules->n; i++) {
		for (size_t k = 0; k < rules->p[i]->n_conditions; k++) {
			size_t n = 0;
			for (size_t m = 0; m < seen->matches.n; m++)
				n += seen->matches.p[m].rule == rules->p[i] && seen->matches.p[m].condition == k;
			enum judgement should = judge(mappings, rules->p[i], k, event, seen->names);
			if (n > 1 || (should != DO_NOT_KNOW && n != should)) {
				fprintf(stderr, "rule %s, line %u, condition %zu: found %zu times, should be %d, in\n%.*s\n",
				        rules->p[i]->title.p ? rules->p[i]->title.p : "", rules->p[i]->line, k, n, should,
				        STR_ARG(event->raw));
				abort();
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char border[] = "\n=====\n";
	ARENA(arena);
	struct str text = { (const char *)data, size };
	const char *cut = memmem(text.p, text.n, border, sizeof(border) - 1);
	if (!cut)
		return 0;
	struct sigma_options options = { 0 };
	struct sigma_rules rules = { 0 };
	struct sigma_problems problems = { 0 };
	struct err err = { 0 };
	CLEANUP(ruleset_free_p) struct ruleset *ruleset = NULL;
	const struct mappings *mappings = &world()->mappings;
	size_t before = (size_t)(cut - text.p) + 1;
	sigma_parse(&arena, "fuzz.yml", arena_str(&arena, str_slice(text, 0, before)), &options, &rules, &problems);
	size_t refused = problems.n;
	for (size_t i = 0; i < rules.n; i++)
		if (str_is(rules.p[i]->product, "any"))
			((struct sigma_rule *)(uintptr_t)rules.p[i])->product = STR_NONE;
	if (ruleset_compile(&rules, mappings, &arena, &problems, &ruleset, &err) < 0)
		abort();
	if (problems.n > refused) /* an expression that cannot be compiled is never met by the judge either */
		return 0;
	CLEANUP(names_free_p) struct names *names = names_copy(ruleset_names(ruleset));
	CLEANUP(detector_free_p) struct detector *cached = detector_new(ruleset);
	CLEANUP(detector_free_p) struct detector *uncached = detector_new(ruleset);
	CLEANUP(batch_done) struct batch batch = { .names = names };
	CLEANUP(parse_done) struct parse parse;
	size_t used;
	detector_cache(uncached, false);
	parse_init(&parse, &parser_json, NULL);
	parse_lines(&parse, &batch, str_slice(text, before + sizeof(border) - 2, text.n), true, &used);
	struct seen seen = { .arena = &arena, .names = names };
	for (int round = 0; round < 3; round++) {
		seen.detector = round < 2 ? cached : uncached;
		for (size_t i = 0; i < batch.events.n; i++)
			compare(&rules, mappings, &batch.events.p[i], &seen);
	}
	vec_done(&seen.matches);
	BUF(out);
	for (size_t i = 0; i < rules.n; i++)
		ruleset_explain(ruleset, rules.p[i], LANG_EN, &out);
	return 0;
}
