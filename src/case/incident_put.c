/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Everything about an incident as JSON, for its page.
 */
#include "case/incident.h"

enum { SHOWN_MOST = 500 };

static void cell_put(struct buf *out, const char *name, struct cell cell)
{
	json_key(out, name);
	cell_add_json(out, cell);
}

/* Rows of a query with one parameter, each an object of its columns. */
static int rows_put(struct db *db, const char *sql, int64_t id, const char *name, struct buf *out, struct err *err)
{
	DB_QUERY(query);
	int r = db_query(&query, db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&query, id);
	db_bind_int(&query, SHOWN_MOST);
	json_open_list(out, name);
	while ((r = db_step(&query, err)) > 0) {
		json_open_map(out, NULL);
		for (size_t i = 0; i < db_width(&query); i++)
			cell_put(out, db_name(&query, i), db_cell(&query, i));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return r;
}

static int clocks_put(struct arena *arena, struct db *db, const struct cases *cases, int64_t id, int64_t now, struct buf *out, struct err *err)
{
	struct clock_rows rows;
	int r = clocks_of(arena, db, id, &rows, err);
	if (r < 0)
		return r;
	json_open_list(out, "clocks");
	for (size_t i = 0; i < rows.n; i++)
		clock_row_put(out, cases->laws, &rows.p[i], now);
	buf_add_char(out, ']');
	return 0;
}

/* Rules that would start if an answer were other than unknown: what is still to be found out. */
static void waiting_put(const struct cases *cases, struct str where, const struct case_facts *facts, struct buf *out)
{
	json_open_list(out, "waiting");
	for (size_t i = 0; i < cases->laws->n_clocks; i++) {
		const struct clock_rule *rule = &cases->laws->clocks[i];
		if (rule->kind != CLOCK_INCIDENT || !rule->enabled || !str_eq(rule->jurisdiction, where) ||
		    conditions_hold(&rule->when, facts) != HOLDS_UNKNOWN)
			continue;
		json_open_map(out, NULL);
		json_put(out, "rule", rule->id);
		text_put(out, "title", &rule->title);
		conditions_put(out, "when", &rule->when, facts);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

int incident_put(struct arena *arena, struct db *db, const struct cases *cases, int64_t id, int64_t now, struct buf *out, struct err *err)
{
	struct case_facts facts;
	const struct grading *grading;
	struct grade_result result;
	struct str where;
	int64_t org;
	int r = incident_facts(arena, db, cases, id, &facts, &org, err);
	if (r == 0)
		r = incident_grading(arena, db, cases, &facts, org, &grading, err);
	if (r == 0)
		r = cases_jurisdiction(arena, db, cases, org, &where, err);
	if (r < 0)
		return r;
	json_open_map(out, NULL);
	json_put_int(out, "id", id);
	cell_put(out, "number", case_facts_get(&facts, STR("number")));
	cell_put(out, "state", case_facts_get(&facts, STR("state")));
	cell_put(out, "version", case_facts_get(&facts, STR("version")));
	json_put(out, "jurisdiction", where);
	cell_put(out, "grade_final", case_facts_get(&facts, STR("grade_final")));
	struct str category = cell_str(case_facts_get(&facts, STR("category")));
	const struct text *label = category.n ? laws_category(cases->laws, category) : NULL;
	if (label)
		text_put(out, "category", label);
	if (grading) {
		grade_calculate(arena, grading, &facts, &result);
		grade_put(out, "grade", &result, &facts);
	}
	r = clocks_put(arena, db, cases, id, now, out, err);
	if (r == 0)
		waiting_put(cases, where, &facts, out);
	if (r == 0)
		r = rows_put(db, "SELECT id, at, what, kind, made, made_by_name FROM ward_timeline WHERE incident = ? ORDER BY at, id LIMIT ?", id, "timeline",
		             out, err);
	if (r == 0)
		r = rows_put(db,
		             "SELECT id, kind, reference, title, sha256, content, made, made_by_name FROM ward_incident_evidence WHERE incident = ?"
		             " ORDER BY id LIMIT ?",
		             id, "evidence", out, err);
	if (r == 0)
		r = rows_put(db, "SELECT id, stage, rule, sent, receipt, sha256 FROM ward_incident_report WHERE incident = ? ORDER BY sent, id LIMIT ?", id,
		             "reports", out, err);
	if (r == 0)
		r = rows_put(db,
		             "SELECT id, number, title, state, due, owner FROM task WHERE incident = ? AND withdrawn IS NULL ORDER BY id LIMIT ?", id,
		             "tasks", out, err);
	if (r == 0) {
		struct str origin = arena_printf(arena, "incident/%lld", (long long)id);
		DB_QUERY(query);
		r = db_query(&query, db,
		             "SELECT id, number, title, severity, state, due FROM finding WHERE origin = ? AND withdrawn IS NULL ORDER BY id LIMIT ?", err);
		if (r < 0)
			return r;
		db_bind_text(&query, origin);
		db_bind_int(&query, SHOWN_MOST);
		json_open_list(out, "findings");
		while ((r = db_step(&query, err)) > 0) {
			json_open_map(out, NULL);
			for (size_t i = 0; i < db_width(&query); i++)
				cell_put(out, db_name(&query, i), db_cell(&query, i));
			buf_add_char(out, '}');
		}
		buf_add_char(out, ']');
	}
	buf_add_char(out, '}');
	return r;
}
