/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sheet_write: rows as a spreadsheet: XLSX (libxlsxwriter, one row in memory), or CSV (RFC 4180, UTF-8 with a byte order mark, so that
 * spreadsheet programs know it).
 *
 * Values are text, as data/sheet.h gives them back. In XLSX a text stays text, with its leading zeros, and is never a formula; numbers and dates are
 * such. In CSV a text that a spreadsheet program would take for a formula (it begins with = + - @, a tab or CR, and is no number) gets an
 * apostrophe in front (OWASP, "CSV Injection"); reading takes it off. The result is an unnamed file. One thread.
 */
#ifndef WARD_DATA_SHEET_WRITE_H
#define WARD_DATA_SHEET_WRITE_H

#include "data/sheet.h"

enum sheet_value { SHEET_TEXT, SHEET_NUMBER, SHEET_DATE, SHEET_TIME };

struct sheet_field {
	struct str label;      /* the first row */
	struct str help;       /* a remark on it; "": none */
	enum sheet_value value;
	struct strings choices; /* a drop-down of these; none: free */
	bool required;
	unsigned width;        /* in characters; 0: by the label */
};

struct sheet_writer;

/* `dir`: where temporary files may be made. `title`: of the sheet. `template_rows`: so many rows get drop-downs and formats beforehand (a
 * form to fill in); 0: an export. */
int sheet_writer_open(enum sheet_kind kind, const char *dir, struct str title, const struct sheet_field *fields, size_t n,
                      size_t template_rows, struct sheet_writer **out, struct err *err) MUST_USE;
/* One more row; STR_NONE and "" are empty cells. */
int sheet_writer_row(struct sheet_writer *writer, const struct str *cells, size_t n, struct err *err) MUST_USE;
/* Finish; *fd is the caller's, at its start. */
int sheet_writer_end(struct sheet_writer *writer, int *fd, struct err *err) MUST_USE;
void sheet_writer_close(struct sheet_writer *writer);
void sheet_writer_close_p(struct sheet_writer **writer);

#endif
