/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * titles: what records are called, for the many ids that stand in others: collected first, then read with one query a register.
 *
 * A title is the fields that the declaration names, apart by blanks; sensitive ones masked. Whoever sees a record sees the titles of
 * what it refers to, also where those records themselves are not for them.
 */
#ifndef WARD_REGISTER_TITLES_H
#define WARD_REGISTER_TITLES_H

#include "register/record_row.h"

struct titles {
	struct arena *arena;
	const struct books *books;
	enum lang lang;
	struct title_list *lists; /* by register_.place */
};

void titles_init(struct titles *titles, struct arena *arena, const struct books *books, enum lang lang);
void titles_want(struct titles *titles, const struct register_ *reg, int64_t id);
/* All that a row refers to: its organisation, persons, references, files are not among them. */
void titles_want_row(struct titles *titles, const struct register_ *reg, const struct cell *cells);
/* The register whose records a field's ids (or the record's own org) are; NULL: it holds none. */
const struct register_ *titles_referred(const struct titles *titles, const struct register_ *reg, struct str name);
int titles_read(struct titles *titles, struct db *db, struct err *err) MUST_USE;
struct str titles_get(const struct titles *titles, const struct register_ *reg, int64_t id); /* STR_NONE: unknown */
/* Of a row itself. */
struct str titles_of(struct titles *titles, const struct register_ *reg, const struct cell *cells);
/* "name": {"org": "…", "system": "…", "related": ["…", "…"]} */
void titles_put(struct buf *out, const char *name, const struct titles *titles, const struct register_ *reg, const struct cell *cells);

#endif
