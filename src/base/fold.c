/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/fold.h"

#include "base/fold_table.h"
#include "base/utf8.h"

enum {
	CASELESS_FIRST = 0x2d2e, /* between Coptic and the supplement of Cyrillic: all of Chinese, Japanese and Korean */
	CASELESS_LAST = 0xa63f,
};

static inline char fold_ascii(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

uint32_t fold_char(uint32_t code)
{
	if (code < 0x80)
		return (uint32_t)(unsigned char)fold_ascii((char)code);
	if (code >= CASELESS_FIRST && code <= CASELESS_LAST)
		return code;
	size_t low = 0, high = COUNT(fold_runs);
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (fold_runs[middle].last < code)
			low = middle + 1;
		else
			high = middle;
	}
	const struct fold_run *run = &fold_runs[low];
	if (low == COUNT(fold_runs) || code < run->first || (code - run->first) % run->step)
		return code;
	return (uint32_t)((int32_t)code + run->delta);
}

/* One character of the text, folded, as bytes; how many bytes of the text it took. */
static size_t fold_next(struct str text, char out[UTF8_LONGEST], size_t *wrote)
{
	*wrote = 1;
	if ((unsigned char)text.p[0] < 0x80) {
		out[0] = fold_ascii(text.p[0]);
		return 1;
	}
	struct str rest = text;
	uint32_t code = utf8_next(&rest);
	size_t took = text.n - rest.n;
	if (code == UTF8_BAD) { /* or U+FFFD itself */
		memcpy(out, text.p, took);
		*wrote = took;
		return took;
	}
	*wrote = utf8_put(out, fold_char(code));
	return took;
}

enum { ASCII_RUN = 32, ASCII_WORD = 8 };

/* So many characters at once when all are ASCII; written so that the compiler makes vectors of it. */
static inline bool fold_ascii_run(char *restrict out, const char *restrict text)
{
	unsigned char all = 0;
	for (int i = 0; i < ASCII_RUN; i++) {
		unsigned char c = (unsigned char)text[i];
		all |= c;
		out[i] = (char)(c | ((unsigned char)(c - 'A') < 26) << 5);
	}
	return all < 0x80;
}

/* The same for eight. The sums carry into the top bit of a byte and never beyond, as long as all are ASCII. */
static inline bool fold_ascii_word(char *restrict out, const char *restrict text)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t word;
	memcpy(&word, text, sizeof(word));
	if (word & each * 0x80)
		return false;
	uint64_t capital = (word + each * (0x80 - 'A')) & ~(word + each * (0x80 - 'Z' - 1)) & each * 0x80;
	word |= capital >> 2;
	memcpy(out, &word, sizeof(word));
	return true;
}

size_t fold_into(char *out, struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n;) {
		size_t wrote;
		while (text.n - i >= ASCII_RUN && fold_ascii_run(out + n, text.p + i)) {
			i += ASCII_RUN;
			n += ASCII_RUN;
		}
		while (text.n - i >= ASCII_WORD && fold_ascii_word(out + n, text.p + i)) {
			i += ASCII_WORD;
			n += ASCII_WORD;
		}
		for (size_t stop = MIN(i + ASCII_WORD, text.n); i < stop; n += wrote)
			i += fold_next((struct str){ text.p + i, text.n - i }, out + n, &wrote);
	}
	return n;
}

void fold_add(struct buf *buf, struct str text)
{
	char *out = buf_reserve(buf, fold_room(text.n));
	buf->n += fold_into(out, text);
}

struct str fold_text(struct arena *arena, struct str text)
{
	if (!text.n)
		return text;
	char *out = arena_reserve(arena, fold_room(text.n));
	size_t n = fold_into(out, text);
	if (n == text.n && memcmp(out, text.p, n) == 0)
		return text;
	arena_take(arena, n);
	return (struct str){ out, n };
}

ptrdiff_t fold_prefix(struct str text, struct str folded)
{
	size_t at = 0, matched = 0;
	while (matched < folded.n) {
		char out[UTF8_LONGEST];
		size_t wrote;
		if (at == text.n)
			return -1;
		at += fold_next((struct str){ text.p + at, text.n - at }, out, &wrote);
		if (wrote > folded.n - matched || memcmp(out, folded.p + matched, wrote) != 0)
			return -1;
		matched += wrote;
	}
	return (ptrdiff_t)at;
}

bool fold_eq(struct str a, struct str b)
{
	while (a.n && b.n) {
		char x[UTF8_LONGEST], y[UTF8_LONGEST];
		size_t nx, ny;
		size_t ta = fold_next(a, x, &nx), tb = fold_next(b, y, &ny);
		if (nx != ny || memcmp(x, y, nx) != 0)
			return false;
		a = (struct str){ a.p + ta, a.n - ta };
		b = (struct str){ b.p + tb, b.n - tb };
	}
	return a.n == b.n;
}

/* The bytes with which a character that folds to `folded` may begin: a set of 256 bits. */
static void first_bytes(struct str folded, bool first[256])
{
	unsigned char c = (unsigned char)folded.p[0];
	memset(first, 0, 256 * sizeof(*first));
	if (c >= 0x80) { /* a letter beyond ASCII may have a relative of another length: any of them */
		memset(first + 0x80, true, 0x80 * sizeof(*first));
		return;
	}
	first[c] = true;
	if (c >= 'a' && c <= 'z')
		first[c & ~0x20] = true;
	if (c == 's')
		first[0xc5] = true; /* ſ U+017F */
	if (c == 'k')
		first[0xe2] = true; /* the Kelvin sign U+212A */
}

ptrdiff_t fold_find(struct str text, struct str folded, size_t *n)
{
	bool first[256];
	if (n)
		*n = 0;
	if (!folded.n)
		return 0;
	first_bytes(folded, first);
	for (size_t i = 0; i < text.n; i++) {
		if (!first[(unsigned char)text.p[i]])
			continue;
		if (i && ((unsigned char)text.p[i] & 0xc0) == 0x80 && ((unsigned char)folded.p[0] & 0xc0) != 0x80)
			continue; /* within a character */
		ptrdiff_t took = fold_prefix((struct str){ text.p + i, text.n - i }, folded);
		if (took < 0)
			continue;
		if (n)
			*n = (size_t)took;
		return (ptrdiff_t)i;
	}
	return -1;
}
