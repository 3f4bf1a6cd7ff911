/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/json_quotes.h"

#include <string.h>

#include "base/macro.h"

enum { BLOCK = 64 };

/* Bit i stands for byte i of a block. */
struct masks {
	uint64_t quote, backslash;
};

struct state {
	uint32_t *out;
	uint64_t odd;  /* 1: the block before ended in a backslash that makes the first byte part of an escape */
	bool control, bad_escape, backslash;
};

static inline bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The "u" of an escape is at text + at. */
static bool four_digits(const char *text, size_t n, size_t at)
{
	return n - at > 4 && is_hex(text[at + 1]) && is_hex(text[at + 2]) && is_hex(text[at + 3]) && is_hex(text[at + 4]);
}

/* Those bytes which a backslash before them makes part of an escape. In a run of backslashes every second one does
 * so to the next; adding the starts of runs at odd places to the run lets the carry come out behind it. */
static inline uint64_t escaped_bytes(uint64_t backslash, uint64_t *odd)
{
	const uint64_t odd_places = UINT64_C(0xaaaaaaaaaaaaaaaa);
	uint64_t first = *odd;
	if (!backslash) {
		*odd = 0;
		return first;
	}
	uint64_t starts = backslash & ~first; /* those that can begin an escape */
	uint64_t behind = (starts << 1 | odd_places) - starts;
	uint64_t codes = behind ^ odd_places;
	*odd = (codes & backslash) >> 63;
	return codes ^ (backslash | first);
}

static const bool escapes[256] = {
	['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true, ['f'] = true,
	['n'] = true, ['r'] = true,  ['t'] = true, ['u'] = true,
};

/* Escapes of one block, one after the other. */
static inline void check_escapes(struct state *state, const char *text, size_t n, size_t at, uint64_t escaped)
{
	for (; escaped; escaped &= escaped - 1) {
		size_t place = at + (unsigned)__builtin_ctzll(escaped);
		state->bad_escape |= place >= n || !escapes[(unsigned char)text[place]] ||
		                     (text[place] == 'u' && !four_digits(text, n, place));
	}
}

/* Positions of the bits. Four are written whether there are or not, which costs less than a wrong guess. */
static inline void write_positions(struct state *state, uint64_t bits, size_t at)
{
	unsigned count = (unsigned)__builtin_popcountll(bits);
	uint32_t *out = state->out;
	for (unsigned from = 0; from < count; from += 4, out += 4) {
		for (int i = 0; i < 4; i++) {
			out[i] = (uint32_t)(at + (unsigned)__builtin_ctzll(bits | UINT64_C(1) << 63));
			bits &= bits - 1;
		}
	}
	state->out += count;
}

static inline struct quotes_found finish(struct state *state, uint32_t *at, size_t n)
{
	struct quotes_found found = {
		.n = (size_t)(state->out - at),
		.control = state->control,
		.bad_escape = state->bad_escape || state->odd,
		.backslash = state->backslash,
	};
	state->out[0] = state->out[1] = (uint32_t)n;
	return found;
}

/* ---- plain C: eight bytes a word ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bit of each byte that is zero. */
static inline uint64_t zero_bytes(uint64_t word)
{
	return ~(((word & EACH(0x7f)) + EACH(0x7f)) | word) & EACH(0x80);
}

/* The eight top bits side by side. */
static inline uint64_t gather(uint64_t tops)
{
	return (tops >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static struct masks plain_block(const char *p, struct state *state)
{
	struct masks masks = { 0 };
	uint64_t control = 0;
	for (unsigned i = 0; i < BLOCK; i += 8) {
		uint64_t word;
		memcpy(&word, p + i, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		word = __builtin_bswap64(word);
#endif
		masks.quote |= gather(zero_bytes(word ^ EACH('"'))) << i;
		masks.backslash |= gather(zero_bytes(word ^ EACH('\\'))) << i;
		control |= zero_bytes(word & EACH(0xe0));
	}
	state->control |= control != 0;
	return masks;
}

static inline void plain_step(struct state *state, const char *p, const char *text, size_t n, size_t at)
{
	struct masks masks = plain_block(p, state);
	uint64_t escaped = escaped_bytes(masks.backslash, &state->odd);
	if (masks.backslash | escaped) {
		state->backslash = true;
		check_escapes(state, text, n, at, escaped);
	}
	write_positions(state, masks.quote & ~escaped, at);
}

/* The last block, with blanks behind the text. */
static inline size_t last_block(char block[BLOCK], const char *text, size_t n, size_t at)
{
	memset(block, ' ', BLOCK);
	memcpy(block, text + at, n - at);
	return n - at;
}

static struct quotes_found quotes_plain(const char *text, size_t n, uint32_t *out)
{
	struct state state = { .out = out };
	char block[BLOCK];
	size_t at = 0;
	for (; n - at >= BLOCK; at += BLOCK)
		plain_step(&state, text + at, text, n, at);
	if (last_block(block, text, n, at))
		plain_step(&state, block, text, n, at);
	return finish(&state, out, n);
}

#ifdef __x86_64__

#include <immintrin.h>

/* ---- SSE2, which every x86-64 has ---- */

static inline struct masks sse2_block(const char *p, __m128i *control)
{
	struct masks masks = { 0 };
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
		__m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
		*control = _mm_or_si128(*control, _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes));
		masks.quote |= (uint64_t)(uint32_t)_mm_movemask_epi8(quote) << i;
		masks.backslash |= (uint64_t)(uint32_t)_mm_movemask_epi8(backslash) << i;
	}
	return masks;
}

static inline void sse2_step(struct state *state, __m128i *control, const char *p, const char *text, size_t n, size_t at)
{
	struct masks masks = sse2_block(p, control);
	uint64_t escaped = escaped_bytes(masks.backslash, &state->odd);
	if (masks.backslash | escaped) {
		state->backslash = true;
		check_escapes(state, text, n, at, escaped);
	}
	write_positions(state, masks.quote & ~escaped, at);
}

static struct quotes_found quotes_sse2(const char *text, size_t n, uint32_t *out)
{
	struct state state = { .out = out };
	__m128i control = _mm_setzero_si128();
	char block[BLOCK];
	size_t at = 0;
	for (; n - at >= BLOCK; at += BLOCK)
		sse2_step(&state, &control, text + at, text, n, at);
	if (last_block(block, text, n, at))
		sse2_step(&state, &control, block, text, n, at);
	state.control = _mm_movemask_epi8(control) != 0;
	return finish(&state, out, n);
}

/* ---- AVX2: escapes are checked 32 at a time, too ---- */

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))

struct wide_masks {
	uint64_t quote, backslash, escapes, u;
};

/* Which of the bytes are in a set: by their low half a set of high halves, by their high half its member. */
AVX2 static inline uint32_t escape_letters(__m256i bytes)
{
	const __m256i low = _mm256_setr_epi8(0, 0, 13, 0, 8, 8, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1, 0, 0, 13, 0, 8, 8, 4, 0, 0, 0, 0, 0,
	                                     2, 0, 4, 1);
	const __m256i high = _mm256_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0,
	                                      0, 0, 0, 0);
	__m256i halves = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
	/* A byte with the top bit set shuffles to 0, as it should. */
	__m256i hit = _mm256_and_si256(_mm256_shuffle_epi8(low, bytes), _mm256_shuffle_epi8(high, halves));
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(hit, _mm256_setzero_si256()));
}

AVX2 static inline uint64_t equal_to(__m256i low, __m256i high, char c)
{
	__m256i each = _mm256_set1_epi8(c);
	uint64_t upper = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, each));
	return upper << 32 | (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, each));
}

AVX2 static inline void avx2_step(struct state *state, __m256i *control, const char *p, const char *text, size_t n, size_t at)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
	const __m256i last_control = _mm256_set1_epi8(0x1f);
	*control = _mm256_or_si256(*control, _mm256_cmpeq_epi8(_mm256_min_epu8(low, last_control), low));
	*control = _mm256_or_si256(*control, _mm256_cmpeq_epi8(_mm256_min_epu8(high, last_control), high));
	uint64_t backslash = equal_to(low, high, '\\');
	uint64_t escaped = escaped_bytes(backslash, &state->odd);
	if (backslash | escaped) {
		state->backslash = true;
		uint64_t letters = (uint64_t)escape_letters(high) << 32 | escape_letters(low);
		state->bad_escape |= (escaped & ~letters) != 0;
		uint64_t u = escaped & equal_to(low, high, 'u');
		if (UNLIKELY(u))
			check_escapes(state, text, n, at, u);
	}
	write_positions(state, equal_to(low, high, '"') & ~escaped, at);
}

AVX2 static struct quotes_found quotes_avx2(const char *text, size_t n, uint32_t *out)
{
	struct state state = { .out = out };
	__m256i control = _mm256_setzero_si256();
	char block[BLOCK];
	size_t at = 0;
	for (; n - at >= BLOCK; at += BLOCK)
		avx2_step(&state, &control, text + at, text, n, at);
	if (last_block(block, text, n, at))
		avx2_step(&state, &control, block, text, n, at);
	state.control = _mm256_movemask_epi8(control) != 0;
	return finish(&state, out, n);
}

#endif

const struct json_quotes_version *json_quotes_versions(void)
{
	static const struct json_quotes_version all[QUOTES_VERSIONS] = {
#ifdef __x86_64__
		{ "avx2", quotes_avx2 },
		{ "sse2", quotes_sse2 },
#else
		{ "avx2", NULL },
		{ "sse2", NULL },
#endif
		{ "plain", quotes_plain },
	};
#ifdef __x86_64__
	static const struct json_quotes_version old[QUOTES_VERSIONS] = {
		{ "avx2", NULL }, { "sse2", quotes_sse2 }, { "plain", quotes_plain },
	};
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt") ||
	    !__builtin_cpu_supports("bmi"))
		return old;
#endif
	return all;
}

json_quotes_function *json_quotes_fastest(void)
{
	const struct json_quotes_version *versions = json_quotes_versions();
	for (int i = 0; i < QUOTES_VERSIONS; i++)
		if (versions[i].find)
			return versions[i].find;
	return quotes_plain;
}
