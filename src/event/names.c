/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/names.h"

#include <stdlib.h>

#include "base/vec.h"

struct name {
	struct str text;
	uint64_t hash;
	uint32_t folded;
};

struct names {
	struct arena texts;
	VEC(struct name) all; /* by id; [0] stands for NAME_NONE */
	uint32_t *slots;      /* open addressing over ids; a power of two, at most half full */
	uint32_t room;
	uint32_t *folds;      /* the same over the folded spelling, first ids only */
	uint32_t seed;        /* ids up to here survive names_reset() */
	size_t bytes;
	bool full;
};

static uint8_t fold_byte(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static uint64_t fold_hash(struct str s)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ fold_byte(s.p[i])) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

static void put(struct names *names, uint32_t id)
{
	struct name *name = &names->all.p[id];
	uint32_t mask = names->room - 1, at = (uint32_t)name->hash & mask;
	while (names->slots[at])
		at = (at + 1) & mask;
	names->slots[at] = id;
	at = (uint32_t)fold_hash(name->text) & mask;
	while (names->folds[at] && !str_eq_nocase(names->all.p[names->folds[at]].text, name->text))
		at = (at + 1) & mask;
	if (!names->folds[at])
		names->folds[at] = id;
	name->folded = names->folds[at];
}

static void rehash(struct names *names, uint32_t room)
{
	free(names->slots);
	free(names->folds);
	names->room = room;
	names->slots = mem_alloc(room * sizeof(*names->slots));
	names->folds = mem_alloc(room * sizeof(*names->folds));
	for (uint32_t id = 1; id < names->all.n; id++)
		put(names, id);
}

struct names *names_new(void)
{
	struct names *names = mem_alloc(sizeof(*names));
	vec_push(&names->all, { 0 });
	rehash(names, 256);
	return names;
}

struct names *names_copy(const struct names *from)
{
	struct names *names = mem_alloc(sizeof(*names));
	for (uint32_t id = 0; id < from->all.n; id++) {
		struct name name = from->all.p[id];
		name.text = arena_str(&names->texts, name.text);
		vec_push(&names->all, name);
	}
	names->bytes = from->bytes;
	names->seed = (uint32_t)names->all.n - 1;
	rehash(names, from->room);
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	arena_done(&names->texts);
	vec_done(&names->all);
	free(names->slots);
	free(names->folds);
	free(names);
}

void names_free_p(struct names **names)
{
	names_free(*names);
	*names = NULL;
}

static uint32_t find(const struct names *names, struct str text, uint64_t hash)
{
	uint32_t mask = names->room - 1;
	for (uint32_t at = (uint32_t)hash & mask; names->slots[at]; at = (at + 1) & mask) {
		const struct name *name = &names->all.p[names->slots[at]];
		if (name->hash == hash && str_eq(name->text, text))
			return names->slots[at];
	}
	return NAME_NONE;
}

uint32_t names_find(const struct names *names, struct str text)
{
	return find(names, text, str_hash(text));
}

uint32_t names_add(struct names *names, struct str text)
{
	uint64_t hash = str_hash(text);
	uint32_t id = find(names, text, hash);
	if (id || text.n == 0)
		return id;
	if (text.n > NAME_LONGEST || names->all.n > NAMES_MOST || names->bytes + text.n > NAMES_BYTES) {
		names->full = true;
		return NAME_NONE;
	}
	id = (uint32_t)names->all.n;
	vec_push(&names->all, { .text = arena_str(&names->texts, text), .hash = hash });
	names->bytes += text.n;
	if (names->all.n * 2 > names->room)
		rehash(names, names->room * 2);
	else
		put(names, id);
	return id;
}

struct str names_text(const struct names *names, uint32_t id)
{
	return id < names->all.n ? names->all.p[id].text : STR_NONE;
}

uint32_t names_folded(const struct names *names, uint32_t id)
{
	return id < names->all.n ? names->all.p[id].folded : NAME_NONE;
}

uint32_t names_count(const struct names *names)
{
	return (uint32_t)names->all.n - 1;
}

bool names_full(const struct names *names)
{
	return names->full;
}

void names_reset(struct names *names)
{
	struct arena texts = { 0 };
	names->bytes = 0;
	names->full = false;
	names->all.n = names->seed + 1;
	for (uint32_t id = 1; id < names->all.n; id++) {
		names->all.p[id].text = arena_str(&texts, names->all.p[id].text);
		names->bytes += names->all.p[id].text.n;
	}
	arena_done(&names->texts);
	names->texts = texts;
	rehash(names, names->room);
}
