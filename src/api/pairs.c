/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * pairs: what waits for a second person, and their decision (people/pairs.h).
 */
#include "api/door.h"

static void put_pair(struct request *request, const struct pair *pair)
{
	struct buf *out = &request->out;
	const struct people *people = office_of(request)->people;
	bool mine = pair->initiator == request->actor->id;
	bool open = str_is(pair->state, "open");
	struct err why = { "" };
	json_open_map(out, NULL);
	json_put_int(out, "id", pair->id);
	json_put(out, "action", pair->action);
	json_put(out, "kind", pair->kind);
	json_put_int(out, "object", pair->object);
	json_put(out, "text", pair->summary);
	json_put(out, "reason", pair->reason);
	json_put(out, "initiator", pair->initiator_name);
	json_put_int(out, "initiated", pair->created);
	json_put_int(out, "expires", pair->expires);
	json_put(out, "state", pair->state);
	json_put_flag(out, "mine", mine);
	json_put_flag(out, "may", open && pair_may(request->db, people, pair, request->actor, &why) == 0);
	if (pair->decided) {
		json_put_int(out, "decided", pair->decided);
		json_put(out, "decided_by", pair->decided_name);
		json_put(out, "decided_reason", pair->decided_reason);
	}
	buf_add_char(out, '}');
}

static int get_pairs(struct request *request, struct err *err)
{
	struct pair *pairs;
	size_t n;
	bool open = !str_is(request_query(request, "all"), "1");
	int r = pair_list(request->arena, request->db, request->actor, request->now, open, &pairs, &n, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	for (size_t i = 0; i < n; i++)
		put_pair(request, &pairs[i]);
	buf_puts(&request->out, "]}");
	return 0;
}

static int read_decision(struct request *request, int64_t *id, struct str *reason, bool required, struct err *err)
{
	int r = door_only(request, "reason", err);
	if (r == 0)
		r = request_id(request, 0, id, err);
	return r < 0 ? r : request_text(request, "reason", required, PAIR_REASON, reason, err);
}

static int post_confirm(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct str reason;
	int64_t id;
	int r = read_decision(request, &id, &reason, false, err);
	if (r == 0)
		r = pair_confirm(request->write, office->people, office->people->actions, office, id, reason, err);
	request->status = 204;
	return r;
}

static int post_refuse(struct request *request, struct err *err)
{
	struct str reason;
	int64_t id;
	int r = read_decision(request, &id, &reason, true, err);
	if (r == 0)
		r = pair_refuse(request->write, office_of(request)->people, id, reason, err);
	request->status = 204;
	return r;
}

const struct route routes_pairs[] = {
	{ METHOD_GET, "/api/pairs", "listPairs", "what waits for a second person; with all=1 also what was decided", .gives = "PairList",
	  .query = "all", .handle = get_pairs },
	{ METHOD_POST, "/api/pairs/{id}/confirm", "confirmPair", "let it happen, as the second person", .flags = ROUTE_FRESH, .body_most = 4096,
	  .takes = "Reason", .handle = post_confirm },
	{ METHOD_POST, "/api/pairs/{id}/refuse", "refusePair", "refuse it, or take back what one began", .body_most = 4096, .takes = "Reason",
	  .handle = post_refuse },
	{ 0 },
};
