/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/trial.h"

#include "base/clock.h"
#include "detect/correlate.h"
#include "detect/example.h"
#include "detect/reference.h"
#include "event/parser.h"

enum { CORRELATOR_MEMORY = 64 * 1024 * 1024, REPEAT_MOST = 100000 };
static const int64_t second = INT64_C(1000000000);

void trial_init(struct trial *trial, const struct sigma_rules *rules, const struct mappings *mappings)
{
	*trial = (struct trial){ rules, mappings, names_new() };
	mappings_alias(mappings, trial->names);
}

void trial_done(struct trial *trial)
{
	names_free(trial->names);
	trial->names = NULL;
}

/* ---- events ---- */

static void line_read(struct trial *trial, struct batch *batch, struct str format, struct str line)
{
	const struct parser *parser = format.p ? parser_find(format) : parser_probe(line);
	struct parse_options options = { .now = clock_now() * second };
	struct parse parse;
	(void)trial;
	parse_init(&parse, parser ? parser : parser_probe(line), &options);
	size_t used;
	BUF(text);
	buf_add(&text, line);
	if (!str_ends(line, "\n"))
		buf_add_char(&text, '\n');
	parse_lines(&parse, batch, arena_str(&batch->arena, buf_str(&text)), true, &used);
	parse_done(&parse);
}

static void event_read(struct trial *trial, struct batch *batch, const struct sigma_example *example,
                       const struct doc *node)
{
	if (node->type == DOC_STRING) {
		line_read(trial, batch, example->format, doc_string(node));
	} else {
		struct event event = example_event(&batch->arena, trial->names, node);
		event.parser = parser_find(STR("json"));
		vec_push_in(&batch->arena, &batch->events, event);
	}
}

/* The text with the number in each place that says "{i}". */
static struct str numbered(struct arena *arena, struct str text, int64_t i)
{
	BUF(out);
	for (ptrdiff_t at; (at = str_find(text, "{i}")) >= 0; text = str_slice(text, (size_t)at + 3, text.n)) {
		buf_add(&out, str_slice(text, 0, (size_t)at));
		buf_printf(&out, "%lld", (long long)i);
	}
	buf_add(&out, text);
	return arena_str(arena, buf_str(&out));
}

/* {repeat: 20, event: …}: so many events, numbered. */
static bool event_repeat(struct trial *trial, struct batch *batch, const struct sigma_example *example, const struct doc *node)
{
	const struct doc *times = node->type == DOC_MAP ? doc_get(node, STR("repeat")) : NULL;
	const struct doc *event = node->type == DOC_MAP ? doc_get(node, STR("event")) : NULL;
	if (!times || times->type != DOC_INT || !event)
		return false;
	for (int64_t i = 0; i < MIN(times->integer, (int64_t)REPEAT_MOST); i++) {
		if (event->type == DOC_STRING) {
			line_read(trial, batch, example->format, numbered(&batch->arena, doc_string(event), i));
			continue;
		}
		event_read(trial, batch, example, event);
		struct event *made = &batch->events.p[batch->events.n - 1];
		for (uint32_t k = 0; k < made->n; k++)
			made->fields[k].value = numbered(&batch->arena, made->fields[k].value, i);
	}
	return true;
}

/* ---- the way of an event to a rule ---- */

struct route {
	const struct mapping_logsource *logsource;
};

static struct str rename_field(void *ctx, struct str field)
{
	const struct route *route = ctx;
	for (size_t i = 0; route->logsource && i < route->logsource->fields.n; i++)
		if (str_eq(route->logsource->fields.p[i].sigma, field))
			return route->logsource->fields.p[i].own;
	return field;
}

static bool conditions_meet(const struct trial *trial, const struct sigma_rule *rule, const struct event *event,
                            const struct mapping_logsource *logsource)
{
	struct route route = { logsource };
	for (size_t i = 0; i < rule->n_conditions; i++)
		if (reference_match(rule->conditions[i], event, trial->names, rename_field, &route))
			return true;
	return false;
}

/* *reached: some source brought the event to the rule. */
static bool rule_meets(const struct trial *trial, const struct sigma_rule *rule, const struct event *event, bool *reached)
{
	bool known = false;
	for (size_t i = 0; i < trial->mappings->n; i++) {
		const struct mapping *mapping = &trial->mappings->p[i];
		bool takes = mapping_takes(mapping, event, trial->names);
		for (size_t k = 0; k < mapping->logsources.n; k++) {
			const struct mapping_logsource *logsource = &mapping->logsources.p[k];
			if (!mapping_serves(logsource, rule->product, rule->category, rule->service))
				continue;
			known = true;
			if (!takes || !mapping_meets(&logsource->when, event, trial->names))
				continue;
			*reached = true;
			if (conditions_meet(trial, rule, event, logsource))
				return true;
		}
	}
	if (known)
		return false;
	*reached = true;
	return conditions_meet(trial, rule, event, NULL);
}

/* ---- correlations ---- */

struct found {
	const struct sigma_rule *rule;
	bool found;
};

static void correlation_seen(void *ctx, const struct correlation_match *match)
{
	struct found *found = ctx;
	found->found |= match->rule == found->rule;
}

static bool correlation_meets(struct trial *trial, const struct batch *batch, const struct sigma_rule *rule)
{
	CLEANUP(correlator_free_p) struct correlator *correlator = correlator_new(trial->rules, CORRELATOR_MEMORY);
	struct found found = { .rule = rule };
	int64_t last = 0;
	for (size_t i = 0; i < batch->events.n; i++) {
		const struct event *event = &batch->events.p[i];
		last = event->time;
		for (size_t k = 0; k < trial->rules->n; k++) {
			const struct sigma_rule *part = trial->rules->p[k];
			bool reached = false;
			if (part->correlation.type != CORRELATION_NONE || !rule_meets(trial, part, event, &reached))
				continue;
			const struct match match = { .rule = part, .event = event };
			correlator_feed(correlator, &match, batch->names, STR("example"), correlation_seen, &found);
		}
	}
	correlator_advance(correlator, last + 400 * 24 * 3600 * second, correlation_seen, &found);
	return found.found;
}

/* ---- one example ---- */

static void read_any(struct trial *trial, struct batch *batch, const struct sigma_example *example, const struct doc *node)
{
	if (!event_repeat(trial, batch, example, node))
		event_read(trial, batch, example, node);
}

bool trial_run(struct trial *trial, struct arena *arena, const struct sigma_rule *rule, const struct sigma_example *example,
               struct note *why)
{
	CLEANUP(batch_done) struct batch batch = { .names = trial->names };
	const struct doc *node = example->event;
	if (node->type == DOC_ARRAY)
		for (size_t i = 0; i < node->n; i++)
			read_any(trial, &batch, example, &node->items[i]);
	else
		read_any(trial, &batch, example, node);
	int64_t now = clock_now() * second;
	const struct timestamp_hint hint = { .now = now };
	int64_t last = now;
	for (size_t i = 0; i < batch.events.n; i++) {
		struct event *event = &batch.events.p[i];
		mapping_complete(&batch.arena, mapping_of(trial->mappings, event, trial->names), event, trial->names, &hint);
		if (event->time == EVENT_NO_TIME)
			event->time = last + second;
		last = event->time;
	}
	if (rule->correlation.type != CORRELATION_NONE)
		return correlation_meets(trial, &batch, rule);
	bool reached = false;
	for (size_t i = 0; i < batch.events.n; i++)
		if (rule_meets(trial, rule, &batch.events.p[i], &reached))
			return true;
	for (size_t i = 0; i < batch.events.n; i++)
		if (batch.events.p[i].flaw)
			*why = note_copy(arena, NOTE("the line could not be read: {}", str_from(batch.events.p[i].flaw)));
	if (!why->english && !reached)
		*why = NOTE("no known source of this log source takes the event; give the fields that tell it (EventID, Channel …)");
	return false;
}
