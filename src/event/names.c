/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/names.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/vec.h"

struct name {
	struct str text;
	uint64_t hash;
	uint32_t folded;
	uint16_t skip;   /* bytes of the text that an alias takes off its beginning */
	uint16_t alias;  /* index + 1 of the alias that stands for the whole rest; 0: none does */
};

struct alias {
	struct str from, to; /* `from` without the last "*" when it is a beginning */
	bool beginning;
};

struct names {
	struct arena texts;
	struct arena alias_texts;
	VEC(struct alias) aliases;
	VEC(struct name) all; /* by id; [0] stands for NAME_NONE */
	uint32_t *slots;      /* open addressing over ids; a power of two, at most half full */
	uint32_t room;
	uint32_t *folds;      /* the same over the folded spelling, first ids only */
	uint32_t seed;        /* ids up to here survive names_reset() */
	size_t bytes;
	uint64_t version;
	bool full;
};

static uint64_t next_version(void)
{
	static _Atomic uint64_t last;
	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

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

/* ---- aliases ---- */

/* How much of the text the beginning of an alias takes, in which "*" is one segment; 0: it does not begin so. */
static size_t begins_so(struct str text, struct str from)
{
	size_t at = 0;
	for (size_t i = 0; i < from.n; i++) {
		if (from.p[i] == '*') {
			while (at < text.n && text.p[at] != '.')
				at++;
		} else if (at == text.n || fold_byte(text.p[at++]) != fold_byte(from.p[i])) {
			return 0;
		}
	}
	return at < text.n ? at : 0;
}

static uint16_t whole_alias(const struct names *names, struct str text)
{
	for (size_t i = 0; i < names->aliases.n; i++) {
		const struct alias *alias = &names->aliases.p[i];
		if (!alias->beginning && alias->from.n == text.n && str_eq_nocase(alias->from, text))
			return (uint16_t)(i + 1);
	}
	return 0;
}

/* An alias of the whole name goes first; then the longest beginning, whose rest may be an alias again. */
static void resolve(const struct names *names, struct name *name)
{
	name->skip = 0;
	name->alias = whole_alias(names, name->text);
	if (name->alias)
		return;
	for (size_t i = 0; i < names->aliases.n; i++) {
		const struct alias *alias = &names->aliases.p[i];
		size_t n = alias->beginning ? begins_so(name->text, alias->from) : 0;
		if (n > name->skip)
			name->skip = (uint16_t)n;
	}
	if (name->skip)
		name->alias = whole_alias(names, str_slice(name->text, name->skip, name->text.n));
}

static struct str canonical(const struct names *names, const struct name *name)
{
	return name->alias ? names->aliases.p[name->alias - 1].to : str_slice(name->text, name->skip, name->text.n);
}

/* ---- the table ---- */

static uint32_t *fold_slot(const struct names *names, struct str text)
{
	uint32_t mask = names->room - 1, at = (uint32_t)fold_hash(text) & mask;
	while (names->folds[at] && !str_eq_nocase(canonical(names, &names->all.p[names->folds[at]]), text))
		at = (at + 1) & mask;
	return &names->folds[at];
}

static void put(struct names *names, uint32_t id)
{
	struct name *name = &names->all.p[id];
	uint32_t mask = names->room - 1, at = (uint32_t)name->hash & mask;
	while (names->slots[at])
		at = (at + 1) & mask;
	names->slots[at] = id;
	uint32_t *fold = fold_slot(names, canonical(names, name));
	if (!*fold)
		*fold = id;
	name->folded = *fold;
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
	names->version = next_version();
	vec_push(&names->all, { 0 });
	rehash(names, 256);
	return names;
}

struct names *names_copy(const struct names *from)
{
	struct names *names = mem_alloc(sizeof(*names));
	for (size_t i = 0; i < from->aliases.n; i++) {
		struct alias alias = from->aliases.p[i];
		alias.from = arena_str(&names->alias_texts, alias.from);
		alias.to = arena_str(&names->alias_texts, alias.to);
		vec_push(&names->aliases, alias);
	}
	for (uint32_t id = 0; id < from->all.n; id++) {
		struct name name = from->all.p[id];
		name.text = arena_str(&names->texts, name.text);
		vec_push(&names->all, name);
	}
	names->version = next_version();
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
	arena_done(&names->alias_texts);
	vec_done(&names->aliases);
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

uint32_t names_find_folded(const struct names *names, struct str text)
{
	struct name name = { .text = text };
	uint32_t id = names_find(names, text);
	if (id || text.n == 0 || text.n > NAME_LONGEST)
		return names_folded(names, id);
	resolve(names, &name);
	return *fold_slot(names, canonical(names, &name));
}

void names_alias(struct names *names, struct str from, struct str to)
{
	bool beginning = from.n > 1 && from.p[from.n - 1] == '*';
	if (from.n > NAME_LONGEST || names->aliases.n >= UINT16_MAX)
		return;
	vec_push(&names->aliases, { .from = arena_str(&names->alias_texts, str_slice(from, 0, from.n - beginning)),
	                            .to = arena_str(&names->alias_texts, to), .beginning = beginning });
	for (uint32_t id = 1; id < names->all.n; id++)
		resolve(names, &names->all.p[id]);
	rehash(names, names->room);
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
	resolve(names, &names->all.p[id]);
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
	names->version = next_version();
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

uint64_t names_version(const struct names *names)
{
	return names->version;
}
