/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * cases: what findings, incidents, clocks and notices share: the declared law, the registers they live in, how long repairs may take.
 *
 * One for an installation, made at the start, read-only afterwards but for the kind of office; threads may share it. Changes of the registers `finding`,
 * `incident` and `notice` by whomever go through the hooks that cases_hooks() gives, which hold the rules that a declaration cannot say.
 */
#ifndef WARD_CASE_CASES_H
#define WARD_CASE_CASES_H

#include "case/clock.h"
#include "check/profile.h"

/* A kind of office that there is (content/profiles). */
struct office_kind {
	char name[32];
	struct rectify rectify;      /* how long repairs may take, by severity */
};

struct cases {
	const struct laws *laws;
	const struct books *books;   /* set before the first work */
	struct office_kind kinds[16];
	size_t n_kinds;
	_Atomic size_t kind;         /* the one in force; changed while others read (cases_set_kind()) */
	enum lang lang;              /* of what ward itself writes into records */
	struct str jurisdiction;     /* where nothing nearer says it: "CN", "VN" */
	char clauses[64];            /* of the regime (check/profile.h): which clauses of the graded standard are in force; "": not said */
};

/* For an office of this kind ("county") and regime ("cn-mlps-2"; STR_NONE: none). `laws` must live as long; *out.books is the caller's
 * to set. */
int cases_init(const struct content *content, const struct laws *laws, struct str profile, struct str regime, enum lang lang, struct cases *out,
               struct err *err) MUST_USE;

/* The kind of office in force: "township". */
struct str cases_kind(const struct cases *cases);
const struct rectify *cases_rectify(const struct cases *cases);
/* From now on this kind. -ENOENT: there is none of that name. */
int cases_set_kind(struct cases *cases, struct str name, struct err *err) MUST_USE;
/* What people chose, and was kept with the records; STR_NONE: nothing. In the arena. */
int cases_kept_kind(struct arena *arena, struct db *db, struct str *out, struct err *err) MUST_USE;
/* Within a work: keep it, and say so in the journal. */
int cases_keep_kind(struct write *write, const struct cases *cases, struct str name, struct str reason, struct err *err) MUST_USE;

enum { CASE_HOOKS = 4 };
/* The hooks of this layer, CASE_HOOKS of them, for books.hooks. */
void cases_hooks(const struct cases *cases, struct register_hook out[CASE_HOOKS]);
/* All migrations of this file's tables: case_migrations, evidence_migrations. */
int cases_migrate(struct records *records, struct err *err) MUST_USE;

/* ---- what the files of this folder share ---- */

/* The same work as ward itself: for what only ward may do. `ward` must live as long. */
struct write cases_own(const struct write *write, const struct actor *ward);
/* Every column of the row that a query (with one parameter, an id) gives, by name with `prefix` before it. 1: found; 0: no such row.
 * Texts live in the facts' arena. */
int cases_row(struct case_facts *facts, struct db *db, const char *sql, const char *prefix, int64_t id, struct err *err) MUST_USE;
/* A tree from JSON that is being built; the buffer may go. It must be right: what is built here is. */
const struct doc *cases_values(struct arena *arena, const struct buf *json);
/* "CN" or "VN" for an organisation: by its own or the nearest one above that says its country or time zone. */
int cases_jurisdiction(struct arena *arena, struct db *db, const struct cases *cases, int64_t org, struct str *out, struct err *err) MUST_USE;
/* Is there a table of this name? Registers can be missing from an installation. */
const struct register_ *cases_register(const struct cases *cases, const char *name);
/* The text that a query (with one parameter, an id) gives, such as a name; "" for id 0 and where there is none. */
int cases_name(struct arena *arena, struct db *db, const char *sql, int64_t id, struct str *out, struct err *err) MUST_USE;
/* The organisation above; 0: it is the root. */
int cases_parent(struct db *db, int64_t org, int64_t *parent, struct err *err) MUST_USE;
/* The root organisation; 0: there is none yet. */
int cases_root(struct db *db, int64_t *root, struct err *err) MUST_USE;
/* May the actor do something with this organisation's? -ENOENT with the words for "there is none", so that nothing is learnt. */
int cases_visible(struct db *db, const struct actor *actor, int64_t org, struct err *err) MUST_USE;

#endif
