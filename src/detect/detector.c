/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/fold.h"
#include "detect/route.h"
#include "detect/value_cache.h"

enum { SCRATCH_MOST = 4 * 1024 * 1024, SLOT_UNKNOWN = 0xffff };

/* Values of some fields hardly ever come twice (addresses of web pages, for one), and keeping them only costs. Of so many looks into
 * memory some must have been of use, or it is not looked into for the next ones. */
enum { WORTH_LOOKS = 512, WORTH_LEAST = WORTH_LOOKS / 8, WORTH_REST = 16 * 1024 };
struct worth {
	uint32_t looks, hits, rest;
};

/* A field of the event that rules or mappings know. */
struct seen {
	uint32_t field, slot;
};

struct detector {
	const struct ruleset *ruleset;
	struct detector_counters counters;
	struct regex_work regex;
	struct index_work index;
	struct routes *routes;
	struct value_cache *cache;  /* NULL: switched off */
	struct worth *worth;        /* by slot: of the cache */
	struct arena scratch;       /* texts of the value at hand */
	struct buf folded;
	uint64_t names_version;
	uint16_t *slot_of;          /* by id of the batch's names; SLOT_UNKNOWN: not asked yet */
	uint32_t slot_of_n;
	/* The event at hand. */
	const struct event *event;
	const struct names *names;
	const struct plan *plan;
	struct seen *seen;
	uint32_t n_seen, seen_room;
	uint32_t now;               /* marks of this event have this number */
	uint32_t *holds, *asked;    /* by predicate */
	uint32_t *tried;            /* by program */
	uint32_t *reported;         /* by report */
	uint32_t *candidates;
	size_t n_candidates;
};

struct detector *detector_new(const struct ruleset *ruleset)
{
	struct detector *detector = mem_alloc(sizeof(*detector));
	detector->ruleset = ruleset;
	regex_work_init(&detector->regex);
	detector->index.regex = &detector->regex;
	detector->routes = routes_new(ruleset);
	detector->cache = value_cache_new();
	detector->worth = mem_alloc(ruleset->slots.n * sizeof(*detector->worth));
	detector->holds = mem_alloc((ruleset->predicates.n + 1) * sizeof(uint32_t));
	detector->asked = mem_alloc((ruleset->predicates.n + 1) * sizeof(uint32_t));
	detector->tried = mem_alloc((ruleset->programs.n + 1) * sizeof(uint32_t));
	detector->candidates = mem_alloc((ruleset->programs.n + 1) * sizeof(uint32_t));
	detector->reported = mem_alloc((ruleset->n_reports + 1) * sizeof(uint32_t));
	return detector;
}

void detector_free(struct detector *detector)
{
	if (!detector)
		return;
	regex_work_done(&detector->regex);
	index_work_done(&detector->index);
	routes_free(detector->routes);
	value_cache_free(detector->cache);
	arena_done(&detector->scratch);
	buf_done(&detector->folded);
	free(detector->slot_of);
	free(detector->seen);
	free(detector->worth);
	free(detector->holds);
	free(detector->asked);
	free(detector->tried);
	free(detector->candidates);
	free(detector->reported);
	free(detector);
}

void detector_free_p(struct detector **detector)
{
	detector_free(*detector);
	*detector = NULL;
}

struct detector_counters detector_counters(const struct detector *detector)
{
	struct detector_counters counters = detector->counters;
	counters.routes = routes_asked(detector->routes);
	counters.regexes = detector->regex.runs;
	counters.regex_limits = detector->regex.limits;
	return counters;
}

void detector_cache(struct detector *detector, bool on)
{
	value_cache_free(detector->cache);
	detector->cache = on ? value_cache_new() : NULL;
}

/* ---- which slot a field is of ---- */

static uint32_t slot_ask(struct detector *detector, uint32_t name)
{
	const struct ruleset *ruleset = detector->ruleset;
	uint32_t folded = names_folded(detector->names, name);
	uint16_t slot = folded <= ruleset->seed ? ruleset->slot_of[folded] : 0;
	if (name >= detector->slot_of_n) {
		uint32_t n = MAX(detector->slot_of_n * 2, name + 64);
		detector->slot_of = mem_resize(detector->slot_of, n * sizeof(*detector->slot_of));
		memset(detector->slot_of + detector->slot_of_n, 0xff, (n - detector->slot_of_n) * sizeof(*detector->slot_of));
		detector->slot_of_n = n;
	}
	detector->slot_of[name] = slot;
	return slot;
}

static inline uint32_t slot_of(struct detector *detector, uint32_t name)
{
	uint16_t slot = LIKELY(name < detector->slot_of_n) ? detector->slot_of[name] : (uint16_t)SLOT_UNKNOWN;
	return LIKELY(slot != SLOT_UNKNOWN) ? slot : slot_ask(detector, name);
}

/* ---- values ---- */

/* The value as text and folded; both until the next call. */
static struct value value_of(struct detector *detector, const struct event_field *field)
{
	if (detector->scratch.bytes > SCRATCH_MOST) {
		arena_reset(&detector->scratch);
		detector->scratch.bytes = 0;
	}
	struct value value = { .text = event_text(&detector->scratch, field) };
	buf_clear(&detector->folded);
	char *out = buf_reserve(&detector->folded, fold_room(value.text.n) + VALUE_PADDING);
	value.folded = (struct str){ out, fold_into(out, value.text) };
	memset(out + value.folded.n, 0, VALUE_PADDING);
	return value;
}

/* Those that start programs first. */
static struct hits sort_hits(const struct ruleset *ruleset, uint32_t *ids, size_t n)
{
	uint32_t front = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = ids[i];
		if (ruleset->started_at[id] == ruleset->started_at[id + 1])
			continue;
		ids[i] = ids[front];
		ids[front++] = id;
	}
	return (struct hits){ ids, (uint32_t)n, front };
}

static uint32_t cache_key(uint32_t slot, const struct event_field *field)
{
	return slot << 1 | (field->kind == VALUE_ESCAPED);
}

static bool is_kept(struct detector *detector, uint32_t slot, const struct event_field *field)
{
	if (!detector->cache || field->value.n > VALUE_CACHE_LONGEST)
		return false;
	struct worth *worth = &detector->worth[slot];
	if (LIKELY(!worth->rest))
		return true;
	worth->rest--;
	return false;
}

static void count_worth(struct worth *worth, bool hit)
{
	worth->hits += hit;
	if (LIKELY(++worth->looks < WORTH_LOOKS))
		return;
	worth->rest = worth->hits < WORTH_LEAST ? WORTH_REST : 0;
	worth->looks = worth->hits = 0;
}

/* A value to be looked up. */
struct wanted {
	const struct event_field *field;
	uint32_t slot;
	bool keep; /* in the cache, by the hash */
	uint64_t hash;
};

static struct wanted wanted_of(struct detector *detector, uint32_t slot, const struct event_field *field)
{
	struct wanted wanted = { .field = field, .slot = slot, .keep = is_kept(detector, slot, field) };
	if (wanted.keep)
		wanted.hash = value_cache_hash(cache_key(slot, field), field->value);
	return wanted;
}

static struct hits look_up(struct detector *detector, const struct wanted *wanted)
{
	struct hits hits;
	const struct event_field *field = wanted->field;
	uint32_t key = cache_key(wanted->slot, field);
	detector->counters.values++;
	if (wanted->keep) {
		bool hit = value_cache_get(detector->cache, wanted->hash, key, field->value, &hits);
		count_worth(&detector->worth[wanted->slot], hit);
		detector->counters.cache_hits += hit;
		if (LIKELY(hit))
			return hits;
	}
	struct value value = value_of(detector, field);
	index_find(detector->ruleset->slots.p[wanted->slot].index, &detector->index, &value);
	hits = sort_hits(detector->ruleset, detector->index.out, detector->index.n);
	if (wanted->keep)
		value_cache_put(detector->cache, wanted->hash, key, field->value, hits);
	return hits;
}

/* ---- predicates of the event at hand ---- */

static bool keyword_holds(struct detector *detector, const struct predicate *predicate)
{
	const struct event *event = detector->event;
	if (event->n == 0) {
		struct event_field raw = { .value = event->raw, .kind = VALUE_TEXT };
		struct value value = value_of(detector, &raw);
		return predicate_holds(predicate, &value, &detector->regex);
	}
	for (uint32_t i = 0; i < event->n; i++) {
		if (event->fields[i].kind == VALUE_NULL)
			continue;
		struct value value = value_of(detector, &event->fields[i]);
		if (predicate_holds(predicate, &value, &detector->regex))
			return true;
	}
	return false;
}

/* Any value of the one field against any of the other. */
static bool reference_holds(struct detector *detector, const struct predicate *predicate)
{
	ARENA(arena);
	for (uint32_t i = 0; i < detector->n_seen; i++) {
		const struct event_field *left = &detector->event->fields[detector->seen[i].field];
		if (detector->seen[i].slot != predicate->slot || left->kind == VALUE_NULL)
			continue;
		struct str text = event_text(&arena, left);
		text = predicate->item->cased ? text : fold_text(&arena, text);
		for (uint32_t k = 0; k < detector->n_seen; k++) {
			const struct event_field *right = &detector->event->fields[detector->seen[k].field];
			if (detector->seen[k].slot != predicate->other || right->kind == VALUE_NULL)
				continue;
			struct str other = event_text(&arena, right);
			if (fieldref_holds(predicate->item, text, predicate->item->cased ? other : fold_text(&arena, other)))
				return true;
		}
	}
	return false;
}

static bool ask(struct detector *detector, const struct predicate *predicate)
{
	bool there = false;
	if (predicate->slot == SLOT_KEYWORDS)
		return keyword_holds(detector, predicate);
	if (predicate->item->op == SIGMA_FIELDREF)
		return reference_holds(detector, predicate);
	for (uint32_t i = 0; i < detector->n_seen; i++) {
		const struct event_field *field = &detector->event->fields[detector->seen[i].field];
		if (detector->seen[i].slot != predicate->slot)
			continue;
		there = true;
		if (predicate->item->op == SIGMA_EXISTS || (predicate->item->op == SIGMA_NULL && field->kind == VALUE_NULL))
			return true;
		if (predicate->item->op == SIGMA_NULL || field->kind == VALUE_NULL)
			continue;
		struct value value = value_of(detector, field);
		if (predicate_holds(predicate, &value, &detector->regex))
			return true;
	}
	return !there && predicate->item->op == SIGMA_NULL;
}

static bool guard_holds(const struct detector *detector, const struct guard *guard)
{
	for (uint32_t i = 0; i < guard->n; i++)
		if (detector->holds[guard->ids[i]] == detector->now)
			return true;
	return false;
}

/* The texts that a regular expression needs are not there. */
static bool is_guarded(const struct detector *detector, const struct predicate *predicate)
{
	for (uint32_t i = 0; i < predicate->n_guards; i++)
		if (!guard_holds(detector, &predicate->guards[i]))
			return true;
	return false;
}

static bool holds(void *ctx, uint32_t id)
{
	struct detector *detector = ctx;
	const struct predicate *predicate = &detector->ruleset->predicates.p[id];
	if (predicate->indexed || detector->asked[id] == detector->now)
		return detector->holds[id] == detector->now;
	detector->asked[id] = detector->now;
	if (is_guarded(detector, predicate) || !ask(detector, predicate))
		return false;
	detector->holds[id] = detector->now;
	return true;
}

/* ---- events ---- */

/* Marks begin anew. */
static void event_begin(struct detector *detector, const struct event *event, const struct names *names)
{
	const struct ruleset *ruleset = detector->ruleset;
	if (UNLIKELY(++detector->now == 0)) {
		memset(detector->holds, 0, ruleset->predicates.n * sizeof(uint32_t));
		memset(detector->asked, 0, ruleset->predicates.n * sizeof(uint32_t));
		memset(detector->tried, 0, ruleset->programs.n * sizeof(uint32_t));
		memset(detector->reported, 0, ruleset->n_reports * sizeof(uint32_t));
		detector->now = 1;
	}
	detector->event = event;
	detector->names = names;
	detector->n_candidates = 0;
	detector->n_seen = 0;
	uint64_t version = names_version(names);
	if (UNLIKELY(version != detector->names_version)) {
		if (detector->slot_of)
			memset(detector->slot_of, 0xff, detector->slot_of_n * sizeof(*detector->slot_of));
		detector->names_version = version;
	}
	if (UNLIKELY(event->n > detector->seen_room)) {
		detector->seen_room = MAX(event->n, detector->seen_room * 2);
		detector->seen = mem_resize(detector->seen, detector->seen_room * sizeof(*detector->seen));
	}
}

static void add_candidate(struct detector *detector, uint32_t program)
{
	if (detector->tried[program] == detector->now)
		return;
	detector->tried[program] = detector->now;
	detector->candidates[detector->n_candidates++] = program;
}

static void take_hits(struct detector *detector, struct hits hits)
{
	const struct ruleset *ruleset = detector->ruleset;
	for (uint32_t i = 0; i < hits.n; i++)
		detector->holds[hits.ids[i]] = detector->now;
	for (uint32_t i = 0; i < hits.n_triggers; i++) {
		uint32_t id = hits.ids[i];
		for (uint32_t k = ruleset->started_at[id]; k < ruleset->started_at[id + 1]; k++) {
			uint32_t program = ruleset->started[k];
			if (detector->plan->active[program / 64] >> program % 64 & 1)
				add_candidate(detector, program);
		}
	}
}

/* The value stands in the raw text as it is, but perhaps for JSON's escapes. */
static bool is_within(struct str raw, struct str value)
{
	uintptr_t from = (uintptr_t)raw.p, at = (uintptr_t)value.p;
	return at >= from && at - from <= raw.n && value.n <= raw.n - (at - from);
}

static void look_up_keyword(struct detector *detector, const struct event_field *field)
{
	struct wanted wanted = wanted_of(detector, SLOT_KEYWORDS, field);
	take_hits(detector, look_up(detector, &wanted));
}

static void look_up_keywords(struct detector *detector)
{
	const struct event *event = detector->event;
	struct event_field raw = { .value = event->raw, .kind = VALUE_TEXT };
	const struct prefilter *prefilter = detector->plan->keywords;
	bool may = !prefilter || prefilter_may(prefilter, event->raw);
	if (event->n == 0 && may)
		look_up_keyword(detector, &raw);
	for (uint32_t i = 0; i < event->n; i++)
		if (event->fields[i].kind != VALUE_NULL && (may || !is_within(event->raw, event->fields[i].value)))
			look_up_keyword(detector, &event->fields[i]);
}

/* Memory is slow: a few values are hashed before the first of them is looked for. */
static void look_up_fields(struct detector *detector, enum plan_want want)
{
	enum { AHEAD = 16 };
	const struct plan *plan = detector->plan;
	struct wanted ahead[AHEAD];
	for (uint32_t i = 0; i < detector->n_seen;) {
		uint32_t n = 0;
		for (; i < detector->n_seen && n < AHEAD; i++) {
			uint32_t slot = detector->seen[i].slot;
			const struct event_field *field = &detector->event->fields[detector->seen[i].field];
			if (plan->wanted[slot] != want || field->kind == VALUE_NULL)
				continue;
			ahead[n] = wanted_of(detector, slot, field);
			if (ahead[n].keep)
				value_cache_expect(detector->cache, ahead[n].hash);
			n++;
		}
		for (uint32_t k = 0; k < n; k++)
			take_hits(detector, look_up(detector, &ahead[k]));
	}
	if (plan->wanted[SLOT_KEYWORDS] == want)
		look_up_keywords(detector);
}

/* Which fields matter, and where the event belongs. */
static const struct route *route_event(struct detector *detector, const struct mapping *only)
{
	const struct event *event = detector->event;
	const struct slot *slots = detector->ruleset->slots.p;
	routes_begin(detector->routes, event, only);
	for (uint32_t i = 0; i < event->n; i++) {
		uint32_t slot = slot_of(detector, event->fields[i].name);
		if (!slot)
			continue;
		detector->seen[detector->n_seen++] = (struct seen){ i, slot };
		if (slots[slot].routing)
			routes_field(detector->routes, slot, &event->fields[i]);
	}
	return routes_find(detector->routes, event, only);
}

/* Try the candidates, then report those that matched: whoever is told may ask for evidence, which takes the marks. */
static void report(struct detector *detector, const struct route *route, void (*found)(void *ctx, const struct match *match),
                   void *ctx)
{
	const struct ruleset *ruleset = detector->ruleset;
	const struct plan *plan = route->plan;
	const struct event *event = detector->event;
	size_t n = 0;
	for (size_t i = 0; i < detector->n_candidates; i++) {
		const struct program *program = &ruleset->programs.p[detector->candidates[i]];
		if (detector->reported[program->report] == detector->now || !program_run(ruleset->nodes.p, program->root, holds, detector))
			continue;
		detector->reported[program->report] = detector->now;
		detector->candidates[n++] = detector->candidates[i];
	}
	detector->counters.matches += n;
	for (size_t i = 0; i < n; i++) {
		const struct program *program = &ruleset->programs.p[detector->candidates[i]];
		const struct ruleset_source *source = plan_source(ruleset, plan, program);
		const struct match match = {
			.rule = program->rule,
			.condition = program->condition,
			.event = event,
			.mapping = source->mapping ? source->mapping : route->mapping,
			.logsource = source->logsource,
		};
		found(ctx, &match);
	}
}

void detector_run(struct detector *detector, const struct event *event, const struct names *names,
                  const struct mapping *only, void (*found)(void *ctx, const struct match *match), void *ctx)
{
	event_begin(detector, event, names);
	detector->counters.events++;
	const struct route *route = route_event(detector, only);
	const struct plan *plan = detector->plan = route->plan;
	if (!plan->any)
		return;
	detector->counters.routed++;
	look_up_fields(detector, WANT_FIRST);
	for (size_t i = 0; i < plan->n_always; i++)
		add_candidate(detector, plan->always[i]);
	if (detector->n_candidates)
		look_up_fields(detector, WANT_LATER);
	detector->counters.candidates += detector->n_candidates;
	if (detector->n_candidates)
		report(detector, route, found, ctx);
}

const struct mapping *detector_mapping(struct detector *detector, const struct event *event, const struct names *names)
{
	event_begin(detector, event, names);
	return route_event(detector, NULL)->mapping;
}

/* ---- evidence ---- */

struct gathering {
	struct detector *detector;
	bool *made; /* by field of the event */
};

/* Which values made a predicate hold that does. */
static void gather_predicate(const struct gathering *gathering, const struct predicate *predicate)
{
	struct detector *detector = gathering->detector;
	const struct event *event = detector->event;
	bool keyword = predicate->slot == SLOT_KEYWORDS;
	for (uint32_t i = 0; i < (keyword ? event->n : detector->n_seen); i++) {
		uint32_t at = keyword ? i : detector->seen[i].field, slot = keyword ? predicate->slot : detector->seen[i].slot;
		const struct event_field *field = &event->fields[at];
		if (predicate->item->op == SIGMA_FIELDREF) {
			gathering->made[at] |= slot == predicate->slot || slot == predicate->other;
			continue;
		}
		if (slot != predicate->slot)
			continue;
		if (predicate->item->op == SIGMA_EXISTS || predicate->item->op == SIGMA_NULL) {
			gathering->made[at] = true;
		} else if (field->kind != VALUE_NULL && !gathering->made[at]) {
			struct value value = value_of(detector, field);
			gathering->made[at] = predicate_holds(predicate, &value, &detector->regex);
		}
	}
}

/* The event at hand without the index: what holds() would say had the slots been looked up. */
static bool holds_alone(void *ctx, uint32_t id)
{
	struct detector *detector = ctx;
	if (detector->asked[id] != detector->now) {
		detector->asked[id] = detector->now;
		if (ask(detector, &detector->ruleset->predicates.p[id]))
			detector->holds[id] = detector->now;
	}
	return detector->holds[id] == detector->now;
}

/* Of a subtree that holds, what made it; of NOT, nothing did. */
static void gather(const struct gathering *gathering, uint32_t at)
{
	struct detector *detector = gathering->detector;
	const struct node *nodes = detector->ruleset->nodes.p;
	if (nodes[at].kind == NODE_ITEM)
		gather_predicate(gathering, &detector->ruleset->predicates.p[nodes[at].predicate]);
	if (nodes[at].kind != NODE_AND && nodes[at].kind != NODE_OR)
		return;
	for (uint32_t child = at + 1; child < nodes[at].skip; child = nodes[child].skip)
		if (nodes[at].kind == NODE_AND || program_run(nodes, child, holds_alone, detector))
			gather(gathering, child);
}

static const struct program *program_of(const struct ruleset *ruleset, const struct match *match)
{
	for (size_t i = 0; i < ruleset->programs.n; i++) {
		const struct program *program = &ruleset->programs.p[i];
		if (program->rule != match->rule || program->condition != match->condition)
			continue;
		for (size_t k = 0; k < program->sources.n; k++)
			if (ruleset->sources.p[program->sources.p[k]].logsource == match->logsource)
				return program;
	}
	return NULL;
}

struct detector_evidence detector_evidence(struct arena *arena, struct detector *detector, const struct match *match,
                                           const struct names *names)
{
	struct detector_evidence evidence = { 0 };
	const struct event *event = match->event;
	const struct program *program = program_of(detector->ruleset, match);
	struct gathering gathering = { detector, ARENA_ARRAY(arena, bool, event->n + 1) };
	if (!program)
		return evidence;
	event_begin(detector, event, names);
	for (uint32_t i = 0; i < event->n; i++) {
		uint32_t slot = slot_of(detector, event->fields[i].name);
		if (slot)
			detector->seen[detector->n_seen++] = (struct seen){ i, slot };
	}
	if (program_run(detector->ruleset->nodes.p, program->root, holds_alone, detector))
		gather(&gathering, program->root);
	evidence.p = ARENA_ARRAY(arena, const struct event_field *, event->n + 1);
	for (uint32_t i = 0; i < event->n; i++)
		if (gathering.made[i])
			evidence.p[evidence.n++] = &event->fields[i];
	return evidence;
}
