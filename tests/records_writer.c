/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What tests of faults drive: `records_writer WHERE CLIENTS` writes into the records as fast as CLIENTS at once can, seals now and
 * then, and says on standard output what was acknowledged, a line each: "ok ID AMOUNT", or "bad ID AMOUNT WORDS" of
 * what failed (id 0: it came to none). An id's amount only grows. It
 * ends in order when standard input does.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "record/seal.h"

static const struct migration tables[] = {
	{ 900, "change", "CREATE TABLE change (id INTEGER PRIMARY KEY, number TEXT, state TEXT, version INTEGER, amount INTEGER, part REAL, note TEXT);"
	                 "CREATE UNIQUE INDEX change_number ON change (number) WHERE number <> ''; CREATE INDEX change_state ON change (state, amount)" },
	{ 0 },
};

struct client {
	int64_t id, amount;
	bool worked; /* since it was handed over */
};

static struct records *records;
static volatile bool stopping;
static int running;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t over = PTHREAD_COND_INITIALIZER;
static const struct actor actor = { .id = 1, .name = { "Lan", 3 } };

static int create(struct client *client, struct write *write, struct err *err)
{
	DB_QUERY(q);
	client->id = client->amount = 0;
	int r = db_query(&q, write->db, "INSERT INTO change (state, version, amount, part, note) VALUES ('requested', 1, 0, 0.5, ?) RETURNING id", err);
	if (r < 0)
		return r;
	db_bind_text(&q, STR("it's \xe5\x8f\xb0\xe8\xb4\xa6; \"?\""));
	r = db_step(&q, err);
	client->id = r > 0 ? db_int(&q, 0) : 0;
	client->amount = 0;
	return r;
}

static int edit(struct client *client, struct write *write, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE change SET amount = ?, version = version + 1, state = 'approved' WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, client->amount + 1);
	db_bind_int(&q, client->id);
	r = db_do(&q, err);
	client->amount++;
	return r;
}

static int work(void *ctx, struct write *write, struct err *err)
{
	struct client *client = ctx;
	client->worked = true;
	bool is_new = !client->id || client->amount == 9;
	int r = is_new ? create(client, write, err) : edit(client, write, err);
	if (r < 0)
		return r;
	struct str after = is_new ? STR("{\"state\":\"requested\",\"version\":1,\"amount\":0,\"part\":0.5,\"note\":\"it's \xe5\x8f\xb0\xe8\xb4\xa6; \\\"?\\\"\"}")
	                          : arena_printf(write->arena, "{\"state\":\"approved\",\"version\":%lld,\"amount\":%lld}",
	                                         (long long)client->amount + 1, (long long)client->amount);
	struct change change = { .kind = STR("change"), .object = client->id, .org = 1, .action = is_new ? STR("create") : STR("edit"), .after = after };
	return write_journal(write, &change, NULL, err);
}

static void say(const char *line, size_t n)
{
	(void)!write(STDOUT_FILENO, line, n);
}

static void done(void *ctx, int result, const struct err *err)
{
	struct client *client = ctx;
	ARENA(arena);
	struct str line = result < 0 ? arena_printf(&arena, "bad %lld %lld %s\n", client->worked ? (long long)client->id : 0, (long long)client->amount, err->text)
	                             : arena_printf(&arena, "ok %lld %lld\n", (long long)client->id, (long long)client->amount);
	say(line.p, line.n);
	client->worked = false;
	if (result < 0) {
		client->id = 0;
		usleep(2000);
	}
	if (!stopping) {
		records_write(records, &actor, work, done, client);
		return;
	}
	pthread_mutex_lock(&mutex);
	running--;
	pthread_cond_signal(&over);
	pthread_mutex_unlock(&mutex);
}

static void *seal(void *ctx)
{
	struct private_key *key = ctx;
	struct signer signer = signer_local(key);
	while (!stopping) {
		(void)!seal_if_due(records, &signer, 200, 1, NULL);
		usleep(5000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct err err = { "" };
	struct private_key *key = NULL;
	pthread_t sealer;
	char byte;
	if (argc < 3)
		return 2;
	running = (int)str_int_or(str_from(argv[2]), 1);
	struct client *clients = mem_alloc((size_t)running * sizeof(*clients));
	struct records_options options = { .where = str_from(argv[1]) };
	int r = records_open(&options, &records, &err);
	if (r == 0)
		r = records_migrate(records, tables, &err);
	if (r == 0)
		r = private_key_generate(SIGN_ED25519, &key, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		records_close(records);
		free(clients);
		return 1;
	}
	pthread_create(&sealer, NULL, seal, key);
	for (int i = 0, n = running; i < n; i++)
		records_write(records, &actor, work, done, &clients[i]);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	stopping = true;
	pthread_mutex_lock(&mutex);
	while (running)
		pthread_cond_wait(&over, &mutex);
	pthread_mutex_unlock(&mutex);
	pthread_join(sealer, NULL);
	records_close(records);
	private_key_close(key);
	free(clients);
	return 0;
}
