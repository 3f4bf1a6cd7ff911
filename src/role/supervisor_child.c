/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "role/control.h"
#include "role/inspector.h"
#include "role/keeper_process.h"
#include "role/monitor.h"
#include "role/reader.h"
#include "role/serve.h"
#include "role/shipper.h"
#include "role/supervisor_state.h"
#include "role/writer.h"
#include "sys/root.h"

enum { CHILD_CONTROL = 3, CHILD_FIRST, CHILD_SECOND, CHILD_REST };

static int monitor_main(struct supervisor *supervisor, pid_t parent, struct err *err)
{
	struct sandbox sandbox = role_sandbox(ROLE_MONITOR, NULL, supervisor->user, parent);
	int r = role_enter(&sandbox, &supervisor->shared->roles[ROLE_MONITOR], err);
	if (r < 0)
		return r;
	shared_set(&supervisor->shared->roles[ROLE_MONITOR].ready, 1);
	return monitor_run(supervisor->shared, CHILD_CONTROL, supervisor->tcp >= 0 ? CHILD_FIRST : -1,
	                   supervisor->local >= 0 ? CHILD_SECOND : -1, err);
}

static int child_main(struct supervisor *supervisor, enum role role, pid_t parent, struct err *err)
{
	struct role_log log = supervisor->log;
	log.who = role_names[role];
	if (role == ROLE_KEEPER)
		return keeper_run(&(struct keeper_options){ supervisor->config, supervisor->shared, &log, supervisor->task, supervisor->task_about, CHILD_CONTROL,
		                                            supervisor->user, parent },
		                  err);
	if (role == ROLE_MONITOR)
		return monitor_main(supervisor, parent, err);
	if (role == ROLE_WRITER)
		return writer_run(&(struct writer_options){ supervisor->config, supervisor->shared, &log, CHILD_CONTROL,
		                                            supervisor->user, parent },
		                  err);
	if (role == ROLE_SHIPPER)
		return shipper_run(&(struct shipper_options){ supervisor->config, supervisor->shared, &log, CHILD_CONTROL,
		                                              supervisor->user, parent },
		                   err);
	if (role == ROLE_INSPECTOR)
		return inspector_run(&(struct inspector_options){ supervisor->config, supervisor->shared, &log, CHILD_CONTROL,
		                                                  !supervisor->options->json, parent },
		                     err);
	if (role == ROLE_SERVER)
		return serve_run(&(struct serve_options){ supervisor->config, supervisor->shared, &log, CHILD_CONTROL, CHILD_FIRST,
		                                            supervisor->port, supervisor->options->json, supervisor->user, parent },
		                  err);
	return reader_run(&(struct reader_options){ supervisor->config, supervisor->shared, &log, CHILD_CONTROL, supervisor->user,
	                                            parent },
	                  err);
}

/* Descriptors 0 to 2, the control socket, what the monitor and the server listen on; nothing else. */
static void arrange_descriptors(const struct supervisor *supervisor, enum role role, int control)
{
	bool monitor = role == ROLE_MONITOR, server = role == ROLE_SERVER;
	int from[] = { control, monitor ? supervisor->tcp : server ? supervisor->console : -1, monitor ? supervisor->local : -1 };
	/* First out of the way, so that none is overwritten before it was moved. */
	for (size_t i = 0; i < COUNT(from); i++)
		from[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, 32);
	for (size_t i = 0; i < COUNT(from); i++)
		if (from[i] < 0)
			close(CHILD_CONTROL + (int)i);
		else
			dup3(from[i], CHILD_CONTROL + (int)i, O_CLOEXEC);
	close_range(CHILD_REST, ~0U, 0);
	if (role != ROLE_READER) { /* which may read standard input */
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		dup2(null, STDIN_FILENO);
		close(null);
	}
}

_Noreturn void supervisor_child(struct supervisor *supervisor, enum role role, int control, pid_t parent)
{
	char name[16];
	struct err err = { "" };
	sigset_t none;
	sigemptyset(&none);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	snprintf(name, sizeof(name), "ward-%s", role_names[role]);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	arrange_descriptors(supervisor, role, control);
	/* A terminal's Ctrl-C reaches all of us; only the supervisor decides. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int r = getppid() == parent ? child_main(supervisor, role, parent, &err) : -ESRCH;
	if (r < 0 && r != -EPIPE) {
		struct role_log log = supervisor->log;
		log.who = role_names[role];
		shared_say(&supervisor->shared->roles[role].trouble, err.text);
		/* When it could not even begin, the supervisor ends with these words. */
		if (shared_get(&supervisor->shared->roles[role].ready))
			role_say(&log, &NOTE("{}", str_from(err.text)));
	}
	_exit(r == -EBADMSG ? CHILD_DISTRUSTS : r < 0 ? CHILD_FAILED : 0);
}
