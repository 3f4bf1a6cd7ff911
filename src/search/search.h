/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * search: find records in an archive.
 *
 * Blocks are ruled out by time and by their token filters, records by search/seek_plan.h; only what is left is put
 * together and looked at (search/seeker.h). Several threads take blocks from one list, which is of one moment:
 * a search sees all that was committed when it began, and nothing later.
 *
 * An archive that cannot be read whole says so: damaged blocks are counted and named, the rest is searched all the same.
 */
#ifndef WARD_SEARCH_SEARCH_H
#define WARD_SEARCH_SEARCH_H

#include <stdatomic.h>

#include "search/seeker.h"
#include "data/lang.h"

struct search_counts {
	_Atomic uint64_t blocks, bytes;   /* in the archive, of the time asked for: sealed blocks and open pieces; raw text */
	_Atomic uint64_t done, done_bytes; /* of these ruled out or looked at */
	_Atomic uint64_t opened;          /* blocks that were decoded */
	_Atomic uint64_t candidates;      /* records that were put together and looked at */
	_Atomic uint64_t found, given_up; /* see seeker_given_up() */
	_Atomic uint64_t damaged;         /* blocks that could not be read */
	struct err first_damage;          /* of the first of them; read after the search */
	bool cut;                         /* there are more than `limit` */
};

struct search_options {
	const struct seek *seek;
	int64_t since, until;  /* nanoseconds, both inclusive; all time: INT64_MIN, INT64_MAX */
	bool oldest_first;
	size_t limit;          /* most records; 0: all */
	size_t threads;        /* that look; 0: one for each processor */
	bool heads;            /* search_records(): raw is not needed when the search does not need it */
	/* Called about ten times a second by the thread that called; not 0: stop. May be NULL. */
	int (*progress)(void *ctx, const struct search_counts *counts);
	void *progress_ctx;
};

/* In the order of their times, each in the calling thread; not 0: enough. The record is valid during the call. */
typedef int search_fn(void *ctx, const struct record *record);
int search_ordered(const char *dir, const struct search_options *options, search_fn *each, void *ctx,
                   struct search_counts *counts, struct err *err) MUST_USE;

/* In no order, in the threads that look: begin() gives each thread what it gets as `work`, end() is called for each in the
 * calling thread. `limit` and `oldest_first` do not count. */
struct search_worker {
	void *(*begin)(void *ctx);
	int (*record)(void *work, struct seeker *seeker, const struct record *record); /* not 0: enough */
	void (*end)(void *ctx, void *work);
};
int search_records(const char *dir, const struct search_options *options, const struct search_worker *worker, void *ctx,
                   struct search_counts *counts, struct err *err) MUST_USE;

#endif
