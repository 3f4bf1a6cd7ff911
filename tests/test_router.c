/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/router.h"

static int nothing(struct request *request, struct err *err)
{
	(void)request, (void)err;
	return 0;
}

#define R(method, path, name) { METHOD_##method, path, name, "", .handle = nothing }
static const struct route list[] = {
	R(GET, "/api/records/{register}", "list"),
	R(POST, "/api/records/{register}", "create"),
	R(GET, "/api/records/{register}/{id}", "get"),
	R(PATCH, "/api/records/{register}/{id}", "edit"),
	R(GET, "/api/records/{register}/template.xlsx", "template"),
	R(POST, "/api/incidents/from", "from"),
	R(GET, "/api/incidents/{id}", "incident"),
	R(GET, "/api/a/{x}/b", "deep"),
	R(GET, "/api/a/literal/c", "literal"),
	{ 0 },
};
static const struct route *const lists[] = { list, NULL };

static struct router *router;

/* "name first-parameter second…", or the errno. */
static void finds(enum method method, const char *path, const char *expected)
{
	ARENA(arena);
	BUF(got);
	struct route_match match;
	struct err err = { "" };
	int r = router_find(&arena, router, method, str_from(path), &match, &err);
	buf_puts(&got, r == 0 ? match.route->name : r == -ENOENT ? "missing" : r == -ENOSYS ? "method" : "malformed");
	for (size_t i = 0; r == 0 && i < ROUTE_PARAMS && match.param[i].p; i++)
		buf_printf(&got, " %.*s", STR_ARG(match.param[i]));
	assert_string_equal(buf_cstr(&got), expected);
	assert_true((r < 0) == !!err.text[0]);
}

static void routes_are_found(void **state)
{
	(void)state;
	finds(METHOD_GET, "/api/records/change", "list change");
	finds(METHOD_POST, "/api/records/change", "create change");
	finds(METHOD_GET, "/api/records/change/17", "get change 17");
	finds(METHOD_GET, "/api/records/change/template.xlsx", "template change");
	finds(METHOD_PATCH, "/api/records/change/template.xlsx", "edit change template.xlsx");
	finds(METHOD_POST, "/api/incidents/from", "from");
	finds(METHOD_GET, "/api/incidents/from", "incident from");
	finds(METHOD_GET, "/api/a/literal/b", "deep literal"); /* back from the segment written out */
	finds(METHOD_GET, "/api/a/literal/c", "literal");
	finds(METHOD_DELETE, "/api/records/change/17", "method");
	finds(METHOD_GET, "/api/records", "missing");
	finds(METHOD_GET, "/api/records/", "missing");
	finds(METHOD_GET, "/api/records/change/", "missing");
	finds(METHOD_GET, "/api//change", "missing");
	finds(METHOD_GET, "/", "missing");
	finds(METHOD_GET, "/api/records/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "missing");
	finds(METHOD_GET, "", "malformed");
	finds(METHOD_GET, "api", "malformed");
}

static void segments_are_decoded_once_and_held_to_be_text(void **state)
{
	(void)state;
	finds(METHOD_GET, "/api/records/%e5%8F%B0%E8%b4%A6", "list 台账");
	finds(METHOD_GET, "/api/records/a%20b+c", "list a b+c");
	finds(METHOD_GET, "/api/records/%2541", "list %41");
	finds(METHOD_GET, "/%61pi/records/x", "list x");
	static const char *const bad[] = { "%2e%2e", "..", ".", "%2E", "a%2Fb", "a%5cb", "%00", "a%0d%0a", "%", "%4", "%zz", "%ff", "%c0%af",
		                           "%ed%a0%80", "%7f", "\xff", "a\x01" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		ARENA(arena);
		finds(METHOD_GET, arena_printf(&arena, "/api/records/%s", bad[i]).p, "malformed");
	}
	finds(METHOD_GET, "/api/records/../../etc/passwd", "malformed");
}

static void a_method_that_is_not_there_names_those_that_are(void **state)
{
	(void)state;
	ARENA(arena);
	struct route_match match;
	assert_int_equal(router_find(&arena, router, METHOD_DELETE, STR("/api/records/x"), &match, NULL), -ENOSYS);
	assert_int_equal(match.allowed, 1u << METHOD_GET | 1u << METHOD_POST);
}

static void lists_that_contradict_are_refused(void **state)
{
	(void)state;
	static const struct route twice[] = { R(GET, "/api/x/{a}", "one"), R(GET, "/api/x/{b}", "two"), { 0 } };
	static const struct route nameless[] = { R(GET, "/api/x", NULL), { 0 } };
	static const struct route many[] = { R(GET, "/{a}/{b}/{c}/{d}/{e}", "one"), { 0 } };
	const struct route *bad[] = { twice, nameless, many };
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct router *other = NULL;
		struct err err = { "" };
		const struct route *one[] = { bad[i], NULL };
		assert_int_equal(router_new(one, &other, &err), -EINVAL);
		assert_true(err.text[0]);
	}
}

static void percents(void **state)
{
	(void)state;
	ARENA(arena);
	struct str out;
	assert_true(percent_decode(&arena, STR("a+b%2B"), true, &out));
	assert_true(str_is(out, "a b+"));
	assert_true(percent_decode(&arena, STR("a+b"), false, &out));
	assert_true(str_is(out, "a+b"));
	assert_false(percent_decode(&arena, STR("a%2"), true, &out));
	assert_false(percent_decode(&arena, STR("a\0b"), true, &out));
	assert_false(percent_decode(&arena, STR("a\0%41"), true, &out));
	assert_false(percent_decode(&arena, STR("%00"), true, &out));
	assert_int_equal(method_from(STR("PATCH")), METHOD_PATCH);
	assert_int_equal(method_from(STR("patch")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_found),
		cmocka_unit_test(segments_are_decoded_once_and_held_to_be_text),
		cmocka_unit_test(a_method_that_is_not_there_names_those_that_are),
		cmocka_unit_test(lists_that_contradict_are_refused),
		cmocka_unit_test(percents),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (router_new(lists, &router, NULL) < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	router_free(router);
	return failed;
}
