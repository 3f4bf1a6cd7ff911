/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * incident: incidents from detection to the lessons: records of the register `incident` with what a register cannot hold.
 *
 * The facts of an incident, by which it is graded and its clocks start, are: every column of its record (t0, pi_count, cii …); every
 * column of its organisation as org_NAME (org_tier, org_kind); answers to inputs of the grading that the register has no field for
 * (table ward_incident_fact); and
 *
 *	grade       the grade decided, else the one worked out
 *	ended       1: its end was approved            dismissed  1: it was none, or withdrawn
 *	cii         1 also when one of its systems is critical infrastructure
 *
 * Whoever changes an incident, incident_hook() works out grade and clocks anew, and refuses a final grade that is milder than the one
 * worked out without a reason. When it is closed, people add nothing to it (incident_open()). Timeline and evidence are only ever added to; each entry stands in the journal (kinds "timeline",
 * "incident_evidence", "incident_report").
 */
#ifndef WARD_CASE_INCIDENT_H
#define WARD_CASE_INCIDENT_H

#include "case/cases.h"
#include "case/grade.h"

enum { TIMELINE_TEXT = 4000, EVIDENCE_CONTENT = 256 * 1024 };

int incident_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err);
/* Of the register `task`: a person hands out no task for an incident that is closed. */
int incident_task_hook(void *ctx, struct write *write, const struct record_event *event, struct err *err);

/* -ESHUTDOWN: it is in its last state, or withdrawn: nobody adds anything to it but the receipt of a report, and lessons. -ENOENT. */
int incident_open(struct db *db, const struct cases *cases, int64_t id, struct err *err) MUST_USE;

/* -ENOENT: there is none. *org: whose it is (may be NULL). */
int incident_facts(struct arena *arena, struct db *db, const struct cases *cases, int64_t id, struct case_facts *out, int64_t *org,
                   struct err *err) MUST_USE;
/* The grading that holds for it, at the time it was found. NULL in *grading: there is none where it is. */
int incident_grading(struct arena *arena, struct db *db, const struct cases *cases, const struct case_facts *facts, int64_t org,
                     const struct grading **grading, struct err *err) MUST_USE;
/* Grade and clocks anew. */
int incident_refresh(struct write *write, const struct cases *cases, int64_t id, struct err *err) MUST_USE;
/* Answers to inputs of the grading, {"pi_count": 1200000, "portal": "prefecture", "cii": null}; null: not known. By whoever writes, with
 * their rights. -EINVAL names what is wrong. */
int incident_grade(struct write *write, const struct cases *cases, int64_t id, const struct doc *inputs, struct err *err) MUST_USE;

int incident_timeline_add(struct write *write, int64_t incident, int64_t org, int64_t at, struct str what, struct str kind, struct err *err) MUST_USE;

struct incident_evidence {
	struct str kind;      /* "event", "detection", "evidence", "host", "note" */
	struct str reference; /* what it is known by there */
	struct str title;
	struct str sha256;    /* STR_NONE: of content */
	struct str content;   /* as it was when it was attached; may be STR_NONE when sha256 says it all */
};
/* -EINVAL: neither a digest nor content; -EEXIST: attached already. */
int incident_evidence_add(struct write *write, int64_t incident, int64_t org, const struct incident_evidence *evidence, int64_t *id,
                          struct err *err) MUST_USE;

/* Something was sent by a rule's clock; the report as it stood then is kept. `page`: STR_NONE when it was no report of ours. */
int incident_sent(struct write *write, const struct cases *cases, int64_t id, struct str rule, int64_t at, struct str receipt, struct str page,
                  struct err *err) MUST_USE;
/* A new incident from a finding, with its evidence; by whoever writes. */
int incident_from_finding(struct write *write, const struct cases *cases, int64_t finding, int64_t *id, struct err *err) MUST_USE;
/* A new one from a detection: what was found, when, where, as the caller read it. */
struct incident_seed {
	int64_t org;         /* 0: of whoever writes */
	int64_t t0, t_occur; /* 0: now, not known */
	struct str summary, origin;
	struct incident_evidence evidence; /* reference STR_NONE: none */
};
int incident_from(struct write *write, const struct cases *cases, const struct incident_seed *seed, int64_t *id, struct err *err) MUST_USE;
/* A lesson becomes a finding (source: incident) of the incident's organisation. */
int incident_lesson(struct write *write, const struct cases *cases, int64_t id, const struct doc *values, int64_t *finding, struct err *err) MUST_USE;

/* Everything about it as a JSON object: facts, grade, clocks, timeline, evidence, reports, tasks, findings. */
int incident_put(struct arena *arena, struct db *db, const struct cases *cases, int64_t id, int64_t now, struct buf *out, struct err *err) MUST_USE;

#endif
