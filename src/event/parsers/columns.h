/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * columns: tables in text, whose first lines name the columns of the others: what the parsers csv and w3c share.
 *
 * The event of a row must be readable alone, so its raw text is the header and the row, as both were written, with a
 * line end between. A parser's state holds the columns; memory is its own.
 */
#ifndef WARD_EVENT_PARSERS_COLUMNS_H
#define WARD_EVENT_PARSERS_COLUMNS_H

#include "event/parsers/known.h"

enum { COLUMNS_MOST = EVENT_FIELDS };

struct columns {
	struct arena arena;
	struct str head;   /* the header as it goes before each row; STR_NONE: none was seen */
	struct str *names;
	uint32_t *ids;
	uint32_t n;
	char delimiter;
};

void columns_done(struct columns *columns);
/* Begin anew with this header. */
void columns_begin(struct columns *columns, struct str head, char delimiter);
void columns_add(struct columns *columns, struct str name);
/* The column with this name, in any case of ASCII letters, or -1. */
int columns_find(const struct columns *columns, const char *name);
/* The name of a column; those beyond the header are "column12", counted from 1. */
struct str columns_name(const struct columns *columns, uint32_t column, char spare[32]);
void columns_field(struct parse *parse, struct event *event, struct columns *columns, uint32_t column, struct str value);
/* The header, a line end, the row. */
struct str columns_raw(struct arena *arena, const struct columns *columns, struct str row);

/* The first cell of a row, RFC 4180: quotes around it are taken off, doubled quotes within become one (in the arena); *more
 * is whether a delimiter stands behind it. Quotes that are not closed reach to the row's end. */
struct str columns_cell(struct arena *arena, struct str *row, char delimiter, bool *more);
/* How long the first row of a text is, without its line end, where cells in quotes may hold line ends. -1: the text ends
 * within quotes. */
ptrdiff_t columns_row(struct str text, char delimiter);

#endif
