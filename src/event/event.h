/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * event: one log record, whatever it was written in: the text as it was read, and flat fields.
 *
 * Fields are in the order of the record. Names are ids of the reader's table (event/names.h). Nested objects are
 * flattened with dots ("winlog.event_data.Image"); an array gives its field once for each element ("tags",
 * "tags"); an empty object or array gives nothing. Whoever looks for a field must mind that it can come
 * several times. A field that is null (VALUE_NULL) or empty exists; one that is not there does not.
 *
 * Values are slices into the batch. VALUE_ESCAPED text still has the backslashes of JSON in it, because most
 * values are only compared with what was seen before; event_text() takes them out.
 *
 * Everything belongs to the batch: `raw`, names' ids and values are valid as long as it.
 */
#ifndef WARD_EVENT_EVENT_H
#define WARD_EVENT_EVENT_H

#include "base/vec.h"
#include "event/names.h"

enum value_kind {
	VALUE_TEXT,
	VALUE_ESCAPED, /* text as it stands between the quotes of a JSON string, escapes checked */
	VALUE_NUMBER,  /* as written: "4688", "0x1f", "-1.5e3" */
	VALUE_BOOL,    /* "true" or "false" */
	VALUE_NULL,    /* the value is empty */
};

struct event_field {
	struct str value;
	uint32_t name;
	uint8_t kind; /* enum value_kind */
};

#define EVENT_NO_TIME INT64_MIN

enum { EVENT_FIELDS = 4096 }; /* of one event; what comes after them is counted in `dropped` */

struct parser;

struct event {
	int64_t time;      /* when it happened, by the record: nanoseconds since 1970 UTC; EVENT_NO_TIME: not known */
	struct str raw;    /* the record: UTF-8 but for bytes that were not, without its line end; may hold LF */
	struct str host;   /* who says so, when the record has a place for that (syslog); STR_NONE: not known */
	struct event_field *fields;
	uint32_t n;
	uint32_t dropped;  /* fields left out: too many, or the table of names was full */
	uint64_t line;     /* where it began: line of a text, record of a file that has records; from 1 */
	const char *flaw;  /* why `raw` could not be read as what it should be, an English key; NULL: it could. The
	                    * event is kept all the same, without fields */
	const struct parser *parser; /* which reads `raw` alone again into the same fields (parser_again()) */
};

/* What one batch of a reader's work is: made, handed on, read, and then freed at once. */
struct batch {
	struct arena arena; /* fields, values that were decoded, joined records */
	struct names *names;
	VEC(struct event) events; /* in `arena`: vec_push_in() */
};

void batch_done(struct batch *batch);
void batch_reset(struct batch *batch); /* empty, keeping memory for the next */

/* The first field with this name, or with one that differs in the case of ASCII letters or is an alias; or NULL. */
const struct event_field *event_field(const struct event *event, const struct names *names, struct str name);
/* The value as text, without JSON's escapes; in the arena only when it had any. */
struct str event_text(struct arena *arena, const struct event_field *field);

#endif
