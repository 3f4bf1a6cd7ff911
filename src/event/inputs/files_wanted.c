/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What is to be read: the paths that are named, found in directories, or match a pattern.
 */
#include "event/inputs/files.h"

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/glob.h"
#include "event/inputs/watch.h"

enum {
	PATHS_MOST = 65536, /* followed */
	DEPTH_MOST = 32,    /* of directories */
};
static const int64_t look_local = 10 * INT64_C(1000000000); /* everywhere, though inotify said nothing */
static const int64_t look_remote = INT64_C(1000000000);

static struct note about(const char *english, struct str path, const char *why)
{
	return (struct note){ .english = english, .value = { path, str_from(why) } };
}

void files_enqueue(struct files *files, struct path *path)
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

void files_complain(struct files *files, struct path *path, int code, const char *why)
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
	path->path = (struct str){ mem_text(text), text.n };
	vec_push(&files->paths, path);
	*map_put(&files->index, path->path) = path;
	return path;
}

void files_path_free(struct path *path)
{
	for (size_t i = 0; i < path->files.n; i++)
		file_free(path->files.p[i]);
	vec_done(&path->files);
	free((char *)path->path.p);
	free(path);
}

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
		files_recall(files, path);
	path->recalled = true;
	files_path_check(files, path);
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
			files_complain(files, path, errno, err_words(-errno));
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

/* Paths where nothing lies and nothing is left to read are forgotten once they are many. */
static void forget_gone(struct files *files)
{
	if (files->n_gone < 64 || files->n_gone * 2 < files->paths.n)
		return;
	size_t n = 0;
	for (size_t i = 0; i < files->paths.n; i++) {
		struct path *path = files->paths.p[i];
		if (path->gone && !path->files.n && !path->queued && !path->moved)
			files_path_free(path);
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

void files_scan(struct files *files)
{
	int64_t from = clock_monotonic_ns();
	size_t before = files->paths.n;
	files->told = true;
	for (size_t i = 0; i < before; i++)
		files->paths.p[i]->seen = false;
	/* Those that are known first: what was renamed is then known as an old file when its new name is met. */
	for (size_t i = 0; i < before; i++) {
		files->paths.p[i]->seen = true;
		files_path_check(files, files->paths.p[i]);
		watch_parent(files, files->paths.p[i]->path);
	}
	for (size_t i = 0; i < files->wanted.n; i++)
		look_for(files, files->wanted.p[i]);
	files->first_scan = false;
	forget_gone(files);
	files->scan_took = clock_monotonic_ns() - from;
	files->look = from + files->scan_took + (files->told ? look_local : look_remote);
}
