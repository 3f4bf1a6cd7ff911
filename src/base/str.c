/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

static inline unsigned char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : (unsigned char)c;
}

static inline bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	return true;
}

bool str_is_nocase(struct str a, const char *b)
{
	return str_eq_nocase(a, str_from(b));
}

int str_compare(struct str a, struct str b)
{
	size_t n = MIN(a.n, b.n);
	int r = n ? memcmp(a.p, b.p, n) : 0;
	if (r)
		return r;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);
	return s.n >= n && (n == 0 || memcmp(s.p + s.n - n, suffix, n) == 0);
}

bool str_is_hex(struct str s, size_t n)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n == n;
}

ptrdiff_t str_find(struct str s, const char *needle)
{
	size_t n = strlen(needle);
	if (n == 0)
		return 0;
	const char *at = s.n ? memmem(s.p, s.n, needle, n) : NULL;
	return at ? at - s.p : -1;
}

ptrdiff_t str_find_char(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	return at ? at - s.p : -1;
}

ptrdiff_t str_find_char_last(struct str s, char c)
{
	const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
	return at ? at - s.p : -1;
}

struct str str_slice(struct str s, size_t from, size_t to)
{
	to = MIN(to, s.n);
	from = MIN(from, to);
	return (struct str){ s.p ? s.p + from : NULL, to - from };
}

struct str str_trim_right(struct str s)
{
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	return str_trim_right(s);
}

struct str str_cut(struct str *rest, char separator)
{
	struct str all = *rest;
	ptrdiff_t at = str_find_char(all, separator);
	if (at < 0) {
		*rest = STR_NONE;
		return all;
	}
	*rest = str_slice(all, (size_t)at + 1, all.n);
	return str_slice(all, 0, (size_t)at);
}

struct str str_word(struct str *rest)
{
	size_t i = 0;
	while (i < rest->n && is_space(rest->p[i]))
		i++;
	size_t from = i;
	while (i < rest->n && !is_space(rest->p[i]))
		i++;
	struct str word = str_slice(*rest, from, i);
	*rest = str_slice(*rest, i, rest->n);
	return word;
}

bool str_line(struct str *rest, struct str *line)
{
	if (!rest->p || rest->n == 0)
		return false;
	*line = str_cut(rest, '\n');
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool str_to_int(struct str s, int base, int64_t *out)
{
	bool negative = false;
	size_t i = 0;
	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
		negative = s.p[0] == '-';
		i = 1;
	}
	if (base == 16 && s.n >= i + 2 && s.p[i] == '0' && (s.p[i + 1] == 'x' || s.p[i + 1] == 'X'))
		i += 2;
	if (i >= s.n)
		return false;
	uint64_t value = 0;
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	for (; i < s.n; i++) {
		unsigned digit;
		char c = s.p[i];
		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (fold(c) >= 'a' && fold(c) <= 'f')
			digit = (unsigned)(fold(c) - 'a') + 10;
		else
			return false;
		if (digit >= (unsigned)base || value > (limit - digit) / (unsigned)base)
			return false;
		value = value * (unsigned)base + digit;
	}
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

int64_t str_int_or(struct str s, int64_t otherwise)
{
	int64_t value;
	return str_to_int(s, 10, &value) ? value : otherwise;
}

bool str_to_double(struct str s, double *out)
{
	char text[64];
	if (s.n == 0 || s.n >= sizeof(text) || is_space(s.p[0]))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	char *end;
	errno = 0;
	double value = strtod(text, &end);
	if (end != text + s.n || errno == ERANGE)
		return false;
	*out = value;
	return true;
}

size_t str_distance(struct str a, struct str b)
{
	enum { LONGEST = 64 };
	a.n = MIN(a.n, (size_t)LONGEST);
	b.n = MIN(b.n, (size_t)LONGEST);
	size_t row[LONGEST + 1];
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t above = row[j];
			size_t swap = diagonal + (a.p[i - 1] != b.p[j - 1]);
			row[j] = MIN(MIN(above, row[j - 1]) + 1, swap);
			diagonal = above;
		}
	}
	return row[b.n];
}

uint64_t str_hash(struct str s)
{
	/* 64-bit FNV-1a with a final mix; tables here are small and never keyed by a stranger's
	 * unbounded input. */
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}
