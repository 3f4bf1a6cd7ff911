/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * walk: everything on the local file systems of a host, once, by several threads.
 *
 * Which mounts are entered is decided from /proc/self/mountinfo before anything is touched, so that a
 * stalled network mount cannot hang the walk: the root's own file system whatever its type, and other local
 * ones. Not entered: pseudo, network and FUSE file systems, overlays of containers (their layers lie in
 * the file system below), images of snap, and a second view of what is visited anyway (bind mounts).
 * A type that is not known here is not entered either, and told (`unknown`).
 *
 * A directory is opened by its parent's descriptor, never through a symbolic link and never across a mount
 * that was not decided on. Hard links are seen under each name. Nothing is written; access times are
 * left alone where permitted.
 *
 * `entry` is called by the walking threads, `tick` by the caller's own thread every 50 ms.
 */
#ifndef WARD_SYS_WALK_H
#define WARD_SYS_WALK_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sys/root.h"

enum { WALK_THREADS_MOST = 8 };

struct walk_dir;
struct walk_worker;

struct walk_entry {
	struct str name;            /* NUL-terminated */
	const struct statx *st;     /* type, mode, owner, size, times, links, inode */
	const struct walk_dir *dir;
	unsigned depth;             /* 0: straight below the root */
	unsigned tag;               /* what was set for the directory */
	struct walk_worker *worker; /* private */
};

struct walk {
	const struct root *root;
	unsigned threads;
	void *ctx;
	/* For a directory, the tag that it passes on to its entries is returned; ignored otherwise. */
	unsigned (*entry)(void *ctx, unsigned thread, const struct walk_entry *entry);
	/* May be NULL. True stops the walk. */
	bool (*tick)(void *ctx, size_t entries);

	/* What came of it. Texts live in the arena given to walk_run(). */
	size_t entries, directories;
	bool stopped;               /* by tick */
	size_t unreadable;          /* directories and entries that could not be looked at */
	struct str unreadable_path; /* one of them */
	int unreadable_why;         /* negative errno */
	struct str unknown;         /* type of a file system that was not entered for not being known; else p is NULL */
	struct str unknown_path;
	bool no_mountinfo;          /* mounts could not be told: only the root's own device was walked */
};

int walk_run(struct arena *arena, struct walk *walk, struct err *err) MUST_USE;

/* Append "/usr/bin/x". */
void walk_path(const struct walk_entry *entry, struct buf *out);
/* Size of an extended attribute of the entry itself, or a negative errno. */
ssize_t walk_xattr(const struct walk_entry *entry, const char *name, void *value, size_t room);

#endif
