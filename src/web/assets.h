/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * assets: the console's files, which are in the binary (tools/console.py builds, compresses and embeds them).
 *
 * A file whose name holds the digest of what is in it (below /assets/) may be kept by browsers for ever; the others are asked for again each
 * time, by their tag. Any path without an ending is a page of the console, so it gets index.html.
 */
#ifndef WARD_WEB_ASSETS_H
#define WARD_WEB_ASSETS_H

#include "base/str.h"

enum asset_coding { ASSET_PLAIN, ASSET_GZIP, ASSET_BROTLI, ASSET_CODINGS };

struct asset {
	struct str bytes;
	const char *type;     /* Content-Type */
	const char *coding;   /* Content-Encoding, or NULL */
	const char *cache;    /* Cache-Control */
	char etag[40];        /* with its quotes */
	bool same;            /* the client has it already: 304 */
};

/* `path` as it came, still encoded, without its query. False: there is none. `accepts`, `none_match`: the headers Accept-Encoding and
 * If-None-Match, or STR_NONE. */
bool asset_find(struct str path, struct str accepts, struct str none_match, struct asset *out);

#endif
