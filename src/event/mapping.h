/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * mapping: content/sources/NAME.yaml, which says of a kind of log source how to know its events, where their time
 * and host stand, and which Sigma log sources and field names they answer to.
 *
 *	name: windows-security
 *	title: {zh-CN: …, vi: …, en: …}
 *	format: json                       # optional: the parser (event/parser.h)
 *	match:                             # all of these fields; a value may be a list (or) and hold * and ?;
 *	  Channel: Security                # letters' case does not matter; {exists: true} asks for the field alone
 *	time: [TimeCreated, "@timestamp"]  # the first that is there and can be read
 *	host: [Computer, Hostname]
 *	logsources:
 *	  - product: windows
 *	    service: security
 *	  - product: windows
 *	    category: process_creation
 *	    when: {EventID: 4688}          # further conditions for this one
 *	    fields: {Image: NewProcessName, ParentImage: ParentProcessName}    # Sigma's name: this source's
 *	    values: {IntegrityLevel: {High: S-1-16-12288}}                     # Sigma's value: this source's
 *
 * An event belongs to every log source of every mapping whose conditions it meets. The conditions of all mappings
 * look at few distinct fields (routing fields), so whoever routes many events keeps what it found for each
 * combination of their values (detect/route.h).
 *
 * Mappings are read-only after loading and may be shared by threads.
 */
#ifndef WARD_EVENT_MAPPING_H
#define WARD_EVENT_MAPPING_H

#include "data/content.h"
#include "data/doc.h"
#include "data/lang.h"
#include "event/event.h"

struct mapping_condition {
	struct str field;
	struct strings values; /* patterns with * and ?; none: the field must be there */
};

struct mapping_conditions {
	struct mapping_condition *p;
	size_t n;
};

struct mapping_rename {
	struct str sigma, own; /* a rule's field, this source's field */
};

struct mapping_value {
	struct str field, sigma, own; /* where a rule says this of a field, this source writes that */
};

struct mapping_logsource {
	struct str product, category, service; /* STR_NONE: any */
	struct mapping_conditions when;
	struct {
		struct mapping_rename *p;
		size_t n;
	} fields;
	struct {
		struct mapping_value *p;
		size_t n;
	} values;
};

struct mapping {
	struct str name, file;
	struct text title;
	struct str format; /* STR_NONE: whatever it comes in */
	struct mapping_conditions match;
	struct strings time, host;
	struct {
		struct mapping_logsource *p;
		size_t n;
	} logsources;
};

struct mappings {
	const struct mapping *p;
	size_t n;
};

/* All of content/sources, in the order of their names; what is wrong with one names file, line and column. */
int mappings_load(struct arena *arena, const struct content *content, struct mappings *out, struct err *err) MUST_USE;

/* Does the event meet the conditions? */
bool mapping_meets(const struct mapping_conditions *conditions, const struct event *event, const struct names *names);
/* The first mapping that the event matches, or NULL. */
const struct mapping *mapping_of(const struct mappings *mappings, const struct event *event, const struct names *names);
/* Fill in the event's time and host where the parser could not: by the mapping, or by the names that are usual
 * ("@timestamp", "timestamp", "time", "UtcTime", "Computer", "hostname", "host" …) when it is NULL. The host may
 * need memory for unescaping. */
void mapping_complete(struct arena *arena, const struct mapping *mapping, struct event *event, const struct names *names,
                      int64_t now);

#endif
