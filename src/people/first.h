/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * first: the one-time link with which an installation gets its organisation and its first person.
 *
 * `ward up` makes a link when there is no account yet, and prints it; it is good for a day, once, and only while there is no
 * account. Whoever opens it names the organisation and themselves and becomes *security*, nothing else: they can make accounts and
 * propose roles, but not run the system and not audit it. How the three separated roles begin without one person holding two:
 *
 * 1. The first person makes the accounts of two other persons and gives them `operator` and `auditor`. As long as there is nobody else who
 *    could confirm (people/pairs.h), roles are given by one person alone; each such entry of the journal says so in its reason.
 * 2. From then on every change of roles is confirmed by a second person, so the auditor sees and confirms what follows, and can
 *    check in the journal what was given before.
 *
 * That way back does not open again by locking or disabling others: accounts count until they are disabled, and disabling one that
 * has roles is confirmed by a second person, too.
 */
#ifndef WARD_PEOPLE_FIRST_H
#define WARD_PEOPLE_FIRST_H

#include "people/user.h"

enum { FIRST_SECONDS = 86400 };

/* A new token, in the arena; those before are void. 1 and *token; 0: there are accounts already. */
int first_token_make(struct arena *arena, struct records *records, struct str *token, struct err *err) MUST_USE;

struct first {
	struct str token, name, login, password, org_name, kind, address, agent;
	enum lang lang;
};
struct first_done {
	int64_t user, person, org;
	struct str token; /* of the session */
};
/* -EACCES: the link is wrong, used or old. -EINVAL with *field and *why (which may stay as they were). Not on the writer's thread. */
int first_token_use(struct arena *arena, const struct people *people, struct records *records, struct db *db, const struct first *first,
                    struct first_done *out, const char **field, struct note *why, struct err *err) MUST_USE;

#endif
