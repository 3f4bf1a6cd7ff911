/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/walk.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/walk_mounts.h"

static const char mountinfo[] =
	"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	"2 1 0:5 / /proc rw - proc proc rw\n"
	"3 1 8:2 / /home rw shared:1 - xfs /dev/sda2 rw\n"
	"4 1 8:1 /srv/data /srv/again rw - ext4 /dev/sda1 rw\n"
	"5 1 8:2 /jail /opt/jail rw - xfs /dev/sda2 rw\n"
	"6 1 0:9 / /mnt/nas\\040one rw - nfs4 nas:/x rw\n"
	"7 1 0:10 / /mnt/odd rw - newfs none rw\n"
	"8 1 0:11 / /data rw - fuse.sshfs x rw\n"
	"garbage\n"
	"9 1 0:12 / /data rw - tmpfs tmpfs rw\n";

static enum walk_mount mount_at(const struct walk_mounts *mounts, const char *path)
{
	const struct walk_node *node = &mounts->top;
	for (struct str rest = str_from(path); rest.p && node;)
		node = walk_mounts_child(node, str_cut(&rest, '/'));
	return node ? node->mount : WALK_NO_MOUNT;
}

static void mounts_of_the_system(void **state)
{
	(void)state;
	ARENA(arena);
	struct walk_mounts mounts;
	walk_mounts_parse(&arena, str_from(mountinfo), STR(""), &mounts);
	assert_int_equal(mount_at(&mounts, "proc"), WALK_LEAVE_OUT);
	assert_int_equal(mount_at(&mounts, "home"), WALK_ENTER);
	assert_int_equal(mount_at(&mounts, "home/x"), WALK_NO_MOUNT);
	assert_int_equal(mount_at(&mounts, "srv/again"), WALK_LEAVE_OUT); /* seen below /srv/data */
	assert_int_equal(mount_at(&mounts, "opt/jail"), WALK_LEAVE_OUT);  /* seen below /home/jail */
	assert_int_equal(mount_at(&mounts, "mnt/nas one"), WALK_LEAVE_OUT);
	assert_int_equal(mount_at(&mounts, "mnt"), WALK_NO_MOUNT);
	assert_int_equal(mount_at(&mounts, "data"), WALK_ENTER); /* the later mount lies on top */
	assert_true(str_is(mounts.unknown, "newfs") && str_is(mounts.unknown_path, "/mnt/odd"));
}

static void mounts_of_an_image(void **state)
{
	(void)state;
	ARENA(arena);
	struct walk_mounts mounts;
	walk_mounts_parse(&arena, STR("1 0 8:1 / / rw - ext4 a rw\n2 1 7:0 / /mnt rw - ext4 b rw\n"
	                              "3 2 7:0 /x /mnt/y rw - ext4 b rw\n4 2 8:1 /z /mnt/z rw - ext4 a rw\n"
	                              "5 1 7:1 / /mntother rw - ext4 c rw\n6 2 0:5 / /mnt/proc rw - proc p rw\n"),
	                  STR("/mnt"), &mounts);
	assert_int_equal(mount_at(&mounts, "y"), WALK_LEAVE_OUT);
	assert_int_equal(mount_at(&mounts, "z"), WALK_ENTER);
	assert_int_equal(mount_at(&mounts, "proc"), WALK_LEAVE_OUT);
	assert_int_equal(mount_at(&mounts, "other"), WALK_NO_MOUNT);
	/* A folder of the root's own file system: what lies outside of it may be entered when mounted within. */
	walk_mounts_parse(&arena, STR("1 0 8:1 / / rw - ext4 a rw\n2 1 8:1 /in/a /in/b rw - ext4 a rw\n"
	                              "3 1 8:1 /out /in/c rw - ext4 a rw\n"), STR("/in"), &mounts);
	assert_int_equal(mount_at(&mounts, "b"), WALK_LEAVE_OUT);
	assert_int_equal(mount_at(&mounts, "c"), WALK_ENTER);
}

struct seen {
	atomic_size_t files, folders, tagged, deepest;
};

static unsigned look(void *ctx, unsigned thread, const struct walk_entry *entry)
{
	struct seen *seen = ctx;
	(void)thread;
	BUF(path);
	walk_path(entry, &path);
	if (path.n > atomic_load(&seen->deepest))
		atomic_store(&seen->deepest, path.n);
	if (entry->tag)
		atomic_fetch_add(&seen->tagged, 1);
	atomic_fetch_add(S_ISDIR(entry->st->stx_mode) ? &seen->folders : &seen->files, 1);
	return entry->tag || str_is(entry->name, "mark");
}

/* 600 folders in each other: deeper than descriptors are kept, longer than PATH_MAX. */
static void deep_and_wide(void **state)
{
	(void)state;
	char name[] = "/tmp/ward-test-XXXXXX";
	assert_non_null(mkdtemp(name));
	int top = open(name, O_PATH | O_DIRECTORY), at = dup(top);
	for (int i = 0; i < 600; i++) {
		assert_int_equal(mkdirat(at, i ? "0123456" : "mark", 0700), 0);
		assert_int_equal(mkdirat(at, "wide", 0700), 0);
		int next = openat(at, i ? "0123456" : "mark", O_PATH | O_DIRECTORY);
		assert_true(next >= 0);
		close(at);
		at = next;
		close(openat(at, "file", O_CREAT | O_WRONLY, 0600));
	}
	assert_int_equal(symlinkat("/", at, "link"), 0);
	close(at);
	struct err err;
	struct root root;
	assert_int_equal(root_open(&root, name, &err), 0);
	for (unsigned threads = 1; threads <= 4; threads++) {
		ARENA(arena);
		struct seen seen = { 0 };
		struct walk walk = { .root = &root, .threads = threads, .ctx = &seen, .entry = look };
		assert_int_equal(walk_run(&arena, &walk, &err), 0);
		assert_int_equal(seen.folders, 1200);
		assert_int_equal(seen.files, 601);
		assert_int_equal(seen.tagged, 600 + 1 + 599 + 599);
		assert_int_equal(walk.entries, 1801);
		assert_int_equal(walk.unreadable, 0);
		assert_int_equal(seen.deepest, 5 + 599 * 8 + 5);
	}
	root_close(&root);
	close(top);
	char *args[] = { (char[]){ "rm" }, (char[]){ "-rf" }, name, NULL };
	pid_t pid = fork();
	if (pid == 0) {
		execvp("rm", args);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts_of_the_system),
		cmocka_unit_test(mounts_of_an_image),
		cmocka_unit_test(deep_and_wide),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
