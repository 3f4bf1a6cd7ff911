/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * router: which route answers a method and a path.
 *
 * Routes come as lists (web/request.h) and are put into a tree of segments once; a segment written out goes before one in braces, so
 * "/api/incidents/from" and "/api/incidents/{id}" live beside each other. Finding is read-only: threads share a router.
 *
 * A path is cut at its slashes first and percent-decoded afterwards (RFC 3986, 2.4), so an encoded slash never makes a new segment. A
 * segment that decodes to no UTF-8, to control characters, to a slash, to "." or ".." is refused: nothing downstream has to think of it.
 */
#ifndef WARD_WEB_ROUTER_H
#define WARD_WEB_ROUTER_H

#include "web/request.h"

enum { ROUTER_SEGMENTS = 16, ROUTER_PATH = 4096 /* bytes of a path, still encoded */ };

struct router;

struct route_match {
	const struct route *route;
	struct str path;              /* decoded, in the arena */
	struct str param[ROUTE_PARAMS];
	unsigned allowed;             /* bit n: method n has a route at this path; for the header Allow */
};

/* `lists` ends with NULL and must outlive the router. -EINVAL names the route that is written wrongly or there twice. */
int router_new(const struct route *const *lists, struct router **out, struct err *err) MUST_USE;
void router_free(struct router *router);
void router_free_p(struct router **router);

/* 0; -ENOENT: nothing is there; -ENOSYS: not by this method (`allowed` says by which); -EBADMSG: the path is malformed. */
int router_find(struct arena *arena, const struct router *router, enum method method, struct str path, struct route_match *out,
                struct err *err) MUST_USE;

/* %HH becomes its byte; with `plus`, "+" a blank (as forms write). False when a percent sign stands there alone, or what comes out is no
 * UTF-8 or holds NUL. The slice itself when there is nothing to decode. */
bool percent_decode(struct arena *arena, struct str text, bool plus, struct str *out) MUST_USE;
/* Is the name ("getRecord") or the method known. -1: none. */
int method_from(struct str name);

#endif
