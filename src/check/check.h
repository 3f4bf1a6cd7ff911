/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * check: one statement about a host, as data: a SQL query that returns what violates it.
 *
 * Declared in content/checks/<topic>.yaml, a list of:
 *
 *	- id: ssh-root-login
 *	  severity: high                      # critical, high, medium, low
 *	  title: {zh-CN: …, vi: …, en: …}     # what must hold
 *	  why: {…}                            # what happens otherwise
 *	  remedy: {…}                         # what to do
 *	  clauses: [GB/T 22239-2019 8.1.4.2 b]
 *	  requirements: [R-ACC-05]            # rows of the catalogue of requirements
 *	  scope: {…}                          # with applies: where it applies, in words
 *	  applies: SELECT 1 FROM …            # no row: not applicable
 *	  params: {minlen: 8}                 # :minlen in the SQL; a list is for the table param
 *	  absent: [pam]                       # tables whose missing rows are the violation
 *	  violations: SELECT … FROM …         # each row is evidence
 *
 * `absent` keeps a verdict honest: where such a table could not be seen whole, "no row that would satisfy"
 * is not a violation but unknown. A test takes every check's passing fixture, hides one table
 * after the other, and fails when the verdict becomes pass or fail.
 */
#ifndef WARD_CHECK_CHECK_H
#define WARD_CHECK_CHECK_H

#include "data/content.h"
#include "data/lang.h"
#include "data/schema.h"

enum severity { SEVERITY_CRITICAL, SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW, SEVERITY_COUNT };
extern const char *const severity_names[]; /* "critical" …, NULL */

struct check {
	struct str id, topic;
	int severity;
	struct text title, why, remedy, scope;
	struct strings clauses, requirements, absent;
	struct str applies, violations; /* applies.p NULL: everywhere */
	const struct doc *params;       /* a map, or NULL */
	const struct doc *node;
	const struct source *source;
};

struct checks {
	struct check *p;
	size_t n;
	struct strings problems; /* files and checks left out: "checks/ssh.yaml:12:5: …" */
};

/* All of content's checks/, in the order of files and within them. Ids are unique, texts complete. A file that
 * is wrong is left out and named in `problems`; the others go on. The checks live in the arena. */
int checks_load(struct arena *arena, const struct content *content, struct checks *out, struct err *err) MUST_USE;
/* The same of another folder of content ("management/": checks of the registers, case/management.h). */
int checks_load_folder(struct arena *arena, const struct content *content, const char *folder, struct checks *out,
                       struct err *err) MUST_USE;
/* One file; -EINVAL names file, line and column. */
int checks_parse(struct arena *arena, struct source *source, struct checks *out, struct err *err) MUST_USE;
const struct check *checks_find(const struct checks *checks, struct str id);

#endif
