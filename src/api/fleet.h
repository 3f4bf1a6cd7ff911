/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fleet: what resources over hosts share: pages, and what of the fleet a person may see.
 *
 * A host belongs to an organisation; who sees that organisation (ward_subtree) sees the host. Hosts that nobody has given to one
 * are seen by those alone who see everything. In SQL the table is called h.
 */
#ifndef WARD_API_FLEET_H
#define WARD_API_FLEET_H

#include "api/office.h"
#include "case/hosts.h"

struct fleet_page {
	int64_t limit, after; /* after: the last row's id of the page before */
	int64_t n, last;
	bool more;
};

/* `limit` (50, 1 to 500) and `after` of the query. -EINVAL. */
int fleet_begin(struct request *request, struct fleet_page *page, struct err *err) MUST_USE;
/* A row with this id comes: false when the page is full. */
bool fleet_next(struct fleet_page *page, int64_t id);
/* Close the list and the map around it. */
void fleet_end(struct request *request, const struct fleet_page *page);

/* `sql`, the condition on h.org when the person does not see everything, and `rest`; fleet_bind() binds what the condition needs. */
const char *fleet_sql(struct request *request, const char *sql, const char *rest);
void fleet_bind(struct request *request, struct db_query *query);
/* "%text%" for db_like(), without meaning of its own for % and _: these become "_". */
struct str fleet_pattern(struct arena *arena, struct str text);

/* A host that this person sees. -ENOENT: the same words for none and for somebody else's. */
int fleet_host(struct request *request, int64_t id, struct host *out, struct err *err) MUST_USE;
/* -EPERM unless the person sees the whole installation: for what has no organisation. */
int fleet_whole(struct request *request, struct err *err) MUST_USE;

#endif
