/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * evtx: the XML of one Windows event (the schema http://schemas.microsoft.com/win/2004/08/events/event) as one flat
 * JSON object, which the parser `json` reads into fields.
 *
 * Names are as Sigma's rules have them: what stands in System under its own name (EventID, Channel, Computer, Level …), its
 * attributes behind the element's name (Provider_Name, Execution_ProcessID, Security_UserID), but TimeCreated for its
 * SystemTime; <Data Name="x"> of EventData as x, without a name as Data; the elements below UserData's one child under their
 * own names. What comes several times is a list.
 *
 * Reads hostile text: bounded in depth and number of fields, never beyond `xml`.
 */
#ifndef WARD_EVENT_PARSERS_EVTX_H
#define WARD_EVENT_PARSERS_EVTX_H

#include "base/buf.h"
#include "base/vec.h"
#include "base/err.h"

enum { EVTX_DEPTH = 32, EVTX_VALUES = 4096 };

struct evtx_value {
	struct str name, value;
	bool number; /* a number of System */
};

struct evtx_values {
	struct evtx_value *p;
	size_t n, room;
};

/* 0, or -EINVAL when it is no such XML; what was read until then stays in `out`. Values are slices of `xml` or in the arena. */
int evtx_xml_read(struct arena *arena, struct str xml, struct evtx_values *out) MUST_USE;
/* {"EventID":4688,…} */
void evtx_write_json(const struct evtx_values *values, struct buf *out);

#endif
