/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * record_files: attachments of records.
 */
#include "api/declared.h"
#include "register/files.h"
#include "sys/root.h"

extern const struct route routes_record_files[];

struct attaching {
	struct office *office;
	const struct register_ *reg;
	int64_t record;
	struct str field;
	struct file file;
};

static int attach_work(void *ctx, struct write *write, struct err *err)
{
	struct attaching *attaching = ctx;
	return file_attach(write, &attaching->office->books, attaching->reg, attaching->record, attaching->field, &attaching->file, err);
}

static void put_file(struct buf *out, const struct file *file)
{
	json_open_map(out, NULL);
	json_put_int(out, "id", file->id);
	json_put(out, "name", file->name);
	json_put_int(out, "size", file->size);
	json_put(out, "type", file->type);
	json_put(out, "sha256", file->sha256);
	buf_add_char(out, '}');
}

/* Hashing and looking are done here, beside the writer, which only learns of the file. */
static int post_file(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	struct attaching attaching = { .office = office, .field = request_query(request, "field") };
	struct cell *cells;
	int r = declared_record(request, &attaching.reg, &attaching.record, &cells, err);
	if (r < 0)
		return r;
	if (!row_may_edit(&office->books, request->actor, attaching.reg, cells))
		return err_set(err, -EPERM, "your role may not change records here");
	const struct field *field = register_field(attaching.reg, attaching.field);
	if (!field || field->type != FIELD_FILES)
		return err_set(err, -EINVAL, "'%.*s' is no field for files", STR_ARG(str_slice(attaching.field, 0, 60)));
	r = file_keep(request->arena, office->files_dir, request->body_file, request->body_size, request_query(request, "name"), &attaching.file, err);
	if (r == 0)
		r = records_do(request->records, request->actor, attach_work, &attaching, err);
	if (r < 0)
		return r;
	request->status = 201;
	put_file(&request->out, &attaching.file);
	return 0;
}

static int get_file(struct request *request, struct err *err)
{
	const struct register_ *reg;
	struct cell *cells;
	struct file file = { 0 };
	int64_t record, id;
	CLEANUP(fd_close_p) int fd = -1;
	int r = declared_record(request, &reg, &record, &cells, err);
	if (r == 0)
		r = request_id(request, 2, &id, err);
	if (r == 0)
		r = file_read_open(request->arena, request->db, office_of(request)->files_dir, reg, record, id, &file, &fd, err);
	if (r < 0)
		return r;
	r = fd_read(fd, FILE_MOST, &request->out);
	request->type = file.type;
	request->filename = file.name;
	return r < 0 ? err_errno(err, -EIO, "cannot read the file %.*s", STR_ARG(file.sha256)) : 0;
}

const struct route routes_record_files[] = {
	{ METHOD_POST, "/api/records/{register}/{id}/files", "attachFile", "attach a file to a record", .flags = ROUTE_RAW | ROUTE_READ | ROUTE_SLOW,
	  .body_most = FILE_MOST, .gives = "File", .query = "field name", .handle = post_file },
	{ METHOD_GET, "/api/records/{register}/{id}/files/{file}", "getFile", "an attached file", .flags = ROUTE_SLOW, .handle = get_file },
	{ 0 },
};
