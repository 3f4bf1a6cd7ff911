/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * management_kept: what the last run of the management checks said, table ward_management.
 *
 *	check_id   the check
 *	value      its verdict, over the whole installation
 *	since      since when it has been so; seen: when it was judged last; seconds
 *	partial    of a fail: not everything could be seen
 *	reason     of unknown and partial: a JSON object by language, or NULL
 *	found      how many things violate it; each has its finding (case/finding.h)
 *
 * A check that the last run did not judge any more has no row. Within a work; one thread.
 */
#ifndef WARD_CASE_MANAGEMENT_KEPT_H
#define WARD_CASE_MANAGEMENT_KEPT_H

#include "case/observed.h"
#include "record/records.h"

extern const struct migration management_migrations[]; /* 430 */

/* All that a run observed. */
int management_keep(struct write *write, const struct observations *seen, struct err *err) MUST_USE;

#endif
