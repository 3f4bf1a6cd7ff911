/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * rowset: the rows of a query as text: an aligned table for people, JSON, JSON lines or CSV.
 *
 * The table is held until its widths are known; the other formats are given out as they come, in
 * pieces, through the caller's write function.
 */
#ifndef WARD_REPORT_ROWSET_H
#define WARD_REPORT_ROWSET_H

#include "fact/query.h"

enum rowset_format { ROWSET_TABLE, ROWSET_JSON, ROWSET_NDJSON, ROWSET_CSV };
extern const char *const rowset_names[]; /* "table", "json", "ndjson", "csv", NULL */

typedef int (*rowset_write)(struct str text, struct err *err);

/* Step the statement to its end and write all of it. *rows: how many. */
int rowset_print(struct statement *statement, enum rowset_format format, rowset_write write, size_t *rows,
                 struct err *err) MUST_USE;

#endif
