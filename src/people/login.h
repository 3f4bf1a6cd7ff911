/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * login: passwords and codes proved, and what follows from it.
 *
 * In two steps, so that the 30 ms of a password never stop the records' writer: what was typed is verified on the caller's thread (one
 * of those for slow routes), then a work on the writer records it: counts a failure, or takes the code out of use and makes a session.
 * That work looks at account and throttle again, so many guesses sent at once gain nothing.
 *
 * What is answered does not tell whether there is such an account, or whether it is locked; an unknown one takes as long.
 */
#ifndef WARD_PEOPLE_LOGIN_H
#define WARD_PEOPLE_LOGIN_H

#include "people/session.h"

enum login_why {
	LOGIN_GOOD,
	LOGIN_WRONG,  /* one of login, password, code; or the account is locked */
	LOGIN_CODE,   /* the password is right, the second factor was not given */
	LOGIN_WAIT,   /* after too many wrong ones; .wait seconds */
};

struct login {
	struct str login, password;
	struct str code;           /* six digits, a recovery code, or STR_NONE */
	struct str address, agent;
	int64_t now;
};

struct login_done {
	enum login_why why;
	int64_t wait;
	struct user user;
	struct str token; /* of the new session, for the cookie */
	int64_t session, fresh_until;
};

/* 0 with out->why; negative when something failed. `db`: for reading. Waits for the writer: never call it there. */
int login_begin(struct arena *arena, const struct people *people, struct records *records, struct db *db, const struct login *login,
                struct login_done *out, struct err *err) MUST_USE;
/* The password of a session's owner once more. With `fresh` the code, too, and the session is fresh afterwards. */
int login_again(struct arena *arena, const struct people *people, struct records *records, struct db *db, const struct actor *actor,
                const struct login *login, bool fresh, struct login_done *out, struct err *err) MUST_USE;

#endif
