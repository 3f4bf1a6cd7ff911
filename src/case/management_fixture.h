/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * management_fixture: a made-up office for which the verdict of a management check is known.
 *
 * A file is a list; each entry belongs to one check and holds cases under the verdict they must give:
 *
 *	- check: account-left
 *	  now: 1764000000                  # optional; the moment, also for today()
 *	  fail:
 *	    - account: [{org: 1, login: wang, state: active, person: 3}]   # rows of registers, of host tables, fleet, events
 *	      person: [{id: 3, org: 1, state: left}]
 *	      subjects: [wang]             # optional: what is found, exactly
 *	  pass: […]
 *	  not-applicable: [{}]
 *	  unknown: [{hide: [listening], fleet: [{host: 1}]}]
 *
 * A value "=now-86400" or "=today-30" is a moment or a date counted from `now`. Of every passing case each table of hosts that the check
 * reads is hidden, one after the other: the verdict must then be unknown.
 */
#ifndef WARD_CASE_MANAGEMENT_FIXTURE_H
#define WARD_CASE_MANAGEMENT_FIXTURE_H

#include "case/management.h"
#include "check/fixture.h"

int management_fixture_run(struct arena *arena, const struct registers *registers, const struct checks *checks, struct source *source,
                           struct fixture_results *out, struct err *err) MUST_USE;

#endif
