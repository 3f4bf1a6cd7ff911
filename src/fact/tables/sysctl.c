/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sysctl: kernel parameters as they are, and as the configuration wants them.
 *
 * Configuration as systemd-sysctl and procps read it (sysctl.d(5)): the drop-in files by name, the last
 * assignment of a key wins, "-key" keeps a key out of patterns, and a pattern counts only for keys that are
 * not named outright. /etc/sysctl.conf comes last where nothing but procps reads it.
 *
 * A query for single names reads only those; the configuration is read once a run, as a table of its own that
 * SQL does not know.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/map.h"
#include "base/vec.h"
#include "fact/tables/conf.h"

enum { DEPTH_MAX = 16, KEYS_MAX = 200000, VALUE_MAX = 65536 };

struct wish {
	struct str key, value, file;
	int64_t line;
	bool excluded; /* "-key" alone: no pattern applies to it */
	bool seen;     /* the key is there */
};

struct sysctl {
	struct scan *scan;
	struct err *err;
	struct map wishes;           /* outright: key -> struct wish */
	VEC(struct wish *) ordered;
	VEC(struct wish) patterns;
	size_t keys;
	char *value; /* the one read last */
};

/* In a name, dots stand for slashes and slashes for dots, unless the first of them is a slash. */
static struct str wish_key(struct arena *arena, struct str name)
{
	char *key = arena_bytes(arena, name.n + 1);
	bool path = false, decided = false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!decided && (c == '/' || c == '.')) {
			decided = true;
			path = c == '/';
		}
		key[i] = c;
		if (path)
			key[i] = c == '/' ? '.' : c == '.' ? '/' : c;
	}
	key[name.n] = 0;
	return (struct str){ key, name.n };
}

static void wish_take(struct sysctl *sysctl, struct wish wish)
{
	struct arena *arena = scan_arena(sysctl->scan);
	if (glob_is_pattern(wish.key)) {
		vec_push_in(arena, &sysctl->patterns, wish);
		return;
	}
	void **slot = map_put(&sysctl->wishes, wish.key);
	if (!*slot) {
		*slot = ARENA_NEW(arena, struct wish);
		vec_push_in(arena, &sysctl->ordered, *slot);
	}
	*(struct wish *)*slot = wish;
}

/* ---- the configuration ---- */

static int wish_file(struct scan *scan, struct str path, struct err *err)
{
	struct str text, line;
	if (scan_file(scan, path.p, &text) < 0)
		return 0;
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		struct str key = STR_NONE, value = STR_NONE;
		bool excluded = false;
		if (conf_is_comment(line, "#;"))
			continue;
		line = str_trim(line);
		bool dash = line.p[0] == '-';
		line = str_slice(line, dash, line.n);
		if (!conf_pair(line, &key, &value)) {
			excluded = dash;
			key = str_trim(line);
		}
		if (!key.n || (!value.p && !dash)) {
			conf_bad_line(scan, path, lines.number);
			continue;
		}
		int r = scan_row(scan, ROW(wish_key(scan_arena(scan), key), value, path, (int64_t)lines.number, excluded), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_old_file(struct scan *scan, struct strings files)
{
	struct stat old, st;
	if (root_stat(scan_root(scan), "etc/sysctl.conf", true, &old) < 0)
		return true;
	for (size_t i = 0; i < files.n; i++)
		if (root_stat(scan_root(scan), files.p[i].p, true, &st) == 0 && st.st_dev == old.st_dev &&
		    st.st_ino == old.st_ino)
			return true;
	/* systemd-sysctl reads only the drop-in directories. */
	return root_stat(scan_root(scan), "usr/lib/systemd/systemd-sysctl", false, &st) == 0 ||
	       root_stat(scan_root(scan), "lib/systemd/systemd-sysctl", false, &st) == 0;
}

static int wishes_scan(struct scan *scan, struct err *err)
{
	static const char *const directories[] = { "etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d",
		                                   "usr/lib/sysctl.d", "lib/sysctl.d", NULL };
	struct strings files = conf_files(scan, directories, ".conf");
	int r = 0;
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = wish_file(scan, files.p[i], err);
	return r < 0 || has_old_file(scan, files) ? r : wish_file(scan, STR("/etc/sysctl.conf"), err);
}

static const struct table table_wishes = {
	.name = "sysctl.d",
	.doc = "What the configuration sets, in its order",
	.sources = { "etc/sysctl.d/*.conf" },
	.scan = wishes_scan,
	.columns = { { "key", TEXT, "name", 0 }, { "value", TEXT, "value", 0 }, { "file", TEXT, "file", 0 },
	             { "line", INT, "line", 0 }, { "excluded", INT, "1: kept out of patterns", 0 } },
};

static int wishes_read(struct sysctl *sysctl)
{
	int r = 0;
	const struct rows *rows = scan_table(sysctl->scan, &table_wishes, &r);
	for (size_t i = 0; rows && i < rows->n; i++) {
		const struct cell *cells = rows_at(rows, i);
		wish_take(sysctl, (struct wish){ .key = cell_str(cells[0]), .value = cell_str(cells[1]),
		                                 .file = cell_str(cells[2]), .line = cells[3].i,
		                                 .excluded = cells[4].i });
	}
	return r;
}

/* ---- the running kernel ---- */

/* A pattern matches part by part: a star does not reach over a dot. */
static bool key_matches(struct str pattern, struct str key)
{
	while (pattern.p && key.p)
		if (!glob_match(str_cut(&pattern, '.'), str_cut(&key, '.')))
			return false;
	return !pattern.p && !key.p;
}

static const struct wish *wish_of(struct sysctl *sysctl, struct str key)
{
	struct wish *wish = map_get(&sysctl->wishes, key);
	if (wish) {
		wish->seen = true;
		return wish->excluded ? NULL : wish;
	}
	for (size_t i = sysctl->patterns.n; i-- > 0;) {
		wish = &sysctl->patterns.p[i];
		if (key_matches(wish->key, key))
			return wish->excluded ? NULL : wish;
	}
	return NULL;
}

static int key_row(struct sysctl *sysctl, struct str key, struct str value)
{
	const struct wish *wish = wish_of(sysctl, key);
	return scan_row(sysctl->scan, ROW(key, value, wish ? wish->value : STR_NONE, wish ? wish->file : STR_NONE,
	                                  wish ? wish->line : NONE), sysctl->err);
}

static void dir_close_p(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

struct level {
	DIR *dir;
	size_t name; /* length of the key up to here */
};

static void levels_close(struct level (*levels)[DEPTH_MAX + 1])
{
	for (size_t i = 0; i <= DEPTH_MAX; i++)
		dir_close_p(&(*levels)[i].dir);
}

/* Reading the first is work for the kernel, the others are secret keys. */
static bool is_left_alone(struct str key)
{
	return str_is(key, "vm.stat_refresh") || str_ends(key, ".stable_secret") ||
	       str_ends(key, ".tcp_fastopen_key");
}

/* A value of the running kernel. Keys that can only be written say nothing and are left out. */
static int key_read(struct sysctl *sysctl, int dir, const char *name, struct str key)
{
	char *value = sysctl->value;
	if (is_left_alone(key))
		return 0;
	CLEANUP(fd_close_p) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, value, VALUE_MAX);
	if (n >= 0)
		return key_row(sysctl, key, str_trim_right((struct str){ value, (size_t)n }));
	int code = -errno;
	struct stat st;
	if (code == -ENOENT || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (st.st_mode & 0444 && (code == -EACCES || code == -EPERM))
		scan_partial(sysctl->scan, NOTE("cannot read {}: {}", key, str_from(err_words(code))));
	return 0;
}

static struct str key_name(struct buf *key, size_t length, const char *name)
{
	key->n = length;
	if (length)
		buf_add_char(key, '.');
	for (; *name; name++)
		buf_add_char(key, *name == '.' ? '/' : *name);
	return buf_str(key);
}

static int keys_walk(struct sysctl *sysctl, int top)
{
	CLEANUP(levels_close) struct level levels[DEPTH_MAX + 1] = { 0 };
	BUF(key);
	struct stat root, st;
	size_t depth = 0;
	levels[0].dir = fdopendir(top);
	if (!levels[0].dir) {
		close(top);
		return -ENOMEM;
	}
	if (fstat(top, &root) < 0)
		return -errno;
	while (true) {
		struct level *level = &levels[depth];
		struct dirent *entry = readdir(level->dir);
		if (!entry) {
			dir_close_p(&level->dir);
			level->dir = NULL;
			if (depth-- == 0)
				return 0;
			continue;
		}
		if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		if (++sysctl->keys > KEYS_MAX)
			return -E2BIG;
		struct str name = key_name(&key, level->name, entry->d_name);
		if (entry->d_type != DT_DIR) {
			int r = key_read(sysctl, dirfd(level->dir), entry->d_name, name);
			if (r < 0)
				return r;
			continue;
		}
		/* Another file system (binfmt_misc, mounted on demand) is none of sysctl's. */
		if (depth == DEPTH_MAX ||
		    fstatat(dirfd(level->dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 ||
		    st.st_dev != root.st_dev)
			continue;
		int fd = openat(dirfd(level->dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			scan_partial(sysctl->scan, NOTE("cannot read {}: {}", name, str_from(err_words(-errno))));
			continue;
		}
		levels[depth + 1] = (struct level){ fdopendir(fd), name.n };
		if (levels[depth + 1].dir)
			depth++;
		else
			close(fd);
	}
}

/* One key by its name: part by part, as the walk would come to it. */
static int key_ask(struct sysctl *sysctl, int top, struct str key)
{
	CLEANUP(fd_close_p) int at = top;
	struct stat root, st;
	if (fstat(top, &root) < 0)
		return -errno;
	struct str rest = key;
	for (size_t depth = 0; depth <= DEPTH_MAX; depth++) {
		char name[NAME_MAX + 1];
		struct str part = str_cut(&rest, '.');
		if (!part.n || part.n > NAME_MAX || memchr(part.p, 0, part.n))
			return 0;
		for (size_t i = 0; i < part.n; i++)
			name[i] = part.p[i] == '/' ? '.' : part.p[i];
		name[part.n] = 0;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			return 0;
		if (!rest.p)
			return key_read(sysctl, at, name, key);
		int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			scan_partial(sysctl->scan, NOTE("cannot read {}: {}", key, str_from(err_words(-errno))));
		if (next < 0)
			return 0;
		close(at);
		at = next;
		if (fstat(at, &st) < 0 || st.st_dev != root.st_dev)
			return 0;
	}
	return 0;
}

static int sysctl_scan(struct scan *scan, struct err *err)
{
	struct sysctl sysctl = { .scan = scan, .err = err, .wishes = { .arena = scan_arena(scan) },
		                 .value = arena_bytes(scan_arena(scan), VALUE_MAX) };
	struct scan_key only;
	bool keyed = scan_key(scan, "name", &only) && only.how == KEY_EQUAL;
	int r = wishes_read(&sysctl);
	if (r < 0)
		return r;
	int top = root_openat(scan_root(scan), "proc/sys", O_RDONLY | O_DIRECTORY);
	if (top >= 0)
		r = keyed ? key_ask(&sysctl, top, only.text) : keys_walk(&sysctl, top);
	if (top < 0)
		scan_partial(scan, NOTE("cannot read {}: {}", STR("proc/sys"), str_from(err_words(top))));
	for (size_t i = 0; r == 0 && i < sysctl.ordered.n; i++) {
		const struct wish *wish = sysctl.ordered.p[i];
		if (!wish->seen && !wish->excluded && (!keyed || str_eq(wish->key, only.text)))
			r = scan_row(scan, ROW(wish->key, STR_NONE, wish->value, wish->file, wish->line), err);
	}
	return r;
}

const struct table table_sysctl = {
	.name = "sysctl",
	.doc = "Kernel parameters: the running value, and the one configured for the next start",
	.sources = { "etc/sysctl.conf", "etc/sysctl.d/*.conf", "run/sysctl.d/*.conf",
	             "usr/lib/sysctl.d/*.conf", "proc/sys" },
	.scan = sysctl_scan,
	.columns = {
		{ "name", TEXT, "name with dots; a dot within a part is written as a slash, as sysctl does", KEY },
		{ "value", TEXT, "value now, without the last line end; NULL: this kernel has "
		                 "no such key, or it could not be seen" },
		{ "configured", TEXT, "value that the configuration sets; NULL: none" },
		{ "file", TEXT, "file that sets it; NULL: none" },
		{ "line", INT, "line in the file; NULL: none" },
	},
};
