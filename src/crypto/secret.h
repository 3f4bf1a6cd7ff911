/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * secret: what everything that keeps secrets needs: random bytes, keyed digests, and a comparison whose time tells nothing.
 *
 * Any thread may call. Random bytes are the kernel's (getrandom(2)); a process that cannot have them stops, since no caller
 * could do better.
 */
#ifndef WARD_CRYPTO_SECRET_H
#define WARD_CRYPTO_SECRET_H

#include "base/arena.h"

enum { SECRET_DIGEST = 32 };

void secret_random(void *out, size_t n);
/* 64 hexadecimal digits nobody can guess: 256 bits. */
struct str secret_token(struct arena *arena);
/* HMAC-SHA-256 (RFC 2104). */
void secret_hmac(struct str key, struct str data, uint8_t out[SECRET_DIGEST]);
/* The same, as lower-case hexadecimal. */
struct str secret_hmac_hex(struct arena *arena, struct str key, struct str data);
/* Equal? The time depends on the length alone. Texts of different length are not. */
bool secret_same(struct str a, struct str b);

#endif
