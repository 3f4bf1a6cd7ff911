/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * content_table: what tools/embed.py made of content/. Only content.c includes this.
 */
#ifndef WARD_DATA_CONTENT_TABLE_H
#define WARD_DATA_CONTENT_TABLE_H

#include <stddef.h>

struct content_entry {
	const char *name; /* "checks/ssh.yaml" */
	const char *start, *end;
};

/* Ordered by name, as strcmp does. */
extern const struct content_entry content_table[];
extern const size_t content_table_count;

#endif
