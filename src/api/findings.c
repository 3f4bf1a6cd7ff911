/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * findings: what stands under a finding, its retest, and the repair order. The findings themselves are records/finding.
 */
#include "api/office.h"
#include "case/evidence.h"
#include "case/finding.h"

extern const struct route routes_findings[];

/* The finding of the path, when this person may do that with findings of its organisation. */
static int finding_of(struct request *request, enum record_right right, int64_t *id, struct case_facts *facts, struct err *err)
{
	const struct office *office = office_of(request);
	const struct register_ *reg = registers_find(office->registers, STR("finding"));
	int r = request_id(request, 0, id, err);
	if (r < 0)
		return r;
	case_facts_init(facts, request->arena);
	r = cases_row(facts, request->db, "SELECT org, evidence_sha256 FROM finding WHERE id = ? AND withdrawn IS NULL", "", *id, err);
	if (r < 0)
		return r;
	if (!r || !record_may(&office->books, request->actor, reg, RECORD_READ))
		return err_set(err, -ENOENT, "there is no such record");
	r = cases_visible(request->db, request->actor, cell_int_or(case_facts_get(facts, STR("org")), 0), err);
	if (r == 0 && !record_may(&office->books, request->actor, reg, right))
		r = err_set(err, -EPERM, "your role may not change records here");
	return r;
}

static int get_evidence(struct request *request, struct err *err)
{
	struct case_facts facts;
	struct evidence_kept evidence;
	int64_t id;
	int r = finding_of(request, RECORD_READ, &id, &facts, err);
	if (r < 0)
		return r;
	struct str sha256 = cell_str(case_facts_get(&facts, STR("evidence_sha256")));
	if (!sha256.n)
		return err_set(err, -ENOENT, "there is no such evidence");
	r = evidence_get(request->arena, request->db, sha256, &evidence, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_put(&request->out, "sha256", evidence.sha256);
	json_put(&request->out, "canonical", evidence.rows);
	json_key(&request->out, "rows");
	buf_add(&request->out, evidence.rows);
	json_key(&request->out, "tables");
	buf_add(&request->out, evidence.tables.n ? evidence.tables : STR("[]"));
	json_put_int(&request->out, "taken", evidence.taken);
	if (evidence.host)
		json_put_int(&request->out, "host", evidence.host);
	buf_add_char(&request->out, '}');
	return 0;
}

static int post_retest(struct request *request, struct err *err)
{
	struct case_facts facts;
	int64_t id;
	int r = finding_of(request, RECORD_READ, &id, &facts, err);
	if (r == 0)
		r = finding_retest(request->write, &office_of(request)->cases, id, err);
	if (r < 0)
		return r;
	request->status = 202;
	json_open_map(&request->out, NULL);
	json_put_flag(&request->out, "asked", true);
	buf_add_char(&request->out, '}');
	return 0;
}

static int get_order(struct request *request, struct err *err)
{
	struct case_facts facts;
	enum lang lang = request->lang;
	int64_t id;
	int r = finding_of(request, RECORD_READ, &id, &facts, err);
	if (r < 0)
		return r;
	struct str asked = request_query(request, "lang");
	if (asked.n && !lang_parse(asked, &lang))
		return err_set(err, -EINVAL, "there is no language '%.*s'", STR_ARG(asked));
	request->type = STR("text/html; charset=utf-8");
	const struct office *office = office_of(request);
	const struct checks *const checks[] = { &office->checks, &office->management };
	return finding_order(request->arena, request->db, &office->cases, &office->content, checks, id, lang, &request->out, err);
}

const struct route routes_findings[] = {
	{ METHOD_GET, "/api/findings/{id}/evidence", "getFindingEvidence", "the rows under a finding, as they were digested", .flags = ROUTE_TOKEN,
	  .gives = "Evidence", .handle = get_evidence },
	{ METHOD_POST, "/api/findings/{id}/retest", "retestFinding", "ask for a fresh verdict", .roles = "security officer operator verifier leader duty",
	  .gives = "Asked", .handle = post_retest },
	{ METHOD_GET, "/api/findings/{id}/order", "getRepairOrder", "the repair order, for printing", .query = "lang", .handle = get_order },
	{ 0 },
};
