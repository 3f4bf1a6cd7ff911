/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * journal_agree: whether the rows of one register are what the journal says, for journal_verify.c.
 */
#ifndef WARD_RECORD_JOURNAL_AGREE_H
#define WARD_RECORD_JOURNAL_AGREE_H

#include "record/journal_verify.h"
#include "record/tables.h"

/* A problem, counted, and kept while there is room. */
void journal_found(struct arena *arena, struct journal_verify *verify, struct journal_problem problem);
int journal_agree(struct arena *arena, struct db *db, const struct table *table, struct journal_verify *verify, struct err *err) MUST_USE;

#endif
