/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * findings: what rules found, as lines of JSON in a directory, a file a day (UTC): "2026-11-23.jsonl".
 *
 * Lines are only ever added. What counts is what the archive's transaction says: its text "2026-11-23.jsonl:4711" names the
 * newest file and its length; at the start whatever stands behind it is cut off, and newer files are emptied. Files of
 * mode 0640. The state of correlations lies beside them, in two files that are written in turns.
 */
#ifndef WARD_ROLE_FINDINGS_H
#define WARD_ROLE_FINDINGS_H

#include "base/buf.h"
#include "base/err.h"

enum { FINDINGS_NAME = 16 };

struct findings {
	int dir, file;                /* -1: not open */
	char name[32]; /* "2026-11-23.jsonl"; "": none yet */
	int64_t committed, length;
	unsigned state;               /* which of the two files was written last */
};

/* `mark` as findings_mark() gave it, of the last transaction; may be empty. */
int findings_open(struct findings *findings, const char *dir, struct str mark, struct err *err) MUST_USE;
void findings_close(struct findings *findings);
/* Add lines and make them durable. After an error nothing of them stands there. */
int findings_add(struct findings *findings, struct str lines, int64_t now, struct err *err) MUST_USE;
void findings_mark(const struct findings *findings, struct buf *out);
/* The transaction with the mark was made; or it failed: what was added since is cut off. */
void findings_committed(struct findings *findings);
int findings_undo(struct findings *findings, struct err *err) MUST_USE;

/* Write a state; *mark: what the transaction must say. And read the one that a transaction named. */
int findings_put_state(struct findings *findings, struct str state, struct buf *mark, struct err *err) MUST_USE;
int findings_get_state(struct findings *findings, struct str mark, struct buf *out, struct err *err) MUST_USE;

#endif
