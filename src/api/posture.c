/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * posture: how an organisation and what lies below it stand. Each figure comes with what it is a part of; what was not seen is counted
 * as not seen, never as good.
 */
#include "api/office.h"
#include "base/clock.h"
#include "register/date.h"

extern const struct route routes_posture[];

enum { TREND_DAYS = 30, FRESH_DAYS = 2, BELOW_MOST = 500 };

#define BELOW_IT "IN (SELECT org FROM ward_subtree WHERE ancestor = ?)"
#define OPEN_STATES "('open', 'issued', 'acknowledged', 'fixing', 'submitted', 'verified', 'disputed')"
/* The last day's counts of each host. */
#define LAST_DAY \
	" FROM ward_host h LEFT JOIN ward_verdict_day d ON d.host = h.id" \
	" AND d.day = (SELECT max(x.day) FROM ward_verdict_day x WHERE x.host = h.id)"
#define SUMS \
	"count(h.id), count(d.host), sum(CASE WHEN d.day >= ? THEN 1 ELSE 0 END), sum(d.pass), sum(d.fail), sum(d.unknown)," \
	" sum(d.not_applicable), sum(d.critical), sum(d.high), sum(d.medium), sum(d.low)"

struct standing {
	int64_t hosts, inspected, fresh;
	int64_t pass, fail, unknown, not_applicable;
	int64_t failed[4]; /* by severity, the gravest first */
};

struct view {
	struct request *request;
	struct arena *arena;
	struct db *db;
	struct buf *out;
	int64_t org, now;
	struct str fresh_from; /* a date */
};

static struct standing standing_read(struct db_query *query, size_t at)
{
	struct standing s = { .hosts = db_int_or(query, at, 0), .inspected = db_int_or(query, at + 1, 0), .fresh = db_int_or(query, at + 2, 0),
		              .pass = db_int_or(query, at + 3, 0), .fail = db_int_or(query, at + 4, 0), .unknown = db_int_or(query, at + 5, 0),
		              .not_applicable = db_int_or(query, at + 6, 0) };
	for (size_t i = 0; i < COUNT(s.failed); i++)
		s.failed[i] = db_int_or(query, at + 7 + i, 0);
	return s;
}

/* Per cent that passed of all that applied: what could not be judged stands in the denominator. null when nothing was judged. */
static void score_put(struct buf *out, int64_t pass, int64_t fail, int64_t unknown)
{
	int64_t of = pass + fail + unknown;
	if (of)
		json_put_int(out, "score", pass * 100 / of);
	else
		json_put_null(out, "score");
	json_put_int(out, "good", pass);
	json_put_int(out, "of", of);
}

static void standing_put(struct buf *out, const struct standing *s)
{
	static const char *const names[] = { "critical", "high", "medium", "low" };
	score_put(out, s->pass, s->fail, s->unknown);
	json_open_map(out, "verdicts");
	json_put_int(out, "pass", s->pass);
	json_put_int(out, "fail", s->fail);
	json_put_int(out, "unknown", s->unknown);
	json_put_int(out, "not-applicable", s->not_applicable);
	json_open_map(out, "failed");
	for (size_t i = 0; i < COUNT(names); i++)
		json_put_int(out, names[i], s->failed[i]);
	buf_puts(out, "}}");
	json_open_map(out, "coverage");
	json_put_int(out, "hosts", s->hosts);
	json_put_int(out, "seen", s->fresh);                     /* within the last days */
	json_put_int(out, "stale", s->inspected - s->fresh);     /* once, not lately */
	json_put_int(out, "never", s->hosts - s->inspected);
	json_put_int(out, "fresh_days", FRESH_DAYS);
	buf_add_char(out, '}');
}

static int own_standing(struct view *view, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, view->db, "SELECT " SUMS LAST_DAY " WHERE h.removed IS NULL AND h.org " BELOW_IT, err);
	if (r < 0)
		return r;
	db_bind_text(&query, view->fresh_from);
	db_bind_int(&query, view->org);
	r = db_step(&query, err);
	if (r > 0) {
		struct standing s = standing_read(&query, 0);
		standing_put(view->out, &s);
	}
	return r < 0 ? r : 0;
}

/* ---- findings ---- */

static void count_add(int64_t counts[4], struct str severity, int64_t n)
{
	static const char *const names[] = { "critical", "high", "medium", "low" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(severity, names[i]))
			counts[i] += n;
}

static void findings_members(struct buf *out, const int64_t counts[4], int64_t overdue)
{
	static const char *const names[] = { "critical", "high", "medium", "low" };
	int64_t all = 0;
	json_open_map(out, "findings");
	for (size_t i = 0; i < COUNT(names); i++) {
		json_put_int(out, names[i], counts[i]);
		all += counts[i];
	}
	json_put_int(out, "open", all);
	json_put_int(out, "overdue", overdue);
	buf_add_char(out, '}');
}

static int findings_put(struct view *view, struct err *err)
{
	int64_t counts[4] = { 0 }, overdue = 0;
	DB_QUERY(query);
	int r = db_query(&query, view->db,
	                 "SELECT severity, count(*), sum(overdue) FROM finding WHERE org " BELOW_IT " AND state IN " OPEN_STATES
	                 " AND withdrawn IS NULL GROUP BY severity",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, view->org);
	while ((r = db_step(&query, err)) > 0) {
		count_add(counts, db_text(&query, 0), db_int(&query, 1));
		overdue += db_int_or(&query, 2, 0);
	}
	findings_members(view->out, counts, overdue);
	return r;
}

/* ---- days without ---- */

static int moment_of(struct view *view, const char *sql, int64_t *out, struct err *err)
{
	DB_QUERY(query);
	*out = 0;
	int r = db_query(&query, view->db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&query, view->org);
	r = db_step(&query, err);
	if (r > 0)
		*out = db_int_or(&query, 0, 0);
	return r < 0 ? r : 0;
}

/* Days since the last one, or since the records began; none while one lasts. */
static int days_put(struct view *view, struct buf *about, const char *name, const char *last_sql, const char *lasting_sql, int64_t began,
                    struct err *err)
{
	int64_t last, lasting = 0;
	int r = moment_of(view, last_sql, &last, err);
	if (r == 0 && lasting_sql)
		r = moment_of(view, lasting_sql, &lasting, err);
	if (r < 0)
		return r;
	int64_t from = last ? last : began;
	json_put_int(view->out, name, lasting || !from ? 0 : MAX(0, date_of(view->now) - date_of(from)));
	json_open_map(about, name);
	json_put_int(about, "since", from);
	json_put(about, "from", last ? STR("incident") : STR("start"));
	json_put_flag(about, "lasting", lasting != 0);
	buf_add_char(about, '}');
	return 0;
}

/* Incidents that were none do not count: closed without an end that somebody approved. */
#define REAL_INCIDENT " FROM incident WHERE org " BELOW_IT " AND withdrawn IS NULL AND NOT (state = 'closed' AND ended_at IS NULL)"
#define STILL " AND state IN ('detected', 'reported', 'graded', 'responding', 'contained', 'recovering')"
#define OUTAGE " AND outage_min > 0"
#define DATA " AND (pi = 1 OR pi_count > 0 OR category LIKE 'data-%')"

static int all_days_put(struct view *view, struct err *err)
{
	int64_t began;
	BUF(about);
	int r = moment_of(view, "SELECT created FROM org WHERE id = ?", &began, err);
	if (r < 0)
		return r;
	json_open_map(&about, NULL);
	json_open_map(view->out, "days");
	r = days_put(view, &about, "outage", "SELECT max(coalesce(ended_at, t0))" REAL_INCIDENT OUTAGE, "SELECT 1" REAL_INCIDENT OUTAGE STILL " LIMIT 1", began, err);
	if (r == 0)
		r = days_put(view, &about, "data", "SELECT max(coalesce(ended_at, t0))" REAL_INCIDENT DATA, "SELECT 1" REAL_INCIDENT DATA STILL " LIMIT 1", began, err);
	if (r == 0)
		r = days_put(view, &about, "breach",
		             "SELECT max(due) FROM ward_clock WHERE state IN ('missed', 'late') AND org " BELOW_IT,
		             "SELECT 1 FROM ward_clock c JOIN incident i ON i.id = c.incident WHERE c.state = 'missed' AND i.state <> 'closed' AND c.org " BELOW_IT
		             " LIMIT 1",
		             began, err);
	buf_add_char(view->out, '}');
	buf_add_char(&about, '}');
	json_key(view->out, "since");
	buf_add(view->out, buf_str(&about));
	return r;
}

/* ---- days ---- */

static int trend_put(struct view *view, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, view->db,
	                 "SELECT d.day, count(*), sum(d.pass), sum(d.fail), sum(d.unknown), sum(d.critical), sum(d.high) FROM ward_host h"
	                 " JOIN ward_verdict_day d ON d.host = h.id AND d.day >= ? WHERE h.removed IS NULL AND h.org " BELOW_IT
	                 " GROUP BY d.day ORDER BY d.day",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&query, date_text(view->arena, date_of(view->now) - TREND_DAYS + 1));
	db_bind_int(&query, view->org);
	json_open_list(view->out, "trend");
	while ((r = db_step(&query, err)) > 0) {
		static const char *const names[] = { "hosts", "pass", "fail", "unknown", "critical", "high" };
		json_open_map(view->out, NULL);
		json_put(view->out, "day", db_text(&query, 0));
		for (size_t i = 0; i < COUNT(names); i++)
			json_put_int(view->out, names[i], db_int_or(&query, i + 1, 0));
		score_put(view->out, db_int_or(&query, 2, 0), db_int_or(&query, 3, 0), db_int_or(&query, 4, 0));
		buf_add_char(view->out, '}');
	}
	buf_add_char(view->out, ']');
	return r;
}

/* ---- what lies below ---- */

struct child {
	int64_t org;
	struct str name, tier, kind;
	struct standing standing;
	int64_t findings[4], overdue;
};
struct children {
	struct child *p;
	size_t n;
	struct map by_org;
};

static int children_read(struct view *view, struct children *out, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, view->db, "SELECT id, name, tier, kind FROM org WHERE parent = ? AND withdrawn IS NULL ORDER BY id LIMIT ?", err);
	if (r < 0)
		return r;
	db_bind_int(&query, view->org);
	db_bind_int(&query, BELOW_MOST);
	out->p = ARENA_ARRAY(view->arena, struct child, BELOW_MOST);
	out->by_org = (struct map){ .arena = view->arena };
	while (out->n < BELOW_MOST && (r = db_step(&query, err)) > 0) {
		struct child *child = &out->p[out->n++];
		*child = (struct child){ .org = db_int(&query, 0), .name = arena_str(view->arena, db_text(&query, 1)),
			                 .tier = arena_str(view->arena, db_text(&query, 2)), .kind = arena_str(view->arena, db_text(&query, 3)) };
		*map_put_int(&out->by_org, child->org) = child;
	}
	return r < 0 ? r : 0;
}

/* One question for all of them, each with what lies below it. */

static int children_standing(struct view *view, struct children *children, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, view->db,
	                 "SELECT s.ancestor, " SUMS LAST_DAY " JOIN ward_subtree s ON s.org = h.org JOIN org c ON c.id = s.ancestor"
	                 " WHERE c.parent = ? AND h.removed IS NULL GROUP BY s.ancestor",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&query, view->fresh_from);
	db_bind_int(&query, view->org);
	while ((r = db_step(&query, err)) > 0) {
		struct child *child = map_get_int(&children->by_org, db_int(&query, 0));
		if (child)
			child->standing = standing_read(&query, 1);
	}
	return r;
}

static int children_findings(struct view *view, struct children *children, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, view->db,
	                 "SELECT s.ancestor, f.severity, count(*), sum(f.overdue) FROM org c JOIN ward_subtree s ON s.ancestor = c.id"
	                 " JOIN finding f ON f.org = s.org WHERE c.parent = ? AND f.state IN " OPEN_STATES " AND f.withdrawn IS NULL"
	                 " GROUP BY s.ancestor, f.severity",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&query, view->org);
	while ((r = db_step(&query, err)) > 0) {
		struct child *child = map_get_int(&children->by_org, db_int(&query, 0));
		if (!child)
			continue;
		count_add(child->findings, db_text(&query, 1), db_int(&query, 2));
		child->overdue += db_int_or(&query, 3, 0);
	}
	return r;
}

static int below_put(struct view *view, struct err *err)
{
	struct children children = { 0 };
	int r = children_read(view, &children, err);
	if (r == 0)
		r = children_standing(view, &children, err);
	if (r == 0)
		r = children_findings(view, &children, err);
	json_open_list(view->out, "below");
	for (size_t i = 0; r == 0 && i < children.n; i++) {
		const struct child *child = &children.p[i];
		json_open_map(view->out, NULL);
		json_put_int(view->out, "org", child->org);
		json_put(view->out, "name", child->name);
		json_put_or_null(view->out, "tier", child->tier);
		json_put_or_null(view->out, "kind", child->kind);
		score_put(view->out, child->standing.pass, child->standing.fail, child->standing.unknown);
		json_put_int(view->out, "hosts", child->standing.hosts);
		json_put_int(view->out, "seen", child->standing.fresh);
		json_put_int(view->out, "fail", child->standing.fail);
		json_put_int(view->out, "unknown", child->standing.unknown);
		json_put_int(view->out, "overdue", child->overdue);
		json_put_int(view->out, "findings", child->findings[0] + child->findings[1] + child->findings[2] + child->findings[3]);
		buf_add_char(view->out, '}');
	}
	buf_add_char(view->out, ']');
	return r;
}

static int org_put(struct view *view, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, view->db, "SELECT name, tier, kind, parent FROM org WHERE id = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&query, view->org);
	r = db_step(&query, err);
	if (r <= 0)
		return r < 0 ? r : err_set(err, -ENOENT, "there is no such record");
	json_open_map(view->out, "org");
	json_put_int(view->out, "id", view->org);
	json_put(view->out, "name", db_text(&query, 0));
	json_put_or_null(view->out, "tier", db_text(&query, 1));
	json_put_or_null(view->out, "kind", db_text(&query, 2));
	int64_t parent = db_int_or(&query, 3, 0);
	bool seen = false;
	if (parent)
		r = record_sees(view->db, view->request->actor, parent, &seen, err);
	if (seen) /* the way back up */
		json_put_int(view->out, "parent", parent);
	buf_add_char(view->out, '}');
	return r < 0 ? r : 0;
}

static int get_posture(struct request *request, struct err *err)
{
	struct view view = { .request = request, .arena = request->arena, .db = request->db, .out = &request->out, .now = clock_now() };
	int r = request_query_int(request, "org", 1, INT64_MAX, request->actor->org, &view.org, err);
	if (r == 0)
		r = cases_visible(request->db, request->actor, view.org, err);
	if (r < 0)
		return r;
	view.fresh_from = date_text(request->arena, date_of(view.now) - FRESH_DAYS + 1);
	json_open_map(view.out, NULL);
	r = org_put(&view, err);
	if (r == 0)
		r = all_days_put(&view, err);
	if (r == 0)
		r = own_standing(&view, err);
	if (r == 0)
		r = findings_put(&view, err);
	if (r == 0)
		r = trend_put(&view, err);
	if (r == 0)
		r = below_put(&view, err);
	json_put_int(view.out, "now", view.now);
	buf_add_char(view.out, '}');
	return r;
}

const struct route routes_posture[] = {
	{ METHOD_GET, "/api/posture", "getPosture", "how an organisation and those below it stand", .flags = ROUTE_TOKEN, .query = "org",
	  .gives = "Posture", .handle = get_posture },
	{ 0 },
};
