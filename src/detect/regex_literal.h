/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * regex_literal: texts of which one must stand in whatever a regular expression matches (private to the detector).
 *
 * So an expression need not be run where none of them does. One text for each alternative at the top of the
 * expression; when one has none, or the expression holds something that is not understood here, there are none
 * at all. Texts are as written, and must be looked for without regard to letters' case.
 */
#ifndef WARD_DETECT_REGEX_LITERAL_H
#define WARD_DETECT_REGEX_LITERAL_H

#include "base/arena.h"

enum { REGEX_LITERALS = 16, REGEX_LITERAL_SHORTEST = 3 };

/* How many; 0: none. */
size_t regex_literals(struct arena *arena, struct str regex, struct str out[REGEX_LITERALS]);

#endif
