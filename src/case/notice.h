/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * notice: warnings and notices (预警、通报), records of the register `notice`.
 *
 * A new one gets the moments by which it is to be acknowledged and answered, by its colour (content/notices.yaml), unless it says them
 * itself. It is handed to organisations below as a notice of their own that refers to it, and what it asks for becomes findings of the
 * assets it names.
 */
#ifndef WARD_CASE_NOTICE_H
#define WARD_CASE_NOTICE_H

#include "case/cases.h"

int notice_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err);

/* Hand it to organisations straight below its own: those of `orgs` (a JSON list of ids), or all when NULL. What was handed on before is
 * not handed on again. *made: how many. -EINVAL: an organisation that is not straight below. */
int notice_relay(struct write *write, const struct cases *cases, int64_t id, const struct doc *orgs, size_t *made, struct err *err) MUST_USE;
/* A finding (source: notice) for each of its assets, or one for the organisation when it names none; those there are stay. */
int notice_findings(struct write *write, const struct cases *cases, int64_t id, size_t *made, struct err *err) MUST_USE;

#endif
