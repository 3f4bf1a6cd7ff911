/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/second_factor.h"

#include <liboath/oath.h>
#include <pthread.h>
#include <stdlib.h>

#include "crypto/secret.h"
#include "crypto/start.h"
#include "data/json.h"
#include "sys/library.h"

enum { SECRET = 20, DIGITS = 6, WINDOW = 1 };

#define FUNCTIONS(X) X(oath_init) X(oath_base32_encode) X(oath_base32_decode) X(oath_totp_generate)
LIBRARY(oath, "liboath.so.0", FUNCTIONS);

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
	crypto_start();
	oath.oath_init();
}

int second_factor_prepare(struct err *err)
{
	int r = LIBRARY_LOAD(oath, err);
	if (r == 0)
		pthread_once(&once, init);
	return r;
}

static void wipe_free(char *secret, size_t n)
{
	if (secret)
		explicit_bzero(secret, n);
	free(secret);
}

int second_factor_make(struct arena *arena, struct str *secret, struct err *err)
{
	char raw[SECRET], *text = NULL;
	size_t n = 0;
	int r = second_factor_prepare(err);
	if (r < 0)
		return r;
	secret_random(raw, sizeof(raw));
	if (oath.oath_base32_encode(raw, sizeof(raw), &text, &n) != OATH_OK)
		return err_set(err, -EIO, "liboath cannot write a secret");
	*secret = arena_str(arena, (struct str){ text, n });
	wipe_free(text, n);
	explicit_bzero(raw, sizeof(raw));
	return 0;
}

static void add_percent(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~')
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

struct str second_factor_address(struct arena *arena, struct str issuer, struct str login, struct str secret)
{
	BUF(out);
	buf_puts(&out, "otpauth://totp/");
	add_percent(&out, issuer);
	buf_add_char(&out, ':');
	add_percent(&out, login);
	buf_puts(&out, "?secret=");
	add_percent(&out, secret);
	buf_puts(&out, "&issuer=");
	add_percent(&out, issuer);
	buf_puts(&out, "&algorithm=SHA1&digits=6&period=30");
	return arena_str(arena, buf_str(&out));
}

int second_factor_check(struct str secret, struct str code, int64_t now, int64_t last_step, int64_t *step, struct err *err)
{
	char *raw = NULL, made[DIGITS + 1];
	size_t n = 0;
	*step = 0;
	int r = second_factor_prepare(err);
	if (r < 0)
		return r;
	if (oath.oath_base32_decode(secret.p, secret.n, &raw, &n) != OATH_OK)
		return err_set(err, -EBADMSG, "the secret of the second factor is damaged");
	/* All of them, whichever it is. */
	for (int64_t at = now / SECOND_FACTOR_STEP - WINDOW; at <= now / SECOND_FACTOR_STEP + WINDOW; at++)
		if (at > 0 && oath.oath_totp_generate(raw, n, at * SECOND_FACTOR_STEP, SECOND_FACTOR_STEP, 0, DIGITS, made) == OATH_OK &&
		    secret_same((struct str){ made, DIGITS }, code) && at > last_step && *step == 0)
			*step = at;
	wipe_free(raw, n);
	return 0;
}

/* ---- recovery codes ---- */

static struct str digest_of(struct arena *arena, const struct vault *vault, struct str code)
{
	char plain[RECOVERY_CODE];
	size_t n = 0;
	for (size_t i = 0; i < code.n && n < sizeof(plain); i++) {
		char c = code.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if ((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'))
			plain[n++] = c;
	}
	return vault_index(arena, vault, STR("user.recovery"), (struct str){ plain, n });
}

void recovery_make(struct arena *arena, const struct vault *vault, struct strings *codes, struct str *kept)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	BUF(out);
	*codes = (struct strings){ ARENA_ARRAY(arena, struct str, RECOVERY_CODES), RECOVERY_CODES };
	json_open_list(&out, NULL);
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		uint8_t random[RECOVERY_CODE];
		char text[RECOVERY_CODE];
		secret_random(random, sizeof(random));
		for (size_t k = 0; k < sizeof(text); k++)
			text[k] = k == 5 ? '-' : letters[random[k] & 31];
		codes->p[i] = arena_str(arena, (struct str){ text, sizeof(text) });
		json_put(&out, NULL, digest_of(arena, vault, codes->p[i]));
	}
	buf_add_char(&out, ']');
	*kept = arena_str(arena, buf_str(&out));
}

bool recovery_use(struct arena *arena, const struct vault *vault, struct str kept, struct str code, struct str *left)
{
	struct source source = { .name = "recovery codes", .text = kept };
	const struct doc *list;
	BUF(out);
	bool found = false;
	if (code.n < RECOVERY_CODE - 1 || code.n > 2 * RECOVERY_CODE || json_parse(arena, &source, &list, NULL) < 0 || list->type != DOC_ARRAY)
		return false;
	struct str digest = digest_of(arena, vault, code);
	json_open_list(&out, NULL);
	for (size_t i = 0; i < list->n; i++) {
		if (secret_same(doc_string(&list->items[i]), digest))
			found = true;
		else
			json_put(&out, NULL, doc_string(&list->items[i]));
	}
	buf_add_char(&out, ']');
	*left = arena_str(arena, buf_str(&out));
	return found;
}
