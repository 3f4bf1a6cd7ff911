/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/correlate.h"

#include <stdlib.h>

#include "detect/correlate_group.h"

enum {
	CHAIN = 8,            /* correlations of correlations of … */
	REPORTED_EVENTS = 100,
	GROUP_BYTES = 512,    /* a group's own size, about, for the budget */
	ENTRY_BYTES = 64,
	VALUE_LONGEST = 4096, /* of a group-by value; longer ones are cut */
};

/* "this rule counts in that correlation, as its index-th" */
struct use {
	size_t correlation, index;
};

struct uses {
	VEC(struct use) list;
};

/* ---- making ---- */

struct correlator *correlator_new(const struct sigma_rules *rules, size_t memory)
{
	struct correlator *correlator = mem_alloc(sizeof(*correlator));
	correlator->memory = memory;
	correlator->now = correlator->look = INT64_MIN;
	correlator->step = INT64_C(3600) * 1000000000;
	correlator->uses.arena = &correlator->arena;
	correlator->rules = ARENA_ARRAY(&correlator->arena, const struct sigma_rule *, rules->n + 1);
	for (size_t i = 0; i < rules->n; i++)
		if (rules->p[i]->correlation.type != CORRELATION_NONE)
			correlator->rules[correlator->n++] = rules->p[i];
	for (size_t i = 0; i < correlator->n; i++) {
		const struct sigma_correlation *c = &correlator->rules[i]->correlation;
		correlator->step = MAX(MIN(correlator->step, c->timespan / 8), INT64_C(1000000000));
		for (size_t k = 0; k < c->rules.n; k++) {
			void **place = map_put_int(&correlator->uses, (int64_t)(intptr_t)c->rule[k]);
			if (!*place)
				*place = ARENA_NEW(&correlator->arena, struct uses);
			struct uses *uses = *place;
			/* A rule named twice is one entry, which in_order() lets stand for either place. */
			if (!uses->list.n || uses->list.p[uses->list.n - 1].correlation != i)
				vec_push_in(&correlator->arena, &uses->list, { .correlation = i, .index = k });
		}
	}
	return correlator;
}

void correlator_free(struct correlator *correlator)
{
	if (!correlator)
		return;
	for (struct group *group = correlator->newest, *older; group; group = older) {
		older = group->older;
		group_free(group);
	}
	arena_done(&correlator->arena);
	free(correlator);
}

void correlator_free_p(struct correlator **correlator)
{
	correlator_free(*correlator);
	*correlator = NULL;
}

uint64_t correlator_dropped(const struct correlator *correlator)
{
	return correlator->dropped;
}

/* ---- groups ---- */

static void list_out(struct correlator *correlator, struct group *group)
{
	*(group->newer ? &group->newer->older : &correlator->newest) = group->older;
	*(group->older ? &group->older->newer : &correlator->oldest) = group->newer;
	group->newer = group->older = NULL;
}

static void list_first(struct correlator *correlator, struct group *group)
{
	group->older = correlator->newest;
	if (correlator->newest)
		correlator->newest->newer = group;
	else
		correlator->oldest = group;
	correlator->newest = group;
}

static size_t group_size(const struct group *group)
{
	size_t bytes = GROUP_BYTES + group->entries.room * sizeof(struct entry) + group_count(group) * ENTRY_BYTES +
	               group->tally.room * 16;
	for (size_t i = 0; i < group->values.n; i++)
		bytes += group->values.p[i].n;
	return bytes;
}

void correlator_weigh(struct correlator *correlator, struct group *group)
{
	correlator->bytes -= group->bytes;
	group->bytes = group_size(group);
	correlator->bytes += group->bytes;
}

static void group_remove(struct correlator *correlator, struct group *group)
{
	struct group **at = &correlator->bucket[group->hash % CORRELATE_BUCKETS];
	while (*at != group)
		at = &(*at)->next;
	*at = group->next;
	list_out(correlator, group);
	correlator->bytes -= group->bytes;
	group_free(group);
}

/* Within the memory: whole groups go first, those that were silent longest; then the oldest half of the one that is left. */
static void make_room(struct correlator *correlator)
{
	struct group *keep = correlator->newest;
	while (keep && correlator->bytes > correlator->memory) {
		struct group *oldest = correlator->oldest;
		if (oldest == keep) {
			size_t n = group_count(keep) / 2;
			if (!n)
				return;
			correlator->dropped += n;
			group_drop(keep, &correlator->rules[keep->rule]->correlation, n);
			size_t before = keep->bytes;
			correlator_weigh(correlator, keep);
			if (keep->bytes >= before)
				return;
			continue;
		}
		correlator->dropped += group_count(oldest);
		group_remove(correlator, oldest);
	}
}

struct group *correlator_group(struct correlator *correlator, size_t rule, struct strings values)
{
	uint64_t hash = (rule + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = 0; i < values.n; i++)
		hash = (hash ^ str_hash(values.p[i])) * UINT64_C(0x100000001b3) + i;
	for (struct group *group = correlator->bucket[hash % CORRELATE_BUCKETS]; group; group = group->next) {
		bool same = group->hash == hash && group->rule == rule && group->values.n == values.n;
		for (size_t i = 0; same && i < values.n; i++)
			same = str_eq(group->values.p[i], values.p[i]);
		if (same) {
			list_out(correlator, group);
			list_first(correlator, group);
			return group;
		}
	}
	struct group *group = mem_alloc(sizeof(*group));
	*group = (struct group){ .hash = hash, .rule = rule, .reported = INT64_MIN };
	group->values.n = values.n;
	group->values.p = mem_alloc(MAX(values.n, (size_t)1) * sizeof(struct str));
	for (size_t i = 0; i < values.n; i++)
		group->values.p[i] = (struct str){ mem_text(values.p[i]), values.p[i].n };
	group->next = correlator->bucket[hash % CORRELATE_BUCKETS];
	correlator->bucket[hash % CORRELATE_BUCKETS] = group;
	list_first(correlator, group);
	return group;
}

/* ---- what a match says ---- */

/* A match as correlations see it: of a rule, at a time, with fields. */
struct occasion {
	const struct sigma_rule *rule;
	int64_t time;
	struct str reference;
	const struct match *match; /* of an ordinary rule, with */
	const struct names *names;
	const struct strings *group; /* of a correlation: its group-by values, whose names are its fields */
	double value;
};

/* The value of a field for this occasion; false when it has none. */
static bool occasion_field(struct arena *arena, const struct occasion *occasion, struct str name, struct str *out)
{
	if (!occasion->match) {
		const struct strings *names = &occasion->rule->correlation.group_by;
		for (size_t i = 0; i < names->n; i++)
			if (str_eq_nocase(names->p[i], name)) {
				*out = occasion->group->p[i];
				return true;
			}
		return false;
	}
	const struct mapping_logsource *source = occasion->match->logsource;
	for (size_t i = 0; source && i < source->fields.n; i++)
		if (str_eq_nocase(source->fields.p[i].sigma, name)) {
			name = source->fields.p[i].own;
			break;
		}
	const struct event_field *field = event_field(occasion->match->event, occasion->names, name);
	if (!field || field->kind == VALUE_NULL)
		return false;
	*out = str_slice(event_text(arena, field), 0, VALUE_LONGEST);
	return true;
}

static bool is_called(const struct sigma_rule *rule, struct str word)
{
	return str_eq(rule->id, word) || (rule->name.n && str_eq(rule->name, word));
}

/* The same by a name that may be an alias. */
static bool occasion_value(struct arena *arena, const struct occasion *occasion, const struct sigma_correlation *c,
                           struct str name, struct str *out)
{
	bool is_alias = false;
	for (size_t i = 0; i < c->n_aliases; i++) {
		if (!str_eq(c->aliases[i].alias, name))
			continue;
		is_alias = true;
		if (is_called(occasion->rule, c->aliases[i].rule))
			return occasion_field(arena, occasion, c->aliases[i].field, out);
	}
	return !is_alias && occasion_field(arena, occasion, name, out);
}

/* What the value_* types look at. False: this occasion has no such value and does not count. */
static bool take_value(struct arena *arena, const struct occasion *occasion, const struct sigma_correlation *c,
                       struct entry *entry)
{
	struct str value;
	switch (c->type) {
	case CORRELATION_VALUE_COUNT:
		entry->distinct = 1;
		for (size_t i = 0; i < c->fields.n; i++) {
			if (!occasion_value(arena, occasion, c, c->fields.p[i], &value))
				return false;
			entry->distinct = entry->distinct * UINT64_C(0x9e3779b97f4a7c15) + (str_hash(value) | 1);
		}
		return c->fields.n > 0;
	case CORRELATION_VALUE_SUM:
	case CORRELATION_VALUE_AVG:
	case CORRELATION_VALUE_PERCENTILE:
		return c->fields.n > 0 && occasion_value(arena, occasion, c, c->fields.p[0], &value) &&
		       str_to_double(str_trim(value), &entry->number);
	default:
		return true;
	}
}

/* ---- judging ---- */

static void feed(struct correlator *correlator, const struct occasion *occasion, int depth, correlation_found *found,
                 void *ctx);

static void report(struct correlator *correlator, struct group *group, size_t first, size_t last, double value, int depth,
                   correlation_found *found, void *ctx)
{
	ARENA(arena);
	size_t n = last - first + 1;
	struct str *events = ARENA_ARRAY(&arena, struct str, MIN(n, (size_t)REPORTED_EVENTS));
	/* The newest are the ones somebody will look at first. */
	for (size_t i = 0; i < MIN(n, (size_t)REPORTED_EVENTS); i++)
		events[i] = arena_str(&arena, str_from(group->entries.p[last + 1 - MIN(n, (size_t)REPORTED_EVENTS) + i].reference));
	struct strings values = { ARENA_ARRAY(&arena, struct str, group->values.n + 1), group->values.n };
	for (size_t i = 0; i < values.n; i++)
		values.p[i] = arena_str(&arena, group->values.p[i]);
	struct correlation_match match = {
		.rule = correlator->rules[group->rule],
		.first = group->entries.p[first].time,
		.last = group->entries.p[last].time,
		.value = value,
		.group = &values,
		.events = events,
		.n_events = MIN(n, (size_t)REPORTED_EVENTS),
		.more = n - MIN(n, (size_t)REPORTED_EVENTS),
	};
	if (!match.rule->hidden)
		found(ctx, &match);
	struct occasion occasion = {
		.rule = match.rule,
		.time = match.last,
		.reference = match.n_events ? match.events[match.n_events - 1] : STR(""),
		.group = match.group,
		.value = value,
	};
	feed(correlator, &occasion, depth + 1, found, ctx);
}

static void judge(struct correlator *correlator, size_t which, size_t index, const struct occasion *occasion, int depth,
                  correlation_found *found, void *ctx)
{
	ARENA(arena);
	const struct sigma_correlation *c = &correlator->rules[which]->correlation;
	struct strings values = { ARENA_ARRAY(&arena, struct str, c->group_by.n + 1), c->group_by.n };
	struct entry entry = { .time = occasion->time, .rule = (uint32_t)index };
	size_t first, last;
	double value;

	/* An event that lacks a field of group-by belongs to no group. */
	for (size_t i = 0; i < c->group_by.n; i++)
		if (!occasion_value(&arena, occasion, c, c->group_by.p[i], &values.p[i]))
			return;
	if (!take_value(&arena, occasion, c, &entry))
		return;
	if (correlator->now != INT64_MIN && correlator->now - occasion->time > 2 * c->timespan) {
		correlator->dropped++; /* too late for any window that is still judged */
		return;
	}
	struct group *group = correlator_group(correlator, which, values);
	entry.reference = mem_text(occasion->reference);
	size_t place = group_insert(group, c, entry);
	if (!group_waits(c) && group_judge(group, c, place, &first, &last, &value))
		report(correlator, group, first, last, value, depth, found, ctx);
	group_prune(group, c, correlator->now);
	correlator_weigh(correlator, group);
}

static void feed(struct correlator *correlator, const struct occasion *occasion, int depth, correlation_found *found,
                 void *ctx)
{
	if (depth > CHAIN)
		return;
	const struct uses *uses = map_get_int(&correlator->uses, (int64_t)(intptr_t)occasion->rule);
	for (size_t i = 0; uses && i < uses->list.n; i++)
		judge(correlator, uses->list.p[i].correlation, uses->list.p[i].index, occasion, depth, found, ctx);
}

static void end_windows(struct correlator *correlator, int64_t newest, correlation_found *found, void *ctx)
{
	size_t first, last;
	double value;
	for (struct group *group = correlator->oldest, *newer; group; group = newer) {
		const struct sigma_correlation *c = &correlator->rules[group->rule]->correlation;
		newer = group->newer;
		if (group_waits(c)) {
			while (group_end(group, c, newest, &first, &last, &value)) {
				report(correlator, group, first, last, value, 0, found, ctx);
				group_drop(group, c, last - first + 1);
			}
			newer = group->newer; /* reports may have moved other groups behind this one */
		} else if (group_count(group) && newest != INT64_MAX &&
		           newest - group->entries.p[group->entries.n - 1].time > 2 * c->timespan) {
			group_drop(group, c, group_count(group));
		}
		if (!group_count(group))
			group_remove(correlator, group);
		else
			correlator_weigh(correlator, group);
	}
}

void correlator_feed(struct correlator *correlator, const struct match *match, const struct names *names,
                     struct str reference, correlation_found *found, void *ctx)
{
	if (!map_get_int(&correlator->uses, (int64_t)(intptr_t)match->rule))
		return;
	/* A record without a time happened when it was read, as far as anybody can tell. */
	int64_t time = match->event->time != EVENT_NO_TIME ? match->event->time
	               : correlator->now != INT64_MIN     ? correlator->now
	                                                  : 0;
	struct occasion occasion = { .rule = match->rule, .time = time, .reference = reference, .match = match, .names = names };
	correlator_advance(correlator, time, found, ctx);
	feed(correlator, &occasion, 0, found, ctx);
	make_room(correlator);
}

void correlator_advance(struct correlator *correlator, int64_t now, correlation_found *found, void *ctx)
{
	if (now <= correlator->now)
		return;
	correlator->now = now;
	/* Looking at every group costs, so only eight times within the shortest timespan. */
	if (now < correlator->look)
		return;
	correlator->look = now > INT64_MAX - correlator->step ? INT64_MAX : now + correlator->step;
	end_windows(correlator, now, found, ctx);
	make_room(correlator);
}
