/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/supervisor.h"

#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "role/control.h"
#include "role/supervisor_state.h"
#include "sys/root.h"

#define MS        ((int64_t)1000000)
#define SECOND    (1000 * MS)
#define STEADY    (2 * SECOND)  /* who ran this long starts again at once */
#define DELAY     (100 * MS)
#define DELAY_MOST (10 * SECOND)
#define PATIENCE  (80 * SECOND) /* for the end: systemd gives 90 */

static bool is_up(const struct supervisor *supervisor)
{
	return supervisor->config->up.dir.p != NULL;
}

static bool wanted(const struct supervisor *supervisor, enum role role)
{
	switch (role) {
	case ROLE_KEEPER:
		return supervisor->config->archive.sign || is_up(supervisor);
	case ROLE_READER:
		return supervisor->config->n_sources > 0;
	case ROLE_SHIPPER:
		return supervisor->config->events.n > 0;
	case ROLE_INSPECTOR:
	case ROLE_SERVER:
		return is_up(supervisor);
	default:
		return true;
	}
}

/* ---- children ---- */

static struct str number_text(struct arena *arena, int64_t number)
{
	return arena_printf(arena, "%lld", (long long)number);
}

static int start(struct supervisor *supervisor, enum role role, struct err *err)
{
	struct child *it = &supervisor->children[role];
	struct shared_role *shared = &supervisor->shared->roles[role];
	int ends[2];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, -errno, "no socket for the %s", role_names[role]);
	pid_t pid = fork();
	if (pid == 0)
		supervisor_child(supervisor, role, ends[1], parent);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_errno(err, -errno, "cannot start the %s", role_names[role]);
	}
	it->pid = pid;
	if (role == ROLE_KEEPER)
		supervisor->task = KEEPER_SERVES; /* once */
	it->control = ends[0];
	it->started = clock_monotonic_ns();
	it->again = 0;
	shared_add(&shared->restarts, shared->started != 0);
	shared_set(&shared->pid, pid);
	shared_set(&shared->started, clock_now());
	return 0;
}

/* A new socket between two processes. One that is not there, or dies just now, is linked when it starts again. */
static void link_both(struct supervisor *supervisor, int type, enum role a, enum control_word to_a, enum role b,
                      enum control_word to_b)
{
	int ends[2];
	int first = supervisor->children[a].control, second = supervisor->children[b].control;
	if (first < 0 || second < 0 || socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	if (control_send(first, to_a, ends[0], NULL) == 0)
		(void)!control_send(second, to_b, ends[1], NULL);
	close(ends[0]);
	close(ends[1]);
}

static void link_up(struct supervisor *supervisor, enum role role)
{
	if (role == ROLE_KEEPER || role == ROLE_WRITER)
		link_both(supervisor, SOCK_SEQPACKET, ROLE_KEEPER, CONTROL_CLIENT, ROLE_WRITER, CONTROL_KEEPER);
	if (role == ROLE_WRITER || role == ROLE_READER)
		link_both(supervisor, SOCK_STREAM, ROLE_WRITER, CONTROL_READER, ROLE_READER, CONTROL_WRITER);
	if (role == ROLE_KEEPER || role == ROLE_SERVER)
		link_both(supervisor, SOCK_SEQPACKET, ROLE_KEEPER, CONTROL_OFFICE, ROLE_SERVER, CONTROL_KEEPER);
	if (role == ROLE_WRITER || role == ROLE_SERVER)
		link_both(supervisor, SOCK_SEQPACKET, ROLE_WRITER, CONTROL_OFFICE, ROLE_SERVER, CONTROL_WRITER);
	if (role == ROLE_INSPECTOR || role == ROLE_SERVER)
		link_both(supervisor, SOCK_STREAM, ROLE_INSPECTOR, CONTROL_SERVER, ROLE_SERVER, CONTROL_INSPECTOR);
}

static void tell(struct supervisor *supervisor, enum role role, enum control_word word)
{
	if (supervisor->children[role].control >= 0)
		(void)!control_send(supervisor->children[role].control, word, -1, NULL);
}

/* The next that has to end: who gives before who takes. */
static void stop_next(struct supervisor *supervisor)
{
	static const enum role order[] = {
		ROLE_SERVER, ROLE_INSPECTOR, ROLE_READER, ROLE_WRITER, ROLE_SHIPPER, ROLE_KEEPER, ROLE_MONITOR,
	};
	for (size_t i = 0; i < COUNT(order); i++)
		if (supervisor->children[order[i]].pid) {
			tell(supervisor, order[i], CONTROL_STOP);
			return;
		}
}

static void begin_stop(struct supervisor *supervisor)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	supervisor->stop_by = clock_monotonic_ns() + PATIENCE;
	stop_next(supervisor);
}

static void kill_all(struct supervisor *supervisor)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		if (supervisor->children[role].pid)
			kill(supervisor->children[role].pid, SIGKILL);
}

static void say_end(struct supervisor *supervisor, enum role role, int status)
{
	ARENA(arena);
	struct str name = str_from(role_names[role]);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		role_say(&supervisor->log, &NOTE("the {} was ended: it made a system call that it has no business with", name));
	else if (WIFSIGNALED(status))
		role_say(&supervisor->log, &NOTE("the {} was ended by signal {}; it is started again", name,
		                                 number_text(&arena, WTERMSIG(status))));
	else
		role_say(&supervisor->log, &NOTE("the {} ended with status {}; it is started again", name,
		                                 number_text(&arena, WEXITSTATUS(status))));
}

/* It holds what was taken and is not on disk yet, or hands it over. */
static bool keeps_something(enum role role)
{
	return role == ROLE_WRITER || role == ROLE_READER;
}

static void child_ended(struct supervisor *supervisor, enum role role, int status)
{
	struct child *it = &supervisor->children[role];
	int64_t now = clock_monotonic_ns();
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	it->pid = 0;
	fd_close_p(&it->control);
	it->control = -1;
	shared_set(&supervisor->shared->roles[role].pid, 0);
	if (supervisor->stopping && (good || !keeps_something(role) || supervisor->failed)) {
		stop_next(supervisor);
		return;
	}
	if (!good && WIFEXITED(status) && !shared_get(&supervisor->shared->roles[role].ready)) {
		supervisor->failed = -EIO;
		supervisor->failed_role = role;
		supervisor->stopping = true;
		supervisor->stop_by = now;
		return;
	}
	if (good && role == ROLE_READER) { /* every source has ended */
		if (!is_up(supervisor))
			begin_stop(supervisor);
		return;
	}
	if (good && role == ROLE_INSPECTOR) /* until somebody wants to know again */
		return;
	if (good && role == ROLE_KEEPER && supervisor->task) { /* ended for its task */
		it->again = now;
		return;
	}
	say_end(supervisor, role, status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DISTRUSTS && role == ROLE_WRITER &&
	    supervisor->children[ROLE_READER].pid)
		kill(supervisor->children[ROLE_READER].pid, SIGKILL);
	it->delay = now - it->started > STEADY ? 0 : it->delay ? MIN(2 * it->delay, DELAY_MOST) : DELAY;
	it->again = now + it->delay;
}

static void reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int role = 0; role < ROLE_COUNT; role++)
			if (supervisor->children[role].pid == pid)
				child_ended(supervisor, (enum role)role, status);
}

/* Also while stopping: what was taken must be kept, so a writer that dies then has to come back. */
static int start_again(struct supervisor *supervisor, struct err *err)
{
	int64_t now = clock_monotonic_ns();
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct child *it = &supervisor->children[role];
		if (!it->again || it->again > now || it->pid)
			continue;
		if (supervisor->stopping && role == ROLE_READER) {
			/* What it had taken and nobody kept was acknowledged to nobody. */
			it->again = 0;
			stop_next(supervisor);
			continue;
		}
		int r = start(supervisor, (enum role)role, err);
		if (r < 0)
			return r;
		link_up(supervisor, (enum role)role);
		if (supervisor->stopping)
			stop_next(supervisor);
	}
	return 0;
}

/* ---- the loop ---- */

static int take_signals(sigset_t *old, struct err *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, old) < 0)
		return err_errno(err, -errno, "cannot wait for signals");
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_errno(err, -errno, "cannot wait for signals") : fd;
}

static void hear_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;
	while (read(supervisor->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			tell(supervisor, ROLE_READER, CONTROL_RELOAD);
		else if (info.ssi_signo != SIGCHLD && supervisor->stopping && clock_monotonic_ns() > supervisor->stop_by - PATIENCE + SECOND)
			supervisor->stop_by = clock_monotonic_ns(); /* asked again: whoever asks wants it now */
		else if (info.ssi_signo != SIGCHLD)
			begin_stop(supervisor);
	}
}

/* Nothing of what the keeper is asked for waits: its clients ask again when there is another one. */
static void give_task(struct supervisor *supervisor, enum keeper_task task, uint32_t about)
{
	if (supervisor->stopping || supervisor->task || !supervisor->children[ROLE_KEEPER].pid)
		return;
	supervisor->task = task;
	supervisor->task_about = about;
	tell(supervisor, ROLE_KEEPER, CONTROL_STOP);
}

/* The server may have the inspector started, and the keeper started with a task; nothing else. */
static int hear_server(struct supervisor *supervisor, struct err *err)
{
	struct pollfd there = { .fd = supervisor->children[ROLE_SERVER].control, .events = POLLIN };
	if (poll(&there, 1, 0) <= 0 || !(there.revents & POLLIN))
		return 0; /* another server has come */
	struct err none = { "" };
	enum control_word word;
	uint32_t about;
	int fd;
	struct child *inspector = &supervisor->children[ROLE_INSPECTOR];
	int r = control_hear(supervisor->children[ROLE_SERVER].control, &word, &about, &fd, &none);
	fd_close_p(&fd);
	if (r == 0 && (word == CONTROL_NEW_KEY || word == CONTROL_NEW_AUTHORITY))
		give_task(supervisor, word == CONTROL_NEW_KEY ? KEEPER_NEW_KEY : KEEPER_NEW_AUTHORITY, about);
	if (r < 0 || word != CONTROL_INSPECT || inspector->pid || inspector->again || supervisor->stopping)
		return 0;
	r = start(supervisor, ROLE_INSPECTOR, err);
	if (r == 0)
		link_up(supervisor, ROLE_INSPECTOR);
	return r;
}

static bool anybody(const struct supervisor *supervisor)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		if (supervisor->children[role].pid)
			return true;
	/* Who is to be started again while stopping still has something to keep. */
	return supervisor->children[ROLE_WRITER].again != 0 && !supervisor->failed;
}

static int64_t next_moment(const struct supervisor *supervisor, int64_t now)
{
	int64_t next = supervisor->stopping ? supervisor->stop_by : now + 60 * SECOND;
	for (int role = 0; role < ROLE_COUNT; role++)
		if (supervisor->children[role].again && !supervisor->children[role].pid)
			next = MIN(next, supervisor->children[role].again);
	return next;
}

static int loop(struct supervisor *supervisor, struct err *err)
{
	while (!supervisor->stopping || anybody(supervisor)) {
		int64_t now = clock_monotonic_ns();
		struct pollfd wait[] = {
			{ .fd = supervisor->signals, .events = POLLIN },
			{ .fd = supervisor->children[ROLE_SERVER].control, .events = POLLIN },
		};
		if (poll(wait, COUNT(wait), (int)((MAX(next_moment(supervisor, now) - now, 0) + MS - 1) / MS)) < 0 && errno != EINTR)
			return err_errno(err, -errno, "the collector cannot wait");
		hear_signals(supervisor);
		reap(supervisor);
		int r = wait[1].revents & POLLIN && supervisor->children[ROLE_SERVER].control >= 0 ? hear_server(supervisor, err) : 0;
		if (r == 0 && !supervisor->failed)
			r = start_again(supervisor, err);
		if (r < 0)
			return r;
		if (supervisor->stopping && clock_monotonic_ns() >= supervisor->stop_by) {
			if (!supervisor->failed && anybody(supervisor))
				role_say(&supervisor->log, &NOTE("not everything that was taken could be kept in time; senders were not told otherwise"));
			supervisor->children[ROLE_WRITER].again = 0;
			kill_all(supervisor);
			supervisor->stop_by = clock_monotonic_ns() + SECOND;
		}
	}
	return 0;
}

static int run(struct supervisor *supervisor, struct err *err)
{
	/* The server first of those that take long to begin. */
	static const enum role order[ROLE_COUNT] = {
		ROLE_KEEPER, ROLE_SERVER, ROLE_WRITER, ROLE_READER, ROLE_SHIPPER, ROLE_MONITOR, ROLE_INSPECTOR,
	};
	int r = supervisor_open(supervisor, err);
	for (size_t i = 0; r == 0 && i < COUNT(order); i++)
		if (wanted(supervisor, order[i])) {
			r = start(supervisor, order[i], err);
			if (r == 0)
				link_up(supervisor, order[i]);
		}
	if (r == 0)
		r = loop(supervisor, err);
	if (r == 0 && supervisor->failed) {
		ARENA(arena);
		struct str why = shared_said(&arena, &supervisor->shared->roles[supervisor->failed_role].trouble);
		r = err_set(err, supervisor->failed, "%s", why.n ? why.p : "a process of the collector could not begin");
	}
	kill_all(supervisor);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return r;
}

int supervisor_run(const struct supervisor_options *options, struct err *err)
{
	ARENA(arena);
	sigset_t old;
	const struct config *config = options->config;
	struct supervisor supervisor = { .config = config, .options = options, .lang = options->lang, .tcp = -1, .local = -1, .lock = -1,
		                         .console = -1 };
	const char *user = arena_cstr(&arena, config->user);
	supervisor.log = (struct role_log){ .lang = options->lang, .who = "supervisor", .office = config->up.dir.p != NULL };
	supervisor.user = geteuid() == 0 && config->user.n && getpwnam(user) ? user : NULL;
	if (geteuid() == 0 && !supervisor.user)
		role_say(&supervisor.log, config->user.n ? &NOTE("there is no user {}: the processes stay root, without capabilities", config->user)
		                                         : &NOTE("the processes stay root, without capabilities: the configuration names no user"));
	supervisor.shared = shared_new();
	for (int role = 0; role < ROLE_COUNT; role++)
		supervisor.children[role].control = -1;
	int r = take_signals(&old, err);
	if (r < 0)
		return r;
	supervisor.signals = r;
	r = run(&supervisor, err);
	for (int role = 0; role < ROLE_COUNT; role++)
		fd_close_p(&supervisor.children[role].control);
	fd_close_p(&supervisor.signals);
	fd_close_p(&supervisor.tcp);
	fd_close_p(&supervisor.local);
	fd_close_p(&supervisor.lock);
	fd_close_p(&supervisor.console);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
