/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Where the text of a path went on: the rest of a file that is no longer where it was, and the generations that a
 * rotation left between two looks.
 */
#include "event/inputs/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { SIBLINGS_MOST = 4096 /* entries of a directory that are looked at */ };

/* Where the rest of a file lies that is no longer where it was: a path in the arena, or NULL. `self`: its old path. */
static const char *find_rest(struct files *files, struct arena *arena, struct str self, const struct place *place,
                             struct place *at)
{
	ptrdiff_t slash = str_find_char_last(self, '/');
	struct str base = str_slice(self, (size_t)(slash + 1), self.n);
	const char *directory = slash > 0 ? arena_cstr(arena, str_slice(self, 0, (size_t)slash)) : slash == 0 ? "/" : ".";
	const char *best = NULL;
	DIR *dir = opendir(directory);
	struct dirent *entry;
	size_t looked = 0;
	/* "app.log" may become "app.log.1", "app.log-20261123.gz" or "app-20261123.log". */
	ptrdiff_t dot = str_find_char(base, '.');
	struct str stem = dot > 0 ? str_slice(base, 0, (size_t)dot) : base;
	while (dir && (entry = readdir(dir)) && looked < SIBLINGS_MOST) {
		struct str name = str_from(entry->d_name);
		struct stat st;
		if (name.n < stem.n || memcmp(name.p, stem.p, stem.n) != 0 || str_eq(name, base))
			continue;
		looked++;
		struct str path = arena_printf(arena, "%s%s%s", slash >= 0 ? directory : "",
		                               slash >= 0 && directory[strlen(directory) - 1] != '/' ? "/" : "", entry->d_name);
		if (lstat(path.p, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		bool same = st.st_ino == place->inode && st.st_dev == place->device;
		if (!same && place->length < 16)
			continue;
		const struct path *other = map_get(&files->index, path);
		if (other && other->files.n)
			continue; /* it is read as itself */
		char head[FINGERPRINT_BYTES];
		bool packed = false;
		int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			continue;
		struct str text = files_head_text(fd, head, &packed);
		close(fd);
		if ((place->length && !files_begins_as(place, text)) || (!packed && (uint64_t)st.st_size < place->offset))
			continue;
		*at = *place;
		at->device = st.st_dev;
		at->inode = st.st_ino;
		best = path.p;
		if (same)
			break;
	}
	if (dir)
		closedir(dir);
	return best;
}

struct file *files_insert(struct files *files, struct path *path, size_t index, const char *where,
                          const struct place *at)
{
	struct file *file = file_new(where, at, files->parser, files->encoding, !files->once, &files->input);
	file->settle = files->settle;
	vec_push(&path->files, file);
	memmove(path->files.p + index + 1, path->files.p + index, (path->files.n - 1 - index) * sizeof(*path->files.p));
	path->files.p[index] = file;
	files->input.counters.streams++;
	return file;
}

void files_make_old(struct files *files, struct file *file)
{
	file->old = true;
	file->grew = clock_monotonic_ns();
	files->n_old++;
}

struct file *files_remove(struct files *files, struct path *path, size_t index)
{
	struct file *file = path->files.p[index];
	path->files.n--;
	memmove(path->files.p + index, path->files.p + index + 1, (path->files.n - index) * sizeof(*path->files.p));
	if (file->fd >= 0)
		files->n_open--;
	files->n_old -= file->old;
	path->moved = true;
	return file;
}

bool files_insert_rest(struct files *files, struct path *path, size_t index, const struct place *place)
{
	ARENA(arena);
	struct place at;
	const char *where = find_rest(files, &arena, path->path, place, &at);
	if (where)
		files_make_old(files, files_insert(files, path, index, where, &at));
	return where;
}

/* Is `name` what a rotation makes of `base`: "app.log.1", "app.log-20261123.gz", "app-2026-11-23.log"? */
static bool is_generation(struct str base, struct str name)
{
	static const char *const packed[] = { ".gz", ".xz", ".zst", ".bz2", ".lz4" };
	for (size_t i = 0; i < COUNT(packed); i++)
		if (str_ends(name, packed[i]))
			name = str_slice(name, 0, name.n - strlen(packed[i]));
	ptrdiff_t dot = str_find_char_last(base, '.');
	struct str stem = dot > 0 ? str_slice(base, 0, (size_t)dot) : base, end = str_slice(base, stem.n, base.n);
	struct str between;
	if (name.n > base.n && memcmp(name.p, base.p, base.n) == 0)
		between = str_slice(name, base.n, name.n);
	else if (name.n > base.n && memcmp(name.p, stem.p, stem.n) == 0 && memcmp(name.p + name.n - end.n, end.p, end.n) == 0)
		between = str_slice(name, stem.n, name.n - end.n);
	else
		return false;
	bool digits = false;
	for (size_t i = 0; i < between.n; i++) {
		char c = between.p[i];
		digits |= c >= '0' && c <= '9';
		if (!((c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == 'T'))
			return false;
	}
	return digits;
}

struct generation {
	const char *path;
	struct stat st;
};

static int by_change(const void *a, const void *b)
{
	uint64_t x = files_mtime(&((const struct generation *)a)->st), y = files_mtime(&((const struct generation *)b)->st);
	return (x > y) - (x < y);
}

void files_insert_generations(struct files *files, struct path *path, size_t index, uint64_t since, const struct stat *newest)
{
	ARENA(arena);
	VEC(struct generation) found = { 0 };
	ptrdiff_t slash = str_find_char_last(path->path, '/');
	struct str base = str_slice(path->path, (size_t)(slash + 1), path->path.n);
	struct str folder = str_slice(path->path, 0, (size_t)(slash + 1));
	DIR *dir = opendir(folder.n ? arena_cstr(&arena, folder) : ".");
	struct dirent *entry;
	size_t looked = 0;
	while (dir && since && (entry = readdir(dir)) && looked < SIBLINGS_MOST) {
		struct generation one;
		if (!is_generation(base, str_from(entry->d_name)))
			continue;
		looked++;
		struct str where = arena_printf(&arena, "%.*s%s", STR_ARG(folder), entry->d_name);
		one.path = where.p;
		if (lstat(one.path, &one.st) < 0 || !S_ISREG(one.st.st_mode) || files_mtime(&one.st) < since ||
		    (newest && one.st.st_ino == newest->st_ino && one.st.st_dev == newest->st_dev))
			continue;
		const struct path *other = map_get(&files->index, where);
		bool reading = other && other->files.n;
		for (size_t i = 0; i < path->files.n; i++)
			reading |= path->files.p[i]->at.inode == one.st.st_ino && path->files.p[i]->at.device == one.st.st_dev;
		bool active = false;
		int fd = reading ? -1 : open(one.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			continue;
		const struct place *same = files_known_by_inode(files, one.st.st_dev, one.st.st_ino);
		if (!(same && files_goes_on(same, fd, &one.st)) && !files_known_by_text(files, NULL, NULL, fd, &active))
			vec_push_in(&arena, &found, one);
		close(fd);
	}
	if (dir)
		closedir(dir);
	if (found.n)
		qsort(found.p, found.n, sizeof(*found.p), by_change);
	for (size_t i = 0; i < found.n; i++) {
		struct place at = { .device = found.p[i].st.st_dev, .inode = found.p[i].st.st_ino };
		files_make_old(files, files_insert(files, path, index + i, found.p[i].path, &at));
		files->input.counters.rotations++;
	}
}
