/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Linux audit. What the values mean is compared with ausearch in tests/it/test_auditd.py; here is how events are joined, and
 * what is given beside the records' own fields.
 */
#include "events.h"

#define GS "\x1d"

static void interleaved_records_are_joined(void **state)
{
	(void)state;
	READER(reader, parser_auditd);
	size_t used;
	struct str text = STR(
		"type=SYSCALL msg=audit(1364481363.243:1): arch=c000003e syscall=59 a0=1 exe=\"/usr/bin/dash\" key=(null)\n"
		"type=SYSCALL msg=audit(1364481363.243:2): arch=c000003e syscall=87 exe=\"/usr/bin/rm\"\n"
		"type=EXECVE msg=audit(1364481363.243:1): argc=3 a0=\"sh\" a1_len=4 a1[0]=2D a1[1]=63 a2=6120200A62\n"
		"type=CWD msg=audit(1364481363.243:2): cwd=\"/srv\"\n"
		"type=USER_END msg=audit(1364481363.300:3): pid=1 msg='op=PAM:session_close grantors=pam_unix,pam_x acct=\"root\" res=success'"
		GS "UID=\"root\"\n"
		"type=CWD msg=audit(1364481363.243:1): cwd=\"/\"\n"
		"type=PATH msg=audit(1364481363.243:2): item=1 name=\"a b\" nametype=CREATE\n"
		"type=PROCTITLE msg=audit(1364481363.243:2): proctitle=726D002D72660061\n"
		"type=EOE msg=audit(1364481363.243:1): \n");
	parse_lines(&reader.parse, &reader.batch, text, false, &used);
	/* The user's record at once, the first event at its end; the second waits. */
	assert_int_equal(reader.batch.events.n, 2);
	expect_event(&reader, 0,
	             "serial=3\ntype=USER_END\npid=1\nop=PAM:session_close\ngrantors=pam_unix,pam_x\nacct=root\nres=success\nUID=root\n");
	expect_event(&reader, 1,
	             "serial=1\ntype=SYSCALL\narch=c000003e\nsyscall=59\na0=1\nexe=/usr/bin/dash\nkey=\ntype=EXECVE\nargc=3\na0=sh\n"
	             "a1=-c\na2=a  \nb\ntype=CWD\ncwd=/\ntype=EOE\nSYSCALL=execve\nCommandLine=sh -c a  \nb\n");
	assert_int_equal(reader.batch.events.p[1].line, 1);
	assert_int_equal(reader.batch.events.p[1].time, INT64_C(1364481363243) * 1000000);
	/* Three seconds later it waits no longer. */
	parse_lines(&reader.parse, &reader.batch, STR("type=CWD msg=audit(1364481366.244:9): cwd=\"/x\"\n"), false, &used);
	assert_int_equal(reader.batch.events.n, 3);
	expect_event(&reader, 2,
	             "serial=2\ntype=SYSCALL\narch=c000003e\nsyscall=87\nexe=/usr/bin/rm\ntype=CWD\ncwd=/srv\ntype=PATH\nitem=1\nname=a b\n"
	             "nametype=CREATE\ntype=PROCTITLE\nproctitle=rm -rf a\nSYSCALL=unlink\nTargetFilename=/srv/a b\n");
	/* Silence. */
	parser_auditd.flush(&reader.parse);
	assert_int_equal(reader.batch.events.n, 4);
	expect_again(&reader);
}

static void what_waits_is_bounded(void **state)
{
	(void)state;
	READER(reader, parser_auditd);
	BUF(text);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "type=SYSCALL msg=audit(1364481363.243:%d): syscall=59\n", i);
	size_t used;
	parse_lines(&reader.parse, &reader.batch, buf_str(&text), false, &used);
	assert_int_equal(reader.batch.events.n, 1000 - 64);
	/* One event without end: given in parts, nothing lost. */
	buf_clear(&text);
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "type=PATH msg=audit(1364481363.243:5000): item=%d name=\"/some/name\"\n", i);
	parse_lines(&reader.parse, &reader.batch, buf_str(&text), true, &used);
	size_t bytes = 0, paths = 0;
	for (size_t i = 1000 - 64; i < reader.batch.events.n; i++) {
		const struct event *event = &reader.batch.events.p[i];
		if (str_find(event->raw, ":5000)") < 0)
			continue;
		bytes += event->raw.n + 1;
		paths++;
	}
	assert_int_equal(bytes, text.n);
	assert_true(paths > 4 && paths < 10);
}

static void frames_of_all_kinds(void **state)
{
	(void)state;
	READER(reader, parser_auditd);
	reader_take(&reader,
	            "node=his01 type=AVC msg=audit(1364481364.100:1): avc:  denied  { read write } for  pid=1 comm=\"httpd\"\n"
	            "Nov  3 08:01:02 db02 audispd: type=USER_AUTH msg=audit(1364481364.100:2): pid=2\n"
	            "[   12.3] audit: type=1400 audit(1364481364.100:3): apparmor=\"DENIED\" name=\"/etc/x\"\n"
	            "type=UNKNOWN[1100] msg=audit(1364481364.100:4): acct=\"a\"\n"
	            "type=SOCKADDR msg=audit(1364481364.100:5) : saddr=0A0001BB0000000020010DB800000000000000000000000100000000\n"
	            "type=USER_AUTH msg=audit(1364481364.100:6): = =x (=) a=b =\n"
	            "no record\n");
	assert_int_equal(reader.batch.events.n, 7);
	assert_int_equal(reader.parse.flawed, 1);
	expect_event(&reader, 0, "serial=2\ntype=USER_AUTH\npid=2\n");
	assert_true(str_is(reader.batch.events.p[0].host, "db02"));
	expect_event(&reader, 1, "serial=4\ntype=USER_AUTH\nacct=a\n");
	expect_event(&reader, 2, "serial=6\ntype=USER_AUTH\na=b\n");
	expect_event(&reader, 4, "serial=1\ntype=AVC\nseresult=denied\nseperms=read write\npid=1\ncomm=httpd\n");
	assert_true(str_is(reader.batch.events.p[4].host, "his01"));
	expect_event(&reader, 5, "serial=3\ntype=AVC\napparmor=DENIED\nname=/etc/x\n");
	expect_event(&reader, 6,
	             "serial=5\ntype=SOCKADDR\nsaddr=0A0001BB0000000020010DB800000000000000000000000100000000\nsaddr_fam=inet6\n"
	             "laddr=2001:db8::1\nlport=443\n");
	assert_ptr_equal(parser_probe(STR("type=SYSCALL msg=audit(1.2:3): a=b\n")), &parser_auditd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interleaved_records_are_joined),
		cmocka_unit_test(what_waits_is_bounded),
		cmocka_unit_test(frames_of_all_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
