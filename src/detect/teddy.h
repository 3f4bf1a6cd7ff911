/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * teddy: where in a text one of a few short texts may begin, 32 places at a time (private to the detector).
 *
 * Texts are put into eight groups. The first three bytes at a place are looked up by their halves: which groups have a
 * text with such a half there. What is left in all six look-ups is worth a comparison. The idea is that of Hyperscan (X.
 * Wang et al., Hyperscan: A Fast Multi-pattern Regex Matcher for Modern CPUs, NSDI 2019, section 4.2).
 */
#ifndef WARD_DETECT_TEDDY_H
#define WARD_DETECT_TEDDY_H

#include "base/str.h"

enum { TEDDY_WINDOW = 3, TEDDY_GROUPS = 8, TEDDY_BLOCK = 32 };

struct teddy {
	uint8_t low[TEDDY_WINDOW][16], high[TEDDY_WINDOW][16]; /* groups that have such a half at that place */
};

/* Add the first bytes of a text to a group. `nocase`: the text is small, ASCII capitals count as the same. */
void teddy_add(struct teddy *teddy, unsigned group, struct str text, bool nocase);

/* The groups of which a text may begin here; TEDDY_WINDOW bytes can be read. */
static inline uint8_t teddy_groups(const struct teddy *teddy, const char *p)
{
	uint8_t groups = UINT8_MAX;
	for (int i = 0; i < TEDDY_WINDOW; i++)
		groups &= teddy->low[i][(uint8_t)p[i] & 15] & teddy->high[i][(uint8_t)p[i] >> 4];
	return groups;
}

/* The groups of TEDDY_BLOCK places at once, for which TEDDY_BLOCK + TEDDY_WINDOW bytes can be read; bits of places with any. */
uint32_t teddy_block(const struct teddy *teddy, const char *p, uint8_t groups[TEDDY_BLOCK]);
uint32_t teddy_block_plain(const struct teddy *teddy, const char *p, uint8_t groups[TEDDY_BLOCK]);

/* The next place not before `from` where a text may begin or, with `escapes`, "\u" stands; of those that have TEDDY_WINDOW
 * bytes. text.n: there is none. *seen: the top bit is set when there was a byte beyond ASCII on the way. */
size_t teddy_next(const struct teddy *teddy, struct str text, size_t from, bool escapes, uint8_t *seen);
/* The same without the instructions that not every processor has. */
size_t teddy_next_plain(const struct teddy *teddy, struct str text, size_t at, bool escapes, uint8_t *seen);

#endif
