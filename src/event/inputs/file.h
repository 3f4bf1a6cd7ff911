/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * file: one file being read: plain text from an offset on, a compressed file or archive, or a file that its parser reads
 * as a whole (EVTX).
 *
 * A member of an archive that its parser reads as a whole is unpacked into memory that belongs to no file, 1 GiB at most.
 *
 * A plain file is read by large reads straight into the batch. When it is followed, every read is followed by
 * a look at the file's size and beginning, before anything read is used: so a truncation in between (copytruncate) is
 * noticed also when the file has grown again meanwhile.
 */
#ifndef WARD_EVENT_INPUTS_FILE_H
#define WARD_EVENT_INPUTS_FILE_H

#include "event/inputs/base.h"
#include "event/inputs/place.h"

struct unpack;
struct whole;

/* FILE_STRANGE: a program, a database, a picture …; nothing to be read. */
enum file_kind { FILE_PLAIN, FILE_PACKED, FILE_WHOLE, FILE_STRANGE };

struct file {
	char *path;       /* where it lies now */
	struct place at;  /* behind the last record that was delivered */
	bool follow;
	bool probed;      /* kind is known */
	enum file_kind kind;
	int fd;           /* -1: closed */
	const struct parser *named; /* NULL: to be found */
	enum encoding encoding;     /* as it was named */
	struct stream stream;
	struct unpack *unpack;
	struct whole *whole;
	int64_t settle;   /* a compressed file that changed within this time is still being written */
	bool recognised;  /* it was compared with what was read before, when it was complete */
	bool in_member;
	uint64_t skip_events; /* of a member that is read as a whole: they were delivered before */
	uint64_t spool_size;
	int spool;        /* a member that its parser reads as a whole, unpacked into memory; -1: none */
	uint64_t skip;    /* text of a compressed file, or events of a whole one, that were delivered before */
	uint64_t taken;   /* of a compressed file, counted already */
	bool old;         /* renamed or removed: nobody should write it any more */
	bool finished;    /* all was read and delivered */
	bool restored;    /* the parser knows what came before the offset */
	uint64_t size;    /* when last looked at */
	int64_t changed;  /* its mtime then, nanoseconds */
	int64_t grew;     /* monotonic: when something new was last found */
};

struct file *file_new(const char *path, const struct place *at, const struct parser *parser, enum encoding encoding,
                      bool follow, const struct input *input);
void file_free(struct file *file);
/* Open it (its path) if it is not; -ESTALE when another file lies there now; -ENXIO when it is no regular file. */
int file_open(struct file *file, struct err *err) MUST_USE;
/* Has an open compressed file, or one that is read as a whole, been left alone long enough to be complete? */
bool file_is_settled(struct file *file);
/* Let the descriptor go; reading goes on where it stopped when it is opened again. Plain files only. */
void file_release(struct file *file);
/* The same for files of all kinds, before they were read. */
void file_shut(struct file *file);
/* Add about `want` bytes of text and their events to the batch: > 0: how many; 0: nothing more for now (or `finished`);
 * -ESTALE: it was truncated, nothing was taken; -ENOEXEC: it is no log; other errors with words. */
ssize_t file_read(struct file *file, struct input *input, struct input_batch *batch, size_t want, struct err *err) MUST_USE;
/* No more will come: deliver a last line without end, and what was held back. */
void file_finish(struct file *file, struct input *input, struct input_batch *batch);

#endif
