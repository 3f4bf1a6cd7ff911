/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/index.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "detect/quick_hash.h"

enum place { PLACE_EQUAL, PLACE_START, PLACE_END, PLACE_ANYWHERE, PLACES };

/* Keys of beginnings and ends have one of these lengths: the longest that is not longer than the text. */
enum { KEY_SHORT = 8, KEY_LENGTHS = 11 };
static const uint8_t key_lengths[KEY_LENGTHS] = { 1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64 };

/* A text and the predicates that it can make hold. */
struct piece {
	struct str text;
	uint32_t first, n; /* in index->ids */
	uint32_t next;     /* + 1: another with the same key */
};

struct slot {
	uint64_t hash;
	uint32_t text; /* + 1: the first; 0: free */
};

struct table {
	struct piece *texts;
	size_t n;
	struct slot *slots;
	uint64_t mask;
	uint64_t *bitmap;  /* eight bits a slot, by the upper half of the hash: most of what is asked for is not there */
	uint64_t bits;
	uint32_t lengths; /* which of key_lengths are there */
};

struct index {
	const struct predicate *predicates;
	uint32_t *ids;      /* the top bit: the predicate must be compared */
	struct table tables[PLACES];
	struct str *anywhere;
	struct literals *literals;
	uint32_t *always;   /* no text leads to them */
	size_t n_always;
	size_t longest;     /* of the texts that must be equal */
	size_t n;
};

#define COMPARE UINT32_C(0x80000000)

void index_work_done(struct index_work *work)
{
	literals_work_done(&work->literals);
	free(work->texts);
	free(work->out);
	*work = (struct index_work){ 0 };
}

/* ---- building ---- */

/* What a pattern is found by. */
struct lead {
	enum place place;
	struct str text; /* none: by nothing */
	bool compare;
};

static struct lead lead_of(const struct predicate *predicate)
{
	const struct sigma_pattern *pattern = &predicate->folded;
	const struct sigma_part *p = pattern->p;
	bool cased = predicate->item->cased;
	if (predicate->item->op != SIGMA_PATTERN)
		return (struct lead){ PLACE_ANYWHERE, STR_NONE, true };
	if (pattern->n == 0)
		return (struct lead){ PLACE_EQUAL, STR(""), cased };
	if (pattern->n == 1 && p[0].kind == PART_LITERAL)
		return (struct lead){ PLACE_EQUAL, p[0].text, cased };
	if (pattern->n == 2 && p[0].kind == PART_LITERAL && p[1].kind == PART_ANY)
		return (struct lead){ PLACE_START, p[0].text, cased };
	if (pattern->n == 2 && p[0].kind == PART_ANY && p[1].kind == PART_LITERAL)
		return (struct lead){ PLACE_END, p[1].text, cased };
	if (pattern->n == 3 && p[0].kind == PART_ANY && p[1].kind == PART_LITERAL && p[2].kind == PART_ANY)
		return (struct lead){ PLACE_ANYWHERE, p[1].text, cased };
	struct lead lead = { PLACE_ANYWHERE, STR_NONE, true };
	for (size_t i = 0; i < pattern->n; i++) {
		if (p[i].kind != PART_LITERAL || p[i].text.n <= lead.text.n)
			continue;
		lead.text = p[i].text;
		lead.place = i == 0 ? PLACE_START : i + 1 == pattern->n ? PLACE_END : PLACE_ANYWHERE;
	}
	/* "*" alone holds of everything. */
	lead.compare = !(pattern->n == 1 && p[0].kind == PART_ANY);
	return lead;
}

static unsigned key_length(size_t n)
{
	unsigned at = 0;
	while (at + 1 < KEY_LENGTHS && key_lengths[at + 1] <= n)
		at++;
	return at;
}

/* The hash under which a text stands in its table. */
static uint64_t key_of(enum place place, struct str text, uint32_t *lengths)
{
	if (place == PLACE_EQUAL)
		return quick_hash(text.p, text.n, 0);
	unsigned at = key_length(text.n);
	size_t n = key_lengths[at];
	*lengths |= UINT32_C(1) << at;
	return quick_hash(place == PLACE_START ? text.p : text.p + text.n - n, n, 0);
}

static void table_fill(struct table *table, struct arena *arena, enum place place)
{
	size_t room = 4;
	while (room < table->n * 2)
		room *= 2;
	table->mask = room - 1;
	table->slots = ARENA_ARRAY(arena, struct slot, room);
	table->bits = MAX(room * 8, (size_t)64) - 1;
	table->bitmap = ARENA_ARRAY(arena, uint64_t, (table->bits + 1) / 64);
	for (size_t i = 0; i < table->n; i++) {
		struct piece *text = &table->texts[i];
		uint64_t hash = key_of(place, text->text, &table->lengths);
		size_t at = hash & table->mask;
		while (table->slots[at].text && table->slots[at].hash != hash)
			at = (at + 1) & table->mask;
		uint64_t bit = hash >> 32 & table->bits;
		table->bitmap[bit / 64] |= UINT64_C(1) << bit % 64;
		text->next = table->slots[at].text;
		table->slots[at] = (struct slot){ hash, (uint32_t)i + 1 };
	}
}

/* A predicate while the index is built. */
struct member {
	uint32_t id;
	uint32_t next; /* + 1: in the same text */
};

struct index *index_build(struct arena *arena, const struct predicate *predicates, const uint32_t *ids, size_t n,
                          const struct gram_counts *counts)
{
	ARENA(scratch);
	struct index *index = ARENA_NEW(arena, struct index);
	struct map maps[PLACES];
	VEC(struct piece) texts[PLACES] = { { 0 } };
	struct member *members = ARENA_ARRAY(&scratch, struct member, n + 1);
	VEC(uint32_t) always = { 0 };
	*index = (struct index){ .predicates = predicates, .n = n, .ids = ARENA_ARRAY(arena, uint32_t, n + 1) };
	for (int place = 0; place < PLACES; place++)
		maps[place] = (struct map){ .arena = &scratch };
	for (size_t i = 0; i < n; i++) {
		struct lead lead = lead_of(&predicates[ids[i]]);
		uint32_t id = ids[i] | (lead.compare ? COMPARE : 0);
		if (!lead.text.p) {
			vec_push(&always, id);
			continue;
		}
		void **value = map_put(&maps[lead.place], lead.text);
		if (!*value) {
			vec_push(&texts[lead.place], { .text = lead.text });
			*value = (void *)(uintptr_t)texts[lead.place].n;
		}
		struct piece *text = &texts[lead.place].p[(uintptr_t)*value - 1];
		members[i] = (struct member){ id, text->first };
		text->first = (uint32_t)i + 1;
		text->n++;
		if (lead.place == PLACE_EQUAL)
			index->longest = MAX(index->longest, lead.text.n);
	}
	size_t used = 0;
	for (int place = 0; place < PLACES; place++) {
		struct table *table = &index->tables[place];
		table->n = texts[place].n;
		table->texts = ARENA_ARRAY(arena, struct piece, table->n + 1);
		for (size_t i = 0; i < table->n; i++) {
			table->texts[i] = texts[place].p[i];
			uint32_t member = table->texts[i].first;
			table->texts[i].first = (uint32_t)used;
			for (; member; member = members[member - 1].next)
				index->ids[used++] = members[member - 1].id;
		}
		vec_done(&texts[place]);
		if (place != PLACE_ANYWHERE)
			table_fill(table, arena, place);
	}
	struct table *anywhere = &index->tables[PLACE_ANYWHERE];
	index->anywhere = ARENA_ARRAY(arena, struct str, anywhere->n + 1);
	for (size_t i = 0; i < anywhere->n; i++)
		index->anywhere[i] = anywhere->texts[i].text;
	if (anywhere->n)
		index->literals = literals_build(arena, index->anywhere, anywhere->n, counts);
	index->n_always = always.n;
	index->always = ARENA_ARRAY(arena, uint32_t, always.n + 1);
	if (always.n)
		memcpy(index->always, always.p, always.n * sizeof(*always.p));
	vec_done(&always);
	return index;
}

/* ---- finding ---- */

static inline void hold(const struct index *index, struct index_work *work, const struct value *value, uint32_t id)
{
	if (id & COMPARE) {
		id &= ~COMPARE;
		if (!predicate_holds(&index->predicates[id], value, work->regex))
			return;
	}
	work->out[work->n++] = id;
}

static inline void hold_text(const struct index *index, struct index_work *work, const struct value *value,
                             const struct piece *text)
{
	for (uint32_t i = 0; i < text->n; i++)
		hold(index, work, value, index->ids[text->first + i]);
}

/* All texts under a hash that stand at the place. */
static void find_key(const struct index *index, struct index_work *work, const struct value *value, enum place place, uint64_t hash)
{
	const struct table *table = &index->tables[place];
	struct str folded = value->folded;
	uint64_t bit = hash >> 32 & table->bits;
	if (!(table->bitmap[bit / 64] >> bit % 64 & 1))
		return;
	size_t at = hash & table->mask;
	while (table->slots[at].text && table->slots[at].hash != hash)
		at = (at + 1) & table->mask;
	for (uint32_t next = table->slots[at].text; next; next = table->texts[next - 1].next) {
		const struct piece *text = &table->texts[next - 1];
		if (text->text.n > folded.n || (place == PLACE_EQUAL && text->text.n != folded.n))
			continue;
		const char *from = place == PLACE_END ? folded.p + folded.n - text->text.n : folded.p;
		if (memcmp(from, text->text.p, text->text.n) == 0)
			hold_text(index, work, value, text);
	}
}

static void find_ends(const struct index *index, struct index_work *work, const struct value *value, enum place place)
{
	struct str folded = value->folded;
	for (uint32_t left = index->tables[place].lengths; left; left &= left - 1) {
		size_t n = key_lengths[__builtin_ctz(left)];
		if (n > folded.n)
			return;
		find_key(index, work, value, place, quick_hash(place == PLACE_START ? folded.p : folded.p + folded.n - n, n, 0));
	}
}

void index_find(const struct index *index, struct index_work *work, const struct value *value)
{
	struct str folded = value->folded;
	work->n = 0;
	if (work->out_room < index->n) {
		work->out_room = index->n;
		work->out = mem_resize(work->out, work->out_room * sizeof(*work->out));
	}
	for (size_t i = 0; i < index->n_always; i++)
		hold(index, work, value, index->always[i]);
	if (index->tables[PLACE_EQUAL].n && folded.n <= index->longest)
		find_key(index, work, value, PLACE_EQUAL, quick_hash(folded.p, folded.n, 0));
	find_ends(index, work, value, PLACE_START);
	find_ends(index, work, value, PLACE_END);
	if (index->literals && folded.n) {
		size_t most = index->tables[PLACE_ANYWHERE].n;
		if (work->texts_room < most) {
			work->texts_room = most;
			work->texts = mem_resize(work->texts, most * sizeof(*work->texts));
		}
		size_t n = literals_find(index->literals, &work->literals, folded, work->texts);
		for (size_t i = 0; i < n; i++)
			hold_text(index, work, value, &index->tables[PLACE_ANYWHERE].texts[work->texts[i]]);
	}
}
