/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keyring.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir, "/tmp/ward-test-keyring-XXXXXX", 30);
	return mkdtemp(dir) ? chdir(dir) : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	static const char *const files[] = { "keys/a.key", "keys/a.pub", "keys/b.key", "keys/b.pub", "keys/c.pub", "keys/l.key", "keys/r.key", "keys/r.pub" };
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(files[i]);
	rmdir("keys");
	return chdir("/") || rmdir(dir);
}

static void a_pair_is_made_and_found(void **state)
{
	(void)state;
	struct public_key a, b, read;
	struct private_key *secret = NULL;
	struct keyring_entry *entries;
	struct stat st;
	size_t n;
	ARENA(arena);
	assert_int_equal(keyring_list(&arena, "keys", &entries, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(keyring_create("keys", STR("b"), SIGN_SM2, &b, NULL), 0);
	assert_int_equal(keyring_create("keys", STR("a"), SIGN_ED25519, &a, NULL), 0);
	assert_int_equal(stat("keys/a.key", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat("keys", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(keyring_private("keys", STR("a"), &secret, NULL), 0);
	assert_string_equal(private_key_public(secret)->id, a.id);
	private_key_close(secret);
	assert_int_equal(keyring_public("keys", STR("b"), &read, NULL), 0);
	assert_string_equal(read.id, b.id);
	assert_int_equal(keyring_list(&arena, "keys", &entries, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_true(str_is(entries[0].name, "a"));
	assert_true(entries[0].has_private);
	assert_string_equal(entries[1].key.id, b.id);
}

static void a_key_is_never_replaced(void **state)
{
	(void)state;
	struct public_key before, after;
	struct err err;
	assert_int_equal(keyring_public("keys", STR("a"), &before, NULL), 0);
	assert_int_equal(keyring_create("keys", STR("a"), SIGN_ED25519, &after, &err), -EEXIST);
	assert_string_equal(err.text, "there is a key 'a' in 'keys' already");
	assert_int_equal(keyring_public("keys", STR("a"), &after, NULL), 0);
	assert_string_equal(before.id, after.id);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
	(void)state;
	static const mode_t loose[] = { 0640, 0604, 0660, 0602, 0610 };
	struct private_key *secret = NULL;
	struct err err;
	for (size_t i = 0; i < COUNT(loose); i++) {
		assert_int_equal(chmod("keys/a.key", loose[i]), 0);
		assert_int_equal(keyring_private("keys", STR("a"), &secret, &err), -EPERM);
		assert_non_null(strstr(err.text, "chmod 600"));
	}
	assert_int_equal(chmod("keys/a.key", 0600), 0);
	assert_int_equal(symlink("a.key", "keys/l.key"), 0);
	assert_int_equal(keyring_private("keys", STR("l"), &secret, &err), -ELOOP);
	if (geteuid() == 0) {
		assert_int_equal(chown("keys/a.key", 12345, 12345), 0);
		assert_int_equal(keyring_private("keys", STR("a"), &secret, &err), -EPERM);
		assert_non_null(strstr(err.text, "another user"));
		assert_int_equal(chown("keys/a.key", 0, 0), 0);
	}
	assert_null(secret);
}

static void names_stay_within_the_directory(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "..", "../a", "a/b", "-a", "a b", ".a", "密" };
	struct public_key key;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(keyring_name_is_good(str_from(bad[i])));
		assert_int_equal(keyring_create("keys", str_from(bad[i]), SIGN_ED25519, &key, NULL), -EINVAL);
	}
}

/* A new key of the same name and kind; at whatever point it is interrupted, there is one key, whole. */
static void a_key_is_renewed(void **state)
{
	(void)state;
	struct public_key old, made, read;
	struct private_key *secret = NULL;
	char kept[64];
	ARENA(arena);
	struct keyring_entry *entries;
	size_t n;
	assert_int_equal(keyring_renew("keys", STR("r"), &made, NULL), -ENOENT);
	assert_int_equal(keyring_create("keys", STR("r"), SIGN_SM2, &old, NULL), 0);
	assert_int_equal(keyring_renew("keys", STR("r"), &made, NULL), 0);
	assert_string_not_equal(made.id, old.id);
	assert_int_equal(made.algorithm, SIGN_SM2);
	assert_int_equal(keyring_public("keys", STR("r"), &read, NULL), 0);
	assert_string_equal(read.id, made.id);
	assert_int_equal(keyring_private("keys", STR("r"), &secret, NULL), 0);
	assert_string_equal(private_key_public(secret)->id, made.id);
	private_key_close(secret);
	/* Of the old one the public half alone. */
	snprintf(kept, sizeof(kept), "r-%s", old.id);
	assert_int_equal(keyring_public("keys", str_from(kept), &read, NULL), 0);
	assert_string_equal(read.id, old.id);
	assert_int_equal(keyring_private("keys", str_from(kept), &secret, NULL), -ENOENT);
	snprintf(kept, sizeof(kept), "keys/r-%s.pub", old.id);
	assert_int_equal(unlink(kept), 0);
	/* Interrupted before the new key was in its place: it never was. */
	assert_int_equal(keyring_create("keys", STR("r-next"), SIGN_SM2, &read, NULL), 0);
	assert_int_equal(keyring_mend("keys", STR("r"), NULL), 0);
	assert_int_equal(keyring_public("keys", STR("r"), &read, NULL), 0);
	assert_string_equal(read.id, made.id);
	/* Between the two halves: the new one is the key. */
	assert_int_equal(keyring_create("keys", STR("r-next"), SIGN_SM2, &old, NULL), 0);
	assert_int_equal(rename("keys/r-next.key", "keys/r.key"), 0);
	assert_int_equal(keyring_mend("keys", STR("r"), NULL), 0);
	assert_int_equal(keyring_mend("keys", STR("r"), NULL), 0);
	assert_int_equal(keyring_public("keys", STR("r"), &read, NULL), 0);
	assert_string_equal(read.id, old.id);
	assert_int_equal(keyring_list(&arena, "keys", &entries, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		assert_true(!str_starts(entries[i].name, "r-"));
	assert_int_equal(keyring_mend("nowhere", STR("r"), NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_made_and_found),
		cmocka_unit_test(a_key_is_never_replaced),
		cmocka_unit_test(a_key_that_others_can_read_is_refused),
		cmocka_unit_test(a_key_is_renewed),
		cmocka_unit_test(names_stay_within_the_directory),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
