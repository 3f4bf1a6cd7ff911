/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/path_keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/vec.h"

struct component {
	struct str text;
	bool pattern, deep;
};

static void list_full(struct scan *scan)
{
	scan_partial(scan, NOTE("more than {} files asked for", arena_printf(scan_arena(scan), "%d", PATHS_MOST)));
}

/* Add a path; its directory is what stands before the last slash. */
static bool list_add(struct scan *scan, struct path_list *list, struct str path)
{
	if (list->n >= PATHS_MOST)
		return false;
	struct str copy = arena_str(scan_arena(scan), path);
	ptrdiff_t slash = str_find_char_last(copy, '/');
	struct str directory = slash < 0 ? STR("") : slash == 0 ? STR("/") : str_slice(copy, 0, (size_t)slash);
	vec_push_in(scan_arena(scan), list, { copy, arena_str(scan_arena(scan), directory) });
	return true;
}

static struct str join(struct scan *scan, struct str directory, struct str name)
{
	return arena_printf(scan_arena(scan), "%.*s%s%.*s", STR_ARG(directory),
	                    str_ends(directory, "/") ? "" : "/", STR_ARG(name));
}

/* A LIKE component as a pattern of base/glob.h. */
static struct str as_glob(struct scan *scan, struct str like)
{
	char *out = arena_bytes(scan_arena(scan), 2 * like.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < like.n; i++) {
		char c = like.p[i];
		if (strchr("*?[]\\", c) && c)
			out[n++] = '\\';
		out[n++] = c == '%' ? '*' : c == '_' ? '?' : c;
	}
	out[n] = 0;
	return (struct str){ out, n };
}

static struct component component_of(struct scan *scan, struct str text, enum key_operator how)
{
	struct component component = { .text = text };
	if (how == KEY_LIKE) {
		component.deep = str_find(text, "%%") >= 0;
		component.pattern = str_find_char(text, '%') >= 0 || str_find_char(text, '_') >= 0;
		if (component.pattern)
			component.text = as_glob(scan, text);
	} else if (how == KEY_GLOB) {
		component.deep = str_find(text, "**") >= 0;
		component.pattern = glob_is_pattern(text);
	}
	return component;
}

/* Everything below a directory. */
static void below_read(struct scan *scan, struct str top, struct path_list *list)
{
	struct level {
		struct str path;
		size_t depth;
	};
	VEC(struct level) todo = { 0 };
	struct arena *arena = scan_arena(scan);
	struct stat here;
	if (root_stat(scan_root(scan), top.n ? top.p : "/", true, &here) < 0)
		return;
	vec_push_in(arena, &todo, { top, 0 });
	while (todo.n) {
		struct level level = todo.p[--todo.n];
		struct strings names = scan_list(scan, level.path.n ? level.path.p : "/");
		for (size_t i = 0; i < names.n; i++) {
			struct str path = join(scan, level.path, names.p[i]);
			struct stat st;
			if (!list_add(scan, list, path)) {
				list_full(scan);
				return;
			}
			if (root_stat(scan_root(scan), path.p, false, &st) < 0 || !S_ISDIR(st.st_mode) ||
			    st.st_dev != here.st_dev)
				continue;
			if (level.depth >= PATHS_DEPTH || path.n >= PATH_MAX) {
				scan_partial(scan, NOTE("{}: not looked at: too deep", path));
				continue;
			}
			vec_push_in(arena, &todo, { path, level.depth + 1 });
		}
	}
}

/* One component further: from the directories in `from` to what matches in each. */
static void expand_one(struct scan *scan, const struct component *component, const struct path_list *from,
                       struct path_list *to)
{
	for (size_t i = 0; i < from->n; i++) {
		struct str parent = from->p[i].path;
		if (component->deep) {
			below_read(scan, parent, to);
			continue;
		}
		if (!component->pattern) {
			struct stat st;
			struct str path = join(scan, parent, component->text);
			int r = root_stat(scan_root(scan), path.p, false, &st);
			if (r == 0 && !list_add(scan, to, path)) {
				list_full(scan);
				return;
			}
			if (r < 0 && r != -ENOENT && r != -ENOTDIR)
				scan_partial(scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
			continue;
		}
		struct strings names = scan_list(scan, parent.n ? parent.p : "/");
		for (size_t j = 0; j < names.n; j++)
			if (glob_match(component->text, names.p[j]) && !list_add(scan, to, join(scan, parent, names.p[j]))) {
				list_full(scan);
				return;
			}
	}
}

static void expand(struct scan *scan, const struct scan_key *key, struct path_list *list)
{
	struct path_list found = { 0 };
	struct str rest = key->text;
	list_add(scan, &found, STR(""));
	while (rest.p) {
		struct str text = str_cut(&rest, '/');
		if (!text.n)
			continue;
		struct component component = component_of(scan, text, key->how);
		struct path_list next = { 0 };
		expand_one(scan, &component, &found, &next);
		found = next;
		if (component.deep)
			break; /* SQLite itself compares the rest of the pattern */
	}
	*list = found;
}

static void list_directory(struct scan *scan, struct str directory, struct path_list *list)
{
	struct str text = arena_str(scan_arena(scan), directory);
	struct strings names = scan_list(scan, text.n ? text.p : "/");
	for (size_t i = 0; i < names.n; i++) {
		if (list->n >= PATHS_MOST) {
			list_full(scan);
			return;
		}
		vec_push_in(scan_arena(scan), list, { join(scan, text, names.p[i]), text });
	}
}

int path_keys_read(struct scan *scan, struct path_list *list, struct err *err)
{
	static const char *const columns[] = { "path", "directory" };
	struct scan_key key;
	*list = (struct path_list){ 0 };
	for (size_t i = 0; i < COUNT(columns); i++)
		if (scan_key(scan, columns[i], &key) && key.how != KEY_EQUAL && !str_starts(key.text, "/"))
			return scan_unavailable(scan, NOTE("the pattern {} must begin with a slash", key.text));
	if (scan_key(scan, "path", &key)) {
		if (!str_starts(key.text, "/") || memchr(key.text.p, 0, key.text.n))
			return 0;
		if (key.how == KEY_EQUAL)
			list_add(scan, list, key.text);
		else
			expand(scan, &key, list);
		return 0;
	}
	if (!scan_key(scan, "directory", &key))
		return err_set(err, -EINVAL, "a path or a directory must be given");
	if (!str_starts(key.text, "/") || memchr(key.text.p, 0, key.text.n))
		return 0;
	if (key.how == KEY_EQUAL) {
		list_directory(scan, key.text, list);
		return 0;
	}
	struct path_list directories = { 0 };
	expand(scan, &key, &directories);
	for (size_t i = 0; i < directories.n; i++) {
		struct stat st;
		if (root_stat(scan_root(scan), directories.p[i].path.p, false, &st) == 0 && S_ISDIR(st.st_mode))
			list_directory(scan, directories.p[i].path, list);
	}
	return 0;
}
