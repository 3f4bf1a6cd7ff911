/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * json_scan: look at SCAN_BYTES bytes of string text at once (private to data/json.c).
 *
 * SSE2 is part of every x86-64; elsewhere two 64-bit words do it in plain C. Both are exact.
 */
#ifndef WARD_DATA_JSON_SCAN_H
#define WARD_DATA_JSON_SCAN_H

#include <stdint.h>
#include <string.h>

#include "base/macro.h"

enum { SCAN_BYTES = 16 };

/* Bit i stands for p[i]. */
struct scan {
	uint32_t stop; /* a quote, a backslash or a control character */
	uint32_t high; /* not ASCII */
};

#if defined(__SSE2__) && !defined(WARD_NO_SIMD)

#include <emmintrin.h>

static inline struct scan scan_block(const char *p)
{
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
	__m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
	__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
	__m128i stop = _mm_or_si128(_mm_or_si128(quote, backslash), control);
	return (struct scan){
		.stop = (uint32_t)_mm_movemask_epi8(stop),
		.high = (uint32_t)_mm_movemask_epi8(block),
	};
}

#else

#define SCAN_EACH(byte) (0x0101010101010101u * (byte))

/* The top bit of each byte that is zero. */
static inline uint64_t scan_zero(uint64_t word)
{
	return ~(((word & SCAN_EACH(0x7f)) + SCAN_EACH(0x7f)) | word) & SCAN_EACH(0x80);
}

/* The eight top bits side by side. */
static inline uint32_t scan_gather(uint64_t tops)
{
	return (uint32_t)((tops >> 7) * 0x0102040810204080u >> 56);
}

static inline struct scan scan_word(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	uint64_t stop = scan_zero(word ^ SCAN_EACH('"')) | scan_zero(word ^ SCAN_EACH('\\')) |
			scan_zero(word & SCAN_EACH(0xe0));
	return (struct scan){ scan_gather(stop), scan_gather(word & SCAN_EACH(0x80)) };
}

static inline struct scan scan_block(const char *p)
{
	struct scan low = scan_word(p), high = scan_word(p + 8);
	return (struct scan){ low.stop | high.stop << 8, low.high | high.high << 8 };
}

#endif

/* As scan_block, for the last n < SCAN_BYTES bytes of a text: behind them stands a stop. */
static inline struct scan scan_last(const char *p, size_t n)
{
	char last[SCAN_BYTES];
	memset(last, '"', sizeof(last));
	memcpy(last, p, n);
	return scan_block(last);
}

#endif
