/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * carry: has orders (people/orders.h) carried out by the processes that may, one at a time, and writes down what came of them.
 *
 * - days of the archive: by the writer (role/upkeep.h);
 * - a new key that seals, a new authority: the supervisor is told one word (role/control.h), ends the keeper, and starts it with that task:
 *   before its walls go up it makes the new one and puts it in the old one's place (crypto/keyring.h, crypto/authority.h). That it was
 *   done is seen by what the new keeper holds, not believed;
 * - a new certificate of the server: by the server itself, which asks the keeper.
 *
 * It also tells the journal what was done to the archive without an order, on the machine itself while the office stood still: days
 * that were removed, holds that were released, keys that came. The chain of the archive says it, signed, so it cannot be left out.
 *
 * One thread: the server's own, by its timers.
 */
#ifndef WARD_ROLE_CARRY_H
#define WARD_ROLE_CARRY_H

#include "api/office.h"
#include "people/orders.h"
#include "role/keeper.h"
#include "role/office_web.h"
#include "role/timers.h"

struct carry {
	struct arena *arena;      /* of the process */
	const struct config *config;
	struct office *office;
	struct office_web *web;
	struct keeper **keeper;   /* the server's; changes when another one comes */
	int control;              /* of the supervisor */
	int writer;               /* -1: none */
	int64_t id;               /* the order that is under way; 0: none */
	enum order_what what;
	int64_t until;            /* monotonic: when it counts as not answered */
};

void carry_begin(struct carry *carry, struct timers *timers);
/* A socket towards the writer came; taken over. */
void carry_writer(struct carry *carry, int fd);
/* The writer's socket can be read. */
int carry_hear(struct carry *carry, struct err *err) MUST_USE;
/* Another keeper came, with another key or not. `other_key`: it signs with another one than before. */
int carry_keeper(struct carry *carry, bool other_key, struct err *err) MUST_USE;
/* May a keeper with another key take the place of the one that was? Only while that was ordered. */
bool carry_awaits_key(const struct carry *carry);
void carry_done(struct carry *carry);

#endif
