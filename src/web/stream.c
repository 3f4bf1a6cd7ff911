/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "web/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"

enum { SEEN = 32, SEEN_SECONDS = 30, TOGETHER_NS = 100 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };

struct item {
	int64_t user;   /* 0: whoever sees kind and org */
	int64_t org;
	char *kind;
	char *text;     /* "event: …\ndata: …\n", without its id */
};

struct stream {
	struct stream_hooks hooks;
	uint32_t boot;  /* numbers of another process mean nothing here */
	pthread_t thread;
	bool runs;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Under the mutex. */
	struct item ring[STREAM_RING];
	uint64_t next;  /* number of the next item */
	struct subscriber *subscribers;
	bool fresh, stopped, ends;
};

struct subscriber {
	struct subscriber *after, **at; /* under the mutex, as are asleep and waker */
	struct stream *stream;
	const struct actor *actor;
	uint64_t next;
	bool asleep, refetch;
	struct subscriber_waker waker;
	int64_t heard, until;   /* clock_monotonic_ns() */
	struct buf left;        /* not taken yet, from `sent` on */
	size_t sent;
	struct {
		uint64_t key;
		int64_t until;
		bool sees;
	} seen[SEEN];
};

/* ---- waking ---- */

static void wake(struct subscriber *subscriber)
{
	if (!subscriber->asleep)
		return;
	subscriber->asleep = false;
	subscriber->waker.wake(subscriber->waker.ctx);
}

static void *tick(void *ctx)
{
	struct stream *stream = ctx;
	pthread_mutex_lock(&stream->mutex);
	while (!stream->ends) {
		struct timespec until;
		int64_t now = clock_monotonic_ns();
		for (struct subscriber *s = stream->subscribers; s; s = s->after)
			if (stream->fresh || now - s->heard >= (int64_t)STREAM_HEARTBEAT * SECOND_NS)
				wake(s);
		bool rests = stream->fresh;
		stream->fresh = false;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += rests ? TOGETHER_NS : 0;
		until.tv_sec += (rests ? 0 : STREAM_HEARTBEAT) + until.tv_nsec / SECOND_NS;
		until.tv_nsec %= SECOND_NS;
		if (rests) /* what comes meanwhile goes out together */
			while (!stream->ends && pthread_cond_timedwait(&stream->changed, &stream->mutex, &until) == 0)
				;
		else if (stream->subscribers)
			pthread_cond_timedwait(&stream->changed, &stream->mutex, &until);
		else
			pthread_cond_wait(&stream->changed, &stream->mutex);
	}
	pthread_mutex_unlock(&stream->mutex);
	return NULL;
}

/* ---- the stream ---- */

int stream_new(const struct stream_hooks *hooks, struct stream **out, struct err *err)
{
	CLEANUP(stream_free_p) struct stream *stream = mem_alloc(sizeof(*stream));
	pthread_condattr_t monotonic;
	stream->hooks = hooks ? *hooks : (struct stream_hooks){ 0 };
	if (getrandom(&stream->boot, sizeof(stream->boot), 0) < 0)
		stream->boot = (uint32_t)clock_monotonic_ns();
	pthread_mutex_init(&stream->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&stream->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&stream->thread, NULL, tick, stream) != 0)
		return err_set(err, -EAGAIN, "no thread for the server");
	stream->runs = true;
	*out = TAKE(stream);
	return 0;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	if (stream->runs) {
		pthread_mutex_lock(&stream->mutex);
		stream->ends = true;
		pthread_cond_signal(&stream->changed);
		pthread_mutex_unlock(&stream->mutex);
		pthread_join(stream->thread, NULL);
	}
	for (size_t i = 0; i < STREAM_RING; i++) {
		free(stream->ring[i].kind);
		free(stream->ring[i].text);
	}
	pthread_cond_destroy(&stream->changed);
	pthread_mutex_destroy(&stream->mutex);
	free(stream);
}

void stream_free_p(struct stream **stream)
{
	stream_free(*stream);
}

void stream_stop(struct stream *stream)
{
	pthread_mutex_lock(&stream->mutex);
	stream->stopped = true;
	for (struct subscriber *s = stream->subscribers; s; s = s->after)
		wake(s);
	pthread_mutex_unlock(&stream->mutex);
}

void stream_tell(struct stream *stream, const char *event, int64_t user, struct str kind, int64_t org, struct str data)
{
	BUF(text);
	buf_printf(&text, "event: %s\ndata: %.*s\n", event, STR_ARG(data));
	char *words = mem_text(buf_str(&text)), *of = kind.p ? mem_text(kind) : NULL;
	pthread_mutex_lock(&stream->mutex);
	struct item *item = &stream->ring[stream->next++ % STREAM_RING];
	char *old_text = item->text, *old_kind = item->kind;
	*item = (struct item){ user, org, of, words };
	if (stream->subscribers && !stream->fresh)
		pthread_cond_signal(&stream->changed);
	stream->fresh = true;
	pthread_mutex_unlock(&stream->mutex);
	free(old_text);
	free(old_kind);
}

void stream_on_change(void *ctx, int64_t seq, const struct change *change)
{
	BUF(data);
	json_open_map(&data, NULL);
	json_put_int(&data, "seq", seq);
	json_put(&data, "kind", change->kind);
	json_put_int(&data, "object", change->object);
	json_put_int(&data, "org", change->org);
	json_put(&data, "action", change->action);
	buf_add_char(&data, '}');
	stream_tell(ctx, "change", 0, change->kind, change->org, buf_str(&data));
}

/* ---- subscribers ---- */

/* "<boot>-<number of the item heard last>". False: of another process, or nonsense. */
static bool place(const struct stream *stream, struct str last, uint64_t *out)
{
	ARENA(arena);
	struct str number = last, boot = str_cut(&number, '-');
	int64_t n;
	if (!number.p || !str_eq(boot, arena_printf(&arena, "%08x", stream->boot)) || !str_to_int(number, 10, &n) || n < 0)
		return false;
	*out = (uint64_t)n;
	return *out <= stream->next && *out + STREAM_RING > stream->next;
}

int stream_subscribe(struct stream *stream, const struct actor *actor, struct str last, struct subscriber **out, struct err *err)
{
	struct subscriber *made = mem_alloc(sizeof(*made));
	int64_t now = clock_monotonic_ns();
	size_t n = 0;
	*made = (struct subscriber){ .stream = stream, .actor = actor, .heard = now, .until = now + (int64_t)STREAM_LIFE * SECOND_NS };
	buf_puts(&made->left, "retry: 2000\n\n");
	pthread_mutex_lock(&stream->mutex);
	for (struct subscriber *s = stream->subscribers; s; s = s->after)
		n += s->actor->id == actor->id;
	int r = stream->stopped    ? err_set(err, -EBUSY, "the server is about to stop")
	        : n >= STREAM_USER ? err_set(err, -EDQUOT, "too many pages of yours are open; close one")
	                           : 0;
	if (r == 0) {
		made->next = stream->next;
		made->refetch = last.n && !place(stream, last, &made->next);
		made->after = stream->subscribers;
		made->at = &stream->subscribers;
		if (made->after)
			made->after->at = &made->after;
		stream->subscribers = made;
		buf_printf(&made->left, "id: %08x-%llu\nevent: hello\ndata: {}\n\n", stream->boot, (unsigned long long)made->next);
		pthread_cond_signal(&stream->changed);
	}
	pthread_mutex_unlock(&stream->mutex);
	if (r < 0)
		free(made->left.p), free(made);
	else
		*out = made;
	return r;
}

void subscriber_close(struct subscriber *subscriber)
{
	if (!subscriber)
		return;
	pthread_mutex_lock(&subscriber->stream->mutex);
	*subscriber->at = subscriber->after;
	if (subscriber->after)
		subscriber->after->at = subscriber->at;
	pthread_mutex_unlock(&subscriber->stream->mutex);
	buf_done(&subscriber->left);
	free(subscriber);
}

static bool sees(struct subscriber *subscriber, struct str kind, int64_t org, int64_t now)
{
	const struct stream_hooks *hooks = &subscriber->stream->hooks;
	const struct actor *actor = subscriber->actor;
	uint64_t key = str_hash(kind) ^ (uint64_t)org * 0x9e3779b97f4a7c15ULL;
	if (!hooks->sees)
		return actor->whole || actor->org == org;
	__typeof__(&subscriber->seen[0]) slot = &subscriber->seen[key % SEEN];
	if (slot->key != key || slot->until < now) {
		slot->sees = hooks->sees(hooks->ctx, actor, kind, org);
		slot->key = key;
		slot->until = now + (int64_t)SEEN_SECONDS * SECOND_NS;
	}
	return slot->sees;
}

struct heard { /* items copied out of the ring, to be judged without the lock */
	struct item item[STREAM_AT_ONCE];
	uint64_t first;
	size_t n;
	bool refetch, ends, sleeps;
};

/* What there is to hear; when nothing, go to sleep, all under one lock: no event falls between. */
static void listen_once(struct subscriber *subscriber, struct arena *arena, const struct subscriber_waker *waker, bool beat, struct heard *heard)
{
	struct stream *stream = subscriber->stream;
	pthread_mutex_lock(&stream->mutex);
	uint64_t behind = stream->next - subscriber->next;
	heard->ends = stream->stopped;
	heard->refetch = subscriber->refetch || behind > STREAM_AT_ONCE;
	if (heard->refetch)
		subscriber->next = stream->next;
	heard->first = subscriber->next;
	for (; subscriber->next < stream->next; subscriber->next++) {
		const struct item *item = &stream->ring[subscriber->next % STREAM_RING];
		heard->item[heard->n] = *item;
		heard->item[heard->n].text = (char *)arena_str(arena, str_from(item->text)).p;
		heard->item[heard->n++].kind = (char *)arena_str(arena, str_from(item->kind)).p;
	}
	heard->sleeps = !heard->ends && !heard->refetch && !heard->n && !beat;
	if (heard->sleeps) {
		subscriber->waker = *waker;
		subscriber->asleep = true;
		waker->sleep(waker->ctx);
	}
	pthread_mutex_unlock(&stream->mutex);
	subscriber->refetch = false;
}

/* Until there is something to send: true; false when it sleeps or ends. */
static bool fill(struct subscriber *subscriber, const struct subscriber_waker *waker, bool *ends)
{
	struct stream *stream = subscriber->stream;
	for (;;) {
		ARENA(arena);
		struct heard heard = { 0 };
		int64_t now = clock_monotonic_ns();
		bool beat = now - subscriber->heard >= (int64_t)STREAM_HEARTBEAT * SECOND_NS;
		bool dead = beat && stream->hooks.alive && !stream->hooks.alive(stream->hooks.ctx, subscriber->actor);
		listen_once(subscriber, &arena, waker, beat, &heard);
		if (heard.sleeps)
			return false; /* it may be awake again and elsewhere: nothing of it may be touched */
		*ends = heard.ends || dead || now >= subscriber->until;
		if (*ends)
			return false;
		if (heard.refetch)
			buf_printf(&subscriber->left, "id: %08x-%llu\nevent: refetch\ndata: {}\n\n", stream->boot, (unsigned long long)heard.first);
		for (size_t i = 0; i < heard.n; i++) {
			const struct item *item = &heard.item[i];
			if (item->user ? item->user == subscriber->actor->id : sees(subscriber, str_from(item->kind), item->org, now))
				buf_printf(&subscriber->left, "id: %08x-%llu\n%s\n", stream->boot, (unsigned long long)heard.first + i + 1, item->text);
		}
		if (beat && !subscriber->left.n)
			buf_puts(&subscriber->left, ":\n\n");
		if (subscriber->left.n) {
			subscriber->heard = now;
			return true;
		}
	}
}

ssize_t subscriber_read(struct subscriber *subscriber, char *out, size_t room, const struct subscriber_waker *waker)
{
	bool ends = false;
	if (subscriber->sent == subscriber->left.n) {
		buf_clear(&subscriber->left);
		subscriber->sent = 0;
		if (!fill(subscriber, waker, &ends))
			return ends ? -EPIPE : 0;
	}
	size_t n = MIN(room, subscriber->left.n - subscriber->sent);
	memcpy(out, subscriber->left.p + subscriber->sent, n);
	subscriber->sent += n;
	return (ssize_t)n;
}
