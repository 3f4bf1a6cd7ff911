/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/record_json.h"

#include "data/json.h"
#include "event/timestamp.h"

/* A number as RFC 8259 writes it; logs also hold 0x1f, 007 and 1.2.3.4. */
static bool is_json_number(struct str s)
{
	size_t i = s.n && s.p[0] == '-', start = i;
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	if (i == start || i > 18 || (s.p[start] == '0' && i > start + 1))
		return false;
	if (i < s.n && s.p[i] == '.') {
		size_t point = i++;
		while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
			i++;
		if (i == point + 1)
			return false;
	}
	return i == s.n;
}

static void add_value(struct buf *out, struct seeker *seeker, const struct event_field *field)
{
	struct str value = field->value;
	if (field->kind == VALUE_NULL)
		buf_puts(out, "null");
	else if ((field->kind == VALUE_NUMBER && is_json_number(value)) ||
	         (field->kind == VALUE_BOOL && (str_is(value, "true") || str_is(value, "false"))))
		buf_add(out, value);
	else
		json_add_string(out, seeker_text(seeker, field));
}

static bool came_before(const struct event *event, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (event->fields[j].name == event->fields[i].name)
			return true;
	return false;
}

static uint32_t count_same(const struct event *event, uint32_t i)
{
	uint32_t n = 0;
	for (uint32_t j = i; j < event->n; j++)
		n += event->fields[j].name == event->fields[i].name;
	return n;
}

void record_add_fields(struct buf *out, struct seeker *seeker, const struct record *record)
{
	const struct event *event = seeker_event(seeker, record);
	buf_add_char(out, '{');
	for (uint32_t i = 0; i < event->n; i++) {
		if (came_before(event, i))
			continue;
		bool list = count_same(event, i) > 1;
		json_next(out);
		json_add_string(out, names_text(seeker_names(seeker), event->fields[i].name));
		buf_puts(out, list ? ":[" : ":");
		for (uint32_t j = i; j < event->n; j++) {
			if (event->fields[j].name != event->fields[i].name)
				continue;
			if (j > i)
				buf_add_char(out, ',');
			add_value(out, seeker, &event->fields[j]);
			if (!list)
				break;
		}
		if (list)
			buf_add_char(out, ']');
	}
	buf_add_char(out, '}');
}

void record_add_json(struct buf *out, struct seeker *seeker, const struct record *record)
{
	ARENA(arena);
	buf_add_char(out, '{');
	json_put(out, "time", timestamp_format(&arena, record->time));
	json_put(out, "arrived", timestamp_format(&arena, record->arrived));
	json_put(out, "host", record->host.p ? record->host : STR(""));
	json_put(out, "source", record->source.p ? record->source : STR(""));
	json_put(out, "parser", record->parser.p ? record->parser : STR(""));
	json_put(out, "raw", record->raw.p ? record->raw : STR(""));
	json_key(out, "fields");
	record_add_fields(out, seeker, record);
	buf_add_char(out, '}');
}
