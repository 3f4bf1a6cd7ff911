/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * api: an office in a temporary folder, and its routes called as somebody, without a network, in tests of what they answer.
 *
 *	struct api api;
 *	api_open(&api);
 *	struct actor zhang = api_actor(&api, 1, 1, "security");
 *	struct api_answer a = api_get(&api, &zhang, "/api/records/change?limit=2");
 *	assert_int_equal(a.status, 200);
 *	assert_string_equal(api_text(&a, "rows.0.number"), "CHG-2026-0001");
 *	api_close(&api);
 *
 * Answers live until api_close(). Each part of the office that needs more than records and content at its start adds it to
 * api_open(), in the order in which role/server.c does it.
 */
#ifndef WARD_TESTS_API_H
#define WARD_TESTS_API_H

#include "api/office.h"
#include "web/exchange.h"

struct api {
	char dir[64];
	struct arena arena;
	const struct doc *schemas; /* of the API's description; every answer is held against what its route names */
	struct office office;
	struct router *router;
	struct web web;
	struct register_hook hooks[CASE_HOOKS + 1];
};

struct api_answer {
	int status;
	struct str body, type, cookie;
	const struct doc *json; /* NULL: it is none */
};

/* With the routes of `lists` (ending with NULL), or of the whole API when NULL. */
void api_open_with(struct api *api, const struct route *const *lists);
void api_open(struct api *api);
void api_close(struct api *api);
/* "security auditor"; the person is user's number; org 1 sees everything. English. */
struct actor api_actor(struct api *api, int64_t user, int64_t org, const char *roles);
struct api_answer api_call(struct api *api, const struct actor *actor, enum method method, const char *target, const char *json);
struct api_answer api_send(struct api *api, const struct actor *actor, enum method method, const char *target, struct str body,
                           const char *type);
struct api_answer api_get(struct api *api, const struct actor *actor, const char *target);
struct api_answer api_post(struct api *api, const struct actor *actor, const char *target, const char *json);
/* The value at a place ("rows.0.number"); NULL: there is none. */
const struct doc *api_at(const struct api_answer *answer, const char *place);
/* The same as text, "" when there is none or it is something else; as number, INT64_MIN. */
const char *api_text(const struct api_answer *answer, const char *place);
int64_t api_int(const struct api_answer *answer, const char *place);

#endif
