/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/ruleset.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fold.h"
#include "base/map.h"
#include "detect/regex_literal.h"

/* While a ruleset is made. */
struct compiling {
	struct ruleset *ruleset;
	struct arena scratch;
	struct map predicates; /* by what they ask: id + 1 */
	struct map slots;      /* by folded name: slot */
	struct buf key;
	const struct ruleset_source *source; /* the program at hand is made for */
	struct err err;        /* why a predicate cannot be had */
};

/* ---- fields ---- */

static uint32_t slot_of_name(struct compiling *compiling, struct str name)
{
	struct ruleset *ruleset = compiling->ruleset;
	uint32_t id = names_folded(ruleset->names, names_add(ruleset->names, name));
	if (id == NAME_NONE)
		return SLOT_NONE;
	void **slot = map_put_int(&compiling->slots, id);
	if (!*slot) {
		if (ruleset->slots.n >= SLOTS_MOST)
			return SLOT_NONE;
		*slot = (void *)(uintptr_t)ruleset->slots.n;
		vec_push(&ruleset->slots, { .name = id });
	}
	return (uint32_t)(uintptr_t)*slot;
}

/* What a rule's field is called in the source at hand. */
static struct str own_field(const struct compiling *compiling, struct str field)
{
	const struct mapping_logsource *logsource = compiling->source->logsource;
	for (size_t i = 0; logsource && i < logsource->fields.n; i++)
		if (str_eq_nocase(logsource->fields.p[i].sigma, field))
			return logsource->fields.p[i].own;
	return field;
}

/* How the source at hand writes a value; only a whole one has another spelling. */
static struct sigma_pattern own_pattern(struct compiling *compiling, const struct sigma_item *item)
{
	const struct mapping_logsource *logsource = compiling->source->logsource;
	struct sigma_pattern pattern = item->pattern;
	if (!logsource || !item->field.p || pattern.n != 1 || pattern.p[0].kind != PART_LITERAL)
		return pattern;
	for (size_t i = 0; i < logsource->values.n; i++) {
		const struct mapping_value *value = &logsource->values.p[i];
		if (!str_eq_nocase(value->field, item->field) || !fold_eq(value->sigma, pattern.p[0].text))
			continue;
		struct sigma_part *part = ARENA_NEW(&compiling->ruleset->arena, struct sigma_part);
		part->kind = PART_LITERAL;
		part->text = value->own;
		return (struct sigma_pattern){ part, value->own.n ? 1 : 0 };
	}
	return pattern;
}

/* ---- predicates ---- */

static struct sigma_pattern folded_pattern(struct compiling *compiling, struct sigma_pattern pattern)
{
	struct arena *arena = &compiling->ruleset->arena;
	struct sigma_part *parts = NULL;
	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.p[i].kind != PART_LITERAL)
			continue;
		struct str folded = fold_text(arena, pattern.p[i].text);
		if (folded.p == pattern.p[i].text.p)
			continue;
		if (!parts) {
			parts = ARENA_ARRAY(arena, struct sigma_part, pattern.n);
			memcpy(parts, pattern.p, pattern.n * sizeof(*parts));
		}
		parts[i].text = folded;
	}
	return parts ? (struct sigma_pattern){ parts, pattern.n } : pattern;
}

static void key_bytes(struct compiling *compiling, const void *p, size_t n)
{
	buf_add(&compiling->key, (struct str){ p, n });
}

static void key_text(struct compiling *compiling, struct str text)
{
	key_bytes(compiling, &text.n, sizeof(text.n));
	buf_add(&compiling->key, text);
}

/* Equal for predicates that hold of the same values. */
static void predicate_key(struct compiling *compiling, const struct predicate *predicate)
{
	const struct sigma_item *item = predicate->item;
	uint8_t head[] = { item->op, item->cased, item->flags, item->how, item->part };
	buf_clear(&compiling->key);
	key_bytes(compiling, head, sizeof(head));
	key_bytes(compiling, &predicate->slot, sizeof(predicate->slot));
	switch (item->op) {
	case SIGMA_PATTERN:
		for (size_t i = 0; i < predicate->pattern.n; i++) {
			key_bytes(compiling, &predicate->pattern.p[i].kind, 1);
			if (predicate->pattern.p[i].kind == PART_LITERAL)
				key_text(compiling, predicate->pattern.p[i].text);
		}
		break;
	case SIGMA_REGEX:
		key_text(compiling, item->regex);
		break;
	case SIGMA_CIDR:
		key_bytes(compiling, item->cidr.address, sizeof(item->cidr.address));
		key_bytes(compiling, &item->cidr.bits, 1);
		break;
	case SIGMA_FIELDREF:
		key_bytes(compiling, &predicate->other, sizeof(predicate->other));
		break;
	default:
		key_bytes(compiling, &item->than, sizeof(item->than));
	}
}

/* The id of an equal predicate, or of this one, which is then kept. False: it is new. */
static bool predicate_known(struct compiling *compiling, const struct predicate *predicate, uint32_t *id)
{
	struct ruleset *ruleset = compiling->ruleset;
	predicate_key(compiling, predicate);
	void *known = map_get(&compiling->predicates, buf_str(&compiling->key));
	if (known) {
		*id = (uint32_t)(uintptr_t)known - 1;
		return true;
	}
	*id = (uint32_t)ruleset->predicates.n;
	vec_push(&ruleset->predicates, *predicate);
	*map_put(&compiling->predicates, arena_str(&compiling->scratch, buf_str(&compiling->key))) = (void *)(uintptr_t)(*id + 1);
	return false;
}

/* A text that must stand in what a regular expression matches becomes a predicate of its own. */
static uint32_t guard_text(struct compiling *compiling, uint32_t regex, struct str text)
{
	struct ruleset *ruleset = compiling->ruleset;
	struct sigma_item *item = ARENA_NEW(&ruleset->arena, struct sigma_item);
	struct sigma_part *parts = ARENA_ARRAY(&ruleset->arena, struct sigma_part, 3);
	uint32_t id;
	parts[0].kind = parts[2].kind = PART_ANY;
	parts[1].text = fold_text(&ruleset->arena, text);
	item->pattern = (struct sigma_pattern){ parts, 3 };
	item->field = ruleset->predicates.p[regex].item->field;
	struct predicate guard = {
		.item = item, .slot = ruleset->predicates.p[regex].slot, .pattern = item->pattern, .folded = item->pattern, .indexed = true,
	};
	(void)predicate_known(compiling, &guard, &id);
	return id;
}

/* "*a*b*c*". */
static struct sigma_pattern order_pattern(struct arena *arena, const struct regex_order *order, bool folded)
{
	struct sigma_part *parts = ARENA_ARRAY(arena, struct sigma_part, order->n * 2 + 1);
	parts[0].kind = PART_ANY;
	for (size_t i = 0; i < order->n; i++) {
		parts[i * 2 + 1] = (struct sigma_part){ PART_LITERAL, folded ? fold_text(arena, order->text[i]) : order->text[i] };
		parts[i * 2 + 2].kind = PART_ANY;
	}
	return (struct sigma_pattern){ parts, order->n ? order->n * 2 + 1 : 0 };
}

static void add_guards(struct compiling *compiling, uint32_t regex)
{
	struct ruleset *ruleset = compiling->ruleset;
	struct regex_clause clauses[REGEX_CLAUSES];
	struct regex_order order = { 0 };
	size_t n = regex_needs(&ruleset->arena, ruleset->predicates.p[regex].item->regex, clauses, &order);
	ruleset->predicates.p[regex].order = order_pattern(&ruleset->arena, &order, true);
	if (order.exact && ruleset->predicates.p[regex].item->flags == 0)
		ruleset->predicates.p[regex].exact = order_pattern(&ruleset->arena, &order, false);
	struct guard *guards = n ? ARENA_ARRAY(&ruleset->arena, struct guard, n) : NULL;
	for (size_t i = 0; i < n; i++) {
		uint32_t *ids = ARENA_ARRAY(&ruleset->arena, uint32_t, clauses[i].n);
		for (size_t k = 0; k < clauses[i].n; k++)
			ids[k] = guard_text(compiling, regex, clauses[i].text[k]);
		guards[i] = (struct guard){ ids, (uint32_t)clauses[i].n };
	}
	ruleset->predicates.p[regex].guards = guards;
	ruleset->predicates.p[regex].n_guards = (uint32_t)n;
}

static bool predicate_of(void *ctx, const struct sigma_item *item, uint32_t *id)
{
	struct compiling *compiling = ctx;
	struct predicate predicate = { .item = item, .slot = SLOT_KEYWORDS };
	if (item->field.p)
		predicate.slot = slot_of_name(compiling, own_field(compiling, item->field));
	if (item->op == SIGMA_FIELDREF)
		predicate.other = slot_of_name(compiling, own_field(compiling, item->other));
	if (predicate.slot == SLOT_NONE || (item->op == SIGMA_FIELDREF && predicate.other == SLOT_NONE)) {
		err_set(&compiling->err, -E2BIG, "the name of the field '%.*s' cannot be used", STR_ARG(item->field));
		return false;
	}
	if (item->op == SIGMA_PATTERN) {
		struct sigma_pattern pattern = own_pattern(compiling, item);
		predicate.indexed = true;
		predicate.folded = folded_pattern(compiling, pattern);
		predicate.pattern = item->cased ? pattern : predicate.folded;
	}
	if (predicate_known(compiling, &predicate, id) || item->op != SIGMA_REGEX)
		return true;
	/* One that cannot be compiled stays known, and is refused each time. */
	if (predicate_compile(&compiling->ruleset->predicates.p[*id], &compiling->err) < 0) {
		*map_put(&compiling->predicates, arena_str(&compiling->scratch, buf_str(&compiling->key))) = NULL;
		return false;
	}
	add_guards(compiling, *id);
	return true;
}

/* ---- programs ---- */

static bool same_program(const struct ruleset *ruleset, uint32_t a, uint32_t b)
{
	const struct node *nodes = ruleset->nodes.p;
	uint32_t n = nodes[a].skip - a;
	if (nodes[b].skip - b != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (nodes[a + i].kind != nodes[b + i].kind || nodes[a + i].predicate != nodes[b + i].predicate ||
		    nodes[a + i].skip - a != nodes[b + i].skip - b)
			return false;
	return true;
}

/* The condition as it reads in one source. False: it cannot be compiled. */
static bool compile_condition(struct compiling *compiling, const struct sigma_rule *rule, uint32_t condition, uint32_t report,
                              uint32_t source, size_t first)
{
	struct ruleset *ruleset = compiling->ruleset;
	uint32_t root = (uint32_t)ruleset->nodes.n;
	compiling->source = &ruleset->sources.p[source];
	if (!program_add(&ruleset->nodes, rule->conditions[condition], predicate_of, compiling)) {
		if (!compiling->err.text[0])
			err_set(&compiling->err, -E2BIG, "the condition is nested too deeply");
		return false;
	}
	for (size_t i = first; i < ruleset->programs.n; i++) {
		struct program *other = &ruleset->programs.p[i];
		if (other->condition == condition && same_program(ruleset, other->root, root)) {
			ruleset->nodes.n = root;
			vec_push_in(&ruleset->arena, &other->sources, source);
			return true;
		}
	}
	struct program program = { .rule = rule, .condition = condition, .report = report, .root = root };
	vec_push_in(&ruleset->arena, &program.sources, source);
	vec_push(&ruleset->programs, program);
	return true;
}

static bool serves(const struct ruleset *ruleset, uint32_t source, const struct sigma_rule *rule)
{
	bool limits = rule->product.p || rule->category.p || rule->service.p;
	if (source == SOURCE_ANY || !limits)
		return source == SOURCE_ANY && !limits;
	return mapping_serves(ruleset->sources.p[source].logsource, rule->product, rule->category, rule->service);
}

/* Two sources read a rule alike when neither renames anything. */
static bool renames(const struct ruleset_source *source)
{
	return source->logsource && (source->logsource->fields.n || source->logsource->values.n);
}

static bool compile_rule(struct compiling *compiling, const struct sigma_rule *rule)
{
	struct ruleset *ruleset = compiling->ruleset;
	size_t first = ruleset->programs.n, nodes = ruleset->nodes.n;
	uint32_t report = ruleset->n_reports;
	compiling->err.text[0] = '\0';
	for (uint32_t condition = 0; condition < rule->n_conditions; condition++) {
		size_t plain = SIZE_MAX; /* the program for sources that rename nothing */
		for (uint32_t source = 0; source < ruleset->sources.n; source++) {
			if (!serves(ruleset, source, rule))
				continue;
			if (plain != SIZE_MAX && !renames(&ruleset->sources.p[source])) {
				vec_push_in(&ruleset->arena, &ruleset->programs.p[plain].sources, source);
				continue;
			}
			size_t before = ruleset->programs.n;
			if (!compile_condition(compiling, rule, condition, report + condition, source, first)) {
				ruleset->programs.n = first;
				ruleset->nodes.n = nodes;
				return false;
			}
			if (!renames(&ruleset->sources.p[source]) && ruleset->programs.n > before)
				plain = before;
		}
	}
	ruleset->n_reports += (uint32_t)rule->n_conditions;
	return true;
}

/* ---- triggers ---- */

/* The longest text in a pattern. */
static size_t longest_text(const struct sigma_pattern *pattern)
{
	size_t n = 0;
	for (size_t i = 0; i < pattern->n; i++)
		n = MAX(n, pattern->p[i].text.n);
	return n;
}

/* Mappings ask for values of the field, not only whether it is there. */
static bool tells_sources(const struct ruleset *ruleset, uint32_t slot)
{
	uint32_t routing = ruleset->slots.p[slot].routing;
	return routing && ruleset->routing.slots[routing - 1].questions.n > 0;
}

/* How often the rarest four bytes of a pattern come in all that rules ask for; 0: it has not as many. */
static uint32_t rarest_count(const struct ruleset *ruleset, const struct sigma_pattern *pattern)
{
	uint32_t lowest = UINT32_MAX;
	for (size_t i = 0; i < pattern->n; i++)
		lowest = MIN(lowest, gram_counts_lowest(&ruleset->grams, pattern->p[i].text));
	return lowest == UINT32_MAX ? 0 : lowest;
}

enum { SHORT_VALUE = 5 };

static double chance_of(void *ctx, uint32_t id);

static double guard_chance(struct ruleset *ruleset, const struct guard *guard)
{
	double chance = 0;
	for (uint32_t i = 0; i < guard->n; i++)
		chance += chance_of(ruleset, guard->ids[i]);
	return chance;
}

static const struct guard *rarest_guard(struct ruleset *ruleset, const struct predicate *regex)
{
	const struct guard *best = &regex->guards[0];
	for (uint32_t i = 1; i < regex->n_guards; i++)
		if (guard_chance(ruleset, &regex->guards[i]) < guard_chance(ruleset, best))
			best = &regex->guards[i];
	return best;
}

/* A guess, only for comparing: texts that many rules ask for, alone or within others, are common in logs ("\powershell.exe",
 * "ntdll.dll"), long ones are rare, single characters are everywhere, and fields that tell sources choose nothing that the route has
 * not chosen already. */
static double chance_of(void *ctx, uint32_t id)
{
	struct ruleset *ruleset = ctx;
	const struct predicate *predicate = &ruleset->predicates.p[id];
	if (predicate->item->op == SIGMA_REGEX)
		return predicate->n_guards ? guard_chance(ruleset, rarest_guard(ruleset, predicate)) : 1e5;
	if (predicate->item->op == SIGMA_CIDR || (predicate->item->op >= SIGMA_LT && predicate->item->op <= SIGMA_EQ))
		return 1e4;
	if (predicate->item->op != SIGMA_PATTERN)
		return -1;
	size_t n = longest_text(&predicate->folded);
	double uses = (double)MAX(MAX(predicate->uses, rarest_count(ruleset, &predicate->folded)), 1u);
	double chance = n ? uses * sqrt(uses) * pow(10, -(double)MIN(n, (size_t)8) / 4) : 1e6;
	if (n == 1)
		chance *= 100;
	/* A whole value as short as that is one of a few: a status, a yes or no. */
	if (predicate->folded.n == 0 || (predicate->folded.n == 1 && n && n <= SHORT_VALUE))
		chance = 10 * uses * sqrt(uses);
	return tells_sources(ruleset, predicate->slot) ? chance * 1e3 : chance;
}

static void add_trigger(struct ruleset *ruleset, uint32_t id)
{
	struct predicate *predicate = &ruleset->predicates.p[id];
	if (predicate->n_guards) {
		const struct guard *guard = rarest_guard(ruleset, predicate);
		for (uint32_t i = 0; i < guard->n; i++)
			vec_push(&ruleset->trigger_ids, guard->ids[i]);
		return;
	}
	predicate->indexed = true;
	vec_push(&ruleset->trigger_ids, id);
}

/* Of all that rules ask for. */
static void count_grams(struct ruleset *ruleset)
{
	gram_counts_init(&ruleset->grams, &ruleset->arena);
	for (size_t id = 0; id < ruleset->predicates.n; id++) {
		const struct sigma_pattern *pattern = &ruleset->predicates.p[id].folded;
		for (size_t i = 0; i < pattern->n; i++)
			gram_counts_add(&ruleset->grams, pattern->p[i].text);
	}
}

/* How many rules ask it; programs of one rule for several sources count once. */
static void count_uses(struct ruleset *ruleset)
{
	uint32_t *last = mem_alloc(ruleset->predicates.n * sizeof(*last) + 1);
	for (size_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		for (uint32_t at = program->root; at < ruleset->nodes.p[program->root].skip; at++)
			if (ruleset->nodes.p[at].kind == NODE_ITEM && last[ruleset->nodes.p[at].predicate] != program->report + 1) {
				last[ruleset->nodes.p[at].predicate] = program->report + 1;
				ruleset->predicates.p[ruleset->nodes.p[at].predicate].uses++;
			}
	}
	free(last);
}

static void choose_triggers(struct ruleset *ruleset)
{
	id_list ids = { 0 };
	for (size_t i = 0; i < ruleset->programs.n; i++) {
		struct program *program = &ruleset->programs.p[i];
		program->trigger = (uint32_t)ruleset->trigger_ids.n;
		if (!program_trigger(&ruleset->nodes, program->root, chance_of, ruleset, &ids, &program->chance)) {
			program->start = START_ALWAYS;
			continue;
		}
		for (size_t k = 0; k < ids.n; k++)
			add_trigger(ruleset, ids.p[k]);
		program->n_triggers = (uint32_t)ruleset->trigger_ids.n - program->trigger;
		program->start = program->n_triggers ? START_TRIGGER : START_NEVER;
	}
	vec_done(&ids);
}

/* From predicates to the programs that they start. */
static void list_started(struct ruleset *ruleset)
{
	size_t n = ruleset->predicates.n;
	uint32_t *at = ARENA_ARRAY(&ruleset->arena, uint32_t, n + 2);
	ruleset->started = ARENA_ARRAY(&ruleset->arena, uint32_t, ruleset->trigger_ids.n + 1);
	for (size_t i = 0; i < ruleset->trigger_ids.n; i++)
		at[ruleset->trigger_ids.p[i] + 2]++;
	for (size_t i = 0; i < n; i++)
		at[i + 2] += at[i + 1];
	for (uint32_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		for (uint32_t k = 0; k < program->n_triggers; k++)
			ruleset->started[at[ruleset->trigger_ids.p[program->trigger + k] + 1]++] = i;
	}
	ruleset->started_at = at;
}

/* ---- indexes ---- */

static void build_indexes(struct ruleset *ruleset)
{
	ARENA(scratch);
	size_t n = ruleset->predicates.n;
	id_list *of_slot = ARENA_ARRAY(&scratch, id_list, ruleset->slots.n);
	for (uint32_t id = 0; id < n; id++) {
		const struct predicate *predicate = &ruleset->predicates.p[id];
		if (!predicate->indexed)
			continue;
		vec_push_in(&scratch, &of_slot[predicate->slot], id);
	}
	for (size_t i = 0; i < ruleset->slots.n; i++)
		if (of_slot[i].n)
			ruleset->slots.p[i].index = index_build(&ruleset->arena, ruleset->predicates.p, of_slot[i].p, of_slot[i].n, &ruleset->grams);
}

/* Slots that must be looked up so that a program's indexed predicates are known. */
static void list_slots(struct ruleset *ruleset)
{
	uint32_t *seen = mem_alloc(ruleset->slots.n * sizeof(*seen));
	for (uint32_t i = 0; i < ruleset->programs.n; i++) {
		struct program *program = &ruleset->programs.p[i];
		for (uint32_t at = program->root; at < ruleset->nodes.p[program->root].skip; at++) {
			if (ruleset->nodes.p[at].kind != NODE_ITEM)
				continue;
			const struct predicate *predicate = &ruleset->predicates.p[ruleset->nodes.p[at].predicate];
			bool indexed = predicate->indexed || predicate->n_guards;
			if (indexed && seen[predicate->slot] != i + 1) {
				seen[predicate->slot] = i + 1;
				vec_push_in(&ruleset->arena, &program->slots, predicate->slot);
			}
		}
	}
	free(seen);
}

/* ---- the whole ---- */

static void add_problem(struct arena *arena, struct sigma_problems *problems, const struct sigma_rule *rule, const struct err *err)
{
	struct sigma_problem problem = {
		.file = rule->file,
		.line = rule->line,
		.rule = rule->title.p ? rule->title : rule->id,
		.words = arena_str(arena, str_from(err->text)),
	};
	vec_push_in(arena, problems, problem);
}

static uint32_t *routing_place(void *ctx, struct str field)
{
	struct compiling *compiling = ctx;
	uint32_t slot = slot_of_name(compiling, field); /* may move the slots */
	return &compiling->ruleset->slots.p[slot].routing;
}

static void add_sources(struct compiling *compiling)
{
	struct ruleset *ruleset = compiling->ruleset;
	struct arena *arena = &ruleset->arena;
	vec_push(&ruleset->sources, { 0 });
	for (size_t i = 0; i < ruleset->mappings->n; i++) {
		const struct mapping *mapping = &ruleset->mappings->p[i];
		struct ruleset_source source = { .mapping = mapping };
		source.match = routing_add(&ruleset->routing, arena, &mapping->match, routing_place, compiling);
		for (size_t k = 0; k < mapping->logsources.n; k++) {
			source.logsource = &mapping->logsources.p[k];
			source.when = routing_add(&ruleset->routing, arena, &source.logsource->when, routing_place, compiling);
			vec_push(&ruleset->sources, source);
		}
	}
}

static void name_slots(struct ruleset *ruleset)
{
	ruleset->seed = names_count(ruleset->names);
	ruleset->slot_of = ARENA_ARRAY(&ruleset->arena, uint16_t, ruleset->seed + 1);
	for (size_t i = SLOT_FIRST; i < ruleset->slots.n; i++)
		ruleset->slot_of[ruleset->slots.p[i].name] = (uint16_t)i;
	for (uint32_t id = 1; id <= ruleset->seed; id++)
		ruleset->slot_of[id] = ruleset->slot_of[names_folded(ruleset->names, id)];
}

int ruleset_compile(const struct sigma_rules *rules, const struct mappings *mappings, struct arena *problems_arena,
                    struct sigma_problems *problems, struct ruleset **out, struct err *err)
{
	CLEANUP(ruleset_free_p) struct ruleset *ruleset = mem_alloc(sizeof(*ruleset));
	struct compiling compiling = { .ruleset = ruleset };
	(void)err;
	ruleset->rules = rules;
	ruleset->mappings = mappings;
	ruleset->names = names_new();
	compiling.predicates.arena = compiling.slots.arena = &compiling.scratch;
	mappings_alias(mappings, ruleset->names);
	for (int i = 0; i < SLOT_FIRST; i++)
		vec_push(&ruleset->slots, { 0 });
	add_sources(&compiling);
	for (size_t i = 0; i < rules->n; i++) {
		const struct sigma_rule *rule = rules->p[i];
		if (rule->correlation.type != CORRELATION_NONE)
			continue;
		if (compile_rule(&compiling, rule))
			ruleset->n_compiled++;
		else if (problems)
			add_problem(problems_arena, problems, rule, &compiling.err);
	}
	arena_done(&compiling.scratch);
	buf_done(&compiling.key);
	count_grams(ruleset);
	count_uses(ruleset);
	choose_triggers(ruleset);
	list_started(ruleset);
	list_slots(ruleset);
	build_indexes(ruleset);
	name_slots(ruleset);
	*out = TAKE(ruleset);
	return 0;
}

void ruleset_free(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	for (size_t i = 0; i < ruleset->predicates.n; i++)
		pcre2_code_free(ruleset->predicates.p[i].regex);
	vec_done(&ruleset->slots);
	vec_done(&ruleset->sources);
	vec_done(&ruleset->predicates);
	vec_done(&ruleset->nodes);
	vec_done(&ruleset->programs);
	vec_done(&ruleset->trigger_ids);
	names_free(ruleset->names);
	routing_done(&ruleset->routing);
	arena_done(&ruleset->arena);
	free(ruleset);
}

void ruleset_free_p(struct ruleset **ruleset)
{
	ruleset_free(*ruleset);
	*ruleset = NULL;
}

const struct names *ruleset_names(const struct ruleset *ruleset)
{
	return ruleset->names;
}

size_t ruleset_count(const struct ruleset *ruleset)
{
	return ruleset->n_compiled;
}
