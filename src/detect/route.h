/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * route: from the routing fields of an event to what is to be done with it (private to the detector).
 *
 * Mappings are asked once for each combination of parser and routing values (of fields that conditions only want to be there, that
 * they are there); the answer is kept, bounded. Combinations that
 * lead to the same log sources share a *plan*: which programs can match, and so which fields must be looked up.
 *
 * One thread's.
 */
#ifndef WARD_DETECT_ROUTE_H
#define WARD_DETECT_ROUTE_H

#include "base/buf.h"
#include "detect/prefilter.h"
#include "detect/ruleset.h"

enum { ROUTES = 4096, ROUTE_KEY_LONGEST = 2048, PLANS_MOST = 512 };

struct plan {
	uint64_t *sources;  /* a bit each */
	uint64_t *active;   /* programs of these sources */
	bool *wanted;       /* by slot: look its values up */
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

/* Gather the key: begin, then each routing field in the order of the event. */
void routes_begin(struct routes *routes, const struct event *event, const struct mapping *only);
void routes_field(struct routes *routes, uint32_t slot, const struct field *field);
/* Valid until the next call. */
const struct route *routes_find(struct routes *routes, const struct event *event, const struct names *names,
                                const struct mapping *only);

/* The log source by which a program is in the plan. */
const struct ruleset_source *plan_source(const struct ruleset *ruleset, const struct plan *plan, const struct program *program);

#endif
