/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/utf8.h"

/* The text goes into memory of exactly its size, so that a sanitizer sees a read behind its end. */
static int parse(struct arena *arena, struct str text, const struct doc **out, struct err *err)
{
	char *exact = malloc(text.n ? text.n : 1);
	memcpy(exact, text.p ? text.p : "", text.n);
	struct source source = { .name = "test.json", .text = { exact, text.n } };
	*out = NULL;
	int r = json_parse(arena, &source, out, err);
	free(exact); /* callers that look at strings use parse_kept() */
	return r;
}

static const struct doc *parse_kept(struct arena *arena, struct str text)
{
	struct source source = { .name = "test.json", .text = text };
	struct err err = { 0 };
	const struct doc *doc = NULL;
	if (json_parse(arena, &source, &doc, &err))
		fail_msg("%s", err.text);
	return doc;
}

/* ---- what RFC 8259 allows and what it does not ---- */

static const struct {
	struct str text;
	bool valid;
} cases[] = {
	/* section 2: structure, white space */
	{ STR("[]"), true }, { STR("{}"), true }, { STR(" \t\r\n[ \t\r\n] \t\r\n"), true },
	{ STR("[[[]]]"), true }, { STR("{\"a\":{\"b\":[{}]}}"), true }, { STR("1"), true },
	{ STR("\"\""), true }, { STR("null"), true }, { STR("true"), true }, { STR("false"), true },
	{ STR("[1,2]"), true }, { STR("[null,1,\"1\",{}]"), true }, { STR("{\"\":0}"), true },
	{ STR("{\"a\":1,\"a\":2}"), true }, { STR("{\"a\\u0000b\":0}"), true },
	{ STR(""), false }, { STR(" "), false }, { STR("["), false }, { STR("]"), false },
	{ STR("{"), false }, { STR("}"), false }, { STR("[1"), false }, { STR("[1,"), false },
	{ STR("[,1]"), false }, { STR("[1,]"), false }, { STR("[1,,2]"), false }, { STR("[,]"), false },
	{ STR("[1 2]"), false }, { STR("[1:2]"), false }, { STR("[1}"), false }, { STR("{1]"), false },
	{ STR("{\"a\":1]"), false }, { STR("[\"a\":1]"), false }, { STR("{\"a\"}"), false },
	{ STR("{\"a\":}"), false }, { STR("{\"a\" 1}"), false }, { STR("{\"a\":1,}"), false },
	{ STR("{,\"a\":1}"), false }, { STR("{\"a\":1,,\"b\":2}"), false }, { STR("{a:1}"), false },
	{ STR("{'a':1}"), false }, { STR("{1:1}"), false }, { STR("{null:1}"), false },
	{ STR("{\"a\":1 \"b\":2}"), false }, { STR("{\"a\"::1}"), false }, { STR("{\"a\":1}}"), false },
	{ STR("{\"a\":\"b\""), false }, { STR("{\"a\""), false }, { STR("{\"a\":"), false },
	{ STR("{\"a\":1,"), false }, { STR("[]]"), false }, { STR("[][]"), false }, { STR("1 2"), false },
	{ STR("{}x"), false }, { STR("[]\0"), false }, { STR("\0"), false }, { STR("[\f]"), false },
	{ STR("[\v1]"), false }, { STR("\xc2\xa0[]"), false }, { STR("[\xe2\x81\xa0]"), false },
	{ STR("\xef\xbb\xbf{}"), false }, { STR("/**/[]"), false }, { STR("[]//"), false },
	{ STR("#\n[]"), false }, { STR("*"), false }, { STR("["  "\x00" "]"), false },
	/* section 3: the three words */
	{ STR("True"), false }, { STR("tru"), false }, { STR("truee"), false }, { STR("nul"), false },
	{ STR("nulll"), false }, { STR("fals"), false }, { STR("falsey"), false }, { STR("NULL"), false },
	{ STR("NaN"), false }, { STR("Infinity"), false }, { STR("-Infinity"), false }, { STR("undefined"), false },
	{ STR("[truefalse]"), false }, { STR("[true false]"), false },
	/* section 6: numbers */
	{ STR("0"), true }, { STR("-0"), true }, { STR("-1"), true }, { STR("1.0"), true }, { STR("0.1"), true },
	{ STR("1e1"), true }, { STR("1E1"), true }, { STR("1e+1"), true }, { STR("1e-1"), true },
	{ STR("0e1"), true }, { STR("0e+01"), true }, { STR("1.5E-007"), true }, { STR("-0.0"), true },
	{ STR("123456789012345678901234567890"), true }, { STR("1e-400"), true }, { STR("0e999999999999"), true },
	{ STR("[1 ]"), true }, { STR("1e308"), true }, { STR("0.000000000000000000000000000001"), true },
	{ STR("-"), false }, { STR("+1"), false }, { STR("01"), false }, { STR("-01"), false },
	{ STR("00"), false }, { STR("-00"), false }, { STR("0x1"), false }, { STR("1."), false },
	{ STR("1.e1"), false }, { STR(".1"), false }, { STR("-.1"), false }, { STR("1e"), false },
	{ STR("1e+"), false }, { STR("1e-"), false }, { STR("1e1.5"), false }, { STR("1.2.3"), false },
	{ STR("1e1e1"), false }, { STR("- 1"), false }, { STR("--1"), false }, { STR("-+1"), false },
	{ STR("1a"), false }, { STR("1_000"), false }, { STR("1,000"), false }, { STR("0."), false },
	{ STR("-a"), false }, { STR("\xef\xbc\x91"), false }, { STR("1e400"), false }, { STR("-1e400"), false },
	{ STR("[-]"), false }, { STR("[1.]"), false }, { STR("[0e]"), false }, { STR("[1e,2]"), false },
	/* section 7: strings */
	{ STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), true }, { STR("\"\\u0000\""), true }, { STR("\"\\uFfFf\""), true },
	{ STR("\"\\ud83d\\ude00\""), true }, { STR("\"\\uD83D\\uDE00\""), true }, { STR("\"\x7f\""), true },
	{ STR("\"\\\\u0061\""), true }, { STR("\"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x94\x92\""), true },
	{ STR("\"\xe2\x80\xa8\""), true }, { STR("\"\xf4\x8f\xbf\xbf\""), true }, { STR("\"\xef\xbf\xbf\""), true },
	{ STR("\""), false }, { STR("\"a"), false }, { STR("a"), false }, { STR("'a'"), false },
	{ STR("\"\\"), false }, { STR("\"\\\""), false }, { STR("\"\\a\""), false }, { STR("\"\\'\""), false },
	{ STR("\"\\x41\""), false }, { STR("\"\\0\""), false }, { STR("\"\\\n\""), false },
	{ STR("\"\\u\""), false }, { STR("\"\\u12\""), false }, { STR("\"\\u123\""), false },
	{ STR("\"\\u123g\""), false }, { STR("\"\\u 123\""), false }, { STR("\"\\U0041\""), false },
	{ STR("\"\\u+123\""), false }, { STR("\"\\u0041"), false }, { STR("\"\\u00"), false },
	{ STR("\"\n\""), false }, { STR("\"\t\""), false }, { STR("\"\0\""), false }, { STR("\"\x1f\""), false },
	{ STR("\"\\\xc3\xa9\""), false }, { STR("\"\" x"), false }, { STR("\"a\"\"b\""), false },
	/* halves of surrogate pairs are no characters (section 8.2 leaves them to us: refused) */
	{ STR("\"\\ud83d\""), false }, { STR("\"\\ude00\""), false }, { STR("\"\\ud83dx\""), false },
	{ STR("\"\\ude00\\ud83d\""), false }, { STR("\"\\ud83d\\u0041\""), false },
	{ STR("\"\\ud83d\\ud83d\""), false }, { STR("\"\\ud83d\\n\""), false }, { STR("\"\\ud83d\\u\""), false },
	/* section 8.1: UTF-8 only */
	{ STR("\"\xff\""), false }, { STR("\"\x80\""), false }, { STR("\"\xc3\""), false },
	{ STR("\"\xc0\xaf\""), false }, { STR("\"\xe0\x80\xaf\""), false }, { STR("\"\xed\xa0\x80\""), false },
	{ STR("\"\xf4\x90\x80\x80\""), false }, { STR("\"\xf5\x80\x80\x80\""), false },
	{ STR("\"\xe4\xb8\""), false }, { STR("\"abc\\n\xff\""), false }, { STR("[\xff]"), false },
	{ STR("{\"\xff\":0}"), false }, { STR("[\0\"\0a\0\"\0]\0"), false }, { STR("\xff\xfe[\0]\0"), false },
};

static void rfc_8259(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		ARENA(arena);
		struct err err = { 0 };
		const struct doc *doc;
		int r = parse(&arena, cases[i].text, &doc, &err);
		if ((r == 0) != cases[i].valid)
			fail_msg("case %zu '%.*s': %d %s", i, STR_ARG(cases[i].text), r, err.text);
		if (r) {
			assert_int_equal(r, -EINVAL);
			assert_null(doc);
			assert_true(str_starts(str_from(err.text), "test.json:1:") ||
			            str_starts(str_from(err.text), "test.json:2:"));
		}
	}
}

/* Each case again in places where blocks of 16 bytes begin and end differently. */
static void rfc_8259_at_every_offset(void **state UNUSED)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool in_list = str_trim(cases[i].text).n > 0;
		for (size_t before = 0; before < 34; before++) {
			ARENA(arena);
			BUF(text);
			buf_puts(&text, "[\"");
			for (size_t k = 0; k < before; k++)
				buf_add_char(&text, 'x');
			buf_puts(&text, "\",");
			buf_add(&text, cases[i].text);
			for (size_t k = 0; k < before % 17; k++)
				buf_add_char(&text, ' ');
			buf_puts(&text, "]");
			const struct doc *doc;
			bool valid = parse(&arena, buf_str(&text), &doc, NULL) == 0;
			bool expected = cases[i].valid && in_list;
			if (valid != expected)
				fail_msg("case %zu behind %zu: '%.*s'", i, before, STR_ARG(buf_str(&text)));
		}
	}
}

/* ---- values ---- */

static void values(void **state UNUSED)
{
	ARENA(arena);
	const struct doc *doc = parse_kept(&arena, STR(
		" {\"n\":null,\"t\":true,\"f\":false,\"i\":-42,\"r\":2.5,\"s\":\"x\\u00e9\\ud83d\\ude00\\n\\/\","
		"\"l\":[1,[],{}],\"s\":\"\",\"max\":9223372036854775807,\"min\":-9223372036854775808,"
		"\"over\":9223372036854775808,\"under\":-9223372036854775809,\"zero\":-0,\"nul\":\"a\\u0000b\"}"));
	assert_int_equal(doc->type, DOC_MAP);
	assert_int_equal(doc->at, 1);
	assert_int_equal(doc->n, 14);
	assert_int_equal(doc_get(doc, STR("n"))->type, DOC_NULL);
	assert_true(doc_get(doc, STR("t"))->boolean);
	assert_int_equal(doc_get(doc, STR("f"))->type, DOC_BOOL);
	assert_false(doc_get(doc, STR("f"))->boolean);
	assert_int_equal(doc_get(doc, STR("i"))->type, DOC_INT);
	assert_int_equal(doc_get(doc, STR("i"))->integer, -42);
	assert_int_equal(doc_get(doc, STR("r"))->type, DOC_REAL);
	assert_true(doc_get(doc, STR("r"))->real == 2.5);
	assert_true(str_eq(doc_string(doc_value(doc, 5)), STR("x\xc3\xa9\xf0\x9f\x98\x80\n/")));
	assert_int_equal(doc_get(doc, STR("s"))->n, 0); /* the last of equal keys */
	assert_non_null(doc_get(doc, STR("s"))->p);
	assert_int_equal(doc_get(doc, STR("l"))->n, 3);
	assert_int_equal(doc_get(doc, STR("l"))->items[1].type, DOC_ARRAY);
	assert_int_equal(doc_get(doc, STR("l"))->items[2].type, DOC_MAP);
	assert_int_equal(doc_get(doc, STR("max"))->type, DOC_INT);
	assert_true(doc_get(doc, STR("max"))->integer == INT64_MAX);
	assert_true(doc_get(doc, STR("min"))->integer == INT64_MIN);
	assert_int_equal(doc_get(doc, STR("over"))->type, DOC_REAL);
	assert_true(doc_get(doc, STR("over"))->real == 9223372036854775808.0);
	assert_int_equal(doc_get(doc, STR("under"))->type, DOC_REAL);
	assert_int_equal(doc_get(doc, STR("zero"))->type, DOC_REAL);
	assert_true(signbit(doc_get(doc, STR("zero"))->real));
	assert_true(str_eq(doc_string(doc_get(doc, STR("nul"))), STR("a\0b")));
	assert_null(doc_get(doc, STR("absent")));
	assert_null(doc_get(doc_get(doc, STR("l")), STR("n")));
	assert_null(doc_get(NULL, STR("n")));
	assert_string_equal(doc_type_words(doc), "a map");

	/* Nothing to unescape: the string is a piece of the source. */
	struct str text = STR("[\"plain\"]");
	assert_ptr_equal(parse_kept(&arena, text)->items[0].p, text.p + 2);
}

static void many_children_and_long_strings(void **state UNUSED)
{
	ARENA(arena);
	BUF(text);
	enum { N = 5000 };
	buf_puts(&text, "[");
	for (int i = 0; i < N; i++)
		buf_printf(&text, "%s{\"k%d\":[%d,\"\\\\%d\"]}", i ? "," : "", i, i, i);
	buf_puts(&text, "]");
	const struct doc *doc = parse_kept(&arena, buf_str(&text));
	assert_int_equal(doc->n, N);
	for (int i = 0; i < N; i++) {
		const struct doc *pair = doc_value(&doc->items[i], 0);
		assert_int_equal(pair->items[0].integer, i);
		assert_true(str_eq(doc_string(&pair->items[1]), arena_printf(&arena, "\\%d", i)));
	}
	/* Strings with an escape anywhere, larger than any block of the arena. */
	for (size_t n = 1; n < 3000000; n = n * 3 + 1) {
		buf_clear(&text);
		buf_puts(&text, "\"");
		for (size_t i = 0; i < n; i++)
			buf_puts(&text, i % 7 ? "abc" : "\\t");
		buf_puts(&text, "\"");
		ARENA(own);
		doc = parse_kept(&own, buf_str(&text));
		size_t at = 0;
		for (size_t i = 0; i < n; i++) {
			struct str piece = i % 7 ? STR("abc") : STR("\t");
			assert_memory_equal(doc->p + at, piece.p, piece.n);
			at += piece.n;
		}
		assert_int_equal(doc->n, at);
	}
}

static void depth_is_bounded(void **state UNUSED)
{
	for (int map = 0; map < 2; map++)
		for (int depth = JSON_DEPTH - 1; depth <= JSON_DEPTH + 1; depth++) {
			ARENA(arena);
			BUF(text);
			struct err err = { 0 };
			const struct doc *doc;
			for (int i = 0; i < depth; i++)
				buf_puts(&text, !map ? "[" : i < depth - 1 ? "{\"a\":" : "{");
			for (int i = 0; i < depth; i++)
				buf_puts(&text, map ? "}" : "]");
			int r = parse(&arena, buf_str(&text), &doc, &err);
			assert_int_equal(r, depth > JSON_DEPTH ? -EINVAL : 0);
			if (r)
				assert_non_null(strstr(err.text, "nested too deeply"));
		}
	ARENA(arena);
	struct source huge = { .name = "huge.json", .text = { "", (size_t)1 << 32 } };
	struct err err = { 0 };
	const struct doc *doc;
	assert_int_equal(json_parse(&arena, &huge, &doc, &err), -E2BIG);
	assert_string_equal(err.text, "huge.json: larger than 4 GiB");
}

static void errors_name_line_and_column(void **state UNUSED)
{
	static const struct {
		struct str text;
		const char *message;
	} errors[] = {
		{ STR(""), "1:1: the text is empty" },
		{ STR("\n\n  tru"), "3:3: expected a value" },
		{ STR("{\"a\": 1\n \"b\": 2}"), "2:2: expected ',' or '}'" },
		{ STR("[1,\n 2,\n x]"), "3:2: expected a value" },
		{ STR("[1"), "1:3: the text ends inside a list" },
		{ STR("{\"a\":1,\n}"), "2:1: expected a key in double quotes" },
		{ STR("{\"a\" 1}"), "1:6: expected ':' after the key" },
		{ STR("\"abc\tdef\""), "1:5: a control character in a string; it is written as \\n, \\t or \\u00.." },
		{ STR("\"中\\n文\xff\""), "1:10: not valid UTF-8" },
		{ STR("[\"C:\\Windows\"]"), "1:5: no such escape in a string; a backslash itself is written \\\\" },
		{ STR("\"\\uD83D \""), "1:2: half of a surrogate pair, which is no character" },
		{ STR("\"\\u00g0\""), "1:2: \\u wants four hexadecimal digits" },
		{ STR("[1, 02]"), "1:5: a number must not begin with 0" },
		{ STR("1.x"), "1:3: a digit must follow the decimal point" },
		{ STR("1e5000"), "1:1: a number too large for a 64-bit floating point number" },
		{ STR("{}\n{}"), "2:1: something follows the value" },
		{ STR("\"abc"), "1:5: the text ends inside a string" },
		{ STR("\xef\xbb\xbf[]"), "1:1: a byte order mark, which JSON does not allow" },
	};
	for (size_t i = 0; i < COUNT(errors); i++) {
		ARENA(arena);
		struct err err = { 0 };
		const struct doc *doc;
		assert_int_equal(parse(&arena, errors[i].text, &doc, &err), -EINVAL);
		assert_true(str_starts(str_from(err.text), "test.json:"));
		assert_string_equal(err.text + strlen("test.json:"), errors[i].message);
	}
}

/* ---- numbers against the C library, and back ---- */

static uint64_t seed = 20261122;

static uint64_t random64(void)
{
	seed += 0x9e3779b97f4a7c15u;
	uint64_t z = seed;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void assert_same_double(double a, double b, const char *text)
{
	if (memcmp(&a, &b, sizeof(a)))
		fail_msg("%s: %a, not %a", text, a, b);
}

static double number(struct arena *arena, const char *text)
{
	const struct doc *doc = parse_kept(arena, str_from(text));
	assert_true(doc->type == DOC_INT || doc->type == DOC_REAL);
	return doc->type == DOC_INT ? (double)doc->integer : doc->real;
}

static void doubles_round_trip(void **state UNUSED)
{
	ARENA(arena);
	static const double corners[] = { 0.0, -0.0, 1.0, -1.0, 0.1, 1e22, 1e23, 9007199254740993.0,
		                          DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON, 1e15,
		                          123456789012345680.0, 5e-324, 2.2250738585072011e-308 };
	for (int i = 0; i < 300000; i++) {
		double value;
		uint64_t bits = random64();
		memcpy(&value, &bits, sizeof(value));
		if (i % 4 == 1)
			value = (double)(int64_t)bits / 1000.0;
		else if (i % 4 == 2)
			value = (double)(bits >> 40);
		if ((size_t)i < COUNT(corners))
			value = corners[i];
		if (!isfinite(value))
			continue;
		BUF(text);
		json_add_double(&text, value);
		const struct doc *doc = parse_kept(&arena, buf_str(&text));
		assert_int_equal(doc->type, DOC_REAL);
		assert_same_double(doc->real, value, buf_cstr(&text));
		assert_same_double(strtod(buf_cstr(&text), NULL), value, buf_cstr(&text));
		if (i % 1000 == 0)
			arena_reset(&arena);
	}
	BUF(text);
	json_add_double(&text, NAN);
	json_add_double(&text, INFINITY);
	assert_string_equal(buf_cstr(&text), "nullnull");
	buf_clear(&text);
	json_add_double(&text, 0.1);
	json_add_double(&text, 3);
	assert_string_equal(buf_cstr(&text), "0.13.0");
}

static void numbers_are_read_as_strtod_reads_them(void **state UNUSED)
{
	ARENA(arena);
	for (int i = 0; i < 300000; i++) {
		char text[1200];
		size_t n = 0, whole = 1 + random64() % 20, fraction = random64() % 22;
		if (i % 100 == 0)
			whole += random64() % 500, fraction += random64() % 500;
		if (random64() % 2)
			text[n++] = '-';
		if (random64() % 4 == 0)
			whole = 1, text[n++] = '0';
		else
			text[n++] = (char)('1' + random64() % 9);
		for (size_t k = 1; k < whole; k++)
			text[n++] = (char)('0' + random64() % 10);
		if (fraction) {
			text[n++] = '.';
			for (size_t k = 0; k < fraction; k++)
				text[n++] = (char)('0' + (random64() % 3 ? random64() % 10 : 0));
		}
		if (random64() % 2)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "e%d", (int)(random64() % 640) - 330);
		text[n] = 0;
		double expected = strtod(text, NULL);
		if (isinf(expected)) {
			const struct doc *doc;
			assert_int_equal(parse(&arena, str_from(text), &doc, NULL), -EINVAL);
			continue;
		}
		const struct doc *doc = parse_kept(&arena, str_from(text));
		int64_t integer;
		if (doc->type == DOC_INT) {
			assert_true(str_to_int(str_from(text), 10, &integer));
			assert_true(integer == doc->integer);
		} else {
			assert_same_double(doc->real, expected, text);
		}
		if (i % 1000 == 0)
			arena_reset(&arena);
	}
}

/* Exactly half way between two doubles, and a hair above: only the last of many digits decides. */
static void rounding_looks_at_every_digit(void **state UNUSED)
{
	ARENA(arena);
	BUF(text);
	char digits[1200];
	for (int i = 0; i < 2000; i++) {
		uint64_t bits = random64() & 0x7fffffffffffffffu;
		double low;
		memcpy(&low, &bits, sizeof(low));
		if (i % 2)
			low = ldexp((double)(random64() >> 11), -1074 + (int)(random64() % 20));
		double high = nextafter(low, INFINITY);
		if (!isfinite(low) || !isfinite(high))
			continue;
		/* long double has 64 bits of mantissa and a wider exponent: it holds the middle. */
		int n = snprintf(digits, sizeof(digits), "%.1080Le", ((long double)low + (long double)high) / 2);
		if (LDBL_MANT_DIG < 64 || n < 0 || (size_t)n >= sizeof(digits))
			continue;
		assert_same_double(number(&arena, digits), strtod(digits, NULL), digits);
		char *exponent = strchr(digits, 'e');
		buf_clear(&text);
		buf_add(&text, (struct str){ digits, (size_t)(exponent - digits) });
		buf_puts(&text, "000000000000000000000001");
		buf_puts(&text, exponent);
		assert_same_double(number(&arena, buf_cstr(&text)), high, buf_cstr(&text));
	}
}

static void the_locale_does_not_matter(void **state UNUSED)
{
	static const char *const names[] = { "vi_VN.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8" };
	size_t tried = 0;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (!setlocale(LC_ALL, names[i]))
			continue;
		tried++;
		ARENA(arena);
		BUF(text);
		json_add_double(&text, 1234567.25);
		assert_string_equal(buf_cstr(&text), "1234567.25");
		assert_true(number(&arena, "0.12345678901234567890123") == 0x1.f9add3746f65fp-4);
	}
	setlocale(LC_ALL, "C");
	if (!tried)
		skip();
}

/* ---- against SQLite ---- */

static bool sqlite_valid(sqlite3_stmt *query, struct str text)
{
	sqlite3_reset(query);
	sqlite3_bind_text(query, 1, text.p, (int)text.n, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(query), SQLITE_ROW);
	return sqlite3_column_int(query, 0);
}

/* Random JSON text. */
static void grow(struct buf *buf, unsigned depth)
{
	static const char *const strings[] = {
		"\"\"", "\"a\"", "\"key\"", "\"C:\\\\Windows\\\\System32\\\\cmd.exe\"", "\"\\u00e9\\n\\t\\\"\"",
		"\"\\ud83d\\ude00\"", "\"中文，三级\"", "\"Tự kiểm tra\"", "\"0123456789abcdef0123456789abcdef\"",
		"\"a \\/ b \\b\\f\\r c\"", "\"\\\\\\\\\"",
	};
	static const char *const scalars[] = { "null", "true", "false", "0", "-1", "12345678901234567890",
		                               "1.5", "-2.5e-3", "1E+2", "9223372036854775807", "0.1" };
	static const char *const spaces[] = { "", "", "", "", " ", "\n", "\t ", "\r\n  " };
	uint64_t choice = random64() % (depth ? 8 : 4);
	buf_puts(buf, spaces[random64() % COUNT(spaces)]);
	if (choice < 2) {
		buf_puts(buf, strings[random64() % COUNT(strings)]);
	} else if (choice < 4) {
		buf_puts(buf, scalars[random64() % COUNT(scalars)]);
	} else {
		bool map = choice < 6;
		uint64_t n = random64() % 4;
		buf_puts(buf, map ? "{" : "[");
		for (uint64_t i = 0; i < n; i++) {
			buf_puts(buf, i ? "," : "");
			buf_puts(buf, spaces[random64() % COUNT(spaces)]);
			if (map) {
				buf_puts(buf, strings[random64() % COUNT(strings)]);
				buf_puts(buf, spaces[random64() % COUNT(spaces)]);
				buf_puts(buf, ":");
			}
			grow(buf, depth - 1);
		}
		buf_puts(buf, map ? "}" : "]");
	}
	buf_puts(buf, spaces[random64() % COUNT(spaces)]);
}

static void mutate(struct buf *buf)
{
	static const char bytes[] = "\"\\{}[]:,.-+eE0123456789 \t\n\rtrufalsn/bud\x01\x1f\x7f\x80\xbf\xc3\xed\xf0";
	for (uint64_t times = random64() % 4; times > 0 && buf->n; times--) {
		size_t at = random64() % buf->n;
		char byte = bytes[random64() % (sizeof(bytes) - 1)];
		switch (random64() % 4) {
		case 0:
			buf->p[at] = byte;
			break;
		case 1:
			memmove(buf->p + at, buf->p + at + 1, buf->n - at - 1);
			buf->n--;
			break;
		case 2:
			buf_reserve(buf, 1);
			memmove(buf->p + at + 1, buf->p + at, buf->n - at);
			buf->p[at] = byte;
			buf->n++;
			break;
		default:
			buf->n = random64() % 8 ? buf->n : at;
		}
	}
}

static void accepts_what_sqlite_accepts(void **state UNUSED)
{
	sqlite3 *db;
	sqlite3_stmt *query;
	size_t valid = 0, invalid = 0, ours_only = 0;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT json_valid(?1)", -1, &query, NULL), SQLITE_OK);
	for (int i = 0; i < 400000; i++) {
		ARENA(arena);
		BUF(text);
		struct err err = { 0 };
		const struct doc *doc;
		grow(&text, 4);
		mutate(&text);
		bool ours = parse(&arena, buf_str(&text), &doc, &err) == 0;
		bool theirs = sqlite_valid(query, buf_str(&text));
		/* SQLite 3.40 is laxer in these, each by intention or age: it takes any bytes as text,
		 * does not pair surrogates, and reads numbers beyond a double as infinite. */
		if (theirs && !ours &&
		    ((!utf8_valid(buf_str(&text)) && strstr(err.text, "not valid UTF-8")) ||
		     strstr(err.text, "half of a surrogate pair") || strstr(err.text, "number too large"))) {
			ours_only++;
			continue;
		}
		if (ours != theirs)
			fail_msg("ours %d, SQLite %d: '%s' (%s)", ours, theirs, buf_cstr(&text), err.text);
		valid += ours;
		invalid += !ours;
	}
	/* The comparison is worth something only with plenty of both. */
	print_message("valid %zu, invalid %zu, refused only here %zu\n", valid, invalid, ours_only);
	assert_true(valid > 50000 && invalid > 50000);
	sqlite3_finalize(query);
	sqlite3_close(db);
}

/* The tree in the order of json_tree: each node, then its children. */
static void assert_tree(sqlite3_stmt *rows, const struct doc *node, struct str key)
{
	static const char *const types[] = { "null", NULL, "integer", "real", "text", "array", "object" };
	assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
	assert_int_equal((uintptr_t)node % _Alignof(struct doc), 0);
	struct str type = str_from((const char *)sqlite3_column_text(rows, 0));
	if (node->type == DOC_BOOL) {
		assert_true(str_is(type, node->boolean ? "true" : "false"));
	} else if (node->type == DOC_REAL && str_is(type, "integer")) {
		/* beyond int64: SQLite keeps the digits' type */
		assert_true(node->real == sqlite3_column_double(rows, 1));
	} else {
		assert_true(str_is(type, types[node->type]));
	}
	if (key.p)
		assert_true(str_is(key, (const char *)sqlite3_column_text(rows, 2)));
	switch (node->type) {
	case DOC_INT:
		assert_true(sqlite3_column_int64(rows, 1) == node->integer);
		break;
	case DOC_REAL:
		assert_true(sqlite3_column_double(rows, 1) == node->real);
		break;
	case DOC_STRING:
		assert_true(str_is(doc_string(node), (const char *)sqlite3_column_text(rows, 1)));
		break;
	case DOC_ARRAY:
		for (size_t i = 0; i < node->n; i++)
			assert_tree(rows, &node->items[i], STR_NONE);
		break;
	case DOC_MAP:
		for (size_t i = 0; i < node->n; i++)
			assert_tree(rows, doc_value(node, i), doc_string(doc_key(node, i)));
		break;
	}
}

static void reads_what_sqlite_reads(void **state UNUSED)
{
	sqlite3 *db;
	sqlite3_stmt *rows;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT type, atom, key FROM json_tree(?1)", -1, &rows, NULL),
	                 SQLITE_OK);
	for (int i = 0; i < 30000; i++) {
		ARENA(arena);
		BUF(text);
		grow(&text, 5);
		const struct doc *doc = parse_kept(&arena, buf_str(&text));
		sqlite3_reset(rows);
		sqlite3_bind_text(rows, 1, text.p, (int)text.n, SQLITE_STATIC);
		assert_tree(rows, doc, STR_NONE);
		assert_int_equal(sqlite3_step(rows), SQLITE_DONE);
	}
	sqlite3_finalize(rows);
	sqlite3_close(db);
}

/* ---- writing ---- */

static void strings_are_written_so_that_they_read_back(void **state UNUSED)
{
	BUF(text);
	json_add_string(&text, STR("a\"b\\c/d\n\t\r\b\f\x01\x7f\0é中🔒"));
	assert_string_equal(buf_cstr(&text), "\"a\\\"b\\\\c/d\\n\\t\\r\\b\\f\\u0001\x7f\\u0000é中🔒\"");
	buf_clear(&text);
	json_add_string(&text, STR("ok\xff\xe4\xb8|\xed\xa0\x80\n\xc0"));
	assert_string_equal(buf_cstr(&text),
	                    "\"ok\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\n\xef\xbf\xbd\"");
	buf_clear(&text);
	json_add_string(&text, STR_NONE);
	assert_string_equal(buf_cstr(&text), "\"\"");
	ARENA(arena);
	for (int i = 0; i < 100000; i++) {
		char bytes[64];
		size_t n = random64() % sizeof(bytes);
		for (size_t k = 0; k < n; k++)
			bytes[k] = (char)(random64() % (i % 2 ? 128 : 256));
		buf_clear(&text);
		json_add_string(&text, (struct str){ bytes, n });
		const struct doc *doc = parse_kept(&arena, buf_str(&text));
		if (utf8_valid((struct str){ bytes, n })) {
			assert_int_equal(doc->n, n);
			assert_memory_equal(doc->p, bytes, n);
		}
		if (i % 1000 == 0)
			arena_reset(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_8259),
		cmocka_unit_test(rfc_8259_at_every_offset),
		cmocka_unit_test(values),
		cmocka_unit_test(many_children_and_long_strings),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(doubles_round_trip),
		cmocka_unit_test(numbers_are_read_as_strtod_reads_them),
		cmocka_unit_test(rounding_looks_at_every_digit),
		cmocka_unit_test(the_locale_does_not_matter),
		cmocka_unit_test(accepts_what_sqlite_accepts),
		cmocka_unit_test(reads_what_sqlite_reads),
		cmocka_unit_test(strings_are_written_so_that_they_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
