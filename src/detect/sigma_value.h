/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sigma_value: texts with wildcards, and what Sigma's modifiers make of them (private to Sigma's reader).
 *
 * Modifiers apply one after the other, in the order written; some turn one text into several, any of which may then match.
 */
#ifndef WARD_DETECT_SIGMA_VALUE_H
#define WARD_DETECT_SIGMA_VALUE_H

#include "detect/sigma.h"

/* Of one value. windash makes five of each dash, so this is six dashes. */
enum { SIGMA_EXPANSIONS = 15625 };
enum { PLACEHOLDERS_MOST = 8 }; /* in one text */
enum { PART_PLACEHOLDER = PART_ONE + 1 }; /* %name%, until `expand` replaces it */

struct sigma_patterns {
	struct sigma_pattern *p;
	size_t n, room;
	struct arena *scratch; /* the list's memory; the patterns' is that of the rule */
};

/* Read wildcards and backslashes; `placeholders`: also %name%, where \% is a percent sign. */
struct sigma_pattern sigma_pattern_read(struct arena *arena, struct str text, bool placeholders);
/* The length of the name in "name%…", which stood behind a percent sign; or 0. */
size_t sigma_placeholder_name(struct str rest);
struct sigma_pattern sigma_pattern_literal(struct arena *arena, struct str text);
bool sigma_pattern_special(const struct sigma_pattern *pattern); /* has more than literal text */
struct str sigma_pattern_text(const struct sigma_pattern *pattern); /* of one without wildcards */
bool sigma_pattern_utf8(const struct sigma_pattern *pattern);
/* The pattern with '*' in front, behind; no second one where there is one. */
struct sigma_pattern sigma_pattern_open(struct arena *arena, struct sigma_pattern pattern, bool front, bool behind);
/* The pattern with `value` instead of its part `at`. */
struct sigma_pattern sigma_pattern_splice(struct arena *arena, struct sigma_pattern pattern, size_t at,
                                          struct sigma_pattern value);
/* The pattern in Sigma's spelling, for people. */
void sigma_pattern_words(const struct sigma_pattern *pattern, struct buf *out);

enum sigma_encoding { ENCODING_UTF16LE, ENCODING_UTF16BE, ENCODING_UTF16 };

/* These add to `out`. -EINVAL with an English key: it cannot be done. */
void sigma_encode(struct arena *arena, struct sigma_pattern pattern, enum sigma_encoding encoding,
                  struct sigma_patterns *out);
int sigma_base64(struct arena *arena, struct sigma_pattern pattern, bool offsets, struct sigma_patterns *out,
                 const char **why) MUST_USE;
int sigma_windash(struct arena *arena, struct sigma_pattern pattern, struct sigma_patterns *out,
                  const char **why) MUST_USE;

#endif
