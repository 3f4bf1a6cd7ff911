/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Reading a block: its list of texts, shapes and columns are set up when they are first needed, a column's values when somebody
 * asks for them.
 */
#include "archive/block.h"

#include <stdlib.h>
#include <zstd.h>

#include "archive/block_format.h"
#include "archive/finder.h"
#include "archive/plain.h"
#include "archive/stamp.h"
#include "base/vec.h"

struct block {
	int version;
	size_t n, bytes;
	struct record *heads;     /* NULL until they are asked for */
	VEC(struct str) raws;     /* BLOCK_PLAIN */
	/* BLOCK_COLUMNS */
	struct str stored[2], codes;
	size_t part_size[2];
	char *part[2];            /* META, TEXT; NULL until needed */
	bool ready;
	struct model model;
	uint32_t head_columns[MODEL_HEADS];
	uint32_t *locals;
	size_t *text_at;          /* where each text begins in TEXT; one more at the end */
	uint8_t *needed;          /* scratch, by column */
};

void block_begin_plain(struct buf *out)
{
	buf_add(out, (struct str){ BLOCK_MAGIC, BLOCK_HEADER - 1 });
	buf_add_char(out, BLOCK_PLAIN);
}

void block_close(struct block *block)
{
	if (!block)
		return;
	free(block->heads);
	vec_done(&block->raws);
	free(block->part[0]);
	free(block->part[1]);
	model_done(&block->model);
	free(block->model.shape_of);
	free(block->model.row);
	free(block->model.shapes);
	free(block->model.places);
	free(block->model.columns);
	free(block->model.flat);
	free(block->locals);
	free(block->text_at);
	free(block->needed);
	free(block);
}

void block_close_p(struct block **block)
{
	block_close(*block);
}

static int corrupt(struct err *err)
{
	return err_set(err, -EBADMSG, "the block is damaged");
}

static int open_plain(struct block *block, struct str text, struct err *err)
{
	VEC(struct record) heads = { 0 };
	struct wire wire = wire_from(text);
	struct record record;
	while (plain_next(&wire, &record)) {
		vec_push(&block->raws, record.raw);
		block->bytes += record.raw.n;
		record.raw = STR_NONE;
		vec_push(&heads, record);
	}
	block->heads = heads.p;
	block->n = heads.n;
	block->ready = true;
	return wire.bad ? corrupt(err) : 0;
}

static int open_columns(struct block *block, struct wire wire, struct err *err)
{
	block->n = wire_count(&wire, BLOCK_RECORDS);
	block->bytes = wire_varint(&wire);
	for (int i = 0; i < 2; i++) {
		block->part_size[i] = wire_count(&wire, BLOCK_PART);
		block->stored[i].n = wire_count(&wire, BLOCK_PART);
	}
	for (int i = 0; i < 2; i++)
		block->stored[i] = wire_bytes(&wire, block->stored[i].n);
	block->codes = (struct str){ (const char *)wire.p, (size_t)(wire.end - wire.p) };
	return wire.bad ? corrupt(err) : 0;
}

int block_open(struct str bytes, struct block **out, struct err *err)
{
	if (bytes.n < BLOCK_HEADER || memcmp(bytes.p, BLOCK_MAGIC, BLOCK_HEADER - 1) != 0)
		return err_set(err, -EBADMSG, "this is no block of an archive");
	int version = (uint8_t)bytes.p[BLOCK_HEADER - 1];
	if (version > BLOCK_COLUMNS)
		return err_set(err, -ENOTSUP, "the block has format %d, which is newer than this program", version);
	CLEANUP(block_close_p) struct block *block = mem_alloc(sizeof(*block));
	struct str rest = str_slice(bytes, BLOCK_HEADER, bytes.n);
	block->version = version;
	int r = version == BLOCK_PLAIN ? open_plain(block, rest, err) : open_columns(block, wire_from(rest), err);
	if (r == 0)
		*out = TAKE(block);
	return r;
}

size_t block_count(const struct block *block)
{
	return block->n;
}

size_t block_bytes(const struct block *block)
{
	return block->bytes;
}

/* A part that says it is large must be so: what zstd cannot have made from so few bytes is refused before memory is taken. */
static int part_load(struct block *block, int part, struct err *err)
{
	size_t size = block->part_size[part];
	if (block->part[part])
		return 0;
	if (size / 60000 > block->stored[part].n)
		return corrupt(err);
	char *p = malloc(size + 1);
	if (!p)
		return err_errno(err, -ENOMEM, "a block of %zu bytes", size);
	block->part[part] = p;
	return ZSTD_decompress(p, size, block->stored[part].p, block->stored[part].n) == size ? 0 : corrupt(err);
}

static bool read_shapes(struct block *block, struct wire *wire, size_t *text)
{
	struct model *model = &block->model;
	VEC(struct place) places = { 0 };
	bool good = true;
	for (size_t i = 0; i < model->n_shapes && good; i++) {
		struct shape *shape = &model->shapes[i];
		int64_t column = 0;
		size_t before = 0;
		shape->place = (uint32_t)places.n;
		shape->n_places = MODEL_HEADS + (uint32_t)wire_count(wire, (size_t)(wire->end - wire->p));
		shape->text = *text;
		shape->text_n = (uint32_t)wire_count(wire, block->part_size[1] - *text);
		*text += shape->text_n;
		for (uint32_t j = 0; j < MODEL_HEADS; j++)
			vec_push(&places, { block->head_columns[j], 0 });
		for (uint32_t j = MODEL_HEADS; j < shape->n_places && good; j++) {
			column = (int64_t)((uint64_t)column + (uint64_t)wire_signed(wire));
			uint32_t gap = (uint32_t)wire_count(wire, shape->text_n - before);
			before += gap;
			good = !wire->bad && column >= 0 && (uint64_t)column < model->n_columns;
			vec_push(&places, { good ? (uint32_t)column : 0, gap });
		}
		good = good && !wire->bad;
	}
	model->places = places.p;
	model->n_places = places.n;
	return good;
}

static bool guess_fits(const struct model *model, const struct column *column, uint32_t number, const struct guess *guess)
{
	if (guess->kind >= GUESS_END)
		return false;
	if (guess->kind != GUESS_SAME && guess->kind != GUESS_MAP)
		return true;
	if (guess->column >= number)
		return false;
	return (column->numbers && guess->kind == GUESS_SAME) == model->columns[guess->column].numbers;
}

static bool read_columns(struct block *block, struct wire *wire, size_t *streams)
{
	struct model *model = &block->model;
	VEC(uint32_t) locals = { 0 };
	bool good = true;
	size_t total = 0;
	for (uint32_t i = 0; i < model->n_columns && good; i++) {
		struct column *column = &model->columns[i];
		column->form = (uint32_t)wire_varint(wire);
		column->numbers = wire_count(wire, 1);
		for (int j = 0; j < GUESSES; j++) {
			column->guess[j].kind = (uint8_t)wire_count(wire, GUESS_END);
			column->guess[j].column = (uint32_t)wire_count(wire, UINT32_MAX);
			good = good && guess_fits(model, column, i, &column->guess[j]);
		}
		column->stream.n = wire_count(wire, block->codes.n - total);
		total += column->stream.n;
		good = good && !wire->bad && stamp_digits(column->form) <= 9;
		if (column->numbers || !good)
			continue;
		column->n_locals = (uint32_t)wire_count(wire, (size_t)(wire->end - wire->p));
		int64_t expected = 0;
		for (uint32_t j = 0; j < column->n_locals && good; j++) {
			int64_t text = (int64_t)((uint64_t)expected + (uint64_t)wire_signed(wire));
			good = !wire->bad && text >= 0 && text < model->n_texts;
			vec_push(&locals, good ? (uint32_t)text : 0);
			expected = text + 1;
		}
	}
	block->locals = locals.p;
	size_t at = 0;
	for (uint32_t i = 0; i < model->n_columns && good; at += model->columns[i++].n_locals)
		model->columns[i].locals = block->locals + at;
	*streams = total;
	return good && !wire->bad;
}

static bool read_texts(struct block *block, struct wire *wire, size_t text)
{
	struct model *model = &block->model;
	block->text_at = mem_alloc((model->n_texts + (size_t)1) * sizeof(*block->text_at));
	for (uint32_t i = 0; i < model->n_texts; i++) {
		block->text_at[i] = text;
		text += wire_count(wire, block->part_size[1] - text);
	}
	block->text_at[model->n_texts] = text;
	return !wire->bad && text == block->part_size[1];
}

/* Values of a column must be of its list: with no list there can be none. */
static bool lists_suffice(const struct model *model)
{
	for (size_t i = 0; i < model->n_columns; i++)
		if (model->columns[i].n && !model->columns[i].numbers && model->columns[i].n_locals == 0)
			return false;
	return true;
}

static bool read_meta(struct block *block)
{
	struct model *model = &block->model;
	struct wire wire = wire_from((struct str){ block->part[0], block->part_size[0] });
	size_t text = 0, streams, shapes;
	model->n = block->n;
	model->n_texts = (uint32_t)wire_count(&wire, block->part_size[0]);
	model->n_columns = wire_count(&wire, block->part_size[0]);
	model->n_shapes = wire_count(&wire, block->part_size[0]);
	for (int i = 0; i < MODEL_HEADS; i++)
		block->head_columns[i] = (uint32_t)wire_count(&wire, model->n_columns - 1);
	if (wire.bad || model->n_columns == 0 || (model->n_shapes == 0 && model->n))
		return false;
	model->shapes = mem_alloc((model->n_shapes + 1) * sizeof(*model->shapes));
	model->columns = mem_alloc(model->n_columns * sizeof(*model->columns));
	block->needed = mem_alloc(model->n_columns);
	if (!read_shapes(block, &wire, &text) || !read_columns(block, &wire, &streams))
		return false;
	shapes = wire_count(&wire, block->codes.n);
	if (wire.bad || streams + shapes != block->codes.n || !read_texts(block, &wire, text))
		return false;
	for (int i = 0; i < MODEL_HEADS; i++)
		if (model->columns[block->head_columns[i]].numbers != (i <= HEAD_ARRIVED))
			return false;
	model->shape_of = mem_alloc((model->n + 1) * sizeof(*model->shape_of));
	model->row = mem_alloc((model->n + 1) * sizeof(*model->row));
	struct coder coder = coder_reader(str_slice(block->codes, 0, shapes));
	model_code_shapes(model, &coder);
	if (!model_rows(model, BLOCK_VALUES))
		return false;
	model_index(model);
	for (size_t i = 0; i < model->n_columns; i++) {
		struct column *column = &model->columns[i];
		column->stream.p = block->codes.p + shapes;
		shapes += column->stream.n;
	}
	model->flat = mem_alloc((model->n_flat + 1) * sizeof(*model->flat));
	return lists_suffice(model);
}

static int block_load(struct block *block, struct err *err)
{
	if (block->ready)
		return 0;
	int r = part_load(block, 0, err);
	if (r == 0)
		r = part_load(block, 1, err);
	if (r < 0)
		return r;
	if (block->model.shapes || !read_meta(block))
		return corrupt(err); /* also when it was tried before */
	block->ready = true;
	return 0;
}

/* Have the values of the columns that are marked, and of those which they look at. */
static void columns_load(struct block *block)
{
	struct model *model = &block->model;
	for (size_t i = model->n_columns; i-- > 0;) {
		const struct column *column = &model->columns[i];
		if (!block->needed[i] || column->ready)
			continue;
		for (int j = 0; j < GUESSES; j++)
			if (column->guess[j].kind == GUESS_SAME || column->guess[j].kind == GUESS_MAP)
				block->needed[column->guess[j].column] = 1;
	}
	for (uint32_t i = 0; i < model->n_columns; i++) {
		if (block->needed[i] && !model->columns[i].ready) {
			struct coder coder = coder_reader(model->columns[i].stream);
			model_code_column(model, i, &coder);
		}
		block->needed[i] = 0;
	}
}

static struct str text_of(const struct block *block, uint32_t text)
{
	return (struct str){ block->part[1] + block->text_at[text], block->text_at[text + 1] - block->text_at[text] };
}

static struct str value_text(const struct block *block, const struct column *column, int64_t value)
{
	return text_of(block, column->locals[value]);
}

int block_heads(struct block *block, const struct record **out, struct err *err)
{
	int r = block_load(block, err);
	if (r < 0)
		return r;
	if (!block->heads && block->n) {
		const struct model *model = &block->model;
		for (int i = 0; i < MODEL_HEADS; i++)
			block->needed[block->head_columns[i]] = 1;
		columns_load(block);
		block->heads = mem_alloc(block->n * sizeof(*block->heads));
		for (size_t i = 0; i < block->n; i++) {
			const int64_t *row = model->flat + model->row[i];
			struct record *head = &block->heads[i];
			head->time = row[HEAD_TIME];
			head->arrived = row[HEAD_ARRIVED];
			head->host = value_text(block, &model->columns[block->head_columns[HEAD_HOST]], row[HEAD_HOST]);
			head->source = value_text(block, &model->columns[block->head_columns[HEAD_SOURCE]], row[HEAD_SOURCE]);
			head->parser = value_text(block, &model->columns[block->head_columns[HEAD_PARSER]], row[HEAD_PARSER]);
		}
	}
	*out = block->heads;
	return 0;
}

static void bit_set(uint64_t *bits, size_t i)
{
	bits[i / 64] |= (uint64_t)1 << i % 64;
}

static bool bit_is(const uint64_t *bits, size_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

/* The texts that may hold what is looked for; true when there is one. */
static bool find_texts(const struct block *block, const struct finder *finder, uint64_t *hits)
{
	const struct model *model = &block->model;
	bool any = false;
	if (model->n_texts == 0)
		return false;
	size_t begin = block->text_at[0], end = block->text_at[model->n_texts];
	struct str all = { block->part[1] + begin, end - begin };
	for (size_t at = 0; finder_next(finder, all, &at);) {
		/* The last text that begins at or before the place. */
		uint32_t low = 0, high = model->n_texts;
		while (high - low > 1) {
			uint32_t middle = low + (high - low) / 2;
			if (block->text_at[middle] <= begin + at)
				low = middle;
			else
				high = middle;
		}
		if (finder_may_hold(finder, text_of(block, low))) {
			bit_set(hits, low);
			any = true;
			at = block->text_at[low + 1] - begin;
		} else {
			at++;
		}
	}
	return any;
}

static bool is_head(const struct block *block, size_t column)
{
	for (int i = 0; i < MODEL_HEADS; i++)
		if (block->head_columns[i] == column)
			return true;
	return false;
}

static void find_in_texts(struct block *block, const uint64_t *hits, uint64_t *found)
{
	struct model *model = &block->model;
	for (size_t i = 0; i < model->n_columns; i++)
		for (uint32_t j = 0; j < model->columns[i].n_locals && !block->needed[i]; j++)
			block->needed[i] = bit_is(hits, model->columns[i].locals[j]) && !is_head(block, i);
	uint8_t *wanted = mem_alloc(model->n_columns);
	memcpy(wanted, block->needed, model->n_columns);
	columns_load(block);
	for (size_t i = 0; i < model->n_columns; i++) {
		const struct column *column = &model->columns[i];
		for (uint32_t j = 0; wanted[i] && j < column->n; j++)
			if (bit_is(hits, column->locals[model->flat[model->at[column->first + j]]]))
				bit_set(found, model->record[column->first + j]);
	}
	free(wanted);
}

static void find_in_numbers(struct block *block, const struct finder *finder, uint64_t *found)
{
	struct model *model = &block->model;
	char text[STAMP_LONGEST];
	for (size_t i = 0; i < model->n_columns; i++) {
		const struct column *column = &model->columns[i];
		if (!column->numbers || is_head(block, i) || !finder_may_hold_stamp(finder, column->form))
			continue;
		block->needed[i] = 1;
		columns_load(block);
		int64_t before = 0;
		bool hit = false;
		for (uint32_t j = 0; j < column->n; j++) {
			int64_t value = model->flat[model->at[column->first + j]];
			if (j == 0 || value != before)
				hit = finder_may_hold(finder, (struct str){ text, stamp_print(column->form, value, text) });
			before = value;
			if (hit)
				bit_set(found, model->record[column->first + j]);
		}
	}
}

static void find_in_columns(struct block *block, const struct finder *finder, uint64_t *found)
{
	struct model *model = &block->model;
	uint64_t *texts = mem_alloc((model->n_texts / 64 + (size_t)1) * sizeof(*texts));
	uint8_t *shapes = mem_alloc(model->n_shapes + 1);
	bool any = false;
	if (find_texts(block, finder, texts))
		find_in_texts(block, texts, found);
	for (size_t i = 0; i < model->n_shapes; i++) {
		shapes[i] = finder_may_hold(finder, (struct str){ block->part[1] + model->shapes[i].text, model->shapes[i].text_n });
		any |= shapes[i];
	}
	for (size_t i = 0; any && i < block->n; i++)
		if (shapes[model->shape_of[i]])
			bit_set(found, i);
	free(texts);
	free(shapes);
	find_in_numbers(block, finder, found);
}

int block_find(struct block *block, struct str needle, bool fold, uint64_t *bits, struct err *err)
{
	struct finder finder;
	int r = block_load(block, err);
	if (r < 0 || block->n == 0)
		return r;
	finder_init(&finder, needle, fold);
	if (finder.n == 0)
		return 0;
	size_t words = block->n / 64 + 1;
	uint64_t *found = mem_alloc(words * sizeof(*found));
	if (block->version == BLOCK_PLAIN) {
		for (size_t i = 0; i < block->n; i++)
			if (bit_is(bits, i) && finder_may_hold(&finder, block->raws.p[i]))
				bit_set(found, i);
	} else {
		find_in_columns(block, &finder, found);
	}
	for (size_t i = 0; i < (block->n + 63) / 64; i++)
		bits[i] &= found[i];
	free(found);
	return 0;
}

/* The text of a record, put together. */
static int put_together(struct block *block, struct arena *arena, size_t i, struct str *out, struct err *err)
{
	struct model *model = &block->model;
	const struct shape *shape = &model->shapes[model->shape_of[i]];
	const struct place *places = model->places + shape->place;
	bool missing = false;
	for (uint32_t j = MODEL_HEADS; j < shape->n_places; j++)
		if (!model->columns[places[j].column].ready)
			block->needed[places[j].column] = missing = true;
	if (missing)
		columns_load(block);
	const int64_t *row = model->flat + model->row[i];
	size_t room = shape->text_n;
	for (uint32_t j = MODEL_HEADS; j < shape->n_places; j++) {
		const struct column *column = &model->columns[places[j].column];
		room += column->numbers ? STAMP_LONGEST : value_text(block, column, row[j]).n;
	}
	if (room > BLOCK_PART)
		return corrupt(err);
	char *p = arena_reserve(arena, room + 1);
	const char *constant = block->part[1] + shape->text, *end = constant + shape->text_n;
	size_t n = 0;
	for (uint32_t j = MODEL_HEADS; j < shape->n_places; j++) {
		const struct column *column = &model->columns[places[j].column];
		memcpy(p + n, constant, places[j].before);
		n += places[j].before;
		constant += places[j].before;
		if (column->numbers) {
			char number[STAMP_LONGEST];
			size_t digits = stamp_print(column->form, row[j], number);
			if (digits == 0)
				return corrupt(err);
			memcpy(p + n, number, digits);
			n += digits;
		} else {
			struct str text = value_text(block, column, row[j]);
			memcpy(p + n, text.p, text.n);
			n += text.n;
		}
	}
	memcpy(p + n, constant, (size_t)(end - constant));
	n += (size_t)(end - constant);
	p[n] = '\0';
	arena_take(arena, n + 1);
	*out = (struct str){ p, n };
	return 0;
}

int block_record(struct block *block, struct arena *arena, size_t i, struct record *out, struct err *err)
{
	const struct record *heads;
	int r = block_heads(block, &heads, err);
	if (r < 0)
		return r;
	if (i >= block->n)
		return err_set(err, -EINVAL, "the block has %zu records only", block->n);
	*out = heads[i];
	if (block->version == BLOCK_PLAIN)
		out->raw = block->raws.p[i];
	else
		r = put_together(block, arena, i, &out->raw, err);
	return r;
}
