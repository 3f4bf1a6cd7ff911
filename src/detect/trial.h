/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * trial: a rule tried on its own examples (`ward: tests:`, see detect/sigma.h).
 *
 * Each event goes the way of a real one: a line through its parser, then the log sources that content/sources says it
 * belongs to, and their names of fields. An event that no known source of the rule's log source claims does not reach the
 * rule; when nothing at all is known of that log source, fields are taken as they are. The judgement is that of
 * detect/reference.h. For correlation rules, the rules referred to see every event, one second after the other where
 * events have no time of their own.
 */
#ifndef WARD_DETECT_TRIAL_H
#define WARD_DETECT_TRIAL_H

#include "detect/sigma.h"
#include "event/mapping.h"

struct trial {
	const struct sigma_rules *rules;
	const struct mappings *mappings;
	struct names *names;
};

/* `rules` are needed for correlations alone. */
void trial_init(struct trial *trial, const struct sigma_rules *rules, const struct mappings *mappings);
void trial_done(struct trial *trial);

/* Did the rule find the example? When it is not as expected, *why may say more. */
bool trial_run(struct trial *trial, struct arena *arena, const struct sigma_rule *rule, const struct sigma_example *example,
               struct note *why);

#endif
