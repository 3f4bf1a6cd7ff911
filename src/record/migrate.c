/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/clock.h"
#include "record/records_inside.h"

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
int migrate_check_age(struct db *db, const struct migration *list, struct err *err)
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
	int r = migrate_check_age(db, list, err);
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
	int r = writer_begin(records, err);
	if (r == 0)
		r = db_run(records->db, "CREATE TABLE IF NOT EXISTS ward_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, time INTEGER NOT NULL)", err);
	if (r == 0)
		r = migrate(records->db, list, err);
	if (r == 0)
		r = db_run(records->db, "COMMIT", err);
	if (r < 0)
		db_back(records->db);
	return r;
}
