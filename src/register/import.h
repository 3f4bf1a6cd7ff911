/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * import: the rows of a sheet (data/sheet.h) into a register.
 *
 * The first row names the fields: by their label in any of the three languages, or by name; a column that no field has is left out and
 * said. A row whose natural key is there already changes that record, another one makes a new one; an empty cell leaves a field as it is. Records
 * begin in their first state: an import takes none through its transitions.
 *
 * import_check() changes nothing: it reads beside everybody else and says what every row would do, or what is wrong with it, by row and
 * column. import_apply() does it, in works of IMPORT_TOGETHER rows, so that others can write between; rows that cannot be (somebody else was
 * faster) are left out and said. It may be done again: what it did is then found by its key. Whoever calls has asked record_may().
 */
#ifndef WARD_REGISTER_IMPORT_H
#define WARD_REGISTER_IMPORT_H

#include "register/record.h"

enum { IMPORT_PROBLEMS = 1000 /* kept; the others are counted */, IMPORT_TOGETHER = 250 };

struct import_problem {
	size_t row;          /* as the spreadsheet program counts */
	struct str column;   /* "C"; "": the row as a whole */
	struct str field;    /* its name */
	struct note what;
};

struct import_result {
	size_t rows, created, changed, bad; /* of a check: what would be */
	struct import_problem *problems;
	size_t n_problems;                  /* kept */
	struct strings left_out;            /* columns that no field has */
};

struct import_options {
	struct records *records;
	const struct books *books;
	const struct actor *actor;
	const struct register_ *reg;
	int64_t org;          /* whose the new records are, unless a column says */
	int fd;               /* of the sheet */
	const char *name;     /* of the file, for words */
	/* Told about every IMPORT_TOGETHER rows; false: stop (-ECANCELED). May be NULL. */
	bool (*progress)(void *ctx, const struct import_result *sofar, unsigned thousandths);
	void *ctx;
};

/* -EINVAL, -EBADMSG, -E2BIG: the sheet as a whole cannot be taken, with words; otherwise 0, whatever the rows are. */
int import_check(struct arena *arena, const struct import_options *options, struct import_result *out, struct err *err) MUST_USE;
int import_apply(struct arena *arena, const struct import_options *options, struct import_result *out, struct err *err) MUST_USE;

#endif
