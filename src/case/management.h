/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * management: checks of the office itself: what the registers say, and what they say against what hosts and events show.
 *
 * Declared in content/management/TOPIC.yaml in the form of check/check.h. `violations` is one SELECT over the office (case/overview.h):
 *
 *	SELECT org, subject, … FROM …
 *
 * org       whose the finding is, a record of the register `org`; NULL: the installation's own
 * subject   what it is about, a number or name, the same from run to run
 * host      where there is such a column: the host it is about
 * others    evidence; rows of the same org, host and subject are one finding
 *
 * applies gives no row where there is nothing to judge (an empty register, no host, no events): not-applicable, never a pass.
 * A table of hosts that some host has not delivered, lately and whole, makes the verdict unknown unless something was found all the same;
 * with `absent`, also then. :name is bound from `params`, or as a profile has it under "<check id>.<name>" (check/profile.h); a check that a
 * profile skips is not-applicable.
 *
 * management_run() judges all of them at one moment; case/finding.h makes findings of what it returns.
 */
#ifndef WARD_CASE_MANAGEMENT_H
#define WARD_CASE_MANAGEMENT_H

#include "case/observed.h"
#include "case/overview.h"
#include "check/profile.h"

enum {
	MANAGEMENT_ROWS = 100,      /* kept of one finding's evidence; the others are counted */
	MANAGEMENT_FINDINGS = 10000 /* of one check; there may be more */
};

/* All of content's management/, as checks_load(). */
int management_load(struct arena *arena, const struct content *content, struct checks *out, struct err *err) MUST_USE;

/* `regime`, `office`: the profiles in force, or NULL; -EINVAL when one sets what no check asks for. The overview must be new: its
 * statements are asked and loaded here. Of a check whose SQL is wrong the verdict is unknown with SQLite's words. */
int management_run(struct arena *arena, struct overview *overview, const struct checks *checks, const struct profile *regime,
                   const struct profile *office, struct observations *out, struct err *err) MUST_USE;

/* What is wrong with a check's SQL, or the columns it gives; 0 when nothing. `overview` may be an empty one. */
int management_lint(struct overview *overview, const struct check *check, struct err *err) MUST_USE;

/* The registers, host tables and others that a check reads, by name; nothing when its SQL is wrong. */
struct strings management_tables(struct arena *arena, struct overview *overview, const struct check *check);

#endif
