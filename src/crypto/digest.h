/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * digest: hashes, by libgcrypt.
 */
#ifndef WARD_CRYPTO_DIGEST_H
#define WARD_CRYPTO_DIGEST_H

#include "base/arena.h"

enum digest { DIGEST_MD5, DIGEST_SHA256, DIGEST_SM3 };

/* Lower-case hexadecimal, in the arena. */
struct str digest_hex(struct arena *arena, enum digest algorithm, struct str data);

#endif
