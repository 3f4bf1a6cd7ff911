/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * digest: hashes, by libgcrypt.
 *
 * At once over bytes in memory, or by a stream that is fed piece by piece and makes several hashes in one
 * pass. A stream belongs to one thread.
 */
#ifndef WARD_CRYPTO_DIGEST_H
#define WARD_CRYPTO_DIGEST_H

#include "base/arena.h"

enum digest { DIGEST_MD5, DIGEST_SHA256, DIGEST_SM3 };

/* Lower-case hexadecimal, in the arena. */
struct str digest_hex(struct arena *arena, enum digest algorithm, struct str data);

struct digest_stream;

/* NULL when libgcrypt refuses one of them (MD5 under FIPS 140). */
struct digest_stream *digest_stream_new(const enum digest *algorithms, size_t n);
void digest_stream_free(struct digest_stream *stream);
void digest_stream_free_p(struct digest_stream **stream);
void digest_stream_add(struct digest_stream *stream, struct str data);
/* Of all that was added, as digest_hex(). */
struct str digest_stream_hex(struct arena *arena, struct digest_stream *stream, enum digest algorithm);
/* Start again with nothing added. */
void digest_stream_reset(struct digest_stream *stream);

#endif
