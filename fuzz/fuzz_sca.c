/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_sca: any bytes as an SCA policy, whose patterns are then tried on the bytes themselves. A refusal and
 * every problem must name file, line and column.
 */
#include <stdlib.h>

#include "check/sca_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_place(const char *text)
{
	require(strncmp(text, "f:", 2) == 0 && text[2] >= '1' && text[2] <= '9');
}

static void check_try(struct sca_matcher *matcher, struct sca_check *check, struct str text)
{
	for (size_t i = 0; i < check->n; i++) {
		struct sca_rule *rule = &check->rules[i];
		require(rule->target.n > 0);
		(void)sca_pattern_fault(matcher, &rule->pattern);
		for (int command = 0; rule->pattern.text.p && command < 2; command++) {
			struct sca_hit hit = sca_pattern_find(matcher, &rule->pattern, text, command);
			require(hit.result != SCA_INVALID || hit.reason.english);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	struct source source = { .name = "f", .text = { (const char *)data, size } };
	struct sca_policy policy;
	struct strings problems = { 0 };
	struct err err = { 0 };
	if (size > 16384)
		return 0;
	if (sca_policy_parse(&arena, &source, &policy, &problems, &err) < 0) {
		require_place(err.text);
		return 0;
	}
	for (size_t i = 0; i < problems.n; i++)
		require_place(arena_cstr(&arena, problems.p[i]));
	struct sca_policies all = { .p = &policy, .n = 1 };
	CLEANUP(sca_matcher_free_p) struct sca_matcher *matcher = sca_matcher_new(&arena);
	struct str text = str_slice(source.text, 0, 512);
	check_try(matcher, &policy.requirements, text);
	for (size_t i = 0; i < policy.n && i < 20; i++)
		check_try(matcher, &policy.checks[i], text);
	sca_policies_done(&all);
	return 0;
}
