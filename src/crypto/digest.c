/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/digest.h"

#include <gcrypt.h>

struct str digest_hex(struct arena *arena, enum digest algorithm, struct str data)
{
	static const int algorithms[] = {
		[DIGEST_MD5] = GCRY_MD_MD5,
		[DIGEST_SHA256] = GCRY_MD_SHA256,
		[DIGEST_SM3] = GCRY_MD_SM3,
	};
	static const char hex[] = "0123456789abcdef";
	unsigned char raw[64];
	int id = algorithms[algorithm];
	size_t n = gcry_md_get_algo_dlen(id);
	gcry_check_version(NULL);
	gcry_md_hash_buffer(id, raw, data.p ? data.p : "", data.n);
	char *text = arena_bytes(arena, 2 * n + 1);
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = hex[raw[i] >> 4];
		text[2 * i + 1] = hex[raw[i] & 15];
	}
	text[2 * n] = 0;
	return (struct str){ text, 2 * n };
}
