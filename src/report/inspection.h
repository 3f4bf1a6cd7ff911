/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * An inspection as text, JSON, CSV, JUnit XML and HTML. Each function appends to a buffer.
 *
 * JSON (stable; keys are added, never changed):
 *	{"ward","host","profile","regime","started","duration_ms",
 *	 "summary":{"pass","fail","unknown","not_applicable"},
 *	 "verdicts":[{"id","title","severity","verdict","reason","clauses":[],"requirements":[],"tables":[],
 *	              "evidence":[{…}],"evidence_count","evidence_sha256","ms"}],
 *	 "coverage":[{"table","status","reason","rows","ms"}]}
 * evidence holds at most EVIDENCE_ROWS rows, evidence_count says how many were found; evidence_sha256 is over
 * the bytes of the evidence array as printed. Times are UTC, RFC 3339.
 */
#ifndef WARD_REPORT_INSPECTION_H
#define WARD_REPORT_INSPECTION_H

#include "check/drift.h"
#include "check/inspection.h"

struct inspection_style {
	enum lang lang;
	bool colour;          /* text: the terminal can show it */
	size_t width;         /* text: columns of the terminal; 0: do not wrap */
	const struct drift *drift; /* what changed since a kept inspection, or NULL */
};

void inspection_text(struct buf *out, const struct inspection *inspection, const struct inspection_style *style);
void inspection_json(struct buf *out, const struct inspection *inspection, const struct inspection_style *style);
void inspection_csv(struct buf *out, const struct inspection *inspection, const struct inspection_style *style);
void inspection_junit(struct buf *out, const struct inspection *inspection, const struct inspection_style *style);
/* From the template content/reports/inspection.html. */
int inspection_html(struct buf *out, const struct inspection *inspection, const struct inspection_style *style,
                    const struct content *content, struct err *err) MUST_USE;

/* Words that several of them say. */
struct str verdict_words(enum lang lang, enum verdict_value value);
struct str severity_words(enum lang lang, int severity);
/* Why a verdict is unknown or not applicable, or what a fail leaves open; empty otherwise. */
struct str verdict_reason(struct arena *arena, enum lang lang, const struct verdict *verdict);
/* One row of evidence in one line: "/etc/ssh/sshd_config:33  key=permitrootlogin  value=yes". */
struct str evidence_line(struct arena *arena, enum lang lang, const struct evidence *evidence, size_t row);
/* The clauses of the standard that the regime is about. When none is, all of them, for reference only:
 * *reference (may be NULL) tells. */
struct strings clauses_in_force(struct arena *arena, const struct check *check, const struct profile *regime,
                                bool *reference);
/* The heading of a column of evidence: the catalogue's word for it ("column NAME"), or the column's name. */
struct str column_words(enum lang lang, struct str column);
/* A value of evidence as people read it. What checks say in words of their own, in columns such as `found` and
 * `expected`, is translated ("evidence TEXT" in the catalogue); JSON and CSV keep the text itself. */
struct str evidence_words(struct arena *arena, enum lang lang, struct str column, struct cell cell);
/* A text in this language, in English where it has none. */
struct str text_in(const struct text *text, enum lang lang);

#endif
