/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * verdicts: the checks of hosts, and what they say of each host; the rows that say so are api/evidence.c.
 */
#include "api/checks.h"
#include "api/fleet.h"
#include "case/grade.h"
#include "check/verdict.h"

extern const struct route routes_verdicts[];

#define WHO "operator security auditor leader duty officer verifier"

/* ---- checks ---- */

struct check_counts {
	int64_t n[VERDICT_COUNT];
};

/* Of the hosts that this person sees, for each check in its place. */
static int count_verdicts(struct request *request, struct check_counts *counts, struct err *err)
{
	const struct checks *checks = &office_of(request)->checks;
	DB_QUERY(q);
	int r = db_query(&q, request->db,
	                 fleet_sql(request, "SELECT v.check_id, v.value, count(*) FROM ward_verdict v JOIN ward_host h ON h.id = v.host"
	                          " WHERE h.removed IS NULL", " GROUP BY v.check_id, v.value"), err);
	if (r < 0)
		return r;
	fleet_bind(request, &q);
	while ((r = db_step(&q, err)) > 0) {
		const struct check *check = checks_find(checks, db_text(&q, 0));
		for (int value = 0; check && value < VERDICT_COUNT; value++)
			if (str_is(db_text(&q, 1), verdict_names[value]))
				counts[check - checks->p].n[value] = db_int(&q, 2);
	}
	return r;
}

static void put_counts(struct buf *out, const struct check_counts *counts)
{
	json_open_map(out, "verdicts");
	for (int value = 0; value < VERDICT_COUNT; value++)
		json_put_int(out, verdict_names[value], counts->n[value]);
	buf_add_char(out, '}');
}

static int get_checks(struct request *request, struct err *err)
{
	const struct checks *checks = &office_of(request)->checks;
	struct check_counts *counts = ARENA_ARRAY(request->arena, struct check_counts, checks->n + 1);
	int r = count_verdicts(request, counts, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	for (size_t i = 0; i < checks->n; i++) {
		json_open_map(&request->out, NULL);
		checks_put(&request->out, &checks->p[i]);
		put_counts(&request->out, &counts[i]);
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return 0;
}

/* ---- verdicts ---- */

static void put_verdict(struct request *request, struct db_query *q)
{
	struct buf *out = &request->out;
	const struct check *check = checks_find(&office_of(request)->checks, db_text(q, 1));
	json_open_map(out, NULL);
	json_put_int(out, "host", db_int(q, 0));
	json_put_or_null(out, "host_name", db_text(q, 10));
	json_put(out, "check", db_text(q, 1));
	if (check)
		text_put(out, "title", &check->title);
	json_put(out, "value", db_text(q, 2));
	json_put(out, "severity", db_text(q, 3));
	json_put_int(out, "since", db_int(q, 4));
	json_put_int(out, "seen", db_int(q, 5));
	json_put_flag(out, "partial", db_int(q, 6) != 0);
	json_put_or_null(out, "reason", checks_reason(request, db_text(q, 7)));
	json_put(out, "evidence", db_text(q, 8));
	json_put_int(out, "found", db_int(q, 9));
	buf_add_char(out, '}');
}

#define VERDICT_COLUMNS                                                                                                           \
	"SELECT v.host, v.check_id, v.value, v.severity, v.since, v.seen, v.partial, v.reason, v.evidence, v.found, h.name"       \
	" FROM ward_verdict v JOIN ward_host h ON h.id = v.host WHERE h.removed IS NULL"

/* The worst first; `host`, `check`, `value`, `severity` are optional. Pages count rows, since few change at once. */
static int put_verdicts(struct request *request, int64_t host, struct str check, struct fleet_page *page, struct err *err)
{
	struct str value = request_query(request, "value"), severity = request_query(request, "severity");
	DB_QUERY(q);
	int r = db_query(&q, request->db,
	                 fleet_sql(request, VERDICT_COLUMNS " AND (? = 0 OR v.host = ?) AND (? = '' OR v.check_id = ?)"
	                          " AND (? = '' OR v.value = ?) AND (? = '' OR v.severity = ?)",
	                          " ORDER BY CASE v.value WHEN 'fail' THEN 0 WHEN 'unknown' THEN 1 WHEN 'pass' THEN 2 ELSE 3 END,"
	                          " CASE v.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END,"
	                          " v.check_id, v.host LIMIT ? OFFSET ?"), err);
	if (r < 0)
		return r;
	struct str asked[] = { check, value, severity };
	db_bind_int(&q, host);
	db_bind_int(&q, host);
	for (size_t i = 0; i < COUNT(asked); i++) {
		db_bind_text(&q, asked[i].p ? asked[i] : STR(""));
		db_bind_text(&q, asked[i].p ? asked[i] : STR(""));
	}
	fleet_bind(request, &q);
	db_bind_int(&q, page->limit + 1);
	db_bind_int(&q, page->after);
	int64_t row = page->after;
	json_open_list(&request->out, "rows");
	while ((r = db_step(&q, err)) > 0 && fleet_next(page, ++row))
		put_verdict(request, &q);
	return r < 0 ? r : 0;
}

static int get_verdicts(struct request *request, struct err *err)
{
	struct fleet_page page;
	int64_t host = 0;
	int r = fleet_begin(request, &page, err);
	if (r == 0)
		r = request_query_int(request, "host", 1, INT64_MAX, 0, &host, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	r = put_verdicts(request, host, request_query(request, "check"), &page, err);
	if (r == 0)
		fleet_end(request, &page);
	return r;
}

static int get_check(struct request *request, struct err *err)
{
	struct fleet_page page;
	struct buf *out = &request->out;
	const struct check *check = checks_find(&office_of(request)->checks, request->param[0]);
	if (!check)
		return err_set(err, -ENOENT, "there is no check '%.*s'", STR_ARG(request->param[0]));
	int r = fleet_begin(request, &page, err);
	if (r < 0)
		return r;
	json_open_map(out, NULL);
	checks_put(out, check);
	checks_put_more(out, check);
	r = put_verdicts(request, 0, check->id, &page, err);
	if (r == 0)
		fleet_end(request, &page);
	return r;
}

const struct route routes_verdicts[] = {
	{ METHOD_GET, "/api/checks", "listChecks", "all checks, with how many hosts pass and fail", .roles = WHO, .gives = "Checks",
	  .handle = get_checks },
	{ METHOD_GET, "/api/checks/{id}", "getCheck", "a check with its SQL, and its verdict for each host", .roles = WHO,
	  .query = "value severity limit after", .gives = "Check", .handle = get_check },
	{ METHOD_GET, "/api/verdicts", "listVerdicts", "verdicts in force, the worst first", .roles = WHO,
	  .query = "host check value severity limit after", .gives = "Verdicts", .handle = get_verdicts },
	{ 0 },
};
