/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * yaml: YAML 1.1 text into a `doc`, by libyaml's events.
 *
 * Bounded: depth at most YAML_DEPTH, nodes at most YAML_NODES; anchors and aliases are refused (they
 * let a small file grow without end, and no content file needs them), as are tags, duplicate keys and
 * more than one document. Plain scalars resolve as in the YAML 1.2 core schema: null, true, false,
 * integers, floats; everything else, and whatever was quoted, is text. A key is text always.
 * Columns count characters, as an editor does.
 */
#ifndef WARD_DATA_YAML_H
#define WARD_DATA_YAML_H

#include "data/doc.h"

enum { YAML_DEPTH = 64, YAML_NODES = 2000000 };

/* 0; -EINVAL with "<name>:<line>:<column>: …". An empty text is DOC_NULL. Strings are in the arena. */
int yaml_parse(struct arena *arena, struct source *source, const struct doc **out, struct err *err) MUST_USE;

#endif
