/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * inspection_frames: an inspection and the tables of a host as frames for the server (role/inspector.h), and which tables
 * those are.
 *
 * content/inventory.yaml is a list:
 *
 *	- table: deb_packages
 *	  columns: [name, version, arch, installed]   # all of them otherwise
 *
 * What stands in no column there is never sent, whatever a check looked at.
 */
#ifndef WARD_ROLE_INSPECTION_FRAMES_H
#define WARD_ROLE_INSPECTION_FRAMES_H

#include "check/inspection.h"

struct inventory_item {
	struct str table_name;
	struct strings names;
	const struct doc *node;
	const struct table *table; /* found by inventory_load() */
	uint64_t columns;
};

struct inventory {
	struct inventory_item *p;
	size_t n;
};

int inventory_load(struct arena *arena, const struct content *content, struct inventory *out, struct err *err) MUST_USE;
/* These tables will be sent: they are taken with their columns when a check takes them first. */
void inventory_want(const struct inventory *inventory, struct facts *facts);

/* All frames but the last. */
void inspection_frames(struct buf *out, const struct inspection *inspection, const struct inventory *inventory,
                       struct facts *facts);
void inspection_failed_frame(struct buf *out, struct str why);
void inspection_done_frame(struct buf *out, uint64_t number);

#endif
