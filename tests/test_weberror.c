/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Error logs of web servers. The lines are as Apache 2.2, 2.4, nginx and ModSecurity write them.
 */
#include "events.h"

static void nginx(void **state)
{
	(void)state;
	READER(reader, parser_weberror);
	reader_take(&reader,
	            "2026/11/03 08:01:02 [error] 12#34: *5 open() \"/srv/a, b\" failed (2: No such file or directory), client: 192.0.2.1, "
	            "server: si.example.cn, request: \"GET /a?b=c HTTP/1.1\", host: \"si.example.cn\", referrer: \"https://x/\"\n"
	            "2026/11/03 08:01:02 [notice] 1#1: signal process started\n");
	expect_event(&reader, 0,
	             "level=error\npid=12\ntid=34\nconnection=5\nmessage=open() \"/srv/a, b\" failed (2: No such file or directory), "
	             "client: 192.0.2.1, server: si.example.cn, request: \"GET /a?b=c HTTP/1.1\", host: \"si.example.cn\", "
	             "referrer: \"https://x/\"\nc-ip=192.0.2.1\nserver=si.example.cn\ncs-method=GET\ncs-uri=/a?b=c\ncs-uri-stem=/a\n"
	             "cs-uri-query=b=c\ncs-version=HTTP/1.1\ncs-host=si.example.cn\ncs-referer=https://x/\n");
	expect_event(&reader, 1, "level=notice\npid=1\ntid=1\nmessage=signal process started\n");
	assert_int_equal(reader.batch.events.p[0].time, INT64_C(1793692862) * 1000000000);
	expect_again(&reader);
}

static void apache(void **state)
{
	(void)state;
	READER(reader, parser_weberror);
	reader_take(&reader,
	            "[Tue Nov 03 08:01:02.123456 2026] [core:error] [pid 12:tid 34] (13)Permission denied: [client 192.0.2.1:5678] AH00035: x\n"
	            "[Tue Nov 03 08:01:02.123456 2026] [core:error] [pid 12:tid 34] [client 2001:db8::1:5678] AH00035: access denied, "
	            "referer: http://x/\n"
	            "[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] client denied by server configuration: /export/home\n"
	            "#0 /var/www/index.php(3): boom()\n");
	assert_int_equal(reader.batch.events.n, 4);
	assert_int_equal(reader.parse.flawed, 0);
	expect_event(&reader, 0,
	             "level=error\nmodule=core\npid=12\ntid=34\nmessage=(13)Permission denied: [client 192.0.2.1:5678] AH00035: x\n");
	expect_event(&reader, 1,
	             "level=error\nmodule=core\npid=12\ntid=34\nc-ip=2001:db8::1\nc-port=5678\nmessage=AH00035: access denied, "
	             "referer: http://x/\ncs-referer=http://x/\n");
	expect_event(&reader, 2, "level=error\nc-ip=127.0.0.1\nmessage=client denied by server configuration: /export/home\n");
	expect_event(&reader, 3, "message=#0 /var/www/index.php(3): boom()\n");
	assert_int_equal(reader.batch.events.p[2].time, INT64_C(971274772) * 1000000000);
	expect_again(&reader);
}

static void modsecurity(void **state)
{
	(void)state;
	READER(reader, parser_weberror);
	reader_take(&reader,
	            "[Tue Nov 03 08:01:02.1 2026] [:error] [pid 12] [client 192.0.2.1] ModSecurity: Warning. Matched \"x [y]\" at ARGS:a. "
	            "[file \"/etc/crs/a.conf\"] [line \"37\"] [id \"942100\"] [msg \"SQL \\\"Injection\\\"\"] [tag \"one\"] [tag \"two\"] [uri \"/a\"]\n");
	struct buf words = event_words(&reader, &reader.batch.events.p[0]);
	assert_non_null(strstr(buf_cstr(&words), "\nfile=/etc/crs/a.conf\nline=37\nid=942100\nmsg=SQL \\\"Injection\\\"\ntag=one\ntag=two\nuri=/a\n"));
	buf_done(&words);
	assert_ptr_equal(parser_probe(reader.batch.events.p[0].raw), &parser_weberror);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nginx),
		cmocka_unit_test(apache),
		cmocka_unit_test(modsecurity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
