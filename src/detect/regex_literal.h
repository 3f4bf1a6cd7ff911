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

enum { REGEX_TEXTS = 40, REGEX_CLAUSES = 3, REGEX_GROUPS_DEEP = 8, REGEX_ORDER = 32 };

struct regex_clause {
	struct str text[REGEX_TEXTS];
	size_t n;
};

/* Texts that must stand in a match one after the other; single characters count, too. */
struct regex_order {
	struct str text[REGEX_ORDER];
	size_t n;
	bool exact; /* and nothing else: they are all of the expression, with ".*" between them */
};

/* The best clauses; how many; 0: none. `order` (may be NULL): an expression like "\+.*\+.*\+.*\+" can take ages to find that
 * there is one too few. */
size_t regex_needs(struct arena *arena, struct str regex, struct regex_clause out[REGEX_CLAUSES], struct regex_order *order);

#endif
