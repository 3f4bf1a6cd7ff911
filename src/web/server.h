/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * server: HTTP/1.1 over TLS, by libmicrohttpd (loaded on demand): what comes from the network becomes an exchange (web/exchange.h).
 *
 * A few threads wait for their connections by epoll. What reads is answered there. What writes is handed to the records' writer,
 * what is slow (ROUTE_SLOW) to threads of its own, while the connection is set aside; so nobody waits for somebody else's search. The queue
 * for the slow ones is bounded, and whoever does not fit in is told so at once (503).
 *
 * Everything that a client can make grow is bounded: connections in all and by address, the head (32 KiB), the body by its route,
 * the time to send a head, a body, to take an answer, to stay idle; requests a second by address and by user.
 *
 * server_stop() ends well: no new connections, what was begun is answered.
 */
#ifndef WARD_WEB_SERVER_H
#define WARD_WEB_SERVER_H

#include "web/exchange.h"
#include "web/identity.h"
#include "web/limits.h"
#include "web/stream.h"

struct server;

struct server_options {
	const struct web *web;
	struct stream *stream;        /* NULL: none */
	int listen_fd;                /* listens already (server_listen()); the server closes it */
	struct web_tls tls;           /* .certificate STR_NONE: not encrypted, for tests alone */
	const struct strings *names;  /* what this server is called, besides addresses and localhost; lives as long as the server */
	unsigned threads;             /* 0: one a processor, at most 8 */
	unsigned slow_threads, slow_queue;          /* 0: 2, 64 */
	unsigned connections, connections_address;  /* in all, of one address; 0: 1024, 256 */
	unsigned idle_seconds;        /* 0: 75 */
	unsigned head_seconds;        /* to send a head once it has begun; 0: 15 */
	struct limit address, user, guess; /* .burst 0: 200 a second, 40 a second, 20 a minute; .rate 0 with a burst: none. A
	                                      "guess" is a writing request without login */
};

/* A socket that listens: "127.0.0.1", "::", at a port (0: any). */
int server_listen(const char *address, unsigned port, int *out, struct err *err) MUST_USE;
/* The port it listens on. */
unsigned server_port(int listen_fd);

/* Load the libraries, before a sandbox closes the way to them. */
int server_prepare(struct err *err) MUST_USE;
int server_start(const struct server_options *options, struct server **out, struct err *err) MUST_USE;
/* Another certificate, without a pause. -EINVAL, -ENODATA: the old one stays. */
int server_reload(struct server *server, const struct web_tls *pem, struct err *err) MUST_USE;
/* Take no more, answer what was begun for at most so many seconds, end. Handlers that still run are waited for. */
void server_stop(struct server *server, unsigned seconds);

#endif
