/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Truth: the example of crypt(5) for yescrypt, oathtool, the vectors of RFC 6238 appendix B.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "people/password.h"
#include "people/second_factor.h"

static void hashes(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct str a, b;
	assert_int_equal(password_hash(&arena, STR("correct horse battery"), &a, &err), 0);
	assert_int_equal(password_hash(&arena, STR("correct horse battery"), &b, &err), 0);
	assert_true(str_starts(a, "$y$j9T$"));
	assert_false(str_eq(a, b));
	assert_true(password_verify(a, STR("correct horse battery")));
	assert_true(password_verify(b, STR("correct horse battery")));
	assert_false(password_verify(a, STR("correct horse batterz")));
	assert_false(password_verify(a, STR("")));
	assert_false(password_verify(a, STR("correct horse battery\0x")));
	assert_false(password_verify(STR_NONE, STR("anything")));
	assert_false(password_verify(STR(""), STR("")));
	assert_false(password_verify(STR("!locked"), STR("!locked")));
	assert_false(password_verify(STR("plain"), STR("plain")));
}

static void nobody_takes_as_long(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct str hash;
	assert_int_equal(password_hash(&arena, STR("correct horse battery"), &hash, &err), 0);
	/* The quickest of several each, in turns: what else the machine does only ever adds. */
	int64_t known = INT64_MAX, unknown = INT64_MAX;
	for (int i = 0; i < 6; i++) {
		int64_t before = clock_thread_ns();
		assert_false(password_verify(hash, STR("wrong password")));
		int64_t between = clock_thread_ns();
		assert_false(password_verify(STR_NONE, STR("wrong password")));
		known = MIN(known, between - before);
		unknown = MIN(unknown, clock_thread_ns() - between);
	}
	assert_true(unknown * 2 > known && known * 2 > unknown);
	assert_true(known > 1000000); /* and it is no cheap hash */
}

static void easy_ones(void **state)
{
	(void)state;
	struct err err = { "" };
	CLEANUP(passwords_free_p) struct passwords *passwords = NULL;
	assert_int_equal(passwords_load(NULL, &passwords, &err), 0);
	struct str names[] = { STR("zhangwei"), STR("张伟"), STR("Nguyen Van Minh"), STR("Qinghe County Bureau") };
	struct strings personal = { names, COUNT(names) };
	static const char *const weak[] = {
		"", "short1A!", "alllowercase", "onlyletterSS", "P@ssw0rd123", "Passw0rd!!", "Admin@123456", "adm1n@123!", "1qaz@WSX3e", "aaaaaaaaaaaaaaaaaaaaaa",
		"Abababab1212", "Zhangwei#2026", "xx张伟XX12345", "NguyenIs#1Here", "my-QINGHE-9", "bad\377Bytes12345", "Qwerty123456!",
	};
	static const char *const good[] = { "tram Xe-2 bien la", "vua7Ruong-Lua", "correct horse battery staple", "海内存知己天涯若比邻A1bc", "kT9#mPq2vL" };
	struct note why;
	for (size_t i = 0; i < COUNT(weak); i++) {
		if (!password_weak(passwords, str_from(weak[i]), &personal, &why))
			fail_msg("'%s' was taken", weak[i]);
		assert_non_null(why.english);
	}
	for (size_t i = 0; i < COUNT(good); i++)
		if (password_weak(passwords, str_from(good[i]), &personal, &why))
			fail_msg("'%s': %s", good[i], why.english);
	assert_true(password_weak(passwords, STR("kT9#mPq2vL\0x"), NULL, &why));
	ARENA(arena);
	for (int i = 0; i < 20; i++)
		if (password_weak(passwords, password_make(&arena), NULL, &why) && !str_is(str_from(why.english), "the password needs three kinds of characters (small letters, capitals, digits, others), or 20 characters"))
			fail_msg("made a weak one: %s", why.english);
}

static void codes_of_the_rfc(void **state)
{
	(void)state;
	struct err err = { "" };
	/* "12345678901234567890" */
	struct str secret = STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	static const struct {
		int64_t time;
		const char *code; /* the last six of eight digits */
	} vectors[] = { { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" }, { 1234567890, "005924" },
		        { 2000000000, "279037" }, { 20000000000, "353130" } };
	for (size_t i = 0; i < COUNT(vectors); i++) {
		int64_t step = 0, time = vectors[i].time;
		assert_int_equal(second_factor_check(secret, str_from(vectors[i].code), time, 0, &step, &err), 0);
		assert_int_equal(step, time / 30);
		/* A step early or late, not two; never again. */
		assert_int_equal(second_factor_check(secret, str_from(vectors[i].code), time + 30, 0, &step, &err), 0);
		assert_int_equal(step, time / 30);
		assert_int_equal(second_factor_check(secret, str_from(vectors[i].code), time + 60, 0, &step, &err), 0);
		assert_int_equal(step, 0);
		assert_int_equal(second_factor_check(secret, str_from(vectors[i].code), time, time / 30, &step, &err), 0);
		assert_int_equal(step, 0);
	}
	int64_t step;
	assert_int_equal(second_factor_check(secret, STR("28708"), 59, 0, &step, &err), 0);
	assert_int_equal(step, 0);
	assert_int_equal(second_factor_check(secret, STR(""), 59, 0, &step, &err), 0);
	assert_int_equal(step, 0);
	assert_int_equal(second_factor_check(STR("not base32!"), STR("287082"), 59, 0, &step, &err), -EBADMSG);
}

static void secrets(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	struct str a, b;
	assert_int_equal(second_factor_make(&arena, &a, &err), 0);
	assert_int_equal(second_factor_make(&arena, &b, &err), 0);
	assert_int_equal(a.n, 32);
	assert_false(str_eq(a, b));
	assert_true(str_is(second_factor_address(&arena, STR("ward 医保"), STR("a&b"), STR("ABC")),
	                   "otpauth://totp/ward%20%E5%8C%BB%E4%BF%9D:a%26b?secret=ABC&issuer=ward%20%E5%8C%BB%E4%BF%9D&algorithm=SHA1&digits=6&period=30"));
}

static void recovery(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	CLEANUP(vault_close_p) struct vault *vault = NULL;
	assert_int_equal(vault_open((const uint8_t[VAULT_KEY]){ 1 }, &vault, &err), 0);
	struct strings codes;
	struct str kept, left;
	recovery_make(&arena, vault, &codes, &kept);
	assert_int_equal(codes.n, RECOVERY_CODES);
	assert_true(str_find(kept, codes.p[0].p) < 0);
	assert_true(recovery_use(&arena, vault, kept, codes.p[3], &left));
	assert_false(recovery_use(&arena, vault, left, codes.p[3], &kept));
	struct str spelled = arena_printf(&arena, " %.5s%.5s", codes.p[4].p, codes.p[4].p + 6);
	assert_true(recovery_use(&arena, vault, left, spelled, &left));
	assert_false(recovery_use(&arena, vault, left, STR(""), &left));
	assert_false(recovery_use(&arena, vault, STR("[]"), codes.p[0], &left));
	assert_false(recovery_use(&arena, vault, STR("no list"), codes.p[0], &left));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),        cmocka_unit_test(nobody_takes_as_long), cmocka_unit_test(easy_ones),
		cmocka_unit_test(codes_of_the_rfc), cmocka_unit_test(secrets),          cmocka_unit_test(recovery),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
