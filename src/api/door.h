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
/* Answer 202: another person has to confirm it. */
void door_pair(struct request *request, int64_t pair);
/* Run a work for the request's actor and wait; from a ROUTE_READ handler that is slow before it writes. */
int door_write(struct request *request, records_work work, void *ctx, struct err *err) MUST_USE;

/* ---- what a second person confirms ---- */

#define PAIR_ACCOUNTS "security leader auditor" /* who confirms what is done to accounts */

/* All of it; ends with a NULL name. To add one: a line there, and a function that carries it out. */
extern const struct pair_action people_actions[];
const struct pair_action *door_action(const char *name);
/* A transition with `confirmed: true`: write it down and answer 202. Everything that can be said against it now is said now. */
int door_propose_transition(struct request *request, const struct register_ *reg, int64_t id, int64_t version, struct str name,
                            const struct doc *values, struct str reason, struct err *err) MUST_USE;
/* Before a value is unmasked. *go false: it has been too many, and a permit waits for a second person (202 is answered). */
int door_unmask(struct request *request, const struct register_ *reg, int64_t id, struct str reason, bool *go, struct err *err) MUST_USE;

/* Those of users.c. */
int user_do_roles(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err) MUST_USE;
int user_do_second_factor(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err) MUST_USE;
int user_do_disable(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err) MUST_USE;

#endif
