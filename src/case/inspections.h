/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * inspections: runs over hosts, and the verdict now in force for each host and check.
 *
 *	ward_inspection   each run: host, when, by which profile and regime, what was counted
 *	ward_verdict      (host, check_id): value, since when it has been so, reason by language, digest of the evidence
 *	ward_verdict_day  (host, day): the counts of the day's last run, for trends; by severity those that failed
 *
 * Evidence stands in ward_evidence (case/evidence.h). A check that a later run did not judge any more has no verdict. What comes in was
 * made by a process that is not trusted: values out of their lists, other lengths, digests that do not fit are refused.
 * Within a work; one thread.
 */
#ifndef WARD_CASE_INSPECTIONS_H
#define WARD_CASE_INSPECTIONS_H

#include "check/verdict.h"
#include "record/records.h"

extern const struct migration inspections_migrations[]; /* 410 */

struct inspection_run {
	int64_t id;            /* given by inspections_begin() */
	int64_t host, org;     /* ward_host.id and whose it is */
	int64_t started, ns;   /* seconds; nanoseconds it took */
	struct str profile, regime;
	bool privileged;
	int64_t counts[VERDICT_COUNT];       /* filled in by inspections_verdict() */
	int64_t failed[SEVERITY_COUNT];      /* the same */
};

struct verdict_said {
	struct str check;      /* its id */
	enum verdict_value value;
	int severity;
	bool partial;          /* of a fail: there may be more */
	struct str reason;     /* a JSON object by language; STR_NONE */
	struct str tables;     /* a JSON list of names */
	struct str evidence;   /* a JSON list of rows, as it was digested */
	struct str sha256;
	int64_t rows, found;
};

int inspections_begin(struct write *write, struct inspection_run *run, struct err *err) MUST_USE;
/* Keeps the evidence, too. */
int inspections_verdict(struct write *write, struct inspection_run *run, const struct verdict_said *said, struct err *err) MUST_USE;
/* Counts, the day, and verdicts of checks that this run did not judge. */
int inspections_end(struct write *write, const struct inspection_run *run, struct err *err) MUST_USE;

#endif
