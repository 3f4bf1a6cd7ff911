/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Windows events as XML: what wevtutil and the event viewer export, what NXLog and others send, and what Sysmon for Linux
 * writes into syslog. A record is <Event …>…</Event>, on one line or many; <?xml ?>, <Events> and </Events> around them are passed
 * over. Fields are those of evtx.h, so an exported log and the EVTX file it came from give the same.
 */
#include "data/lang.h"
#include "event/parser.h"
#include "event/parsers/evtx.h"
#include "event/timestamp.h"

static bool begins_event(struct str text)
{
	return str_starts(text, "<Event") && text.n > 6 && (text.p[6] == ' ' || text.p[6] == '>' || text.p[6] == '\n' || text.p[6] == '\r');
}

static size_t blanks(struct str text)
{
	size_t n = 0;
	while (n < text.n && (text.p[n] == ' ' || text.p[n] == '\n' || text.p[n] == '\r' || text.p[n] == '\t'))
		n++;
	return n;
}

/* What does not belong to an event: up to its ">", or to the end of the line. */
static size_t frame_other(struct str text, bool last, struct str *record)
{
	bool wrap = str_starts(text, "<?xml") || str_starts(text, "<Events") || str_starts(text, "</Events");
	ptrdiff_t end = str_find_char(str_slice(text, 0, PARSE_LINE), wrap ? '>' : '\n');
	if (end < 0 && !last && text.n < PARSE_LINE)
		return 0;
	size_t n = end < 0 ? MIN(text.n, (size_t)PARSE_LINE) : (size_t)end + 1;
	*record = wrap && end >= 0 ? STR("") : str_trim_right(str_slice(text, 0, n));
	return n;
}

static size_t winxml_frame(struct parse *parse UNUSED, struct str text, bool last, struct str *record)
{
	size_t skip = blanks(text);
	*record = STR("");
	if (skip)
		return skip;
	if (text.n < 10 && !last)
		return 0;
	if (!begins_event(text))
		return frame_other(text, last, record);
	ptrdiff_t end = str_find(str_slice(text, 0, PARSE_LINE), "</Event>");
	if (end < 0 && !last && text.n < PARSE_LINE)
		return 0;
	size_t n = end < 0 ? MIN(text.n, (size_t)PARSE_LINE) : (size_t)end + 8;
	*record = str_slice(text, 0, n);
	return n;
}

static int winxml_record(struct parse *parse, struct str record, const char **flaw)
{
	const struct timestamp_hint utc = { .now = parse->options.now };
	struct evtx_values values = { 0 };
	if (!begins_event(record) || evtx_xml_read(&parse->batch->arena, record, &values) < 0) {
		*flaw = TR("not the XML of a Windows event, or cut off");
		return -EINVAL;
	}
	struct event *event = parse_event(parse, record);
	for (size_t i = 0; i < values.n; i++) {
		const struct evtx_value *value = &values.p[i];
		parse_field(parse, event, value->name, value->value, value->number ? VALUE_NUMBER : VALUE_TEXT);
		if (str_is(value->name, "TimeCreated") && !timestamp_parse(value->value, &utc, &event->time))
			event->time = EVENT_NO_TIME;
		if (str_is(value->name, "Computer") && !event->host.n)
			event->host = value->value;
	}
	return 0;
}

static int winxml_probe(struct str text)
{
	text = str_slice(text, blanks(text), text.n);
	if (str_starts(text, "<?xml")) {
		ptrdiff_t end = str_find_char(text, '>');
		text = str_slice(text, end < 0 ? text.n : (size_t)end + 1, text.n);
		text = str_slice(text, blanks(text), text.n);
	}
	return begins_event(text) || str_starts(text, "<Events>") ? 97 : 0;
}

const struct parser parser_winxml = {
	.name = "winxml",
	.doc = TR("events of Windows and of Sysmon for Linux as XML"),
	.framing = FRAME_OWN,
	.probe = winxml_probe,
	.record = winxml_record,
	.frame = winxml_frame,
};
