/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/head.h"

/* "Name: value" lines. */
static struct head head_of(const char *text)
{
	struct head head;
	struct str rest = str_from(text), line;
	head_init(&head);
	while (str_line(&rest, &line)) {
		struct str value = line, name = str_cut(&value, ':');
		head_take(&head, name, str_trim(value));
	}
	return head;
}

static void cookies(void **state)
{
	(void)state;
	assert_true(str_is(cookie_find(STR("a=1; __Host-ward=x y; b=2"), "__Host-ward"), "x y"));
	assert_true(str_is(cookie_find(STR("__Host-ward="), "__Host-ward"), ""));
	assert_null(cookie_find(STR("__Host-ward=a; __Host-ward=b"), "__Host-ward").p);
	assert_null(cookie_find(STR("x__Host-ward=a; __host-ward=b;; =c; __Host-ward"), "__Host-ward").p);
	assert_null(cookie_find(STR(""), "__Host-ward").p);
	/* In two headers: somebody else's may be among them. */
	struct head head = head_of("Host: localhost\nCookie: __Host-ward=a\nCookie: __Host-ward=b\n");
	assert_int_equal(head_check(&head, NULL, NULL), -EBADMSG);
	char text[400] = "Cookie: __Host-ward=";
	memset(text + strlen(text), 'a', 300);
	assert_null(head_of(text).credentials.cookie.p);
}

static void languages(void **state)
{
	(void)state;
	enum lang lang = LANG_COUNT;
	assert_true(language_accept(STR("vi-VN,vi;q=0.9,en;q=0.8"), &lang));
	assert_int_equal(lang, LANG_VI);
	assert_true(language_accept(STR("fr, en;q=0.5, zh-CN;q=0.7"), &lang));
	assert_int_equal(lang, LANG_ZH);
	assert_false(language_accept(STR("fr;q=1, *;q=0.1"), &lang));
	assert_false(language_accept(STR("en;q=0, vi;q=2, zh-CN;q=nan"), &lang));
	assert_false(language_accept(STR(",;=;,;;q"), &lang));
}

static void encodings(void **state)
{
	(void)state;
	assert_true(encoding_accepts(STR("gzip, deflate, br"), "br"));
	assert_false(encoding_accepts(STR("gzip, br;q=0"), "br"));
	assert_false(encoding_accepts(STR("gzip"), "br"));
	assert_true(encoding_accepts(STR("*;q=0.1"), "br"));
	assert_false(encoding_accepts(STR("gzip;q=0, *"), "gzip"));
	assert_false(encoding_accepts(STR_NONE, "gzip"));
}

static void names(void **state)
{
	(void)state;
	assert_true(str_is(host_name(STR("ward.example:8443")), "ward.example"));
	assert_true(str_is(host_name(STR("[::1]:443")), "[::1]"));
	static const char *const bad[] = { "", ":443", "a:", "a:0", "a:65536", "a:x", "a b", "a/b", "[::1", "[]", "[a]b", "a@b", "a:1:2" };
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_null(host_name(str_from(bad[i])).p);
}

static int checked(const char *text)
{
	static struct str ours[] = { STR("ward.example") };
	struct strings list = { ours, 1 };
	struct head head = head_of(text);
	struct err err = { "" };
	int r = head_check(&head, &list, &err);
	assert_true((r < 0) == !!err.text[0]);
	return r;
}

static void requests_that_are_not_for_us(void **state)
{
	(void)state;
	assert_int_equal(checked("Host: ward.example\n"), 0);
	assert_int_equal(checked("Host: WARD.example:443\n"), 0);
	assert_int_equal(checked("Host: 192.0.2.1:8443\n"), 0);
	assert_int_equal(checked("Host: [2001:db8::1]\n"), 0);
	assert_int_equal(checked("Host: localhost:8443\n"), 0);
	assert_int_equal(checked("Host: evil.example\n"), -ENXIO);
	assert_int_equal(checked("Host: ward.example.evil.example\n"), -ENXIO);
	assert_int_equal(checked("Accept: x\n"), -EBADMSG);
	assert_int_equal(checked("Host: localhost\nHost: localhost\n"), -EBADMSG);
	assert_int_equal(checked("Host: localhost\nContent-Length: 5\nContent-Length: 5\n"), -EBADMSG);
	assert_int_equal(checked("Host: localhost\nContent-Length: 5\nTransfer-Encoding: chunked\n"), -EBADMSG);
	assert_int_equal(checked("Host: localhost\nContent-Length : 5\n"), -EBADMSG);
	assert_int_equal(checked("Host: localhost\nX Y: 5\n"), -EBADMSG);
	static const char *const bad[] = { "+5", "-1", "5x", "", "0x10", "9999999999999999", "5, 5" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		ARENA(arena);
		assert_int_equal(checked(arena_printf(&arena, "Host: localhost\nContent-Length: %s\n", bad[i]).p), -EBADMSG);
	}
}

static int trusted(const char *text, bool by_token, struct str csrf)
{
	struct head head = head_of(text);
	return head_trusted(&head, by_token, csrf, NULL);
}

static void requests_from_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(trusted("Host: a\nX-Ward-CSRF: spell\n", false, STR("spell")), 0);
	assert_int_equal(trusted("Host: a:1\nOrigin: https://a:1\nSec-Fetch-Site: same-origin\nX-Ward-CSRF: spell\n", false, STR("spell")), 0);
	assert_int_equal(trusted("Host: a\n", false, STR("spell")), -EPERM);
	assert_int_equal(trusted("Host: a\nX-Ward-CSRF: spelL\n", false, STR("spell")), -EPERM);
	assert_int_equal(trusted("Host: a\nX-Ward-CSRF: spel\n", false, STR("spell")), -EPERM);
	assert_int_equal(trusted("Host: a\nX-Ward-CSRF:\n", false, STR("")), -EPERM);
	assert_int_equal(trusted("Host: a\nOrigin: https://b\nX-Ward-CSRF: spell\n", false, STR("spell")), -EPERM);
	assert_int_equal(trusted("Host: a:1\nOrigin: https://a:2\nX-Ward-CSRF: spell\n", false, STR("spell")), -EPERM);
	assert_int_equal(trusted("Host: a\nOrigin: null\nX-Ward-CSRF: spell\n", false, STR("spell")), -EPERM);
	assert_int_equal(trusted("Host: a\nSec-Fetch-Site: same-site\nX-Ward-CSRF: spell\n", false, STR("spell")), -EPERM);
	/* A login has no session yet, a token needs none; where they come from still counts. */
	assert_int_equal(trusted("Host: a\n", false, STR_NONE), 0);
	assert_int_equal(trusted("Host: a\nSec-Fetch-Site: cross-site\n", false, STR_NONE), -EPERM);
	assert_int_equal(trusted("Host: a\n", true, STR_NONE), 0);
	assert_int_equal(trusted("Host: a\nOrigin: https://b\n", true, STR_NONE), -EPERM);
}

static void who(void **state)
{
	(void)state;
	struct head head = head_of("Authorization: bEarer  abc \nX-Y: z\n");
	assert_true(str_is(head.credentials.bearer, "abc"));
	head = head_of("Authorization: Basic abc\n");
	assert_null(head.credentials.bearer.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies),
		cmocka_unit_test(languages),
		cmocka_unit_test(encodings),
		cmocka_unit_test(names),
		cmocka_unit_test(requests_that_are_not_for_us),
		cmocka_unit_test(requests_from_elsewhere),
		cmocka_unit_test(who),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
