/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * facts: the tables of one run, each taken once.
 *
 * A run takes each table it needs once and keeps it in memory, so that every check sees the same
 * moment. One thread; everything lives until facts_free().
 *
 * A table is taken with the columns that were asked for until then (facts_want()); its scan need not read
 * what nobody wants, and such columns hold NULL and are never looked at. When a column is asked for later,
 * the table is taken anew, which is a later moment: an inspection therefore asks for all columns before
 * it takes the first table.
 */
#ifndef WARD_FACT_FACTS_H
#define WARD_FACT_FACTS_H

#include "base/arena.h"
#include "data/lang.h"
#include "data/cell.h"
#include "fact/table.h"
#include "sys/root.h"

enum coverage { COVERAGE_COMPLETE, COVERAGE_PARTIAL, COVERAGE_UNAVAILABLE };
extern const char *const coverage_names[]; /* "complete", "partial", "unavailable", NULL */

/* What could not be seen: of these columns, or with ROWS_ONLY of the rows themselves. */
struct gap {
	uint64_t columns;
	struct note why;
};

/* Rows as taken. Row r, column c: cells[r * width + c]. */
struct rows {
	const struct table *table;
	struct cell *cells;
	size_t n, width;
	enum coverage coverage;
	struct note reason;   /* unless complete */
	size_t more_reasons;  /* further ones, counted */
	uint64_t columns;     /* those that were taken; the others hold NULL */
	struct {
		struct gap *p;
		size_t n, room;
	} gaps;               /* of partial rows: the first reason for each set of columns */
	int64_t ns;           /* how long it took */
};

static inline const struct cell *rows_at(const struct rows *rows, size_t row)
{
	return &rows->cells[row * rows->width];
}

/* How well some columns were seen, as a set; *why (may be NULL) when not complete. */
enum coverage rows_coverage(const struct rows *rows, uint64_t columns, struct note *why);

struct facts_options {
	bool deep;                /* also the expensive tables */
	int64_t budget_ns;        /* for one deep table; 0: 60 s */
	void (*progress)(void *ctx, const struct table *table, size_t done, size_t total);
	void *progress_ctx;
};

struct facts;

/* `root` must outlive the facts. */
struct facts *facts_new(const struct root *root, const struct facts_options *options);
void facts_free(struct facts *facts);
void facts_free_p(struct facts **facts);
const struct root *facts_root(const struct facts *facts);
bool facts_is_system(struct facts *facts); /* false: the root holds no Linux system, nothing can be said of it */
int64_t facts_now(const struct facts *facts);
void facts_set_now(struct facts *facts, int64_t now); /* for fixtures: before any table is taken */
struct arena *facts_arena(struct facts *facts); /* lives as long as the facts */

/* These columns of the table, as a set, will be asked for; and so what it needs for them of other tables. */
void facts_want(struct facts *facts, const struct table *table, uint64_t columns);

/* The whole table, with at least these columns; never NULL. Tables with REQUIRED columns are unavailable this
 * way. facts_table(): with all columns. */
const struct rows *facts_columns(struct facts *facts, const struct table *table, uint64_t columns);
const struct rows *facts_table(struct facts *facts, const struct table *table);

/* The part of a table with KEY columns that a query asks for. `n` keys, all of which must hold. */
struct facts_key {
	const char *column;
	int how; /* enum key_operator */
	struct str text;
};
const struct rows *facts_part(struct facts *facts, const struct table *table, uint64_t columns,
                              const struct facts_key *keys, size_t n);

/* Everything taken so far for this table: NULL when nothing was. With KEY parts, the worst coverage,
 * and the rows and times of all. */
const struct rows *facts_taken(struct facts *facts, const struct table *table);

/* Give the rows instead of taking them (fixtures, kept snapshots). `cells` are copied. */
void facts_give(struct facts *facts, const struct table *table, const struct cell *cells, size_t n,
                enum coverage coverage, struct note reason);

/* The `param` table: thresholds of the profile in force. A key may have several values (a list). */
void facts_param(struct facts *facts, struct str key, struct cell value, struct str source);
void facts_param_drop(struct facts *facts, struct str key);
void facts_params_clear(struct facts *facts);
struct param {
	struct str key, source;
	struct cell value;
};
const struct param *facts_params(const struct facts *facts, size_t *count);

/* Offsets of the rows whose column holds an equal value, by an index made at the first call.
 * Returns the first row, next[] leads on; SIZE_MAX ends. */
struct rows_index;
const struct rows_index *rows_index(struct facts *facts, const struct rows *rows, size_t column);
size_t rows_first(const struct rows_index *index, struct cell value);
size_t rows_next(const struct rows_index *index, size_t row);

#endif
