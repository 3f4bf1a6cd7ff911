/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fold: text without the difference between capital and small letters, by Unicode's simple case folding
 * (CaseFolding.txt, statuses C and S; one character gives one character). "ſ" and "s", the Kelvin sign and "k" are the
 * same; "ß" and "ss", the Turkish "İ" and "i" are not. Bytes that are not UTF-8 stay as they are.
 */
#ifndef WARD_BASE_FOLD_H
#define WARD_BASE_FOLD_H

#include "base/arena.h"
#include "base/buf.h"

uint32_t fold_char(uint32_t code);
/* Folded text may be longer or shorter in bytes. `out` has room for fold_room(text.n); returns how many were written. */
size_t fold_into(char *out, struct str text);
static inline size_t fold_room(size_t n)
{
	return n + n / 2 + 4;
}
void fold_add(struct buf *buf, struct str text);
/* The text itself when folding changes nothing. */
struct str fold_text(struct arena *arena, struct str text);

bool fold_eq(struct str a, struct str b);
/* The first place where `text` says `folded`, which is folded already, in any case: its offset in `text` and, in *n (may
 * be NULL), its length there; or -1. */
ptrdiff_t fold_find(struct str text, struct str folded, size_t *n);
/* `text` begins with `folded`: how many of its bytes that takes; or -1. */
ptrdiff_t fold_prefix(struct str text, struct str folded);

#endif
