/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * model: the records of a block as shapes and columns, and how each column is written in few bits.
 *
 * A *shape* is the constant text of a template with its places for variables, each of a *column*. A record is its shape's
 * number and a row of values, one for each place. The first MODEL_HEADS places of every shape are the record's time, arrival,
 * host, source and parser, which have no constant text.
 *
 * A column of texts has a list of its different texts ("locals", in the order in which they first come); its values
 * are indexes into that list. A column of numbers has the numbers. Each value is guessed first, and only what the guess does
 * not tell is written (archive/coder.h):
 *
 *	GUESS_LAST   as in the record before
 *	GUESS_SAME   as in another column of the same record (numbers: by the same difference as the last time)
 *	GUESS_MAP    as the last time when that other column had the value that it has now
 *	GUESS_SHAPE  as the last time in a record of the same shape
 *
 * A column only looks at columns with lower numbers, so each can be read when those are.
 */
#ifndef WARD_ARCHIVE_MODEL_H
#define WARD_ARCHIVE_MODEL_H

#include "archive/coder.h"

enum { MODEL_HEADS = 5, HEAD_TIME = 0, HEAD_ARRIVED, HEAD_HOST, HEAD_SOURCE, HEAD_PARSER };
enum { MODEL_NO_FORM = 0, GUESSES = 2 };
enum guess_kind { GUESS_NONE, GUESS_LAST, GUESS_SAME, GUESS_MAP, GUESS_SHAPE, GUESS_END };

struct guess {
	uint8_t kind;    /* enum guess_kind */
	uint32_t column; /* GUESS_SAME, GUESS_MAP */
};

struct place {
	uint32_t column;
	uint32_t before; /* bytes of constant text before it */
};

struct shape {
	uint32_t place, n_places; /* in model->places, the heads included */
	size_t text;              /* where its constant text begins */
	uint32_t text_n;          /* all of it, what is behind the last place included */
};

struct column {
	uint32_t form;      /* archive/stamp.h: how numbers are written; STAMP_NONE: texts */
	bool numbers;
	uint32_t n;         /* values */
	size_t first;       /* of its places in model->at */
	uint32_t *locals;   /* texts: their numbers in the block's list */
	uint32_t n_locals;
	struct guess guess[GUESSES];
	size_t where, n_where; /* in model->where */
	struct str stream;
	bool ready;         /* its values are in model->flat */
};

struct place_of {
	uint32_t shape, place; /* place: within the shape */
};

struct model {
	size_t n;                 /* records */
	uint32_t *shape_of;       /* of each */
	size_t *row;              /* where its values begin in `flat` */
	struct shape *shapes;
	size_t n_shapes;
	struct place *places;
	size_t n_places;
	struct column *columns;
	size_t n_columns;
	uint32_t n_texts;
	int64_t *flat;
	size_t n_flat;
	/* Made by model_index(): of each column's values where they are, in the order of the records. */
	size_t *at;
	uint32_t *record;
	struct place_of *where;
	int32_t *slots[GUESSES];  /* scratch, by shape: the place of a column, or -1 */
};

/* row[] and n_flat from the shapes of the records. False when it is more than `most` values. */
bool model_rows(struct model *model, size_t most);
/* The places of the columns' values. */
void model_index(struct model *model);
void model_done(struct model *model);

/* Let slots[] tell where the column is in each shape (the first place when it has several), or forget it again. */
void model_slots(const struct model *model, int32_t *slots, uint32_t column, bool set);

/* The shapes of the records, written or read. */
void model_code_shapes(struct model *model, struct coder *coder);
/* One column's values, written or read; those it looks at are ready. */
void model_code_column(struct model *model, uint32_t column, struct coder *coder);
/* Choose how the column is guessed best, by a sample. */
void model_choose(struct model *model, uint32_t column);

#endif
