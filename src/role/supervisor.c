/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/supervisor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keyring.h"
#include "role/control.h"
#include "role/keeper.h"
#include "role/log.h"
#include "role/monitor.h"
#include "role/reader.h"
#include "role/shared.h"
#include "role/shipper.h"
#include "role/writer.h"
#include "sys/root.h"

#define MS        ((int64_t)1000000)
#define SECOND    (1000 * MS)
#define STEADY    (2 * SECOND)  /* who ran this long starts again at once */
#define DELAY     (100 * MS)
#define DELAY_MOST (10 * SECOND)
#define PATIENCE  (80 * SECOND) /* for the end: systemd gives 90 */

enum { CHILD_FAILED = 2, CHILD_DISTRUSTS = 4 };
enum { CHILD_CONTROL = 3, CHILD_TCP, CHILD_LOCAL, CHILD_REST };

struct child {
	pid_t pid;    /* 0: not running */
	int control;  /* -1 then */
	int64_t started, again; /* monotonic; again: when to start it, 0: not */
	int64_t delay;
};

struct supervisor {
	const struct config *config;
	enum lang lang;
	const char *user; /* one that exists; NULL: stay what we are */
	struct shared *shared;
	struct role_log log;
	struct child children[ROLE_COUNT];
	int tcp, local, signals, lock;
	bool stopping;
	int64_t stop_by;
	int failed;        /* a child could not begin */
	enum role failed_role;
};

static bool wanted(const struct supervisor *supervisor, enum role role)
{
	return role == ROLE_KEEPER    ? supervisor->config->archive.sign
	       : role == ROLE_SHIPPER ? supervisor->config->events.n > 0
	                              : true;
}

/* ---- in the child ---- */

static int keeper_main(struct supervisor *supervisor, pid_t parent, struct err *err)
{
	const struct config *config = supervisor->config;
	CLEANUP(private_key_close_p) struct private_key *key = NULL;
	ARENA(arena);
	struct keeper_memory memory = { 0 };
	struct sandbox_state state;
	struct sandbox sandbox = role_sandbox(ROLE_KEEPER, NULL, supervisor->user, parent);
	int r = keyring_private(arena_cstr(&arena, config->archive.keys), config->archive.key, &key, err);
	if (r == 0)
		r = sandbox_enter(&sandbox, &state, err);
	if (r < 0)
		return r;
	BUF(words);
	sandbox_words(&state, &words);
	shared_say(&supervisor->shared->roles[ROLE_KEEPER].sandbox, buf_cstr(&words));
	shared_set(&supervisor->shared->roles[ROLE_KEEPER].ready, 1);
	for (;;) {
		enum control_word word;
		int fd;
		r = control_take(CHILD_CONTROL, &word, &fd, err);
		if (r < 0 || word == CONTROL_STOP)
			return r == -EPIPE ? 0 : r;
		if (word == CONTROL_CLIENT && fd >= 0)
			r = keeper_serve(fd, key, &memory, &supervisor->shared->keeper.signed_count, err);
		fd_close_p(&fd);
		if (r < 0)
			return r;
	}
}

static int monitor_main(struct supervisor *supervisor, pid_t parent, struct err *err)
{
	struct sandbox_state state;
	struct sandbox sandbox = role_sandbox(ROLE_MONITOR, NULL, supervisor->user, parent);
	int r = sandbox_enter(&sandbox, &state, err);
	if (r < 0)
		return r;
	BUF(words);
	sandbox_words(&state, &words);
	shared_say(&supervisor->shared->roles[ROLE_MONITOR].sandbox, buf_cstr(&words));
	shared_set(&supervisor->shared->roles[ROLE_MONITOR].ready, 1);
	return monitor_run(supervisor->shared, CHILD_CONTROL, supervisor->tcp >= 0 ? CHILD_TCP : -1,
	                   supervisor->local >= 0 ? CHILD_LOCAL : -1, err);
}

static int child_main(struct supervisor *supervisor, enum role role, pid_t parent, struct err *err)
{
	struct role_log log = { .lang = supervisor->lang, .who = role_names[role] };
	if (role == ROLE_KEEPER)
		return keeper_main(supervisor, parent, err);
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
	return reader_run(&(struct reader_options){ supervisor->config, supervisor->shared, &log, CHILD_CONTROL, supervisor->user,
	                                            parent },
	                  err);
}

/* Descriptors 0 to 2, the control socket, and for the monitor its two; nothing else. */
static void arrange_descriptors(const struct supervisor *supervisor, enum role role, int control)
{
	bool monitor = role == ROLE_MONITOR;
	int from[] = { control, monitor ? supervisor->tcp : -1, monitor ? supervisor->local : -1 };
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

static _Noreturn void child(struct supervisor *supervisor, enum role role, int control, pid_t parent)
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
		struct role_log log = { .lang = supervisor->lang, .who = role_names[role] };
		shared_say(&supervisor->shared->roles[role].trouble, err.text);
		/* When it could not even begin, the supervisor ends with these words. */
		if (shared_get(&supervisor->shared->roles[role].ready))
			role_say(&log, &NOTE("{}", str_from(err.text)));
	}
	_exit(r == -EBADMSG ? CHILD_DISTRUSTS : r < 0 ? CHILD_FAILED : 0);
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
		child(supervisor, role, ends[1], parent);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_errno(err, -errno, "cannot start the %s", role_names[role]);
	}
	it->pid = pid;
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
}

static void tell(struct supervisor *supervisor, enum role role, enum control_word word)
{
	if (supervisor->children[role].control >= 0)
		(void)!control_send(supervisor->children[role].control, word, -1, NULL);
}

/* The next that has to end: who gives before who takes. */
static void stop_next(struct supervisor *supervisor)
{
	static const enum role order[] = { ROLE_READER, ROLE_WRITER, ROLE_SHIPPER, ROLE_KEEPER, ROLE_MONITOR };
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

static void child_ended(struct supervisor *supervisor, enum role role, int status)
{
	struct child *it = &supervisor->children[role];
	int64_t now = clock_monotonic_ns();
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	it->pid = 0;
	fd_close_p(&it->control);
	it->control = -1;
	shared_set(&supervisor->shared->roles[role].pid, 0);
	if (supervisor->stopping && (good || role == ROLE_KEEPER || role == ROLE_MONITOR || role == ROLE_SHIPPER || supervisor->failed)) {
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
		begin_stop(supervisor);
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

/* ---- what it opens ---- */

static int make_dir(const struct supervisor *supervisor, struct str path, mode_t mode, struct err *err)
{
	ARENA(arena);
	const char *name = arena_cstr(&arena, path);
	const struct passwd *user = supervisor->user ? getpwnam(supervisor->user) : NULL;
	if (mkdir(name, mode) < 0) {
		struct stat st;
		if (errno != EEXIST)
			return err_errno(err, -errno, "cannot make the directory '%s'", name);
		/* One that was made before there was a user to become. */
		if (!user || stat(name, &st) < 0 || st.st_uid != 0 || !S_ISDIR(st.st_mode))
			return 0;
	}
	if (user && chown(name, user->pw_uid, user->pw_gid) < 0)
		return err_errno(err, -errno, "cannot give the directory '%s' to %s", name, supervisor->user);
	return 0;
}

static int listen_tcp(struct supervisor *supervisor, struct err *err)
{
	struct str host;
	uint16_t port;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address = { 0 };
	int r = config_loopback(supervisor->config->metrics, &host, &port, err), on = 1;
	if (r < 0 || !host.p)
		return r;
	bool six = str_is(host, "[::1]");
	if (six)
		address.six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	else
		address.four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
			                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	supervisor->tcp = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (supervisor->tcp < 0 || setsockopt(supervisor->tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(supervisor->tcp, &address.any, six ? sizeof(address.six) : sizeof(address.four)) < 0 ||
	    listen(supervisor->tcp, 16) < 0)
		return err_errno(err, -errno, "cannot listen for metrics on %.*s", STR_ARG(supervisor->config->metrics));
	return 0;
}

static int listen_local(struct supervisor *supervisor, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct passwd *user = supervisor->user ? getpwnam(supervisor->user) : NULL;
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%.*s/" SUPERVISOR_SOCKET, STR_ARG(supervisor->config->run));
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return err_set(err, -ENAMETOOLONG, "the path of 'run' is too long");
	unlink(address.sun_path);
	supervisor->local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (supervisor->local < 0 || bind(supervisor->local, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0660) < 0 || (user && chown(address.sun_path, user->pw_uid, user->pw_gid) < 0) ||
	    listen(supervisor->local, 16) < 0)
		return err_errno(err, -errno, "cannot listen on '%s'", address.sun_path);
	return 0;
}

static int take_lock(struct supervisor *supervisor, struct err *err)
{
	ARENA(arena);
	struct str path = arena_printf(&arena, "%.*s/collect.lock", STR_ARG(supervisor->config->run));
	supervisor->lock = open(path.p, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (supervisor->lock < 0)
		return err_errno(err, -errno, "cannot open '%s'", path.p);
	if (flock(supervisor->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(err, -EBUSY, "the collector runs already (%s is locked)", path.p)
		                            : err_errno(err, -errno, "cannot lock '%s'", path.p);
	return 0;
}

static int find_key(struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->config;
	ARENA(arena);
	struct public_key key;
	if (!config->archive.sign)
		return 0;
	int r = keyring_public(arena_cstr(&arena, config->archive.keys), config->archive.key, &key, err);
	if (r == -ENOENT)
		return config_no_key(config, err);
	if (r == 0)
		snprintf(supervisor->shared->key_id, sizeof(supervisor->shared->key_id), "%s", key.id);
	return r;
}

static int open_all(struct supervisor *supervisor, struct err *err)
{
	const struct config *config = supervisor->config;
	int r = find_key(supervisor, err);
	r = r < 0 ? r : sandbox_prepare(err);
	r = r < 0 ? r : make_dir(supervisor, config->run, 0755, err);
	r = r < 0 ? r : take_lock(supervisor, err);
	r = r < 0 ? r : make_dir(supervisor, config->archive.dir, 0750, err);
	r = r < 0 ? r : make_dir(supervisor, config->findings, 0750, err);
	r = r < 0 ? r : listen_tcp(supervisor, err);
	r = r < 0 ? r : listen_local(supervisor, err);
	if (r < 0)
		return r;
	supervisor->shared->n_sources = config->n_sources;
	for (size_t i = 0; i < config->n_sources; i++) {
		struct shared_source *source = &supervisor->shared->sources[i];
		snprintf(source->name, sizeof(source->name), "%.*s", STR_ARG(config->sources[i].name));
		snprintf(source->kind, sizeof(source->kind), "%s", config->sources[i].kind->name);
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
		else if (info.ssi_signo != SIGCHLD && supervisor->stopping)
			supervisor->stop_by = clock_monotonic_ns(); /* asked twice */
		else if (info.ssi_signo != SIGCHLD)
			begin_stop(supervisor);
	}
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
		struct pollfd wait = { .fd = supervisor->signals, .events = POLLIN };
		if (poll(&wait, 1, (int)((MAX(next_moment(supervisor, now) - now, 0) + MS - 1) / MS)) < 0 && errno != EINTR)
			return err_errno(err, -errno, "the collector cannot wait");
		hear_signals(supervisor);
		reap(supervisor);
		int r = supervisor->failed ? 0 : start_again(supervisor, err);
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
	int r = open_all(supervisor, err);
	for (int role = 0; r == 0 && role < ROLE_COUNT; role++)
		if (wanted(supervisor, (enum role)role)) {
			r = start(supervisor, (enum role)role, err);
			if (r == 0)
				link_up(supervisor, (enum role)role);
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

int supervisor_run(const struct config *config, enum lang lang, struct err *err)
{
	ARENA(arena);
	sigset_t old;
	struct supervisor supervisor = { .config = config, .lang = lang, .tcp = -1, .local = -1, .lock = -1 };
	const char *user = arena_cstr(&arena, config->user);
	supervisor.log = (struct role_log){ .lang = lang, .who = "supervisor" };
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
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
