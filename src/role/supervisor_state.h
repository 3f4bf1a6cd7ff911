/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * supervisor_state: what the files of the supervisor share: supervisor.c (the loop), supervisor_open.c (what needs privileges),
 * supervisor_child.c (what a process does before it is what it is).
 */
#ifndef WARD_ROLE_SUPERVISOR_STATE_H
#define WARD_ROLE_SUPERVISOR_STATE_H

#include "role/keeper_process.h"
#include "role/log.h"
#include "role/shared.h"
#include "role/supervisor.h"

struct child {
	pid_t pid;    /* 0: not running */
	int control;  /* -1 then */
	int64_t started, again; /* monotonic; again: when to start it, 0: not */
	int64_t delay;
};

struct supervisor {
	const struct config *config;
	const struct supervisor_options *options;
	enum lang lang;
	const char *user; /* one that exists; NULL: stay what we are */
	struct shared *shared;
	struct role_log log;
	struct child children[ROLE_COUNT];
	int tcp, local, signals, lock; /* tcp: metrics; local: `ward status` */
	int console;                   /* listens; -1: `ward collect` */
	uint16_t port;                 /* of the console */
	enum keeper_task task;         /* what the keeper does when it is started next */
	uint32_t task_about;           /* what it replaces */
	bool stopping;
	int64_t stop_by;
	int failed;        /* a child could not begin */
	enum role failed_role;
};

/* ---- supervisor_open.c ---- */

/* Keys, directories, the lock, and sockets that listen. */
int supervisor_open(struct supervisor *supervisor, struct err *err) MUST_USE;

/* ---- supervisor_child.c ---- */

enum { CHILD_FAILED = 2, CHILD_DISTRUSTS = 4 };

/* The rest of a process's life, after the fork. */
_Noreturn void supervisor_child(struct supervisor *supervisor, enum role role, int control, pid_t parent);

#endif
