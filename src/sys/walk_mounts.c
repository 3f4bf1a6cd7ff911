/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/walk_mounts.h"

#include "base/vec.h"

enum { MOUNTS_MOST = 100000 };

enum kind { KIND_LOCAL, KIND_LEFT_OUT, KIND_UNKNOWN };

struct mount {
	struct str device, inside, at, type; /* "254:0", path within the file system, mount point */
};

struct accepted {
	struct str device, inside;
};

static enum kind kind_of(struct str type, struct str at)
{
	static const char *const local[] = {
		"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "nilfs2", "bcachefs", "zfs", "tmpfs",
		"ramfs", "devtmpfs", "rootfs", "vfat", "msdos", "exfat", "ntfs", "ntfs3", "hfs", "hfsplus", "udf",
		"iso9660", "squashfs", "erofs", "minix", "ubifs", "jffs2",
	};
	static const char *const left_out[] = {
		/* of the kernel */
		"proc", "sysfs", "devpts", "cgroup", "cgroup2", "cpuset", "securityfs", "debugfs", "tracefs",
		"configfs", "fusectl", "pstore", "bpf", "mqueue", "hugetlbfs", "autofs", "rpc_pipefs",
		"binfmt_misc", "nfsd", "efivarfs", "selinuxfs", "smackfs", "nsfs", "resctrl", "functionfs",
		/* views of other directories */
		"overlay", "aufs", "ecryptfs",
		/* network, cluster and the host of a virtual machine */
		"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "9p", "virtiofs",
		"vboxsf", "vmhgfs", "gfs2", "ocfs2", "beegfs", "gpfs", "davfs", "coda", "orangefs",
	};
	if (str_is(type, "fuse") || str_is(type, "fuseblk") || str_starts(type, "fuse."))
		return KIND_LEFT_OUT;
	if (str_is(type, "squashfs") && (str_starts(at, "/snap/") || str_starts(at, "/var/lib/snapd/snap/")))
		return KIND_LEFT_OUT;
	for (size_t i = 0; i < COUNT(left_out); i++)
		if (str_is(type, left_out[i]))
			return KIND_LEFT_OUT;
	for (size_t i = 0; i < COUNT(local); i++)
		if (str_is(type, local[i]))
			return KIND_LOCAL;
	return KIND_UNKNOWN;
}

/* mountinfo writes space, tab, newline and backslash as \040 and so on. */
static bool mount_parse(struct arena *arena, struct str line, struct mount *out)
{
	str_word(&line);
	str_word(&line);
	out->device = str_word(&line);
	out->inside = arena_unoctal(arena, str_word(&line));
	out->at = arena_unoctal(arena, str_word(&line));
	ptrdiff_t dash = str_find(line, " - ");
	if (dash < 0 || !str_starts(out->at, "/"))
		return false;
	line = str_slice(line, (size_t)dash + 3, line.n);
	out->type = str_word(&line);
	return out->type.n > 0;
}

/* `path` is `above` or lies below it; *rest is what follows ("" or "/x"). "/" and "" are above everything. */
static bool is_below(struct str path, struct str above, struct str *rest)
{
	if (str_is(above, "/"))
		above = STR("");
	if (path.n < above.n || memcmp(path.p, above.p, above.n) != 0)
		return false;
	*rest = str_slice(path, above.n, path.n);
	if (str_is(*rest, "/"))
		*rest = STR("");
	return rest->n == 0 || rest->p[0] == '/';
}

static struct walk_node *node_make(struct arena *arena, struct walk_node *top, struct str path)
{
	struct walk_node *node = top;
	while (path.p) {
		struct str name = str_cut(&path, '/');
		if (!name.n)
			continue;
		struct walk_node *child = node->children;
		while (child && !str_eq(child->name, name))
			child = child->next;
		if (!child) {
			child = ARENA_NEW(arena, struct walk_node);
			*child = (struct walk_node){ .name = name, .next = node->children };
			node->children = child;
		}
		node = child;
	}
	return node;
}

void walk_mounts_parse(struct arena *arena, struct str mountinfo, struct str root, struct walk_mounts *out)
{
	VEC(struct mount) mounts = { 0 };
	VEC(struct accepted) accepted = { 0 };
	struct str line, rest;
	struct mount mount, own = { 0 };
	*out = (struct walk_mounts){ .unknown = STR_NONE };
	while (str_line(&mountinfo, &line) && mounts.n < MOUNTS_MOST) {
		if (!mount_parse(arena, line, &mount))
			continue;
		/* The root's own mount is the last one at or above it. */
		if (is_below(root, mount.at, &rest) && mount.at.n >= own.at.n)
			own = mount;
		else if (is_below(mount.at, root, &rest) && rest.n)
			vec_push_in(arena, &mounts, mount);
	}
	if (own.at.n && is_below(root, own.at, &rest)) {
		struct str inside = str_is(own.inside, "/") ? rest
		                                            : arena_printf(arena, "%.*s%.*s", STR_ARG(own.inside),
		                                                           STR_ARG(rest));
		vec_push_in(arena, &accepted, { own.device, inside });
	}
	for (size_t i = 0; i < mounts.n; i++) {
		const struct mount *m = &mounts.p[i];
		struct str below;
		if (!is_below(m->at, root, &below))
			continue;
		struct walk_node *node = node_make(arena, &out->top, below);
		enum kind kind = kind_of(m->type, below);
		node->mount = WALK_LEAVE_OUT;
		if (kind == KIND_UNKNOWN && !out->unknown.p) {
			out->unknown = m->type;
			out->unknown_path = below;
		}
		bool again = false;
		for (size_t j = 0; j < accepted.n; j++)
			again |= str_eq(accepted.p[j].device, m->device) &&
			         is_below(m->inside, accepted.p[j].inside, &rest);
		if (kind != KIND_LOCAL || again)
			continue;
		node->mount = WALK_ENTER;
		vec_push_in(arena, &accepted, { m->device, m->inside });
	}
}

const struct walk_node *walk_mounts_child(const struct walk_node *node, struct str name)
{
	const struct walk_node *child = node ? node->children : NULL;
	while (child && !str_eq(child->name, name))
		child = child->next;
	return child;
}
