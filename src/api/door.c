/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "api/door.h"

/* Where somebody may go who must change the password or set up the second factor first. */
static const char *const doorways[] = { "/api/session", "/api/logout", "/api/fresh", "/api/password", "/api/second-factor", "/api/me" };

static bool is_doorway(const struct route *route)
{
	for (size_t i = 0; i < COUNT(doorways); i++)
		if (strcmp(route->path, doorways[i]) == 0)
			return true;
	return route->flags & ROUTE_OPEN;
}

static int refuse(struct request *request, struct err *err, int result, const char *code, const char *english)
{
	request->code = code;
	return err_set(err, result, "%s", english);
}

int door_authenticate(void *ctx, struct request *request, const struct credentials *credentials, struct err *err)
{
	const struct office *office = ctx;
	struct session *session = ARENA_NEW(request->arena, struct session);
	int r = 0;
	if (credentials->bearer.p)
		r = session_by_token(request->arena, request->db, office->people, credentials->bearer, request->now, session, err);
	else if (credentials->cookie.p)
		r = session_by_cookie(request->arena, request->db, office->people, credentials->cookie, request->now, session, err);
	if (r < 0 || !session->actor.id)
		return r;
	session->actor.address = request->address;
	request->actor = &session->actor;
	request->csrf = session->csrf;
	if (session->stale)
		session_touch(request->records, session, request->now);
	bool reads = request->method == METHOD_GET || (request->route->flags & ROUTE_READ && request->route->flags & ROUTE_TOKEN);
	if (session->actor.token && !(request->route->flags & ROUTE_OPEN) && !scope_covers(session->scope, reads, request->path))
		return refuse(request, err, -EPERM, NULL, "this token's scope does not cover that");
	if (session->must == MUST_NOTHING || (is_doorway(request->route) && !session->actor.token))
		return 0;
	if (session->must == MUST_PASSWORD)
		return refuse(request, err, -EACCES, "password", "you must choose a new password first");
	return refuse(request, err, -EACCES, "second-factor", "you must set up a second factor first");
}

int door_only(struct request *request, const char *names, struct err *err)
{
	const struct doc *body = request->body;
	if (!body)
		return 0;
	if (body->type != DOC_MAP)
		return err_set(err, -EINVAL, "what was sent must be a map");
	for (size_t i = 0; i < body->n; i++) {
		bool known = false;
		struct str name = doc_string(doc_key(body, i));
		for (struct str rest = str_from(names), word; (word = str_word(&rest)).n;)
			known |= str_eq(word, name);
		if (!known)
			return err_set(err, -EINVAL, "'%.*s' cannot be set here", STR_ARG(str_slice(name, 0, 100)));
	}
	return 0;
}

void door_pair(struct request *request, int64_t pair)
{
	request_refuse(request, 202, "pair", NOTE("written down; another person must confirm it"));
	request->out.n--;
	json_put_int(&request->out, "pair", pair);
	buf_add_char(&request->out, '}');
}

int door_write(struct request *request, records_work work, void *ctx, struct err *err)
{
	static const struct actor ward = { .name = STR("ward") };
	return records_do(request->records, request->actor ? request->actor : &ward, work, ctx, err);
}
