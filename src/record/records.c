/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/records.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/vec.h"
#include "record/journal.h"
#include "sys/root.h"

enum { TOGETHER = 512 /* works in one transaction */ };

struct job {
	struct job *next;
	const struct actor *actor;
	records_work work;
	records_done done;
	void *ctx;
	int result;
	struct err err;
	size_t entries; /* of the journal, made by this work */
};

struct entry { /* of the journal, until the commit */
	int64_t seq;
	struct change change;
};

struct records {
	char *where;
	enum db_kind kind;
	int lock;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	/* Under the mutex. */
	struct job *first, *last;
	bool closing;
	struct db **idle;
	size_t n_idle, room;
	/* The writer's thread. */
	pthread_t thread;
	bool writes;
	struct db *db;
	struct journal_head head;
	struct arena batch;
	VEC(struct entry) entries;
	records_watch watch;
	void *watch_ctx;
};

static const struct migration own[] = {
	{ 1, "journal",
	  "CREATE TABLE ward_journal (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor INTEGER NOT NULL, actor_name TEXT NOT NULL,"
	  " kind TEXT NOT NULL, object INTEGER NOT NULL, org INTEGER NOT NULL, action TEXT NOT NULL,"
	  " before TEXT, after TEXT, reason TEXT, hash TEXT NOT NULL);"
	  "CREATE INDEX ward_journal_object ON ward_journal (kind, object)" },
	{ 2, "settings", "CREATE TABLE ward_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)" },
	{ 0 },
};

/* ---- opening ---- */

static int take_lock(struct records *records, struct err *err)
{
	ARENA(arena);
	struct str name = arena_printf(&arena, "%s.lock", records->where);
	records->lock = open(name.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (records->lock < 0)
		return err_errno(err, -errno, "cannot open '%s'", name.p);
	if (flock(records->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY, "another ward is working on '%s'", records->where);
	return 0;
}

static void *writer(void *ctx);
static int check_age(struct db *db, const struct migration *list, struct err *err);

/* For reading only: it must be there, and of a ward that is not newer. */
static int look_at(struct records *records, struct err *err)
{
	struct db *db;
	int r = records_read(records, &db, err);
	if (r == 0) {
		r = check_age(db, own, err);
		records_read_end(records, db);
	}
	return r;
}

int records_open(const struct records_options *options, struct records **out, struct err *err)
{
	CLEANUP(records_close_p) struct records *records = mem_alloc(sizeof(*records));
	ARENA(arena);
	int r = 0;
	records->lock = -1;
	records->where = strdup(arena_cstr(&arena, options->where));
	records->kind = db_is_postgresql(options->where) ? DB_POSTGRESQL : DB_SQLITE;
	records->room = options->readers ? options->readers : 4;
	records->idle = mem_alloc(records->room * sizeof(struct db *));
	pthread_mutex_init(&records->mutex, NULL);
	pthread_cond_init(&records->more, NULL);
	if (!options->read_only) {
		if (records->kind == DB_SQLITE)
			r = take_lock(records, err);
		if (r == 0)
			r = db_open(options->where, DB_WRITE, &records->db, err);
		if (r == 0)
			r = records_migrate(records, own, err);
		if (r == 0)
			r = journal_head_read(records->db, &records->head, err);
		if (r < 0)
			return r;
		if (pthread_create(&records->thread, NULL, writer, records) != 0)
			return err_set(err, -EAGAIN, "no thread for the records");
		records->writes = true;
	} else {
		r = look_at(records, err);
	}
	if (r == 0)
		*out = TAKE(records);
	return r;
}

void records_close(struct records *records)
{
	if (!records)
		return;
	if (records->writes) {
		pthread_mutex_lock(&records->mutex);
		records->closing = true;
		pthread_cond_signal(&records->more);
		pthread_mutex_unlock(&records->mutex);
		pthread_join(records->thread, NULL);
	}
	for (size_t i = 0; i < records->n_idle; i++)
		db_close(records->idle[i]);
	db_close(records->db);
	fd_close_p(&records->lock);
	arena_done(&records->batch);
	vec_done(&records->entries);
	pthread_mutex_destroy(&records->mutex);
	pthread_cond_destroy(&records->more);
	free(records->idle);
	free(records->where);
	free(records);
}

void records_close_p(struct records **records)
{
	records_close(*records);
}

enum db_kind records_kind(const struct records *records)
{
	return records->kind;
}

/* ---- reading ---- */

int records_read(struct records *records, struct db **out, struct err *err)
{
	struct db *db = NULL;
	pthread_mutex_lock(&records->mutex);
	if (records->n_idle)
		db = records->idle[--records->n_idle];
	pthread_mutex_unlock(&records->mutex);
	int r = db ? 0 : db_open(str_from(records->where), DB_READ, &db, err);
	if (r == 0)
		r = db_run(db, "BEGIN", err);
	if (r < 0)
		db_close(db);
	else
		*out = db;
	return r;
}

void records_read_end(struct records *records, struct db *db)
{
	if (!db)
		return;
	db_back(db);
	pthread_mutex_lock(&records->mutex);
	bool kept = records->n_idle < records->room;
	if (kept)
		records->idle[records->n_idle++] = db;
	pthread_mutex_unlock(&records->mutex);
	if (!kept)
		db_close(db);
}

/* ---- writing ---- */

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int write_journal(struct write *write, const struct change *change, int64_t *seq, struct err *err)
{
	struct records *records = write->records;
	struct journal_entry entry = { .time = wall_ns(), .actor = write->actor->id, .actor_name = write->actor->name, .change = *change };
	int r = journal_add(write->db, &records->head, &entry, err);
	if (r < 0)
		return r;
	struct arena *arena = &records->batch;
	vec_push(&records->entries, { records->head.seq,
	                              { arena_str(arena, change->kind), change->object, change->org, arena_str(arena, change->action),
	                                STR_NONE, STR_NONE, STR_NONE } });
	if (seq)
		*seq = records->head.seq;
	return 0;
}

static void do_one(struct records *records, struct job *job, int64_t now)
{
	ARENA(arena);
	struct write write = { records->db, records, &arena, now, job->actor };
	struct journal_head before = records->head;
	size_t entries = records->entries.n;
	job->result = db_run(records->db, "SAVEPOINT work", &job->err);
	if (job->result < 0)
		return;
	job->result = job->work(job->ctx, &write, &job->err);
	if (job->result >= 0) {
		struct err err = { "" };
		int r = db_run(records->db, "RELEASE work", &err);
		if (r == 0)
			return;
		job->result = r;
		job->err = err;
	}
	records->head = before;
	records->entries.n = entries;
	(void)!db_run(records->db, "ROLLBACK TO work; RELEASE work", NULL);
}

static void do_together(struct records *records, struct job *first)
{
	struct err err = { "" };
	struct journal_head before = records->head;
	int64_t now = clock_now();
	records->entries.n = 0;
	arena_reset(&records->batch);
	int r = db_run(records->db, "BEGIN IMMEDIATE", &err);
	for (struct job *job = first; r == 0 && job; job = job->next)
		do_one(records, job, now);
	if (r == 0)
		r = db_run(records->db, "COMMIT", &err);
	if (r < 0) {
		db_back(records->db);
		records->head = before;
		records->entries.n = 0;
	}
	if (r == 0 && records->watch)
		for (size_t i = 0; i < records->entries.n; i++)
			records->watch(records->watch_ctx, records->entries.p[i].seq, &records->entries.p[i].change);
	for (struct job *job = first, *next; job; job = next) {
		next = job->next;
		if (r < 0 && job->result >= 0) {
			job->result = r;
			job->err = err;
		}
		job->done(job->ctx, job->result, &job->err);
		free(job);
	}
}

static void *writer(void *ctx)
{
	struct records *records = ctx;
	for (;;) {
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
		if (!first)
			return NULL;
		do_together(records, first);
	}
}

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

void records_on_change(struct records *records, records_watch watch, void *ctx)
{
	records->watch = watch;
	records->watch_ctx = ctx;
}

/* ---- migrations ---- */

static int done_already(struct db *db, const struct migration *step, bool *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT name FROM ward_migration WHERE number = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, step->number);
	r = db_step(&q, err);
	*out = r > 0;
	if (r > 0 && !str_is(db_text(&q, 0), step->name))
		return err_set(err, -EPROTO, "here it is called '%.*s': the records are of another ward", STR_ARG(db_text(&q, 0)));
	return r < 0 ? r : 0;
}

/* The layer's hundred must not hold a number above the last that we know. */
static int check_age(struct db *db, const struct migration *list, struct err *err)
{
	DB_QUERY(q);
	int last = 0;
	for (const struct migration *step = list; step->number; step++)
		last = MAX(last, step->number);
	int r = db_query(&q, db, "SELECT number, name FROM ward_migration WHERE number > ? AND number < ? ORDER BY number", err);
	if (r < 0)
		return r;
	db_bind_int(&q, last);
	db_bind_int(&q, last - last % 100 + 100);
	r = db_step(&q, err);
	if (r > 0)
		return err_set(err, -EPROTO, "the records are of a newer ward (step %lld, %.*s): use that one", (long long)db_int(&q, 0),
		               STR_ARG(db_text(&q, 1)));
	return r;
}

static int migrate_one(struct db *db, const struct migration *step, struct err *err)
{
	DB_QUERY(q);
	int r = db_run(db, step->sql, err);
	if (r == 0)
		r = db_query(&q, db, "INSERT INTO ward_migration (number, name, time) VALUES (?, ?, ?)", err);
	if (r < 0)
		return r;
	db_bind_int(&q, step->number);
	db_bind_text(&q, str_from(step->name));
	db_bind_int(&q, clock_now());
	return db_do(&q, err);
}

/* Before the thread starts, or as a work on it. */
static int migrate(struct db *db, const struct migration *list, struct err *err)
{
	int r = check_age(db, list, err);
	for (const struct migration *step = list; r == 0 && step->number; step++) {
		bool there = false;
		r = done_already(db, step, &there, err);
		if (r == 0 && !there)
			r = migrate_one(db, step, err);
		if (r < 0)
			err_wrap(err, r, "migration %d (%s)", step->number, step->name);
	}
	return r;
}

static int migrate_work(void *ctx, struct write *write, struct err *err)
{
	return migrate(write->db, ctx, err);
}

int records_migrate(struct records *records, const struct migration *list, struct err *err)
{
	struct actor ward = actor_ward();
	if (records->writes)
		return records_do(records, &ward, migrate_work, (void *)list, err);
	int r = db_run(records->db, "CREATE TABLE IF NOT EXISTS ward_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, time INTEGER NOT NULL)", err);
	if (r == 0)
		r = db_run(records->db, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = migrate(records->db, list, err);
	if (r == 0)
		r = db_run(records->db, "COMMIT", err);
	if (r < 0)
		db_back(records->db);
	return r;
}
