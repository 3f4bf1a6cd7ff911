/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Access logs. The first lines are examples of Apache's and nginx' own documentation.
 */
#include "events.h"

static void the_forms_of_the_documentation(void **state)
{
	(void)state;
	READER(reader, parser_access);
	reader_take(&reader,
	            "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326\n"
	            "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif?a=1&b=%27 HTTP/1.0\" 200 - "
	            "\"http://www.example.com/start.html\" \"Mozilla/4.08 [en] (Win98; I ;Nav)\"\n"
	            "10.1.2.3 - - [23/Nov/2026:01:02:03 +0800] \"POST /si/login.do HTTP/1.1\" 302 0 \"-\" \"curl/7.88.1\" "
	            "\"203.0.113.9, 10.0.0.2\"\n"
	            "his.example.cn:8443 ::1 - \xe5\xbc\xa0 \xe4\xb8\x89 [23/Nov/2026:01:02:03 +0800] \"GET / HTTP/2.0\" 200 5 \"-\" \"a \\\"b\\\" c\"\n");
	assert_int_equal(reader.batch.events.n, 4);
	expect_event(&reader, 0,
	             "c-ip=127.0.0.1\ncs-username=frank\ncs-method=GET\ncs-uri=/apache_pb.gif\ncs-uri-stem=/apache_pb.gif\n"
	             "cs-version=HTTP/1.0\nsc-status=200\nsc-bytes=2326\n");
	assert_int_equal(reader.batch.events.p[0].time, INT64_C(971211336) * 1000000000);
	expect_event(&reader, 1,
	             "c-ip=127.0.0.1\ncs-username=frank\ncs-method=GET\ncs-uri=/apache_pb.gif?a=1&b=%27\n"
	             "cs-uri-stem=/apache_pb.gif\ncs-uri-query=a=1&b=%27\ncs-version=HTTP/1.0\nsc-status=200\n"
	             "cs-referer=http://www.example.com/start.html\ncs-user-agent=Mozilla/4.08 [en] (Win98; I ;Nav)\n");
	expect_event(&reader, 2,
	             "c-ip=10.1.2.3\ncs-method=POST\ncs-uri=/si/login.do\ncs-uri-stem=/si/login.do\ncs-version=HTTP/1.1\n"
	             "sc-status=302\nsc-bytes=0\ncs-user-agent=curl/7.88.1\nx-forwarded-for=203.0.113.9, 10.0.0.2\n");
	expect_event(&reader, 3,
	             "c-ip=::1\ncs-username=\xe5\xbc\xa0 \xe4\xb8\x89\ncs-host=his.example.cn\ns-port=8443\ncs-method=GET\n"
	             "cs-uri=/\ncs-uri-stem=/\ncs-version=HTTP/2.0\nsc-status=200\nsc-bytes=5\ncs-user-agent=a \"b\" c\n");
	expect_again(&reader);
}

static void odd_requests(void **state)
{
	(void)state;
	READER(reader, parser_access);
	reader_take(&reader,
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"\\x16\\x03\\x01\\x00\" 400 157 \"-\" \"-\"\n"
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"GET /a b?q=\\xE5\\x8C\\xBB HTTP/1.1\" 400 1 \"-\" \"-\" \"-\" 0.003 up\n"
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"GET http://a.example:81/x?y HTTP/1.1\" 200 1\n"
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"CONNECT a.example:443 HTTP/1.1\" 200 1\n"
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"-\" 408 0\n"
	            "192.0.2.1 - [x] [23/Nov/2026:01:02:03 +0800] \"GET /\" 200 1\n");
	assert_int_equal(reader.parse.flawed, 0);
	expect_event(&reader, 0, "c-ip=192.0.2.1\ncs-request=\\x16\\x03\\x01\\x00\nsc-status=400\nsc-bytes=157\n");
	expect_event(&reader, 1,
	             "c-ip=192.0.2.1\ncs-method=GET\ncs-uri=/a b?q=\xe5\x8c\xbb\ncs-uri-stem=/a b\ncs-uri-query=q=\xe5\x8c\xbb\n"
	             "cs-version=HTTP/1.1\nsc-status=400\nsc-bytes=1\nextra=0.003 up\n");
	expect_event(&reader, 2,
	             "c-ip=192.0.2.1\ncs-method=GET\ncs-uri=http://a.example:81/x?y\ncs-host=a.example:81\ncs-uri-stem=/x\n"
	             "cs-uri-query=y\ncs-version=HTTP/1.1\nsc-status=200\nsc-bytes=1\n");
	expect_event(&reader, 3,
	             "c-ip=192.0.2.1\ncs-method=CONNECT\ncs-uri=a.example:443\ncs-host=a.example:443\ncs-version=HTTP/1.1\n"
	             "sc-status=200\nsc-bytes=1\n");
	expect_event(&reader, 4, "c-ip=192.0.2.1\nsc-status=408\nsc-bytes=0\n");
	expect_event(&reader, 5,
	             "c-ip=192.0.2.1\ncs-username=[x]\ncs-method=GET\ncs-uri=/\ncs-uri-stem=/\nsc-status=200\nsc-bytes=1\n");
	expect_again(&reader);
}

static void what_is_none_is_kept(void **state)
{
	(void)state;
	READER(reader, parser_access);
	reader_take(&reader,
	            "no access log\n"
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"GET /\n"
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"GET /\" xx 1\n"
	            "192.0.2.1 - - [23/Nov/2026:01:02:03 +0800");
	assert_int_equal(reader.batch.events.n, 4);
	assert_int_equal(reader.parse.flawed, 4);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(reader.batch.events.p[i].flaw);
	assert_int_equal(parser_access.probe(STR("a line\nanother\n")), 0);
	assert_int_equal(parser_access.probe(STR("192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"GET / HTTP/1.1\" 200 1\n")), 90);
	assert_ptr_equal(parser_probe(STR("192.0.2.1 - - [23/Nov/2026:01:02:03 +0800] \"GET / HTTP/1.1\" 200 1\n")), &parser_access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_forms_of_the_documentation),
		cmocka_unit_test(odd_requests),
		cmocka_unit_test(what_is_none_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
