/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * found: records that a search found, and counts of them, as text for people, JSON lines, CSV, or as they were written.
 *
 * Text is one line a record, what was searched for marked on a terminal; with chosen fields an aligned table, which is
 * held until its end. Times are in the machine's own zone for people, in RFC 3339 for programs.
 */
#ifndef WARD_REPORT_FOUND_H
#define WARD_REPORT_FOUND_H

#include "search/record_json.h"
#include "search/tally.h"
#include "data/lang.h"

enum found_format { FOUND_TABLE, FOUND_JSON, FOUND_CSV, FOUND_RAW };
extern const char *const found_formats[]; /* "table", "json", "csv", "raw", NULL */

struct found_style {
	enum found_format format;
	struct strings fields;    /* the columns; none: time, host and the record */
	const struct seek *seek;  /* what is marked */
	enum lang lang;
	bool colour;
	size_t width;             /* columns of the terminal, for charts */
};

struct found;

struct found *found_new(const struct found_style *style);
void found_free(struct found *found);
/* Append what can be written of it already. */
void found_record(struct found *found, struct buf *out, struct seeker *seeker, const struct record *record);
void found_end(struct found *found, struct buf *out);

/* Counts: a chart of steps for people when they are only by time, otherwise a table. */
void found_tally(const struct found_style *style, struct buf *out, const struct tally_kind *kind,
                 const struct tally_row *rows, size_t n);

#endif
