/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_law: any bytes as clocks, a grading, categories. A refusal names the file; what is taken can be judged and written.
 */
#include <stdlib.h>

#include "case/grade.h"
#include "data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_json(struct arena *arena, struct str text)
{
	struct source source = { .name = "j", .text = text };
	const struct doc *doc;
	require(json_parse(arena, &source, &doc, NULL) == 0);
}

static void clocks(struct str text)
{
	ARENA(arena);
	struct source source = { .name = "f", .text = text };
	struct schema_list list = { 0 };
	struct case_facts facts;
	struct err err = { 0 };
	case_facts_init(&facts, &arena);
	case_facts_put(&facts, STR("grade"), cell_text(STR("II")));
	if (clocks_parse(&arena, &source, &list, &err) < 0) {
		require(str_starts(str_from(err.text), "f:"));
		return;
	}
	const struct clock_rule *rule = list.p;
	for (size_t i = 0; i < list.n; i++) {
		BUF(out);
		require(rule[i].kind > CLOCK_RECEIVER || rule[i].start.n);
		require(conditions_hold(&rule[i].when, &facts) <= HOLDS_UNKNOWN);
		json_open_map(&out, NULL);
		conditions_put(&out, "when", &rule[i].when, &facts);
		buf_add_char(&out, '}');
		require_json(&arena, buf_str(&out));
	}
}

static void grading(struct str text)
{
	ARENA(arena);
	struct source source = { .name = "f", .text = text };
	struct grading found;
	struct grade_result result;
	struct case_facts facts;
	struct err err = { 0 };
	case_facts_init(&facts, &arena);
	case_facts_put(&facts, STR("pi_count"), cell_int(20000000));
	if (grading_parse(&arena, &source, &found, &err) < 0) {
		require(str_starts(str_from(err.text), "f:"));
		return;
	}
	grade_calculate(&arena, &found, &facts, &result);
	require(grade_rank(result.grade) > 0);
	BUF(out);
	json_open_map(&out, NULL);
	grade_put(&out, "grade", &result, &facts);
	buf_add_char(&out, '}');
	require_json(&arena, buf_str(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	ARENA(arena);
	struct source source = { .name = "f", .text = text };
	struct categories some;
	struct err err = { 0 };
	clocks(text);
	grading(text);
	if (categories_parse(&arena, &source, &some, &err) < 0)
		require(str_starts(str_from(err.text), "f:"));
	return 0;
}
