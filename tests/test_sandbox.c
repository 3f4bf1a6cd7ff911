/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The walls of each role bite: a child enters them and tries what it must not. What this kernel cannot is skipped with a
 * message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "role/role.h"

static char dir[64], inside[96], outside[96];
static pid_t parent;

enum { REFUSED = 0, ALLOWED = 1, BROKEN = 99 };

/* What is tried: ALLOWED when it worked, REFUSED when not. */
typedef int attempt(void);

/* In a child of the role: its exit status, or 128 + the signal. */
static int in_role(enum role role, attempt *try)
{
	struct sandbox_path paths[] = { { inside, role == ROLE_WRITER }, { NULL, false } };
	pid_t pid = fork();
	if (pid == 0) {
		struct sandbox sandbox = role_sandbox(role, paths, NULL, getppid());
		struct sandbox_state state;
		struct err err = { 0 };
		if (sandbox_enter(&sandbox, &state, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			_exit(BROKEN);
		}
		_exit(try());
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	int r = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	assert_int_not_equal(r, BROKEN);
	return r;
}

static int opened(const char *path, int flags)
{
	return syscall(SYS_openat, AT_FDCWD, path, flags, 0600) >= 0 ? ALLOWED : REFUSED;
}

static int read_outside(void)
{
	return opened("/etc/passwd", O_RDONLY);
}

static int read_inside(void)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/there", inside);
	return opened(path, O_RDONLY);
}

static int write_outside(void)
{
	return opened(outside, O_WRONLY | O_CREAT);
}

static int write_inside(void)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/new", inside);
	return opened(path, O_WRONLY | O_CREAT);
}

static int climb_out(void)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/../outside", inside);
	return opened(path, O_WRONLY | O_CREAT);
}

static int connect_tcp(void)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		return REFUSED;
	return connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0 || errno == ECONNREFUSED ? ALLOWED : REFUSED;
}

static int execute(void)
{
	char *argv[] = { (char *)"/bin/true", NULL };
	execve(argv[0], argv, NULL);
	return REFUSED;
}

static int trace(void)
{
	return ptrace(PTRACE_ATTACH, parent, NULL, NULL) == 0 ? ALLOWED : REFUSED;
}

static int fork_away(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0 ? ALLOWED : REFUSED;
}

static int signal_parent(void)
{
	return syscall(SYS_kill, parent, 0) == 0 ? ALLOWED : REFUSED;
}

static int make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? ALLOWED
	                                                                                                         : REFUSED;
}

static int become_root(void)
{
	return syscall(SYS_setresuid, 0, 0, 0) == 0 ? ALLOWED : REFUSED;
}

static int use_memory(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return REFUSED;
	memset(p, 1, 1 << 20);
	return ALLOWED;
}

static int be_dumped(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_CORE, &limit);
	return limit.rlim_max != 0 ? ALLOWED : REFUSED;
}

static bool kernel_has(const char *what)
{
	static int known = -1;
	static struct sandbox_state state;
	if (known < 0) {
		struct sandbox_state *shared =
			mmap(NULL, sizeof(state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		pid_t pid = fork();
		if (pid == 0) {
			struct sandbox sandbox = role_sandbox(ROLE_KEEPER, NULL, NULL, 0);
			_exit(sandbox_enter(&sandbox, shared, NULL) < 0 ? BROKEN : 0);
		}
		int status;
		waitpid(pid, &status, 0);
		state = *shared;
		known = 1;
		BUF(words);
		sandbox_words(&state, &words);
		print_message("here: %s\n", buf_cstr(&words));
	}
	bool there = what[0] == 's' ? state.seccomp == WALL_STANDS : state.landlock == WALL_STANDS;
	if (!there)
		print_message("%s is not supported by this kernel: not tested\n", what);
	return there;
}

#define KILLED (128 + SIGSYS)

static void nobody_starts_programs_or_traces(void **state)
{
	(void)state;
	if (!kernel_has("seccomp"))
		skip();
	for (int role = 0; role < ROLE_COUNT; role++) {
		assert_int_equal(in_role(role, execute), KILLED);
		assert_int_equal(in_role(role, trace), KILLED);
		assert_int_equal(in_role(role, become_root), KILLED);
		assert_int_equal(in_role(role, fork_away), REFUSED);
		assert_int_equal(in_role(role, signal_parent), REFUSED);
		assert_int_equal(in_role(role, be_dumped), REFUSED);
		assert_int_equal(in_role(role, use_memory), ALLOWED);
		assert_int_equal(in_role(role, make_code), role == ROLE_READER ? ALLOWED : REFUSED);
	}
}

static void only_the_shipper_connects(void **state)
{
	(void)state;
	if (!kernel_has("seccomp"))
		skip();
	for (int role = 0; role < ROLE_COUNT; role++)
		assert_int_equal(in_role(role, connect_tcp), role == ROLE_SHIPPER ? ALLOWED : REFUSED);
}

/* To ask for the rules of iptables; but no packet leaves by it. */
static int send_raw(void)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char packet[64] = { 0x45 };
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct iovec part = { packet, sizeof(packet) };
	struct msghdr message = { .msg_name = &there, .msg_namelen = sizeof(there), .msg_iov = &part, .msg_iovlen = 1 };
	if (fd < 0)
		return REFUSED;
	if (sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&there, sizeof(there)) >= 0 ||
	    sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&there, 12) >= 0 || sendmsg(fd, &message, 0) >= 0 ||
	    send(fd, packet, sizeof(packet), 0) >= 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0)
		return ALLOWED;
	return REFUSED;
}

static void nobody_sends_packets(void **state)
{
	(void)state;
	if (!kernel_has("seccomp"))
		skip();
	for (int role = 0; role < ROLE_COUNT; role++)
		assert_int_equal(in_role(role, send_raw), REFUSED);
}

static void files_are_those_of_the_role(void **state)
{
	(void)state;
	if (!kernel_has("seccomp") || !kernel_has("landlock"))
		skip();
	for (int role = 0; role < ROLE_COUNT; role++) {
		bool reads = role != ROLE_KEEPER && role != ROLE_MONITOR, sees_all = role == ROLE_INSPECTOR;
		assert_int_equal(in_role(role, read_outside), sees_all ? ALLOWED : REFUSED);
		assert_int_equal(in_role(role, write_outside), REFUSED);
		assert_int_equal(in_role(role, climb_out), REFUSED);
		assert_int_equal(in_role(role, read_inside), reads ? ALLOWED : REFUSED);
		assert_int_equal(in_role(role, write_inside), role == ROLE_WRITER ? ALLOWED : REFUSED);
	}
}

/* Landlock alone, as if seccomp let everything through. */
static void landlock_bites_by_itself(void **state)
{
	(void)state;
	if (!kernel_has("landlock"))
		skip();
	assert_int_equal(in_role(ROLE_SHIPPER, read_outside), REFUSED);
	assert_int_equal(in_role(ROLE_WRITER, write_outside), REFUSED);
}

/* A line of /proc/PID/status. */
static void status_line(pid_t pid, const char *name, char *out, size_t room)
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	out[0] = 0;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			snprintf(out, room, "%s", line + strlen(name) + 2);
	fclose(file);
	out[strcspn(out, " \n")] = 0;
}

/* CAP_DAC_READ_SEARCH is 2; the inspector has NET_ADMIN (12), NET_RAW (13), SYS_PTRACE (19), AUDIT_CONTROL (30) and SYSLOG (34), too. */
static const char *capabilities_of(enum role role)
{
	return role == ROLE_READER ? "0000000000000004" : role == ROLE_INSPECTOR ? "0000000440083004" : "0000000000000000";
}

/* As the kernel tells it from outside. */
static void privileges_are_gone(void **state)
{
	(void)state;
	const struct passwd *nobody = getpwnam("nobody");
	if (!kernel_has("seccomp") || geteuid() != 0 || !nobody)
		skip();
	unsigned uid = nobody->pw_uid;
	for (int role = 0; role < ROLE_COUNT; role++)
		for (int changes = 0; changes < 2; changes++) {
			int ready[2], go_on[2];
			char byte, value[128], expected[128];
			assert_int_equal(pipe(ready) | pipe(go_on), 0);
			pid_t pid = fork();
			if (pid == 0) {
				struct sandbox sandbox = role_sandbox(role, NULL, changes ? "nobody" : NULL, getppid());
				struct sandbox_state entered;
				close(go_on[1]);
				if (sandbox_enter(&sandbox, &entered, NULL) < 0 || write(ready[1], "x", 1) != 1)
					_exit(BROKEN);
				_exit(read(go_on[0], &byte, 1) == 0 ? 0 : BROKEN);
			}
			close(go_on[0]);
			assert_int_equal(read(ready[0], &byte, 1), 1);
			status_line(pid, "Seccomp", value, sizeof(value));
			assert_string_equal(value, "2");
			status_line(pid, "NoNewPrivs", value, sizeof(value));
			assert_string_equal(value, "1");
			status_line(pid, "CapEff", value, sizeof(value));
			assert_string_equal(value, capabilities_of(role));
			status_line(pid, "CapPrm", value, sizeof(value));
			assert_string_equal(value, capabilities_of(role));
			status_line(pid, "Uid", value, sizeof(value));
			unsigned is = changes && role != ROLE_INSPECTOR ? uid : 0;
			snprintf(expected, sizeof(expected), "%u\t%u\t%u\t%u", is, is, is, is);
			assert_string_equal(value, expected);
			status_line(pid, "Groups", value, sizeof(value));
			assert_string_equal(value, "");
			close(go_on[1]);
			close(ready[0]);
			close(ready[1]);
			int status;
			waitpid(pid, &status, 0);
			assert_int_equal(status, 0);
		}
}

static void a_child_ends_with_its_parent(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t middle = fork();
	if (middle == 0) {
		pid_t self = getpid();
		int ready[2];
		if (pipe(ready) < 0)
			_exit(BROKEN);
		if (fork() == 0) {
			struct sandbox sandbox = role_sandbox(ROLE_KEEPER, NULL, geteuid() == 0 ? "nobody" : NULL, self);
			struct sandbox_state entered;
			close(ends[0]);
			if (sandbox_enter(&sandbox, &entered, NULL) < 0 || write(ready[1], "x", 1) != 1)
				_exit(BROKEN);
			for (;;)
				pause();
		}
		close(ends[1]);
		char byte;
		if (read(ready[0], &byte, 1) != 1)
			_exit(BROKEN);
		kill(self, SIGKILL);
	}
	close(ends[1]);
	int status;
	waitpid(middle, &status, 0);
	assert_true(WIFSIGNALED(status));
	char byte;
	alarm(120);
	assert_int_equal(read(ends[0], &byte, 1), 0); /* the child held the other end */
	alarm(0);
	close(ends[0]);
}

static int setup(void **state)
{
	(void)state;
	memcpy(dir, "/tmp/ward-test-sandbox-XXXXXX", 30);
	parent = getpid();
	if (!mkdtemp(dir))
		return -1;
	chmod(dir, 0755);
	snprintf(inside, sizeof(inside), "%s/inside", dir);
	snprintf(outside, sizeof(outside), "%s/outside", dir);
	char path[128];
	snprintf(path, sizeof(path), "%s/there", inside);
	mkdir(inside, 0777);
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	close(fd);
	return sandbox_prepare(NULL);
}

static int teardown(void **state)
{
	(void)state;
	char path[128];
	static const char *const names[] = { "there", "new" };
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", inside, names[i]);
		unlink(path);
	}
	unlink(outside);
	rmdir(inside);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_starts_programs_or_traces),
		cmocka_unit_test(only_the_shipper_connects),
		cmocka_unit_test(nobody_sends_packets),
		cmocka_unit_test(files_are_those_of_the_role),
		cmocka_unit_test(landlock_bites_by_itself),
		cmocka_unit_test(privileges_are_gone),
		cmocka_unit_test(a_child_ends_with_its_parent),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
