/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * example: events written in a rule, as they would come from a log.
 *
 * A map of fields becomes an event as a parser of JSON would read it: nested maps with dots, a list as its field several
 * times, null as null. Numbers and booleans are as written in their usual form.
 */
#ifndef WARD_DETECT_EXAMPLE_H
#define WARD_DETECT_EXAMPLE_H

#include "data/doc.h"
#include "event/event.h"

/* Values are slices of the tree or in the arena; new names go into `names`. */
struct event example_event(struct arena *arena, struct names *names, const struct doc *map);

#endif
