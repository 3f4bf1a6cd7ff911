/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * copy: all tables of one database of records into another, of the other kind.
 *
 * In one transaction of the target, which must have no tables: either all is there at the end, or nothing. Tables and indexes come from
 * the source itself (record/tables.h). Before it is committed the target is read again: as many rows of each table with the same
 * contents, and the journal verified, so that what is said to be moved is there.
 */
#ifndef WARD_RECORD_COPY_H
#define WARD_RECORD_COPY_H

#include "record/journal_verify.h"

struct copy {
	void (*progress)(void *ctx, uint64_t done, uint64_t all); /* rows; may be NULL */
	void *ctx;
	bool anyway; /* also when the journal has problems */
	/* found */
	uint64_t tables, rows;
	struct journal_verify verify; /* of the target; keys may be given before */
};

/* `from` is in a transaction that sees one moment. -EEXIST: the target has tables. -EBADMSG: what was read back differs, or
 * the journal has problems, which are in copy->verify. */
int copy_all(struct arena *arena, struct db *from, struct db *to, struct copy *copy, struct err *err) MUST_USE;
/* -EEXIST with words when there are tables. */
int copy_must_be_empty(struct arena *arena, struct db *db, struct err *err) MUST_USE;

#endif
