/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * watch: directories being watched by inotify; one watch serves all files of a directory.
 *
 * Where inotify says nothing (network file systems, no watches left) the caller has to look by itself: watch_add() tells.
 */
#ifndef WARD_EVENT_INPUTS_WATCH_H
#define WARD_EVENT_INPUTS_WATCH_H

#include "base/err.h"
#include "base/str.h"

struct watch;

struct watch_event {
	struct str directory, name; /* valid until the next call; name is empty when many were lost: look everywhere */
	bool written;               /* the file got longer or was closed by a writer */
	bool listed;                /* a name came or went */
};

/* Never NULL; without inotify it has no descriptor and gives no events. */
struct watch *watch_new(void);
void watch_free(struct watch *watch);
int watch_fd(const struct watch *watch); /* or -1 */
/* False: what happens in this directory will not, or not all, be told. Cheap when it is watched already. */
bool watch_add(struct watch *watch, struct str directory);
/* The next event, without waiting. */
bool watch_next(struct watch *watch, struct watch_event *out);

#endif
