/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "record/records_inside.h"

enum { TOGETHER = 512 /* works in one transaction */, PATIENCE_MS = 5000, BEHIND_NS = 1000000000 };

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_ms(int64_t ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&time, NULL);
}

/* ---- the journal ---- */

static int add_entry(struct write *write, const struct actor *actor, int64_t time, const struct change *change, struct err *err)
{
	struct records *records = write->records;
	struct arena *arena = &records->batch;
	struct journal_entry entry = { .time = time, .actor = actor->id, .actor_name = actor->name, .change = *change };
	int r = journal_add(write->db, &records->head, &entry, err);
	if (r < 0)
		return r;
	vec_push(&records->entries, { records->head.seq,
	                              { arena_str(arena, change->kind), change->object, change->org, arena_str(arena, change->action),
	                                STR_NONE, STR_NONE, STR_NONE } });
	return 0;
}

/* The journal's time does not go back with a clock that does: an entry says once what the clock shows. */
static int say_behind(struct write *write, int64_t now, struct err *err)
{
	struct journal_head *head = &write->records->head;
	struct actor ward = actor_ward();
	struct change change = { .kind = STR("clock"), .action = STR("behind"),
		                 .after = arena_printf(write->arena, "{\"clock\":%lld,\"journal\":%lld}", (long long)now, (long long)head->time) };
	int r = add_entry(write, &ward, head->time, &change, err);
	head->behind = r == 0;
	return r;
}

int write_journal(struct write *write, const struct change *change, int64_t *seq, struct err *err)
{
	struct journal_head *head = &write->records->head;
	int64_t now = wall_ns();
	int r = 0;
	if (now >= head->time)
		head->behind = false;
	else if (now < head->time - BEHIND_NS && !head->behind)
		r = say_behind(write, now, err);
	if (r == 0)
		r = add_entry(write, write->actor, MAX(now, head->time), change, err);
	if (r == 0 && seq)
		*seq = head->seq;
	return r;
}

/* ---- transactions ---- */

/* Another connection in place of the one that was lost, within `patience`. */
static int connect_again(struct records *records, int64_t patience_ms, struct err *err)
{
	int64_t end = clock_monotonic_ns() + patience_ms * 1000000, pause = 50;
	for (;;) {
		int r = db_open(str_from(records->where), DB_WRITE, &records->db, err);
		if (r != -EPIPE || clock_monotonic_ns() >= end)
			return r;
		sleep_ms(pause);
		pause = MIN(pause * 2, (int64_t)1000);
	}
}

static void lose(struct records *records)
{
	db_close(records->db);
	records->db = NULL;
}

/* Several servers may write: one at a time, and each goes on from where the journal stands. */
static int take_turn(struct records *records, struct err *err)
{
	int r = db_one_int(records->db, "SELECT txid_current() FROM pg_advisory_xact_lock(2003792484, hashtext(current_schema()))", 0,
	                   &records->transaction, err);
	return r < 0 ? err_wrap(err, r, "waiting for another ward") : 0;
}

int writer_begin(struct records *records, struct err *err)
{
	int r = db_word(records->db, "BEGIN IMMEDIATE", err);
	return r == 0 && records->kind == DB_POSTGRESQL ? take_turn(records, err) : r;
}

static int begin(struct records *records, struct err *err)
{
	struct journal_head head = { 0 };
	int r = 0;
	if (records->db && records->kind == DB_POSTGRESQL && db_lost(records->db))
		lose(records);
	for (int attempt = 0; attempt < 2; attempt++) { /* that the server went away is often noticed only here */
		r = records->db ? 0 : connect_again(records, PATIENCE_MS, err);
		if (r == 0)
			r = writer_begin(records, err);
		if (r == 0 || !records->db || !db_lost(records->db))
			break;
		lose(records);
	}
	if (r < 0 || records->kind == DB_SQLITE)
		return r;
	r = journal_head_read(records->db, &head, err);
	head.behind = records->head.behind && head.seq == records->head.seq;
	if (r == 0)
		records->head = head;
	return r;
}

/* The connection was lost in the COMMIT: only the server knows whether it was done. */
static int ask_whether_done(struct records *records, int lost, struct err *err)
{
	int64_t transaction = records->transaction;
	struct err other = { "" };
	lose(records);
	if (connect_again(records, 2 * PATIENCE_MS, &other) < 0)
		return err_wrap(err, lost, "whether it was kept is not known");
	for (int i = 0; i < 100; i++) {
		DB_QUERY(q);
		int r = db_query(&q, records->db, "SELECT txid_status(?)", &other);
		if (r < 0)
			break;
		db_bind_int(&q, transaction);
		r = db_step(&q, &other);
		if (r > 0 && str_is(db_text(&q, 0), "committed"))
			return 0;
		if (r > 0 && !str_is(db_text(&q, 0), "in progress"))
			return lost;
		if (r < 0)
			break;
		sleep_ms(50);
	}
	return err_wrap(err, lost, "whether it was kept is not known");
}

static int commit(struct records *records, struct err *err)
{
	int r = db_word(records->db, "COMMIT", err);
	return r < 0 && db_lost(records->db) ? ask_whether_done(records, r, err) : r;
}

/* ---- works ---- */

/* In a savepoint; what fails leaves nothing, not in the journal either. */
static int within(struct write *write, records_work work, void *ctx, struct err *err)
{
	struct records *records = write->records;
	struct journal_head before = records->head;
	size_t entries = records->entries.n;
	int r = db_word(write->db, "SAVEPOINT work", err);
	if (r < 0)
		return r;
	int result = work(ctx, write, err);
	r = result >= 0 ? db_word(write->db, "RELEASE work", err) : result;
	if (r >= 0)
		return result;
	records->head = before;
	records->entries.n = entries;
	if (db_in_transaction(write->db) && db_word(write->db, "ROLLBACK TO work", NULL) == 0)
		(void)!db_word(write->db, "RELEASE work", NULL);
	return r;
}

int write_try(struct write *write, records_work work, void *ctx, struct err *err)
{
	return within(write, work, ctx, err);
}

/* A work that is alone has the transaction for its savepoint, so that SQLite keeps no second copy of the pages it changes. */
static void do_one(struct records *records, struct job *job, bool alone, int64_t now)
{
	ARENA(arena);
	struct write write = { records->db, records, &arena, now, job->actor };
	job->result = alone ? job->work(job->ctx, &write, &job->err) : within(&write, job->work, job->ctx, &job->err);
}

/* Tell everybody; the transaction failed when `r` is negative. */
static void tell(struct job *first, int r, const struct err *err)
{
	for (struct job *job = first, *next; job; job = next) {
		next = job->next;
		if (r < 0 && job->result >= 0) {
			job->result = r;
			job->err = *err;
		}
		job->done(job->ctx, job->result, &job->err);
		free(job);
	}
}

static void do_together(struct records *records, struct job *first)
{
	struct err err = { "" };
	struct journal_head before = records->head;
	int64_t now = clock_now();
	bool alone = !first->next;
	records->entries.n = 0;
	arena_reset(&records->batch);
	int r = begin(records, &err);
	for (struct job *job = first; r == 0 && job; job = job->next) {
		do_one(records, job, alone, now);
		/* A full disk, a lost server: the whole transaction is gone, and what seemed done with it. */
		if (!db_in_transaction(records->db)) {
			r = job->result < 0 ? job->result : -EIO;
			err = job->err;
		}
	}
	if (r == 0 && alone && first->result < 0)
		r = first->result;
	if (r == 0)
		r = commit(records, &err);
	if (r < 0) {
		db_back(records->db);
		records->head = before;
		records->entries.n = 0;
	}
	if (r == 0)
		checkpointer_written(&records->checkpointer);
	if (r == 0 && records->watch)
		for (size_t i = 0; i < records->entries.n; i++)
			records->watch(records->watch_ctx, records->entries.p[i].seq, &records->entries.p[i].change);
	tell(first, r, &err);
	if (r == 0 && records->checkpointer.runs)
		checkpointer_finish(&records->checkpointer, records->db);
}

/* ---- the thread ---- */

static struct job *take_jobs(struct records *records)
{
	pthread_mutex_lock(&records->mutex);
	while (!records->first && !records->closing)
		pthread_cond_wait(&records->more, &records->mutex);
	struct job *first = records->first, *last = first;
	for (size_t n = 1; last && last->next && n < TOGETHER; n++)
		last = last->next;
	if (last) {
		records->first = last->next;
		last->next = NULL;
		if (!records->first)
			records->last = NULL;
	}
	pthread_mutex_unlock(&records->mutex);
	return first;
}

static void *writer(void *ctx)
{
	struct job *first;
	while ((first = take_jobs(ctx)))
		do_together(ctx, first);
	return NULL;
}

int writer_start(struct records *records, struct err *err)
{
	int r = records->kind == DB_SQLITE ? checkpointer_start(&records->checkpointer, str_from(records->where), err) : 0;
	if (r < 0)
		return r;
	if (pthread_create(&records->thread, NULL, writer, records) != 0)
		return err_set(err, -EAGAIN, "no thread for the records");
	records->writes = true;
	return 0;
}

void writer_end(struct records *records)
{
	if (!records->writes)
		return;
	pthread_mutex_lock(&records->mutex);
	records->closing = true;
	pthread_cond_signal(&records->more);
	pthread_mutex_unlock(&records->mutex);
	pthread_join(records->thread, NULL);
}

void records_on_change(struct records *records, records_watch watch, void *ctx)
{
	records->watch = watch;
	records->watch_ctx = ctx;
}

/* ---- handing over ---- */

void records_write(struct records *records, const struct actor *actor, records_work work, records_done done, void *ctx)
{
	struct job *job = mem_alloc(sizeof(*job));
	*job = (struct job){ .actor = actor, .work = work, .done = done, .ctx = ctx };
	if (!records->writes) {
		struct err err = { "" };
		done(ctx, err_set(&err, -EROFS, "the records are open for reading only"), &err);
		free(job);
		return;
	}
	pthread_mutex_lock(&records->mutex);
	if (records->last)
		records->last->next = job;
	else
		records->first = job;
	records->last = job;
	pthread_cond_signal(&records->more);
	pthread_mutex_unlock(&records->mutex);
}

struct waiter {
	records_work work;
	void *ctx;
	pthread_mutex_t mutex;
	pthread_cond_t over;
	bool is_over;
	int result;
	struct err *err;
};

static int waiter_work(void *ctx, struct write *write, struct err *err)
{
	struct waiter *waiter = ctx;
	return waiter->work(waiter->ctx, write, err);
}

static void waiter_done(void *ctx, int result, const struct err *err)
{
	struct waiter *waiter = ctx;
	pthread_mutex_lock(&waiter->mutex);
	waiter->result = result;
	if (result < 0 && waiter->err)
		*waiter->err = *err;
	waiter->is_over = true;
	pthread_cond_signal(&waiter->over);
	pthread_mutex_unlock(&waiter->mutex);
}

int records_do(struct records *records, const struct actor *actor, records_work work, void *ctx, struct err *err)
{
	struct waiter waiter = { .work = work, .ctx = ctx, .err = err, .mutex = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER };
	records_write(records, actor, waiter_work, waiter_done, &waiter);
	pthread_mutex_lock(&waiter.mutex);
	while (!waiter.is_over)
		pthread_cond_wait(&waiter.over, &waiter.mutex);
	pthread_mutex_unlock(&waiter.mutex);
	return waiter.result;
}
