/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * drift: what changed between a kept inspection and this one.
 *
 * The kept one is the JSON that `ward inspect --save` writes. Verdicts are compared by the check's id:
 * new       it fails now and did not before (or was not there)
 * fixed     it failed before and passes now
 * changed   it fails in both, with other evidence; or it changed between pass, unknown and not-applicable,
 *           or from fail to one of the latter two
 */
#ifndef WARD_CHECK_DRIFT_H
#define WARD_CHECK_DRIFT_H

#include "check/inspection.h"

enum drift_kind { DRIFT_NEW, DRIFT_FIXED, DRIFT_CHANGED, DRIFT_KINDS };
extern const char *const drift_names[]; /* "new", "fixed", "changed", NULL */

struct drift_item {
	enum drift_kind kind;
	const struct verdict *verdict; /* of this inspection */
	int before;                    /* enum verdict_value, -1: was not there */
};

struct drift {
	struct str since;  /* when the kept one was taken, as it says */
	struct drift_item *p;
	size_t n, counts[DRIFT_KINDS];
};

/* -EINVAL when the file is not an inspection kept by ward, or is of another host. */
int drift_compare(struct arena *arena, struct source *kept, const struct inspection *now, struct drift *out,
                  struct err *err) MUST_USE;

#endif
