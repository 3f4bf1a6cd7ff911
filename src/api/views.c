/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * views: lists that a person has named: a register with its filters, sorting and columns, as the address has them.
 */
#include "api/office.h"

extern const struct route routes_views[];

enum { VIEWS_MOST = 200, NAME_MOST = 100, QUERY_MOST = 4000 };

static int get_views(struct request *request, struct err *err)
{
	DB_QUERY(q);
	struct buf *out = &request->out;
	int r = db_query(&q, request->db, "SELECT id, register, name, query, created FROM ward_view WHERE user_id = ? ORDER BY register, name, id", err);
	if (r < 0)
		return r;
	db_bind_int(&q, request->actor->id);
	json_open_list(out, NULL);
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(out, NULL);
		json_put_int(out, "id", db_int(&q, 0));
		json_put(out, "register", db_text(&q, 1));
		json_put(out, "name", db_text(&q, 2));
		json_put(out, "query", db_text(&q, 3));
		json_put_int(out, "created", db_int(&q, 4));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return r;
}

static int view_count(struct request *request, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, request->db, "SELECT count(*) FROM ward_view WHERE user_id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, request->actor->id);
	r = db_step(&q, err);
	*out = r > 0 ? db_int_or(&q, 0, 0) : 0;
	return r < 0 ? r : 0;
}

/* A view of a name that is there already takes its place. */
static int post_view(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct str reg, name, query;
	int64_t n = 0;
	DB_QUERY(q);
	int r = request_text(request, "register", true, REGISTER_NAME_MOST, &reg, err);
	if (r == 0)
		r = request_text(request, "name", true, NAME_MOST, &name, err);
	if (r == 0)
		r = request_text(request, "query", true, QUERY_MOST, &query, err);
	if (r < 0)
		return r;
	const struct register_ *found = registers_find(office->registers, reg);
	if (!found || !record_may(&office->books, request->actor, found, RECORD_READ))
		return err_set(err, -ENOENT, "there is no such register");
	r = view_count(request, &n, err);
	if (r == 0 && n >= VIEWS_MOST)
		r = err_set(err, -EINVAL, "a person can have at most %d views", VIEWS_MOST);
	if (r == 0)
		r = db_query(&q, request->db,
		             "INSERT INTO ward_view (user_id, register, name, query, created) VALUES (?, ?, ?, ?, ?)"
		             " ON CONFLICT (user_id, register, name) DO UPDATE SET query = excluded.query RETURNING id",
		             err);
	if (r < 0)
		return r;
	db_bind_int(&q, request->actor->id);
	db_bind_text(&q, reg);
	db_bind_text(&q, name);
	db_bind_text(&q, query);
	db_bind_int(&q, request->now);
	r = db_step(&q, err);
	if (r <= 0)
		return r;
	request->status = 201;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", db_int(&q, 0));
	buf_add_char(&request->out, '}');
	return 0;
}

static int delete_view(struct request *request, struct err *err)
{
	DB_QUERY(q);
	int64_t id;
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = db_query(&q, request->db, "DELETE FROM ward_view WHERE id = ? AND user_id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	db_bind_int(&q, request->actor->id);
	r = db_do(&q, err);
	if (r == 0 && !db_changes(request->db))
		return err_set(err, -ENOENT, "there is no such view");
	request->status = 204;
	return r;
}

const struct route routes_views[] = {
	{ METHOD_GET, "/api/views", "listViews", "the lists that this person has saved", .gives = "Views", .handle = get_views },
	{ METHOD_POST, "/api/views", "saveView", "save a list under a name", .takes = "ViewNew", .gives = "Created", .handle = post_view },
	{ METHOD_DELETE, "/api/views/{id}", "deleteView", "take a saved list away", .handle = delete_view },
	{ 0 },
};
