/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * json_frame: where one JSON object ends and the next begins (private to event/parsers/json.c).
 *
 * An object is a line, unless the line holds nothing but its brace, or it stands in a list; then it ends with its last
 * brace. A list is `[` with an object behind it, or `{"Records": [`.
 */
#ifndef WARD_EVENT_JSON_FRAME_H
#define WARD_EVENT_JSON_FRAME_H

#include "base/str.h"

struct json_frame {
	bool list;    /* between [ and ] */
	bool wrapped; /* the list stands in an object that ends behind it */
	bool cutting; /* a record was too long, what follows is the rest of it */
	bool piece;   /* the record just given is a part of such a one */
};

/* As frame() of event/parser.h; an empty *record: nothing but separators was taken. */
size_t json_frame_next(struct json_frame *frame, struct str text, bool last, struct str *record);
/* As probe(). */
int json_frame_probe(struct str text);

#endif
