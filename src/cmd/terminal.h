/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * terminal: what the terminal can show, and one line of progress on it while long work runs.
 *
 * Progress goes to standard error, only when that is a terminal, and is gone before anything else is written. Ctrl-C takes
 * the line away, too, unless the command handles the signal itself.
 */
#ifndef WARD_CMD_TERMINAL_H
#define WARD_CMD_TERMINAL_H

#include "cmd/command.h"

/* Columns of the terminal behind a descriptor; 0: it is none, or does not tell. */
size_t terminal_columns(int fd);
/* How wide to write on standard output: 30 to 120 columns, 100 when it is no terminal. */
size_t terminal_width(void);
/* Standard output shows colours, and the user did not ask for none (https://no-color.org). */
bool terminal_colours(void);

struct progress {
	struct call *call;
	bool shown, wanted;
	int64_t next_ns;   /* progress_due() */
	const char *doing; /* progress_percent(): "{} % read" */
};

void progress_start(struct progress *progress);
/* A tenth of a second has passed since the last time: worth making words again. Never when nobody sees them. */
bool progress_due(struct progress *progress);
/* Shows as much of the words as one line holds. */
void progress_say(struct progress *progress, struct str words);
/* `progress` is a struct progress: how much of all is done, for work that tells of itself by a callback. */
void progress_percent(void *ctx, uint64_t done, uint64_t all);
/* Take the line away; it may be shown again later. */
void progress_end(struct progress *progress);

#endif
