/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A correlator's state as JSON, one group a line below a line that names the version, so that it can be looked at.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "data/json.h"
#include "detect/correlate_group.h"

enum { STATE_VERSION = 1 };

/* What the entries mean depends on all this. */
static uint64_t prdoc_int(const struct sigma_rule *rule)
{
	const struct sigma_correlation *c = &rule->correlation;
	uint64_t print = str_hash(rule->id.n ? rule->id : rule->title) + (uint64_t)c->type * 31 + (uint64_t)c->timespan;
	for (size_t i = 0; i < c->rules.n; i++)
		print = print * 33 + str_hash(c->rules.p[i]);
	for (size_t i = 0; i < c->group_by.n; i++)
		print = print * 33 + str_hash(c->group_by.p[i]);
	for (size_t i = 0; i < c->fields.n; i++)
		print = print * 33 + str_hash(c->fields.p[i]);
	return print;
}

void correlator_save(const struct correlator *correlator, struct buf *out)
{
	buf_printf(out, "{\"ward_correlations\":%d,\"now\":%" PRId64 ",\"dropped\":%" PRIu64 "}\n", STATE_VERSION,
	           correlator->now, correlator->dropped);
	for (const struct group *group = correlator->oldest; group; group = group->newer) {
		buf_printf(out, "{\"rule\":%" PRId64 ",\"reported\":%" PRId64 ",\"holds\":%s,\"group\":[",
		           (int64_t)prdoc_int(correlator->rules[group->rule]), group->reported, group->holds ? "true" : "false");
		for (size_t i = 0; i < group->values.n; i++) {
			buf_puts(out, i ? "," : "");
			json_add_string(out, group->values.p[i]);
		}
		buf_puts(out, "],\"entries\":[");
		for (size_t i = group->gone; i < group->entries.n; i++) {
			const struct entry *entry = &group->entries.p[i];
			buf_printf(out, "%s[%" PRId64 ",%u,", i > group->gone ? "," : "", entry->time, entry->rule);
			json_add_double(out, entry->number);
			buf_printf(out, ",%" PRId64 ",", (int64_t)entry->distinct);
			json_add_string(out, str_from(entry->reference));
			buf_add_char(out, ']');
		}
		buf_puts(out, "]}\n");
	}
}

static double real_of(const struct doc *node)
{
	return node->type == DOC_INT ? (double)node->integer : node->type == DOC_REAL ? node->real : 0;
}

/* One group. False when it does not look like one. */
static bool restore_group(struct correlator *correlator, struct arena *arena, const struct doc *line)
{
	const struct doc *rule = doc_get(line, STR("rule")), *values = doc_get(line, STR("group")),
	                 *entries = doc_get(line, STR("entries")), *held = doc_get(line, STR("holds"));
	if (!rule || rule->type != DOC_INT || !values || values->type != DOC_ARRAY || !entries || entries->type != DOC_ARRAY)
		return false;
	size_t which = 0;
	while (which < correlator->n && (int64_t)prdoc_int(correlator->rules[which]) != rule->integer)
		which++;
	if (which == correlator->n)
		return true; /* that rule is gone or means something else now */
	const struct sigma_correlation *c = &correlator->rules[which]->correlation;
	struct strings texts = { ARENA_ARRAY(arena, struct str, values->n + 1), values->n };
	if (texts.n != c->group_by.n)
		return false;
	for (size_t i = 0; i < texts.n; i++)
		texts.p[i] = doc_string(&values->items[i]);
	struct group *group = correlator_group(correlator, which, texts);
	for (uint32_t i = 0; i < entries->n; i++) {
		const struct doc *parts = &entries->items[i];
		if (parts->type != DOC_ARRAY || parts->n != 5 || parts->items[1].type != DOC_INT ||
		    parts->items[1].integer < 0 || (uint64_t)parts->items[1].integer >= c->rules.n)
			return false;
		struct str reference = doc_string(&parts->items[4]);
		struct entry entry = {
			.time = doc_int(&parts->items[0], 0),
			.rule = (uint32_t)parts->items[1].integer,
			.number = real_of(&parts->items[2]),
			.distinct = (uint64_t)doc_int(&parts->items[3], 0),
			.reference = mem_text(reference),
		};
		(void)group_insert(group, c, entry);
	}
	group->reported = doc_int(doc_get(line, STR("reported")), INT64_MIN);
	group->holds = held && held->type == DOC_BOOL && held->boolean;
	correlator_weigh(correlator, group);
	return true;
}

int correlator_restore(struct correlator *correlator, struct str saved, struct err *err)
{
	struct str line;
	for (unsigned number = 1; str_line(&saved, &line); number++) {
		ARENA(arena);
		struct source source = { .name = "correlations", .text = line };
		const struct doc *doc;
		int r = json_parse(&arena, &source, &doc, err);
		if (r < 0)
			return err_wrap(err, r, "state of correlations, line %u", number);
		if (number == 1) {
			if (doc_int(doc_get(doc, STR("ward_correlations")), 0) != STATE_VERSION)
				return err_set(err, -EINVAL, "this is no state of correlations, or one of another version of ward");
			correlator->now = doc_int(doc_get(doc, STR("now")), INT64_MIN);
			correlator->dropped = (uint64_t)doc_int(doc_get(doc, STR("dropped")), 0);
		} else if (!restore_group(correlator, &arena, doc)) {
			return err_set(err, -EINVAL, "state of correlations, line %u: this is no group", number);
		}
	}
	return 0;
}
