/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * arena: memory that is freed all at once.
 *
 * One arena belongs to one owner (a run, a request, a batch, a scan) and one thread. A function
 * whose first parameter is a `struct arena *` returns memory that lives as long as the arena.
 * Allocation never returns NULL: a process that has run out of memory stops with a message, since
 * no caller could do better. `ARENA(a)` declares one that ends with the scope.
 */
#ifndef WARD_BASE_ARENA_H
#define WARD_BASE_ARENA_H

#include <stdarg.h>

#include "base/str.h"

struct arena {
	struct arena_block *block; /* newest first; opaque */
	char *at, *end;            /* free part of the newest block */
	size_t bytes;              /* handed out since the start, for budgets and statistics */
};

#define ARENA(name) CLEANUP(arena_done) struct arena name = { 0 }

void arena_done(struct arena *arena);
/* Forget all that was allocated, keep the largest block for the next round. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned to 16 bytes. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
#define ARENA_NEW(arena, type)          ((type *)arena_alloc(arena, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array(arena, sizeof(type), count))
void *arena_array(struct arena *arena, size_t size, size_t count);

/* Not zeroed, not aligned: for text. */
char *arena_bytes(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* Text whose length is not known yet: make sure of room for `size` bytes and return where it
 * begins; arena_take() then takes as much of it as was used. Nothing else may be allocated between. */
char *arena_reserve(struct arena *arena, size_t size) __attribute__((returns_nonnull));
static inline void arena_take(struct arena *arena, size_t size)
{
	arena->at += size;
	arena->bytes += size;
}

/* A copy; the copy is followed by a NUL byte that is not counted. STR_NONE stays STR_NONE. */
struct str arena_str(struct arena *arena, struct str s);
const char *arena_cstr(struct arena *arena, struct str s);
/* Text in which the kernel and getmntent(3) write a blank as \040: every backslash with three octal digits but
 * \000 becomes its byte. The text itself when there is none. */
struct str arena_unoctal(struct arena *arena, struct str text);
/* Text in which a backslash stands before a few characters: before each of `which` it goes, elsewhere it stays. The text
 * itself when it has no backslash. */
struct str arena_unescape(struct arena *arena, struct str text, const char *which);
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);

/* malloc that does not fail; memory for what outlives every arena. */
void *mem_alloc(size_t size) __attribute__((returns_nonnull)); /* zeroed */
void *mem_resize(void *old, size_t size) __attribute__((returns_nonnull));
char *mem_text(struct str text) __attribute__((returns_nonnull)); /* a copy, NUL-terminated; empty of STR_NONE */
void mem_free_p(void *pointer);                                   /* for CLEANUP: takes the address of the pointer */

#endif
