/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/sqlite_error.h"

int sqlite_errno(sqlite3 *db, int code, int otherwise)
{
	int system = sqlite3_system_errno(db);
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID)
		return -EEXIST;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return -EBADMSG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_INTERRUPT:
		return -ETIME;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return system ? -system : -ENOENT;
	case SQLITE_IOERR:
		return system ? -system : -EIO;
	default:
		return otherwise;
	}
}

int sqlite_failed(sqlite3 *db, int otherwise, struct err *err)
{
	int code = sqlite3_extended_errcode(db), r = sqlite_errno(db, code, otherwise);
	const char *name = sqlite3_db_filename(db, "main");
	if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_CANTOPEN)
		return err_errno(err, r, "%s", name ? name : "?");
	return err_set(err, r, "%s: %s", name ? name : "?", sqlite3_errmsg(db));
}

const char *sqlite_immutable_name(struct buf *out, const char *path)
{
	buf_puts(out, "file:");
	for (const char *p = path; *p; p++)
		if (*p == '%' || *p == '?' || *p == '#')
			buf_printf(out, "%%%02X", (unsigned)(uint8_t)*p);
		else
			buf_add_char(out, *p);
	buf_puts(out, "?immutable=1");
	return buf_cstr(out);
}
