/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "role/monitor.h"

static struct shared *shared;

static int setup(void **state)
{
	(void)state;
	shared = shared_new();
	shared->n_sources = 1;
	memcpy(shared->sources[0].name, "auth", 5);
	shared->sources[0].events = 4711;
	return 0;
}

static void answers(const char *request, const char *status, const char *holds)
{
	BUF(response);
	assert_int_equal(monitor_answer(shared, str_from(request), &response), 1);
	assert_memory_equal(buf_cstr(&response), status, strlen(status));
	assert_non_null(strstr(buf_cstr(&response), holds));
}

static void two_pages_and_nothing_else(void **state)
{
	(void)state;
	answers("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9273\r\n\r\n", "HTTP/1.1 200", "ward_source_events_total{source=\"auth\"} 4711\n");
	answers("GET /status HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "\"events\":4711");
	answers("GET /metrics HTTP/1.1\nHost: x\n\n\r\n\r\n", "HTTP/1.1 403", "machine itself");
	answers("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404", "/metrics");
	answers("GET /../etc/passwd HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "HTTP/1.1 404", "/metrics");
	answers("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 405", "GET");
	answers("\r\n\r\n", "HTTP/1.1 400", "");
	answers("GET /metrics\r\n\r\n", "HTTP/1.1 400", "");
	answers("GET /metrics HTTP/1.1 x\r\n\r\n", "HTTP/1.1 400", "");
	answers("GET /metrics HTTP/1.1\r\nno header\r\n\r\n", "HTTP/1.1 400", "");
}

/* A page of somebody else, led here by its own name server, reads nothing. */
static void other_names_are_refused(void **state)
{
	(void)state;
	answers("GET /status HTTP/1.1\r\nHost: evil.example:9273\r\n\r\n", "HTTP/1.1 403", "machine itself");
	answers("GET /status HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", "HTTP/1.1 403", "machine itself");
}

static void half_a_request_waits_and_a_long_one_ends(void **state)
{
	(void)state;
	BUF(request);
	BUF(response);
	assert_int_equal(monitor_answer(shared, STR("GET /metr"), &response), 0);
	buf_puts(&request, "GET /metrics HTTP/1.1\r\nX: ");
	while (request.n < MONITOR_REQUEST)
		buf_add_char(&request, 'x');
	assert_int_equal(monitor_answer(shared, buf_str(&request), &response), 1);
	assert_memory_equal(buf_cstr(&response), "HTTP/1.1 400", 12);
}

static void texts_are_seen_whole(void **state)
{
	(void)state;
	ARENA(arena);
	struct shared_text text = { 0 };
	shared_say(&text, "no space left");
	assert_true(str_is(shared_said(&arena, &text), "no space left"));
	text.version++; /* being written, by somebody who died over it */
	assert_true(str_is(shared_said(&arena, &text), ""));
	shared_say(&text, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_pages_and_nothing_else),
		cmocka_unit_test(other_names_are_refused),
		cmocka_unit_test(half_a_request_waits_and_a_long_one_ends),
		cmocka_unit_test(texts_are_seen_whole),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
