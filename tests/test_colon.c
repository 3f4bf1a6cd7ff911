/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * key:value. The lines are records that users of the devices published.
 */
#include "events.h"

static void nsfocus(void **state)
{
	(void)state;
	READER(reader, parser_colon);
	reader_take(&reader, "tag:waf_log_websec site_id:1428395845 dst_ip:172.17.100.24 dst_port:80 domain:www.example.com "
	                     "uri:/info/2014/1.jpg stat_time:2016-05-11 11:31:46 action:Block http:GET http://a/b HTTP/1.1 Host: www x:y\n");
	expect_event(&reader, 0,
	             "tag=waf_log_websec\nsite_id=1428395845\ndst_ip=172.17.100.24\ndst_port=80\ndomain=www.example.com\n"
	             "uri=/info/2014/1.jpg\nstat_time=2016-05-11 11:31:46\naction=Block\nhttp=GET http://a/b HTTP/1.1 Host: www\nx=y\n");
	reader_take(&reader, "tag:waf_log_webaccess;src_ip:192.0.2.1;event_type:SQL Injection;\n");
	expect_event(&reader, 1, "tag=waf_log_webaccess\nsrc_ip=192.0.2.1\nevent_type=SQL Injection\n");
	expect_again(&reader);
}

static void sangfor(void **state)
{
	(void)state;
	READER(reader, parser_colon);
	reader_take(&reader, "日志类型:WAF应用防护日志, 源IP:192.168.200.1, 攻击类型:SQL注入, 其他, 系统动作:拒绝, URL:192.0.2.1:80/a\n");
	expect_event(&reader, 0, "日志类型=WAF应用防护日志\n源IP=192.168.200.1\n攻击类型=SQL注入, 其他\n系统动作=拒绝\nURL=192.0.2.1:80/a\n");
	expect_again(&reader);
	/* Nothing else is taken for it. */
	reader_take(&reader, "error: this is: no such line\n");
	assert_int_equal(reader.parse.flawed, 1);
	assert_true(parser_probe(STR("日志类型:a, 源IP:b, c:d\n")) == &parser_colon);
	assert_int_equal(parser_colon.probe(STR("warning: disk full\n")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nsfocus),
		cmocka_unit_test(sangfor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
