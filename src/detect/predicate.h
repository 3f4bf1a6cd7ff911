/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * predicate: one thing that rules ask of one field, as compiled for a log source (private to the detector).
 *
 * Equal questions of any number of rules are one predicate. A predicate about text is answered by the index of its field
 * (detect/index.h) for all at once, or alone by predicate_holds(); both say the same. Letters' case: texts are folded on
 * both sides unless the predicate is `cased`, which the index then asks predicate_holds().
 */
#ifndef WARD_DETECT_PREDICATE_H
#define WARD_DETECT_PREDICATE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "detect/sigma.h"

enum { SLOT_NONE, SLOT_KEYWORDS, SLOT_FIRST }; /* a slot is a field that rules or mappings name */

/* Predicates of which one must hold. */
struct guard {
	const uint32_t *ids;
	uint32_t n;
};

struct predicate {
	const struct sigma_item *item;
	struct sigma_pattern pattern; /* SIGMA_PATTERN: as it is compared, so folded unless item->cased */
	struct sigma_pattern folded;  /* the same, always folded */
	uint32_t slot, other;         /* other: SIGMA_FIELDREF */
	const struct guard *guards;   /* SIGMA_REGEX: hold where the expression does, each of them */
	uint32_t n_guards;            /* 0: there are none */
	size_t shortest;              /* SIGMA_REGEX: bytes that a match has at least */
	struct sigma_pattern exact;   /* SIGMA_REGEX: the same as the expression for a line of UTF-8; no parts: nothing is */
	struct sigma_pattern order;   /* SIGMA_REGEX: holds of a folded value that matches; no parts: says nothing */
	uint32_t uses;                /* how many conditions ask it */
	bool indexed;                 /* answered for every value: all SIGMA_PATTERN, and others that are a trigger */
	pcre2_code *regex;
};

/* What a thread needs to run regular expressions. */
struct regex_work {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	uint64_t runs, limits; /* how often; how often the limit ended it, which counts as no match */
};

void regex_work_init(struct regex_work *work);
void regex_work_done(struct regex_work *work);

/* A value in both spellings; `folded` is followed by PADDING readable bytes. */
enum { VALUE_PADDING = 40 };
struct value {
	struct str text, folded;
};

bool pattern_holds(const struct sigma_pattern *pattern, struct str text);
/* Of a value that is there and not null; not for SIGMA_NULL, _EXISTS and _FIELDREF. */
bool predicate_holds(const struct predicate *predicate, const struct value *value, struct regex_work *work);
bool fieldref_holds(const struct sigma_item *item, struct str left, struct str right);

/* Compile item->regex. -EINVAL with words. */
int predicate_compile(struct predicate *predicate, struct err *err) MUST_USE;

#endif
