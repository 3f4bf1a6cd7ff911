/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/map.h"

struct map_slot {
	struct str key; /* p == NULL: free. An integer key sits in n with p == int_key. */
	uint64_t hash;
	void *value;
};

static const char int_key[1];

static uint64_t hash_int(int64_t key)
{
	uint64_t h = (uint64_t)key * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

static bool slot_holds(const struct map_slot *slot, struct str key, uint64_t hash)
{
	if (slot->hash != hash)
		return false;
	if (key.p == int_key || slot->key.p == int_key)
		return key.p == slot->key.p && key.n == slot->key.n;
	return str_eq(slot->key, key);
}

static struct map_slot *map_find(const struct map *map, struct str key, uint64_t hash)
{
	size_t i = hash & (map->room - 1);
	while (map->slots[i].key.p && !slot_holds(&map->slots[i], key, hash))
		i = (i + 1) & (map->room - 1);
	return &map->slots[i];
}

static void map_grow(struct map *map)
{
	struct map old = *map;
	map->room = old.room ? old.room * 2 : 16;
	map->slots = ARENA_ARRAY(map->arena, struct map_slot, map->room);
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].key.p)
			*map_find(map, old.slots[i].key, old.slots[i].hash) = old.slots[i];
}

static void **map_place(struct map *map, struct str key, uint64_t hash)
{
	if ((map->n + 1) * 4 > map->room * 3)
		map_grow(map);
	struct map_slot *slot = map_find(map, key, hash);
	if (!slot->key.p) {
		slot->key = key;
		slot->hash = hash;
		map->n++;
	}
	return &slot->value;
}

void **map_put(struct map *map, struct str key)
{
	if (!key.p)
		key = STR("");
	return map_place(map, key, str_hash(key));
}

void *map_get(const struct map *map, struct str key)
{
	if (!map->n)
		return NULL;
	if (!key.p)
		key = STR("");
	return map_find(map, key, str_hash(key))->value;
}

void **map_put_int(struct map *map, int64_t key)
{
	return map_place(map, (struct str){ int_key, (size_t)key }, hash_int(key));
}

void *map_get_int(const struct map *map, int64_t key)
{
	if (!map->n)
		return NULL;
	return map_find(map, (struct str){ int_key, (size_t)key }, hash_int(key))->value;
}
