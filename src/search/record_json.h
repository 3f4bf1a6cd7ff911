/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * record_json: a record and its fields as JSON.
 */
#ifndef WARD_SEARCH_RECORD_JSON_H
#define WARD_SEARCH_RECORD_JSON_H

#include "search/seeker.h"
#include "base/buf.h"

/* {"name":"value",…} in the order of the event; a name that comes several times has a list. Numbers, true, false and null as
 * such where JSON can write them. */
void record_add_fields(struct buf *out, struct seeker *seeker, const struct record *record);
/* {"time":…,"arrived":…,"host":…,"source":…,"parser":…,"raw":…,"fields":{…}}, times in RFC 3339. */
void record_add_json(struct buf *out, struct seeker *seeker, const struct record *record);

#endif
