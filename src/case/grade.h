/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * grade: how grave an incident is by a grading of content/grading, with everything that led there.
 *
 * The grade is the gravest with an indicator that is met. What is not answered is never taken for "no": an indicator that hangs on it
 * is `unknown`, and when it is of a graver grade than the one found, the result says that it may still rise, and which answers are missing.
 */
#ifndef WARD_CASE_GRADE_H
#define WARD_CASE_GRADE_H

#include "case/law.h"

struct grade_found {
	const struct indicator *indicator;
	enum holds holds;
};

struct grade_result {
	const struct grading *grading;
	struct str grade;            /* "III"; `otherwise` when nothing is met */
	bool may_rise;               /* an indicator of a graver grade is unknown */
	bool unverified;             /* what decided it has not been compared with its source */
	struct grade_found *found;   /* all indicators, in the order of the file */
	size_t n;
	struct strings missing;      /* inputs without an answer that a graver grade hangs on */
};

void grade_calculate(struct arena *arena, const struct grading *grading, const struct case_facts *facts, struct grade_result *out);
/* The result as a member of an object that is being built: {grade, may_rise, unverified, grading, basis, inputs, indicators, missing}. */
void grade_put(struct buf *out, const char *name, const struct grade_result *result, const struct case_facts *facts);
/* A list of conditions with what they ask; with facts also what they found: [{field, at_least, value, holds}]. */
void conditions_put(struct buf *out, const char *name, const struct schema_list *list, const struct case_facts *facts);
/* {"zh-CN": …, "vi": …, "en": …} */
void text_put(struct buf *out, const char *name, const struct text *text);

#endif
