/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * tokens: keys for programs, and the sessions that are open: one's own; the security administrator's also those of others below.
 */
#include "api/door.h"

enum { NAME_MOST = 100 };

/* ---- tokens ---- */

static int get_tokens(struct request *request, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, request->db,
	                 "SELECT id, name, scope, created, expires, used FROM ward_token WHERE user_id = ? AND ended IS NULL AND expires > ? ORDER BY id",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, request->actor->id);
	db_bind_int(&q, request->now);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(&request->out, NULL);
		json_put_int(&request->out, "id", db_int(&q, 0));
		json_put(&request->out, "name", db_text(&q, 1));
		json_put(&request->out, "scope", db_text(&q, 2));
		json_put_int(&request->out, "created", db_int(&q, 3));
		json_put_int(&request->out, "expires", db_int(&q, 4));
		if (db_int(&q, 5))
			json_put_int(&request->out, "used", db_int(&q, 5));
		else
			json_put_null(&request->out, "used");
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return r;
}

static int journal_token(struct request *request, const char *action, int64_t id, struct str name, struct str scope, struct err *err)
{
	BUF(after);
	json_open_map(&after, NULL);
	json_put_int(&after, "token", id);
	if (name.p)
		json_put(&after, "name", name);
	if (scope.p)
		json_put(&after, "scope", scope);
	buf_add_char(&after, '}');
	struct user user = { .id = request->actor->id, .org = request->actor->org };
	return user_journal(request->write, &user, action, STR_NONE, buf_str(&after), STR_NONE, err);
}

/* "read:records read:hosts", or a list of those. */
static int read_scope(struct request *request, struct str *out, struct err *err)
{
	const struct doc *node = doc_get(request->body, STR("scope"));
	struct note why;
	BUF(text);
	if (node && node->type == DOC_ARRAY && node->n <= SCOPE_WORDS) {
		for (size_t i = 0; i < node->n; i++) {
			buf_puts(&text, i ? " " : "");
			buf_add(&text, doc_string(&node->items[i]));
		}
	} else {
		buf_add(&text, doc_string(node));
	}
	*out = arena_str(request->arena, buf_str(&text));
	if (scope_good(*out, &why))
		return 0;
	request_problem(request, STR("scope"), why);
	return err_set(err, -EINVAL, "%.*s", STR_ARG(note_text(request->arena, LANG_EN, &why)));
}

static int post_token(struct request *request, struct err *err)
{
	const struct people *people = office_of(request)->people;
	struct user user;
	struct str name, scope, token;
	int64_t expires, id;
	int r = door_only(request, "name scope expires", err);
	if (r == 0)
		r = request_text(request, "name", true, NAME_MOST, &name, err);
	if (r == 0)
		r = read_scope(request, &scope, err);
	if (r == 0)
		r = request_int(request, "expires", 0, &expires, err);
	if (r == 0 && expires && expires <= request->now)
		r = err_set(err, -EINVAL, "'expires' lies in the past");
	if (r == 0)
		r = user_by_id(request->arena, request->db, people, request->actor->id, &user, err);
	if (r == 0)
		r = token_make(request->write, people, &user, name, scope, expires, &token, &id, err);
	if (r == 0)
		r = journal_token(request, "token", id, name, scope, err);
	if (r < 0)
		return r;
	request->status = 201;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", id);
	json_put(&request->out, "token", token);
	json_put(&request->out, "scope", scope);
	buf_add_char(&request->out, '}');
	return 0;
}

static int delete_token(struct request *request, struct err *err)
{
	int64_t id;
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = token_end(request->write, id, request->actor->id, err);
	if (r == 0)
		r = journal_token(request, "token-end", id, STR_NONE, STR_NONE, err);
	request->status = 204;
	return r;
}

/* ---- sessions ---- */

static int get_sessions(struct request *request, struct err *err)
{
	const struct actor *actor = request->actor;
	DB_QUERY(q);
	bool all = str_is(request_query(request, "all"), "1") && request_has_role(request, "security auditor");
	int r = db_query(&q, request->db,
	                 "SELECT s.id, u.login, s.address, s.agent, s.created, s.seen FROM ward_session s JOIN ward_user u ON u.id = s.user_id"
	                 " WHERE s.ended IS NULL AND s.expires > ? AND s.seen > ? AND (s.user_id = ? OR (? = 1 AND (? = 1 OR u.org IN"
	                 " (SELECT org FROM ward_subtree WHERE ancestor = ?)))) ORDER BY s.seen DESC, s.id LIMIT 1000",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, request->now);
	db_bind_int(&q, request->now - office_of(request)->people->limits.idle);
	db_bind_int(&q, actor->id);
	db_bind_int(&q, all);
	db_bind_int(&q, actor->whole);
	db_bind_int(&q, actor->org);
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "rows");
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(&request->out, NULL);
		json_put_int(&request->out, "id", db_int(&q, 0));
		json_put(&request->out, "user", db_text(&q, 1));
		json_put(&request->out, "address", db_text(&q, 2));
		json_put(&request->out, "agent", db_text(&q, 3));
		json_put_int(&request->out, "started", db_int(&q, 4));
		json_put_int(&request->out, "seen", db_int(&q, 5));
		json_put_flag(&request->out, "current", db_int(&q, 0) == actor->session);
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return r;
}

static int session_owner(struct request *request, int64_t id, struct user *out, struct err *err)
{
	DB_QUERY(q);
	bool sees = false;
	int r = db_query(&q, request->db, "SELECT s.user_id, u.org FROM ward_session s JOIN ward_user u ON u.id = s.user_id WHERE s.id = ? AND s.ended IS NULL",
	                 err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	r = db_step(&q, err);
	if (r > 0)
		*out = (struct user){ .id = db_int(&q, 0), .org = db_int(&q, 1) };
	if (r > 0 && out->id != request->actor->id && request_has_role(request, "security"))
		r = record_sees(request->db, request->actor, out->org, &sees, err);
	if (r < 0)
		return r;
	return (out->id && out->id == request->actor->id) || sees ? 0 : err_set(err, -ENOENT, "there is no such session");
}

static int delete_session(struct request *request, struct err *err)
{
	struct user owner = { 0 };
	int64_t id;
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = session_owner(request, id, &owner, err);
	if (r == 0)
		r = session_end(request->write, id, "ended", err);
	if (r == 0)
		r = user_journal(request->write, &owner, "session-end", STR_NONE, STR_NONE, STR_NONE, err);
	request->status = 204;
	return r;
}

const struct route routes_tokens[] = {
	{ METHOD_GET, "/api/tokens", "listTokens", "one's own API tokens, without their values", .gives = "TokenList", .handle = get_tokens },
	{ METHOD_POST, "/api/tokens", "createToken", "an API token with a scope; its value is in the answer and nowhere else",
	  .flags = ROUTE_FRESH, .body_most = 4096, .takes = "TokenNew", .gives = "TokenMade", .handle = post_token },
	{ METHOD_DELETE, "/api/tokens/{id}", "endToken", "end one's own API token", .handle = delete_token },
	{ METHOD_GET, "/api/sessions", "listSessions", "open sessions: one's own; with all=1 those of others below, for security and auditor",
	  .gives = "SessionList", .query = "all", .handle = get_sessions },
	{ METHOD_DELETE, "/api/sessions/{id}", "endSession", "end a session: one's own, or as security one below", .handle = delete_session },
	{ 0 },
};
