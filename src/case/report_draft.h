/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * report_draft: the first, progress and final report of an incident, drafted from its record as a page for printing on A4.
 *
 * What a report says is data, content/reports/incident.yaml: for each jurisdiction and stage
 *
 *	- jurisdiction: CN
 *	  stage: first                  # first, progress, final
 *	  title: {…}
 *	  basis: …
 *	  sections:
 *	    - title: {…}
 *	      items:
 *	        - {label: {…}, fact: t0, as: moment, when: [{field: ransom, is: true}]}
 *
 * `fact` is one of the incident's (case/incident.h) or system_NAME; `as`: text, moment, person, system, category, grade, timeline,
 * evidence, findings. A fact that is not known is a gap for a person to fill in, never made up. How it looks is
 * content/reports/incident.html.
 */
#ifndef WARD_CASE_REPORT_DRAFT_H
#define WARD_CASE_REPORT_DRAFT_H

#include "case/incident.h"

/* *gaps (may be NULL): how many facts are missing. -ENOENT: no such incident, or no such report where it is. */
int report_draft(struct arena *arena, struct db *db, const struct cases *cases, const struct content *content, int64_t id,
                 enum report_stage stage, enum lang lang, int64_t now, struct buf *out, size_t *gaps, struct err *err) MUST_USE;

#endif
