/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Making a block. Records wait as they are; when the block is finished they are cut into pieces, texts become
 * numbers, and columns are ordered, guessed and written.
 */
#include <stdlib.h>
#include <zstd.h>

#include "archive/block.h"
#include "archive/block_format.h"
#include "archive/pieces.h"
#include "archive/plain.h"
#include "archive/stamp.h"
#include "archive/tokens.h"
#include "base/vec.h"

enum { LEVEL = 12, AGAIN = 4 /* columns for a label that comes several times in a record; the last is for all the rest */ };

/* A label and a form: the columns that its variables go to. */
struct label {
	uint64_t key; /* 0: free */
	uint32_t record, times; /* how often it came in that record */
	uint32_t columns[AGAIN];
};

struct block_writer {
	int level;
	struct buf records;
	size_t bytes, n;
	struct cutter *cutter;
	ZSTD_CCtx *zstd;
	struct token_set tokens;
	/* While a block is finished. */
	struct model model;
	VEC(struct str) texts;
	uint32_t *text_slots; /* of texts, +1 */
	uint32_t *text_hashes;
	size_t text_room;
	struct label *labels;
	size_t label_room, n_labels;
	uint32_t *shape_slots; /* +1 */
	size_t shape_room;
	VEC(uint64_t) shape_hashes;
	VEC(struct shape) shapes;
	VEC(struct place) places;
	VEC(struct column) columns;
	VEC(int64_t) flat;
	struct buf constants; /* of all shapes */
	struct buf meta, codes;
};

struct block_writer *block_writer_new(int level)
{
	struct block_writer *writer = mem_alloc(sizeof(*writer));
	writer->level = level ? level : LEVEL;
	writer->cutter = cutter_new();
	writer->zstd = ZSTD_createCCtx();
	return writer;
}

void block_writer_free(struct block_writer *writer)
{
	if (!writer)
		return;
	buf_done(&writer->records);
	token_set_done(&writer->tokens);
	cutter_free(writer->cutter);
	ZSTD_freeCCtx(writer->zstd);
	vec_done(&writer->texts);
	free(writer->text_slots);
	free(writer->text_hashes);
	free(writer->labels);
	free(writer->shape_slots);
	vec_done(&writer->shape_hashes);
	vec_done(&writer->shapes);
	vec_done(&writer->places);
	vec_done(&writer->columns);
	vec_done(&writer->flat);
	buf_done(&writer->constants);
	buf_done(&writer->meta);
	buf_done(&writer->codes);
	free(writer);
}

void block_writer_free_p(struct block_writer **writer)
{
	block_writer_free(*writer);
}

void block_writer_add(struct block_writer *writer, const struct record *record)
{
	plain_add(&writer->records, record);
	writer->bytes += record->raw.n;
	writer->n++;
}

size_t block_writer_bytes(const struct block_writer *writer)
{
	return writer->bytes;
}

size_t block_writer_count(const struct block_writer *writer)
{
	return writer->n;
}

static uint64_t hash_bytes(const char *p, size_t n, uint64_t hash)
{
	hash += n;
	while (n >= 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		hash = (hash ^ word) * 0x9fb21c651e98df25u;
		hash ^= hash >> 35;
		p += 8;
		n -= 8;
	}
	uint64_t word = 0;
	memcpy(&word, p, n);
	hash = (hash ^ word) * 0x9fb21c651e98df25u;
	return hash ^ hash >> 32;
}

static void texts_grow(struct block_writer *writer)
{
	size_t room = writer->text_room ? writer->text_room * 2 : 1 << 14;
	free(writer->text_slots);
	writer->text_slots = mem_alloc(room * sizeof(*writer->text_slots));
	writer->text_hashes = mem_resize(writer->text_hashes, room * sizeof(*writer->text_hashes));
	writer->text_room = room;
	for (uint32_t i = 0; i < writer->texts.n; i++) {
		size_t at = writer->text_hashes[i] & (room - 1);
		while (writer->text_slots[at])
			at = (at + 1) & (room - 1);
		writer->text_slots[at] = i + 1;
	}
}

/* The number of a text. */
static uint32_t text_number(struct block_writer *writer, struct str text)
{
	if (writer->texts.n * 2 >= writer->text_room)
		texts_grow(writer);
	uint32_t hash = (uint32_t)hash_bytes(text.p, text.n, 0), i;
	size_t at = hash & (writer->text_room - 1);
	while ((i = writer->text_slots[at])) {
		if (writer->text_hashes[i - 1] == hash && str_eq(writer->texts.p[i - 1], text))
			return i - 1;
		at = (at + 1) & (writer->text_room - 1);
	}
	writer->text_hashes[writer->texts.n] = hash;
	vec_push(&writer->texts, text);
	writer->text_slots[at] = (uint32_t)writer->texts.n;
	return (uint32_t)writer->texts.n - 1;
}

static struct label *label_slot(struct block_writer *writer, uint64_t key)
{
	size_t at = (key * 0x9fb21c651e98df25u >> 32) & (writer->label_room - 1);
	while (writer->labels[at].key && writer->labels[at].key != key)
		at = (at + 1) & (writer->label_room - 1);
	return &writer->labels[at];
}

static void labels_grow(struct block_writer *writer)
{
	struct label *old = writer->labels;
	size_t n = writer->label_room;
	writer->label_room = n ? n * 2 : 1024;
	writer->labels = mem_alloc(writer->label_room * sizeof(*writer->labels));
	for (size_t i = 0; i < n; i++)
		if (old[i].key)
			*label_slot(writer, old[i].key) = old[i];
	free(old);
}

/* The column of a variable; made when new. */
static uint32_t column_of(struct block_writer *writer, uint32_t label, uint32_t form, uint32_t record)
{
	if (writer->n_labels * 2 >= writer->label_room)
		labels_grow(writer);
	uint64_t key = ((uint64_t)label << 32 | form) + 1;
	struct label *slot = label_slot(writer, key ? key : 1);
	if (!slot->key) {
		*slot = (struct label){ .key = key ? key : 1, .record = UINT32_MAX };
		memset(slot->columns, 0xff, sizeof(slot->columns));
		writer->n_labels++;
	}
	if (slot->record != record) {
		slot->record = record;
		slot->times = 0;
	}
	uint32_t *column = &slot->columns[MIN(slot->times, AGAIN - 1u)];
	slot->times++;
	if (*column == UINT32_MAX) {
		*column = (uint32_t)writer->columns.n;
		vec_push(&writer->columns, { .form = form });
	}
	return *column;
}

/* Whether the shape that was just laid down at the end of `places` and `constants` is the same as this one. */
static bool shape_eq(const struct block_writer *writer, const struct shape *a, const struct shape *b)
{
	return a->n_places == b->n_places && a->text_n == b->text_n &&
	       memcmp(writer->places.p + a->place, writer->places.p + b->place, a->n_places * sizeof(struct place)) == 0 &&
	       memcmp(writer->constants.p + a->text, writer->constants.p + b->text, a->text_n) == 0;
}

static void shapes_grow(struct block_writer *writer)
{
	size_t room = writer->shape_room ? writer->shape_room * 2 : 1024;
	free(writer->shape_slots);
	writer->shape_slots = mem_alloc(room * sizeof(*writer->shape_slots));
	writer->shape_room = room;
	for (uint32_t i = 0; i < writer->shapes.n; i++) {
		size_t at = writer->shape_hashes.p[i] & (room - 1);
		while (writer->shape_slots[at])
			at = (at + 1) & (room - 1);
		writer->shape_slots[at] = i + 1;
	}
}

static uint32_t shape_number(struct block_writer *writer, const struct shape *shape)
{
	if (writer->shapes.n * 2 >= writer->shape_room)
		shapes_grow(writer);
	uint64_t hash = hash_bytes(writer->constants.p + shape->text, shape->text_n, 0);
	hash = hash_bytes((const char *)(writer->places.p + shape->place), shape->n_places * sizeof(struct place), hash);
	size_t at = hash & (writer->shape_room - 1);
	for (uint32_t i; (i = writer->shape_slots[at]); at = (at + 1) & (writer->shape_room - 1)) {
		if (writer->shape_hashes.p[i - 1] != hash || !shape_eq(writer, &writer->shapes.p[i - 1], shape))
			continue;
		writer->places.n = shape->place; /* it is known: take back what was laid down */
		writer->constants.n = shape->text;
		return i - 1;
	}
	vec_push(&writer->shapes, *shape);
	vec_push(&writer->shape_hashes, hash);
	writer->shape_slots[at] = (uint32_t)writer->shapes.n;
	return (uint32_t)writer->shapes.n - 1;
}

static void add_heads(struct block_writer *writer, const struct record *record)
{
	for (uint32_t i = 0; i < MODEL_HEADS; i++)
		vec_push(&writer->places, { i, 0 });
	vec_push(&writer->flat, record->time);
	vec_push(&writer->flat, record->arrived);
	vec_push(&writer->flat, text_number(writer, record->host));
	vec_push(&writer->flat, text_number(writer, record->source));
	vec_push(&writer->flat, text_number(writer, record->parser));
}

static void add_record(struct block_writer *writer, const struct record *record, uint32_t number)
{
	const struct variable *variables;
	struct str raw = record->raw;
	size_t n = cutter_cut(writer->cutter, raw, &variables), at = 0;
	struct shape shape = { .place = (uint32_t)writer->places.n, .n_places = (uint32_t)n + MODEL_HEADS,
		               .text = writer->constants.n };
	add_heads(writer, record);
	for (size_t i = 0; i < n; i++) {
		const struct variable *variable = &variables[i];
		uint32_t column = column_of(writer, variable->label, variable->form, number);
		vec_push(&writer->places, { column, variable->from - (uint32_t)at });
		buf_add(&writer->constants, str_slice(raw, at, variable->from));
		enum stamp_kind kind = stamp_kind(variable->form);
		if (kind >= STAMP_DATE)
			vec_push(&writer->flat, variable->value);
		else
			vec_push(&writer->flat, text_number(writer, str_slice(raw, variable->from, variable->to)));
		at = variable->to;
	}
	buf_add(&writer->constants, str_slice(raw, at, raw.n));
	shape.text_n = (uint32_t)(writer->constants.n - shape.text);
	writer->model.shape_of[number] = shape_number(writer, &shape);
}

static void cut_all(struct block_writer *writer)
{
	struct model *model = &writer->model;
	struct wire wire = wire_from(buf_str(&writer->records));
	struct record record;
	*model = (struct model){ .n = writer->n };
	model->shape_of = mem_alloc((writer->n + 1) * sizeof(*model->shape_of));
	model->row = mem_alloc((writer->n + 1) * sizeof(*model->row));
	for (uint32_t i = 0; i < MODEL_HEADS; i++)
		vec_push(&writer->columns, { .form = i <= HEAD_ARRIVED ? BLOCK_NANOSECONDS : STAMP_NONE });
	for (uint32_t i = 0; plain_next(&wire, &record); i++)
		add_record(writer, &record, i);
	model->shapes = writer->shapes.p;
	model->n_shapes = writer->shapes.n;
	model->places = writer->places.p;
	model->n_places = writer->places.n;
	model->columns = writer->columns.p;
	model->n_columns = writer->columns.n;
	model->flat = writer->flat.p;
	(void)model_rows(model, SIZE_MAX / 2);
	model_index(model);
}

static unsigned bits_of(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

/* Whether a column of numbers written as texts so far is better kept as numbers: they hardly repeat, or differ little
 * from one to the next. */
static bool better_as_numbers(const struct block_writer *writer, const struct column *column)
{
	const struct model *model = &writer->model;
	uint64_t cost = 0;
	int64_t before = 0, value = 0;
	if (column->n < 16 || column->n_locals * 32 < column->n)
		return false;
	if ((uint64_t)column->n_locals * 5 > (uint64_t)column->n * 2)
		return true;
	for (uint32_t i = 0; i < column->n; i++) {
		(void)stamp_number(writer->texts.p[column->locals[model->flat[model->at[column->first + i]]]], &value);
		uint64_t rest = (uint64_t)value - (uint64_t)before;
		cost += 2 + bits_of((int64_t)rest < 0 ? -rest : rest);
		before = value;
	}
	return cost * 2 < (uint64_t)column->n * bits_of(column->n_locals);
}

/* Give the column's texts local numbers in the order in which they come, or make numbers of them. */
static void column_locals(struct block_writer *writer, struct column *column, uint32_t *local_of, struct arena *arena)
{
	struct model *model = &writer->model;
	enum stamp_kind kind = stamp_kind(column->form);
	if (kind >= STAMP_DATE) {
		column->numbers = true;
		return;
	}
	uint32_t room = 0;
	for (uint32_t i = 0; i < column->n; i++) {
		int64_t *at = &model->flat[model->at[column->first + i]];
		if (local_of[*at] == 0) {
			if (column->n_locals == room) {
				uint32_t *more = ARENA_ARRAY(arena, uint32_t, room ? room * 2 : 4);
				if (room)
					memcpy(more, column->locals, room * sizeof(*more));
				column->locals = more;
				room = room ? room * 2 : 4;
			}
			column->locals[column->n_locals++] = (uint32_t)*at;
			local_of[*at] = column->n_locals;
		}
		*at = local_of[*at] - 1;
	}
	for (uint32_t i = 0; i < column->n_locals; i++)
		local_of[column->locals[i]] = 0;
	if (kind == STAMP_NONE || !better_as_numbers(writer, column))
		return;
	int64_t *values = ARENA_ARRAY(arena, int64_t, column->n_locals);
	for (uint32_t i = 0; i < column->n_locals; i++)
		(void)stamp_number(writer->texts.p[column->locals[i]], &values[i]);
	for (uint32_t i = 0; i < column->n; i++) {
		int64_t *at = &model->flat[model->at[column->first + i]];
		*at = values[*at];
	}
	column->n_locals = 0;
	column->numbers = true;
}

struct order {
	uint32_t column, rank;
	bool numbers, head;
};

/* Texts before numbers, those with most different values first: they tell most about the others. Heads last of their kind: what
 * they say often stands in the record. */
static int compare_columns(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	if (x->numbers != y->numbers)
		return x->numbers - y->numbers;
	if (x->head != y->head)
		return x->head - y->head;
	if (x->rank != y->rank)
		return x->rank < y->rank ? 1 : -1;
	return x->column < y->column ? -1 : 1;
}

static void order_columns(struct block_writer *writer, uint32_t heads[MODEL_HEADS], struct arena *arena)
{
	struct model *model = &writer->model;
	struct order *order = ARENA_ARRAY(arena, struct order, model->n_columns);
	struct column *columns = mem_alloc((model->n_columns + 1) * sizeof(*columns));
	uint32_t *place = ARENA_ARRAY(arena, uint32_t, model->n_columns);
	for (uint32_t i = 0; i < model->n_columns; i++)
		order[i] = (struct order){ i, model->columns[i].n_locals, model->columns[i].numbers, i < MODEL_HEADS };
	qsort(order, model->n_columns, sizeof(*order), compare_columns);
	for (uint32_t i = 0; i < model->n_columns; i++) {
		columns[i] = model->columns[order[i].column];
		place[order[i].column] = i;
	}
	memcpy(model->columns, columns, model->n_columns * sizeof(*columns));
	free(columns);
	for (size_t i = 0; i < model->n_places; i++)
		model->places[i].column = place[model->places[i].column];
	for (int i = 0; i < MODEL_HEADS; i++)
		heads[i] = place[i];
}

/* Number the texts anew in the order of the columns, so that alike stand together; those nobody needs any more are
 * left out. In the arena: the old number of each. */
static uint32_t *order_texts(struct block_writer *writer, struct arena *arena)
{
	struct model *model = &writer->model;
	uint32_t *fresh = mem_alloc((writer->texts.n + 1) * sizeof(*fresh)); /* +1 */
	uint32_t *old = ARENA_ARRAY(arena, uint32_t, writer->texts.n + 1), n = 0;
	for (size_t i = 0; i < model->n_columns; i++) {
		struct column *column = &model->columns[i];
		for (uint32_t j = 0; j < column->n_locals; j++) {
			uint32_t text = column->locals[j];
			if (!fresh[text]) {
				old[n++] = text;
				fresh[text] = n;
			}
			column->locals[j] = fresh[text] - 1;
		}
	}
	free(fresh);
	model->n_texts = n;
	return old;
}

static void add_tokens_number(struct block_writer *writer, const struct column *column)
{
	const struct model *model = &writer->model;
	int64_t low = INT64_MAX, high = INT64_MIN, before = INT64_MIN;
	for (uint32_t i = 0; i < column->n; i++) {
		int64_t value = model->flat[model->at[column->first + i]];
		low = MIN(low, value);
		high = MAX(high, value);
	}
	if (stamp_kind(column->form) == STAMP_WHOLE && low >= 0 && (uint64_t)(high - low) / 16 < column->n) {
		token_set_add_range(&writer->tokens, (uint64_t)low, (uint64_t)high);
		return;
	}
	for (uint32_t i = 0; i < column->n; i++) {
		char text[STAMP_LONGEST];
		int64_t value = model->flat[model->at[column->first + i]];
		if (value != before)
			token_set_add_text(&writer->tokens, (struct str){ text, stamp_print(column->form, value, text) });
		before = value;
	}
}

/* A part of records. Where a backslash stood before it, its first letters may be an escape's ("\t0"): then the word
 * without them counts, too. */
static void add_tokens_part(struct block_writer *writer, struct str part)
{
	if (!part.n || !strchr("nrtbfux", part.p[0] | 32)) {
		token_set_add_text(&writer->tokens, part);
		return;
	}
	BUF(behind);
	buf_add_char(&behind, '\\');
	buf_add(&behind, part);
	token_set_add_text(&writer->tokens, buf_str(&behind));
}

static void add_tokens(struct block_writer *writer, const uint32_t *texts, const uint32_t heads[MODEL_HEADS])
{
	const struct model *model = &writer->model;
	for (uint32_t i = 0; i < model->n_texts; i++)
		add_tokens_part(writer, writer->texts.p[texts[i]]);
	for (size_t i = 0; i < model->n_shapes; i++) {
		const struct shape *shape = &model->shapes[i];
		size_t at = shape->text, end = shape->text + shape->text_n;
		for (uint32_t j = MODEL_HEADS; j <= shape->n_places; j++) {
			size_t n = j < shape->n_places ? model->places[shape->place + j].before : end - at;
			add_tokens_part(writer, (struct str){ writer->constants.p + at, n });
			at += n;
		}
	}
	for (int i = HEAD_HOST; i <= HEAD_PARSER; i++) {
		static const enum token_head heads_of[] = { [HEAD_HOST] = TOKEN_HOST, [HEAD_SOURCE] = TOKEN_SOURCE,
			                                    [HEAD_PARSER] = TOKEN_PARSER };
		const struct column *column = &model->columns[heads[i]];
		for (uint32_t j = 0; j < column->n_locals; j++)
			token_set_add_head(&writer->tokens, heads_of[i], writer->texts.p[texts[column->locals[j]]]);
	}
	for (uint32_t i = 0; i < model->n_columns; i++)
		if (model->columns[i].numbers && i != heads[HEAD_TIME] && i != heads[HEAD_ARRIVED])
			add_tokens_number(writer, &model->columns[i]);
}

static void write_shapes(struct block_writer *writer, const uint32_t heads[MODEL_HEADS])
{
	const struct model *model = &writer->model;
	struct buf *meta = &writer->meta;
	buf_add_varint(meta, model->n_texts);
	buf_add_varint(meta, model->n_columns);
	buf_add_varint(meta, model->n_shapes);
	for (int i = 0; i < MODEL_HEADS; i++)
		buf_add_varint(meta, heads[i]);
	for (size_t i = 0; i < model->n_shapes; i++) {
		const struct shape *shape = &model->shapes[i];
		int64_t before = 0;
		buf_add_varint(meta, shape->n_places - MODEL_HEADS);
		buf_add_varint(meta, shape->text_n);
		for (uint32_t j = MODEL_HEADS; j < shape->n_places; j++) {
			const struct place *place = &model->places[shape->place + j];
			buf_add_signed(meta, (int64_t)place->column - before);
			buf_add_varint(meta, place->before);
			before = place->column;
		}
	}
}

static void write_columns(struct block_writer *writer)
{
	struct model *model = &writer->model;
	struct buf *meta = &writer->meta;
	struct coder coder = coder_writer(&writer->codes);
	if (model->n_shapes > 1) {
		model_code_shapes(model, &coder);
		coder_end(&coder);
	}
	size_t shapes = writer->codes.n;
	for (uint32_t i = 0; i < model->n_columns; i++) {
		struct column *column = &model->columns[i];
		size_t begin = writer->codes.n;
		if (column->n) {
			model_choose(model, i);
			coder = coder_writer(&writer->codes);
			model_code_column(model, i, &coder);
			if (column->numbers || column->n_locals > 1)
				coder_end(&coder);
		}
		buf_add_varint(meta, column->form);
		buf_add_varint(meta, column->numbers);
		for (int j = 0; j < GUESSES; j++) {
			buf_add_varint(meta, column->guess[j].kind);
			buf_add_varint(meta, column->guess[j].column);
		}
		buf_add_varint(meta, writer->codes.n - begin);
		if (column->numbers)
			continue;
		buf_add_varint(meta, column->n_locals);
		int64_t expected = 0;
		for (uint32_t j = 0; j < column->n_locals; j++) {
			buf_add_signed(meta, (int64_t)column->locals[j] - expected);
			expected = (int64_t)column->locals[j] + 1;
		}
	}
	buf_add_varint(meta, shapes);
}

static void add_part(struct block_writer *writer, struct str part, struct buf *head, struct buf *out)
{
	size_t room = ZSTD_compressBound(part.n), before = out->n;
	char *to = buf_reserve(out, room);
	size_t n = ZSTD_compress2(writer->zstd, to, room, part.p, part.n);
	out->n += ZSTD_isError(n) ? 0 : n;
	buf_add_varint(head, part.n);
	buf_add_varint(head, out->n - before);
}

static void forget(struct block_writer *writer)
{
	model_done(&writer->model);
	free(writer->model.shape_of);
	free(writer->model.row);
	writer->model = (struct model){ 0 };
	if (writer->text_room)
		memset(writer->text_slots, 0, writer->text_room * sizeof(*writer->text_slots));
	if (writer->label_room)
		memset(writer->labels, 0, writer->label_room * sizeof(*writer->labels));
	if (writer->shape_room)
		memset(writer->shape_slots, 0, writer->shape_room * sizeof(*writer->shape_slots));
	writer->texts.n = writer->shapes.n = writer->shape_hashes.n = writer->places.n = writer->columns.n = 0;
	writer->flat.n = writer->n_labels = writer->n = writer->bytes = 0;
	buf_clear(&writer->constants);
	buf_clear(&writer->meta);
	buf_clear(&writer->codes);
	buf_clear(&writer->records);
	token_set_clear(&writer->tokens);
}

void block_writer_finish(struct block_writer *writer, struct buf *block, struct buf *filter)
{
	ARENA(arena);
	BUF(parts);
	uint32_t heads[MODEL_HEADS];
	cut_all(writer);
	struct model *model = &writer->model;
	uint32_t *local_of = mem_alloc((writer->texts.n + 1) * sizeof(*local_of));
	for (size_t i = 0; i < model->n_columns; i++)
		column_locals(writer, &model->columns[i], local_of, &arena);
	free(local_of);
	order_columns(writer, heads, &arena);
	uint32_t *texts = order_texts(writer, &arena);
	write_shapes(writer, heads);
	write_columns(writer);
	add_tokens(writer, texts, heads);
	for (uint32_t i = 0; i < model->n_texts; i++) {
		struct str text = writer->texts.p[texts[i]];
		buf_add_varint(&writer->meta, text.n);
		buf_add(&writer->constants, text);
	}
	buf_add(block, (struct str){ BLOCK_MAGIC, BLOCK_HEADER - 1 });
	buf_add_char(block, BLOCK_COLUMNS);
	buf_add_varint(block, writer->n);
	buf_add_varint(block, writer->bytes);
	ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, writer->level);
	add_part(writer, buf_str(&writer->meta), block, &parts);
	add_part(writer, buf_str(&writer->constants), block, &parts);
	buf_add(block, buf_str(&parts));
	buf_add(block, buf_str(&writer->codes));
	token_filter_make(&writer->tokens, filter);
	forget(writer);
}
