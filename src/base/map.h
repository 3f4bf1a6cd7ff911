/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * map: text or integer keys to one pointer each, in an arena.
 *
 * A zeroed struct with its arena set is an empty map. Keys are not copied: they must live as long
 * as the map. There is no removal; maps here are built, read and dropped with their arena.
 */
#ifndef WARD_BASE_MAP_H
#define WARD_BASE_MAP_H

#include "base/arena.h"

struct map {
	struct arena *arena;
	struct map_slot *slots; /* open addressing, a power of two */
	size_t room, n;
};

/* The value's place for a key, made (holding NULL) when new. Valid until the next map_put. */
void **map_put(struct map *map, struct str key);
/* The value, or NULL. */
void *map_get(const struct map *map, struct str key);

/* The same by integer key; do not mix both kinds in one map. */
void **map_put_int(struct map *map, int64_t key);
void *map_get_int(const struct map *map, int64_t key);

#endif
