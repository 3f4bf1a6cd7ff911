/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * value_cache: what values matched before (private to the detector).
 *
 * Logs say the same again and again. The key is the slot and the bytes of the value as they stand in the record, compared in
 * full. Bounded: values lie in a ring that is written round and round, and the places that lead to them in sets of
 * four, where the oldest makes room. Values too long for it are simply not kept.
 */
#ifndef WARD_DETECT_VALUE_CACHE_H
#define WARD_DETECT_VALUE_CACHE_H

#include "base/arena.h"

enum {
	VALUE_CACHE_RING = 16 * 1024 * 1024,
	VALUE_CACHE_SETS = 32 * 1024,
	VALUE_CACHE_WAYS = 4,
	VALUE_CACHE_LONGEST = 2048, /* bytes of a value; longer ones seldom come twice */
};

/* Ids, of which the first n_triggers start programs. Valid until the next value_cache_put(). */
struct hits {
	const uint32_t *ids;
	uint32_t n, n_triggers;
};

struct value_cache;

struct value_cache *value_cache_new(void);
void value_cache_free(struct value_cache *cache);

uint64_t value_cache_hash(uint32_t slot, struct str value);
/* Fetch from memory what the next value_cache_get() of the hash will look at. */
void value_cache_expect(const struct value_cache *cache, uint64_t hash);
/* `slot` below 2^31; callers put whatever else distinguishes values into it. */
bool value_cache_get(const struct value_cache *cache, uint64_t hash, uint32_t slot, struct str value, struct hits *out);
void value_cache_put(struct value_cache *cache, uint64_t hash, uint32_t slot, struct str value, struct hits hits);

#endif
