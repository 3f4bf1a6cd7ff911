/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * prefilter: can one of a few keywords stand anywhere in a record, by a quick look at its raw text (private to the detector).
 *
 * Keywords ask something of every value of an event, most of which no other rule wants to know. So from each keyword a piece
 * is chosen that must stand in the raw text just so, but for the case of letters: no character that JSON escapes in any
 * way. A record that holds none of the pieces need not be looked at further, unless it has escapes by number (\u) or one of
 * the two letters beyond ASCII that fold to ASCII ones, behind which a piece could hide.
 *
 * Read-only once built; any number of threads.
 */
#ifndef WARD_DETECT_PREFILTER_H
#define WARD_DETECT_PREFILTER_H

#include "detect/literals.h"
#include "detect/predicate.h"

enum { PREFILTER_MOST = 256 }; /* keywords; for more it would say yes too often */

struct prefilter;

/* NULL: there is a keyword without such a piece, or there are too many. */
struct prefilter *prefilter_build(struct arena *arena, const struct predicate *const *keywords, size_t n,
                                  const struct gram_counts *counts);
/* False: no keyword holds of any value that stands in the text, as it is or escaped as in JSON. */
bool prefilter_may(const struct prefilter *prefilter, struct str raw);

#endif
