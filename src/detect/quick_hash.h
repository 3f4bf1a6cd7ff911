/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * quick_hash: 64 bits over a text, quickly (private to the detector). Not meant to withstand anybody: whatever is found by
 * it is compared in full, and tables that it leads into are bounded.
 */
#ifndef WARD_DETECT_QUICK_HASH_H
#define WARD_DETECT_QUICK_HASH_H

#include <stdint.h>
#include <string.h>

#define QUICK_HASH_A UINT64_C(0x9e3779b97f4a7c15)
#define QUICK_HASH_B UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t quick_hash_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t quick_hash_word(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint64_t quick_hash(const char *p, size_t n, uint64_t seed)
{
	uint64_t hash = (n ^ seed) * QUICK_HASH_B, other = hash, a = 0, b = 0;
	if (n > 32) { /* two at a time, so that one product need not wait for the other */
		for (; n > 32; n -= 32, p += 32) {
			hash = quick_hash_mix(quick_hash_word(p) ^ QUICK_HASH_A ^ hash, quick_hash_word(p + 8) ^ QUICK_HASH_B);
			other = quick_hash_mix(quick_hash_word(p + 16) ^ QUICK_HASH_B ^ other, quick_hash_word(p + 24) ^ QUICK_HASH_A);
		}
		hash ^= other;
	}
	if (n > 16) {
		hash = quick_hash_mix(quick_hash_word(p) ^ QUICK_HASH_A ^ hash, quick_hash_word(p + 8) ^ QUICK_HASH_B);
		p += 16;
		n -= 16;
	}
	if (n >= 8) {
		a = quick_hash_word(p);
		b = quick_hash_word(p + n - 8);
	} else if (n >= 4) {
		uint32_t low, high;
		memcpy(&low, p, 4);
		memcpy(&high, p + n - 4, 4);
		a = low;
		b = high;
	} else if (n) {
		a = (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[n / 2] << 8 | (unsigned char)p[n - 1];
	}
	return quick_hash_mix(a ^ QUICK_HASH_A ^ hash, b ^ QUICK_HASH_B);
}

#endif
