/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sheet_source: what the two kinds of sheet give to sheet.c. Private to data/sheet*.c.
 */
#ifndef WARD_DATA_SHEET_SOURCE_H
#define WARD_DATA_SHEET_SOURCE_H

#include "base/buf.h"
#include "base/vec.h"
#include "data/sheet.h"

/* The row being made: values one behind the other in `text`, each with its place. */
struct sheet_cells {
	struct buf text;
	struct sheet_cell {
		size_t column, at, n;
	} cell[SHEET_COLUMNS];
	size_t n, number;
};

struct sheet_source {
	/* 1: a row is in `cells`; 0: no more. */
	int (*row)(void *ctx, struct sheet_cells *cells, struct err *err);
	unsigned (*progress)(const void *ctx);
	void (*close)(void *ctx);
	void *ctx;
};

int sheet_csv(int fd, const char *name, struct sheet_source *out, struct err *err) MUST_USE;
int sheet_xlsx(int fd, const char *name, struct sheet_source *out, struct err *err) MUST_USE;

/* Add a value; -E2BIG when it is beyond the limits. */
int sheet_cells_add(struct sheet_cells *cells, size_t column, struct str value, struct err *err) MUST_USE;

#endif
