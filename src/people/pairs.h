/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * pairs: what one person may begin and only another may let happen (双人操作).
 *
 * Who wants something dangerous has it written down (pair_propose()): the action, its object, the whole request as JSON, a reason. Another
 * person confirms or refuses it within a day. Confirming carries it out, in the same transaction, as the first one wrote it, with
 * their rights as they are now and both names in the journal. The request is sealed (crypto/vault.h) together with
 * action, object, initiator and time, so nobody who writes into the database can change what is confirmed or who began.
 *
 * Who may confirm: an active account of another person, with one of the roles that the action names, who sees the organisation it
 * is about, and whom it is not about.
 *
 * What can be confirmed is a list of actions, put together by the office (people_actions in api/office.h).
 */
#ifndef WARD_PEOPLE_PAIRS_H
#define WARD_PEOPLE_PAIRS_H

#include "people/user.h"

enum { PAIR_PAYLOAD = 64 * 1024, PAIR_REASON = 500 };

struct pair {
	int64_t id;
	struct str action, kind, roles, summary, reason; /* .roles: "leader security" */
	int64_t object, org;
	int64_t initiator, initiator_person;
	struct str initiator_name;
	int64_t created, expires;
	struct str state;          /* "open", "done", "refused", "expired" */
	int64_t decided, decided_by;
	struct str decided_name, decided_reason;
};

struct pair_action {
	const char *name;          /* "roles" */
	const char *roles;         /* who may confirm: "security leader auditor" */
	/* Do it: `payload` is the JSON that was written down; write->actor is the initiator, with both names. */
	int (*carry_out)(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err);
};

struct pair_new {
	const struct pair_action *action;
	struct str kind;           /* as in the journal: "user", a register */
	int64_t object, org;
	struct str payload;        /* a JSON object; PAIR_PAYLOAD at most */
	struct str summary;        /* one line for the list; no sensitive values */
	struct str reason;         /* required */
};

/* Within a work. The initiator is write->actor. */
int pair_propose(struct write *write, const struct people *people, const struct pair_new *make, int64_t *id, struct err *err) MUST_USE;
/* -ENOENT. */
int pair_get(struct arena *arena, struct db *db, int64_t id, int64_t now, struct pair *out, struct err *err) MUST_USE;
/* Those this person sees, newest first; open ones alone when `open`. */
int pair_list(struct arena *arena, struct db *db, const struct actor *actor, int64_t now, bool open, struct pair **out, size_t *n,
              struct err *err) MUST_USE;
/* May this person decide it? With words why not. (Refusing is also open to the initiator.) */
int pair_may(struct db *db, const struct people *people, const struct pair *pair, const struct actor *actor, struct err *err) MUST_USE;
/* Within a work. `actions`: ends with a NULL name. -EPERM, -ESTALE (decided or expired), -EBADMSG (it was tampered with), or what the
 * action says: then nothing has happened and it is still open. */
int pair_confirm(struct write *write, const struct people *people, const struct pair_action *actions, void *ctx, int64_t id,
                 struct str reason, struct err *err) MUST_USE;
int pair_refuse(struct write *write, const struct people *people, int64_t id, struct str reason, struct err *err) MUST_USE;

#endif
