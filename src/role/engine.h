/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * engine: rules, mappings and what was compiled of them, as one thing that is loaded anew as a whole.
 *
 * A loaded engine belongs to one thread. Loading may happen in another one meanwhile (engine_reload()), so that no event
 * waits for it; a set of rules that cannot be loaded leaves the old one in force.
 */
#ifndef WARD_ROLE_ENGINE_H
#define WARD_ROLE_ENGINE_H

#include "detect/correlate.h"
#include "detect/detector.h"
#include "role/config.h"

struct engine {
	struct arena arena;
	struct mappings mappings;
	struct sigma_rules rules;
	struct sigma_problems problems;
	struct ruleset *ruleset;
	struct detector *detector;
	struct correlator *correlator;
	struct names *names;  /* of batches whose events go to this detector */
	int min_level;
	bool gave_up; /* it was said that expressions took too long */
};

int engine_load(const struct config *config, struct engine **out, struct err *err) MUST_USE;
void engine_free(struct engine *engine);
void engine_free_p(struct engine **engine);

/* A number that changes when a file of the rules does. */
uint64_t engine_fingerprint(const struct config *config);

/* Loading in the background. */
struct engine_reload;
/* Begins; `fd` becomes readable when it is done. NULL when there can be no thread. */
struct engine_reload *engine_reload_begin(const struct config *config);
int engine_reload_fd(const struct engine_reload *reload);
/* Waits for the end, frees. */
int engine_reload_end(struct engine_reload *reload, struct engine **out, struct err *err) MUST_USE;

#endif
