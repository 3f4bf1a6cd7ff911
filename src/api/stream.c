/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * stream: what changes, live, to the pages that are open.
 */
#include "web/stream.h"

#include "api/office.h"

extern const struct route routes_stream[];

static int get_stream(struct request *request, struct err *err)
{
	struct stream *stream = office_of(request)->stream;
	if (!stream)
		return err_set(err, -EBUSY, "the server is about to stop");
	return stream_subscribe(stream, request->actor, request->last_event, &request->stream, err);
}

const struct route routes_stream[] = {
	{ METHOD_GET, "/api/stream", "getStream",
	  "server-sent events: change (seq, kind, object, org, action), clock, progress; refetch when something was missed",
	  .flags = ROUTE_STREAM, .handle = get_stream },
	{ 0 },
};
