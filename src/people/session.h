/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * session: who is asking: sessions of the console, tokens of programs.
 *
 * A session's token is 256 random bits in the cookie __Host-ward; the records hold its SHA-256 alone. It ends when nobody used it
 * for half an hour, twelve hours after its login, by logging out, and when password, roles, organisation, state or second factor of its
 * account change. The CSRF value is an HMAC keyed with the token, so it is known to nobody without the cookie and kept nowhere.
 *
 * An API token is "ward_" with 64 hexadecimal digits, shown once. It has an end and a scope, never more than its owner may: words
 * like "read", "read:records:finding", "write:incidents", apart by blanks. What follows the verb are the parts of the
 * path behind /api. "write" covers changing and reading, "read" what changes nothing.
 */
#ifndef WARD_PEOPLE_SESSION_H
#define WARD_PEOPLE_SESSION_H

#include "people/user.h"

enum session_must { MUST_NOTHING, MUST_PASSWORD, MUST_SECOND_FACTOR };
extern const char *const session_must_names[]; /* NULL, "password", "second-factor" */

enum { SESSION_TOKEN = 64, SCOPE_MOST = 500, SCOPE_WORDS = 32 };

/* Who it is; texts in the arena. */
struct session {
	struct actor actor;      /* .id 0: nobody. Without roles while something must be done first */
	struct user user;
	enum session_must must;
	struct str csrf;         /* STR_NONE: by token */
	struct str scope;        /* of a token */
	int64_t expires, created;
	bool stale;              /* "seen" wants to be written (session_touch()) */
};

/* What the account must do before anything else. */
enum session_must session_must_of(const struct people *people, const struct user *user, int64_t now);
/* The actor of an account, without session. */
struct actor session_actor(struct arena *arena, const struct people *people, const struct user *user, bool whole);
/* May this person's organisation see everything? It is the root that the first login made (setting "root_org"). */
int session_is_whole(struct db *db, int64_t org, bool *out, struct err *err) MUST_USE;

/* By the cookie's value, or a bearer token. A wrong, old or ended one: 0 with actor.id 0. */
int session_by_cookie(struct arena *arena, struct db *db, const struct people *people, struct str token, int64_t now,
                      struct session *out, struct err *err) MUST_USE;
int session_by_token(struct arena *arena, struct db *db, const struct people *people, struct str token, int64_t now,
                     struct session *out, struct err *err) MUST_USE;
/* Note that it was used; does not wait. */
void session_touch(struct records *records, const struct session *session, int64_t now);

/* Within a work: a session for this account; ends the oldest beyond the limit. *token: for the cookie. */
int session_make(struct write *write, const struct people *people, const struct user *user, struct str address, struct str agent,
                 struct str *token, int64_t *id, struct err *err) MUST_USE;
int session_end(struct write *write, int64_t id, const char *why, struct err *err) MUST_USE;
/* All of an account but `keep` (0: all). */
int session_end_all(struct write *write, int64_t user, int64_t keep, const char *why, struct err *err) MUST_USE;
int session_make_fresh(struct write *write, const struct people *people, int64_t id, int64_t *until, struct err *err) MUST_USE;
/* What a session's writing requests carry, of its token. */
struct str session_csrf(struct arena *arena, struct str token);
/* The value of Set-Cookie; `token` "": takes it back. */
struct str session_cookie(struct arena *arena, struct str token);

/* ---- tokens ---- */

/* Is it written rightly? *why says what is wrong. */
bool scope_good(struct str scope, struct note *why);
/* Does it cover this path ("/api/records/finding/7")? `reads`: nothing is changed. */
bool scope_covers(struct str scope, bool reads, struct str path);
int token_make(struct write *write, const struct people *people, const struct user *user, struct str name, struct str scope,
               int64_t expires, struct str *token, int64_t *id, struct err *err) MUST_USE;
/* -ENOENT: it is not this account's (user 0: anybody's). */
int token_end(struct write *write, int64_t id, int64_t user, struct err *err) MUST_USE;
int token_end_all(struct write *write, int64_t user, struct err *err) MUST_USE;

#endif
