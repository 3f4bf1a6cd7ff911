/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "crypto/keyring.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "sys/root.h"

enum { NAME_LONG = 64, FILE_MOST = 1024, KEYS_MOST = 4096 };

bool keyring_name_is_good(struct str name)
{
	if (name.n == 0 || name.n > NAME_LONG || name.p[0] == '-')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return true;
}

static int bad_name(struct err *err, struct str name)
{
	return err_set(err, -EINVAL, "'%.*s' is no name for a key: letters, digits, '-' and '_', %d at most", STR_ARG(name),
	               NAME_LONG);
}

static int open_dir(const char *dir, int *out, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "cannot open the keys in '%s'", dir);
	*out = fd;
	return 0;
}

/* Written under another name, synced and put in place, so that there is never half a key. */
static int write_file(int dir, const char *name, struct str text, mode_t mode, struct err *err)
{
	char temporary[NAME_LONG + 16];
	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	if (unlinkat(dir, temporary, 0) < 0 && errno != ENOENT)
		return err_errno(err, -errno, "cannot write '%s'", name);
	CLEANUP(fd_close_p) int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(err, -errno, "cannot write '%s'", name);
	ssize_t n = write(fd, text.p, text.n);
	int r = n == (ssize_t)text.n ? 0 : n < 0 ? -errno : -ENOSPC;
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	/* Unlike a renaming, a link never replaces what is there. */
	if (r == 0 && linkat(dir, temporary, dir, name, 0) < 0)
		r = -errno;
	unlinkat(dir, temporary, 0);
	if (r == 0 && fsync(dir) < 0)
		r = -errno;
	return r < 0 ? err_errno(err, r, "cannot write '%s'", name) : 0;
}

/* With the folders that lead to it, which may be open to others. */
static int make_dir(const char *dir, struct err *err)
{
	ARENA(arena);
	for (const char *at = dir; (at = strchr(at + 1, '/'));)
		if (mkdir(arena_printf(&arena, "%.*s", (int)(at - dir), dir).p, 0755) < 0 && errno != EEXIST)
			break; /* the last one says why */
	return mkdir(dir, 0700) < 0 && errno != EEXIST ? err_errno(err, -errno, "cannot make the directory '%s'", dir) : 0;
}

int keyring_create(const char *dir, struct str name, enum sign_algorithm algorithm, struct public_key *out,
                   struct err *err)
{
	CLEANUP(private_key_close_p) struct private_key *key = NULL;
	CLEANUP(fd_close_p) int fd = -1;
	char secret[NAME_LONG + 8], public[NAME_LONG + 8];
	if (!keyring_name_is_good(name))
		return bad_name(err, name);
	snprintf(secret, sizeof(secret), "%.*s.key", STR_ARG(name));
	snprintf(public, sizeof(public), "%.*s.pub", STR_ARG(name));
	int made = make_dir(dir, err);
	if (made < 0)
		return made;
	int r = open_dir(dir, &fd, err);
	if (r < 0)
		return r;
	struct stat st;
	if (fstatat(fd, secret, &st, AT_SYMLINK_NOFOLLOW) == 0 || fstatat(fd, public, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, -EEXIST, "there is a key '%.*s' in '%s' already", STR_ARG(name), dir);
	r = private_key_generate(algorithm, &key, err);
	if (r < 0)
		return r;
	BUF(text);
	private_key_print(key, &text);
	r = write_file(fd, secret, buf_str(&text), 0600, err);
	sign_wipe(text.p, text.room);
	if (r < 0)
		return r;
	buf_clear(&text);
	public_key_print(private_key_public(key), &text);
	*out = *private_key_public(key);
	return write_file(fd, public, buf_str(&text), 0644, err);
}

static int read_public(int dir, const char *shown, struct str name, struct public_key *out, int64_t *changed, struct err *err)
{
	char file[NAME_LONG + 8];
	struct stat st;
	BUF(text);
	snprintf(file, sizeof(file), "%.*s.pub", STR_ARG(name));
	CLEANUP(fd_close_p) int fd = openat(dir, file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : fd_read(fd, FILE_MOST, &text);
	if (r < 0)
		return err_errno(err, r, "cannot read the key '%s/%s'", shown, file);
	*changed = st.st_mtime;
	r = public_key_parse(buf_str(&text), out, err);
	return r < 0 ? err_wrap(err, r, "%s/%s", shown, file) : 0;
}

int keyring_public(const char *dir, struct str name, struct public_key *out, struct err *err)
{
	CLEANUP(fd_close_p) int fd = -1;
	int64_t changed;
	if (!keyring_name_is_good(name))
		return bad_name(err, name);
	int r = open_dir(dir, &fd, err);
	return r < 0 ? r : read_public(fd, dir, name, out, &changed, err);
}

/* ---- another key of the same name ---- */

#define NEXT "-next" /* a pair that is not in its place yet */

static int rename_in(int dir, const char *from, const char *to, struct err *err)
{
	if (renameat(dir, from, dir, to) < 0 || fsync(dir) < 0)
		return err_errno(err, -errno, "cannot put the key '%s' in its place", to);
	return 0;
}

struct files {
	char secret[NAME_LONG + 16], public[NAME_LONG + 16], next_secret[NAME_LONG + 16], next_public[NAME_LONG + 16];
};

static struct files files_of(struct str name)
{
	struct files files;
	snprintf(files.secret, sizeof(files.secret), "%.*s.key", STR_ARG(name));
	snprintf(files.public, sizeof(files.public), "%.*s.pub", STR_ARG(name));
	snprintf(files.next_secret, sizeof(files.next_secret), "%.*s" NEXT ".key", STR_ARG(name));
	snprintf(files.next_public, sizeof(files.next_public), "%.*s" NEXT ".pub", STR_ARG(name));
	return files;
}

/* The private half was put in place, and with it the new key is the one: its public half follows. Before, nothing has happened. */
static int mend(int dir, const struct files *files, struct err *err)
{
	bool secret = faccessat(dir, files->next_secret, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	bool public = faccessat(dir, files->next_public, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (public && !secret)
		return rename_in(dir, files->next_public, files->public, err);
	if (secret && ((public && unlinkat(dir, files->next_public, 0) < 0) || unlinkat(dir, files->next_secret, 0) < 0))
		return err_errno(err, -errno, "cannot remove the key '%s'", files->next_secret);
	return 0;
}

static bool name_has_next(struct str name)
{
	return keyring_name_is_good(name) && name.n + strlen(NEXT) <= NAME_LONG;
}

int keyring_mend(const char *dir, struct str name, struct err *err)
{
	CLEANUP(fd_close_p) int fd = -1;
	struct files files;
	if (!name_has_next(name) || (access(dir, F_OK) < 0 && errno == ENOENT))
		return 0;
	int r = open_dir(dir, &fd, err);
	files = files_of(name);
	return r < 0 ? r : mend(fd, &files, err);
}

int keyring_renew(const char *dir, struct str name, struct public_key *out, struct err *err)
{
	ARENA(arena);
	CLEANUP(fd_close_p) int fd = -1;
	struct public_key old;
	if (!name_has_next(name))
		return bad_name(err, name);
	const struct files files = files_of(name);
	struct str next = arena_printf(&arena, "%.*s" NEXT, STR_ARG(name));
	int r = open_dir(dir, &fd, err);
	r = r < 0 ? r : mend(fd, &files, err);
	r = r < 0 ? r : keyring_public(dir, name, &old, err);
	r = r < 0 ? r : keyring_create(dir, next, old.algorithm, out, err);
	if (r < 0)
		return r;
	const char *kept = arena_printf(&arena, "%.*s-%s.pub", STR_ARG(name), old.id).p;
	if (linkat(fd, files.public, fd, kept, 0) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "cannot keep the public key '%s'", kept);
	r = rename_in(fd, files.next_secret, files.secret, err);
	return r < 0 ? r : rename_in(fd, files.next_public, files.public, err);
}

static int by_name(const void *a, const void *b)
{
	return str_compare(((const struct keyring_entry *)a)->name, ((const struct keyring_entry *)b)->name);
}

int keyring_list(struct arena *arena, const char *dir, struct keyring_entry **out, size_t *n, struct err *err)
{
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	struct str *names;
	size_t count;
	VEC(struct keyring_entry) entries = { 0 };
	*out = NULL;
	*n = 0;
	if (access(dir, F_OK) < 0 && errno == ENOENT)
		return 0;
	int r = root_open(&root, dir, err);
	if (r < 0)
		return r;
	r = root_list(&root, "", arena, &names, &count);
	if (r < 0)
		return err_errno(err, r, "cannot list the keys in '%s'", dir);
	for (size_t i = 0; i < count && entries.n < KEYS_MOST; i++) {
		struct keyring_entry entry = { .name = str_slice(names[i], 0, names[i].n - MIN(names[i].n, (size_t)4)) };
		struct stat st;
		if (!str_ends(names[i], ".pub") || !keyring_name_is_good(entry.name))
			continue;
		r = read_public(root.fd, dir, entry.name, &entry.key, &entry.created, err);
		if (r < 0)
			return r;
		struct str secret = arena_printf(arena, "%.*s.key", STR_ARG(entry.name));
		entry.has_private = fstatat(root.fd, secret.p, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
		vec_push_in(arena, &entries, entry);
	}
	if (entries.n)
		qsort(entries.p, entries.n, sizeof(*entries.p), by_name);
	*out = entries.p;
	*n = entries.n;
	return 0;
}

static int judge(const char *dir, const char *file, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, -EINVAL, "'%s/%s' is no ordinary file", dir, file);
	if (st->st_mode & 077)
		return err_set(err, -EPERM,
		               "others can get at the private key '%s/%s' (mode %04o); if nobody has, chmod 600 it; if you do not "
		               "know, make a new key",
		               dir, file, (unsigned)st->st_mode & 07777);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return err_set(err, -EPERM, "the private key '%s/%s' belongs to another user (%u)", dir, file, st->st_uid);
	return 0;
}

int keyring_private(const char *dir, struct str name, struct private_key **out, struct err *err)
{
	char file[NAME_LONG + 8];
	struct stat st;
	CLEANUP(fd_close_p) int dir_fd = -1;
	if (!keyring_name_is_good(name))
		return bad_name(err, name);
	int r = open_dir(dir, &dir_fd, err);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%.*s.key", STR_ARG(name));
	CLEANUP(fd_close_p) int fd = openat(dir_fd, file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, -errno, "cannot read the private key '%s/%s'", dir, file);
	r = judge(dir, file, &st, err);
	if (r < 0)
		return r;
	char text[FILE_MOST];
	ssize_t n = read(fd, text, sizeof(text));
	r = n < 0 ? err_errno(err, -errno, "cannot read the private key '%s/%s'", dir, file)
	          : private_key_parse((struct str){ text, (size_t)n }, out, err);
	sign_wipe(text, sizeof(text));
	return r < 0 && n >= 0 ? err_wrap(err, r, "%s/%s", dir, file) : r;
}
