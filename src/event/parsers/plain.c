/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Plain text: each line is one event with one field, `message`, and the time when it begins with one.
 */
#include "data/lang.h"
#include "event/parser.h"

static int plain_record(struct parse *parse, struct str record, const char **flaw UNUSED)
{
	struct event *event = parse_event(parse, record);
	parse_field(parse, event, STR("message"), record, FIELD_TEXT);
	return 0;
}

const struct parser parser_plain = {
	.name = "plain",
	.doc = TR("any text, a line an event"),
	.record = plain_record,
	.verbatim = true,
};
