/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/sign.h"

#include <gcrypt.h>

#include "base/base64.h"
#include "crypto/digest.h"
#include "crypto/start.h"

enum { SECRET = 32, HALF = SIGN_MOST / 2, STATEMENT_MOST = 64 * 1024 };

const char *const sign_names[] = { "ed25519", "sm2", NULL };

static const size_t point_size[] = { [SIGN_ED25519] = 32, [SIGN_SM2] = 65 };

/* In libgcrypt's own pool, so that the keys it makes of them are there, too, and wiped. */
struct private_key {
	struct public_key public;
	unsigned char secret[SECRET];
};

static int gcrypt_err(struct err *err, int code, gcry_error_t r, const char *what)
{
	return err_set(err, code, "%s: %s", what, gcry_strerror(r));
}

static void sexp_release_p(gcry_sexp_t *sexp)
{
	gcry_sexp_release(*sexp);
}

static void context_release_p(gcry_ctx_t *context)
{
	gcry_ctx_release(*context);
}

static void mpi_release_p(gcry_mpi_t *mpi)
{
	gcry_mpi_release(*mpi);
}

void sign_wipe(void *secret, size_t size)
{
	if (size)
		explicit_bzero(secret, size);
}

/* ---- public keys ---- */

static void set_id(struct public_key *key)
{
	BUF(line);
	ARENA(arena);
	public_key_print(key, &line);
	struct str hex = digest_hex(&arena, DIGEST_SHA256, str_trim_right(buf_str(&line)));
	memcpy(key->id, hex.p, SIGN_KEY_ID);
	key->id[SIGN_KEY_ID] = 0;
}

void public_key_print(const struct public_key *key, struct buf *out)
{
	buf_printf(out, "ward-key-1 %s ", sign_names[key->algorithm]);
	base64_add(out, (struct str){ (const char *)key->point, key->n });
	buf_add_char(out, '\n');
}

static gcry_error_t public_sexp(const struct public_key *key, gcry_sexp_t *out)
{
	return gcry_sexp_build(out, NULL,
	                       key->algorithm == SIGN_SM2 ? "(public-key (ecc (curve sm2p256v1)(q %b)))"
	                                                  : "(public-key (ecc (curve Ed25519)(flags eddsa)(q %b)))",
	                       (int)key->n, (const char *)key->point);
}

/* The few points of small order, under which anybody could sign: their y, little-endian, whatever the sign of x. */
static bool order_is_small(const uint8_t *point)
{
	static const uint8_t small[][32] = {
		{ 0 },
		{ 1 },
		{ 0xec, [1 ... 30] = 0xff, 0x7f }, /* -1 */
		{ 0xed, [1 ... 30] = 0xff, 0x7f }, /* 0 and 1 again, not reduced */
		{ 0xee, [1 ... 30] = 0xff, 0x7f },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		  0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	};
	for (size_t i = 0; i < COUNT(small); i++)
		if (memcmp(point, small[i], 31) == 0 && (point[31] & 0x7f) == small[i][31])
			return true;
	return false;
}

/* libgcrypt 1.10 stops the program when it computes with a y below 2^192; no honest key has one. */
static bool point_is_tiny(const uint8_t *point)
{
	static const uint8_t zero[8];
	return memcmp(point + 24, zero, sizeof(zero)) == 0;
}

/* Of Ed25519 only y is written down; under one that is not on the curve nothing verifies. */
static bool point_is_good(const struct public_key *key)
{
	CLEANUP(sexp_release_p) gcry_sexp_t sexp = NULL;
	CLEANUP(context_release_p) gcry_ctx_t context = NULL;
	if (key->algorithm == SIGN_ED25519)
		return !order_is_small(key->point) && !point_is_tiny(key->point);
	if (public_sexp(key, &sexp) || gcry_mpi_ec_new(&context, sexp, NULL))
		return false;
	gcry_mpi_point_t point = gcry_mpi_ec_get_point("q", context, 1);
	bool good = point && gcry_mpi_ec_curve_point(point, context);
	gcry_mpi_point_release(point);
	return good;
}

static bool algorithm_parse(struct str word, enum sign_algorithm *out)
{
	for (int i = 0; sign_names[i]; i++)
		if (str_is(word, sign_names[i])) {
			*out = (enum sign_algorithm)i;
			return true;
		}
	return false;
}

int public_key_parse(struct str text, struct public_key *out, struct err *err)
{
	BUF(point);
	struct str line = str_trim_right(text), rest = line;
	struct public_key key = { 0 };
	crypto_start();
	if (!str_eq(str_word(&rest), STR("ward-key-1")))
		return err_set(err, -EINVAL, "this is no public key: it should begin with 'ward-key-1'");
	struct str word = str_word(&rest);
	if (!algorithm_parse(word, &key.algorithm))
		return err_set(err, -EINVAL, "the algorithm '%.*s' of the public key is not known", STR_ARG(word));
	if (rest.n > 256 || !base64_decode(str_trim(rest), &point) || point.n != point_size[key.algorithm])
		return err_set(err, -EINVAL, "the public key is damaged");
	memcpy(key.point, point.p, point.n);
	key.n = point.n;
	/* One key, one text: its identity is made of that. */
	BUF(again);
	public_key_print(&key, &again);
	if (!str_eq(str_trim_right(buf_str(&again)), line) || !point_is_good(&key))
		return err_set(err, -EINVAL, "the public key is damaged");
	set_id(&key);
	*out = key;
	return 0;
}

/* ---- private keys ---- */

static gcry_error_t private_sexp(const struct private_key *key, bool with_point, gcry_sexp_t *out)
{
	const char *d = (const char *)key->secret, *q = (const char *)key->public.point;
	bool sm2 = key->public.algorithm == SIGN_SM2;
	if (!with_point)
		return gcry_sexp_build(out, NULL,
		                       sm2 ? "(private-key (ecc (curve sm2p256v1)(d %b)))"
		                           : "(private-key (ecc (curve Ed25519)(flags eddsa)(d %b)))",
		                       SECRET, d);
	return gcry_sexp_build(out, NULL,
	                       sm2 ? "(private-key (ecc (curve sm2p256v1)(q %b)(d %b)))"
	                           : "(private-key (ecc (curve Ed25519)(flags eddsa)(q %b)(d %b)))",
	                       (int)key->public.n, q, SECRET, d);
}

/* GB/T 32918.2: the secret is within 1 ... n - 2; any 32 bytes are an Ed25519 secret. */
static bool secret_is_good(const struct private_key *key)
{
	static const unsigned char order_less_one[SECRET] = {
		0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x72, 0x03, 0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x22,
	};
	static const unsigned char zero[SECRET];
	return key->public.algorithm != SIGN_SM2 ||
	       (memcmp(key->secret, zero, SECRET) != 0 && memcmp(key->secret, order_less_one, SECRET) < 0);
}

/* The public half, computed. */
static gcry_error_t derive(struct private_key *key)
{
	CLEANUP(sexp_release_p) gcry_sexp_t sexp = NULL;
	CLEANUP(context_release_p) gcry_ctx_t context = NULL;
	gcry_error_t r = private_sexp(key, false, &sexp);
	if (!r)
		r = gcry_mpi_ec_new(&context, sexp, NULL);
	if (r)
		return r;
	CLEANUP(mpi_release_p) gcry_mpi_t q =
		gcry_mpi_ec_get_mpi(key->public.algorithm == SIGN_SM2 ? "q" : "q@eddsa", context, 0);
	unsigned bits = 0;
	const void *bytes = q ? gcry_mpi_get_opaque(q, &bits) : NULL;
	if (!bytes || (bits + 7) / 8 != point_size[key->public.algorithm])
		return gcry_error(GPG_ERR_BAD_SECKEY);
	key->public.n = point_size[key->public.algorithm];
	memcpy(key->public.point, bytes, key->public.n);
	set_id(&key->public);
	return 0;
}

static struct private_key *key_new(enum sign_algorithm algorithm)
{
	crypto_start();
	struct private_key *key = gcry_xcalloc_secure(1, sizeof(*key));
	key->public.algorithm = algorithm;
	return key;
}

int private_key_generate(enum sign_algorithm algorithm, struct private_key **out, struct err *err)
{
	CLEANUP(private_key_close_p) struct private_key *key = key_new(algorithm);
	do
		gcry_randomize(key->secret, SECRET, GCRY_STRONG_RANDOM); /* the kernel's generator */
	while (!secret_is_good(key));
	gcry_error_t r = derive(key);
	if (r)
		return gcrypt_err(err, -EIO, r, "cannot make a key");
	*out = TAKE(key);
	return 0;
}

int private_key_parse(struct str text, struct private_key **out, struct err *err)
{
	struct str rest = str_trim_right(text);
	enum sign_algorithm algorithm;
	if (!str_eq(str_word(&rest), STR("ward-secret-1")) || !algorithm_parse(str_word(&rest), &algorithm))
		return err_set(err, -EINVAL, "this is no private key: it should begin with 'ward-secret-1' and an algorithm");
	CLEANUP(private_key_close_p) struct private_key *key = key_new(algorithm);
	BUF(bytes);
	buf_reserve(&bytes, 256); /* so that it is never moved, which would leave a copy behind */
	rest = str_trim(rest);
	bool good = rest.n < 128 && base64_decode(rest, &bytes) && bytes.n == SECRET;
	if (good)
		memcpy(key->secret, bytes.p, SECRET);
	sign_wipe(bytes.p, bytes.room);
	if (!good || !secret_is_good(key) || derive(key))
		return err_set(err, -EINVAL, "the private key is damaged");
	*out = TAKE(key);
	return 0;
}

void private_key_print(const struct private_key *key, struct buf *out)
{
	buf_reserve(out, 256);
	buf_printf(out, "ward-secret-1 %s ", sign_names[key->public.algorithm]);
	base64_add(out, (struct str){ (const char *)key->secret, SECRET });
	buf_add_char(out, '\n');
}

void private_key_close(struct private_key *key)
{
	gcry_free(key); /* wipes what is in the pool */
}

void private_key_close_p(struct private_key **key)
{
	private_key_close(*key);
}

const struct public_key *private_key_public(const struct private_key *key)
{
	return &key->public;
}

/* ---- signatures ---- */

/* GB/T 32918.2-2016 5.5 and 6.1: e = SM3(Z || M), where Z binds the user's name, the curve and the key. */
static void sm2_digest(const struct public_key *key, struct str statement, unsigned char digest[32])
{
	static const unsigned char user[] = {
		0, 128, /* bits of the name */
		'1', '2', '3', '4', '5', '6', '7', '8', '1', '2', '3', '4', '5', '6', '7', '8',
	};
	static const unsigned char curve[4 * 32] = { /* a, b, and the base point */
		0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
		0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7,
		0xf3, 0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
		0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94,
		0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
		0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53,
		0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0,
	};
	unsigned char z[32];
	gcry_buffer_t named[] = {
		{ .data = (void *)user, .len = sizeof(user) },
		{ .data = (void *)curve, .len = sizeof(curve) },
		{ .data = (void *)(key->point + 1), .len = key->n - 1 },
	};
	gcry_buffer_t said[] = {
		{ .data = z, .len = sizeof(z) },
		{ .data = (void *)statement.p, .len = statement.n },
	};
	gcry_md_hash_buffers(GCRY_MD_SM3, 0, z, named, 3);
	gcry_md_hash_buffers(GCRY_MD_SM3, 0, digest, said, 2);
}

static gcry_error_t data_sexp(const struct public_key *key, struct str statement, gcry_sexp_t *out)
{
	if (key->algorithm == SIGN_ED25519)
		return gcry_sexp_build(out, NULL, "(data (flags eddsa)(hash-algo sha512)(value %b))", (int)statement.n,
		                       statement.p ? statement.p : "");
	unsigned char digest[32];
	sm2_digest(key, statement, digest);
	return gcry_sexp_build(out, NULL, "(data (flags sm2)(hash sm3 %b))", (int)sizeof(digest), (const char *)digest);
}

/* One half of a signature, 32 bytes. */
static bool take_half(gcry_sexp_t sexp, const char *name, bool number, uint8_t *out)
{
	CLEANUP(sexp_release_p) gcry_sexp_t half = gcry_sexp_find_token(sexp, name, 0);
	if (!half)
		return false;
	if (!number) {
		size_t n = 0;
		const char *bytes = gcry_sexp_nth_data(half, 1, &n);
		if (bytes && n == HALF)
			memcpy(out, bytes, HALF);
		return bytes && n == HALF;
	}
	CLEANUP(mpi_release_p) gcry_mpi_t value = gcry_sexp_nth_mpi(half, 1, GCRYMPI_FMT_USG);
	unsigned char bytes[HALF];
	size_t n = 0;
	if (!value || gcry_mpi_print(GCRYMPI_FMT_USG, bytes, sizeof(bytes), &n, value) || n > HALF)
		return false;
	memset(out, 0, HALF - n);
	memcpy(out + HALF - n, bytes, n);
	return true;
}

int private_key_sign(const struct private_key *key, struct str statement, uint8_t signature[SIGN_MOST], struct err *err)
{
	CLEANUP(sexp_release_p) gcry_sexp_t secret = NULL;
	CLEANUP(sexp_release_p) gcry_sexp_t data = NULL;
	CLEANUP(sexp_release_p) gcry_sexp_t made = NULL;
	bool sm2 = key->public.algorithm == SIGN_SM2;
	if (statement.n > STATEMENT_MOST)
		return err_set(err, -E2BIG, "what is to be signed is too long");
	gcry_error_t r = private_sexp(key, true, &secret);
	if (!r)
		r = data_sexp(&key->public, statement, &data);
	if (!r)
		r = gcry_pk_sign(&made, data, secret);
	if (!r && (!take_half(made, "r", sm2, signature) || !take_half(made, "s", sm2, signature + HALF)))
		r = gcry_error(GPG_ERR_BAD_SIGNATURE);
	return r ? gcrypt_err(err, -EIO, r, "cannot sign") : 0;
}

int public_key_verify(const struct public_key *key, struct str statement, const uint8_t signature[SIGN_MOST],
                      struct err *err)
{
	CLEANUP(sexp_release_p) gcry_sexp_t public = NULL;
	CLEANUP(sexp_release_p) gcry_sexp_t data = NULL;
	CLEANUP(sexp_release_p) gcry_sexp_t given = NULL;
	crypto_start();
	if (statement.n > STATEMENT_MOST)
		return err_set(err, -E2BIG, "what was signed is too long");
	gcry_error_t r = public_sexp(key, &public);
	if (!r)
		r = data_sexp(key, statement, &data);
	if (!r)
		r = gcry_sexp_build(&given, NULL,
		                    key->algorithm == SIGN_SM2 ? "(sig-val (sm2 (r %b)(s %b)))" : "(sig-val (eddsa (r %b)(s %b)))",
		                    HALF, (const char *)signature, HALF, (const char *)signature + HALF);
	if (r)
		return gcrypt_err(err, -EIO, r, "cannot verify a signature");
	r = gcry_pk_verify(given, data, public);
	return r ? err_set(err, -EBADMSG, "the signature is not of the key %s", key->id) : 0;
}

static int sign_here(void *ctx, struct str statement, uint8_t signature[SIGN_MOST], struct err *err)
{
	return private_key_sign(ctx, statement, signature, err);
}

struct signer signer_local(const struct private_key *key)
{
	return (struct signer){ .ctx = (void *)key, .sign = sign_here, .key = key->public };
}
