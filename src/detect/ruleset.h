/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ruleset: the parts of the compiled snapshot (private to the detector; detect/detector.h is for everybody else).
 *
 * A *source* is one log source of one mapping; source 0 stands for any event at all, for rules without a log source. A
 * *program* is one condition of one rule as it reads in one or more sources, that is, with their names of fields and
 * spellings of values. Where these make no difference, sources share a program.
 */
#ifndef WARD_DETECT_RULESET_H
#define WARD_DETECT_RULESET_H

#include "detect/detector.h"
#include "detect/index.h"
#include "detect/program.h"
#include "detect/routing.h"

enum { SOURCE_ANY = 0, SLOTS_MOST = 65000 };

struct ruleset_source {
	const struct mapping *mapping;
	const struct mapping_logsource *logsource;
	struct routing_conditions match, when; /* of the mapping, of the log source */
};

enum program_start {
	START_TRIGGER, /* tried when one of its trigger's predicates holds */
	START_ALWAYS,  /* tried for each event of its sources */
	START_NEVER,   /* cannot hold */
};

struct program {
	const struct sigma_rule *rule;
	uint32_t condition;
	uint32_t report;              /* the same for all programs of this condition of the rule */
	uint32_t root;                /* in nodes */
	enum program_start start;
	uint32_t trigger, n_triggers; /* in trigger_ids */
	double chance;
	id_list sources;
	id_list slots;                /* whose index it needs */
};

struct slot {
	uint32_t name;   /* folded id; NAME_NONE: keywords, and none */
	uint32_t routing; /* mappings' conditions look at it: where in ruleset->routing.slots, + 1; 0: they do not */
	struct index *index; /* NULL: nothing to look up */
};

struct ruleset {
	struct arena arena;
	const struct sigma_rules *rules;
	const struct mappings *mappings;
	struct names *names;
	VEC(struct slot) slots;
	uint16_t *slot_of;        /* by folded id of the seed */
	uint32_t seed;            /* its highest id */
	struct routing routing;
	VEC(struct ruleset_source) sources;
	VEC(struct predicate) predicates;
	struct gram_counts grams; /* of all that rules ask for */
	node_list nodes;
	VEC(struct program) programs;
	id_list trigger_ids;
	uint32_t *started_at;     /* by predicate: where its programs begin in `started`; one more than there are */
	uint32_t *started;        /* programs */
	uint32_t n_reports;
	size_t n_compiled;        /* rules */
};

#endif
