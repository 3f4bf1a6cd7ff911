/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * cell: one value of a row: NULL, an integer, a real, or text. 16 bytes.
 *
 * ROW(a, b, c) turns C values into cells: struct str and char pointers become text (a NULL pointer
 * becomes NULL), integers and bool become integers, NONE becomes NULL, double becomes a real.
 */
#ifndef WARD_DATA_CELL_H
#define WARD_DATA_CELL_H

#include "base/buf.h"
#include "data/doc.h"

struct cell {
	const char *p; /* NULL: SQL NULL; cell_int_tag, cell_real_tag; otherwise text of n bytes */
	union {
		size_t n;
		int64_t i;
		double r;
	};
};

extern const char cell_int_tag[], cell_real_tag[];

#define NONE INT64_MIN /* an integer that is not known: SQL NULL */

static inline struct cell cell_int(int64_t value)
{
	return value == NONE ? (struct cell){ 0 } : (struct cell){ .p = cell_int_tag, .i = value };
}
static inline struct cell cell_real(double value)
{
	return (struct cell){ .p = cell_real_tag, .r = value };
}
static inline struct cell cell_text(struct str value)
{
	return (struct cell){ .p = value.p, .n = value.n };
}
static inline struct cell cell_cstr(const char *value)
{
	return cell_text(str_from(value));
}
static inline bool cell_is_int(struct cell cell)
{
	return cell.p == cell_int_tag;
}
static inline bool cell_is_text(struct cell cell)
{
	return cell.p && cell.p != cell_int_tag && cell.p != cell_real_tag;
}
static inline struct str cell_str(struct cell cell)
{
	return cell_is_text(cell) ? (struct str){ cell.p, cell.n } : STR_NONE;
}
static inline int64_t cell_int_or(struct cell cell, int64_t otherwise)
{
	return cell_is_int(cell) ? cell.i : otherwise;
}

void cell_add_json(struct buf *buf, struct cell cell);  /* null, a number, or a JSON string */
void cell_add_plain(struct buf *buf, struct cell cell); /* as it is; nothing for NULL */
void csv_add_field(struct buf *buf, struct str s);      /* RFC 4180: quoted where it must be */

struct cell cell_from_doc(const struct doc *value);     /* a scalar; anything else is NULL */

#define CELL(x)                                                                              \
	_Generic((x), struct str: cell_text, char *: cell_cstr, const char *: cell_cstr,     \
	         double: cell_real, float: cell_real, struct cell: cell_same, default: cell_int)(x)
static inline struct cell cell_same(struct cell cell)
{
	return cell;
}

/* ROW: apply CELL to up to 40 values. The second argument is their number. */
#define ROW(...)                (const struct cell[]){ EACH(__VA_ARGS__) }, EACH_COUNT(__VA_ARGS__)
#define EACH_COUNT(...)         (sizeof((struct cell[]){ EACH(__VA_ARGS__) }) / sizeof(struct cell))
#define EACH(...)               EACH_EXPAND(EACH_STEP(__VA_ARGS__))
#define EACH_STEP(x, ...)       CELL(x) __VA_OPT__(, EACH_AGAIN EACH_PARENS(__VA_ARGS__))
#define EACH_AGAIN()            EACH_STEP
#define EACH_PARENS             ()
#define EACH_EXPAND(...)        EACH_E1(EACH_E1(EACH_E1(EACH_E1(__VA_ARGS__))))
#define EACH_E1(...)            EACH_E2(EACH_E2(EACH_E2(EACH_E2(__VA_ARGS__))))
#define EACH_E2(...)            EACH_E3(EACH_E3(__VA_ARGS__))
#define EACH_E3(...)            __VA_ARGS__

#endif
