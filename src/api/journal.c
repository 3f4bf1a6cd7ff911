/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * journal: who did what, for those who audit; and whether it still is what was written.
 *
 * A person sees the entries of the organisations below theirs; those of the installation as a whole only who sees everything.
 */
#include "api/office.h"
#include "base/clock.h"
#include "base/vec.h"
#include "record/journal_verify.h"
#include "register/history.h"

extern const struct route routes_journal[];

enum { LIMIT = 50, LIMIT_MOST = 500, PROBLEMS_SHOWN = 20 };
#define SECOND INT64_C(1000000000)

struct entry {
	int64_t seq, time, actor, object, org;
	struct str actor_name, kind, action, reason, hash;
	struct history_values values;
};

static void read_entry(struct request *request, struct db_query *q, struct entry *out)
{
	struct arena *arena = request->arena;
	*out = (struct entry){ .seq = db_int(q, 0), .time = db_int(q, 1) / SECOND, .actor = db_int(q, 2), .object = db_int(q, 5), .org = db_int(q, 6),
		               .actor_name = arena_str(arena, db_text(q, 3)), .kind = arena_str(arena, db_text(q, 4)),
		               .action = arena_str(arena, db_text(q, 7)), .reason = arena_str(arena, db_text(q, 10)),
		               .hash = arena_str(arena, db_text(q, 11)) };
	history_read(arena, registers_find(office_of(request)->registers, out->kind), db_text(q, 8), db_text(q, 9), &out->values);
}

static void put_entry(struct buf *out, const struct titles *titles, const struct entry *entry)
{
	json_open_map(out, NULL);
	json_put_int(out, "seq", entry->seq);
	json_put_int(out, "time", entry->time);
	json_put_int(out, "actor", entry->actor);
	json_put(out, "actor_name", entry->actor_name);
	json_put(out, "kind", entry->kind);
	json_put_int(out, "object", entry->object);
	json_put_int(out, "org", entry->org);
	json_put(out, "action", entry->action);
	history_put_values(out, titles, &entry->values);
	json_put_or_null(out, "reason", history_reason(titles->lang, entry->actor, entry->reason));
	json_put(out, "hash", entry->hash);
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
	VEC(struct entry) entries = { 0 };
	struct titles titles;
	bool more = false;
	titles_init(&titles, request->arena, &office_of(request)->books, request->lang);
	while ((r = db_step(&q, err)) > 0) {
		struct entry entry;
		more = (int64_t)entries.n == limit;
		if (more)
			break;
		read_entry(request, &q, &entry);
		history_want(&titles, &entry.values);
		vec_push_in(request->arena, &entries, entry);
	}
	r = r < 0 ? r : titles_read(&titles, request->db, err);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	for (size_t i = 0; r == 0 && i < entries.n; i++)
		put_entry(&request->out, &titles, &entries.p[i]);
	buf_add_char(&request->out, ']');
	if (more && entries.n)
		json_put(&request->out, "next", arena_printf(request->arena, "%lld", (long long)entries.p[entries.n - 1].seq));
	else
		json_put_null(&request->out, "next");
	json_put_flag(&request->out, "more", more);
	buf_add_char(&request->out, '}');
	return r;
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
