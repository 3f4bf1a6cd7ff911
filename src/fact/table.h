/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * table: the description of a host table.
 *
 * A table is one const record: its name, what it is, its columns, what it reads, and a function that
 * delivers its rows (fact/scan.h). SQL, `.schema`, the man page, the console's help and the fuzzer
 * all come from this record. Names and columns follow osquery where it has the table.
 */
#ifndef WARD_FACT_TABLE_H
#define WARD_FACT_TABLE_H

#include "base/err.h"
#include "base/str.h"
#include "data/lang.h"

enum column_type { TEXT, INT, REAL };

enum column_flags {
	KEY = 1,      /* a query that says `column = …` (or LIKE, GLOB) asks the scan for just that */
	REQUIRED = 2, /* with KEY: the table cannot be listed whole; some REQUIRED column must be given */
};

struct column {
	const char *name;
	enum column_type type;
	const char *doc; /* with the unit; what NULL means where it can be NULL */
	unsigned flags;
};

enum table_flags {
	TABLE_LIVE = 1,  /* asks the kernel or a service, not files: empty for another root */
	TABLE_DEEP = 2,  /* expensive: only with --deep, within a time budget, with progress */
	TABLE_FRESH = 4, /* about the run itself, never kept */
};

/* Columns of a table as a set: bit n for the n-th. ROWS_ONLY: how many rows there are, and no column. */
#define COLUMNS_ALL (UINT64_MAX)
#define ROWS_ONLY   (UINT64_C(1) << 63)

struct scan;
struct table;

/* What a table's scan reads of another table, for scan_table(): known beforehand, so that a run takes that
 * one once, with all columns that will be asked for. */
struct table_need {
	const struct table *table;
	const char *columns; /* "pid path"; "": its rows only */
	const char *by;      /* only when one of these own columns is wanted; NULL: always */
};

struct table {
	const char *name;
	const char *doc;
	/* Where the rows come from, for people and for the fuzzer: the first entries are the files that
	 * it writes its input to. "etc/passwd", "proc/net/arp"; or words: "netlink: rtnetlink". */
	const char *sources[8];
	unsigned flags;
	/* Deliver rows by scan_row(). 0, or a negative errno with err set: the table is unavailable. */
	int (*scan)(struct scan *scan, struct err *err);
	struct column columns[40]; /* ends with a NULL name */
	struct table_need needs[8];
};

extern const struct table *const tables[]; /* by name, NULL-terminated */

/* What a table is, in a line: content/i18n has it as "table NAME", its record in English. */
struct str table_says(enum lang lang, const struct table *table);
size_t table_width(const struct table *table);
bool table_has_key(const struct table *table);  /* some column is KEY: parts of it can be asked for */
bool table_is_keyed(const struct table *table); /* some column is REQUIRED */
const struct table *table_find(struct str name);
uint64_t table_columns(const struct table *table, const char *names); /* "pid path" as a set, with ROWS_ONLY */

/* Every table of the list in fact/tables/meson.build. */
#define TABLE(name) extern const struct table table_##name;
#include "fact/tables/table_list.h"
#undef TABLE

#endif
