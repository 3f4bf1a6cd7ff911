/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sheet: rows of a spreadsheet read one after the other: XLSX (ECMA-376-1, the first sheet that is shown), or CSV (RFC 4180;
 * UTF-8, UTF-16 or GB 18030; comma, semicolon or tab, as its first line has them).
 *
 * Which of the two it is, the bytes say, not the name. Values are text as a person sees them: a number that a date format shows is
 * "2026-11-23" or "2026-11-23 08:30:00", other numbers have no exponent up to 15 digits, TRUE and FALSE are "true" and "false",
 * formulas are their last result. Text keeps its leading zeros; a number in a cell has none to keep. An apostrophe that stands in
 * CSV before = + - @ (sheet_write.h puts it there) is taken off.
 *
 * A file comes from anybody. Limits: SHEET_ROWS rows, SHEET_COLUMNS columns, SHEET_CELL bytes a value, SHEET_UNPACKED bytes of what is
 * unpacked in all and no more than SHEET_RATIO times the file beyond the first 16 MiB; XML without document types. More, or a damaged file, is -E2BIG or
 * -EBADMSG with words that name the row. Memory: the shared texts of the file and one row. One thread.
 */
#ifndef WARD_DATA_SHEET_H
#define WARD_DATA_SHEET_H

#include "base/arena.h"
#include "base/err.h"

enum { SHEET_ROWS = 1000000, SHEET_COLUMNS = 256, SHEET_CELL = 32768, SHEET_RATIO = 200, SHEET_SHARED = 96 * 1024 * 1024 };
#define SHEET_UNPACKED ((int64_t)1 << 30)

enum sheet_kind { SHEET_CSV, SHEET_XLSX };
struct sheet;

/* `fd` stays the caller's, is read from its start, and must be a file. `name` is for messages. */
int sheet_open(int fd, const char *name, struct sheet **out, struct err *err) MUST_USE;
void sheet_close(struct sheet *sheet);
void sheet_close_p(struct sheet **sheet);
enum sheet_kind sheet_kind(const struct sheet *sheet);

/* The next row that holds anything. 1; 0: no more. Cells of the row: empty ones are "", trailing ones are left out. Valid until the
 * next call. `number`: of the row, as the spreadsheet program counts, from 1. */
int sheet_row(struct sheet *sheet, const struct str **cells, size_t *n, size_t *number, struct err *err) MUST_USE;
/* How far it is, of 1000. */
unsigned sheet_progress(const struct sheet *sheet);

/* "A", "AB" of a column from 0, in the arena. */
struct str sheet_column(struct arena *arena, size_t column);

#endif
