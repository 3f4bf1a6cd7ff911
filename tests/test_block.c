/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Blocks: whatever goes in comes out, byte for byte; what is searched for is found; damage is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/block.h"
#include "archive/stamp.h"
#include "archive/tokens.h"
#include "base/vec.h"

struct lines {
	struct arena *arena;
	VEC(struct record) records;
	struct buf block, filter;
};

static void add_line(struct lines *lines, struct str raw)
{
	int64_t n = (int64_t)lines->records.n;
	vec_push_in(lines->arena, &lines->records, { .time = n * 1000003, .arrived = n * 1000003 + n % 7, .host = STR("h"),
	                                             .source = n % 2 ? STR("a") : STR("b"), .raw = arena_str(lines->arena, raw),
	                                             .parser = STR("") });
}

static void make(struct lines *lines, struct block **out)
{
	struct err err = { "" };
	CLEANUP(block_writer_free_p) struct block_writer *writer = block_writer_new(1);
	for (size_t i = 0; i < lines->records.n; i++)
		block_writer_add(writer, &lines->records.p[i]);
	block_writer_finish(writer, &lines->block, &lines->filter);
	assert_int_equal(block_writer_count(writer), 0);
	if (block_open(buf_str(&lines->block), out, &err))
		fail_msg("%s", err.text);
}

/* Every record again, in an order that makes columns load one by one. */
static void compare(struct lines *lines, struct block *block)
{
	struct err err = { "" };
	size_t n = lines->records.n;
	assert_int_equal(block_count(block), n);
	for (size_t i = 0; i < n; i++) {
		size_t j = (i * 7919) % n;
		struct record record;
		if (block_record(block, lines->arena, j, &record, &err))
			fail_msg("%s", err.text);
		const struct record *was = &lines->records.p[j];
		if (!str_eq(record.raw, was->raw))
			fail_msg("record %zu: '%.*s' became '%.*s'", j, STR_ARG(was->raw), STR_ARG(record.raw));
		assert_int_equal(record.time, was->time);
		assert_int_equal(record.arrived, was->arrived);
		assert_true(str_eq(record.source, was->source) && str_eq(record.host, was->host));
	}
}

static bool holds(struct str text, struct str needle, bool fold)
{
	for (size_t i = 0; i + needle.n <= text.n; i++)
		if (fold ? str_eq_nocase(str_slice(text, i, i + needle.n), needle) : memcmp(text.p + i, needle.p, needle.n) == 0)
			return true;
	return false;
}

/* All that hold it are found, and not too many others. */
static void search(struct lines *lines, struct block *block, const char *needle, bool fold, size_t others)
{
	struct err err = { "" };
	size_t n = lines->records.n, more = 0;
	uint64_t *bits = arena_array(lines->arena, sizeof(*bits), n / 64 + 1);
	memset(bits, 0xff, (n / 64 + 1) * sizeof(*bits));
	assert_int_equal(block_find(block, str_from(needle), fold, bits, &err), 0);
	for (size_t i = 0; i < n; i++) {
		bool bit = bits[i / 64] >> i % 64 & 1, is = holds(lines->records.p[i].raw, str_from(needle), fold);
		if (is && !bit)
			fail_msg("'%s' was not found in '%.*s'", needle, STR_ARG(lines->records.p[i].raw));
		more += bit && !is;
	}
	if (more > others)
		fail_msg("'%s': %zu records too many", needle, more);
}

static void logs_come_back_and_are_found(void **state)
{
	(void)state;
	ARENA(arena);
	struct lines lines = { .arena = &arena };
	CLEANUP(block_close_p) struct block *block = NULL;
	for (int i = 0; i < 600; i++) {
		static const char *const users[] = { "root", "admin", "nguyen", "oracle", "li", "backup", "www", "test", "git", "ftp",
			                             "x1", "guest", "pi", "ubnt" };
		add_line(&lines, arena_printf(&arena,
		                              "{\"EventID\":%d,\"UtcTime\":\"2026-11-%02d 03:%02d:%02d.%03d\",\"Image\":\"C:\\\\Windows\\\\x%d.exe\","
		                              "\"Message\":\"Process Create:\\r\\nImage: C:\\\\Windows\\\\x%d.exe\\r\\nUser:\\t\\t%s\\r\\nfree text\","
		                              "\"n\":%d,\"neg\":-%d,\"float\":1.%02d,\"empty\":\"\",\"ok\":true,\"a\":[1,%d,\"z%d\"]}",
		                              4600 + i % 9, 1 + i % 28, i % 60, i * 7 % 60, i % 1000, i % 5, i % 5, users[i % 14], i * 3,
		                              i % 4, i % 100, i, i % 77));
		add_line(&lines, arena_printf(&arena, "Nov %2d 03:%02d:%02d his%02d sshd[%d]: Failed password for %s from 10.0.%d.%d port %d ssh2",
		                              1 + i % 28, i % 60, i % 60, i % 20, 1000 + i / 3, users[i * 5 % 14], i % 4, i % 250, 40000 + i * 37 % 9999));
		add_line(&lines, arena_printf(&arena, "10.1.2.%d - - [23/Nov/2026:03:%02d:01 +0800] \"GET /his/p%d.do?id=%05d HTTP/1.1\" 200 %d \"-\" \"Mozilla/5.0 (X11; Linux)\"",
		                              i % 256, i % 60, i % 11, i, i * i % 5000));
		add_line(&lines, arena_printf(&arena, "2026-11-23T03:01:57.%06d+08:00 医保 用户 %s 登录失败 次数=%d", i * 13, users[i % 14], i % 6));
	}
	make(&lines, &block);
	compare(&lines, block);
	search(&lines, block, "sshd", false, 0);
	search(&lines, block, "Failed password for root", false, 600);
	search(&lines, block, "NGUYEN", true, 0);
	search(&lines, block, "登录失败", false, 0);
	search(&lines, block, "登录失败", true, 0);
	search(&lines, block, "4605", false, 2400);
	search(&lines, block, "x3.exe", false, 2400);
	search(&lines, block, "03:17", false, 2400);
	search(&lines, block, "nImage", false, 2400);
	search(&lines, block, "tguest", false, 2400);
	search(&lines, block, "e", false, 2400);
	search(&lines, block, "\\r\\n", false, 2400);
	search(&lines, block, "nowhere", false, 0);
	search(&lines, block, "00042", false, 30);
	/* Each word of each record passes the filter; one that is nowhere does not. */
	struct token_filter filter;
	token_filter_open(buf_str(&lines.filter), &filter);
	for (size_t i = 0; i < lines.records.n; i++)
		assert_true(token_filter_may_hold_text(&filter, lines.records.p[i].raw, true));
	assert_false(token_filter_may_hold_text(&filter, STR("zzyzx"), true));
	assert_false(token_filter_may_hold_text(&filter, STR("挂号"), false));
	assert_true(token_filter_may_hold_text(&filter, STR("录失"), false));
	buf_done(&lines.block);
	buf_done(&lines.filter);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void any_bytes_come_back(void **state)
{
	(void)state;
	static const char alphabet[] = "{}[]\":,\\nrtu 0123456789-.eE/=abcXYZ_?()'\"Nov 23T:\xe5\x8c\xbb\xff\0\n";
	uint32_t seed = 1;
	for (int round = 0; round < 30; round++) {
		ARENA(arena);
		struct lines lines = { .arena = &arena };
		CLEANUP(block_close_p) struct block *block = NULL;
		size_t n = next_random(&seed) % 60;
		for (size_t i = 0; i < n; i++) {
			char text[300];
			size_t length = next_random(&seed) % sizeof(text);
			for (size_t j = 0; j < length; j++)
				text[j] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];
			if (length && round % 3 == 0)
				text[0] = '{';
			add_line(&lines, (struct str){ text, length });
			if (next_random(&seed) % 3 == 0)
				add_line(&lines, (struct str){ text, length });
		}
		make(&lines, &block);
		compare(&lines, block);
		buf_done(&lines.block);
		buf_done(&lines.filter);
	}
}

static void many_variables_and_long_lines_come_back(void **state)
{
	(void)state;
	ARENA(arena);
	BUF(text);
	struct lines lines = { .arena = &arena };
	CLEANUP(block_close_p) struct block *block = NULL;
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "k%d=%d ", i, i * 3);
	add_line(&lines, buf_str(&text));
	buf_clear(&text);
	buf_add_char(&text, '{');
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "\"k%d\":%d,", i, i * 3);
	add_line(&lines, buf_str(&text));
	add_line(&lines, STR(""));
	make(&lines, &block);
	compare(&lines, block);
	buf_done(&lines.block);
	buf_done(&lines.filter);
}

static void a_damaged_block_is_named(void **state)
{
	(void)state;
	ARENA(arena);
	struct lines lines = { .arena = &arena };
	CLEANUP(block_close_p) struct block *block = NULL;
	struct err err = { "" };
	for (int i = 0; i < 200; i++)
		add_line(&lines, arena_printf(&arena, "user%d did %d things at 2026-11-23 10:00:%02d", i % 7, i * i, i % 60));
	make(&lines, &block);
	for (size_t i = 0; i < lines.block.n; i++) {
		CLEANUP(block_close_p) struct block *bad = NULL;
		struct record record;
		uint64_t bits[4] = { ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0) };
		lines.block.p[i] ^= (char)(1 << i % 8);
		if (block_open(buf_str(&lines.block), &bad, &err) == 0) {
			for (size_t j = 0; j < MIN(block_count(bad), (size_t)300); j++)
				(void)!block_record(bad, &arena, j, &record, &err);
			if (block_count(bad) <= 256)
				(void)!block_find(bad, STR("user3"), false, bits, &err);
		}
		lines.block.p[i] ^= (char)(1 << i % 8);
	}
	for (size_t n = 0; n < lines.block.n; n += 7) {
		struct block *bad = NULL;
		struct record record;
		int r = block_open((struct str){ lines.block.p, n }, &bad, &err);
		if (r == 0)
			r = block_record(bad, &arena, 0, &record, &err);
		assert_true(r == -EBADMSG);
		assert_true(err.text[0] != 0);
		block_close(bad);
	}
	buf_done(&lines.block);
	buf_done(&lines.filter);
}

static void stamps_are_written_as_they_were(void **state)
{
	(void)state;
	static const char *const good[] = { "0", "-1", "4688", "123456789012345678", "0.25", "-17.003", "1700000000.123" };
	static const char *const bad[] = { "", "-", "-0", "00", "007", "1.", ".5", "1e5", "1234567890123456789", "1.1234567890", "0x1f",
		                           "1.2.3", "+1" };
	static const char *const times[] = { "2026-11-23T03:01:57Z", "2026-11-23 03:01:57.123", "2026/11/23 03:01:57",
		                             "1969-12-31T23:59:59.999999999Z", "2024-02-29T00:00:00,5+05:30", "2026-11-23T03:01:57-0330",
		                             "Nov 23 03:01:57", "Feb 29 00:00:00", "Jan  1 23:59:59", "Jan 01 00:00:00",
		                             "23/Nov/2026:03:01:57", "1999-12-31T24:00:00", "2025-02-29 00:00:00", "Feb 30 01:01:01",
		                             "31/Apr/2026:00:00:00" };
	char text[STAMP_LONGEST];
	int64_t value;
	size_t length;
	for (size_t i = 0; i < COUNT(good); i++) {
		uint32_t form = stamp_number(str_from(good[i]), &value);
		assert_int_not_equal(form, STAMP_NONE);
		assert_true(str_is((struct str){ text, stamp_print(form, value, text) }, good[i]));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(stamp_number(str_from(bad[i]), &value), STAMP_NONE);
	for (size_t i = 0; i < COUNT(times); i++) {
		uint32_t form = stamp_time(str_from(times[i]), &value, &length);
		assert_int_equal(form != STAMP_NONE, i < 11);
		if (form)
			assert_true(length == strlen(times[i]) && str_is((struct str){ text, stamp_print(form, value, text) }, times[i]));
	}
	assert_int_equal(stamp_time(STR("2026-11-23T03:01:57Z"), &value, &length) & 7, STAMP_DATE);
	assert_int_equal(value, 1795402917);
	assert_int_equal(stamp_print(STAMP_DATE, INT64_MAX, text), 0);
	assert_int_equal(stamp_print(STAMP_WHOLE, INT64_MIN, text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_come_back_and_are_found),
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(many_variables_and_long_lines_come_back),
		cmocka_unit_test(a_damaged_block_is_named),
		cmocka_unit_test(stamps_are_written_as_they_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
