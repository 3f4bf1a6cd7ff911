/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * record_row: a record as the cells of its columns, in the order of register_.columns_all; what record*.c and lists share.
 */
#ifndef WARD_REGISTER_RECORD_ROW_H
#define WARD_REGISTER_RECORD_ROW_H

#include "register/record.h"

/* 1 and the cells, in the arena; 0: there is none. */
int row_read(struct arena *arena, struct db *db, const struct register_ *reg, int64_t id, struct cell **out, struct err *err) MUST_USE;
/* The cells of the row a query stands on, from its column `first`. */
struct cell *row_cells(struct arena *arena, struct db_query *query, const struct register_ *reg, size_t first);
/* The row as record_get() reads it: -ENOENT also when it is not for this actor. */
int row_read_seen(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg,
                  int64_t id, struct cell **out, struct err *err) MUST_USE;
/* All of it as JSON values, sensitive fields sealed. */
const struct doc *row_doc(struct arena *arena, const struct register_ *reg, const struct cell *cells);

static inline int64_t row_int(const struct cell *cells, enum system_column column)
{
	return cell_int_or(cells[column], 0);
}
static inline struct str row_state(const struct cell *cells)
{
	return cell_str(cells[SYSTEM_STATE]);
}
static inline bool row_is_set(const struct field *field, const struct cell *cells)
{
	const struct cell *cell = &cells[field->column];
	return cell[0].p || (field->type == FIELD_PERIOD && cell[1].p);
}

/* The name that a sensitive field is sealed under: "account.id_card". */
struct str row_where(struct arena *arena, const struct register_ *reg, const struct field *field);
/* What is shown of a sealed value. A value that cannot be unsealed is shown as stars. */
struct str row_mask(struct arena *arena, const struct books *books, const struct register_ *reg, const struct field *field, struct str sealed);

/* Members of a JSON map that is open: the system's columns and the fields: all; all but long texts; or those of `columns`, when it has any. */
enum row_fields { ROW_WHOLE, ROW_SHORT };
void row_put(struct arena *arena, struct buf *out, const struct books *books, enum lang lang, const struct register_ *reg,
             const struct cell *cells, enum row_fields which, const struct strings *columns);

/* What an actor can do with a record now. */
bool row_may_edit(const struct books *books, const struct actor *actor, const struct register_ *reg, const struct cell *cells);
/* 0: yes; -EPERM and so on with words. What must be filled in, and the reason, are not looked at. */
int row_may_transit(const struct actor *actor, const struct register_ *reg, const struct cell *cells, const struct transition *transition,
                    struct err *err) MUST_USE;
/* "may": {"edit": …, "withdraw": …, "unmask": …, "transitions": […]} */
void row_put_may(struct buf *out, const char *name, const struct books *books, const struct actor *actor, const struct register_ *reg,
                 const struct cell *cells);

#endif
