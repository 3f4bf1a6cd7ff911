/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <arpa/inet.h>

#include "search/seek.h"
#include "base/fold.h"
#include "base/utf8.h"

/* ---- patterns ---- */

static bool skip_characters(struct str *text, unsigned count)
{
	while (count--) {
		if (!text->n)
			return false;
		(void)utf8_next(text);
	}
	return true;
}

/* The piece at the very place: what it leaves. */
static bool piece_here(const struct seek_piece *piece, struct str text, struct str *rest)
{
	if (!skip_characters(&text, piece->one))
		return false;
	ptrdiff_t took = fold_prefix(text, piece->folded);
	if (took < 0)
		return false;
	*rest = str_slice(text, (size_t)took, text.n);
	return true;
}

/* The piece at the first place from here on where it fits: *from is that place. */
static bool piece_next(const struct seek_piece *piece, struct str *from, struct str *rest)
{
	if (!piece->one) {
		size_t n;
		ptrdiff_t at = fold_find(*from, piece->folded, &n);
		if (at < 0)
			return false;
		*from = str_slice(*from, (size_t)at, from->n);
		*rest = str_slice(*from, n, from->n);
		return true;
	}
	for (;;) {
		if (piece_here(piece, *from, rest))
			return true;
		if (!from->n)
			return false;
		(void)utf8_next(from);
	}
}

bool seek_is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
	return (c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7) || (c >= 0x370 && c <= 0x52f) || (c >= 0x1e00 && c <= 0x1fff) ||
	       c == 0x212a;
}

static uint32_t first_character(struct str text)
{
	return text.n ? utf8_next(&text) : 0;
}

static uint32_t last_character(struct str text)
{
	size_t n = 1;
	while (n < text.n && n < UTF8_LONGEST && ((unsigned char)text.p[text.n - n] & 0xc0) == 0x80)
		n++;
	return first_character(str_slice(text, text.n - MIN(n, text.n), text.n));
}

/* A word begins where `rest` does, unless the pattern begins with something else. */
static bool begins_word(const struct seek_piece *piece, struct str text, struct str rest)
{
	if (piece->one || !seek_is_word(first_character(piece->folded)))
		return true;
	struct str before = { text.p, text.n - rest.n };
	return !seek_is_word(last_character(before));
}

static bool ends_word(const struct seek_piece *piece, struct str rest)
{
	return !seek_is_word(last_character(piece->folded)) || !seek_is_word(first_character(rest));
}

static bool first_next(const struct seek_piece *piece, struct str text, bool words, struct str *from, struct str *rest)
{
	while (piece_next(piece, from, rest)) {
		if (!words || begins_word(piece, text, *from))
			return true;
		if (!from->n)
			return false;
		(void)utf8_next(from);
	}
	return false;
}

/* Pieces from the front; a star's piece is tried at later and later places until what follows fits. Only the last star
 * need be tried again, because what stands before it leaves most room when it ends earliest. */
static bool match(const struct seek_piece *pieces, size_t n, struct str value, bool anywhere)
{
	struct str rest = value, from = value;
	size_t i = 0, star = SIZE_MAX;
	for (;;) {
		if (i == n && (anywhere ? ends_word(&pieces[n - 1], rest) : !rest.n))
			return true;
		if (i < n && i + 1 == n && pieces[i].any && !pieces[i].folded.n)
			return skip_characters(&rest, pieces[i].one);
		if (i < n && (pieces[i].any || (i == 0 && anywhere))) {
			star = i;
			from = rest;
			if (!first_next(&pieces[i], value, i == 0 && !pieces[i].any, &from, &rest))
				return false;
			i++;
			continue;
		}
		if (i < n && piece_here(&pieces[i], rest, &rest)) {
			i++;
			continue;
		}
		if (star == SIZE_MAX || !from.n)
			return false;
		(void)utf8_next(&from);
		if (!first_next(&pieces[star], value, star == 0 && !pieces[0].any, &from, &rest))
			return false;
		i = star + 1;
	}
}

bool seek_text_is(const struct seek_piece *pieces, size_t n, struct str value)
{
	return match(pieces, n, value, false);
}

bool seek_text_holds(const struct seek_piece *pieces, size_t n, struct str value)
{
	return match(pieces, n, value, true);
}

/* ---- addresses and numbers ---- */

bool seek_address(struct str text, uint8_t out[16])
{
	char plain[64];
	if (text.n >= 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		text = str_slice(text, 1, text.n - 1);
	ptrdiff_t zone = str_find_char(text, '%');
	if (zone > 0)
		text = str_slice(text, 0, (size_t)zone);
	if (!text.n || text.n >= sizeof(plain) || memchr(text.p, '\0', text.n))
		return false;
	memcpy(plain, text.p, text.n);
	plain[text.n] = '\0';
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	if (inet_pton(AF_INET, plain, out + 12) == 1)
		return true;
	return inet_pton(AF_INET6, plain, out) == 1;
}

static bool in_net(const uint8_t address[16], const uint8_t net[16], unsigned bits)
{
	if (memcmp(address, net, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((address[bits / 8] ^ net[bits / 8]) >> (8 - bits % 8)) == 0;
}

bool seek_number(struct str text, double *out)
{
	int64_t whole;
	if (text.n > 2 && text.p[0] == '0' && (text.p[1] | 0x20) == 'x') {
		if (!str_to_int(str_slice(text, 2, text.n), 16, &whole))
			return false;
		*out = (double)whole;
		return true;
	}
	for (size_t i = 0; i < text.n; i++)
		if (!strchr("0123456789+-.eE", text.p[i]) || !text.p[i])
			return false;
	return text.n && str_to_double(text, out);
}

/* -1, 0, 1: the value beside one end of a range; false: they cannot be compared. */
static bool compare(enum seek_range_type type, struct str value, const struct seek_bound *bound, int *order)
{
	double number;
	uint8_t address[16];
	switch (type) {
	case SEEK_NUMBER:
		if (!seek_number(value, &number))
			return false;
		*order = (number > bound->number) - (number < bound->number);
		return true;
	case SEEK_ADDRESS:
		if (!seek_address(value, address))
			return false;
		*order = memcmp(address, bound->address, 16);
		return true;
	case SEEK_LETTERS: {
		BUF(folded);
		fold_add(&folded, value);
		*order = str_compare(buf_str(&folded), bound->folded);
		return true;
	}
	default:
		return false;
	}
}

static bool in_range(const struct seek_term *term, struct str value)
{
	int order;
	if (term->low.given && (!compare(term->range, value, &term->low, &order) || order < (term->low.without ? 1 : 0)))
		return false;
	return !term->high.given ||
	       (compare(term->range, value, &term->high, &order) && order <= (term->high.without ? -1 : 0));
}

bool seek_moment(const struct seek_term *term, int64_t ns)
{
	if (term->low.given && (term->low.without ? ns <= term->low.moment : ns < term->low.moment))
		return false;
	return !term->high.given || (term->high.without ? ns < term->high.moment : ns <= term->high.moment);
}

bool seek_value(const struct seek_term *term, struct str value)
{
	uint8_t address[16];
	switch (term->how) {
	case SEEK_TEXT:
		return term->where == SEEK_RAW ? seek_text_holds(term->pieces, term->n_pieces, value)
		                               : seek_text_is(term->pieces, term->n_pieces, value);
	case SEEK_NET:
		return (seek_address(value, address) && in_net(address, term->net, term->net_bits)) ||
		       seek_text_is(term->pieces, term->n_pieces, value);
	case SEEK_RANGE:
		return in_range(term, value);
	case SEEK_EXISTS:
		return true;
	default:
		return false;
	}
}

bool seek_name(struct str wanted, struct str field)
{
	if (wanted.n > field.n)
		return false;
	struct str end = str_slice(field, field.n - wanted.n, field.n);
	return (wanted.n == field.n || field.p[field.n - wanted.n - 1] == '.') && str_eq_nocase(end, wanted);
}
