/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * orders: what two persons decide about the installation itself: removing days of the archive, new keys and certificates. Each is
 * proposed by the security administrator and confirmed by another person (people/pairs.h); then it is an order (people/orders.h).
 */
#include "api/fleet.h"
#include "api/orders.h"
#include "archive/days.h"
#include "archive/retention.h"
#include "people/orders.h"

#include <sys/stat.h>

extern const struct route routes_orders[];

#define WHO "operator security auditor leader"
#define KEEP "security"

enum { REASON_MOST = PAIR_REASON, DAYS_MOST = 36500, ORDERS_MOST = 100 };
#define DAY_NS (INT64_C(86400) * 1000000000)

/* ---- what a second person confirmed ---- */

int order_do(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err)
{
	const struct office *office = ctx;
	struct str what = doc_text(payload, "what");
	int64_t id;
	/* As they are now: whoever is the security administrator no more has begun nothing. */
	if (!write->actor->whole || !(write->actor->roles >> roles_bit(office->roles, STR(KEEP)) & 1))
		return err_set(err, -EPERM, "who began it may not do this any more");
	for (int i = 0; i < ORDER_WHATS; i++)
		if (str_is(what, order_names[i]))
			return order_give(write, (enum order_what)i, doc_int(doc_get(payload, STR("value")), 0), doc_text(payload, "place"),
			                  pair->reason, &id, err);
	return err_set(err, -EINVAL, "this ward does not know the order '%.*s'", STR_ARG(what));
}

static int propose(struct request *request, enum order_what what, int64_t value, struct str summary, struct str reason, struct err *err)
{
	const char *name = order_names[what];
	const struct pair_action *action = door_action(arena_printf(request->arena, "order-%s", name).p);
	int64_t pair;
	BUF(payload);
	json_open_map(&payload, NULL);
	json_put(&payload, "what", str_from(name));
	json_put_int(&payload, "value", value);
	json_put(&payload, "place", office_of(request)->machine_id);
	buf_add_char(&payload, '}');
	struct pair_new make = { .action = action, .kind = STR("order"), .object = 0, .org = request->actor->org,
		                 .payload = buf_str(&payload), .summary = summary, .reason = reason };
	int r = pair_propose(request->write, office_of(request)->people, &make, &pair, err);
	if (r == 0)
		door_pair(request, pair);
	return r;
}

/* ---- the archive ---- */

struct days {
	int64_t n, bytes;
	struct str from, to;
};

static void add_day(struct days *days, struct str day, int64_t bytes)
{
	days->from = days->n ? days->from : day;
	days->to = day;
	days->n++;
	days->bytes += bytes;
}

static void put_days(struct buf *out, const char *name, const struct days *days)
{
	json_open_map(out, name);
	json_put_int(out, "days", days->n);
	json_put_int(out, "bytes", days->bytes);
	json_put_or_null(out, "from", days->from);
	json_put_or_null(out, "to", days->to);
	buf_add_char(out, '}');
}

static int64_t size_of(struct arena *arena, const char *dir, const char *day)
{
	struct stat st;
	return stat(day_path(arena, dir, day).p, &st) < 0 ? 0 : (int64_t)st.st_size;
}

static bool is_held(const struct hold *holds, size_t n, struct str day)
{
	for (size_t i = 0; i < n; i++)
		if ((!holds[i].from.n || str_compare(holds[i].from, day) <= 0) && (!holds[i].to.n || str_compare(day, holds[i].to) <= 0))
			return true;
	return false;
}

struct kept {
	struct days all, over, held; /* over: older than was asked for; held: of these, what stays for a hold */
	struct hold *holds;
	size_t n_holds;
};

/* As the writer will look at it (archive/retention.h): by whole days before the newest. */
static int look(struct request *request, int64_t days, struct kept *out, struct err *err)
{
	const struct office *office = office_of(request);
	struct str *names;
	size_t n;
	int64_t newest = 0, begin = 0;
	*out = (struct kept){ 0 };
	if (!office->archive_dir.n)
		return err_set(err, -ENOENT, "this installation keeps no events");
	const char *dir = arena_cstr(request->arena, office->archive_dir);
	int r = days_list(dir, request->arena, &names, &n, err);
	if (r == 0 && n)
		r = hold_list(dir, request->arena, &out->holds, &out->n_holds, err);
	if (r < 0)
		return r;
	if (n)
		(void)!day_begin(names[n - 1], &newest);
	for (size_t i = 0; i < n; i++) {
		int64_t bytes = size_of(request->arena, dir, names[i].p);
		add_day(&out->all, names[i], bytes);
		if (i + 1 == n || day_begin(names[i], &begin) < 0 || (newest - begin) / DAY_NS <= days)
			continue;
		add_day(&out->over, names[i], bytes);
		if (is_held(out->holds, out->n_holds, names[i]))
			add_day(&out->held, names[i], bytes);
	}
	return 0;
}

static int get_archive(struct request *request, struct err *err)
{
	struct buf *out = &request->out;
	struct kept kept;
	int64_t days;
	int r = fleet_whole(request, err);
	r = r < 0 ? r : request_query_int(request, "days", RETENTION_LEAST_DAYS, DAYS_MOST, RETENTION_LEAST_DAYS, &days, err);
	r = r < 0 ? r : look(request, days, &kept, err);
	if (r < 0)
		return r;
	json_open_map(out, NULL);
	json_put_int(out, "least", RETENTION_LEAST_DAYS);
	json_put_int(out, "asked", days);
	put_days(out, "kept", &kept.all);
	put_days(out, "over", &kept.over);
	put_days(out, "held", &kept.held);
	json_open_list(out, "holds");
	for (size_t i = 0; i < kept.n_holds; i++) {
		json_open_map(out, NULL);
		json_put(out, "name", kept.holds[i].name);
		json_put_or_null(out, "from", kept.holds[i].from.n ? kept.holds[i].from : STR_NONE);
		json_put_or_null(out, "to", kept.holds[i].to.n ? kept.holds[i].to : STR_NONE);
		json_put(out, "reason", kept.holds[i].reason.p ? kept.holds[i].reason : STR(""));
		json_put_int(out, "since", kept.holds[i].since / 1000000000);
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
	return 0;
}

static int post_removal(struct request *request, struct err *err)
{
	struct str reason;
	int64_t days = 0;
	int r = fleet_whole(request, err);
	r = r < 0 ? r : door_only(request, "days reason", err);
	r = r < 0 ? r : request_int(request, "days", 0, &days, err);
	r = r < 0 ? r : request_text(request, "reason", true, REASON_MOST, &reason, err);
	if (r < 0)
		return r;
	if (days < RETENTION_LEAST_DAYS || days > DAYS_MOST) {
		request_problem(request, STR("days"), NOTE("at least the six months that the law asks for: 180 days"));
		return -EINVAL;
	}
	return propose(request, ORDER_REMOVAL, days, arena_printf(request->arena, "%lld", (long long)days), reason, err);
}

/* ---- keys ---- */

static int post_renew(struct request *request, struct err *err)
{
	static const struct {
		const char *kind; /* as GET /api/keys calls it */
		enum order_what what;
	} kinds[] = { { "seal", ORDER_KEY }, { "authority", ORDER_AUTHORITY }, { "server", ORDER_CERTIFICATE } };
	struct str reason;
	int r = fleet_whole(request, err);
	r = r < 0 ? r : door_only(request, "reason", err);
	r = r < 0 ? r : request_text(request, "reason", true, REASON_MOST, &reason, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!str_is(request->param[0], kinds[i].kind))
			continue;
		if (kinds[i].what != ORDER_KEY && office_of(request)->certificate_given)
			return err_set(err, -EEXIST, "the certificate is given by the configuration of this installation (ward.yaml); replace it there");
		return propose(request, kinds[i].what, 0, request->param[0], reason, err);
	}
	return err_set(err, -ENOENT, "there is no such key");
}

/* ---- what became of it ---- */

static int get_orders(struct request *request, struct err *err)
{
	struct buf *out = &request->out;
	struct order *orders;
	size_t n;
	int r = fleet_whole(request, err);
	r = r < 0 ? r : order_list(request->arena, request->db, ORDERS_MOST, &orders, &n, err);
	if (r < 0)
		return r;
	json_open_map(out, NULL);
	json_open_list(out, "rows");
	for (size_t i = 0; i < n; i++) {
		const struct order *order = &orders[i];
		if (order->what == ORDER_WHATS)
			continue;
		json_open_map(out, NULL);
		json_put_int(out, "id", order->id);
		json_put(out, "what", str_from(order_names[order->what]));
		json_put_int(out, "value", order->value);
		json_put(out, "by", order->by);
		json_put(out, "reason", order->reason);
		json_put_int(out, "given", order->given);
		json_put(out, "state", order->state);
		json_put_int(out, "tries", order->tries);
		if (order->ended) {
			json_put_int(out, "ended", order->ended);
			json_key(out, "outcome");
			buf_add(out, order->outcome);
		}
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
	return 0;
}

const struct route routes_orders[] = {
	{ METHOD_GET, "/api/archive", "getArchive", "how many days of events are kept, which are older than so many days, and what is held",
	  .roles = WHO, .gives = "Archive", .query = "days", .handle = get_archive },
	{ METHOD_POST, "/api/archive/removals", "removeDays", "remove days older than so many; confirmed by a second person", .roles = KEEP,
	  .flags = ROUTE_FRESH, .body_most = 4096, .takes = "ArchiveRemoval", .handle = post_removal },
	{ METHOD_POST, "/api/keys/{kind}/renew", "renewKey", "a new key or certificate in the place of this one; confirmed by a second person",
	  .roles = KEEP, .flags = ROUTE_FRESH, .body_most = 4096, .takes = "Reason", .handle = post_renew },
	{ METHOD_GET, "/api/orders", "listOrders", "what two persons decided about the installation, and what became of it", .roles = WHO,
	  .gives = "OrderList", .handle = get_orders },
	{ 0 },
};
