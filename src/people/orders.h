/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * orders: what two persons decided about the installation itself, and another process than the server carries out.
 *
 * The server may neither remove days of the archive nor touch a private key. What was confirmed (people/pairs.h) is therefore written
 * down as an order, in the transaction of the confirmation; role/carry.h hands the oldest open one to the process that may, and writes
 * down what came of it. So an order survives whoever dies, is never lost, and ends as "done" or "failed" with the words of that
 * process. One that was asked for and not answered (the server died) is asked again, unless it was done: what a new key or authority is to
 * replace is written down when it is first asked for, and when something else is there, that is what came of it. Days that are gone are not
 * there a second time, and a certificate of the server may be made twice without harm.
 *
 * Every order is three entries of the journal, beside those of its pair: "give", then "done" or "failed".
 */
#ifndef WARD_PEOPLE_ORDERS_H
#define WARD_PEOPLE_ORDERS_H

#include "people/people.h"

enum order_what {
	ORDER_REMOVAL,        /* days of the archive older than .value */
	ORDER_KEY,            /* a new key that seals archive and journal */
	ORDER_AUTHORITY,      /* a new authority, and a new certificate of the server by it */
	ORDER_CERTIFICATE,    /* a new certificate of the server */
	ORDER_WHATS,
};
extern const char *const order_names[]; /* "removal" …; NULL-terminated */

enum { ORDER_TRIES = 5 };

struct order {
	int64_t id;
	enum order_what what;
	int64_t value;
	struct str place;         /* machine_id of the machine whose archive and keys are meant: several servers may share the records */
	struct str by, reason;    /* by: both names */
	int64_t given, tries, ended;
	struct str state;         /* "open", "done", "failed" */
	struct str outcome;       /* JSON, when it has ended */
	struct str held;          /* what was there when it was first asked for, and is to be replaced; "": nothing is */
};

/* Within a work. The actor is the initiator, with both names. */
int order_give(struct write *write, enum order_what what, int64_t value, struct str place, struct str reason, int64_t *id,
               struct err *err) MUST_USE;
/* The oldest open one of this machine. 1; 0: none. */
int order_next(struct arena *arena, struct db *db, struct str place, struct order *out, struct err *err) MUST_USE;
/* Newest first, `limit` at most. */
int order_list(struct arena *arena, struct db *db, int64_t limit, struct order **out, size_t *n, struct err *err) MUST_USE;
/* Within a work: it is being asked for. `held`: what it replaces, kept the first time. */
int order_asked(struct write *write, int64_t id, struct str held, struct err *err) MUST_USE;
/* Within a work: what came of it, as a JSON object. */
int order_end(struct write *write, const struct order *order, bool done, struct str outcome, struct err *err) MUST_USE;

#endif
