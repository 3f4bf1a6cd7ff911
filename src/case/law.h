/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * law: time limits, grades and categories of incidents, as declared in content/clocks, content/grading and content/categories.
 *
 * Law is data: each row has its basis (the provision), its source (where the text was read), the date from which it holds, and
 * `verified`: whether somebody compared it with the text. What is not verified is shown with a badge.
 *
 * A clock (files of content/clocks, a list):
 *
 *	- id: CN-R5
 *	  jurisdiction: CN              # CN, VN
 *	  kind: incident                # receiver: what the one who is told owes; yearly, filing, retention: shown, not started
 *	  title: {…}
 *	  when: [{field: grade, at_least: III}]    # case/condition.h, over the incident's facts (case/incident.h)
 *	  start: t0                     # the moment it runs from: t0, t_occur, first_sent, ended, …
 *	  limit: {hours: 4}             # one of minutes, hours, days, working_days, years; or prompt: true (at once, no figure)
 *	  every: true                   # begins anew each time, while `when` holds (a daily report)
 *	  stays: true                   # once begun, it runs until something is sent, even when `when` holds no more
 *	  report: first                 # first, progress, final: sending this report meets it
 *	  from: {…}                     # who reports
 *	  to: {…}                       # to whom
 *	  says: {…}                     # what is to be said
 *	  basis: …
 *	  source: …
 *	  effective_from: 2025-11-01
 *	  effective_to: …
 *	  verified: true
 *	  enabled: false                # legacy: kept, off
 *	  on: 12-20                     # of a yearly one: month and day by which it is due
 *	  due: 2025-11-30               # of a filing: the day, once
 *	  keep_days: 180                # of a retention
 *
 * A grading (files of content/grading, one a file): `grades` from the gravest, `inputs` that a person answers, `indicators` each with
 * `grade`, `text`, `when`, `source`, `verified`; `otherwise` the grade when none is met. Categories (files of content/categories): `classes` with
 * `kinds`. `asks` names the fields of an incident and inputs of gradings that matter first when nothing else is said of it: those of the
 * kind, or else of its class, or else of the edition. Forms show them before all others; nothing is computed from them.
 *
 * Notices (content/notices.yaml, a list): for each `colour` the minutes to `acknowledge`, `relay` and `feedback`, with `source` and `verified`.
 *
 * Read-only after loading; threads may share it.
 */
#ifndef WARD_CASE_LAW_H
#define WARD_CASE_LAW_H

#include "case/condition.h"
#include "data/content.h"

enum clock_kind { CLOCK_INCIDENT, CLOCK_RECEIVER, CLOCK_YEARLY, CLOCK_FILING, CLOCK_RETENTION };
extern const char *const clock_kind_names[]; /* "incident" …, NULL */
enum report_stage { REPORT_NONE, REPORT_FIRST, REPORT_PROGRESS, REPORT_FINAL };
extern const char *const report_stage_names[]; /* "none", "first", "progress", "final", NULL */

struct clock_limit {
	int64_t minutes, hours, days, working_days, years;
	bool prompt;
	const struct doc *node;
};

struct clock_rule {
	struct str id, jurisdiction, start, basis, source, effective_from, effective_to, on, due;
	int kind, report; /* enum clock_kind, enum report_stage */
	struct text title, from, to, says;
	struct schema_list when; /* struct condition */
	struct clock_limit limit;
	int64_t keep_days;
	bool every, stays, verified, enabled;
	const struct doc *node;
};

struct law_choice {
	struct str name;
	struct text label;
};

struct grade_input {
	struct str name, unit;
	int type; /* enum input_type */
	struct text label;
	struct schema_list choices; /* struct law_choice */
	const struct doc *node;
};
enum input_type { INPUT_INTEGER, INPUT_NUMBER, INPUT_BOOL, INPUT_CHOICE };
extern const char *const input_type_names[]; /* "integer", "number", "bool", "choice", NULL */

struct indicator {
	struct str id, grade, source;
	struct text text;
	struct schema_list when;
	bool verified;
	const struct doc *node;
};

struct grading {
	struct str name; /* of the file: "cn-2025" */
	struct str jurisdiction, basis, effective_from, effective_to, otherwise;
	struct text title;
	struct schema_list grades;     /* struct law_choice, the gravest first */
	struct schema_list inputs;     /* struct grade_input */
	struct schema_list indicators; /* struct indicator */
};

struct category_kind {
	struct str name;
	struct text label;
	struct strings asks;
};

struct category_class {
	struct str name;
	struct text label;
	struct strings asks;
	struct schema_list kinds; /* struct category_kind */
};

struct categories {
	struct str name; /* of the file: "gb-t-20986-2023" */
	struct str basis, source, effective_from, effective_to;
	struct text title;
	bool verified;
	struct strings asks;
	struct schema_list classes; /* struct category_class */
};

struct notice_colour {
	struct str colour, source;
	int64_t acknowledge, relay, feedback; /* minutes from the receipt */
	bool verified;
};

struct laws {
	struct arena arena;
	struct clock_rule *clocks;
	size_t n_clocks;
	struct grading *gradings;
	size_t n_gradings;
	struct categories *categories;
	size_t n_categories;
	struct schema_list notices; /* struct notice_colour */
};

/* All of them. What is wrong is refused with file, line and column. */
int laws_load(const struct content *content, struct laws **out, struct err *err) MUST_USE;
void laws_free(struct laws *laws);
void laws_free_p(struct laws **laws);

/* One file each, for tests and the fuzzer; all in the arena. */
int clocks_parse(struct arena *arena, struct source *source, struct schema_list *out, struct err *err) MUST_USE;
int grading_parse(struct arena *arena, struct source *source, struct grading *out, struct err *err) MUST_USE;
int categories_parse(struct arena *arena, struct source *source, struct categories *out, struct err *err) MUST_USE;
int notices_parse(struct arena *arena, struct source *source, struct schema_list *out, struct err *err) MUST_USE;

const struct notice_colour *laws_notice(const struct laws *laws, struct str colour); /* or NULL */
const struct clock_rule *laws_clock(const struct laws *laws, struct str id); /* or NULL */
/* The grading in force on a day ("2026-11-23") in a jurisdiction, or NULL. */
const struct grading *laws_grading(const struct laws *laws, struct str jurisdiction, struct str day);
const struct grade_input *grading_input(const struct grading *grading, struct str name); /* or NULL */
/* The label of a category by its name, from whichever edition has it; NULL: none. */
const struct text *laws_category(const struct laws *laws, struct str name);
/* Does something with these dates hold on a day? Absent ends are open. */
bool law_holds(struct str from, struct str to, struct str day);

#endif
