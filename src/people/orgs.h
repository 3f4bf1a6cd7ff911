/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * orgs: the tree of organisations as people see it, and who stands in for whom.
 *
 * The tree itself is the register `org` with the table ward_subtree (register/org.h); posts with their A and B persons are the
 * register `post`. Any thread.
 */
#ifndef WARD_PEOPLE_ORGS_H
#define WARD_PEOPLE_ORGS_H

#include "record/records.h"

/* May the actor see what belongs to this organisation? 0 as organisation is the installation's: who sees everything does. */
int orgs_sees(struct db *db, const struct actor *actor, int64_t org, bool *out, struct err *err) MUST_USE;
/* Is there such an organisation, not withdrawn? */
int orgs_exists(struct db *db, int64_t org, bool *out, struct err *err) MUST_USE;
/* Does this person hold a post as B (stand-in) in this organisation today, of this kind of duty ("" or STR_NONE: any)? */
int people_post_b(struct db *db, int64_t person, int64_t org, struct str duty_kind, bool *out, struct err *err) MUST_USE;

#endif
