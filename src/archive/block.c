/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/block.h"

#include <stdlib.h>
#include <zstd.h>

#include "archive/finder.h"
#include "archive/plain.h"
#include "archive/tokens.h"
#include "base/vec.h"

enum { BLOCK_PLAIN = 0, BLOCK_SIMPLE = 1, BLOCK_HEADER = 8, BLOCK_MOST = 512 * 1024 * 1024 };
static const char magic[] = "WARDBLK";

struct block_writer {
	int level;
	struct buf records;
	size_t bytes, n;
	struct token_set tokens;
};

struct block_writer *block_writer_new(int level)
{
	struct block_writer *writer = mem_alloc(sizeof(*writer));
	writer->level = level ? level : 9;
	return writer;
}

void block_writer_free(struct block_writer *writer)
{
	if (!writer)
		return;
	buf_done(&writer->records);
	token_set_done(&writer->tokens);
	free(writer);
}

void block_writer_free_p(struct block_writer **writer)
{
	block_writer_free(*writer);
}

void block_writer_add(struct block_writer *writer, const struct record *record)
{
	plain_add(&writer->records, record);
	token_set_add_text(&writer->tokens, record->raw);
	token_set_add_head(&writer->tokens, TOKEN_HOST, record->host);
	token_set_add_head(&writer->tokens, TOKEN_SOURCE, record->source);
	token_set_add_head(&writer->tokens, TOKEN_PARSER, record->parser);
	writer->bytes += record->raw.n;
	writer->n++;
}

size_t block_writer_bytes(const struct block_writer *writer)
{
	return writer->bytes;
}

size_t block_writer_count(const struct block_writer *writer)
{
	return writer->n;
}

void block_writer_finish(struct block_writer *writer, struct buf *block, struct buf *filter)
{
	buf_add(block, (struct str){ magic, BLOCK_HEADER - 1 });
	buf_add_char(block, BLOCK_SIMPLE);
	buf_add_varint(block, writer->n);
	buf_add_varint(block, writer->bytes);
	size_t room = ZSTD_compressBound(writer->records.n);
	char *out = buf_reserve(block, room);
	block->n += ZSTD_compress(out, room, writer->records.p, writer->records.n, writer->level);
	token_filter_make(&writer->tokens, filter);
	token_set_clear(&writer->tokens);
	buf_clear(&writer->records);
	writer->n = writer->bytes = 0;
}

void block_begin_plain(struct buf *out)
{
	buf_add(out, (struct str){ magic, BLOCK_HEADER - 1 });
	buf_add_char(out, BLOCK_PLAIN);
}

struct block {
	struct str stored;
	int version;
	size_t n, bytes;
	bool loaded;
	char *text; /* decompressed; NULL for plain */
	VEC(struct record) heads;
	VEC(struct str) raws;
};

void block_close(struct block *block)
{
	if (!block)
		return;
	free(block->text);
	vec_done(&block->heads);
	vec_done(&block->raws);
	free(block);
}

void block_close_p(struct block **block)
{
	block_close(*block);
}

static int corrupt(struct err *err)
{
	return err_set(err, -EBADMSG, "the block is damaged");
}

static int load_records(struct block *block, struct str text, struct err *err)
{
	struct wire wire = wire_from(text);
	struct record record;
	while (plain_next(&wire, &record)) {
		vec_push(&block->raws, record.raw);
		block->bytes += block->version == BLOCK_PLAIN ? record.raw.n : 0;
		record.raw = STR_NONE;
		vec_push(&block->heads, record);
	}
	if (block->version == BLOCK_PLAIN)
		block->n = block->heads.n;
	block->loaded = true;
	return wire.bad || block->n != block->heads.n ? corrupt(err) : 0;
}

static int block_load(struct block *block, struct err *err)
{
	if (block->loaded)
		return block->n == block->heads.n ? 0 : corrupt(err);
	unsigned long long size = ZSTD_getFrameContentSize(block->stored.p, block->stored.n);
	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > BLOCK_MOST)
		return corrupt(err);
	block->text = malloc(size + 1);
	if (!block->text)
		return err_errno(err, -ENOMEM, "a block of %llu bytes", size);
	if (ZSTD_decompress(block->text, size, block->stored.p, block->stored.n) != size)
		return corrupt(err);
	return load_records(block, (struct str){ block->text, size }, err);
}

int block_open(struct str bytes, struct block **out, struct err *err)
{
	if (bytes.n < BLOCK_HEADER || memcmp(bytes.p, magic, BLOCK_HEADER - 1) != 0)
		return err_set(err, -EBADMSG, "this is no block of an archive");
	int version = (uint8_t)bytes.p[BLOCK_HEADER - 1];
	if (version > BLOCK_SIMPLE)
		return err_set(err, -ENOTSUP, "the block has format %d, which is newer than this program", version);
	CLEANUP(block_close_p) struct block *block = mem_alloc(sizeof(*block));
	struct wire wire = wire_from(str_slice(bytes, BLOCK_HEADER, bytes.n));
	block->version = version;
	if (version == BLOCK_PLAIN) {
		int r = load_records(block, str_slice(bytes, BLOCK_HEADER, bytes.n), err);
		if (r < 0)
			return r;
	} else {
		block->n = wire_count(&wire, BLOCK_MOST);
		block->bytes = wire_count(&wire, BLOCK_MOST);
		block->stored = (struct str){ (const char *)wire.p, (size_t)(wire.end - wire.p) };
		if (wire.bad)
			return corrupt(err);
	}
	*out = TAKE(block);
	return 0;
}

size_t block_count(const struct block *block)
{
	return block->n;
}

size_t block_bytes(const struct block *block)
{
	return block->bytes;
}

int block_heads(struct block *block, const struct record **out, struct err *err)
{
	int r = block_load(block, err);
	if (r == 0)
		*out = block->heads.p;
	return r;
}

int block_find(struct block *block, struct str needle, bool fold, uint64_t *bits, struct err *err)
{
	struct finder finder;
	int r = block_load(block, err);
	if (r < 0)
		return r;
	finder_init(&finder, needle, fold);
	for (size_t i = 0; i < block->n; i++)
		if ((bits[i / 64] >> i % 64 & 1) && !finder_may_hold(&finder, block->raws.p[i]))
			bits[i / 64] &= ~((uint64_t)1 << i % 64);
	return 0;
}

int block_record(struct block *block, struct arena *arena UNUSED, size_t i, struct record *out, struct err *err)
{
	int r = block_load(block, err);
	if (r < 0)
		return r;
	if (i >= block->n)
		return err_set(err, -EINVAL, "the block has %zu records only", block->n);
	*out = block->heads.p[i];
	out->raw = block->raws.p[i];
	return 0;
}
