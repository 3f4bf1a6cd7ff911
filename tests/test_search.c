/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What a search finds through filters, marks and threads is what looking at each record finds; and how little it opens.
 */
#include "search/search.h"

#include "archive/block.h"
#include "search/seek_plan.h"
#include "base/fold.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/vec.h"

enum { RECORDS = 4000 };

static char dir[64];
static struct arena memory;
static struct record records[RECORDS];

static struct str raw_of(int i)
{
	static const char *const chinese[] = { "登录失败", "登录成功", "数据导出" };
	const char *what = chinese[i % 3];
	switch (i % 5) {
	case 0:
		return arena_printf(&memory, "{\"user\":\"%s%d\",\"port\":%d,\"path\":\"C:\\\\Windows\\\\tool%d.exe\",\"message\":\"%s\"}",
		                    i % 7 ? "user" : "Admin", i % 50, i % 3000, i % 11, what);
	case 1: /* as writers that keep to ASCII do */
		return arena_printf(&memory, "{\"event\":{\"User\":\"root\"},\"src\":\"10.%d.0.7\",\"note\":\"a\\r\\n\\tSecret%d: %s\"}", i % 4,
		                    i % 100, i % 3 == 0 ? "\\u767b\\u5f55\\u5931\\u8d25" : "\\u6210\\u529f");
	case 2:
		return arena_printf(&memory, "10.0.%d.9 - alice [03/Nov/2026:08:01:02 +0800] \"GET /index%d.html?q=\\xe5\\xa4\\xb1\\xe8\\xb4\\xa5 HTTP/1.1\" %d %d \"-\" \"curl/8.%d\"",
		                    i % 256, i % 40, i % 9 ? 200 : 404, i, i % 3);
	case 3:
		return arena_printf(&memory, "plain words number%d, FAILED=%d %s%s", i, i % 2, what, i == 1733 ? " needle_xyzzy" : "");
	default:
		return arena_printf(&memory, "unreadable \xff\xfe %d", i);
	}
}

static int make_archive(void **state UNUSED)
{
	static const char *const names[] = { "json", "json", "access", "plain", "" };
	struct err err = { "" };
	snprintf(dir, sizeof(dir), "/tmp/ward-test-search-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	struct archive_options options = { .block_bytes = 5000 };
	CLEANUP(archive_close_p) struct archive *archive = NULL;
	if (archive_create(dir, &options, &err) || archive_open(dir, &options, &archive, &err))
		return -1;
	int64_t start = clock_now() * 1000000000 - RECORDS * INT64_C(1000000000);
	for (int i = 0; i < RECORDS; i++) {
		/* Mostly in order, some late, some at the same moment. */
		int64_t time = start + (i / 3 * 3) * INT64_C(1000000000) - (i % 97 == 0 ? 500 * INT64_C(1000000000) : 0);
		records[i] = (struct record){ .time = time, .arrived = start + i, .raw = raw_of(i), .parser = str_from(names[i % 5]),
			                      .host = arena_printf(&memory, "host%d", i / 500), .source = i % 2 ? STR("files") : STR("net") };
		if (archive_append(archive, &records[i], 1, &err))
			return -1;
		if (i % 25 == 24 && archive_commit(archive, NULL, 0, &err))
			return -1;
	}
	return archive_commit(archive, NULL, 0, &err);
}

static int drop_archive(void **state UNUSED)
{
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", dir, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	arena_done(&memory);
	return 0;
}

struct found {
	VEC(uint64_t) seen; /* hashes of raw texts, in the order given out */
	int64_t last;
	bool oldest_first, disordered;
};

static int note_found(void *ctx, const struct record *record)
{
	struct found *found = ctx;
	if (found->seen.n)
		found->disordered |= found->oldest_first ? record->time < found->last : record->time > found->last;
	found->last = record->time;
	vec_push(&found->seen, str_hash(record->raw));
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void parse(struct arena *arena, const char *text, struct seek *seek)
{
	struct err err = { "" };
	if (seek_parse(arena, str_from(text), clock_now() * 1000000000, seek, &err) < 0)
		fail_msg("%s", err.text);
}

static struct search_counts run(struct search_options options, const struct seek *seek, struct found *found)
{
	struct search_counts counts;
	struct err err = { "" };
	options.seek = seek;
	if (!options.until) {
		options.since = INT64_MIN;
		options.until = INT64_MAX;
	}
	found->oldest_first = options.oldest_first;
	if (search_ordered(dir, &options, note_found, found, &counts, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(counts.damaged, 0);
	assert_false(found->disordered);
	return counts;
}

static void agrees(const char *text, int expected)
{
	ARENA(arena);
	struct seek seek;
	CLEANUP(seeker_free_p) struct seeker *seeker = NULL;
	struct err err = { "" };
	struct found truth = { 0 };
	parse(&arena, text, &seek);
	assert_int_equal(seeker_new(&seek, &seeker, &err), 0);
	for (int i = 0; i < RECORDS; i++)
		if (seeker_meets(seeker, &records[i]))
			vec_push(&truth.seen, str_hash(records[i].raw));
	if (expected >= 0 && truth.seen.n != (size_t)expected)
		fail_msg("%s: %zu records, not %d", text, truth.seen.n, expected);
	if (truth.seen.n)
		qsort(truth.seen.p, truth.seen.n, sizeof(uint64_t), by_value);
	for (int how = 0; how < 4; how++) {
		struct found found = { 0 };
		struct search_counts counts =
			run((struct search_options){ .oldest_first = how & 1, .threads = how & 2 ? 3 : 1 }, &seek, &found);
		if (found.seen.n != truth.seen.n)
			fail_msg("%s: %zu found, not %zu", text, found.seen.n, truth.seen.n);
		assert_int_equal(counts.found, truth.seen.n);
		if (found.seen.n)
			qsort(found.seen.p, found.seen.n, sizeof(uint64_t), by_value);
		for (size_t i = 0; i < truth.seen.n; i++)
			assert_true(found.seen.p[i] == truth.seen.p[i]);
		vec_done(&found.seen);
	}
	vec_done(&truth.seen);
}

static void searches_find_what_is_there(void **state UNUSED)
{
	agrees("", RECORDS);
	agrees("needle_xyzzy", 1);
	agrees("needle_xyz", 0);
	agrees("needle*", 1);
	agrees("*xyzzy", 1);
	agrees("FaIlEd", RECORDS / 5);
	agrees("user:root", RECORDS / 5);
	agrees("USER:Root src:10.1.0.0/16", -1);
	agrees("user:admin*", -1);
	agrees("user:(admin0 OR user1)", -1);
	agrees("登录失败", -1);
	agrees("失败", -1);
	agrees("失败 parser:json", -1);
	agrees("失败 parser:access", RECORDS / 5);
	agrees("失败 NOT parser:access", -1);
	agrees("path:\"C:\\Windows\\tool3.exe\"", -1);
	agrees("\"C:\\Windows\\tool3.exe\"", -1);
	agrees("Secret17", -1);
	agrees("secret1?", -1);
	agrees("port:>2500", -1);
	agrees("port:[10 TO 20]", -1);
	agrees("sc-status:404 cs-method:get", -1);
	agrees("/tool[12]\\.exe/", -1);
	agrees("/TOOL[12]\\.EXE/i", -1);
	agrees("/TOOL[12]\\.EXE/", 0);
	agrees("/t?ool(x|3)/", -1);
	agrees("/Secrets?1[0-9]{1,2}:/", -1);
	agrees("/number(1|2)[]x0-9]+, fail/i", -1);
	agrees("/nothing|needle_xyzzy/", 1);
	agrees("/needle\\x5fxyzzy/", 1);
	agrees("/(?x) needle _xyzzy/", 1);
	agrees("/needle*_xyzzy{1}/", 1);
	agrees("/\\Qneedle_x\\Eyzzy/", 1);
	agrees("/needle[[:punct:]]x/", 1);
	agrees("/失败.*needle/", -1);
	agrees("user:/^ro+t$/", RECORDS / 5);
	agrees("note:/失败/", -1);
	agrees("host:host3 source:files", 250);
	agrees("host:host? NOT host:host3", RECORDS - 500);
	agrees("NOT (host:host3 OR 失败)", -1);
	agrees("NOT user:*", -1);
	agrees("(needle_xyzzy OR Secret17) NOT host:host0", -1);
	agrees("\"\xef\xbf\xbd\"", 0);
	agrees("unreadable", RECORDS / 5);
	agrees("time:<now-30m time:>now-40m", -1);
}

static void limits_give_the_first(void **state UNUSED)
{
	ARENA(arena);
	struct seek seek;
	parse(&arena, "失败", &seek);
	for (int oldest = 0; oldest < 2; oldest++) {
		struct found all = { 0 };
		run((struct search_options){ .oldest_first = oldest, .threads = 1 }, &seek, &all);
		static const size_t limits[] = { 1, 7, 100, 500 };
		for (size_t i = 0; i < COUNT(limits); i++) {
			struct found some = { 0 };
			struct search_counts counts =
				run((struct search_options){ .oldest_first = oldest, .limit = limits[i], .threads = 2 }, &seek, &some);
			assert_true(counts.cut);
			assert_int_equal(some.seen.n, limits[i]);
			for (size_t j = 0; j < limits[i]; j++)
				assert_true(some.seen.p[j] == all.seen.p[j]);
			if (limits[i] == 1)
				assert_in_range(counts.opened, 1, counts.blocks / 2);
			vec_done(&some.seen);
		}
		struct found rest = { 0 };
		assert_false(run((struct search_options){ .oldest_first = oldest, .limit = all.seen.n }, &seek, &rest).cut);
		vec_done(&rest.seen);
		vec_done(&all.seen);
	}
}

static uint64_t opened(const char *text, int64_t since, int64_t until)
{
	ARENA(arena);
	struct seek seek;
	struct found found = { 0 };
	parse(&arena, text, &seek);
	struct search_counts counts = run((struct search_options){ .since = since, .until = until }, &seek, &found);
	vec_done(&found.seen);
	assert_int_equal(counts.done, counts.blocks);
	return counts.opened;
}

static void little_is_opened(void **state UNUSED)
{
	uint64_t all = opened("", INT64_MIN, INT64_MAX);
	assert_in_range(all, 30, 300);
	/* One sealed block, the open records, and where a filter is wrong once in a hundred. */
	assert_in_range(opened("needle_xyzzy", INT64_MIN, INT64_MAX), 1, 6);
	assert_in_range(opened("x:needle_xyzzy", INT64_MIN, INT64_MAX), 1, 6);
	assert_in_range(opened("/a? needle_xyzzy$/", INT64_MIN, INT64_MAX), 1, all);
	assert_in_range(opened("/s needle_xyzzy x/", INT64_MIN, INT64_MAX), 0, 6);
	assert_in_range(opened("host:host3", INT64_MIN, INT64_MAX), 2, all / 4);
	assert_in_range(opened("NOT needle_xyzzy", INT64_MIN, INT64_MAX), all, all);
	assert_in_range(opened("", records[1000].time, records[1010].time), 1, 12);
}

static void *begin_count(void *ctx UNUSED)
{
	return mem_alloc(sizeof(uint64_t));
}

static int count_one(void *work, struct seeker *seeker UNUSED, const struct record *record)
{
	assert_null(record->raw.p); /* nothing was put together */
	++*(uint64_t *)work;
	return 0;
}

static void end_count(void *ctx, void *work)
{
	*(uint64_t *)ctx += *(uint64_t *)work;
	free(work);
}

static void counting_by_heads_puts_nothing_together(void **state UNUSED)
{
	ARENA(arena);
	struct seek seek;
	struct err err = { "" };
	struct search_counts counts;
	uint64_t n = 0;
	parse(&arena, "host:host3 NOT source:net", &seek);
	const struct search_options options = { .seek = &seek, .since = INT64_MIN, .until = INT64_MAX, .heads = true, .threads = 2 };
	const struct search_worker worker = { begin_count, count_one, end_count };
	assert_int_equal(search_records(dir, &options, &worker, &n, &counts, &err), 0);
	assert_int_equal(n, 250);
	assert_int_equal(counts.candidates, 0);
}

static void what_cannot_be_read_is_said(void **state UNUSED)
{
	ARENA(arena);
	struct seek seek;
	struct search_counts counts;
	struct found found = { 0 };
	struct err err = { "" };
	parse(&arena, "", &seek);
	const struct search_options options = { .seek = &seek, .since = INT64_MIN, .until = INT64_MAX };
	assert_int_equal(search_ordered("/nonexistent", &options, note_found, &found, &counts, &err), -ENOENT);
	/* One block's bytes are another's half. */
	BUF(glob);
	buf_printf(&glob, "for f in %s/20*.ward; do sqlite3 \"$f\" \"UPDATE block_data SET data=substr(data,1,200) WHERE number=2\" 2>&1; done", dir);
	pid_t pid = fork();
	if (pid == 0) {
		execlp("sh", "sh", "-c", buf_cstr(&glob), NULL);
		_exit(127);
	}
	int status;
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status))
		skip();
	assert_int_equal(search_ordered(dir, &options, note_found, &found, &counts, &err), 0);
	assert_in_range(counts.damaged, 1, 2);
	assert_non_null(strstr(counts.first_damage.text, "block 2 of "));
	assert_in_range(found.seen.n, RECORDS / 2, RECORDS - 10);
	vec_done(&found.seen);
}

/* A record whose field has a value is never ruled out by a search for that value: what parsers say of themselves
 * (`verbatim`, `derived`) is true of the texts that their fuzzers know. */
static size_t check_record(const struct parser *parser, struct str raw)
{
	ARENA(arena);
	BUF(block_bytes);
	BUF(filter_bytes);
	struct err err = { "" };
	struct token_filter filter;
	struct seek none;
	CLEANUP(seeker_free_p) struct seeker *seeker = NULL;
	CLEANUP(block_close_p) struct block *block = NULL;
	struct record record = { .raw = raw, .parser = str_from(parser->name), .host = STR("h"), .source = STR("s") };
	struct block_writer *writer = block_writer_new(1);
	block_writer_add(writer, &record);
	block_writer_finish(writer, &block_bytes, &filter_bytes);
	block_writer_free(writer);
	assert_int_equal(block_open(buf_str(&block_bytes), &block, &err), 0);
	token_filter_open(buf_str(&filter_bytes), &filter);
	parse(&arena, "", &none);
	assert_int_equal(seeker_new(&none, &seeker, &err), 0);
	const struct event *event = seeker_event(seeker, &record);
	for (uint32_t i = 0; i < event->n; i++) {
		struct seek_marks marks;
		struct str value = arena_str(&arena, fold_text(&arena, seeker_text(seeker, &event->fields[i])));
		struct str name = names_text(seeker_names(seeker), event->fields[i].name);
		struct seek_piece piece = { .folded = value };
		struct seek_term term = { .where = SEEK_FIELD, .how = SEEK_TEXT, .field = name, .text = value, .pieces = &piece, .n_pieces = 1 };
		struct seek_node node = { .kind = SEEK_TERM, .term = &term };
		struct seek seek = { .root = &node, .fields = { &name, 1 } };
		const struct seek_plan *plan = seek_plan_new(&arena, &seek);
		if (!seek_plan_may_hold(plan, &filter))
			fail_msg("%s: the filter rules out %.*s:'%.*s' of %.*s", parser->name, STR_ARG(name), STR_ARG(value), STR_ARG(raw));
		assert_int_equal(seek_plan_mark(plan, &arena, block, true, INT64_MIN, INT64_MAX, &marks, &err), 0);
		if (!(marks.maybe[0] & 1))
			fail_msg("%s: the marks rule out %.*s:'%.*s' of %.*s", parser->name, STR_ARG(name), STR_ARG(value), STR_ARG(raw));
	}
	return event->n;
}

static void what_parsers_say_of_themselves_is_true(void **state UNUSED)
{
	size_t fields = 0;
	for (size_t i = 0; parsers[i]; i++) {
		for (int number = 0; number < 60; number++) {
			ARENA(arena);
			BUF(text);
			FILE *file = fopen(arena_printf(&arena, WARD_SOURCE "/fuzz/corpus/%s/%02d", parsers[i]->name, number).p, "r");
			if (!file || !parsers[i]->verbatim) {
				if (file)
					fclose(file);
				continue;
			}
			text.n = fread(buf_reserve(&text, 65536), 1, 65536, file);
			fclose(file);
			struct str line, rest = buf_str(&text);
			fields += check_record(parsers[i], buf_str(&text));
			while (str_line(&rest, &line))
				if (line.n)
					fields += check_record(parsers[i], line);
		}
	}
	assert_in_range(fields, 200, 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searches_find_what_is_there),
		cmocka_unit_test(limits_give_the_first),
		cmocka_unit_test(little_is_opened),
		cmocka_unit_test(counting_by_heads_puts_nothing_together),
		cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(what_parsers_say_of_themselves_is_true),
	};
	return cmocka_run_group_tests(tests, make_archive, drop_archive);
}
