/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * root: the directory below which a host is inspected.
 *
 * "/" for the running system; a fixture tree or a mounted disk image otherwise. Every host path is
 * opened below it: absolute symbolic links and ".." stay inside, magic links of /proc are not
 * followed, so that a hostile image cannot make ward read the inspector's own files. By openat2
 * (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, Linux 5.6); on older kernels, or where a sandbox
 * refuses openat2, by walking the components without following links.
 *
 * Paths are taken relative to the root, with or without a leading slash. Nothing here changes the
 * host: files are opened read-only, never created, without updating atime where permitted, and
 * without blocking on a FIFO or a device.
 */
#ifndef WARD_SYS_ROOT_H
#define WARD_SYS_ROOT_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

struct arena;

struct root {
	int fd;      /* O_PATH directory */
	bool live;   /* the running system's own "/" */
	bool walk;   /* do not use openat2: walk the components (older kernels do anyway) */
	const char *path;
};

enum { ROOT_FILE_LIMIT = 16 * 1024 * 1024 }; /* a configuration file is smaller */

/* `path` must live as long as the root. */
int root_open(struct root *root, const char *path, struct err *err) MUST_USE;
void root_close(struct root *root);
void root_close_p(struct root *root); /* for CLEANUP; start with .fd = -1 */

/* A descriptor (O_CLOEXEC, O_NOCTTY and O_NONBLOCK are added) or a negative errno. */
int root_openat(const struct root *root, const char *path, int flags) MUST_USE;

/* 0 or a negative errno. `follow`: of the link's target, still below the root. */
int root_stat(const struct root *root, const char *path, bool follow, struct stat *out) MUST_USE;

/* Append the target of a symbolic link. 0 or a negative errno. */
int root_readlink(const struct root *root, const char *path, struct buf *out) MUST_USE;

/* Append a regular file's bytes, at most `limit` (then -EFBIG, and what was read so far is kept).
 * -ENXIO for anything that is not a regular file. */
int root_read(const struct root *root, const char *path, size_t limit, struct buf *out) MUST_USE;
/* The same from an open descriptor. */
int fd_read(int fd, size_t limit, struct buf *out) MUST_USE;
/* All of it, or a negative errno. */
int fd_write(int fd, struct str bytes) MUST_USE;

/* Names in a directory without "." and "..", sorted by bytes, in the arena; -ENOENT, -ENOTDIR, … */
int root_list(const struct root *root, const char *path, struct arena *arena,
              struct str **names, size_t *count) MUST_USE;

/* Paths that match a pattern with * ? [] in any component (no **), sorted, as "/etc/x.d/a.conf".
 * As in sh, a name that starts with a dot is matched only by a pattern that does. At most 4096. */
int root_glob(const struct root *root, struct str pattern, struct arena *arena,
              struct str **paths, size_t *count) MUST_USE;

void fd_close_p(int *fd); /* for CLEANUP; -1 is fine */

#endif
