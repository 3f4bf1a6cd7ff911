/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api.h"

static void test_law_with_its_sources(void **state)
{
	(void)state;
	struct api api;
	api_open(&api);
	struct actor duty = api_actor(&api, 1, 1, "duty");
	struct api_answer answer = api_get(&api, &duty, "/api/clocks");
	assert_int_equal(answer.status, 200);
	assert_string_equal(api_text(&answer, "rows.0.id"), "CN-R1");
	assert_int_equal(api_int(&answer, "rows.0.limit.hours"), 1);
	assert_string_equal(api_text(&answer, "rows.0.when.1.at_least"), "III");
	const struct doc *rows = api_at(&answer, "rows");
	for (size_t i = 0; i < rows->n; i++) {
		assert_true(doc_string(doc_get(&rows->items[i], STR("source"))).n > 0);
		assert_int_equal(doc_get(&rows->items[i], STR("verified"))->type, DOC_BOOL);
	}
	answer = api_get(&api, &duty, "/api/grading");
	assert_string_equal(api_text(&answer, "rows.0.name"), "cn-2025");
	assert_string_equal(api_text(&answer, "rows.0.grades.0.name"), "I");
	answer = api_get(&api, &duty, "/api/categories");
	assert_string_equal(api_text(&answer, "rows.0.classes.0.kinds.6.label.zh-CN"), "勒索软件事件");
	assert_int_equal(api_get(&api, NULL, "/api/clocks").status, 401);
	api_close(&api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_law_with_its_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
