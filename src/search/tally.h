/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * tally: how many records there are of each kind: by the values of fields, by steps of time, or both.
 *
 * Steps begin at midnight in the machine's own zone, or at its whole hours and minutes. A record that lacks a field
 * counts for no value (STR_NONE) of it. Bounded: past TALLY_MOST kinds, or TALLY_BYTES of their values, records of new
 * kinds are only counted together (tally_other()).
 */
#ifndef WARD_SEARCH_TALLY_H
#define WARD_SEARCH_TALLY_H

#include "search/seeker.h"

enum { TALLY_MOST = 1000000, TALLY_BYTES = 256 * 1024 * 1024, TALLY_FIELDS = 16 };

struct tally_kind {
	struct str by[TALLY_FIELDS]; /* the first so many hold values */
	size_t n;
	int64_t every; /* nanoseconds; 0: not by time */
};

struct tally_row {
	int64_t step; /* nanoseconds at which it begins; 0 without steps */
	const struct str *values;
	uint64_t count;
};

struct tally;

struct tally *tally_new(const struct tally_kind *kind); /* the kind must live as long */
void tally_free(struct tally *tally);
void tally_free_p(struct tally **tally);
void tally_record(struct tally *tally, struct seeker *seeker, const struct record *record);
void tally_add(struct tally *tally, int64_t step, const struct str *values, uint64_t count);
/* Add all of another tally of the same kind. */
void tally_merge(struct tally *tally, const struct tally *from);
uint64_t tally_other(const struct tally *tally);

/* The rows, ascending by step, the most frequent first within it, then by their values; `top` (0: all) of each step. In
 * the tally's memory. */
void tally_rows(struct tally *tally, size_t top, const struct tally_row **out, size_t *n);

/* Where the step of a moment begins. */
int64_t tally_step(int64_t time, int64_t every);

#endif
