/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * seek_plan: what a search can rule out without reading a record.
 *
 * For each word of the search it is known what must stand in the raw text of a record that has it: the word as it is, or,
 * where writers escape characters (JSON, nginx), its parts that nobody escapes and the escaped forms of the rest.
 * That narrows twice: a block's token filter says which blocks cannot have it (seek_plan_may_hold()), and block_find()
 * which records of a block (seek_plan_mark()).
 *
 * Two sets of records come out: those that may be meant, and, of these, those that are surely meant, because only host, source,
 * parser and times were asked for; the rest is for search/seeker.h. Both are never wrong.
 *
 * A plan is read-only and shared by threads.
 */
#ifndef WARD_SEARCH_SEEK_PLAN_H
#define WARD_SEARCH_SEEK_PLAN_H

#include "archive/block.h"
#include "search/seek.h"
#include "archive/tokens.h"

struct seek_plan;

/* In the arena. The search must live as long. */
const struct seek_plan *seek_plan_new(struct arena *arena, const struct seek *seek);

bool seek_plan_may_hold(const struct seek_plan *plan, const struct token_filter *filter);
/* Letters of ASCII may be written as escapes of their relatives beyond it (TOKEN_ODD); a block without a filter may. */
bool seek_plan_is_odd(struct str filter);

struct seek_marks {
	uint64_t *maybe, *surely; /* a bit for each record; surely is within maybe */
};
/* Only records whose time is since..until (both inclusive). `odd`: seek_plan_is_odd() of the block. The marks are in the
 * arena. */
int seek_plan_mark(const struct seek_plan *plan, struct arena *arena, struct block *block, bool odd, int64_t since,
                   int64_t until, struct seek_marks *out, struct err *err) MUST_USE;

#endif
