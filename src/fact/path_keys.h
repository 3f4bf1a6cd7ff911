/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * path_keys: the files that a query over `path` and `directory` asks for.
 *
 * As in osquery: with LIKE, "%" and "_" stand for names of one level and "%%" for everything below, at any
 * depth; with GLOB the same goes for "*", "?", "[]" and "**". Other letters must match exactly. A search at any
 * depth does not follow symbolic links and stays on the file system on which it starts. Limits: PATHS_MOST
 * paths, PATHS_DEPTH levels; beyond them the table is partial.
 */
#ifndef WARD_FACT_PATH_KEYS_H
#define WARD_FACT_PATH_KEYS_H

#include "fact/scan.h"

enum { PATHS_MOST = 200000, PATHS_DEPTH = 64 };

struct path_found {
	struct str path, directory; /* NUL-terminated; as the query writes them */
};

struct path_list {
	struct path_found *p;
	size_t n, room;
};

/* In scratch memory. A path that was asked for by "=" is listed whether there is such a file or not. */
int path_keys_read(struct scan *scan, struct path_list *list, struct err *err) MUST_USE;

#endif
