/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * regex_literal: texts that must stand in whatever a regular expression matches (private to the detector).
 *
 * So an expression need not be run where they do not. When it has alternatives at its top, one text for each, of which one
 * must stand there; otherwise all of the texts must. When an alternative has none, or the expression holds something that
 * is not understood here, there are none at all. Texts are as written, and must be looked for without regard to letters'
 * case. Single characters count only when they are rare in logs.
 */
#ifndef WARD_DETECT_REGEX_LITERAL_H
#define WARD_DETECT_REGEX_LITERAL_H

#include "base/arena.h"

enum { REGEX_LITERALS = 16, REGEX_LITERAL_LONG = 3 };

/* How many; 0: none. *all: each of them must be there; otherwise one. */
size_t regex_literals(struct arena *arena, struct str regex, struct str out[REGEX_LITERALS], bool *all);

#endif
