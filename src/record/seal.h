/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * seal: signed statements over the journal's head, table ward_seal.
 *
 * The journal's hashes show that an entry was changed only to whoever knows a later hash; a seal makes that anybody with the
 * public key. A statement is a text of lines, like those of an archive (archive/chain.h), and the keeper judges and signs it:
 *
 *	ward journal 1
 *	journal 5f0c…            32 hexadecimal digits, drawn when the journal was first sealed (ward_setting "journal")
 *	sequence 12              of the seal: from 1, one more each time
 *	previous 9b1e…           digest of the seal's statement before, 64 zeros for the first
 *	time 1795402800000000000 nanoseconds; never less than in the seal before
 *	clock 1795402700000000000  only when the machine's clock stood before that: what it showed
 *	digest sha256            or sm3: of statements
 *	key 0123456789abcdef     id of the key that signs
 *	entries 5321             the last entry that is sealed
 *	head 77ab…               its hash
 *
 * ward_seal has, for each: number, seq (the last entry), time, statement, signature (base64), key (the line of the public key).
 */
#ifndef WARD_RECORD_SEAL_H
#define WARD_RECORD_SEAL_H

#include "crypto/digest.h"
#include "crypto/sign.h"
#include "record/journal.h"

enum { SEAL_ID = 32 };

/* A statement read back; texts are slices of it. */
struct seal {
	struct str journal, previous, key, head;
	int64_t number, time, clock, entries; /* clock: INT64_MIN when it was not behind */
	enum digest algorithm;
};

/* -EBADMSG when it is not written exactly as above. */
int seal_read(struct str statement, struct seal *out, struct err *err) MUST_USE;

/* Seal when so many entries are not sealed, or the oldest of them is so many seconds old; 0, 0: whenever there is one. 1: sealed; 0: not
 * due. For a timer, on any thread but the writer's; the signer is asked on the writer's thread, by one caller at a time. */
int seal_if_due(struct records *records, const struct signer *signer, int64_t entries, int64_t seconds, struct err *err) MUST_USE;

#endif
