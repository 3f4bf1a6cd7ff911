/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * head: what the headers of a request say, and whether they may be believed.
 *
 * Browsers send cookies along with whatever another site makes them send, so what writes must prove where it comes from, three times
 * over: the cookie is SameSite=Strict; Sec-Fetch-Site and Origin, where the browser says them, must name this server; and the header
 * X-Ward-CSRF must repeat a value that only this server's own pages could read (head_trusted()). Host must be a name of this server, or
 * an address, so that a foreign name that resolves to this machine ("DNS rebinding") reads nothing.
 */
#ifndef WARD_WEB_HEAD_H
#define WARD_WEB_HEAD_H

#include "data/lang.h"
#include "web/exchange.h"

enum { HEAD_COOKIE = 256 /* bytes of a session's value, at most */ };
#define HEAD_COOKIE_NAME "__Host-ward"

struct head {
	struct str host, origin, site; /* Host, Origin, Sec-Fetch-Site */
	struct str csrf;               /* X-Ward-CSRF */
	struct str type, agent;        /* Content-Type, User-Agent */
	struct str accept_encoding, none_match, last_event; /* Accept-Encoding, If-None-Match, Last-Event-ID */
	struct credentials credentials;
	int64_t length;                /* Content-Length; -1: not said; -2: no number */
	bool chunked;                  /* Transfer-Encoding is there */
	bool doubled;                  /* a header that may be there once was there twice */
	bool odd;                      /* a name that is no token (RFC 9110, 5.6.2), which another server might read in another way */
	bool lang_known;
	enum lang lang;                /* of Accept-Language */
};

void head_init(struct head *head);
/* One header after the other; values must live as long as the head. */
void head_take(struct head *head, struct str name, struct str value);
/* The value of a cookie in "a=1; b=2". STR_NONE: none, or there are two. */
struct str cookie_find(struct str cookies, const char *name);
/* The first of our languages in "vi-VN,vi;q=0.9,en;q=0.8" by weight. False: none. */
bool language_accept(struct str header, enum lang *out);
/* "br, gzip;q=0": is the coding taken? */
bool encoding_accepts(struct str header, const char *coding);
/* The name in Host without its port, "[::1]" with its brackets; STR_NONE when it is malformed. */
struct str host_name(struct str host);

/* Is the request well-formed and meant for us? `names`: what this server is called besides addresses and localhost. -EBADMSG, or -ENXIO
 * for a foreign name. */
int head_check(const struct head *head, const struct strings *names, struct err *err) MUST_USE;
/* May a request that changes something be believed? `csrf`: of the session, STR_NONE when there is none. -EPERM. */
int head_trusted(const struct head *head, bool by_token, struct str csrf, struct err *err) MUST_USE;

#endif
