/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * management: the checks of the registers, what their last run said, and how many findings of theirs are open.
 *
 * A verdict is over the whole installation. Who sees a part of it learns no more than what stands in that part: a fail when findings of
 * theirs are open, what was unknown or did not apply, and otherwise no verdict ("value": null), since a pass for all is not said by theirs.
 */
#include "api/checks.h"
#include "base/map.h"
#include "check/verdict.h"

extern const struct route routes_management[];

#define WHO "operator security auditor leader duty officer verifier"

struct said { /* of one check */
	struct str value, reason;
	int64_t since, seen, found, open;
	bool partial;
};

static int read_verdicts(struct request *request, struct map *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, request->db, "SELECT check_id, value, since, seen, partial, reason, found FROM ward_management", err);
	while (r >= 0 && (r = db_step(&q, err)) > 0) {
		struct said *said = ARENA_NEW(request->arena, struct said);
		*said = (struct said){ .value = arena_str(request->arena, db_text(&q, 1)), .since = db_int(&q, 2), .seen = db_int(&q, 3),
			               .partial = db_int(&q, 4) != 0, .reason = checks_reason(request, db_text(&q, 5)), .found = db_int(&q, 6) };
		*map_put(out, arena_str(request->arena, db_text(&q, 0))) = said;
	}
	return r;
}

/* Those that this person sees. */
static int read_open(struct request *request, struct map *out, struct err *err)
{
	const struct actor *actor = request->actor;
	DB_QUERY(q);
	int r = db_query(&q, request->db,
	                 actor->whole ? "SELECT check_id, count(*) FROM finding WHERE check_id IN (SELECT check_id FROM ward_management)"
	                                " AND source = 'management' AND withdrawn IS NULL AND state <> 'closed' GROUP BY check_id"
	                              : "SELECT check_id, count(*) FROM finding WHERE check_id IN (SELECT check_id FROM ward_management)"
	                                " AND source = 'management' AND withdrawn IS NULL AND state <> 'closed'"
	                                " AND org IN (SELECT org FROM ward_subtree WHERE ancestor = ?) GROUP BY check_id",
	                 err);
	if (r < 0)
		return r;
	if (!actor->whole)
		db_bind_int(&q, actor->org);
	while ((r = db_step(&q, err)) > 0) {
		struct said *said = map_get(out, db_text(&q, 0));
		if (said)
			said->open = db_int(&q, 1);
	}
	return r;
}

static int read_said(struct request *request, struct map *out, struct err *err)
{
	*out = (struct map){ .arena = request->arena };
	int r = read_verdicts(request, out, err);
	return r < 0 ? r : read_open(request, out, err);
}

static void put_said(struct request *request, const struct said *said)
{
	static const struct said never = { 0 };
	struct buf *out = &request->out;
	bool part = !request->actor->whole;
	said = said ? said : &never;
	struct str value = said->value;
	if (part && said->open)
		value = str_from(verdict_names[VERDICT_FAIL]);
	else if (part && (str_is(value, verdict_names[VERDICT_FAIL]) || str_is(value, verdict_names[VERDICT_PASS])))
		value = STR_NONE;
	json_put_or_null(out, "value", value);
	if (said->seen)
		json_put_int(out, "seen", said->seen);
	else
		json_put_null(out, "seen");
	if (said->seen && !part)
		json_put_int(out, "since", said->since);
	else
		json_put_null(out, "since");
	json_put_flag(out, "partial", said->partial && !part);
	json_put_or_null(out, "reason", value.n ? said->reason : STR_NONE);
	json_put_int(out, "open", said->open);
}

static int get_all(struct request *request, struct err *err)
{
	const struct checks *checks = &office_of(request)->management;
	struct map said;
	int r = read_said(request, &said, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	for (size_t i = 0; i < checks->n; i++) {
		json_open_map(&request->out, NULL);
		checks_put(&request->out, &checks->p[i]);
		put_said(request, map_get(&said, checks->p[i].id));
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return 0;
}

static int get_one(struct request *request, struct err *err)
{
	const struct check *check = checks_find(&office_of(request)->management, request->param[0]);
	struct map said;
	if (!check)
		return err_set(err, -ENOENT, "there is no check '%.*s'", STR_ARG(request->param[0]));
	int r = read_said(request, &said, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	checks_put(&request->out, check);
	checks_put_more(&request->out, check);
	put_said(request, map_get(&said, check->id));
	buf_add_char(&request->out, '}');
	return 0;
}

const struct route routes_management[] = {
	{ METHOD_GET, "/api/management", "listManagementChecks", "checks of the registers, with what the last run said", .roles = WHO,
	  .gives = "ManagementChecks", .handle = get_all },
	{ METHOD_GET, "/api/management/{id}", "getManagementCheck", "a check of the registers with its SQL", .roles = WHO,
	  .gives = "ManagementCheck", .handle = get_one },
	{ 0 },
};
