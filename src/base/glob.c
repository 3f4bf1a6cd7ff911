/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/glob.h"

bool glob_is_pattern(struct str text)
{
	return str_find_char(text, '*') >= 0 || str_find_char(text, '?') >= 0 || str_find_char(text, '[') >= 0;
}

/* Match one character against the set that starts at pattern.p[at] == '['. *end is set behind its
 * ']'; an unclosed '[' is an ordinary character (*end == at). */
static bool set_match(struct str pattern, size_t at, char c, size_t *end)
{
	size_t i = at + 1;
	bool negated = i < pattern.n && (pattern.p[i] == '!' || pattern.p[i] == '^');
	if (negated)
		i++;
	bool found = false;
	for (size_t first = i; i < pattern.n && (pattern.p[i] != ']' || i == first); i++) {
		unsigned char low = (unsigned char)pattern.p[i], high = low;
		if (i + 2 < pattern.n && pattern.p[i + 1] == '-' && pattern.p[i + 2] != ']') {
			high = (unsigned char)pattern.p[i + 2];
			i += 2;
		}
		if ((unsigned char)c >= low && (unsigned char)c <= high)
			found = true;
	}
	if (i >= pattern.n) {
		*end = at;
		return false;
	}
	*end = i + 1;
	return found != negated;
}

bool glob_match(struct str pattern, struct str name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, retry = 0;
	while (n < name.n) {
		size_t end = p;
		bool same = false;
		if (p < pattern.n && pattern.p[p] == '*') {
			star = ++p;
			retry = n;
			continue;
		}
		if (p < pattern.n && pattern.p[p] == '?') {
			same = true;
			end = p + 1;
		} else if (p < pattern.n && pattern.p[p] == '[') {
			same = set_match(pattern, p, name.p[n], &end);
			if (end == p) {
				same = name.p[n] == '[';
				end = p + 1;
			}
		} else if (p + 1 < pattern.n && pattern.p[p] == '\\') {
			same = name.p[n] == pattern.p[p + 1];
			end = p + 2;
		} else if (p < pattern.n) {
			same = name.p[n] == pattern.p[p];
			end = p + 1;
		}
		if (same) {
			p = end;
			n++;
		} else if (star != SIZE_MAX) {
			p = star;
			n = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}
