/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/records.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#include "record/records_inside.h"
#include "sys/lock.h"
#include "sys/root.h"

const struct migration records_own[] = {
	{ 1, "journal",
	  "CREATE TABLE ward_journal (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor INTEGER NOT NULL, actor_name TEXT NOT NULL,"
	  " kind TEXT NOT NULL, object INTEGER NOT NULL, org INTEGER NOT NULL, action TEXT NOT NULL,"
	  " before TEXT, after TEXT, reason TEXT, hash TEXT NOT NULL);"
	  "CREATE INDEX ward_journal_object ON ward_journal (kind, object)" },
	{ 2, "settings", "CREATE TABLE ward_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)" },
	{ 3, "seals",
	  "CREATE TABLE ward_seal (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, time INTEGER NOT NULL, statement TEXT NOT NULL,"
	  " signature TEXT NOT NULL, key TEXT NOT NULL)" },
	{ 0 },
};

/* ---- opening ---- */

static int take_lock(struct records *records, struct err *err)
{
	ARENA(arena);
	int r = lock_take(arena_printf(&arena, "%s.lock", records->where).p, &records->lock, err);
	return r == -EBUSY ? err_set(err, r, "another ward is working on '%s'", records->where) : r;
}

/* For reading only: it must be there, and of a ward that is not newer. */
static int look_at(struct records *records, struct err *err)
{
	struct db *db;
	int r = records_read(records, &db, err);
	if (r == 0) {
		r = migrate_check_age(db, records_own, err);
		records_read_end(records, db);
	}
	return r;
}

int records_open(const struct records_options *options, struct records **out, struct err *err)
{
	CLEANUP(records_close_p) struct records *records = mem_alloc(sizeof(*records));
	int r = 0;
	records->lock = -1;
	records->where = mem_text(options->where);
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
			r = records_migrate(records, records_own, err);
		if (r == 0)
			r = journal_head_read(records->db, &records->head, err);
		if (r == 0)
			r = writer_start(records, err);
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
	writer_end(records);
	checkpointer_end(&records->checkpointer);
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

static struct db *take_idle(struct records *records)
{
	pthread_mutex_lock(&records->mutex);
	struct db *db = records->n_idle ? records->idle[--records->n_idle] : NULL;
	pthread_mutex_unlock(&records->mutex);
	return db;
}

int records_read(struct records *records, struct db **out, struct err *err)
{
	for (struct db *db; (db = take_idle(records)); db_close(db)) /* a server that was restarted leaves dead ones */
		if (db_word(db, "BEGIN", err) == 0) {
			*out = db;
			return 0;
		}
	CLEANUP(db_close_p) struct db *db = NULL;
	int r = db_open(str_from(records->where), DB_READ, &db, err);
	if (r == 0)
		r = db_word(db, "BEGIN", err);
	if (r == 0)
		*out = TAKE(db);
	return r;
}

void records_read_end(struct records *records, struct db *db)
{
	if (!db)
		return;
	bool good = db_word(db, "ROLLBACK", NULL) == 0;
	pthread_mutex_lock(&records->mutex);
	bool kept = good && records->n_idle < records->room;
	if (kept)
		records->idle[records->n_idle++] = db;
	pthread_mutex_unlock(&records->mutex);
	if (!kept)
		db_close(db);
}
