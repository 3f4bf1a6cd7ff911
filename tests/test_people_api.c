/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The office's beginning and its people, as a browser would do it: by cookie, through the door.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>

#include "api.h"
#include "api/door.h"
#include "base/clock.h"
#include "people/first.h"
#include "people/orders.h"

static struct api api;
static struct err err;

static const char password[] = "tram Xe-2 bien la";

/* ---- a browser ---- */

struct browser {
	struct str cookie, bearer;
};

static struct api_answer visit(struct browser *browser, enum method method, const char *target, const char *json)
{
	struct exchange exchange;
	struct credentials credentials = { browser->cookie, browser->bearer };
	struct web_call call = { method, str_from(target), str_from(json), STR("application/json"), .credentials = &credentials,
		                 .address = STR("192.0.2.7"), .agent = STR("test") };
	exchange_init(&exchange, &api.web);
	web_answer(&exchange, &call);
	struct request *request = &exchange.request;
	struct api_answer answer = { .status = request->status, .body = arena_str(&api.arena, buf_str(&request->out)),
		                     .cookie = arena_str(&api.arena, request->cookie) };
	if (answer.body.n) {
		struct source *source = ARENA_NEW(&api.arena, struct source);
		*source = (struct source){ .name = target, .text = answer.body };
		assert_int_equal(json_parse(&api.arena, source, &answer.json, &err), 0);
	}
	if (str_starts(answer.cookie, "__Host-ward=")) {
		struct str value = str_slice(answer.cookie, strlen("__Host-ward="), answer.cookie.n);
		browser->cookie = str_cut(&value, ';');
	}
	exchange_done(&exchange);
	return answer;
}

static const char *say(const char *format, ...)
{
	char text[2000];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return arena_str(&api.arena, str_from(text)).p;
}

#define EXPECT(answer, wanted)                                                                                    \
	do {                                                                                                      \
		struct api_answer a_ = (answer);                                                                  \
		if (a_.status != (wanted))                                                                        \
			fail_msg("line %d: %d instead of %d: %.*s", __LINE__, a_.status, (wanted), STR_ARG(a_.body)); \
	} while (0)

static const char *code_of(const char *secret, int64_t now)
{
	char *raw, text[7];
	size_t n;
	assert_int_equal(oath_base32_decode(secret, strlen(secret), &raw, &n), OATH_OK);
	assert_int_equal(oath_totp_generate(raw, n, now, 30, 0, 6, text), OATH_OK);
	free(raw);
	return say("%s", text);
}

static int run_sql(void *ctx, struct write *write, struct err *e)
{
	return db_run(write->db, ctx, e);
}

static void sql(const char *text)
{
	struct actor ward = { .name = STR("ward") };
	if (records_do(api.office.records, &ward, run_sql, (void *)text, &err) < 0)
		fail_msg("%s", err.text);
}

/* Everybody's second factor: the code before now is used in setting it up, that of now at the login. */
static void enrol(struct browser *browser)
{
	struct api_answer answer = visit(browser, METHOD_POST, "/api/second-factor", "{}");
	EXPECT(answer, 200);
	const char *secret = say("%s", api_text(&answer, "secret"));
	answer = visit(browser, METHOD_POST, "/api/second-factor", say("{\"code\":\"%s\"}", code_of(secret, clock_now())));
	EXPECT(answer, 200);
	assert_int_equal(api_at(&answer, "recovery")->n, 10);
}

static struct browser first_person(void)
{
	struct browser browser = { 0 };
	struct str token;
	assert_int_equal(first_token_make(&api.arena, api.office.records, &token, &err), 1);
	struct api_answer answer = visit(&browser, METHOD_POST, "/api/first",
	                                 say("{\"token\":\"%s\",\"name\":\"张伟\",\"login\":\"Zhang\",\"password\":\"%s\",\"org_name\":\"青禾县医保局\",\"kind\":\"county\"}",
	                                     token.p, password));
	EXPECT(answer, 201);
	return browser;
}

/* Make an account, log in with its first password, choose another. *id may be NULL. */
static struct browser join(struct browser *security, const char *login, const char *more, int64_t *id)
{
	struct browser browser = { 0 };
	struct api_answer answer = visit(security, METHOD_POST, "/api/users", say("{\"login\":\"%s\",\"name\":\"Name of %s\"%s}", login, login, more));
	EXPECT(answer, 201);
	const char *given = say("%s", api_text(&answer, "password"));
	if (id)
		*id = api_int(&answer, "id");
	answer = visit(&browser, METHOD_POST, "/api/login", say("{\"login\":\"%s\",\"password\":\"%s\"}", login, given));
	EXPECT(answer, 200);
	assert_string_equal(api_text(&answer, "must"), "password");
	EXPECT(visit(&browser, METHOD_GET, "/api/orgs", NULL), 401);
	EXPECT(visit(&browser, METHOD_POST, "/api/password", say("{\"old\":\"%s\",\"new\":\"%s\"}", given, password)), 204);
	return browser;
}

static void enter(struct browser *browser, const char *login)
{
	EXPECT(visit(browser, METHOD_POST, "/api/login", say("{\"login\":\"%s\",\"password\":\"%s\"}", login, password)), 200);
}

static int set_up(void **state)
{
	(void)state;
	api_open(&api);
	api.web.hooks = (struct web_hooks){ .ctx = &api.office, .authenticate = door_authenticate };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	api_close(&api);
	return 0;
}

/* ---- tests ---- */

static void the_first_login(void **state)
{
	(void)state;
	struct browser nobody = { 0 };
	struct api_answer answer = visit(&nobody, METHOD_GET, "/api/session", NULL);
	EXPECT(answer, 401);
	assert_true(api_at(&answer, "first")->boolean);
	struct str token, newer;
	assert_int_equal(first_token_make(&api.arena, api.office.records, &token, &err), 1);
	assert_int_equal(first_token_make(&api.arena, api.office.records, &newer, &err), 1);
	const char *body = "{\"token\":\"%s\",\"name\":\"张伟\",\"login\":\"zhang\",\"password\":\"%s\",\"org_name\":\"Qinghe Bureau\",\"kind\":\"county\"}";
	EXPECT(visit(&nobody, METHOD_POST, "/api/first", say(body, token.p, password)), 401); /* the older link is void */
	answer = visit(&nobody, METHOD_POST, "/api/first", say(body, newer.p, "123456"));
	EXPECT(answer, 422);
	assert_string_equal(api_text(&answer, "error.fields.0.field"), "password");
	EXPECT(visit(&nobody, METHOD_POST, "/api/first", say(body, newer.p, "Qinghe Bureau 1")), 422);
	EXPECT(visit(&nobody, METHOD_POST, "/api/first", say(body, newer.p, password)), 201);
	EXPECT(visit(&(struct browser){ 0 }, METHOD_POST, "/api/first", say(body, newer.p, password)), 401); /* once */
	assert_int_equal(first_token_make(&api.arena, api.office.records, &token, &err), 0);
	answer = visit(&nobody, METHOD_GET, "/api/session", NULL);
	EXPECT(answer, 200);
	assert_string_equal(api_text(&answer, "org.name"), "Qinghe Bureau");
	assert_string_equal(api_text(&answer, "roles.0"), "security");
	assert_int_equal(api_at(&answer, "roles")->n, 1);
	assert_string_equal(api_text(&answer, "must"), "second-factor");
	assert_true(api_int(&answer, "person.id") > 0);
	/* Nothing but setting it up. */
	answer = visit(&nobody, METHOD_GET, "/api/users", NULL);
	EXPECT(answer, 401);
	assert_string_equal(api_text(&answer, "error.code"), "second-factor");
	enrol(&nobody);
	EXPECT(visit(&nobody, METHOD_GET, "/api/users", NULL), 200);
	answer = visit(&nobody, METHOD_GET, "/api/orgs", NULL);
	EXPECT(answer, 200);
	assert_int_equal(api_at(&answer, "rows")->n, 1);
	answer = visit(&(struct browser){ 0 }, METHOD_GET, "/api/session", NULL);
	assert_false(api_at(&answer, "first")->boolean);
}

static void old_links_are_void(void **state)
{
	(void)state;
	struct str token;
	assert_int_equal(first_token_make(&api.arena, api.office.records, &token, &err), 1);
	sql("UPDATE ward_first SET expires = 1");
	struct browser nobody = { 0 };
	EXPECT(visit(&nobody, METHOD_POST, "/api/first", say("{\"token\":\"%s\",\"name\":\"a\",\"login\":\"zhang\",\"password\":\"%s\",\"org_name\":\"b\"}", token.p, password)), 401);
}

static void three_persons_for_three_roles(void **state)
{
	(void)state;
	struct browser security = first_person();
	int64_t operator_, auditor, leader;
	enrol(&security);
	struct browser li = join(&security, "li", "", &operator_), wang = join(&security, "wang", "", &auditor), chen = join(&security, "chen", "", &leader);
	/* Nobody could confirm yet: at once, and the journal says so. */
	EXPECT(visit(&security, METHOD_PUT, say("/api/users/%lld/roles", (long long)operator_), "{\"roles\":[\"operator\"],\"reason\":\"start\"}"), 204);
	EXPECT(visit(&security, METHOD_PUT, say("/api/users/%lld/roles", (long long)auditor), "{\"roles\":[\"auditor\",\"operator\"],\"reason\":\"start\"}"), 403);
	EXPECT(visit(&security, METHOD_PUT, "/api/users/1/roles", "{\"roles\":[\"leader\",\"security\"],\"reason\":\"mine\"}"), 403);
	EXPECT(visit(&security, METHOD_PUT, say("/api/users/%lld/roles", (long long)auditor), "{\"roles\":[\"auditor\"],\"reason\":\"start\"}"), 204);
	/* From now on the auditor confirms. */
	struct api_answer answer = visit(&security, METHOD_PUT, say("/api/users/%lld/roles", (long long)leader), "{\"roles\":[\"leader\"],\"reason\":\"head of the bureau\"}");
	EXPECT(answer, 202);
	assert_string_equal(api_text(&answer, "error.code"), "pair");
	int64_t pair = api_int(&answer, "pair");
	EXPECT(visit(&security, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 403);
	enter(&li, "li");
	enrol(&li);
	EXPECT(visit(&li, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 403); /* the operator has no say */
	enter(&chen, "chen");
	EXPECT(visit(&chen, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 403); /* it is about herself */
	enter(&wang, "wang");
	enrol(&wang);
	answer = visit(&wang, METHOD_GET, "/api/pairs", NULL);
	assert_int_equal(api_int(&answer, "rows.0.id"), pair);
	assert_true(api_at(&answer, "rows.0.may")->boolean);
	assert_string_equal(api_text(&answer, "rows.0.text"), "chen: leader");
	EXPECT(visit(&wang, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{\"reason\":\"seen\"}"), 204);
	EXPECT(visit(&wang, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 409); /* once */
	EXPECT(visit(&chen, METHOD_GET, "/api/session", NULL), 401); /* her session ended with the change */
	enter(&chen, "chen");
	answer = visit(&chen, METHOD_GET, "/api/session", NULL);
	assert_string_equal(api_text(&answer, "roles.0"), "leader");
	/* Both names, and what was done alone. */
	answer = visit(&wang, METHOD_GET, "/api/journal?kind=user&limit=100", NULL);
	EXPECT(answer, 200);
	assert_true(str_find(answer.body, "Name of wang (wang)") >= 0);
	assert_true(str_find(answer.body, "\"actor_name\":\"张伟 (zhang) + Name of wang (wang)\",\"kind\":\"user\"") >= 0);
	assert_true(str_find(answer.body, "alone, since there is no second person yet: start") >= 0);
	assert_true(str_find(answer.body, password) < 0 && str_find(answer.body, "$y$") < 0);
	answer = visit(&wang, METHOD_GET, "/api/journal/verify", NULL);
	EXPECT(answer, 200);
	assert_true(api_at(&answer, "ok")->boolean);
	/* The auditor changes nothing. */
	EXPECT(visit(&wang, METHOD_POST, "/api/users", "{\"login\":\"xx\",\"name\":\"x\"}"), 403);
	EXPECT(visit(&li, METHOD_GET, "/api/journal", NULL), 403);
	/* Locking the others opens no way back to doing it alone. */
	EXPECT(visit(&security, METHOD_POST, say("/api/users/%lld/lock", (long long)auditor), "{\"reason\":\"x\"}"), 204);
	EXPECT(visit(&security, METHOD_POST, say("/api/users/%lld/lock", (long long)leader), "{\"reason\":\"x\"}"), 204);
	EXPECT(visit(&security, METHOD_PUT, say("/api/users/%lld/roles", (long long)operator_), "{\"roles\":[],\"reason\":\"x\"}"), 202);
	EXPECT(visit(&security, METHOD_POST, say("/api/users/%lld/disable", (long long)auditor), "{\"reason\":\"x\"}"), 202);
	EXPECT(visit(&wang, METHOD_GET, "/api/session", NULL), 401); /* locked, in a live session */
}

/* A pair that is open, proposed by the first person; the auditor logged in. */
static int64_t a_pair(struct browser *security, struct browser *auditor, int64_t *other)
{
	int64_t id;
	*security = first_person();
	enrol(security);
	*auditor = join(security, "wang", "", &id);
	EXPECT(visit(security, METHOD_PUT, say("/api/users/%lld/roles", (long long)id), "{\"roles\":[\"auditor\"],\"reason\":\"start\"}"), 204);
	enter(auditor, "wang");
	enrol(auditor);
	(void)join(security, "chen", "", other);
	struct api_answer answer = visit(security, METHOD_PUT, say("/api/users/%lld/roles", (long long)*other), "{\"roles\":[\"leader\"],\"reason\":\"why\"}");
	EXPECT(answer, 202);
	return api_int(&answer, "pair");
}

static void what_is_confirmed_is_what_was_proposed(void **state)
{
	(void)state;
	struct browser security, auditor;
	int64_t other, pair = a_pair(&security, &auditor, &other);
	const char *confirm = say("/api/pairs/%lld/confirm", (long long)pair);
	static const char *const tampered[][2] = {
		{ "UPDATE ward_pair SET object = object + 100", "UPDATE ward_pair SET object = object - 100" },
		{ "UPDATE ward_pair SET initiator = 99", "UPDATE ward_pair SET initiator = 1" },
		{ "UPDATE ward_pair SET expires = expires + 1000", "UPDATE ward_pair SET expires = expires - 1000" },
		{ "UPDATE ward_pair SET roles = roles || ' operator'", "UPDATE ward_pair SET roles = 'security leader auditor'" },
		{ "UPDATE ward_pair SET payload = 'v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'", NULL },
	};
	for (size_t i = 0; i < COUNT(tampered); i++) {
		sql(tampered[i][0]);
		EXPECT(visit(&auditor, METHOD_POST, confirm, "{}"), 400);
		if (tampered[i][1])
			sql(tampered[i][1]);
	}
}

static void pairs_expire_and_are_refused(void **state)
{
	(void)state;
	struct browser security, auditor;
	int64_t other, pair = a_pair(&security, &auditor, &other);
	EXPECT(visit(&auditor, METHOD_POST, say("/api/pairs/%lld/refuse", (long long)pair), "{}"), 422); /* with a reason */
	EXPECT(visit(&auditor, METHOD_POST, say("/api/pairs/%lld/refuse", (long long)pair), "{\"reason\":\"no\"}"), 204);
	EXPECT(visit(&auditor, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 409);
	const char *roles = say("/api/users/%lld/roles", (long long)other);
	struct api_answer answer = visit(&security, METHOD_PUT, roles, "{\"roles\":[\"leader\"],\"reason\":\"why\"}");
	EXPECT(visit(&security, METHOD_POST, say("/api/pairs/%lld/refuse", (long long)api_int(&answer, "pair")), "{\"reason\":\"mistake\"}"), 204);
	answer = visit(&security, METHOD_PUT, roles, "{\"roles\":[\"leader\"],\"reason\":\"why\"}");
	pair = api_int(&answer, "pair");
	sql("UPDATE ward_pair SET expires = 1 WHERE state = 'open'");
	EXPECT(visit(&auditor, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 409);
	answer = visit(&auditor, METHOD_GET, "/api/pairs?all=1", NULL);
	assert_string_equal(api_text(&answer, "rows.0.state"), "expired");
	assert_string_equal(api_text(&answer, "rows.2.state"), "refused");
	/* Who began it must still be allowed to when it happens. */
	answer = visit(&security, METHOD_PUT, roles, "{\"roles\":[\"leader\"],\"reason\":\"why\"}");
	sql("UPDATE ward_user SET state = 'locked' WHERE id = 1");
	EXPECT(visit(&auditor, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)api_int(&answer, "pair")), "{}"), 403);
	/* And the second person fresh. */
	sql("UPDATE ward_user SET state = 'active' WHERE id = 1");
	sql("UPDATE ward_session SET fresh_until = 1");
	answer = visit(&auditor, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)api_int(&answer, "pair")), "{}");
	EXPECT(answer, 401);
	assert_string_equal(api_text(&answer, "error.code"), "fresh");
}

static void what_is_not_meant_cannot_be_set(void **state)
{
	(void)state;
	struct browser security = first_person();
	enrol(&security);
	struct browser li = join(&security, "li", "", NULL);
	EXPECT(visit(&li, METHOD_PATCH, "/api/me", "{\"lang\":\"vi\",\"theme\":\"dark\"}"), 204);
	static const char *const more[] = { "{\"roles\":[\"security\"]}", "{\"org\":1}", "{\"id\":1}", "{\"state\":\"active\"}", "{\"lang\":\"vi\",\"person\":1}",
		                            "{\"lang\":\"xx\"}", "{\"theme\":\"<script>\"}", "{\"lang\":7}", "[]", "{\"Lang\":\"vi\"}" };
	for (size_t i = 0; i < COUNT(more); i++)
		EXPECT(visit(&li, METHOD_PATCH, "/api/me", more[i]), 422);
	static const char *const users[] = { "{\"login\":\"aa\",\"name\":\"x\",\"roles\":[\"auditor\"]}", "{\"login\":\"aa\",\"name\":\"x\",\"password\":\"x\"}",
		                             "{\"login\":\"aa\",\"name\":\"x\",\"org\":77}", "{\"login\":\"aa\",\"name\":\"x\",\"person\":77}",
		                             "{\"login\":\"a a\",\"name\":\"x\"}", "{\"login\":\"aa\"}" };
	for (size_t i = 0; i < COUNT(users); i++)
		EXPECT(visit(&security, METHOD_POST, "/api/users", users[i]), 422);
	EXPECT(visit(&security, METHOD_POST, "/api/users", "{\"login\":\"LI\",\"name\":\"x\"}"), 409);
	EXPECT(visit(&security, METHOD_POST, "/api/users", "{\"login\":\"bb\",\"name\":\"x\",\"person\":1}"), 409); /* a person's second account */
	EXPECT(visit(&li, METHOD_POST, "/api/users", "{\"login\":\"cc\",\"name\":\"x\"}"), 403);
	EXPECT(visit(&li, METHOD_PATCH, "/api/users/2", "{\"name\":\"x\"}"), 403);
}

static void others_organisations(void **state)
{
	(void)state;
	struct browser security = first_person();
	enrol(&security);
	/* Two offices below; each with its own security administrator. */
	struct actor ward = actor_ward();
	struct api_answer made;
	sql("INSERT INTO org (id, name, code, org, state, state_since, version, created, created_by, updated, updated_by, parent, tier, kind) VALUES"
	    " (50, 'A', '50', 50, 'active', 0, 1, 0, 0, 0, 0, 1, 'township', 'bureau'), (51, 'B', '51', 51, 'active', 0, 1, 0, 0, 0, 0, 1, 'township', 'bureau')");
	sql("INSERT INTO ward_subtree (ancestor, org) VALUES (1, 50), (1, 51), (50, 50), (51, 51)");
	(void)ward;
	int64_t a, b;
	struct browser in_a = join(&security, "anna", ",\"org\":50", &a), in_b = join(&security, "bert", ",\"org\":51", &b);
	sql(say("INSERT INTO ward_user_role (user_id, role, granted_by, granted) VALUES (%lld, 'security', 1, 0), (%lld, 'auditor', 1, 0)", (long long)a, (long long)b));
	enter(&in_a, "anna");
	enrol(&in_a);
	enter(&in_b, "bert");
	enrol(&in_b);
	made = visit(&in_a, METHOD_GET, "/api/users", NULL);
	assert_int_equal(api_at(&made, "rows")->n, 1);
	made = visit(&in_a, METHOD_GET, "/api/orgs", NULL);
	assert_int_equal(api_at(&made, "rows")->n, 1);
	assert_string_equal(api_text(&made, "rows.0.name"), "A");
	assert_int_equal(api_at(&made, "rows.0.parent")->type, DOC_NULL);
	for (int64_t id = 1; id <= b; id += b - 1) { /* the first person above, and Bert beside */
		EXPECT(visit(&in_a, METHOD_PATCH, say("/api/users/%lld", (long long)id), "{\"name\":\"x\"}"), 404);
		EXPECT(visit(&in_a, METHOD_POST, say("/api/users/%lld/lock", (long long)id), "{\"reason\":\"x\"}"), 404);
		EXPECT(visit(&in_a, METHOD_POST, say("/api/users/%lld/reset", (long long)id), "{}"), 404);
		EXPECT(visit(&in_a, METHOD_PUT, say("/api/users/%lld/roles", (long long)id), "{\"roles\":[],\"reason\":\"x\"}"), 404);
	}
	EXPECT(visit(&in_a, METHOD_POST, "/api/users", "{\"login\":\"dd\",\"name\":\"x\",\"org\":51}"), 422);
	EXPECT(visit(&in_a, METHOD_POST, "/api/users", "{\"login\":\"dd\",\"name\":\"x\",\"org\":1}"), 422);
	EXPECT(visit(&in_a, METHOD_POST, "/api/users", "{\"login\":\"dd\",\"name\":\"x\",\"person\":1}"), 422);
	EXPECT(visit(&in_a, METHOD_PATCH, say("/api/users/%lld", (long long)a), "{\"org\":1}"), 403);
	made = visit(&in_b, METHOD_GET, "/api/journal?limit=500", NULL);
	EXPECT(made, 200);
	assert_true(str_find(made.body, "anna") < 0 && str_find(made.body, "张伟 (zhang)") >= 0); /* who made Bert's account */
	EXPECT(visit(&in_b, METHOD_GET, "/api/journal/verify", NULL), 403);
	made = visit(&in_b, METHOD_GET, "/api/sessions?all=1", NULL);
	assert_int_equal(api_at(&made, "rows")->n, 1);
	assert_true(str_find(made.body, "anna") < 0);
	/* A pair about A's people is not Bert's to see, nor to confirm. */
	made = visit(&security, METHOD_PUT, say("/api/users/%lld/roles", (long long)a), "{\"roles\":[],\"reason\":\"x\"}");
	EXPECT(made, 202);
	int64_t pair = api_int(&made, "pair");
	made = visit(&in_b, METHOD_GET, "/api/pairs", NULL);
	EXPECT(made, 200);
	assert_int_equal(api_at(&made, "rows")->n, 0);
	EXPECT(visit(&in_b, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 404);
	made = visit(&in_a, METHOD_GET, "/api/sessions?all=1", NULL);
	struct api_answer hers = visit(&in_b, METHOD_GET, "/api/sessions", NULL);
	EXPECT(visit(&in_a, METHOD_DELETE, say("/api/sessions/%lld", (long long)api_int(&hers, "rows.0.id")), NULL), 404);
	EXPECT(visit(&security, METHOD_DELETE, say("/api/sessions/%lld", (long long)api_int(&hers, "rows.0.id")), NULL), 204);
}

static void tokens_go_as_far_as_their_scope(void **state)
{
	(void)state;
	struct browser security = first_person();
	enrol(&security);
	struct api_answer answer = visit(&security, METHOD_POST, "/api/tokens", "{\"name\":\"probe\",\"scope\":\"read:orgs\"}");
	EXPECT(answer, 201);
	struct browser probe = { .bearer = arena_str(&api.arena, str_from(api_text(&answer, "token"))) };
	assert_int_equal(probe.bearer.n, 69);
	EXPECT(visit(&probe, METHOD_GET, "/api/orgs", NULL), 200);
	EXPECT(visit(&probe, METHOD_GET, "/api/journal", NULL), 403);  /* not its scope */
	EXPECT(visit(&probe, METHOD_GET, "/api/users", NULL), 403);    /* nor for tokens */
	EXPECT(visit(&probe, METHOD_PATCH, "/api/me", "{\"lang\":\"vi\"}"), 403);
	EXPECT(visit(&probe, METHOD_POST, "/api/tokens", "{\"name\":\"more\",\"scope\":\"write\"}"), 403);
	EXPECT(visit(&probe, METHOD_POST, "/api/fresh", say("{\"password\":\"%s\"}", password)), 403);
	answer = visit(&security, METHOD_GET, "/api/tokens", NULL);
	assert_true(str_find(answer.body, probe.bearer.p) < 0);
	EXPECT(visit(&security, METHOD_POST, "/api/tokens", "{\"name\":\"x\",\"scope\":\"everything\"}"), 422);
	EXPECT(visit(&security, METHOD_POST, "/api/tokens", "{\"name\":\"x\",\"scope\":[\"read\",\"write:records\"]}"), 201);
	EXPECT(visit(&security, METHOD_DELETE, say("/api/tokens/%lld", (long long)api_int(&answer, "rows.0.id")), NULL), 204);
	EXPECT(visit(&probe, METHOD_GET, "/api/orgs", NULL), 401);
}

static void fresh_again(void **state)
{
	(void)state;
	struct browser security = first_person();
	struct browser li;
	enrol(&security);
	li = join(&security, "li", "", NULL);
	sql("UPDATE ward_session SET fresh_until = 1");
	struct api_answer answer = visit(&li, METHOD_POST, "/api/tokens", "{\"name\":\"x\",\"scope\":\"read\"}");
	EXPECT(answer, 401);
	assert_string_equal(api_text(&answer, "error.code"), "fresh");
	EXPECT(visit(&li, METHOD_POST, "/api/fresh", "{\"password\":\"wrong password 1\"}"), 422);
	EXPECT(visit(&li, METHOD_POST, "/api/fresh", say("{\"password\":\"%s\"}", password)), 200);
	EXPECT(visit(&li, METHOD_POST, "/api/tokens", "{\"name\":\"x\",\"scope\":\"read\"}"), 201);
	/* With a second factor the code is asked for, too. */
	answer = visit(&security, METHOD_POST, "/api/fresh", say("{\"password\":\"%s\"}", password));
	EXPECT(answer, 401);
	assert_string_equal(api_text(&answer, "error.code"), "second-factor");
	/* Guessing at it in a stolen session is slowed down as at the login. */
	for (int i = 0; i < 5; i++)
		EXPECT(visit(&li, METHOD_POST, "/api/fresh", "{\"password\":\"wrong password 1\"}"), i < 4 ? 422 : 422);
	EXPECT(visit(&li, METHOD_POST, "/api/fresh", say("{\"password\":\"%s\"}", password)), 429);
	EXPECT(visit(&(struct browser){ 0 }, METHOD_POST, "/api/login", say("{\"login\":\"li\",\"password\":\"%s\"}", password)), 429);
}

static void passwords_change(void **state)
{
	(void)state;
	struct browser security = first_person();
	struct browser li, second = { 0 };
	int64_t id;
	enrol(&security);
	li = join(&security, "li", "", &id);
	enter(&second, "li");
	EXPECT(visit(&li, METHOD_POST, "/api/password", say("{\"old\":\"wrong password 1\",\"new\":\"%s\"}", "vua7Ruong-Lua")), 422);
	EXPECT(visit(&li, METHOD_POST, "/api/password", say("{\"old\":\"%s\",\"new\":\"%s\"}", password, password)), 422);
	struct api_answer answer = visit(&li, METHOD_POST, "/api/password", say("{\"old\":\"%s\",\"new\":\"Admin@1234\"}", password));
	EXPECT(answer, 422);
	assert_string_equal(api_text(&answer, "error.fields.0.field"), "new");
	EXPECT(visit(&li, METHOD_POST, "/api/password", say("{\"old\":\"%s\",\"new\":\"vua7Ruong-Lua\"}", password)), 204);
	EXPECT(visit(&li, METHOD_GET, "/api/session", NULL), 200);
	EXPECT(visit(&second, METHOD_GET, "/api/session", NULL), 401); /* the other session ended */
	answer = visit(&security, METHOD_POST, say("/api/users/%lld/reset", (long long)id), "{}");
	EXPECT(answer, 200);
	EXPECT(visit(&li, METHOD_GET, "/api/session", NULL), 401);
	const char *given = say("%s", api_text(&answer, "password"));
	EXPECT(visit(&li, METHOD_POST, "/api/login", say("{\"login\":\"li\",\"password\":\"%s\"}", given)), 200);
	EXPECT(visit(&security, METHOD_POST, "/api/users/1/reset", "{}"), 403);
	/* Logging out ends it on the server. */
	struct browser copy = li;
	EXPECT(visit(&li, METHOD_POST, "/api/logout", NULL), 204);
	EXPECT(visit(&copy, METHOD_GET, "/api/session", NULL), 401);
}

static void a_lost_telephone(void **state)
{
	(void)state;
	struct browser security, auditor;
	int64_t other;
	(void)a_pair(&security, &auditor, &other);
	struct api_answer answer = visit(&security, METHOD_POST, "/api/users/2/drop-second-factor", "{\"reason\":\"lost\"}");
	EXPECT(answer, 202); /* nobody but the one it is about could confirm now: it waits for a third */
	EXPECT(visit(&auditor, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)api_int(&answer, "pair")), "{}"), 403);
	EXPECT(visit(&security, METHOD_POST, "/api/users/1/drop-second-factor", "{\"reason\":\"mine\"}"), 403);
	/* Setting it up anew needs the password. */
	sql("UPDATE ward_session SET fresh_until = 1");
	EXPECT(visit(&security, METHOD_POST, "/api/second-factor", "{}"), 401);
}

/* 介质销毁: begun by one, let happen by another; directly it cannot be done. */
static void a_transition_of_two_persons(void **state)
{
	(void)state;
	struct browser security, auditor;
	int64_t other, verifier;
	(void)a_pair(&security, &auditor, &other);
	struct browser sun = join(&security, "sun", "", &verifier);
	sql(say("INSERT INTO ward_user_role (user_id, role, granted_by, granted) VALUES (%lld, 'verifier', 1, 0)", (long long)verifier));
	sql("INSERT INTO medium (id, number, org, state, state_since, version, created, created_by, updated, updated_by, medium_no, kind, class, custodian, witness, photo)"
	    " SELECT 70, 'M-1', id, 'wiped', 0, 1, 0, 0, 0, 0, 'x', 'stick', 'inner', 1, 2, '[1]' FROM org WHERE parent IS NULL");
	enter(&sun, "sun");
	const char *target = "/api/records/medium/70/transition";
	EXPECT(visit(&security, METHOD_POST, target, "{\"version\":1,\"name\":\"destroy\"}"), 422); /* a second person must know why */
	EXPECT(visit(&security, METHOD_POST, target, "{\"version\":9,\"name\":\"destroy\",\"reason\":\"old\"}"), 409); /* said at once */
	struct api_answer answer = visit(&security, METHOD_POST, target, "{\"version\":1,\"name\":\"destroy\",\"reason\":\"old\"}");
	EXPECT(answer, 202);
	int64_t pair = api_int(&answer, "pair");
	answer = visit(&security, METHOD_GET, "/api/records/medium/70", NULL);
	assert_string_equal(api_text(&answer, "record.state"), "wiped"); /* nothing of the trial is left */
	assert_int_equal(api_int(&answer, "record.version"), 1);
	EXPECT(visit(&security, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 403);
	EXPECT(visit(&auditor, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{}"), 403);
	answer = visit(&security, METHOD_POST, "/api/records/medium/bulk", "{\"ids\":[70],\"transition\":\"destroy\",\"reason\":\"x\"}");
	answer = visit(&security, METHOD_GET, "/api/records/medium/70", NULL);
	assert_string_equal(api_text(&answer, "record.state"), "wiped"); /* nor in bulk */
	EXPECT(visit(&sun, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)pair), "{\"reason\":\"saw it\"}"), 204);
	answer = visit(&security, METHOD_GET, "/api/records/medium/70", NULL);
	assert_string_equal(api_text(&answer, "record.state"), "destroyed");
	answer = visit(&auditor, METHOD_GET, "/api/journal?kind=medium", NULL);
	assert_string_equal(api_text(&answer, "rows.0.actor_name"), "张伟 (zhang) + Name of sun (sun)");
	assert_string_equal(api_text(&answer, "rows.0.action"), "destroy");
}

static void unmasking_in_bulk(void **state)
{
	(void)state;
	struct browser security, auditor;
	int64_t other, leader;
	(void)a_pair(&security, &auditor, &other);
	struct browser chief = join(&security, "sun", "", &leader);
	sql(say("INSERT INTO ward_user_role (user_id, role, granted_by, granted) VALUES (%lld, 'leader', 1, 0)", (long long)leader));
	enter(&chief, "sun");
	EXPECT(visit(&security, METHOD_POST, "/api/records/person", "{\"values\":{\"name\":\"x\",\"phone\":\"13812345678\"}}"), 201);
	const char *target = say("/api/records/person/%lld/unmask", (long long)5);
	struct api_answer answer = visit(&security, METHOD_GET, "/api/records/person?limit=100", NULL);
	for (uint32_t i = 0; i < api_at(&answer, "rows")->n; i++)
		if (str_is(str_from(api_text(&answer, say("rows.%u.name", i))), "x"))
			target = say("/api/records/person/%lld/unmask", (long long)api_int(&answer, say("rows.%u.id", i)));
	for (int i = 0; i < 20; i++) {
		answer = visit(&security, METHOD_POST, target, "{\"field\":\"phone\",\"reason\":\"call\"}");
		EXPECT(answer, 200);
		assert_string_equal(api_text(&answer, "value"), "13812345678");
	}
	answer = visit(&security, METHOD_POST, target, "{\"field\":\"phone\",\"reason\":\"the whole list\"}");
	EXPECT(answer, 202);
	EXPECT(visit(&chief, METHOD_POST, say("/api/pairs/%lld/confirm", (long long)api_int(&answer, "pair")), "{}"), 204);
	EXPECT(visit(&security, METHOD_POST, target, "{\"field\":\"phone\",\"reason\":\"the whole list\"}"), 200);
	sql("UPDATE ward_pair SET decided = decided - 3700 WHERE action = 'unmask'"); /* an hour later the permit is over */
	EXPECT(visit(&security, METHOD_POST, target, "{\"field\":\"phone\",\"reason\":\"the whole list\"}"), 202);
}

static int64_t person_of(const char *login)
{
	struct db *db;
	int64_t person = 0;
	assert_int_equal(records_read(api.office.records, &db, &err), 0);
	assert_int_equal(db_one_int(db, say("SELECT person FROM ward_user WHERE login = '%s'", login), 0, &person, &err), 0);
	records_read_end(api.office.records, db);
	assert_true(person > 0);
	return person;
}

/* 双人操作票: countersigned by the A or the B of a post for the system, where one is in force; who watches does not carry out. */
static void tickets_are_countersigned_by_who_holds_the_post(void **state)
{
	(void)state;
	struct browser security, auditor;
	int64_t other, id;
	(void)a_pair(&security, &auditor, &other);
	static const char *const logins[] = { "ann", "bob", "cat" }; /* A, B, and a verifier of something else */
	struct browser people[COUNT(logins)];
	for (size_t i = 0; i < COUNT(logins); i++) {
		people[i] = join(&security, logins[i], "", &id);
		sql(say("INSERT INTO ward_user_role (user_id, role, granted_by, granted) VALUES (%lld, 'verifier', 1, 0)", (long long)id));
		enter(&people[i], logins[i]);
	}
	long long a = person_of("ann"), b = person_of("bob"), first = person_of("zhang");
	sql(say("INSERT INTO post (id, number, org, state, state_since, version, created, created_by, updated, updated_by, name, duty_kind, person_a, person_b, systems)"
	        " SELECT 80, 'P-1', id, 'proposed', 0, 1, 0, 0, 0, 0, 'x', 'operate', %lld, %lld, '[17,7]' FROM org WHERE parent IS NULL", a, b));
	sql(say("INSERT INTO ticket (id, number, org, state, state_since, version, created, created_by, updated, updated_by, action_class, system, target, reason, rollback, initiator)"
	        " SELECT 90 + n, 'T-' || n, org.id, 'drafted', 0, 1, 0, 0, 0, 0, 'privileged', CASE n WHEN 5 THEN NULL WHEN 4 THEN 1 ELSE 7 END, 'x', 'x', 'x',"
	        " CASE n WHEN 2 THEN %lld ELSE %lld END FROM org, (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5) AS all_n"
	        " WHERE parent IS NULL", a, first));
	const char *sign = "{\"version\":1,\"name\":\"countersign\"}";
#define TICKET(n) "/api/records/ticket/9" #n "/transition"
	/* The post is only proposed: nothing is asked yet. */
	EXPECT(visit(&people[2], METHOD_POST, TICKET(1), sign), 200);
	sql("UPDATE post SET state = 'in_force'");
	struct api_answer answer = visit(&people[2], METHOD_POST, TICKET(2), sign);
	EXPECT(answer, 403);
	assert_true(str_find(answer.body, "(A)") >= 0 && str_find(answer.body, "(B)") >= 0);
	EXPECT(visit(&people[0], METHOD_POST, TICKET(2), sign), 403); /* A began it */
	EXPECT(visit(&people[1], METHOD_POST, TICKET(2), sign), 200); /* so B watches */
	EXPECT(visit(&people[0], METHOD_POST, TICKET(3), sign), 200); /* a third began it: either */
	EXPECT(visit(&people[2], METHOD_POST, TICKET(4), sign), 200); /* no post for system 1, and 17 is another one */
	EXPECT(visit(&people[2], METHOD_POST, TICKET(5), sign), 200); /* for no system */
	/* Who watches does not carry out. */
	sql(say("UPDATE ticket SET confirmer = %lld WHERE id = 93", first));
	EXPECT(visit(&security, METHOD_POST, TICKET(3), "{\"version\":2,\"name\":\"start\"}"), 403);
	EXPECT(visit(&security, METHOD_POST, TICKET(2), "{\"version\":2,\"name\":\"start\"}"), 200);
	/* One that was withdrawn counts no more. */
	sql("UPDATE post SET withdrawn = 1");
	sql("UPDATE ticket SET state = 'drafted', confirmer = NULL WHERE id = 93");
	EXPECT(visit(&people[2], METHOD_POST, TICKET(3), "{\"version\":2,\"name\":\"countersign\"}"), 200);
#undef TICKET
}

/* What belongs to the installation: written down for the process that may, once, and only when another person has confirmed it. */
static void orders_take_two_persons(void **state)
{
	(void)state;
	struct browser security, auditor;
	int64_t other;
	(void)a_pair(&security, &auditor, &other);
	static const struct {
		const char *path, *body, *what;
		int64_t value;
	} orders[] = {
		{ "/api/archive/removals", "{\"days\":200,\"reason\":\"disk\"}", "removal", 200 },
		{ "/api/keys/seal/renew", "{\"reason\":\"yearly\"}", "key", 0 },
		{ "/api/keys/authority/renew", "{\"reason\":\"yearly\"}", "authority", 0 },
		{ "/api/keys/server/renew", "{\"reason\":\"yearly\"}", "certificate", 0 },
	};
	struct api_answer answer;
	for (size_t i = 0; i < COUNT(orders); i++) {
		EXPECT(visit(&auditor, METHOD_POST, orders[i].path, orders[i].body), 403);
		answer = visit(&security, METHOD_POST, orders[i].path, orders[i].body);
		EXPECT(answer, 202);
		int64_t pair = api_int(&answer, "pair");
		const char *confirm = say("/api/pairs/%lld/confirm", (long long)pair);
		answer = visit(&security, METHOD_GET, "/api/orders", NULL);
		EXPECT(answer, 200);
		assert_int_equal(api_at(&answer, "rows")->n, i); /* nothing yet */
		EXPECT(visit(&security, METHOD_POST, confirm, "{}"), 403);
		EXPECT(visit(&auditor, METHOD_POST, confirm, "{}"), 204);
		EXPECT(visit(&auditor, METHOD_POST, confirm, "{}"), 409);
		answer = visit(&auditor, METHOD_GET, "/api/orders", NULL);
		assert_int_equal(api_at(&answer, "rows")->n, i + 1);
		assert_string_equal(api_text(&answer, "rows.0.what"), orders[i].what);
		assert_string_equal(api_text(&answer, "rows.0.state"), "open");
		assert_int_equal(api_int(&answer, "rows.0.value"), orders[i].value);
		assert_string_equal(api_text(&answer, "rows.0.by"), "张伟 (zhang) + Name of wang (wang)");
	}
	/* Not in time; not any more what was proposed; not any more the security administrator. */
	answer = visit(&security, METHOD_POST, orders[0].path, orders[0].body);
	const char *confirm = say("/api/pairs/%lld/confirm", (long long)api_int(&answer, "pair"));
	sql("UPDATE ward_pair SET expires = expires - 1000000 WHERE state = 'open'");
	EXPECT(visit(&auditor, METHOD_POST, confirm, "{}"), 409);
	sql("UPDATE ward_pair SET expires = expires + 1000000 WHERE state = 'open'");
	sql("UPDATE ward_pair SET action = 'order-key' WHERE action = 'order-removal' AND state = 'open'");
	EXPECT(visit(&auditor, METHOD_POST, confirm, "{}"), 400);
	sql("UPDATE ward_pair SET action = 'order-removal' WHERE action = 'order-key' AND state = 'open'");
	sql("DELETE FROM ward_user_role WHERE user_id = 1");
	EXPECT(visit(&auditor, METHOD_POST, confirm, "{}"), 403);
	sql("INSERT INTO ward_user_role (user_id, role, granted_by, granted) VALUES (1, 'security', 1, 0)");
	answer = visit(&auditor, METHOD_GET, "/api/orders", NULL);
	assert_int_equal(api_at(&answer, "rows")->n, COUNT(orders));
	EXPECT(visit(&auditor, METHOD_POST, confirm, "{}"), 204);
	/* What the law asks for cannot be ordered away; nor without a reason, nor with the password typed long ago, nor by a token. */
	answer = visit(&security, METHOD_POST, orders[0].path, "{\"days\":179,\"reason\":\"disk\"}");
	EXPECT(answer, 422);
	assert_string_equal(api_text(&answer, "error.fields.0.field"), "days");
	EXPECT(visit(&security, METHOD_POST, orders[0].path, "{\"days\":200,\"reason\":\" \"}"), 422);
	EXPECT(visit(&security, METHOD_POST, orders[0].path, "{\"days\":200,\"reason\":\"x\",\"place\":\"y\"}"), 422);
	EXPECT(visit(&security, METHOD_POST, "/api/keys/vault/renew", orders[1].body), 404);
	answer = visit(&security, METHOD_POST, "/api/tokens", "{\"name\":\"probe\",\"scope\":\"read write\"}");
	EXPECT(answer, 201);
	struct browser probe = { .bearer = arena_str(&api.arena, str_from(api_text(&answer, "token"))) };
	EXPECT(visit(&probe, METHOD_POST, orders[1].path, orders[1].body), 403);
	sql("UPDATE ward_session SET fresh_until = 1");
	EXPECT(visit(&security, METHOD_POST, orders[1].path, orders[1].body), 401);
}

struct carrying {
	int64_t id;
	const char *held, *outcome; /* outcome NULL: it is asked for */
};

static int give_work(void *ctx, struct write *write, struct err *error)
{
	struct carrying *carrying = ctx;
	return order_give(write, ORDER_KEY, 0, STR("here"), STR("年度轮换"), &carrying->id, error);
}

static int carry_work(void *ctx, struct write *write, struct err *error)
{
	const struct carrying *carrying = ctx;
	struct order order = { .id = carrying->id, .reason = STR("年度轮换") };
	return carrying->outcome ? order_end(write, &order, true, str_from(carrying->outcome), error)
	                         : order_asked(write, carrying->id, str_from(carrying->held), error);
}

static int next_order(const char *place, struct order *out)
{
	struct db *db;
	assert_int_equal(records_read(api.office.records, &db, &err), 0);
	int r = order_next(&api.arena, db, str_from(place), out, &err);
	records_read_end(api.office.records, db);
	return r;
}

/* What the process that carries them out sees: only its machine's, the oldest first, what the first asking wrote down, and one end. */
static void orders_end_once(void **state)
{
	(void)state;
	struct actor ward = actor_ward();
	struct carrying first = { .held = "old key" }, second = { 0 };
	struct order order;
	assert_int_equal(records_do(api.office.records, &ward, give_work, &first, &err), 0);
	assert_int_equal(records_do(api.office.records, &ward, give_work, &second, &err), 0);
	assert_int_equal(next_order("elsewhere", &order), 0);
	assert_int_equal(next_order("here", &order), 1);
	assert_true(order.id == first.id && order.what == ORDER_KEY && order.tries == 0 && !order.held.n);
	assert_int_equal(records_do(api.office.records, &ward, carry_work, &first, &err), 0);
	first.held = "new key"; /* another server asks, when it was done */
	assert_int_equal(records_do(api.office.records, &ward, carry_work, &first, &err), 0);
	assert_int_equal(next_order("here", &order), 1);
	assert_true(order.id == first.id && order.tries == 2 && str_is(order.held, "old key"));
	first.outcome = "{\"public\":\"new key\"}";
	assert_int_equal(records_do(api.office.records, &ward, carry_work, &first, &err), 0);
	assert_int_equal(records_do(api.office.records, &ward, carry_work, &first, &err), -ESTALE);
	first.outcome = NULL;
	assert_int_equal(records_do(api.office.records, &ward, carry_work, &first, &err), -ESTALE);
	assert_int_equal(next_order("here", &order), 1);
	assert_int_equal(order.id, second.id);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_login), TEST(old_links_are_void), TEST(three_persons_for_three_roles), TEST(what_is_confirmed_is_what_was_proposed),
		TEST(pairs_expire_and_are_refused), TEST(what_is_not_meant_cannot_be_set), TEST(others_organisations),
		TEST(tokens_go_as_far_as_their_scope), TEST(fresh_again), TEST(passwords_change), TEST(a_lost_telephone),
		TEST(a_transition_of_two_persons), TEST(unmasking_in_bulk), TEST(orders_take_two_persons), TEST(orders_end_once),
		TEST(tickets_are_countersigned_by_who_holds_the_post),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
