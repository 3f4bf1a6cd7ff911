/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Which guess is best for a column: each candidate is tried on some runs of values. Columns of which all values are the same
 * tell nothing and are left out, which leaves few candidates.
 */
#include <stdlib.h>

#include "archive/model.h"
#include "archive/stamp.h"
#include "base/arena.h"

enum { RUNS = 3, RUN_LENGTH = 160, CANDIDATES = 96, SHAPES_LOOKED_AT = 24 };

struct sample {
	uint32_t at[RUNS * RUN_LENGTH]; /* which values of the column */
	bool missed[RUNS * RUN_LENGTH]; /* the first guess was wrong (texts) */
	uint32_t n;
};

static void sample_take(const struct column *column, struct sample *sample)
{
	sample->n = 0;
	for (uint32_t run = 0; run < RUNS; run++) {
		uint32_t begin = column->n <= RUNS * RUN_LENGTH ? run * RUN_LENGTH
		                                                : (uint32_t)((uint64_t)(column->n - RUN_LENGTH) * run / (RUNS - 1));
		for (uint32_t i = begin; i < MIN(begin + RUN_LENGTH, column->n); i++) {
			sample->missed[sample->n] = true;
			sample->at[sample->n++] = i;
		}
	}
}

/* Earlier columns that stand in the same shapes. */
static size_t candidates_find(const struct model *model, uint32_t column, uint32_t out[CANDIDATES])
{
	const struct column *c = &model->columns[column];
	size_t n = 0, step = MAX(c->n_where / SHAPES_LOOKED_AT, (size_t)1);
	for (size_t i = 0; i < c->n_where; i += step) {
		const struct shape *shape = &model->shapes[model->where[c->where + i].shape];
		for (uint32_t j = 0; j < shape->n_places; j++) {
			uint32_t other = model->places[shape->place + j].column;
			const struct column *o = &model->columns[other];
			if (other >= column || (!o->numbers && o->n_locals <= 1) || (o->numbers && !c->numbers))
				continue;
			size_t k = 0;
			while (k < n && out[k] != other)
				k++;
			if (k == n && n < CANDIDATES)
				out[n++] = other;
		}
	}
	return n;
}

struct seen {
	int64_t value;
	uint32_t epoch;
};

struct tally {
	struct model *model;
	const struct column *column;
	struct sample sample;
	struct seen *seen;
	size_t seen_room;
	uint32_t epoch;
};

static struct seen *seen_at(struct tally *tally, size_t key)
{
	if (key >= tally->seen_room) {
		size_t room = MAX(tally->seen_room * 2, key + 1024);
		tally->seen = mem_resize(tally->seen, room * sizeof(*tally->seen));
		memset(tally->seen + tally->seen_room, 0, (room - tally->seen_room) * sizeof(*tally->seen));
		tally->seen_room = room;
	}
	return &tally->seen[key];
}

/* The key under which a guess remembers, for the i-th value of the sample; SIZE_MAX: none. */
static size_t key_of(const struct tally *tally, struct guess guess, uint32_t record)
{
	const struct model *model = tally->model;
	uint32_t shape = model->shape_of[record];
	if (guess.kind == GUESS_SHAPE)
		return shape;
	if (guess.kind == GUESS_LAST)
		return 0;
	int32_t slot = model->slots[0][shape];
	return slot < 0 ? SIZE_MAX : (size_t)model->flat[model->row[record] + (size_t)slot];
}

/* How many of the missed values the guess gets right; with `mark` they are no longer missed. */
static uint32_t count_hits(struct tally *tally, struct guess guess, bool mark)
{
	struct model *model = tally->model;
	const struct column *column = tally->column, *other = &model->columns[guess.column];
	uint32_t hits = 0;
	bool by_column = guess.kind == GUESS_SAME || guess.kind == GUESS_MAP;
	if (by_column)
		model_slots(model, model->slots[0], guess.column, true);
	tally->epoch++;
	for (uint32_t i = 0; i < tally->sample.n; i++) {
		size_t at = column->first + tally->sample.at[i], key = key_of(tally, guess, model->record[at]);
		int64_t value = model->flat[model->at[at]];
		bool hit;
		if (key == SIZE_MAX)
			continue;
		if (guess.kind == GUESS_SAME) {
			hit = other->locals[key] == column->locals[value];
		} else {
			struct seen *seen = seen_at(tally, key);
			hit = seen->epoch == tally->epoch && seen->value == value;
			*seen = (struct seen){ value, tally->epoch };
		}
		hits += hit && tally->sample.missed[i];
		if (mark && hit)
			tally->sample.missed[i] = false;
	}
	if (by_column)
		model_slots(model, model->slots[0], guess.column, false);
	return hits;
}

static void choose_texts(struct tally *tally, struct column *column, const uint32_t *candidates, size_t n)
{
	uint32_t left = tally->sample.n;
	for (int round = 0; round < GUESSES && left * 500 > tally->sample.n; round++) {
		struct guess best = { GUESS_LAST, 0 };
		uint32_t most = count_hits(tally, best, false), hits;
		hits = count_hits(tally, (struct guess){ GUESS_SHAPE, 0 }, false);
		if (hits > most) {
			most = hits;
			best.kind = GUESS_SHAPE;
		}
		for (size_t i = 0; i < n && most < left; i++)
			for (unsigned kind = GUESS_SAME; kind <= GUESS_MAP; kind++) {
				struct guess guess = { (uint8_t)kind, candidates[i] };
				hits = count_hits(tally, guess, false);
				if (hits > most) {
					most = hits;
					best = guess;
				}
			}
		column->guess[round] = best;
		left -= count_hits(tally, best, true);
	}
}

static unsigned cost_of(uint64_t rest)
{
	uint64_t size = (int64_t)rest < 0 ? -rest : rest;
	return size ? 3 + 2 * (64 - (unsigned)__builtin_clzll(size)) : 0;
}

/* What the differences to this guess would take, in half bits. */
static uint64_t count_cost(struct tally *tally, struct guess guess)
{
	struct model *model = tally->model;
	const struct column *column = tally->column;
	uint64_t cost = 0;
	bool by_column = guess.kind == GUESS_SAME || guess.kind == GUESS_MAP;
	if (by_column)
		model_slots(model, model->slots[0], guess.column, true);
	tally->epoch++;
	for (uint32_t i = 0; i < tally->sample.n; i++) {
		size_t at = column->first + tally->sample.at[i], key = key_of(tally, guess, model->record[at]);
		int64_t value = model->flat[model->at[at]];
		if (guess.kind == GUESS_SAME) {
			int64_t plus = key == SIZE_MAX ? 0 : stamp_rescale((int64_t)key, stamp_digits(model->columns[guess.column].form),
			                                             stamp_digits(column->form));
			value = (int64_t)((uint64_t)value - (uint64_t)plus);
			key = key != SIZE_MAX;
		} else if (guess.kind == GUESS_MAP) {
			key = key == SIZE_MAX ? 0 : key + 1;
		}
		struct seen *seen = seen_at(tally, key);
		if (seen->epoch == tally->epoch)
			cost += cost_of((uint64_t)value - (uint64_t)seen->value);
		else
			cost += 48; /* the first of its kind */
		*seen = (struct seen){ value, tally->epoch };
	}
	if (by_column)
		model_slots(model, model->slots[0], guess.column, false);
	return cost;
}

static void choose_numbers(struct tally *tally, struct column *column, const uint32_t *candidates, size_t n)
{
	struct guess best = { GUESS_LAST, 0 };
	uint64_t least = count_cost(tally, best);
	for (size_t i = 0; i <= n && least; i++) {
		struct guess guess = { GUESS_SHAPE, 0 };
		if (i < n)
			guess = (struct guess){ tally->model->columns[candidates[i]].numbers ? GUESS_SAME : GUESS_MAP, candidates[i] };
		uint64_t cost = count_cost(tally, guess);
		if (cost < least) {
			least = cost;
			best = guess;
		}
	}
	column->guess[0] = best;
}

void model_choose(struct model *model, uint32_t column)
{
	struct column *c = &model->columns[column];
	uint32_t candidates[CANDIDATES];
	if (!c->numbers && c->n_locals <= 1)
		return;
	struct tally *tally = mem_alloc(sizeof(*tally));
	tally->model = model;
	tally->column = c;
	sample_take(c, &tally->sample);
	size_t n = candidates_find(model, column, candidates);
	if (c->numbers)
		choose_numbers(tally, c, candidates, n);
	else
		choose_texts(tally, c, candidates, n);
	free(tally->seen);
	free(tally);
}
