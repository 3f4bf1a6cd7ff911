/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * str: a slice of bytes owned by somebody else, passed by value.
 *
 * A slice is not NUL-terminated and may hold any byte. `p == NULL` means "absent" (SQL NULL, a
 * missing key), which is not the same as the empty slice. Cutting never copies; a slice is valid
 * as long as the arena, buffer or literal under it.
 */
#ifndef WARD_BASE_STR_H
#define WARD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"

struct str {
	const char *p;
	size_t n;
};

/* A list of slices; who owns it is said where it is made. */
struct strings {
	struct str *p;
	size_t n;
};

#define STR(literal)  ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE      ((struct str){ NULL, 0 })
/* For printf's "%.*s". */
#define STR_ARG(s)    (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_from(const char *text)
{
	return text ? (struct str){ text, strlen(text) } : STR_NONE;
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Compare with a C string: str_is(key, "Port"). */
static inline bool str_is(struct str a, const char *b)
{
	return str_eq(a, str_from(b));
}

bool str_is_nocase(struct str a, const char *b);  /* ASCII case folded */
bool str_eq_nocase(struct str a, struct str b);
int str_compare(struct str a, struct str b);      /* bytes; the shorter first */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
/* Exactly n lower-case hexadecimal digits: an identifier or a digest as we write them. */
bool str_is_hex(struct str s, size_t n);
/* Offset of the first `needle`, or -1. */
ptrdiff_t str_find(struct str s, const char *needle);
ptrdiff_t str_find_char(struct str s, char c);
ptrdiff_t str_find_char_last(struct str s, char c);

struct str str_slice(struct str s, size_t from, size_t to); /* clamped to s */
struct str str_trim(struct str s);                          /* space, tab, CR, LF, VT, FF */
struct str str_trim_right(struct str s);

/* Cut at the first `separator`: the part before is returned, *rest starts after it. When there is
 * none, all is returned and *rest becomes STR_NONE. `str_cut(&rest, ',')` in a loop while rest.p. */
struct str str_cut(struct str *rest, char separator);
/* Next run of characters that are not white space; an empty slice at the end. */
struct str str_word(struct str *rest);
/* Next line without its LF or CRLF. False at the end of the text. */
bool str_line(struct str *rest, struct str *line);

/* Whole slice must be the number, within int64; base 8, 10 or 16. False and *out untouched if not. */
bool str_to_int(struct str s, int base, int64_t *out) MUST_USE;
/* As str_to_int in base 10, or `otherwise`. */
int64_t str_int_or(struct str s, int64_t otherwise);
bool str_to_double(struct str s, double *out) MUST_USE;

/* Number of edits between two names, for "did you mean"; counts up to 64 bytes of each. */
size_t str_distance(struct str a, struct str b);

uint64_t str_hash(struct str s);

#endif
