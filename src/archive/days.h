/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * days: the files of an archive's directory: what they are called, what tables they have, how they are opened.
 *
 * archive.ward    what concerns all days: keys, and the statements of the chain that are no blocks
 * 2026-11-23.ward a day: sealed blocks, open records, positions of inputs
 * lock            held by the one who writes
 */
#ifndef WARD_ARCHIVE_DAYS_H
#define WARD_ARCHIVE_DAYS_H

#include "archive/chain.h"
#include "archive/database.h"

enum { DAY_NAME = 10, DAYS_FORMAT = 1, DAYS_ID = 0x57415244 /* "WARD", SQLite's application_id */ };

/* "2026-11-23" of a moment (nanoseconds since 1970, UTC). */
void day_name(int64_t time, char out[DAY_NAME + 1]);
/* The moment a day begins, nanoseconds; -EINVAL when it is no such name. */
int day_begin(struct str name, int64_t *out) MUST_USE;
struct str day_path(struct arena *arena, const char *dir, const char *name);

/* The days there are, ascending, in the arena. -ENOENT when there is no such directory. */
int days_list(const char *dir, struct arena *arena, struct str **names, size_t *n, struct err *err) MUST_USE;

/* Open a file of an archive; one that was just made (DATABASE_CREATE) gets the tables. `sync`: commits wait for the disk.
 * *is_new: it had no tables yet. */
int day_open(const char *path, enum database_mode mode, bool sync, sqlite3 **out, bool *is_new, struct err *err) MUST_USE;
int book_open(const char *path, enum database_mode mode, sqlite3 **out, struct err *err) MUST_USE;

/* Where the chain stands by all files there are. chain->archive is filled from archive.ward. */
int days_chain(const char *dir, sqlite3 *book, struct chain *out, struct err *err) MUST_USE;
/* Store a statement that is no block. */
int book_add(sqlite3 *book, const struct link *link, enum chain_kind kind, struct err *err) MUST_USE;

#endif
