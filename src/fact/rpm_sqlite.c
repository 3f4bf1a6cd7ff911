/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * SQLite's own way to a file goes by its path, which may change hands meanwhile, and looks for journals
 * beside it. This one reads from a descriptor and knows of nothing else.
 */
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fact/rpm_db.h"

struct plain_file {
	sqlite3_file base;
	int fd;
};

static int file_close(sqlite3_file *base)
{
	(void)base;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *out, int want, sqlite3_int64 offset)
{
	const struct plain_file *file = (struct plain_file *)base;
	int done = 0;
	while (done < want) {
		ssize_t n = pread(file->fd, (char *)out + done, (size_t)(want - done), offset + done);
		if (n < 0)
			return SQLITE_IOERR_READ;
		if (n == 0) {
			memset((char *)out + done, 0, (size_t)(want - done));
			return SQLITE_IOERR_SHORT_READ;
		}
		done += (int)n;
	}
	return SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *data, int n, sqlite3_int64 offset)
{
	(void)base, (void)data, (void)n, (void)offset;
	return SQLITE_READONLY;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	(void)base, (void)size;
	return SQLITE_READONLY;
}

static int file_sync(sqlite3_file *base, int flags)
{
	(void)base, (void)flags;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
	struct stat st;
	if (fstat(((struct plain_file *)base)->fd, &st) < 0)
		return SQLITE_IOERR_FSTAT;
	*out = st.st_size;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
	(void)base, (void)level;
	return SQLITE_OK;
}

static int file_is_locked(sqlite3_file *base, int *out)
{
	(void)base;
	*out = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *argument)
{
	(void)base, (void)op, (void)argument;
	return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
	(void)base;
	return 4096;
}

static int file_traits(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_IMMUTABLE;
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_is_locked,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct plain_file *file = (struct plain_file *)base;
	(void)name;
	file->base.pMethods = NULL;
	if (!(flags & SQLITE_OPEN_MAIN_DB))
		return SQLITE_CANTOPEN; /* no journal, no temporary file */
	file->base.pMethods = &file_methods;
	file->fd = *(const int *)vfs->pAppData;
	if (out_flags)
		*out_flags = SQLITE_OPEN_READONLY;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	(void)vfs, (void)name, (void)sync_directory;
	return SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs, (void)name, (void)flags;
	*out = 0;
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
	(void)vfs;
	sqlite3_snprintf(room, out, "%s", name);
	return SQLITE_OK;
}

static int rows_read(sqlite3 *db, rpm_db_fn *each, void *ctx, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int r = 0, step;
	if (sqlite3_prepare_v2(db, "SELECT blob FROM Packages ORDER BY hnum", -1, &statement, NULL) != SQLITE_OK)
		return err_set(err, -EIO, "%s", sqlite3_errmsg(db));
	while ((step = sqlite3_step(statement)) == SQLITE_ROW && r >= 0) {
		const char *blob = sqlite3_column_blob(statement, 0);
		r = each(ctx, (struct str){ blob ? blob : "", (size_t)sqlite3_column_bytes(statement, 0) }, err);
	}
	if (r >= 0 && step != SQLITE_DONE)
		r = err_set(err, -EIO, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return r;
}

int rpm_db_read_sqlite(int fd, rpm_db_fn *each, void *ctx, struct err *err)
{
	sqlite3_vfs *standard = sqlite3_vfs_find(NULL);
	if (!standard)
		return err_set(err, -EIO, "SQLite has no file system");
	sqlite3_vfs vfs = *standard; /* clock and randomness as usual */
	vfs.iVersion = 1;
	vfs.pNext = NULL;
	vfs.szOsFile = sizeof(struct plain_file);
	vfs.zName = "ward-descriptor";
	vfs.pAppData = &fd;
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	vfs.xAccess = vfs_access;
	vfs.xFullPathname = vfs_full_path;
	if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
		return err_set(err, -ENOMEM, "SQLite refuses a file system");
	sqlite3 *db = NULL;
	int r = sqlite3_open_v2("rpmdb", &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
	                        vfs.zName);
	if (r == SQLITE_OK) {
		sqlite3_limit(db, SQLITE_LIMIT_LENGTH, RPM_DB_BLOB_MOST);
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
		r = rows_read(db, each, ctx, err);
	} else {
		r = err_set(err, -EIO, "%s", sqlite3_errstr(r));
	}
	sqlite3_close(db);
	sqlite3_vfs_unregister(&vfs);
	return r;
}
