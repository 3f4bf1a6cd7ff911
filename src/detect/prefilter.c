/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/prefilter.h"

#include <stdlib.h>

#include "detect/teddy.h"

enum { WINDOW = TEDDY_WINDOW, GROUPS = TEDDY_GROUPS };

/* A piece: `text` is folded; its window is at `offset`. */
struct piece {
	struct str text;
	size_t offset;
};

struct prefilter {
	struct teddy teddy;
	struct piece *pieces;
	size_t groups[GROUPS + 1]; /* where each begins in `pieces` */
};

/* ---- building ---- */

/* Nothing writes it in another way than itself, but by number. */
static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '/';
}

/* The longest run of plain characters. */
static struct str plain_run(struct str text)
{
	struct str best = STR_NONE;
	for (size_t i = 0; i < text.n;) {
		size_t from = i;
		while (i < text.n && is_plain(text.p[i]))
			i++;
		if (i - from > best.n)
			best = str_slice(text, from, i);
		i++;
	}
	return best;
}

static bool piece_of(const struct predicate *keyword, struct piece *out)
{
	struct str best = STR_NONE;
	for (size_t i = 0; i < keyword->folded.n; i++) {
		struct str run = keyword->folded.p[i].kind == PART_LITERAL ? plain_run(keyword->folded.p[i].text) : STR_NONE;
		if (run.n > best.n)
			best = run;
	}
	*out = (struct piece){ .text = best };
	return best.n >= WINDOW;
}

static int compare_windows(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;
	return memcmp(a->text.p + a->offset, b->text.p + b->offset, WINDOW);
}

struct prefilter *prefilter_build(struct arena *arena, const struct predicate *const *keywords, size_t n,
                                  const struct gram_counts *counts)
{
	struct prefilter *prefilter = ARENA_NEW(arena, struct prefilter);
	if (n > PREFILTER_MOST)
		return NULL;
	prefilter->pieces = ARENA_ARRAY(arena, struct piece, n + 1);
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		struct piece *piece = &prefilter->pieces[used++];
		if (!piece_of(keywords[i], piece))
			return NULL;
		piece->offset = literals_rarest(counts, piece->text, WINDOW);
	}
	qsort(prefilter->pieces, used, sizeof(*prefilter->pieces), compare_windows);
	for (unsigned group = 0; group <= GROUPS; group++)
		prefilter->groups[group] = used * group / GROUPS;
	for (unsigned group = 0; group < GROUPS; group++)
		for (size_t i = prefilter->groups[group]; i < prefilter->groups[group + 1]; i++)
			teddy_add(&prefilter->teddy, group, str_slice(prefilter->pieces[i].text, prefilter->pieces[i].offset, SIZE_MAX), true);
	return prefilter;
}

/* ---- looking ---- */

/* Does a piece of these groups stand here, its window at `at`? */
static bool is_piece(const struct prefilter *prefilter, struct str raw, size_t at, uint8_t groups)
{
	for (; groups; groups &= (uint8_t)(groups - 1)) {
		unsigned group = (unsigned)__builtin_ctz(groups);
		for (size_t i = prefilter->groups[group]; i < prefilter->groups[group + 1]; i++) {
			const struct piece *piece = &prefilter->pieces[i];
			if (piece->offset <= at && str_eq_nocase(str_slice(raw, at - piece->offset, at - piece->offset + piece->text.n), piece->text))
				return true;
		}
	}
	return false;
}

/* A backslash stands at `at`, and "u" behind it: an escape, unless the backslash is itself escaped. */
static bool is_escape(struct str raw, size_t at)
{
	size_t before = 0;
	while (before < at && raw.p[at - 1 - before] == '\\')
		before++;
	return before % 2 == 0;
}

/* The long s and the Kelvin sign. */
static bool has_odd_letters(struct str raw)
{
	const char *end = raw.p + raw.n;
	for (const char *p = raw.p; (p = memchr(p, '\xc5', (size_t)(end - p))); p++)
		if (end - p >= 2 && p[1] == '\xbf')
			return true;
	for (const char *p = raw.p; (p = memchr(p, '\xe2', (size_t)(end - p))); p++)
		if (end - p >= 3 && p[1] == '\x84' && p[2] == '\xaa')
			return true;
	return false;
}

bool prefilter_may(const struct prefilter *prefilter, struct str raw)
{
	uint8_t seen = 0;
	for (size_t at = 0; (at = teddy_next(&prefilter->teddy, raw, at, true, &seen)) < raw.n; at++) {
		uint8_t groups = teddy_groups(&prefilter->teddy, raw.p + at);
		if ((groups && is_piece(prefilter, raw, at, groups)) ||
		    (raw.p[at] == '\\' && raw.p[at + 1] == 'u' && is_escape(raw, at)))
			return true;
	}
	return seen >= 0x80 && has_odd_letters(raw);
}
