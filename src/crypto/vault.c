/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/vault.h"

#include <gcrypt.h>
#include <pthread.h>

#include "base/base64.h"
#include "crypto/secret.h"
#include "crypto/start.h"

enum { NONCE = 12, TAG = 16, INDEX_DIGITS = 32 };

static const char version[] = "v1:";

/* In libgcrypt's locked pool. */
struct vault {
	pthread_mutex_t *mutex;  /* over the cipher: sealing takes a microsecond, a second handle more locked memory than it is worth */
	gcry_cipher_hd_t cipher; /* keyed; in the locked pool, too */
	uint8_t index_key[SECRET_DIGEST];
};

int vault_open(const uint8_t key[VAULT_KEY], struct vault **out, struct err *err)
{
	crypto_start();
	CLEANUP(vault_close_p) struct vault *vault = gcry_calloc_secure(1, sizeof(*vault));
	if (!vault)
		return err_set(err, -ENOMEM, "no locked memory for the key of the vault");
	vault->mutex = mem_alloc(sizeof(*vault->mutex));
	pthread_mutex_init(vault->mutex, NULL);
	gcry_error_t r = gcry_cipher_open(&vault->cipher, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, GCRY_CIPHER_SECURE);
	if (!r)
		r = gcry_cipher_setkey(vault->cipher, key, VAULT_KEY);
	if (r)
		return err_set(err, -EIO, "libgcrypt cannot seal: %s", gcry_strerror(r));
	secret_hmac((struct str){ (const char *)key, VAULT_KEY }, STR("ward vault index 1"), vault->index_key);
	*out = TAKE(vault);
	return 0;
}

void vault_close(struct vault *vault)
{
	if (!vault)
		return;
	gcry_cipher_close(vault->cipher);
	pthread_mutex_destroy(vault->mutex);
	mem_free_p(&vault->mutex);
	gcry_free(vault);
}

void vault_close_p(struct vault **vault)
{
	vault_close(*vault);
}

/* Under the mutex: the cipher ready for one value. */
static gcry_error_t begin(gcry_cipher_hd_t cipher, const uint8_t *nonce, struct str where)
{
	gcry_error_t r = gcry_cipher_reset(cipher);
	if (!r)
		r = gcry_cipher_setiv(cipher, nonce, NONCE);
	if (!r)
		r = gcry_cipher_authenticate(cipher, where.p ? where.p : "", where.n);
	if (!r)
		r = gcry_cipher_final(cipher);
	return r;
}

int vault_seal(struct arena *arena, const struct vault *vault, struct str where, struct str clear, struct str *out, struct err *err)
{
	BUF(text);
	size_t size = NONCE + clear.n + TAG;
	uint8_t *raw = arena_alloc(arena, size);
	secret_random(raw, NONCE);
	if (clear.n)
		memcpy(raw + NONCE, clear.p, clear.n);
	pthread_mutex_lock(vault->mutex);
	gcry_error_t r = begin(vault->cipher, raw, where);
	if (!r)
		r = gcry_cipher_encrypt(vault->cipher, raw + NONCE, clear.n, NULL, 0);
	if (!r)
		r = gcry_cipher_gettag(vault->cipher, raw + NONCE + clear.n, TAG);
	pthread_mutex_unlock(vault->mutex);
	if (r) {
		explicit_bzero(raw, size);
		return err_set(err, -EIO, "cannot seal %.*s: %s", STR_ARG(where), gcry_strerror(r));
	}
	buf_puts(&text, version);
	base64_add(&text, (struct str){ (const char *)raw, size });
	*out = arena_str(arena, buf_str(&text));
	return 0;
}

int vault_unseal(struct arena *arena, const struct vault *vault, struct str where, struct str sealed, struct str *out, struct err *err)
{
	BUF(raw);
	if (!str_starts(sealed, version) || !base64_decode(str_slice(sealed, strlen(version), sealed.n), &raw) ||
	    raw.n < NONCE + TAG)
		return err_set(err, -EBADMSG, "what stands in %.*s is not sealed", STR_ARG(where));
	size_t n = raw.n - NONCE - TAG;
	char *clear = arena_bytes(arena, n + 1);
	pthread_mutex_lock(vault->mutex);
	gcry_error_t r = begin(vault->cipher, (const uint8_t *)raw.p, where);
	if (!r)
		r = gcry_cipher_decrypt(vault->cipher, clear, n, raw.p + NONCE, n);
	if (!r)
		r = gcry_cipher_checktag(vault->cipher, raw.p + NONCE + n, TAG);
	pthread_mutex_unlock(vault->mutex);
	if (r) {
		explicit_bzero(clear, n);
		return err_set(err, -EBADMSG, "what stands in %.*s was not sealed by this vault for this place", STR_ARG(where));
	}
	clear[n] = 0;
	*out = (struct str){ clear, n };
	return 0;
}

struct str vault_index(struct arena *arena, const struct vault *vault, struct str where, struct str clear)
{
	BUF(data);
	buf_add(&data, where);
	buf_add_char(&data, 0); /* no place holds one: "ab" + "c" is not "a" + "bc" */
	buf_add(&data, clear);
	struct str hex = secret_hmac_hex(arena, (struct str){ (const char *)vault->index_key, sizeof(vault->index_key) }, buf_str(&data));
	return str_slice(hex, 0, INDEX_DIGITS);
}
