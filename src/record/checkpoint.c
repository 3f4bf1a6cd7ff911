/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * SQLite copies what was committed from its write-ahead log into the database: thousands of pages, and an fsync. Done by the writer every
 * write would wait for it, so a thread with a connection of its own does it, a moment after something was written. The log starts again
 * from its beginning when all of it was copied, which never happens while a writer does not pause: then the thread copies again and again
 * until little is left, and the writer does that little itself. (If that fails, too, SQLite's own wal_autocheckpoint in data/db_sqlite.c.)
 *
 * It cannot fail in a way that matters: what was not copied stays in the log and is copied the next time.
 */
#include <time.h>

#include "record/records_inside.h"

/* Much at once keeps the disk busy, and whoever waits for it: under load little is copied, often. */
enum { AFTER_MS = 250, AFTER_MANY_MS = 20, MANY = 256, LONG = 1024, FEW = 64 /* pages of the log */, TRIES = 16 };

static bool wait_for_work(struct checkpointer *own, int after_ms)
{
	struct timespec until;
	pthread_mutex_lock(&own->mutex);
	while (!own->written && !own->closing)
		pthread_cond_wait(&own->wake, &own->mutex);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += after_ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!own->closing && pthread_cond_timedwait(&own->wake, &own->mutex, &until) == 0)
		;
	own->written = false;
	bool go_on = !own->closing;
	pthread_mutex_unlock(&own->mutex);
	return go_on;
}

/* How long the log is, and how much of it is copied, in pages. */
static void copy(struct db *db, int64_t *all, int64_t *copied)
{
	DB_QUERY(q);
	*all = *copied = 0;
	if (db_query(&q, db, "PRAGMA wal_checkpoint(PASSIVE)", NULL) < 0 || db_step(&q, NULL) <= 0)
		return;
	*all = db_int(&q, 1);
	*copied = db_int(&q, 2);
}

static void *work(void *ctx)
{
	struct checkpointer *own = ctx;
	int64_t all, copied;
	int after_ms = AFTER_MS;
	while (wait_for_work(own, after_ms)) {
		int tries = 0;
		do
			copy(own->db, &all, &copied);
		while (all > LONG && all - copied > FEW && ++tries < TRIES);
		after_ms = all > MANY ? AFTER_MANY_MS : AFTER_MS;
		pthread_mutex_lock(&own->mutex);
		own->nearly = all > LONG && all - copied <= FEW && all > copied;
		pthread_mutex_unlock(&own->mutex);
	}
	return NULL;
}

void checkpointer_finish(struct checkpointer *own, struct db *db)
{
	int64_t all, copied;
	pthread_mutex_lock(&own->mutex);
	bool nearly = own->nearly;
	own->nearly = false;
	pthread_mutex_unlock(&own->mutex);
	if (nearly)
		copy(db, &all, &copied);
}

int checkpointer_start(struct checkpointer *own, struct str where, struct err *err)
{
	int r = db_open(where, DB_WRITE, &own->db, err);
	if (r < 0)
		return r;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&own->mutex, NULL);
	pthread_cond_init(&own->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	own->runs = pthread_create(&own->thread, NULL, work, own) == 0;
	return own->runs ? 0 : err_set(err, -EAGAIN, "no thread for the records");
}

void checkpointer_written(struct checkpointer *own)
{
	if (!own->runs)
		return;
	pthread_mutex_lock(&own->mutex);
	if (!own->written) {
		own->written = true;
		pthread_cond_signal(&own->wake);
	}
	pthread_mutex_unlock(&own->mutex);
}

void checkpointer_end(struct checkpointer *own)
{
	if (own->runs) {
		pthread_mutex_lock(&own->mutex);
		own->closing = true;
		pthread_cond_signal(&own->wake);
		pthread_mutex_unlock(&own->mutex);
		pthread_join(own->thread, NULL);
	}
	if (own->db) {
		pthread_mutex_destroy(&own->mutex);
		pthread_cond_destroy(&own->wake);
	}
	db_close(own->db);
	*own = (struct checkpointer){ 0 };
}
