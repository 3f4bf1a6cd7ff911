/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * health: whether the server answers and its records can be read; for load balancers.
 */
#include "api/office.h"

extern const struct route routes_health[];

static int get_health(struct request *request, struct err *err)
{
	int64_t one;
	int r = db_one_int(request->db, "SELECT 1", 0, &one, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_put(&request->out, "version", STR(WARD_VERSION));
	json_put_flag(&request->out, "good", one == 1);
	buf_add_char(&request->out, '}');
	return 0;
}

const struct route routes_health[] = {
	{ METHOD_GET, "/api/health", "getHealth", "whether the server answers and its records can be read", .flags = ROUTE_OPEN,
	  .gives = "Health", .handle = get_health },
	{ 0 },
};
