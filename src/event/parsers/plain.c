/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Plain text: each line is one event with one field, `message`, and the time when it begins with one, also in brackets. A
 * mere number counts as a time only when it is of the years from 2000 to now.
 */
#include "data/lang.h"
#include "event/parser.h"

static bool only_digits(struct str text)
{
	size_t n = 0;
	while (n < text.n && ((text.p[n] >= '0' && text.p[n] <= '9') || text.p[n] == '.'))
		n++;
	return n == text.n;
}

static int64_t leading_time(struct parse *parse, struct str text)
{
	struct timestamp_hint hint = parse_hint(parse);
	int64_t ns;
	if (text.n && (text.p[0] == '[' || text.p[0] == '(' || text.p[0] == '<' || text.p[0] == '"'))
		text = str_slice(text, 1, text.n);
	size_t n = timestamp_prefix(text, &hint, &ns);
	if (n == 0)
		return EVENT_NO_TIME;
	bool plausible = ns > INT64_C(946684800000000000) && ns < hint.now + INT64_C(86400000000000);
	return plausible || !only_digits(str_slice(text, 0, n)) ? ns : EVENT_NO_TIME;
}

static int plain_record(struct parse *parse, struct str record, const char **flaw UNUSED)
{
	struct event *event = parse_event(parse, record);
	event->time = leading_time(parse, record);
	parse_field(parse, event, STR("message"), record, VALUE_TEXT);
	return 0;
}

const struct parser parser_plain = {
	.name = "plain",
	.doc = TR("any text, a line an event"),
	.record = plain_record,
	.verbatim = true,
};
