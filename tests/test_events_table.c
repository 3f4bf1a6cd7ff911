/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The table `events`: conditions leave blocks closed.
 */
#include "search/events_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

enum { RECORDS = 2000 };

static char dir[64];
static int64_t start;

static int make_archive(void **state UNUSED)
{
	ARENA(arena);
	struct err err = { "" };
	snprintf(dir, sizeof(dir), "/tmp/ward-test-events-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	struct archive_options options = { .block_bytes = 3000 };
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	if (archive_create(dir, &options, &err) || archive_open(dir, &options, &archive, &err))
		return -1;
	start = clock_days(2026, 11, 3) * 86400 * INT64_C(1000000000);
	for (int i = 0; i < RECORDS; i++) {
		const struct record record = {
			.time = start + i * INT64_C(1000000000), .arrived = start + i, .raw = arena_printf(&arena, "number%d of some words to fill it%s", i, i == 777 ? " needle tail" : ""),
			.parser = STR("plain"), .host = i < 1000 ? STR("first") : STR("second"), .source = STR("test"),
		};
		if (archive_append(archive, &record, 1, &err) || (i % 20 == 19 && archive_commit(archive, NULL, 0, &err)))
			return -1;
	}
	return archive_seal(archive, &err);
}

static int drop_archive(void **state UNUSED)
{
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", dir, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static struct search_counts ask(const char *sql, int64_t expected)
{
	struct err err = { "" };
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	CLEANUP(events_table_free_p) struct events_table *table = NULL;
	assert_int_equal(root_open(&root, "/", &err), 0);
	struct facts *facts = facts_new(&root, NULL);
	struct query *query = NULL;
	struct statement *statement = NULL;
	assert_int_equal(query_open(facts, NULL, &query, &err), 0);
	assert_int_equal(events_table_add(query, dir, &table, &err), 0);
	if (query_prepare(query, str_from(sql), &statement, NULL, &err) < 0)
		fail_msg("%s", err.text);
	if (statement_step(statement, &err) != 1)
		fail_msg("%s", err.text);
	assert_int_equal(statement_value(statement, 0).i, expected);
	struct search_counts counts = *events_table_counts(table);
	statement_free(statement);
	query_close(query);
	facts_free(facts);
	return counts;
}

/* A member that is atomic, of a value: clang wants it in a variable first. */
static uint64_t opened(const char *sql, int64_t rows)
{
	struct search_counts counts = ask(sql, rows);
	return counts.opened;
}

static uint64_t blocks(const char *sql, int64_t rows)
{
	struct search_counts counts = ask(sql, rows);
	return counts.blocks;
}

static void conditions_leave_blocks_closed(void **state UNUSED)
{
	struct search_counts all = ask("SELECT count(*) FROM events", RECORDS);
	uint64_t in_all = all.blocks, opened_in_all = all.opened;
	assert_int_equal(opened_in_all, in_all);
	assert_in_range(in_all, 20, 200);
	assert_in_range(opened("SELECT count(*) FROM events WHERE raw LIKE '% needle tail%'", 1), 1, 5);
	assert_in_range(opened("SELECT count(*) FROM events WHERE raw GLOB '* needle [st]*'", 1), 1, 5);
	assert_in_range(opened("SELECT count(*) FROM events WHERE match = 'needle'", 1), 1, 5);
	assert_in_range(opened("SELECT count(*) FROM events WHERE events MATCH 'message:needle'", 1), 1, 5);
	assert_in_range(opened("SELECT count(*) FROM events WHERE host = 'second'", 1000), in_all / 2 - 2, in_all / 2 + 4);
	assert_in_range(opened("SELECT count(*) FROM events WHERE host = 'third'", 0), 0, 2);
	assert_in_range(blocks("SELECT count(*) FROM events WHERE time >= '2026-11-03 00:10:00' AND time < '2026-11-03 00:10:05'", 5), 1, 3);
	assert_int_equal(blocks("SELECT count(*) FROM events WHERE time > '2026-11-04'", 0), 0);
	assert_int_equal(opened("SELECT count(*) FROM events WHERE host = NULL", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(conditions_leave_blocks_closed) };
	return cmocka_run_group_tests(tests, make_archive, drop_archive);
}
