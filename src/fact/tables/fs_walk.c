/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fs_findings, capabilities: what one walk over the local file systems turns up (sys/walk.h).
 *
 * The walk is made once, for fs_findings; capabilities are those of its rows of kind 'capability'.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/vec.h"
#include "fact/file_caps.h"
#include "fact/owners.h"
#include "sys/walk.h"

enum { THREADS = 2, FINDINGS_MOST = 500000 };

/* Tags that directories pass on. */
enum {
	TAG_TEMPORARY = 1, /* below /tmp, /var/tmp or /dev */
	TAG_DEVICES = 2,   /* below /dev, but not /dev/shm */
	TAG_HIDDEN = 4,    /* in a directory whose name starts with a dot */
	TAG_CONTAINER = 8, /* below the storage of a container engine */
};

struct finding {
	const char *kind;
	struct str path, detail;
	unsigned mode;
	uint32_t uid, gid;
	int64_t size, mtime;
	bool container;
};

/* One thread's share. */
struct share {
	struct arena arena;
	VEC(struct finding) findings;
	bool full;
};

struct looking {
	struct scan *scan;
	struct owners owners;
	size_t guess; /* inodes in use on the root's file system */
	struct share share[WALK_THREADS_MOST];
};

static void finding_add(struct looking *looking, unsigned thread, const struct walk_entry *entry, const char *kind,
                        struct str detail)
{
	struct share *share = &looking->share[thread];
	const struct statx *st = entry->st;
	BUF(path);
	if (share->findings.n >= FINDINGS_MOST / THREADS) {
		share->full = true;
		return;
	}
	walk_path(entry, &path);
	vec_push(&share->findings,
	         { kind, arena_str(&share->arena, buf_str(&path)), detail, st->stx_mode, st->stx_uid, st->stx_gid,
	           (int64_t)st->stx_size, st->stx_mtime.tv_sec, entry->tag & TAG_CONTAINER });
}

static unsigned tag_of(const struct walk_entry *entry)
{
	static const struct {
		const char *path;
		unsigned tag;
	} places[] = {
		{ "/tmp", TAG_TEMPORARY },
		{ "/var/tmp", TAG_TEMPORARY },
		{ "/dev", TAG_TEMPORARY | TAG_DEVICES },
		{ "/var/lib/docker", TAG_CONTAINER },
		{ "/var/lib/containers", TAG_CONTAINER },
		{ "/var/lib/containerd", TAG_CONTAINER },
		{ "/var/lib/kubelet", TAG_CONTAINER },
		{ "/var/lib/rancher", TAG_CONTAINER },
		{ "/var/lib/lxc", TAG_CONTAINER },
		{ "/var/lib/lxd", TAG_CONTAINER },
		{ "/var/lib/machines", TAG_CONTAINER },
		{ "/var/snap/lxd", TAG_CONTAINER },
	};
	unsigned tag = entry->tag;
	if ((tag & TAG_TEMPORARY) && entry->name.p[0] == '.')
		tag |= TAG_HIDDEN;
	if (entry->depth == 1 && (tag & TAG_DEVICES) && str_is(entry->name, "shm"))
		tag &= ~(unsigned)TAG_DEVICES;
	/* "/home/x/.local/share/containers": rootless Podman */
	if (str_is(entry->name, "containers") && entry->depth >= 3)
		tag |= TAG_CONTAINER;
	if (entry->depth > 2)
		return tag;
	BUF(path);
	walk_path(entry, &path);
	for (size_t i = 0; i < COUNT(places); i++)
		if (str_is(buf_str(&path), places[i].path))
			tag |= places[i].tag;
	return tag;
}

static bool is_unowned(const struct owners *owners, const struct walk_entry *entry)
{
	const struct statx *st = entry->st;
	if (st->stx_uid == 0 && st->stx_gid == 0)
		return false;
	bool user = owners_user(owners, st->stx_uid).p || owners_is_delegated(owners, st->stx_uid);
	bool group = owners_group(owners, st->stx_gid).p || owners_is_delegated(owners, st->stx_gid);
	return !user || !group;
}

static unsigned entry_look(void *ctx, unsigned thread, const struct walk_entry *entry)
{
	struct looking *looking = ctx;
	const struct statx *st = entry->st;
	unsigned mode = st->stx_mode;
	bool regular = S_ISREG(mode), directory = S_ISDIR(mode);
	if (!looking->owners.elsewhere.p && is_unowned(&looking->owners, entry))
		finding_add(looking, thread, entry, "unowned", STR_NONE);
	if (directory) {
		if ((mode & S_IWOTH) && !(mode & S_ISVTX))
			finding_add(looking, thread, entry, "world_writable", STR_NONE);
		return tag_of(entry);
	}
	if (!regular)
		return 0;
	if (mode & S_ISUID)
		finding_add(looking, thread, entry, "suid", STR_NONE);
	if (mode & S_ISGID)
		finding_add(looking, thread, entry, "sgid", STR_NONE);
	if (mode & S_IWOTH)
		finding_add(looking, thread, entry, "world_writable", STR_NONE);
	if (!(mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return 0;
	if ((entry->tag & TAG_TEMPORARY) &&
	    (entry->name.p[0] == '.' || (entry->tag & (TAG_HIDDEN | TAG_DEVICES))))
		finding_add(looking, thread, entry, "hidden_executable", STR_NONE);
	unsigned char value[FILE_CAPS_MOST];
	ssize_t n = walk_xattr(entry, "security.capability", value, sizeof(value));
	if (n > 0)
		finding_add(looking, thread, entry, "capability",
		            file_caps_text(&looking->share[thread].arena, value, (size_t)n));
	return 0;
}

static bool tick(void *ctx, size_t entries)
{
	struct looking *looking = ctx;
	scan_progress(looking->scan, entries, looking->guess > entries ? looking->guess : 0);
	return scan_expired(looking->scan);
}

static int by_path(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int r = str_compare(x->path, y->path);
	return r ? r : strcmp(x->kind, y->kind);
}

static struct str number(struct scan *scan, size_t n)
{
	return arena_printf(scan_arena(scan), "%zu", n);
}

static void tell_coverage(struct looking *looking, const struct walk *walk)
{
	struct scan *scan = looking->scan;
	if (walk->stopped)
		scan_partial(scan, NOTE("time is up after {} files", number(scan, walk->entries)));
	if (walk->unreadable)
		scan_partial(scan, NOTE("{} files or directories could not be looked at, such as {}: {}",
		                        number(scan, walk->unreadable), walk->unreadable_path,
		                        str_from(err_words(walk->unreadable_why))));
	if (walk->unknown.p)
		scan_partial(scan, NOTE("{} was not entered: file system of unknown type {}", walk->unknown_path,
		                        walk->unknown));
	if (walk->no_mountinfo)
		scan_partial(scan, NOTE("cannot read {}: {}", STR("/proc/self/mountinfo"),
		                        str_from(err_words(-ENOENT))));
	if (looking->owners.elsewhere.p)
		scan_partial(scan, NOTE("some accounts are kept by {}: files without an owner cannot be told",
		                        looking->owners.elsewhere));
	for (size_t i = 0; i < THREADS; i++)
		if (looking->share[i].full)
			scan_partial(scan, NOTE("more than {} findings", number(scan, FINDINGS_MOST)));
}

static int findings_rows(struct looking *looking, struct err *err)
{
	struct scan *scan = looking->scan;
	struct arena *arena = scan_arena(scan);
	size_t n = 0;
	for (size_t i = 0; i < THREADS; i++)
		n += looking->share[i].findings.n;
	struct finding *all = ARENA_ARRAY(arena, struct finding, n + 1);
	n = 0;
	for (size_t i = 0; i < THREADS; i++) {
		const struct share *share = &looking->share[i];
		if (share->findings.n)
			memcpy(all + n, share->findings.p, share->findings.n * sizeof(*all));
		n += share->findings.n;
	}
	qsort(all, n, sizeof(*all), by_path);
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = &all[i];
		unsigned bits = f->mode & 07777;
		int r = scan_row(scan, ROW(f->path, f->kind, S_ISDIR(f->mode) ? "directory" : S_ISREG(f->mode) ? "regular" : "other",
		                           arena_printf(arena, "%04o", bits), bits, f->uid, f->gid,
		                           owners_user(&looking->owners, f->uid), owners_group(&looking->owners, f->gid),
		                           f->size, f->mtime, f->container, f->detail), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fs_findings_scan(struct scan *scan, struct err *err)
{
	struct looking *looking = ARENA_NEW(scan_arena(scan), struct looking);
	looking->scan = scan;
	struct str text;
	/* Without the accounts nothing could be said about owners. */
	int r = scan_source(scan, "etc/passwd", &text, err);
	if (r < 0)
		return r;
	owners_read(scan, &looking->owners);
	if (!looking->owners.groups.n)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("etc/group"), str_from(err_words(-ENOENT))));
	struct statvfs vfs;
	if (fstatvfs(scan_root(scan)->fd, &vfs) == 0 && vfs.f_files > vfs.f_ffree)
		looking->guess = vfs.f_files - vfs.f_ffree;
	struct walk walk = {
		.root = scan_root(scan), .threads = THREADS, .ctx = looking, .entry = entry_look, .tick = tick,
	};
	r = walk_run(scan_arena(scan), &walk, err);
	if (r == 0) {
		tell_coverage(looking, &walk);
		r = findings_rows(looking, err);
	}
	for (size_t i = 0; i < THREADS; i++) {
		arena_done(&looking->share[i].arena);
		vec_done(&looking->share[i].findings);
	}
	return r;
}

enum { F_PATH, F_KIND, F_TYPE, F_MODE, F_MODE_BITS, F_UID, F_GID, F_USERNAME, F_GROUPNAME, F_SIZE, F_MTIME,
       F_CONTAINER, F_DETAIL };

const struct table table_fs_findings = {
	.name = "fs_findings",
	.doc = "What one walk over the local file systems turns up: suid, sgid, world_writable (files, and directories "
	       "without the sticky bit), unowned, hidden_executable (below /tmp, /var/tmp, /dev), capability",
	.sources = { "etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/subuid", "etc/subgid",
	             "every local file system" },
	.flags = TABLE_DEEP,
	.scan = fs_findings_scan,
	.columns = {
		[F_PATH] = { "path", TEXT, "absolute path" },
		[F_KIND] = { "kind", TEXT, "suid, sgid, world_writable, unowned, hidden_executable or capability" },
		[F_TYPE] = { "type", TEXT, "regular, directory or other" },
		[F_MODE] = { "mode", TEXT, "permission bits, octal: '4755'" },
		[F_MODE_BITS] = { "mode_bits", INT, "the same as a number" },
		[F_UID] = { "uid", INT, "owner" },
		[F_GID] = { "gid", INT, "group" },
		[F_USERNAME] = { "username", TEXT, "name of the owner; NULL: not in /etc/passwd" },
		[F_GROUPNAME] = { "groupname", TEXT, "name of the group; NULL: not in /etc/group" },
		[F_SIZE] = { "size", INT, "bytes" },
		[F_MTIME] = { "mtime", INT, "content last changed, seconds since 1970" },
		[F_CONTAINER] = { "container", INT, "1: in the storage of a container engine, not a file of the host itself" },
		[F_DETAIL] = { "detail", TEXT, "of a capability: what getcap says; NULL: nothing to add" },
	},
};

static int capabilities_scan(struct scan *scan, struct err *err)
{
	int r;
	const struct rows *found = scan_table(scan, &table_fs_findings, &r);
	if (!found)
		return r;
	for (size_t i = 0; i < found->n && r >= 0; i++) {
		const struct cell *cells = rows_at(found, i);
		if (str_is(cell_str(cells[F_KIND]), "capability"))
			r = scan_row(scan, ROW(cells[F_PATH], cells[F_DETAIL], cells[F_MODE], cells[F_UID], cells[F_GID],
			                       cells[F_CONTAINER]), err);
	}
	return r;
}

const struct table table_capabilities = {
	.name = "capabilities",
	.doc = "Executable files that carry capabilities, from the walk of fs_findings",
	.sources = { "etc/passwd", "etc/group", "every local file system" },
	.flags = TABLE_DEEP,
	.scan = capabilities_scan,
	.columns = {
		{ "path", TEXT, "absolute path" },
		{ "capabilities", TEXT, "as getcap says: 'cap_net_raw=ep'; NULL: not understood" },
		{ "mode", TEXT, "permission bits, octal" },
		{ "uid", INT, "owner" },
		{ "gid", INT, "group" },
		{ "container", INT, "1: in the storage of a container engine" },
	},
};
