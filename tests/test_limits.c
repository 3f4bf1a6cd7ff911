/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "web/limits.h"

#define SECOND ((int64_t)1000000000)

static struct limits *limits;

static unsigned taken(const char *key, struct limit limit, int64_t now, unsigned tries)
{
	unsigned n = 0;
	for (unsigned i = 0; i < tries; i++)
		n += limits_take(limits, LIMIT_ADDRESS, str_from(key), limit, now);
	return n;
}

static void a_burst_then_a_rate(void **state)
{
	(void)state;
	struct limit limit = { 3600 * 10, 20 }; /* ten a second */
	assert_int_equal(taken("192.0.2.1", limit, 5 * SECOND, 100), 20);
	assert_int_equal(taken("192.0.2.1", limit, 6 * SECOND, 100), 10);
	assert_int_equal(taken("192.0.2.1", limit, 6 * SECOND + SECOND / 2, 100), 5);
	assert_int_equal(taken("192.0.2.1", limit, 100 * SECOND, 100), 20);
	assert_int_equal(taken("192.0.2.1", limit, 99 * SECOND, 100), 0); /* a clock that stood still gives nothing */
}

static void keys_and_kinds_are_apart(void **state)
{
	(void)state;
	struct limit limit = { 3600, 1 };
	assert_int_equal(taken("a", limit, SECOND, 2), 1);
	assert_int_equal(taken("b", limit, SECOND, 2), 1);
	assert_true(limits_take(limits, LIMIT_USER, STR("a"), limit, SECOND));
	assert_int_equal(taken("c", (struct limit){ 0, 1 }, SECOND, 1000), 1000);
	assert_int_equal(taken("d", (struct limit){ 1, UINT32_MAX }, SECOND, 1000), 1000);
}

/* A hundred thousand addresses that come once do not make room for one that comes often. */
static void many_keys_do_not_help(void **state)
{
	(void)state;
	struct limit limit = { 3600, 100 };
	char key[32];
	assert_int_equal(taken("busy", limit, SECOND, 200), 100);
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		(void)!limits_take(limits, LIMIT_ADDRESS, str_from(key), limit, SECOND);
	}
	assert_int_equal(taken("busy", limit, SECOND, 200), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_then_a_rate),
		cmocka_unit_test(keys_and_kinds_are_apart),
		cmocka_unit_test(many_keys_do_not_help),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	limits = limits_new();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	limits_free(limits);
	return failed;
}
