/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * orders: what carries a confirmed order out, for people_actions (api/pairs.c): it is written down for role/carry.h.
 */
#ifndef WARD_API_ORDERS_H
#define WARD_API_ORDERS_H

#include "api/door.h"

#define PAIR_INSTALLATION "security leader auditor" /* who confirms what is done to archive and keys */

int order_do(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err) MUST_USE;

#endif
