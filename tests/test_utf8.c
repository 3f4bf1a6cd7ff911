/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/utf8.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <wchar.h>

#include <cmocka.h>

#define assert_str(actual, expected)                                          \
	do {                                                                  \
		struct str a_ = (actual), e_ = (expected);                    \
		assert_int_equal(a_.n, e_.n);                                 \
		assert_memory_equal(a_.p ? a_.p : "", e_.p ? e_.p : "", e_.n); \
	} while (0)

/* The definition (RFC 3629, section 4) written the other way round: encode every scalar value by
 * arithmetic, and what is not such an encoding is not UTF-8. */
static size_t encode(unsigned char *out, uint32_t c)
{
	if (c < 0x80)
		return out[0] = (unsigned char)c, 1;
	if (c < 0x800)
		return out[0] = (unsigned char)(0xc0 + c / 64), out[1] = (unsigned char)(0x80 + c % 64), 2;
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xe0 + c / 4096);
		out[1] = (unsigned char)(0x80 + c / 64 % 64);
		out[2] = (unsigned char)(0x80 + c % 64);
		return 3;
	}
	out[0] = (unsigned char)(0xf0 + c / 262144);
	out[1] = (unsigned char)(0x80 + c / 4096 % 64);
	out[2] = (unsigned char)(0x80 + c / 64 % 64);
	out[3] = (unsigned char)(0x80 + c % 64);
	return 4;
}

static void every_character_round_trips(void **state UNUSED)
{
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		unsigned char expected[4];
		char put[UTF8_LONGEST];
		size_t n = encode(expected, c);
		struct str s = { (const char *)expected, n };
		if (c >= 0xd800 && c <= 0xdfff) {
			assert_false(utf8_valid(s));
			assert_int_equal(utf8_put(put, c), 3);
			assert_memory_equal(put, "\xef\xbf\xbd", 3);
			continue;
		}
		assert_true(utf8_valid(s));
		for (size_t cut = 1; cut < n; cut++)
			assert_false(utf8_valid((struct str){ s.p, cut }));
		assert_int_equal(utf8_put(put, c), n);
		assert_memory_equal(put, expected, n);
		assert_int_equal(utf8_next(&s), c);
		assert_int_equal(s.n, 0);
	}
	char put[UTF8_LONGEST];
	assert_int_equal(utf8_put(put, 0x110000), 3);
}

/* All sequences of three bytes (and a sample of four): valid exactly when they decode to characters
 * that encode to the same bytes. */
static void only_encodings_are_valid(void **state UNUSED)
{
	size_t valid = 0, valid_four = 0;
	for (uint32_t i = 0; i < 1u << 24; i++) {
		char bytes[3] = { (char)(i >> 16), (char)(i >> 8), (char)i };
		valid += utf8_valid((struct str){ bytes, 3 });
	}
	/* 1+1+1, 1+2, 2+1, and 3-byte characters without the surrogates */
	assert_int_equal(valid, 128 * 128 * 128 + 2 * 128 * (0x800 - 0x80) + (0x10000 - 0x800 - 0x800));
	for (uint32_t i = 0; i < 1u << 20; i++) {
		char bytes[4] = { (char)(0xf0 | (i >> 16)), (char)(i >> 8), (char)i, (char)0x80 };
		valid_four += utf8_valid((struct str){ bytes, 4 });
	}
	assert_int_equal(valid_four, 0x100000 / 64);
}

static void the_first_bad_byte_is_found(void **state UNUSED)
{
	char text[64];
	for (size_t bad = 0; bad < sizeof(text); bad++)
		for (size_t n = bad + 1; n <= sizeof(text); n++) {
			memset(text, 'a', sizeof(text));
			text[bad] = (char)0xc0;
			assert_int_equal(utf8_valid_bytes((struct str){ text, n }), bad);
		}
	assert_int_equal(utf8_valid_bytes(STR_NONE), 0);
	assert_int_equal(utf8_valid_bytes(STR("中文\xe4\xb8")), 6);
	assert_true(utf8_valid(STR("安全自查 Tự kiểm tra an toàn 🔒")));
}

static void bad_sequences_are_replaced_as_unicode_recommends(void **state UNUSED)
{
	/* Unicode 15, table 3-8: 61 | F1 80 80 | E1 80 | C2 | 62 | 80 | 63 | 80 | BF | 64 */
	struct str s = STR("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64");
	static const uint32_t expected[] = { 0x61, UTF8_BAD, UTF8_BAD, UTF8_BAD, 0x62,
		                             UTF8_BAD, 0x63, UTF8_BAD, UTF8_BAD, 0x64 };
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_int_equal(utf8_next(&s), expected[i]);
	assert_int_equal(s.n, 0);
	s = STR("\xed\xa0\x80"); /* a surrogate: three bad bytes (table 3-9) */
	for (int i = 0; i < 3; i++)
		assert_int_equal(utf8_next(&s), UTF8_BAD);
	assert_int_equal(s.n, 0);
}

static void columns(void **state UNUSED)
{
	assert_int_equal(utf8_width(STR("")), 0);
	assert_int_equal(utf8_width(STR("ward inspect")), 12);
	assert_int_equal(utf8_width(STR("安全自查报告")), 12);
	assert_int_equal(utf8_width(STR("(GB/T 22239—2019)，三级")), 17 + 2 + 4);
	assert_int_equal(utf8_width(STR("Tự kiểm tra an toàn")), 19);
	assert_int_equal(utf8_width(STR("Tu\xcc\xa3 kie\xcc\x82\xcc\x89m tra")), 11); /* decomposed */
	assert_int_equal(utf8_width(STR("🔒")), 2);
	assert_str(utf8_cut(STR("安全自查"), 5), STR("安全"));
	assert_str(utf8_cut(STR("安全自查"), 8), STR("安全自查"));
	assert_str(utf8_cut(STR("e\xcc\x82m"), 1), STR("e\xcc\x82"));
	assert_str(utf8_cut(STR("安"), 0), STR(""));
}

/* The C library's own idea, for what people here write. */
static void columns_agree_with_wcwidth(void **state UNUSED)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	static const struct {
		uint32_t first, last;
	} blocks[] = {
		{ 0x20, 0x36f },     /* Latin and combining marks */
		{ 0x1dc0, 0x1eff },  /* more of both: Vietnamese */
		{ 0x2010, 0x205f },  /* punctuation */
		{ 0x2460, 0x25ff },  /* enclosed, box drawing, blocks */
		{ 0x2e80, 0x2fd5 },  /* radicals */
		{ 0x3000, 0x303e },  { 0x3041, 0x30ff },
		{ 0x3400, 0x4dbf },  { 0x4e00, 0x9fff }, /* between them hexagrams, on which Unicodes differ */
		{ 0xac00, 0xd7a3 },  { 0xf900, 0xfad9 },
		{ 0xfe30, 0xfe4f },  { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
		{ 0x1f300, 0x1f64f }, { 0x20000, 0x2a6df },
	};
	size_t differ = 0;
	for (size_t i = 0; i < COUNT(blocks); i++)
		for (uint32_t c = blocks[i].first; c <= blocks[i].last; c++) {
			int expected = wcwidth((wchar_t)c);
			if (expected >= 0 && (unsigned)expected != utf8_char_width(c)) {
				print_message("U+%04X: wcwidth %d, ours %u\n", c, expected,
				              utf8_char_width(c));
				differ++;
			}
		}
	setlocale(LC_CTYPE, "C");
	assert_int_equal(differ, 0);
}

static void cleaned_for_a_terminal(void **state UNUSED)
{
	ARENA(arena);
	struct str plain = STR("C:\\Windows 正常 bình thường");
	assert_ptr_equal(utf8_clean(&arena, plain).p, plain.p);
	assert_null(utf8_clean(&arena, STR_NONE).p);
	assert_str(utf8_clean(&arena, STR("a\nb\tc\rd")), STR("a\\nb\\tc\\rd"));
	assert_str(utf8_clean(&arena, STR("\x1b[31mred\x07\x7f")), STR("\\x1b[31mred\\x07\\x7f"));
	assert_str(utf8_clean(&arena, STR("\0")), STR("\\x00"));
	assert_str(utf8_clean(&arena, STR("\xc2\x9b" "31m")), STR("\\u009b31m"));
	assert_str(utf8_clean(&arena, STR("gpj.\xe2\x80\xae" "exe")), STR("gpj.\\u202eexe"));
	assert_str(utf8_clean(&arena, STR("ok\xff\xe4\xb8")), STR("ok\\xff\\xe4\\xb8"));
	assert_str(utf8_clean(&arena, STR("\xef\xbf\xbd")), STR("\xef\xbf\xbd"));

	/* Whatever the bytes: what comes out is valid and holds no control character. */
	uint64_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		char bytes[24];
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			bytes[i] = (char)(seed >> 56);
		}
		struct str out = utf8_clean(&arena, (struct str){ bytes, seed >> 40 & 15 });
		assert_true(utf8_valid(out));
		for (size_t i = 0; i < out.n; i++)
			assert_true((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_round_trips),
		cmocka_unit_test(only_encodings_are_valid),
		cmocka_unit_test(the_first_bad_byte_is_found),
		cmocka_unit_test(bad_sequences_are_replaced_as_unicode_recommends),
		cmocka_unit_test(columns),
		cmocka_unit_test(columns_agree_with_wcwidth),
		cmocka_unit_test(cleaned_for_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
