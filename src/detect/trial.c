/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/trial.h"

#include "base/clock.h"
#include "detect/correlate.h"
#include "detect/example.h"
#include "detect/reference.h"
#include "event/parser.h"

enum { CORRELATOR_MEMORY = 64 * 1024 * 1024, REPEAT_MOST = 100000 };
static const int64_t second = INT64_C(1000000000);

int trial_init(struct trial *trial, const struct sigma_rules *rules, const struct mappings *mappings, struct arena *arena,
               struct sigma_problems *problems, struct err *err)
{
	*trial = (struct trial){ .rules = rules, .mappings = mappings };
	int r = ruleset_compile(rules, mappings, arena, problems, &trial->ruleset, err);
	if (r < 0)
		return r;
	trial->detector = detector_new(trial->ruleset);
	trial->names = names_copy(ruleset_names(trial->ruleset));
	return 0;
}

void trial_done(struct trial *trial)
{
	names_free_p(&trial->names);
	detector_free_p(&trial->detector);
	ruleset_free_p(&trial->ruleset);
}

/* ---- events ---- */

static void line_read(struct batch *batch, struct str format, struct str line)
{
	const struct parser *parser = format.p ? parser_find(format) : parser_probe(line);
	struct parse_options options = { .now = clock_now() * second };
	struct parse parse;
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
		line_read(batch, example->format, doc_string(node));
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
			line_read(batch, example->format, numbered(&batch->arena, doc_string(event), i));
			continue;
		}
		event_read(trial, batch, example, event);
		struct event *made = &batch->events.p[batch->events.n - 1];
		for (uint32_t k = 0; k < made->n; k++)
			made->fields[k].value = numbered(&batch->arena, made->fields[k].value, i);
	}
	return true;
}

/* ---- judging ---- */

struct watch {
	const struct sigma_rule *rule;
	struct correlator *correlator; /* NULL: the rule is an ordinary one */
	const struct names *names;
	bool found;
};

static void correlation_seen(void *ctx, const struct correlation_match *match)
{
	struct watch *watch = ctx;
	watch->found |= match->rule == watch->rule;
}

static void match_seen(void *ctx, const struct match *match)
{
	struct watch *watch = ctx;
	watch->found |= match->rule == watch->rule;
	if (watch->correlator)
		correlator_feed(watch->correlator, match, watch->names, STR("example"), correlation_seen, watch);
}

static bool is_served(const struct trial *trial, const struct sigma_rule *rule)
{
	for (size_t i = 0; i < trial->mappings->n; i++)
		for (size_t k = 0; k < trial->mappings->p[i].logsources.n; k++)
			if (mapping_serves(&trial->mappings->p[i].logsources.p[k], rule->product, rule->category, rule->service))
				return true;
	return false;
}

/* What the engine would find if the event came from a source of the rules' log source, where no such source is known. */
static void unserved_run(const struct trial *trial, const struct event *event, struct watch *watch)
{
	for (size_t i = 0; i < trial->rules->n; i++) {
		const struct sigma_rule *rule = trial->rules->p[i];
		if ((rule != watch->rule && !watch->correlator) || !rule->n_conditions || is_served(trial, rule))
			continue;
		for (size_t k = 0; k < rule->n_conditions; k++) {
			const struct match match = { .rule = rule, .condition = k, .event = event };
			if (reference_match(rule->conditions[k], event, trial->names, NULL, NULL))
				match_seen(watch, &match);
		}
	}
}

static bool is_found(struct trial *trial, const struct batch *batch, const struct sigma_rule *rule)
{
	CLEANUP(correlator_free_p) struct correlator *correlator = NULL;
	int64_t last = 0;
	if (rule->correlation.type != CORRELATION_NONE)
		correlator = correlator_new(trial->rules, CORRELATOR_MEMORY);
	struct watch watch = { .rule = rule, .correlator = correlator, .names = trial->names };
	for (size_t i = 0; i < batch->events.n; i++) {
		last = batch->events.p[i].time;
		detector_run(trial->detector, &batch->events.p[i], trial->names, NULL, match_seen, &watch);
		unserved_run(trial, &batch->events.p[i], &watch);
	}
	if (correlator)
		correlator_advance(correlator, last + 2 * rule->correlation.timespan, correlation_seen, &watch);
	return watch.found;
}

/* Does any source bring the event to the rule? */
static bool is_reached(const struct trial *trial, const struct sigma_rule *rule, const struct event *event)
{
	for (size_t i = 0; i < trial->mappings->n; i++) {
		const struct mapping *mapping = &trial->mappings->p[i];
		if (!mapping_takes(mapping, event, trial->names))
			continue;
		for (size_t k = 0; k < mapping->logsources.n; k++) {
			const struct mapping_logsource *logsource = &mapping->logsources.p[k];
			if (mapping_serves(logsource, rule->product, rule->category, rule->service) &&
			    mapping_meets(&logsource->when, event, trial->names))
				return true;
		}
	}
	return false;
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
	if (is_found(trial, &batch, rule))
		return true;
	if (rule->correlation.type != CORRELATION_NONE)
		return false;
	bool reached = !is_served(trial, rule);
	for (size_t i = 0; i < batch.events.n; i++) {
		reached |= is_reached(trial, rule, &batch.events.p[i]);
		if (batch.events.p[i].flaw)
			*why = note_copy(arena, NOTE("the line could not be read: {}", str_from(batch.events.p[i].flaw)));
	}
	if (!why->english && !reached)
		*why = NOTE("no known source of this log source takes the event; give the fields that tell it (EventID, Channel …)");
	return false;
}
