/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/finder.h"

#include "archive/stamp.h"
#include "base/utf8.h"

static bool is_word_byte(uint8_t c)
{
	return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Characters beyond ASCII that have no case, so that their bytes are always the same. */
static bool is_caseless(uint32_t c)
{
	return (c >= 0x2e80 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || c >= 0x20000;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

void finder_init(struct finder *finder, struct str needle, bool fold)
{
	*finder = (struct finder){ .fold = fold };
	struct str best = STR_NONE;
	for (size_t i = 0; i < needle.n;) {
		size_t begin = i;
		while (i < needle.n && is_word_byte((uint8_t)needle.p[i])) {
			if (fold && (uint8_t)needle.p[i] >= 0x80) {
				struct str rest = { needle.p + i, needle.n - i };
				if (!is_caseless(utf8_next(&rest)))
					break;
				i = needle.n - rest.n;
			} else {
				i++;
			}
		}
		if (i - begin > best.n)
			best = (struct str){ needle.p + begin, i - begin };
		if (i < needle.n) {
			struct str rest = { needle.p + i, needle.n - i };
			if (fold)
				(void)utf8_next(&rest);
			else
				rest.n--;
			i = needle.n - rest.n;
		}
	}
	/* The letter of an escape may stand in another piece. */
	if (best.n && memchr("nrtbfu", lower(best.p[0]), 6))
		best = str_slice(best, 1, best.n);
	finder->n = MIN(best.n, (size_t)FINDER_LONGEST);
	for (size_t i = 0; i < finder->n; i++) {
		char c = best.p[i], low = lower(c);
		finder->word[i] = fold ? low : c;
		finder->upper[i] = fold && low >= 'a' && low <= 'z' ? (char)(low - 32) : c;
	}
}

/* Does the word stand here, whatever its case, or one of the two characters that fold into ASCII (U+017F, U+212A)? */
static bool is_place(const struct finder *finder, struct str text, size_t i)
{
	uint8_t c = (uint8_t)text.p[i];
	if (c == 0xc5)
		return i + 1 < text.n && (uint8_t)text.p[i + 1] == 0xbf;
	if (c == 0xe2 && i + 2 < text.n && memcmp(text.p + i, "\xe2\x84\xaa", 3) == 0)
		return true;
	if (i + finder->n > text.n)
		return false;
	for (size_t j = 0; j < finder->n; j++)
		if (text.p[i + j] != finder->word[j] && text.p[i + j] != finder->upper[j])
			return false;
	return true;
}

/* Sixteen places at a time in the compiler's own vectors; any byte that is not 0 is a yes. */
enum { BLOCK = 16 };
typedef uint8_t bytes16 __attribute__((vector_size(BLOCK)));
typedef uint64_t words2 __attribute__((vector_size(BLOCK)));

static inline bytes16 load(const char *p)
{
	bytes16 block;
	memcpy(&block, p, sizeof(block));
	return block;
}

static inline bytes16 is_byte(bytes16 block, uint8_t c)
{
	return (bytes16)(block == (bytes16){ c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c });
}

static size_t find_slowly(const struct finder *finder, struct str text, size_t i, size_t end)
{
	while (i < end && !is_place(finder, text, i))
		i++;
	return i;
}

/* The first such place, or n. Sixteen are looked at closer when the word's first and last byte stand right in one of them. */
static size_t find_folded(const struct finder *finder, struct str text)
{
	const uint8_t *low = (const uint8_t *)finder->word, *high = (const uint8_t *)finder->upper;
	size_t last = finder->n - 1, i = 0;
	for (; i + last + BLOCK <= text.n; i += BLOCK) {
		bytes16 first = load(text.p + i), end = load(text.p + i + last);
		bytes16 may = ((is_byte(first, low[0]) | is_byte(first, high[0])) & (is_byte(end, low[last]) | is_byte(end, high[last]))) |
		              is_byte(first, 0xc5) | is_byte(first, 0xe2);
		words2 any = (words2)may;
		if (!(any[0] | any[1]))
			continue;
		size_t at = find_slowly(finder, text, i, i + BLOCK);
		if (at < i + BLOCK)
			return at;
	}
	return find_slowly(finder, text, i, text.n);
}

bool finder_next(const struct finder *finder, struct str text, size_t *at)
{
	if (finder->n == 0)
		return *at < text.n;
	struct str rest = str_slice(text, *at, text.n);
	if (!rest.p || rest.n == 0)
		return false;
	size_t i;
	if (finder->fold) {
		i = find_folded(finder, rest);
	} else {
		const char *p = memmem(rest.p, rest.n, finder->word, finder->n);
		i = p ? (size_t)(p - rest.p) : rest.n;
	}
	*at += i;
	return i < rest.n;
}

bool finder_may_hold(const struct finder *finder, struct str text)
{
	size_t at = 0;
	return finder->n == 0 || finder_next(finder, text, &at);
}

bool finder_may_hold_stamp(const struct finder *finder, uint32_t form)
{
	static const char months[] = "jan feb mar apr may jun jul aug sep oct nov dec";
	bool digits = true, date = true;
	char low[FINDER_LONGEST + 1] = { 0 };
	for (size_t i = 0; i < finder->n; i++) {
		low[i] = lower(finder->word[i]);
		bool digit = low[i] >= '0' && low[i] <= '9';
		digits &= digit;
		date &= digit || low[i] == 't' || low[i] == 'z';
	}
	switch (stamp_kind(form)) {
	case STAMP_DATE:
		return date;
	case STAMP_SYSLOG:
	case STAMP_ACCESS:
		return digits || (finder->n <= 3 && memmem(months, sizeof(months) - 1, low, finder->n));
	default:
		return digits;
	}
}
