/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/secret.h"

#include <errno.h>
#include <gcrypt.h>
#include <stdio.h>
#include <sys/random.h>

#include "crypto/start.h"

enum { TOKEN = 32 };

void secret_random(void *out, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = getrandom((char *)out + done, n - done, 0);
		if (got < 0 && errno != EINTR) {
			fputs("ward: the kernel gives no random bytes\n", stderr);
			abort();
		}
		if (got > 0)
			done += (size_t)got;
	}
}

static struct str to_hex(struct arena *arena, const uint8_t *raw, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_bytes(arena, 2 * n + 1);
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[raw[i] >> 4];
		text[2 * i + 1] = digits[raw[i] & 15];
	}
	text[2 * n] = 0;
	return (struct str){ text, 2 * n };
}

struct str secret_token(struct arena *arena)
{
	uint8_t raw[TOKEN];
	secret_random(raw, sizeof(raw));
	struct str text = to_hex(arena, raw, sizeof(raw));
	explicit_bzero(raw, sizeof(raw));
	return text;
}

void secret_hmac(struct str key, struct str data, uint8_t out[SECRET_DIGEST])
{
	crypto_start();
	gcry_buffer_t parts[2] = {
		{ .data = (void *)(key.p ? key.p : ""), .len = key.n },
		{ .data = (void *)(data.p ? data.p : ""), .len = data.n },
	};
	if (gcry_md_hash_buffers(GCRY_MD_SHA256, GCRY_MD_FLAG_HMAC, out, parts, COUNT(parts))) {
		fputs("ward: libgcrypt has no HMAC-SHA-256\n", stderr);
		abort();
	}
}

struct str secret_hmac_hex(struct arena *arena, struct str key, struct str data)
{
	uint8_t raw[SECRET_DIGEST];
	secret_hmac(key, data, raw);
	return to_hex(arena, raw, sizeof(raw));
}

bool secret_same(struct str a, struct str b)
{
	unsigned char differs = 0;
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differs |= (unsigned char)(a.p[i] ^ b.p[i]);
	/* The compiler may not look through this, and so not stop at the first difference. */
	__asm__ volatile("" : "+r"(differs));
	return differs == 0;
}
