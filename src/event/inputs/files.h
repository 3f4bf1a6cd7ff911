/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * files: paths, directories and patterns; read once, or followed for ever.
 *
 * A *path* that is followed has a list of files, oldest first: those that were renamed away and are not finished, then the
 * one that lies there now. They are read in this order, so the text of a path is one sequence across rotations. A
 * rotated file is read until nobody has written to it for a while (`farewell`), because programs reopen their logs late.
 *
 * What was read is remembered by device, inode and fingerprint, not by name: a pattern that also matches the rotated names
 * (auth.log, auth.log.1, auth.log.2.gz) gives each record once. What a truncation or a restart cut off is looked for
 * in the same directory under names that begin with the path's own: the renamed file, the copy of copytruncate, or
 * either of them compressed.
 *
 * Private to the sources of this kind: files.c (its options, reading), files_wanted.c (what is to be read), files_known.c
 * (what was read before), files_rest.c (where the text of a path went on), files_path.c (a path, looked at; restart).
 */
#ifndef WARD_EVENT_INPUTS_FILES_H
#define WARD_EVENT_INPUTS_FILES_H

#include <sys/stat.h>

#include "base/map.h"
#include "event/inputs/file.h"

struct watch;

struct path {
	struct str path;         /* own memory, NUL-terminated */
	VEC(struct file *) files; /* oldest first; the last is the one that lies there unless it is `old` */
	struct place done;       /* the last file that was finished; told with the position, so that it is known
	                          * after a restart even if its new name was not seen yet */
	uint64_t device, inode;  /* of what lies there, when last looked at */
	bool queued;             /* in the queue of paths to be read */
	bool moved;              /* its position changed since it was last told */
	bool seen;               /* by the scan that runs */
	bool gone;               /* nothing lies there */
	bool was_gone;           /* nothing lay there once, since we look */
	bool recalled;           /* its kept position was asked for */
	bool waits;              /* to be read again at the next tick: for silence, for a farewell, for a file to be complete */
	int complained;          /* errno of the last complaint */
	bool named;              /* by itself, not by a pattern or a folder */
};

struct files {
	struct input input;
	struct arena arena; /* of the options */
	struct strings wanted, except;
	const struct parser *parser;
	enum encoding encoding;
	int64_t farewell, silence, settle;
	bool from_end, links, once;
	size_t open_most, n_open, release_at;
	VEC(struct path *) paths;
	struct arena index_arena;
	struct map index; /* path -> struct path */
	size_t n_gone;
	VEC(struct path *) queue; /* of those that may have something to read, from `next` on */
	size_t next;
	VEC(struct place) known; /* places of files that are not open any more */
	struct arena known_arena;
	struct map known_index;  /* mix of device and inode -> index in `known`, and 1 */
	size_t n_old;            /* files that were renamed away and are not finished */
	struct watch *watch;
	bool told;               /* inotify tells of all directories */
	bool first_scan, too_many;
	int64_t look;            /* when to scan next */
	int64_t scan_took;       /* nanoseconds */
	uint64_t began;          /* by the wall clock, nanoseconds */
	int64_t tick;            /* when to read those that wait */
};

/* ---- what is to be read ---- */

/* Something may be there to be read at this path. */
void files_enqueue(struct files *files, struct path *path);
/* Say once why a path cannot be read: an errno, and words. */
void files_complain(struct files *files, struct path *path, int code, const char *why);
void files_path_free(struct path *path);
/* Look at all paths that are known, and for new ones. */
void files_scan(struct files *files);

/* ---- what was read before ---- */

/* For maps: of a device and an inode. */
int64_t files_known_key(uint64_t device, uint64_t inode);
/* NULL: nothing is known. */
struct place *files_known_by_inode(const struct files *files, uint64_t device, uint64_t inode);
void files_remember(struct files *files, const struct place *place);
/* The first bytes of the text in an open file, unpacked when it is compressed. */
struct str files_head_text(int fd, char *to, bool *packed);
/* Does this text begin as the place's did? */
bool files_begins_as(const struct place *place, struct str head);
/* A file that is new by its inode and name: was its text read already, before it was copied or compressed? `active`: it is
 * the text of a file that is still being read, so this is a copy, and what will be cut off there is not known yet. */
const struct place *files_known_by_text(const struct files *files, const struct path *self,
                                        const struct file *self_file, int fd, bool *active);
/* Does the text of an open file go on where this place ends? */
bool files_goes_on(const struct place *place, int fd, const struct stat *st);

/* ---- where its text went on ---- */

/* A file of this path, before the one at `index`; `where` it lies. */
struct file *files_insert(struct files *files, struct path *path, size_t index, const char *where,
                          const struct place *at);
/* Its path is another file's now. */
void files_make_old(struct files *files, struct file *file);
/* Take it out of its path; it is the caller's then. */
struct file *files_remove(struct files *files, struct path *path, size_t index);
/* Follow on where a file's text went. */
bool files_insert_rest(struct files *files, struct path *path, size_t index, const struct place *place);
/* A path was rotated more than once between two looks, or while nobody read: the files between the one that was
 * read until `since` and the one that lies there now (inode `newest`) are read, too, before the file at `index`. */
void files_insert_generations(struct files *files, struct path *path, size_t index, uint64_t since, const struct stat *newest);

/* ---- a path, looked at ---- */

/* The file that lies there now, or NULL. */
struct file *files_newest(const struct path *path);
/* See what lies there now. */
void files_path_check(struct files *files, struct path *path);
/* Know and go on with what was kept of this path. */
void files_recall(struct files *files, struct path *path);
/* The first look only tells which paths there are; with all that was kept of them known, each is looked at anew. */
void files_resume(struct files *files);

static inline uint64_t files_mtime(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
}

#endif
