/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * org: the tree of organisations, kept in ward_subtree(ancestor, org): each organisation below each, itself too.
 *
 * The register `org` has the field `parent`; an organisation's record belongs to itself, so its own people see it. Called by record.c
 * after each change of such a record, before the hooks.
 */
#ifndef WARD_REGISTER_ORG_H
#define WARD_REGISTER_ORG_H

#include "record/records.h"

enum { ORG_DEPTH = 16 };

/* A new organisation, or one whose parent has changed (0: none). -EINVAL: it would be below itself, or too deep. */
int org_place(struct write *write, int64_t org, int64_t parent, struct err *err) MUST_USE;
/* Make the whole table anew from the register, after an import of whole trees or a move of the database. */
int org_rebuild(struct write *write, struct err *err) MUST_USE;
/* Is there such an organisation, not withdrawn? */
int org_exists(struct db *db, int64_t org, bool *out, struct err *err) MUST_USE;

#endif
