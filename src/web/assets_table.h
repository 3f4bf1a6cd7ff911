/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * assets_table: what tools/console.py makes of the console.
 */
#ifndef WARD_WEB_ASSETS_TABLE_H
#define WARD_WEB_ASSETS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "web/assets.h"

struct asset_entry {
	const char *path;    /* "/index.html" */
	const char *type;
	const char *tag;     /* beginning of the SHA-256 of the plain bytes */
	bool forever;
	struct {
		const char *begin, *end;
	} in[ASSET_CODINGS]; /* NULL: not in this coding */
};

/* In order of their paths. */
extern const struct asset_entry asset_table[];
extern const size_t asset_table_count;

#endif
