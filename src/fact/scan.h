/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * scan: what a table's scan function is given: the root, memory, a place for rows, and the honesty
 * to say what could not be seen.
 *
 * Coverage. A scan that returns 0 and said nothing is *complete*: the rows are all there are. It calls
 * scan_partial() when some of it could not be seen, and the rows that it delivered count as a part.
 * It returns scan_unavailable() (or any negative errno with err set) when nothing could be seen. A
 * thing that is really not there ("no rpm database") is complete with no rows; a source that must be there
 * but is not ("/etc/passwd is missing") is unavailable. Everything is valid only during the scan.
 */
#ifndef WARD_FACT_SCAN_H
#define WARD_FACT_SCAN_H

#include "data/lang.h"
#include "data/cell.h"
#include "fact/facts.h"
#include "fact/table.h"
#include "sys/root.h"

/* Scratch memory, freed when the scan ends. Rows are copied; they need not outlive scan_row(). */
struct arena *scan_arena(struct scan *scan);
const struct root *scan_root(const struct scan *scan);
bool scan_is_live(const struct scan *scan); /* the root is the running system */
struct facts *scan_facts(const struct scan *scan);
int64_t scan_now(const struct scan *scan);  /* the moment of the run, seconds since 1970 */

/* scan_row(scan, ROW(a, b, c), err): one value a column, in the order of the columns. */
int scan_row(struct scan *scan, const struct cell *cells, size_t count, struct err *err) MUST_USE;

/* scan_partial(scan, NOTE("cannot read {}: {}", path, why)). The first reason is kept, the others counted.
 * scan_partial_in(scan, "path cwd", …): all rows are there and nothing but these columns is missing values; a
 * query that does not look at them saw everything. */
void scan_partial(struct scan *scan, struct note why);
void scan_partial_in(struct scan *scan, const char *columns, struct note why);
/* Keep the reason; returns a negative errno for the scan function to return. */
int scan_unavailable(struct scan *scan, struct note why) MUST_USE;

/* Whole text of a file, in scratch memory. 0; -ENOENT when it or a directory above it is missing;
 * another negative errno, with the coverage degraded to partial ("cannot read {}: {}"). A file beyond
 * 16 MiB is an error. Text is given without a UTF-8 byte order mark. */
int scan_file(struct scan *scan, const char *path, struct str *text) MUST_USE;
/* A file without which the table knows nothing: any failure makes it unavailable. */
int scan_source(struct scan *scan, const char *path, struct str *text, struct err *err) MUST_USE;
/* Sorted names in a directory, or sorted paths that match a pattern; missing is empty, any other
 * failure is empty and partial. */
struct strings scan_list(struct scan *scan, const char *directory);
struct strings scan_glob(struct scan *scan, struct str pattern);

/* The value that the query asks for in a KEY column, see table.h. False: it asks for all. */
enum key_operator { KEY_EQUAL, KEY_LIKE, KEY_GLOB };
struct scan_key {
	enum key_operator how;
	struct str text; /* also of an integer, in decimal */
};
bool scan_key(const struct scan *scan, const char *column, struct scan_key *out);

/* Does anybody want one of these columns ("path on_disk")? What nobody wants may be left NULL, and what it
 * would have taken to see it degrades nothing. Which rows there are must not depend on it. */
bool scan_wants(struct scan *scan, const char *columns);

/* The owner or group of a file for `column`. In a user namespace that maps only some ids, all others look like
 * 65534: that is NONE then, and the column is partial. */
int64_t scan_owner(struct scan *scan, uint32_t id, const char *column);

/* The rows of another table, taken now if they were not yet, with the columns that the own table's `needs`
 * name (all, when it names none). scan_table(): its coverage limits this one's, in those columns that are the
 * reason of the need; NULL when it is unavailable: return the given *r. scan_rows(): never NULL; the caller
 * minds the coverage. Not for tables with REQUIRED columns. */
const struct rows *scan_table(struct scan *scan, const struct table *table, int *r);
const struct rows *scan_rows(struct scan *scan, const struct table *table);
/* Like scan_table(), of the rows for which a KEY column equals a text; there may be others among them. */
const struct rows *scan_part(struct scan *scan, const struct table *table, const char *column, struct str equals,
                             int *r);

/* Deep tables: time is up (the scan then calls scan_partial and returns 0); tell how far it is. */
bool scan_expired(const struct scan *scan);
void scan_progress(struct scan *scan, size_t done, size_t total /* 0: unknown */);

#endif
