/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Truth: test case 16 of the specification of GCM (McGrew and Viega, 2005), test case 2 of RFC 4231 for HMAC-SHA-256.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"
#include "crypto/secret.h"
#include "crypto/vault.h"

static void add_hex(struct buf *out, const char *hex)
{
	for (; *hex; hex += 2) {
		int64_t byte = 0;
		assert_true(str_to_int((struct str){ hex, 2 }, 16, &byte));
		buf_add_char(out, (char)byte);
	}
}

static struct vault *open_vault(uint8_t fill)
{
	uint8_t key[VAULT_KEY];
	struct vault *vault = NULL;
	struct err err = { "" };
	memset(key, fill, sizeof(key));
	assert_int_equal(vault_open(key, &vault, &err), 0);
	return vault;
}

static void known_vector(void **state)
{
	(void)state;
	ARENA(arena);
	BUF(key);
	BUF(where);
	BUF(raw);
	BUF(clear);
	BUF(text);
	struct err err = { "" };
	CLEANUP(vault_close_p) struct vault *vault = NULL;
	add_hex(&key, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
	add_hex(&where, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	add_hex(&clear, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
	add_hex(&raw, "cafebabefacedbaddecaf888"
	              "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	              "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	              "76fc6ece0f4e1768cddf8853bb2d551b");
	buf_puts(&text, "v1:");
	base64_add(&text, buf_str(&raw));
	assert_int_equal(vault_open((const uint8_t *)key.p, &vault, &err), 0);
	struct str out;
	assert_int_equal(vault_unseal(&arena, vault, buf_str(&where), buf_str(&text), &out, &err), 0);
	assert_true(str_eq(out, buf_str(&clear)));
}

static void what_is_sealed_comes_back(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	CLEANUP(vault_close_p) struct vault *vault = open_vault(7);
	static const char *const values[] = { "", "x", "320106199003071234", "王小明 0123456789abcdef0123456789abcdef" };
	for (size_t i = 0; i < COUNT(values); i++) {
		struct str a, b, out;
		assert_int_equal(vault_seal(&arena, vault, STR("account.id_card"), str_from(values[i]), &a, &err), 0);
		assert_int_equal(vault_seal(&arena, vault, STR("account.id_card"), str_from(values[i]), &b, &err), 0);
		assert_true(str_starts(a, "v1:"));
		assert_false(str_eq(a, b));
		assert_int_equal(vault_unseal(&arena, vault, STR("account.id_card"), a, &out, &err), 0);
		assert_true(str_eq(out, str_from(values[i])));
	}
}

static void tampering_is_refused(void **state)
{
	(void)state;
	ARENA(arena);
	struct err err = { "" };
	CLEANUP(vault_close_p) struct vault *vault = open_vault(7);
	CLEANUP(vault_close_p) struct vault *other = open_vault(8);
	struct str sealed, out;
	assert_int_equal(vault_seal(&arena, vault, STR("person.phone"), STR("13800000000"), &sealed, &err), 0);
	assert_int_equal(vault_unseal(&arena, vault, STR("person.name"), sealed, &out, &err), -EBADMSG);
	assert_int_equal(vault_unseal(&arena, other, STR("person.phone"), sealed, &out, &err), -EBADMSG);
	/* Each bit of nonce, text and tag. */
	BUF(raw);
	assert_true(base64_decode(str_slice(sealed, 3, sealed.n), &raw));
	for (size_t bit = 0; bit < 8 * raw.n; bit++) {
		BUF(text);
		raw.p[bit / 8] ^= (char)(1 << bit % 8);
		buf_puts(&text, "v1:");
		base64_add(&text, buf_str(&raw));
		assert_int_equal(vault_unseal(&arena, vault, STR("person.phone"), buf_str(&text), &out, &err), -EBADMSG);
		raw.p[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t n = 0; n < sealed.n; n++)
		assert_int_equal(vault_unseal(&arena, vault, STR("person.phone"), str_slice(sealed, 0, n), &out, &err), -EBADMSG);
	assert_int_equal(vault_unseal(&arena, vault, STR("person.phone"), STR("13800000000"), &out, &err), -EBADMSG);
	assert_int_equal(vault_unseal(&arena, vault, STR("person.phone"), STR_NONE, &out, &err), -EBADMSG);
}

static void indexes_tell_equal_from_different(void **state)
{
	(void)state;
	ARENA(arena);
	CLEANUP(vault_close_p) struct vault *vault = open_vault(7);
	CLEANUP(vault_close_p) struct vault *other = open_vault(8);
	struct str index = vault_index(&arena, vault, STR("a.b"), STR("value"));
	assert_int_equal(index.n, 32);
	assert_true(str_eq(index, vault_index(&arena, vault, STR("a.b"), STR("value"))));
	assert_false(str_eq(index, vault_index(&arena, vault, STR("a.b"), STR("Value"))));
	assert_false(str_eq(index, vault_index(&arena, vault, STR("a.bv"), STR("alue"))));
	assert_false(str_eq(index, vault_index(&arena, other, STR("a.b"), STR("value"))));
}

static void keyed_digest(void **state)
{
	(void)state;
	ARENA(arena);
	struct str hex = secret_hmac_hex(&arena, STR("Jefe"), STR("what do ya want for nothing?"));
	assert_true(str_is(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

static void comparison(void **state)
{
	(void)state;
	ARENA(arena);
	assert_true(secret_same(STR("abc"), STR("abc")));
	assert_true(secret_same(STR(""), STR_NONE));
	assert_false(secret_same(STR("abc"), STR("abd")));
	assert_false(secret_same(STR("abc"), STR("ab")));
	struct str token = secret_token(&arena);
	assert_int_equal(token.n, 64);
	assert_false(secret_same(token, secret_token(&arena)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_vector),
		cmocka_unit_test(what_is_sealed_comes_back),
		cmocka_unit_test(tampering_is_refused),
		cmocka_unit_test(indexes_tell_equal_from_different),
		cmocka_unit_test(keyed_digest),
		cmocka_unit_test(comparison),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
