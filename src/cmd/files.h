/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * files: the files that a user names on the command line.
 */
#ifndef WARD_CMD_FILES_H
#define WARD_CMD_FILES_H

#include "data/doc.h"

enum { FILE_MOST = 256 * 1024 * 1024 };

/* Whole or not at all: written beside its place, then renamed. For the owner's eyes only (0600). */
int file_write(struct arena *arena, const char *path, struct str text, struct err *err) MUST_USE;

/* At most FILE_MOST bytes of a regular file, named as given. */
int file_load(struct arena *arena, const char *path, struct source *out, struct err *err) MUST_USE;

#endif
