/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * keeper: the process that alone holds the signing key, and the other end that asks it.
 *
 * They speak over a socketpair (SOCK_SEQPACKET) in messages of one size. The keeper does one thing: it signs statements of an
 * archive's chain (archive/chain.h) and seals of a journal (record/seal.h), and looks at each before it does, so that whoever has
 * taken over the writer or the server cannot have history rewritten:
 *
 * - it is written exactly as the chain or the journal writes, of a known kind, and names this key;
 * - its time is the keeper's own, within KEEPER_SKEW; a clock behind the chain is said in it;
 * - its number is not below one that was signed before for the same archive or journal. Equal is allowed: what was signed
 *   may not have reached the disk.
 * - statements of one kind do not come faster than any honest writer makes them.
 *
 * A refusal has words; nothing of it is remembered.
 *
 * For the server of `ward up` it also issues the certificate that the server shows, for its own names alone, and wraps and unwraps the
 * key of the vault. Who asks for archives to be signed may not ask for these.
 */
#ifndef WARD_ROLE_KEEPER_H
#define WARD_ROLE_KEEPER_H

#include "archive/chain.h"
#include "crypto/authority.h"
#include "crypto/vault.h"

enum { KEEPER_STATEMENT = 8192, KEEPER_ARCHIVES = 16 /* and journals */, KEEPER_JOURNAL = CHAIN_COPY + 1 };
#define KEEPER_SKEW ((int64_t)300 * 1000000000)

/* ---- the keeper's side ---- */

/* What it remembers of what it signed. Starts zeroed. */
struct keeper_memory {
	struct {
		char id[CHAIN_ID + 1];
		bool journal;
		uint64_t sequence;
	} archives[KEEPER_ARCHIVES];
	size_t n_archives;
	struct {
		double left;
		int64_t since; /* nanoseconds of the monotonic clock; 0: never used */
	} allowance[16]; /* by enum chain_kind, then KEEPER_JOURNAL */
};

/* May this be signed with the key of this id? `now`: nanoseconds since 1970; `monotonic`: of that clock. 0, -EBADMSG (not a
 * statement), -EPERM (not this one), -EAGAIN (not so fast). Remembers it when it may. */
int keeper_judge(struct keeper_memory *memory, const char *key_id, struct str statement, int64_t now, int64_t monotonic,
                 struct err *err) MUST_USE;
/* What the server may ask besides; each may be NULL. */
struct keeper_office {
	const struct authority *authority;
	const struct vault *wrapping;      /* its key never leaves the keeper */
	const struct strings *names;       /* of the machine */
};

/* Answer one message: 0; 1: the other end has closed. `office` NULL: who asks is not the server. `signed_count` may be NULL. */
int keeper_answer(int fd, const struct private_key *key, struct keeper_memory *memory, const struct keeper_office *office,
                  uint64_t *signed_count, struct err *err) MUST_USE;
/* Answer on the socket until the other end closes (0) or reading fails. What was signed for one is remembered when the
 * next comes. `signed_count` (may be NULL) is shared memory for whoever watches. */
int keeper_serve(int fd, const struct private_key *key, struct keeper_memory *memory, uint64_t *signed_count,
                 struct err *err) MUST_USE;

/* ---- the other side ---- */

struct keeper;

/* Takes the socket over, and asks for the public key. */
int keeper_open(int fd, struct keeper **out, struct err *err) MUST_USE;
/* Another keeper took the place of one that ended. It must hold the same key, unless `any_key`: then 1 says that it holds another one. -EPERM.
 * Takes the socket over. */
int keeper_replace(struct keeper *keeper, int fd, bool any_key, struct err *err) MUST_USE;
void keeper_close(struct keeper *keeper);
void keeper_close_p(struct keeper **keeper);
struct signer keeper_signer(struct keeper *keeper);
/* A certificate for a key of one's own (crypto/authority.h): `request` in DER; PEM comes back. */
int keeper_certify(struct keeper *keeper, struct str request, struct buf *out, struct err *err) MUST_USE;
/* The vault's key, wrapped for storing; and back. -EBADMSG: another keeper's. */
int keeper_wrap(struct keeper *keeper, const uint8_t secret[VAULT_KEY], struct buf *out, struct err *err) MUST_USE;
int keeper_unwrap(struct keeper *keeper, struct str wrapped, uint8_t out[VAULT_KEY], struct err *err) MUST_USE;

/* Short for what a task of the keeper replaces: the line of a public key, the digest of an authority's certificate. */
uint32_t keeper_task_about(struct str held);

#endif
