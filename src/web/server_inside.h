/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * server_inside: what the files of the server share. Only server*.c include this.
 *
 * A `link` is a connection, a `visit` one request on it. libmicrohttpd calls for a connection from one thread of its pool; the
 * writer and the slow threads touch a visit only while its connection is suspended, and hand it back by resuming.
 */
#ifndef WARD_WEB_SERVER_INSIDE_H
#define WARD_WEB_SERVER_INSIDE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "sys/library.h"
#include "web/assets.h"
#include "web/head.h"
#include "web/server.h"

#define MHD_FUNCTIONS(X)                                                                                               \
	X(MHD_start_daemon) X(MHD_stop_daemon) X(MHD_quiesce_daemon) X(MHD_queue_response) X(MHD_destroy_response)     \
	X(MHD_add_response_header) X(MHD_create_response_from_buffer) X(MHD_create_response_from_callback)             \
	X(MHD_suspend_connection) X(MHD_resume_connection) X(MHD_get_connection_info) X(MHD_get_connection_values_n)   \
	X(MHD_set_connection_option)

struct mhd {
	MHD_FUNCTIONS(LIBRARY_POINTER_)
};
extern const struct mhd *const mhd; /* after mhd_load() */
int mhd_load(struct err *err) MUST_USE;

struct link {
	struct link *next, **at; /* under the server's mutex */
	int fd;
	_Atomic int64_t deadline; /* clock_monotonic_ns(); INT64_MAX: none */
	char address[48];
};

enum phase {
	PHASE_HEAD,    /* the first call: the head is there */
	PHASE_BODY,    /* it comes piece by piece */
	PHASE_AWAY,    /* suspended: with the writer or a slow thread */
	PHASE_ANSWER,  /* resumed: the answer is made */
	PHASE_OVER,
};

struct visit {
	struct server *server;
	struct MHD_Connection *connection;
	struct link *link;
	struct exchange exchange;
	struct str target;
	struct head head;
	struct buf body;
	size_t most;
	_Atomic int phase;
	bool only_head, discards, streams;
	bool is_asset;
	struct asset asset;
	struct visit *next; /* in the queue of the slow */
};

struct slow;

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	struct identity *identity; /* NULL: not encrypted */
	struct limits *limits;
	struct slow *slow;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t watch;
	bool watches;
	struct link *links; /* under the mutex */
	bool ends;
	atomic_bool stopping, closed; /* closed: nothing is suspended any more */
	_Atomic unsigned connections, busy, away; /* away: suspended, with the writer or a slow thread */
};

/* server_visit.c: what libmicrohttpd calls; ctx is the server, *context the visit. */
void *visit_begin(void *ctx, const char *target, struct MHD_Connection *connection);
enum MHD_Result visit_go_on(void *ctx, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                            const char *upload, size_t *size, void **context);
void visit_end(void *ctx, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode why);
/* Back to its thread, to be answered. */
void visit_resume(struct visit *visit);

/* server_answer.c */
enum MHD_Result answer_send(struct visit *visit);
enum MHD_Result answer_asset(struct visit *visit);
enum MHD_Result answer_stream(struct visit *visit);

/* server_slow.c: -EBUSY when the queue is full. */
int slow_new(unsigned threads, unsigned queue, struct slow **out, struct err *err) MUST_USE;
void slow_free(struct slow *slow); /* after the last visit */
int slow_hand_over(struct slow *slow, struct visit *visit) MUST_USE;

static inline void link_until(struct link *link, int64_t now, int64_t seconds)
{
	atomic_store_explicit(&link->deadline, now + seconds * 1000000000, memory_order_relaxed);
}

#endif
