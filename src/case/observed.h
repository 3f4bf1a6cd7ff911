/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * observed: what a run of checks says of the world, in the shape that findings are kept by (case/finding.h).
 *
 * A run, of management checks over the registers or of an inspection over a host, gives one `judged` for each check: its verdict,
 * and for each thing that violates it an `observed`. A finding is the same finding as long as (org or host, check, subject) are
 * the same. What follows from a verdict for findings of that check (and host) that stand open and are not among `p`:
 *
 *	pass, not-applicable     they are no more: they may close
 *	fail, `partial` false    the same
 *	fail, `partial` true     nothing is known of them: they stay as they are
 *	unknown                  the same; `p` is empty
 *
 * Everything lives in the arena that the run was given. Plain data: no thread's, no owner's.
 */
#ifndef WARD_CASE_OBSERVED_H
#define WARD_CASE_OBSERVED_H

#include "check/verdict.h"

/* Choices of the field `source` of the register `finding`, in this order. */
enum observed_source {
	OBSERVED_CHECK,      /* of a host, by inspection */
	OBSERVED_MANAGEMENT, /* of the registers */
	OBSERVED_RULE,       /* a detection */
};
extern const char *const observed_source_names[]; /* "check", "management", "rule", NULL */

struct observed {
	int64_t org;                /* whose it is; 0: the installation's own organisation, the root */
	int64_t host;               /* ward_host.id; 0: none */
	struct str subject;         /* what of them: a number or name, stable from run to run; "" when there is just one */
	struct str evidence_json;   /* a JSON list of the rows, columns as the query names them */
	struct str evidence_sha256; /* of evidence_json, byte for byte */
	size_t rows;                /* in evidence_json */
	size_t found;               /* rows in all */
};

struct judged {
	const struct check *check;  /* id, title, severity, clauses; read-only, as long as the checks */
	int source;                 /* enum observed_source */
	int64_t host;               /* of an inspection; 0: all hosts and registers at once */
	enum verdict_value value;
	bool partial;               /* of a fail: not everything could be seen */
	struct note reason;         /* of unknown, and of partial */
	struct observed *p;         /* of a fail */
	size_t n;
	int64_t ns;                 /* how long it took */
};

/* What a finding is called. The title of a check says what must hold, so it is said that it does not; that of a rule says what was seen. */
struct str observed_title(struct arena *arena, enum lang lang, enum observed_source source, const struct check *check);

struct observations {
	int64_t at;                 /* the moment that it speaks of, seconds */
	struct judged *p;
	size_t n;
};

#endif
