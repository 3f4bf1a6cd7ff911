/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * record_bulk: the same done to many records: a transition, a withdrawal, or values. Each in a savepoint of its own, with an answer of its
 * own; all in one transaction.
 */
#include "api/declared.h"

extern const struct route routes_record_bulk[];

enum { BULK_MOST = 200, REASON_MOST = 2000 };

struct bulk {
	const struct books *books;
	const struct register_ *reg;
	int64_t id;
	struct str transition, reason;
	bool withdraw;
	const struct doc *values;
	struct field_problems problems;
};

static int bulk_work(void *ctx, struct write *write, struct err *err)
{
	struct bulk *bulk = ctx;
	bulk->problems = (struct field_problems){ 0 };
	if (bulk->withdraw)
		return record_withdraw(write, bulk->books, bulk->reg, bulk->id, 0, bulk->reason, err);
	if (bulk->transition.n)
		return record_transition(write, bulk->books, bulk->reg, bulk->id, 0, bulk->transition, bulk->values, bulk->reason, &bulk->problems, err);
	return record_edit(write, bulk->books, bulk->reg, bulk->id, 0, bulk->values, bulk->reason, &bulk->problems, err);
}

/* The first problem of a form says more than the error around it. */
static struct str words_of(struct request *request, const struct bulk *bulk, const struct err *err)
{
	struct str words = tr_error(request->arena, request->lang, str_from(err->text));
	if (!bulk->problems.n)
		return words;
	const struct field_problem *first = &bulk->problems.p[0];
	const struct field *field = register_field(bulk->reg, first->field);
	struct str what = note_text(request->arena, request->lang, &first->what);
	return field ? arena_printf(request->arena, "%.*s: %.*s", STR_ARG(field->label.in[request->lang]), STR_ARG(what)) : what;
}

static int one(struct request *request, struct bulk *bulk)
{
	struct err words = { "" };
	int r = write_try(request->write, bulk_work, bulk, &words);
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", bulk->id);
	json_put_flag(&request->out, "ok", r == 0);
	if (r < 0)
		json_put(&request->out, "error", words_of(request, bulk, &words));
	buf_add_char(&request->out, '}');
	return 0;
}

/* What one record may be refused for; anything else (a full disk) ends the whole. */
static int post_bulk(struct request *request, struct err *err)
{
	struct bulk bulk = { .books = &office_of(request)->books };
	const struct doc *ids = doc_get(request->body, STR("ids")), *withdraw = doc_get(request->body, STR("withdraw"));
	int r = declared_register(request, &bulk.reg, err);
	if (r == 0)
		r = request_text(request, "transition", false, REGISTER_NAME_MOST, &bulk.transition, err);
	if (r == 0)
		r = request_text(request, "reason", false, REASON_MOST, &bulk.reason, err);
	if (r == 0)
		r = declared_values(request, &bulk.values, err);
	if (r < 0)
		return r;
	bulk.withdraw = withdraw && withdraw->type == DOC_BOOL && withdraw->boolean;
	if (!ids || ids->type != DOC_ARRAY || !ids->n || ids->n > BULK_MOST)
		return err_set(err, -EINVAL, "'ids' must be a list of 1 to %d numbers", BULK_MOST);
	if (bulk.withdraw + (bulk.transition.n > 0) > 1 || (!bulk.withdraw && !bulk.transition.n && !bulk.values))
		return err_set(err, -EINVAL, "give one of 'transition', 'withdraw' and 'values'");
	json_open_list(&request->out, NULL);
	for (size_t i = 0; r == 0 && i < ids->n; i++) {
		if (ids->items[i].type != DOC_INT)
			return err_set(err, -EINVAL, "'ids' must be a list of 1 to %d numbers", BULK_MOST);
		bulk.id = ids->items[i].integer;
		r = one(request, &bulk);
	}
	buf_add_char(&request->out, ']');
	return r;
}

const struct route routes_record_bulk[] = {
	{ METHOD_POST, "/api/records/{register}/bulk", "bulkRecords", "the same for many records: a transition, a withdrawal, or values", .takes = "Bulk",
	  .gives = "BulkResult", .handle = post_bulk },
	{ 0 },
};
