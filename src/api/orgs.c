/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * orgs: the tree of organisations below a person.
 */
#include "api/office.h"

enum { MOST = 20000 };

static int get_orgs(struct request *request, struct err *err)
{
	const struct actor *actor = request->actor;
	DB_QUERY(q);
	int r = db_query(&q, request->db,
	                 "SELECT id, parent, name, tier, kind FROM org WHERE withdrawn IS NULL AND (? = 1 OR id IN"
	                 " (SELECT org FROM ward_subtree WHERE ancestor = ?)) ORDER BY id LIMIT ?",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, actor->whole);
	db_bind_int(&q, actor->org);
	db_bind_int(&q, MOST);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	while ((r = db_step(&q, err)) > 0) {
		int64_t id = db_int(&q, 0), parent = db_int_or(&q, 1, 0);
		json_open_map(&request->out, NULL);
		json_put_int(&request->out, "id", id);
		/* What lies above is not this person's to see. */
		if (parent && id != actor->org)
			json_put_int(&request->out, "parent", parent);
		else
			json_put_null(&request->out, "parent");
		json_put(&request->out, "name", db_text(&q, 2));
		json_put_or_null(&request->out, "tier", db_text(&q, 3));
		json_put_or_null(&request->out, "kind", db_text(&q, 4));
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return r;
}

const struct route routes_orgs[] = {
	{ METHOD_GET, "/api/orgs", "listOrgs", "the organisations below one's own, itself too", .flags = ROUTE_TOKEN, .gives = "OrgList",
	  .handle = get_orgs },
	{ 0 },
};
