/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * office_dir: the directory and the configuration of `ward up`, for the commands that look at it.
 */
#ifndef WARD_CMD_OFFICE_DIR_H
#define WARD_CMD_OFFICE_DIR_H

#include "cmd/command.h"

/* Absolute: what was given, /var/lib/ward as root, ~/.local/share/ward otherwise. NULL with err set. */
const char *office_directory(struct call *call, const char *given, struct err *err);
/* What was given, DIR/ward.yaml where it is there, or NULL: none is needed. */
const char *office_config(struct call *call, const char *dir, const char *given);

#endif
