/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * json_quotes: where the strings of a JSON text begin and end (private to event/parsers/json.c).
 *
 * Looks at 64 bytes at a time without a branch for any byte: the positions of all quotes that no backslash
 * makes part of a string, and what was wrong or rare on the way. The text outside of strings is not looked at; the
 * parser visits it anyway. How runs of backslashes are told even from odd with one addition is described by
 * G. Langdale and D. Lemire, Parsing Gigabytes of JSON per Second, VLDB Journal 28 (2019), section 3.1.1.
 *
 * There are versions for AVX2, for SSE2 and in plain C for every other processor. json_quotes() takes the fastest
 * that the processor has; tests go through all of them.
 */
#ifndef WARD_EVENT_JSON_QUOTES_H
#define WARD_EVENT_JSON_QUOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUOTES_SLACK = 64 }; /* entries beyond the last that may be overwritten */

struct quotes_found {
	size_t n;
	bool control;    /* there is a byte below 0x20 somewhere, which no string may hold */
	bool bad_escape; /* a backslash is followed by what no escape begins with, or "\u" not by four digits */
	bool backslash;  /* there is one */
};

/* `at` must have room for n + QUOTES_SLACK positions; n below 4 GiB. Behind the last quote stand two more positions, both n. */
typedef struct quotes_found json_quotes_function(const char *p, size_t n, uint32_t *at);

struct json_quotes_version {
	const char *name;
	json_quotes_function *find; /* NULL: not on this processor */
};

enum { QUOTES_VERSIONS = 3 };
const struct json_quotes_version *json_quotes_versions(void); /* QUOTES_VERSIONS of them, fastest first */
json_quotes_function *json_quotes_fastest(void);

#endif
