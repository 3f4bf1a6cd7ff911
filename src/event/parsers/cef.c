/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * CEF, ArcSight's Common Event Format (Implementing ArcSight CEF, revision 25):
 *
 *	CEF:0|Vendor|Product|Version|Class id|Name|Severity|key=value key=value with blanks …
 *
 * The header gives cefVersion, deviceVendor, deviceProduct, deviceVersion, deviceEventClassId, name, severity; the keys of
 * the extension stay as they are written. A label gives its value a second name: "cs1Label=Policy cs1=web" is also
 * the field `Policy`. Escapes: \| \\ in the header, \= \\ \n \r in values. The time is that of rt, end or start.
 * What stands before "CEF:" is skipped; behind a syslog header it is the parser `syslog` that reads the line.
 */
#include "base/utf8.h"
#include "data/lang.h"
#include "event/parsers/expected.h"
#include "event/parsers/known.h"
#include "event/parsers/payload.h"

enum { HEADERS = 7, LABELS_MOST = 64 };

static const struct str header_names[HEADERS] = {
	{ "cefVersion", 10 },         { "deviceVendor", 12 }, { "deviceProduct", 13 }, { "deviceVersion", 13 },
	{ "deviceEventClassId", 18 }, { "name", 4 },          { "severity", 8 },
};

struct cef_state {
	uint32_t ids[HEADERS];
	struct expected expected, labels;
};

static bool is_key(char c)
{
	return (uint8_t)((c | 32) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '_' || c == '.' || c == '-' || c == '[' || c == ']';
}

static struct str unescape(struct arena *arena, struct str value)
{
	if (value.n == 0 || !memchr(value.p, '\\', value.n))
		return value;
	char *out = arena_bytes(arena, value.n);
	size_t n = 0;
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i], next = i + 1 < value.n ? value.p[i + 1] : '\0';
		if (c == '\\' && (next == '=' || next == '\\' || next == '|' || next == 'n' || next == 'r')) {
			c = next == 'n' ? '\n' : next == 'r' ? '\r' : next;
			i++;
		}
		out[n++] = c;
	}
	return (struct str){ out, n };
}

/* Up to the next bar that is not escaped; false: there is none. */
static bool take_header(struct str *rest, struct str *out)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] != '|')
		n += rest->p[n] == '\\' && n + 1 < rest->n ? 2 : 1;
	if (n >= rest->n)
		return false;
	*out = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n + 1, rest->n);
	return true;
}

static bool escaped(const char *from, const char *p)
{
	size_t slashes = 0;
	while (p - slashes > from && p[-1 - (ptrdiff_t)slashes] == '\\')
		slashes++;
	return slashes % 2;
}

/* The next '=' that ends a key: behind the text's beginning or a blank, and key characters. *key: where that begins. */
static const char *find_key(const char *from, const char *end, const char **key)
{
	const char *p = from;
	while (p < end && (p = memchr(p, '=', (size_t)(end - p)))) {
		const char *begin = p;
		while (begin > from && is_key(begin[-1]))
			begin--;
		if (begin < p && (begin == from || begin[-1] == ' ') && !escaped(from, p)) {
			*key = begin;
			return p;
		}
		p++;
	}
	return NULL;
}

static struct str trim_blanks(const char *from, const char *to)
{
	while (to > from && to[-1] == ' ')
		to--;
	return (struct str){ from, (size_t)(to - from) };
}

static void note_time(struct str key, struct str value, struct str when[3])
{
	if (str_is(key, "rt"))
		when[0] = value;
	else if (str_is(key, "end"))
		when[1] = value;
	else if (str_is(key, "start"))
		when[2] = value;
}

static void give_extension(struct parse *parse, struct event *event, struct str text, struct str when[3])
{
	struct cef_state *state = parse->state;
	const char *end = text.p + text.n, *key, *next_key;
	uint32_t place = 0;
	const char *equals = find_key(text.p, end, &key);
	while (equals) {
		const char *next = find_key(equals + 1, end, &next_key);
		struct str name = { key, (size_t)(equals - key) }, value = trim_blanks(equals + 1, next ? next_key : end);
		if (name.n <= 5)
			note_time(name, value, when);
		expected_field(parse, event, &state->expected, place++, name, unescape(&parse->batch->arena, value), VALUE_TEXT);
		equals = next;
		key = next_key;
	}
}

/* "cs1Label=Policy": the value of cs1 once more, as Policy. */
static void give_labelled(struct parse *parse, struct event *event, uint32_t from)
{
	struct cef_state *state = parse->state;
	struct names *names = parse->batch->names;
	uint32_t n = event->n, labels = 0;
	for (uint32_t i = from; i < n && labels < LABELS_MOST; i++) {
		struct str name = names_text(names, event->fields[i].name), label = event->fields[i].value;
		if (name.n <= 5 || !str_ends(name, "Label") || label.n == 0)
			continue;
		uint32_t base = names_find(names, str_slice(name, 0, name.n - 5));
		for (uint32_t j = from; base && j < n; j++) {
			if (event->fields[j].name == base) {
				expected_field(parse, event, &state->labels, labels, label, event->fields[j].value, VALUE_TEXT);
				break;
			}
		}
		labels++;
	}
}

/* What follows "CEF:", with its version. */
static bool find_cef(struct str record, struct str *out)
{
	ptrdiff_t at = str_find(record, "CEF:");
	if (at < 0)
		return false;
	*out = str_slice(record, (size_t)at + 4, record.n);
	while (out->n && out->p[0] == ' ')
		*out = str_slice(*out, 1, out->n);
	return out->n > 1 && (uint8_t)(out->p[0] - '0') < 10;
}

static int cef_record(struct parse *parse, struct str record, const char **flaw)
{
	struct str rest, header[HEADERS], when[3] = { 0 };
	struct cef_state *state = parse->state;
	bool found = find_cef(record, &rest);
	size_t n = 0;
	while (found && n < HEADERS && take_header(&rest, &header[n]))
		n++;
	/* The last bar is left out where no extension follows. */
	if (n == HEADERS - 1) {
		header[n++] = rest;
		rest = STR("");
	}
	if (n < HEADERS) {
		*flaw = TR("not CEF: no header CEF:0|vendor|product|version|id|name|severity|");
		return -EINVAL;
	}
	struct event *event = parse_event(parse, record);
	for (size_t i = 0; i < HEADERS; i++)
		known_field(parse, event, &state->ids[i], header_names[i], unescape(&parse->batch->arena, header[i]), VALUE_TEXT);
	give_extension(parse, event, rest, when);
	give_labelled(parse, event, HEADERS);
	struct timestamp_hint hint = parse_hint(parse);
	for (size_t i = 0; i < COUNT(when); i++)
		if (timestamp_parse(str_trim(when[i]), &hint, &event->time))
			break;
	const struct event_field *host = event_field(event, parse->batch->names, STR("dvchost"));
	if (host && host->value.n)
		event->host = host->value;
	return 0;
}

static bool certain(struct str line)
{
	struct str rest, header;
	if (!str_starts(line, "CEF:") || !find_cef(line, &rest) || !utf8_valid(line))
		return false;
	for (int i = 0; i < HEADERS - 1; i++)
		if (!take_header(&rest, &header))
			return false;
	return true;
}

static int cef_probe(struct str text)
{
	return probe_lines(text, certain, 95);
}

const struct parser parser_cef = {
	.name = "cef",
	.doc = TR("CEF, the Common Event Format of ArcSight"),
	.state_size = sizeof(struct cef_state),
	.probe = cef_probe,
	.record = cef_record,
	.verbatim = true,
};
