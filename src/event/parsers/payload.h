/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * payload: what the parsers of text lines share: reading a message that is of a format itself, and judging whether a text
 * is of a format by its lines.
 */
#ifndef WARD_EVENT_PARSERS_PAYLOAD_H
#define WARD_EVENT_PARSERS_PAYLOAD_H

#include "event/parser.h"

/* The message of the last event of the batch gives its fields when it is JSON, CEF, LEEF, an event's XML, key=value, key:value. */
void payload_read(struct parse *parse, struct str message);

/* Does the text begin as the parser `colon` reads them? */
bool colon_likely(struct str text);

/* The moment that a date, a time of day and perhaps an offset make, each as it is written; or `time` alone. EVENT_NO_TIME: none. */
int64_t time_of_parts(const struct timestamp_hint *hint, struct str date, struct str time, struct str zone);

/* Of the first lines that are not empty, how many are of the format: `sure` when nearly all are (the first and the
 * last may be junk), less when most are, 0 when fewer. */
int probe_lines(struct str text, bool (*is_line)(struct str line), int sure);

#endif
