/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * journal_verify: is the journal what was written, and do the records say what it says?
 *
 * Over every entry: numbers without a gap, each hash from the one before, times that do not go back. Over every seal: its own chain,
 * the head it names, the signature. Over every register (record/tables.h) and every row of it: the fields it has now are those that the
 * journal said last, and no field is filled in that it never named. Bounded memory: entries by pages, rows of a register beside their entries in order of id.
 *
 * What nobody can prove from the database alone: that the newest entries were not cut off together with their seals. Keep the head
 * elsewhere.
 */
#ifndef WARD_RECORD_JOURNAL_VERIFY_H
#define WARD_RECORD_JOURNAL_VERIFY_H

#include "base/vec.h"
#include "crypto/sign.h"
#include "record/journal.h"

enum { JOURNAL_PROBLEMS = 100 /* kept with their words */ };

struct journal_problem {
	int64_t seq;      /* of the entry; 0: not about one */
	int64_t seal;     /* number of the seal; 0: likewise */
	struct str table; /* a row of it, or STR_NONE */
	int64_t id;
	struct note what;
};

struct journal_verify {
	/* given */
	const struct public_key *keys; /* those trusted; none: whatever keys the seals carry */
	size_t n_keys;
	struct journal_head head;      /* written down earlier, must still be there; seq 0: none */
	void (*progress)(void *ctx, uint64_t done, uint64_t all); /* rows and entries; may be NULL */
	void *ctx;
	/* found */
	int64_t entries, seals, sealed; /* sealed: the last entry under a good seal */
	int64_t registers, rows, behind; /* behind: times that the clock stood behind */
	int64_t first_time, last_time;
	struct journal_head end;        /* where the journal stands */
	VEC(struct str) key_ids;        /* that sealed */
	VEC(struct journal_problem) problems;
	uint64_t n_problems;            /* all of them */
};

/* On a connection that sees one moment. 0 also when there are problems; negative when it could not be read. Texts in the arena. */
int journal_verify(struct arena *arena, struct db *db, struct journal_verify *verify, struct err *err) MUST_USE;

/* "ward-journal-1 <seq> <hash>": one line to keep elsewhere, and back. */
void journal_head_print(const struct journal_head *head, struct buf *out);
int journal_head_parse(struct str line, struct journal_head *out, struct err *err) MUST_USE;

#endif
