/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sysctl: kernel parameters as they are, and as the configuration wants them.
 *
 * Configuration as systemd-sysctl and procps read it (sysctl.d(5)): the drop-in files by name, the last
 * assignment of a key wins, "-key" keeps a key out of patterns, and a pattern counts only for keys that are
 * not named outright. /etc/sysctl.conf comes last where nothing but procps reads it.
 */
#include <dirent.h>
#include <fcntl.h>
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

static void wish_file(struct sysctl *sysctl, struct str path)
{
	struct str text, line;
	if (scan_file(sysctl->scan, path.p, &text) < 0)
		return;
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		struct wish wish = { .file = path, .line = lines.number };
		struct str key = STR_NONE;
		if (conf_is_comment(line, "#;"))
			continue;
		line = str_trim(line);
		bool dash = line.p[0] == '-';
		line = str_slice(line, dash, line.n);
		if (!conf_pair(line, &key, &wish.value)) {
			wish.excluded = dash;
			key = str_trim(line);
		}
		if (!key.n || (!wish.value.p && !dash)) {
			conf_bad_line(sysctl->scan, path, lines.number);
			continue;
		}
		wish.key = wish_key(scan_arena(sysctl->scan), key);
		wish_take(sysctl, wish);
	}
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

static void wishes_read(struct sysctl *sysctl)
{
	static const char *const directories[] = { "etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d",
		                                   "usr/lib/sysctl.d", "lib/sysctl.d", NULL };
	struct strings files = conf_files(sysctl->scan, directories, ".conf");
	for (size_t i = 0; i < files.n; i++)
		wish_file(sysctl, files.p[i]);
	if (!has_old_file(sysctl->scan, files))
		wish_file(sysctl, STR("/etc/sysctl.conf"));
}

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

static int sysctl_scan(struct scan *scan, struct err *err)
{
	struct sysctl sysctl = { .scan = scan, .err = err, .wishes = { .arena = scan_arena(scan) },
		                 .value = arena_bytes(scan_arena(scan), VALUE_MAX) };
	wishes_read(&sysctl);
	int top = root_openat(scan_root(scan), "proc/sys", O_RDONLY | O_DIRECTORY);
	int r = top < 0 ? 0 : keys_walk(&sysctl, top);
	if (top < 0)
		scan_partial(scan, NOTE("cannot read {}: {}", STR("proc/sys"), str_from(err_words(top))));
	for (size_t i = 0; r == 0 && i < sysctl.ordered.n; i++) {
		const struct wish *wish = sysctl.ordered.p[i];
		if (!wish->seen && !wish->excluded)
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
		{ "name", TEXT, "name with dots; a dot within a part is written as a slash, as sysctl does" },
		{ "value", TEXT, "value now, without the last line end; NULL: this kernel has "
		                 "no such key, or it could not be seen" },
		{ "configured", TEXT, "value that the configuration sets; NULL: none" },
		{ "file", TEXT, "file that sets it; NULL: none" },
		{ "line", INT, "line in the file; NULL: none" },
	},
};
