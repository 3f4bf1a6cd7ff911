/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * WARD_SOURCE is the source tree: what is embedded is compared with the files there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/content.h"

static char dir[] = "/tmp/ward-content-XXXXXX";
static const char *const made[] = { "i18n/vi.yaml", "i18n/a.yaml", "i18n/.hidden", "i18n/old~",
	                            "i18n/fifo", "i18n/sub/x.yaml" };

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(mkdir(path_of("i18n"), 0700), 0);
	assert_int_equal(mkdir(path_of("i18n/sub"), 0700), 0);
	for (size_t i = 0; i < COUNT(made); i++) {
		if (strcmp(made[i], "i18n/fifo") == 0) {
			assert_int_equal(mkfifo(path_of(made[i]), 0600), 0);
			continue;
		}
		FILE *file = fopen(path_of(made[i]), "w");
		assert_non_null(file);
		fputs(made[i], file);
		fclose(file);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++)
		unlink(path_of(made[i]));
	rmdir(path_of("i18n/sub"));
	rmdir(path_of("i18n"));
	return rmdir(dir);
}

static void assert_names(const struct strings *names, const char *const *expected)
{
	size_t n = 0;
	for (; expected[n]; n++)
		if (n >= names->n || !str_is(names->p[n], expected[n]))
			fail_msg("%s is not at %zu", expected[n], n);
	assert_int_equal(names->n, n);
}

static void test_embedded(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { 0 };
	struct strings names;
	assert_int_equal(content_list(&arena, NULL, "i18n/", &names, &err), 0);
	assert_names(&names, (const char *const[]){ "i18n/vi.yaml", "i18n/zh-CN.yaml", NULL });
	assert_int_equal(content_list(&arena, NULL, "nowhere/", &names, &err), 0);
	assert_int_equal(names.n, 0);

	/* The same bytes as in the source tree, which is read here as a directory that lies over. */
	struct content tree;
	assert_int_equal(content_open(&tree, WARD_SOURCE "/content", &err), 0);
	static const char *const folders[] = { "i18n/", "checks/", "profiles/" };
	for (size_t f = 0; f < COUNT(folders); f++) {
		struct strings embedded, all;
		assert_int_equal(content_list(&arena, NULL, folders[f], &embedded, &err), 0);
		assert_int_equal(content_list(&arena, &tree, folders[f], &all, &err), 0);
		assert_int_equal(embedded.n, all.n);
		for (size_t i = 0; i < all.n; i++) {
			struct source a, b;
			assert_int_equal(content_read(&arena, NULL, all.p[i].p, &a, &err), 0);
			assert_int_equal(content_read(&arena, &tree, all.p[i].p, &b, &err), 0);
			assert_true(str_eq(a.text, b.text));
			assert_true(a.text.n > 0);
			assert_string_equal(a.name, all.p[i].p);
		}
	}
	content_close(&tree);
	struct source none;
	assert_int_equal(content_read(&arena, NULL, "checks/none.yaml", &none, &err), -ENOENT);
	assert_string_equal(err.text, "checks/none.yaml: no such file or directory");
}

static void test_directory(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { 0 };
	struct content content;
	struct strings names;
	struct source source, embedded;
	assert_int_equal(content_open(&content, dir, &err), 0);
	assert_int_equal(content_list(&arena, &content, "i18n/", &names, &err), 0);
	assert_names(&names, (const char *const[]){ "i18n/a.yaml", "i18n/fifo", "i18n/vi.yaml",
	                                            "i18n/zh-CN.yaml", NULL });
	assert_int_equal(content_read(&arena, &content, "i18n/vi.yaml", &source, &err), 0);
	assert_true(str_is(source.text, "i18n/vi.yaml"));
	assert_string_equal(source.name, path_of("i18n/vi.yaml"));
	/* What the directory lacks comes from the binary. */
	assert_int_equal(content_read(&arena, &content, "i18n/zh-CN.yaml", &source, &err), 0);
	assert_int_equal(content_read(&arena, NULL, "i18n/zh-CN.yaml", &embedded, &err), 0);
	assert_ptr_equal(source.text.p, embedded.text.p);
	assert_int_equal(content_list(&arena, &content, "checks/", &names, &err), 0);
	/* Nothing hangs on a FIFO. */
	assert_int_equal(content_read(&arena, &content, "i18n/fifo", &source, &err), -EINVAL);
	char expected[256];
	snprintf(expected, sizeof(expected), "%s/i18n/fifo: not a regular file", dir);
	assert_string_equal(err.text, expected);
	content_close(&content);
	assert_null(content.dir);
}

static void test_missing_directory(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct content content;
	assert_int_equal(content_open(&content, "/nowhere/at/all", &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/at/all: no such file or directory");
	content_close(&content);
	assert_int_equal(content_open(&content, NULL, &err), 0);
	content_close(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_missing_directory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
