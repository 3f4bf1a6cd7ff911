/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * routes: every file of routes, in one list.
 */
#include "web/request.h"

#define RESOURCE(name) extern const struct route routes_##name[];
#include "api/resource_list.h"
#undef RESOURCE

const struct route *const route_lists[] = {
#define RESOURCE(name) routes_##name,
#include "api/resource_list.h"
#undef RESOURCE
	NULL,
};
