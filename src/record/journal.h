/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * journal: the hash-linked list of all changes, table ward_journal.
 *
 * An entry's hash is the SHA-256, in hexadecimal, of a text: a line "ward journal 1", the hash before (64 zeros for the first), then
 * seq, time, actor, actor_name, kind, object, org, action, before, after, reason, each as a line "<length>:<bytes>" in bytes ("-" for
 * NULL; numbers in decimal). So nothing can be taken out, put in, or changed without all later hashes changing.
 *
 * Times never decrease. While the machine's clock stands before the last entry's time, entries carry that time, and the first of them
 * is an entry of the kind "clock", action "behind", that says what the clock showed.
 */
#ifndef WARD_RECORD_JOURNAL_H
#define WARD_RECORD_JOURNAL_H

#include "record/records.h"

enum { JOURNAL_HASH = 64 };

struct journal_head {
	int64_t seq;  /* 0: empty */
	int64_t time; /* of the last entry */
	bool behind;  /* that the clock stands before it was said */
	char hash[JOURNAL_HASH + 1];
};

struct journal_entry {
	int64_t time; /* nanoseconds since 1970 */
	int64_t actor;
	struct str actor_name;
	struct change change;
};

int journal_head_read(struct db *db, struct journal_head *out, struct err *err) MUST_USE;
/* Insert the next entry; the head moves. */
int journal_add(struct db *db, struct journal_head *head, const struct journal_entry *entry, struct err *err) MUST_USE;
/* The hash of an entry that follows `before`. */
void journal_hash(const char *before, int64_t seq, const struct journal_entry *entry, char out[JOURNAL_HASH + 1]);

#endif
