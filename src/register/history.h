/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * history: what the journal says of a record, sensitive fields masked.
 */
#ifndef WARD_REGISTER_HISTORY_H
#define WARD_REGISTER_HISTORY_H

#include "register/record.h"

enum { HISTORY_MOST = 1000 }; /* entries, the newest */

/* [{"seq", "time" (seconds), "actor", "action", "before", "after", "reason", "hash"}], oldest first. Whether the record may be seen, the
 * caller has asked. */
int history_put(struct arena *arena, struct db *db, const struct books *books, const struct register_ *reg, int64_t id, struct buf *out,
                struct err *err) MUST_USE;
/* The before or after of an entry of a register's, masked, as JSON; for whoever shows the journal. */
void history_put_values(struct arena *arena, const struct books *books, const struct register_ *reg, struct str json, struct buf *out);

#endif
