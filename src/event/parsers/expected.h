/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * expected: records of a kind have the same keys in the same order, so the id of a key is looked for at its place in the record
 * before, by comparing bytes instead of hashing. Stands in a parser's state; zeroed at first.
 */
#ifndef WARD_EVENT_PARSERS_EXPECTED_H
#define WARD_EVENT_PARSERS_EXPECTED_H

#include "event/parser.h"

enum { EXPECTED_KEYS = 128 };

struct expected {
	uint32_t ids[EXPECTED_KEYS];
};

/* As parse_field() for the key at a place, from 0. */
static inline void expected_field(struct parse *parse, struct event *event, struct expected *expected, uint32_t place,
                                  struct str key, struct str value, enum value_kind kind)
{
	if (place >= EXPECTED_KEYS) {
		parse_field(parse, event, key, value, kind);
		return;
	}
	struct str text = names_text(parse->batch->names, expected->ids[place]);
	if (text.n != key.n || memcmp(text.p, key.p, key.n) != 0)
		expected->ids[place] = names_add(parse->batch->names, key);
	parse_field_id(parse, event, expected->ids[place], value, kind);
}

#endif
