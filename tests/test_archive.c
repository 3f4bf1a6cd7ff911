/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * An archive from the first record to the reader: what is committed is there, also after a crash; blocks give back
 * every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/reader.h"
#include "archive/tokens.h"

static char dir[] = "/tmp/ward-test-archive-XXXXXX";

static void remove_tree(const char *path)
{
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", path, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	remove_tree(dir);
	return 0;
}

static struct record record_of(struct str raw, int64_t time)
{
	return (struct record){ .time = time, .arrived = time + 5, .host = STR("his01"), .source = STR("auth"), .raw = raw,
		                .parser = STR("syslog") };
}

static void add_lines(struct archive *archive, int from, int to)
{
	ARENA(arena);
	struct err err = { "" };
	for (int i = from; i < to; i++) {
		struct record record = record_of(arena_printf(&arena, "Failed password for user%d from 10.0.0.%d", i, i % 256), i);
		assert_int_equal(archive_append(archive, &record, 1, &err), 0);
	}
	struct str at = arena_printf(&arena, "%d", to);
	int r = archive_commit(archive, &(struct archive_position){ STR("file:/a"), at }, 1, &err);
	if (r)
		fail_msg("%s", err.text);
}

/* All records that the reader sees, checked to be the lines 0..n. */
static int count_lines(void)
{
	ARENA(arena);
	BUF(bytes);
	struct err err = { "" };
	CLEANUP(reader_close_p) struct reader *reader = NULL;
	struct piece *pieces;
	size_t n;
	int seen = 0;
	assert_int_equal(reader_open(dir, &reader, &err), 0);
	if (reader_list(reader, &arena, INT64_MIN, INT64_MAX, &pieces, &n, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(block_close_p) struct block *block = NULL;
		struct str filter;
		if (reader_load(reader, &pieces[i], &bytes, &block, &err))
			fail_msg("%s", err.text);
		assert_int_equal(reader_filter(reader, &pieces[i], &filter, &err), 0);
		struct token_filter open;
		token_filter_open(filter, &open);
		assert_int_equal(block_count(block), pieces[i].records);
		for (size_t j = 0; j < block_count(block); j++, seen++) {
			struct record record;
			assert_int_equal(block_record(block, &arena, j, &record, &err), 0);
			assert_string_equal(arena_cstr(&arena, record.raw),
			                    arena_printf(&arena, "Failed password for user%d from 10.0.0.%d", seen, seen % 256).p);
			assert_int_equal(record.time, seen);
			assert_int_equal(record.arrived, seen + 5);
			assert_true(str_is(record.host, "his01") && str_is(record.parser, "syslog"));
			assert_true(token_filter_may_hold_text(&open, record.raw, true));
		}
	}
	return seen;
}

static void what_is_committed_is_there(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct str position;
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	struct archive_options options = { .block_bytes = 2000, .sync = true };
	assert_int_equal(archive_open(dir, &options, &archive, &err), -ENOENT);
	assert_int_equal(archive_create(dir, &options, &err), 0);
	assert_int_equal(archive_create(dir, &options, &err), 0);
	if (archive_open(dir, &options, &archive, &err))
		fail_msg("%s", err.text);
	struct archive *second = NULL;
	assert_int_equal(archive_open(dir, &options, &second, &err), -EBUSY);
	add_lines(archive, 0, 10);
	assert_int_equal(count_lines(), 10);
	add_lines(archive, 10, 100);
	assert_null(archive_trouble(archive));
	add_lines(archive, 100, 103);
	assert_int_equal(count_lines(), 103);
	archive_close(TAKE(archive));
	assert_int_equal(count_lines(), 103);
	assert_int_equal(archive_open(dir, &options, &archive, &err), 0);
	assert_int_equal(archive_position(archive, &arena, STR("file:/a"), &position, &err), 0);
	assert_true(str_is(position, "103"));
	assert_int_equal(archive_position(archive, &arena, STR("file:/b"), &position, &err), 0);
	assert_null(position.p);
	add_lines(archive, 103, 104);
	assert_int_equal(archive_seal(archive, &err), 0);
	assert_int_equal(archive_seal(archive, &err), 0);
	assert_int_equal(count_lines(), 104);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_committed_is_there, make_dir, drop_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
