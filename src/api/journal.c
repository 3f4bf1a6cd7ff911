/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * journal: who did what, for those who audit; and whether it still is what was written.
 *
 * A person sees the entries of the organisations below theirs; those of the installation as a whole only who sees everything.
 */
#include "base/clock.h"
#include "record/journal_verify.h"
#include "web/request.h"

extern const struct route routes_journal[];

enum { LIMIT = 50, LIMIT_MOST = 500, PROBLEMS_SHOWN = 20 };
#define SECOND INT64_C(1000000000)

/* "before" and "after" are JSON objects as they were written. */
static void put_raw(struct buf *out, const char *name, struct str json)
{
	json_key(out, name);
	buf_add(out, json.n && json.p[0] == '{' ? json : STR("null"));
}

static void put_entry(struct buf *out, struct db_query *q)
{
	json_open_map(out, NULL);
	json_put_int(out, "seq", db_int(q, 0));
	json_put_int(out, "time", db_int(q, 1) / SECOND);
	json_put_int(out, "actor", db_int(q, 2));
	json_put(out, "actor_name", db_text(q, 3));
	json_put(out, "kind", db_text(q, 4));
	json_put_int(out, "object", db_int(q, 5));
	json_put_int(out, "org", db_int(q, 6));
	json_put(out, "action", db_text(q, 7));
	put_raw(out, "before", db_text(q, 8));
	put_raw(out, "after", db_text(q, 9));
	json_put_or_null(out, "reason", db_text(q, 10));
	json_put(out, "hash", db_text(q, 11));
	buf_add_char(out, '}');
}

static int get_journal(struct request *request, struct err *err)
{
	const struct actor *actor = request->actor;
	int64_t object, user, from, to, after, limit;
	struct str kind = request_query(request, "kind");
	DB_QUERY(q);
	int r = request_query_int(request, "object", 0, INT64_MAX, -1, &object, err);
	if (r == 0)
		r = request_query_int(request, "actor", 0, INT64_MAX, -1, &user, err);
	if (r == 0)
		r = request_query_int(request, "from", 0, INT64_MAX / SECOND, 0, &from, err);
	if (r == 0)
		r = request_query_int(request, "to", 0, INT64_MAX / SECOND, INT64_MAX / SECOND, &to, err);
	if (r == 0)
		r = request_query_int(request, "after", 1, INT64_MAX, INT64_MAX, &after, err);
	if (r == 0)
		r = request_query_int(request, "limit", 1, LIMIT_MOST, LIMIT, &limit, err);
	if (r == 0)
		r = db_query(&q, request->db,
		             "SELECT seq, time, actor, actor_name, kind, object, org, action, before, after, reason, hash FROM ward_journal"
		             " WHERE seq < ? AND (? = '' OR kind = ?) AND (? = -1 OR object = ?) AND (? = -1 OR actor = ?) AND time >= ? AND time < ?"
		             " AND (? = 1 OR org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)) ORDER BY seq DESC LIMIT ?",
		             err);
	if (r < 0)
		return r;
	kind = kind.p ? kind : STR("");
	db_bind_int(&q, after);
	db_bind_text(&q, kind);
	db_bind_text(&q, kind);
	db_bind_int(&q, object);
	db_bind_int(&q, object);
	db_bind_int(&q, user);
	db_bind_int(&q, user);
	db_bind_int(&q, from * SECOND);
	db_bind_int(&q, to * SECOND);
	db_bind_int(&q, actor->whole);
	db_bind_int(&q, actor->org);
	db_bind_int(&q, limit + 1);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	int64_t n = 0, last = 0;
	while (n <= limit && (r = db_step(&q, err)) > 0 && n++ < limit) {
		last = db_int(&q, 0);
		put_entry(&request->out, &q);
	}
	buf_add_char(&request->out, ']');
	if (n > limit)
		json_put(&request->out, "next", arena_printf(request->arena, "%lld", (long long)last));
	else
		json_put_null(&request->out, "next");
	json_put_flag(&request->out, "more", n > limit);
	buf_add_char(&request->out, '}');
	return r < 0 ? r : 0;
}

static int get_verify(struct request *request, struct err *err)
{
	struct journal_verify verify = { 0 };
	struct buf *out = &request->out;
	int64_t started = clock_monotonic_ns();
	int r = request->actor->whole ? journal_verify(request->arena, request->db, &verify, err)
	                              : err_set(err, -EPERM, "only the auditor of the whole installation can verify it as a whole");
	if (r == 0) {
		json_open_map(out, NULL);
		json_put_flag(out, "ok", verify.n_problems == 0);
		json_put_int(out, "entries", verify.entries);
		json_put(out, "head", str_from(verify.end.hash));
		json_put_int(out, "seals", verify.seals);
		json_put_int(out, "sealed", verify.sealed);
		json_put_int(out, "registers", verify.registers);
		json_put_int(out, "rows", verify.rows);
		json_open_list(out, "problems");
		for (size_t i = 0; i < verify.problems.n && i < PROBLEMS_SHOWN; i++) {
			const struct journal_problem *problem = &verify.problems.p[i];
			json_open_map(out, NULL);
			json_put_int(out, "seq", problem->seq);
			json_put_or_null(out, "table", problem->table);
			json_put_int(out, "id", problem->id);
			json_put(out, "text", note_text(request->arena, request->lang, &problem->what));
			buf_add_char(out, '}');
		}
		buf_add_char(out, ']');
		if (verify.problems.n)
			json_put(out, "problem", note_text(request->arena, request->lang, &verify.problems.p[0].what));
		else
			json_put_null(out, "problem");
		json_put_real(out, "seconds", (double)(clock_monotonic_ns() - started) / 1e9);
		buf_add_char(out, '}');
	}
	return r;
}

const struct route routes_journal[] = {
	{ METHOD_GET, "/api/journal", "listJournal", "what was done below one's organisation, newest first", .roles = "auditor security",
	  .flags = ROUTE_TOKEN | ROUTE_SLOW, .gives = "JournalList", .query = "kind object actor from to after limit", .handle = get_journal },
	{ METHOD_GET, "/api/journal/verify", "verifyJournal", "whether the journal and the registers still are what was written",
	  .roles = "auditor security", .flags = ROUTE_SLOW, .gives = "JournalState", .handle = get_verify },
	{ 0 },
};
