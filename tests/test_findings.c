/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "role/findings.h"

#define DAY   ((int64_t)86400 * 1000000000)
#define NOON  ((int64_t)1795435200 * 1000000000) /* 2026-11-23 12:00 */

static char dir[64];

static void holds(const char *name, const char *expected)
{
	char path[128], text[256] = "";
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = 0;
	assert_string_equal(text, expected);
}

static void only_what_was_committed_stays(void **state)
{
	(void)state;
	struct findings findings;
	BUF(mark);
	assert_int_equal(findings_open(&findings, dir, STR(""), NULL), 0);
	assert_int_equal(findings_add(&findings, STR("one\n"), NOON, NULL), 0);
	findings_mark(&findings, &mark);
	assert_string_equal(buf_cstr(&mark), "2026-11-23.jsonl:4");
	findings_committed(&findings);
	assert_int_equal(findings_add(&findings, STR("two\n"), NOON, NULL), 0);
	assert_int_equal(findings_undo(&findings, NULL), 0); /* the transaction failed */
	assert_int_equal(findings_add(&findings, STR("three\n"), NOON, NULL), 0);
	findings_close(&findings); /* and here we died before it */
	holds("2026-11-23.jsonl", "one\nthree\n");
	assert_int_equal(findings_open(&findings, dir, buf_str(&mark), NULL), 0);
	holds("2026-11-23.jsonl", "one\n");
	findings_close(&findings);
}

static void a_new_day_is_a_new_file(void **state)
{
	(void)state;
	struct findings findings;
	BUF(mark);
	buf_puts(&mark, "2026-11-23.jsonl:4");
	assert_int_equal(findings_open(&findings, dir, buf_str(&mark), NULL), 0);
	assert_int_equal(findings_add(&findings, STR("next\n"), NOON + DAY, NULL), 0);
	assert_int_equal(findings_add(&findings, STR("clock set back\n"), NOON, NULL), 0);
	findings_close(&findings);
	holds("2026-11-24.jsonl", "next\nclock set back\n");
	/* The transaction of neither was made. */
	assert_int_equal(findings_open(&findings, dir, buf_str(&mark), NULL), 0);
	holds("2026-11-24.jsonl", "");
	holds("2026-11-23.jsonl", "one\n");
	findings_close(&findings);
	assert_int_equal(findings_open(&findings, dir, STR("../x.jsonl:1"), NULL), -EBADMSG);
	findings_close(&findings);
}

static void states_are_written_in_turns(void **state)
{
	(void)state;
	struct findings findings;
	BUF(first);
	BUF(second);
	BUF(out);
	assert_int_equal(findings_open(&findings, dir, STR(""), NULL), 0);
	assert_int_equal(findings_put_state(&findings, STR("first"), &first, NULL), 0);
	assert_int_equal(findings_put_state(&findings, STR("second"), &second, NULL), 0);
	assert_int_equal(findings_get_state(&findings, buf_str(&second), &out, NULL), 0);
	assert_string_equal(buf_cstr(&out), "second");
	/* We died before the transaction of the second. */
	assert_int_equal(findings_get_state(&findings, buf_str(&first), &out, NULL), 0);
	assert_string_equal(buf_cstr(&out), "first");
	assert_int_equal(findings_put_state(&findings, STR("again"), &second, NULL), 0);
	assert_int_equal(findings_get_state(&findings, buf_str(&first), &out, NULL), 0);
	assert_int_equal(findings_get_state(&findings, STR("1:5:0000000000000000"), &out, NULL), -EBADMSG);
	findings_close(&findings);
}

static int setup(void **state)
{
	(void)state;
	memcpy(dir, "/tmp/ward-test-findings-XXXXXX", 31);
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	static const char *const names[] = { "2026-11-23.jsonl", "2026-11-24.jsonl", "correlations.0", "correlations.1" };
	char path[128];
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_committed_stays),
		cmocka_unit_test(a_new_day_is_a_new_file),
		cmocka_unit_test(states_are_written_in_turns),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
