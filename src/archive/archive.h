/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * archive: events kept for months, small, searchable, and provably unchanged.
 *
 * A directory with a file a day (the UTC day of arrival, so that late events never touch an old file), "2026-11-23.ward", and
 * "archive.ward" for what concerns all days: the public keys, and the signed record of holds, removals and copies. Each is an
 * SQLite database in WAL mode. The newest day's file also has the positions of inputs, so that they are kept in the same
 * transaction as the records.
 *
 * A day's file holds *sealed blocks* (archive/block.h: columns, dictionaries and templates, zstd), each with its time range,
 * token filter, digest of the block before it (the last of the day before for a day's first) and a signature over all that;
 * and the *open* records, written plainly by archive_commit() until enough came together for a block; sealing moves
 * them in one transaction. So what was committed survives any crash, and blocks are large also where events are few.
 *
 * One writer (an exclusive lock), any number of readers in other processes.
 */
#ifndef WARD_ARCHIVE_ARCHIVE_H
#define WARD_ARCHIVE_ARCHIVE_H

#include "crypto/sign.h"
#include "event/parser.h"

/* Where the collector keeps events when nothing else is said. */
#define ARCHIVE_DIR "/var/lib/ward/archive"

struct archive;

enum { ARCHIVE_RECORD = 16 * 1024 * 1024 }; /* bytes of one record's text */

/* One event as it is kept. Its fields are not: they are read anew from `raw` by its parser when they are asked for. */
struct record {
	int64_t time;     /* nanoseconds; of the event, or of its arrival when it says none */
	int64_t arrived;  /* nanoseconds */
	struct str host;  /* who wrote it; may be empty */
	struct str source; /* name of the source in the configuration, or of the file that was read */
	struct str raw;
	struct str parser; /* its name; "" when nothing could read it */
};

/* Where an input stands, kept with the records that it brought in the same transaction. */
struct archive_position {
	struct str input, position;
};

struct archive_options {
	const struct signer *signer; /* NULL: blocks are chained by digest but not signed (verify says so) */
	size_t block_bytes;          /* raw text of a block; 0: the default */
	int64_t seal_after;          /* nanoseconds after which an open block is sealed however small; 0: 15 minutes */
	bool sync;                   /* commit waits for the disk; only benchmarks and imports switch it off */
	size_t threads;              /* 0: the caller encodes blocks, and waits; otherwise a thread does while records go on */
};

int archive_create(const char *dir, const struct archive_options *options, struct err *err) MUST_USE; /* or exists already */
/* For writing. -EBUSY when another process writes it. */
int archive_open(const char *dir, const struct archive_options *options, struct archive **out, struct err *err) MUST_USE;
/* Seals nothing; what was committed is on disk. */
void archive_close(struct archive *archive);
void archive_close_p(struct archive **archive);

/* Add records; they are copied. Nothing is written before the commit. */
int archive_append(struct archive *archive, const struct record *records, size_t n, struct err *err) MUST_USE;
/* Everything appended is durable when this returns 0, and so are the positions. After an error (-ENOSPC, -EROFS …)
 * nothing of it was taken, and the same records may be appended again. A block is sealed here when it is time; when that
 * fails the records are kept all the same, archive_trouble() says why, and it is tried again. */
int archive_commit(struct archive *archive, const struct archive_position *positions, size_t n, struct err *err) MUST_USE;
/* Seal the open block now. */
int archive_seal(struct archive *archive, struct err *err) MUST_USE;
/* Why the last block could not be sealed; NULL: nothing is wrong. */
const char *archive_trouble(const struct archive *archive);
/* The position kept for an input; STR_NONE when there is none. */
int archive_position(struct archive *archive, struct arena *arena, struct str input, struct str *out,
                     struct err *err) MUST_USE;

#endif
