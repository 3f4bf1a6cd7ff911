/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/whole.h"

#include <pthread.h>

struct whole {
	struct parse *parse;
	int fd;
	const char *name;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turned;
	bool readers_turn, closing, ended; /* guarded by the lock */
	int result;
	struct err err;
};

/* Give the turn away and wait for it to come back. */
static void pass_turn(struct whole *whole, bool to_reader)
{
	pthread_mutex_lock(&whole->lock);
	whole->readers_turn = to_reader;
	pthread_cond_broadcast(&whole->turned);
	while (whole->readers_turn == to_reader && !whole->ended)
		pthread_cond_wait(&whole->turned, &whole->lock);
	pthread_mutex_unlock(&whole->lock);
}

static int emit(void *ctx, struct parse *parse UNUSED)
{
	struct whole *whole = ctx;
	pass_turn(whole, false);
	return whole->closing ? -ECANCELED : 0;
}

static void *reader(void *ctx)
{
	struct whole *whole = ctx;
	pthread_mutex_lock(&whole->lock);
	while (!whole->readers_turn)
		pthread_cond_wait(&whole->turned, &whole->lock);
	pthread_mutex_unlock(&whole->lock);
	if (!whole->closing)
		whole->result = whole->parse->parser->file(whole->parse, whole->fd, whole->name, emit, whole, &whole->err);
	pthread_mutex_lock(&whole->lock);
	whole->readers_turn = false;
	whole->ended = true;
	pthread_cond_broadcast(&whole->turned);
	pthread_mutex_unlock(&whole->lock);
	return NULL;
}

int whole_open(struct parse *parse, int fd, const char *name, struct whole **out, struct err *err)
{
	struct whole *whole = mem_alloc(sizeof(*whole));
	*whole = (struct whole){ .parse = parse, .fd = fd, .name = name };
	pthread_mutex_init(&whole->lock, NULL);
	pthread_cond_init(&whole->turned, NULL);
	int r = pthread_create(&whole->thread, NULL, reader, whole);
	if (r != 0) {
		free(whole);
		*out = NULL;
		return err_errno(err, -r, "cannot start a thread to read %s", name);
	}
	*out = whole;
	return 0;
}

int whole_read(struct whole *whole, struct batch *batch, struct err *err)
{
	whole->parse->batch = batch;
	if (!whole->ended)
		pass_turn(whole, true);
	if (!whole->ended)
		return 1;
	if (whole->result < 0)
		return err_set(err, whole->result, "%s", whole->err.text);
	return 0;
}

void whole_close(struct whole *whole)
{
	if (!whole)
		return;
	whole->closing = true; /* the reader waits for its turn */
	if (!whole->ended)
		pass_turn(whole, true);
	pthread_join(whole->thread, NULL);
	pthread_cond_destroy(&whole->turned);
	pthread_mutex_destroy(&whole->lock);
	free(whole);
}
