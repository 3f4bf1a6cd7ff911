/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * SQLite copies what was committed from its write-ahead log into the database: thousands of pages, and an fsync. Done by the writer every
 * write would wait for it, so a thread with a connection of its own does it, a moment after something was written. The log starts again
 * from its beginning when all of it was copied; a writer that never pauses copies the rest itself when the log has grown long
 * (wal_autocheckpoint in data/db_sqlite.c).
 *
 * It cannot fail in a way that matters: what was not copied stays in the log and is copied the next time.
 */
#include <time.h>

#include "record/records_inside.h"

enum { AFTER_MS = 250 };

static bool wait_for_work(struct checkpointer *own)
{
	struct timespec until;
	pthread_mutex_lock(&own->mutex);
	while (!own->written && !own->closing)
		pthread_cond_wait(&own->wake, &own->mutex);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += AFTER_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!own->closing && pthread_cond_timedwait(&own->wake, &own->mutex, &until) == 0)
		;
	own->written = false;
	bool go_on = !own->closing;
	pthread_mutex_unlock(&own->mutex);
	return go_on;
}

static void *work(void *ctx)
{
	struct checkpointer *own = ctx;
	while (wait_for_work(own))
		(void)!db_run(own->db, "PRAGMA wal_checkpoint(PASSIVE)", NULL);
	return NULL;
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
