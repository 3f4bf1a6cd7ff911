/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * block: many records in few bytes, from which each comes back byte for byte.
 *
 * The format is described in docs/ARCHIVE.md, so that others can read archives without this program.
 *
 * Reading is lazy: a block is opened, asked which records could hold what is searched (block_find()), and only those are
 * put together. Untrusted: a corrupt block gives -EBADMSG with words, never a crash (fuzz/fuzz_block.c).
 */
#ifndef WARD_ARCHIVE_BLOCK_H
#define WARD_ARCHIVE_BLOCK_H

#include "archive/archive.h"
#include "base/buf.h"

struct block_writer; /* one block being made: records are added and copied */

struct block_writer *block_writer_new(int level); /* zstd's; 0: the default */
void block_writer_free(struct block_writer *writer);
void block_writer_free_p(struct block_writer **writer);
void block_writer_add(struct block_writer *writer, const struct record *record);
size_t block_writer_bytes(const struct block_writer *writer); /* raw text so far */
size_t block_writer_count(const struct block_writer *writer);
/* The encoded block, and its token filter (archive/tokens.h); the writer is empty again. */
void block_writer_finish(struct block_writer *writer, struct buf *block, struct buf *filter);

struct block;

/* The head of a block that holds records as archive/plain.h writes them, which may follow it. */
void block_begin_plain(struct buf *out);
/* `bytes` must outlive the block. Checks the header; columns are decompressed when they are first needed. */
int block_open(struct str bytes, struct block **out, struct err *err) MUST_USE;
void block_close(struct block *block);
void block_close_p(struct block **block);
size_t block_count(const struct block *block);
size_t block_bytes(const struct block *block); /* raw text in it */

/* Time, host, source and parser of all records, without their text; valid as long as the block. raw is STR_NONE. */
int block_heads(struct block *block, const struct record **out, struct err *err) MUST_USE;
/* Clear the bits of records whose raw text cannot contain `needle` (at least one byte; `fold`: letters' case does not
 * matter, by Unicode's simple folding). Bits of records that do contain it always stay; few others do. */
int block_find(struct block *block, struct str needle, bool fold, uint64_t *bits, struct err *err) MUST_USE;
/* The whole record. Text is in the arena or in the block. */
int block_record(struct block *block, struct arena *arena, size_t i, struct record *out, struct err *err) MUST_USE;

#endif
