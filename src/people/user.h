/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * user: accounts: made, changed, locked, given roles; with the journal kept and sessions ended as the change asks.
 *
 * An account is one person's, a person has one account at most, and the three separated roles (people/roles.h) are never one
 * account's. Nobody changes their own roles or state. Accounts are never deleted but disabled. A password, a hash, a secret never
 * comes into the journal. Functions with a `struct write` run within a work; hashes are made before it (people/password.h).
 */
#ifndef WARD_PEOPLE_USER_H
#define WARD_PEOPLE_USER_H

#include "people/people.h"

enum user_state { USER_ACTIVE, USER_LOCKED, USER_DISABLED };
extern const char *const user_state_names[]; /* "active", "locked", "disabled", NULL */

enum { USER_LOGIN_MOST = 64, USER_NAME_MOST = 100 };

/* An account as it is kept; texts in the arena. */
struct user {
	int64_t id, person, org, version;
	struct str login, name;
	int state;              /* enum user_state */
	struct str password;    /* hash; STR_NONE: none yet, or the directory's */
	int64_t password_at;
	bool must_change;
	struct str history;     /* JSON list of the hashes before */
	struct str totp, totp_new; /* sealed; STR_NONE */
	int64_t totp_step;
	struct str recovery;
	struct str lang, theme;
	bool directory;         /* logs in by LDAP */
	uint64_t roles;
};

/* Small letters, digits, ". _ - @", 2 to 64, beginning with a letter or digit. Capitals are made small first. */
bool user_login_fold(struct arena *arena, struct str login, struct str *out);

/* -ENOENT. */
int user_by_login(struct arena *arena, struct db *db, const struct people *people, struct str login, struct user *out,
                  struct err *err) MUST_USE;
int user_by_id(struct arena *arena, struct db *db, const struct people *people, int64_t id, struct user *out, struct err *err) MUST_USE;
/* The names that must not stand in a password: login, name, organisation. */
int user_personal(struct arena *arena, struct db *db, const struct people *people, const struct user *user, struct strings *out, struct err *err) MUST_USE;

/* What a person may be told about an account, as members of a JSON map that is open. */
void user_put(struct buf *out, struct arena *arena, const struct people *people, const struct user *user);

struct user_new {
	struct str login, name; /* folded */
	int64_t person, org;
	struct str hash;        /* STR_NONE: with the directory */
	bool must_change;
	enum lang lang;
};
/* -EEXIST: the login, or the person, has an account. No roles. */
int user_create(struct write *write, const struct user_new *make, int64_t *id, struct err *err) MUST_USE;
/* Name, organisation, language, theme: those that are not STR_NONE or 0. */
struct user_change {
	struct str name, lang, theme;
	int64_t org;
};
int user_edit(struct write *write, const struct user *user, const struct user_change *change,
              struct err *err) MUST_USE;
/* Lock, unlock, disable. Ends the account's sessions and tokens unless it becomes active. */
int user_set_state(struct write *write, const struct user *user, enum user_state state, struct str reason,
                   struct err *err) MUST_USE;
/* All roles at once. -EPERM: they may not be one person's, or are the actor's own. Ends the account's sessions. */
int user_set_roles(struct write *write, const struct people *people, const struct user *user, uint64_t roles, struct str reason,
                   struct err *err) MUST_USE;
/* A new hash; ends all sessions but `keep` (0: all). `action`: "password", or "reset" when somebody else gave it. */
int user_set_password(struct write *write, const struct user *user, struct str hash, bool must_change,
                      int64_t keep, const char *action, struct err *err) MUST_USE;
/* Is it the one now, or one of the last five? Slow (hashes): not within a work. */
bool user_knew_password(const struct user *user, struct str password);
/* Begin with a new secret (sealed), or put the one begun in force. */
int user_begin_second_factor(struct write *write, const struct user *user, struct str sealed,
                             struct err *err) MUST_USE;
int user_confirm_second_factor(struct write *write, const struct user *user, int64_t step,
                               struct str recovery, int64_t keep, struct err *err) MUST_USE;
/* Take the second factor away (a lost telephone): the next login asks for a new one where a role needs it. */
int user_drop_second_factor(struct write *write, const struct user *user, struct str reason,
                            struct err *err) MUST_USE;
/* An entry in the journal about an account. */
int user_journal(struct write *write, const struct user *user, const char *action, struct str before, struct str after, struct str reason,
                 struct err *err) MUST_USE;

#endif
