/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sigma_key: "Field|modifier|modifier", taken apart and checked (private to Sigma's reader).
 *
 * Each modifier says once with which others it may stand, and why not with the rest.
 */
#ifndef WARD_DETECT_SIGMA_KEY_H
#define WARD_DETECT_SIGMA_KEY_H

#include "detect/sigma_reader.h"

enum { MODIFIERS_MOST = 16 };

enum modifier_kind {
	MODIFIER_ALL, MODIFIER_NEQ, MODIFIER_CASED, MODIFIER_EXPAND,
	MODIFIER_CONTAINS, MODIFIER_STARTSWITH, MODIFIER_ENDSWITH,
	MODIFIER_BASE64, MODIFIER_BASE64OFFSET, MODIFIER_UTF16LE, MODIFIER_UTF16BE, MODIFIER_UTF16, MODIFIER_WINDASH,
	MODIFIER_RE, MODIFIER_I, MODIFIER_M, MODIFIER_S,
	MODIFIER_CIDR, MODIFIER_EXISTS, MODIFIER_FIELDREF, MODIFIER_LT, MODIFIER_LTE, MODIFIER_GT, MODIFIER_GTE,
	MODIFIER_MINUTE, MODIFIER_HOUR, MODIFIER_DAY, MODIFIER_WEEK, MODIFIER_MONTH, MODIFIER_YEAR,
};

#define BIT(kind) (UINT32_C(1) << MODIFIER_##kind)
#define LINKS     (BIT(ALL) | BIT(NEQ))
#define PLACES    (BIT(CONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH))
#define ENCODINGS (BIT(BASE64) | BIT(BASE64OFFSET) | BIT(UTF16LE) | BIT(UTF16BE) | BIT(UTF16))
#define TEXTS     (LINKS | BIT(CASED) | BIT(EXPAND) | PLACES | ENCODINGS | BIT(WINDASH))
#define REGEXES   (BIT(RE) | BIT(I) | BIT(M) | BIT(S))
#define COMPARES  (BIT(LT) | BIT(LTE) | BIT(GT) | BIT(GTE))
#define TIMES     (BIT(MINUTE) | BIT(HOUR) | BIT(DAY) | BIT(WEEK) | BIT(MONTH) | BIT(YEAR))

struct modifier {
	const char *name;
	enum modifier_kind kind;
	uint32_t with;
	const char *why; /* not with others; an English key */
};

/* A key, taken apart. */
struct sigma_key {
	const struct doc *node;   /* for messages: the key, or the keyword list */
	struct str field;         /* STR_NONE: keywords */
	const struct modifier *modifier[MODIFIERS_MOST];
	unsigned column[MODIFIERS_MOST]; /* where it stands in the key */
	size_t n;
	uint32_t set;             /* BIT()s */
	struct sigma_item item;   /* what all its items have in common */
};

static inline bool sigma_key_has(const struct sigma_key *key, uint32_t bits)
{
	return key->set & bits;
}

/* -EINVAL with a problem added. */
int sigma_key_read(struct sigma_reader *reader, const struct doc *node, struct sigma_key *key) MUST_USE;

#endif
