/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/orders.h"

#include "base/vec.h"

const char *const order_names[] = {
	[ORDER_REMOVAL] = "removal", [ORDER_KEY] = "key", [ORDER_AUTHORITY] = "authority", [ORDER_CERTIFICATE] = "certificate", NULL,
};

#define COLUMNS "id, what, value, given_by, reason, given, tries, ended, state, outcome, place, held"

static void read_order(struct arena *arena, struct db_query *q, struct order *out)
{
	struct str what = db_text(q, 1);
	*out = (struct order){
		.id = db_int(q, 0),
		.what = ORDER_WHATS,
		.value = db_int(q, 2),
		.by = arena_str(arena, db_text(q, 3)),
		.reason = arena_str(arena, db_text(q, 4)),
		.given = db_int(q, 5),
		.tries = db_int(q, 6),
		.ended = db_int_or(q, 7, 0),
		.state = arena_str(arena, db_text(q, 8)),
		.outcome = arena_str(arena, db_text(q, 9)),
		.place = arena_str(arena, db_text(q, 10)),
		.held = arena_str(arena, db_text(q, 11)),
	};
	for (int i = 0; i < ORDER_WHATS; i++)
		if (str_is(what, order_names[i]))
			out->what = (enum order_what)i;
}

static int journal(struct write *write, int64_t id, const char *action, struct str after, struct str reason, struct err *err)
{
	struct change change = { STR("order"), id, 0, str_from(action), STR_NONE, after, reason };
	return write_journal(write, &change, NULL, err);
}

int order_give(struct write *write, enum order_what what, int64_t value, struct str place, struct str reason, int64_t *id,
               struct err *err)
{
	DB_QUERY(q);
	BUF(after);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_order (what, value, place, given_by, reason, given, tries, state) VALUES (?, ?, ?, ?, ?, ?, 0, 'open')"
	                 " RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, str_from(order_names[what]));
	db_bind_int(&q, value);
	db_bind_text(&q, place);
	db_bind_text(&q, write->actor->name);
	db_bind_text(&q, reason);
	db_bind_int(&q, write->now);
	r = db_step(&q, err);
	if (r < 0)
		return r;
	*id = db_int(&q, 0);
	db_query_done(&q);
	json_open_map(&after, NULL);
	json_put(&after, "what", str_from(order_names[what]));
	json_put_int(&after, "value", value);
	buf_add_char(&after, '}');
	return journal(write, *id, "give", buf_str(&after), reason, err);
}

int order_next(struct arena *arena, struct db *db, struct str place, struct order *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT " COLUMNS " FROM ward_order WHERE state = 'open' AND place = ? ORDER BY id LIMIT 1", err);
	if (r < 0)
		return r;
	db_bind_text(&q, place);
	r = db_step(&q, err);
	if (r > 0)
		read_order(arena, &q, out);
	return r;
}

int order_list(struct arena *arena, struct db *db, int64_t limit, struct order **out, size_t *n, struct err *err)
{
	DB_QUERY(q);
	VEC(struct order) list = { 0 };
	int r = db_query(&q, db, "SELECT " COLUMNS " FROM ward_order ORDER BY id DESC LIMIT ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, limit);
	while ((r = db_step(&q, err)) > 0) {
		struct order order;
		read_order(arena, &q, &order);
		vec_push_in(arena, &list, order);
	}
	*out = list.p;
	*n = list.n;
	return r;
}

int order_asked(struct write *write, int64_t id, struct str held, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_order SET tries = tries + 1, held = coalesce(held, ?) WHERE id = ? AND state = 'open'", err);
	if (r < 0)
		return r;
	db_bind_text(&q, held);
	db_bind_int(&q, id);
	r = db_do(&q, err);
	return r == 0 && db_changes(write->db) == 0 ? err_set(err, -ESTALE, "this order has ended") : r;
}

int order_end(struct write *write, const struct order *order, bool done, struct str outcome, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db, "UPDATE ward_order SET state = ?, outcome = ?, ended = ? WHERE id = ? AND state = 'open'", err);
	if (r < 0)
		return r;
	db_bind_text(&q, done ? STR("done") : STR("failed"));
	db_bind_text(&q, outcome);
	db_bind_int(&q, write->now);
	db_bind_int(&q, order->id);
	r = db_do(&q, err);
	if (r == 0 && db_changes(write->db) == 0)
		r = err_set(err, -ESTALE, "this order has ended");
	return r < 0 ? r : journal(write, order->id, done ? "done" : "failed", outcome, order->reason, err);
}
