/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * usage: what --help prints, made from the command's record.
 */
#ifndef WARD_CMD_USAGE_H
#define WARD_CMD_USAGE_H

#include "cmd/command.h"

/* The help of one command, or of ward itself when `command` is NULL; lines of at most `width` columns. */
void usage_add(struct buf *buf, struct arena *arena, const struct command *command, enum lang lang, size_t width);

/* "-f, --format FORMAT". */
struct str usage_option(struct arena *arena, const struct opt *opt);
/* The help of an option in the language, with its choices or limits behind it. */
struct str usage_option_help(struct arena *arena, const struct opt *opt, enum lang lang);
/* "ward sql [OPTION]... [QUERY]", a line for each verb. */
struct str usage_synopsis(struct arena *arena, const struct command *command);
/* The exit statuses that hold when a record names none. */
const struct command_exit *usage_exits(const struct command *command);

#endif
