/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * keyring: a directory of key pairs.
 *
 * "NAME.key" holds the private key, mode 0600; "NAME.pub" the public one, which may be given to anybody. A private key
 * that others than its owner could read or write, that belongs to neither us nor root, or that is a link, is refused
 * with the remedy: it may have been copied already.
 */
#ifndef WARD_CRYPTO_KEYRING_H
#define WARD_CRYPTO_KEYRING_H

#include "crypto/sign.h"

#define KEYRING_DIR "/var/lib/ward/keys"
#define KEYRING_NAME "archive" /* of the key that seals the archive, unless the configuration says otherwise */

struct keyring_entry {
	struct str name;
	struct public_key key;
	int64_t created;  /* seconds since 1970: of the file's last change */
	bool has_private;
};

/* Letters, digits, '-' and '_', 64 at most. */
bool keyring_name_is_good(struct str name);
/* Make a pair; the directory, mode 0700, too. -EEXIST when there is one of that name: nothing is replaced, ever. */
int keyring_create(const char *dir, struct str name, enum sign_algorithm algorithm, struct public_key *out,
                   struct err *err) MUST_USE;
/* A new pair of this name and of the same kind in the place of the old one, whose private half is gone then; its public half stays as
 * "NAME-<id>.pub", for what it sealed. Whole or not at all, whenever it is interrupted: keyring_mend() ends what was begun. -ENOENT. */
int keyring_renew(const char *dir, struct str name, struct public_key *out, struct err *err) MUST_USE;
int keyring_mend(const char *dir, struct str name, struct err *err) MUST_USE;
/* All public keys, by name, in the arena. A directory that is not there is an empty one. */
int keyring_list(struct arena *arena, const char *dir, struct keyring_entry **out, size_t *n, struct err *err) MUST_USE;
int keyring_public(const char *dir, struct str name, struct public_key *out, struct err *err) MUST_USE;
int keyring_private(const char *dir, struct str name, struct private_key **out, struct err *err) MUST_USE;

#endif
