/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * hosts: the machines of the installation, their last tables with how well these were seen, and an inspection on demand.
 */
#include "api/fleet.h"
#include "case/hosts.h"
#include "check/verdict.h"

#include <unistd.h>

extern const struct route routes_hosts[];

#define WHO "operator security auditor leader duty officer verifier"

static int put_counts(struct request *request, int64_t host, struct err *err)
{
	int64_t counts[VERDICT_COUNT] = { 0 }, failed[SEVERITY_COUNT] = { 0 };
	DB_QUERY(q);
	int r = db_query(&q, request->db, "SELECT value, severity, count(*) FROM ward_verdict WHERE host = ? GROUP BY value, severity", err);
	if (r < 0)
		return r;
	db_bind_int(&q, host);
	while ((r = db_step(&q, err)) > 0)
		for (int value = 0; value < VERDICT_COUNT; value++) {
			if (!str_is(db_text(&q, 0), verdict_names[value]))
				continue;
			counts[value] += db_int(&q, 2);
			for (int severity = 0; value == VERDICT_FAIL && severity < SEVERITY_COUNT; severity++)
				if (str_is(db_text(&q, 1), severity_names[severity]))
					failed[severity] += db_int(&q, 2);
		}
	json_open_map(&request->out, "verdicts");
	for (int value = 0; value < VERDICT_COUNT; value++)
		json_put_int(&request->out, verdict_names[value], counts[value]);
	buf_add_char(&request->out, '}');
	json_open_map(&request->out, "failed");
	for (int severity = 0; severity < SEVERITY_COUNT; severity++)
		json_put_int(&request->out, severity_names[severity], failed[severity]);
	buf_add_char(&request->out, '}');
	return r;
}

static int put_host(struct request *request, const struct host *host, struct err *err)
{
	struct buf *out = &request->out;
	json_put_int(out, "id", host->id);
	json_put(out, "name", host->name);
	json_put_or_null(out, "machine_id", host->machine_id);
	if (host->org)
		json_put_int(out, "org", host->org);
	else
		json_put_null(out, "org");
	json_put_int(out, "seen", host->seen);
	json_put_or_null(out, "profile", host->profile);
	json_put_or_null(out, "os", host->os);
	json_put_or_null(out, "address", host->address);
	json_put_flag(out, "here", str_eq(host->machine_id, office_of(request)->machine_id));
	return put_counts(request, host->id, err);
}

static int get_hosts(struct request *request, struct err *err)
{
	struct fleet_page page;
	struct str q = request_query(request, "q");
	DB_QUERY(rows);
	int r = fleet_begin(request, &page, err);
	if (r == 0)
		r = db_query(&rows, request->db,
		             fleet_sql(request, arena_printf(request->arena, "SELECT h.id FROM ward_host h WHERE h.removed IS NULL AND h.id > ?"
		                                           " AND (? = '' OR h.name%s? OR h.os%s?)", db_like(request->db), db_like(request->db)).p,
		                       " ORDER BY h.id LIMIT ?"), err);
	if (r < 0)
		return r;
	struct str pattern = fleet_pattern(request->arena, q);
	db_bind_int(&rows, page.after);
	db_bind_text(&rows, q.p ? q : STR(""));
	db_bind_text(&rows, pattern);
	db_bind_text(&rows, pattern);
	fleet_bind(request, &rows);
	db_bind_int(&rows, page.limit + 1);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	while ((r = db_step(&rows, err)) > 0 && fleet_next(&page, db_int(&rows, 0))) {
		struct host host;
		r = hosts_get(request->arena, request->db, db_int(&rows, 0), &host, err);
		if (r < 0)
			return r;
		json_open_map(&request->out, NULL);
		r = put_host(request, &host, err);
		if (r < 0)
			return r;
		buf_add_char(&request->out, '}');
	}
	if (r < 0)
		return r;
	fleet_end(request, &page);
	return 0;
}

static int seen_host(struct request *request, struct host *host, struct err *err)
{
	int64_t id;
	int r = request_id(request, 0, &id, err);
	return r < 0 ? r : fleet_host(request, id, host, err);
}

/* Why a table is not complete was kept in English. */
static struct str reason_said(struct request *request, struct str reason)
{
	return reason.n ? tr_error(request->arena, request->lang, arena_str(request->arena, reason)) : STR_NONE;
}

static int put_tables(struct request *request, int64_t host, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, request->db, "SELECT name, taken, coverage, reason, n, sha256 FROM ward_host_table WHERE host = ? ORDER BY name", err);
	if (r < 0)
		return r;
	db_bind_int(&q, host);
	json_open_list(&request->out, "tables");
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(&request->out, NULL);
		const struct table *table = table_find(db_text(&q, 0));
		json_put(&request->out, "name", db_text(&q, 0));
		json_put_or_null(&request->out, "doc", table ? table_says(request->lang, table) : STR_NONE);
		json_put_int(&request->out, "taken", db_int(&q, 1));
		json_put(&request->out, "coverage", db_text(&q, 2));
		json_put_or_null(&request->out, "reason", reason_said(request, db_text(&q, 3)));
		json_put_int(&request->out, "rows", db_int(&q, 4));
		json_put_or_null(&request->out, "sha256", db_text(&q, 5));
		buf_add_char(&request->out, '}');
	}
	buf_add_char(&request->out, ']');
	return r;
}

static int put_runs(struct request *request, int64_t host, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, request->db, "SELECT id, started, ns, profile, regime, privileged, pass, fail, unknown, not_applicable"
	                 " FROM ward_inspection WHERE host = ? ORDER BY id DESC LIMIT 20", err);
	if (r < 0)
		return r;
	db_bind_int(&q, host);
	json_open_list(&request->out, "inspections");
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(&request->out, NULL);
		json_put_int(&request->out, "id", db_int(&q, 0));
		json_put_int(&request->out, "started", db_int(&q, 1));
		json_put_real(&request->out, "seconds", (double)db_int(&q, 2) / 1e9);
		json_put_or_null(&request->out, "profile", db_text(&q, 3));
		json_put_or_null(&request->out, "regime", db_text(&q, 4));
		json_put_flag(&request->out, "privileged", db_int(&q, 5) != 0);
		json_put_int(&request->out, "pass", db_int(&q, 6));
		json_put_int(&request->out, "fail", db_int(&q, 7));
		json_put_int(&request->out, "unknown", db_int(&q, 8));
		json_put_int(&request->out, "not-applicable", db_int(&q, 9));
		buf_add_char(&request->out, '}');
	}
	buf_add_char(&request->out, ']');
	return r;
}

static int put_trend(struct request *request, int64_t host, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, request->db, "SELECT day, pass, fail, unknown, critical, high, medium, low FROM ward_verdict_day"
	                 " WHERE host = ? ORDER BY day DESC LIMIT 90", err);
	if (r < 0)
		return r;
	db_bind_int(&q, host);
	json_open_list(&request->out, "trend");
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(&request->out, NULL);
		json_put(&request->out, "day", db_text(&q, 0));
		static const char *const names[] = { "pass", "fail", "unknown", "critical", "high", "medium", "low" };
		for (size_t i = 0; i < COUNT(names); i++)
			json_put_int(&request->out, names[i], db_int(&q, i + 1));
		buf_add_char(&request->out, '}');
	}
	buf_add_char(&request->out, ']');
	return r;
}

static int get_host(struct request *request, struct err *err)
{
	struct host host;
	int r = seen_host(request, &host, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	r = put_host(request, &host, err);
	r = r < 0 ? r : put_tables(request, host.id, err);
	r = r < 0 ? r : put_runs(request, host.id, err);
	r = r < 0 ? r : put_trend(request, host.id, err);
	buf_add_char(&request->out, '}');
	return r < 0 ? r : 0;
}

/* The columns' meanings come from the table's own record. */
static void put_columns(struct buf *out, const struct table *table)
{
	json_open_list(out, "describes");
	for (const struct column *column = table ? table->columns : NULL; column && column->name; column++) {
		json_open_map(out, NULL);
		json_put(out, "name", str_from(column->name));
		json_put_or_null(out, "doc", str_from(column->doc));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static int get_table(struct request *request, struct err *err)
{
	struct host host;
	struct host_table kept;
	struct buf *out = &request->out;
	int r = seen_host(request, &host, err);
	if (r == 0)
		r = hosts_get_table(request->arena, request->db, host.id, request->param[1], &kept, err);
	if (r < 0)
		return r;
	const struct table *table = table_find(kept.name);
	json_open_map(out, NULL);
	json_put_int(out, "host", host.id);
	json_put(out, "name", kept.name);
	json_put_or_null(out, "doc", table ? table_says(request->lang, table) : STR_NONE);
	json_put_int(out, "taken", kept.taken);
	json_put(out, "coverage", str_from(coverage_names[kept.coverage]));
	json_put_or_null(out, "reason", reason_said(request, kept.reason));
	json_put_or_null(out, "sha256", kept.sha256);
	put_columns(out, table);
	json_key(out, "table");
	if (kept.json.n)
		buf_add(out, kept.json);
	else
		buf_puts(out, "{\"columns\":[],\"rows\":[],\"gaps\":[]}");
	buf_add_char(out, '}');
	return 0;
}

static int post_inspect(struct request *request, struct err *err)
{
	struct host host;
	struct office *office = office_of(request);
	int r = seen_host(request, &host, err);
	if (r < 0)
		return r;
	if (!str_eq(host.machine_id, office->machine_id) || office->inspect < 0)
		return err_set(err, -EINVAL, "only the machine that ward runs on can be inspected from here");
	/* A full pipe: it has been asked already. */
	if (write(office->inspect, "x", 1) < 0 && errno != EAGAIN)
		return err_errno(err, -errno, "cannot ask the inspector");
	request->status = 202;
	json_open_map(&request->out, NULL);
	json_put_flag(&request->out, "asked", true);
	buf_add_char(&request->out, '}');
	return 0;
}

const struct route routes_hosts[] = {
	{ METHOD_GET, "/api/hosts", "listHosts", "hosts with their counts of verdicts", .roles = WHO, .query = "q limit after",
	  .gives = "Hosts", .handle = get_hosts },
	{ METHOD_GET, "/api/hosts/{id}", "getHost", "a host, its tables, its inspections, its trend", .roles = WHO, .gives = "Host",
	  .handle = get_host },
	{ METHOD_GET, "/api/hosts/{id}/tables/{table}", "getHostTable", "the rows of a table as the host delivered them last",
	  .roles = WHO, .gives = "HostTable", .handle = get_table },
	{ METHOD_POST, "/api/hosts/{id}/inspect", "inspectHost", "inspect this machine now; the stream tells when it is done",
	  .roles = "operator security", .flags = ROUTE_READ, .gives = "Asked", .handle = post_inspect },
	{ 0 },
};
