/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Inputs from files: rotation, truncation, restarts, partial lines, compressed files, encodings.
 *
 * `pump` reads all that there is for now and keeps it as the archive would: raw texts and the positions that came with them.
 * A restart is a new input that is given the kept positions; it must bring each line once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "event/input.h"
#include "sys/process.h"

struct world {
	char dir[64];
	struct arena arena;
	struct names *names;
	struct input *input;
	struct input_files options;
	VEC(struct str) lines;      /* raw texts, kept */
	VEC(struct str) streams;    /* of each line */
	VEC(struct input_position) positions;
	VEC(struct str) complaints;
};

static int set_up(void **state)
{
	struct world *world = mem_alloc(sizeof(*world));
	memcpy(world->dir, "/tmp/ward-input-XXXXXX", 23);
	assert_non_null(mkdtemp(world->dir));
	world->names = names_new();
	world->options = (struct input_files){ .links = true, .farewell = 500000000, .settle = 300000000, .silence = 100000000 };
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	input_close(world->input);
	names_free(world->names);
	vec_done(&world->lines);
	vec_done(&world->streams);
	vec_done(&world->positions);
	vec_done(&world->complaints);
	struct err err;
	BUF(output);
	int status;
	char *const argv[] = { (char *)"rm", (char *)"-rf", world->dir, NULL };
	assert_int_equal(process_run(argv, &process_limits_default, &output, &status, &err), 0);
	arena_done(&world->arena);
	free(world);
	return 0;
}

static char *in(struct world *world, const char *name)
{
	return (char *)arena_printf(&world->arena, "%s/%s", world->dir, name).p;
}

static void append(struct world *world, const char *name, const char *text)
{
	FILE *file = fopen(in(world, name), "a");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static void move(struct world *world, const char *from, const char *to)
{
	assert_int_equal(rename(in(world, from), in(world, to)), 0);
}

static void run(struct world *world, const char *program, const char *option, const char *name)
{
	char *const argv[] = { (char *)program, (char *)option, in(world, name), NULL };
	BUF(output);
	int status;
	assert_int_equal(process_run(argv, &process_limits_default, &output, &status, NULL), 0);
	assert_int_equal(status, 0);
}

static struct str find_position(void *ctx, struct str key)
{
	struct world *world = ctx;
	for (size_t i = world->positions.n; i-- > 0;)
		if (str_eq(world->positions.p[i].key, key))
			return world->positions.p[i].position;
	return STR_NONE;
}

/* A new input of these paths; a pattern may be among them. */
static void begin(struct world *world, const char *path)
{
	struct err err = { 0 };
	struct str text = str_from(in(world, path));
	input_close(TAKE(world->input));
	world->options.paths = (struct strings){ &text, 1 };
	assert_int_equal(input_files.open(&world->options, STR("test"), NULL, find_position, world, &world->input, &err), 0);
}

/* Keep a batch, or lose it as a crash between reading and keeping would. */
static int take(struct world *world, bool kept, size_t most)
{
	struct input_batch batch = { .batch = { .names = world->names } };
	struct err err = { 0 };
	struct note note;
	int r = input_read(world->input, most, &batch, &err);
	for (size_t i = 0, span = 0; kept && i < batch.batch.events.n; i++) {
		while (span + 1 < batch.n_spans && batch.spans[span + 1].first <= i)
			span++;
		vec_push(&world->lines, arena_str(&world->arena, batch.batch.events.p[i].raw));
		vec_push(&world->streams, arena_str(&world->arena, batch.spans[span].stream));
	}
	for (size_t i = 0; kept && i < batch.n_positions; i++)
		vec_push(&world->positions, { arena_str(&world->arena, batch.positions[i].key),
		                              arena_str(&world->arena, batch.positions[i].position) });
	while (input_complaint(world->input, &note))
		vec_push(&world->complaints, note_text(&world->arena, LANG_EN, &note));
	if (kept)
		input_kept(world->input, batch.ticket);
	batch_done(&batch.batch);
	return r;
}

/* All there is: until nothing came for `quiet` milliseconds. A look takes 10 of them at most, however long the machine kept us from
 * looking: what is due has so many looks to come. */
static int pump(struct world *world, int quiet)
{
	const int64_t look = 10 * 1000000;
	int64_t left = quiet * INT64_C(1000000);
	int r = 0;
	while (r != -ENODATA && left > 0) {
		struct err err;
		int64_t begun = clock_monotonic_ns();
		assert_true(input_wait(world->input, MIN(left, look), &err) >= 0);
		size_t before = world->lines.n;
		r = take(world, true, 1 << 20);
		assert_true(r >= 0 || r == -ENODATA);
		left = world->lines.n > before ? quiet * INT64_C(1000000) : left - MIN(clock_monotonic_ns() - begun, look);
	}
	return r;
}

static void assert_lines(struct world *world, const char *expected)
{
	BUF(got);
	for (size_t i = 0; i < world->lines.n; i++) {
		buf_add(&got, world->lines.p[i]);
		buf_add_char(&got, '|');
	}
	if (strcmp(buf_cstr(&got), expected) != 0) {
		print_error("%s\n", got.p);
		buf_done(&got);
		fail();
	}
}

static void a_partial_line_waits_for_its_end(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "one\ntw");
	begin(world, "a.log");
	pump(world, 50);
	assert_lines(world, "one|");
	append(world, "a.log", "o\nthree\n");
	pump(world, 200);
	assert_lines(world, "one|two|three|");
}

static void renamed_files_are_finished_first(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "one\n");
	begin(world, "a.log");
	pump(world, 50);
	append(world, "a.log", "two\n");
	FILE *late = fopen(in(world, "a.log"), "a");
	move(world, "a.log", "a.log.1");
	append(world, "a.log", "four\n");
	fputs("three\n", late);
	fflush(late);
	pump(world, 150);
	assert_lines(world, "one|two|three|four|");
	/* A program that reopens its log late. */
	fputs("late\n", late);
	fclose(late);
	append(world, "a.log", "five\n");
	pump(world, 800);
	assert_int_equal(world->lines.n, 6);
	assert_int_equal(input_counters(world->input).rotations, 1);
	assert_int_equal(world->complaints.n, 0);
	begin(world, "a.log");
	pump(world, 100);
	assert_int_equal(world->lines.n, 6);
}

static void a_truncation_is_noticed_though_the_file_grew_again(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "one\ntwo\n");
	begin(world, "a.log");
	pump(world, 50);
	assert_int_equal(truncate(in(world, "a.log"), 0), 0);
	append(world, "a.log", "three is longer than all before\nfour\n");
	pump(world, 200);
	assert_lines(world, "one|two|three is longer than all before|four|");
	assert_int_equal(input_counters(world->input).truncations, 1);
}

static void an_empty_file_is_left_in_peace(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "");
	begin(world, "a.log");
	pump(world, 100);
	assert_int_equal(input_counters(world->input).streams, 1);
	assert_int_equal(input_counters(world->input).truncations, 0);
	append(world, "a.log", "one\n");
	pump(world, 100);
	assert_int_equal(truncate(in(world, "a.log"), 0), 0);
	pump(world, 100);
	assert_int_equal(input_counters(world->input).truncations, 1);
	append(world, "a.log", "two\n");
	pump(world, 200);
	assert_lines(world, "one|two|");
	assert_int_equal(input_counters(world->input).streams, 2);
}

static void copytruncate_loses_nothing(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "one is a line of some length\ntwo\n");
	begin(world, "a.log");
	pump(world, 50);
	append(world, "a.log", "three\n"); /* not read before the truncation */
	char *const argv[] = { (char *)"cp", in(world, "a.log"), in(world, "a.log.1"), NULL };
	BUF(output);
	int status;
	assert_int_equal(process_run(argv, &process_limits_default, &output, &status, NULL), 0);
	assert_int_equal(truncate(in(world, "a.log"), 0), 0);
	append(world, "a.log", "four\n");
	pump(world, 700);
	assert_lines(world, "one is a line of some length|two|three|four|");
	begin(world, "a.log");
	pump(world, 100);
	assert_int_equal(world->lines.n, 4);
}

static void a_restart_goes_on_where_it_was_kept(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "one\ntwo\n");
	begin(world, "a.log");
	pump(world, 50);
	append(world, "a.log", "three\n");
	assert_true(input_wait(world->input, 1000000000, NULL));
	assert_int_equal(take(world, false, 1 << 20), 1); /* read, and not kept: a crash */
	begin(world, "a.log");
	pump(world, 50);
	assert_lines(world, "one|two|three|");
}

static void what_was_rotated_while_nobody_read_is_found(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "one is a line of some length\ntwo\n");
	begin(world, "a.log");
	pump(world, 50);
	input_close(TAKE(world->input));
	append(world, "a.log", "three\n");
	move(world, "a.log", "a.log.1");
	append(world, "a.log", "four\n");
	begin(world, "a.log");
	pump(world, 700);
	assert_lines(world, "one is a line of some length|two|three|four|");
	/* Again, and now the rotated file is compressed. */
	input_close(TAKE(world->input));
	append(world, "a.log", "five is needed for the fingerprint\n");
	begin(world, "a.log");
	pump(world, 50);
	input_close(TAKE(world->input));
	append(world, "a.log", "six\n");
	move(world, "a.log", "a.log.1");
	run(world, "gzip", "-f", "a.log.1");
	append(world, "a.log", "seven\n");
	begin(world, "a.log");
	pump(world, 900);
	assert_lines(world, "one is a line of some length|two|three|four|five is needed for the fingerprint|six|seven|");
	assert_int_equal(world->complaints.n, 0);
}

static void a_pattern_over_rotated_names_gives_each_line_once(void **state)
{
	struct world *world = *state;
	append(world, "a.log", "one, which is long enough to tell this file from others that begin in another way\n");
	append(world, "b.log", "b one\n");
	begin(world, "*.log*");
	pump(world, 50);
	assert_int_equal(world->lines.n, 2);
	move(world, "a.log", "a.log.1");
	append(world, "a.log", "two, which is long enough to tell this file from others that begin in another way\n");
	pump(world, 1000);
	assert_int_equal(world->lines.n, 3);
	move(world, "a.log.1", "a.log.2");
	move(world, "a.log", "a.log.1");
	append(world, "a.log", "three\n");
	run(world, "gzip", "-f", "a.log.2");
	pump(world, 900);
	assert_int_equal(world->lines.n, 4);
	begin(world, "*.log*");
	append(world, "a.log", "four\n");
	pump(world, 900);
	assert_int_equal(world->lines.n, 5);
	assert_true(str_is(world->lines.p[4], "four"));
}

static void batches_are_small_and_positions_true_at_each(void **state)
{
	struct world *world = *state;
	FILE *file = fopen(in(world, "a.log"), "w");
	for (int i = 0; i < 40000; i++)
		fprintf(file, "line %d of a file\n", i);
	fclose(file);
	begin(world, "a.log");
	/* A crash after each third batch: what was read is lost, what was kept is not read again. */
	for (int i = 0; world->lines.n < 40000; i++) {
		assert_true(i < 1000);
		(void)take(world, i % 3 != 2, 64 * 1024);
		if (i % 3 == 2)
			begin(world, "a.log");
	}
	for (int i = 0; i < 40000; i++)
		assert_true(str_eq(world->lines.p[i], arena_printf(&world->arena, "line %d of a file", i)));
}

static void compressed_files_and_archives_are_read_once(void **state)
{
	struct world *world = *state;
	world->options.once = true;
	append(world, "a.log", "a one\na2");
	append(world, "b.log", "b one\n");
	append(world, "c.log", "c one\n");
	append(world, "d.log", "d one\n");
	append(world, "plain.log", "p1\r\n\r\np2\n");
	run(world, "gzip", "-f", "a.log");
	run(world, "zstd", "-q", "b.log");
	assert_int_equal(unlink(in(world, "b.log")), 0);
	run(world, "xz", "-f", "c.log");
	run(world, "bzip2", "-f", "d.log");
	begin(world, "");
	assert_int_equal(pump(world, 1000), -ENODATA);
	assert_lines(world, "a one|a2|b one|c one|d one|p1|p2|");
	assert_true(str_ends(world->streams.p[0], "/a.log.gz"));
	assert_true(str_ends(world->streams.p[6], "/plain.log"));
	assert_int_equal(input_counters(world->input).bytes, input_counters(world->input).size);
}

static void members_of_archives_are_streams(void **state)
{
	struct world *world = *state;
	world->options.once = true;
	append(world, "m1", "tar one\n");
	append(world, "m2", "tar two has no end");
	char *const argv[] = { (char *)"tar", (char *)"-czf", in(world, "both.tgz"), (char *)"-C", world->dir,
		               (char *)"m1", (char *)"m2", NULL };
	BUF(output);
	int status;
	assert_int_equal(process_run(argv, &process_limits_default, &output, &status, NULL), 0);
	begin(world, "both.tgz");
	assert_int_equal(pump(world, 1000), -ENODATA);
	assert_lines(world, "tar one|tar two has no end|");
	assert_true(str_ends(world->streams.p[0], "/both.tgz:m1"));
	assert_true(str_ends(world->streams.p[1], "/both.tgz:m2"));
}

static void encodings_are_found_and_positions_are_of_the_file(void **state)
{
	struct world *world = *state;
	static const char utf16[] = "\xff\xfe" "o\0n\0e\0\n\0-N\n\0t\0";
	FILE *file = fopen(in(world, "a.log"), "w");
	fwrite(utf16, 1, sizeof(utf16) - 1, file);
	fclose(file);
	begin(world, "a.log");
	pump(world, 50);
	assert_lines(world, "one|\xe4\xb8\xad|");
	begin(world, "a.log");
	file = fopen(in(world, "a.log"), "a");
	fwrite("w\0o\0\n\0", 1, 6, file);
	fclose(file);
	pump(world, 100);
	assert_lines(world, "one|\xe4\xb8\xad|two|");
}

static void what_cannot_be_read_is_told_once(void **state)
{
	struct world *world = *state;
	append(world, "good.log", "good\n");
	assert_int_equal(mkfifo(in(world, "fifo.log"), 0600), 0);
	FILE *file = fopen(in(world, "bad.gz"), "w");
	fwrite("\x1f\x8b\x08\0\0\0\0\0\0\x03 this is no deflated text, whatever it begins with", 1, 60, file);
	fclose(file);
	world->options.once = true;
	struct err err = { 0 };
	struct str paths[] = { str_from(in(world, "absent.log")), str_from(in(world, "fifo.log")),
		               str_from(in(world, "bad.gz")), str_from(in(world, "good.log")) };
	world->options.paths = (struct strings){ paths, COUNT(paths) };
	assert_int_equal(input_files.open(&world->options, STR("test"), NULL, NULL, NULL, &world->input, &err), 0);
	assert_int_equal(pump(world, 1000), -ENODATA);
	assert_true(str_is(world->lines.p[world->lines.n - 1], "good"));
	assert_int_equal(world->complaints.n, 3);
	assert_true(str_ends(world->complaints.p[0], "absent.log: no such file or directory"));
	assert_true(str_ends(world->complaints.p[1], "fifo.log: it is not a regular file"));
	assert_true(str_find(world->complaints.p[2], "bad.gz: cannot unpack it: ") > 0);
}

static void files_that_appear_and_vanish(void **state)
{
	struct world *world = *state;
	world->options.open_most = 2;
	begin(world, "*.log");
	pump(world, 20);
	for (int i = 0; i < 10; i++)
		append(world, arena_printf(&world->arena, "%d.log", i).p, "first\n");
	pump(world, 400);
	assert_int_equal(world->lines.n, 10);
	/* Renamed while it was closed, because only few are open: what was added before is found. */
	append(world, "3.log", "second\n");
	move(world, "3.log", "3.log.old");
	for (int i = 4; i < 10; i++)
		append(world, arena_printf(&world->arena, "%d.log", i).p, "second\n");
	pump(world, 900);
	assert_int_equal(world->lines.n, 17);
	assert_int_equal(unlink(in(world, "5.log")), 0);
	append(world, "5.log", "third\n");
	pump(world, 600);
	assert_int_equal(world->lines.n, 18);
	assert_int_equal(world->complaints.n, 0);
}

static void the_past_can_be_left_out(void **state)
{
	struct world *world = *state;
	world->options.from_end = true;
	append(world, "a.log", "the past\n");
	append(world, "old.log", "the past, compressed\n");
	run(world, "gzip", "-f", "old.log");
	begin(world, "*.log*");
	pump(world, 500);
	assert_int_equal(world->lines.n, 0);
	append(world, "a.log", "the present\n");
	append(world, "new.log", "all of it\n");
	pump(world, 200);
	assert_int_equal(world->lines.n, 2);
	/* After a restart there is a position, and nothing is left out. */
	append(world, "a.log", "while nobody read\n");
	begin(world, "*.log*");
	pump(world, 500);
	assert_int_equal(world->lines.n, 3);
}

/* More files than may be open, and than descriptors there are: read, kept, and found again. */
static void many_files_need_few_descriptors(void **state)
{
	struct world *world = *state;
	world->options.open_most = 16;
	for (int i = 0; i < 1500; i++)
		append(world, arena_printf(&world->arena, "%d.log", i).p, "a line\n");
	begin(world, "*.log");
	pump(world, 300);
	assert_int_equal(world->lines.n, 1500);
	begin(world, "*.log");
	for (int i = 0; i < 1500; i += 100)
		append(world, arena_printf(&world->arena, "%d.log", i).p, "another\n");
	pump(world, 300);
	assert_int_equal(world->lines.n, 1515);
	assert_int_equal(world->complaints.n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_partial_line_waits_for_its_end),
		TEST(renamed_files_are_finished_first),
		TEST(a_truncation_is_noticed_though_the_file_grew_again),
		TEST(an_empty_file_is_left_in_peace),
		TEST(copytruncate_loses_nothing),
		TEST(a_restart_goes_on_where_it_was_kept),
		TEST(what_was_rotated_while_nobody_read_is_found),
		TEST(a_pattern_over_rotated_names_gives_each_line_once),
		TEST(batches_are_small_and_positions_true_at_each),
		TEST(compressed_files_and_archives_are_read_once),
		TEST(members_of_archives_are_streams),
		TEST(encodings_are_found_and_positions_are_of_the_file),
		TEST(what_cannot_be_read_is_told_once),
		TEST(files_that_appear_and_vanish),
		TEST(the_past_can_be_left_out),
		TEST(many_files_need_few_descriptors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
