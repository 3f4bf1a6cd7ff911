/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * reader: an archive as those see it who search it: blocks in the order of arrival, and what is not sealed yet.
 *
 * Any number of processes may read while one writes. A list sees what was committed before it. A reader belongs to
 * one thread; several threads open a reader each.
 *
 *	reader_open("archive", &reader, err);
 *	reader_list(reader, &arena, since, until, &pieces, &n, err);
 *	for each piece:
 *		reader_filter(reader, &piece, &filter, err);      // cheap: may a word be in it?
 *		reader_load(reader, &piece, &bytes, &block, err);  // archive/block.h takes over
 */
#ifndef WARD_ARCHIVE_READER_H
#define WARD_ARCHIVE_READER_H

#include "archive/block.h"

struct reader;

/* A sealed block, or (number 0) the open records of a day. */
struct piece {
	char day[11];      /* "2026-11-23" */
	uint32_t number;   /* in its day, from 1; 0: the open records */
	uint64_t sequence; /* in the chain of the whole archive; 0 for open records */
	uint64_t records, bytes; /* of raw text */
	uint64_t stored;   /* bytes of the encoded block */
	int64_t first, last; /* times of its records, nanoseconds; INT64_MIN and INT64_MAX for open records */
};

/* -ENOENT: no archive there. Newer formats than this program knows are -ENOTSUP. */
int reader_open(const char *dir, struct reader **out, struct err *err) MUST_USE;
/* The archive's own name, 32 hexadecimal digits, drawn when it was made. `size` of `out`: 33 or more. */
int reader_id(struct reader *reader, char *out, size_t size, struct err *err) MUST_USE;
void reader_close(struct reader *reader);
void reader_close_p(struct reader **reader);

/* All pieces that may hold records of the time since..until (nanoseconds, both inclusive), oldest first, in the arena. */
int reader_list(struct reader *reader, struct arena *arena, int64_t since, int64_t until, struct piece **out, size_t *n,
                struct err *err) MUST_USE;
/* The token filter of a sealed block (archive/tokens.h), valid until the next call; empty for open records: they may hold
 * anything. */
int reader_filter(struct reader *reader, const struct piece *piece, struct str *filter, struct err *err) MUST_USE;
/* The block; `bytes` is filled and must live as long as it. What was in the last list is there until the next one is made,
 * also when it was sealed or removed meanwhile. -EBADMSG when the block's data, number and count of records are not those that a
 * key of the archive sealed. Whether that key is yours, and whether anything is missing, only `ward verify` can say. */
int reader_load(struct reader *reader, const struct piece *piece, struct buf *bytes, struct block **out,
                struct err *err) MUST_USE;

#endif
