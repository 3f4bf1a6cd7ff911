/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * mapping: content/sources/NAME.yaml, which says of a kind of log source how to know its events, where their time
 * and host stand, and which Sigma log sources and field names they answer to.
 *
 *	name: windows-security
 *	title: {zh-CN: …, vi: …, en: …}
 *	format: json                       # optional: the parsers (event/parser.h) whose events these are; may be a list
 *	match:                             # all of these fields; a value may be a list (or) and hold * and ?;
 *	  Channel: Security                # letters' case does not matter; {exists: true} asks for the field alone;
 *	                                   # a list of such maps: one of them
 *	aliases: {winlog.channel: Channel, "winlog.event_data.*": "*"}    # optional, see below
 *	time: [UtcTime, TimeCreated]       # the first that is there and can be read
 *	host: [Computer, Hostname]
 *	logsources:
 *	  - product: windows
 *	    service: security
 *	  - product: windows
 *	    category: process_creation
 *	    when: {EventID: 4688}          # further conditions for this one, as `match`
 *	    fields: {Image: NewProcessName, ParentImage: ParentProcessName}    # Sigma's name: this source's
 *	    values: {IntegrityLevel: {High: S-1-16-12288}}                     # Sigma's value: this source's
 *
 * A file holds one mapping or a list of them. A field that comes several times meets a condition when one of them does.
 *
 * An event belongs to every log source of every mapping whose conditions it meets. A rule asks an event of a log
 * source when each of product, category and service that the rule names is the same there (mapping_serves()): a rule
 * for {product: windows} sees all of Windows, one for {category: webserver} every product's. The same log source can be
 * there twice with other `fields`, where one source writes the same thing in two ways. A mapping with neither
 * `match` nor `format` is never found by looking at events, only by its name (a source's configuration,
 * --source NAME). The conditions of all mappings look at few distinct fields (routing fields), so whoever routes
 * many events keeps what it found for each combination of their values (detect/route.h) and the parser.
 *
 * Shapes: the same source reaches us through different shippers, which put prefixes before its names or call the
 * frame's names differently (winlog.event_data.Image, Event.EventData.Image, data.win.eventdata.image are all
 * Image). Those are not mappings of their own. They are `aliases`, which hold for all events whatever mapping
 * declares them; mappings_alias() puts them into a table of names (event/names.h), after which folded ids are all that
 * anybody compares. Nothing is renamed while events are read.
 *
 * Mappings are read-only after loading and may be shared by threads.
 */
#ifndef WARD_EVENT_MAPPING_H
#define WARD_EVENT_MAPPING_H

#include "data/content.h"
#include "data/doc.h"
#include "data/lang.h"
#include "event/event.h"
#include "event/timestamp.h"

struct mapping_condition {
	struct str field;
	struct strings values; /* patterns with * and ?; none: the field must be there */
	bool negated;          /* the field is there, and has none of the values */
};

/* All of one of the groups; no group at all: always. */
struct mapping_conditions {
	struct mapping_group {
		struct mapping_condition *p;
		size_t n;
	} *p;
	size_t n;
};

struct mapping_rename {
	struct str sigma, own; /* a rule's field, this source's field; a rule's field that is not here keeps its name */
};

struct mapping_value {
	struct str field, sigma, own; /* where a rule says this of a field, this source writes that */
};

struct mapping_logsource {
	struct str product, category, service; /* STR_NONE: not said; see mapping_serves() */
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
	struct strings formats; /* names of parsers; none: whatever it comes in */
	struct mapping_conditions match;
	struct strings time, host;
	bool named_only;        /* neither format nor match */
	struct {
		struct mapping_logsource *p;
		size_t n;
	} logsources;
};

struct mapping_alias {
	struct str from, to; /* as names_alias() takes them */
};

struct mappings {
	const struct mapping *p;
	size_t n;
	struct {
		const struct mapping_alias *p;
		size_t n;
	} aliases; /* of all files */
};

/* All of content/sources, in the order of their names; what is wrong with one names file, line and column. */
int mappings_load(struct arena *arena, const struct content *content, struct mappings *out, struct err *err) MUST_USE;
/* The mappings of one text, for tests and for `--content` files; the source must live as long. */
int mappings_parse(struct arena *arena, struct source *source, struct mappings *out, struct err *err) MUST_USE;
/* Give the table the aliases of all mappings. Do this to every table (or the seed of all) before events are read. */
void mappings_alias(const struct mappings *mappings, struct names *names);
const struct mapping *mappings_find(const struct mappings *mappings, struct str name); /* by name, or NULL */

/* Is this log source one that a rule with these three (STR_NONE: the rule does not say) asks for? */
bool mapping_serves(const struct mapping_logsource *logsource, struct str product, struct str category,
                    struct str service);
/* Does the event meet the conditions? (of `match` or `when`; the format is not looked at) */
bool mapping_meets(const struct mapping_conditions *conditions, const struct event *event, const struct names *names);
/* Is it an event of this mapping: format and `match`; never for those that are `named_only`. */
bool mapping_takes(const struct mapping *mapping, const struct event *event, const struct names *names);
/* Does the value match the pattern, in which * and ? are wildcards and case does not matter? */
bool mapping_value_is(struct str pattern, struct str value);
/* The first mapping that the event matches, or NULL. */
const struct mapping *mapping_of(const struct mappings *mappings, const struct event *event, const struct names *names);
/* Fill in the event's time and host where the parser could not: by the mapping, and then, or when it is NULL, by the
 * names that are usual ("@timestamp", "timestamp", "time", "Computer", "hostname", "host" …). A moment without a zone is
 * of the hint's, but in a field whose name says UTC ("UtcTime"). The host may need memory for unescaping. */
void mapping_complete(struct arena *arena, const struct mapping *mapping, struct event *event, const struct names *names,
                      const struct timestamp_hint *hint);

#endif
