/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * rule_files: the Sigma rules that a user names on the command line.
 */
#ifndef WARD_CMD_RULE_FILES_H
#define WARD_CMD_RULE_FILES_H

#include "cmd/command.h"
#include "detect/sigma.h"

/* Paths as options or operands gave them: files, and folders with all below them; "own" stands for content/rules, which is
 * also what is loaded when there are no paths. `how` says the rest (lint, deprecated); its paths are filled in here. */
int rule_files_load(struct call *call, const struct content *content, struct strings given, const struct opt_values *pipelines,
                    const struct sigma_options *how, struct sigma_rules *rules, struct sigma_problems *problems,
                    struct err *err) MUST_USE;
/* That some rules were left out, on standard error. */
void rule_files_say(struct call *call, const struct sigma_problems *problems);

#endif
