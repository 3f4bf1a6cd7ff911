/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/utf8.h"
#include "data/json.h"
#include "event/parser.h"
#include "event/timestamp.h"
#include "report/detections.h"
#include "report/detections_model.h"

struct str level_words(enum lang lang, enum sigma_level level)
{
	static const char *const words[] = {
		[LEVEL_INFORMATIONAL] = TR("informational"),
		[LEVEL_LOW] = TR("low"),
		[LEVEL_MEDIUM] = TR("medium"),
		[LEVEL_HIGH] = TR("high"),
		[LEVEL_CRITICAL] = TR("critical"),
	};
	return tr(lang, words[level]);
}

struct str rule_title(const struct sigma_rule *rule, enum lang lang)
{
	struct str title = rule->titles.in[lang].p ? rule->titles.in[lang] : rule->title;
	return title.n ? title : rule->id;
}

void detection_of(struct arena *arena, struct detector *detector, const struct match *match, const struct names *names,
                  struct str file, struct detection *out)
{
	const struct event *event = match->event;
	struct detector_evidence evidence = detector_evidence(arena, detector, match, names);
	struct detection_field *fields = ARENA_ARRAY(arena, struct detection_field, evidence.n + 1);
	for (size_t i = 0; i < evidence.n; i++) {
		fields[i].name = names_text(names, evidence.p[i]->name);
		fields[i].value = event_text(arena, evidence.p[i]);
	}
	*out = (struct detection){
		.rule = match->rule,
		.time = event->time,
		.host = event->host,
		.file = file,
		.line = event->line,
		.fields = fields,
		.n = evidence.n,
		.event = event->raw,
		.event_is_json = !event->flaw && event->parser && str_is(STR("json"), event->parser->name) && event->raw.n &&
		                 event->raw.p[0] == '{',
	};
}

/* Fields that hold the host an event comes from. */
static bool is_host_name(struct str field)
{
	static const char *const names[] = { "hostname", "host", "Computer", "ComputerName", "host.name" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq_nocase(field, str_from(names[i])))
			return true;
	return false;
}

void detection_of_correlation(struct arena *arena, const struct correlation_match *match, struct detection *out)
{
	const struct strings *names = &match->rule->correlation.group_by;
	struct detection_field *fields = ARENA_ARRAY(arena, struct detection_field, names->n + 1);
	struct str host = STR("");
	for (size_t i = 0; i < names->n; i++) {
		fields[i] = (struct detection_field){ names->p[i], match->group->p[i] };
		if (is_host_name(names->p[i]))
			host = match->group->p[i];
	}
	*out = (struct detection){
		.rule = match->rule,
		.time = match->last,
		.host = host,
		.fields = fields,
		.n = names->n,
		.file = match->n_events ? match->events[match->n_events - 1] : STR(""),
		.correlation = match,
	};
}

void detection_json(struct buf *out, const struct detection *detection, enum lang lang)
{
	ARENA(arena);
	const struct sigma_rule *rule = detection->rule;
	buf_add_char(out, '{');
	json_put(out, "file", detection->file);
	if (detection->line)
		json_put_int(out, "line", (int64_t)detection->line);
	json_key(out, "time");
	if (detection->time == EVENT_NO_TIME)
		buf_puts(out, "null");
	else
		json_add_string(out, timestamp_format(&arena, detection->time));
	json_put(out, "host", detection->host);
	json_put(out, "rule", rule->id);
	json_put(out, "title", rule_title(rule, lang));
	json_put(out, "level", str_from(sigma_level_names[rule->level]));
	json_put_strings(out, "tags", &rule->tags);
	json_open_map(out, "fields");
	for (size_t i = 0; i < detection->n; i++) {
		json_next(out);
		json_add_string(out, detection->fields[i].name);
		buf_add_char(out, ':');
		json_add_string(out, detection->fields[i].value);
	}
	buf_add_char(out, '}');
	if (detection->correlation) {
		struct strings events = { (struct str *)(uintptr_t)detection->correlation->events, detection->correlation->n_events };
		json_put_int(out, "count", (int64_t)(detection->correlation->n_events + detection->correlation->more));
		json_put_strings(out, "events", &events);
	} else {
		json_key(out, "event");
		/* One match a line, whatever the record looks like. */
		if (detection->event_is_json && !memchr(detection->event.p, '\n', detection->event.n) &&
		    utf8_valid(detection->event))
			buf_add(out, detection->event);
		else
			json_add_string(out, detection->event);
	}
	buf_puts(out, "}\n");
}

/* "file:line", or what there is of it. */
struct str detection_place(struct arena *arena, struct str file, uint64_t line)
{
	return line ? arena_printf(arena, "%.*s:%llu", STR_ARG(file), (unsigned long long)line) : file;
}

void add_fields(struct buf *out, struct arena *arena, const struct detection_field *fields, size_t n, size_t longest)
{
	for (size_t i = 0; i < n; i++) {
		struct str value = utf8_clean(arena, fields[i].value);
		struct str cut = utf8_cut(value, longest);
		buf_puts(out, i ? "  " : "");
		buf_add(out, fields[i].name);
		buf_add_char(out, '=');
		buf_add(out, cut);
		if (cut.n < value.n)
			buf_puts(out, "…");
	}
}

void detection_line(struct buf *out, const struct detection *detection, enum lang lang, bool colour)
{
	ARENA(arena);
	enum { LONGEST = 160 };
	struct str time = detection->time == EVENT_NO_TIME ? STR("-") : clock_format_local(&arena, detection->time / 1000000000);
	buf_add(out, time);
	buf_puts(out, "  ");
	add_level(out, lang, detection->rule->level, colour);
	buf_puts(out, "  ");
	if (detection->host.n) {
		buf_add(out, utf8_clean(&arena, detection->host));
		buf_puts(out, "  ");
	}
	buf_add(out, rule_title(detection->rule, lang));
	buf_puts(out, "  ");
	add_fields(out, &arena, detection->fields, detection->n, LONGEST);
	buf_puts(out, "  (");
	buf_add(out, utf8_clean(&arena, detection_place(&arena, detection->file, detection->line)));
	buf_puts(out, ")\n");
}
