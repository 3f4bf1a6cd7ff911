/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

enum { USUAL = 80, DIGITS = 20 /* of INT64_MIN, with its sign */ };

void buf_done(struct buf *buf)
{
	free(buf->p);
	*buf = (struct buf){ 0 };
}

char *buf_reserve(struct buf *buf, size_t more)
{
	if (buf->room - buf->n <= more) {
		size_t room = MAX(buf->room * 2, buf->n + more + 1);
		room = MAX(room, (size_t)64);
		buf->p = mem_resize(buf->p, room);
		buf->room = room;
	}
	return buf->p + buf->n;
}

void buf_add(struct buf *buf, struct str s)
{
	if (s.n == 0)
		return;
	memcpy(buf_reserve(buf, s.n), s.p, s.n);
	buf->n += s.n;
}

void buf_add_char(struct buf *buf, char c)
{
	*buf_reserve(buf, 1) = c;
	buf->n++;
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, str_from(text));
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	/* Most are short, and fit at once. */
	char *out = buf_reserve(buf, USUAL);
	size_t room = buf->room - buf->n;
	int n = vsnprintf(out, room, format, args);
	if (n > 0 && (size_t)n >= room)
		vsnprintf(buf_reserve(buf, (size_t)n), (size_t)n + 1, format, again);
	if (n > 0)
		buf->n += (size_t)n;
	va_end(again);
}

void buf_add_int(struct buf *buf, int64_t value)
{
	char text[DIGITS];
	size_t at = sizeof(text);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	do
		text[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		text[--at] = '-';
	buf_add(buf, (struct str){ text + at, sizeof(text) - at });
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

const char *buf_cstr(struct buf *buf)
{
	*buf_reserve(buf, 1) = 0;
	return buf->p;
}
