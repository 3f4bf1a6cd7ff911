/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * evidence: the rows under a statement, kept once by their digest; table ward_evidence.
 *
 * The text is what was digested, byte for byte (SHA-256), so whoever has the digest from a verdict, a finding or a report can compare.
 * Never changed, never taken away.
 */
#ifndef WARD_CASE_EVIDENCE_H
#define WARD_CASE_EVIDENCE_H

#include "record/records.h"

extern const struct migration evidence_migrations[]; /* 310 */

enum { EVIDENCE_MOST = 4 * 1024 * 1024 }; /* bytes of the text */

struct evidence_kept {
	struct str sha256;
	struct str rows;    /* a JSON list */
	struct str tables;  /* a JSON list of names; STR_NONE */
	int64_t taken, host; /* host 0: none */
	int64_t org;        /* whose it is, for who may see it; 0: the installation's */
};

/* Keep it, unless it is there. -EINVAL: the text is no list, or does not have that digest; -E2BIG. */
int evidence_put(struct write *write, const struct evidence_kept *evidence, struct err *err) MUST_USE;
/* -ENOENT; -EBADMSG: what is kept does not have its digest. */
int evidence_get(struct arena *arena, struct db *db, struct str sha256, struct evidence_kept *out, struct err *err) MUST_USE;

#endif
