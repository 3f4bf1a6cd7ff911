/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * trial: a rule tried on its own examples (`ward: tests:`, see detect/sigma.h).
 *
 * Each event goes the way of a real one: a line through its parser, then the log sources that content/sources says it
 * belongs to, and the engine with all rules. Correlations see what these find, one second after the other where events
 * have no time of their own. When content/sources knows no source of the rule's log source, fields are taken as they are and
 * detect/reference.h judges.
 */
#ifndef WARD_DETECT_TRIAL_H
#define WARD_DETECT_TRIAL_H

#include "detect/detector.h"

struct trial {
	const struct sigma_rules *rules;
	const struct mappings *mappings;
	struct ruleset *ruleset;
	struct detector *detector;
	struct names *names;
};

/* Compiles the rules; one that cannot be is added to the problems. */
int trial_init(struct trial *trial, const struct sigma_rules *rules, const struct mappings *mappings, struct arena *arena,
               struct sigma_problems *problems, struct err *err) MUST_USE;
void trial_done(struct trial *trial);

/* Did the rule find the example? When it is not as expected, *why may say more. */
bool trial_run(struct trial *trial, struct arena *arena, const struct sigma_rule *rule, const struct sigma_example *example,
               struct note *why);

#endif
