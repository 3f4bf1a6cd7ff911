/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * value_text: a value of a field as a person writes it in a cell of a sheet, and back.
 *
 *	text, long-text   as it is, without blanks around
 *	integer, number   "1234", "1,234", "-0.5"
 *	date              2026-11-23, 2026/11/23, 2026.11.23, 20261123, 2026年11月23日, 23/11/2026 (day first, as in Việt Nam)
 *	time              such a date and 08:30 or 08:30:00, in the machine's zone
 *	bool              是 否, có không, yes no, true false, 1 0
 *	choice            its label in any language, or its name
 *	reference, person, org   the number or the name of the record: exactly one must have it
 *	period            two dates or times with ~ ～ 至 đến between
 *	lists             values apart by ; ； 、 or a line end
 *
 * References are looked up in the database as of one moment and kept for the next rows, so a lookup belongs to one import or export.
 */
#ifndef WARD_REGISTER_VALUE_TEXT_H
#define WARD_REGISTER_VALUE_TEXT_H

#include "register/record.h"

struct value_lookup {
	struct arena *arena;
	struct db *db;
	const struct books *books;
	const struct actor *actor;
	struct map found;  /* "register\0text" -> id + 2; 1: none; 2 more than one, see value_text.c */
	struct map titles; /* by register and id */
};

/* Append the value as JSON. 1: done; 0: the text is no such value, *problem says why; an error: of the database. */
int value_from_text(struct value_lookup *lookup, const struct field *field, struct str text, struct buf *json, struct note *problem,
                    struct err *err) MUST_USE;
/* Append what a person reads; `value` as record_get() gives it. */
int value_to_text(struct value_lookup *lookup, enum lang lang, const struct field *field, const struct doc *value, struct buf *out,
                  struct err *err) MUST_USE;

/* "2026-11-23" of what a person may write; false: no date. */
bool value_date(struct str text, char out[11]) MUST_USE;

#endif
