/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * verdicts: the checks, what they say of each host, and the rows that say so.
 *
 * Evidence is known by its digest. It is shown to whoever sees a host that a verdict with this evidence stands for, or the organisation it
 * was kept for; equal rows of two hosts are one evidence, so from which host it came is told to those alone who see that host.
 */
#include "api/fleet.h"
#include "case/evidence.h"
#include "case/grade.h"
#include "check/verdict.h"

extern const struct route routes_verdicts[];

#define WHO "operator security auditor leader duty officer verifier"

/* ---- checks ---- */

static void put_check(struct buf *out, const struct check *check)
{
	json_put(out, "id", check->id);
	json_put(out, "topic", check->topic);
	json_put(out, "severity", str_from(severity_names[check->severity]));
	text_put(out, "title", &check->title);
	json_put_strings(out, "clauses", &check->clauses);
	json_put_strings(out, "requirements", &check->requirements);
}

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
		put_check(&request->out, &checks->p[i]);
		put_counts(&request->out, &counts[i]);
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return 0;
}

/* ---- verdicts ---- */

/* The reason was kept in each language. */
static struct str reason_of(struct request *request, struct str json)
{
	struct source source = { .name = "reason", .text = json };
	const struct doc *reason;
	if (!json.n || json_parse(request->arena, &source, &reason, NULL) < 0)
		return STR_NONE;
	struct str text = doc_string(doc_get(reason, str_from(lang_names[request->lang])));
	return text.n ? text : STR_NONE;
}

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
	json_put_or_null(out, "reason", reason_of(request, arena_str(request->arena, db_text(q, 7))));
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
	put_check(out, check);
	text_put(out, "why", &check->why);
	text_put(out, "remedy", &check->remedy);
	if (check->scope.in[LANG_EN].p)
		text_put(out, "scope", &check->scope);
	json_put_or_null(out, "applies", check->applies);
	json_put(out, "violations", check->violations);
	r = put_verdicts(request, 0, check->id, &page, err);
	if (r == 0)
		fleet_end(request, &page);
	return r;
}

/* ---- evidence ---- */

/* A host that this person sees, for which a verdict stands on this evidence; 0: none. */
static int host_of(struct request *request, struct str sha256, int64_t *host, struct err *err)
{
	DB_QUERY(q);
	*host = 0;
	int r = db_query(&q, request->db,
	                 fleet_sql(request, "SELECT h.id FROM ward_verdict v JOIN ward_host h ON h.id = v.host WHERE h.removed IS NULL"
	                          " AND v.evidence = ?", " ORDER BY h.id LIMIT 1"), err);
	if (r < 0)
		return r;
	db_bind_text(&q, sha256);
	fleet_bind(request, &q);
	r = db_step(&q, err);
	if (r > 0)
		*host = db_int(&q, 0);
	return r < 0 ? r : 0;
}

static int may_see(struct request *request, const struct evidence_kept *kept, int64_t *host, struct err *err)
{
	struct host from;
	struct err none = { "" };
	bool seen = request->actor->whole;
	/* The host it was taken from first, when it is one of theirs. */
	*host = kept->host;
	if (kept->host && fleet_host(request, kept->host, &from, &none) < 0)
		*host = 0;
	if (*host || seen)
		return 0;
	int r = host_of(request, kept->sha256, host, err);
	if (r == 0 && !*host && kept->org)
		r = record_sees(request->db, request->actor, kept->org, &seen, err);
	if (r < 0)
		return r;
	return *host || seen ? 0 : err_set(err, -ENOENT, "there is no such evidence");
}

static void put_columns(struct request *request, struct str rows)
{
	struct source source = { .name = "evidence", .text = rows };
	const struct doc *list;
	json_open_list(&request->out, "columns");
	if (json_parse(request->arena, &source, &list, NULL) == 0 && list->type == DOC_ARRAY && list->n && list->items[0].type == DOC_MAP)
		for (size_t i = 0; i < list->items[0].n; i++)
			json_put(&request->out, NULL, doc_string(doc_key(&list->items[0], i)));
	buf_add_char(&request->out, ']');
}

static int get_evidence(struct request *request, struct err *err)
{
	struct evidence_kept kept;
	struct buf *out = &request->out;
	int64_t host;
	struct str sha256 = request->param[0];
	if (sha256.n != 64)
		return err_set(err, -ENOENT, "there is no such evidence");
	int r = evidence_get(request->arena, request->db, sha256, &kept, err);
	if (r == 0)
		r = may_see(request, &kept, &host, err);
	if (r < 0)
		return r == -ENOENT ? err_set(err, r, "there is no such evidence") : r;
	json_open_map(out, NULL);
	json_put_or_null(out, "sha256", sha256);
	put_columns(request, kept.rows);
	json_key(out, "rows");
	buf_add(out, kept.rows);
	json_put_int(out, "taken", kept.taken);
	if (host)
		json_put_int(out, "host", host);
	else
		json_put_null(out, "host");
	json_key(out, "tables");
	buf_add(out, kept.tables.n ? kept.tables : STR("[]"));
	json_put(out, "canonical", kept.rows);
	buf_add_char(out, '}');
	return 0;
}

const struct route routes_verdicts[] = {
	{ METHOD_GET, "/api/checks", "listChecks", "all checks, with how many hosts pass and fail", .roles = WHO, .gives = "Checks",
	  .handle = get_checks },
	{ METHOD_GET, "/api/checks/{id}", "getCheck", "a check with its SQL, and its verdict for each host", .roles = WHO,
	  .query = "value severity limit after", .gives = "Check", .handle = get_check },
	{ METHOD_GET, "/api/verdicts", "listVerdicts", "verdicts in force, the worst first", .roles = WHO,
	  .query = "host check value severity limit after", .gives = "Verdicts", .handle = get_verdicts },
	{ METHOD_GET, "/api/evidence/{sha256}", "getEvidence", "the rows under a statement; the digest is over `canonical`", .roles = WHO,
	  .gives = "Evidence", .handle = get_evidence },
	{ 0 },
};
