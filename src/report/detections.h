/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * detections: what `ward detect` found, one match after the other or all together.
 *
 * One match a line of JSON (stable; keys are added, never changed):
 *	{"file","line","time","host","rule","title","level","tags":[],"fields":{…},"event":{…} or "text"}
 * of a correlation also "count" and "events":["auth.log:312", …] instead of "event". `event` is the record itself,
 * verbatim when it is a JSON object. Times are UTC, RFC 3339; null when the record says none.
 *
 * Together: struct detections keeps a bounded number of matches (the counts go on beyond it) for the summary on a
 * terminal and for timelines: CSV, and a self-contained HTML page from content/reports/timeline.html.
 */
#ifndef WARD_REPORT_DETECTIONS_H
#define WARD_REPORT_DETECTIONS_H

#include "detect/correlate.h"
#include "detect/detector.h"

struct detection_field {
	struct str name, value; /* value without the escapes of JSON */
};

/* One match, or one correlation. Texts are the caller's. */
struct detection {
	const struct sigma_rule *rule;
	int64_t time;               /* nanoseconds; EVENT_NO_TIME */
	struct str host;            /* may be empty */
	struct str file;            /* as the user named it; the source's name when it is no file */
	uint64_t line;              /* 0: none */
	const struct detection_field *fields; /* that made the rule match */
	size_t n;
	struct str event;           /* the record as read */
	bool event_is_json;         /* it is a JSON object */
	const struct correlation_match *correlation; /* NULL: an ordinary match */
};

/* The match of a detector as a detection; texts in the arena. */
void detection_of(struct arena *arena, struct detector *detector, const struct match *match, const struct names *names,
                  struct str file, struct detection *out);
/* Of a correlation: the group-by values are its fields. */
void detection_of_correlation(struct arena *arena, const struct correlation_match *match, struct detection *out);

/* A line of JSON with its LF. Titles in the language when the rule has them. */
void detection_json(struct buf *out, const struct detection *detection, enum lang lang);
/* "2026-11-03T08:01:02Z  high  ws01  Title  CommandLine=…  (file:line)", one line, for --follow. */
void detection_line(struct buf *out, const struct detection *detection, enum lang lang, bool colour);

enum { DETECTIONS_KEPT = 500000, DETECTIONS_SHOWN = 2000 /* in the HTML page */ };

struct detections;
struct detections *detections_new(void);
void detections_free(struct detections *detections);
void detections_add(struct detections *detections, const struct detection *detection);

/* What the figures are about. */
struct detections_scope {
	uint64_t events, bytes, flawed, rules;
	size_t files;
	int64_t ns; /* how long it took; 0: not said */
};

/* The rules that matched, the worst first, with the first matches of each. `width` columns; 0: do not cut. */
void detections_text(struct buf *out, struct detections *detections, const struct detections_scope *scope, enum lang lang,
                     bool colour, size_t width);
/* All kept matches in the order of time. */
void detections_csv(struct buf *out, struct detections *detections, enum lang lang);
int detections_html(struct buf *out, struct detections *detections, const struct detections_scope *scope, enum lang lang,
                    const struct content *content, struct err *err) MUST_USE;

struct str level_words(enum lang lang, enum sigma_level level);
/* The word, as wide as the widest of them. */
void add_level(struct buf *out, enum lang lang, enum sigma_level level, bool colour);

#endif
