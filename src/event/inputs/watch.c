/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/watch.h"

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/map.h"
#include "base/vec.h"

enum { WATCHES_MOST = 8192, EVENTS = 64 * 1024 };

struct directory {
	struct str path;
	int id; /* inotify's, -1: not watched */
	bool told;
};

struct watch {
	int fd;
	struct arena arena;
	struct map by_path, by_id;
	size_t n;
	char *events;
	size_t at, end; /* of the events that were read and not given yet */
};

struct watch *watch_new(void)
{
	struct watch *watch = mem_alloc(sizeof(*watch));
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch->by_path.arena = watch->by_id.arena = &watch->arena;
	watch->events = mem_alloc(EVENTS);
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	arena_done(&watch->arena);
	free(watch->events);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

/* File systems where only what this machine does is told. */
static bool is_remote(const char *path)
{
	static const unsigned long types[] = {
		NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC,
		CIFS_SUPER_MAGIC, V9FS_MAGIC,     FUSE_SUPER_MAGIC,
		CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC, CODA_SUPER_MAGIC,
		0x01161970 /* GFS2 */, 0x7461636f /* OCFS2 */, 0x0bd00bd0 /* Lustre */, 0x47504653 /* GPFS */,
	};
	struct statfs fs;
	if (statfs(path, &fs) < 0)
		return true;
	for (size_t i = 0; i < COUNT(types); i++)
		if ((unsigned long)fs.f_type == types[i])
			return true;
	return false;
}

bool watch_add(struct watch *watch, struct str path)
{
	const uint32_t what = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
	                      IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
	struct directory *known = map_get(&watch->by_path, path);
	if (known && known->id >= 0)
		return known->told;
	if (watch->fd < 0 || (!known && watch->n == WATCHES_MOST))
		return false;
	if (!known) {
		known = ARENA_NEW(&watch->arena, struct directory);
		known->path = arena_str(&watch->arena, path);
		known->id = -1;
		*map_put(&watch->by_path, known->path) = known;
		watch->n++;
	}
	known->id = inotify_add_watch(watch->fd, known->path.p, what);
	if (known->id < 0)
		return false;
	*map_put_int(&watch->by_id, known->id) = known;
	known->told = !is_remote(known->path.p);
	return known->told;
}

bool watch_next(struct watch *watch, struct watch_event *out)
{
	for (;;) {
		if (watch->at == watch->end) {
			ssize_t n = watch->fd < 0 ? -1 : read(watch->fd, watch->events, EVENTS);
			if (n <= 0)
				return false;
			watch->at = 0;
			watch->end = (size_t)n;
		}
		struct inotify_event event;
		memcpy(&event, watch->events + watch->at, sizeof(event));
		const char *name = watch->events + watch->at + sizeof(event);
		watch->at += sizeof(event) + event.len;
		if (event.mask & IN_Q_OVERFLOW) {
			*out = (struct watch_event){ .listed = true };
			return true;
		}
		struct directory *directory = map_get_int(&watch->by_id, event.wd);
		if (!directory || directory->id != event.wd)
			continue;
		if (event.mask & (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF)) {
			/* The path is another directory's, or nobody's, from now on. */
			if (!(event.mask & IN_IGNORED))
				inotify_rm_watch(watch->fd, event.wd);
			directory->id = -1;
			*out = (struct watch_event){ .listed = true };
			return true;
		}
		*out = (struct watch_event){
			.directory = directory->path,
			.name = { name, event.len ? strnlen(name, event.len) : 0 },
			.written = event.mask & (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB),
			.listed = event.mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO),
		};
		if (out->name.n)
			return true;
	}
}
