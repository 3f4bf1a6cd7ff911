/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * door: who stands behind a request, and small things that the resources about people share.
 */
#ifndef WARD_API_DOOR_H
#define WARD_API_DOOR_H

#include "api/office.h"
#include "people/pairs.h"
#include "people/session.h"
#include "web/exchange.h"

/* For struct web_hooks; ctx is the office. Knows sessions and tokens; who must first change a password or set up the second factor gets no
 * further than that (401 "password", "second-factor"), and a token no further than its scope. */
int door_authenticate(void *ctx, struct request *request, const struct credentials *credentials, struct err *err) MUST_USE;

/* The body's members are among these ("lang theme"): what is not meant to be set cannot be slipped in. -EINVAL. */
int door_only(struct request *request, const char *names, struct err *err) MUST_USE;
int door_flag(struct request *request, const char *name, bool *out, struct err *err) MUST_USE;
/* Answer 202: another person has to confirm it. */
void door_pair(struct request *request, int64_t pair);
/* Run a work for the request's actor and wait; from a ROUTE_READ handler that is slow before it writes. */
int door_write(struct request *request, records_work work, void *ctx, struct err *err) MUST_USE;

/* What a second person confirms, of the whole office; ends with a NULL name. Each resource gives its own. */
extern const struct pair_action people_actions[];

#endif
