/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/tokens.h"

#include <stdlib.h>

#include "archive/wire.h"
#include "base/arena.h"
#include "base/fold.h"
#include "base/utf8.h"


/* A letter in lower case, for the alphabets that words are made of; 0 for every other character. Only those whose pairs
 * are regular: a letter outside ends the word, which is right under every way of folding. */
static uint32_t fold_letter(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' ? c : c >= 'A' && c <= 'Z' ? c + 32 : 0;
	if (c >= 0xc0 && c <= 0xff)
		return c == 0xd7 || c == 0xf7 ? 0 : c <= 0xde ? c + 32 : c;
	if (c == 0x17f || c == 0x212a) /* long s and the sign of kelvin fold to ASCII */
		return c == 0x17f ? 's' : 'k';
	if (c == 0x178)
		return 0xff;
	if ((c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return c + (c & 1);
	if (c == 0x1a0 || c == 0x1a1)
		return 0x1a1;
	if (c == 0x1af || c == 0x1b0)
		return 0x1b0;
	if ((c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff))
		return c | 1;
	if (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2)
		return c;
	if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2)
		return c + 32;
	if (c >= 0x430 && c <= 0x45f)
		return c;
	if (c >= 0x410 && c <= 0x42f)
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	return 0;
}

static bool is_pair_letter(uint32_t c)
{
	return (c >= 0x2e80 && c <= 0x2fdf) || (c >= 0x3040 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3) ||
	       (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3fffd) || c == 0x3005 || c == 0x3007;
}

enum { HASH_BASE = 0x2545 };
static uint64_t hash_add(uint64_t hash, uint32_t c)
{
	return (hash ^ c) * 0x9fb21c651e98df25u;
}

/* Never 0, which marks a free slot. */
static uint64_t hash_end(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93u;
	hash ^= hash >> 29;
	return hash ? hash : 1;
}

struct word {
	uint64_t token;
	size_t from, to;  /* bytes in the text */
	bool pair;
	bool escaped;     /* its first letter may belong to an escape of JSON ("\\nName"): the rest is one more word */
};

/* ASCII bytes that are part of a word, folded; 0 the rest. */
static const uint8_t ascii_word[128] = {
	['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8',
	['9'] = '9', ['_'] = '_', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g',
	['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p',
	['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',
	['z'] = 'z', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h',
	['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
	['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

static void words_each(struct str text, void (*each)(void *ctx, const struct word *word), void *ctx)
{
	uint64_t hash = HASH_BASE;
	size_t begin = 0, i = 0, pairs = 0; /* pairs: characters of the run so far */
	uint32_t before = 0;
	size_t before_at = 0;
	bool in_word = false, escaped = false;
	uint64_t rest_hash = HASH_BASE;
	while (i <= text.n) {
		uint32_t c = 0, folded = 0;
		size_t width = 1;
		if (i < text.n && (uint8_t)text.p[i] < 0x80) {
			folded = ascii_word[(uint8_t)text.p[i]];
		} else if (i < text.n) {
			struct str rest = { text.p + i, text.n - i };
			c = utf8_next(&rest);
			width = text.n - i - rest.n;
			folded = fold_letter(c);
		}
		if (folded) {
			if (!in_word) {
				in_word = true;
				begin = i;
				hash = rest_hash = HASH_BASE;
				escaped = i > 0 && text.p[i - 1] == '\\' && folded < 0x80 && memchr("nrtbf", (int)folded, 5);
			} else if (escaped) {
				rest_hash = hash_add(rest_hash, folded);
			}
			hash = hash_add(hash, folded);
		} else if (in_word) {
			in_word = false;
			each(ctx, &(struct word){ hash_end(hash), begin, i, false, escaped });
			if (escaped && i > begin + 1)
				each(ctx, &(struct word){ hash_end(rest_hash), begin + 1, i, false, false });
		}
		if (c && is_pair_letter(c)) {
			if (pairs++)
				each(ctx, &(struct word){ hash_end(hash_add(hash_add(HASH_BASE, before), c)), before_at, i + width, true, false });
			before = c;
			before_at = i;
		} else {
			pairs = 0;
		}
		i += width;
	}
}

struct each_token {
	token_fn *each;
	void *ctx;
};

static void pass_token(void *ctx, const struct word *word)
{
	struct each_token *to = ctx;
	to->each(to->ctx, word->token);
}

void tokens_each(struct str text, token_fn *each, void *ctx)
{
	struct each_token to = { each, ctx };
	words_each(text, pass_token, &to);
}

enum { NEEDED_MOST = 16 };

/* The words whose tokens every text has that holds the needle, the longest first. */
struct needed {
	struct str needle;
	bool whole;
	struct word words[NEEDED_MOST];
	size_t n;
};

static void keep_needed(void *ctx, const struct word *word)
{
	struct needed *needed = ctx;
	/* A pair is a token wherever its two characters stand. */
	if (word->escaped)
		return;
	if (!word->pair && !needed->whole && (word->from == 0 || word->to == needed->needle.n))
		return;
	size_t at = needed->n;
	while (at > 0 && needed->words[at - 1].to - needed->words[at - 1].from < word->to - word->from)
		at--;
	if (at == NEEDED_MOST)
		return;
	needed->n = MIN(needed->n + 1, (size_t)NEEDED_MOST);
	memmove(needed->words + at + 1, needed->words + at, (needed->n - 1 - at) * sizeof(needed->words[0]));
	needed->words[at] = *word;
}

static void set_place(uint64_t *slots, size_t room, uint64_t token)
{
	size_t at = token & (room - 1);
	while (slots[at])
		at = (at + 1) & (room - 1);
	slots[at] = token;
}

static void set_grow(struct token_set *set)
{
	size_t room = set->room ? set->room * 2 : 1024;
	uint64_t *slots = mem_alloc(room * sizeof(*slots));
	for (size_t i = 0; i < set->room; i++)
		if (set->slots[i])
			set_place(slots, room, set->slots[i]);
	free(set->slots);
	set->slots = slots;
	set->room = room;
}

void token_set_add(struct token_set *set, uint64_t token)
{
	if (set->n * 4 >= set->room * 3)
		set_grow(set);
	size_t at = token & (set->room - 1);
	while (set->slots[at] && set->slots[at] != token)
		at = (at + 1) & (set->room - 1);
	set->n += set->slots[at] == 0;
	set->slots[at] = token;
}

static void add_token(void *ctx, uint64_t token)
{
	token_set_add(ctx, token);
}

static void add_first_word(void *ctx, const struct word *word)
{
	if (word->from == 0)
		token_set_add(ctx, word->token);
}

/* Two tokens, so that a filter is seldom wrong about both. */
static uint64_t head_token(enum token_head head, unsigned which, struct str text)
{
	uint64_t hash = hash_add(HASH_BASE, 0x110000 + head * 2 + which); /* no character has this number */
	while (text.n)
		hash = hash_add(hash, fold_char(utf8_next(&text)));
	return hash_end(hash);
}

void token_set_add_head(struct token_set *set, enum token_head head, struct str text)
{
	token_set_add(set, head_token(head, 0, text));
	token_set_add(set, head_token(head, 1, text));
}

/* U+017F or U+212A, written as JSON or nginx escape them. */
static bool is_odd_escape(struct str text)
{
	static const char *const odd[] = { "u017f", "u212a", "xc5\\xbf", "xe2\\x84\\xaa" };
	for (size_t i = 0; i < COUNT(odd); i++)
		if (str_is_nocase(str_slice(text, 0, strlen(odd[i])), odd[i]))
			return true;
	return false;
}

/* A word behind "\u003c" of JSON or "\xe5" of nginx is also one without it. Other escapes: words_each(). */
static void add_escaped(struct token_set *set, struct str text, size_t at)
{
	if (at >= text.n || (text.p[at] != 'u' && text.p[at] != 'x'))
		return;
	if (is_odd_escape(str_slice(text, at, text.n)))
		token_set_add_head(set, TOKEN_ODD, STR(""));
	size_t from = at + (text.p[at] == 'u' ? 5 : 3), to = from;
	while (to < text.n && ((uint8_t)text.p[to] >= 0x80 || ascii_word[(uint8_t)text.p[to]]))
		to++;
	if (to > from)
		words_each(str_slice(text, from, to), add_first_word, set);
}

void token_set_add_text(struct token_set *set, struct str text)
{
	tokens_each(text, add_token, set);
	for (const char *p = text.p, *end = p + text.n; p < end && (p = memchr(p, '\\', (size_t)(end - p))); p++)
		add_escaped(set, text, (size_t)(p + 1 - text.p));
}

void token_set_add_range(struct token_set *set, uint64_t low, uint64_t high)
{
	if (set->n_ranges < FILTER_RANGES) {
		set->ranges[set->n_ranges++] = (struct token_range){ low, high };
		return;
	}
	/* No room: the last one grows until it holds this one too. */
	struct token_range *last = &set->ranges[FILTER_RANGES - 1];
	last->low = MIN(last->low, low);
	last->high = MAX(last->high, high);
}

void token_set_clear(struct token_set *set)
{
	if (set->n)
		memset(set->slots, 0, set->room * sizeof(*set->slots));
	set->n = set->n_ranges = 0;
}

void token_set_done(struct token_set *set)
{
	free(set->slots);
	*set = (struct token_set){ 0 };
}

enum { FILTER_VERSION = 3, FILTER_HASHES = 7 };

/* The size of the filter is part of the hash: otherwise blocks that share most of their words, as neighbours do, would all
 * be wrong about the same words. */
static uint64_t filter_bit(uint64_t token, unsigned i, uint64_t n_bits)
{
	token = (token ^ (n_bits * 0xa0761d6478bd642fu)) * 0xe7037ed1a0b428dbu;
	token ^= token >> 32;
	uint64_t mixed = (token + i * ((token >> 17) | 1)) * 0x9e3779b97f4a7c15u;
	return (uint64_t)(((unsigned __int128)mixed * n_bits) >> 64);
}

void token_filter_make(const struct token_set *set, struct buf *out)
{
	size_t bytes = (set->n * FILTER_BITS + 7) / 8;
	buf_add_char(out, FILTER_VERSION);
	buf_add_varint(out, set->n_ranges);
	for (size_t i = 0; i < set->n_ranges; i++) {
		buf_add_varint(out, set->ranges[i].low);
		buf_add_varint(out, set->ranges[i].high - set->ranges[i].low);
	}
	buf_add_varint(out, bytes);
	uint8_t *bits = (uint8_t *)buf_reserve(out, bytes);
	memset(bits, 0, bytes);
	out->n += bytes;
	for (size_t i = 0; i < set->room; i++)
		for (unsigned j = 0; set->slots[i] && j < FILTER_HASHES; j++) {
			uint64_t bit = filter_bit(set->slots[i], j, bytes * 8);
			bits[bit / 8] |= (uint8_t)(1 << bit % 8);
		}
}

void token_filter_open(struct str bytes, struct token_filter *out)
{
	struct wire wire = wire_from(bytes);
	*out = (struct token_filter){ 0 };
	if (!bytes.n || wire_bytes(&wire, 1).p[0] != FILTER_VERSION)
		return;
	size_t n = wire_count(&wire, FILTER_RANGES);
	for (size_t i = 0; i < n; i++) {
		out->ranges[i].low = wire_varint(&wire);
		out->ranges[i].high = out->ranges[i].low + wire_varint(&wire);
	}
	out->n_ranges = n;
	struct str bits = wire_text(&wire);
	if (wire.bad)
		return;
	out->bits = (const uint8_t *)bits.p;
	out->n_bits = bits.n * 8;
}

bool token_filter_may_hold(const struct token_filter *filter, uint64_t token)
{
	if (!filter->bits)
		return true;
	if (filter->n_bits == 0)
		return false;
	for (unsigned i = 0; i < FILTER_HASHES; i++) {
		uint64_t bit = filter_bit(token, i, filter->n_bits);
		if (!(filter->bits[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}

bool token_filter_may_hold_head(const struct token_filter *filter, enum token_head head, struct str text)
{
	return token_filter_may_hold(filter, head_token(head, 0, text)) && token_filter_may_hold(filter, head_token(head, 1, text));
}

bool token_filter_may_hold_text(const struct token_filter *filter, struct str needle, bool whole)
{
	struct needed needed = { .needle = needle, .whole = whole };
	words_each(needle, keep_needed, &needed);
	for (size_t i = 0; i < needed.n; i++) {
		const struct word *word = &needed.words[i];
		if (token_filter_may_hold(filter, word->token))
			continue;
		int64_t number;
		bool within = false;
		if (str_to_int(str_slice(needle, word->from, word->to), 10, &number) && number >= 0)
			for (size_t j = 0; j < filter->n_ranges; j++)
				within |= (uint64_t)number >= filter->ranges[j].low && (uint64_t)number <= filter->ranges[j].high;
		if (!within)
			return false;
	}
	return true;
}
