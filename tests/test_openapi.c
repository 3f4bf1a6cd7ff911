/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api.h"
#include "api_schema.h"

static struct api api;
static struct api_answer description;

static void every_route_says_what_it_is(void **state)
{
	(void)state;
	struct map names = { .arena = &api.arena };
	for (size_t i = 0; route_lists[i]; i++)
		for (const struct route *route = route_lists[i]; route->path; route++) {
			struct str path = str_from(route->path);
			if (!str_starts(path, "/api/") || !route->doc || !route->doc[0])
				fail_msg("%s %s is not below /api, or says nothing of itself", method_names[route->method], route->path);
			void **seen = map_put(&names, str_from(route->name));
			if (*seen)
				fail_msg("two routes are called %s", route->name);
			*seen = &api;
			const char *schemas[] = { route->takes, route->gives };
			for (size_t k = 0; k < COUNT(schemas); k++)
				if (schemas[k] && !doc_get(api.schemas, str_from(schemas[k])))
					fail_msg("%s: there is no schema '%s' in content/api", route->name, schemas[k]);
			if (route->method == METHOD_GET && (route->takes || route->flags & (ROUTE_RAW | ROUTE_READ)))
				fail_msg("%s: a GET takes nothing", route->name);
		}
}

static void references_lead_somewhere(const struct doc *node)
{
	if (node->type == DOC_ARRAY)
		for (uint32_t i = 0; i < node->n; i++)
			references_lead_somewhere(&node->items[i]);
	for (uint32_t i = 0; node->type == DOC_MAP && i < node->n; i++) {
		struct str name = doc_string(doc_value(node, i));
		if (!str_is(doc_string(doc_key(node, i)), "$ref")) {
			references_lead_somewhere(doc_value(node, i));
			continue;
		}
		assert_true(str_starts(name, "#/components/schemas/"));
		if (!doc_get(api.schemas, str_slice(name, sizeof("#/components/schemas/") - 1, name.n)))
			fail_msg("%.*s leads nowhere", STR_ARG(name));
	}
}

static void the_description_is_whole(void **state)
{
	(void)state;
	const struct doc *paths = api_at(&description, "paths");
	assert_string_equal(api_text(&description, "openapi"), "3.1.0");
	references_lead_somewhere(description.json);
	size_t routes = 0, described = 0;
	for (size_t i = 0; route_lists[i]; i++)
		for (const struct route *route = route_lists[i]; route->path; route++)
			routes++;
	for (uint32_t i = 0; i < paths->n; i++)
		described += doc_value(paths, i)->n;
	assert_int_equal(routes, described);
	const struct doc *health = doc_get(doc_get(paths, STR("/api/health")), STR("get"));
	assert_true(str_is(doc_string(doc_get(health, STR("operationId"))), "getHealth"));
}

static struct str holds(const char *schemas, const char *value)
{
	struct source sources[2] = { { .name = "schemas", .text = str_from(schemas) }, { .name = "value", .text = str_from(value) } };
	const struct doc *parsed[2];
	for (int i = 0; i < 2; i++)
		assert_int_equal(json_parse(&api.arena, &sources[i], &parsed[i], NULL), 0);
	return schema_holds(&api.arena, parsed[0], STR("A"), parsed[1]);
}

/* What the other tests lean on must itself say no. */
static void the_judge_is_strict(void **state)
{
	(void)state;
	const char *a = "{\"A\": {\"type\": \"object\", \"required\": [\"id\"], \"properties\": {\"id\": {\"type\": \"integer\"}, \"of\": {\"type\": [\"string\", "
	                "\"null\"], \"enum\": [\"x\", null]}, \"list\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/components/schemas/B\"}}}, "
	                "\"additionalProperties\": false}, \"B\": {\"oneOf\": [{\"type\": \"number\"}, {\"type\": \"boolean\"}]}}";
	static const char *const good[] = { "{\"id\": 1}", "{\"id\": 1, \"of\": null, \"list\": [1, 2.5, true]}", "{\"id\": 1, \"of\": \"x\"}" };
	static const char *const bad[] = { "{}", "[]", "{\"id\": \"1\"}", "{\"id\": 1.5}", "{\"id\": null}", "{\"id\": 1, \"of\": \"y\"}",
		                           "{\"id\": 1, \"of\": 5}", "{\"id\": 1, \"list\": [\"x\"]}", "{\"id\": 1, \"list\": {}}", "{\"id\": 1, \"more\": 1}" };
	for (size_t i = 0; i < COUNT(good); i++)
		assert_string_equal(holds(a, good[i]).p, "");
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_true(holds(a, bad[i]).n);
	assert_true(holds("{\"A\": {\"$ref\": \"#/components/schemas/A\"}}", "1").n); /* a circle ends */
	assert_true(holds("{}", "1").n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_says_what_it_is),
		cmocka_unit_test(the_description_is_whole),
		cmocka_unit_test(the_judge_is_strict),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	api_open(&api);
	struct actor ward = actor_ward();
	description = api_get(&api, &ward, "/api/openapi.json");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	api_close(&api);
	return failed;
}
