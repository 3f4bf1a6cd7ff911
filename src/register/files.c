/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "register/file_look.h"
#include "sys/root.h"

enum { PIECE = 1 << 16, SHA256 = 64 };

/* ---- keeping ---- */

static int read_piece(int fd, char *bytes, size_t room)
{
	ssize_t n;
	do
		n = read(fd, bytes, room);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

/* Read the file from its start into the digest, and into `to` unless it is -1. */
static int digest_file(struct arena *arena, int fd, int to, struct str *sha256, int64_t *size)
{
	static const enum digest algorithm = DIGEST_SHA256;
	CLEANUP(digest_stream_free_p) struct digest_stream *stream = digest_stream_new(&algorithm, 1);
	char *bytes = arena_bytes(arena, PIECE);
	int n;
	*size = 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = read_piece(fd, bytes, PIECE)) > 0) {
		digest_stream_add(stream, (struct str){ bytes, (size_t)n });
		*size += n;
		int r = to >= 0 ? fd_write(to, (struct str){ bytes, (size_t)n }) : 0;
		if (r < 0)
			return r;
	}
	*sha256 = digest_stream_hex(arena, stream, DIGEST_SHA256);
	return n;
}

static const char *path_of(struct arena *arena, struct str folder, struct str sha256)
{
	return arena_printf(arena, "%.*s/%.2s/%.*s", STR_ARG(folder), sha256.p, (int)sha256.n - 2, sha256.p + 2).p;
}

static int sync_folder(const char *path)
{
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* The same bytes are kept once; what is there already is left as it is. */
static int store(struct arena *arena, struct str folder, int fd, struct str sha256)
{
	const char *path = path_of(arena, folder, sha256), *below = arena_printf(arena, "%.*s/%.2s", STR_ARG(folder), sha256.p).p;
	const char *temporary = arena_printf(arena, "%s.%d.part", path, (int)gettid()).p;
	struct stat st;
	struct str written;
	int64_t size;
	if (stat(path, &st) == 0)
		return 0;
	if ((mkdir(below, 0700) < 0 && errno != EEXIST))
		return -errno;
	CLEANUP(fd_close_p) int to = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to < 0)
		return -errno;
	int r = digest_file(arena, fd, to, &written, &size);
	if (r == 0 && !str_eq(written, sha256))
		r = -ESTALE;
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r < 0 ? r : sync_folder(below);
}

int file_keep(struct arena *arena, struct str folder, int fd, int64_t size, struct str name, struct file *out, struct err *err)
{
	*out = (struct file){ 0 };
	if (size > FILE_MOST)
		return err_set(err, -E2BIG, "the file is larger than %d MB", FILE_MOST / 1024 / 1024);
	int r = file_name_clean(arena, name, &out->name, err);
	if (r == 0)
		r = file_look(arena, fd, size, out->name, &out->type, err);
	if (r < 0)
		return r;
	r = digest_file(arena, fd, -1, &out->sha256, &out->size);
	if (r == 0 && mkdir(arena_cstr(arena, folder), 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = store(arena, folder, fd, out->sha256);
	return r < 0 ? err_errno(err, r, "cannot keep the file") : 0;
}

/* ---- the database ---- */

int file_attach(struct write *write, const struct books *books, const struct register_ *reg, int64_t record, struct str name, struct file *file,
                struct err *err)
{
	const struct field *field = register_field(reg, name);
	DB_QUERY(q);
	if (!field || field->type != FIELD_FILES)
		return err_set(err, -EINVAL, "'%.*s' is no field for files", STR_ARG(str_slice(name, 0, 60)));
	int r = db_query(&q, write->db,
	                 "INSERT INTO ward_file (register, record, field, name, size, type, sha256, created, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	                 " RETURNING id",
	                 err);
	if (r < 0)
		return r;
	db_bind_text(&q, reg->name);
	db_bind_int(&q, record);
	db_bind_text(&q, field->name);
	db_bind_text(&q, file->name);
	db_bind_int(&q, file->size);
	db_bind_text(&q, file->type);
	db_bind_text(&q, file->sha256);
	db_bind_int(&q, write->now);
	db_bind_int(&q, write->actor->id);
	r = db_step(&q, err);
	if (r > 0)
		file->id = db_int(&q, 0);
	db_query_done(&q);
	return r < 0 ? r : record_attach(write, books, reg, record, field, file->id, file->name, file->sha256, err);
}

int file_read_open(struct arena *arena, struct db *db, struct str folder, const struct register_ *reg, int64_t record, int64_t id, struct file *out,
              int *fd, struct err *err)
{
	DB_QUERY(q);
	struct str sha256 = STR_NONE;
	int r = db_query(&q, db, "SELECT id, size, name, type, sha256 FROM ward_file WHERE id = ? AND register = ? AND record = ?", err);
	if (r < 0)
		return r;
	db_bind_int(&q, id);
	db_bind_text(&q, reg->name);
	db_bind_int(&q, record);
	r = db_step(&q, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, -ENOENT, "there is no such file");
	*out = (struct file){ db_int(&q, 0), db_int(&q, 1), arena_str(arena, db_text(&q, 2)), arena_str(arena, db_text(&q, 3)),
		              arena_str(arena, db_text(&q, 4)) };
	if (out->sha256.n != SHA256)
		return err_set(err, -EBADMSG, "the digest of this file is damaged");
	CLEANUP(fd_close_p) int opened = open(path_of(arena, folder, out->sha256), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (opened < 0)
		return err_errno(err, -EIO, "cannot read the file %.*s", STR_ARG(out->sha256));
	int64_t size;
	r = digest_file(arena, opened, -1, &sha256, &size);
	if (r < 0 || lseek(opened, 0, SEEK_SET) < 0)
		return err_errno(err, -EIO, "cannot read the file %.*s", STR_ARG(out->sha256));
	if (!str_eq(sha256, out->sha256) || size != out->size)
		return err_set(err, -EIO, "the file %.*s is not what was attached", STR_ARG(out->sha256));
	*fd = opened;
	opened = -1;
	return 0;
}

int files_put(struct db *db, const struct register_ *reg, int64_t record, const char *name, struct buf *out, struct err *err)
{
	DB_QUERY(q);
	int r = db_query(&q, db, "SELECT id, field, name, size, type, sha256, created FROM ward_file WHERE register = ? AND record = ? ORDER BY id", err);
	if (r < 0)
		return r;
	db_bind_text(&q, reg->name);
	db_bind_int(&q, record);
	json_open_list(out, name);
	while ((r = db_step(&q, err)) > 0) {
		json_open_map(out, NULL);
		json_put_int(out, "id", db_int(&q, 0));
		json_put(out, "field", db_text(&q, 1));
		json_put(out, "name", db_text(&q, 2));
		json_put_int(out, "size", db_int(&q, 3));
		json_put(out, "type", db_text(&q, 4));
		json_put(out, "sha256", db_text(&q, 5));
		json_put_int(out, "created", db_int(&q, 6));
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
	return r;
}
