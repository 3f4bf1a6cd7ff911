/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * list: what resources over hosts share: pages, and what of the fleet a person may see.
 *
 * A host belongs to an organisation; who sees that organisation (ward_subtree) sees the host. Hosts that nobody has given to one
 * are seen by those alone who see everything. In SQL the table is called h.
 */
#ifndef WARD_API_LIST_H
#define WARD_API_LIST_H

#include "api/office.h"
#include "case/hosts.h"

struct list_page {
	int64_t limit, after; /* after: the last row's id of the page before */
	int64_t n, last;
	bool more;
};

/* `limit` (50, 1 to 500) and `after` of the query. -EINVAL. */
int list_begin(struct request *request, struct list_page *page, struct err *err) MUST_USE;
/* A row with this id comes: false when the page is full. */
bool list_next(struct list_page *page, int64_t id);
/* Close the list and the map around it. */
void list_end(struct request *request, const struct list_page *page);

/* `sql`, the condition on h.org when the person does not see everything, and `rest`; list_bind() binds what the condition needs. */
const char *list_sql(struct request *request, const char *sql, const char *rest);
void list_bind(struct request *request, struct db_query *query);
/* printf into the request's arena, for statements of which there are few. */
const char *db_printf(struct request *request, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "%text%" for db_like(), without meaning of its own for % and _: these become "_". */
struct str list_pattern(struct arena *arena, struct str text);

/* A host that this person sees. -ENOENT: the same words for none and for somebody else's. */
int list_host(struct request *request, int64_t id, struct host *out, struct err *err) MUST_USE;
/* -EPERM unless the person sees the whole installation: for what has no organisation. */
int list_whole(struct request *request, struct err *err) MUST_USE;

#endif
