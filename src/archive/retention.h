/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * retention: removing days that need not be kept any longer, and holds against that.
 *
 * Only whole days are removed, the oldest first, never the newest. Each removal is first stated in the chain, signed: which
 * day, which statements, how many records, why; then the file is removed, so that a crash between leaves at most a file too
 * many, which the next run removes. Nothing younger than `least_days` is removed, for size neither, unless `anyway`:
 * the Cybersecurity Law of the PRC (article 21, paragraph 3, since 2026 article 23) asks for logs of six months at
 * least.
 *
 * A hold keeps all days that it touches until it is released. Both are statements of the chain.
 */
#ifndef WARD_ARCHIVE_RETENTION_H
#define WARD_ARCHIVE_RETENTION_H

#include "archive/archive.h"
#include "archive/chain.h"

enum { RETENTION_LEAST_DAYS = 180 };

struct hold {
	struct str name, from, to; /* days, both inclusive; "" is no bound */
	struct str reason, query;  /* query: what is looked for, for people; may be empty */
	int64_t since;             /* nanoseconds */
};

int hold_place(struct archive *archive, const struct hold *hold, struct err *err) MUST_USE;   /* -EEXIST */
int hold_release(struct archive *archive, struct str name, struct str reason, struct err *err) MUST_USE; /* -ENOENT */
/* Those in force, in the arena. Needs no lock. */
int hold_list(const char *dir, struct arena *arena, struct hold **out, size_t *n, struct err *err) MUST_USE;

struct retention {
	int64_t days;       /* keep so many days before the newest; 0: no bound */
	uint64_t bytes;     /* of all files together; 0: no bound */
	int64_t least_days; /* 0: RETENTION_LEAST_DAYS */
	bool anyway;        /* also younger days, when somebody says so */
	bool pretend;       /* only say what would be removed */
	int64_t order;      /* of two persons of the office (people/orders.h), stated with each removal; 0: none */
};

struct removed_day {
	struct str day, why; /* why: "age" or "size" */
	uint64_t blocks, records, bytes; /* bytes: of its file */
	struct str held_by;  /* name of the hold for which it stays; otherwise removed */
};

/* What was removed, or is held though its time is over; in the arena. */
int retention_apply(struct archive *archive, const struct retention *retention, struct arena *arena, struct removed_day **out,
                    size_t *n, struct err *err) MUST_USE;

#endif
