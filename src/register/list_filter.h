/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * list_filter: conditions in SQL with values that are bound, made of what somebody asks for; part of list.c.
 */
#ifndef WARD_REGISTER_LIST_FILTER_H
#define WARD_REGISTER_LIST_FILTER_H

#include "base/vec.h"
#include "data/cell.h"
#include "register/list.h"

enum { CONDITION_VALUES = 512 /* of one question */ };

struct values {
	struct cell *p;
	size_t n, room;
};

/* One condition: SQL with "?" and where its values stand. In `bare` the column is written so that no index is used for it (SQLite). */
struct condition {
	struct str sql, bare;
	struct str column;
	struct cell *values;
	size_t n;
};

struct filter_ctx {
	struct arena *arena;
	struct db *db;
	const struct books *books;
	const struct actor *actor;
	const struct register_ *reg;
	int64_t now;
	bool withdrawn; /* those that are are meant */
};

int filter_read(const struct filter_ctx *ctx, struct str text, struct condition *out, struct err *err) MUST_USE;
/* Words of q: each in the number or a field of the title. */
int filter_search(const struct filter_ctx *ctx, struct str q, struct condition *out, struct err *err) MUST_USE;
/* The column that a list may be sorted by; -EINVAL. */
int filter_sort_column(const struct register_ *reg, struct str name, const struct register_column **out, struct err *err) MUST_USE;
void filter_bind(struct db_query *q, const struct cell *values, size_t n);

#endif
