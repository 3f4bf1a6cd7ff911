/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * utf8: strict UTF-8 (RFC 3629) and how text looks on a terminal.
 *
 * Strict means: no overlong forms, no surrogates (U+D800..U+DFFF), nothing above U+10FFFF. Each
 * bad sequence is replaced by one U+FFFD for its longest part that could have begun a character,
 * as the Unicode Standard recommends (chapter 3.9), so that all programs count them alike.
 *
 * Nothing here looks at the process's locale.
 */
#ifndef WARD_BASE_UTF8_H
#define WARD_BASE_UTF8_H

#include "base/arena.h"

enum { UTF8_BAD = 0xfffd, UTF8_LONGEST = 4 };

bool utf8_valid(struct str s);
/* How many bytes from the start are valid UTF-8; s.n when all of them. */
size_t utf8_valid_bytes(struct str s);

/* Take one character off the front; U+FFFD for a bad sequence. `rest` must not be empty. */
uint32_t utf8_next(struct str *rest);
/* Write a character, return its length in bytes. What is no character is written as U+FFFD. */
size_t utf8_put(char out[UTF8_LONGEST], uint32_t code);

/* Columns on a terminal: 2 for wide East Asian characters and emoji, 0 for combining marks and
 * control characters. */
unsigned utf8_char_width(uint32_t code);
size_t utf8_width(struct str s);
/* The longest beginning of s that fits into so many columns; combining marks stay with their base. */
struct str utf8_cut(struct str s, size_t columns);

/* Safe to show on a terminal: bad bytes become \xHH, control characters \n \r \t \x1b, invisible
 * line ends and direction marks (with which text can be made to look like other text) \u202e. A
 * backslash stays as it is. Returns s itself when there is nothing to replace. */
struct str utf8_clean(struct arena *arena, struct str s);

#endif
