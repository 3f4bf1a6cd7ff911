/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * upkeep: what the server may have the writer do to the archive: remove days whose retention is over.
 *
 * Over a socketpair (SOCK_SEQPACKET), one question and one answer at a time. The writer does it between two commits, and looks for itself:
 * nothing younger than RETENTION_LEAST_DAYS goes, whatever is asked, nothing that a hold keeps, never the newest day; each removal is a
 * signed statement of the chain that names the order (archive/retention.h). So who has taken over the server cannot have more removed
 * than the law lets anybody remove, and not unseen.
 */
#ifndef WARD_ROLE_UPKEEP_H
#define WARD_ROLE_UPKEEP_H

#include "archive/archive.h"

enum { UPKEEP_WORDS = 4096 };

/* The writer's side: answer one question. 1: the other end has closed. */
int upkeep_answer(int fd, struct archive *archive, struct err *err) MUST_USE;

/* The server's side. */
int upkeep_ask(int fd, int64_t days, int64_t order, struct err *err) MUST_USE;
/* The answer, a JSON object of days, records, bytes, from, to, held; with "error" when it could not be done to the end (*done false). -EPIPE:
 * the writer has ended. */
int upkeep_hear(int fd, int64_t *order, bool *done, struct buf *out, struct err *err) MUST_USE;

#endif
