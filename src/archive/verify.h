/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * verify: prove from the files and the public keys alone that an archive is what its writer made.
 *
 * Proven: every statement is signed by a known key; each follows the one before it; every block's bytes, filter, day, number,
 * time range and counts are those that were signed; what is missing was removed by a signed record of retention;
 * time never goes back along the chain, and no block stands in a day later than the moment of its sealing.
 * Not provable: that the newest statements were not cut off, unless a head that was written earlier and kept
 * elsewhere says so (`head`); changes of records not sealed yet by someone who also mends their digests; what someone
 * does who holds the private key.
 *
 * Works on an archive while it is written, on a copy of some of its days, and on read-only media.
 */
#ifndef WARD_ARCHIVE_VERIFY_H
#define WARD_ARCHIVE_VERIFY_H

#include "archive/chain.h"
#include "data/lang.h"

/* A chain's end, as a line of text: "ward-head-1 <archive> <sequence> <time> <digest>". */
void head_print(const struct chain *chain, struct buf *out);
int head_parse(struct str text, struct chain *out, struct err *err) MUST_USE;

struct verify_problem {
	char day[11];      /* "" when it is not about a day */
	uint32_t number;   /* of the block in its day; 0: not about one */
	uint64_t sequence; /* in the chain; 0: not about a statement */
	struct note what;
};

struct verify {
	/* Asked */
	const char *dir;
	const struct public_key *keys; /* that are trusted; none: those which the archive names itself */
	size_t n_keys;
	const struct chain *heads;     /* remembered earlier; each must be in the chain */
	size_t n_heads;
	void (*progress)(void *ctx, uint64_t done, uint64_t all); /* bytes of blocks; may be NULL */
	void *ctx;
	/* Found */
	uint64_t days, blocks, records, bytes, stored, unsealed;
	uint64_t statements, not_signed;
	uint64_t removed_days;
	uint64_t clock_back;           /* statements made while the clock stood before the last one */
	uint64_t last_head;            /* the highest remembered head that was found again */
	struct chain chain;            /* the last statement */
	struct str *key_ids;           /* that signed, in the arena */
	size_t n_key_ids;
	bool keys_given;
	struct verify_problem *problems; /* in the order of the chain, in the arena */
	size_t n_problems;
};

/* 0 when all could be read, whatever was found; -ENOENT: there is no archive. */
int verify_run(struct arena *arena, struct verify *verify, struct err *err) MUST_USE;

#endif
