/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Targets of requests: paths and queries, percent-encoded in every wrong way.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "web/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nothing(struct request *request, struct err *err)
{
	(void)request, (void)err;
	return 0;
}

static const struct route list[] = {
	{ METHOD_GET, "/api/records/{register}", "a", "", .handle = nothing },
	{ METHOD_GET, "/api/records/{register}/{id}/files/{file}", "b", "", .handle = nothing },
	{ METHOD_GET, "/api/records/{register}/template.xlsx", "c", "", .handle = nothing },
	{ METHOD_POST, "/api/{a}/{b}/{c}/{d}", "d", "", .handle = nothing },
	{ 0 },
};
static const struct route *const lists[] = { list, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct router *router;
	struct web web = { 0 };
	struct exchange exchange;
	if (!router && router_new(lists, &router, NULL) < 0)
		abort();
	web.router = router;
	exchange_init(&exchange, &web);
	struct request *request = &exchange.request;
	if (exchange_begin(&exchange, size & 1 ? METHOD_POST : METHOD_GET, (struct str){ (const char *)data, size }) == 0)
		for (size_t i = 0; i < ROUTE_PARAMS && request->param[i].p; i++) {
			struct str s = request->param[i];
			if (!s.n || !utf8_valid(s) || str_find_char(s, '/') >= 0 || str_find_char(s, 0) >= 0 || str_is(s, ".."))
				__builtin_trap();
		}
	else if (!exchange.err.text[0])
		__builtin_trap();
	int64_t number;
	for (size_t i = 0; i < 3; i++) {
		struct str value = request_query_at(request, "q", i);
		if (value.p && (!utf8_valid(value) || str_find_char(value, 0) >= 0))
			__builtin_trap();
	}
	if (request_query_int(request, "limit", 1, 100, 50, &number, NULL) == 0 && (number < 1 || number > 100))
		__builtin_trap();
	exchange_done(&exchange);
	return 0;
}
