/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * import_job: imports (register/import.h) that go on while the person does something else, one at a time, on a thread of their own.
 *
 * Each is a row of ward_import, which only its maker sees: the file's name and digest, how far it is, what would be or was done, and
 * the problems as notes, to be said in whatever language is asked for. Its file lies in DIR until it was applied. What was running when the
 * process ended is "interrupted" at the next start: what was applied stays, and applying it again finds it by its keys.
 *
 *	checking > checked > applying > applied        refused: the sheet as a whole cannot be taken        interrupted
 */
#ifndef WARD_REGISTER_IMPORT_JOB_H
#define WARD_REGISTER_IMPORT_JOB_H

#include "register/import.h"

enum { IMPORT_FILE = 64 * 1024 * 1024, IMPORT_WAITING = 16 };

struct import_jobs;

/* `dir` is made when it is not there. */
int import_jobs_new(struct records *records, const struct books *books, const char *dir, struct import_jobs **out, struct err *err) MUST_USE;
/* Stops what runs after its chunk. */
void import_jobs_free(struct import_jobs *jobs);
void import_jobs_free_p(struct import_jobs **jobs);

/* Keep the file's bytes and begin to check it; not from the writer's thread. -EBUSY: too many wait. */
int import_job_check(struct import_jobs *jobs, const struct actor *actor, const struct register_ *reg, int64_t org, int fd, struct str name,
                     int64_t *id, struct err *err) MUST_USE;
/* Begin to apply one that was checked; `skip`: leave rows with problems out. -EINVAL: it has some, or is in another state. */
int import_job_apply(struct import_jobs *jobs, const struct actor *actor, int64_t id, bool skip, struct err *err) MUST_USE;
/* One of the actor's as JSON; -ENOENT. */
int import_job_put(struct arena *arena, struct db *db, const struct actor *actor, int64_t id, struct buf *out, struct err *err) MUST_USE;

#endif
