/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Encodings: every character of GB 18030 and UTF-16 beside iconv(3), streams cut anywhere, and what is taken for what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <iconv.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "data/decode.h"
#include "data/gb18030.h"

/* By libc, or STR_NONE where it refuses. */
static struct str by_iconv(struct arena *arena, const char *to, const char *from, struct str text)
{
	iconv_t converter = iconv_open(to, from);
	assert_true(converter != (iconv_t)-1);
	size_t room = text.n * 4 + 16, left = room, n = text.n;
	char *out = arena_bytes(arena, room), *at = out, *in = (char *)(uintptr_t)text.p;
	size_t r = iconv(converter, &in, &n, &at, &left);
	iconv_close(converter);
	return r == (size_t)-1 ? STR_NONE : (struct str){ out, room - left };
}

static uint32_t one_by_iconv(iconv_t converter, struct str text)
{
	uint32_t code = 0;
	size_t n = text.n, left = sizeof(code);
	char *in = (char *)(uintptr_t)text.p, *out = (char *)&code;
	(void)iconv(converter, NULL, NULL, NULL, NULL);
	return iconv(converter, &in, &n, &out, &left) == (size_t)-1 || n ? 0 : code;
}

/* libc knows one spelling of a character that moved; we read the place it came from, too. */
static bool moved(uint32_t code)
{
	return (code >= 0x9fb4 && code <= 0x9fbb) || (code >= 0xfe10 && code <= 0xfe19);
}

static void every_character_of_gb18030(void **state)
{
	(void)state;
	iconv_t converter = iconv_open("UTF-32LE", "GB18030");
	assert_true(converter != (iconv_t)-1);
	size_t n = 0;
	for (unsigned a = 0x80; a <= 0xff; a++) {
		for (unsigned b = 0; b <= 0xff; b++) {
			char pair[2] = { (char)a, (char)b };
			uint32_t code = 0, truth = one_by_iconv(converter, (struct str){ pair, 2 });
			int r = gb18030_next((struct str){ pair, 2 }, &code);
			if ((r == 2 ? code : 0) != truth)
				fail_msg("%02x%02x is U+%04X, not U+%04X", a, b, truth, code);
			n += r == 2;
		}
	}
	assert_int_equal(n, 126 * 190);
	for (unsigned i = 0; i < 126 * 126 * 100; i++) {
		if (i > 50000 && i % 97 && (i < 189000 || i > 189000 + 300))
			continue; /* all of the plane, and samples above */
		char four[4] = { (char)(0x81 + i / 12600), (char)(0x30 + i / 1260 % 10), (char)(0x81 + i / 10 % 126),
			         (char)(0x30 + i % 10) };
		uint32_t code = 0, truth = one_by_iconv(converter, (struct str){ four, 4 });
		int r = gb18030_next((struct str){ four, 4 }, &code);
		if ((r == 4 ? code : 0) != truth && !(truth == 0 && moved(code)))
			fail_msg("%u is U+%04X, not U+%04X", i, truth, code);
	}
	iconv_close(converter);
}

static const char *const lines[] = {
	"2026-11-03 08:01:02 用户 张三 登录失败：密码错误，来自 10.1.2.3\n",
	"Nov  3 08:01:02 his01 sshd[12]: Failed password for 管理员 from 10.1.2.3\n",
	"一二三四五六七八九十\r\n",
	"plain ASCII\n",
	"\n",
	"防火墙 模 拒绝 tcp 10.0.0.1:80 → 10.0.0.2:443\n",
	"数据库备份完成，共 1024 行\n",
};

static struct str sample(struct arena *arena, unsigned seed)
{
	BUF(buf);
	for (unsigned i = 0; i < 40; i++)
		buf_puts(&buf, lines[(seed + i * i) % COUNT(lines)]);
	return arena_str(arena, buf_str(&buf));
}

/* The stream in parts of random size, the rest of one before the next, as an input does it. */
static struct str in_parts(struct arena *arena, struct decode *decode, struct str bytes, unsigned seed, size_t largest)
{
	BUF(out);
	size_t at = 0, end = 0;
	while (at < bytes.n || end < bytes.n) {
		size_t used;
		seed = seed * 1103515245 + 12345;
		end = MIN(bytes.n, end + 1 + (seed >> 8) % largest);
		struct str text = decode_text(decode, arena, str_slice(bytes, at, end), end == bytes.n, &used);
		assert_true(used <= end - at);
		assert_true(utf8_valid(text));
		buf_add(&out, text);
		at += used;
		if (end == bytes.n)
			break;
	}
	assert_int_equal(at, bytes.n);
	return arena_str(arena, buf_str(&out));
}

static void check_found(const char *iconv_name, struct str mark, enum encoding expected)
{
	for (unsigned seed = 1; seed < 60; seed++) {
		ARENA(arena);
		struct str text = sample(&arena, seed), bytes = by_iconv(&arena, iconv_name, "UTF-8", text);
		BUF(stream);
		buf_add(&stream, mark);
		buf_add(&stream, bytes);
		struct decode decode;
		decode_init(&decode, ENCODING_AUTO);
		struct str out = in_parts(&arena, &decode, buf_str(&stream), seed, seed % 3 ? 7 : 3000);
		if (!str_eq(out, text))
			fail_msg("%s, seed %u: %.*s", iconv_name, seed, STR_ARG(out));
		assert_int_equal(decode.bad, 0);
		assert_int_equal(decode.encoding, expected);
	}
}

static void encodings_are_found(void **state)
{
	(void)state;
	check_found("UTF-8", STR(""), ENCODING_AUTO);
	check_found("UTF-8", STR("\xef\xbb\xbf"), ENCODING_AUTO);
	check_found("UTF-16LE", STR("\xff\xfe"), ENCODING_UTF16LE);
	check_found("UTF-16LE", STR(""), ENCODING_UTF16LE);
	check_found("UTF-16BE", STR("\xfe\xff"), ENCODING_UTF16BE);
	check_found("UTF-16BE", STR(""), ENCODING_UTF16BE);
	check_found("GB18030", STR("\x84\x31\x95\x33"), ENCODING_GB18030);
	check_found("GB18030", STR(""), ENCODING_AUTO);
	check_found("GBK", STR(""), ENCODING_AUTO);
}

static void check(enum encoding encoding, struct str bytes, struct str expected, uint64_t bad)
{
	ARENA(arena);
	struct decode decode;
	size_t used;
	decode_init(&decode, encoding);
	struct str text = decode_text(&decode, &arena, bytes, true, &used);
	assert_int_equal(used, bytes.n);
	if (!str_eq(text, expected))
		fail_msg("'%.*s' instead of '%.*s'", STR_ARG(text), STR_ARG(expected));
	assert_int_equal(decode.bad, bad);
	/* Cut at any two places it is the same. */
	for (unsigned seed = 0; seed < 30; seed++) {
		decode_init(&decode, encoding);
		assert_true(str_eq(in_parts(&arena, &decode, bytes, seed, 5), expected));
		assert_int_equal(decode.bad, bad);
	}
}

static void doubtful_bytes(void **state)
{
	(void)state;
	/* C4 A3 is 模 in GBK and ģ in UTF-8: it follows the stream. */
	ARENA(arena);
	struct decode decode;
	size_t used;
	decode_init(&decode, ENCODING_AUTO);
	struct str text = decode_text(&decode, &arena, STR("x \xc4\xa3\n\xb5\xc7\xc2\xbc\xca\xa7\xb0\xdc\n"), true, &used);
	assert_true(str_is(text, "x 模\n登录失败\n"));
	check(ENCODING_AUTO, STR("x \xc4\xa3\n"), STR("x ģ\n"), 0);
	check(ENCODING_GB18030, STR("x \xc4\xa3\n"), STR("x 模\n"), 0);
	/* Hosts of both kinds in one stream. */
	check(ENCODING_AUTO, STR("登录失败\n\xb5\xc7\xc2\xbc\xca\xa7\xb0\xdc\n登录\n"), STR("登录失败\n登录失败\n登录\n"), 0);
	/* A line that was cut within its last character. */
	check(ENCODING_AUTO, STR("登录失败\xe5\xaf\nx\n"), STR("登录失败\xef\xbf\xbd\nx\n"), 1);
	check(ENCODING_AUTO, STR("\xb5\xc7\xc2\xbc\xca\xa7\xb0\nx\n"), STR("登录失\xef\xbf\xbd\nx\n"), 1);
	/* Neither: bytes of Latin-1. */
	check(ENCODING_AUTO, STR("caf\xe9 au lait\n"), STR("caf\xef\xbf\xbd au lait\n"), 1);
	check(ENCODING_UTF8, STR("a\xff\xfe" "b\xe4\xb8" "c\xed\xa0\x80\n"),
	      STR("a\xef\xbf\xbd\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n"), 6);
	check(ENCODING_GB18030, STR("a\x80" "b\xff" "c\xb5 d\x81\x30\x20\n"),
	      STR("a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd d\xef\xbf\xbd" "0 \n"), 4);
	/* NUL bytes: in text, and the hole that truncating a file leaves under a program that goes on writing. */
	check(ENCODING_AUTO, STR("a\0b 登录\n\0\0\0\0\0\0\0\0\0\0\0\0x\n"), STR("a\0b 登录\n\0\0\0\0\0\0\0\0\0\0\0\0x\n"), 0);
	/* Lone surrogates, half a unit at the end. */
	check(ENCODING_UTF16LE, STR("a\0\x00\xd8" "b\0\n\0\x00\xdc" "c\0z"),
	      STR("a\xef\xbf\xbd" "b\n\xef\xbf\xbd" "c\xef\xbf\xbd"), 3);
	check(ENCODING_UTF16BE, STR("\xd8\x3d\xde\x00\0x"), STR("\xf0\x9f\x98\x80x"), 0);
	check(ENCODING_AUTO, STR("\xff\xfe"), STR(""), 0);
	check(ENCODING_AUTO, STR("\xe7\x99\xbb no end"), STR("登 no end"), 0);
}

static void messages_are_judged_alone(void **state)
{
	(void)state;
	ARENA(arena);
	struct decode decode;
	decode_init(&decode, ENCODING_AUTO);
	assert_true(str_is(decode_record(&decode, &arena, STR("\xb5\xc7\xc2\xbc\nx")), "登录\nx"));
	assert_true(str_is(decode_record(&decode, &arena, STR("登录")), "登录"));
	assert_true(str_eq(decode_record(&decode, &arena, STR("")), STR("")));
	assert_true(str_is(decode_record(&decode, &arena, STR("\xb5\xc7\xc2\xbc")), "登录"));
	assert_true(str_is(decode_record(&decode, &arena, STR("\xff\xfe" "a\0b\0")), "ab"));
	assert_true(str_is(decode_record(&decode, &arena, STR("plain")), "plain"));
}

static void lines_without_end(void **state)
{
	(void)state;
	ARENA(arena);
	size_t n = 3 * DECODE_LINE;
	char *line = arena_bytes(&arena, n), *gb = arena_bytes(&arena, n);
	for (size_t i = 0; i + 3 <= n; i += 3)
		memcpy(line + i, "登", 3);
	for (size_t i = 0; i + 2 <= n; i += 2)
		memcpy(gb + i, "\xb5\xc7", 2);
	struct decode decode;
	decode_init(&decode, ENCODING_AUTO);
	struct str out = in_parts(&arena, &decode, (struct str){ line, n }, 1, DECODE_LINE * 3 / 2);
	assert_true(str_eq(out, (struct str){ line, n }));
	decode_init(&decode, ENCODING_AUTO);
	out = in_parts(&arena, &decode, (struct str){ gb, n }, 1, DECODE_LINE * 3 / 2);
	assert_int_equal(out.n, n / 2 * 3);
	assert_memory_equal(out.p, line, n);
	assert_int_equal(decode.bad, 0);
}

static void names(void **state)
{
	(void)state;
	enum encoding encoding;
	assert_true(encoding_find(STR("GBK"), &encoding) && encoding == ENCODING_GB18030);
	assert_true(encoding_find(STR("UTF-16LE"), &encoding) && encoding == ENCODING_UTF16LE);
	assert_false(encoding_find(STR("big5"), &encoding));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_of_gb18030), cmocka_unit_test(encodings_are_found),
		cmocka_unit_test(doubtful_bytes),             cmocka_unit_test(messages_are_judged_alone),
		cmocka_unit_test(lines_without_end),          cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
