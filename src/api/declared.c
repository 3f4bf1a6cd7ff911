/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "api/declared.h"

#include "base/vec.h"

#include "register/files.h"
#include "register/titles.h"

enum { RELATED_MOST = 10000 };

int declared_register(struct request *request, const struct register_ **out, struct err *err)
{
	struct office *office = office_of(request);
	const struct register_ *reg = registers_find(office->registers, request->param[0]);
	if (!reg || !record_may(&office->books, request->actor, reg, RECORD_READ))
		return err_set(err, -ENOENT, "there is no such register");
	*out = reg;
	return 0;
}

int declared_record(struct request *request, const struct register_ **reg, int64_t *id, struct cell **cells, struct err *err)
{
	int r = declared_register(request, reg, err);
	if (r == 0)
		r = request_id(request, 1, id, err);
	return r < 0 ? r : row_read_seen(request->arena, request->db, &office_of(request)->books, request->actor, *reg, *id, cells, err);
}

int declared_problems(struct request *request, const struct field_problems *problems, int result)
{
	for (size_t i = 0; result < 0 && i < problems->n; i++)
		request_problem(request, problems->p[i].field, problems->p[i].what);
	return result;
}

int declared_values(struct request *request, const struct doc **out, struct err *err)
{
	const struct doc *values = doc_get(request->body, STR("values"));
	*out = values && values->type != DOC_NULL ? values : NULL;
	return *out && values->type != DOC_MAP ? err_set(err, -EINVAL, "values must be a map of fields") : 0;
}

/* ---- what refers to a record ---- */

static int related_count(struct request *request, const struct register_ *from, const struct field *field, int64_t id, int64_t *out, struct err *err)
{
	const struct actor *actor = request->actor;
	const char *name = from->columns_all.p[field->column].name;
	bool list = field->type == FIELD_REFERENCES;
	BUF(sql);
	DB_QUERY(q);
	buf_printf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %.*s WHERE withdrawn IS NULL AND ", STR_ARG(from->name));
	if (list)
		buf_printf(&sql, "(',' || substr(%s, 2, length(%s) - 2) || ',') LIKE ?", name, name);
	else
		buf_printf(&sql, "%s = ?", name);
	buf_printf(&sql, "%s LIMIT %d) t", actor->whole ? "" : " AND org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)", RELATED_MOST);
	int r = db_query(&q, request->db, buf_cstr(&sql), err);
	if (r < 0)
		return r;
	if (list)
		db_bind_text(&q, arena_printf(request->arena, "%%,%lld,%%", (long long)id));
	else
		db_bind_int(&q, id);
	if (!actor->whole)
		db_bind_int(&q, actor->org);
	r = db_step(&q, err);
	*out = r > 0 ? db_int_or(&q, 0, 0) : 0;
	return r < 0 ? r : 0;
}

static bool refers_to(const struct field *field, const struct register_ *to)
{
	switch (field->type) {
	case FIELD_REFERENCE:
	case FIELD_REFERENCES:
		return str_eq(field->to, to->name);
	case FIELD_PERSON:
		return str_is(to->name, "person");
	default:
		return false; /* what belongs to an organisation is found by the list's filter of organisations */
	}
}

static int put_related(struct request *request, const struct register_ *reg, int64_t id, struct err *err)
{
	struct office *office = office_of(request);
	int r = 0;
	json_open_list(&request->out, "related");
	for (size_t i = 0; i < office->registers->n; i++) {
		const struct register_ *from = &office->registers->p[i];
		const struct field *fields = from->fields.p;
		if (!record_may(&office->books, request->actor, from, RECORD_READ))
			continue;
		for (size_t k = 0; r == 0 && k < from->fields.n; k++) {
			int64_t n = 0;
			if (!refers_to(&fields[k], reg))
				continue;
			r = related_count(request, from, &fields[k], id, &n, err);
			if (r < 0 || !n)
				continue;
			json_open_map(&request->out, NULL);
			json_put(&request->out, "register", from->name);
			json_put(&request->out, "field", fields[k].name);
			json_put_int(&request->out, "count", n);
			buf_add_char(&request->out, '}');
		}
	}
	buf_add_char(&request->out, ']');
	return r;
}

/* ---- the answer ---- */

int declared_answer(struct request *request, const struct register_ *reg, int64_t id, struct err *err)
{
	struct office *office = office_of(request);
	struct arena *arena = request->arena;
	struct buf *out = &request->out;
	struct titles titles;
	struct cell *cells;
	int r = row_read_seen(arena, request->db, &office->books, request->actor, reg, id, &cells, err);
	if (r < 0)
		return r;
	titles_init(&titles, arena, &office->books, request->lang);
	titles_want_row(&titles, reg, cells);
	titles_want(&titles, reg, id);
	r = titles_read(&titles, request->db, err);
	if (r < 0)
		return r;
	json_open_map(out, NULL);
	json_open_map(out, "record");
	row_put(arena, out, &office->books, request->lang, reg, cells, ROW_WHOLE, NULL);
	buf_add_char(out, '}');
	json_put(out, "title", titles_get(&titles, reg, id));
	titles_put(out, "titles", &titles, reg, cells);
	row_put_may(out, "may", &office->books, request->actor, reg, cells);
	r = files_put(request->db, reg, id, "files", out, err);
	if (r == 0)
		r = put_related(request, reg, id, err);
	buf_add_char(out, '}');
	return r;
}

/* ---- the question of a list ---- */

static const struct list_view *view_find(const struct register_ *reg, struct str name)
{
	const struct list_view *views = reg->views.p;
	for (size_t i = 0; i < reg->views.n; i++)
		if (str_eq(views[i].name, name))
			return &views[i];
	return NULL;
}

/* The filters of the view, then those of the address. */
static int read_filters(struct request *request, const struct register_ *reg, struct list_query *query, struct err *err)
{
	VEC(struct str) filters = { 0 };
	struct str name = request_query(request, "view"), one;
	const struct list_view *view = name.n ? view_find(reg, name) : NULL;
	if (name.n && !view)
		return err_set(err, -EINVAL, "there is no view '%.*s'", STR_ARG(str_slice(name, 0, 60)));
	for (size_t i = 0; view && i < view->filter.n; i++)
		vec_push_in(request->arena, &filters, view->filter.p[i]);
	for (size_t i = 0; filters.n <= LIST_FILTERS && (one = request_query_at(request, "f", i)).p; i++)
		vec_push_in(request->arena, &filters, one);
	query->filters = (struct strings){ filters.p, filters.n };
	query->sort = request_query(request, "sort");
	if (!query->sort.n && view)
		query->sort = view->sort;
	return 0;
}

int declared_question(struct request *request, const struct register_ *reg, struct list_query *out, struct err *err)
{
	int64_t withdrawn = 0;
	*out = (struct list_query){ .q = request_query(request, "q"), .after = request_query(request, "after") };
	int r = read_filters(request, reg, out, err);
	if (r == 0)
		r = request_query_int(request, "limit", 1, LIST_LIMIT, 50, &out->limit, err);
	if (r == 0)
		r = request_query_int(request, "withdrawn", 0, 1, 0, &withdrawn, err);
	if (r == 0)
		r = request_query_int(request, "org", 1, INT64_MAX, 0, &out->org, err);
	out->withdrawn = withdrawn;
	return r;
}
