/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/model.h"

#include <stdlib.h>

#include "archive/stamp.h"
#include "base/arena.h"

bool model_rows(struct model *model, size_t most)
{
	size_t n = 0;
	for (size_t i = 0; i < model->n && n <= most; i++) {
		model->row[i] = n;
		n += model->shapes[model->shape_of[i]].n_places;
	}
	model->n_flat = n;
	return n <= most;
}

/* Columns' places in all shapes, then in all records: counted, laid out, filled. */
void model_index(struct model *model)
{
	for (size_t i = 0; i < model->n_places; i++)
		model->columns[model->places[i].column].n_where++;
	size_t where = 0;
	model->where = mem_alloc((model->n_places + 1) * sizeof(*model->where));
	for (size_t i = 0; i < model->n_columns; i++) {
		model->columns[i].where = where;
		where += model->columns[i].n_where;
		model->columns[i].n_where = 0;
	}
	for (uint32_t i = 0; i < model->n_shapes; i++)
		for (uint32_t j = 0; j < model->shapes[i].n_places; j++) {
			struct column *column = &model->columns[model->places[model->shapes[i].place + j].column];
			model->where[column->where + column->n_where++] = (struct place_of){ i, j };
		}
	for (size_t i = 0; i < model->n; i++) {
		const struct shape *shape = &model->shapes[model->shape_of[i]];
		for (uint32_t j = 0; j < shape->n_places; j++)
			model->columns[model->places[shape->place + j].column].n++;
	}
	size_t first = 0;
	for (size_t i = 0; i < model->n_columns; i++) {
		model->columns[i].first = first;
		first += model->columns[i].n;
		model->columns[i].n = 0;
	}
	model->at = mem_alloc((first + 1) * sizeof(*model->at));
	model->record = mem_alloc((first + 1) * sizeof(*model->record));
	for (size_t i = 0; i < model->n; i++) {
		const struct shape *shape = &model->shapes[model->shape_of[i]];
		for (uint32_t j = 0; j < shape->n_places; j++) {
			struct column *column = &model->columns[model->places[shape->place + j].column];
			model->at[column->first + column->n] = model->row[i] + j;
			model->record[column->first + column->n++] = (uint32_t)i;
		}
	}
	for (int i = 0; i < GUESSES; i++) {
		model->slots[i] = mem_alloc((model->n_shapes + 1) * sizeof(int32_t));
		memset(model->slots[i], 0xff, (model->n_shapes + 1) * sizeof(int32_t));
	}
}

void model_done(struct model *model)
{
	free(model->at);
	free(model->record);
	free(model->where);
	for (int i = 0; i < GUESSES; i++)
		free(model->slots[i]);
}

void model_slots(const struct model *model, int32_t *slots, uint32_t column, bool set)
{
	const struct column *from = &model->columns[column];
	for (size_t i = from->n_where; i-- > 0;) {
		const struct place_of *of = &model->where[from->where + i];
		slots[of->shape] = set ? (int32_t)of->place : -1;
	}
}

/* What is remembered for one value of another column: a value and how often it was right lately (0 to 3). */
struct memory {
	uint32_t value; /* +1; 0: nothing yet */
	uint8_t trust;
};

struct guesser {
	struct guess guess;
	const int32_t *slots;
	struct memory *memory;
	const uint32_t *local_of; /* GUESS_SAME: of the texts of the block, in this column; by the other's locals */
	uint32_t *same;
	unsigned history;         /* of the last three guesses */
	coder_odds odds[4][8];
};

static void odds_start(coder_odds *odds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		odds[i] = CODER_HALF;
}

static void guesser_start(struct model *model, const struct column *column, const uint32_t *local_of, int i,
                          struct guesser *out)
{
	*out = (struct guesser){ .guess = column->guess[i], .slots = model->slots[i], .history = 7 };
	odds_start(out->odds[0], 4 * 8);
	uint32_t from = out->guess.column;
	switch (out->guess.kind) {
	case GUESS_SAME:
		model_slots(model, model->slots[i], from, true);
		out->same = mem_alloc((model->columns[from].n_locals + 1) * sizeof(*out->same));
		for (uint32_t j = 0; j < model->columns[from].n_locals; j++)
			out->same[j] = local_of[model->columns[from].locals[j]];
		break;
	case GUESS_MAP:
		model_slots(model, model->slots[i], from, true);
		out->memory = mem_alloc(((size_t)model->columns[from].n_locals + 1) * sizeof(*out->memory));
		break;
	case GUESS_SHAPE:
		out->memory = mem_alloc((model->n_shapes + 1) * sizeof(*out->memory));
		break;
	case GUESS_LAST:
		out->memory = mem_alloc(sizeof(*out->memory));
		break;
	default:
		break;
	}
}

static void guesser_end(struct model *model, struct guesser *guesser, int i)
{
	if (guesser->guess.kind == GUESS_SAME || guesser->guess.kind == GUESS_MAP)
		model_slots(model, model->slots[i], guesser->guess.column, false);
	free(guesser->memory);
	free(guesser->same);
}

/* What is remembered for this record; NULL when the guess has nothing to go by. */
static struct memory *guesser_memory(const struct guesser *guesser, const struct model *model, uint32_t record)
{
	uint32_t shape = model->shape_of[record];
	switch (guesser->guess.kind) {
	case GUESS_LAST:
		return guesser->memory;
	case GUESS_SHAPE:
		return &guesser->memory[shape];
	case GUESS_MAP: {
		int32_t slot = guesser->slots[shape];
		return slot < 0 ? NULL : &guesser->memory[model->flat[model->row[record] + (size_t)slot]];
	}
	default:
		return NULL;
	}
}

/* The guess for this record (a local + 1, 0: none) and how much it is trusted. */
static uint32_t guesser_ask(const struct guesser *guesser, const struct model *model, uint32_t record,
                            struct memory **memory, unsigned *trust)
{
	*memory = guesser_memory(guesser, model, record);
	*trust = *memory ? (*memory)->trust : 3;
	if (*memory)
		return (*memory)->value;
	if (guesser->guess.kind != GUESS_SAME)
		return 0;
	int32_t slot = guesser->slots[model->shape_of[record]];
	return slot < 0 ? 0 : guesser->same[model->flat[model->row[record] + (size_t)slot]];
}

static void memory_learn(struct memory *memory, uint32_t value)
{
	if (!memory)
		return;
	if (memory->value == value + 1) {
		memory->trust += memory->trust < 3;
	} else {
		memory->value = value + 1;
		memory->trust = 0;
	}
}

static unsigned bits_of(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

enum { TREE_BITS = 12 };

/* An index below n: odds for its highest bits. */
static uint32_t code_index(struct coder *coder, coder_odds *tree, size_t n, uint32_t value)
{
	unsigned bits = bits_of(n - 1);
	unsigned high = MIN(bits, (unsigned)TREE_BITS), low = bits - high;
	uint32_t top = coder_tree(coder, tree, high, value >> low) - (1u << high);
	if (low)
		top = top << low | (uint32_t)coder_direct(coder, low, value & ((1u << low) - 1));
	return MIN(top, (uint32_t)n - 1);
}

static void code_texts(struct model *model, struct column *column, struct coder *coder)
{
	if (column->n_locals <= 1) {
		for (uint32_t i = 0; i < column->n; i++)
			model->flat[model->at[column->first + i]] = 0;
		return;
	}
	uint32_t *local_of = mem_alloc(((size_t)model->n_texts + 1) * sizeof(*local_of)); /* +1 */
	for (uint32_t i = 0; i < column->n_locals; i++)
		local_of[column->locals[i]] = i + 1;
	struct guesser guessers[GUESSES];
	for (int i = 0; i < GUESSES; i++)
		guesser_start(model, column, local_of, i, &guessers[i]);
	free(local_of);
	unsigned bits = bits_of(column->n_locals - 1), was_new = 1;
	coder_odds *tree = mem_alloc((1u << MIN(bits, (unsigned)TREE_BITS)) * sizeof(*tree)), new_odds[2];
	odds_start(tree, 1u << MIN(bits, (unsigned)TREE_BITS));
	odds_start(new_odds, 2);
	uint32_t seen = 0;
	for (uint32_t i = 0; i < column->n; i++) {
		uint32_t record = model->record[column->first + i], guess[GUESSES];
		int64_t *at = &model->flat[model->at[column->first + i]];
		uint32_t value = (uint32_t)*at;
		struct memory *memory[GUESSES];
		bool hit = false;
		for (int j = 0; j < GUESSES; j++) {
			unsigned trust;
			struct guesser *guesser = &guessers[j];
			guess[j] = guesser_ask(guesser, model, record, &memory[j], &trust);
			if (hit || !guess[j] || (j && guess[j] == guess[0]))
				continue;
			hit = coder_bit(coder, &guesser->odds[trust][guesser->history], guess[j] == value + 1);
			guesser->history = (guesser->history << 1 | hit) & 7;
			if (hit)
				value = guess[j] - 1;
		}
		if (!hit && seen < column->n_locals) {
			was_new = coder_bit(coder, &new_odds[was_new], value == seen);
			value = was_new ? seen : value;
			hit = was_new;
		}
		if (!hit)
			value = code_index(coder, tree, column->n_locals, value);
		seen = MAX(seen, value + 1);
		for (int j = 0; j < GUESSES; j++)
			memory_learn(memory[j], value);
		*at = value;
	}
	free(tree);
	for (int i = 0; i < GUESSES; i++)
		guesser_end(model, &guessers[i], i);
}

enum { SIZES = 65, MANTISSA_BITS = 3 };

/* A signed number: how long it is, its sign, its bits; the highest of them with odds. */
struct number_odds {
	coder_odds size[16][128], sign[SIZES], mantissa[SIZES][1 << MANTISSA_BITS];
	unsigned before; /* size of the last number */
};

static int64_t code_number(struct coder *coder, struct number_odds *odds, int64_t value)
{
	uint64_t size_of = value < 0 ? -(uint64_t)value : (uint64_t)value;
	unsigned size = coder_tree(coder, odds->size[MIN(odds->before, 15u)], 7, bits_of(size_of)) - 128;
	size = MIN(size, 64u);
	odds->before = size;
	if (size == 0)
		return 0;
	bool minus = coder_bit(coder, &odds->sign[size], value < 0);
	uint64_t result = 1;
	unsigned left = size - 1, node = 1;
	for (unsigned i = 0; i < MANTISSA_BITS && left > 0; i++, left--) {
		unsigned bit = coder_bit(coder, &odds->mantissa[size][node], size_of >> (left - 1) & 1);
		node = node << 1 | bit;
		result = result << 1 | bit;
	}
	if (left)
		result = result << left | coder_direct(coder, left, left < 64 ? size_of & (((uint64_t)1 << left) - 1) : size_of);
	return minus ? (int64_t)-result : (int64_t)result;
}

struct number_guesser {
	struct guess guess;
	const int32_t *slots;
	int64_t *memory;     /* last value, or last difference to the other column */
	unsigned digits, other_digits;
};

static void number_start(struct model *model, const struct column *column, struct number_guesser *out)
{
	*out = (struct number_guesser){ .guess = column->guess[0], .slots = model->slots[0], .digits = stamp_digits(column->form) };
	size_t room = 1;
	if (out->guess.kind == GUESS_SAME || out->guess.kind == GUESS_MAP)
		model_slots(model, model->slots[0], out->guess.column, true);
	if (out->guess.kind == GUESS_SAME)
		out->other_digits = stamp_digits(model->columns[out->guess.column].form);
	if (out->guess.kind == GUESS_MAP)
		room = (size_t)model->columns[out->guess.column].n_locals + 1;
	if (out->guess.kind == GUESS_SHAPE)
		room = model->n_shapes + 1;
	out->memory = mem_alloc((room + 1) * sizeof(*out->memory));
}

static void number_end(struct model *model, struct number_guesser *guesser)
{
	if (guesser->guess.kind == GUESS_SAME || guesser->guess.kind == GUESS_MAP)
		model_slots(model, model->slots[0], guesser->guess.column, false);
	free(guesser->memory);
}

/* Where the last value is remembered, and what is to be added to it. Place 0 is for records without the other column. */
static int64_t *number_ask(const struct number_guesser *guesser, const struct model *model, uint32_t record, int64_t *plus)
{
	uint32_t shape = model->shape_of[record];
	int32_t slot = guesser->slots[shape];
	*plus = 0;
	switch (guesser->guess.kind) {
	case GUESS_SHAPE:
		return &guesser->memory[1 + shape];
	case GUESS_MAP:
		return slot < 0 ? guesser->memory : &guesser->memory[1 + model->flat[model->row[record] + (size_t)slot]];
	case GUESS_SAME:
		if (slot < 0)
			return guesser->memory;
		*plus = stamp_rescale(model->flat[model->row[record] + (size_t)slot], guesser->other_digits, guesser->digits);
		return guesser->memory + 1;
	default:
		return guesser->memory;
	}
}

static void code_numbers(struct model *model, struct column *column, struct coder *coder)
{
	struct number_guesser guesser;
	struct number_odds *odds = mem_alloc(sizeof(*odds));
	odds_start(odds->size[0], (sizeof(*odds) - sizeof(odds->before)) / sizeof(coder_odds));
	odds->before = 0;
	number_start(model, column, &guesser);
	for (uint32_t i = 0; i < column->n; i++) {
		int64_t plus, *at = &model->flat[model->at[column->first + i]];
		int64_t *last = number_ask(&guesser, model, model->record[column->first + i], &plus);
		uint64_t guess = (uint64_t)*last + (uint64_t)plus;
		uint64_t rest = (uint64_t)code_number(coder, odds, (int64_t)((uint64_t)*at - guess));
		*at = (int64_t)(guess + rest);
		*last = (int64_t)((uint64_t)*at - (uint64_t)plus);
	}
	number_end(model, &guesser);
	free(odds);
}

void model_code_column(struct model *model, uint32_t column, struct coder *coder)
{
	struct column *c = &model->columns[column];
	if (c->numbers)
		code_numbers(model, c, coder);
	else
		code_texts(model, c, coder);
	c->ready = true;
}

/* Shapes follow shapes: guessed by the two before, then by the one before, then written. */
enum { PAIR_BITS = 14 };

void model_code_shapes(struct model *model, struct coder *coder)
{
	if (model->n_shapes <= 1) {
		memset(model->shape_of, 0, model->n * sizeof(*model->shape_of));
		return;
	}
	unsigned bits = bits_of(model->n_shapes - 1), history = 0, was_new = 1;
	struct memory *pairs = mem_alloc(sizeof(*pairs) << PAIR_BITS), *singles = mem_alloc((model->n_shapes + 1) * sizeof(*singles));
	coder_odds hit_odds[2][4][8], new_odds[2], *tree = mem_alloc((1u << MIN(bits, (unsigned)TREE_BITS)) * sizeof(*tree));
	odds_start(hit_odds[0][0], 2 * 4 * 8);
	odds_start(new_odds, 2);
	odds_start(tree, 1u << MIN(bits, (unsigned)TREE_BITS));
	uint32_t before = 0, last = 0, seen = 0;
	for (size_t i = 0; i < model->n; i++) {
		uint32_t value = model->shape_of[i];
		struct memory *memory[2] = { &pairs[(before * 0x9e3779b1u + last * 0x85ebca6bu) >> (32 - PAIR_BITS)], &singles[last] };
		bool hit = false;
		for (int j = 0; j < 2; j++) {
			if (hit || !memory[j]->value || (j && memory[1]->value == memory[0]->value))
				continue;
			hit = coder_bit(coder, &hit_odds[j][memory[j]->trust][history & 7], memory[j]->value == value + 1);
			history = history << 1 | hit;
			if (hit)
				value = memory[j]->value - 1;
		}
		if (!hit && seen < model->n_shapes) {
			was_new = coder_bit(coder, &new_odds[was_new], value == seen);
			value = was_new ? seen : value;
			hit = was_new;
		}
		if (!hit)
			value = code_index(coder, tree, model->n_shapes, value);
		seen = MAX(seen, value + 1);
		memory_learn(memory[0], value);
		memory_learn(memory[1], value);
		model->shape_of[i] = value;
		before = last;
		last = value;
	}
	free(pairs);
	free(singles);
	free(tree);
}
