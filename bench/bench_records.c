/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Durable writes with the journal, from many clients at once, and reads by id: `bench_records WHERE CLIENTS SECONDS ROWS`. Prints one
 * line of numbers: writes a second, milliseconds of the 50th and 99th percentile, reads a second of one thread, microseconds of
 * its 99th percentile.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "record/records.h"

static const struct migration tables[] = {
	{ 900, "thing", "CREATE TABLE thing (id INTEGER PRIMARY KEY, number TEXT, org INTEGER, state TEXT, version INTEGER, name TEXT, note TEXT);"
	                "CREATE INDEX thing_org ON thing (org, state)" },
	{ 0 },
};

enum { MOST = 4 * 1000 * 1000 };
static struct records *records;
static int64_t until, written, failed, rows;
static int64_t *times;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t over = PTHREAD_COND_INITIALIZER;
static int running;
static const struct actor actor = { .id = 1, .name = { "bench", 5 } };

struct client {
	int64_t asked, id;
	unsigned number;
};

/* Half of them new, half a change of one that is there. */
static int work(void *ctx, struct write *write, struct err *err)
{
	static const char journal[] = "{\"state\":\"assessed\",\"note\":\"the window was moved to Sunday because the supplier is away\"}";
	struct client *client = ctx;
	DB_QUERY(q);
	bool make = client->id == 0;
	int r = make ? db_query(&q, write->db, "INSERT INTO thing (number, org, state, version, name, note) VALUES (?, ?, 'requested', 1, ?, ?) RETURNING id", err)
	             : db_query(&q, write->db, "UPDATE thing SET state = ?, version = version + 1, note = ? WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, STR("CHG-2026-0001"));
	if (make) {
		db_bind_int(&q, client->number);
		db_bind_text(&q, STR("Exchange of the database server of the settlement system"));
	}
	db_bind_text(&q, STR("the window was moved to Sunday because the supplier is away"));
	if (!make)
		db_bind_int(&q, client->id);
	if ((r = db_step(&q, err)) < 0)
		return r;
	int64_t id = make ? db_int(&q, 0) : client->id;
	client->id = make ? id : 0;
	db_query_done(&q);
	struct change change = { .kind = STR("thing"), .object = id, .org = client->number, .action = STR("edit"), .after = str_from(journal) };
	return write_journal(write, &change, NULL, err);
}

static void done(void *ctx, int result, const struct err *err)
{
	struct client *client = ctx;
	int64_t now = clock_monotonic_ns();
	(void)err;
	if (result < 0)
		failed++;
	else if (written < MOST)
		times[written++] = now - client->asked;
	if (now < until) {
		client->asked = now;
		records_write(records, &actor, work, done, client);
		return;
	}
	pthread_mutex_lock(&mutex);
	running--;
	pthread_cond_signal(&over);
	pthread_mutex_unlock(&mutex);
}

static int fill(void *ctx, struct write *write, struct err *err)
{
	(void)ctx;
	DB_QUERY(q);
	int r = db_query(&q, write->db, "INSERT INTO thing (number, org, state, version, name, note) VALUES (?, ?, 'requested', 1, 'name', 'note')", err);
	for (int64_t i = 0; r == 0 && i < rows; i++) {
		db_bind_text(&q, STR("CHG"));
		db_bind_int(&q, i % 100);
		r = db_do(&q, err);
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int read_one(int64_t id, struct err *err)
{
	struct db *db;
	int r = records_read(records, &db, err);
	if (r < 0)
		return r;
	{
		DB_QUERY(q);
		r = db_query(&q, db, "SELECT number, org, state, version, name, note FROM thing WHERE id = ?", err);
		if (r == 0) {
			db_bind_int(&q, id);
			r = db_step(&q, err);
		}
	}
	records_read_end(records, db);
	return r;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	struct err err = { "" };
	struct records_options options = { .where = str_from(argv[1]) };
	int64_t clients = str_int_or(str_from(argv[2]), 1), seconds = str_int_or(str_from(argv[3]), 1);
	rows = str_int_or(str_from(argv[4]), 0);
	times = mem_alloc(MOST * sizeof(*times));
	int r = records_open(&options, &records, &err);
	if (r == 0)
		r = records_migrate(records, tables, &err);
	if (r == 0)
		r = records_do(records, &actor, fill, NULL, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	struct client *client = mem_alloc((size_t)clients * sizeof(*client));
	int64_t start = clock_monotonic_ns();
	until = start + seconds * 1000000000;
	running = (int)clients;
	for (unsigned i = 0; i < clients; i++) {
		client[i].number = i;
		client[i].asked = clock_monotonic_ns();
		records_write(records, &actor, work, done, &client[i]);
	}
	pthread_mutex_lock(&mutex);
	while (running)
		pthread_cond_wait(&over, &mutex);
	pthread_mutex_unlock(&mutex);
	double took = (double)(clock_monotonic_ns() - start) / 1e9;
	qsort(times, (size_t)written, sizeof(*times), compare);
	printf("%.0f %.2f %.2f ", (double)written / took, (double)times[written / 2] / 1e6, (double)times[written * 99 / 100] / 1e6);
	int64_t n = 0;
	start = clock_monotonic_ns();
	for (; n < MOST && clock_monotonic_ns() - start < 1000000000; n++) {
		int64_t before = clock_monotonic_ns();
		if (read_one(1 + n * 7919 % MAX(rows, 1), &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		times[n] = clock_monotonic_ns() - before;
	}
	took = (double)(clock_monotonic_ns() - start) / 1e9;
	qsort(times, (size_t)n, sizeof(*times), compare);
	printf("%.0f %.1f\n", (double)n / took, (double)times[n * 99 / 100] / 1e3);
	records_close(records);
	return failed ? 1 : 0;
}
