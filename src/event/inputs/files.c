/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Files: paths, directories and patterns; read once, or followed for ever.
 *
 * A *path* that is followed has a list of files, oldest first: those that were renamed away and are not finished, then the
 * one that lies there now. They are read in this order, so the text of a path is one sequence across rotations. A
 * rotated file is read until nobody has written to it for a while (`farewell`), because programs reopen their logs late.
 *
 * What was read is remembered by device, inode and fingerprint, not by name: a pattern that also matches the rotated names
 * (auth.log, auth.log.1, auth.log.2.gz) gives each record once. What a truncation or a restart cut off is looked for
 * in the same directory under names that begin with the path's own: the renamed file, the copy of copytruncate, or
 * either of them compressed.
 */
#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/map.h"
#include "event/inputs/file.h"
#include "event/inputs/unpack.h"
#include "event/inputs/watch.h"

#include <fcntl.h>

enum {
	PATHS_MOST = 65536,   /* followed */
	DEPTH_MOST = 32,      /* of directories */
	KNOWN_MOST = 4096,    /* places of finished files that are remembered */
	SIBLINGS_MOST = 4096, /* entries of a directory that are looked at for the rest of a file */
	CHUNK = 1024 * 1024,
	CHUNK_LEAST = 64 * 1024,
	OPEN_MOST = 256,
	TURNS_MOST = 4096,    /* reads of one path in one batch, whatever they bring */
};
static const int64_t second = INT64_C(1000000000);
static const int64_t farewell = 10 * INT64_C(1000000000);   /* a renamed file, after its last growth */
static const int64_t settle = 3 * INT64_C(1000000000);      /* then a compressed file is complete */
static const int64_t silence = 2 * INT64_C(1000000000);     /* then joins are given up */
static const int64_t look_local = 10 * INT64_C(1000000000); /* everywhere, though inotify said nothing */
static const int64_t look_remote = INT64_C(1000000000);
static const int64_t look_listed = INT64_C(20000000);       /* after names came or went, at least */

struct path {
	struct str path;         /* own memory, NUL-terminated */
	VEC(struct file *) files; /* oldest first; the last is the one that lies there unless it is `old` */
	struct place done;       /* the last file that was finished; told with the position, so that it is known
	                          * after a restart even if its new name was not seen yet */
	uint64_t device, inode;  /* of what lies there, when last looked at */
	bool queued;             /* in the queue of paths to be read */
	bool moved;              /* its position changed since it was last told */
	bool seen;               /* by the scan that runs */
	bool gone;               /* nothing lies there */
	bool was_gone;           /* nothing lay there once, since we look */
	bool recalled;           /* its kept position was asked for */
	bool waits;              /* to be read again at the next tick: for silence, for a farewell, for a file to be complete */
	int complained;          /* errno of the last complaint */
	bool named;              /* by itself, not by a pattern or a folder */
};

struct files {
	struct input input;
	struct arena arena; /* of the options */
	struct strings wanted, except;
	const struct parser *parser;
	enum encoding encoding;
	int64_t farewell, silence, settle;
	bool from_end, links, once;
	size_t open_most, n_open, release_at;
	VEC(struct path *) paths;
	struct arena index_arena;
	struct map index; /* path -> struct path */
	size_t n_gone;
	VEC(struct path *) queue; /* of those that may have something to read, from `next` on */
	size_t next;
	VEC(struct place) known; /* places of files that are not open any more */
	struct arena known_arena;
	struct map known_index;  /* mix of device and inode -> index in `known`, and 1 */
	size_t n_old;            /* files that were renamed away and are not finished */
	struct watch *watch;
	bool told;               /* inotify tells of all directories */
	bool first_scan, too_many;
	int64_t look;            /* when to scan next */
	int64_t scan_took;       /* nanoseconds */
	uint64_t began;          /* by the wall clock, nanoseconds */
	int64_t tick;            /* when to read those that wait */
};

static struct note about(const char *english, struct str path, const char *why)
{
	return (struct note){ .english = english, .value = { path, str_from(why) } };
}

static uint64_t mtime_of(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
}

/* Look at everything, but do not spend all time with it where files come and go all the time. */
static void look_soon(struct files *files)
{
	files->look = MIN(files->look, clock_monotonic_ns() + MAX(look_listed, 20 * files->scan_took));
}

/* ---- what is to be read ---- */

static void enqueue(struct files *files, struct path *path)
{
	if (path->queued)
		return;
	path->queued = true;
	vec_push(&files->queue, path);
}

static bool is_excepted(const struct files *files, struct str path)
{
	struct str name = str_slice(path, (size_t)(str_find_char_last(path, '/') + 1), path.n);
	for (size_t i = 0; i < files->except.n; i++) {
		struct str pattern = files->except.p[i];
		if (glob_match(pattern, str_find_char(pattern, '/') >= 0 ? path : name))
			return true;
	}
	return false;
}

static void complain_once(struct files *files, struct path *path, int code, const char *why)
{
	if (path->complained == code)
		return;
	path->complained = code;
	files->input.counters.refused++;
	input_complain(&files->input, about(TR("cannot read {}: {}"), path->path, why));
}

static struct path *path_get(struct files *files, struct str text)
{
	struct path *path = map_get(&files->index, text);
	if (path)
		return path;
	if (files->paths.n == PATHS_MOST && !files->once) {
		if (!files->too_many)
			input_complain(&files->input, NOTE(TR("more than 65536 files are to be followed; {} and others are not"), text));
		files->too_many = true;
		return NULL;
	}
	path = mem_alloc(sizeof(*path));
	path->path = (struct str){ text_copy(text), text.n };
	vec_push(&files->paths, path);
	*map_put(&files->index, path->path) = path;
	return path;
}

static void path_free(struct path *path)
{
	for (size_t i = 0; i < path->files.n; i++)
		file_free(path->files.p[i]);
	vec_done(&path->files);
	free((char *)path->path.p);
	free(path);
}

static void path_check(struct files *files, struct path *path);
static void recall(struct files *files, struct path *path);

static void watch_parent(struct files *files, struct str path)
{
	ptrdiff_t slash = str_find_char_last(path, '/');
	struct str parent = slash > 0 ? str_slice(path, 0, (size_t)slash) : slash == 0 ? STR("/") : STR(".");
	if (!files->once && !watch_add(files->watch, parent))
		files->told = false;
}

static void found(struct files *files, struct str text)
{
	if (is_excepted(files, text))
		return;
	struct path *path = path_get(files, text);
	if (!path || path->seen)
		return;
	path->seen = true;
	watch_parent(files, text);
	if (!files->first_scan && !path->recalled && files->input.find)
		recall(files, path);
	path->recalled = true;
	path_check(files, path);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void found_directory(struct files *files, struct str directory, int depth)
{
	ARENA(arena);
	struct dirent **entries = NULL;
	const char *name = arena_cstr(&arena, directory);
	int n = scandir(name, &entries, NULL, by_name);
	if (n < 0) {
		struct path *path = path_get(files, directory);
		if (path)
			complain_once(files, path, errno, err_words(-errno));
		return;
	}
	if (!files->once && !watch_add(files->watch, directory))
		files->told = false;
	for (int i = 0; i < n; i++) {
		const char *entry = entries[i]->d_name;
		if (strcmp(entry, ".") != 0 && strcmp(entry, "..") != 0) {
			struct stat st;
			struct str path = arena_printf(&arena, "%s%s%s", name, str_ends(directory, "/") ? "" : "/", entry);
			int r = files->links ? stat(path.p, &st) : lstat(path.p, &st);
			if (r == 0 && S_ISDIR(st.st_mode) && depth < DEPTH_MOST)
				found_directory(files, path, depth + 1);
			else if (r == 0 && S_ISREG(st.st_mode))
				found(files, path);
		}
		free(entries[i]);
	}
	free(entries);
}

static void look_for(struct files *files, struct str wanted)
{
	ARENA(arena);
	const char *text = arena_cstr(&arena, wanted);
	struct stat st = { 0 };
	if (stat(text, &st) == 0 || !glob_is_pattern(wanted)) {
		if (S_ISDIR(st.st_mode)) {
			found_directory(files, wanted, 0);
			return;
		}
		found(files, wanted);
		struct path *path = map_get(&files->index, wanted);
		if (path)
			path->named = true;
		return;
	}
	/* New names may come in the last directory that is written without a pattern. */
	size_t fixed = strcspn(text, "*?[");
	watch_parent(files, str_slice(wanted, 0, fixed));
	glob_t matches = { 0 };
	int r = glob(text, 0, NULL, &matches);
	for (size_t i = 0; r == 0 && i < matches.gl_pathc; i++) {
		if ((files->links ? stat(matches.gl_pathv[i], &st) : lstat(matches.gl_pathv[i], &st)) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			found_directory(files, str_from(matches.gl_pathv[i]), 0);
		else if (S_ISREG(st.st_mode))
			found(files, str_from(matches.gl_pathv[i]));
	}
	if (r == GLOB_NOMATCH && files->once) {
		files->input.counters.refused++;
		input_complain(&files->input, NOTE(TR("no file matches {}"), wanted));
	}
	globfree(&matches);
}

/* ---- what was read before ---- */

static int64_t known_key(uint64_t device, uint64_t inode)
{
	return (int64_t)(inode ^ device << 40);
}

static struct place *known_by_inode(const struct files *files, uint64_t device, uint64_t inode)
{
	size_t index = (size_t)map_get_int(&files->known_index, known_key(device, inode));
	struct place *place = index ? &files->known.p[index - 1] : NULL;
	return place && place->device == device && place->inode == inode ? place : NULL;
}

/* The older half is forgotten when they are very many. */
static void forget_known(struct files *files)
{
	size_t half = files->known.n / 2;
	files->known.n -= half;
	memmove(files->known.p, files->known.p + half, files->known.n * sizeof(*files->known.p));
	arena_done(&files->known_arena);
	files->known_index = (struct map){ .arena = &files->known_arena };
	for (size_t i = 0; i < files->known.n; i++)
		*map_put_int(&files->known_index, known_key(files->known.p[i].device, files->known.p[i].inode)) = (void *)(i + 1);
}

static void remember(struct files *files, const struct place *place)
{
	struct place *known = known_by_inode(files, place->device, place->inode);
	if (!place->offset)
		return;
	if (known) {
		*known = *place;
		return;
	}
	if (files->known.n >= KNOWN_MOST + 2 * files->paths.n)
		forget_known(files);
	vec_push(&files->known, *place);
	*map_put_int(&files->known_index, known_key(place->device, place->inode)) = (void *)files->known.n;
}

/* The first bytes of the text in an open file, unpacked when it is compressed. */
static struct str head_text(int fd, char *to, bool *packed)
{
	ssize_t n = pread(fd, to, FINGERPRINT_BYTES, 0);
	struct str head = { to, n > 0 ? (size_t)n : 0 }, name;
	*packed = unpack_is(head);
	if (!*packed)
		return head;
	struct unpack *unpack = NULL;
	head.n = 0;
	if (unpack_open(fd, &unpack, NULL) == 0 && unpack_next(unpack, &name, NULL) == 1) {
		while (head.n < FINGERPRINT_BYTES &&
		       (n = unpack_read(unpack, to + head.n, FINGERPRINT_BYTES - head.n, NULL)) > 0)
			head.n += (size_t)n;
	}
	unpack_close(unpack);
	return head;
}

static bool begins_as(const struct place *place, struct str head)
{
	return place->length && place->length <= head.n &&
	       fingerprint_of(str_slice(head, 0, (size_t)place->length)) == place->fingerprint;
}

/* A short fingerprint says little, unless it is of all that was read. */
static bool tells(const struct place *place)
{
	return place->length == FINGERPRINT_BYTES || (place->length >= 64 && place->length >= place->offset);
}

/* A file that is new by its inode and name: was its text read already, before it was copied or compressed? `active`: it is
 * the text of a file that is still being read, so this is a copy, and what will be cut off there is not known yet. */
static const struct place *known_by_text(const struct files *files, const struct path *self,
                                         const struct file *self_file, int fd, bool *active)
{
	char head[FINGERPRINT_BYTES];
	bool packed;
	struct str text = head_text(fd, head, &packed);
	/* Files of records (EVTX) begin with a header that says little. */
	if (parser_probe(text)->framing == FRAME_FILE)
		return NULL;
	uint64_t all = fingerprint_of(text); /* most are of the full length: hash once */
	for (size_t i = files->known.n; i-- > 0;) {
		const struct place *place = &files->known.p[i];
		if (tells(place) && (place->length == text.n ? place->fingerprint == all : begins_as(place, text)))
			return place;
	}
	for (size_t i = 0; i < files->paths.n; i++) {
		const struct path *path = files->paths.p[i];
		for (size_t j = 0; path != self && j < path->files.n; j++) {
			const struct place *place = &path->files.p[j]->at;
			if (path->files.p[j] != self_file && tells(place) && (place->length == text.n ? place->fingerprint == all : begins_as(place, text))) {
				*active = true;
				return place;
			}
		}
	}
	return NULL;
}

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
		struct str text = head_text(fd, head, &packed);
		close(fd);
		if ((place->length && !begins_as(place, text)) || (!packed && (uint64_t)st.st_size < place->offset))
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

static struct file *file_insert(struct files *files, struct path *path, size_t index, const char *where,
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

/* Its path is another file's now. */
static void make_old(struct files *files, struct file *file)
{
	file->old = true;
	file->grew = clock_monotonic_ns();
	files->n_old++;
}

/* Take it out of its path; it is the caller's then. */
static struct file *file_remove(struct files *files, struct path *path, size_t index)
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

/* Follow on where a file's text went. */
static bool insert_rest(struct files *files, struct path *path, size_t index, const struct place *place)
{
	ARENA(arena);
	struct place at;
	const char *where = find_rest(files, &arena, path->path, place, &at);
	if (where)
		make_old(files, file_insert(files, path, index, where, &at));
	return where;
}

/* Does the text of an open file go on where this place ends? */
static bool goes_on(const struct place *place, int fd, const struct stat *st)
{
	char head[FINGERPRINT_BYTES];
	bool packed;
	struct str text = head_text(fd, head, &packed);
	return (place->length == 0 || begins_as(place, text) || place_same_beginning(place, fd)) &&
	       (packed || place->offset <= (uint64_t)st->st_size);
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
	uint64_t x = mtime_of(&((const struct generation *)a)->st), y = mtime_of(&((const struct generation *)b)->st);
	return (x > y) - (x < y);
}

/* A path was rotated more than once between two looks, or while nobody read: the files between the one that was
 * read until `since` and the one that lies there now (inode `newest`) are read, too, before the file at `index`. */
static void insert_generations(struct files *files, struct path *path, size_t index, uint64_t since, const struct stat *newest)
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
		if (lstat(one.path, &one.st) < 0 || !S_ISREG(one.st.st_mode) || mtime_of(&one.st) < since ||
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
		const struct place *same = known_by_inode(files, one.st.st_dev, one.st.st_ino);
		if (!(same && goes_on(same, fd, &one.st)) && !known_by_text(files, NULL, NULL, fd, &active))
			vec_push_in(&arena, &found, one);
		close(fd);
	}
	if (dir)
		closedir(dir);
	if (found.n)
		qsort(found.p, found.n, sizeof(*found.p), by_change);
	for (size_t i = 0; i < found.n; i++) {
		struct place at = { .device = found.p[i].st.st_dev, .inode = found.p[i].st.st_ino };
		make_old(files, file_insert(files, path, index + i, found.p[i].path, &at));
		files->input.counters.rotations++;
	}
}

/* ---- a path, looked at ---- */

static struct file *newest(const struct path *path)
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
	struct file *file = newest(path);
	if (file) {
		make_old(files, file);
		files->input.counters.rotations++;
		enqueue(files, path);
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
		file->changed = (int64_t)mtime_of(st);
	}
	file_shut(file);
}

/* A file is first seen at this path. False: it is to be looked at again later. */
static bool path_new_file(struct files *files, struct path *path, const struct stat *st, bool first)
{
	struct place at = { .device = st->st_dev, .inode = st->st_ino, .changed = mtime_of(st) };
	const struct place *before = NULL;
	bool look = !files->once && (files->known.n || !files->first_scan);
	int fd = !look ? -1 : open(path->path.p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0) {
		const struct place *same = known_by_inode(files, st->st_dev, st->st_ino);
		bool active = false;
		if (same && goes_on(same, fd, st)) {
			before = same;
		} else if (first) {
			before = known_by_text(files, path, NULL, fd, &active);
		}
		if (same && !before) { /* truncated while nobody looked, or the inode was given again */
			files->input.counters.truncations++;
			struct place rest = *same;
			insert_rest(files, path, path->files.n, &rest);
			insert_generations(files, path, path->files.n, rest.changed, st);
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
	struct file *file = file_insert(files, path, path->files.n, path->path.p, &at);
	if (at.offset && !before)
		skip_whole(file, st);
	return true;
}

static void path_check(struct files *files, struct path *path)
{
	struct stat st;
	const char *text = path->path.p;
	if (stat(text, &st) < 0) {
		int code = errno;
		if (!files->once && (code == ENOENT || code == ENOTDIR)) {
			path_gone(files, path);
			return;
		}
		complain_once(files, path, code, err_words(-code));
		return;
	}
	if (path->gone)
		files->n_gone--;
	path->gone = false;
	path->device = st.st_dev;
	path->inode = st.st_ino;
	if (!S_ISREG(st.st_mode)) {
		if (!S_ISDIR(st.st_mode))
			complain_once(files, path, ENXIO, TR("it is not a regular file"));
		return;
	}
	struct file *file = newest(path);
	if (file && file->at.inode == st.st_ino && file->at.device == st.st_dev) {
		int64_t changed = (int64_t)st.st_mtim.tv_sec * second + st.st_mtim.tv_nsec;
		if ((uint64_t)st.st_size != file->size || changed != file->changed) {
			if (file->kind != FILE_PLAIN && file->finished && file->probed)
				file->finished = false;
			enqueue(files, path);
		}
		return;
	}
	if (!files->once && read_elsewhere(files, &st))
		return;
	if (file) {
		make_old(files, file);
		files->input.counters.rotations++;
	}
	struct file *last = path->files.n ? path->files.p[path->files.n - 1] : NULL;
	if (!files->once && (last || path->was_gone || path->done.inode))
		insert_generations(files, path, path->files.n,
		                   last ? last->at.changed : path->done.inode ? path->done.changed : files->began, &st);
	if (!path_new_file(files, path, &st, !path->files.n))
		return;
	if (files->once)
		files->input.counters.size += (uint64_t)st.st_size;
	enqueue(files, path);
}

/* Paths where nothing lies and nothing is left to read are forgotten once they are many. */
static void forget_gone(struct files *files)
{
	if (files->n_gone < 64 || files->n_gone * 2 < files->paths.n)
		return;
	size_t n = 0;
	for (size_t i = 0; i < files->paths.n; i++) {
		struct path *path = files->paths.p[i];
		if (path->gone && !path->files.n && !path->queued && !path->moved)
			path_free(path);
		else
			files->paths.p[n++] = path;
	}
	files->paths.n = n;
	files->n_gone = 0;
	arena_done(&files->index_arena);
	files->index = (struct map){ .arena = &files->index_arena };
	for (size_t i = 0; i < n; i++) {
		*map_put(&files->index, files->paths.p[i]->path) = files->paths.p[i];
		files->n_gone += files->paths.p[i]->gone;
	}
}

static void scan(struct files *files)
{
	int64_t from = clock_monotonic_ns();
	size_t before = files->paths.n;
	files->told = true;
	for (size_t i = 0; i < before; i++)
		files->paths.p[i]->seen = false;
	/* Those that are known first: what was renamed is then known as an old file when its new name is met. */
	for (size_t i = 0; i < before; i++) {
		files->paths.p[i]->seen = true;
		path_check(files, files->paths.p[i]);
		watch_parent(files, files->paths.p[i]->path);
	}
	for (size_t i = 0; i < files->wanted.n; i++)
		look_for(files, files->wanted.p[i]);
	files->first_scan = false;
	forget_gone(files);
	files->scan_took = clock_monotonic_ns() - from;
	files->look = from + files->scan_took + (files->told ? look_local : look_remote);
}

/* ---- restart ---- */

/* `here`: the paths by what lies at them, when many are asked for. */
static bool lies_at_a_path(const struct files *files, const struct map *here, const struct place *place)
{
	if (here) {
		const struct path *path = map_get_int(here, known_key(place->device, place->inode));
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
		remember(files, &place);
}

/* Files of this path that lie at none of the paths any more were rotated while nobody read them. */
static void recall_rest(struct files *files, struct path *path, const struct map *here)
{
	/* All but the last of the places were at their end, so only the last one's absence is worth a word. */
	struct place place;
	struct str kept = files->input.find(files->input.find_ctx, path->path);
	for (size_t n = 0; n < PLACE_MOST && place_next(&kept, &place); n++) {
		bool there = lies_at_a_path(files, here, &place);
		if (!there && !insert_rest(files, path, path->files.n, &place) && place.length && !kept.n)
			input_complain(&files->input,
			               NOTE(TR("{} was rotated while nobody read it, and its rest is not to be found"), path->path));
		if (!there && !kept.n) {
			struct stat st = { .st_ino = path->inode, .st_dev = path->device };
			insert_generations(files, path, path->files.n, place.changed, &st);
		}
	}
	if (path->files.n)
		enqueue(files, path);
}

static void recall(struct files *files, struct path *path)
{
	recall_places(files, path);
	recall_rest(files, path, NULL);
}

/* The first look only tells which paths there are; with all that was kept of them known, each is looked at anew. */
static void resume(struct files *files)
{
	ARENA(arena);
	struct map here = { .arena = &arena };
	scan(files);
	for (size_t i = 0; files->input.find && i < files->paths.n; i++) {
		struct path *path = files->paths.p[i];
		*map_put_int(&here, known_key(path->device, path->inode)) = path;
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
		path_check(files, path);
	}
	files->first_scan = false;
}

/* ---- reading ---- */

static void drain_watch(struct files *files)
{
	struct watch_event event;
	bool listed = false;
	BUF(text);
	while (watch_next(files->watch, &event)) {
		listed |= event.listed;
		if (!event.written || !event.name.n)
			continue;
		buf_clear(&text);
		if (!str_is(event.directory, ".")) {
			buf_add(&text, event.directory);
			if (!str_ends(event.directory, "/"))
				buf_add_char(&text, '/');
		}
		buf_add(&text, event.name);
		struct path *path = map_get(&files->index, buf_str(&text));
		if (!path)
			continue;
		struct file *file = newest(path);
		if (file && file->kind != FILE_PLAIN)
			path_check(files, path);
		enqueue(files, path);
	}
	if (listed)
		look_soon(files);
}

/* Let go of descriptors, in turns; reading goes on where it stopped when a file is opened again. */
static void release_some(struct files *files)
{
	for (size_t i = 0; i < files->paths.n && files->n_open > files->open_most / 2; i++) {
		files->release_at = files->release_at + 1 < files->paths.n ? files->release_at + 1 : 0;
		struct file *file = newest(files->paths.p[files->release_at]);
		if (file && file->fd >= 0 && file->kind == FILE_PLAIN) {
			file_release(file);
			files->n_open--;
		}
	}
}

static void drop_first(struct files *files, struct path *path)
{
	struct file *file = file_remove(files, path, 0);
	if (!files->once) {
		remember(files, &file->at);
		path->done = file->at;
		look_soon(files); /* a pattern may match its new name */
	}
	file_free(file);
}

/* Read the path again a little later, though nobody says that it changed. */
static void wait_for(struct files *files, struct path *path)
{
	path->waits = true;
	files->tick = MIN(files->tick, clock_monotonic_ns() + MIN(second, files->silence));
}

static void wake_waiting(struct files *files)
{
	files->tick = INT64_MAX;
	for (size_t i = 0; i < files->paths.n; i++) {
		if (files->paths.p[i]->waits)
			enqueue(files, files->paths.p[i]);
		files->paths.p[i]->waits = false;
	}
}

static size_t index_of(const struct path *path, const struct file *file)
{
	size_t i = 0;
	while (path->files.p[i] != file)
		i++;
	return i;
}

/* copytruncate, or somebody emptied it: its text goes on in a copy perhaps, and the file begins anew. */
static void truncated(struct files *files, struct path *path, struct file *file, struct input_batch *batch)
{
	size_t index = index_of(path, file);
	struct place place = file->at, anew = { .device = place.device, .inode = place.inode };
	files->input.counters.truncations++;
	file_remove(files, path, index);
	size_t before = path->files.n;
	if (insert_rest(files, path, index, &place)) {
		file_release(file); /* what it carried lies in the copy, too */
		insert_generations(files, path, index + 1, place.changed, NULL);
		index += path->files.n - before;
	} else {
		file_finish(file, &files->input, batch);
	}
	if (!file->old)
		file_insert(files, path, index, path->path.p, &anew);
	file_free(file);
	enqueue(files, path);
}

/* 1: it is open; 0: it cannot be now; -ESTALE: it was elsewhere, the path's list has changed. */
static int ensure_open(struct files *files, struct path *path, struct file *file)
{
	struct err err = { 0 };
	if (file->fd >= 0)
		return 1;
	if (files->n_open >= files->open_most)
		release_some(files);
	int r = file_open(file, &err);
	if (r == 0) {
		files->n_open++;
		path->complained = 0;
		return 1;
	}
	if (file->old || r == -ENOENT || r == -ESTALE) {
		/* It was renamed while it was closed. */
		size_t index = index_of(path, file);
		struct place place = file->at;
		bool unread = place.offset < file->size;
		if (files->once)
			complain_once(files, path, -r, err.text);
		file_free(file_remove(files, path, index));
		if (!files->once && place.inode && !insert_rest(files, path, index, &place) && unread)
			input_complain(&files->input, NOTE(TR("{} was removed before it was read to its end"), path->path));
		files->look = 0;
		return -ESTALE;
	}
	complain_once(files, path, -r, err.text);
	return 0;
}

/* A compressed file could not be recognised while it was written; now that it is complete it can. */
static void recognise(struct files *files, struct path *path, struct file *file)
{
	bool active = false;
	if (file->recognised || files->once || file->kind != FILE_PACKED || !file_is_settled(file))
		return;
	file->recognised = true;
	const struct place *before =
		file->at.offset ? NULL : known_by_text(files, file->old ? NULL : path, file, file->fd, &active);
	if (before)
		file->at.offset = before->offset;
	file->finished = active; /* it is being read under another name */
	path->moved |= before != NULL;
}

/* One read of one file. True: there is more, or things have changed. */
static bool step(struct files *files, struct path *path, struct file *file, size_t want, struct input_batch *batch,
                 size_t *got)
{
	struct err err = { 0 };
	int r = ensure_open(files, path, file);
	if (r <= 0)
		return r < 0;
	recognise(files, path, file);
	if (file->finished)
		return true;
	size_t records = batch->batch.events.n;
	uint64_t offset = file->at.offset;
	ssize_t n = file_read(file, &files->input, batch, want, &err);
	if (n == -ESTALE) {
		truncated(files, path, file, batch);
		return true;
	}
	path->moved |= file->at.offset != offset || batch->batch.events.n != records;
	if (n == -ENOEXEC && !path->named) {
		files->input.counters.not_logs++;
		file->finished = true;
		return true;
	}
	if (n < 0) {
		complain_once(files, path, (int)-n, err.text);
		file->finished = true;
		return true;
	}
	*got += (size_t)n;
	return n > 0;
}

static bool removed(const struct file *file)
{
	struct stat st;
	return file->fd >= 0 && fstat(file->fd, &st) == 0 && st.st_nlink == 0;
}

/* Read on at this path. True: there is more. */
static bool path_read(struct files *files, struct path *path, size_t want, struct input_batch *batch, size_t *got)
{
	int64_t now = clock_monotonic_ns();
	for (size_t i = 0; i < path->files.n;) {
		struct file *file = path->files.p[i];
		if (file->finished && (file->old || files->once) && i == 0) {
			drop_first(files, path);
			continue;
		}
		if (file->finished) {
			i++;
			continue;
		}
		if (step(files, path, file, want, batch, got))
			return true;
		if (file->fd < 0) {
			wait_for(files, path);
			return false;
		}
		/* Its end, for now. */
		bool held = file->kind == FILE_PLAIN && file->stream.held;
		if (files->once) {
			file_finish(file, &files->input, batch);
			continue;
		}
		if (held && now >= file->stream.last + files->silence) {
			stream_flush(&file->stream, &files->input, batch);
			file->at.held = held = false;
			path->moved = true;
		}
		if (file->old && file->kind == FILE_PLAIN && now >= file->grew + (removed(file) ? files->silence : files->farewell)) {
			file_finish(file, &files->input, batch);
			path->moved = true;
			continue;
		}
		if (file->old && file->kind != FILE_PLAIN && !file->finished) { /* not complete yet; what follows has to wait */
			wait_for(files, path);
			return false;
		}
		if (held || file->old || (file->kind != FILE_PLAIN && !file->finished))
			wait_for(files, path);
		i++; /* a renamed file may still grow; the next is read meanwhile */
	}
	return false;
}

static void tell_positions(struct files *files, struct input_batch *batch)
{
	size_t n = 0;
	if (files->once)
		return;
	for (size_t i = 0; i < files->paths.n; i++)
		n += files->paths.p[i]->moved;
	if (!n)
		return;
	struct arena *arena = &batch->batch.arena;
	batch->positions = ARENA_ARRAY(arena, struct input_position, n);
	for (size_t i = 0; i < files->paths.n; i++) {
		struct path *path = files->paths.p[i];
		if (!path->moved)
			continue;
		BUF(text);
		if (path->done.inode)
			place_add(&text, &path->done);
		for (size_t j = 0; j < path->files.n && j < PLACE_MOST - 1; j++)
			if (path->files.p[j]->at.inode)
				place_add(&text, &path->files.p[j]->at);
		batch->positions[batch->n_positions++] =
			(struct input_position){ arena_str(arena, path->path), arena_str(arena, buf_str(&text)) };
		path->moved = false;
	}
}

static int files_read(struct input *input, size_t most, struct input_batch *batch, struct err *err UNUSED)
{
	struct files *files = (struct files *)input;
	size_t got = 0;
	if (input->stopped)
		return -ENODATA;
	if (!files->once) {
		drain_watch(files);
		if (clock_monotonic_ns() >= files->look)
			scan(files);
		if (clock_monotonic_ns() >= files->tick)
			wake_waiting(files);
	}
	size_t rounds = files->queue.n - files->next;
	while (files->next < files->queue.n && got < most && rounds-- > 0) {
		struct path *path = files->queue.p[files->next];
		size_t share = got + CHUNK;
		bool more = true;
		/* To its end, or its share if it is long; when read once, one after the other. */
		for (int turn = 0; turn < TURNS_MOST && more && got < most && (files->once || got < share); turn++)
			more = path_read(files, path, MIN(MAX(most - got, (size_t)CHUNK_LEAST), (size_t)CHUNK), batch, &got);
		if (more && files->once)
			break;
		files->next++;
		path->queued = false;
		if (more)
			enqueue(files, path); /* in turns */
	}
	if (files->next == files->queue.n) {
		files->next = files->queue.n = 0;
	} else if (files->next > 1024 && files->next * 2 > files->queue.n) {
		files->queue.n -= files->next;
		memmove(files->queue.p, files->queue.p + files->next, files->queue.n * sizeof(*files->queue.p));
		files->next = 0;
	}
	tell_positions(files, batch);
	if (batch->batch.events.n || batch->n_positions)
		return 1;
	return files->once && !files->queue.n ? -ENODATA : 0;
}

static int files_fd(const struct input *input)
{
	const struct files *files = (const struct files *)input;
	return files->watch ? watch_fd(files->watch) : -1;
}

static int64_t files_deadline(const struct input *input)
{
	const struct files *files = (const struct files *)input;
	return files->once || files->next < files->queue.n ? 0 : MIN(files->look, files->tick);
}

static void files_close(struct input *input)
{
	struct files *files = (struct files *)input;
	for (size_t i = 0; i < files->paths.n; i++)
		path_free(files->paths.p[i]);
	vec_done(&files->paths);
	vec_done(&files->queue);
	vec_done(&files->known);
	watch_free(files->watch);
	arena_done(&files->arena);
	arena_done(&files->index_arena);
	arena_done(&files->known_arena);
	input_done(input);
	free(files);
}

static const struct input_ops files_ops = {
	.fd = files_fd,
	.deadline = files_deadline,
	.read = files_read,
	.close = files_close,
};

static struct strings strings_copy(struct arena *arena, struct strings from)
{
	struct strings copy = { ARENA_ARRAY(arena, struct str, from.n), from.n };
	for (size_t i = 0; i < from.n; i++)
		copy.p[i] = arena_str(arena, from.p[i]);
	return copy;
}

static int files_open(const void *decoded, struct str source, const struct parse_options *parse,
                      struct str (*find)(void *ctx, struct str key), void *ctx, struct input **out, struct err *err)
{
	const struct input_files *options = decoded;
	const struct parser *parser;
	*out = NULL;
	enum encoding encoding;
	int r = input_parser(options->format, &parser, err);
	if (r == 0)
		r = input_encoding(options->encoding, &encoding, err);
	if (r < 0)
		return r;
	struct files *files = mem_alloc(sizeof(*files));
	input_init(&files->input, &files_ops, source, parse, find, ctx);
	files->wanted = strings_copy(&files->arena, options->paths);
	files->except = strings_copy(&files->arena, options->except);
	files->parser = parser;
	files->encoding = encoding;
	files->farewell = options->farewell ? options->farewell : farewell;
	files->settle = options->settle ? options->settle : settle;
	files->silence = options->silence ? options->silence : silence;
	files->from_end = options->from_end;
	files->links = options->links;
	files->once = options->once;
	files->open_most = options->open_most > 1 ? (size_t)options->open_most : OPEN_MOST;
	files->index.arena = &files->index_arena;
	files->known_index.arena = &files->known_arena;
	files->first_scan = true;
	files->tick = INT64_MAX;
	files->began = (uint64_t)clock_now() * 1000000000;
	if (files->once) {
		scan(files);
	} else {
		unpack_prepare();
		files->watch = watch_new();
		resume(files);
	}
	*out = &files->input;
	return 0;
}

static const struct schema_field files_fields[] = {
	{ "paths", SCHEMA_STRINGS, offsetof(struct input_files, paths), .required = true },
	{ "except", SCHEMA_STRINGS, offsetof(struct input_files, except) },
	{ "format", SCHEMA_STRING, offsetof(struct input_files, format) },
	{ "encoding", SCHEMA_STRING, offsetof(struct input_files, encoding) },
	{ "from_end", SCHEMA_BOOL, offsetof(struct input_files, from_end) },
	{ "links", SCHEMA_BOOL, offsetof(struct input_files, links) },
	{ "open_most", SCHEMA_INT, offsetof(struct input_files, open_most), .min = 2, .max = 65536 },
	{ 0 },
};
static const struct schema files_schema = { "an input from files", files_fields, sizeof(struct input_files) };
static const struct input_files files_defaults = { .links = true, .open_most = OPEN_MOST };

const struct input_kind input_files = {
	.name = "files",
	.doc = TR("files, directories and patterns, followed through rotation"),
	.schema = &files_schema,
	.defaults = &files_defaults,
	.open = files_open,
};
