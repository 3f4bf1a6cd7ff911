/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * detection_findings: what rules found becomes findings, one for each (host or organisation, rule, subject).
 *
 * The host is the one of that name (the short name, where only one has it); a host that nobody knows stands in the subject, and the finding
 * is the installation's own organisation's. The subject is who it was about: of a correlation what its events have in common; of an
 * ordinary rule the first user and the first address among the fields that it looked at; nothing where it names neither. A rule with
 * SUBJECTS_MOST open findings makes no more by subject: further ones are one, so that whoever makes up names cannot fill the register.
 *
 * A finding is told of what was seen of it at once when it is new, else once in HOLD seconds; `times_seen` counts each detection. It stays
 * open until a person closes it: a rule that is silent proves nothing. Only what happened later opens it again.
 *
 * Which detections were dealt with is their column `finding`: NULL not yet, 0 not bad enough, otherwise the number of the finding.
 */
#ifndef WARD_CASE_DETECTION_FINDINGS_H
#define WARD_CASE_DETECTION_FINDINGS_H

#include "case/finding.h"
#include "detect/sigma.h"

enum { DETECTION_FINDINGS_HOLD = 600, DETECTION_FINDINGS_SUBJECTS = 100, DETECTION_FINDINGS_AT_ONCE = 2000 };

/* The only host of that name, else the only one of that short name; 0: none, or nobody can tell which. */
int detection_host(struct db *db, struct str name, int64_t *id, struct err *err) MUST_USE;
/* Detections of this level and worse, as many as one work may take. *more: there are others. Before the first login nothing is done. */
int detection_findings_update(struct write *write, const struct cases *cases, enum sigma_level least, bool *more, struct err *err) MUST_USE;
/* Is there anything that detection_findings_update() would look at? */
int detection_findings_due(struct db *db, bool *out, struct err *err) MUST_USE;

#endif
