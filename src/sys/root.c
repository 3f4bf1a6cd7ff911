/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/root.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/vec.h"

enum {
	LINKS_MAX = 40,
	LIST_MAX = 1 << 20,
	GLOB_MAX = 4096,
};

void fd_close_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int root_open(struct root *root, const char *path, struct err *err)
{
	*root = (struct root){ .fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), .path = path };
	if (root->fd < 0)
		return err_errno(err, -errno, "cannot inspect '%s'", path);
	struct stat here, there;
	root->live = fstat(root->fd, &here) == 0 && stat("/", &there) == 0 &&
	             here.st_dev == there.st_dev && here.st_ino == there.st_ino;
	return 0;
}

void root_close(struct root *root)
{
	fd_close_p(&root->fd);
}

void root_close_p(struct root *root)
{
	root_close(root);
}

static const char *relative(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static struct str skip_slashes(struct str path)
{
	while (path.n && path.p[0] == '/')
		path = str_slice(path, 1, path.n);
	return path;
}

static void add_slash(struct buf *path)
{
	if (!str_ends(buf_str(path), "/"))
		buf_add_char(path, '/');
}

/* Put a link's target (or nothing, for "..") between what was walked and what is left. */
static int path_splice(struct buf *path, struct str before, struct str middle, struct str after)
{
	BUF(next);
	if (!middle.n || middle.p[0] != '/')
		buf_add(&next, before);
	add_slash(&next);
	buf_add(&next, skip_slashes(middle));
	add_slash(&next);
	buf_add(&next, after);
	if (next.n > PATH_MAX)
		return -ENAMETOOLONG;
	buf_clear(path);
	buf_add(path, buf_str(&next));
	return 0;
}

enum { WALK_AGAIN = 1 };

/* Walk `path` from the root, each component without following. 0 with *out open; WALK_AGAIN when a
 * link or ".." was replaced in the text by what it means; a negative errno. */
static int root_walk_once(const struct root *root, struct buf *path, int flags, int *out)
{
	CLEANUP(fd_close_p) int at = openat(root->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	struct str all = buf_str(path), rest = skip_slashes(all), parent = STR("");
	while (rest.n) {
		struct str before = { all.p, (size_t)(rest.p - all.p) };
		struct str name = str_cut(&rest, '/');
		rest = skip_slashes(rest);
		bool last = rest.n == 0;
		char text[NAME_MAX + 1], target[PATH_MAX];
		if (str_is(name, "."))
			continue;
		if (str_is(name, "..")) {
			int r = path_splice(path, parent, STR(""), rest);
			return r < 0 ? r : WALK_AGAIN;
		}
		if (name.n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(text, name.p, name.n);
		text[name.n] = 0;
		ssize_t n = last && (flags & O_NOFOLLOW) ? -1 : readlinkat(at, text, target, sizeof(target));
		if (n >= 0) {
			/* A magic link of /proc/PID shows a path but has no size of its own; of those
			 * straight in /proc ("self", "mounts") none is magic. */
			struct stat st;
			if (n == PATH_MAX || fstatat(at, text, &st, AT_SYMLINK_NOFOLLOW) < 0)
				return -ELOOP;
			if (st.st_size == 0 && str_starts(before, "/proc/") && before.n > strlen("/proc/"))
				return -ELOOP;
			int r = path_splice(path, before, (struct str){ target, (size_t)n }, rest);
			return r < 0 ? r : WALK_AGAIN;
		}
		int next = openat(at, text, last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		close(at);
		at = next;
		parent = before;
		if (last) {
			*out = next;
			at = -1;
			return 0;
		}
	}
	*out = openat(at, ".", flags);
	return *out < 0 ? -errno : 0;
}

static int root_walk(const struct root *root, const char *wanted, int flags)
{
	BUF(path);
	buf_add_char(&path, '/');
	buf_puts(&path, wanted);
	for (int round = 0; round < LINKS_MAX; round++) {
		int fd = -1;
		int r = root_walk_once(root, &path, flags, &fd);
		if (r != WALK_AGAIN)
			return r < 0 ? r : fd;
	}
	return -ELOOP;
}

int root_openat(const struct root *root, const char *path, int flags)
{
	flags |= O_CLOEXEC;
	if (!(flags & O_PATH))
		flags |= O_NOCTTY | O_NONBLOCK;
	path = relative(path);
	if (!root->walk) {
		struct open_how how = {
			.flags = (uint64_t)(unsigned)flags,
			.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
		};
		long fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		/* Seccomp filters that do not know openat2 answer ENOSYS or EPERM; EPERM also comes from
		 * O_NOATIME on somebody else's file, where the walk gives the same answer. */
		if (errno != ENOSYS && errno != EPERM)
			return -errno;
	}
	return root_walk(root, path, flags);
}

int root_stat(const struct root *root, const char *path, bool follow, struct stat *out)
{
	CLEANUP(fd_close_p) int fd = root_openat(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return fd;
	return fstat(fd, out) < 0 ? -errno : 0;
}

int root_readlink(const struct root *root, const char *path, struct buf *out)
{
	CLEANUP(fd_close_p) int fd = root_openat(root, path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target));
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* "" on what is no link says ENOENT */
	buf_add(out, (struct str){ target, (size_t)n });
	return 0;
}

int fd_read(int fd, size_t limit, struct buf *out)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
	size_t left = limit;
	size_t want = st.st_size > 0 ? (size_t)st.st_size + 1 : 4096;
	while (left > 0) {
		want = MIN(want, left);
		ssize_t n = read(fd, buf_reserve(out, want), want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		out->n += (size_t)n;
		left -= (size_t)n;
		want = 65536;
	}
	char more;
	return read(fd, &more, 1) == 0 ? 0 : -EFBIG;
}

int fd_write(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, MIN(bytes.n, (size_t)1 << 24));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		bytes = str_slice(bytes, (size_t)n, bytes.n);
	}
	return 0;
}

int root_read(const struct root *root, const char *path, size_t limit, struct buf *out)
{
	CLEANUP(fd_close_p) int fd = root_openat(root, path, O_RDONLY | O_NOATIME);
	if (fd == -EPERM)
		fd = root_openat(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	return fd_read(fd, limit, out);
}

static int by_bytes(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void dir_close_p(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int root_list(const struct root *root, const char *path, struct arena *arena, struct str **names,
              size_t *count)
{
	*names = NULL;
	*count = 0;
	int fd = root_openat(root, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	CLEANUP(dir_close_p) DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	VEC(struct str) list = { 0 };
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(dir);
		if (!entry)
			break;
		struct str name = str_from(entry->d_name);
		if (str_is(name, ".") || str_is(name, ".."))
			continue;
		if (list.n >= LIST_MAX)
			return -E2BIG;
		vec_push_in(arena, &list, arena_str(arena, name));
	}
	if (errno)
		return -errno;
	if (list.n)
		qsort(list.p, list.n, sizeof(*list.p), by_bytes);
	*names = list.p;
	*count = list.n;
	return 0;
}

struct paths {
	struct str *p;
	size_t n, room;
};

/* Extend every path found so far by one component of the pattern. */
static int glob_component(const struct root *root, struct arena *arena, struct str component,
                          const struct paths *from, struct paths *to)
{
	for (size_t i = 0; i < from->n; i++) {
		struct str parent = from->p[i];
		if (!glob_is_pattern(component)) {
			struct stat st;
			struct str path = arena_printf(arena, "%.*s/%.*s", STR_ARG(parent), STR_ARG(component));
			int r = root_stat(root, path.p, false, &st);
			if (r == 0)
				vec_push_in(arena, to, path);
			else if (r != -ENOENT && r != -ENOTDIR)
				return r;
			continue;
		}
		struct str *names;
		size_t count;
		int r = root_list(root, parent.n ? parent.p : "/", arena, &names, &count);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return r;
		for (size_t j = 0; j < count && to->n < GLOB_MAX; j++) {
			if (names[j].p[0] == '.' && component.p[0] != '.')
				continue;
			if (glob_match(component, names[j]))
				vec_push_in(arena, to, arena_printf(arena, "%.*s/%.*s", STR_ARG(parent),
				                                    STR_ARG(names[j])));
		}
	}
	return 0;
}

int root_glob(const struct root *root, struct str pattern, struct arena *arena, struct str **paths,
              size_t *count)
{
	struct paths found = { 0 };
	*paths = NULL;
	*count = 0;
	vec_push_in(arena, &found, arena_str(arena, STR("")));
	for (struct str rest = pattern; rest.p;) {
		struct str component = str_cut(&rest, '/');
		if (!component.n)
			continue;
		struct paths next = { 0 };
		int r = glob_component(root, arena, component, &found, &next);
		if (r < 0)
			return r;
		found = next;
	}
	*paths = found.p;
	*count = found.n;
	return 0;
}
