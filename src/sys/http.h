/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * http: requests to a server, by libcurl, loaded when it is first needed (sys/library.h).
 *
 * Only http and https; no redirects (they would carry the password elsewhere), no proxy of the environment, certificates always
 * checked. A connection is kept for the next request. One thread at a time.
 */
#ifndef WARD_SYS_HTTP_H
#define WARD_SYS_HTTP_H

#include "base/buf.h"
#include "base/err.h"

struct http;

int http_open(struct http **out, struct err *err) MUST_USE;
void http_close(struct http *http);
void http_close_p(struct http **http);

struct http_request {
	const char *method;         /* "POST" … */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	struct str body;            /* p NULL: none */
	const char *authority;      /* file of certificates that may sign the server's; NULL: the system's */
	int64_t timeout_ns;         /* of the whole request; 0: 60 s */
	/* Called with each piece of the answer's body; not 0 ends the request with -ECANCELED. NULL: `answer` keeps it. */
	int (*sink)(void *ctx, struct str piece);
	void *ctx;
};

/* 0 when there is an answer, whatever it says: *status. `answer` holds its body, of an answer that is not 2xx also when there
 * is a sink; more than 64 MiB is -E2BIG. Not reached: -ECONNREFUSED, -EHOSTUNREACH, -ETIMEDOUT, -EPROTO; the error names the
 * host, never what the URL's query or the headers hold. */
int http_send(struct http *http, const struct http_request *request, long *status, struct buf *answer,
              struct err *err) MUST_USE;

#endif
