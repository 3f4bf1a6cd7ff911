/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * index: all that rules ask of the text of one field, answered for a value at once (private to the detector).
 *
 * Texts that must be equal are found by the hash of the value; beginnings and ends by the hash of its first or last 1…7, 8,
 * 16, 32 or 64 bytes; texts anywhere by detect/literals.h; a pattern with wildcards inside by its longest piece, and is
 * compared then. All by folded text; `cased` predicates are compared once more. What is not about text, or has no text in
 * it, is asked of each value.
 *
 * Read-only once built; any number of threads, each with its index_work.
 */
#ifndef WARD_DETECT_INDEX_H
#define WARD_DETECT_INDEX_H

#include "detect/literals.h"
#include "detect/predicate.h"

struct index;

struct index_work {
	struct regex_work *regex; /* set by the owner */
	struct literals_work literals;
	uint32_t *texts;  /* found */
	size_t texts_room;
	uint32_t *out;    /* predicates that hold */
	size_t out_room, n;
};

void index_work_done(struct index_work *work);

/* For those of `predicates` whose ids are given (of one slot, each once). */
struct index *index_build(struct arena *arena, const struct predicate *predicates, const uint32_t *ids, size_t n,
                          const struct gram_counts *counts);
/* Predicates that hold of the value: work->n ids in work->out, each once, until the next call. */
void index_find(const struct index *index, struct index_work *work, const struct value *value);

#endif
