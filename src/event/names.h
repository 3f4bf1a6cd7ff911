/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * names: the names of fields as small numbers.
 *
 * Each reader of events has its own table, so that workers share nothing. All start as copies of one *seed*
 * (the names that rules, mappings and search know), which have the same ids everywhere; ids past the seed mean
 * something only within one table. Names keep their spelling. names_folded() gives names that differ in the
 * case of ASCII letters alone the same id, because log shippers do not agree on case and rules must not care.
 * For the same reason a name can be an *alias* of another (names_alias()): "winlog.event_data.Image", as one
 * shipper writes it, folds to "Image". So whoever compares fields compares folded ids and needs to know nothing
 * of shippers.
 *
 * A table is bounded (NAMES_MOST, NAMES_BYTES): past that, names_add() gives NAME_NONE, the field is left out of
 * the record (its text remains in event.raw) and counted. Names of the seed are never refused. Between two
 * batches names_reset() forgets all but the seed.
 */
#ifndef WARD_EVENT_NAMES_H
#define WARD_EVENT_NAMES_H

#include "base/arena.h"

enum { NAMES_MOST = 65535, NAMES_BYTES = 4 * 1024 * 1024, NAME_LONGEST = 1024 };
enum { NAME_NONE = 0 }; /* ids begin at 1 */

struct names;

struct names *names_new(void);
/* A new table whose seed is all that `from` holds now. */
struct names *names_copy(const struct names *from);
void names_free(struct names *names);
void names_free_p(struct names **names);

/* The id, made when new; NAME_NONE when the table is full or the name is empty or too long. */
uint32_t names_add(struct names *names, struct str text);
uint32_t names_find(const struct names *names, struct str text); /* NAME_NONE when there is none */
struct str names_text(const struct names *names, uint32_t id);   /* as long as the table lives, or names_reset() */
/* The first id whose name is the same but for the case of ASCII letters, and aliases. */
uint32_t names_folded(const struct names *names, uint32_t id);
/* The same for a name that need not be in the table in this spelling; NAME_NONE when it is there in none. */
uint32_t names_find_folded(const struct names *names, struct str text);
/* From now on `from` is another spelling of `to`, also for names that are there already. "event_data.*" to "*":
 * whatever begins so, without that beginning; a "*" before the last stands for one segment without a dot
 * ("Event.UserData.*.*"). Case does not matter. Copies inherit aliases, names_reset() keeps them. */
void names_alias(struct names *names, struct str from, struct str to);
uint32_t names_count(const struct names *names);                 /* the highest id */
bool names_full(const struct names *names);                      /* something was refused since the reset */
void names_reset(struct names *names);
/* Differs between any two tables of the process and after a reset: what somebody remembers of ids past the seed is
 * good while this stays the same. */
uint64_t names_version(const struct names *names);

#endif
