/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * value: one field's value, from JSON to what stands in its columns and back, with what is wrong with it in words.
 *
 * Texts lose white space at both ends; an empty text, an empty list and null are all "nothing", NULL in the table. What a value says of
 * other records (references, files) is not looked at here.
 */
#ifndef WARD_REGISTER_VALUE_H
#define WARD_REGISTER_VALUE_H

#include "data/cell.h"
#include "register/register.h"

/* Check, and make the cells: one, or two of a period (from, to). A sensitive text comes out clear. True: good; false: *problem says
 * what is wrong. */
/* What a text that its pattern does not fit is told; whoever knows the reader adds the field's pattern_help. */
#define VALUE_FORM "this does not have the form that is asked for"

bool value_take(struct arena *arena, const struct field *field, const struct doc *value, struct cell out[2], struct note *problem);
/* May a declaration set the field to this constant? Texts, numbers, flags, choices, dates. */
bool value_constant_fits(const struct field *field, const struct doc *value);
/* The ids in a stored list of references or files, "[3,5]". */
struct ids {
	int64_t *p;
	size_t n;
};
struct ids value_ids(struct arena *arena, struct str list);

/* From cells to JSON, as value_take() takes it. */
void value_put(struct buf *out, const char *name, const struct field *field, const struct cell *cells);
const struct doc *value_doc(struct arena *arena, const struct field *field, const struct cell *cells);

/* Building a tree in memory. */
struct doc doc_of_text(struct str text);
struct doc doc_of_int(int64_t value);
struct doc doc_of_cell(struct cell cell);

#endif
