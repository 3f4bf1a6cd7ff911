/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * history: what the journal says of a record, sensitive fields masked.
 */
#ifndef WARD_REGISTER_HISTORY_H
#define WARD_REGISTER_HISTORY_H

#include "register/titles.h"

enum { HISTORY_MOST = 1000 }; /* entries, the newest */

/* The before and after of one entry; reg: of the register that it is about, or NULL. */
struct history_values {
	const struct register_ *reg;
	const struct doc *before, *after; /* maps; NULL: there was none */
};

void history_read(struct arena *arena, const struct register_ *reg, struct str before, struct str after, struct history_values *out);
/* All that the values refer to. */
void history_want(struct titles *titles, const struct history_values *values);
/* "before": {…}, "after": {…}, and what the ids among them are called, as they are called today: "titles": {"person": {"4": "…"}}. */
void history_put_values(struct buf *out, const struct titles *titles, const struct history_values *values);

/* Ward's own reason (of the actor 0) in the reader's language; a person's stays. */
struct str history_reason(enum lang lang, int64_t actor, struct str reason);
/* [{"seq", "time" (seconds), "actor", "action", "before", "after", "titles", "reason", "hash"}], oldest first. Whether the record may be
 * seen, the caller has asked. */
int history_put(struct arena *arena, struct db *db, const struct books *books, enum lang lang, const struct register_ *reg, int64_t id,
                struct buf *out, struct err *err) MUST_USE;

#endif
