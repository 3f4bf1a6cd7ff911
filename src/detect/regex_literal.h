/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * regex_literal: texts that must stand in whatever a regular expression matches (private to the detector).
 *
 * So an expression need not be run where they do not. They come as *clauses*: of each clause, one text must be there. "foo.*(bar|baz)"
 * has the clauses foo, and bar or baz. An expression that holds something that is not understood here has none. Texts are as written,
 * and must be looked for without regard to letters' case. Single characters count only when they are rare in logs.
 */
#ifndef WARD_DETECT_REGEX_LITERAL_H
#define WARD_DETECT_REGEX_LITERAL_H

#include "base/arena.h"

enum { REGEX_TEXTS = 40, REGEX_CLAUSES = 3, REGEX_GROUPS_DEEP = 8 };

struct regex_clause {
	struct str text[REGEX_TEXTS];
	size_t n;
};

/* The best clauses; how many; 0: none. */
size_t regex_needs(struct arena *arena, struct str regex, struct regex_clause out[REGEX_CLAUSES]);

#endif
