/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * run_state: what facts.c, scan.c and rows_index.c share about a run; nobody else includes it.
 */
#ifndef WARD_FACT_RUN_STATE_H
#define WARD_FACT_RUN_STATE_H

#include "base/map.h"
#include "base/vec.h"
#include "fact/facts.h"

enum { TEXT_CACHE = 1024 /* recently copied short texts; a power of two */ };

struct rows_index {
	const struct rows *rows;
	size_t column, room;
	uint32_t *heads, *next; /* row + 1; 0 ends */
};

struct part {
	struct rows rows;
	struct part *older;
	struct part *newer; /* taken later with more columns */
};

/* What one table has in this run. */
struct taken {
	struct rows *whole;
	uint64_t wanted;             /* columns asked for so far */
	bool given;                  /* by facts_give(): nothing is to be read */
	bool busy;                   /* its scan is running: a table must not need itself */
	struct map parts;            /* key text -> struct part */
	struct part *newest;
	struct rows summary;         /* of the parts, for facts_taken() */
	struct rows_index *index[COUNT(((struct table *)0)->columns)];
};

struct facts {
	struct arena arena;
	const struct root *root;
	struct facts_options options;
	int64_t now;
	int is_system; /* -1 not looked yet, 0, 1 */
	int ids_whole; /* the same: user and group numbers of files can be seen */
	struct map taken; /* table name -> struct taken */
	struct str cache[TEXT_CACHE];
	VEC(struct param) params;
	VEC(struct cell *) large; /* cells of large tables */
};

struct scan {
	struct facts *facts;
	const struct table *table;
	struct rows *rows;
	size_t room;
	struct arena scratch;
	int64_t deadline_ns, told_ns;
	const struct facts_key *keys;
	size_t key_count;
	uint64_t columns; /* wanted */
	bool noted; /* scan_unavailable() gave the reason */
	bool chose; /* it looked at which columns are wanted: the others were left out */
};

struct taken *taken_of(struct facts *facts, const struct table *table);
struct cell cell_keep(struct facts *facts, struct cell cell);
void rows_degrade(struct facts *facts, struct rows *rows, enum coverage coverage, uint64_t columns,
                  struct note why);

#endif
