/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/route.h"

#include <stdlib.h>

#include "detect/quick_hash.h"
#include "event/parser.h"

struct key {
	const struct parser *parser;
	const struct mapping *only;
	uint64_t bits[];
};

/* A value of a routing field and its answers. */
struct answered {
	uint64_t hash;
	uint8_t n;   /* of the value */
	bool used;
	char value[ROUTE_VALUE_LONGEST];
	uint64_t *bits;
};

struct kept {
	uint64_t hash;
	const struct key *key; /* NULL: free */
	struct route route;
};

struct routes {
	const struct ruleset *ruleset;
	struct key *key;        /* of the event at hand */
	size_t key_size, words; /* of bits */
	struct answered **answered; /* by routing slot: ROUTE_VALUES of them; NULL: nothing asked yet */
	struct arena answers;
	struct arena keys;
	struct kept *kept;      /* ROUTES * 2, open addressing */
	size_t n;
	uint64_t asked;
	struct arena plans_arena;
	VEC(struct plan *) plans;
	size_t source_words, program_words;
	uint64_t *wanted_sources;
};

struct routes *routes_new(const struct ruleset *ruleset)
{
	struct routes *routes = mem_alloc(sizeof(*routes));
	routes->ruleset = ruleset;
	routes->kept = mem_alloc(sizeof(*routes->kept) * ROUTES * 2);
	routes->source_words = ruleset->sources.n / 64 + 1;
	routes->program_words = ruleset->programs.n / 64 + 1;
	routes->wanted_sources = mem_alloc(routes->source_words * sizeof(uint64_t));
	routes->words = ruleset->routing.bits / 64 + 1;
	routes->key_size = sizeof(struct key) + routes->words * sizeof(uint64_t);
	routes->key = mem_alloc(routes->key_size);
	routes->answered = mem_alloc((ruleset->routing.n_slots + 1) * sizeof(*routes->answered));
	return routes;
}

void routes_free(struct routes *routes)
{
	if (!routes)
		return;
	arena_done(&routes->answers);
	arena_done(&routes->keys);
	arena_done(&routes->plans_arena);
	vec_done(&routes->plans);
	free(routes->kept);
	free(routes->wanted_sources);
	free(routes->answered);
	free(routes->key);
	free(routes);
}

static void forget(struct routes *routes)
{
	arena_done(&routes->keys);
	arena_done(&routes->plans_arena);
	routes->plans.n = 0;
	routes->n = 0;
	memset(routes->kept, 0, sizeof(*routes->kept) * ROUTES * 2);
}

/* ---- plans ---- */

static bool has_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void set_bit(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static bool is_active(const struct program *program, const uint64_t *sources)
{
	for (size_t i = 0; i < program->sources.n; i++)
		if (has_bit(sources, program->sources.p[i]))
			return true;
	return false;
}

/* The keywords of its programs. */
static struct prefilter *plan_prefilter(struct arena *arena, const struct ruleset *ruleset, const struct plan *plan)
{
	VEC(const struct predicate *) keywords = { 0 };
	bool *taken = mem_alloc(ruleset->predicates.n + 1);
	bool all = true;
	for (uint32_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		for (uint32_t at = program->root; has_bit(plan->active, i) && at < ruleset->nodes.p[program->root].skip; at++) {
			uint32_t id = ruleset->nodes.p[at].predicate;
			const struct predicate *predicate = &ruleset->predicates.p[id];
			if (ruleset->nodes.p[at].kind != NODE_ITEM || predicate->slot != SLOT_KEYWORDS || taken[id])
				continue;
			taken[id] = true;
			all = all && predicate->item->op == SIGMA_PATTERN;
			vec_push(&keywords, predicate);
		}
	}
	struct prefilter *prefilter = all ? prefilter_build(arena, keywords.p, keywords.n, &ruleset->grams) : NULL;
	vec_done(&keywords);
	free(taken);
	return prefilter;
}

static struct plan *plan_make(struct routes *routes)
{
	const struct ruleset *ruleset = routes->ruleset;
	struct arena *arena = &routes->plans_arena;
	struct plan *plan = ARENA_NEW(arena, struct plan);
	VEC(uint32_t) always = { 0 };
	plan->sources = ARENA_ARRAY(arena, uint64_t, routes->source_words);
	memcpy(plan->sources, routes->wanted_sources, routes->source_words * sizeof(uint64_t));
	plan->active = ARENA_ARRAY(arena, uint64_t, routes->program_words);
	plan->wanted = ARENA_ARRAY(arena, uint8_t, ruleset->slots.n);
	for (uint32_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		if (program->start == START_NEVER || !is_active(program, plan->sources))
			continue;
		plan->any = true;
		set_bit(plan->active, i);
		for (size_t k = 0; k < program->slots.n; k++)
			plan->wanted[program->slots.p[k]] = MAX(plan->wanted[program->slots.p[k]], (uint8_t)WANT_LATER);
		for (uint32_t k = 0; k < program->n_triggers; k++)
			plan->wanted[ruleset->predicates.p[ruleset->trigger_ids.p[program->trigger + k]].slot] = WANT_FIRST;
		if (program->start == START_ALWAYS)
			vec_push_in(arena, &always, i);
	}
	if (plan->wanted[SLOT_KEYWORDS])
		plan->keywords = plan_prefilter(arena, ruleset, plan);
	plan->always = always.p;
	plan->n_always = always.n;
	vec_push(&routes->plans, plan);
	return plan;
}

static struct plan *plan_of(struct routes *routes)
{
	for (size_t i = 0; i < routes->plans.n; i++)
		if (memcmp(routes->plans.p[i]->sources, routes->wanted_sources, routes->source_words * sizeof(uint64_t)) == 0)
			return routes->plans.p[i];
	return plan_make(routes);
}

const struct ruleset_source *plan_source(const struct ruleset *ruleset, const struct plan *plan, const struct program *program)
{
	for (size_t i = 0; i < program->sources.n; i++)
		if (has_bit(plan->sources, program->sources.p[i]))
			return &ruleset->sources.p[program->sources.p[i]];
	return &ruleset->sources.p[SOURCE_ANY];
}

/* ---- keys ---- */

void routes_begin(struct routes *routes, const struct event *event, const struct mapping *only)
{
	routes->key->parser = event->parser;
	routes->key->only = only;
	memset(routes->key->bits, 0, routes->words * sizeof(uint64_t));
}

static void ask(const struct routing_slot *slot, const struct event_field *field, uint64_t *bits)
{
	ARENA(arena);
	routing_ask(slot, event_text(&arena, field), bits);
}

/* What a short value answers, from memory or now. */
static const uint64_t *answers_of(struct routes *routes, uint32_t at, const struct event_field *field)
{
	struct str value = field->value;
	uint64_t hash = quick_hash(value.p, value.n, field->kind == VALUE_ESCAPED);
	if (UNLIKELY(!routes->answered[at]))
		routes->answered[at] = ARENA_ARRAY(&routes->answers, struct answered, ROUTE_VALUES);
	struct answered *answered = &routes->answered[at][hash % ROUTE_VALUES];
	if (LIKELY(answered->used && answered->hash == hash && answered->n == value.n &&
	           (value.n == 0 || memcmp(answered->value, value.p, value.n) == 0)))
		return answered->bits;
	answered->used = true;
	answered->hash = hash;
	answered->n = (uint8_t)value.n;
	if (value.n)
		memcpy(answered->value, value.p, value.n);
	if (!answered->bits)
		answered->bits = ARENA_ARRAY(&routes->answers, uint64_t, routes->words);
	memset(answered->bits, 0, routes->words * sizeof(uint64_t));
	ask(&routes->ruleset->routing.slots[at], field, answered->bits);
	return answered->bits;
}

void routes_field(struct routes *routes, uint32_t slot, const struct event_field *field)
{
	uint32_t at = routes->ruleset->slots.p[slot].routing - 1;
	const struct routing_slot *routing = &routes->ruleset->routing.slots[at];
	set_bit(routes->key->bits, routing->there);
	if (routing->questions.n == 0)
		return;
	if (UNLIKELY(field->value.n > ROUTE_VALUE_LONGEST)) {
		ask(routing, field, routes->key->bits);
		return;
	}
	const uint64_t *bits = answers_of(routes, at, field);
	for (size_t i = 0; i < routes->words; i++)
		routes->key->bits[i] |= bits[i];
}

static bool is_format(const struct mapping *mapping, const struct event *event)
{
	for (size_t i = 0; i < mapping->formats.n; i++)
		if (event->parser && str_is(mapping->formats.p[i], event->parser->name))
			return true;
	return mapping->formats.n == 0;
}

/* Ask the mappings; as mapping_takes() and mapping_meets(), by bits. */
static struct route decide(struct routes *routes, const struct event *event, const struct mapping *only)
{
	const struct ruleset *ruleset = routes->ruleset;
	const struct mapping *mapping = NULL, *first = NULL;
	bool takes = false;
	if (routes->plans.n >= PLANS_MOST)
		forget(routes);
	memset(routes->wanted_sources, 0, routes->source_words * sizeof(uint64_t));
	set_bit(routes->wanted_sources, SOURCE_ANY);
	for (uint32_t i = SOURCE_ANY + 1; i < ruleset->sources.n; i++) {
		const struct ruleset_source *source = &ruleset->sources.p[i];
		if (source->mapping != mapping) {
			mapping = source->mapping;
			takes = only ? mapping == only
			             : !mapping->named_only && is_format(mapping, event) && routing_meets(&source->match, routes->key->bits);
			if (takes && !first)
				first = mapping;
		}
		if (takes && routing_meets(&source->when, routes->key->bits))
			set_bit(routes->wanted_sources, i);
	}
	return (struct route){ plan_of(routes), first };
}

const struct route *routes_find(struct routes *routes, const struct event *event, const struct mapping *only)
{
	uint64_t hash = quick_hash((const char *)routes->key, routes->key_size, 0);
	size_t at = hash % (ROUTES * 2);
	for (; routes->kept[at].key; at = (at + 1) % (ROUTES * 2))
		if (routes->kept[at].hash == hash && memcmp(routes->kept[at].key, routes->key, routes->key_size) == 0)
			return &routes->kept[at].route;
	if (routes->n >= ROUTES) {
		forget(routes);
		at = hash % (ROUTES * 2);
	}
	routes->asked++;
	struct route route = decide(routes, event, only); /* may forget */
	while (routes->kept[at].key)
		at = (at + 1) % (ROUTES * 2);
	struct key *key = arena_alloc(&routes->keys, routes->key_size);
	memcpy(key, routes->key, routes->key_size);
	routes->kept[at] = (struct kept){ hash, key, route };
	routes->n++;
	return &routes->kept[at].route;
}

uint64_t routes_asked(const struct routes *routes)
{
	return routes->asked;
}
