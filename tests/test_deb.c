/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fact/deb822.h"
#include "fact/deb_version.h"

extern char **environ;

static void fields(void **state)
{
	(void)state;
	struct str rest = STR("# first\nA: 1\r\n\nB:\n two\n# in between\n\tthree\nstray\n: x\nC:4");
	struct str name, value, line;
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_FIELD);
	assert_true(str_is(name, "A") && str_is(value, "1"));
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_BREAK);
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_FIELD);
	assert_true(str_is(name, "B"));
	assert_true(deb822_line(&value, &line) && str_is(line, "two"));
	assert_true(deb822_line(&value, &line) && str_is(line, "three"));
	assert_false(deb822_line(&value, &line));
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_BAD);
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_BAD);
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_FIELD);
	assert_true(str_is(name, "C") && str_is(value, "4"));
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_END);
	assert_int_equal(deb822_next(&rest, &name, &value), DEB822_END);
}

static int compare(const char *a, const char *b)
{
	int r = deb_version_compare(str_from(a), str_from(b));
	assert_int_equal(r > 0 ? 1 : r < 0 ? -1 : 0,
	                 deb_version_compare(str_from(b), str_from(a)) < 0 ? 1
	                 : deb_version_compare(str_from(b), str_from(a)) > 0 ? -1 : 0);
	return r;
}

static void known_versions(void **state)
{
	(void)state;
	/* Rising, from deb-version(7) and Debian Policy 5.6.12. */
	static const char *const rising[] = { "~~", "~~a", "~", "0", "0a", "1.0~rc1", "1.0", "1.0-1~bpo1", "1.0-1",
		                              "1.0-1+b1", "1.0-1.1", "1.0+dfsg-1", "1.2", "1.10", "1:0.1",
		                              "2:0", "10:0" };
	for (size_t i = 0; i < COUNT(rising); i++)
		for (size_t j = 0; j < COUNT(rising); j++) {
			int r = compare(rising[i], rising[j]);
			assert_true(i < j ? r < 0 : i > j ? r > 0 : r == 0);
		}
	assert_int_equal(compare("1.0", "1.0-0"), 0);
	assert_int_equal(compare("0:1.0", "1.0"), 0);
	assert_int_equal(compare("1.01", "1.1"), 0);
	assert_true(compare("1.99999999999999999999999999", "1.99999999999999999999999998") > 0);
}

static int dpkg(const char *a, const char *how, const char *b)
{
	pid_t pid;
	char *args[] = { (char[]){ "dpkg" }, (char[]){ "--compare-versions" }, (char *)(uintptr_t)a,
		         (char *)(uintptr_t)how, (char *)(uintptr_t)b, NULL };
	if (posix_spawnp(&pid, "dpkg", NULL, NULL, args, environ) != 0)
		return -1;
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void random_version(char *out, uint64_t *seed)
{
	static const char letters[] = "0012.+~ab-";
	size_t n = 0;
#define RANDOM(below) ((*seed = *seed * 6364136223846793005u + 1442695040888963407u) >> 33) % (below)
	if (RANDOM(4) == 0) {
		out[n++] = (char)('0' + RANDOM(3));
		out[n++] = ':';
	}
	out[n++] = (char)('0' + RANDOM(3));
	size_t more = RANDOM(5);
	for (size_t i = 0; i < more; i++)
		out[n++] = letters[RANDOM(sizeof(letters) - 1)];
	out[n] = 0;
#undef RANDOM
}

static void as_dpkg(void **state)
{
	(void)state;
	if (dpkg("1", "lt", "2") != 0) {
		skip();
		return;
	}
	uint64_t seed = 42;
	for (int i = 0; i < 300; i++) {
		char a[16], b[16];
		random_version(a, &seed);
		random_version(b, &seed);
		size_t n = strlen(a);
		if (a[n - 1] == '-' || b[strlen(b) - 1] == '-')
			continue; /* dpkg refuses an empty revision */
		int r = compare(a, b);
		const char *how = r < 0 ? "lt-nl" : r > 0 ? "gt-nl" : "eq";
		if (dpkg(a, how, b) != 0)
			fail_msg("%s against %s: not %s", a, b, how);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(known_versions),
		cmocka_unit_test(as_dpkg),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
