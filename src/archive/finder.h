/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * finder: whether a text may hold a needle, asked of many texts that are pieces of longer ones.
 *
 * A record is cut where no word goes on (archive/pieces.h), so a *word* of the needle (a run of letters, digits, '_' and bytes
 * beyond ASCII) lies whole within one piece, wherever the rest of the needle is. The longest one is looked for; what
 * passes must be looked at again in the whole text. Records are also cut behind the letter of an escape ("\nName"), so a first
 * letter that can be one is left out. With `fold` only letters are used whose case is simple: ASCII, and
 * characters that have none; texts with the two characters that fold into ASCII (U+017F, U+212A) always pass.
 */
#ifndef WARD_ARCHIVE_FINDER_H
#define WARD_ARCHIVE_FINDER_H

#include "base/str.h"

enum { FINDER_LONGEST = 64 };

struct finder {
	bool fold;
	size_t n;                    /* 0: nothing to look for, every text passes */
	char word[FINDER_LONGEST];   /* lower case with `fold` */
	char upper[FINDER_LONGEST];
};

void finder_init(struct finder *finder, struct str needle, bool fold);
bool finder_may_hold(const struct finder *finder, struct str text);
/* The next place from *at on where a text may hold it. */
bool finder_next(const struct finder *finder, struct str text, size_t *at);
/* Whether a number or timestamp of this form (archive/stamp.h) can hold it at all. */
bool finder_may_hold_stamp(const struct finder *finder, uint32_t form);

#endif
