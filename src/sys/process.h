/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * process: run a foreign program, when the user allows it, on a short leash.
 *
 * No shell; standard input is /dev/null, standard output and errors come back as one text in the order written;
 * the environment is PATH and LC_ALL=C; no other descriptor is inherited; memory, processor time and the size of
 * files it may write are limited; it runs in a process group of its own, all of which is killed when the time is up
 * or when the program ends. Blocks until then. Not for a process that reaps children elsewhere.
 */
#ifndef WARD_SYS_PROCESS_H
#define WARD_SYS_PROCESS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define PROCESS_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct process_limits {
	int64_t timeout_ns; /* wall clock */
	size_t output;      /* bytes kept; more is -EFBIG */
	uint64_t memory;    /* bytes of address space */
	unsigned seconds;   /* of processor time */
};

extern const struct process_limits process_limits_default; /* 10 s, 1 MiB, 1 GiB, 10 s */

/* `argv` ends with NULL; argv[0] is searched in PROCESS_PATH unless it holds a slash. 0: it ran, *status is its exit
 * status, 128 + the signal when one ended it. -ENOENT, -EACCES: it cannot be executed; -ETIME: stopped, the time was
 * up; -EFBIG: stopped, it said too much. */
int process_run(char *const argv[], const struct process_limits *limits, struct buf *output, int *status,
                struct err *err) MUST_USE;

#endif
