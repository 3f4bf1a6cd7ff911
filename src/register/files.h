/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * files: attachments of records. A file lies under its SHA-256 in the folder of files ("ab/cd…"), written once whoever attaches it, never by
 * a name that somebody gave; table ward_file says which record has it, under which name. A field of type files holds ids of that
 * table. Who sees the record may have its files.
 */
#ifndef WARD_REGISTER_FILES_H
#define WARD_REGISTER_FILES_H

#include "register/record.h"

enum { FILE_MOST = 20 * 1024 * 1024 };

struct file {
	int64_t id, size;
	struct str name, type, sha256;
};

/* Look at what was sent, and keep it in the folder, durably; before the database knows. -EINVAL with words, -E2BIG. */
int file_keep(struct arena *arena, struct str folder, int fd, int64_t size, struct str name, struct file *out, struct err *err) MUST_USE;
/* Make it the record's, in a field of type files. Sets file->id. */
int file_attach(struct write *write, const struct books *books, const struct register_ *reg, int64_t record, struct str name,
                struct file *file, struct err *err) MUST_USE;
/* A file of a record that the caller has found to be seen; its descriptor. -ENOENT; -EBADMSG: it is not what was kept. */
int file_read_open(struct arena *arena, struct db *db, struct str folder, const struct register_ *reg, int64_t record, int64_t id,
              struct file *out, int *fd, struct err *err) MUST_USE;
/* "name": [{"id", "field", "name", "size", "type", "sha256", "created"}], all that were ever attached to the record. */
int files_put(struct db *db, const struct register_ *reg, int64_t record, const char *name, struct buf *out, struct err *err) MUST_USE;

#endif
