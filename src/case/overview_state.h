/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * overview_state: what overview.c and overview_give.c share; no other file includes it.
 */
#ifndef WARD_CASE_OVERVIEW_STATE_H
#define WARD_CASE_OVERVIEW_STATE_H

#include <sqlite3.h>

#include "base/vec.h"
#include "case/overview.h"
#include "search/events_table.h"

/* A table of records as statements see it. */
struct book {
	const char *name, *from;   /* from: the table in the records */
	const struct register_ *reg; /* NULL: one of ward's own */
	VEC(const char *) columns;
	VEC(const char *) types;   /* SQLite's words */
	bool *wanted;              /* columns that statements read; in memory only */
	bool asked, loaded;
};

struct overview {
	struct overview_options options;
	struct arena arena;
	struct query *query;
	struct hosts_tables *hosts;
	struct events_table *events;
	VEC(struct book) books;
	struct map by_name;        /* struct book * by name of the table seen; filled once all are there */
	struct map hidden;         /* names of the attached records' other tables */
	char schema[40];           /* of the attached records: a name that no statement can know */
	bool attached, fleet_loaded;
	bool events_hidden, events_given;
	struct overview_question *asking;
	int64_t now;
};

void overview_bind(sqlite3_stmt *insert, int at, struct cell cell);

#endif
