/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "people/roles.h"

static uint64_t bits(const struct roles *roles, const char *a, const char *b)
{
	return UINT64_C(1) << roles_bit(roles, str_from(a)) | UINT64_C(1) << roles_bit(roles, str_from(b));
}

static void ours(void **state)
{
	(void)state;
	struct err err = { "" };
	CLEANUP(roles_free_p) struct roles *roles = NULL;
	assert_int_equal(roles_load(NULL, &roles, &err), 0);
	assert_int_equal(roles->n, 8);
	assert_int_equal(roles_bit(roles, STR("nobody")), -1);
	assert_int_equal(roles_compatible(roles, bits(roles, "operator", "security"), &err), -EPERM);
	assert_int_equal(roles_compatible(roles, bits(roles, "operator", "auditor"), &err), -EPERM);
	assert_int_equal(roles_compatible(roles, bits(roles, "auditor", "security"), &err), -EPERM);
	assert_string_equal(err.text, "nobody may be security and auditor at once");
	assert_int_equal(roles_compatible(roles, bits(roles, "leader", "security"), &err), 0);
	assert_int_equal(roles_compatible(roles, 0, &err), 0);
	assert_true(roles_need_second_factor(roles, bits(roles, "officer", "operator")));
	assert_false(roles_need_second_factor(roles, bits(roles, "officer", "leader")));
	/* By code, even when the file had been loaded without it. */
	roles->p[roles_bit(roles, STR("operator"))].excludes.n = 0;
	roles->p[roles_bit(roles, STR("security"))].excludes.n = 0;
	assert_int_equal(roles_compatible(roles, bits(roles, "operator", "security"), &err), -EPERM);
}

static int load(const char *yaml, struct err *err)
{
	char dir[] = "/tmp/ward-test-XXXXXX";
	BUF(path);
	assert_non_null(mkdtemp(dir));
	buf_printf(&path, "%s/roles.yaml", dir);
	FILE *file = fopen(buf_cstr(&path), "w");
	assert_non_null(file);
	fputs(yaml, file);
	fclose(file);
	struct content content;
	assert_int_equal(content_open(&content, dir, err), 0);
	CLEANUP(roles_free_p) struct roles *roles = NULL;
	int r = roles_load(&content, &roles, err);
	content_close(&content);
	unlink(buf_cstr(&path));
	rmdir(dir);
	return r;
}

#define TEXTS "  label: {zh-CN: a, vi: a, en: a}\n  about: {zh-CN: a, vi: a, en: a}\n"
#define OPERATOR "- name: operator\n" TEXTS "  excludes: [security, auditor]\n  second_factor: true\n"
#define SECURITY "- name: security\n" TEXTS "  excludes: [operator, auditor]\n  second_factor: true\n"
#define AUDITOR  "- name: auditor\n" TEXTS "  excludes: [operator, security]\n  second_factor: true\n"

static void what_undoes_the_separation_is_refused(void **state)
{
	(void)state;
	struct err err = { "" };
	assert_int_equal(load(OPERATOR SECURITY AUDITOR, &err), 0);
	static const struct {
		const char *yaml, *words;
	} wrong[] = {
		{ OPERATOR SECURITY "- name: auditor\n" TEXTS "  excludes: [operator]\n  second_factor: true\n", "must exclude 'security'" },
		{ OPERATOR SECURITY "- name: auditor\n" TEXTS "  second_factor: true\n", "must exclude 'operator'" },
		{ OPERATOR SECURITY "- name: auditor\n" TEXTS "  excludes: [operator, security]\n", "must have second_factor" },
		{ "- name: operator\n" TEXTS "  excludes: [security]\n  second_factor: true\n- name: security\n" TEXTS
		  "  excludes: [operator]\n  second_factor: true\n",
		  "must exclude 'auditor'" },
		{ OPERATOR SECURITY AUDITOR AUDITOR, "stands here twice" },
		{ OPERATOR SECURITY AUDITOR "- name: Boss\n" TEXTS, "small letters" },
		{ OPERATOR SECURITY AUDITOR "- name: boss\n" TEXTS "  excludes: [clerk]\n", "which is no role" },
		{ OPERATOR SECURITY AUDITOR "- name: boss\n" TEXTS "  excludes: [boss]\n", "excludes itself" },
		{ OPERATOR SECURITY AUDITOR "- name: boss\n" TEXTS "  exclude: [operator]\n", "unknown key 'exclude'" },
		{ "- name: leader\n" TEXTS, "the role 'operator' is missing" },
	};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(load(wrong[i].yaml, &err), -EINVAL);
		if (str_find(str_from(err.text), wrong[i].words) < 0)
			fail_msg("%zu: %s", i, err.text);
		assert_true(str_find(str_from(err.text), "roles.yaml:") >= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours),
		cmocka_unit_test(what_undoes_the_separation_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
