/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * list: records of a register, filtered, sorted, a page at a time, out of a million.
 *
 * A filter is "field:operator:value", as it stands in an address and in a view of a declaration. Operators: eq ne lt le gt ge; in (values
 * apart by commas, at most LIST_IN); has (a text that holds it, a list that has it as a member); empty; filled. Fields are those of the
 * declaration, NAME_from and NAME_to of a period (NAME alone is its beginning), and the system's columns. Values are checked by the
 * field's type and bound; "me" stands for the actor's person, "today" for this day, "today-30" and "today+7" for others. A moment can be
 * given as a day, too. Sensitive fields know eq, ne, in, empty, filled, by their digests.
 *
 * Sorted by any column that is no list and not sensitive ("-due": falling), then by id; empty values come last, either way. A cursor names
 * the last row's value and id, and what was asked, so a page after it is found by the index wherever it is, and rows that come or go
 * meanwhile neither double nor lose others. It is opaque, bounded, and worth nothing to forge: it is bound like any value.
 *
 * Only what the actor may see is listed: org is below theirs (ward_subtree). The total counts to LIST_TOTAL.
 *
 * How a page is found: the total is known first (and kept, see list_totals_new). Are many rows meant, the index of the sort column is walked, and
 * what does not fit is passed over; are few, they are found by their filters and sorted.
 */
#ifndef WARD_REGISTER_LIST_H
#define WARD_REGISTER_LIST_H

#include "register/record.h"

enum { LIST_LIMIT = 200, LIST_TOTAL = 10000, LIST_FILTERS = 20, LIST_IN = 100, LIST_QUERY = 200 /* bytes of q */ };

struct list_query {
	struct str q;            /* words in the title or the number; STR_NONE */
	struct strings filters;
	struct str sort;         /* STR_NONE: "-updated" */
	struct str after;        /* cursor of the page before; STR_NONE */
	int64_t limit;           /* 0: 50 */
	int64_t org;             /* only what belongs below this one; 0: all that the actor sees */
	bool withdrawn;          /* those that are withdrawn instead of those that stand */
	bool count_only;
};

struct list_page {
	struct cell **rows; /* record_row.h */
	size_t n;
	struct str next;    /* cursor; STR_NONE: this was the last page */
	int64_t total;
	bool more;          /* there are more than `total` */
};

/* -EINVAL with words when the question is wrong; -ENOENT when the actor may not read the register. */
int list_read(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg,
              const struct list_query *query, struct list_page *out, struct err *err) MUST_USE;
/* {"rows": [{…, "_titles": {…}}], "next", "total", "more"}; `columns`: only these fields; empty: all but long texts. */
int list_put(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg,
             const struct list_page *page, const struct strings *columns, struct buf *out, struct err *err) MUST_USE;

/* Totals that were counted: good as long as nothing was written, and those that reached LIST_TOTAL for half a minute more. Threads
 * share it. */
struct list_totals;
struct list_totals *list_totals_new(void);
void list_totals_free(struct list_totals *totals);

#endif
