/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sca_run: what the parts that judge SCA policies share during one run; see sca.h for the outside.
 *
 * Files and answers of commands are taken once per run. Everything lives in the arena.
 */
#ifndef WARD_CHECK_SCA_RUN_H
#define WARD_CHECK_SCA_RUN_H

#include "base/map.h"
#include "check/sca_policy.h"
#include "fact/facts.h"

enum { SCA_TABLES = 16 };

struct packages;

struct sca_run {
	struct arena *arena;
	struct facts *facts;
	const struct root *root;
	struct sca_matcher *matcher;
	bool allow_commands;
	bool no_native;            /* tests: run what ward could answer by itself */
	struct map files, commands;
	struct packages *packages; /* sca_packages.c */
	/* Tables read for the verdict at hand. */
	const struct table *tables[SCA_TABLES];
	size_t table_count;
};

struct sca_file {
	int r; /* 0, or a negative errno */
	struct str text;
};

/* What a command would say, standard output and errors together. FOUND: it is in text; INVALID: it cannot be
 * executed here; UNKNOWN: ward cannot tell. */
struct sca_answer {
	enum sca_result state;
	struct str text;
	int exit;
	struct note reason;
	const struct table *unseen;            /* of UNKNOWN: the table that reason speaks of */
	const struct table *tables[SCA_TABLES];
	size_t table_count;
};

struct sca_outcome {
	enum sca_result result;
	struct note reason;         /* of INVALID and UNKNOWN */
	const struct table *unseen;
	struct str file;            /* where it was found */
	struct str line;            /* what was found; p NULL: not to be shown, or no line did it */
	int64_t number;             /* of the line; 0: none */
};

const struct sca_file *sca_run_file(struct sca_run *run, struct str path);
void sca_run_table(struct sca_run *run, const struct table *table);
const struct sca_answer *sca_run_command(struct sca_run *run, struct str command);

/* Judge one rule, its `not` included. */
struct sca_outcome sca_rule_judge(struct sca_run *run, struct sca_rule *rule, enum sca_dialect dialect);

#endif
