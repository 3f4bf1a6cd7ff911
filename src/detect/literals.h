/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * literals: which of many texts stand anywhere in a value, in one pass (private to the detector).
 *
 * Of each text four bytes in a row are chosen that are rare, by how often they come in all that rules ask for, which says
 * rather well what logs are full of ("\win", "tem3", ".exe"). At each place of the value four bytes are hashed into a bitmap
 * that fits into the nearest cache; only where its bit is set is a bucket of texts compared. Of texts of seven bytes and
 * more, four such pieces one byte apart are chosen, so that every fourth place of the value is enough. Texts of one to three
 * bytes have such a table for each length. Where short texts are few, detect/teddy.h finds them faster. Texts that are not
 * ASCII are only looked for in values that are not.
 *
 * Read-only once built; any number of threads.
 */
#ifndef WARD_DETECT_LITERALS_H
#define WARD_DETECT_LITERALS_H

#include "base/arena.h"

/* How often four bytes in a row come in a body of text; hashed, so now and then too high. */
enum { GRAMS_BITS = 17 };
struct gram_counts {
	uint16_t *n; /* 1 << GRAMS_BITS */
};

void gram_counts_init(struct gram_counts *counts, struct arena *arena);
void gram_counts_add(struct gram_counts *counts, struct str text);
/* How often the rarest four bytes of the text come; UINT32_MAX: it has not as many. */
uint32_t gram_counts_lowest(const struct gram_counts *counts, struct str text);
/* Where in the text its rarest four bytes begin; not behind the last place where `least` bytes begin. */
size_t literals_rarest(const struct gram_counts *counts, struct str text, size_t least);

struct literals;

/* texts[i] is found as i; none is empty. They must live as long. */
struct literals *literals_build(struct arena *arena, const struct str *texts, size_t n, const struct gram_counts *counts);

/* One thread's marks: what was found in this value already. */
struct literals_work {
	uint32_t *seen; /* by text */
	size_t room;
	uint32_t now;
};

void literals_work_done(struct literals_work *work);
/* Each text that is found once, into `out` (room for all); how many. `padding`: VALUE_PADDING bytes behind the text can be
 * read. */
size_t literals_find(const struct literals *literals, struct literals_work *work, struct str text, uint32_t *out);

#endif
