/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "record/backup.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "record/copy.h"
#include "sys/root.h"

enum { PAGES = 256, PIECE = 1 << 16, DEPTH = 6 };

typedef VEC(struct backup_file) file_list;

static void tell(struct backup *backup, uint64_t done, uint64_t all)
{
	if (backup->progress)
		backup->progress(backup->ctx, done, all);
}

/* ---- files ---- */

/* A file's digest and size; with `to` not -1 its bytes are written there as well. */
static int copy_bytes(struct arena *arena, int from, int to, struct backup_file *out)
{
	static const enum digest sha = DIGEST_SHA256;
	CLEANUP(digest_stream_free_p) struct digest_stream *stream = digest_stream_new(&sha, 1);
	BUF(piece);
	char *p = buf_reserve(&piece, PIECE);
	out->bytes = 0;
	for (ssize_t n; (n = read(from, p, PIECE)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		struct str bytes = { p, n > 0 ? (size_t)n : 0 };
		int r = n < 0 ? -errno : to >= 0 ? fd_write(to, bytes) : 0;
		if (r < 0)
			return r;
		digest_stream_add(stream, bytes);
		out->bytes += n;
	}
	out->digest = digest_stream_hex(arena, stream, sha);
	return to >= 0 && fsync(to) < 0 ? -errno : 0;
}

static int digest_file(struct arena *arena, const char *path, struct backup_file *out, struct err *err)
{
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r = fd < 0 ? -errno : copy_bytes(arena, fd, -1, out);
	return r < 0 ? err_errno(err, r, "cannot read '%s'", path) : 0;
}

/* All folders above a file. */
static int make_folders(struct arena *arena, const char *path, struct err *err)
{
	char *folder = (char *)arena_str(arena, str_from(path)).p;
	for (char *p = folder + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return err_errno(err, -errno, "cannot make '%s'", folder);
		*p = '/';
	}
	return 0;
}

static void sync_folder_of(struct arena *arena, const char *path)
{
	ptrdiff_t slash = str_find_char_last(str_from(path), '/');
	CLEANUP(fd_close_p) int fd = open(slash < 0 ? "." : arena_cstr(arena, (struct str){ path, (size_t)slash + 1 }), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)!fsync(fd);
}

/* A new file; what is there already is left alone (-EEXIST). */
static int copy_file(struct arena *arena, const char *from, const char *to, struct backup_file *out, struct err *err)
{
	CLEANUP(fd_close_p) int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (in < 0)
		return err_errno(err, -errno, "cannot read '%s'", from);
	int r = make_folders(arena, to, err);
	if (r < 0)
		return r;
	CLEANUP(fd_close_p) int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : copy_bytes(arena, in, fd, out);
	if (r < 0 && fd >= 0)
		unlink(to);
	return r < 0 ? err_errno(err, r, "cannot write '%s'", to) : 0;
}

static void dir_close_p(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Paths of all regular files below a folder, those below `path` of it. */
static int list_files(struct arena *arena, const char *top, struct str path, file_list *out, int depth, struct err *err)
{
	const char *folder = arena_printf(arena, "%s/%.*s", top, STR_ARG(path)).p;
	CLEANUP(dir_close_p) DIR *dir = opendir(folder);
	if (!dir)
		return errno == ENOENT && !path.n ? 0 : err_errno(err, -errno, "cannot read '%s'", folder);
	int r = 0;
	for (struct dirent *it; r == 0 && (it = readdir(dir));) {
		struct stat st;
		if (it->d_name[0] == '.' || fstatat(dirfd(dir), it->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		struct str name = arena_printf(arena, "%.*s%s%s", STR_ARG(path), path.n ? "/" : "", it->d_name);
		if (S_ISDIR(st.st_mode) && depth < DEPTH)
			r = list_files(arena, top, name, out, depth + 1, err);
		else if (S_ISREG(st.st_mode))
			vec_push_in(arena, out, { .path = name, .bytes = st.st_size });
	}
	return r;
}

static int by_path(const void *a, const void *b)
{
	return str_compare(((const struct backup_file *)a)->path, ((const struct backup_file *)b)->path);
}

/* ---- making ---- */

static int page_copy(struct backup *backup, sqlite3 *from, sqlite3 *to, struct err *err)
{
	sqlite3_backup *pages = sqlite3_backup_init(to, "main", from, "main");
	if (!pages)
		return err_set(err, -EIO, "%s: %s", backup->dir, sqlite3_errmsg(to));
	int code;
	while ((code = sqlite3_backup_step(pages, PAGES)) == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) {
		uint64_t all = (uint64_t)sqlite3_backup_pagecount(pages);
		tell(backup, all - (uint64_t)sqlite3_backup_remaining(pages), all);
		if (code != SQLITE_OK)
			sqlite3_sleep(20);
	}
	sqlite3_backup_finish(pages);
	if (code == SQLITE_DONE)
		return 0;
	if (code == SQLITE_FULL)
		return err_errno(err, -ENOSPC, "%s", backup->dir);
	return err_set(err, -EIO, "%s: %s", backup->dir, sqlite3_errstr(code));
}

static int row_copy(struct arena *arena, struct backup *backup, struct db *from, struct db *to, struct err *err)
{
	struct copy copy = { .progress = backup->progress, .ctx = backup->ctx, .anyway = true };
	return copy_all(arena, from, to, &copy, err);
}

/* The records as one file, as they are at one moment: the transaction of `from`. */
static int save_records(struct arena *arena, struct backup *backup, const char *path, struct err *err)
{
	CLEANUP(db_close_p) struct db *from = NULL;
	CLEANUP(db_close_p) struct db *to = NULL;
	int r = db_open(backup->where, DB_READ, &from, err);
	if (r == 0)
		r = db_run(from, "BEGIN", err);
	if (r == 0)
		r = journal_head_read(from, &backup->manifest.journal, err);
	if (r == 0)
		r = db_open(str_from(path), DB_WRITE, &to, err);
	if (r == 0)
		r = db_kind(from) == DB_SQLITE ? page_copy(backup, db_sqlite(from), db_sqlite(to), err) : row_copy(arena, backup, from, to, err);
	/* No files beside it, so that it can be read where nothing can be written. */
	if (r == 0)
		r = db_run(to, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE", err);
	return r;
}

static int save_files(struct arena *arena, struct backup *backup, struct err *err)
{
	file_list files = { 0 };
	int r = backup->files ? list_files(arena, backup->files, STR(""), &files, 0, err) : 0;
	if (files.n)
		qsort(files.p, files.n, sizeof(*files.p), by_path);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		const char *from = arena_printf(arena, "%s/%.*s", backup->files, STR_ARG(files.p[i].path)).p;
		r = copy_file(arena, from, arena_printf(arena, "%s/files/%.*s", backup->dir, STR_ARG(files.p[i].path)).p, &files.p[i], err);
		tell(backup, i + 1, files.n);
	}
	backup->manifest.files = files.p;
	backup->manifest.n = files.n;
	return r;
}

static int save_manifest(struct arena *arena, struct backup *backup, struct err *err)
{
	BUF(text);
	struct backup_manifest again;
	backup_manifest_print(&backup->manifest, &text);
	int r = backup_manifest_read(arena, buf_str(&text), &again, err);
	if (r < 0)
		return err_wrap(err, r, "an attachment has a name that a backup cannot keep");
	const char *path = arena_printf(arena, "%s/" BACKUP_NAME, backup->dir).p;
	CLEANUP(fd_close_p) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write(fd, buf_str(&text));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		return err_errno(err, r, "cannot write '%s'", path);
	sync_folder_of(arena, path);
	return 0;
}

static int folder_is_free(const char *path, struct err *err)
{
	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return err_errno(err, -errno, "cannot make '%s'", path);
	if (rmdir(path) < 0 || mkdir(path, 0700) < 0)
		return err_set(err, -EEXIST, "'%s' is there already: nothing is replaced", path);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	(void)!remove(path);
	return 0;
}

int backup_make(struct arena *arena, struct backup *backup, struct err *err)
{
	const char *path = arena_printf(arena, "%s/records.db", backup->dir).p;
	backup->manifest = (struct backup_manifest){ .time = clock_now() };
	int r = folder_is_free(backup->dir, err);
	if (r < 0)
		return r;
	r = save_records(arena, backup, path, err);
	if (r == 0)
		r = digest_file(arena, path, &backup->manifest.records, err);
	if (r == 0)
		r = save_files(arena, backup, err);
	if (r == 0)
		r = save_manifest(arena, backup, err);
	if (r < 0) /* what is not whole is no backup */
		nftw(backup->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return r;
}

/* ---- restoring ---- */

static int load_manifest(struct arena *arena, struct backup *backup, struct err *err)
{
	BUF(text);
	const char *path = arena_printf(arena, "%s/" BACKUP_NAME, backup->dir).p;
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : fd_read(fd, BACKUP_MANIFEST, &text);
	if (r < 0)
		return err_errno(err, r, "'%s' is no finished backup", backup->dir);
	return backup_manifest_read(arena, arena_str(arena, buf_str(&text)), &backup->manifest, err);
}

static int check_file(struct arena *arena, const char *path, const struct backup_file *said, struct err *err)
{
	struct backup_file found;
	int r = digest_file(arena, path, &found, err);
	if (r == 0 && (found.bytes != said->bytes || !str_eq(found.digest, said->digest)))
		return err_set(err, -EBADMSG, "'%s' is not what was saved: it is damaged", path);
	return r;
}

static int check_all(struct arena *arena, struct backup *backup, struct err *err)
{
	const struct backup_manifest *manifest = &backup->manifest;
	int r = check_file(arena, arena_printf(arena, "%s/records.db", backup->dir).p, &manifest->records, err);
	for (size_t i = 0; r == 0 && i < manifest->n; i++) {
		r = check_file(arena, arena_printf(arena, "%s/files/%.*s", backup->dir, STR_ARG(manifest->files[i].path)).p, &manifest->files[i], err);
		tell(backup, i + 1, manifest->n);
	}
	return r;
}

/* The journal must be that of the manifest, and good. */
static int judge(struct backup *backup, struct err *err)
{
	if (backup->verify.end.seq != backup->manifest.journal.seq || !str_eq(str_from(backup->verify.end.hash), str_from(backup->manifest.journal.hash)))
		return err_set(err, -EBADMSG, "the journal does not end where the backup says: it is damaged");
	if (backup->verify.n_problems && !backup->anyway)
		return err_set(err, -EBADMSG, "the journal of the backup has problems: nothing was restored (--anyway restores it as it is)");
	return 0;
}

static int verify_file(struct arena *arena, struct backup *backup, const char *path, struct err *err)
{
	CLEANUP(db_close_p) struct db *db = NULL;
	int r = db_open(str_from(path), DB_READ, &db, err);
	if (r == 0)
		r = db_run(db, "BEGIN", err);
	if (r == 0)
		r = journal_verify(arena, db, &backup->verify, err);
	return r == 0 ? judge(backup, err) : r;
}

static int restore_sqlite(struct arena *arena, struct backup *backup, struct err *err)
{
	const char *path = arena_cstr(arena, backup->where), *beside = arena_printf(arena, "%s.restoring", path).p;
	static const char *const parts[] = { "", "-wal", "-shm" };
	struct backup_file copied;
	for (size_t i = 0; i < COUNT(parts); i++)
		if (access(arena_printf(arena, "%s%s", path, parts[i]).p, F_OK) == 0)
			return err_set(err, -EEXIST, "'%s%s' is there already: nothing is replaced", path, parts[i]);
	unlink(beside); /* of an attempt that was cut off */
	int r = copy_file(arena, arena_printf(arena, "%s/records.db", backup->dir).p, beside, &copied, err);
	if (r == 0 && !str_eq(copied.digest, backup->manifest.records.digest))
		r = err_set(err, -EBADMSG, "'%s' is not what was saved: it is damaged", beside);
	if (r == 0)
		r = verify_file(arena, backup, beside, err);
	if (r == 0 && renameat2(AT_FDCWD, beside, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		r = err_errno(err, -errno, "cannot make '%s'", path);
	if (r < 0)
		unlink(beside);
	else
		sync_folder_of(arena, path);
	return r;
}

static int restore_postgresql(struct arena *arena, struct backup *backup, struct err *err)
{
	CLEANUP(db_close_p) struct db *from = NULL;
	CLEANUP(db_close_p) struct db *to = NULL;
	const char *path = arena_printf(arena, "%s/records.db", backup->dir).p;
	struct copy copy = { .progress = backup->progress, .ctx = backup->ctx, .anyway = true };
	int r = verify_file(arena, backup, path, err);
	if (r == 0)
		r = db_open(str_from(path), DB_READ, &from, err);
	if (r == 0)
		r = db_run(from, "BEGIN", err);
	if (r == 0)
		r = db_open(backup->where, DB_WRITE, &to, err);
	return r == 0 ? copy_all(arena, from, to, &copy, err) : r;
}

/* A file that is there already with the same contents is fine: its name is its digest, or somebody restores a second time. */
static int restore_files(struct arena *arena, struct backup *backup, struct err *err)
{
	int r = 0;
	if (backup->manifest.n && !backup->files)
		return err_set(err, -EINVAL, "where do the attachments go?");
	for (size_t i = 0; r == 0 && i < backup->manifest.n; i++) {
		const struct backup_file *file = &backup->manifest.files[i];
		const char *from = arena_printf(arena, "%s/files/%.*s", backup->dir, STR_ARG(file->path)).p;
		const char *to = arena_printf(arena, "%s/%.*s", backup->files, STR_ARG(file->path)).p;
		struct backup_file copied;
		if (access(to, F_OK) == 0) {
			r = check_file(arena, to, file, err);
			continue;
		}
		r = copy_file(arena, from, to, &copied, err);
		if (r == 0 && !str_eq(copied.digest, file->digest))
			r = err_set(err, -EBADMSG, "'%s' is not what was saved: it is damaged", to);
	}
	return r;
}

int backup_restore(struct arena *arena, struct backup *backup, struct err *err)
{
	int r = load_manifest(arena, backup, err);
	if (r == 0)
		r = check_all(arena, backup, err);
	if (r == 0)
		r = restore_files(arena, backup, err);
	if (r == 0)
		r = db_is_postgresql(backup->where) ? restore_postgresql(arena, backup, err) : restore_sqlite(arena, backup, err);
	return r;
}
