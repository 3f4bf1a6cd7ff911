/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sqlite_error: what SQLite says, as errnos with words; and the name of a file that it may take for one that never changes. For data/db,
 * the archive and whoever else opens files of SQLite itself.
 *
 * -ENOSPC a full disk, -EROFS a read-only one, -EBADMSG a damaged file, -EBUSY locked, -EEXIST a unique key that is there already, -ETIME
 * interrupted, -EACCES, -ENOMEM; files that cannot be opened or read have the system's own. Anything else is what the caller says: wrong SQL
 * in one place is a file of somebody else's in another.
 */
#ifndef WARD_DATA_SQLITE_ERROR_H
#define WARD_DATA_SQLITE_ERROR_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"

int sqlite_errno(sqlite3 *db, int code, int otherwise);
/* What the last call said, behind the file's name. */
int sqlite_failed(sqlite3 *db, int otherwise, struct err *err);
/* "file:/a%3fb.db?immutable=1", in which some characters mean something else. */
const char *sqlite_immutable_name(struct buf *out, const char *path);

#endif
