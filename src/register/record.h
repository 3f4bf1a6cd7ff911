/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * record: one entry of a register: read, make, change, take through its states.
 *
 * Everything that changes a record goes through these four, whoever asks (a page, an import, a check, a timer): they check the
 * declaration, the states, who must differ, the version, number it, keep the journal, and call the hooks. What an actor may do at all
 * is decided here too (record_may()), so no caller can forget it.
 *
 * Values come and go as JSON objects by field: texts, numbers, true/false; dates "2026-11-23"; times as seconds; references, persons
 * and organisations by id; periods {"from": …, "to": …}; lists of those. Reading gives for a sensitive field its mask
 * ("3201**********1234") unless unmasked; a mask that comes back with a form means the value that is there.
 *
 * Ward itself (ACTOR_WARD) may everything, also what is read-only, automatic, or in its last state; who must differ is asked of
 * people only.
 *
 * Errors: -ENOENT there is none, or not for this actor; -EPERM not allowed; -EINVAL wrong values, with problems; -EEXIST the natural key
 * is taken; -ESTALE somebody was faster; -EACCES the password must be typed again (a transition that is `signed`).
 */
#ifndef WARD_REGISTER_RECORD_H
#define WARD_REGISTER_RECORD_H

#include "crypto/vault.h"
#include "data/json.h"
#include "record/records.h"
#include "register/register.h"

/* What a person did wrong in a form: several at once, each with its field. */
struct field_problem {
	struct str field; /* "": the record as a whole */
	struct note what;
};
struct field_problems { /* in the work's arena */
	struct field_problem *p;
	size_t n, room;
};

/* What other modules do when a record changes; called within the work, may refuse (-EPERM, -EINVAL with words) or change more. */
struct record_event {
	const struct register_ *reg;
	int64_t id, org;
	struct str action;               /* "create", "edit", "withdraw", or the transition's name */
	const struct doc *before, *after; /* the whole record as JSON values, sensitive fields sealed; before NULL: new */
	struct str reason;
};
struct register_hook {
	const char *reg; /* name; "*": every register */
	int (*after)(void *ctx, struct write *write, const struct record_event *event, struct err *err);
	void *ctx;
};

/* What records need besides the database: one for an installation, read-only after the start. */
struct books {
	const struct registers *registers;
	const struct vault *vault;
	const struct strings *roles;       /* names by bit of actor.roles */
	const struct register_hook *hooks; /* ends with a NULL reg */
	const struct calendar *calendar;   /* register/calendar.h; NULL: Saturdays and Sundays are free */
	const struct said *said;           /* register/said.h; NULL: texts are shown as they are stored */
};

/* May the actor do this with records of the register in general? */
bool record_may(const struct books *books, const struct actor *actor, const struct register_ *reg, enum record_right right);
/* May the actor see what belongs to this organisation? By ward_subtree(ancestor, org), which the register `org` keeps up. */
int record_sees(struct db *db, const struct actor *actor, int64_t org, bool *out, struct err *err) MUST_USE;

/* The record as a JSON object with all fields and system columns, and "_may": what this actor can do with it now
 * ({"edit": true, "transitions": ["approve"], …}). -ENOENT: there is none, or it is not for this actor: the same words. */
int record_get(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor,
               const struct register_ *reg, int64_t id, struct buf *out, struct err *err) MUST_USE;

/* Make one. `values`: a JSON object. -EINVAL with problems; -EEXIST: the natural key is taken; -EPERM. `problems` may be NULL. */
int record_create(struct write *write, const struct books *books, const struct register_ *reg, int64_t org,
                  const struct doc *values, int64_t *id, struct field_problems *problems, struct err *err) MUST_USE;
/* Change fields; those not named stay. `version`: what the person saw; 0: whatever it is. -ESTALE: somebody was faster. */
int record_edit(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, int64_t version,
                const struct doc *values, struct str reason, struct field_problems *problems, struct err *err) MUST_USE;
/* What record_create (id 0) or record_edit would say, without writing: for a dry run, on a connection that reads. A key that holds the
 * record's number is not compared. */
int record_check(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg,
                 int64_t org, const struct doc *values, int64_t id, struct field_problems *problems, struct err *err) MUST_USE;
/* Take it through a transition; `values` (may be NULL): fields that are set with it. */
int record_transition(struct write *write, const struct books *books, const struct register_ *reg, int64_t id,
                      int64_t version, struct str name, const struct doc *values, struct str reason,
                      struct field_problems *problems, struct err *err) MUST_USE;
/* Withdraw: it stays, marked, and is in no list unless asked for. */
int record_withdraw(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, int64_t version,
                    struct str reason, struct err *err) MUST_USE;
/* The id of the record whose natural key has these values; 0: none. Whose it is, is not asked: who changes it hears of it. */
int record_by_key(struct arena *arena, struct db *db, const struct books *books, const struct register_ *reg, int64_t org,
                  const struct doc *values, int64_t *id, struct err *err) MUST_USE;
/* A sensitive field in clear, journalled with the reason. */
int record_unmask(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, struct str name,
                  struct str reason, struct str *clear, struct err *err) MUST_USE;
/* Add a file to a field of type files; for register/files.h. Its name and digest go into the journal. */
int record_attach(struct write *write, const struct books *books, const struct register_ *reg, int64_t id, const struct field *field,
                  int64_t file, struct str name, struct str sha256, struct err *err) MUST_USE;

#endif
