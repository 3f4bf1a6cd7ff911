/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/finder.h"

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
	*finder = (struct finder){ .fold = fold, .digits = true, .number_bytes = true };
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
	finder->n = MIN(best.n, (size_t)FINDER_LONGEST);
	for (size_t i = 0; i < finder->n; i++) {
		char c = best.p[i], low = lower(c);
		finder->word[i] = fold ? low : c;
		finder->upper[i] = fold && low >= 'a' && low <= 'z' ? (char)(low - 32) : c;
		finder->digits &= c >= '0' && c <= '9';
		finder->number_bytes &= (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z');
	}
}

static bool folds_into_ascii(struct str text)
{
	return memmem(text.p, text.n, "\xc5\xbf", 2) || memmem(text.p, text.n, "\xe2\x84\xaa", 3);
}

bool finder_may_hold(const struct finder *finder, struct str text)
{
	if (finder->n == 0)
		return true;
	if (!text.p || text.n < finder->n)
		return text.n && finder->fold && folds_into_ascii(text);
	if (!finder->fold)
		return memmem(text.p, text.n, finder->word, finder->n);
	char low = finder->word[0], high = finder->upper[0];
	for (size_t i = 0; i + finder->n <= text.n; i++) {
		if (text.p[i] != low && text.p[i] != high)
			continue;
		size_t j = 1;
		while (j < finder->n && (text.p[i + j] == finder->word[j] || text.p[i + j] == finder->upper[j]))
			j++;
		if (j == finder->n)
			return true;
	}
	return folds_into_ascii(text);
}
