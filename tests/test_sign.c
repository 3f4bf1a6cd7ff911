/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Truth: the vectors of RFC 8032 section 7.1, the example of GM/T 0003.5-2012 appendix A (GB/T 32918.5-2017 the
 * same), and the openssl program on the other side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "crypto/sign.h"
#include "sys/process.h"

static size_t unhex(const char *hex, unsigned char *out)
{
	size_t n = 0;
	for (; hex[2 * n]; n++) {
		char two[3] = { hex[2 * n], hex[2 * n + 1], 0 };
		int64_t value = 0;
		assert_true(str_to_int(str_from(two), 16, &value));
		out[n] = (unsigned char)value;
	}
	return n;
}

static struct str bytes_of(const char *hex, unsigned char *room)
{
	size_t n = unhex(hex, room);
	return (struct str){ (const char *)room, n };
}

static struct private_key *secret_of(const char *algorithm, const char *hex)
{
	unsigned char room[64];
	BUF(text);
	struct private_key *key = NULL;
	buf_printf(&text, "ward-secret-1 %s ", algorithm);
	base64_add(&text, bytes_of(hex, room));
	assert_int_equal(private_key_parse(buf_str(&text), &key, NULL), 0);
	return key;
}

static void ed25519_is_that_of_the_rfc(void **state)
{
	(void)state;
	static const struct {
		const char *secret, *public, *message, *signature;
	} vectors[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595"
		  "bbe24655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
		  "2aeeb00d291612bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716e"
		  "d28dc027beceea1ec40a" },
	};
	for (size_t i = 0; i < COUNT(vectors); i++) {
		unsigned char public[64], message[64], expected[64];
		uint8_t signature[SIGN_MOST];
		CLEANUP(private_key_close_p) struct private_key *key = secret_of("ed25519", vectors[i].secret);
		struct str said = bytes_of(vectors[i].message, message);
		unhex(vectors[i].public, public);
		unhex(vectors[i].signature, expected);
		assert_int_equal(private_key_public(key)->n, 32);
		assert_memory_equal(private_key_public(key)->point, public, 32);
		assert_int_equal(private_key_sign(key, said, signature, NULL), 0);
		assert_memory_equal(signature, expected, 64);
		assert_int_equal(public_key_verify(private_key_public(key), said, expected, NULL), 0);
	}
}

static void sm2_is_that_of_the_standard(void **state)
{
	(void)state;
	unsigned char public[65] = { 4 };
	uint8_t signature[SIGN_MOST];
	CLEANUP(private_key_close_p) struct private_key *key =
		secret_of("sm2", "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8");
	unhex("09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
	      "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13", public + 1);
	unhex("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
	      "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa", signature);
	assert_memory_equal(private_key_public(key)->point, public, 65);
	assert_int_equal(public_key_verify(private_key_public(key), STR("message digest"), signature, NULL), 0);
	assert_int_equal(public_key_verify(private_key_public(key), STR("message digesT"), signature, NULL), -EBADMSG);
}

/* ---- openssl on the other side ---- */

static void write_file(const char *path, struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
	close(fd);
}

static int openssl(const char *const *arguments)
{
	char *argv[32] = { (char *)"openssl" };
	int status = -1;
	BUF(said);
	for (size_t i = 0; arguments[i]; i++)
		argv[i + 1] = (char *)arguments[i];
	int r = process_run(argv, &process_limits_default, &said, &status, NULL);
	if (r == -ENOENT)
		return r;
	assert_int_equal(r, 0);
	return status;
}
#define OPENSSL(...) openssl((const char *const[]){ __VA_ARGS__, NULL })

/* SubjectPublicKeyInfo (RFC 8410; GM/T 0009), as PEM. */
static void write_public(const char *path, const struct public_key *key)
{
	unsigned char room[32];
	BUF(der);
	BUF(pem);
	buf_add(&der, key->algorithm == SIGN_SM2
	                      ? bytes_of("3059301306072a8648ce3d020106082a811ccf5501822d034200", room)
	                      : bytes_of("302a300506032b6570032100", room));
	buf_add(&der, (struct str){ (const char *)key->point, key->n });
	buf_puts(&pem, "-----BEGIN PUBLIC KEY-----\n");
	BUF(text);
	base64_add(&text, buf_str(&der));
	for (size_t i = 0; i < text.n; i += 64) {
		buf_add(&pem, str_slice(buf_str(&text), i, i + 64));
		buf_add_char(&pem, '\n');
	}
	buf_puts(&pem, "-----END PUBLIC KEY-----\n");
	write_file(path, buf_str(&pem));
}

static void add_integer(struct buf *out, const uint8_t *half)
{
	size_t skip = 0;
	while (skip < 31 && half[skip] == 0)
		skip++;
	bool zero = half[skip] & 0x80;
	buf_add_char(out, 2);
	buf_add_char(out, (char)(32 - skip + zero));
	if (zero)
		buf_add_char(out, 0);
	buf_add(out, (struct str){ (const char *)half + skip, 32 - skip });
}

/* SM2 signatures are a SEQUENCE of two INTEGERs for openssl. */
static void write_signature(const char *path, const struct public_key *key, const uint8_t *signature)
{
	BUF(der);
	BUF(body);
	if (key->algorithm == SIGN_ED25519) {
		write_file(path, (struct str){ (const char *)signature, SIGN_MOST });
		return;
	}
	add_integer(&body, signature);
	add_integer(&body, signature + 32);
	buf_add_char(&der, 0x30);
	buf_add_char(&der, (char)body.n);
	buf_add(&der, buf_str(&body));
	write_file(path, buf_str(&der));
}

static size_t read_file(const char *path, unsigned char *out, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, out, room);
	close(fd);
	assert_true(n >= 0);
	return (size_t)n;
}

static void take_integer(const unsigned char **at, uint8_t *half)
{
	const unsigned char *p = *at;
	assert_int_equal(p[0], 2);
	size_t n = p[1], skip = n > 32 ? n - 32 : 0;
	memset(half, 0, 32);
	memcpy(half + 32 - (n - skip), p + 2 + skip, n - skip);
	*at = p + 2 + n;
}

static void openssl_agrees(enum sign_algorithm algorithm)
{
	char dir[] = "/tmp/ward-test-sign-XXXXXX";
	static const char statement[] = "ward block\n2026-11-23\n失败";
	bool sm2 = algorithm == SIGN_SM2;
	struct private_key *key = NULL;
	uint8_t signature[SIGN_MOST];
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	ARENA(arena);
#define FILE_OF(name) arena_cstr(&arena, arena_printf(&arena, "%s/" name, dir))
	const char *public = FILE_OF("public"), *secret = FILE_OF("secret"), *der = FILE_OF("der"), *said = FILE_OF("said"),
		   *wrong = FILE_OF("wrong"), *made = FILE_OF("made");
	write_file(said, str_from(statement));
	write_file(wrong, STR("something else"));
	/* It made, openssl verifies: many, because numbers that begin with zeros are rare. */
	for (int i = 0; i < 24; i++) {
		assert_int_equal(private_key_generate(algorithm, &key, NULL), 0);
		write_public(public, private_key_public(key));
		assert_int_equal(private_key_sign(key, str_from(statement), signature, NULL), 0);
		write_signature(made, private_key_public(key), signature);
		private_key_close(TAKE(key));
		int r = sm2 ? OPENSSL("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", said, "-sigfile", made,
		                      "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
		            : OPENSSL("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", said, "-sigfile", made);
		if (r == -ENOENT)
			skip();
		assert_int_equal(r, 0);
	}
	assert_int_not_equal(sm2 ? OPENSSL("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", wrong, "-sigfile",
	                                   made, "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
	                         : OPENSSL("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", wrong, "-sigfile", made),
	                     0);
	/* And the other way round. */
	assert_int_equal(sm2 ? OPENSSL("genpkey", "-algorithm", "SM2", "-out", secret)
	                     : OPENSSL("genpkey", "-algorithm", "ed25519", "-out", secret), 0);
	assert_int_equal(OPENSSL("pkey", "-in", secret, "-pubout", "-outform", "DER", "-out", der), 0);
	assert_int_equal(sm2 ? OPENSSL("pkeyutl", "-sign", "-inkey", secret, "-rawin", "-in", said, "-out", made, "-digest", "sm3",
	                               "-pkeyopt", "distid:1234567812345678")
	                     : OPENSSL("pkeyutl", "-sign", "-inkey", secret, "-rawin", "-in", said, "-out", made), 0);
	unsigned char bytes[256];
	size_t n = read_file(der, bytes, sizeof(bytes)), point = sm2 ? 65 : 32;
	assert_true(n > point);
	BUF(line);
	struct public_key theirs;
	buf_printf(&line, "ward-key-1 %s ", sign_names[algorithm]);
	base64_add(&line, (struct str){ (const char *)bytes + n - point, point });
	assert_int_equal(public_key_parse(buf_str(&line), &theirs, NULL), 0);
	n = read_file(made, bytes, sizeof(bytes));
	if (sm2) {
		const unsigned char *at = bytes + 2;
		take_integer(&at, signature);
		take_integer(&at, signature + 32);
	} else {
		assert_int_equal(n, SIGN_MOST);
		memcpy(signature, bytes, SIGN_MOST);
	}
	assert_int_equal(public_key_verify(&theirs, str_from(statement), signature, NULL), 0);
	assert_int_equal(public_key_verify(&theirs, STR("something else"), signature, NULL), -EBADMSG);
	const char *files[] = { public, secret, der, said, wrong, made };
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(files[i]);
	rmdir(dir);
}

static void openssl_agrees_on_ed25519(void **state)
{
	(void)state;
	openssl_agrees(SIGN_ED25519);
}

static void openssl_agrees_on_sm2(void **state)
{
	(void)state;
	openssl_agrees(SIGN_SM2);
}

/* ---- texts ---- */

static void keys_are_one_line_of_text(void **state)
{
	(void)state;
	for (int algorithm = 0; sign_names[algorithm]; algorithm++) {
		struct private_key *key = NULL, *again = NULL;
		struct public_key public;
		uint8_t signature[SIGN_MOST];
		assert_int_equal(private_key_generate((enum sign_algorithm)algorithm, &key, NULL), 0);
		BUF(text);
		private_key_print(key, &text);
		assert_int_equal(private_key_parse(buf_str(&text), &again, NULL), 0);
		BUF(line);
		public_key_print(private_key_public(again), &line);
		assert_int_equal(public_key_parse(buf_str(&line), &public, NULL), 0);
		assert_memory_equal(&public, private_key_public(key), sizeof(public));
		assert_int_equal(strlen(public.id), SIGN_KEY_ID);
		struct signer signer = signer_local(key);
		assert_int_equal(signer.sign(signer.ctx, STR("ward block\n"), signature, NULL), 0);
		assert_int_equal(public_key_verify(&public, STR("ward block\n"), signature, NULL), 0);
		for (size_t i = 0; i < SIGN_MOST; i++) {
			signature[i] ^= 4;
			assert_int_equal(public_key_verify(&public, STR("ward block\n"), signature, NULL), -EBADMSG);
			signature[i] ^= 4;
		}
		private_key_close(key);
		private_key_close(again);
	}
}

static void what_is_no_key_is_refused(void **state)
{
	(void)state;
	static const char *const public[] = {
		"", "ward-key-1", "ward-key-2 ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"ward-key-1 rsa 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "ward-key-1 ed25519 11qY",
		"ward-key-1 ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", /* another text for the same key */
		"ward-key-1  ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"ward-key-1 sm2 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		"ward-key-1 ed25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* the neutral point */
		"ward-key-1 ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* of order four */
		"ward-key-1 sm2 BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};
	struct public_key key;
	for (size_t i = 0; i < COUNT(public); i++)
		assert_int_equal(public_key_parse(str_from(public[i]), &key, NULL), -EINVAL);
	assert_int_equal(public_key_parse(STR("ward-key-1 ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"), &key, NULL), 0);
	static const char *const secret[] = {
		"", "ward-secret-1", "ward-secret-1 ed25519", "ward-secret-1 ed25519 AAAA",
		"ward-secret-1 sm2 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"ward-secret-1 sm2 //////////////////////////////////////////8=",
	};
	struct private_key *none = NULL;
	/* Odd points: some are on the curve, none may stop the program. */
	for (int i = 0; i < 256; i++) {
		char point[32] = { 0 };
		point[i % 32] = (char)(i / 8 + 2);
		BUF(line);
		struct err err = { 0 };
		buf_puts(&line, "ward-key-1 ed25519 ");
		base64_add(&line, (struct str){ point, sizeof(point) });
		uint8_t signature[SIGN_MOST] = { 1 };
		if (public_key_parse(buf_str(&line), &key, &err) == 0)
			assert_int_equal(public_key_verify(&key, STR("x"), signature, NULL), -EBADMSG);
	}
	for (size_t i = 0; i < COUNT(secret); i++)
		assert_int_equal(private_key_parse(str_from(secret[i]), &none, NULL), -EINVAL);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ed25519_is_that_of_the_rfc),
		cmocka_unit_test(sm2_is_that_of_the_standard),
		cmocka_unit_test(openssl_agrees_on_ed25519),
		cmocka_unit_test(openssl_agrees_on_sm2),
		cmocka_unit_test(keys_are_one_line_of_text),
		cmocka_unit_test(what_is_no_key_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
