/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * said: ward's own words in records (the title of a finding is its check's), said in the language of whoever reads.
 *
 * They are stored as text in the language of the moment. A field that the declaration marks `said: true` is looked up here when it is
 * shown, and told in the reader's language when the text is known in any; what a person has changed stays as it is. Read-only once filled.
 */
#ifndef WARD_REGISTER_SAID_H
#define WARD_REGISTER_SAID_H

#include "base/map.h"
#include "data/lang.h"

struct said {
	struct map texts; /* a text in any language -> const struct text * */
};

/* The map's memory is the arena's; texts must live as long. */
void said_init(struct said *said, struct arena *arena);
void said_add(struct said *said, const struct text *text);
/* The text itself when it is not known, or `said` is NULL. */
struct str said_in(const struct said *said, enum lang lang, struct str text);

#endif
