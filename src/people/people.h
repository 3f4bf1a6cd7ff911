/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * people: what everything about accounts shares: roles, the vault, what passwords are known, limits.
 *
 * Made once at the start, read-only afterwards; threads share it. Tables (migrations 100 to 199):
 *
 *	ward_user       accounts; a password is a yescrypt hash (crypt(5)), a second factor's secret sealed in the vault
 *	ward_user_role  their roles, with who granted them
 *	ward_session    sessions: of a token only the SHA-256 is kept
 *	ward_token      API tokens, the same
 *	ward_pair       what a second person must confirm
 *	ward_attempt    failed logins, by keyed digests of account and address: never a name, since people type passwords there
 *	ward_first      the one-time link of the first login
 */
#ifndef WARD_PEOPLE_PEOPLE_H
#define WARD_PEOPLE_PEOPLE_H

#include "people/password.h"
#include "people/roles.h"
#include "record/records.h"
#include "register/record.h"

/* Seconds unless said otherwise. Zero: the value behind it. */
struct people_limits {
	int64_t idle;           /* 1800: a session nobody used ends */
	int64_t absolute;       /* 43200: and any, after that */
	int64_t sessions;       /* 5 at once for one person; the oldest ends */
	int64_t fresh;          /* 300: for signing, after the password was typed */
	int64_t password_days;  /* 180; -1: a password may stay for ever */
	int64_t token_days;     /* 365: an API token lives no longer */
	int64_t pair_hours;     /* 24: then nobody can confirm it any more */
	int64_t unmask_alone;   /* 20 sensitive fields in an hour; more need a second person */
};

struct pair_action;
struct people_ldap; /* people/directory.h */

struct people {
	const struct roles *roles;
	const struct vault *vault;
	const struct books *books;         /* organisations and persons are made by it; NULL in tests without registers */
	struct passwords *passwords;
	const struct people_ldap *ldap;    /* NULL: no directory */
	/* Told at each login by the directory why it could not be asked, or NULL when it answered; any thread. May be NULL. */
	void (*heard_directory)(void *ctx, const char *why);
	void *heard_ctx;
	struct people_limits limits;
	const struct pair_action *actions; /* what a second person confirms, people/pairs.h; set by the office */
};

extern const struct migration people_migrations[];

/* Loads the known passwords and the library of the second factor (before a sandbox closes the way to it), and fills in limits. The
 * handles given stay the caller's. */
int people_open(const struct content *content, const struct roles *roles, const struct vault *vault, const struct books *books,
                const struct people_limits *limits, struct people **out, struct err *err) MUST_USE;
void people_close(struct people *people);
void people_close_p(struct people **people);

/* Within a work: the record in the register of persons that a new account is bound to, with no more than a name; *id 0 without registers. */
int people_person(struct write *write, const struct people *people, int64_t org, struct str name, int64_t *id, struct err *err) MUST_USE;

#endif
