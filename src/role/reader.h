/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * reader: the process that reads sources, parses what others wrote, matches rules, and hands batches to the writer.
 *
 * A batch stays here, ready to be sent again, until the writer says that it is kept; only then does its input hear
 * of it. At most READER_WINDOW bytes wait so; then nothing is read, and senders wait. When the writer is replaced by
 * another one, the batches it does not know are sent to that one.
 */
#ifndef WARD_ROLE_READER_H
#define WARD_ROLE_READER_H

#include "role/config.h"
#include "role/log.h"
#include "role/shared.h"

enum { READER_WINDOW = 12 * 1024 * 1024, READER_BATCH = 512 * 1024 };

struct reader_options {
	const struct config *config;
	struct shared *shared;
	struct role_log *log;
	int control;     /* role/control.h */
	const char *user;
	pid_t parent;
};

/* Until told to stop, or until every source has ended. 0; or why it cannot go on. */
int reader_run(const struct reader_options *options, struct err *err) MUST_USE;

#endif
