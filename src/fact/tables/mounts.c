/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * mounts and fstab: file systems that are mounted, and those that shall be.
 *
 * Nothing here touches a file system that a network, a user's program or an automounter stands behind: asking
 * its size may hang for ever.
 */
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/vec.h"
#include "fact/tables/conf.h"

static const char *const local_types[] = {
	"ext2", "ext3",     "ext4",     "xfs",      "btrfs",    "vfat",    "exfat", "ntfs3",
	"f2fs", "tmpfs",    "devtmpfs", "overlay",  "squashfs", "iso9660", "udf",   "erofs",
	"zfs",  "bcachefs", "jfs",      "reiserfs", "nilfs2",   "hfsplus",
};

/* Types whose answers come from the kernel alone, so that a path through them cannot hang. */
static const char *const kernel_types[] = {
	"proc",    "sysfs",  "devpts", "cgroup",    "cgroup2",     "securityfs", "debugfs",
	"tracefs", "bpf",    "mqueue", "pstore",    "hugetlbfs",   "configfs",   "efivarfs",
	"ramfs",   "rootfs", "nsfs",   "selinuxfs", "binfmt_misc", "fusectl",
};

static bool is_one_of(struct str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(word, list[i]))
			return true;
	return false;
}

static bool has_option(struct str options, const char *name)
{
	while (options.p)
		if (str_is(str_cut(&options, ','), name))
			return true;
	return false;
}

struct mount {
	struct str device, path, type, options, root, number;
	int64_t id;
	int64_t blocks_size, blocks, blocks_free, blocks_available, inodes, inodes_free;
};

struct mounts {
	struct mount *p;
	size_t n, room;
};

/* Mount options and those of the file system below, each once; the mount's "ro" or "rw" counts. */
static struct str options_join(struct arena *arena, struct str mount, struct str super)
{
	BUF(all);
	buf_add(&all, mount);
	while (super.p) {
		struct str option = str_cut(&super, ',');
		const char *text = arena_cstr(arena, option);
		if (!option.n || str_is(option, "rw") || has_option(mount, text))
			continue;
		if (str_is(option, "ro")) { /* read-only below: nothing can be written whatever the mount says */
			if (str_starts(buf_str(&all), "rw") && (all.n == 2 || all.p[2] == ','))
				all.p[1] = 'o', all.p[0] = 'r';
			continue;
		}
		buf_add_char(&all, ',');
		buf_add(&all, option);
	}
	return arena_str(arena, buf_str(&all));
}

/* "36 35 98:0 /sub /mnt rw,nosuid shared:1 - ext4 /dev/sda1 rw,errors=continue" (proc_pid_mountinfo(5)) */
static bool mountinfo_parse(struct arena *arena, struct str line, struct mount *mount)
{
	bool known = str_to_int(str_word(&line), 10, &mount->id);
	str_word(&line); /* parent */
	mount->number = str_word(&line);
	mount->root = arena_unoctal(arena, str_word(&line));
	mount->path = arena_unoctal(arena, str_word(&line));
	struct str options = str_word(&line), word = STR_NONE;
	while ((word = str_word(&line)).n && !str_is(word, "-"))
		;
	mount->type = str_word(&line);
	mount->device = arena_unoctal(arena, str_word(&line));
	if (!known || !mount->type.n)
		return false;
	mount->options = options_join(arena, options, str_word(&line));
	return true;
}

static bool mounts_parse(struct arena *arena, struct str line, struct mount *mount)
{
	mount->device = arena_unoctal(arena, str_word(&line));
	mount->path = arena_unoctal(arena, str_word(&line));
	mount->type = str_word(&line);
	mount->options = str_word(&line);
	mount->id = NONE;
	return mount->options.n > 0;
}

static bool is_below(struct str path, struct str top)
{
	if (str_is(top, "/"))
		return true;
	return path.n >= top.n && memcmp(path.p, top.p, top.n) == 0 && (path.n == top.n || path.p[top.n] == '/');
}

/* No mount on the way to this one may hang. */
static bool is_safe(const struct mounts *mounts, const struct mount *mount)
{
	if (!is_one_of(mount->type, local_types, COUNT(local_types)))
		return false;
	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *other = &mounts->p[i];
		if (is_below(mount->path, other->path) && !is_one_of(other->type, local_types, COUNT(local_types)) &&
		    !is_one_of(other->type, kernel_types, COUNT(kernel_types)))
			return false;
	}
	return true;
}

static void mount_measure(struct scan *scan, struct mount *mount)
{
	const char *path = arena_cstr(scan_arena(scan), mount->path);
	CLEANUP(fd_close_p) int fd = root_openat(scan_root(scan), path, O_PATH | O_NOFOLLOW);
	struct statvfs fs;
	struct statx stx;
	if (fd < 0) {
		/* A mount in another part of the tree (chroot, pivot) has no path here. */
		if (fd != -ENOENT)
			scan_partial(scan, NOTE("cannot read {}: {}", mount->path, str_from(err_words(fd))));
		return;
	}
	/* A later mount may cover this one: the path then leads elsewhere. */
	if (mount->id != NONE && syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) == 0 &&
	    (stx.stx_mask & STATX_MNT_ID) && (int64_t)stx.stx_mnt_id != mount->id)
		return;
	if (fstatvfs(fd, &fs) < 0)
		return;
	mount->blocks_size = (int64_t)(fs.f_frsize ? fs.f_frsize : fs.f_bsize);
	mount->blocks = (int64_t)fs.f_blocks;
	mount->blocks_free = (int64_t)fs.f_bfree;
	mount->blocks_available = (int64_t)fs.f_bavail;
	mount->inodes = (int64_t)fs.f_files;
	mount->inodes_free = (int64_t)fs.f_ffree;
}

static int64_t times(int64_t a, int64_t b)
{
	int64_t product;
	return a == NONE || b == NONE || __builtin_mul_overflow(a, b, &product) ? NONE : product;
}

static int mounts_scan(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct mounts mounts = { 0 };
	struct str text, line, file = STR("proc/self/mountinfo");
	int r = scan_file(scan, file.p, &text);
	bool info = r == 0;
	if (!info) {
		file = STR("proc/mounts");
		r = scan_source(scan, file.p, &text, err);
	}
	if (r < 0)
		return r;
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		struct mount mount = { .blocks_size = NONE, .blocks = NONE, .blocks_free = NONE, .blocks_available = NONE,
			               .inodes = NONE, .inodes_free = NONE };
		if (!line.n)
			continue;
		if (info ? mountinfo_parse(arena, line, &mount) : mounts_parse(arena, line, &mount))
			vec_push_in(arena, &mounts, mount);
		else
			conf_bad_line(scan, file, lines.number);
	}
	for (size_t i = 0; i < mounts.n; i++) {
		struct mount *mount = &mounts.p[i];
		if (scan_is_live(scan) && is_safe(&mounts, mount))
			mount_measure(scan, mount);
		r = scan_row(scan,
			     ROW(mount->device, mount->path, mount->type, mount->options,
				 has_option(mount->options, "nodev"), has_option(mount->options, "nosuid"),
				 has_option(mount->options, "noexec"), has_option(mount->options, "ro"),
				 times(mount->blocks, mount->blocks_size),
				 times(mount->blocks_available, mount->blocks_size), mount->blocks_size,
				 mount->blocks, mount->blocks_free, mount->blocks_available, mount->inodes,
				 mount->inodes_free, mount->root, mount->number),
			     err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_mounts = {
	.name = "mounts",
	.doc = "File systems that are mounted, in the order of mounting",
	.sources = { "proc/self/mountinfo", "proc/mounts" },
	.scan = mounts_scan,
	.columns = {
		{ "device", TEXT, "what is mounted: /dev/…, host:/path, tmpfs …" },
		{ "path", TEXT, "where it is mounted" },
		{ "type", TEXT, "kind of file system" },
		{ "flags", TEXT, "options in force, by comma" },
		{ "nodev", INT, "1: device files do not work there" },
		{ "nosuid", INT, "1: set-uid bits do not work there" },
		{ "noexec", INT, "1: nothing can be executed there" },
		{ "ro", INT, "1: read-only" },
		{ "size", INT, "bytes; NULL: not a local file system, covered by another "
		               "mount, or not the running system" },
		{ "free", INT, "bytes free for everyone but root; NULL as size" },
		{ "blocks_size", INT, "bytes of a block; NULL as size" },
		{ "blocks", INT, "blocks; NULL as size" },
		{ "blocks_free", INT, "blocks free for root; NULL as size" },
		{ "blocks_available", INT, "blocks free for everyone else; NULL as size" },
		{ "inodes", INT, "files it can hold; NULL as size" },
		{ "inodes_free", INT, "files it can still take; NULL as size" },
		{ "root", TEXT, "directory of the file system that is mounted; not / for a "
		                "bind mount; NULL: not known" },
		{ "device_number", TEXT, "major:minor; NULL: not known" },
	},
};

/* A password among the options of a network file system is nobody's business. */
static struct str options_public(struct arena *arena, struct str options)
{
	BUF(all);
	while (options.p) {
		struct str option = str_cut(&options, ',');
		ptrdiff_t equal = str_find_char(option, '=');
		struct str name = str_slice(option, 0, equal < 0 ? option.n : (size_t)equal);
		buf_puts(&all, all.n ? "," : "");
		buf_add(&all, name);
		if (equal >= 0 && (str_starts(name, "pass") || str_ends(name, "password") || str_is(name, "password2") ||
		                   str_is(name, "secret")))
			buf_puts(&all, "=***");
		else if (equal >= 0)
			buf_add(&all, str_slice(option, (size_t)equal, option.n));
	}
	return arena_str(arena, buf_str(&all));
}

static int fstab_scan(struct scan *scan, struct err *err)
{
	struct arena *arena = scan_arena(scan);
	struct str text, line;
	int r = scan_file(scan, "etc/fstab", &text);
	if (r < 0)
		return r == -ENOENT ? 0
				    : scan_unavailable(scan, NOTE("cannot read {}: {}", STR("etc/fstab"),
								  str_from(err_words(r))));
	struct conf_lines lines = { .rest = text };
	while (conf_line(&lines, &line)) {
		if (conf_is_comment(line, "#"))
			continue;
		struct str device = arena_unoctal(arena, str_word(&line)), path = arena_unoctal(arena, str_word(&line));
		struct str type = str_word(&line), options = str_word(&line), dump = str_word(&line),
			   pass = str_word(&line);
		if (!type.n) {
			conf_bad_line(scan, STR("/etc/fstab"), lines.number);
			continue;
		}
		options = options.n ? options_public(arena, options) : STR("defaults");
		r = scan_row(scan,
			     ROW(device, path, type, options, has_option(options, "nodev"),
				 has_option(options, "nosuid"), has_option(options, "noexec"),
				 str_int_or(dump, 0), str_int_or(pass, 0), lines.number),
			     err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_fstab = {
	.name = "fstab",
	.doc = "File systems that /etc/fstab wants mounted",
	.sources = { "etc/fstab" },
	.scan = fstab_scan,
	.columns = {
		{ "device", TEXT, "/dev/…, UUID=…, LABEL=…, host:/path" },
		{ "path", TEXT, "where; none or swap for swap" },
		{ "type", TEXT, "kind of file system" },
		{ "options", TEXT, "options, by comma; passwords are shown as ***" },
		{ "nodev", INT, "1: option nodev" },
		{ "nosuid", INT, "1: option nosuid" },
		{ "noexec", INT, "1: option noexec" },
		{ "dump", INT, "field five" },
		{ "pass", INT, "order of checks at start; 0: never checked" },
		{ "line", INT, "line in /etc/fstab" },
	},
};
