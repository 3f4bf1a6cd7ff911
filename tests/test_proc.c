/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What /proc/PID says, also when the process chose its name to confuse readers. Truth: proc(5), and
 * this very process as the C library describes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/proc.h"

static void test_stat_hostile_name(void **state)
{
	(void)state;
	struct proc_stat stat;
	struct str text = STR("77 (x) R 1 (\n) y\xff) S 5 6 7 0 -1 4194304 1 2 3 4 50 60 0 0 20 0 9 0 1234 4096 8\n");
	assert_true(proc_stat_parse(text, &stat));
	assert_int_equal(stat.pid, 77);
	assert_true(str_eq(stat.name, STR("x) R 1 (\n) y\xff")));
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.parent, 5);
	assert_int_equal(stat.group, 6);
	assert_int_equal(stat.flags, 4194304);
	assert_int_equal(stat.user_ticks, 50);
	assert_int_equal(stat.system_ticks, 60);
	assert_int_equal(stat.threads, 9);
	assert_int_equal(stat.start_ticks, 1234);
	assert_int_equal(stat.virtual_bytes, 4096);
	assert_int_equal(stat.resident_pages, 8);
}

static void test_stat_broken(void **state)
{
	(void)state;
	const char *const broken[] = { "", "1", "1 (", "1 (a", "(a) S 1", "1 (a) ", "1 (a) SS 1", "x (a) S 1", "1 )a( S 1" };
	struct proc_stat stat;
	for (size_t i = 0; i < COUNT(broken); i++)
		assert_false(proc_stat_parse(str_from(broken[i]), &stat));
	assert_true(proc_stat_parse(STR("1 () S 0"), &stat));
	assert_int_equal(stat.name.n, 0);
	assert_true(stat.threads == INT64_MIN);
}

static void test_container_names(void **state)
{
	(void)state;
	#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const struct {
		const char *text, *runtime, *id;
	} cases[] = {
		{ "0::/system.slice/docker-" ID ".scope\n", "docker", ID },
		{ "5:pids:/docker/" ID "\n", "docker", ID },
		{ "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container\n", "podman", ID },
		{ "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope\n", "containerd", ID },
		{ "0::/kubepods/besteffort/pod1/" ID "\n", "containerd", ID },
		{ "0::/kubepods.slice/crio-" ID ".scope\n", "crio", ID },
		{ "0::/lxc.payload.web/init.scope\n", "lxc", "web" },
		{ "3:cpu:/lxc/web\n", "lxc", "web" },
		{ "0::/machine.slice/systemd-nspawn@db.service/payload\n", "nspawn", "db" },
		{ "0::/machine.slice/machine-db.scope\n", "nspawn", "db" },
		{ "0::/system.slice/docker.service\n", NULL, NULL },
		{ "0::/system.slice/docker-short.scope\n", NULL, NULL },
		{ "0::/\n", NULL, NULL },
		{ "garbage", NULL, NULL },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct proc_container got;
		bool found = proc_cgroup_container(str_from(cases[i].text), &got);
		assert_int_equal(found, cases[i].id != NULL);
		if (found) {
			assert_string_equal(got.runtime, cases[i].runtime);
			assert_true(str_is(got.id, cases[i].id));
		}
	}
}

static void test_cgroup_path(void **state)
{
	(void)state;
	assert_true(str_is(proc_cgroup_path(STR("2:cpu:/a\n1:name=systemd:/b\n0::/c\n")), "/c"));
	assert_true(str_is(proc_cgroup_path(STR("2:cpu:/a\n1:name=systemd:/b:x\n0::/\n")), "/b:x"));
	assert_true(str_is(proc_cgroup_path(STR("2:cpu:/a\n")), "/a"));
	assert_true(str_is(proc_cgroup_path(STR("0::/\n")), "/"));
	assert_null(proc_cgroup_path(STR("nothing\n")).p);
}

static void test_self(void **state)
{
	(void)state;
	ARENA(arena);
	struct root root;
	struct err err;
	struct proc proc;
	struct proc_process process;
	struct proc_stat stat;
	struct proc_status status;
	char text[8192];
	assert_int_equal(root_open(&root, "/", &err), 0);
	assert_int_equal(proc_open(&root, &arena, &proc), 0);
	assert_int_equal(prctl(PR_SET_NAME, ") S 1 (\n"), 0);
	assert_int_equal(proc_process_open(&proc, getpid(), &process), 0);
	ssize_t n = proc_read(&process, "stat", text, sizeof(text));
	assert_true(n > 0 && proc_stat_parse((struct str){ text, (size_t)n }, &stat));
	assert_true(str_eq(stat.name, STR(") S 1 (\n")));
	assert_int_equal(stat.pid, getpid());
	assert_int_equal(stat.parent, getppid());
	n = proc_read(&process, "status", text, sizeof(text));
	assert_true(n > 0);
	proc_status_parse((struct str){ text, (size_t)n }, &status);
	assert_int_equal(status.uid, getuid());
	assert_int_equal(status.egid, getegid());
	char path[64];
	snprintf(path, sizeof(path), "net:[%ld]", (long)proc_namespace(&process, "ns/net"));
	n = readlink("/proc/self/ns/net", text, sizeof(text));
	assert_true(n > 0 && str_eq((struct str){ text, (size_t)n }, str_from(path)));
	proc_process_close(&process);
	proc_close(&proc);
	root_close(&root);
}

/* A held process that has ended stays ended, whatever gets its number. */
static void test_vanished(void **state)
{
	(void)state;
	ARENA(arena);
	struct root root;
	struct err err;
	struct proc proc;
	struct proc_process process;
	char text[8192];
	assert_int_equal(root_open(&root, "/", &err), 0);
	assert_int_equal(proc_open(&root, &arena, &proc), 0);
	pid_t child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(proc_process_open(&proc, child, &process), 0);
	assert_true(proc_read(&process, "stat", text, sizeof(text)) > 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ssize_t n = proc_read(&process, "stat", text, sizeof(text));
	assert_true(n == -ESRCH || n == -ENOENT);
	proc_process_close(&process);
	assert_int_equal(proc_process_open(&proc, child, &process), -ENOENT);
	proc_process_close(&process);
	proc_close(&proc);
	root_close(&root);
}

/* A file that is really called "x (deleted)" is not deleted. */
static void test_deleted(void **state)
{
	(void)state;
	ARENA(arena);
	struct root root;
	struct err err;
	struct proc proc;
	struct proc_process process;
	char path[] = "/tmp/ward-test-XXXXXX (deleted)", link[32], text[256];
	int fd = mkstemps(path, 10);
	assert_true(fd >= 0);
	assert_int_equal(root_open(&root, "/", &err), 0);
	assert_int_equal(proc_open(&root, &arena, &proc), 0);
	assert_int_equal(proc_process_open(&proc, getpid(), &process), 0);
	snprintf(link, sizeof(link), "fd/%d", fd);
	for (int gone = 0; gone < 2; gone++) {
		ssize_t n = proc_link(&process, link, text, sizeof(text));
		assert_true(n > 0);
		struct str shown = { text, (size_t)n };
		assert_int_equal(proc_path_is_deleted(&process, link, &shown), gone);
		assert_true(str_is(shown, path));
		unlink(path);
	}
	close(fd);
	proc_process_close(&process);
	proc_close(&proc);
	root_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat_hostile_name), cmocka_unit_test(test_stat_broken),
		cmocka_unit_test(test_container_names),   cmocka_unit_test(test_cgroup_path),
		cmocka_unit_test(test_self),              cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_deleted),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
