/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * route: from the routing fields of an event to what is to be done with it (private to the detector).
 *
 * A value of a routing field answers some questions of the mappings (detect/routing.h); which, is remembered for each of
 * the values seen last. All answers together with the parser are the key of a route, which is remembered, too. So mappings
 * are asked once for each of the few combinations, and what a field holds that only has to be there is never looked
 * at. Routes that lead to the same log sources share a *plan*: which programs can match, and so which fields must be looked up.
 *
 * One thread's, bounded.
 */
#ifndef WARD_DETECT_ROUTE_H
#define WARD_DETECT_ROUTE_H

#include "base/buf.h"
#include "detect/prefilter.h"
#include "detect/ruleset.h"

enum {
	ROUTES = 4096,
	PLANS_MOST = 512,
	ROUTE_VALUES = 256,       /* remembered of each routing field */
	ROUTE_VALUE_LONGEST = 64, /* longer ones are asked about each time */
};

enum plan_want {
	WANT_LATER = 1, /* look its values up when there are programs to try */
	WANT_FIRST,     /* look its values up: they may start programs */
};

struct plan {
	uint64_t *sources;  /* a bit each */
	uint64_t *active;   /* programs of these sources */
	uint8_t *wanted;    /* by slot: 0, not wanted, or enum plan_want */
	uint32_t *always;   /* programs to try in any case */
	size_t n_always;
	struct prefilter *keywords; /* says whether to look for keywords at all; NULL: always do if they are wanted */
	bool any;           /* there is something to do */
};

struct route {
	const struct plan *plan;
	const struct mapping *mapping; /* the event's; NULL: none */
};

struct routes;

struct routes *routes_new(const struct ruleset *ruleset);
void routes_free(struct routes *routes);

/* Gather the answers: begin, then each field of a routing slot. */
void routes_begin(struct routes *routes, const struct event *event, const struct mapping *only);
void routes_field(struct routes *routes, uint32_t slot, const struct event_field *field);
/* Valid until the next call. */
const struct route *routes_find(struct routes *routes, const struct event *event, const struct mapping *only);

uint64_t routes_asked(const struct routes *routes); /* how often none was remembered */

/* The log source by which a program is in the plan. */
const struct ruleset_source *plan_source(const struct ruleset *ruleset, const struct plan *plan, const struct program *program);

#endif
