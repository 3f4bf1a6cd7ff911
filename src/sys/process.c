/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/root.h"

const struct process_limits process_limits_default = {
	.timeout_ns = 10 * (int64_t)1000000000,
	.output = 1024 * 1024,
	.memory = 1024 * 1024 * 1024,
	.seconds = 10,
};

static void limit(int what, uint64_t value)
{
	struct rlimit old, now = { value, value };
	if (getrlimit(what, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < value)
		now.rlim_cur = now.rlim_max = old.rlim_max;
	setrlimit(what, &now);
}

/* In the child, between fork and exec: only what is safe there. */
static _Noreturn void child(char *const argv[], const struct process_limits *limits, int output, int failure)
{
	static char path[] = "PATH=" PROCESS_PATH, locale[] = "LC_ALL=C";
	char *environment[] = { path, locale, NULL };
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	setpgid(0, 0);
	umask(077);
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir("/") < 0)
		_exit(127);
	/* The descriptor for failures ends with exec; the others are not for the program. */
	if (dup3(failure, 3, O_CLOEXEC) < 0 && failure != 3)
		_exit(127);
	close_range(4, ~0U, 0);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	limit(RLIMIT_AS, limits->memory);
	limit(RLIMIT_CPU, limits->seconds);
	limit(RLIMIT_FSIZE, limits->output);
	limit(RLIMIT_CORE, 0);
	environ = environment;
	execvp(argv[0], argv);
	int code = errno;
	if (write(3, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* Read until the end, the deadline, or too much. */
static int drain(int fd, int64_t deadline, size_t most, struct buf *out)
{
	for (;;) {
		int64_t left = (deadline - clock_monotonic_ns()) / 1000000;
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		if (left <= 0)
			return -ETIME;
		int r = poll(&wait, 1, (int)MIN(left + 1, (int64_t)1000));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		ssize_t n = read(fd, buf_reserve(out, 64 * 1024), 64 * 1024);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		out->n += n > 0 ? (size_t)n : 0;
		if (out->n > most)
			return -EFBIG;
	}
}

/* Wait for the end of the program; what it left behind in its group is not waited for. */
static int reap(pid_t pid, int64_t deadline, int *status)
{
	for (;;) {
		pid_t r = waitpid(pid, status, WNOHANG);
		if (r == pid)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (clock_monotonic_ns() > deadline)
			return -ETIME;
		poll(NULL, 0, 1);
	}
}

static void end(pid_t pid)
{
	int status;
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

int process_run(char *const argv[], const struct process_limits *limits, struct buf *output, int *status,
                struct err *err)
{
	int64_t deadline = clock_monotonic_ns() + limits->timeout_ns;
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } };
	int failure = 0, said = 0;
	if (pipe2(pipes[0], O_CLOEXEC) < 0)
		return err_errno(err, -errno, "cannot run '%s'", argv[0]);
	CLEANUP(fd_close_p) int read_output = pipes[0][0];
	CLEANUP(fd_close_p) int write_output = pipes[0][1];
	if (pipe2(pipes[1], O_CLOEXEC) < 0)
		return err_errno(err, -errno, "cannot run '%s'", argv[0]);
	CLEANUP(fd_close_p) int read_failure = pipes[1][0];
	CLEANUP(fd_close_p) int write_failure = pipes[1][1];
	pid_t pid = fork();
	if (pid < 0)
		return err_errno(err, -errno, "cannot run '%s'", argv[0]);
	if (pid == 0)
		child(argv, limits, write_output, write_failure);
	setpgid(pid, pid);
	fd_close_p(&write_output);
	fd_close_p(&write_failure);
	ssize_t n;
	while ((n = read(read_failure, &failure, sizeof(failure))) < 0 && errno == EINTR)
		;
	if (n == (ssize_t)sizeof(failure)) {
		end(pid);
		return err_errno(err, -failure, "cannot run '%s'", argv[0]);
	}
	int r = drain(read_output, deadline, limits->output, output);
	if (r == 0)
		r = reap(pid, deadline, &said);
	if (r < 0) {
		end(pid);
		return err_errno(err, r, "'%s' was stopped", argv[0]);
	}
	kill(-pid, SIGKILL);
	*status = WIFEXITED(said) ? WEXITSTATUS(said) : 128 + WTERMSIG(said);
	return 0;
}
