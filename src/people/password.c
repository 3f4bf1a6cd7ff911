/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/password.h"

#include <crypt.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "crypto/secret.h"

enum { COST = 5 /* of yescrypt: 16 MiB; libxcrypt's own default */, KINDS = 3, DISTINCT = 6, ADDED = 4, SHORTEST_KNOWN = 4 };

static const char prefix[] = "$y$";
/* Of a password nobody knows, so that an unknown login takes as long as a known one. */
static const char nobody[] = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7";

/* ---- hashes ---- */

/* With its NUL, to be wiped and freed. */
static char *text_of(struct str password)
{
	char *text = mem_alloc(password.n + 1);
	if (password.n)
		memcpy(text, password.p, password.n);
	text[password.n] = 0;
	return text;
}

int password_hash(struct arena *arena, struct str password, struct str *out, struct err *err)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	char random[32];
	secret_random(random, sizeof(random));
	if (!crypt_gensalt_rn(prefix, COST, random, sizeof(random), salt, sizeof(salt)))
		return err_errno(err, -errno, "libcrypt has no yescrypt");
	struct crypt_data *data = mem_alloc(sizeof(*data));
	char *clear = text_of(password);
	const char *made = crypt_r(clear, salt, data);
	int r = made && made[0] != '*' ? 0 : err_set(err, -EIO, "libcrypt cannot hash a password");
	if (r == 0)
		*out = arena_str(arena, str_from(made));
	explicit_bzero(clear, password.n);
	explicit_bzero(data, sizeof(*data));
	free(clear);
	free(data);
	return r;
}

bool password_verify(struct str hash, struct str password)
{
	ARENA(arena);
	bool real = hash.p && hash.n;
	const char *setting = real ? arena_cstr(&arena, hash) : nobody;
	/* crypt(3) ends at a NUL; such a password was never taken. */
	if (password.n > PASSWORD_MOST || (password.n && memchr(password.p, 0, password.n)))
		password = STR("");
	struct crypt_data *data = mem_alloc(sizeof(*data));
	char *clear = text_of(password);
	const char *made = crypt_r(clear, setting, data);
	bool same = made && made[0] != '*' && secret_same(str_from(made), str_from(setting));
	explicit_bzero(clear, password.n);
	explicit_bzero(data, sizeof(*data));
	free(clear);
	free(data);
	return same && real && password.n;
}

struct str password_make(struct arena *arena)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
	char text[19];
	size_t n = 0;
	while (n < sizeof(text)) {
		uint8_t byte;
		secret_random(&byte, 1);
		if (n % 5 == 4)
			text[n++] = '-';
		else if (byte < 4 * (sizeof(letters) - 1)) /* each letter as likely as the others */
			text[n++] = letters[byte % (sizeof(letters) - 1)];
	}
	return arena_str(arena, (struct str){ text, n });
}

/* ---- which are too easy ---- */

struct passwords {
	struct arena arena;
	VEC(struct str) known; /* folded */
};

static const struct {
	char from, to;
} look_alikes[] = { { '0', 'o' }, { '1', 'l' }, { '!', 'l' }, { 'i', 'l' }, { '3', 'e' }, { '4', 'a' }, { '@', 'a' },
	            { '5', 's' }, { '$', 's' }, { '7', 't' }, { '|', 'l' } };

static char fold_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static struct str fold_case(struct arena *arena, struct str text)
{
	char *folded = arena_bytes(arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		folded[i] = fold_char(text.p[i]);
	folded[text.n] = 0;
	return (struct str){ folded, text.n };
}

/* Small letters, and one letter for those that look like it. */
static struct str fold(struct arena *arena, struct str text)
{
	struct str copy = fold_case(arena, text);
	char *folded = (char *)copy.p;
	for (size_t i = 0; i < copy.n; i++)
		for (size_t k = 0; k < COUNT(look_alikes); k++)
			if (folded[i] == look_alikes[k].from) {
				folded[i] = look_alikes[k].to;
				break;
			}
	return copy;
}

int passwords_load(const struct content *content, struct passwords **out, struct err *err)
{
	CLEANUP(passwords_free_p) struct passwords *passwords = mem_alloc(sizeof(*passwords));
	struct source source;
	struct str line;
	int r = content_read(&passwords->arena, content, "passwords/common.txt", &source, err);
	if (r < 0)
		return r;
	for (struct str rest = source.text; str_line(&rest, &line);) {
		if (!line.n || line.p[0] == '#')
			continue;
		(void)str_word(&line);
		struct str text = str_trim(line);
		/* What it makes of names is looked for by the names themselves. */
		if (text.n >= SHORTEST_KNOWN && str_find_char(text, '{') < 0)
			vec_push_in(&passwords->arena, &passwords->known, fold(&passwords->arena, text));
	}
	*out = TAKE(passwords);
	return 0;
}

void passwords_free(struct passwords *passwords)
{
	if (!passwords)
		return;
	arena_done(&passwords->arena);
	free(passwords);
}

void passwords_free_p(struct passwords **passwords)
{
	passwords_free(*passwords);
}

static int kinds_of(struct str password)
{
	bool small = false, capital = false, digit = false, other = false;
	for (size_t i = 0; i < password.n; i++) {
		char c = password.p[i];
		small |= c >= 'a' && c <= 'z';
		capital |= c >= 'A' && c <= 'Z';
		digit |= c >= '0' && c <= '9';
		other |= !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
	}
	return small + capital + digit + other;
}

static int distinct_bytes(struct str password)
{
	bool seen[256] = { false };
	int n = 0;
	for (size_t i = 0; i < password.n; i++) {
		unsigned char c = (unsigned char)password.p[i];
		n += !seen[c];
		seen[c] = true;
	}
	return n;
}

static bool holds(struct str text, struct str part)
{
	for (size_t i = 0; part.n <= text.n && i <= text.n - part.n; i++)
		if (memcmp(text.p + i, part.p, part.n) == 0)
			return true;
	return false;
}

static bool is_known(const struct passwords *passwords, struct str folded)
{
	for (size_t i = 0; i < passwords->known.n; i++) {
		struct str known = passwords->known.p[i];
		if (folded.n >= known.n && folded.n - known.n <= ADDED && holds(folded, known))
			return true;
	}
	return false;
}

/* A name and each of its words; what is shorter than three bytes is in every text by chance. */
static bool holds_name(struct arena *arena, struct str password, struct str name)
{
	struct str folded = fold_case(arena, name), word;
	if (folded.n >= 3 && holds(password, folded))
		return true;
	while ((word = str_word(&folded)).n)
		if (word.n >= 4 && holds(password, word))
			return true;
	return false;
}

bool password_weak(const struct passwords *passwords, struct str password, const struct strings *personal, struct note *why)
{
	ARENA(arena);
	size_t characters = 0;
	*why = (struct note){ 0 };
	if (!utf8_valid(password) || (password.n && memchr(password.p, 0, password.n)))
		*why = NOTE("the password has characters that are none");
	else if (password.n > PASSWORD_MOST)
		*why = NOTE("the password is too long; 128 bytes are the most");
	if (why->english)
		return true;
	for (struct str rest = password; rest.n; characters++)
		(void)utf8_next(&rest);
	struct str folded = fold_case(&arena, password);
	if (characters < PASSWORD_LEAST)
		*why = NOTE("the password is too short; it needs 10 characters");
	else if (characters < PASSWORD_LONG && kinds_of(password) < KINDS)
		*why = NOTE("the password needs three kinds of characters (small letters, capitals, digits, others), or 20 characters");
	else if (distinct_bytes(password) < DISTINCT)
		*why = NOTE("the password repeats the same few characters");
	else if (is_known(passwords, fold(&arena, password)))
		*why = NOTE("the password is one that attackers try first");
	for (size_t i = 0; !why->english && personal && i < personal->n; i++)
		if (holds_name(&arena, folded, personal->p[i]))
			*why = NOTE("the password has a name in it: of the account, the person or the organisation");
	return why->english;
}
