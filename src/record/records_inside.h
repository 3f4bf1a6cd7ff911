/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * records_inside: what records.c (opening, reading), writer.c, checkpoint.c and migrate.c share; nobody else includes it.
 */
#ifndef WARD_RECORD_RECORDS_INSIDE_H
#define WARD_RECORD_RECORDS_INSIDE_H

#include <pthread.h>

#include "base/vec.h"
#include "record/journal.h"

struct job { /* a work that was handed over */
	struct job *next;
	const struct actor *actor;
	records_work work;
	records_done done;
	void *ctx;
	int result;
	struct err err;
};

struct entry { /* of the journal, until the commit */
	int64_t seq;
	struct change change;
};

struct checkpointer { /* of SQLite; all zero: there is none */
	pthread_t thread;
	bool runs;
	struct db *db;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool written, nearly, closing; /* under the mutex; nearly: the log is long, and few pages of it are not copied yet */
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
	struct db *db;       /* NULL: the server went away */
	int64_t transaction; /* PostgreSQL's number of it */
	struct journal_head head;
	struct arena batch;
	VEC(struct entry) entries;
	records_watch watch;
	void *watch_ctx;
	struct checkpointer checkpointer;
};

extern const struct migration records_own[];

int writer_start(struct records *records, struct err *err) MUST_USE;
void writer_end(struct records *records);

int checkpointer_start(struct checkpointer *own, struct str where, struct err *err) MUST_USE;
/* Something was committed. */
void checkpointer_written(struct checkpointer *own);
/* By the writer, between two transactions: copy the little that is left, so that the log starts again. */
void checkpointer_finish(struct checkpointer *own, struct db *db);
void checkpointer_end(struct checkpointer *own);
/* Begin a transaction that no other writer is in. */
int writer_begin(struct records *records, struct err *err) MUST_USE;

/* -EPROTO when the layer's hundred holds a number above the last of the list: a newer ward was here. */
int migrate_check_age(struct db *db, const struct migration *list, struct err *err) MUST_USE;

#endif
