/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Everything stays below the root, with openat2 and without it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "sys/root.h"

static char top[] = "/tmp/ward-root-XXXXXX";

static void make(const char *path, const char *text)
{
	char name[256];
	snprintf(name, sizeof(name), "%s/%s", top, path);
	FILE *file = fopen(name, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_dir(const char *path)
{
	char name[256];
	snprintf(name, sizeof(name), "%s/%s", top, path);
	assert_int_equal(mkdir(name, 0755), 0);
}

static void make_link(const char *path, const char *target)
{
	char name[256];
	snprintf(name, sizeof(name), "%s/%s", top, path);
	assert_int_equal(symlink(target, name), 0);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	make_dir("etc");
	make_dir("etc/conf.d");
	make_dir("usr");
	make_dir("proc");
	make("etc/passwd", "inside\n");
	make("etc/conf.d/10-b.conf", "b\n");
	make("etc/conf.d/02-a.conf", "a\n");
	make("etc/conf.d/.hidden.conf", "h\n");
	make("etc/conf.d/readme", "r\n");
	make_link("absolute", "/etc/passwd");
	make_link("up", "../../../../etc/passwd");
	make_link("etc/loop1", "loop2");
	make_link("etc/loop2", "loop1");
	make_link("chain", "usr/../absolute");
	make_link("dir", "etc/conf.d");
	char name[256];
	snprintf(name, sizeof(name), "%s/fifo", top);
	assert_int_equal(mkfifo(name, 0600), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	const char *const files[] = { "etc/passwd", "etc/conf.d/10-b.conf", "etc/conf.d/02-a.conf",
		"etc/conf.d/.hidden.conf", "etc/conf.d/readme", "absolute", "up", "etc/loop1", "etc/loop2", "chain",
		"dir", "fifo", "etc/conf.d", "etc", "usr", "proc", "" };
	for (size_t i = 0; i < COUNT(files); i++) {
		char name[256];
		snprintf(name, sizeof(name), "%s/%s", top, files[i]);
		assert_int_equal(remove(name), 0);
	}
	return 0;
}

static void expect(const struct root *root, const char *path, int r, const char *text)
{
	BUF(out);
	int got = root_read(root, path, 1000, &out);
	if (got != r)
		fail_msg("%s: %d instead of %d", path, got, r);
	if (text)
		assert_string_equal(buf_cstr(&out), text);
}

static void both_ways(const struct root *root)
{
	expect(root, "etc/passwd", 0, "inside\n");
	expect(root, "/etc/passwd", 0, "inside\n");
	expect(root, "/etc//./conf.d/../passwd", 0, "inside\n");
	expect(root, "absolute", 0, "inside\n");
	expect(root, "up", 0, "inside\n");
	expect(root, "../../etc/passwd", 0, "inside\n");
	expect(root, "chain", 0, "inside\n");
	expect(root, "dir/02-a.conf", 0, "a\n");
	expect(root, "etc/loop1", -ELOOP, NULL);
	expect(root, "etc/none", -ENOENT, NULL);
	expect(root, "etc/passwd/x", -ENOTDIR, NULL);
	expect(root, "etc", -EISDIR, NULL);
	expect(root, "fifo", -ENXIO, NULL); /* and does not hang */
	struct stat st;
	assert_int_equal(root_stat(root, "absolute", false, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(root_stat(root, "absolute", true, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	BUF(target);
	assert_int_equal(root_readlink(root, "absolute", &target), 0);
	assert_string_equal(buf_cstr(&target), "/etc/passwd");
	assert_int_equal(root_readlink(root, "etc/passwd", &target), -EINVAL);
}

static void test_inside(void **state)
{
	(void)state;
	struct root root;
	assert_int_equal(root_open(&root, top, NULL), 0);
	assert_false(root.live);
	both_ways(&root);
	root.walk = true;
	both_ways(&root);
	root_close(&root);
}

static void test_limit(void **state)
{
	(void)state;
	struct root root;
	assert_int_equal(root_open(&root, top, NULL), 0);
	BUF(out);
	assert_int_equal(root_read(&root, "etc/passwd", 3, &out), -EFBIG);
	assert_string_equal(buf_cstr(&out), "ins");
	buf_clear(&out);
	assert_int_equal(root_read(&root, "etc/passwd", 7, &out), 0);
	root_close(&root);
}

static void test_lists(void **state)
{
	(void)state;
	ARENA(arena);
	struct root root;
	struct str *names;
	size_t n;
	assert_int_equal(root_open(&root, top, NULL), 0);
	assert_int_equal(root_list(&root, "etc/conf.d", &arena, &names, &n), 0);
	assert_int_equal(n, 4);
	assert_string_equal(names[1].p, "02-a.conf");
	assert_int_equal(root_glob(&root, STR("/etc/*.d/*.conf"), &arena, &names, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(names[0].p, "/etc/conf.d/02-a.conf");
	assert_string_equal(names[1].p, "/etc/conf.d/10-b.conf");
	assert_int_equal(root_glob(&root, STR("/none/*"), &arena, &names, &n), 0);
	assert_int_equal(n, 0);
	root_close(&root);
}

/* Links of /proc that lead out of the root by magic are refused, both ways. */
static void test_magic(void **state)
{
	(void)state;
	struct root root;
	BUF(out);
	if (access("/proc/self/root", F_OK) != 0)
		skip();
	assert_int_equal(root_open(&root, "/", NULL), 0);
	assert_true(root.live);
	assert_int_equal(root_read(&root, "proc/self/root/etc/passwd", 100000, &out), -ELOOP);
	root.walk = true;
	assert_int_equal(root_read(&root, "proc/self/root/etc/passwd", 100000, &out), -ELOOP);
	assert_int_equal(root_read(&root, "proc/self/status", 100000, &out), 0);
	assert_int_equal(root_read(&root, "proc/mounts", 1 << 20, &out), 0); /* a link to a link: self/mounts */
	root_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_magic),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
