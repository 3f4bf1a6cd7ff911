/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Rules in the two forms they come in: libaudit makes the kernel's record from the same words that we
 * parse, and both must give the same columns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libaudit.h>
#include <stdlib.h>

#include "fact/tables/audit_rule.h"

static void same(struct str a, struct str b, const char *line, const char *what)
{
	if (!str_eq(a, b) || !a.p != !b.p)
		fail_msg("%s: %s: '%.*s' and '%.*s'", line, what, STR_ARG(a), STR_ARG(b));
}

/* What auditctl does with a line, by libaudit. */
static struct audit_rule_data *compile(const char *const *words, int list)
{
	struct audit_rule_data *data = audit_rule_create_data();
	bool has_syscalls = false;
	data->flags = (uint32_t)list;
	data->action = AUDIT_ALWAYS;
	for (; *words; words += 2) {
		if (strcmp(words[0], "-F") == 0) {
			char *pair = strdup(words[1]);
			assert_int_equal(audit_rule_fieldpair_data(&data, pair, list), 0);
			free(pair);
		} else if (strcmp(words[0], "-C") == 0) {
			char *pair = strdup(words[1]);
			assert_int_equal(audit_rule_interfield_comp_data(&data, pair, list), 0);
			free(pair);
		} else if (strcmp(words[0], "-S") == 0) {
			has_syscalls = true;
			assert_int_equal(audit_rule_syscallbyname_data(data, words[1]), 0);
		}
	}
	if (!has_syscalls)
		for (size_t i = 0; i < AUDIT_BITMASK_SIZE - 1; i++)
			data->mask[i] = UINT32_MAX;
	return data;
}

static void both_forms_agree(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *words[16];
		int list;
	} cases[] = {
		{ "-w /etc/passwd -p wa -k identity", { "-F", "path=/etc/passwd", "-F", "perm=wa", "-F", "key=identity" }, 4 },
		{ "-a always,exit -F dir=/etc/ssh/ -F perm=aw -F key=ssh", { "-F", "dir=/etc/ssh/", "-F", "perm=wa", "-F", "key=ssh" }, 4 },
		{ "-a exit,always -F arch=b64 -S read,execve -F auid>=1000 -F auid!=4294967295 -k a",
		  { "-F", "arch=b64", "-S", "read", "-S", "execve", "-F", "auid>=1000", "-F", "auid!=-1", "-F", "key=a" }, 4 },
		{ "-a always,exit -F arch=b32 -S open -F exit=-EACCES -F a1&0100 -k x",
		  { "-F", "arch=b32", "-S", "open", "-F", "exit=-EACCES", "-F", "a1&64", "-F", "key=x" }, 4 },
		{ "-a always,exit -F arch=b64 -C euid!=uid -F path=/usr/bin/su -F perm=x",
		  { "-F", "arch=b64", "-C", "uid!=euid", "-F", "path=/usr/bin/su", "-F", "perm=x" }, 4 },
		{ "-a always,exclude -F msgtype=CWD", { "-F", "msgtype=CWD" }, 5 },
		{ "-a always,exit -S all -F exe=/bin/true -F success=0", { "-F", "exe=/bin/true", "-F", "success=0" }, 4 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(arena);
		struct audit_rule parsed, decoded;
		const char *line = cases[i].line;
		struct audit_rule_data *data = compile(cases[i].words, cases[i].list);
		size_t size = sizeof(*data) + data->buflen;
		assert_true(audit_rule_parse(&arena, str_from(line), &parsed));
		assert_true(audit_rule_decode(&arena, data, size, &decoded));
		same(parsed.kind, decoded.kind, line, "kind");
		same(parsed.list, decoded.list, line, "list");
		same(parsed.action, decoded.action, line, "action");
		same(parsed.arch, decoded.arch, line, "arch");
		same(parsed.syscalls, decoded.syscalls, line, "syscalls");
		same(parsed.path, decoded.path, line, "path");
		same(parsed.perm, decoded.perm, line, "perm");
		same(parsed.key, decoded.key, line, "key");
		/* The kernel knows a comparison in one direction only, and masks in decimal. */
		if (!strstr(line, "-C") && !strstr(line, "a1&"))
			same(parsed.fields, decoded.fields, line, "fields");
		/* What we print for the kernel's record is a rule again, and the same one. */
		struct audit_rule again;
		if (!audit_rule_parse(&arena, decoded.text, &again))
			fail_msg("%s: printed as %.*s", line, STR_ARG(decoded.text));
		same(again.fields, decoded.fields, line, "fields again");
		same(again.path, decoded.path, line, "path again");
		same(again.syscalls, decoded.syscalls, line, "syscalls again");
		/* Cut short, it is refused. */
		if (data->buflen)
			assert_false(audit_rule_decode(&arena, data, size - 1, &decoded));
		free(data);
	}
}

static void values(void **state)
{
	(void)state;
	ARENA(arena);
	struct audit_rule rule;
	assert_true(audit_rule_parse(&arena, STR("-a always,exit -F arch=b64 -C auid!=obj_uid -S open"), &rule));
	assert_true(str_is(rule.fields, "auid!=obj_uid"));
	assert_true(audit_rule_parse(&arena, STR("-e 2"), &rule));
	assert_true(str_is(rule.kind, "control") && str_is(rule.text, "-e 2"));
	assert_true(audit_rule_parse(&arena, STR("-w '/srv/my data' -k \"a b\" -k c"), &rule));
	assert_true(str_is(rule.path, "/srv/my data") && str_is(rule.perm, "rwxa") && str_is(rule.key, "a b,c"));
	static const char *const bad[] = { "-w", "rubbish", "-a always", "-a exit,sometimes -S open", "-S open", "-F x", "-a exit,always -F =3" };
	for (size_t i = 0; i < COUNT(bad); i++)
		if (audit_rule_parse(&arena, str_from(bad[i]), &rule))
			fail_msg("understood: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(both_forms_agree), cmocka_unit_test(values) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
