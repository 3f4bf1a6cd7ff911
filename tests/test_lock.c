/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A lock of one process at a time: waited for while its holder dies, refused while it lives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/lock.h"

static char folder[] = "/tmp/ward-lock-XXXXXX", path[64];

/* A process that holds the lock, and goes after `ms`. */
static pid_t holder(int ms)
{
	int ends[2], fd;
	char byte;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (lock_take(path, &fd, NULL) < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void who_is_about_to_go_is_waited_for(void **state)
{
	(void)state;
	int fd = -1;
	pid_t pid = holder(300);
	assert_int_equal(lock_take(path, &fd, NULL), 0);
	assert_true(fd >= 0);
	close(fd);
	end(pid);
}

static void who_lives_keeps_it(void **state)
{
	(void)state;
	int fd = -1;
	struct err err = { "" };
	pid_t pid = holder(600 * 1000);
	assert_int_equal(lock_take(path, &fd, &err), -EBUSY);
	assert_int_equal(fd, -1);
	assert_string_equal(err.text, "");
	end(pid);
	assert_int_equal(lock_take(path, &fd, &err), 0);
	close(fd);
}

static void no_link_is_followed(void **state)
{
	(void)state;
	int fd;
	struct err err = { "" };
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(lock_take(path, &fd, &err), -ELOOP);
	assert_true(err.text[0]);
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/lock", folder);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_about_to_go_is_waited_for),
		cmocka_unit_test(who_lives_keeps_it),
		cmocka_unit_test(no_link_is_followed),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
