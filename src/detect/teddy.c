/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/teddy.h"

enum { BLOCK = 16 };

void teddy_add(struct teddy *teddy, unsigned group, struct str text, bool nocase)
{
	uint8_t bit = (uint8_t)(1u << group);
	for (size_t i = 0; i < TEDDY_WINDOW; i++) {
		if (i >= text.n) { /* anything may follow */
			for (int half = 0; half < 16; half++) {
				teddy->low[i][half] |= bit;
				teddy->high[i][half] |= bit;
			}
			continue;
		}
		uint8_t c = (uint8_t)text.p[i];
		teddy->low[i][c & 15] |= bit;
		teddy->high[i][c >> 4] |= bit;
		if (nocase && c >= 'a' && c <= 'z')
			teddy->high[i][(c & ~0x20) >> 4] |= bit;
	}
}

static inline bool is_place(const struct teddy *teddy, const char *p, bool escapes)
{
	return teddy_groups(teddy, p) || (escapes && p[0] == '\\' && p[1] == 'u');
}

/* Place by place, to the end. */
static size_t next_slowly(const struct teddy *teddy, struct str text, size_t at, bool escapes, uint8_t *seen)
{
	for (; at + TEDDY_WINDOW <= text.n; at++) {
		*seen |= (uint8_t)text.p[at];
		if (is_place(teddy, text.p + at, escapes))
			return at;
	}
	for (; at < text.n; at++)
		*seen |= (uint8_t)text.p[at];
	return text.n;
}

/* Sixteen places at a time in the compiler's own vectors: one instruction each on ARM64, several on old x86. */
typedef uint8_t bytes16 __attribute__((vector_size(BLOCK)));
typedef uint64_t words2 __attribute__((vector_size(BLOCK)));

static inline bytes16 load16(const void *p)
{
	bytes16 block;
	memcpy(&block, p, sizeof(block));
	return block;
}

/* GCC makes one instruction of it; clang, which builds the fuzzers, has no such builtin. */
#ifdef __clang__
static inline bytes16 shuffle(bytes16 table, bytes16 places)
{
	bytes16 out;
	for (int i = 0; i < BLOCK; i++)
		out[i] = table[places[i] & 15];
	return out;
}
#else
#define shuffle(table, places) __builtin_shuffle(table, places)
#endif

static inline uint64_t any_bits(bytes16 block)
{
	words2 words = (words2)block;
	return words[0] | words[1];
}

size_t teddy_next_plain(const struct teddy *teddy, struct str text, size_t at, bool escapes, uint8_t *seen)
{
	bytes16 low[TEDDY_WINDOW], high[TEDDY_WINDOW], all = { 0 };
	for (int i = 0; i < TEDDY_WINDOW; i++) {
		low[i] = load16(teddy->low[i]);
		high[i] = load16(teddy->high[i]);
	}
	for (; text.n >= BLOCK + TEDDY_WINDOW && at <= text.n - BLOCK - TEDDY_WINDOW; at += BLOCK) {
		bytes16 first = load16(text.p + at), second = load16(text.p + at + 1), third = load16(text.p + at + 2);
		bytes16 places = shuffle(low[0], first & 15) & shuffle(high[0], first / 16) &
		                 shuffle(low[1], second & 15) & shuffle(high[1], second / 16) &
		                 shuffle(low[2], third & 15) & shuffle(high[2], third / 16);
		if (escapes)
			places |= (bytes16)(first == '\\') & (bytes16)(second == 'u');
		all |= first;
		if (!any_bits(places))
			continue;
		*seen |= any_bits(all & 0x80) ? 0x80 : 0;
		for (size_t i = 0; i < BLOCK; i++)
			if (places[i])
				return at + i;
	}
	*seen |= any_bits(all & 0x80) ? 0x80 : 0;
	return next_slowly(teddy, text, at, escapes, seen);
}

uint32_t teddy_block_plain(const struct teddy *teddy, const char *p, uint8_t groups[TEDDY_BLOCK])
{
	uint32_t places = 0;
	for (int at = 0; at < TEDDY_BLOCK; at += BLOCK) {
		bytes16 all = ~(bytes16){ 0 };
		for (int i = 0; i < TEDDY_WINDOW; i++) {
			bytes16 bytes = load16(p + at + i);
			all &= shuffle(load16(teddy->low[i]), bytes & 15) & shuffle(load16(teddy->high[i]), bytes / 16);
		}
		memcpy(groups + at, &all, sizeof(all));
		for (int i = 0; any_bits(all) && i < BLOCK; i++)
			places |= (uint32_t)(groups[at + i] != 0) << (at + i);
	}
	return places;
}

#ifdef __x86_64__

#include <immintrin.h>

enum { WIDE = 32 };

#define AVX2 __attribute__((target("avx2,bmi")))

AVX2 static inline __m256i load32(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline __m256i load_twice(const uint8_t *p)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p));
}

AVX2 static inline __m256i groups_of(__m256i bytes, __m256i low, __m256i high)
{
	const __m256i half = _mm256_set1_epi8(15);
	return _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
	                        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}

AVX2 static size_t next_avx2(const struct teddy *teddy, struct str text, size_t at, bool escapes, uint8_t *seen)
{
	__m256i low[TEDDY_WINDOW], high[TEDDY_WINDOW], all = _mm256_setzero_si256();
	const __m256i use = _mm256_set1_epi8(escapes ? -1 : 0);
	for (int i = 0; i < TEDDY_WINDOW; i++) {
		low[i] = load_twice(teddy->low[i]);
		high[i] = load_twice(teddy->high[i]);
	}
	for (; text.n >= WIDE + TEDDY_WINDOW && at <= text.n - WIDE - TEDDY_WINDOW; at += WIDE) {
		__m256i first = load32(text.p + at), second = load32(text.p + at + 1), third = load32(text.p + at + 2);
		__m256i groups = _mm256_and_si256(groups_of(first, low[0], high[0]), groups_of(second, low[1], high[1]));
		groups = _mm256_and_si256(groups, groups_of(third, low[2], high[2]));
		__m256i u = _mm256_and_si256(_mm256_cmpeq_epi8(first, _mm256_set1_epi8('\\')), _mm256_cmpeq_epi8(second, _mm256_set1_epi8('u')));
		__m256i places = _mm256_or_si256(groups, _mm256_and_si256(u, use));
		all = _mm256_or_si256(all, first);
		if (LIKELY(_mm256_testz_si256(places, places)))
			continue;
		*seen |= _mm256_movemask_epi8(all) ? 0x80 : 0;
		return at + (unsigned)__builtin_ctz(~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(places, _mm256_setzero_si256())));
	}
	*seen |= _mm256_movemask_epi8(all) ? 0x80 : 0;
	return next_slowly(teddy, text, at, escapes, seen);
}

AVX2 static uint32_t block_avx2(const struct teddy *teddy, const char *p, uint8_t groups[TEDDY_BLOCK])
{
	__m256i all = _mm256_set1_epi8(-1);
	for (int i = 0; i < TEDDY_WINDOW; i++)
		all = _mm256_and_si256(all, groups_of(load32(p + i), load_twice(teddy->low[i]), load_twice(teddy->high[i])));
	_mm256_storeu_si256((__m256i *)(void *)groups, all);
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(all, _mm256_setzero_si256()));
}

uint32_t teddy_block(const struct teddy *teddy, const char *p, uint8_t groups[TEDDY_BLOCK])
{
	return __builtin_cpu_supports("avx2") ? block_avx2(teddy, p, groups) : teddy_block_plain(teddy, p, groups);
}

size_t teddy_next(const struct teddy *teddy, struct str text, size_t from, bool escapes, uint8_t *seen)
{
	return __builtin_cpu_supports("avx2") ? next_avx2(teddy, text, from, escapes, seen)
	                                      : teddy_next_plain(teddy, text, from, escapes, seen);
}

#else

uint32_t teddy_block(const struct teddy *teddy, const char *p, uint8_t groups[TEDDY_BLOCK])
{
	return teddy_block_plain(teddy, p, groups);
}

size_t teddy_next(const struct teddy *teddy, struct str text, size_t from, bool escapes, uint8_t *seen)
{
	return teddy_next_plain(teddy, text, from, escapes, seen);
}

#endif
