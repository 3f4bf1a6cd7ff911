/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * records: the records of every register: lists, one, its history; made, changed, withdrawn, taken through transitions.
 */
#include "api/declared.h"
#include "api/door.h"
#include "base/vec.h"
#include "register/history.h"
#include "register/list.h"

extern const struct route routes_records[];

enum { REASON_MOST = 2000, VALUES_MOST = 2 * 1024 * 1024 };

/* ---- reading ---- */

static struct strings read_columns(struct request *request)
{
	VEC(struct str) columns = { 0 };
	for (struct str rest = request_query(request, "columns"); rest.p && rest.n && columns.n < REGISTER_FIELDS_MOST;)
		vec_push_in(request->arena, &columns, str_cut(&rest, ','));
	return (struct strings){ columns.p, columns.n };
}

static int get_list(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	const struct register_ *reg;
	struct list_query query;
	struct list_page page;
	struct strings columns = read_columns(request);
	int r = declared_register(request, &reg, err);
	if (r == 0)
		r = declared_question(request, reg, &query, err);
	if (r == 0)
		r = list_read(request->arena, request->db, &office->books, request->actor, reg, &query, &page, err);
	return r < 0 ? r : list_put(request->arena, request->db, &office->books, request->actor, reg, &page, &columns, &request->out, err);
}

static int get_record(struct request *request, struct err *err)
{
	const struct register_ *reg;
	int64_t id;
	int r = declared_register(request, &reg, err);
	if (r == 0)
		r = request_id(request, 1, &id, err);
	return r < 0 ? r : declared_answer(request, reg, id, err);
}

static int get_history(struct request *request, struct err *err)
{
	const struct register_ *reg;
	struct cell *cells;
	int64_t id;
	int r = declared_record(request, &reg, &id, &cells, err);
	return r < 0 ? r : history_put(request->arena, request->db, &office_of(request)->books, request->lang, reg, id,
	                                     &request->out, err);
}

/* ---- writing ---- */

static int post_record(struct request *request, struct err *err)
{
	const struct register_ *reg;
	const struct doc *values;
	struct field_problems problems = { 0 };
	int64_t org, id;
	int r = declared_register(request, &reg, err);
	if (r == 0)
		r = request_int(request, "org", 0, &org, err);
	if (r == 0)
		r = declared_values(request, &values, err);
	if (r < 0)
		return r;
	r = record_create(request->write, &office_of(request)->books, reg, org, values, &id, &problems, err);
	if (r < 0)
		return declared_problems(request, &problems, r);
	request->status = 201;
	return declared_answer(request, reg, id, err);
}

static int patch_record(struct request *request, struct err *err)
{
	const struct register_ *reg;
	const struct doc *values;
	struct field_problems problems = { 0 };
	struct str reason;
	struct cell *cells;
	int64_t id, version;
	int r = declared_record(request, &reg, &id, &cells, err);
	if (r == 0)
		r = request_int(request, "version", 0, &version, err);
	if (r == 0 && version <= 0) /* what somebody else wrote meanwhile is not overwritten by leaving it out */
		r = err_set(err, -EINVAL, "'%s' is missing", "version");
	if (r == 0)
		r = request_text(request, "reason", false, REASON_MOST, &reason, err);
	if (r == 0)
		r = declared_values(request, &values, err);
	if (r < 0)
		return r;
	r = record_edit(request->write, &office_of(request)->books, reg, id, version, values, reason, &problems, err);
	return r < 0 ? declared_problems(request, &problems, r) : declared_answer(request, reg, id, err);
}

static int post_withdraw(struct request *request, struct err *err)
{
	const struct register_ *reg;
	struct str reason;
	struct cell *cells;
	int64_t id, version;
	int r = declared_record(request, &reg, &id, &cells, err);
	if (r == 0 && !record_may(&office_of(request)->books, request->actor, reg, RECORD_WITHDRAW))
		r = err_set(err, -EPERM, "your role may not withdraw records here");
	if (r == 0)
		r = request_int(request, "version", 0, &version, err);
	if (r == 0)
		r = request_text(request, "reason", true, REASON_MOST, &reason, err);
	if (r == 0)
		r = record_withdraw(request->write, &office_of(request)->books, reg, id, version, reason, err);
	return r < 0 ? r : declared_answer(request, reg, id, err);
}

static int post_transition(struct request *request, struct err *err)
{
	const struct register_ *reg;
	const struct doc *values;
	struct field_problems problems = { 0 };
	struct str name, reason;
	struct cell *cells;
	int64_t id, version;
	int r = declared_record(request, &reg, &id, &cells, err);
	if (r == 0)
		r = request_int(request, "version", 0, &version, err);
	if (r == 0)
		r = request_text(request, "name", true, REGISTER_NAME_MOST, &name, err);
	if (r == 0)
		r = request_text(request, "reason", false, REASON_MOST, &reason, err);
	if (r == 0)
		r = declared_values(request, &values, err);
	if (r < 0)
		return r;
	const struct transition *transition = register_transition(reg, name);
	if (transition && transition->confirmed)
		return door_propose_transition(request, reg, id, version, name, values, reason, err);
	r = record_transition(request->write, &office_of(request)->books, reg, id, version, name, values, reason, &problems, err);
	if (r == -EACCES)
		request->code = "fresh";
	return r < 0 ? declared_problems(request, &problems, r) : declared_answer(request, reg, id, err);
}

static int post_unmask(struct request *request, struct err *err)
{
	const struct register_ *reg;
	struct str field, reason, clear;
	struct cell *cells;
	int64_t id;
	bool go = false;
	int r = declared_record(request, &reg, &id, &cells, err);
	if (r == 0 && !record_may(&office_of(request)->books, request->actor, reg, RECORD_UNMASK))
		r = err_set(err, -EPERM, "your role may not see this unmasked");
	if (r == 0)
		r = request_text(request, "field", true, REGISTER_NAME_MOST, &field, err);
	if (r == 0)
		r = request_text(request, "reason", true, REASON_MOST, &reason, err);
	if (r == 0)
		r = door_unmask(request, reg, id, reason, &go, err);
	if (r < 0 || !go)
		return r;
	if (r == 0)
		r = record_unmask(request->write, &office_of(request)->books, reg, id, field, reason, &clear, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_key(&request->out, "value");
	cell_add_json(&request->out, cell_text(clear));
	buf_add_char(&request->out, '}');
	return 0;
}

const struct route routes_records[] = {
	{ METHOD_GET, "/api/records/{register}", "listRecords", "records of a register, filtered, sorted, a page at a time", .flags = ROUTE_TOKEN,
	  .gives = "RecordList", .query = "q f sort limit after withdrawn view org columns", .handle = get_list },
	{ METHOD_POST, "/api/records/{register}", "createRecord", "make a record", .flags = ROUTE_TOKEN, .body_most = VALUES_MOST, .takes = "RecordNew",
	  .gives = "Record", .handle = post_record },
	{ METHOD_GET, "/api/records/{register}/{id}", "getRecord", "a record, what it refers to and what can be done with it", .flags = ROUTE_TOKEN,
	  .gives = "Record", .handle = get_record },
	{ METHOD_PATCH, "/api/records/{register}/{id}", "editRecord", "change fields of a record", .flags = ROUTE_TOKEN, .body_most = VALUES_MOST,
	  .takes = "RecordEdit", .gives = "Record", .handle = patch_record },
	{ METHOD_POST, "/api/records/{register}/{id}/withdraw", "withdrawRecord", "withdraw a record; it stays, marked", .takes = "RecordWithdraw",
	  .gives = "Record", .handle = post_withdraw },
	{ METHOD_POST, "/api/records/{register}/{id}/transition", "transitRecord", "take a record through a transition of its states", .body_most = VALUES_MOST,
	  .takes = "RecordTransition", .gives = "Record", .handle = post_transition },
	{ METHOD_GET, "/api/records/{register}/{id}/history", "getRecordHistory", "entries of the journal about a record", .gives = "History",
	  .handle = get_history },
	{ METHOD_POST, "/api/records/{register}/{id}/unmask", "unmaskField", "a masked field in clear, with a reason that is journalled", .takes = "Unmask",
	  .gives = "Unmasked", .handle = post_unmask },
	{ 0 },
};
