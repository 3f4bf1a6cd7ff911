/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * verdict: judge one check over the facts of a run.
 *
 *	applies finds nothing    all it reads was seen: not-applicable; otherwise unknown
 *	violations finds rows    fail; unknown when a table in `absent` was not seen whole
 *	violations finds none    all it reads was seen: pass; otherwise unknown
 *
 * What a query reads is what SQLite's authorizer says. Tables that are listed whole count whole, even when
 * the query stopped early; of tables with KEY columns (file, hash, sshd_config), what this query asked for:
 * a setting that is known counts although the default of another one is not. And only the columns that it
 * reads: a table in which some column could not be seen is seen whole by a query that looks at others.
 */
#ifndef WARD_CHECK_VERDICT_H
#define WARD_CHECK_VERDICT_H

#include "check/check.h"
#include "fact/query.h"

enum verdict_value { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_NOT_APPLICABLE, VERDICT_COUNT };
extern const char *const verdict_names[]; /* "pass", "fail", "unknown", "not-applicable", NULL */

enum { EVIDENCE_ROWS = 100 }; /* kept of one verdict; the others are counted */

struct evidence {
	struct strings columns;
	struct cell *cells; /* rows * columns.n, in the arena */
	size_t rows;        /* kept */
	size_t found;       /* in all, up to 100,000 */
};

struct verdict {
	const struct check *check;
	enum verdict_value value;
	struct note reason;         /* of unknown; of a fail: that there may be more */
	const struct table *unseen; /* of unknown: the table that reason speaks of, or NULL */
	struct text reason_text;    /* of not-applicable: the check's scope, or the profile's reason */
	const struct table **tables;
	size_t table_count;
	struct evidence evidence;
	struct str evidence_json;   /* the array of objects, as reports give it */
	struct str evidence_sha256; /* of evidence_json */
	int64_t ns;
};

/* A check ready to be judged. All checks of a run are prepared first: the facts then know which columns are
 * wanted before a table is taken. */
struct question {
	const struct check *check;
	struct statement *applies, *violations; /* applies NULL: everywhere */
};

/* 0, or -EINVAL when the check's SQL is wrong ("<file>:<line>:<column>: <id>: violations: …"). */
int question_prepare(struct query *query, const struct check *check, struct question *out, struct err *err) MUST_USE;
void question_done(struct question *question);

/* 0, or -EINVAL as above. Once for each question. The verdict lives in the arena, its evidence as long as the
 * facts. */
int verdict_judge(struct arena *arena, struct facts *facts, const struct question *question, struct verdict *out,
                  struct err *err) MUST_USE;

/* Fill in evidence_json and evidence_sha256 from the evidence. */
void verdict_seal(struct arena *arena, struct verdict *verdict);

/* The tables both queries of a check read; prepares them, so it finds errors in the SQL. */
int verdict_tables(struct arena *arena, struct query *query, const struct check *check,
                   const struct table ***out, size_t *count, struct err *err) MUST_USE;

#endif
