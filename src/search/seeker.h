/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * seeker: whether one record is what is searched for, exactly.
 *
 * A word that names no field is looked for in the record as it was written, and in values that were written in another
 * way: with JSON's or nginx' escapes, in audit's hexadecimal. So "C:\Windows" finds the JSON text C:\\Windows.
 *
 * The record is parsed only when a term asks for its fields. A seeker belongs to one thread.
 */
#ifndef WARD_SEARCH_SEEKER_H
#define WARD_SEARCH_SEEKER_H

#include "archive/archive.h"
#include "search/seek.h"

struct seeker;

/* The search must live as long. -EINVAL: an expression is wrong, with the place in it. */
int seeker_new(const struct seek *seek, struct seeker **out, struct err *err) MUST_USE;
void seeker_free(struct seeker *seeker);
void seeker_free_p(struct seeker **seeker);

bool seeker_meets(struct seeker *seeker, const struct record *record);
/* What is asked next concerns another record, also when it stands at the same address. seeker_meets() does it, too. */
void seeker_forget(struct seeker *seeker);
/* Expressions that were given up, because they took too long on a record; these records were not found. */
uint64_t seeker_given_up(const struct seeker *seeker);

/* The record's fields, valid until the next record is asked about; without fields when no parser reads it. */
const struct event *seeker_event(struct seeker *seeker, const struct record *record);
const struct names *seeker_names(const struct seeker *seeker);
/* Values as text of the record's own (host, source, parser, raw; times in RFC 3339) or of the event's fields that the name means:
 * the first, or STR_NONE. Valid as the event. */
struct str seeker_value(struct seeker *seeker, const struct record *record, struct str name);
/* A name that is of the record's own and not raw: it is known without reading the record. */
bool seeker_is_head(struct str name);
/* Does a search for words look at this value, besides the raw text? */
bool seeker_is_extra(const struct record *record, const struct parser *parser, const struct names *names,
                     const struct event_field *field);
/* The value of a field, with nothing escaped; in the seeker's memory, valid as the event. */
struct str seeker_text(struct seeker *seeker, const struct event_field *field);

#endif
