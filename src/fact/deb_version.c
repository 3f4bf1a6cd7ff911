/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/deb_version.h"

struct parts {
	struct str epoch, upstream, revision;
};

static struct str no_zeros(struct str digits)
{
	while (digits.n && digits.p[0] == '0')
		digits = str_slice(digits, 1, digits.n);
	return digits;
}

static struct parts split(struct str version)
{
	struct parts parts = { STR(""), version, STR("") };
	ptrdiff_t colon = str_find_char(version, ':');
	if (colon >= 0) {
		parts.epoch = str_slice(version, 0, (size_t)colon);
		parts.upstream = str_slice(version, (size_t)colon + 1, version.n);
	}
	ptrdiff_t hyphen = str_find_char_last(parts.upstream, '-');
	if (hyphen >= 0) {
		parts.revision = str_slice(parts.upstream, (size_t)hyphen + 1, parts.upstream.n);
		parts.upstream = str_slice(parts.upstream, 0, (size_t)hyphen);
	}
	return parts;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Weight of the character at the front: a tilde sorts before the end, letters before all else. */
static int weight(struct str s)
{
	if (!s.n || is_digit(s.p[0]))
		return 0;
	unsigned char c = (unsigned char)s.p[0];
	if (c == '~')
		return -1;
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return c;
	return c + 256;
}

static struct str take_digits(struct str *s)
{
	size_t n = 0;
	while (n < s->n && is_digit(s->p[n]))
		n++;
	struct str digits = str_slice(*s, 0, n);
	*s = str_slice(*s, n, s->n);
	return no_zeros(digits);
}

/* Numbers of any length: the longer is the larger. */
static int compare_digits(struct str a, struct str b)
{
	return a.n != b.n ? (a.n < b.n ? -1 : 1) : str_compare(a, b);
}

static int compare_part(struct str a, struct str b)
{
	while (a.n || b.n) {
		while ((a.n && !is_digit(a.p[0])) || (b.n && !is_digit(b.p[0]))) {
			int wa = weight(a), wb = weight(b);
			if (wa != wb)
				return wa < wb ? -1 : 1;
			a = str_slice(a, 1, a.n);
			b = str_slice(b, 1, b.n);
		}
		int r = compare_digits(take_digits(&a), take_digits(&b));
		if (r)
			return r;
	}
	return 0;
}

int deb_version_compare(struct str a, struct str b)
{
	struct parts x = split(a), y = split(b);
	int r = compare_digits(no_zeros(x.epoch), no_zeros(y.epoch));
	if (!r)
		r = compare_part(x.upstream, y.upstream);
	if (!r)
		r = compare_part(x.revision, y.revision);
	return r;
}
