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

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "archive/copies.h"
#include "archive/days.h"
#include "archive/reader.h"
#include "archive/retention.h"
#include "archive/tokens.h"
#include "archive/verify.h"
#include "role/upkeep.h"

/* The clock of the whole program, which tests set: days pass at once. */
static int64_t clock_ahead; /* seconds */

int clock_gettime(clockid_t id, struct timespec *out)
{
	long r = syscall(SYS_clock_gettime, id, out);
	if (r == 0 && id == CLOCK_REALTIME)
		out->tv_sec += clock_ahead;
	return (int)r;
}

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

/* ---- several days, signed ---- */

static struct signer signer;
static struct private_key *private_key;

static int make_key(void **state)
{
	struct err err = { "" };
	clock_ahead = 0;
	if (private_key_generate(SIGN_ED25519, &private_key, &err))
		return -1;
	signer = signer_local(private_key);
	return make_dir(state);
}

static int drop_key(void **state)
{
	private_key_close(private_key);
	private_key = NULL;
	clock_ahead = 0;
	return drop_dir(state);
}

static void must(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

/* So many days of two blocks each, and three records that stay open on the last. */
static void make_days(int days)
{
	struct err err = { "" };
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	struct archive_options options = { .signer = &signer };
	must(archive_create(dir, &options, &err), &err);
	must(archive_open(dir, &options, &archive, &err), &err);
	for (int day = 0; day < days; day++) {
		clock_ahead = day * 86400;
		for (int half = 0; half < 2; half++) {
			add_lines(archive, day * 20 + half * 10, day * 20 + half * 10 + 10);
			must(archive_seal(archive, &err), &err);
		}
	}
	add_lines(archive, days * 20, days * 20 + 3);
}

static void verify_dir(struct arena *arena, const char *where, bool with_key, const struct chain *head, struct verify *out)
{
	struct err err = { "" };
	*out = (struct verify){ .dir = where, .keys = &signer.key, .n_keys = with_key, .heads = head, .n_heads = head != NULL };
	must(verify_run(arena, out, &err), &err);
}

/* The day so many days from the first. */
static const char *day_of(int day)
{
	static char name[DAY_NAME + 1];
	int64_t ahead = clock_ahead;
	struct timespec now;
	clock_ahead = day * 86400;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_ahead = ahead;
	day_name((int64_t)now.tv_sec * 1000000000, name);
	return name;
}

static const char *file_of(int day)
{
	static char path[200];
	snprintf(path, sizeof(path), "%s/%s.ward", dir, day < 0 ? "archive" : day_of(day));
	return path;
}

static void change(int day, const char *sql)
{
	struct err err = { "" };
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	must(database_open(file_of(day), DATABASE_WRITE, &db, &err), &err);
	must(database_run(db, sql, &err), &err);
}

/* The first problem is of this day and block, and in these words. */
static void expect_first(int day, uint32_t number, const char *words, bool with_key, const struct chain *head)
{
	ARENA(arena);
	struct verify verify;
	verify_dir(&arena, dir, with_key, head, &verify);
	if (verify.n_problems == 0)
		fail_msg("not noticed: %s", words);
	const struct verify_problem *first = &verify.problems[0];
	if (!strstr(first->what.english, words))
		fail_msg("'%s' instead of '%s'", first->what.english, words);
	assert_int_equal(first->number, number);
	assert_string_equal(first->day, day < 0 ? "" : day_of(day));
}

static void verify_proves_what_is_whole(void **state)
{
	(void)state;
	ARENA(arena);
	struct verify verify;
	make_days(3);
	assert_int_equal(count_lines(), 63);
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.days, 3);
	assert_int_equal(verify.blocks, 6);
	assert_int_equal(verify.records, 60);
	assert_int_equal(verify.unsealed, 3);
	assert_int_equal(verify.statements, 7);
	struct chain head = verify.chain;
	verify_dir(&arena, dir, false, &head, &verify);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.last_head, 7);
	/* Positions went along from day to day. */
	struct err err = { "" };
	struct str position;
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	struct archive_options options = { .signer = &signer };
	must(archive_open(dir, &options, &archive, &err), &err);
	must(archive_position(archive, &arena, STR("file:/a"), &position, &err), &err);
	assert_true(str_is(position, "63"));
	clock_ahead += 86400;
	must(archive_commit(archive, NULL, 0, &err), &err);
	must(archive_position(archive, &arena, STR("file:/a"), &position, &err), &err);
	assert_true(str_is(position, "63"));
}

static void every_change_is_named(void **state)
{
	(void)state;
	static const struct {
		int day;
		const char *sql;
		int at;
		uint32_t number;
		const char *words;
	} cases[] = {
		{ 1, "UPDATE block_data SET data=substr(data,1,40)||x'00'||substr(data,42) WHERE number=2", 1, 2, "data is not what was sealed" },
		{ 1, "UPDATE block_filter SET data=x'01' WHERE number=1", 1, 1, "filter of words" },
		{ 1, "DELETE FROM block WHERE number=1", 0, 2, "missing after this one" },
		{ 1, "DELETE FROM block_data WHERE number=1", 1, 1, "data is missing" },
		{ 1, "UPDATE block_data SET number=3-number WHERE number=-1; UPDATE block SET number=number+10; UPDATE block SET number=12-number+1;"
		     "UPDATE block_data SET number=number+10; UPDATE block_data SET number=12-number+1", 1, 2, "it was moved" },
		{ 1, "UPDATE block SET first=first-1 WHERE number=2", 1, 2, "times or counts" },
		{ 1, "UPDATE block SET records=9 WHERE number=1", 1, 1, "times or counts" },
		{ 1, "UPDATE block SET statement=replace(statement,'records 10','records 11'), records=11 WHERE number=1", 1, 1, "signature" },
		{ 1, "UPDATE block SET statement='nothing' WHERE number=2", 1, 2, "cannot be read" },
		{ 1, "UPDATE block SET signature=x'00' WHERE number=2", 1, 2, "signature" },
		{ 1, "UPDATE block SET sequence=sequence+50 WHERE number=2", 1, 1, "missing after this one" },
		{ 2, "UPDATE open SET data=data||x'00'", 2, 0, "not sealed yet" },
		{ -1, "DELETE FROM journal WHERE sequence=1", 0, 1, "missing before this one" },
		{ -1, "UPDATE journal SET statement=replace(statement,'public','Public')", -1, 0, "signature" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		remove_tree(dir);
		mkdir(dir, 0700);
		make_days(3);
		change(cases[i].day, cases[i].sql);
		expect_first(cases[i].at, cases[i].number, cases[i].words, true, NULL);
	}
}

static void a_lost_day_and_a_cut_end_are_named(void **state)
{
	(void)state;
	ARENA(arena);
	struct verify verify;
	make_days(3);
	verify_dir(&arena, dir, true, NULL, &verify);
	struct chain head = verify.chain;
	assert_int_equal(unlink(file_of(1)), 0);
	expect_first(0, 2, "missing after this one", true, NULL);
	/* The newest day: only who kept a head can tell. */
	remove_tree(dir);
	mkdir(dir, 0700);
	make_days(3);
	verify_dir(&arena, dir, true, NULL, &verify);
	head = verify.chain;
	assert_int_equal(unlink(file_of(2)), 0);
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	expect_first(1, 2, "newest part was cut off", true, &head);
}

/* Somebody with a key of his own makes the chain anew. */
static void another_key_is_named(void **state)
{
	(void)state;
	ARENA(arena);
	struct verify verify;
	struct err err = { "" };
	struct public_key trusted = signer.key;
	make_days(1);
	verify_dir(&arena, dir, true, NULL, &verify);
	struct chain head = verify.chain;
	remove_tree(dir);
	mkdir(dir, 0700);
	CLEANUP(private_key_close_p) struct private_key *other = NULL;
	must(private_key_generate(SIGN_SM2, &other, &err), &err);
	signer = signer_local(other);
	make_days(1);
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0); /* SM2 and SM3 prove as well */
	signer.key = trusted;
	expect_first(-1, 0, "not among those that are trusted", true, NULL);
	verify_dir(&arena, dir, false, &head, &verify);
	assert_int_not_equal(verify.n_problems, 0);
}

static void the_clock_goes_back(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct verify verify;
	make_days(2);
	clock_ahead = -5 * 86400;
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	struct archive_options options = { .signer = &signer };
	must(archive_open(dir, &options, &archive, &err), &err);
	add_lines(archive, 43, 60);
	must(archive_seal(archive, &err), &err);
	assert_int_equal(count_lines(), 60);
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.days, 2);
	assert_int_equal(verify.clock_back, 1);
}

/* The server asks, the writer looks for itself. */
static void the_server_has_days_removed(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct verify verify;
	struct archive_options options = { .signer = &signer };
	int ends[2];
	int64_t order = 0;
	bool done = false;
	BUF(out);
	make_days(2);
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	must(archive_open(dir, &options, &archive, &err), &err);
	clock_ahead = 300 * 86400;
	add_lines(archive, 43, 60);
	must(archive_seal(archive, &err), &err);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	/* Less than the law asks for is refused here, whatever the server checked. */
	must(upkeep_ask(ends[0], 179, 8, &err), &err);
	assert_int_equal(upkeep_hear(ends[0], &order, &done, &out, &err), -EAGAIN);
	must(upkeep_answer(ends[1], archive, &err), &err);
	must(upkeep_hear(ends[0], &order, &done, &out, &err), &err);
	assert_false(done);
	assert_int_equal(order, 8);
	assert_true(str_find(buf_str(&out), "\"days\":0") >= 0 && str_find(buf_str(&out), "the writer refuses") >= 0);
	assert_int_equal(access(file_of(0), F_OK), 0);
	buf_clear(&out);
	must(upkeep_ask(ends[0], 299, 9, &err), &err);
	must(upkeep_answer(ends[1], archive, &err), &err);
	must(upkeep_hear(ends[0], &order, &done, &out, &err), &err);
	assert_true(done);
	assert_int_equal(order, 9);
	assert_true(str_find(buf_str(&out), "\"days\":1,\"records\":20,") >= 0);
	assert_int_equal(access(file_of(0), F_OK), -1);
	assert_int_equal(access(file_of(1), F_OK), 0); /* 299 days before the newest: still kept */
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.removed_days, 1);
	/* The statement names the order. */
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	SQL(said);
	must(book_open(arena_printf(&arena, "%s/archive.ward", dir).p, DATABASE_READ, &book, &err), &err);
	must(sql_make(&said, book, "SELECT statement FROM journal WHERE kind = 'removal'", &err), &err);
	assert_int_equal(sql_step(&said, &err), 1);
	assert_true(str_find(sql_get_bytes(&said), "\norder 9\n") >= 0);
	/* Nonsense is no question, and who has gone is noticed. */
	assert_int_equal(send(ends[0], "x", 1, 0), 1);
	assert_int_equal(upkeep_answer(ends[1], archive, &err), -EBADMSG);
	close(ends[0]);
	assert_int_equal(upkeep_answer(ends[1], archive, &err), 1);
	close(ends[1]);
}

static void days_are_removed_by_a_signed_record_and_held(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct verify verify;
	struct removed_day *removed;
	size_t n;
	struct archive_options options = { .signer = &signer };
	make_days(6);
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	must(archive_open(dir, &options, &archive, &err), &err);
	/* The law's half year stands, whatever is asked. */
	struct retention retention = { .days = 2 };
	must(retention_apply(archive, &retention, &arena, &removed, &n, &err), &err);
	assert_int_equal(n, 0);
	char first[DAY_NAME + 1];
	memcpy(first, day_of(1), sizeof(first));
	struct hold hold = { .name = STR("case17"), .from = str_from(first), .to = str_from(first), .reason = STR("order 17") };
	must(hold_place(archive, &hold, &err), &err);
	assert_int_equal(hold_place(archive, &hold, &err), -EEXIST);
	hold.name = STR("a\nb");
	assert_int_equal(hold_place(archive, &hold, &err), -EINVAL);
	retention.anyway = true;
	must(retention_apply(archive, &retention, &arena, &removed, &n, &err), &err);
	assert_int_equal(n, 3);
	assert_true(str_is(removed[1].held_by, "case17"));
	assert_int_equal(access(file_of(0), F_OK), -1);
	assert_int_equal(access(file_of(1), F_OK), 0);
	assert_int_equal(access(file_of(2), F_OK), -1);
	assert_int_equal(removed[0].records, 20);
	verify_dir(&arena, dir, true, NULL, &verify);
	if (verify.n_problems)
		fail_msg("%s: %s", verify.problems[0].day, verify.problems[0].what.english);
	assert_int_equal(verify.removed_days, 2);
	must(hold_release(archive, STR("case17"), STR("done"), &err), &err);
	assert_int_equal(hold_release(archive, STR("case17"), STR(""), &err), -ENOENT);
	must(retention_apply(archive, &retention, &arena, &removed, &n, &err), &err);
	assert_int_equal(n, 1);
	retention = (struct retention){ .bytes = 1, .anyway = true };
	must(retention_apply(archive, &retention, &arena, &removed, &n, &err), &err);
	assert_int_equal(n, 2); /* all but the newest */
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.days, 1);
	/* A removal that nobody signed. */
	change(-1, "DELETE FROM journal WHERE kind='removal' AND sequence=(SELECT max(sequence) FROM journal WHERE kind='removal')");
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_not_equal(verify.n_problems, 0);
}

static void copies_are_verified_where_they_are(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct verify verify;
	struct copied_day *copied;
	size_t n;
	struct archive_options options = { .signer = &signer };
	make_days(3);
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	must(archive_open(dir, &options, &archive, &err), &err);
	for (int rsync = 0; rsync < 2; rsync++) {
		struct str path = arena_printf(&arena, "%s/copy%d", dir, rsync);
		struct copy_options copy = { .target = path.p };
		must(archive_copy(archive, &copy, &arena, &copied, &n, &err), &err);
		assert_int_equal(n, 2);
		assert_false(copied[0].before);
		must(archive_copy(archive, &copy, &arena, &copied, &n, &err), &err);
		assert_true(n == 2 && copied[0].before && copied[1].before);
		verify_dir(&arena, path.p, true, NULL, &verify);
		if (verify.n_problems)
			fail_msg("%s: %s", verify.problems[0].day, verify.problems[0].what.english);
		assert_int_equal(verify.blocks, 4);
	}
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	struct copy_options nowhere = { .target = "/proc/nowhere" };
	assert_true(archive_copy(archive, &nowhere, &arena, &copied, &n, &err) < 0);
}

/* ---- what goes wrong ---- */

/* A child keeps lines and tells how many were acknowledged; it is killed at some moment. */
static void a_kill_loses_nothing_acknowledged(void **state)
{
	(void)state;
	struct err err = { "" };
	struct archive_options options = { .block_bytes = 3000, .sync = true };
	must(archive_create(dir, &options, &err), &err);
	uint32_t seed = 7;
	int before = 0;
	for (int round = 0; round < 25; round++) {
		int ends[2], acknowledged = before;
		assert_int_equal(pipe(ends), 0);
		pid_t pid = fork();
		if (pid == 0) {
			struct archive *archive = NULL;
			if (archive_open(dir, &options, &archive, &err))
				_exit(1);
			for (int at = before;; at += 7) {
				add_lines(archive, at, at + 7);
				int now = at + 7;
				if (write(ends[1], &now, sizeof(now)) < 0)
					_exit(1);
			}
		}
		close(ends[1]);
		seed = seed * 1664525 + 1013904223;
		usleep(seed >> 8 & 0x7fff);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		for (int now; read(ends[0], &now, sizeof(now)) == sizeof(now);)
			acknowledged = now;
		close(ends[0]);
		before = count_lines(); /* checks each line */
		assert_true(before >= acknowledged);
		assert_true((before - acknowledged) % 7 == 0 && before - acknowledged <= 7);
	}
	ARENA(arena);
	struct verify verify;
	verify_dir(&arena, dir, false, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
}

static void a_full_disk_is_named_and_then_it_goes_on(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct rlimit limit, old;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	/* A small disk where we may mount one; otherwise a limit, which SQLite cannot tell from a broken disk. */
	bool small = unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	             mount("none", dir, "tmpfs", 0, "size=600k") == 0;
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	struct archive_options options = { .block_bytes = 4000, .sync = true };
	must(archive_create(dir, &options, &err), &err);
	must(archive_open(dir, &options, &archive, &err), &err);
	add_lines(archive, 0, 20);
	if (!small) {
		signal(SIGXFSZ, SIG_IGN);
		limit.rlim_cur = 200000;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	}
	int kept = 20, r = 0;
	for (int i = 0; i < 500 && r == 0; i++) {
		struct record record = record_of(arena_printf(&arena, "Failed password for user%d from 10.0.0.%d", kept, kept % 256), kept);
		must(archive_append(archive, &record, 1, &err), &err);
		r = archive_commit(archive, NULL, 0, &err);
		kept += r == 0;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	if (r != -ENOSPC && (small || r != -EIO))
		fail_msg("%d: %s", r, err.text);
	if (small)
		assert_int_equal(mount("none", dir, "tmpfs", MS_REMOUNT, "size=6m"), 0);
	assert_non_null(strstr(err.text, ".ward"));
	assert_int_equal(count_lines(), kept);
	add_lines(archive, kept, kept + 50);
	must(archive_seal(archive, &err), &err);
	assert_int_equal(count_lines(), kept + 50);
	archive_close(TAKE(archive));
	must(archive_open(dir, &options, &archive, &err), &err);
	assert_int_equal(count_lines(), kept + 50);
	if (!small)
		return;
	/* A disk that is read only. */
	archive_close(TAKE(archive));
	assert_int_equal(mount("none", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(archive_open(dir, &options, &archive, &err), -EROFS);
	assert_int_equal(count_lines(), kept + 50);
	struct verify verify;
	verify_dir(&arena, dir, false, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

/* The same with a thread that encodes: order, counts and proof are the same, and closing loses nothing. */
static void a_thread_encodes_while_records_go_on(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct verify verify;
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	struct archive_options options = { .signer = &signer, .block_bytes = 3000, .threads = 1 };
	must(archive_create(dir, &options, &err), &err);
	must(archive_open(dir, &options, &archive, &err), &err);
	for (int i = 0; i < 3000; i += 3) {
		add_lines(archive, i, i + 3);
		if (i % 900 == 0)
			assert_int_equal(count_lines(), i + 3);
		assert_null(archive_trouble(archive));
	}
	archive_close(TAKE(archive));
	assert_int_equal(count_lines(), 3000);
	must(archive_open(dir, &options, &archive, &err), &err);
	add_lines(archive, 3000, 3010);
	must(archive_seal(archive, &err), &err);
	assert_int_equal(count_lines(), 3010);
	verify_dir(&arena, dir, true, NULL, &verify);
	assert_int_equal(verify.n_problems, 0);
	assert_int_equal(verify.records, 3010);
	assert_true(verify.blocks > 10);
}

static int refuse(void *ctx, struct str statement, uint8_t signature[SIGN_MOST], struct err *err)
{
	return *(bool *)ctx ? err_set(err, -EPIPE, "the keeper is gone") : signer.sign(signer.ctx, statement, signature, err);
}

static void without_the_keeper_records_are_kept_but_not_without_end(void **state)
{
	(void)state;
	struct err err = { "" };
	bool gone = false;
	struct signer keeper = { .ctx = &gone, .sign = refuse, .key = signer.key };
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	struct archive_options options = { .signer = &keeper, .block_bytes = 1000 };
	must(archive_create(dir, &options, &err), &err);
	must(archive_open(dir, &options, &archive, &err), &err);
	gone = true;
	add_lines(archive, 0, 40);
	assert_non_null(strstr(archive_trouble(archive), "keeper is gone"));
	int kept = 40, r = 0;
	for (int i = 0; i < 500 && r == 0; i++) {
		ARENA(arena);
		struct record record = record_of(arena_printf(&arena, "Failed password for user%d from 10.0.0.%d", kept, kept % 256), kept);
		must(archive_append(archive, &record, 1, &err), &err);
		r = archive_commit(archive, NULL, 0, &err);
		kept += r == 0;
	}
	assert_int_equal(r, -EPIPE);
	assert_int_equal(count_lines(), kept);
	gone = false;
	add_lines(archive, kept, kept + 5);
	must(archive_seal(archive, &err), &err);
	assert_int_equal(count_lines(), kept + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_committed_is_there, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(verify_proves_what_is_whole, make_key, drop_key),
		cmocka_unit_test_setup_teardown(every_change_is_named, make_key, drop_key),
		cmocka_unit_test_setup_teardown(a_lost_day_and_a_cut_end_are_named, make_key, drop_key),
		cmocka_unit_test_setup_teardown(another_key_is_named, make_key, drop_key),
		cmocka_unit_test_setup_teardown(the_clock_goes_back, make_key, drop_key),
		cmocka_unit_test_setup_teardown(the_server_has_days_removed, make_key, drop_key),
		cmocka_unit_test_setup_teardown(days_are_removed_by_a_signed_record_and_held, make_key, drop_key),
		cmocka_unit_test_setup_teardown(copies_are_verified_where_they_are, make_key, drop_key),
		cmocka_unit_test_setup_teardown(a_thread_encodes_while_records_go_on, make_key, drop_key),
		cmocka_unit_test_setup_teardown(a_kill_loses_nothing_acknowledged, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(a_full_disk_is_named_and_then_it_goes_on, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(without_the_keeper_records_are_kept_but_not_without_end, make_key, drop_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
