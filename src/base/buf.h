/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * buf: bytes being built.
 *
 * `BUF(b)` declares one that frees itself; a zeroed struct is an empty buffer. The bytes are always
 * followed by a NUL that is not counted, so buf_cstr() is free. A slice of it is valid until the
 * next addition.
 */
#ifndef WARD_BASE_BUF_H
#define WARD_BASE_BUF_H

#include <stdarg.h>

#include "base/str.h"

struct buf {
	char *p;
	size_t n, room;
};

#define BUF(name) CLEANUP(buf_done) struct buf name = { 0 }

void buf_done(struct buf *buf);
static inline void buf_clear(struct buf *buf)
{
	buf->n = 0;
}
/* Make room for `more` bytes and return where they go; the caller then adds to buf->n. */
char *buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, struct str s);
void buf_add_char(struct buf *buf, char c);
void buf_puts(struct buf *buf, const char *text);
void buf_add_int(struct buf *buf, int64_t value); /* in decimal */
void buf_printf(struct buf *buf, const char *format, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args) PRINTF(2, 0);
static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){ buf->p ? buf->p : "", buf->n };
}
const char *buf_cstr(struct buf *buf);

#endif
