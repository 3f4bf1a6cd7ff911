/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sca: judge Wazuh SCA policies over the facts of a run.
 *
 * Each check of a policy becomes a verdict like those of ward's own checks: id "sca:<policy>:<check>", topic the
 * policy's id, severity medium (policies name none), title, why and remedy in the policy's language, clauses from
 * its compliance map, evidence one row a rule.
 *
 *	pass, fail        as Wazuh
 *	not-applicable    Wazuh's "not applicable": a rule is invalid (the file is missing, the program is not
 *	                  installed, …) and the others do not decide; or the policy's requirements are not met
 *	unknown           a rule could not be answered (no permission, a table was not seen whole, a command
 *	                  that ward does not answer by itself) and the others do not decide
 */
#ifndef WARD_CHECK_SCA_H
#define WARD_CHECK_SCA_H

#include "check/sca_policy.h"
#include "check/verdict.h"

struct sca_options {
	bool allow_commands; /* run those commands that ward cannot answer from its tables */
};

struct sca_run;

/* The run lives in the arena, except what sca_close() frees; so do the verdicts. */
struct sca_run *sca_open(struct arena *arena, struct facts *facts, const struct sca_options *options);
void sca_close(struct sca_run *run);
void sca_close_p(struct sca_run **run);

/* Do the policy's requirements hold? PASS, FAIL (nothing of it applies) or UNKNOWN, with the reason. */
enum verdict_value sca_requirements(struct sca_run *run, struct sca_policy *policy, struct note *why);

/* `requirements` and `why` as sca_requirements() said. */
void sca_judge(struct sca_run *run, struct sca_check *check, enum verdict_value requirements, const struct note *why,
               struct verdict *out);

#endif
