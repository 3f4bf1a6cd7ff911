/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Correlations over made-up matches: each type, late matches, floods, memory, and a restart in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect/correlate.h"

#define SECOND INT64_C(1000000000)

/* Three ordinary rules, called a, b and c. */
static struct sigma_rule ordinary[3] = {
	{ .id = { "a", 1 } }, { .id = { "b", 1 } }, { .id = { "c", 1 } },
};

struct bench {
	struct arena arena;
	struct names *names;
	struct sigma_rule rules[2]; /* the correlations under test */
	const struct sigma_rule *list[2];
	struct sigma_rules all;
	struct correlator *correlator;
	int found;
	struct correlation_match last;
	char group[64], first_event[64];
};

static struct strings strings(struct arena *arena, const char *words)
{
	struct strings out = { ARENA_ARRAY(arena, struct str, 8), 0 };
	struct str rest = str_from(words), word;
	while ((word = str_word(&rest)).n)
		out.p[out.n++] = word;
	return out;
}

static struct sigma_correlation *correlation(struct bench *bench, size_t i, enum sigma_correlation_type type, const char *rules,
                                             const char *group_by, int64_t timespan)
{
	struct sigma_correlation *c = &bench->rules[i].correlation;
	bench->rules[i].id = i ? STR("second") : STR("first");
	*c = (struct sigma_correlation){
		.type = type,
		.rules = strings(&bench->arena, rules),
		.group_by = strings(&bench->arena, group_by),
		.timespan = timespan,
		.generate = true,
	};
	c->rule = ARENA_ARRAY(&bench->arena, const struct sigma_rule *, 8);
	for (size_t k = 0; k < c->rules.n; k++)
		c->rule[k] = str_is(c->rules.p[k], "first") ? &bench->rules[0] : &ordinary[c->rules.p[k].p[0] - 'a'];
	bench->list[i] = &bench->rules[i];
	bench->all = (struct sigma_rules){ bench->list, i + 1 };
	return c;
}

static void found(void *ctx, const struct correlation_match *match)
{
	struct bench *bench = ctx;
	bench->found++;
	bench->last = *match;
	snprintf(bench->group, sizeof(bench->group), "%.*s", match->group->n ? (int)match->group->p[0].n : 0,
	         match->group->n ? match->group->p[0].p : "");
	snprintf(bench->first_event, sizeof(bench->first_event), "%.*s", STR_ARG(match->events[0]));
}

/* A match of rule 'a', 'b' or 'c' at a second, with fields "user=x n=5". How many correlations it completed. */
static int feed(struct bench *bench, char rule, double second, const char *fields)
{
	ARENA(arena);
	struct event_field list[8];
	struct event event = { .time = (int64_t)(second * 1e9), .fields = list };
	struct str rest = str_from(fields), word;
	while ((word = str_word(&rest)).n) {
		struct str name = str_cut(&word, '=');
		list[event.n++] = (struct event_field){ .name = names_add(bench->names, name), .value = word };
	}
	struct match match = { .rule = &ordinary[rule - 'a'], .event = &event };
	if (!bench->correlator)
		bench->correlator = correlator_new(&bench->all, 1 << 20);
	int before = bench->found;
	correlator_feed(bench->correlator, &match, bench->names, arena_printf(&arena, "%c@%g", rule, second), found, bench);
	return bench->found - before;
}

static int end(struct bench *bench, int64_t now)
{
	int before = bench->found;
	correlator_advance(bench->correlator, now, found, bench);
	return bench->found - before;
}

static int setup(void **state)
{
	struct bench *bench = mem_alloc(sizeof(*bench));
	bench->names = names_new();
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	correlator_free(bench->correlator);
	names_free(bench->names);
	arena_done(&bench->arena);
	free(bench);
	return 0;
}

static void counts_events_in_a_window_for_each_group(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_EVENT_COUNT, "a", "user", 10 * SECOND);
	c->count.ge = true, c->count.ge_than = 3;
	assert_int_equal(feed(b, 'a', 0, "user=x"), 0);
	assert_int_equal(feed(b, 'a', 1, "user=y"), 0);
	assert_int_equal(feed(b, 'a', 5, "user=x"), 0);
	assert_int_equal(feed(b, 'b', 6, "user=x"), 0);  /* another rule */
	assert_int_equal(feed(b, 'a', 6, "other=x"), 0); /* of no group */
	assert_int_equal(feed(b, 'a', 11, "user=x"), 0); /* the first is past its window */
	assert_int_equal(feed(b, 'a', 12, "user=x"), 1);
	assert_string_equal(b->group, "x");
	assert_string_equal(b->first_event, "a@5");
	assert_int_equal(b->last.n_events, 3);
	assert_int_equal(feed(b, 'a', 13, "user=x"), 0); /* still going on */
	/* An attack that goes on is said again after each window. */
	int said = 0;
	for (int second = 14; second < 64; second++)
		said += feed(b, 'a', second, "user=x");
	assert_int_equal(said, 4);
	/* And anew when it had ended. */
	assert_int_equal(feed(b, 'a', 200, "user=x") + feed(b, 'a', 201, "user=x"), 0);
	assert_int_equal(feed(b, 'a', 202, "user=x"), 1);
}

static void late_events_count(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_EVENT_COUNT, "a", "", 10 * SECOND);
	c->count.ge = true, c->count.ge_than = 3;
	(void)feed(b, 'a', 100, "");
	(void)feed(b, 'a', 109, "");
	assert_int_equal(feed(b, 'a', 115, ""), 0);  /* 105…115 holds two */
	assert_int_equal(feed(b, 'a', 104, ""), 1);  /* completes 100…109 */
	assert_string_equal(b->first_event, "a@100");
	assert_int_equal(feed(b, 'a', 60, ""), 0);
	assert_int_equal(correlator_dropped(b->correlator), 1); /* too late for anything */
}

static void counts_distinct_values(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_VALUE_COUNT, "a", "host", 10 * SECOND);
	c->fields = strings(&b->arena, "user");
	c->count.gt = true, c->count.gt_than = 2;
	assert_int_equal(feed(b, 'a', 0, "host=h user=1"), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(feed(b, 'a', i * 0.01, "host=h user=2"), 0);
	assert_int_equal(feed(b, 'a', 1, "host=h"), 0); /* without the field it counts nothing */
	assert_int_equal(feed(b, 'a', 2, "host=h user=3"), 1);
	assert_true(b->last.value == 3);
	/* Values leave with the window. */
	assert_int_equal(feed(b, 'a', 13, "host=h user=4"), 0);
	assert_int_equal(feed(b, 'a', 14, "host=h user=5"), 0);
	assert_int_equal(feed(b, 'a', 15, "host=h user=6"), 1);
}

static void sums_averages_and_percentiles(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_VALUE_SUM, "a", "", 10 * SECOND);
	c->fields = strings(&b->arena, "n");
	c->count.ge = true, c->count.ge_than = 100;
	c = correlation(b, 1, CORRELATION_VALUE_PERCENTILE, "b", "", 10 * SECOND);
	c->fields = strings(&b->arena, "n");
	c->percentile = 90;
	c->count.gt = true, c->count.gt_than = 8;
	assert_int_equal(feed(b, 'a', 0, "n=60"), 0);
	assert_int_equal(feed(b, 'a', 1, "n=word"), 0);
	assert_int_equal(feed(b, 'a', 2, "n=40.5"), 1);
	assert_true(b->last.value == 100.5);
	/* The 90th percentile of 1…10 is 9, by the nearest rank; judged when the window is over. */
	for (int i = 1; i <= 10; i++) {
		char text[16];
		snprintf(text, sizeof(text), "n=%d", i);
		assert_int_equal(feed(b, 'b', 100 + i * 0.5, text), 0);
	}
	assert_int_equal(end(b, 119 * SECOND), 0);
	assert_int_equal(end(b, 140 * SECOND), 1);
	assert_true(b->last.value == 9);
	assert_int_equal(end(b, INT64_MAX), 0);
}

static void fewer_than_is_known_at_the_end(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_EVENT_COUNT, "a", "host", 60 * SECOND);
	c->count.lt = true, c->count.lt_than = 3;
	for (int i = 0; i < 3; i++)
		(void)feed(b, 'a', i, "host=busy");
	assert_int_equal(feed(b, 'a', 10, "host=quiet"), 0);
	assert_int_equal(end(b, INT64_MAX), 1);
	assert_string_equal(b->group, "quiet");
}

static void rules_together_in_any_order_or_in_theirs(void **state)
{
	struct bench *b = *state;
	(void)correlation(b, 0, CORRELATION_TEMPORAL, "a b c", "user", 10 * SECOND);
	(void)correlation(b, 1, CORRELATION_TEMPORAL_ORDERED, "a b c", "user", 10 * SECOND);
	assert_int_equal(feed(b, 'c', 0, "user=x"), 0);
	assert_int_equal(feed(b, 'a', 1, "user=x"), 0);
	assert_int_equal(feed(b, 'b', 2, "user=y"), 0);
	assert_int_equal(feed(b, 'b', 3, "user=x"), 1);
	assert_true(str_is(b->last.rule->id, "first"));
	assert_int_equal(feed(b, 'c', 4, "user=x"), 1);
	assert_true(str_is(b->last.rule->id, "second"));
	/* Too far apart. */
	(void)feed(b, 'a', 100, "user=x");
	(void)feed(b, 'b', 105, "user=x");
	assert_int_equal(feed(b, 'c', 111, "user=x"), 0);
	/* The missing one comes late. */
	(void)feed(b, 'a', 200, "user=x");
	(void)feed(b, 'c', 204, "user=x");
	assert_int_equal(feed(b, 'b', 202, "user=x"), 2);
}

static void aliases_name_fields_by_rule(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_TEMPORAL, "a b", "who", 10 * SECOND);
	struct sigma_alias aliases[] = {
		{ STR("who"), STR("a"), STR("user") },
		{ STR("who"), STR("b"), STR("account") },
	};
	c->aliases = aliases;
	c->n_aliases = 2;
	(void)feed(b, 'a', 0, "user=x account=z");
	assert_int_equal(feed(b, 'b', 1, "user=x account=y"), 0);
	assert_int_equal(feed(b, 'b', 2, "account=x"), 1);
}

static void correlations_of_correlations(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_EVENT_COUNT, "a", "user", 10 * SECOND);
	c->count.ge = true, c->count.ge_than = 3;
	b->rules[0].hidden = true;
	(void)correlation(b, 1, CORRELATION_TEMPORAL_ORDERED, "first b", "user", 60 * SECOND);
	for (int i = 0; i < 5; i++)
		assert_int_equal(feed(b, 'a', i, "user=x"), 0);
	assert_int_equal(feed(b, 'b', 20, "user=y"), 0);
	assert_int_equal(feed(b, 'b', 30, "user=x"), 1);
	assert_true(str_is(b->last.rule->id, "second"));
}

static void memory_is_bounded(void **state)
{
	struct bench *b = *state;
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_EVENT_COUNT, "a", "user", 1000000 * SECOND);
	c->count.ge = true, c->count.ge_than = 1e9;
	char text[32];
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "user=u%d", i);
		(void)feed(b, 'a', i, text);
	}
	uint64_t dropped = correlator_dropped(b->correlator);
	assert_in_range(dropped, 15000, 19999);
	for (int i = 0; i < 50000; i++) /* one group alone */
		(void)feed(b, 'a', 20000 + i, "user=one");
	assert_true(correlator_dropped(b->correlator) > dropped + 20000);
	BUF(saved);
	correlator_save(b->correlator, &saved);
	assert_true(saved.n < 4 << 20);
}

static void a_restart_forgets_nothing(void **state)
{
	struct bench *b = *state;
	struct err err = { 0 };
	struct sigma_correlation *c = correlation(b, 0, CORRELATION_VALUE_COUNT, "a", "host", 100 * SECOND);
	c->fields = strings(&b->arena, "user");
	c->count.ge = true, c->count.ge_than = 4;
	(void)feed(b, 'a', 1, "host=\"h\\ user=1");
	(void)feed(b, 'a', 2, "host=\"h\\ user=2");
	(void)feed(b, 'a', 3, "host=\"h\\ user=3");
	BUF(saved);
	BUF(again);
	correlator_save(b->correlator, &saved);
	correlator_free_p(&b->correlator);
	b->correlator = correlator_new(&b->all, 1 << 20);
	assert_int_equal(correlator_restore(b->correlator, buf_str(&saved), &err), 0);
	correlator_save(b->correlator, &again);
	assert_string_equal(buf_cstr(&saved), buf_cstr(&again));
	assert_int_equal(feed(b, 'a', 4, "host=\"h\\ user=3"), 0);
	assert_int_equal(feed(b, 'a', 5, "host=\"h\\ user=4"), 1);
	assert_int_equal(b->last.n_events, 5);
	/* Nonsense is refused with its line. */
	assert_int_equal(correlator_restore(b->correlator, STR("{\"ward_correlations\":1}\n{\"rule\":1}\n"), &err), -EINVAL);
	assert_non_null(strstr(err.text, "line 2"));
	assert_int_equal(correlator_restore(b->correlator, STR("{}"), &err), -EINVAL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(counts_events_in_a_window_for_each_group),
		TEST(late_events_count),
		TEST(counts_distinct_values),
		TEST(sums_averages_and_percentiles),
		TEST(fewer_than_is_known_at_the_end),
		TEST(rules_together_in_any_order_or_in_theirs),
		TEST(aliases_name_fields_by_rule),
		TEST(correlations_of_correlations),
		TEST(memory_is_bounded),
		TEST(a_restart_forgets_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
