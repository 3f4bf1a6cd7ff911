/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/copies.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/s3.h"
#include "archive/store.h"
#include "base/vec.h"
#include "sys/process.h"
#include "sys/root.h"

struct target {
	const struct copy_options *options;
	enum { TO_DIRECTORY, TO_RSYNC, TO_S3 } kind;
	struct s3 s3;
};

/* A file in memory, to be read once from end to end. */
struct mapped {
	struct str bytes;
};

static void unmap(struct mapped *mapped)
{
	if (mapped->bytes.n)
		munmap((void *)(uintptr_t)mapped->bytes.p, mapped->bytes.n);
}

static int map_file(const char *path, struct mapped *out, struct err *err)
{
	struct stat st;
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	out->bytes = STR("");
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, -errno, "%s", path);
	if (st.st_size == 0)
		return 0;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_errno(err, -errno, "%s", path);
	out->bytes = (struct str){ p, (size_t)st.st_size };
	return 0;
}

/* Beside its place, on disk, then renamed: a copy is whole or not there. Read back from the disk, not from the cache. */
static int to_directory(const char *dir, struct str name, struct str bytes, struct str digest, struct err *err)
{
	ARENA(arena);
	struct str to = arena_printf(&arena, "%s/%.*s", dir, STR_ARG(name)), new = arena_printf(&arena, "%s.new", to.p);
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "%s", dir);
	CLEANUP(fd_close_p) int fd = open(new.p, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	int r = fd < 0 ? -errno : fd_write(fd, bytes);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0) {
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		CLEANUP(unmap) struct mapped again = { 0 };
		r = map_file(new.p, &again, err);
		if (r < 0)
			return r;
		if (!str_eq(digest_hex(&arena, DIGEST_SHA256, again.bytes), digest)) {
			(void)unlink(new.p);
			return err_set(err, -EIO, "%s: the copy differs from the original", to.p);
		}
		r = rename(new.p, to.p) < 0 ? -errno : 0;
	}
	if (r < 0) {
		(void)unlink(new.p);
		return err_errno(err, r, "%s", to.p);
	}
	return 0;
}

static int run_rsync(const char *const argv[], struct buf *output, struct err *err)
{
	struct process_limits limits = { .timeout_ns = INT64_C(3600) * 24 * 1000000000, .output = (size_t)1 << 40,
		                         .memory = UINT64_C(4) << 30, .seconds = 3600 };
	int status = 0, r = process_run((char *const *)(uintptr_t)argv, &limits, output, &status, err);
	if (r == 0 && status != 0)
		r = err_set(err, -EIO, "rsync ended with %d: %.*s", status, (int)MIN(output->n, (size_t)300), buf_cstr(output));
	return r;
}

/* The second run compares by checksums of what is on both disks and must find nothing to do. */
static int to_rsync(const char *target, const char *path, struct err *err)
{
	/* Programs are run in the root directory. */
	CLEANUP(mem_free_p) char *whole = realpath(path, NULL);
	if (!whole)
		return err_errno(err, -errno, "cannot find %s", path);
	path = whole;
	ARENA(arena);
	BUF(output);
	const char *to = arena_printf(&arena, "%s/", target).p;
	const char *const copy[] = { "rsync", "--times", "--fsync", "--mkpath", "--", path, to, NULL };
	const char *const compare[] = { "rsync", "--times", "--checksum", "--dry-run", "--itemize-changes", "--", path, to, NULL };
	int r = run_rsync(copy, &output, err);
	buf_clear(&output);
	if (r == 0)
		r = run_rsync(compare, &output, err);
	if (r == 0 && str_trim(buf_str(&output)).n)
		r = err_set(err, -EIO, "%s: the copy differs from the original", target);
	return r;
}

static int to_s3(const struct s3 *s3, struct str name, struct str bytes, struct str digest, struct err *err)
{
	ARENA(arena);
	struct str there;
	int r = s3_put(s3, name, bytes, digest, err);
	if (r == 0)
		r = s3_digest(&arena, s3, name, &there, err);
	if (r == 0 && !str_eq(there, digest))
		r = err_set(err, -EIO, "%.*s: the copy differs from the original", STR_ARG(s3_url(&arena, s3, name)));
	return r;
}

static int copy_file(const struct target *target, const char *path, struct str name, struct str *digest, uint64_t *bytes,
                     struct arena *arena, struct err *err)
{
	CLEANUP(unmap) struct mapped file = { 0 };
	int r = map_file(path, &file, err);
	if (r < 0)
		return r;
	*digest = digest_hex(arena, DIGEST_SHA256, file.bytes);
	*bytes = file.bytes.n;
	switch (target->kind) {
	case TO_DIRECTORY:
		return to_directory(target->options->target, name, file.bytes, *digest, err);
	case TO_RSYNC:
		return to_rsync(target->options->target, path, err);
	default:
		return to_s3(&target->s3, name, file.bytes, *digest, err);
	}
}

static int was_copied(sqlite3 *book, struct str day, struct str target, struct str digest, struct err *err)
{
	SQL(all);
	int r = sql_make(&all, book, "SELECT statement FROM journal WHERE kind='copy'", err);
	while (r == 0 && (r = sql_step(&all, err)) == 1) {
		struct chain_said said;
		r = 0;
		if (chain_read(sql_get_bytes(&all), &said, NULL) == 0 && str_eq(chain_value(said.body, "day"), day) &&
		    str_eq(chain_value(said.body, "target"), target) && str_eq(chain_value(said.body, "file"), digest))
			return 1;
	}
	return r;
}

/* A day's file must stand alone, without a WAL, before it is copied; one that does already is not touched. */
static int settle(const char *path, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	SQL(mode);
	int r = database_open(path, DATABASE_WRITE, &db, err);
	if (r == 0)
		r = sql_make(&mode, db, "PRAGMA journal_mode", err);
	if (r == 0)
		r = sql_step(&mode, err);
	bool wal = r == 1 && str_is(sql_get_bytes(&mode), "wal");
	sql_done(&mode);
	if (wal)
		r = database_run(db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE", err);
	return MIN(r, 0);
}

static int copy_day(struct archive *archive, const struct target *target, struct str day, struct arena *arena,
                    struct copied_day *out, struct err *err)
{
	BUF(body);
	struct str path = day_path(arena, archive_dir(archive), day.p), name = arena_printf(arena, "%.*s.ward", STR_ARG(day));
	struct str where = str_from(target->options->target);
	CLEANUP(unmap) struct mapped file = { 0 };
	*out = (struct copied_day){ .day = day };
	int r = settle(path.p, err);
	if (r == 0)
		r = map_file(path.p, &file, err);
	if (r < 0)
		return r;
	out->digest = digest_hex(arena, DIGEST_SHA256, file.bytes);
	out->bytes = file.bytes.n;
	r = was_copied(archive_book(archive), day, where, out->digest, err);
	out->before = r == 1;
	if (r < 0 || (r == 1 && !target->options->again))
		return r < 0 ? r : 0;
	r = copy_file(target, path.p, name, &out->digest, &out->bytes, arena, err);
	if (r < 0 || out->before)
		return r;
	buf_printf(&body, "day %.*s\nfile %.*s\nbytes %llu\ntarget %.*s\n", STR_ARG(day), STR_ARG(out->digest),
	           (unsigned long long)out->bytes, STR_ARG(where));
	return archive_say(archive, CHAIN_COPY, buf_str(&body), err);
}

/* The first statement of the day that is not copied; INT64_MAX when it has none. */
static int first_uncopied(struct archive *archive, struct arena *arena, int64_t *out, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	SQL(first);
	*out = INT64_MAX;
	if (!archive_newest(archive)[0])
		return 0;
	int r = day_open(day_path(arena, archive_dir(archive), archive_newest(archive)).p, DATABASE_READ, false, &db, NULL, err);
	if (r == 0)
		r = sql_make(&first, db, "SELECT coalesce(min(sequence), 9223372036854775807) FROM block", err);
	if (r == 0)
		r = sql_step(&first, err);
	if (r == 1)
		*out = sql_get_int(&first);
	return MIN(r, 0);
}

/* What comes later in the chain than the days that are copied is left out: the copy is the chain's beginning, whole. */
static int cut_book(struct archive *archive, const char *path, struct arena *arena, struct err *err)
{
	CLEANUP(database_close_p) sqlite3 *db = NULL;
	SQL(cut);
	int64_t first;
	int r = first_uncopied(archive, arena, &first, err);
	if (r == 0)
		r = database_open(path, DATABASE_WRITE, &db, err);
	if (r == 0)
		r = sql_make(&cut, db, "DELETE FROM journal WHERE sequence>=?", err);
	if (r == 0) {
		sql_int(&cut, first);
		r = sql_do(&cut, err);
	}
	return r;
}

/* archive.ward is written to all the time: a copy of it as it is now. */
static int copy_book(struct archive *archive, const struct target *target, struct arena *arena, struct err *err)
{
	struct str path = arena_printf(arena, "%s/copying", archive_dir(archive)), file = arena_printf(arena, "%s/archive.ward", path.p);
	struct str digest;
	uint64_t bytes;
	SQL(vacuum);
	(void)unlink(file.p);
	if (mkdir(path.p, 0700) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "%s", path.p);
	int r = sql_make(&vacuum, archive_book(archive), "VACUUM INTO ?", err);
	if (r == 0) {
		sql_text(&vacuum, file);
		r = sql_do(&vacuum, err);
	}
	if (r == 0)
		r = cut_book(archive, file.p, arena, err);
	if (r == 0)
		r = copy_file(target, file.p, STR("archive.ward"), &digest, &bytes, arena, err);
	(void)unlink(file.p);
	(void)rmdir(path.p);
	return r;
}

static int target_open(const struct copy_options *options, struct arena *arena, struct target *out, struct err *err)
{
	struct str text = str_from(options->target);
	*out = (struct target){ .options = options };
	for (size_t i = 0; i < text.n; i++)
		if ((uint8_t)text.p[i] < ' ')
			return err_set(err, -EINVAL, "the target holds control characters");
	if (str_starts(text, "s3://")) {
		out->kind = TO_S3;
		return s3_open(arena, options->target, options->endpoint, options->region, options->authority, &out->s3, err);
	}
	/* As rsync itself tells them apart: a colon before the first slash is a host. */
	ptrdiff_t colon = str_find_char(text, ':'), slash = str_find_char(text, '/');
	if (str_starts(text, "rsync://") || (colon > 0 && (slash < 0 || colon < slash)))
		out->kind = TO_RSYNC;
	return text.n ? 0 : err_set(err, -EINVAL, "the target is empty");
}

int archive_copy(struct archive *archive, const struct copy_options *options, struct arena *arena, struct copied_day **out,
                 size_t *n, struct err *err)
{
	VEC(struct copied_day) copied = { 0 };
	struct target target;
	struct str *days;
	size_t n_days = 0;
	int r = target_open(options, arena, &target, err);
	if (r == 0)
		r = days_list(archive_dir(archive), arena, &days, &n_days, err);
	for (size_t i = 0; r == 0 && i < n_days; i++) {
		struct copied_day day;
		if (str_is(days[i], archive_newest(archive)))
			continue;
		if (options->progress)
			options->progress(options->ctx, days[i], i, n_days);
		r = copy_day(archive, &target, days[i], arena, &day, err);
		if (r == 0)
			vec_push_in(arena, &copied, day);
	}
	if (r == 0)
		r = copy_book(archive, &target, arena, err);
	*out = copied.p;
	*n = copied.n;
	return r;
}
