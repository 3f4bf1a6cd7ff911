/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * On SQLite and on PostgreSQL (records_place.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/db_words.h"
#include "record/journal.h"
#include "records_place.h"

static const struct migration thing_table[] = {
	{ 900, "thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, amount INTEGER, part REAL, bytes BLOB);"
	                "CREATE INDEX thing_amount ON thing (amount)" },
	{ 0 },
};

static struct records *open_records(void)
{
	struct records_options options = { .where = place };
	struct records *records = NULL;
	struct err err = { "" };
	int r = records_open(&options, &records, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	assert_int_equal(records_migrate(records, thing_table, &err), 0);
	return records;
}

static struct actor me = { .id = 7, .name = { "Lan", 3 } };

struct job {
	const char *name;
	int64_t amount, id, seq;
	int answer; /* what the work returns after its writing */
};

static int put_thing(void *ctx, struct write *write, struct err *err)
{
	struct job *job = ctx;
	DB_QUERY(q);
	int r = db_query(&q, write->db, "INSERT INTO thing (name, amount) VALUES (?, ?) RETURNING id", err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(job->name));
	db_bind_int(&q, job->amount);
	r = db_step(&q, err);
	if (r < 0)
		return r;
	job->id = db_int(&q, 0);
	struct change change = { .kind = STR("thing"), .object = job->id, .action = STR("create"), .after = STR("{\"name\":1}") };
	r = write_journal(write, &change, &job->seq, err);
	return r < 0 ? r : job->answer;
}

static int do_thing(struct records *records, struct job *job, struct err *err)
{
	return records_do(records, &me, put_thing, job, err);
}

static int64_t count(struct records *records, const char *sql)
{
	struct db *db = NULL;
	int64_t n = -1;
	assert_int_equal(records_read(records, &db, NULL), 0);
	assert_int_equal(db_one_int(db, sql, -1, &n, NULL), 0);
	records_read_end(records, db);
	return n;
}

/* ---- works ---- */

static void what_was_written_is_read_and_found_again(void **state)
{
	(void)state;
	struct records *records = open_records();
	struct job a = { .name = "a", .amount = 1 }, b = { .name = "b", .amount = NONE };
	assert_int_equal(do_thing(records, &a, NULL), 0);
	assert_int_equal(do_thing(records, &b, NULL), 0);
	assert_int_equal(b.seq, a.seq + 1);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 2);
	assert_int_equal(count(records, "SELECT count(*) FROM thing WHERE amount IS NULL"), 1);
	records_close(records);
	records = open_records();
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 2);
	struct job c = { .name = "c" };
	assert_int_equal(do_thing(records, &c, NULL), 0);
	assert_int_equal(c.seq, b.seq + 1);
	assert_true(c.id > b.id);
	records_close(records);
}

static void a_work_that_fails_leaves_nothing(void **state)
{
	(void)state;
	struct records *records = open_records();
	struct err err = { "" };
	struct job good = { .name = "a" }, bad = { .name = "b", .answer = -EPERM }, same = { .name = "a" }, after = { .name = "c" };
	assert_int_equal(do_thing(records, &good, NULL), 0);
	assert_int_equal(do_thing(records, &bad, NULL), -EPERM);
	assert_true(bad.seq == good.seq + 1); /* it was in the journal, and is no more */
	assert_int_equal(do_thing(records, &same, &err), -EEXIST);
	assert_true(err.text[0]);
	assert_int_equal(do_thing(records, &after, NULL), 0);
	assert_int_equal(after.seq, good.seq + 1);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 2);
	assert_int_equal(count(records, "SELECT count(*) FROM ward_journal"), after.seq);
	records_close(records);
}

/* One that fails within one that does not, whichever the error. */
static int try_again(void *ctx, struct write *write, struct err *err)
{
	(void)ctx;
	struct job outer = { .name = "outer" }, same = { .name = "outer" }, inner = { .name = "inner" };
	int r = put_thing(&outer, write, err);
	if (r == 0 && write_try(write, put_thing, &same, err) != -EEXIST)
		return -EIO;
	if (r == 0)
		r = write_try(write, put_thing, &inner, err);
	return r == 0 && inner.seq != outer.seq + 1 ? -EIO : r;
}

static int never_recovers(void *ctx, struct write *write, struct err *err)
{
	(void)ctx;
	return db_run(write->db, "INSERT INTO thing (name) VALUES ('inner')", err) == -EEXIST ? 0 : -EIO;
}

static void a_work_tries_what_may_fail(void **state)
{
	(void)state;
	struct records *records = open_records();
	struct err err = { "" };
	assert_int_equal(records_do(records, &me, try_again, NULL, &err), 0);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 2);
	assert_int_equal(count(records, "SELECT count(*) FROM ward_journal"), 2);
	/* Without it: nothing worse than that the work fails. */
	int r = records_do(records, &me, never_recovers, NULL, &err);
	assert_true(postgresql() ? r < 0 : r == 0);
	assert_int_equal(records_do(records, &me, put_thing, &(struct job){ .name = "after" }, NULL), 0);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 3);
	records_close(records);
}

static void the_journals_time_does_not_go_back(void **state)
{
	(void)state;
	struct records *records = open_records();
	struct job job = { .name = "a" };
	assert_int_equal(do_thing(records, &job, NULL), 0);
	records_close(records);
	CLEANUP(db_close_p) struct db *db = NULL;
	assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
	assert_int_equal(db_run(db, "UPDATE ward_journal SET time = 4102444800000000000", NULL), 0);
	records = open_records();
	for (int i = 0; i < 3; i++)
		assert_int_equal(records_do(records, &me, put_thing, &(struct job){ .amount = i }, NULL), 0);
	assert_int_equal(count(records, "SELECT count(*) FROM ward_journal WHERE time = 4102444800000000000"), 5);
	assert_int_equal(count(records, "SELECT seq FROM ward_journal WHERE kind = 'clock' AND action = 'behind' AND actor = 0"), 2);
	assert_int_equal(count(records, "SELECT count(*) FROM ward_journal WHERE kind = 'clock'"), 1);
	records_close(records);
}

struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t turn;
	bool open, reached;
	int worked, worked_at_first_done, ended, bad;
};

static int wait_at_gate(void *ctx, struct write *write, struct err *err)
{
	(void)write, (void)err;
	struct gate *gate = ctx;
	pthread_mutex_lock(&gate->mutex);
	gate->reached = true;
	pthread_cond_broadcast(&gate->turn);
	while (!gate->open)
		pthread_cond_wait(&gate->turn, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
	return 0;
}

static int count_work(void *ctx, struct write *write, struct err *err)
{
	struct gate *gate = ctx;
	struct job job = { .name = NULL, .amount = gate->worked };
	int r = put_thing(&job, write, err);
	gate->worked++;
	return r == 0 && gate->worked % 10 == 0 ? -ECANCELED : r;
}

static void nothing_done(void *ctx, int result, const struct err *err)
{
	(void)ctx, (void)result, (void)err;
}

static void count_done(void *ctx, int result, const struct err *err)
{
	(void)err;
	struct gate *gate = ctx;
	pthread_mutex_lock(&gate->mutex);
	if (!gate->ended++)
		gate->worked_at_first_done = gate->worked;
	gate->bad += result < 0;
	pthread_cond_broadcast(&gate->turn);
	pthread_mutex_unlock(&gate->mutex);
}

static void open_gate(struct gate *gate, int until)
{
	pthread_mutex_lock(&gate->mutex);
	gate->open = true;
	pthread_cond_broadcast(&gate->turn);
	while (gate->ended < until)
		pthread_cond_wait(&gate->turn, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
}

static void works_that_came_together_share_one_commit(void **state)
{
	(void)state;
	struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .open = false };
	struct records *records = open_records();
	records_write(records, &me, wait_at_gate, nothing_done, &gate);
	pthread_mutex_lock(&gate.mutex);
	while (!gate.reached)
		pthread_cond_wait(&gate.turn, &gate.mutex);
	pthread_mutex_unlock(&gate.mutex);
	for (int i = 0; i < 100; i++)
		records_write(records, &me, count_work, count_done, &gate);
	open_gate(&gate, 100);
	assert_int_equal(gate.worked_at_first_done, 100);
	assert_int_equal(gate.bad, 10);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 90);
	assert_int_equal(count(records, "SELECT max(seq) - min(seq) + 1 FROM ward_journal WHERE kind = 'thing'"), 90);
	records_close(records);
}

/* Another connection finds it at the moment that `done` is called. */
static void done_finds(void *ctx, int result, const struct err *err)
{
	(void)err;
	struct gate *gate = ctx;
	CLEANUP(db_close_p) struct db *db = NULL;
	int64_t n = 0;
	if (result < 0 || db_open(place, DB_READ, &db, NULL) < 0 ||
	    db_one_int(db, "SELECT count(*) FROM thing WHERE amount = 0", 0, &n, NULL) < 0 || n != 1)
		result = -EIO;
	count_done(gate, result, NULL);
}

static void done_comes_after_the_commit(void **state)
{
	(void)state;
	struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .open = true };
	struct records *records = open_records();
	records_write(records, &me, count_work, done_finds, &gate);
	open_gate(&gate, 1);
	assert_int_equal(gate.bad, 0);
	records_close(records);
}

static void closing_does_what_was_handed_over(void **state)
{
	(void)state;
	struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .open = true };
	struct records *records = open_records();
	for (int i = 0; i < 2000; i++)
		records_write(records, &me, count_work, count_done, &gate);
	records_close(records);
	assert_int_equal(gate.ended, 2000);
	records = open_records();
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 1800);
	records_close(records);
}

struct seen {
	int64_t last;
	int n, wrong;
};

static void see(void *ctx, int64_t seq, const struct change *change)
{
	struct seen *seen = ctx;
	seen->wrong += seen->last && seq != seen->last + 1;
	seen->wrong += !str_is(change->kind, "thing") || !str_is(change->action, "create") || !change->object;
	seen->last = seq;
	seen->n++;
}

static void the_watch_sees_what_is_durable_in_order(void **state)
{
	(void)state;
	struct seen seen = { 0 };
	struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .open = true };
	struct records *records = open_records();
	records_on_change(records, see, &seen);
	for (int i = 0; i < 300; i++)
		records_write(records, &me, count_work, count_done, &gate);
	open_gate(&gate, 300);
	records_close(records);
	assert_int_equal(seen.n, 270);
	assert_int_equal(seen.wrong, 0);
}

/* ---- reading ---- */

static void a_reader_sees_one_moment(void **state)
{
	(void)state;
	struct records *records = open_records();
	struct db *db = NULL;
	int64_t n = -1;
	struct job a = { .name = "a" }, b = { .name = "b" };
	assert_int_equal(do_thing(records, &a, NULL), 0);
	assert_int_equal(records_read(records, &db, NULL), 0);
	assert_int_equal(db_one_int(db, "SELECT count(*) FROM thing", -1, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(do_thing(records, &b, NULL), 0);
	assert_int_equal(db_one_int(db, "SELECT count(*) FROM thing", -1, &n, NULL), 0);
	assert_int_equal(n, 1);
	records_read_end(records, db);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 2);
	records_close(records);
}

static void a_reader_cannot_write(void **state)
{
	(void)state;
	struct records *records = open_records();
	struct db *db = NULL;
	struct err err = { "" };
	assert_int_equal(records_read(records, &db, NULL), 0);
	assert_int_equal(db_run(db, "INSERT INTO thing (name) VALUES ('x')", &err), -EROFS);
	assert_true(err.text[0]);
	records_read_end(records, db);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 0);
	records_close(records);
	struct records_options options = { .where = place, .read_only = true };
	struct job job = { .name = "a" };
	assert_int_equal(records_open(&options, &records, NULL), 0);
	assert_int_equal(do_thing(records, &job, &err), -EROFS);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 0);
	records_close(records);
}

/* ---- values and statements ---- */

static void values_come_back_as_they_went_in(void **state)
{
	(void)state;
	static const int64_t ints[] = { 0, -1, INT64_MAX, INT64_MIN + 1, 4294967296 };
	static const double reals[] = { 0.1, -1e300, 5, 2.2250738585072014e-308, 1.0 / 3 };
	static const struct str texts[] = { { "it's \"?\" $1 \\ ?", 15 }, { "", 0 }, { "\xe5\x8f\xb0\xe8\xb4\xa6 s\xe1\xbb\x95", 11 }, { "\n\t", 2 }, { "x", 1 } };
	static const struct str blobs[] = { { "\0\1\2\xff\\x", 6 }, { "", 0 }, { "\\x41", 4 }, { "\0", 1 }, { "'", 1 } };
	struct records *records = open_records();
	CLEANUP(db_close_p) struct db *db = NULL;
	assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
	for (size_t i = 0; i < COUNT(ints); i++) {
		DB_QUERY(q);
		DB_QUERY(back);
		assert_int_equal(db_query(&q, db, "INSERT INTO thing (id, name, amount, part, bytes) VALUES (?, ?, ?, ?, ?)", NULL), 0);
		db_bind_int(&q, (int64_t)i + 1);
		db_bind_text(&q, texts[i]);
		db_bind_int(&q, ints[i]);
		db_bind_real(&q, reals[i]);
		db_bind_blob(&q, blobs[i]);
		assert_int_equal(db_do(&q, NULL), 0);
		assert_int_equal(db_changes(db), 1);
		assert_int_equal(db_query(&back, db, "SELECT amount, part, name, bytes, NULL FROM thing WHERE id = ? AND name = ? AND amount = ? -- '?", NULL), 0);
		db_bind_int(&back, (int64_t)i + 1);
		db_bind_text(&back, texts[i]);
		db_bind_cell(&back, cell_int(ints[i]));
		assert_int_equal(db_step(&back, NULL), 1);
		assert_int_equal(db_width(&back), 5);
		assert_string_equal(db_name(&back, 1), "part");
		assert_true(db_cell(&back, 0).p == cell_int_tag && db_int(&back, 0) == ints[i]);
		double real = db_cell(&back, 1).r;
		assert_true(db_cell(&back, 1).p == cell_real_tag && memcmp(&real, &reals[i], sizeof(real)) == 0);
		assert_true(cell_is_text(db_cell(&back, 2)) && str_eq(db_text(&back, 2), texts[i]));
		assert_true(str_eq(db_text(&back, 3), blobs[i]));
		assert_true(!db_cell(&back, 4).p && !db_text(&back, 4).p && db_int(&back, 4) == NONE && db_int_or(&back, 4, 3) == 3);
		assert_int_equal(db_step(&back, NULL), 0);
	}
	DB_QUERY(sum);
	assert_int_equal(db_query(&sum, db, "SELECT '?', count(*), sum(id), CAST('5000000000' AS INTEGER) FROM thing WHERE part > ? LIMIT ?", NULL), 0);
	db_bind_real(&sum, -2e300);
	db_bind_int(&sum, 5);
	assert_int_equal(db_step(&sum, NULL), 1);
	assert_true(str_is(db_text(&sum, 0), "?"));
	assert_int_equal(db_int(&sum, 1), 5);
	assert_int_equal(db_int(&sum, 2), 15);
	assert_true(db_int(&sum, 3) == 5000000000);
	db_query_done(&sum);
	DB_QUERY(null);
	assert_int_equal(db_query(&null, db, "INSERT INTO thing (id, name, amount, bytes) VALUES (100, ?, ?, ?) RETURNING id, name, amount, bytes", NULL), 0);
	db_bind_text(&null, STR_NONE);
	db_bind_int(&null, NONE);
	db_bind_blob(&null, STR_NONE);
	assert_int_equal(db_step(&null, NULL), 1);
	for (size_t i = 1; i < 4; i++)
		assert_true(!db_cell(&null, i).p);
	db_query_done(&null);
	records_close(records);
}

static void many_statements_and_one_within_itself(void **state)
{
	(void)state;
	struct records *records = open_records();
	struct db *db = NULL;
	ARENA(arena);
	assert_int_equal(records_read(records, &db, NULL), 0);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 300; i++) {
			int64_t out;
			assert_int_equal(db_one_int(db, arena_printf(&arena, "SELECT %d", i).p, -1, &out, NULL), 0);
			assert_int_equal(out, i);
		}
	struct db_query many[200] = { 0 };
	for (int i = 0; i < 200; i++) {
		assert_int_equal(db_query(&many[i], db, "SELECT CAST(? AS INTEGER)", NULL), 0);
		db_bind_int(&many[i], i);
		assert_int_equal(db_step(&many[i], NULL), 1);
	}
	for (int i = 0; i < 200; i++) {
		assert_int_equal(db_int(&many[i], 0), i);
		db_query_done(&many[i]);
	}
	DB_QUERY(again);
	assert_int_equal(db_query(&again, db, "SELECT CAST(? AS INTEGER)", NULL), 0);
	for (int i = 0; i < 3; i++) {
		db_bind_int(&again, i);
		assert_int_equal(db_step(&again, NULL), 1);
		assert_int_equal(db_int(&again, 0), i);
		assert_int_equal(db_do(&again, NULL), 0);
	}
	db_query_done(&again);
	records_read_end(records, db);
	records_close(records);
}

static void errors_are_errnos_with_words(void **state)
{
	(void)state;
	struct records *records = open_records();
	CLEANUP(db_close_p) struct db *db = NULL;
	struct err err = { "" };
	assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
	assert_int_equal(db_run(db, "INSERT INTO thing (id, name) VALUES (1, 'a')", NULL), 0);
	assert_int_equal(db_run(db, "INSERT INTO thing (id) VALUES (1)", &err), -EEXIST);
	assert_int_equal(db_run(db, "INSERT INTO thing (name) VALUES ('a')", &err), -EEXIST);
	assert_int_equal(db_run(db, "INSERT INTO ward_setting (name, value) VALUES ('a', NULL)", &err), -EINVAL);
	assert_int_equal(db_run(db, "SELECT name FROM nowhere", &err), -EINVAL);
	assert_non_null(strstr(err.text, "nowhere"));
	DB_QUERY(q);
	assert_int_equal(db_query(&q, db, "SELEC 1", &err), -EINVAL);
	/* And it goes on after each of them. */
	assert_int_equal(db_run(db, "INSERT INTO thing (name) VALUES ('b'); INSERT INTO thing (name) VALUES ('c;--')", &err), 0);
	assert_int_equal(count(records, "SELECT count(*) FROM thing"), 3);
	records_close(records);
}

/* ---- who may open it ---- */

static void a_second_server_is_refused_or_shares_the_journal(void **state)
{
	(void)state;
	struct records *first = open_records(), *second = NULL;
	struct records_options options = { .where = place };
	struct err err = { "" };
	if (!postgresql()) {
		assert_int_equal(records_open(&options, &second, &err), -EBUSY);
		assert_non_null(strstr(err.text, "another ward is working on 'records.db'"));
		records_close(first);
		return;
	}
	second = open_records();
	for (int i = 0; i < 20; i++) {
		struct job job = { .amount = i };
		assert_int_equal(do_thing(i % 2 ? first : second, &job, NULL), 0);
		assert_int_equal(job.seq, i + 1);
	}
	records_close(second);
	records_close(first);
}

static void a_database_of_a_newer_ward_is_refused(void **state)
{
	(void)state;
	static const struct migration newer[] = { { 900, "thing", "" }, { 901, "more", "CREATE TABLE more (id INTEGER PRIMARY KEY)" }, { 0 } };
	static const struct migration other[] = { { 900, "another", "" }, { 0 } };
	struct records *records = open_records();
	struct err err = { "" };
	assert_int_equal(records_migrate(records, newer, NULL), 0);
	assert_int_equal(records_migrate(records, newer, NULL), 0);
	assert_int_equal(records_migrate(records, thing_table, &err), -EPROTO);
	assert_non_null(strstr(err.text, "newer"));
	assert_int_equal(records_migrate(records, other, &err), -EPROTO);
	records_close(records);
	CLEANUP(db_close_p) struct db *db = NULL;
	assert_int_equal(db_open(place, DB_WRITE, &db, NULL), 0);
	assert_int_equal(db_run(db, "INSERT INTO ward_migration (number, name, time) VALUES (99, 'of tomorrow', 0)", NULL), 0);
	struct records_options options = { .where = place };
	err.text[0] = 0;
	assert_int_equal(records_open(&options, &records, &err), -EPROTO);
	assert_non_null(strstr(err.text, "newer"));
	options.read_only = true;
	assert_int_equal(records_open(&options, &records, &err), -EPROTO);
}

static void a_migration_that_fails_leaves_nothing(void **state)
{
	(void)state;
	static const struct migration bad[] = { { 910, "half", "CREATE TABLE half (id INTEGER PRIMARY KEY); CREATE TABLE thing (id INTEGER PRIMARY KEY)" }, { 0 } };
	static const struct migration good[] = { { 910, "half", "CREATE TABLE half (id INTEGER PRIMARY KEY)" }, { 0 } };
	struct records *records = open_records();
	struct err err = { "" };
	assert_true(records_migrate(records, bad, &err) < 0);
	assert_non_null(strstr(err.text, "migration 910 (half)"));
	assert_int_equal(records_migrate(records, good, &err), 0);
	records_close(records);
}

static void a_file_that_is_none_is_refused(void **state)
{
	(void)state;
	if (postgresql())
		skip();
	struct records *records = NULL;
	struct records_options options = { .where = place };
	struct err err = { "" };
	FILE *file = fopen("records.db", "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	assert_int_equal(records_open(&options, &records, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "records.db"));
	options.where = STR("none/records.db");
	assert_int_equal(records_open(&options, &records, &err), -ENOENT);
	options.where = STR("nothing.db");
	options.read_only = true;
	assert_int_equal(records_open(&options, &records, &err), -ENOENT);
}

static void sql_is_said_in_postgresqls_words(void **state)
{
	(void)state;
	static const struct {
		const char *sql, *words;
		size_t parameters;
	} said[] = {
		{ "SELECT a, '?''x' FROM t WHERE b = ? AND \"c?\" = ? -- ?", "SELECT a, '?''x' FROM t WHERE b = $1 AND \"c?\" = $2 -- ?", 2 },
		{ "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, a TEXT DEFAULT 'TEXT', b REAL, c BLOB)",
		  "CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n bigint, a text COLLATE \"C\" DEFAULT 'TEXT', b double precision, c bytea)", 0 },
		{ "ALTER TABLE t ADD COLUMN d TEXT", "ALTER TABLE t ADD COLUMN d text COLLATE \"C\"", 0 },
		{ "SELECT CAST(x AS TEXT), CAST(? AS INTEGER), text, integer FROM t", "SELECT CAST(x AS text), CAST($1 AS bigint), text, integer FROM t", 1 },
		{ "BEGIN IMMEDIATE", "BEGIN ", 0 },
		{ "SELECT /* ? INTEGER */ 1", "SELECT /* ? INTEGER */ 1", 0 },
	};
	for (size_t i = 0; i < COUNT(said); i++) {
		BUF(out);
		assert_int_equal(db_words_postgresql(str_from(said[i].sql), &out), said[i].parameters);
		assert_string_equal(buf_cstr(&out), said[i].words);
	}
	struct str rest = STR("; SELECT ';' ;; /* ; */ INSERT INTO t VALUES (1) ; -- ;"), one;
	assert_true(db_words_next(&rest, &one) && str_is(str_trim(one), "SELECT ';'"));
	assert_true(db_words_next(&rest, &one) && str_ends(str_trim(one), "VALUES (1)"));
	assert_false(db_words_next(&rest, &one));
	assert_true(str_is(db_words_index(STR("CREATE UNIQUE INDEX a ON t (b)")), "a"));
	assert_true(str_is(db_words_index(STR("CREATE INDEX IF NOT EXISTS a ON t (b)")), "a"));
	assert_false(db_words_index(STR("CREATE TABLE a (b TEXT)")).p);
}

static void nobody_else_reads_them(void **state)
{
	(void)state;
	if (postgresql())
		skip();
	static const char *const files[] = { "records.db", "records.db-wal", "records.db-shm", "records.db.lock" };
	mode_t before = umask(0);
	struct records *records = open_records();
	for (size_t i = 0; i < COUNT(files); i++) {
		struct stat st;
		assert_int_equal(stat(files[i], &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	records_close(records);
	umask(before);
}

/* What the database holds by itself, without its WAL. */
static int things_in_the_file(void)
{
	sqlite3 *db;
	sqlite3_stmt *statement = NULL;
	int n = -1;
	assert_int_equal(sqlite3_open_v2("file:records.db?immutable=1", &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM thing", -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		n = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return n;
}

static void the_log_is_copied_while_others_write(void **state)
{
	(void)state;
	if (postgresql())
		skip();
	struct records *records = open_records();
	struct job job = { .name = "copied" };
	struct err err = { "" };
	assert_int_equal(do_thing(records, &job, &err), 0);
	for (int i = 0; i < 600 && things_in_the_file() != 1; i++)
		usleep(50000);
	assert_int_equal(things_in_the_file(), 1);
	records_close(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_TEST(what_was_written_is_read_and_found_again),
		EACH_TEST(a_work_that_fails_leaves_nothing),
		EACH_TEST(a_work_tries_what_may_fail),
		EACH_TEST(the_journals_time_does_not_go_back),
		EACH_TEST(works_that_came_together_share_one_commit),
		EACH_TEST(done_comes_after_the_commit),
		EACH_TEST(closing_does_what_was_handed_over),
		EACH_TEST(the_watch_sees_what_is_durable_in_order),
		EACH_TEST(a_reader_sees_one_moment),
		EACH_TEST(a_reader_cannot_write),
		EACH_TEST(values_come_back_as_they_went_in),
		EACH_TEST(many_statements_and_one_within_itself),
		EACH_TEST(errors_are_errnos_with_words),
		EACH_TEST(a_second_server_is_refused_or_shares_the_journal),
		EACH_TEST(a_database_of_a_newer_ward_is_refused),
		EACH_TEST(a_migration_that_fails_leaves_nothing),
		EACH_TEST(a_file_that_is_none_is_refused),
		EACH_TEST(nobody_else_reads_them),
		EACH_TEST(the_log_is_copied_while_others_write),
		EACH_TEST(sql_is_said_in_postgresqls_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
