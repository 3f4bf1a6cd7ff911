/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * writer: the process that keeps what the reader hands over: records in the archive, findings as lines of JSON.
 *
 * A commit takes all batches that came together, in one transaction with the positions of their inputs, the
 * number of the last batch, how long the file of findings is and which state of correlations is good. So a batch is kept
 * whole or not at all, once, whichever process dies when. What follows the length that was committed in the file of
 * findings is cut off at the next start.
 *
 * When the disk is full or read-only, batches wait here and the reader stops reading; it is tried again every
 * second, and said in the status.
 */
#ifndef WARD_ROLE_WRITER_H
#define WARD_ROLE_WRITER_H

#include "role/config.h"
#include "role/log.h"
#include "role/shared.h"

enum { WRITER_COMMIT = 4 * 1024 * 1024, WRITER_WAITING = 64 * 1024 * 1024 };

struct writer_options {
	const struct config *config;
	struct shared *shared;
	struct role_log *log;
	int control;
	const char *user;
	pid_t parent;
};

int writer_run(const struct writer_options *options, struct err *err) MUST_USE;

#endif
