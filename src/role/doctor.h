/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * doctor: what is wrong with an installation of `ward up`, and how to mend it.
 *
 * Looks at what is there and changes nothing. It runs beside a ward that works, or instead of one that does not begin; the server runs
 * it, too, as far as its walls let it see (`inside`). Each line is good, doubtful or wrong, and what is not good says what to do.
 */
#ifndef WARD_ROLE_DOCTOR_H
#define WARD_ROLE_DOCTOR_H

#include "base/vec.h"
#include "data/lang.h"
#include "role/config.h"
#include "role/shared.h"

enum doctor_state { DOCTOR_GOOD, DOCTOR_DOUBTFUL, DOCTOR_WRONG };
extern const char *const doctor_state_names[]; /* "good", "doubtful", "wrong", NULL */

struct doctor_line {
	enum doctor_state state;
	const char *topic;   /* "keys"; label of the catalogue */
	struct note what, remedy; /* remedy: of what is not good */
};

struct doctor {
	struct arena *arena;
	const struct config *config;
	const struct shared *shared; /* inside; NULL otherwise */
	VEC(struct doctor_line) lines; /* in the arena */
};

/* From a command, as whoever runs it: as root it sees all. */
void doctor_run(struct doctor *doctor);
/* From the server. */
void doctor_run_inside(struct doctor *doctor);
enum doctor_state doctor_worst(const struct doctor *doctor);
/* {"state", "lines": [{"topic", "label", "state", "text", "remedy"}]} in this language. */
void doctor_json(const struct doctor *doctor, enum lang lang, struct buf *out);

#endif
