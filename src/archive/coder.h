/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * coder: an adaptive binary range coder, as in LZMA: each yes or no costs as many bits as it was surprising.
 *
 * One function for both directions, so that writing and reading cannot drift apart: coder_bit() writes the bit it is
 * given, or returns the one it reads. A reader past its end reads zeros; what comes of that is caught by the bounds of
 * whoever asks.
 */
#ifndef WARD_ARCHIVE_CODER_H
#define WARD_ARCHIVE_CODER_H

#include "base/buf.h"

enum { CODER_SCALE = 15, CODER_SHIFT = 5, CODER_HALF = 1 << (CODER_SCALE - 1) };
typedef uint16_t coder_odds; /* of a zero, out of 2^15; begins at CODER_HALF */

struct coder {
	bool reads;
	uint32_t range, code;    /* code: only when reading */
	uint64_t low;            /* writing */
	uint8_t cache;
	uint64_t cached;
	struct buf *out;
	const uint8_t *p, *end;
};

static inline struct coder coder_writer(struct buf *out)
{
	return (struct coder){ .range = UINT32_MAX, .cached = 1, .out = out };
}

static inline uint8_t coder_byte(struct coder *coder)
{
	return coder->p < coder->end ? *coder->p++ : 0;
}

static inline struct coder coder_reader(struct str bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	struct coder coder = { .reads = true, .range = UINT32_MAX, .p = p, .end = p + bytes.n };
	coder_byte(&coder); /* the first is always zero */
	for (int i = 0; i < 4; i++)
		coder.code = coder.code << 8 | coder_byte(&coder);
	return coder;
}

/* A carry may still run through bytes that are all ones: they are held back. */
static inline void coder_shift(struct coder *coder)
{
	if ((uint32_t)coder->low < 0xff000000u || coder->low >> 32) {
		uint8_t carry = (uint8_t)(coder->low >> 32);
		char *out = buf_reserve(coder->out, coder->cached);
		size_t n = 0;
		for (uint8_t byte = coder->cache; coder->cached; coder->cached--, byte = 0xff)
			out[n++] = (char)(byte + carry);
		coder->out->n += n;
		coder->cache = (uint8_t)(coder->low >> 24);
	}
	coder->cached++;
	coder->low = (coder->low & 0x00ffffff) << 8;
}

static inline void coder_end(struct coder *coder)
{
	for (int i = 0; i < 5 && !coder->reads; i++)
		coder_shift(coder);
}

static inline unsigned coder_bit(struct coder *coder, coder_odds *odds, unsigned bit)
{
	uint32_t bound = (coder->range >> CODER_SCALE) * *odds;
	if (coder->reads)
		bit = coder->code >= bound;
	if (bit) {
		coder->range -= bound;
		if (coder->reads)
			coder->code -= bound;
		else
			coder->low += bound;
		*odds = (coder_odds)(*odds - (*odds >> CODER_SHIFT));
	} else {
		coder->range = bound;
		*odds = (coder_odds)(*odds + (((1 << CODER_SCALE) - *odds) >> CODER_SHIFT));
	}
	while (coder->range < 1u << 24) {
		coder->range <<= 8;
		if (coder->reads)
			coder->code = coder->code << 8 | coder_byte(coder);
		else
			coder_shift(coder);
	}
	return bit;
}

/* Bits without odds, highest first. */
static inline uint64_t coder_direct(struct coder *coder, unsigned n, uint64_t value)
{
	uint64_t result = 0;
	while (n-- > 0) {
		unsigned bit = (unsigned)(value >> n & 1);
		coder->range >>= 1;
		if (coder->reads) {
			bit = coder->code >= coder->range;
			coder->code -= bit ? coder->range : 0;
		} else {
			coder->low += bit ? coder->range : 0;
		}
		result = result << 1 | bit;
		while (coder->range < 1u << 24) {
			coder->range <<= 8;
			if (coder->reads)
				coder->code = coder->code << 8 | coder_byte(coder);
			else
				coder_shift(coder);
		}
	}
	return result;
}

/* A number below 2^n by a tree of 2^n odds. */
static inline unsigned coder_tree(struct coder *coder, coder_odds *tree, unsigned n, unsigned value)
{
	unsigned node = 1;
	while (n-- > 0)
		node = node << 1 | coder_bit(coder, &tree[node], value >> n & 1);
	return node;
}

#endif
