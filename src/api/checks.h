/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * checks: what the resources over checks share, those of hosts and those of the registers: how a check is told.
 */
#ifndef WARD_API_CHECKS_H
#define WARD_API_CHECKS_H

#include "api/office.h"

/* Members of an open map: what a list shows of a check; what its page shows besides. */
void checks_put(struct buf *out, const struct check *check);
void checks_put_more(struct buf *out, const struct check *check);
/* Why a verdict is unknown, which was kept in each language; STR_NONE. */
struct str checks_reason(struct request *request, struct str json);

#endif
