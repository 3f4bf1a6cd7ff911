/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/event.h"

#include <errno.h>

#include "base/utf8.h"

void batch_done(struct batch *batch)
{
	arena_done(&batch->arena);
	batch->events.p = NULL;
	batch->events.n = batch->events.room = 0;
}

void batch_reset(struct batch *batch)
{
	arena_reset(&batch->arena);
	batch->events.p = NULL;
	batch->events.n = batch->events.room = 0;
}

const struct event_field *event_field(const struct event *event, const struct names *names, struct str name)
{
	uint32_t folded = names_find_folded(names, name), exact = names_find(names, name);
	const struct event_field *other = NULL;
	for (uint32_t i = 0; folded && i < event->n; i++) {
		const struct event_field *field = &event->fields[i];
		if (field->name == exact)
			return field;
		if (!other && names_folded(names, field->name) == folded)
			other = field;
	}
	return other;
}

static int hex4(const char *p, uint32_t *out)
{
	uint32_t value = 0;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
		                 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
		                 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
		                                        : 16;
		if (digit > 15)
			return -EINVAL;
		value = value << 4 | digit;
	}
	*out = value;
	return 0;
}

/* One escape at p, behind its backslash. How much of p it takes; a lone surrogate becomes U+FFFD. */
static size_t unescape(const char *p, size_t n, char *out, size_t *wrote)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t c, low;
	const char *at = n ? memchr(from, *p, sizeof(from) - 1) : NULL;
	*wrote = 1;
	if (at) {
		*out = to[at - from];
		return 1;
	}
	if (n < 5 || *p != 'u' || hex4(p + 1, &c)) { /* checked text has none of these */
		*out = '\\';
		return 0;
	}
	size_t used = 5;
	if (c >= 0xd800 && c < 0xdc00 && n >= 11 && p[5] == '\\' && p[6] == 'u' && !hex4(p + 7, &low) && low >= 0xdc00 &&
	    low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		used = 11;
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd;
	}
	*wrote = utf8_put(out, c);
	return used;
}

struct str event_text(struct arena *arena, const struct event_field *field)
{
	struct str text = field->value;
	const char *slash = field->kind == VALUE_ESCAPED && text.n ? memchr(text.p, '\\', text.n) : NULL;
	if (!slash)
		return text;
	char *out = arena_reserve(arena, text.n + 4);
	size_t n = 0, i = 0;
	while (i < text.n) {
		const char *next = memchr(text.p + i, '\\', text.n - i);
		size_t run = next ? (size_t)(next - text.p) - i : text.n - i;
		memcpy(out + n, text.p + i, run);
		n += run;
		i += run;
		if (next) {
			size_t wrote;
			i += 1 + unescape(next + 1, text.n - i - 1, out + n, &wrote);
			n += wrote;
		}
	}
	arena_take(arena, n);
	return (struct str){ out, n };
}
