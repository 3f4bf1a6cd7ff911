/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * detections_model: kept matches, counted by rule, host and technique (private to report/detection*.c).
 */
#ifndef WARD_REPORT_DETECTIONS_MODEL_H
#define WARD_REPORT_DETECTIONS_MODEL_H

#include "base/clock.h"
#include "base/map.h"
#include "report/detections.h"

enum { LEVELS = LEVEL_CRITICAL + 1 };

/* A kept match: as little as the reports show. */
struct kept {
	const struct sigma_rule *rule;
	int64_t time;
	struct str host, file, words; /* words: the fields in one line, cut */
	uint64_t line;
};

struct tallied {
	struct str name;
	const struct sigma_rule *rule; /* by rule */
	size_t hits, by_level[LEVELS];
	int64_t first, last;           /* EVENT_NO_TIME: none had a time */
	struct map hosts;              /* by rule: on how many */
	struct kept *some[3];          /* by rule: the first matches */
};

struct tallies {
	struct map by_name;
	VEC(struct tallied *) list;
};

struct detections {
	struct arena arena;
	VEC(struct kept) kept;
	struct tallies rules, hosts, techniques, tactics;
	struct map files;
	size_t n, by_level[LEVELS];
	int64_t first, last;
};

/* The kept matches in the order of time, those without one first as they came. */
void detections_sort(struct detections *detections);
/* The worst rule first; hosts and techniques by their hits. */
void tallies_sort(struct tallies *tallies, bool by_rule);

struct str rule_title(const struct sigma_rule *rule, enum lang lang);
struct str detection_place(struct arena *arena, struct str file, uint64_t line);
void add_fields(struct buf *out, struct arena *arena, const struct detection_field *fields, size_t n, size_t longest);
/* The level's word, filled up to the longest one's width. */

#endif
