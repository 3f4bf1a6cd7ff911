/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * json: RFC 8259 text into a `doc`, and the pieces to write JSON.
 *
 * Strict: one value, UTF-8 only, no comments, no trailing comma, no NaN, no lone surrogate, no raw
 * control character. Bounded: depth at most JSON_DEPTH, size below 4 GiB. Duplicate keys are kept.
 * The scanner reads strings 16 bytes at a time. A number that is an integer beyond int64, and -0, is
 * DOC_REAL; one beyond double is refused. Strings are `quoted`, and may hold NUL (from \u0000).
 */
#ifndef WARD_DATA_JSON_H
#define WARD_DATA_JSON_H

#include "base/buf.h"
#include "data/doc.h"

enum { JSON_DEPTH = 128 };

/* Parse all of source->text, which must outlive the tree. 0; -EINVAL with "<name>:<line>:<column>: …";
 * -E2BIG. */
int json_parse(struct arena *arena, struct source *source, const struct doc **out, struct err *err) MUST_USE;

/* Append a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void json_add_string(struct buf *buf, struct str s);
/* A finite double so that it reads back the same; otherwise null. */
void json_add_double(struct buf *buf, double value);

/* Building a tree as text, member by member: each of these puts a comma in front unless a list or map has just been
 * opened. `name` is a C string that needs no escapes; NULL within a list. Lists and maps are closed by
 * buf_add_char(buf, ']'). */
void json_next(struct buf *buf);
void json_key(struct buf *buf, const char *name); /* only the comma when name is NULL */
void json_put(struct buf *buf, const char *name, struct str value);
void json_put_or_null(struct buf *buf, const char *name, struct str value); /* STR_NONE is null; json_put() makes it "" */
void json_put_null(struct buf *buf, const char *name);
void json_put_int(struct buf *buf, const char *name, int64_t value);
void json_put_real(struct buf *buf, const char *name, double value);
void json_put_flag(struct buf *buf, const char *name, bool value);
void json_put_strings(struct buf *buf, const char *name, const struct strings *list);
void json_open_list(struct buf *buf, const char *name);
void json_open_map(struct buf *buf, const char *name);

#endif
