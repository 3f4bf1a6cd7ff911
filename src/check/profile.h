/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * profile: the thresholds for a kind of office and for a regime.
 *
 * Two kinds of file in content/profiles/, with one schema:
 *
 *	kind: regime                          # or office
 *	title: {zh-CN: …, vi: …, en: …}
 *	basis: GB/T 22239-2019                # a regime's standard, by its name alone
 *	clauses: GB/T 22239-2019 8.           # prefix of the clauses that count under this regime
 *	params:
 *	  - {name: minlen, value: 8, source: …, effective_from: 2019-12-01, verified: true}
 *	rectify: {critical: 3, high: 7, medium: 30, low: 90, unit: days}   # or working-days: how long a repair may take
 *	skip:
 *	  - {check: ssh-two-factor, reason: {zh-CN: …, vi: …, en: …}}
 *
 * Checks of hosts share their thresholds by name. A check of the registers (case/management.h) has its own, which a profile names
 * "<check id>.<name>": {name: account-idle.days, value: 30, …}.
 *
 * A threshold is the check's default, unless the regime sets it, unless the office does. A row that nobody has
 * verified against its source says so, and reports show a badge. Law is data here, never C.
 */
#ifndef WARD_CHECK_PROFILE_H
#define WARD_CHECK_PROFILE_H

#include "check/check.h"
#include "fact/facts.h"

enum profile_kind { PROFILE_REGIME, PROFILE_OFFICE };

struct threshold {
	struct str name, source, effective_from;
	const struct doc *value, *node;
	bool verified;
};

struct profile_skip {
	struct str check; /* an id, or a pattern with * */
	struct text reason;
	const struct doc *node;
};

/* How long the repair of a finding may take, from the order on. */
struct rectify {
	int64_t critical, high, medium, low; /* days; 0: not said */
	int unit;                            /* enum rectify_unit */
	const struct doc *node;              /* NULL: the profile says nothing */
};
enum rectify_unit { RECTIFY_DAYS, RECTIFY_WORKING_DAYS };

struct profile {
	struct str name; /* of the file: "township", "cn-mlps-3" */
	int kind;
	struct text title;
	struct str basis, clauses;
	struct schema_list params; /* struct threshold */
	struct schema_list skip;   /* struct profile_skip */
	struct rectify rectify;
	const struct source *source;
};

/* One profile by name. -ENOENT with the names there are. */
int profile_load(struct arena *arena, const struct content *content, struct str name,
                 enum profile_kind kind, struct profile *out, struct err *err) MUST_USE;
/* Names of all profiles of a kind. */
int profile_names(struct arena *arena, const struct content *content, enum profile_kind kind,
                  struct strings *out, struct err *err) MUST_USE;

/* The thresholds in force, into the table `param`. `regime` and `office` may be NULL. -EINVAL when two
 * checks give one name different defaults, or a profile sets a name that no check has (unless some were left out). */
int profile_apply(struct facts *facts, const struct checks *checks, const struct profile *regime,
                  const struct profile *office, struct err *err) MUST_USE;

/* The threshold as the profiles set it, NULL when it is the check's own default. */
const struct threshold *profile_threshold(const struct profile *regime, const struct profile *office, struct str name);
/* The same of a parameter that is one check's own. */
const struct threshold *profile_threshold_of(const struct profile *regime, const struct profile *office, struct str check, struct str name);
/* -EINVAL when a profile sets "<check id>.<name>" where none of the checks has that parameter, or with a value of another type than its
 * default's. Names without a dot are profile_apply()'s. */
int profile_check_own(const struct checks *checks, const struct profile *profile, struct err *err) MUST_USE;
/* How long repairs may take here: the office's, else the regime's, else 3, 7, 30 and 90 days. Either may be NULL. */
struct rectify profile_rectify(const struct profile *regime, const struct profile *office);
int64_t rectify_days(const struct rectify *rectify, enum severity severity);
/* Why a check is not for this office or regime, or NULL. */
const struct profile_skip *profile_skips(const struct profile *profile, struct str check);

#endif
