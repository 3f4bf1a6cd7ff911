/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * file, hash: what a query asks for by name. Nothing is opened for reading except by `hash`, so that a
 * FIFO or a device does no harm and no access time changes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "fact/file_caps.h"
#include "fact/owners.h"
#include "fact/path_keys.h"

enum { XATTR_NAMES_MOST = 64 * 1024, HASH_CHUNK = 256 * 1024 };

static const char *type_of(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "regular";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFBLK:
		return "block";
	case S_IFCHR:
		return "character";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "unknown";
	}
}

/* Letters of lsattr for what statx tells without opening the file. */
static struct str attributes_of(struct arena *arena, const struct statx *st)
{
	static const struct {
		uint64_t bit;
		char letter;
	} known[] = {
		{ STATX_ATTR_IMMUTABLE, 'i' }, { STATX_ATTR_APPEND, 'a' },    { STATX_ATTR_NODUMP, 'd' },
		{ STATX_ATTR_COMPRESSED, 'c' }, { STATX_ATTR_ENCRYPTED, 'E' }, { STATX_ATTR_VERITY, 'V' },
	};
	if (!(st->stx_attributes_mask & STATX_ATTR_IMMUTABLE))
		return STR_NONE;
	char *out = arena_bytes(arena, COUNT(known) + 1);
	size_t n = 0;
	for (size_t i = 0; i < COUNT(known); i++)
		if (st->stx_attributes & known[i].bit)
			out[n++] = known[i].letter;
	out[n] = 0;
	return (struct str){ out, n };
}

struct xattrs {
	struct str capabilities;
	int64_t acl;
};

/* By way of /proc/self/fd, since the attributes of an O_PATH descriptor can be asked for in no other way. */
static int xattrs_read(struct scan *scan, int fd, struct xattrs *out)
{
	char path[64], names[4096];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*out = (struct xattrs){ STR(""), 0 };
	char *list = names;
	ssize_t n = listxattr(path, names, sizeof(names));
	if (n < 0 && errno == ERANGE) {
		list = arena_bytes(scan_arena(scan), XATTR_NAMES_MOST);
		n = listxattr(path, list, XATTR_NAMES_MOST);
	}
	if (n < 0 && errno == ENOTSUP)
		return 0;
	if (n < 0) {
		*out = (struct xattrs){ STR_NONE, NONE };
		return -errno;
	}
	for (struct str rest = { list, (size_t)n }; rest.n;) {
		struct str name = str_cut(&rest, 0);
		if (str_is(name, "system.posix_acl_access") || str_is(name, "system.posix_acl_default"))
			out->acl = 1;
		if (str_is(name, "security.capability")) {
			unsigned char value[FILE_CAPS_MOST];
			ssize_t size = getxattr(path, "security.capability", value, sizeof(value));
			out->capabilities = size < 0 ? STR_NONE
			                             : file_caps_text(scan_arena(scan), value, (size_t)size);
		}
	}
	return 0;
}

static void cannot_read(struct scan *scan, struct str path, int r)
{
	scan_partial(scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
}

static int file_row(struct scan *scan, const struct owners *owners, const struct path_found *found,
                    struct err *err)
{
	const struct root *root = scan_root(scan);
	struct arena *arena = scan_arena(scan);
	BUF(link);
	CLEANUP(fd_close_p) int fd = root_openat(root, found->path.p, O_PATH | O_NOFOLLOW);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0) {
		cannot_read(scan, found->path, fd);
		return 0;
	}
	struct stat plain;
	bool is_link = fstat(fd, &plain) == 0 && S_ISLNK(plain.st_mode);
	if (is_link) {
		int r = root_readlink(root, found->path.p, &link);
		int target = root_openat(root, found->path.p, O_PATH);
		if (target >= 0) {
			close(fd);
			fd = target;
		} else if (target != -ENOENT && target != -ENOTDIR && target != -ELOOP) {
			cannot_read(scan, found->path, target);
		}
		if (r < 0 && r != -ENOENT)
			cannot_read(scan, found->path, r);
	}
	struct statx st;
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &st) < 0) {
		cannot_read(scan, found->path, -errno);
		return 0;
	}
	struct xattrs xattrs = { STR(""), 0 };
	if (!S_ISLNK(st.stx_mode) && scan_wants(scan, "capabilities acl")) {
		int r = xattrs_read(scan, fd, &xattrs);
		if (r < 0)
			scan_partial_in(scan, "capabilities acl", NOTE("cannot read {}: {}", found->path,
			                                               str_from(err_words(r))));
	}
	int64_t uid = scan_owner(scan, st.stx_uid, "uid username"), gid = scan_owner(scan, st.stx_gid, "gid groupname");
	ptrdiff_t slash = str_find_char_last(found->path, '/');
	struct str filename = str_slice(found->path, (size_t)(slash + 1), found->path.n);
	unsigned bits = st.stx_mode & 07777;
	bool has_btime = st.stx_mask & STATX_BTIME;
	return scan_row(scan,
	                ROW(found->path, found->directory, filename, type_of(st.stx_mode),
	                    arena_printf(arena, "%04o", bits), bits, uid, gid,
	                    uid == NONE ? STR_NONE : owners_user(owners, st.stx_uid),
	                    gid == NONE ? STR_NONE : owners_group(owners, st.stx_gid), (int64_t)st.stx_size,
	                    st.stx_mtime.tv_sec, st.stx_ctime.tv_sec, has_btime ? st.stx_btime.tv_sec : NONE,
	                    (int64_t)st.stx_ino, (int64_t)makedev(st.stx_dev_major, st.stx_dev_minor),
	                    st.stx_nlink, is_link, is_link ? buf_str(&link) : STR_NONE, attributes_of(arena, &st),
	                    xattrs.capabilities, xattrs.acl), err);
}

static int file_scan(struct scan *scan, struct err *err)
{
	struct owners owners;
	struct path_list list;
	int r = path_keys_read(scan, &list, err);
	if (r < 0)
		return r;
	if (list.n)
		owners_read(scan, &owners);
	for (size_t i = 0; i < list.n && r >= 0; i++)
		r = file_row(scan, &owners, &list.p[i], err);
	return r;
}

const struct table table_file = {
	.name = "file",
	.doc = "Files by name; what a symbolic link leads to is described, or the link itself when it leads nowhere",
	.sources = { "the path or directory asked for", "etc/passwd", "etc/group", "etc/nsswitch.conf" },
	.scan = file_scan,
	.columns = {
		{ "path", TEXT, "absolute path; = , LIKE (% is one level, %% all below) or GLOB", KEY | REQUIRED },
		{ "directory", TEXT, "the directory that it is in", KEY | REQUIRED },
		{ "filename", TEXT, "name within the directory" },
		{ "type", TEXT, "regular, directory, symlink (leads nowhere), block, character, fifo or socket" },
		{ "mode", TEXT, "permission bits, octal: '0644'" },
		{ "mode_bits", INT, "the same as a number: mode_bits & 2 is write for all" },
		{ "uid", INT, "owner" },
		{ "gid", INT, "group" },
		{ "username", TEXT, "name of the owner; NULL: not in /etc/passwd" },
		{ "groupname", TEXT, "name of the group; NULL: not in /etc/group" },
		{ "size", INT, "bytes" },
		{ "mtime", INT, "content last changed, seconds since 1970" },
		{ "ctime", INT, "content, owner or mode last changed, seconds since 1970" },
		{ "btime", INT, "created, seconds since 1970; NULL: the file system does not know" },
		{ "inode", INT, "inode number" },
		{ "device", INT, "device number of the file system" },
		{ "hard_links", INT, "number of names" },
		{ "symlink", INT, "1: the path is a symbolic link" },
		{ "target", TEXT, "what the symbolic link says; NULL: it is none" },
		{ "attributes", TEXT, "letters as of lsattr: i immutable, a append only, d no dump, c compressed, "
		                      "E encrypted, V verity; NULL: the file system does not tell" },
		{ "capabilities", TEXT, "file capabilities as getcap says them; empty: none; NULL: unknown" },
		{ "acl", INT, "1: has an access control list beyond the mode; NULL: unknown" },
	},
};

/* ---- hash ---- */

struct hashing {
	struct digest_stream *stream;
	char *chunk;
};

static int hash_row(struct scan *scan, const struct hashing *hashing, const struct path_found *found,
                    struct err *err)
{
	const struct root *root = scan_root(scan);
	struct arena *arena = scan_arena(scan);
	struct stat st;
	int r = root_stat(root, found->path.p, true, &st);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || (r == 0 && !S_ISREG(st.st_mode)))
		return 0;
	CLEANUP(fd_close_p) int fd = r < 0 ? r : root_openat(root, found->path.p, O_RDONLY | O_NOATIME);
	if (fd == -EPERM)
		fd = root_openat(root, found->path.p, O_RDONLY);
	/* What was a file may be a FIFO by now: look again at what was opened. */
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		cannot_read(scan, found->path, fd < 0 ? fd : -ENXIO);
		return 0;
	}
	digest_stream_reset(hashing->stream);
	int64_t size = 0;
	for (;;) {
		ssize_t n = read(fd, hashing->chunk, HASH_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			cannot_read(scan, found->path, -errno);
			return 0;
		}
		if (n == 0)
			break;
		digest_stream_add(hashing->stream, (struct str){ hashing->chunk, (size_t)n });
		size += n;
		if (scan_expired(scan)) {
			scan_partial(scan, NOTE("time is up at {}", found->path));
			return 0;
		}
	}
	return scan_row(scan, ROW(found->path, found->directory,
	                          digest_stream_hex(arena, hashing->stream, DIGEST_SHA256),
	                          digest_stream_hex(arena, hashing->stream, DIGEST_SM3), size), err);
}

static int hash_scan(struct scan *scan, struct err *err)
{
	static const enum digest algorithms[] = { DIGEST_SHA256, DIGEST_SM3 };
	struct path_list list;
	int r = path_keys_read(scan, &list, err);
	if (r < 0)
		return r;
	CLEANUP(digest_stream_free_p) struct digest_stream *stream = digest_stream_new(algorithms, COUNT(algorithms));
	if (!stream)
		return err_set(err, -ENOTSUP, "libgcrypt refuses SHA-256 or SM3");
	struct hashing hashing = { stream, arena_bytes(scan_arena(scan), HASH_CHUNK) };
	for (size_t i = 0; i < list.n && r >= 0; i++) {
		if (scan_expired(scan)) {
			scan_partial(scan, NOTE("time is up at {}", list.p[i].path));
			break;
		}
		r = hash_row(scan, &hashing, &list.p[i], err);
		scan_progress(scan, i + 1, list.n);
	}
	return r;
}

const struct table table_hash = {
	.name = "hash",
	.doc = "Digests of regular files by name, links followed",
	.sources = { "the path or directory asked for" },
	.flags = TABLE_DEEP,
	.scan = hash_scan,
	.columns = {
		{ "path", TEXT, "absolute path; = , LIKE (% is one level, %% all below) or GLOB", KEY | REQUIRED },
		{ "directory", TEXT, "the directory that it is in", KEY | REQUIRED },
		{ "sha256", TEXT, "SHA-256, hexadecimal" },
		{ "sm3", TEXT, "SM3 (GB/T 32905-2016), hexadecimal" },
		{ "size", INT, "bytes read" },
	},
};
