/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Workers take directories from one stack, newest first, so that few are open or waiting at a time. A
 * directory's entries are read in large pieces, each entry is looked at by one statx(), and what are
 * directories goes back on the stack when the whole directory has been read.
 */
#include "sys/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"
#include "sys/walk_mounts.h"

enum {
	DENTS_SIZE = 128 * 1024,
	OPEN_MOST = 400,       /* descriptors kept for children; beyond, these are opened by their path */
	DEPTH_MOST = 1000,
	PIECE_MOST = 3000,     /* longer than any name */
	TICK_NS = 50 * 1000 * 1000,
};

/* What getdents64() delivers. */
struct dent {
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

struct walk_dir {
	struct walk_dir *parent;       /* NULL: the root */
	const struct walk_node *node;  /* mounts at or below; NULL: none */
	atomic_int refs;               /* itself while at work, and each child that is not yet freed */
	atomic_int unopened;           /* itself while at work, and each child that is not yet opened */
	int fd;                        /* -1: not kept open */
	uint64_t device;
	unsigned depth, tag;
	bool mount_point;
	size_t name_n;
	char name[];
};

struct state {
	struct walk *walk;
	struct walk_mounts mounts;
	pthread_mutex_t lock;
	pthread_cond_t more, finished;
	VEC(struct walk_dir *) stack;
	size_t busy, running;
	atomic_bool stop, plain_open;
	atomic_int open;
	atomic_size_t entries;
};

struct walk_worker {
	struct state *state;
	unsigned number;
	pthread_t thread;
	VEC(struct walk_dir *) found;
	char *dents;
	size_t entries, directories, unreadable;
	struct buf bad_path;
	int bad_why;
	int fd;                 /* of the directory at work */
	int here;               /* the descriptor that the thread's working directory is at */
	bool own_directory;     /* the thread has a working directory of its own */
	bool started;
};

static uint64_t device_of(const struct statx *st)
{
	return (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor;
}

static struct walk_dir *dir_new(struct walk_dir *parent, struct str name)
{
	struct walk_dir *dir = mem_alloc(sizeof(*dir) + name.n + 1);
	dir->parent = parent;
	dir->fd = -1;
	dir->name_n = name.n;
	memcpy(dir->name, name.p, name.n);
	atomic_init(&dir->refs, 1);
	atomic_init(&dir->unopened, 1);
	if (parent) {
		dir->depth = parent->depth + 1;
		atomic_fetch_add(&parent->refs, 1);
		atomic_fetch_add(&parent->unopened, 1);
	}
	return dir;
}

/* One of those that needed dir->fd does so no more. */
static void dir_close(struct state *state, struct walk_dir *dir)
{
	if (dir && atomic_fetch_sub(&dir->unopened, 1) == 1 && dir->fd >= 0) {
		close(dir->fd);
		dir->fd = -1;
		atomic_fetch_sub(&state->open, 1);
	}
}

static void dir_release(struct walk_dir *dir)
{
	while (dir && atomic_fetch_sub(&dir->refs, 1) == 1) {
		struct walk_dir *parent = dir->parent;
		free(dir);
		dir = parent;
	}
}

static void path_add(const struct walk_dir *dir, struct buf *out)
{
	const struct walk_dir *chain[DEPTH_MOST + 2];
	size_t n = 0;
	for (; dir && dir->parent && n < COUNT(chain); dir = dir->parent)
		chain[n++] = dir;
	while (n > 0) {
		n--;
		buf_add_char(out, '/');
		buf_add(out, (struct str){ chain[n]->name, chain[n]->name_n });
	}
}

void walk_path(const struct walk_entry *entry, struct buf *out)
{
	path_add(entry->dir, out);
	buf_add_char(out, '/');
	buf_add(out, entry->name);
}

ssize_t walk_xattr(const struct walk_entry *entry, const char *name, void *value, size_t room)
{
	struct walk_worker *worker = entry->worker;
	if (worker->own_directory && worker->here != worker->fd)
		worker->here = fchdir(worker->fd) == 0 ? worker->fd : -1;
	if (worker->own_directory && worker->here >= 0) {
		ssize_t n = lgetxattr(entry->name.p, name, value, room);
		return n < 0 ? -errno : n;
	}
	char path[64 + NAME_MAX + 1];
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", worker->fd, entry->name.p);
	ssize_t n = lgetxattr(path, name, value, room);
	return n < 0 ? -errno : n;
}

static void cannot_read(struct walk_worker *worker, const struct walk_dir *dir, const char *name, int why)
{
	if (worker->unreadable++)
		return;
	path_add(dir, &worker->bad_path);
	if (name) {
		buf_add_char(&worker->bad_path, '/');
		buf_puts(&worker->bad_path, name);
	}
	if (!worker->bad_path.n)
		buf_add_char(&worker->bad_path, '/');
	worker->bad_why = why;
}

static int open_once(struct state *state, int at, const char *name, uint64_t resolve, int flags)
{
	flags |= O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (!atomic_load_explicit(&state->plain_open, memory_order_relaxed)) {
		struct open_how how = { .flags = (uint64_t)(unsigned)flags, .resolve = resolve };
		long fd = syscall(SYS_openat2, at, name, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != ENOSYS && (errno != EPERM || (flags & O_NOATIME)))
			return -errno;
		if (errno == ENOSYS)
			atomic_store(&state->plain_open, true);
	}
	int fd = openat(at, name, flags);
	return fd < 0 ? -errno : fd;
}

/* From the root by the whole path, in pieces that are shorter than PATH_MAX. */
static int open_by_path(struct state *state, struct str path, uint64_t resolve, int flags)
{
	CLEANUP(fd_close_p) int at = -1;
	for (;;) {
		char piece[PATH_MAX];
		bool last = path.n < PIECE_MOST;
		ptrdiff_t end = last ? (ptrdiff_t)path.n : str_find_char_last(str_slice(path, 0, PIECE_MOST), '/');
		snprintf(piece, sizeof(piece), "%.*s", (int)end, path.p);
		int next = open_once(state, at < 0 ? state->walk->root->fd : at, piece, resolve,
		                     last ? flags : O_PATH);
		if (last || next < 0)
			return next;
		fd_close_p(&at);
		at = next;
		path = str_slice(path, (size_t)end + 1, path.n);
	}
}

static int dir_open(struct state *state, const struct walk_dir *dir)
{
	uint64_t resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
	int at = state->walk->root->fd;
	BUF(path);
	if (!dir->parent) {
		buf_puts(&path, ".");
	} else if (dir->parent->fd >= 0) {
		at = dir->parent->fd;
		buf_add(&path, (struct str){ dir->name, dir->name_n });
		if (!dir->mount_point)
			resolve |= RESOLVE_NO_XDEV;
	} else {
		buf_puts(&path, ".");
		path_add(dir, &path);
	}
	bool whole = at == state->walk->root->fd;
	int fd = -EPERM;
	for (int flags = O_NOATIME; fd == -EPERM; flags = 0) {
		fd = whole ? open_by_path(state, buf_str(&path), resolve, flags)
		           : open_once(state, at, buf_cstr(&path), resolve, flags);
		if (!flags)
			break;
	}
	return fd;
}

/* A child directory, to be walked later; or not. */
static void child_add(struct walk_worker *worker, struct walk_dir *dir, const struct walk_entry *entry,
                      const struct walk_node *node, unsigned tag)
{
	uint64_t device = device_of(entry->st);
	bool mount_point = node && node->mount == WALK_ENTER;
	/* Without mountinfo, or openat2, another device is the only sign of a mount. */
	if (device != dir->device && !mount_point &&
	    (worker->state->walk->no_mountinfo || atomic_load(&worker->state->plain_open)))
		return;
	if (dir->depth >= DEPTH_MOST) {
		cannot_read(worker, dir, entry->name.p, -ENAMETOOLONG);
		return;
	}
	struct walk_dir *child = dir_new(dir, entry->name);
	child->device = device;
	child->node = node;
	child->mount_point = mount_point;
	child->tag = tag;
	vec_push(&worker->found, child);
}

static void entry_look(struct walk_worker *worker, struct walk_dir *dir, const struct dent *dent)
{
	struct walk *walk = worker->state->walk;
	struct str name = str_from(dent->name);
	if (dent->name[0] == '.' && (name.n == 1 || (name.n == 2 && dent->name[1] == '.')))
		return;
	const struct walk_node *node = walk_mounts_child(dir->node, name);
	if (node && node->mount == WALK_LEAVE_OUT)
		return; /* not even looked at: it may be stalled */
	struct statx st;
	if (statx(worker->fd, dent->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
	          STATX_BASIC_STATS, &st) < 0) {
		if (errno != ENOENT)
			cannot_read(worker, dir, dent->name, -errno);
		return;
	}
	worker->entries++;
	struct walk_entry entry = { name, &st, dir, dir->depth, dir->tag, worker };
	unsigned tag = walk->entry(walk->ctx, worker->number, &entry);
	if (S_ISDIR(st.stx_mode))
		child_add(worker, dir, &entry, node, tag);
}

static void dir_read(struct walk_worker *worker, struct walk_dir *dir)
{
	struct state *state = worker->state;
	for (;;) {
		long n = syscall(SYS_getdents64, worker->fd, worker->dents, DENTS_SIZE);
		if (n == 0)
			return;
		if (n < 0) {
			cannot_read(worker, dir, NULL, -errno);
			return;
		}
		for (long at = 0; at < n;) {
			const struct dent *dent = (const struct dent *)(worker->dents + at);
			entry_look(worker, dir, dent);
			at += dent->size;
		}
		atomic_store_explicit(&state->entries, worker->entries * state->walk->threads, memory_order_relaxed);
		if (atomic_load_explicit(&state->stop, memory_order_relaxed))
			return;
	}
}

static void dir_walk(struct walk_worker *worker, struct walk_dir *dir)
{
	struct state *state = worker->state;
	int fd = dir_open(state, dir);
	dir_close(state, dir->parent);
	worker->found.n = 0;
	if (fd >= 0) {
		worker->fd = fd;
		worker->here = -1;
		worker->directories++;
		dir_read(worker, dir);
		if (worker->found.n && atomic_load(&state->open) < OPEN_MOST) {
			atomic_fetch_add(&state->open, 1);
			dir->fd = fd;
		} else {
			close(fd);
		}
		worker->fd = -1;
	} else if (fd != -ENOENT) {
		cannot_read(worker, dir, NULL, fd);
	}
}

/* Hand over what was found and take the next; NULL: all is done. */
static struct walk_dir *work_next(struct walk_worker *worker, struct walk_dir *done)
{
	struct state *state = worker->state;
	pthread_mutex_lock(&state->lock);
	for (size_t i = worker->found.n; i > 0; i--)
		vec_push(&state->stack, worker->found.p[i - 1]);
	if (worker->found.n > 1)
		pthread_cond_broadcast(&state->more);
	if (done)
		state->busy--;
	while (!state->stack.n && state->busy)
		pthread_cond_wait(&state->more, &state->lock);
	struct walk_dir *dir = state->stack.n ? state->stack.p[--state->stack.n] : NULL;
	if (dir)
		state->busy++;
	else
		pthread_cond_broadcast(&state->more);
	pthread_mutex_unlock(&state->lock);
	worker->found.n = 0;
	return dir;
}

static void *worker_run(void *ctx)
{
	struct walk_worker *worker = ctx;
	struct state *state = worker->state;
	/* A working directory of its own lets a thread ask for attributes by name, which no *at call does. */
	worker->own_directory = unshare(CLONE_FS) == 0;
	struct walk_dir *dir = NULL;
	for (;;) {
		struct walk_dir *next = work_next(worker, dir);
		if (dir) {
			dir_close(state, dir);
			dir_release(dir);
		}
		dir = next;
		if (!dir)
			break;
		if (atomic_load(&state->stop))
			dir_close(state, dir->parent);
		else
			dir_walk(worker, dir);
	}
	pthread_mutex_lock(&state->lock);
	state->running--;
	pthread_cond_signal(&state->finished);
	pthread_mutex_unlock(&state->lock);
	return NULL;
}

static void mounts_read(struct arena *arena, struct state *state)
{
	struct walk *walk = state->walk;
	CLEANUP(fd_close_p) int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char link[64], path[PATH_MAX];
	BUF(text);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", walk->root->fd);
	ssize_t n = readlink(link, path, sizeof(path));
	if (fd < 0 || n <= 0 || n == PATH_MAX || fd_read(fd, ROOT_FILE_LIMIT, &text) < 0) {
		walk->no_mountinfo = true;
		return;
	}
	struct str root = { path, (size_t)n };
	if (str_is(root, "/"))
		root = STR("");
	walk_mounts_parse(arena, arena_str(arena, buf_str(&text)), arena_str(arena, root), &state->mounts);
	walk->unknown = state->mounts.unknown;
	walk->unknown_path = state->mounts.unknown_path;
}

static void wait_for_workers(struct state *state)
{
	struct walk *walk = state->walk;
	pthread_mutex_lock(&state->lock);
	while (state->running) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += TICK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&state->finished, &state->lock, &until);
		pthread_mutex_unlock(&state->lock);
		if (walk->tick && !walk->stopped &&
		    walk->tick(walk->ctx, atomic_load_explicit(&state->entries, memory_order_relaxed))) {
			walk->stopped = true;
			atomic_store(&state->stop, true);
		}
		pthread_mutex_lock(&state->lock);
	}
	pthread_mutex_unlock(&state->lock);
}

static void worker_done(struct arena *arena, struct walk *walk, struct walk_worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	walk->entries += worker->entries;
	walk->directories += worker->directories;
	if (worker->unreadable && !walk->unreadable) {
		walk->unreadable_path = arena_str(arena, buf_str(&worker->bad_path));
		walk->unreadable_why = worker->bad_why;
	}
	walk->unreadable += worker->unreadable;
	buf_done(&worker->bad_path);
	vec_done(&worker->found);
	free(worker->dents);
}

int walk_run(struct arena *arena, struct walk *walk, struct err *err)
{
	struct state state = { .walk = walk };
	struct walk_worker workers[WALK_THREADS_MOST] = { 0 };
	unsigned threads = MIN(MAX(walk->threads, 1), (unsigned)WALK_THREADS_MOST);
	walk->threads = threads;
	struct statx st;
	if (statx(walk->root->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) < 0)
		return err_errno(err, -errno, "cannot walk '%s'", walk->root->path);
	pthread_mutex_init(&state.lock, NULL);
	pthread_cond_init(&state.more, NULL);
	pthread_cond_init(&state.finished, NULL);
	mounts_read(arena, &state);
	struct walk_dir *top = dir_new(NULL, STR(""));
	top->device = device_of(&st);
	top->node = walk->no_mountinfo ? NULL : &state.mounts.top;
	vec_push(&state.stack, top);
	int r = 0;
	state.running = threads;
	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct walk_worker){ .state = &state, .number = i, .fd = -1, .here = -1 };
		workers[i].dents = mem_alloc(DENTS_SIZE);
		r = pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]);
		workers[i].started = r == 0;
		if (r == 0)
			continue;
		pthread_mutex_lock(&state.lock);
		state.running--;
		pthread_mutex_unlock(&state.lock);
	}
	bool any = workers[0].started;
	wait_for_workers(&state);
	for (unsigned i = 0; i < threads; i++)
		worker_done(arena, walk, &workers[i]);
	if (!any)
		dir_release(top);
	vec_done(&state.stack);
	pthread_cond_destroy(&state.finished);
	pthread_cond_destroy(&state.more);
	pthread_mutex_destroy(&state.lock);
	return any ? 0 : err_errno(err, -r, "cannot start a thread");
}
