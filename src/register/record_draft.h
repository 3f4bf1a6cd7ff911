/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * record_draft: a record on its way from what it was to what it will be; what record.c and record_values.c share.
 *
 * record.c says what may be done (make, edit, a transition, …), begins a draft for it and writes it in the end; record_values.c fills in
 * and judges the fields in between. What is wrong with a field is told (draft_tell()) and the others go on, so that a form hears all of
 * it at once; draft_end() makes an error of it. A negative return is what ends the work at once.
 *
 * A draft lives as long as the work it is for, in that work's arena and thread.
 */
#ifndef WARD_REGISTER_RECORD_DRAFT_H
#define WARD_REGISTER_RECORD_DRAFT_H

#include "register/record_row.h"

struct draft {
	struct write *write;
	const struct books *books;
	const struct register_ *reg;
	const struct cell *old; /* NULL: a new one */
	struct cell *now;
	struct field_problems *problems; /* NULL: nobody takes the list */
	size_t n_problems;
	struct note first; /* of them */
	struct str first_field;
	struct err *err;
};

static inline bool draft_by_ward(const struct draft *draft)
{
	return draft->write->actor->id == ACTOR_WARD;
}

/* Something is wrong with a field; "": with all of it. */
void draft_tell(struct draft *draft, struct str field, struct note what);
/* 0 when nothing was told; else the code, with the words of the first. */
int draft_end(struct draft *draft, int code) MUST_USE;

/* All columns of a register, as they are in `old`, or empty. */
struct cell *draft_cells(struct arena *arena, const struct register_ *reg, const struct cell *old);
bool draft_same(const struct cell a, const struct cell b);
bool draft_changed(const struct draft *draft, const struct field *field);

/* What a person or a program gives. In a transition only what it asks for or needs may be set, also when it is read-only otherwise;
 * without one (NULL) all that is not read-only. */
int draft_set_values(struct draft *draft, const struct doc *values, const struct transition *transition) MUST_USE;
/* on_create, or what a transition sets. */
int draft_set_said(struct draft *draft, const struct doc *sets) MUST_USE;
/* Dates that begin with a state. One that a person has just given stays. */
void draft_set_dues(struct draft *draft, struct str state, const struct doc *values);
/* Of the fields that nothing was given for. */
int draft_set_defaults(struct draft *draft, const struct doc *values) MUST_USE;
void draft_check_required(struct draft *draft, const struct doc *values);

/* -EEXIST when another record has the natural key, or what must be unique within the organisation. */
int draft_check_unique(struct draft *draft) MUST_USE;
/* Another record that stands and has these cells in these columns; 0: none, also when a cell is empty. */
int draft_find_equal(struct arena *arena, struct db *db, const struct register_ *reg, const struct strings *names, const struct cell *cells,
                     int64_t *id, struct err *err) MUST_USE;

#endif
