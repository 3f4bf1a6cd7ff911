/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * walk_mounts: the mount points below a root, as a tree of names, and whether the walk enters them.
 */
#ifndef WARD_SYS_WALK_MOUNTS_H
#define WARD_SYS_WALK_MOUNTS_H

#include "base/arena.h"

enum walk_mount { WALK_NO_MOUNT, WALK_ENTER, WALK_LEAVE_OUT };

struct walk_node {
	struct str name;
	enum walk_mount mount;
	struct walk_node *children, *next;
};

struct walk_mounts {
	struct walk_node top;
	struct str unknown, unknown_path; /* a type that is not known here; p is NULL: none */
};

/* From the text of mountinfo (proc(5)); `root` is the absolute path of the root, "" for "/". */
void walk_mounts_parse(struct arena *arena, struct str mountinfo, struct str root, struct walk_mounts *out);
/* The node of a name below a node (which may be NULL); NULL: no mount is at or below it. */
const struct walk_node *walk_mounts_child(const struct walk_node *node, struct str name);

#endif
