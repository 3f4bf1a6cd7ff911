/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * inspection: all checks over one run, and what came out.
 *
 * The inspection lives in the caller's arena and refers to the facts, the checks and the profiles, which
 * must live as long. One thread.
 */
#ifndef WARD_CHECK_INSPECTION_H
#define WARD_CHECK_INSPECTION_H

#include "check/profile.h"
#include "check/sca.h"
#include "check/verdict.h"

struct inspection_options {
	const struct checks *checks;
	const struct profile *regime, *office; /* may be NULL */
	struct sca_policies *sca; /* Wazuh's policies, or NULL. With them and without `only`, their checks alone */
	struct sca_options sca_options;
	struct strings only; /* ids, topics or severities, with * and ?; none: all */
	void (*progress)(void *ctx, size_t done, size_t total, const struct check *next);
	void *progress_ctx;
};

struct inspection_coverage {
	const struct table *table;
	const struct rows *rows;
};

struct inspection {
	struct str host, root;
	const struct profile *regime, *office;
	int64_t started; /* seconds since 1970 */
	int64_t ns;
	struct verdict *verdicts; /* in the order of the checks, then of the policies */
	size_t n;
	size_t counts[VERDICT_COUNT];
	struct inspection_coverage *coverage; /* the tables that were looked at, by name */
	size_t coverage_count;
	bool privileged; /* run as root, or of another root, where that matters less */
};

/* 0; -EINVAL: a profile is wrong, or `only` names nothing. A check whose SQL is wrong is unknown. */
int inspection_run(struct arena *arena, struct facts *facts, const struct inspection_options *options,
                   struct inspection *out, struct err *err) MUST_USE;

/* Failed verdicts, the worst first, then by the number of rows found. */
const struct verdict **inspection_failed(struct arena *arena, const struct inspection *inspection, size_t *count);

/* Is the check one of those asked for? */
bool check_matches(const struct check *check, const struct strings *only);

#endif
