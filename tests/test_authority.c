/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Certificates of our own authority, as openssl-like rules have them: names, key, end, signer. That TLS libraries take them is seen in
 * tests/it/test_up.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/authority.h"

static char dir[64];

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *place)
{
	(void)what, (void)kind, (void)place;
	return remove(path);
}

static int begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ward-authority-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct str names_[] = { { "ward.example", 12 }, { "127.0.0.1", 9 }, { "::1", 3 } };
static const struct strings names = { names_, 3 };

static void issue(struct buf *key, struct buf *chain, int64_t now)
{
	CLEANUP(authority_close_p) struct authority *authority = NULL;
	struct err err = { "" };
	BUF(request);
	assert_int_equal(authority_open(dir, STR("ward.example"), &authority, &err), 0);
	assert_int_equal(certificate_request(key, &request, &err), 0);
	assert_int_equal(authority_issue(authority, buf_str(&request), &names, now, chain, &err), 0);
}

/* The authority's own stands behind. */
static struct str second(const struct buf *chain)
{
	struct str rest = str_slice(buf_str(chain), 1, chain->n);
	return str_slice(rest, (size_t)str_find(rest, "-----BEGIN"), rest.n);
}

static void a_certificate_is_for_its_names_and_key(void **state)
{
	(void)state;
	struct certificate seen;
	struct err err = { "" };
	BUF(key);
	BUF(chain);
	BUF(other);
	BUF(another);
	int64_t now = clock_now();
	issue(&key, &chain, now);
	assert_int_equal(certificate_look(buf_str(&chain), buf_str(&key), second(&chain), &names, &seen, &err), 0);
	assert_true(seen.fits_key && seen.has_names && seen.by_authority);
	assert_true(seen.from < now && seen.until == now + (int64_t)AUTHORITY_DAYS * 86400);
	struct str stranger = STR("evil.example");
	const struct strings wrong = { &stranger, 1 };
	issue(&other, &another, now);
	assert_int_equal(certificate_look(buf_str(&chain), buf_str(&other), STR_NONE, &wrong, &seen, &err), 0);
	assert_false(seen.fits_key || seen.has_names || seen.by_authority);
}

static void the_authority_stays_the_same(void **state)
{
	(void)state;
	struct certificate one, two;
	struct err err = { "" };
	struct stat st;
	char path[96];
	BUF(key);
	BUF(chain);
	BUF(key_later);
	BUF(chain_later);
	issue(&key, &chain, clock_now());
	issue(&key_later, &chain_later, clock_now());
	assert_int_equal(certificate_look(second(&chain), STR_NONE, STR_NONE, NULL, &one, &err), 0);
	assert_int_equal(certificate_look(second(&chain_later), STR_NONE, STR_NONE, NULL, &two, &err), 0);
	assert_string_equal(one.sha256, two.sha256);
	snprintf(path, sizeof(path), "%s/ca.key", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	/* A key that others could read is not used. */
	CLEANUP(authority_close_p) struct authority *authority = NULL;
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(authority_open(dir, STR("x"), &authority, &err), -EPERM);
	assert_int_equal(chmod(path, 0600), 0);
}

static void what_is_no_request_is_refused(void **state)
{
	(void)state;
	CLEANUP(authority_close_p) struct authority *authority = NULL;
	struct certificate seen;
	struct err err = { "" };
	BUF(out);
	BUF(key);
	BUF(request);
	assert_int_equal(authority_open(dir, STR("bad,name=x"), &authority, &err), 0);
	assert_int_equal(authority_issue(authority, STR("nonsense"), &names, clock_now(), &out, &err), -EBADMSG);
	/* Whoever asks must have the key: one bit of the signature changed. */
	assert_int_equal(certificate_request(&key, &request, &err), 0);
	request.p[request.n - 1] ^= 1;
	assert_int_equal(authority_issue(authority, buf_str(&request), &names, clock_now(), &out, &err), -EBADMSG);
	assert_int_equal(certificate_look(STR("-----BEGIN nonsense"), STR_NONE, STR_NONE, NULL, &seen, &err), -EBADMSG);
}

/* After that the old authority vouches for nothing new; interrupted, it is one of the two. */
static void an_authority_is_renewed(void **state)
{
	(void)state;
	BUF(key);
	BUF(before);
	BUF(after);
	BUF(mended);
	ARENA(arena);
	struct err err = { "" };
	struct certificate seen;
	issue(&key, &before, clock_now());
	assert_int_equal(authority_renew(dir, STR("ward.example"), &err), 0);
	buf_clear(&key);
	issue(&key, &after, clock_now());
	assert_int_equal(certificate_look(buf_str(&after), buf_str(&key), second(&before), &names, &seen, &err), 0);
	assert_true(seen.fits_key && seen.has_names && !seen.by_authority);
	assert_int_equal(certificate_look(buf_str(&after), buf_str(&key), second(&after), &names, &seen, &err), 0);
	assert_true(seen.by_authority);
	/* Between key and certificate. */
	assert_int_equal(rename(arena_printf(&arena, "%s/ca.crt", dir).p, arena_printf(&arena, "%s/ca-next.crt", dir).p), 0);
	buf_clear(&key);
	issue(&key, &mended, clock_now());
	assert_true(str_eq(second(&mended), second(&after)));
	/* Before: what was made is thrown away. */
	FILE *leftover = fopen(arena_printf(&arena, "%s/ca-next.key", dir).p, "w");
	assert_non_null(leftover);
	assert_int_equal(fclose(leftover), 0);
	buf_clear(&mended);
	issue(&key, &mended, clock_now());
	assert_true(str_eq(second(&mended), second(&after)));
	assert_int_equal(access(arena_printf(&arena, "%s/ca-next.key", dir).p, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_for_its_names_and_key),
		cmocka_unit_test(the_authority_stays_the_same),
		cmocka_unit_test(an_authority_is_renewed),
		cmocka_unit_test(what_is_no_request_is_refused),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
