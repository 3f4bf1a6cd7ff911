/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * vault: fields that are kept sealed at rest (AES-256-GCM, by libgcrypt).
 *
 * One data key for an installation. At rest it is wrapped by the keeper's key; the server has it unwrapped at its start and keeps
 * it in locked memory. A sealed value is text: "v1:<base64 of nonce, ciphertext, tag>"; `where` ("account.id_card") is bound to it, so a
 * value cannot be moved to another field. Equal values seal differently (a random nonce of 96 bits: NIST SP 800-38D lets one key seal
 * 2^32 values so); vault_index() gives what equality can be looked up by.
 */
#ifndef WARD_CRYPTO_VAULT_H
#define WARD_CRYPTO_VAULT_H

#include "base/arena.h"
#include "base/err.h"

enum { VAULT_KEY = 32 };
struct vault;

int vault_open(const uint8_t key[VAULT_KEY], struct vault **out, struct err *err) MUST_USE;
void vault_close(struct vault *vault);
void vault_close_p(struct vault **vault);
/* Threads may share a vault. */
int vault_seal(struct arena *arena, const struct vault *vault, struct str where, struct str clear, struct str *out, struct err *err) MUST_USE;
/* -EBADMSG: not sealed by this vault for this place. */
int vault_unseal(struct arena *arena, const struct vault *vault, struct str where, struct str sealed, struct str *out, struct err *err) MUST_USE;
/* A keyed digest (HMAC-SHA-256, 32 hexadecimal digits) of a value: equal for equal values of the same place. */
struct str vault_index(struct arena *arena, const struct vault *vault, struct str where, struct str clear);

#endif
