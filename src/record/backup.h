/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * backup: a folder with everything that the records are, made while ward works, and how it comes back.
 *
 *	records.db    the records as one SQLite file, whichever database they are in, as they were at one moment
 *	files/…       the attachments
 *	backup.ward   what belongs to it, a text of lines:
 *
 *		ward backup 1
 *		time 1795402800            seconds, when it was begun
 *		journal 5321 77ab…         the last entry and its hash ("0 000…": none)
 *		records 40960 9b1e…        bytes and SHA-256 of records.db
 *		file 120 5f0c… ab/abcd…    bytes, SHA-256 and path below files/, of each
 *		end 1c2d…                  SHA-256 of all lines before
 *
 * It is written last, so a folder without it is no backup. Restoring never replaces anything, and compares every digest and verifies
 * the journal before what was restored gets its name.
 */
#ifndef WARD_RECORD_BACKUP_H
#define WARD_RECORD_BACKUP_H

#include "record/journal_verify.h"

enum { BACKUP_DIGEST = 64, BACKUP_MANIFEST = 256 * 1024 * 1024 };
#define BACKUP_NAME "backup.ward"

struct backup_file {
	struct str path, digest;
	int64_t bytes;
};

struct backup_manifest {
	int64_t time;
	struct journal_head journal;
	struct backup_file records; /* path "records.db" */
	struct backup_file *files;
	size_t n;
};

/* -EBADMSG with the line when it is not written exactly as above. Texts are slices of it. */
int backup_manifest_read(struct arena *arena, struct str text, struct backup_manifest *out, struct err *err) MUST_USE;
void backup_manifest_print(const struct backup_manifest *manifest, struct buf *out);

struct backup {
	/* given */
	struct str where;      /* the records: a path, or postgresql://… */
	const char *files;     /* folder of attachments; NULL or not there: none */
	const char *dir;       /* of the backup */
	bool anyway;           /* restore also when the journal has problems: as it was when it was saved */
	void (*progress)(void *ctx, uint64_t done, uint64_t all); /* pages, rows or bytes; may be NULL */
	void *ctx;
	/* found */
	struct backup_manifest manifest;
	struct journal_verify verify; /* restore; keys may be given before */
};

/* `dir` must not be there, or be empty. Texts in the arena. */
int backup_make(struct arena *arena, struct backup *backup, struct err *err) MUST_USE;
/* -EEXIST: there are records already. -EBADMSG: it is damaged; when backup->verify has problems, the journal is. */
int backup_restore(struct arena *arena, struct backup *backup, struct err *err) MUST_USE;

#endif
