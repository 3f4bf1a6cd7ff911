/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * auditd: what the two halves of the parser for Linux audit share: auditd.c joins records into events, auditd_fields.c
 * reads a joined event into fields.
 */
#ifndef WARD_EVENT_PARSERS_AUDITD_H
#define WARD_EVENT_PARSERS_AUDITD_H

#include "event/parser.h"

/* The frame of one record: [node=HOST ][type=TYPE msg=]audit(SECONDS.MILLISECONDS:SERIAL): BODY */
struct audit_frame {
	struct str node, type, body;
	struct str prefix; /* what stood before it: a syslog header, or nothing */
	int64_t ns;
	uint64_t serial;
};

/* False: the line is no audit record. */
bool audit_frame_read(struct str line, struct audit_frame *out);
/* Is that the type of a record that is an event by itself: from user space, not from the kernel? */
bool audit_type_is_alone(struct str type);

/* The records of one event, a line each, into the fields of `event`. */
void audit_fields_read(struct parse *parse, struct event *event, struct str records);

#endif
