/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/correlate_group.h"

#include <math.h>
#include <stdlib.h>

enum {
	TEMPORAL_ENTRIES = 4096, /* of a temporal correlation, in one group */
	LATE_VISITS = 200000,    /* entries looked at for one that came late; past that only the newest window is judged */
};

/* ---- how often each value is in the window ---- */

static void tally_add(struct tally *tally, uint64_t value, int by)
{
	if (tally->used * 2 >= tally->room) {
		struct tally old = *tally;
		tally->room = MAX((size_t)16, old.n * 4);
		while (tally->room & (tally->room - 1))
			tally->room &= tally->room - 1; /* down to a power of two */
		if (tally->room < old.n * 2 + 16)
			tally->room *= 2;
		tally->slots = mem_alloc(tally->room * sizeof(*tally->slots));
		tally->used = tally->n = 0;
		for (size_t i = 0; i < old.room; i++)
			if (old.slots[i].count)
				tally_add(tally, old.slots[i].value, (int)old.slots[i].count);
		free(old.slots);
	}
	size_t at = (size_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (tally->room - 1);
	/* A slot that was emptied keeps its value, so that searching goes on past it. */
	while ((tally->slots[at].count || tally->slots[at].value) && tally->slots[at].value != value)
		at = (at + 1) & (tally->room - 1);
	if (!tally->slots[at].count && !tally->slots[at].value)
		tally->used++;
	bool was = tally->slots[at].count > 0;
	tally->slots[at].value = value;
	tally->slots[at].count = (uint32_t)((int)tally->slots[at].count + by);
	tally->n += (size_t)(tally->slots[at].count > 0) - (size_t)was;
}

static void tally_clear(struct tally *tally)
{
	free(tally->slots);
	*tally = (struct tally){ 0 };
}

/* ---- conditions ---- */

static bool meets(const struct sigma_correlation *c, double value)
{
	return (!c->count.lt || value < c->count.lt_than) && (!c->count.le || value <= c->count.le_than) &&
	       (!c->count.gt || value > c->count.gt_than) && (!c->count.ge || value >= c->count.ge_than) &&
	       (!c->count.eq || value == c->count.eq_to) && (!c->count.neq || value != c->count.neq_to);
}

static bool has_not(const struct sigma_node *node, int depth)
{
	if (!node || depth > 64)
		return true;
	if (node->kind == NODE_NOT)
		return true;
	for (uint32_t i = 0; i < node->n; i++)
		if (has_not(node->child[i], depth + 1))
			return true;
	return false;
}

bool group_waits(const struct sigma_correlation *c)
{
	switch (c->type) {
	case CORRELATION_VALUE_AVG:
	case CORRELATION_VALUE_PERCENTILE:
		return true;
	case CORRELATION_TEMPORAL:
	case CORRELATION_TEMPORAL_ORDERED:
		return c->extended && has_not(c->extended, 0);
	default:
		return c->count.lt || c->count.le || c->count.eq || c->count.neq;
	}
}

static bool is_temporal(const struct sigma_correlation *c)
{
	return c->type == CORRELATION_TEMPORAL || c->type == CORRELATION_TEMPORAL_ORDERED;
}

/* Is the rule with this index among the entries? */
static bool seen(const struct group *group, const struct sigma_correlation *c, size_t first, size_t last, size_t rule)
{
	for (size_t i = first; i <= last; i++)
		if (c->rule[group->entries.p[i].rule] == c->rule[rule])
			return true;
	return false;
}

static bool holds(const struct group *group, const struct sigma_correlation *c, const struct sigma_node *node, size_t first,
                  size_t last)
{
	switch (node->kind) {
	case NODE_TRUE:
		return true;
	case NODE_NOT:
		return !holds(group, c, node->child[0], first, last);
	case NODE_AND:
	case NODE_OR:
		for (uint32_t i = 0; i < node->n; i++)
			if (holds(group, c, node->child[i], first, last) != (node->kind == NODE_AND))
				return node->kind == NODE_OR;
		return node->kind == NODE_AND;
	case NODE_ITEM:
		for (size_t i = 0; i < c->rules.n; i++)
			if (str_eq(c->rules.p[i], node->item->field))
				return seen(group, c, first, last, i);
		return false;
	default:
		return false;
	}
}

/* One rule after the other, each by an entry of its own? */
static bool in_order(const struct group *group, const struct sigma_correlation *c, size_t first, size_t last)
{
	size_t next = 0;
	for (size_t i = first; i <= last && next < c->rules.n; i++)
		next += c->rule[group->entries.p[i].rule] == c->rule[next];
	return next == c->rules.n;
}

static bool temporal_holds(const struct group *group, const struct sigma_correlation *c, size_t first, size_t last)
{
	if (c->type == CORRELATION_TEMPORAL_ORDERED && !in_order(group, c, first, last))
		return false;
	if (c->extended)
		return holds(group, c, c->extended, first, last);
	for (size_t rule = 0; rule < c->rules.n; rule++)
		if (!seen(group, c, first, last, rule))
			return false;
	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The value below or at which so many percent of the values lie (nearest rank). */
static double percentile(const struct group *group, double percent, size_t first, size_t last)
{
	size_t n = last - first + 1;
	double *values = mem_alloc(n * sizeof(*values));
	for (size_t i = 0; i < n; i++)
		values[i] = group->entries.p[first + i].number;
	qsort(values, n, sizeof(*values), by_size);
	double rank = ceil(percent / 100 * (double)n);
	double value = values[rank < 1 ? 0 : MIN((size_t)rank, n) - 1];
	free(values);
	return value;
}

/* The figure of a window, from nothing but its entries. */
static double figure(const struct group *group, const struct sigma_correlation *c, size_t first, size_t last)
{
	double sum = 0;
	switch (c->type) {
	case CORRELATION_VALUE_COUNT: {
		struct tally tally = { 0 };
		for (size_t i = first; i <= last; i++)
			tally_add(&tally, group->entries.p[i].distinct, 1);
		size_t n = tally.n;
		tally_clear(&tally);
		return (double)n;
	}
	case CORRELATION_VALUE_SUM:
	case CORRELATION_VALUE_AVG:
		for (size_t i = first; i <= last; i++)
			sum += group->entries.p[i].number;
		return c->type == CORRELATION_VALUE_AVG ? sum / (double)(last - first + 1) : sum;
	case CORRELATION_VALUE_PERCENTILE:
		return percentile(group, c->percentile, first, last);
	default:
		return (double)(last - first + 1);
	}
}

static bool window_meets(const struct group *group, const struct sigma_correlation *c, size_t first, size_t last,
                         double *value)
{
	*value = figure(group, c, first, last);
	return is_temporal(c) ? temporal_holds(group, c, first, last) : meets(c, *value);
}

/* ---- entries ---- */

size_t group_count(const struct group *group)
{
	return group->entries.n - group->gone;
}

static void window_take(struct group *group, const struct sigma_correlation *c, const struct entry *entry, int sign)
{
	group->sum += sign * entry->number;
	if (c->type == CORRELATION_VALUE_COUNT)
		tally_add(&group->tally, entry->distinct, sign);
}

/* The running window ends with the last entry. */
static void window_move(struct group *group, const struct sigma_correlation *c)
{
	int64_t newest = group->entries.p[group->entries.n - 1].time;
	while (newest - group->entries.p[group->from].time > c->timespan)
		window_take(group, c, &group->entries.p[group->from++], -1);
}

/* Where order is all that counts, a run of one rule says no more than its ends; as many are kept as could ever be needed. */
static void collapse_run(struct group *group, const struct sigma_correlation *c)
{
	struct entry *all = group->entries.p;
	size_t n = group->entries.n, most = MAX(c->rules.n, (size_t)2) + 1, run = 1;
	while (run < n - group->gone && run <= most && all[n - 1 - run].rule == all[n - 1].rule)
		run++;
	if (run > most) {
		free(all[n - 2].reference);
		all[n - 2] = all[n - 1];
		group->entries.n--;
	}
	if (group_count(group) > TEMPORAL_ENTRIES)
		group_drop(group, c, TEMPORAL_ENTRIES / 4);
}

size_t group_insert(struct group *group, const struct sigma_correlation *c, struct entry entry)
{
	size_t place = group->entries.n;
	vec_push(&group->entries, entry);
	struct entry *all = group->entries.p;
	while (place > group->gone && all[place - 1].time > entry.time) {
		all[place] = all[place - 1];
		place--;
	}
	all[place] = entry;
	bool is_last = place + 1 == group->entries.n;
	if (is_last || all[group->entries.n - 1].time - entry.time <= c->timespan)
		window_take(group, c, &entry, 1);
	else
		group->from++; /* it lies before the running window */
	if (!is_last)
		return place;
	window_move(group, c);
	if (is_temporal(c) && !group_waits(c))
		collapse_run(group, c);
	return group->entries.n - 1;
}

void group_drop(struct group *group, const struct sigma_correlation *c, size_t n)
{
	struct entry *all = group->entries.p;
	for (size_t i = 0; i < n; i++) {
		if (group->gone + i >= group->from)
			window_take(group, c, &all[group->gone + i], -1);
		free(all[group->gone + i].reference);
	}
	group->from = MAX(group->from, group->gone + n);
	group->gone += n;
	/* Moving what is left costs as much as it frees, so only when half is gone. */
	if (group->gone * 2 > group->entries.n) {
		memmove(all, all + group->gone, group_count(group) * sizeof(*all));
		group->entries.n -= group->gone;
		group->from -= group->gone;
		group->gone = 0;
	}
}

void group_prune(struct group *group, const struct sigma_correlation *c, int64_t newest)
{
	size_t n = 0;
	if (group_waits(c))
		return; /* group_end() takes them */
	while (group->gone + n < group->from && newest - group->entries.p[group->gone + n].time > 2 * c->timespan)
		n++;
	if (n)
		group_drop(group, c, n);
}

void group_free(struct group *group)
{
	if (!group)
		return;
	for (size_t i = group->gone; i < group->entries.n; i++)
		free(group->entries.p[i].reference);
	vec_done(&group->entries);
	for (size_t i = 0; i < group->values.n; i++)
		free((char *)(uintptr_t)group->values.p[i].p);
	free(group->values.p);
	tally_clear(&group->tally);
	free(group);
}

/* ---- judgement ---- */

/* The window that ends with the last entry, which the running sums describe. */
static bool running_meets(const struct group *group, const struct sigma_correlation *c, double *value)
{
	size_t last = group->entries.n - 1;
	switch (c->type) {
	case CORRELATION_VALUE_COUNT:
		*value = (double)group->tally.n;
		return meets(c, *value);
	case CORRELATION_VALUE_SUM:
		*value = group->sum;
		return meets(c, *value);
	case CORRELATION_EVENT_COUNT:
		*value = (double)(last - group->from + 1);
		return meets(c, *value);
	default:
		return window_meets(group, c, group->from, last, value);
	}
}

bool group_judge(struct group *group, const struct sigma_correlation *c, size_t place, size_t *first, size_t *last,
                 double *value)
{
	const struct entry *all = group->entries.p;
	bool now = false;
	if (place + 1 == group->entries.n) {
		*first = group->from;
		*last = place;
		now = running_meets(group, c, value);
	} else {
		/* Late: every window that holds it and ends with one of the entries behind it. */
		size_t from = group->gone, visits = 0;
		for (*last = place; !now && *last < group->entries.n && all[*last].time - all[place].time <= c->timespan; ++*last) {
			while (all[*last].time - all[from].time > c->timespan)
				from++;
			*first = from;
			visits += *last - from;
			if (visits > LATE_VISITS)
				*first = group->from, *last = group->entries.n - 1;
			now = window_meets(group, c, *first, *last, value);
		}
		if (!now)
			return false;
		--*last;
	}
	bool report = now && (!group->holds || group->reported == INT64_MIN || all[*last].time - group->reported > c->timespan);
	if (place + 1 == group->entries.n)
		group->holds = now;
	/* A late entry within what was reported already is nothing new. */
	if (report && *last + 1 < group->entries.n && group->reported != INT64_MIN && group->reported >= all[*first].time)
		report = false;
	if (report)
		group->reported = MAX(group->reported, all[*last].time);
	return report;
}

bool group_end(struct group *group, const struct sigma_correlation *c, int64_t newest, size_t *first, size_t *last,
               double *value)
{
	while (group_count(group)) {
		const struct entry *all = group->entries.p;
		size_t i = group->gone;
		if (newest != INT64_MAX && newest - all[i].time <= 2 * c->timespan)
			return false;
		*first = i;
		while (i + 1 < group->entries.n && all[i + 1].time - all[*first].time <= c->timespan)
			i++;
		*last = i;
		if (window_meets(group, c, *first, *last, value)) {
			group->reported = all[*last].time;
			return true; /* the caller drops the window */
		}
		group_drop(group, c, *last - *first + 1);
	}
	return false;
}
