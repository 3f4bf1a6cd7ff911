/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * chain: every sealed block and every act upon an archive as one row of statements, each holding the digest of the one
 * before it, each signed.
 *
 * A statement is a short text of lines "name value" (docs/ARCHIVE.md lists them):
 *
 *	ward archive 1
 *	archive 5f0c…            32 hexadecimal digits, drawn when the archive was made
 *	sequence 12              from 1, one more each time
 *	kind block               start, key, block, removal, hold, release, copy
 *	previous 9b1e…           digest of the statement before, 64 zeros for the first
 *	time 1795402800000000000 nanoseconds; never less than in the statement before
 *	digest sha256            or sm3: of this statement, and of what it names
 *	key 0123456789abcdef     id of the key that signs; "-": not signed
 *	…                        and what belongs to the kind
 *
 * When the machine's clock stands before the last statement's time, a line "clock N" says what it showed.
 */
#ifndef WARD_ARCHIVE_CHAIN_H
#define WARD_ARCHIVE_CHAIN_H

#include "crypto/digest.h"
#include "crypto/sign.h"

enum { CHAIN_DIGEST = 64 /* hexadecimal digits */, CHAIN_ID = 32 };
enum chain_kind { CHAIN_START, CHAIN_KEY, CHAIN_BLOCK, CHAIN_REMOVAL, CHAIN_HOLD, CHAIN_RELEASE, CHAIN_COPY };
extern const char *const chain_kinds[]; /* NULL-terminated */

/* Where the chain stands: its last statement. */
struct chain {
	char archive[CHAIN_ID + 1];
	uint64_t sequence; /* 0: none yet */
	int64_t time;
	char digest[CHAIN_DIGEST + 1];
};

/* A statement and its signature, ready to be stored. */
struct link {
	struct buf statement;
	uint8_t signature[SIGN_MOST];
	size_t signature_n; /* 0: not signed */
	uint64_t sequence;
	int64_t time;
};
void link_done(struct link *link);

enum digest chain_algorithm(const struct signer *signer);
/* Make the next statement: `body` holds the lines of its kind. The chain does not move. */
int chain_next(const struct chain *chain, const struct signer *signer, enum chain_kind kind, struct str body,
               struct link *out, struct err *err) MUST_USE;
/* The statement was stored: it is the last one now. */
void chain_took(struct chain *chain, const struct link *link);

/* A statement read back. Texts are slices of it. */
struct chain_said {
	struct str archive, previous, key, body; /* body: the lines of the kind */
	uint64_t sequence;
	int64_t time, clock; /* clock: INT64_MIN when it was not behind */
	enum chain_kind kind;
	enum digest algorithm;
};
/* -EBADMSG when it is not written exactly as chain_next() writes. */
int chain_read(struct str statement, struct chain_said *out, struct err *err) MUST_USE;
/* The value of a line of the body; STR_NONE when there is none. */
struct str chain_value(struct str body, const char *name);
/* Digest of a row of open records, which are linked too (SHA-256, of the digest before and the data). */
void chain_open_digest(struct str before, struct str data, char out[CHAIN_DIGEST + 1]);
/* Hexadecimal digest of a text, into `out`. */
void chain_digest(enum digest algorithm, struct str text, char out[CHAIN_DIGEST + 1]);

#endif
