/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/digest.h"

#include <gcrypt.h>

#include "crypto/start.h"

static const int algorithm_ids[] = {
	[DIGEST_MD5] = GCRY_MD_MD5,
	[DIGEST_SHA256] = GCRY_MD_SHA256,
	[DIGEST_SM3] = GCRY_MD_SM3,
};

static struct str to_hex(struct arena *arena, const unsigned char *raw, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	char *text = arena_bytes(arena, 2 * n + 1);
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = hex[raw[i] >> 4];
		text[2 * i + 1] = hex[raw[i] & 15];
	}
	text[2 * n] = 0;
	return (struct str){ text, 2 * n };
}

struct str digest_hex(struct arena *arena, enum digest algorithm, struct str data)
{
	unsigned char raw[64];
	int id = algorithm_ids[algorithm];
	crypto_start();
	gcry_md_hash_buffer(id, raw, data.p ? data.p : "", data.n);
	return to_hex(arena, raw, gcry_md_get_algo_dlen(id));
}

struct digest_stream {
	gcry_md_hd_t handle;
};

struct digest_stream *digest_stream_new(const enum digest *algorithms, size_t n)
{
	struct digest_stream *stream = mem_alloc(sizeof(*stream));
	crypto_start();
	gcry_error_t r = gcry_md_open(&stream->handle, 0, 0);
	for (size_t i = 0; !r && i < n; i++)
		r = gcry_md_enable(stream->handle, algorithm_ids[algorithms[i]]);
	if (!r)
		return stream;
	digest_stream_free(stream);
	return NULL;
}

void digest_stream_free(struct digest_stream *stream)
{
	if (!stream)
		return;
	gcry_md_close(stream->handle);
	mem_free_p(&stream);
}

void digest_stream_free_p(struct digest_stream **stream)
{
	digest_stream_free(*stream);
}

void digest_stream_add(struct digest_stream *stream, struct str data)
{
	if (data.n)
		gcry_md_write(stream->handle, data.p, data.n);
}

struct str digest_stream_hex(struct arena *arena, struct digest_stream *stream, enum digest algorithm)
{
	int id = algorithm_ids[algorithm];
	return to_hex(arena, gcry_md_read(stream->handle, id), gcry_md_get_algo_dlen(id));
}

void digest_stream_reset(struct digest_stream *stream)
{
	gcry_md_reset(stream->handle);
}
