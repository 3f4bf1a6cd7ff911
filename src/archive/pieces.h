/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * pieces: where a record is cut into constant text and variables.
 *
 * Variables of JSON are the values, labelled by their keys; a value of several lines ("Message" of Windows) is cut again
 * into its lines "Label: value". Variables of other text are timestamps, words with a digit, paths, quoted strings, what
 * follows '=', and words where many different ones were seen after the same two before (names of users); they are
 * labelled by what stands before them. Everything else is constant: records that only differ in their variables have the
 * same *template*.
 *
 * Nothing is cut within a word (archive/finder.h), except behind the letter of an escape of JSON ("\nName"). Whatever
 * the bytes are, constant text and variables in their order are the record again. A cutter belongs to one thread.
 */
#ifndef WARD_ARCHIVE_PIECES_H
#define WARD_ARCHIVE_PIECES_H

#include "base/str.h"

enum { PIECES_MOST = 1000 }; /* variables of one record; what comes behind them is one more */

struct variable {
	uint32_t from, to; /* bytes in the record */
	uint32_t label;
	uint32_t form;     /* archive/stamp.h; STAMP_NONE: text */
	int64_t value;     /* unless it is text */
};

struct cutter;

struct cutter *cutter_new(void);
void cutter_free(struct cutter *cutter);
/* The variables of a record, in order, not overlapping; valid until the next call. */
size_t cutter_cut(struct cutter *cutter, struct str record, const struct variable **out);

#endif
