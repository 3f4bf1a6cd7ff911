/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/tally.h"

#include <stdlib.h>
#include <time.h>

#include "base/map.h"
#include "base/vec.h"

#define SECOND INT64_C(1000000000)

struct tally {
	const struct tally_kind *kind;
	struct arena arena;
	struct map rows;
	VEC(struct tally_row *) list;
	VEC(struct tally_row) sorted;
	struct buf key;
	uint64_t other;
};

struct tally *tally_new(const struct tally_kind *kind)
{
	struct tally *tally = mem_alloc(sizeof(*tally));
	tally->kind = kind;
	tally->rows.arena = &tally->arena;
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	vec_done(&tally->list);
	vec_done(&tally->sorted);
	buf_done(&tally->key);
	arena_done(&tally->arena);
	free(tally);
}

void tally_free_p(struct tally **tally)
{
	tally_free(*tally);
}

uint64_t tally_other(const struct tally *tally)
{
	return tally->other;
}

int64_t tally_step(int64_t time, int64_t every)
{
	if (!every)
		return 0;
	int64_t seconds = time / SECOND - (time % SECOND < 0);
	time_t at = (time_t)seconds;
	struct tm tm = { 0 };
	localtime_r(&at, &tm);
	int64_t local = time + (int64_t)tm.tm_gmtoff * SECOND, into = local % every;
	return time - into - (into < 0 ? every : 0);
}

static void make_key(struct tally *tally, int64_t step, const struct str *values)
{
	buf_clear(&tally->key);
	buf_add(&tally->key, (struct str){ (const char *)&step, sizeof(step) });
	for (size_t i = 0; i < tally->kind->n; i++) {
		uint64_t n = values[i].p ? values[i].n : UINT64_MAX;
		buf_add(&tally->key, (struct str){ (const char *)&n, sizeof(n) });
		if (values[i].p)
			buf_add(&tally->key, values[i]);
	}
}

void tally_add(struct tally *tally, int64_t step, const struct str *values, uint64_t count)
{
	make_key(tally, step, values);
	struct tally_row *row = map_get(&tally->rows, buf_str(&tally->key));
	if (!row) {
		if (tally->list.n >= TALLY_MOST || tally->arena.bytes > TALLY_BYTES) {
			tally->other += count;
			return;
		}
		struct str *kept = ARENA_ARRAY(&tally->arena, struct str, tally->kind->n + 1);
		for (size_t i = 0; i < tally->kind->n; i++)
			kept[i] = values[i].p ? arena_str(&tally->arena, values[i]) : STR_NONE;
		row = ARENA_NEW(&tally->arena, struct tally_row);
		*row = (struct tally_row){ .step = step, .values = kept };
		*map_put(&tally->rows, arena_str(&tally->arena, buf_str(&tally->key))) = row;
		vec_push(&tally->list, row);
	}
	row->count += count;
}

void tally_record(struct tally *tally, struct seeker *seeker, const struct record *record)
{
	struct str values[TALLY_FIELDS];
	for (size_t i = 0; i < tally->kind->n; i++)
		values[i] = seeker_value(seeker, record, tally->kind->by[i]);
	tally_add(tally, tally_step(record->time, tally->kind->every), values, 1);
}

void tally_merge(struct tally *tally, const struct tally *from)
{
	for (size_t i = 0; i < from->list.n; i++)
		tally_add(tally, from->list.p[i]->step, from->list.p[i]->values, from->list.p[i]->count);
	tally->other += from->other;
}

struct ranked {
	struct tally_row row;
	size_t n; /* values */
};

static int rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->row.step != y->row.step)
		return x->row.step < y->row.step ? -1 : 1;
	if (x->row.count != y->row.count)
		return x->row.count > y->row.count ? -1 : 1;
	for (size_t i = 0; i < x->n; i++) {
		int order = str_compare(x->row.values[i], y->row.values[i]);
		if (order)
			return order;
	}
	return 0;
}

void tally_rows(struct tally *tally, size_t top, const struct tally_row **out, size_t *n)
{
	ARENA(arena);
	struct ranked *ranked = ARENA_ARRAY(&arena, struct ranked, tally->list.n + 1);
	for (size_t i = 0; i < tally->list.n; i++)
		ranked[i] = (struct ranked){ *tally->list.p[i], tally->kind->n };
	qsort(ranked, tally->list.n, sizeof(*ranked), rank);
	tally->sorted.n = 0;
	size_t in_step = 0;
	for (size_t i = 0; i < tally->list.n; i++) {
		in_step = i && ranked[i].row.step == ranked[i - 1].row.step ? in_step + 1 : 0;
		if (!top || in_step < top)
			vec_push(&tally->sorted, ranked[i].row);
	}
	*out = tally->sorted.p;
	*n = tally->sorted.n;
}
