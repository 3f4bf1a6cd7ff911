/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/list.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/clock.h"
#include "register/list_filter.h"
#include "register/record_row.h"
#include "register/titles.h"

enum { TOTALS = 512, TOTAL_SECONDS = 30, LEAD_MOST = 100000, CURSOR_MOST = 6200 /* of a text of REGISTER_INDEX_BYTES, escaped */, DEFAULT_LIMIT = 50 };

/* A list on its way: the conditions, and how it is sorted. */
struct work {
	struct filter_ctx filter;
	const struct list_query *query;
	struct condition *conditions;
	size_t n;
	const struct register_column *sort;
	bool falling;
	uint64_t asked; /* of everything but the page, for the cursor */
	size_t of_org;  /* so many conditions, the first, say whose; 0: none does */
	uint64_t asked_org;
	bool by_org;    /* few rows are of these organisations: they are found by that */
	const struct condition *lead; /* rows are found by this one, of which there are few; NULL: none is known to be such */
	/* The cursor. */
	bool continued, in_empty; /* in_empty: among those whose sort column is NULL */
	struct cell last;
	int64_t last_id;
	struct err *err;
};

/* ---- totals ---- */

struct total {
	uint64_t key;
	int64_t seq, time, n;
};
struct list_totals {
	pthread_mutex_t mutex;
	struct total kept[TOTALS];
};

struct list_totals *list_totals_new(void)
{
	struct list_totals *totals = mem_alloc(sizeof(*totals));
	pthread_mutex_init(&totals->mutex, NULL);
	return totals;
}

void list_totals_free(struct list_totals *totals)
{
	if (!totals)
		return;
	pthread_mutex_destroy(&totals->mutex);
	free(totals);
}

/* That there are more than anybody counts is believed for a while; then whoever asks first counts again, and the others do not wait. */
static bool total_known(struct list_totals *totals, uint64_t key, int64_t seq, int64_t *out)
{
	int64_t now = clock_now();
	pthread_mutex_lock(&totals->mutex);
	struct total *kept = &totals->kept[key % TOTALS];
	struct total total = *kept;
	bool many = total.key == key && total.n > LIST_TOTAL, old = now - total.time >= TOTAL_SECONDS || now < total.time;
	if (many && old)
		kept->time = now;
	pthread_mutex_unlock(&totals->mutex);
	if (total.key != key || !(total.seq == seq || (many && !old)))
		return false;
	*out = total.n;
	return true;
}

/* What was long to count does not make room for what was not. */
static void total_keep(struct list_totals *totals, uint64_t key, int64_t seq, int64_t n)
{
	int64_t now = clock_now();
	pthread_mutex_lock(&totals->mutex);
	struct total *kept = &totals->kept[key % TOTALS];
	bool many = kept->n > LIST_TOTAL, old = now - kept->time >= TOTAL_SECONDS || now < kept->time;
	if (kept->key == key || old || !many || n > LIST_TOTAL)
		*kept = (struct total){ key, seq, now, n };
	pthread_mutex_unlock(&totals->mutex);
}

/* ---- the question ---- */

static void mix(uint64_t *hash, struct str text)
{
	*hash = (*hash ^ str_hash(text)) * UINT64_C(0x9e3779b97f4a7c15);
	*hash ^= *hash >> 29;
}

static void condition_add(struct work *work, struct condition condition)
{
	work->conditions[work->n++] = condition;
	mix(&work->asked, condition.sql);
	for (size_t i = 0; i < condition.n; i++) {
		BUF(value);
		cell_add_json(&value, condition.values[i]);
		mix(&work->asked, buf_str(&value));
	}
}

static void subtree_add(struct work *work, int64_t ancestor)
{
	struct cell *value = ARENA_NEW(work->filter.arena, struct cell);
	*value = cell_int(ancestor);
	condition_add(work, (struct condition){ .sql = STR("org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)"),
	                                        .bare = STR("+org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)"), .column = STR("org"), .values = value,
	                                        .n = 1 });
}

static int conditions_make(struct work *work)
{
	const struct list_query *query = work->query;
	struct arena *arena = work->filter.arena;
	struct condition condition;
	if (query->filters.n > LIST_FILTERS)
		return err_set(work->err, -EINVAL, "at most %d filters are possible", LIST_FILTERS);
	work->conditions = ARENA_ARRAY(arena, struct condition, query->filters.n + 4);
	mix(&work->asked, work->filter.reg->name);
	condition_add(work, (struct condition){ .sql = query->withdrawn ? STR("withdrawn IS NOT NULL") : STR("withdrawn IS NULL"), .column = STR("") });
	work->conditions[0].bare = work->conditions[0].sql;
	if (!work->filter.actor->whole)
		subtree_add(work, work->filter.actor->org);
	if (query->org)
		subtree_add(work, query->org);
	work->of_org = work->n > 1 ? work->n : 0;
	work->asked_org = work->asked;
	for (size_t i = 0; i < query->filters.n; i++) {
		int r = filter_read(&work->filter, query->filters.p[i], &condition, work->err);
		if (r < 0)
			return r;
		condition_add(work, condition);
	}
	if (str_trim(query->q).n) {
		int r = filter_search(&work->filter, query->q, &condition, work->err);
		if (r < 0)
			return r;
		condition_add(work, condition);
	}
	return 0;
}

/* ---- cursors: base64 of "<asked> <E|N> <id> <value as JSON>" ---- */

static struct str cursor_text(struct work *work, const struct cell *row)
{
	BUF(text);
	BUF(out);
	struct cell value = row[work->sort - work->filter.reg->columns_all.p];
	buf_printf(&text, "%016llx %c %lld ", (unsigned long long)work->asked, value.p ? 'N' : 'E', (long long)row_int(row, SYSTEM_ID));
	cell_add_json(&text, value);
	base64_add(&out, buf_str(&text));
	for (size_t i = 0; i < out.n; i++)
		out.p[i] = out.p[i] == '+' ? '-' : out.p[i] == '/' ? '_' : out.p[i];
	while (out.n && out.p[out.n - 1] == '=')
		out.n--;
	return arena_str(work->filter.arena, buf_str(&out));
}

static bool cursor_value(struct work *work, struct str json)
{
	struct source *source = ARENA_NEW(work->filter.arena, struct source);
	const struct doc *value;
	*source = (struct source){ .name = "cursor", .text = arena_str(work->filter.arena, json) };
	if (json_parse(work->filter.arena, source, &value, NULL) < 0)
		return false;
	work->last = cell_from_doc(value);
	if (work->in_empty)
		return value->type == DOC_NULL;
	switch (work->sort->kind) {
	case COLUMN_INTEGER:
		return value->type == DOC_INT;
	case COLUMN_REAL:
		return value->type == DOC_INT || value->type == DOC_REAL;
	default:
		return value->type == DOC_STRING;
	}
}

static int cursor_read(struct work *work)
{
	struct str given = work->query->after;
	BUF(plain);
	BUF(usual);
	if (!given.n)
		return 0;
	bool good = given.n <= CURSOR_MOST;
	for (size_t i = 0; good && i < given.n; i++)
		buf_add_char(&usual, given.p[i] == '-' ? '+' : given.p[i] == '_' ? '/' : given.p[i]);
	good = good && base64_decode(buf_str(&usual), &plain);
	struct str rest = buf_str(&plain), hash = str_cut(&rest, ' '), kind = str_cut(&rest, ' '), id = str_cut(&rest, ' ');
	char own[24];
	int n = snprintf(own, sizeof(own), "%016llx", (unsigned long long)work->asked);
	work->in_empty = str_is(kind, "E");
	good = good && rest.p && str_eq(hash, (struct str){ own, (size_t)n }) && (work->in_empty || str_is(kind, "N")) &&
	       str_to_int(id, 10, &work->last_id) && cursor_value(work, rest);
	work->continued = good;
	return good ? 0 : err_set(work->err, -EINVAL, "this place in the list belongs to another question; begin again");
}

/* ---- SQL ---- */

/* SQLite has no statistics of who asks for what, so it is told which index to walk: a condition written bare (+column) is only a filter.
 * `walk`: the index of the sort column. */
static bool is_bare(const struct work *work, const struct condition *condition, bool walk)
{
	bool of_org = str_is(condition->column, "org");
	if (db_kind(work->filter.db) != DB_SQLITE || condition == work->conditions)
		return false;
	if (walk)
		return !str_is(condition->column, work->sort->name);
	if (work->lead)
		return condition != work->lead;
	return work->by_org ? !of_org : of_org && work->n > 2;
}

static void where_add(const struct work *work, struct buf *sql, struct values *values, bool walk)
{
	for (size_t i = 0; i < work->n; i++) {
		const struct condition *condition = &work->conditions[i];
		buf_printf(sql, "%s%.*s", i ? " AND " : " WHERE ", STR_ARG(is_bare(work, condition, walk) ? condition->bare : condition->sql));
		for (size_t k = 0; k < condition->n; k++)
			vec_push_in(work->filter.arena, values, condition->values[k]);
	}
}

static int journal_seq(struct work *work, int64_t *out)
{
	return db_one_int(work->filter.db, "SELECT seq FROM ward_journal ORDER BY seq DESC LIMIT 1", 0, out, work->err);
}

static int number_of(struct work *work, const char *sql, const struct cell *values, size_t n, int64_t *out)
{
	DB_QUERY(q);
	int r = db_query(&q, work->filter.db, sql, work->err);
	if (r < 0)
		return r;
	filter_bind(&q, values, n);
	r = db_step(&q, work->err);
	*out = r > 0 ? db_int_or(&q, 0, 0) : 0;
	return r < 0 ? r : 0;
}

/* Of several conditions with an index, that of which there are fewest leads, when these are few: a look into the index tells. */
static int lead_find(struct work *work)
{
	int64_t least = LEAD_MOST, n;
	size_t indexed = 0;
	work->lead = NULL;
	if (db_kind(work->filter.db) != DB_SQLITE || work->by_org)
		return 0;
	for (size_t i = 1; i < work->n; i++)
		indexed += !str_eq(work->conditions[i].sql, work->conditions[i].bare) && !str_is(work->conditions[i].column, "org");
	for (size_t i = 1; indexed > 1 && least && i < work->n; i++) {
		const struct condition *condition = &work->conditions[i];
		BUF(sql);
		if (str_eq(condition->sql, condition->bare) || str_is(condition->column, "org"))
			continue;
		/* The first one is about being withdrawn: without it no index, which all are of what stands, could be used. */
		buf_printf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %.*s WHERE %.*s AND %.*s LIMIT %lld) t", STR_ARG(work->filter.reg->name),
		           STR_ARG(work->conditions[0].sql), STR_ARG(condition->sql), (long long)least);
		int r = number_of(work, buf_cstr(&sql), condition->values, condition->n, &n);
		if (r < 0)
			return r;
		if (n < least) {
			least = n;
			work->lead = condition;
		}
	}
	return 0;
}

static int count(struct work *work, int64_t *out)
{
	BUF(sql);
	struct values values = { 0 };
	buf_printf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %.*s", STR_ARG(work->filter.reg->name));
	where_add(work, &sql, &values, false);
	buf_printf(&sql, " LIMIT %d) t", LIST_TOTAL + 1);
	return number_of(work, buf_cstr(&sql), values.p, values.n, out);
}

static int total_of(struct work *work, uint64_t key, int64_t *out)
{
	struct list_totals *totals = work->filter.books->registers->totals;
	int64_t seq = 0;
	int r = journal_seq(work, &seq);
	if (r < 0 || total_known(totals, key, seq, out))
		return r;
	r = lead_find(work);
	if (r == 0)
		r = count(work, out);
	if (r == 0)
		total_keep(totals, key, seq, *out);
	return r;
}

/* How many there are of the organisations alone, when there are other conditions, too: few, and they lead. */
static int total_find(struct work *work, int64_t *out)
{
	size_t all = work->n;
	int64_t of_org = 0;
	int r = 0;
	if (work->of_org && work->n > work->of_org && db_kind(work->filter.db) == DB_SQLITE) {
		work->n = work->of_org;
		r = total_of(work, work->asked_org, &of_org);
		work->n = all;
		work->by_org = r == 0 && of_org <= LIST_TOTAL;
	}
	return r < 0 ? r : total_of(work, work->asked, out);
}

static bool sort_is_never_empty(const struct work *work)
{
	return !work->sort->field && !str_is(str_from(work->sort->name), "number") && !str_is(str_from(work->sort->name), "withdrawn");
}

/* One part of the page: rows whose sort column has a value, or those where it is empty. */
static int part_read(struct work *work, bool empty, bool many, size_t room, struct list_page *page)
{
	const struct register_ *reg = work->filter.reg;
	bool sqlite = db_kind(work->filter.db) == DB_SQLITE, by_id = work->sort == &reg->columns_all.p[SYSTEM_ID];
	const char *plus = sqlite && !many ? "+" : "", *name = work->sort->name, *sign = work->falling ? "<" : ">", *order = work->falling ? " DESC" : "";
	BUF(sql);
	DB_QUERY(q);
	struct values values = { 0 };
	buf_puts(&sql, reg->select);
	where_add(work, &sql, &values, many);
	if (!sort_is_never_empty(work))
		buf_printf(&sql, " AND %s%s IS %sNULL", plus, name, empty ? "" : "NOT ");
	if (work->continued && empty == work->in_empty) {
		if (by_id || empty) {
			buf_printf(&sql, " AND id %s ?", sign);
		} else {
			buf_printf(&sql, " AND (%s%s, id) %s (?, ?)", plus, name, sign);
			vec_push_in(work->filter.arena, &values, work->last);
		}
		vec_push_in(work->filter.arena, &values, cell_int(work->last_id));
	}
	if (by_id || empty)
		buf_printf(&sql, " ORDER BY %sid%s", plus, order);
	else
		buf_printf(&sql, " ORDER BY %s%s%s, id%s", plus, name, order, order);
	buf_printf(&sql, " LIMIT %zu", room);
	int r = db_query(&q, work->filter.db, buf_cstr(&sql), work->err);
	if (r < 0)
		return r;
	filter_bind(&q, values.p, values.n);
	while ((r = db_step(&q, work->err)) > 0)
		page->rows[page->n++] = row_cells(work->filter.arena, &q, reg, 0);
	return r;
}

static int page_read(struct work *work, size_t limit, bool many, struct list_page *page)
{
	size_t room = limit + 1;
	int r = 0;
	page->rows = ARENA_ARRAY(work->filter.arena, struct cell *, room);
	if (!work->in_empty)
		r = part_read(work, false, many, room, page);
	if (r == 0 && page->n < room && !sort_is_never_empty(work))
		r = part_read(work, true, many, room - page->n, page);
	if (r == 0 && page->n > limit) {
		page->n = limit;
		page->next = cursor_text(work, page->rows[limit - 1]);
	}
	return r;
}

int list_read(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg,
              const struct list_query *query, struct list_page *out, struct err *err)
{
	struct work work = { .filter = { arena, db, books, actor, reg, clock_now(), query->withdrawn }, .query = query, .err = err };
	struct str sort = query->sort.n ? query->sort : STR("-updated");
	size_t limit = query->limit > 0 ? (size_t)MIN(query->limit, (int64_t)LIST_LIMIT) : DEFAULT_LIMIT;
	int64_t total = 0;
	*out = (struct list_page){ 0 };
	if (!record_may(books, actor, reg, RECORD_READ))
		return err_set(err, -ENOENT, "there is no such register");
	work.falling = str_starts(sort, "-");
	int r = filter_sort_column(reg, str_slice(sort, work.falling, sort.n), &work.sort, err);
	if (r == 0)
		r = conditions_make(&work);
	if (r == 0)
		r = total_find(&work, &total);
	mix(&work.asked, sort);
	if (r == 0)
		r = cursor_read(&work);
	if (r == 0 && !query->count_only && total <= LIST_TOTAL)
		r = lead_find(&work);
	if (r == 0 && !query->count_only)
		r = page_read(&work, limit, total > LIST_TOTAL, out);
	out->total = MAX(MIN(total, (int64_t)LIST_TOTAL), (int64_t)out->n);
	out->more = total > LIST_TOTAL;
	return r;
}

/* ---- JSON ---- */

int list_put(struct arena *arena, struct db *db, const struct books *books, const struct actor *actor, const struct register_ *reg,
             const struct list_page *page, const struct strings *columns, struct buf *out, struct err *err)
{
	struct titles titles;
	titles_init(&titles, arena, books, actor->lang);
	for (size_t i = 0; i < page->n; i++)
		titles_want_row(&titles, reg, page->rows[i]);
	int r = titles_read(&titles, db, err);
	if (r < 0)
		return r;
	json_open_map(out, NULL);
	json_open_list(out, "rows");
	for (size_t i = 0; i < page->n; i++) {
		json_open_map(out, NULL);
		row_put(arena, out, books, actor->lang, reg, page->rows[i], ROW_SHORT, columns);
		titles_put(out, "_titles", &titles, reg, page->rows[i]);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	json_key(out, "next");
	if (page->next.p)
		json_add_string(out, page->next);
	else
		buf_puts(out, "null");
	json_put_int(out, "total", page->total);
	json_put_flag(out, "more", page->more);
	buf_add_char(out, '}');
	return 0;
}
