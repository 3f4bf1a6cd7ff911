/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "register/import_job.h"
#include "api.h"
#include "api_schema.h"
#include "api/door.h"
#include "case/detections.h"
#include "case/hosts.h"
#include "case/inspections.h"
#include "case/management_kept.h"
#include "register/tables.h"
#include "records_empty.h"

static void good(int result, const struct err *err)
{
	if (result < 0)
		fail_msg("%s (%d)", err->text, result);
}

void api_open_with(struct api *api, const struct route *const *lists)
{
	struct err err = { "" };
	*api = (struct api){ .dir = "/tmp/ward-api-XXXXXX" };
	assert_non_null(mkdtemp(api->dir));
	struct str dir = str_from(api->dir);
	struct records_options options = { .where = records_place(arena_printf(&api->arena, "%s/records.db", api->dir)) };
	good(content_open(&api->office.content, NULL, &err), &err);
	good(laws_load(&api->office.content, &api->office.laws, &err), &err);
	good(records_open(&options, &api->office.records, &err), &err);
	good(roles_load(&api->office.content, &api->office.roles, &err), &err);
	good(registers_load(&api->office.content, &api->office.roles->names, &api->office.registers, &err), &err);
	good(registers_apply(api->office.records, api->office.registers, &err), &err);
	good(records_migrate(api->office.records, people_migrations, &err), &err);
	good(vault_open((const uint8_t[VAULT_KEY]){ 7 }, &api->office.vault, &err), &err);
	api->office.books = (struct books){ .registers = api->office.registers, .vault = api->office.vault, .roles = &api->office.roles->names,
		                            .hooks = api->hooks };
	good(records_migrate(api->office.records, hosts_migrations, &err), &err);
	good(records_migrate(api->office.records, inspections_migrations, &err), &err);
	good(records_migrate(api->office.records, detections_migrations, &err), &err);
	good(records_migrate(api->office.records, management_migrations, &err), &err);
	good(cases_migrate(api->office.records, &err), &err);
	good(cases_init(&api->office.content, api->office.laws, STR("county"), STR_NONE, LANG_EN, &api->office.cases, &err), &err);
	cases_hooks(&api->office.cases, api->hooks);
	api->office.cases.books = &api->office.books;
	good(people_open(&api->office.content, api->office.roles, api->office.vault, &api->office.books, NULL, &api->office.people, &err), &err);
	api->office.people->actions = people_actions;
	good(import_jobs_new(api->office.records, &api->office.books, arena_printf(&api->arena, "%s/imports", api->dir).p, &api->office.imports, &err), &err);
	good(router_new(lists, &api->router, &err), &err);
	api->office.files_dir = dir;
	api->office.inspect = -1;
	api->office.started = clock_now();
	api->web = (struct web){ .router = api->router, .records = api->office.records, .office = &api->office, .roles = &api->office.roles->names,
		                 .temporary = dir };
}

void api_open(struct api *api)
{
	struct api_answer description;
	api_open_with(api, route_lists);
	struct actor ward = actor_ward();
	description = api_get(api, &ward, "/api/openapi.json");
	assert_int_equal(description.status, 200);
	api->schemas = api_at(&description, "components.schemas");
	assert_non_null(api->schemas);
}

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *place)
{
	(void)what, (void)kind, (void)place;
	return remove(path);
}

void api_close(struct api *api)
{
	import_jobs_free(api->office.imports);
	records_close(api->office.records);
	people_close(api->office.people);
	vault_close(api->office.vault);
	registers_free(api->office.registers);
	laws_free(api->office.laws);
	router_free(api->router);
	roles_free(api->office.roles);
	content_close(&api->office.content);
	arena_done(&api->arena);
	nftw(api->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct actor api_actor(struct api *api, int64_t user, int64_t org, const char *names)
{
	struct actor actor = { .id = user, .name = arena_printf(&api->arena, "user %lld", (long long)user), .person = user, .org = org,
		               .whole = org == 1, .lang = LANG_EN, .address = STR("192.0.2.7"), .session = user, .fresh_until = INT64_MAX };
	for (struct str rest = str_from(names), name; (name = str_word(&rest)).n;) {
		int bit = roles_bit(api->office.roles, name);
		assert_true(bit >= 0);
		actor.roles |= (uint64_t)1 << bit;
	}
	return actor;
}

/* What the description says of this route holds for what went in and out. */
static void hold(struct api *api, const char *target, const char *name, const struct doc *value)
{
	if (!api->schemas || !value || !name)
		return;
	ARENA(arena);
	struct str why = schema_holds(&arena, api->schemas, str_from(name), value);
	if (why.n)
		fail_msg("%s is not as described (content/api): %.*s", target, STR_ARG(why));
}

static void hold_all(struct api *api, const char *target, const struct request *request, const struct doc *answer)
{
	if (request->status >= 400)
		hold(api, target, "Error", answer);
	if (request->status >= 200 && request->status < 300 && request->status != 202 && request->route) {
		hold(api, target, request->route->gives, answer);
		hold(api, target, request->route->takes, request->body);
	}
}

struct api_answer api_send(struct api *api, const struct actor *actor, enum method method, const char *target, struct str body,
                           const char *type)
{
	struct exchange exchange;
	struct web_call call = { method, str_from(target), body, str_from(type), actor, actor ? actor->lang : LANG_EN };
	exchange_init(&exchange, &api->web);
	web_answer(&exchange, &call);
	struct request *request = &exchange.request;
	struct api_answer answer = { .status = request->status, .body = arena_str(&api->arena, buf_str(&request->out)),
		                     .type = arena_str(&api->arena, request->type), .cookie = arena_str(&api->arena, request->cookie) };
	if (!request->type.p && answer.body.n) {
		struct source *source = ARENA_NEW(&api->arena, struct source);
		struct err err = { "" };
		*source = (struct source){ .name = target, .text = answer.body };
		good(json_parse(&api->arena, source, &answer.json, &err), &err);
	}
	hold_all(api, target, request, answer.json);
	exchange_done(&exchange);
	return answer;
}

struct api_answer api_call(struct api *api, const struct actor *actor, enum method method, const char *target, const char *json)
{
	return api_send(api, actor, method, target, str_from(json), "application/json");
}

struct api_answer api_get(struct api *api, const struct actor *actor, const char *target)
{
	return api_call(api, actor, METHOD_GET, target, NULL);
}

struct api_answer api_post(struct api *api, const struct actor *actor, const char *target, const char *json)
{
	return api_call(api, actor, METHOD_POST, target, json);
}

const struct doc *api_at(const struct api_answer *answer, const char *place)
{
	const struct doc *node = answer->json;
	int64_t at;
	for (struct str rest = str_from(place); node && rest.p && rest.n;) {
		struct str name = str_cut(&rest, '.');
		if (node->type == DOC_ARRAY)
			node = str_to_int(name, 10, &at) && at >= 0 && at < node->n ? &node->items[at] : NULL;
		else
			node = doc_get(node, name);
	}
	return node;
}

const char *api_text(const struct api_answer *answer, const char *place)
{
	static _Thread_local char text[4096];
	struct str s = doc_string(api_at(answer, place));
	snprintf(text, sizeof(text), "%.*s", STR_ARG(s));
	return text;
}

int64_t api_int(const struct api_answer *answer, const char *place)
{
	const struct doc *node = api_at(answer, place);
	return node && node->type == DOC_INT ? node->integer : INT64_MIN;
}
