/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * pairs: what waits for a second person, and their decision (people/pairs.h).
 */
#include "api/orders.h"
#include "people/throttle.h"

static int do_transition(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err);
static int do_permit(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err);

const struct pair_action people_actions[] = {
	{ "roles", PAIR_ACCOUNTS, user_do_roles },
	{ "second-factor", PAIR_ACCOUNTS, user_do_second_factor },
	{ "disable", PAIR_ACCOUNTS, user_do_disable },
	{ "transition", "", do_transition }, /* roles: who_confirms() */
	{ "unmask", "security leader", do_permit },
	{ "order-removal", PAIR_INSTALLATION, order_do },
	{ "order-key", PAIR_INSTALLATION, order_do },
	{ "order-authority", PAIR_INSTALLATION, order_do },
	{ "order-certificate", PAIR_INSTALLATION, order_do },
	{ 0 },
};

const struct pair_action *door_action(const char *name)
{
	const struct pair_action *action = people_actions;
	while (action->name && strcmp(action->name, name) != 0)
		action++;
	return action;
}

/* ---- transitions that two persons make ---- */

static int do_transition(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err)
{
	const struct office *office = ctx;
	const struct register_ *reg = registers_find(office->registers, pair->kind);
	const struct doc *values = doc_get(payload, STR("values")), *version = doc_get(payload, STR("version"));
	if (!reg)
		return err_set(err, -ENOENT, "there is no such register");
	return record_transition(write, &office->books, reg, pair->object, doc_int(version, 0),
	                         doc_text(payload, "name"), values && values->type == DOC_MAP ? values : NULL, pair->reason,
	                         NULL, err);
}

static void add_doc(struct buf *out, const struct doc *value, int depth)
{
	size_t n = value->type == DOC_ARRAY || value->type == DOC_MAP ? value->n : 0;
	switch (depth > JSON_DEPTH ? DOC_NULL : value->type) {
	case DOC_BOOL:
		buf_puts(out, value->boolean ? "true" : "false");
		break;
	case DOC_INT:
		buf_printf(out, "%lld", (long long)value->integer);
		break;
	case DOC_REAL:
		json_add_double(out, value->real);
		break;
	case DOC_STRING:
		json_add_string(out, doc_string(value));
		break;
	case DOC_ARRAY:
		buf_add_char(out, '[');
		for (size_t i = 0; i < n; i++) {
			buf_puts(out, i ? "," : "");
			add_doc(out, &value->items[i], depth + 1);
		}
		buf_add_char(out, ']');
		break;
	case DOC_MAP:
		buf_add_char(out, '{');
		for (size_t i = 0; i < n; i++) {
			buf_puts(out, i ? "," : "");
			json_add_string(out, doc_string(doc_key(value, i)));
			buf_add_char(out, ':');
			add_doc(out, doc_value(value, i), depth + 1);
		}
		buf_add_char(out, '}');
		break;
	default:
		buf_puts(out, "null");
	}
}

static struct str words_of(struct arena *arena, const struct strings *words)
{
	BUF(out);
	for (size_t i = 0; i < words->n; i++) {
		buf_puts(&out, i ? " " : "");
		buf_add(&out, words->p[i]);
	}
	return arena_str(arena, buf_str(&out));
}

/* Whoever might have begun it, and who judges others' work. */
static const char *who_confirms(struct arena *arena, const struct transition *transition)
{
	struct str own = words_of(arena, &transition->roles);
	return own.n ? arena_printf(arena, "%.*s verifier", STR_ARG(own)).p : "security leader verifier";
}

static int org_of(struct request *request, const struct register_ *reg, int64_t id, int64_t *org, struct str *number, struct err *err)
{
	DB_QUERY(q);
	const char *sql = arena_printf(request->arena, "SELECT org, number FROM %.*s WHERE id = ?", STR_ARG(reg->name)).p;
	int r = db_query(&q, request->db, sql, err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, err);
	if (r == 0)
		return err_set(err, -ENOENT, "there is no such record");
	*org = r > 0 ? db_int(&q, 0) : 0;
	*number = r > 0 ? arena_str(request->arena, db_text(&q, 1)) : STR_NONE;
	return r < 0 ? r : 0;
}

struct trial {
	struct request *request;
	const struct register_ *reg;
	int64_t id, version;
	struct str name, reason;
	const struct doc *values;
};

/* As if it were confirmed; then it is taken back. */
static int try_work(void *ctx, struct write *write, struct err *err)
{
	struct trial *trial = ctx;
	struct actor as_confirmed = *write->actor;
	struct write ours = *write;
	struct field_problems problems = { 0 };
	as_confirmed.confirmed = as_confirmed.id;
	ours.actor = &as_confirmed;
	int r = record_transition(&ours, &office_of(trial->request)->books, trial->reg, trial->id, trial->version, trial->name, trial->values,
	                          trial->reason, &problems, err);
	for (size_t i = 0; r < 0 && i < problems.n; i++)
		request_problem(trial->request, problems.p[i].field, problems.p[i].what);
	return r < 0 ? r : -ECANCELED;
}

/* What stands against it is better said to the first person than to the second. */
static int try_it(struct trial *trial, struct err *err)
{
	struct err said = { "" };
	int r = write_try(trial->request->write, try_work, trial, &said);
	if (r == -ECANCELED)
		return 0;
	if (r == -EACCES)
		trial->request->code = "fresh";
	if (err)
		*err = said;
	return r;
}

int door_propose_transition(struct request *request, const struct register_ *reg, int64_t id, int64_t version, struct str name,
                            const struct doc *values, struct str reason, struct err *err)
{
	const struct transition *transition = register_transition(reg, name);
	struct pair_action action = *door_action("transition");
	struct pair_new make = { .action = &action, .kind = reg->name, .object = id, .reason = reason };
	struct str number = STR_NONE;
	int64_t pair;
	BUF(payload);
	if (!transition)
		return err_set(err, -EINVAL, "there is no transition '%.*s'", STR_ARG(name));
	json_open_map(&payload, NULL);
	json_put(&payload, "name", name);
	json_put_int(&payload, "version", version);
	if (values) {
		json_key(&payload, "values");
		add_doc(&payload, values, 0);
	}
	buf_add_char(&payload, '}');
	make.payload = buf_str(&payload);
	action.roles = who_confirms(request->arena, transition);
	int r = try_it(&(struct trial){ request, reg, id, version, name, reason, values }, err);
	if (r == 0)
		r = org_of(request, reg, id, &make.org, &number, err);
	if (r < 0)
		return r;
	make.summary = arena_printf(request->arena, "%.*s %.*s: %.*s", STR_ARG(reg->label.in[LANG_EN]), STR_ARG(number),
	                            STR_ARG(transition->label.in[LANG_EN]));
	r = pair_propose(request->write, office_of(request)->people, &make, &pair, err);
	if (r == 0)
		door_pair(request, pair);
	return r;
}

/* ---- unmasking in bulk ---- */

/* The permit is that it stands there as done (people/throttle.h). */
static int do_permit(void *ctx, struct write *write, const struct pair *pair, const struct doc *payload, struct err *err)
{
	(void)ctx, (void)payload;
	struct change change = { STR("user"), pair->initiator, pair->org, STR("unmask-permit"), STR_NONE, STR_NONE, pair->reason };
	return write_journal(write, &change, NULL, err);
}

int door_unmask(struct request *request, const struct register_ *reg, int64_t id, struct str reason, bool *go, struct err *err)
{
	const struct people *people = office_of(request)->people;
	struct str number = STR_NONE;
	int64_t pair;
	struct pair_new make = { .action = door_action("unmask"), .kind = reg->name, .object = id, .payload = STR("{}"), .reason = reason };
	*go = true;
	if (!record_may(&office_of(request)->books, request->actor, reg, RECORD_UNMASK))
		return 0; /* record_unmask() says so */
	int r = throttle_unmask(request->write, people, go, err);
	if (r < 0 || *go)
		return r;
	r = org_of(request, reg, id, &make.org, &number, err);
	if (r < 0)
		return r;
	make.summary = arena_printf(request->arena, "%.*s %.*s …", STR_ARG(reg->label.in[LANG_EN]), STR_ARG(number));
	r = pair_propose(request->write, people, &make, &pair, err);
	if (r == 0)
		door_pair(request, pair);
	return r;
}

/* ---- the list and the decision ---- */

static void put_pair(struct request *request, const struct pair *pair)
{
	struct buf *out = &request->out;
	const struct people *people = office_of(request)->people;
	bool mine = pair->initiator == request->actor->id;
	bool open = str_is(pair->state, "open");
	struct err why = { "" };
	json_open_map(out, NULL);
	json_put_int(out, "id", pair->id);
	json_put(out, "action", pair->action);
	json_put(out, "kind", pair->kind);
	json_put_int(out, "object", pair->object);
	json_put(out, "text", pair->summary);
	json_put(out, "reason", pair->reason);
	json_put(out, "initiator", pair->initiator_name);
	json_put_int(out, "initiated", pair->created);
	json_put_int(out, "expires", pair->expires);
	json_put(out, "state", pair->state);
	json_put_flag(out, "mine", mine);
	json_put_flag(out, "may", open && pair_may(request->db, people, pair, request->actor, &why) == 0);
	if (pair->decided) {
		json_put_int(out, "decided", pair->decided);
		json_put(out, "decided_by", pair->decided_name);
		json_put(out, "decided_reason", pair->decided_reason);
	}
	buf_add_char(out, '}');
}

static int get_pairs(struct request *request, struct err *err)
{
	struct pair *pairs;
	size_t n;
	bool open = !str_is(request_query(request, "all"), "1");
	int r = pair_list(request->arena, request->db, request->actor, request->now, open, &pairs, &n, err);
	if (r < 0)
		return r;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	for (size_t i = 0; i < n; i++)
		put_pair(request, &pairs[i]);
	buf_puts(&request->out, "]}");
	return 0;
}

static int read_decision(struct request *request, int64_t *id, struct str *reason, struct err *err)
{
	int r = door_only(request, "reason", err);
	if (r == 0)
		r = request_id(request, 0, id, err);
	return r < 0 ? r : request_text(request, "reason", false, PAIR_REASON, reason, err);
}

static int post_confirm(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct str reason;
	int64_t id;
	int r = read_decision(request, &id, &reason, err);
	if (r == 0)
		r = pair_confirm(request->write, office->people, office->people->actions, office, id, reason, err);
	request->status = 204;
	return r;
}

static int post_refuse(struct request *request, struct err *err)
{
	struct str reason;
	int64_t id;
	int r = read_decision(request, &id, &reason, err);
	if (r == 0)
		r = pair_refuse(request->write, office_of(request)->people, id, reason, err);
	request->status = 204;
	return r;
}

const struct route routes_pairs[] = {
	{ METHOD_GET, "/api/pairs", "listPairs", "what waits for a second person; with all=1 also what was decided", .gives = "PairList",
	  .query = "all", .handle = get_pairs },
	{ METHOD_POST, "/api/pairs/{id}/confirm", "confirmPair", "let it happen, as the second person", .flags = ROUTE_FRESH, .body_most = 4096,
	  .takes = "Reason", .handle = post_confirm },
	{ METHOD_POST, "/api/pairs/{id}/refuse", "refusePair", "refuse it, or take back what one began", .body_most = 4096, .takes = "Reason",
	  .handle = post_refuse },
	{ 0 },
};
