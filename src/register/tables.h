/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * tables: the tables of registers in the database: made from the declarations, and moved forward when a declaration has changed.
 *
 * What a table has is remembered in ward_column and ward_index. A new field becomes a new column; a field that is gone leaves its column
 * and what stands in it; a field whose type would change its column is refused with words, because no value may be lost or guessed.
 * Indexes follow the declaration, made and dropped. Every change of a table is in the journal.
 */
#ifndef WARD_REGISTER_TABLES_H
#define WARD_REGISTER_TABLES_H

#include "record/records.h"
#include "register/register.h"

/* ward_subtree, ward_counter, ward_file, ward_view, ward_column, ward_index (200…); done by registers_apply(). */
extern const struct migration register_migrations[];

/* Bring the tables up to the declarations; at the start of a server, before anything is written. -EPROTO: a changed type. */
int registers_apply(struct records *records, const struct registers *registers, struct err *err) MUST_USE;

/* The index columns that a list may be sorted by quickly: what stands in the declaration decides (tables.c). */
struct register_index_text {
	struct str columns; /* "due, id, state, org" */
	bool unique;
};
struct register_index_texts {
	struct register_index_text *p;
	size_t n, room;
};
void register_index_list(struct arena *arena, const struct register_ *reg, struct register_index_texts *out);

#endif
