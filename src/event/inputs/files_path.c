/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A path, looked at: what lies there now, and, after a restart, what became of what lay there.
 */
#include "event/inputs/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file *files_newest(const struct path *path)
{
	struct file *last = path->files.n ? path->files.p[path->files.n - 1] : NULL;
	return last && !last->old ? last : NULL;
}

/* Is the inode being read as a rotated file of some path? */
static bool read_elsewhere(const struct files *files, const struct stat *st)
{
	for (size_t i = 0; files->n_old && i < files->paths.n; i++)
		for (size_t j = 0; j < files->paths.p[i]->files.n; j++) {
			const struct file *file = files->paths.p[i]->files.p[j];
			if (file->old && file->at.inode == st->st_ino && file->at.device == st->st_dev)
				return true;
		}
	return false;
}

static void path_gone(struct files *files, struct path *path)
{
	struct file *file = files_newest(path);
	if (file) {
		files_make_old(files, file);
		files->input.counters.rotations++;
		files_enqueue(files, path);
	}
	if (!path->gone)
		files->n_gone++;
	path->device = path->inode = 0;
	path->gone = path->was_gone = true;
}

/* What is there is not wanted: of a compressed file, or one of records, that is all of it, until it changes. */
static void skip_whole(struct file *file, const struct stat *st)
{
	struct err err;
	if (file_open(file, &err) < 0)
		return;
	if (file->kind != FILE_PLAIN) {
		file->finished = true;
		file->size = (uint64_t)st->st_size;
		file->changed = (int64_t)files_mtime(st);
	}
	file_shut(file);
}

/* A file is first seen at this path. False: it is to be looked at again later. */
static bool path_new_file(struct files *files, struct path *path, const struct stat *st, bool first)
{
	struct place at = { .device = st->st_dev, .inode = st->st_ino, .changed = files_mtime(st) };
	const struct place *before = NULL;
	bool look = !files->once && (files->known.n || !files->first_scan);
	int fd = !look ? -1 : open(path->path.p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0) {
		const struct place *same = files_known_by_inode(files, st->st_dev, st->st_ino);
		bool active = false;
		if (same && files_goes_on(same, fd, st)) {
			before = same;
		} else if (first) {
			before = files_known_by_text(files, path, NULL, fd, &active);
		}
		if (same && !before) { /* truncated while nobody looked, or the inode was given again */
			files->input.counters.truncations++;
			struct place rest = *same;
			files_insert_rest(files, path, path->files.n, &rest);
			files_insert_generations(files, path, path->files.n, rest.changed, st);
		}
		close(fd);
		if (active)
			return false;
	}
	if (before) {
		at = *before;
		at.device = st->st_dev;
		at.inode = st->st_ino;
		path->moved = true;
	} else if (files->from_end && files->first_scan && !files->once) {
		at.offset = (uint64_t)st->st_size;
	}
	struct file *file = files_insert(files, path, path->files.n, path->path.p, &at);
	if (at.offset && !before)
		skip_whole(file, st);
	return true;
}

void files_path_check(struct files *files, struct path *path)
{
	struct stat st;
	const char *text = path->path.p;
	if (stat(text, &st) < 0) {
		int code = errno;
		if (!files->once && (code == ENOENT || code == ENOTDIR)) {
			path_gone(files, path);
			return;
		}
		files_complain(files, path, code, err_words(-code));
		return;
	}
	if (path->gone)
		files->n_gone--;
	path->gone = false;
	path->device = st.st_dev;
	path->inode = st.st_ino;
	if (!S_ISREG(st.st_mode)) {
		if (!S_ISDIR(st.st_mode))
			files_complain(files, path, ENXIO, TR("it is not a regular file"));
		return;
	}
	struct file *file = files_newest(path);
	if (file && file->at.inode == st.st_ino && file->at.device == st.st_dev) {
		int64_t changed = (int64_t)files_mtime(&st);
		if ((uint64_t)st.st_size != file->size || changed != file->changed) {
			if (file->kind != FILE_PLAIN && file->finished && file->probed)
				file->finished = false;
			files_enqueue(files, path);
		}
		return;
	}
	if (!files->once && read_elsewhere(files, &st))
		return;
	if (file) {
		files_make_old(files, file);
		files->input.counters.rotations++;
	}
	struct file *last = path->files.n ? path->files.p[path->files.n - 1] : NULL;
	if (!files->once && (last || path->was_gone || path->done.inode))
		files_insert_generations(files, path, path->files.n,
		                   last ? last->at.changed : path->done.inode ? path->done.changed : files->began, &st);
	if (!path_new_file(files, path, &st, !path->files.n))
		return;
	if (files->once)
		files->input.counters.size += (uint64_t)st.st_size;
	files_enqueue(files, path);
}

/* `here`: the paths by what lies at them, when many are asked for. */
static bool lies_at_a_path(const struct files *files, const struct map *here, const struct place *place)
{
	if (here) {
		const struct path *path = map_get_int(here, files_known_key(place->device, place->inode));
		return path && path->inode == place->inode && path->device == place->device;
	}
	for (size_t i = 0; i < files->paths.n; i++)
		if (files->paths.p[i]->inode == place->inode && files->paths.p[i]->device == place->device)
			return true;
	return false;
}

/* What was kept of this path: places of its files are remembered. */
static void recall_places(struct files *files, struct path *path)
{
	struct place place;
	struct str kept = files->input.find(files->input.find_ctx, path->path);
	for (size_t n = 0; n < PLACE_MOST && place_next(&kept, &place); n++)
		files_remember(files, &place);
}

/* Files of this path that lie at none of the paths any more were rotated while nobody read them. */
static void recall_rest(struct files *files, struct path *path, const struct map *here)
{
	/* All but the last of the places were at their end, so only the last one's absence is worth a word. */
	struct place place;
	struct str kept = files->input.find(files->input.find_ctx, path->path);
	for (size_t n = 0; n < PLACE_MOST && place_next(&kept, &place); n++) {
		bool there = lies_at_a_path(files, here, &place);
		if (!there && !files_insert_rest(files, path, path->files.n, &place) && place.length && !kept.n)
			input_complain(&files->input,
			               NOTE(TR("{} was rotated while nobody read it, and its rest is not to be found"), path->path));
		if (!there && !kept.n) {
			struct stat st = { .st_ino = path->inode, .st_dev = path->device };
			files_insert_generations(files, path, path->files.n, place.changed, &st);
		}
	}
	if (path->files.n)
		files_enqueue(files, path);
}

void files_recall(struct files *files, struct path *path)
{
	recall_places(files, path);
	recall_rest(files, path, NULL);
}

void files_resume(struct files *files)
{
	ARENA(arena);
	struct map here = { .arena = &arena };
	files_scan(files);
	for (size_t i = 0; files->input.find && i < files->paths.n; i++) {
		struct path *path = files->paths.p[i];
		*map_put_int(&here, files_known_key(path->device, path->inode)) = path;
		recall_places(files, path);
		for (size_t j = 0; j < path->files.n; j++)
			file_free(path->files.p[j]);
		path->files.n = 0;
	}
	files->first_scan = true;
	files->input.counters.streams = 0;
	for (size_t i = 0; i < files->paths.n; i++) {
		struct path *path = files->paths.p[i];
		if (files->input.find)
			recall_rest(files, path, &here);
		files_path_check(files, path);
	}
	files->first_scan = false;
}
