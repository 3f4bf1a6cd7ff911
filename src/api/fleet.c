/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "api/fleet.h"

int fleet_begin(struct request *request, struct fleet_page *page, struct err *err)
{
	*page = (struct fleet_page){ 0 };
	int r = request_query_int(request, "limit", 1, 500, 50, &page->limit, err);
	return r < 0 ? r : request_query_int(request, "after", 0, INT64_MAX, 0, &page->after, err);
}

bool fleet_next(struct fleet_page *page, int64_t id)
{
	if (page->n == page->limit) {
		page->more = true;
		return false;
	}
	page->n++;
	page->last = id;
	return true;
}

void fleet_end(struct request *request, const struct fleet_page *page)
{
	struct buf *out = &request->out;
	buf_add_char(out, ']');
	if (page->more)
		json_put(out, "next", arena_printf(request->arena, "%lld", (long long)page->last));
	else
		json_put_null(out, "next");
	json_put_flag(out, "more", page->more);
	buf_add_char(out, '}');
}

const char *fleet_sql(struct request *request, const char *sql, const char *rest)
{
	const char *own = request->actor->whole ? "" : " AND h.org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)";
	return arena_printf(request->arena, "%s%s%s", sql, own, rest).p;
}

void fleet_bind(struct request *request, struct db_query *query)
{
	if (!request->actor->whole)
		db_bind_int(query, request->actor->org);
}

struct str fleet_pattern(struct arena *arena, struct str text)
{
	BUF(out);
	buf_add_char(&out, '%');
	for (size_t i = 0; i < text.n; i++)
		buf_add_char(&out, text.p[i] == '%' || text.p[i] == '\\' ? '_' : text.p[i]);
	buf_add_char(&out, '%');
	return arena_str(arena, buf_str(&out));
}

int fleet_host(struct request *request, int64_t id, struct host *out, struct err *err)
{
	bool seen = request->actor->whole;
	int r = hosts_get(request->arena, request->db, id, out, err);
	if (r == 0 && !seen && out->org)
		r = record_sees(request->db, request->actor, out->org, &seen, err);
	if (r < 0)
		return r;
	return seen ? 0 : err_set(err, -ENOENT, "there is no host %lld", (long long)id);
}

int fleet_whole(struct request *request, struct err *err)
{
	if (!request->actor->whole)
		return err_set(err, -EPERM, "this belongs to the whole installation: only who sees all organisations may look at it");
	return 0;
}
