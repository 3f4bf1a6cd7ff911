/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sign: signatures and the keys for them, by libgcrypt.
 *
 * Ed25519 (RFC 8032), or SM2 with SM3 (GB/T 32918.2-2016, user id "1234567812345678" as GB/T 35276 says). What is
 * signed is always a short statement, never bulk data: a digest with its context in front ("ward block\n…").
 *
 * A public key is one line of text, "ward-key-1 ed25519 <base64>"; its *key id* is the first 16 hexadecimal digits of
 * the SHA-256 of that line, without its line end. A private key is a file of mode 0600, "ward-secret-1 …", which only the
 * keeper reads (role/keeper.h). Private keys are wiped from memory when they are closed.
 */
#ifndef WARD_CRYPTO_SIGN_H
#define WARD_CRYPTO_SIGN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum sign_algorithm { SIGN_ED25519, SIGN_SM2 };
extern const char *const sign_names[]; /* "ed25519", "sm2", NULL */

enum { SIGN_KEY_ID = 16, SIGN_MOST = 64 /* bytes of a signature: R and S, 32 each */ };

struct public_key {
	enum sign_algorithm algorithm;
	uint8_t point[65];
	size_t n;
	char id[SIGN_KEY_ID + 1];
};

struct private_key;

int private_key_generate(enum sign_algorithm algorithm, struct private_key **out, struct err *err) MUST_USE;
/* The text of the key file, and back. The text is the caller's to wipe (sign_wipe()). */
int private_key_parse(struct str text, struct private_key **out, struct err *err) MUST_USE;
void private_key_print(const struct private_key *key, struct buf *out);
void private_key_close(struct private_key *key);
void private_key_close_p(struct private_key **key);
const struct public_key *private_key_public(const struct private_key *key);
int private_key_sign(const struct private_key *key, struct str statement, uint8_t signature[SIGN_MOST],
                     struct err *err) MUST_USE;
void sign_wipe(void *secret, size_t size);

int public_key_parse(struct str text, struct public_key *out, struct err *err) MUST_USE;
void public_key_print(const struct public_key *key, struct buf *out);
/* 0; -EBADMSG when the signature is not this key's over this statement. */
int public_key_verify(const struct public_key *key, struct str statement, const uint8_t signature[SIGN_MOST],
                      struct err *err) MUST_USE;

/* Who signs for the caller: the keeper across its socket, or a private key in the same process (tests, offline work). */
struct signer {
	void *ctx;
	int (*sign)(void *ctx, struct str statement, uint8_t signature[SIGN_MOST], struct err *err);
	struct public_key key;
};
struct signer signer_local(const struct private_key *key);

#endif
