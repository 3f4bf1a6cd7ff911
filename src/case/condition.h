/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * condition: what must be so for a legal clock to start or an indicator of a grade to be met, as data.
 *
 *	when: [{field: cii, is: true}, {field: grade, at_least: III}, {field: org_tier, not_in: [national, central]}]
 *
 * All of a list must hold. A condition looks at one named fact and says one of:
 *
 *	is, in          the fact is this, one of these
 *	is_not, not_in  it is not; also when nothing is known, so that no duty is overlooked for want of an answer
 *	at_least        a number, or a grade (I is the gravest): the figure itself counts
 *	filled          there is an answer (true), or none (false)
 *
 * What is not known makes a condition unknown, never false. Facts are values by name; a missing or NULL one is not known.
 */
#ifndef WARD_CASE_CONDITION_H
#define WARD_CASE_CONDITION_H

#include "base/map.h"
#include "data/cell.h"
#include "data/schema.h"

enum holds { HOLDS_NO, HOLDS_YES, HOLDS_UNKNOWN };

struct condition {
	struct str field;
	const struct doc *is, *is_not, *at_least, *filled;
	struct strings in, not_in;
	const struct doc *node;
};
extern const struct schema condition_schema;

/* Named facts; texts live where the caller says. */
struct case_facts {
	struct arena *arena;
	struct map values; /* struct cell * */
};

void case_facts_init(struct case_facts *facts, struct arena *arena);
void case_facts_put(struct case_facts *facts, struct str name, struct cell value); /* the last of equal names wins */
struct cell case_facts_get(const struct case_facts *facts, struct str name);       /* NULL when not known */

/* Check after decoding that each says exactly one thing of a type that makes sense. */
int conditions_check(const struct source *source, const struct schema_list *list, struct err *err) MUST_USE;
enum holds condition_holds(const struct condition *condition, const struct case_facts *facts);
/* All of them; NO when one does not, else UNKNOWN when one is not known. An empty list holds. */
enum holds conditions_hold(const struct schema_list *list, const struct case_facts *facts);

/* 4 for "I" down to 1 for "IV"; 0: no grade. */
int grade_rank(struct str grade);

#endif
