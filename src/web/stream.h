/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * stream: what changes, told live to the pages that are open (server-sent events, HTML Living Standard 9.2).
 *
 * Events stand in one ring in memory; each subscriber has a place in it, and no queue. Whoever falls behind the ring, or has so much to
 * hear that asking anew is cheaper, is told "event: refetch" and goes on at the newest. A page that comes back with Last-Event-ID
 * gets what it missed, or a refetch when nobody knows any more. Events wake subscribers together, at most ten times a second.
 *
 * What a subscriber may hear is asked of a hook for each (kind, organisation) and remembered for half a minute.
 *
 * Publishing: any thread. A subscriber belongs to the thread of its connection.
 */
#ifndef WARD_WEB_STREAM_H
#define WARD_WEB_STREAM_H

#include <sys/types.h>

#include "web/exchange.h"

enum {
	STREAM_RING = 2048,
	STREAM_AT_ONCE = 200,  /* events that one would have to hear; beyond: a refetch */
	STREAM_USER = 8,       /* subscribers of one user */
	STREAM_HEARTBEAT = 15, /* seconds */
	STREAM_LIFE = 600,     /* then it ends, and the page comes back to be looked at anew */
};

struct stream;
struct subscriber;

struct stream_hooks {
	void *ctx;
	/* May this actor hear of changes of this kind in this organisation? Any thread. NULL: only whole actors and those of the organisation. */
	bool (*sees)(void *ctx, const struct actor *actor, struct str kind, int64_t org);
	/* Is the actor's session still good? Asked with each heartbeat; must not count as something the person did. NULL: yes. */
	bool (*alive)(void *ctx, const struct actor *actor);
};

int stream_new(const struct stream_hooks *hooks, struct stream **out, struct err *err) MUST_USE;
/* All subscribers must have been closed. */
void stream_free(struct stream *stream);
void stream_free_p(struct stream **stream);

/* For records_on_change(): `ctx` is the stream. */
void stream_on_change(void *ctx, int64_t seq, const struct change *change);
/* Any other event ("clock", "progress"): to a user, or (0) to those who see kind and organisation. `data`: JSON of one line. */
void stream_tell(struct stream *stream, const char *event, int64_t user, struct str kind, int64_t org, struct str data);

/* How a connection is set aside, and called back from any thread; never twice in a row, `sleep` with a lock of the stream held. */
struct subscriber_waker {
	void (*sleep)(void *ctx);
	void (*wake)(void *ctx);
	void *ctx;
};

/* -EDQUOT: this user has too many open; -EBUSY: the stream has stopped. `last`: Last-Event-ID, or STR_NONE. The actor must outlive it. */
int stream_subscribe(struct stream *stream, const struct actor *actor, struct str last, struct subscriber **out, struct err *err) MUST_USE;
void subscriber_close(struct subscriber *subscriber);
/* Up to `room` bytes for the client; 0: nothing now, the waker was put to sleep; -EPIPE: it ended. */
ssize_t subscriber_read(struct subscriber *subscriber, char *out, size_t room, const struct subscriber_waker *waker);
/* The server stops: all end, and no new ones begin. */
void stream_stop(struct stream *stream);

#endif
