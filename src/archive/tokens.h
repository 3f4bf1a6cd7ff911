/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * tokens: the words of a text as numbers, and filters that say which words a block cannot hold.
 *
 * A word is a longest run of letters, digits and '_' of ASCII, and of letters of the Latin, Greek and Cyrillic
 * alphabets, its case folded. Chinese, Japanese and Korean have no blanks between words: each pair of neighbouring
 * characters is a token. All other characters end a word. Behind a backslash the letter of an escape may belong to the
 * word or not: a text then has both words, a needle asks for the shorter. A token is a hash of 64 bits.
 *
 * A filter (a Bloom filter, FILTER_BITS bits a token, seven of them set) never says "no" for a token that was added; it says
 * "perhaps" wrongly about once in a hundred. Decimal numbers that are many and near each other (record numbers) are
 * kept as ranges instead, which costs nothing; a filter then says "perhaps" for each number within.
 */
#ifndef WARD_ARCHIVE_TOKENS_H
#define WARD_ARCHIVE_TOKENS_H

#include "base/buf.h"

enum { FILTER_BITS = 10, FILTER_RANGES = 64 };

typedef void token_fn(void *ctx, uint64_t token);
/* Every token of the text, as often as it comes. */
void tokens_each(struct str text, token_fn *each, void *ctx);

struct token_set {
	uint64_t *slots; /* open addressing, a power of two; 0: free */
	size_t room, n;
	struct token_range {
		uint64_t low, high;
	} ranges[FILTER_RANGES];
	size_t n_ranges;
};

void token_set_add(struct token_set *set, uint64_t token);
/* All tokens of the text; and, where a word stands behind an escape of JSON ("\tfoo", "\u003cfoo"), also that word without the
 * escape's letters. */
void token_set_add_text(struct token_set *set, struct str text);
/* A record's host, source or parser, whole, whatever its case: block filters hold these too. TOKEN_ODD stands, with an empty
 * text, for any of the two characters that fold into ASCII written as an escape; token_set_add_text() adds it. */
enum token_head { TOKEN_HOST = 1, TOKEN_SOURCE, TOKEN_PARSER, TOKEN_ODD };
void token_set_add_head(struct token_set *set, enum token_head head, struct str text);
/* All decimal numbers in low..high, written without leading zeros. */
void token_set_add_range(struct token_set *set, uint64_t low, uint64_t high);
void token_set_clear(struct token_set *set);
void token_set_done(struct token_set *set);

void token_filter_make(const struct token_set *set, struct buf *out);

/* A filter opened for many questions. A corrupt one answers "perhaps" to all. */
struct token_filter {
	const uint8_t *bits; /* NULL: answers "perhaps" */
	uint64_t n_bits;
	struct token_range ranges[FILTER_RANGES];
	size_t n_ranges;
};
void token_filter_open(struct str bytes, struct token_filter *out);
bool token_filter_may_hold(const struct token_filter *filter, uint64_t token);
/* Wrong less often than once in ten thousand. */
bool token_filter_may_hold_head(const struct token_filter *filter, enum token_head head, struct str text);
/* Whether a text that holds the needle, whatever its case, may be there: words that are decimal numbers are looked up in the
 * ranges too. `whole`: the needle stands there as whole words (its two ends are ends of words); otherwise only the words
 * inside count, because the first and the last may go on in the text. */
bool token_filter_may_hold_text(const struct token_filter *filter, struct str needle, bool whole);

#endif
