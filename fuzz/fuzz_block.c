/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_block: any bytes as a block, and any bytes as records of one. A corrupt block is an error with words, or gives
 * some records; a block that was made gives every byte back, and its filter holds every word.
 */
#include <stdlib.h>

#include "archive/block.h"
#include "archive/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void read_any(struct str bytes)
{
	ARENA(arena);
	struct err err = { "" };
	CLEANUP(block_close_p) struct block *block = NULL;
	struct record record;
	if (block_open(bytes, &block, &err) < 0) {
		require(err.text[0]);
		return;
	}
	size_t n = MIN(block_count(block), (size_t)64);
	for (size_t i = 0; i < n; i++)
		if (block_record(block, &arena, i, &record, &err) < 0) {
			require(err.text[0]);
			return;
		}
	if (block_count(block) > 4096)
		return;
	uint64_t bits[4096 / 64 + 1];
	memset(bits, 0xff, sizeof(bits));
	(void)!block_find(block, STR("a1"), true, bits, &err);
	struct token_filter filter;
	token_filter_open(bytes, &filter);
	(void)token_filter_may_hold_text(&filter, bytes, true);
}

/* Lines of the input are the records. */
static void round_trip(struct str text)
{
	ARENA(arena);
	BUF(made);
	BUF(filter_bytes);
	struct err err = { "" };
	CLEANUP(block_close_p) struct block *block = NULL;
	CLEANUP(block_writer_free_p) struct block_writer *writer = block_writer_new(1);
	size_t i = 0;
	struct record record = { 0 };
	for (struct str rest = text; rest.p;) {
		record = (struct record){ .time = (int64_t)i * 77, .arrived = (int64_t)i, .host = STR("h"), .source = STR("s"),
			                  .raw = str_cut(&rest, '\n'), .parser = STR("") };
		block_writer_add(writer, &record);
		i++;
	}
	block_writer_finish(writer, &made, &filter_bytes);
	require(block_open(buf_str(&made), &block, &err) == 0 && block_count(block) == i);
	struct token_filter filter;
	token_filter_open(buf_str(&filter_bytes), &filter);
	i = 0;
	for (struct str rest = text; rest.p; i++) {
		struct str raw = str_cut(&rest, '\n');
		require(block_record(block, &arena, i, &record, &err) == 0);
		require(str_eq(record.raw, raw) && record.time == (int64_t)i * 77);
		require(token_filter_may_hold_text(&filter, raw, true));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	read_any(bytes);
	if (size && size < 65536)
		round_trip(bytes);
	return 0;
}
