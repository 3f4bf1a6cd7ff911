/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sheets: registers as spreadsheets: the form to fill in, imports, exports.
 */
#include <unistd.h>

#include "api/declared.h"
#include "data/sheet_write.h"
#include "register/import_job.h"
#include "register/value_text.h"
#include "sys/root.h"

extern const struct route routes_sheets[];

enum { TEMPLATE_ROWS = 2000, TEMPLATE_CHOICES = 2000, EXPORT_ROWS = 200000, EXPORT_BYTES = 256 * 1024 * 1024 };

static const char *const kind_types[] = { [SHEET_CSV] = "text/csv; charset=utf-8",
	                                  [SHEET_XLSX] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" };

/* The register of the path, when this person may do that with it. */
static int register_of(struct request *request, enum record_right right, const struct register_ **out, struct err *err)
{
	int r = declared_register(request, out, err);
	if (r == 0 && !record_may(&office_of(request)->books, request->actor, *out, right))
		r = err_set(err, -EPERM, "your roles do not allow this with the register");
	return r;
}

static int answer_file(struct request *request, enum sheet_kind kind, struct str name, int fd, struct err *err)
{
	CLEANUP(fd_close_p) int file = fd;
	request->type = str_from(kind_types[kind]);
	request->filename = name;
	int r = fd_read(file, EXPORT_BYTES, &request->out);
	return r < 0 ? err_errno(err, r, "cannot read the sheet") : 0;
}

static enum sheet_value value_of(const struct field *field)
{
	return field->type == FIELD_INTEGER || field->type == FIELD_NUMBER ? SHEET_NUMBER
	       : field->type == FIELD_DATE                                 ? SHEET_DATE
	       : field->type == FIELD_TIME                                 ? SHEET_TIME
	                                                                   : SHEET_TEXT;
}

/* ---- the form ---- */

/* What a reference may name, as the drop-down offers it. */
static int names_of(struct request *request, struct value_lookup *lookup, const struct field *field, struct strings *out, struct err *err)
{
	struct office *office = office_of(request);
	struct str name = field->type == FIELD_PERSON ? STR("person") : field->type == FIELD_ORG ? STR("org") : field->to;
	const struct register_ *reg = registers_find(office->registers, name);
	if (!reg || !record_may(&office->books, request->actor, reg, RECORD_READ))
		return 0;
	DB_QUERY(q);
	const struct actor *actor = request->actor;
	const char *sql = arena_printf(request->arena, "SELECT id FROM \"%.*s\" WHERE withdrawn IS NULL%s ORDER BY id LIMIT %d", STR_ARG(name),
	                               actor->whole ? "" : " AND org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)", TEMPLATE_CHOICES).p;
	int r = db_query(&q, request->db, sql, err);
	if (r < 0)
		return r;
	if (!actor->whole)
		db_bind_int(&q, actor->org);
	out->p = ARENA_ARRAY(request->arena, struct str, TEMPLATE_CHOICES);
	while ((r = db_step(&q, err)) > 0) {
		BUF(text);
		struct doc id = { .type = DOC_INT, .integer = db_int(&q, 0) };
		int shown = value_to_text(lookup, request->lang, field, &id, &text, err);
		if (shown < 0)
			return shown;
		out->p[out->n++] = arena_str(request->arena, buf_str(&text));
	}
	return r;
}

static int sheet_field_of(struct request *request, struct value_lookup *lookup, const struct field *field, bool form,
                          struct sheet_field *out, struct err *err)
{
	struct str label = field->label.in[request->lang];
	*out = (struct sheet_field){ .label = label, .value = value_of(field), .required = form && field->required };
	if (!form)
		return 0;
	if (field->required)
		out->label = arena_printf(request->arena, "%.*s*", STR_ARG(label));
	out->help = field->help.in[request->lang];
	if (field->type == FIELD_REFERENCE || field->type == FIELD_PERSON || field->type == FIELD_ORG)
		return names_of(request, lookup, field, &out->choices, err);
	if (field->type == FIELD_CHOICE) {
		const struct choice *choices = field->choices.p;
		out->choices.p = ARENA_ARRAY(request->arena, struct str, field->choices.n + 1);
		for (size_t i = 0; i < field->choices.n; i++)
			out->choices.p[out->choices.n++] = choices[i].label.in[request->lang];
	} else if (field->type == FIELD_BOOL) {
		out->choices.p = ARENA_ARRAY(request->arena, struct str, 2);
		out->choices.p[out->choices.n++] = tr_word(request->lang, "value", "yes");
		out->choices.p[out->choices.n++] = tr_word(request->lang, "value", "no");
	}
	return 0;
}

static int get_template(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	const struct register_ *reg;
	CLEANUP(sheet_writer_close_p) struct sheet_writer *writer = NULL;
	int r = register_of(request, RECORD_IMPORT, &reg, err), fd = -1;
	if (r < 0)
		return r;
	struct value_lookup lookup = { .arena = request->arena, .db = request->db, .books = &office->books, .actor = request->actor };
	const struct field *fields = reg->fields.p;
	struct sheet_field *sheet = ARENA_ARRAY(request->arena, struct sheet_field, reg->fields.n + 1);
	size_t n = 0;
	static const struct field whose = { .name = { "org", 3 }, .type = FIELD_ORG };
	sheet[n] = (struct sheet_field){ .label = tr_word(request->lang, "column", "organisation") };
	r = names_of(request, &lookup, &whose, &sheet[n++].choices, err);
	for (size_t i = 0; r == 0 && i < reg->fields.n; i++)
		if (!fields[i].read_only && fields[i].type != FIELD_FILES)
			r = sheet_field_of(request, &lookup, &fields[i], true, &sheet[n++], err);
	struct str title = reg->label.in[request->lang];
	if (r == 0)
		r = sheet_writer_open(SHEET_XLSX, arena_cstr(request->arena, office->files_dir), title, sheet, n, TEMPLATE_ROWS, &writer, err);
	if (r == 0)
		r = sheet_writer_end(writer, &fd, err);
	return r < 0 ? r : answer_file(request, SHEET_XLSX, arena_printf(request->arena, "%.*s.xlsx", STR_ARG(title)), fd, err);
}

/* ---- exports ---- */

struct export {
	struct request *request;
	const struct register_ *reg;
	struct value_lookup lookup;
	struct arena rows;             /* of one page */
	struct sheet_writer *writer;   /* NULL: JSON, into request->out */
	struct sheet_field *columns;   /* number, org, state, the fields, updated */
	size_t n, count;
};

static void export_done(struct export *export)
{
	sheet_writer_close(export->writer);
	arena_done(&export->rows);
}

enum { EXPORT_NUMBER, EXPORT_ORG, EXPORT_STATE, EXPORT_FIELDS };

static int export_begin(struct export *export, enum sheet_kind kind, struct err *err)
{
	struct request *request = export->request;
	const struct field *fields = export->reg->fields.p;
	int r = 0;
	export->columns = ARENA_ARRAY(request->arena, struct sheet_field, export->reg->fields.n + EXPORT_FIELDS + 1);
	export->columns[export->n++] = (struct sheet_field){ .label = tr_word(request->lang, "column", "number") };
	export->columns[export->n++] = (struct sheet_field){ .label = tr_word(request->lang, "column", "organisation") };
	export->columns[export->n++] = (struct sheet_field){ .label = tr_word(request->lang, "column", "state") };
	for (size_t i = 0; r == 0 && i < export->reg->fields.n; i++)
		r = sheet_field_of(request, &export->lookup, &fields[i], false, &export->columns[export->n++], err);
	export->columns[export->n++] = (struct sheet_field){ .label = tr_word(request->lang, "column", "updated"), .value = SHEET_TIME };
	const char *dir = arena_cstr(request->arena, office_of(request)->files_dir);
	return r < 0 ? r : sheet_writer_open(kind, dir, export->reg->label.in[request->lang], export->columns, export->n, 0, &export->writer, err);
}

static int export_row(struct export *export, const struct doc *row, struct err *err)
{
	struct request *request = export->request;
	static const struct field whose = { .name = { "org", 3 }, .type = FIELD_ORG }, when = { .name = { "updated", 7 }, .type = FIELD_TIME };
	const struct field *fields = export->reg->fields.p;
	struct str *cells = ARENA_ARRAY(&export->rows, struct str, export->n);
	const struct choice *state = register_state(export->reg, doc_text(row, "state"));
	int r = 0;
	cells[EXPORT_NUMBER] = doc_text(row, "number");
	cells[EXPORT_STATE] = state ? state->label.in[request->lang] : doc_text(row, "state");
	for (size_t i = EXPORT_ORG; r == 0 && i < export->n; i++) {
		BUF(text);
		const struct field *field = i == EXPORT_ORG ? &whose : i == export->n - 1 ? &when : i >= EXPORT_FIELDS ? &fields[i - EXPORT_FIELDS] : NULL;
		if (!field)
			continue;
		r = value_to_text(&export->lookup, request->lang, field, doc_get(row, field->name), &text, err);
		cells[i] = arena_str(&export->rows, buf_str(&text));
	}
	return r < 0 ? r : sheet_writer_row(export->writer, cells, export->n, err);
}

static int export_page(struct export *export, const struct list_page *page, struct err *err)
{
	struct request *request = export->request;
	int r = 0;
	for (size_t i = 0; r == 0 && i < page->n; i++) {
		BUF(json);
		json_open_map(&json, NULL);
		row_put(&export->rows, &json, &office_of(request)->books, request->lang, export->reg, page->rows[i], ROW_WHOLE, NULL);
		buf_add_char(&json, '}');
		export->count++;
		if (!export->writer) {
			json_next(&request->out);
			buf_add(&request->out, buf_str(&json));
			if (request->out.n > EXPORT_BYTES)
				return err_set(err, -E2BIG, "the export is too large: choose fewer records");
			continue;
		}
		struct source *source = ARENA_NEW(&export->rows, struct source);
		const struct doc *row;
		*source = (struct source){ .name = "row", .text = buf_str(&json) };
		r = json_parse(&export->rows, source, &row, err);
		if (r == 0)
			r = export_row(export, row, err);
	}
	return r;
}

/* The same question as the list's, all pages of it. */
static int export_all(struct export *export, struct err *err)
{
	struct request *request = export->request;
	struct office *office = office_of(request);
	struct list_query query;
	int r = declared_question(request, export->reg, &query, err);
	query.limit = LIST_LIMIT;
	query.after = STR_NONE;
	while (r == 0) {
		struct list_page page = { 0 };
		arena_reset(&export->rows);
		r = list_read(&export->rows, request->db, &office->books, request->actor, export->reg, &query, &page, err);
		if (r == 0)
			r = export_page(export, &page, err);
		if (r < 0 || !page.next.p)
			break;
		if (export->count >= EXPORT_ROWS)
			return err_set(err, -E2BIG, "more than %d records: choose fewer by a filter", EXPORT_ROWS);
		query.after = arena_str(request->arena, page.next);
	}
	return r;
}

struct exported {
	const struct export *export;
	struct str format;
};

/* Who took how much out of which register, by which question. */
static int journal_export(void *ctx, struct write *write, struct err *err)
{
	const struct exported *exported = ctx;
	const struct request *request = exported->export->request;
	BUF(after);
	json_open_map(&after, NULL);
	json_put(&after, "format", exported->format);
	json_put_int(&after, "rows", (int64_t)exported->export->count);
	json_put(&after, "question", request->query_string.p ? request->query_string : STR(""));
	buf_add_char(&after, '}');
	struct change change = { .kind = exported->export->reg->name, .org = write->actor->org, .action = STR("export"), .after = buf_str(&after) };
	return write_journal(write, &change, NULL, err);
}

static int get_export(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	CLEANUP(export_done) struct export export = { .request = request };
	struct str format = request_query(request, "format");
	bool json = str_is(format, "json");
	enum sheet_kind kind = str_is(format, "csv") ? SHEET_CSV : SHEET_XLSX;
	int r = register_of(request, RECORD_EXPORT, &export.reg, err), fd = -1;
	if (r < 0)
		return r;
	if (format.n && !json && !str_is(format, "csv") && !str_is(format, "xlsx"))
		return err_set(err, -EINVAL, "format is one of xlsx, csv, json");
	export.lookup = (struct value_lookup){ .arena = request->arena, .db = request->db, .books = &office->books, .actor = request->actor };
	if (json)
		buf_add_char(&request->out, '[');
	else
		r = export_begin(&export, kind, err);
	if (r == 0)
		r = export_all(&export, err);
	struct exported exported = { &export, format.n ? format : STR("xlsx") };
	if (r == 0)
		r = records_do(request->records, request->actor, journal_export, &exported, err);
	struct str name = arena_printf(request->arena, "%.*s.%.*s", STR_ARG(export.reg->label.in[request->lang]), STR_ARG(exported.format));
	if (r == 0 && json) {
		buf_add_char(&request->out, ']');
		request->filename = name;
		return 0;
	}
	if (r == 0)
		r = sheet_writer_end(export.writer, &fd, err);
	return r < 0 ? r : answer_file(request, kind, name, fd, err);
}

/* ---- imports ---- */

static int post_import(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	const struct register_ *reg;
	int64_t org, id;
	bool sees = false;
	int r = register_of(request, RECORD_IMPORT, &reg, err);
	if (r == 0)
		r = request_query_int(request, "org", 1, INT64_MAX, request->actor->org, &org, err);
	if (r == 0)
		r = record_sees(request->db, request->actor, org, &sees, err);
	if (r == 0 && !sees)
		r = err_set(err, -ENOENT, "there is no such organisation");
	struct str name = request_query(request, "name");
	if (r == 0 && name.n > 255)
		r = err_set(err, -EINVAL, "the name of the file is too long");
	if (r == 0)
		r = import_job_check(office->imports, request->actor, reg, org, request->body_file, name.n ? name : reg->name, &id, err);
	if (r < 0)
		return r;
	request->status = 202;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", id);
	buf_add_char(&request->out, '}');
	return 0;
}

static int get_import(struct request *request, struct err *err)
{
	int64_t id;
	int r = request_id(request, 0, &id, err);
	return r < 0 ? r : import_job_put(request->arena, request->db, request->actor, id, &request->out, err);
}

static int post_import_apply(struct request *request, struct err *err)
{
	int64_t id;
	const struct doc *skip = doc_get(request->body, STR("skip"));
	int r = request_id(request, 0, &id, err);
	if (r == 0)
		r = import_job_apply(office_of(request)->imports, request->actor, id, skip && skip->type == DOC_BOOL && skip->boolean, err);
	if (r < 0)
		return r;
	request->status = 202;
	json_open_map(&request->out, NULL);
	json_put_int(&request->out, "id", id);
	buf_add_char(&request->out, '}');
	return 0;
}

const struct route routes_sheets[] = {
	{ METHOD_GET, "/api/records/{register}/template.xlsx", "getTemplate", "a workbook with drop-downs to fill in and import", .flags = ROUTE_SLOW,
	  .handle = get_template },
	{ METHOD_GET, "/api/records/{register}/export", "getExport", "the records that a list finds, as a workbook, CSV or JSON; journalled", .flags = ROUTE_SLOW,
	  .query = "format q f sort org withdrawn", .handle = get_export },
	{ METHOD_POST, "/api/records/{register}/imports", "postImport", "hand in a workbook or CSV file; it is checked and changes nothing yet",
	  .flags = ROUTE_RAW | ROUTE_READ | ROUTE_SLOW, .body_most = IMPORT_FILE, .query = "name org", .handle = post_import },
	{ METHOD_GET, "/api/imports/{id}", "getImport", "how far an import is, and what is wrong with which row and column", .handle = get_import },
	{ METHOD_POST, "/api/imports/{id}/apply", "postImportApply", "apply an import that was checked", .flags = ROUTE_READ | ROUTE_SLOW,
	  .handle = post_import_apply },
	{ 0 },
};
