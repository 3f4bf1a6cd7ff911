/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "web/stream.h"

static struct stream *stream;
static const struct actor all = { .id = 2, .org = 1, .whole = true }, county = { .id = 3, .org = 5 };

/* A connection that waits: `asleep` while set aside; how often it was, and how often called back. */
struct sleeper {
	_Atomic int asleep, slept, woken;
};
static void set_aside(void *ctx)
{
	struct sleeper *sleeper = ctx;
	sleeper->slept++;
	sleeper->asleep = 1;
}
static void call_back(void *ctx)
{
	struct sleeper *sleeper = ctx;
	sleeper->woken++;
	sleeper->asleep = 0;
}

/* Everything there is to hear now. */
static char *heard(struct subscriber *subscriber, struct sleeper *sleeper)
{
	static char text[1 << 20];
	const struct subscriber_waker waker = { set_aside, call_back, sleeper };
	size_t n = 0;
	ssize_t got;
	int before = sleeper->slept;
	while ((got = subscriber_read(subscriber, text + n, MIN(sizeof(text) - 1 - n, (size_t)100), &waker)) > 0)
		n += (size_t)got;
	text[n] = 0;
	assert_true(sleeper->slept == before + 1 || got == -EPIPE); /* and may have been called back by now */
	return text;
}

static void wait_awake(struct sleeper *sleeper)
{
	for (int i = 0; sleeper->asleep && i < 60000; i++)
		usleep(1000);
	assert_false(sleeper->asleep);
}

static void change(const char *kind, int64_t object, int64_t org)
{
	struct change one = { .kind = str_from(kind), .object = object, .org = org, .action = STR("edit") };
	stream_on_change(stream, object, &one);
}

/* The id of the last event in a text. */
static struct str last_id(const char *text)
{
	static char id[64];
	const char *at = NULL;
	for (const char *p = text; (p = strstr(p, "id: ")); p++)
		at = p;
	assert_non_null(at);
	assert_int_equal(sscanf(at, "id: %63[0-9a-f-]", id), 1);
	return str_from(id);
}

static void only_what_one_may_see(void **state)
{
	(void)state;
	struct subscriber *a, *b;
	struct sleeper sleeper_a = { 0 }, sleeper_b = { 0 };
	assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &a, NULL), 0);
	assert_int_equal(stream_subscribe(stream, &county, STR_NONE, &b, NULL), 0);
	assert_non_null(strstr(heard(a, &sleeper_a), "event: hello\n"));
	heard(b, &sleeper_b);
	change("finding", 17, 5);
	change("finding", 18, 6);
	wait_awake(&sleeper_a);
	wait_awake(&sleeper_b);
	char *text = heard(a, &sleeper_a);
	assert_non_null(strstr(text, "event: change\ndata: {\"seq\":17,\"kind\":\"finding\",\"object\":17,\"org\":5,\"action\":\"edit\"}\n\n"));
	assert_non_null(strstr(text, "\"object\":18"));
	text = heard(b, &sleeper_b);
	assert_non_null(strstr(text, "\"object\":17"));
	assert_null(strstr(text, "\"object\":18"));
	/* For one person alone. */
	stream_tell(stream, "progress", 3, STR_NONE, 0, STR("{\"n\":1}"));
	wait_awake(&sleeper_a);
	wait_awake(&sleeper_b);
	assert_string_equal(heard(a, &sleeper_a), "");
	assert_non_null(strstr(heard(b, &sleeper_b), "event: progress\ndata: {\"n\":1}\n\n"));
	subscriber_close(a);
	subscriber_close(b);
}

static void who_comes_back_gets_what_was_missed(void **state)
{
	(void)state;
	struct subscriber *a;
	struct sleeper sleeper = { 0 };
	char id[64];
	assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &a, NULL), 0);
	heard(a, &sleeper);
	change("finding", 1, 1);
	wait_awake(&sleeper);
	struct str last = last_id(heard(a, &sleeper));
	snprintf(id, sizeof(id), "%.*s", STR_ARG(last));
	subscriber_close(a);
	change("finding", 2, 1);
	change("finding", 3, 1);
	assert_int_equal(stream_subscribe(stream, &all, str_from(id), &a, NULL), 0);
	char *text = heard(a, &sleeper);
	assert_null(strstr(text, "\"object\":1"));
	assert_non_null(strstr(text, "\"object\":2"));
	assert_non_null(strstr(text, "\"object\":3"));
	assert_null(strstr(text, "refetch"));
	subscriber_close(a);
	/* Of another process, of the future, or nonsense. */
	static const char *const bad[] = { "00000000-1", "x", "1", "-", "ffffffffffffffff-9", "" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(stream_subscribe(stream, &all, str_from(bad[i]), &a, NULL), 0);
		assert_int_equal(strstr(heard(a, &sleeper), "event: refetch") != NULL, bad[i][0] != 0);
		subscriber_close(a);
	}
}

static void who_falls_behind_asks_anew(void **state)
{
	(void)state;
	struct subscriber *a, *b;
	struct sleeper sleeper = { 0 }, other = { 0 };
	char id[64];
	assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &a, NULL), 0);
	struct str last = last_id(heard(a, &sleeper));
	snprintf(id, sizeof(id), "%.*s", STR_ARG(last));
	for (int64_t i = 1; i <= 3 * STREAM_RING; i++)
		change("import", i, 1);
	wait_awake(&sleeper);
	char *text = heard(a, &sleeper);
	assert_non_null(strstr(text, "event: refetch"));
	assert_null(strstr(text, "import"));
	assert_int_equal(stream_subscribe(stream, &all, str_from(id), &b, NULL), 0);
	assert_non_null(strstr(heard(b, &other), "event: refetch"));
	change("finding", 99, 1);
	wait_awake(&sleeper);
	assert_non_null(strstr(heard(a, &sleeper), "\"object\":99"));
	subscriber_close(a);
	subscriber_close(b);
}

/* Not once for each: once, and then again when a moment has passed. */
static void a_burst_wakes_once(void **state)
{
	(void)state;
	struct subscriber *a;
	struct sleeper sleeper = { 0 };
	assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &a, NULL), 0);
	heard(a, &sleeper);
	int64_t begun = clock_monotonic_ns();
	int before = sleeper.woken;
	for (int64_t i = 1; i <= 100; i++) {
		change("finding", i, 1);
		usleep(200);
		heard(a, &sleeper);
	}
	int woken = sleeper.woken - before;
	int64_t moments = (clock_monotonic_ns() - begun) / (100 * 1000 * 1000);
	if (woken > moments + 2)
		fail_msg("woken %d times in %d tenths of a second", woken, (int)moments);
	wait_awake(&sleeper);
	subscriber_close(a);
}

static void a_person_has_a_few(void **state)
{
	(void)state;
	struct subscriber *many[STREAM_USER], *one;
	struct err err = { "" };
	for (size_t i = 0; i < COUNT(many); i++)
		assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &many[i], NULL), 0);
	assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &one, &err), -EDQUOT);
	assert_int_equal(stream_subscribe(stream, &county, STR_NONE, &one, NULL), 0);
	subscriber_close(one);
	for (size_t i = 0; i < COUNT(many); i++)
		subscriber_close(many[i]);
}

/* Publishers and readers at once: nobody sleeps over an event, each hears its own in order. */
enum { EACH = 90, READERS = 4 }; /* of two writers: fewer than STREAM_AT_ONCE, however long a reader is kept from reading */

static void *read_all(void *ctx)
{
	struct subscriber *subscriber = ctx;
	struct sleeper sleeper = { 0 };
	size_t n = 0, at = 0;
	for (int i = 0; n < 2 * EACH && i < 60000; i++) {
		const struct subscriber_waker waker = { set_aside, call_back, &sleeper };
		char piece[333];
		ssize_t got = subscriber_read(subscriber, piece, sizeof(piece) - 1, &waker);
		for (ssize_t k = 0; k < got; k++) { /* count "object" over the cuts */
			static const char word[] = "\"object\"";
			at = piece[k] == word[at] ? at + 1 : piece[k] == word[0];
			if (at == sizeof(word) - 1) {
				n++;
				at = 0;
			}
		}
		while (got == 0 && sleeper.asleep && i++ < 60000)
			usleep(1000);
	}
	return (void *)n;
}

static void *publish(void *ctx)
{
	for (int64_t i = 0; i < EACH; i++) {
		change("finding", i, (int64_t)(intptr_t)ctx);
		usleep(2000);
	}
	return NULL;
}

static void at_the_same_time(void **state)
{
	(void)state;
	pthread_t writers[2], readers[READERS];
	struct subscriber *subscribers[READERS];
	void *n;
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &subscribers[i], NULL), 0);
		pthread_create(&readers[i], NULL, read_all, subscribers[i]);
	}
	for (size_t i = 0; i < 2; i++)
		pthread_create(&writers[i], NULL, publish, (void *)1);
	for (size_t i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	for (size_t i = 0; i < READERS; i++) {
		pthread_join(readers[i], &n);
		assert_int_equal((size_t)n, 2 * EACH);
		subscriber_close(subscribers[i]);
	}
}

static void the_end(void **state)
{
	(void)state;
	struct subscriber *a, *b;
	struct sleeper sleeper = { 0 };
	assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &a, NULL), 0);
	heard(a, &sleeper);
	stream_stop(stream);
	assert_false(sleeper.asleep);
	assert_string_equal(heard(a, &sleeper), "");
	subscriber_close(a);
	assert_int_equal(stream_subscribe(stream, &all, STR_NONE, &b, NULL), -EBUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_one_may_see),
		cmocka_unit_test(who_comes_back_gets_what_was_missed),
		cmocka_unit_test(who_falls_behind_asks_anew),
		cmocka_unit_test(a_burst_wakes_once),
		cmocka_unit_test(a_person_has_a_few),
		cmocka_unit_test(at_the_same_time),
		cmocka_unit_test(the_end),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (stream_new(NULL, &stream, NULL) < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	stream_free(stream);
	return failed;
}
