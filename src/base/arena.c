/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK_FIRST = 16 * 1024,
	BLOCK_LARGEST = 1024 * 1024, /* blocks double up to this; a larger request gets its own */
	ALIGNMENT = 16,
};

struct arena_block {
	struct arena_block *older;
	size_t size;
	_Alignas(ALIGNMENT) char data[];
};

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "ward: out of memory (%zu bytes wanted)\n", size);
	abort();
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

void *mem_resize(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

char *mem_text(struct str text)
{
	char *copy = mem_alloc(text.n + 1);
	if (text.n)
		memcpy(copy, text.p, text.n);
	return copy;
}

void mem_free_p(void *pointer)
{
	free(*(void **)pointer);
}

static void arena_grow(struct arena *arena, size_t need)
{
	size_t size = arena->block ? arena->block->size * 2 : (size_t)BLOCK_FIRST;
	size = MIN(size, (size_t)BLOCK_LARGEST);
	size = MAX(size, need + ALIGNMENT);
	struct arena_block *block = malloc(sizeof(*block) + size);
	if (!block)
		out_of_memory(size);
	block->older = arena->block;
	block->size = size;
	arena->block = block;
	arena->at = block->data;
	arena->end = block->data + size;
}

char *arena_reserve(struct arena *arena, size_t size)
{
	if (UNLIKELY(!arena->block || (size_t)(arena->end - arena->at) < size))
		arena_grow(arena, size);
	return arena->at;
}

char *arena_bytes(struct arena *arena, size_t size)
{
	char *p = arena_reserve(arena, size);
	arena_take(arena, size);
	return p;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t pad = -(uintptr_t)arena->at % ALIGNMENT;
	if (UNLIKELY(!arena->at || (size_t)(arena->end - arena->at) < pad + size)) {
		arena_grow(arena, size);
		pad = -(uintptr_t)arena->at % ALIGNMENT;
	}
	char *p = arena->at + pad;
	arena->at = p + size;
	arena->bytes += size;
	return memset(p, 0, size);
}

void *arena_array(struct arena *arena, size_t size, size_t count)
{
	size_t total;
	if (__builtin_mul_overflow(size, count, &total))
		out_of_memory(SIZE_MAX);
	return arena_alloc(arena, total);
}

struct str arena_str(struct arena *arena, struct str s)
{
	if (!s.p)
		return s;
	char *p = arena_bytes(arena, s.n + 1);
	memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return (struct str){ p, s.n };
}

const char *arena_cstr(struct arena *arena, struct str s)
{
	return arena_str(arena, s).p;
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		n = 0;
	char *p = arena_bytes(arena, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	return (struct str){ p, (size_t)n };
}

struct str arena_unoctal(struct arena *arena, struct str text)
{
	if (str_find_char(text, '\\') < 0)
		return text;
	char *out = arena_bytes(arena, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		int64_t code;
		/* str_to_int would take a sign */
		if (text.p[i] == '\\' && i + 3 < text.n && text.p[i + 1] >= '0' &&
		    str_to_int(str_slice(text, i + 1, i + 4), 8, &code) && code > 0 && code < 256) {
			out[n++] = (char)code;
			i += 3;
		} else {
			out[n++] = text.p[i];
		}
	}
	out[n] = 0;
	return (struct str){ out, n };
}

static void blocks_free(struct arena_block *block)
{
	while (block) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
}

void arena_reset(struct arena *arena)
{
	if (!arena->block)
		return;
	blocks_free(arena->block->older);
	arena->block->older = NULL;
	arena->at = arena->block->data;
	arena->end = arena->block->data + arena->block->size;
	arena->bytes = 0;
}

void arena_done(struct arena *arena)
{
	blocks_free(arena->block);
	*arena = (struct arena){ 0 };
}

struct str arena_unescape(struct arena *arena, struct str text, const char *which)
{
	if (text.n == 0 || !memchr(text.p, '\\', text.n))
		return text;
	char *out = arena_bytes(arena, text.n);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] && strchr(which, text.p[i + 1]))
			i++;
		out[n++] = text.p[i];
	}
	return (struct str){ out, n };
}
