/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/route.h"

#include <stdlib.h>

#include "detect/quick_hash.h"

struct kept {
	uint64_t hash;
	struct str key; /* NULL: free */
	struct route route;
};

struct routes {
	const struct ruleset *ruleset;
	struct buf key;
	bool too_long;
	struct arena keys;
	struct kept *kept; /* ROUTES * 2, open addressing */
	size_t n;
	struct route last; /* of a key too long to be kept */
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
	return routes;
}

void routes_free(struct routes *routes)
{
	if (!routes)
		return;
	buf_done(&routes->key);
	arena_done(&routes->keys);
	arena_done(&routes->plans_arena);
	vec_done(&routes->plans);
	free(routes->kept);
	free(routes->wanted_sources);
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
	plan->wanted = ARENA_ARRAY(arena, bool, ruleset->slots.n);
	for (uint32_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		if (program->start == START_NEVER || !is_active(program, plan->sources))
			continue;
		plan->any = true;
		set_bit(plan->active, i);
		for (size_t k = 0; k < program->slots.n; k++)
			plan->wanted[program->slots.p[k]] = ruleset->slots.p[program->slots.p[k]].index != NULL;
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
	const void *who[] = { event->parser, only };
	buf_clear(&routes->key);
	buf_add(&routes->key, (struct str){ (const char *)who, sizeof(who) });
	routes->too_long = false;
}

/* Most routing fields are asked whether they are there, or for one or two values. Their own values ("id", "url") differ from
 * event to event and must not make each a route of its own: which of the conditions they meet stands for them. */
void routes_field(struct routes *routes, uint32_t slot, const struct field *field)
{
	const struct slot *routing = &routes->ruleset->slots.p[slot];
	bool by_value = routing->by_value || (field->kind == FIELD_ESCAPED && str_find_char(field->value, '\\') >= 0);
	char met[ROUTING_FEW];
	for (size_t i = 0; !by_value && i < routing->asked.n; i++)
		met[i] = (char)mapping_value_is(routing->asked.p[i], field->value);
	struct str value = by_value ? field->value : (struct str){ met, routing->asked.n };
	/* FIELD_BOOL never has a backslash in it, so neither is taken for the other. */
	uint32_t head[] = { slot << 3 | (by_value ? field->kind : FIELD_BOOL), (uint32_t)value.n };
	if (routes->key.n + sizeof(head) + value.n > ROUTE_KEY_LONGEST) {
		routes->too_long = true;
		return;
	}
	char *to = buf_reserve(&routes->key, sizeof(head) + value.n);
	memcpy(to, head, sizeof(head));
	if (value.n)
		memcpy(to + sizeof(head), value.p, value.n);
	routes->key.n += sizeof(head) + value.n;
}

/* Ask the mappings. */
static struct route decide(struct routes *routes, const struct event *event, const struct names *names, const struct mapping *only)
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
			takes = only ? mapping == only : mapping_takes(mapping, event, names);
			if (takes && !first)
				first = mapping;
		}
		if (takes && mapping_meets(&source->logsource->when, event, names))
			set_bit(routes->wanted_sources, i);
	}
	return (struct route){ plan_of(routes), first };
}

const struct route *routes_find(struct routes *routes, const struct event *event, const struct names *names,
                                const struct mapping *only)
{
	if (routes->too_long) {
		routes->last = decide(routes, event, names, only);
		return &routes->last;
	}
	struct str key = buf_str(&routes->key);
	uint64_t hash = quick_hash(key.p, key.n, 0);
	size_t at = hash % (ROUTES * 2);
	for (; routes->kept[at].key.p; at = (at + 1) % (ROUTES * 2))
		if (routes->kept[at].hash == hash && str_eq(routes->kept[at].key, key))
			return &routes->kept[at].route;
	if (routes->n >= ROUTES) {
		forget(routes);
		at = hash % (ROUTES * 2);
	}
	struct route route = decide(routes, event, names, only); /* may forget */
	while (routes->kept[at].key.p)
		at = (at + 1) % (ROUTES * 2);
	routes->kept[at] = (struct kept){ hash, arena_str(&routes->keys, key), route };
	routes->n++;
	return &routes->kept[at].route;
}
