/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * known: ids of the field names that a parser always gives, looked up once instead of for each record.
 *
 * The ids stand in the parser's state; an id is right when the table still gives its name for it, so neither another
 * table nor names_reset() can make it wrong.
 */
#ifndef WARD_EVENT_PARSERS_KNOWN_H
#define WARD_EVENT_PARSERS_KNOWN_H

#include "event/parser.h"

static inline void known_field(struct parse *parse, struct event *event, uint32_t *id, struct str name, struct str value,
                               enum value_kind kind)
{
	struct str text = names_text(parse->batch->names, *id);
	if (text.n != name.n || memcmp(text.p, name.p, name.n) != 0)
		*id = names_add(parse->batch->names, name);
	parse_field_id(parse, event, *id, value, kind);
}

#endif
