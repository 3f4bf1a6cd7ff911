/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/value_cache.h"

#include <stdlib.h>

#include "detect/quick_hash.h"

struct way {
	uint64_t hash;
	uint64_t at; /* in all that was ever written to the ring; + 1: 0 is free */
	uint32_t slot;
	uint32_t n;  /* bytes of the value */
};

/* What lies in the ring: this, the ids, the value. */
struct kept {
	uint32_t n, n_triggers;
	uint32_t ids[];
};

struct value_cache {
	uint64_t written;
	struct way *ways;
	char *ring;
};

struct value_cache *value_cache_new(void)
{
	struct value_cache *cache = mem_alloc(sizeof(*cache));
	cache->ways = mem_alloc(sizeof(*cache->ways) * VALUE_CACHE_SETS * VALUE_CACHE_WAYS);
	cache->ring = mem_alloc(VALUE_CACHE_RING);
	return cache;
}

void value_cache_free(struct value_cache *cache)
{
	if (!cache)
		return;
	free(cache->ways);
	free(cache->ring);
	free(cache);
}

uint64_t value_cache_hash(uint32_t slot, struct str value)
{
	return quick_hash(value.p, value.n, slot);
}

static struct way *set_of(const struct value_cache *cache, uint64_t hash)
{
	return &cache->ways[(hash >> 32) % VALUE_CACHE_SETS * VALUE_CACHE_WAYS];
}

void value_cache_expect(const struct value_cache *cache, uint64_t hash)
{
	const struct way *set = set_of(cache, hash);
	__builtin_prefetch(set);
	__builtin_prefetch(set + 2);
}

/* Not overwritten since. */
static bool is_there(const struct value_cache *cache, const struct way *way)
{
	return way->at && cache->written - (way->at - 1) <= VALUE_CACHE_RING;
}

bool value_cache_get(const struct value_cache *cache, uint64_t hash, uint32_t slot, struct str value, struct hits *out)
{
	const struct way *set = set_of(cache, hash);
	for (int i = 0; i < VALUE_CACHE_WAYS; i++) {
		const struct way *way = &set[i];
		if (way->hash != hash || way->slot != slot || way->n != value.n || !is_there(cache, way))
			continue;
		const struct kept *kept = (const void *)(cache->ring + (way->at - 1) % VALUE_CACHE_RING);
		if (value.n && memcmp(&kept->ids[kept->n], value.p, value.n) != 0)
			continue;
		*out = (struct hits){ kept->ids, kept->n, kept->n_triggers };
		return true;
	}
	return false;
}

void value_cache_put(struct value_cache *cache, uint64_t hash, uint32_t slot, struct str value, struct hits hits)
{
	size_t size = (sizeof(struct kept) + hits.n * sizeof(uint32_t) + value.n + 7) & ~(size_t)7;
	if (value.n > VALUE_CACHE_LONGEST || size > VALUE_CACHE_RING / 64)
		return;
	size_t left = VALUE_CACHE_RING - cache->written % VALUE_CACHE_RING;
	if (left < size)
		cache->written += left;
	struct kept *kept = (void *)(cache->ring + cache->written % VALUE_CACHE_RING);
	kept->n = hits.n;
	kept->n_triggers = hits.n_triggers;
	if (hits.n)
		memcpy(kept->ids, hits.ids, hits.n * sizeof(uint32_t));
	if (value.n)
		memcpy(&kept->ids[hits.n], value.p, value.n);
	struct way *set = set_of(cache, hash), *oldest = set;
	for (int i = 1; i < VALUE_CACHE_WAYS; i++)
		if (set[i].at < oldest->at)
			oldest = &set[i];
	*oldest = (struct way){ hash, cache->written + 1, slot, (uint32_t)value.n };
	cache->written += size;
}
