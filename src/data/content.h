/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * content: the product's declared files (checks, profiles, translations …).
 *
 * All of content/ is embedded in the binary (tools/embed.py). A directory of the same shape may lie
 * over it: a file there stands in for the embedded one of the same name, or adds to them. To take an
 * embedded file away, put an empty one in its place.
 *
 * A handle is `struct content content = CONTENT_EMBEDDED`, or content_open() and content_close(). It
 * is read-only after that, so threads may share it. NULL stands for what is embedded alone.
 */
#ifndef WARD_DATA_CONTENT_H
#define WARD_DATA_CONTENT_H

#include "data/doc.h"

enum { CONTENT_FILE_MOST = 64 * 1024 * 1024 };

struct content {
	const char *dir; /* as given, for messages; NULL: what is embedded alone */
	int fd;
};

#define CONTENT_EMBEDDED { NULL, -1 }

/* `dir` must live as long as the handle; NULL: what is embedded alone. */
int content_open(struct content *content, const char *dir, struct err *err) MUST_USE;
void content_close(struct content *content);

/* The files straight in a folder ("checks/", with the slash), in the order of their names:
 * "checks/ssh.yaml". Names that begin with a dot or end in "~" are left out. */
int content_list(struct arena *arena, const struct content *content, const char *folder,
                 struct strings *names, struct err *err) MUST_USE;

/* One file. The source is named "checks/ssh.yaml", or "<dir>/checks/ssh.yaml" from a directory.
 * -ENOENT when there is none. */
int content_read(struct arena *arena, const struct content *content, const char *name,
                 struct source *out, struct err *err) MUST_USE;

#endif
