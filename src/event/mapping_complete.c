/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The time and the host of an event, from its fields.
 */
#include "event/mapping.h"

static struct str usual_times[] = {
	STR("@timestamp"), STR("timestamp"), STR("UtcTime"), STR("TimeCreated"), STR("EventTime"), STR("eventTime"), STR("time"),
	STR("datetime"),   STR("ts"),        STR("date"),    STR("_time"),
};
static struct str usual_hosts[] = {
	STR("Computer"), STR("hostname"), STR("host.name"), STR("host"), STR("ComputerName"), STR("agent.name"), STR("device"),
};

static bool says_utc(struct str name)
{
	for (size_t i = 0; i + 3 <= name.n; i++)
		if (str_is_nocase(str_slice(name, i, i + 3), "utc"))
			return true;
	return false;
}

static bool find_time(struct arena *arena, const struct strings *fields, struct event *event, const struct names *names,
                      const struct timestamp_hint *hint)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct event_field *field = event_field(event, names, fields->p[i]);
		struct timestamp_hint own = *hint;
		if (!field || field->kind == VALUE_NULL || field->value.n == 0)
			continue;
		if (says_utc(names_text(names, field->name)))
			own.zone = 0;
		if (timestamp_parse(event_text(arena, field), &own, &event->time))
			return true;
	}
	event->time = EVENT_NO_TIME;
	return false;
}

static bool find_host(struct arena *arena, const struct strings *fields, struct event *event, const struct names *names)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct event_field *field = event_field(event, names, fields->p[i]);
		if (field && field->kind != VALUE_NULL && field->value.n && !str_is(field->value, "-")) {
			event->host = event_text(arena, field);
			return true;
		}
	}
	return false;
}

void mapping_complete(struct arena *arena, const struct mapping *mapping, struct event *event, const struct names *names,
                      const struct timestamp_hint *hint)
{
	const struct strings times = { usual_times, COUNT(usual_times) }, hosts = { usual_hosts, COUNT(usual_hosts) };
	if (event->time == EVENT_NO_TIME && !(mapping && find_time(arena, &mapping->time, event, names, hint)))
		find_time(arena, &times, event, names, hint);
	if (!event->host.p && !(mapping && find_host(arena, &mapping->host, event, names)))
		find_host(arena, &hosts, event, names);
}
