/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * throttle: how long somebody must wait before the next login, after wrong ones.
 *
 * Counted three ways, each forgotten a day after the last failure:
 *
 *	account from an address   after 5 wrong ones 1 s, then twice as long each time, 15 minutes at most
 *	an address (IPv6: its /64) the same after 20, whatever accounts it tries
 *	an account from anywhere  the same after 50, one minute at most, and not for an address from which its owner logged in within
 *	                          30 days: strangers can slow guessing down, not keep a person out
 *
 * Accounts and addresses are kept as keyed digests. While one must wait, passwords are not even looked at.
 */
#ifndef WARD_PEOPLE_THROTTLE_H
#define WARD_PEOPLE_THROTTLE_H

#include "people/people.h"

struct attempt {
	struct str login;   /* folded; what was typed when it is no login at all */
	struct str address;
	int64_t user;       /* 0: there is no such account */
};

/* Seconds; 0: go on. */
int throttle_wait(struct arena *arena, struct db *db, const struct people *people, const struct attempt *attempt, int64_t now,
                  int64_t *seconds, struct err *err) MUST_USE;
/* One more. Within a work. */
int throttle_failed(struct write *write, const struct people *people, const struct attempt *attempt, struct err *err) MUST_USE;
/* It was the owner: forget the account's failures from this address. */
int throttle_passed(struct write *write, const struct people *people, const struct attempt *attempt, struct err *err) MUST_USE;

/* Count one more sensitive value that write->actor sees unmasked. *alone: not too many in this hour and the one before
 * (people_limits.unmask_alone); what a second person permitted within the hour (pairs of the action "unmask") counts as UNMASK_PERMIT more. */
enum { UNMASK_PERMIT = 200 };
int throttle_unmask(struct write *write, const struct people *people, bool *alone, struct err *err) MUST_USE;

#endif
