/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/carry.h"

#include <unistd.h>

#include "archive/days.h"
#include "base/clock.h"
#include "role/control.h"
#include "role/upkeep.h"
#include "sys/root.h"

#define SECOND ((int64_t)1000000000)
#define SEEN   "archive_seen:" /* of ward_setting, with the machine's id: the last statement of its archive's book that the journal knows of */

enum { PATIENCE_KEEPER = 30, PATIENCE_WRITER = 600 /* seconds: a removal opens every day's file */, STATEMENTS_AT_ONCE = 200 };

/* ---- the end of an order ---- */

struct ending {
	const struct carry *carry;
	bool done;
	struct str outcome;
};

static int end_work(void *ctx, struct write *write, struct err *err)
{
	const struct ending *ending = ctx;
	struct order *orders;
	size_t n;
	int r = order_list(write->arena, write->db, 1000, &orders, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (orders[i].id == ending->carry->id)
			return order_end(write, &orders[i], ending->done, ending->outcome, err);
	return r;
}

static int end(struct carry *carry, bool done, struct str outcome, struct err *err)
{
	struct actor ward = actor_ward();
	struct ending ending = { carry, done, outcome };
	int r = records_do(carry->office->records, &ward, end_work, &ending, err);
	if (r == 0 || r == -ESTALE)
		carry->id = 0; /* otherwise it is asked again when the records can be written */
	return r == -ESTALE ? 0 : r;
}

static int fail(struct carry *carry, const char *words, struct err *err)
{
	BUF(outcome);
	json_open_map(&outcome, NULL);
	json_put(&outcome, "error", str_from(words));
	buf_add_char(&outcome, '}');
	return end(carry, false, buf_str(&outcome), err);
}

/* ---- certificates ---- */

/* The authority's own stands behind the server's. */
static struct str authority_of(const struct web_tls *tls)
{
	ptrdiff_t second = tls->certificate.n ? str_find(str_slice(tls->certificate, 1, tls->certificate.n), "-----BEGIN") : -1;
	return second < 0 ? STR_NONE : str_slice(tls->certificate, (size_t)second + 1, tls->certificate.n);
}

static int end_renewed(struct carry *carry, struct err *err)
{
	struct err why = { "" };
	struct certificate seen;
	BUF(outcome);
	if (certificate_look(carry->web->tls.certificate, STR_NONE, STR_NONE, NULL, &seen, &why) < 0)
		return fail(carry, why.text, err);
	json_open_map(&outcome, NULL);
	json_put(&outcome, "sha256", str_from(seen.sha256));
	json_put_int(&outcome, "until", seen.until);
	buf_add_char(&outcome, '}');
	return end(carry, true, buf_str(&outcome), err);
}

static int renew_certificate(struct carry *carry, struct err *err)
{
	struct err why = { "" };
	struct str before = authority_of(&carry->web->tls);
	int r = office_web_renew(carry->arena, carry->config, *carry->keeper, carry->web, true, &why);
	if (r == 0 && carry->what == ORDER_AUTHORITY && str_eq(before, authority_of(&carry->web->tls)))
		r = err_set(&why, -EIO, "the keeper could not make a new authority; its log says why");
	return r < 0 ? fail(carry, why.text, err) : end_renewed(carry, err);
}

/* ---- the keeper ---- */

bool carry_awaits_key(const struct carry *carry)
{
	return carry->id && carry->what == ORDER_KEY;
}

static int end_key(struct carry *carry, struct err *err)
{
	BUF(outcome);
	json_open_map(&outcome, NULL);
	json_put(&outcome, "public", str_from(carry->office->signing_key));
	buf_add_char(&outcome, '}');
	return end(carry, true, buf_str(&outcome), err);
}

int carry_keeper(struct carry *carry, bool other_key, struct err *err)
{
	if (!carry->id || (carry->what != ORDER_KEY && carry->what != ORDER_AUTHORITY))
		return 0;
	if (carry->what == ORDER_AUTHORITY)
		return renew_certificate(carry, err); /* by the authority that the keeper has now; its fingerprint says which */
	return other_key ? end_key(carry, err) : fail(carry, "the keeper could not make a new key; its log says why", err);
}

/* What an order replaces, as it is now; "": nothing that may not be made twice. */
static struct str held_now(struct arena *arena, const struct carry *carry)
{
	struct certificate authority;
	struct err none = { "" };
	if (carry->what == ORDER_KEY)
		return str_from(carry->office->signing_key);
	if (carry->what == ORDER_AUTHORITY &&
	    certificate_look(authority_of(&carry->web->tls), STR_NONE, STR_NONE, &(struct strings){ 0 }, &authority, &none) == 0)
		return arena_str(arena, str_from(authority.sha256));
	return STR("");
}

/* It was asked for by a server that died: 1: it was done, and is ended. */
static int end_done(struct arena *arena, struct carry *carry, const struct order *order, struct err *err)
{
	int r = 0;
	if (!order->tries || !order->held.n)
		return 0;
	/* The server's certificate is of the old authority until another one is asked for. */
	if (order->what == ORDER_AUTHORITY)
		r = office_web_renew(carry->arena, carry->config, *carry->keeper, carry->web, true, err);
	if (r < 0 || str_eq(order->held, held_now(arena, carry)))
		return r;
	r = order->what == ORDER_KEY ? end_key(carry, err) : end_renewed(carry, err);
	return r < 0 ? r : 1;
}

/* ---- the writer ---- */

void carry_writer(struct carry *carry, int fd)
{
	fd_close_p(&carry->writer);
	carry->writer = fd;
	if (carry->id && carry->what == ORDER_REMOVAL)
		carry->id = 0; /* the one that was asked is gone: the new one is asked */
}

int carry_hear(struct carry *carry, struct err *err)
{
	int64_t order;
	bool done;
	BUF(outcome);
	struct err why = { "" };
	int r = upkeep_hear(carry->writer, &order, &done, &outcome, &why);
	if (r == -EAGAIN)
		return 0;
	if (r < 0) {
		fd_close_p(&carry->writer);
		carry->writer = -1;
		if (carry->what == ORDER_REMOVAL)
			carry->id = 0;
		return 0; /* the supervisor sends another one */
	}
	return order == carry->id ? end(carry, done, buf_str(&outcome), err) : 0;
}

/* ---- the next one ---- */

static int asked_work(void *ctx, struct write *write, struct err *err)
{
	const struct carry *carry = ctx;
	return order_asked(write, carry->id, held_now(write->arena, carry), err);
}

static int hand_over(struct carry *carry, const struct order *order, struct err *err)
{
	struct err why = { "" };
	int r = 0;
	ARENA(arena);
	if (order->what == ORDER_CERTIFICATE)
		return renew_certificate(carry, err);
	carry->until = clock_monotonic_ns() + (order->what == ORDER_REMOVAL ? PATIENCE_WRITER : PATIENCE_KEEPER) * SECOND;
	if (order->what == ORDER_REMOVAL)
		r = upkeep_ask(carry->writer, order->value, order->id, &why);
	else
		r = control_ask(carry->control, order->what == ORDER_KEY ? CONTROL_NEW_KEY : CONTROL_NEW_AUTHORITY,
		                keeper_task_about(order->held.n ? order->held : held_now(&arena, carry)), &why);
	if (r < 0)
		carry->id = 0;
	return r < 0 ? err_set(err, r, "%s", why.text) : 0;
}

static int next_order(void *ctx, struct err *err)
{
	struct carry *carry = ctx;
	struct actor ward = actor_ward();
	struct order order;
	struct db *db;
	ARENA(arena);
	if (carry->id && clock_monotonic_ns() < carry->until)
		return 0;
	if (carry->id)
		return fail(carry, "it was not answered in time", err);
	int r = records_read(carry->office->records, &db, err);
	if (r < 0)
		return r;
	r = order_next(&arena, db, carry->office->machine_id, &order, err);
	records_read_end(carry->office->records, db);
	if (r <= 0 || (order.what == ORDER_REMOVAL && carry->writer < 0))
		return r;
	carry->id = order.id;
	carry->what = order.what;
	if (order.what == ORDER_WHATS || order.tries >= ORDER_TRIES)
		return fail(carry, order.what == ORDER_WHATS ? "this ward does not know how" : "it was begun too often and never answered", err);
	r = end_done(&arena, carry, &order, err);
	r = r ? r : records_do(carry->office->records, &ward, asked_work, carry, err);
	if (r < 0)
		carry->id = 0;
	if (r)
		return MIN(r, 0);
	return hand_over(carry, &order, err);
}

/* ---- what nobody ordered ---- */

struct statement {
	int64_t sequence;
	struct chain_said said;
};

struct seen {
	struct str setting;
	struct statement all[STATEMENTS_AT_ONCE];
	size_t n;
	int64_t last;
};

static int read_seen(struct db *db, struct str setting, int64_t *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT value FROM ward_setting WHERE name = ?", err);
	if (r < 0)
		return r;
	db_bind_text(&q, setting);
	r = db_step(&q, err);
	*out = r > 0 ? str_int_or(db_text(&q, 0), 0) : 0;
	return r < 0 ? r : 0;
}

static int read_book(struct arena *arena, const char *dir, struct seen *seen, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *book = NULL;
	SQL(all);
	struct str name = arena_printf(arena, "%s/archive.ward", dir);
	if (access(name.p, F_OK) < 0)
		return 0; /* the writer has not made it yet */
	int r = book_open(name.p, DATABASE_READ, &book, err);
	if (r == 0)
		r = sql_make(&all, book, "SELECT sequence, statement FROM journal WHERE sequence > ? ORDER BY sequence", err);
	if (r == 0)
		sql_int(&all, seen->last);
	while (r == 0 && seen->n < STATEMENTS_AT_ONCE && (r = sql_step(&all, err)) == 1) {
		struct statement *statement = &seen->all[seen->n++];
		statement->sequence = sql_get_int(&all);
		r = chain_read(arena_str(arena, sql_get_bytes(&all)), &statement->said, err);
	}
	return r < 0 ? r : 0;
}

static int put_seen(struct write *write, struct str setting, int64_t last, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", err);
	if (r < 0)
		return r;
	db_bind_text(&q, setting);
	db_bind_text(&q, arena_printf(write->arena, "%lld", (long long)last));
	return db_do(&q, err);
}

static int tell(struct write *write, const struct statement *statement, struct err *err)
{
	static const char *const lines[] = { "day", "records", "why", "hold", "reason", "name" };
	const struct chain_said *said = &statement->said;
	const char *action = said->kind == CHAIN_REMOVAL ? "remove" : said->kind == CHAIN_RELEASE ? "release" : said->kind == CHAIN_KEY ? "key" : NULL;
	BUF(after);
	if (!action || chain_value(said->body, "order").n)
		return 0;
	json_open_map(&after, NULL);
	json_put_int(&after, "statement", statement->sequence);
	json_put(&after, "key", said->key);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (chain_value(said->body, lines[i]).n)
			json_put(&after, lines[i], chain_value(said->body, lines[i]));
	buf_add_char(&after, '}');
	struct change change = { STR("archive"), 0, 0, str_from(action), STR_NONE, buf_str(&after),
		                 said->kind == CHAIN_KEY ? STR("the archive names this key from here on") : STR("on the machine itself, by no order of two persons") };
	return write_journal(write, &change, NULL, err);
}

static int tell_work(void *ctx, struct write *write, struct err *err)
{
	struct seen *seen = ctx;
	int64_t last;
	int r = read_seen(write->db, seen->setting, &last, err);
	for (size_t i = 0; r == 0 && i < seen->n; i++)
		if (seen->all[i].sequence > last)
			r = tell(write, &seen->all[i], err);
	return r < 0 ? r : put_seen(write, seen->setting, MAX(last, seen->all[seen->n - 1].sequence), err);
}

static int look_at_archive(void *ctx, struct err *err)
{
	struct carry *carry = ctx;
	struct actor ward = actor_ward();
	struct db *db;
	ARENA(arena);
	struct seen *seen = ARENA_NEW(&arena, struct seen);
	if (!carry->office->archive_dir.n)
		return 0;
	seen->setting = arena_printf(&arena, SEEN "%.*s", STR_ARG(carry->office->machine_id));
	int r = records_read(carry->office->records, &db, err);
	if (r < 0)
		return r;
	r = read_seen(db, seen->setting, &seen->last, err);
	records_read_end(carry->office->records, db);
	if (r == 0)
		r = read_book(&arena, arena_cstr(&arena, carry->office->archive_dir), seen, err);
	return r < 0 || !seen->n ? r : records_do(carry->office->records, &ward, tell_work, seen, err);
}

void carry_begin(struct carry *carry, struct timers *timers)
{
	timers_add(timers, "orders", SECOND, SECOND, next_order, carry);
	timers_add(timers, "archive", 60 * SECOND, 2 * SECOND, look_at_archive, carry);
}

void carry_done(struct carry *carry)
{
	fd_close_p(&carry->writer);
}
