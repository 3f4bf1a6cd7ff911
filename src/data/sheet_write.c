/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/sheet_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xlsxwriter.h>

#undef CELL /* that library has one, too */

#include "base/buf.h"
#include "base/utf8.h"
#include "data/cell.h"
#include "sys/library.h"
#include "sys/root.h"

#define XLSX_FUNCTIONS(X)                                                                                           \
	X(workbook_new_opt) X(workbook_add_worksheet) X(workbook_add_format) X(workbook_close) X(workbook_define_name)      \
	X(format_set_bold) X(format_set_bg_color) X(format_set_border) X(format_set_num_format) X(format_set_text_wrap) \
	X(format_set_font_color) X(format_set_align) X(worksheet_set_column) X(worksheet_write_string)                   \
	X(worksheet_write_number) X(worksheet_write_datetime) X(worksheet_freeze_panes) X(worksheet_autofilter)          \
	X(worksheet_data_validation_range) X(worksheet_hide) X(worksheet_activate) X(lxw_strerror)
LIBRARY(xlsx, "libxlsxwriter.so.4", XLSX_FUNCTIONS);

enum { CHOICE_ROWS = 5000 };

struct sheet_writer {
	enum sheet_kind kind;
	char path[512];              /* of the temporary file of an XLSX; "": none */
	int fd;
	struct sheet_field *fields;
	size_t n, row;
	struct arena arena;
	struct buf out;              /* CSV not written yet */
	lxw_workbook *book;
	lxw_worksheet *sheet;
	lxw_format *formats[4];      /* by enum sheet_value */
};

static int made(struct sheet_writer *writer, lxw_error code, struct err *err)
{
	(void)writer;
	return code == LXW_NO_ERROR ? 0 : err_set(err, -EIO, "cannot write the workbook: %s", xlsx.lxw_strerror(code));
}

/* ---- XLSX ---- */

static unsigned width_of(const struct sheet_field *field)
{
	size_t columns = utf8_width(field->label) + 4;
	return field->width ? field->width : (unsigned)MIN(MAX(columns, 12), 60);
}

static void make_formats(struct sheet_writer *writer)
{
	static const char *const codes[] = { [SHEET_TEXT] = "@", [SHEET_NUMBER] = "General", [SHEET_DATE] = "yyyy-mm-dd",
		                             [SHEET_TIME] = "yyyy-mm-dd hh:mm:ss" };
	for (size_t i = 0; i < COUNT(codes); i++) {
		writer->formats[i] = xlsx.workbook_add_format(writer->book);
		xlsx.format_set_num_format(writer->formats[i], codes[i]);
	}
}

static int write_head(struct sheet_writer *writer, struct err *err)
{
	lxw_format *head[2];
	int r = 0;
	for (int required = 0; required < 2; required++) {
		head[required] = xlsx.workbook_add_format(writer->book);
		xlsx.format_set_bold(head[required]);
		xlsx.format_set_border(head[required], LXW_BORDER_THIN);
		xlsx.format_set_text_wrap(head[required]);
		xlsx.format_set_align(head[required], LXW_ALIGN_VERTICAL_CENTER);
		xlsx.format_set_bg_color(head[required], required ? 0xFCE8C8 : 0xE6EEF0);
	}
	for (size_t i = 0; r == 0 && i < writer->n; i++) {
		const struct sheet_field *field = &writer->fields[i];
		r = made(writer, xlsx.worksheet_set_column(writer->sheet, (lxw_col_t)i, (lxw_col_t)i, width_of(field), writer->formats[field->value]), err);
		if (r == 0)
			r = made(writer, xlsx.worksheet_write_string(writer->sheet, 0, (lxw_col_t)i, arena_cstr(&writer->arena, field->label), head[field->required]), err);
	}
	xlsx.worksheet_freeze_panes(writer->sheet, 1, 0);
	return r;
}

/* Words of drop-downs stand on a hidden sheet: in the validation itself they could have 255 characters in all. */
static int write_choices(struct sheet_writer *writer, size_t template_rows, struct err *err)
{
	lxw_worksheet *words = NULL;
	size_t most = 0;
	int r = 0;
	for (size_t i = 0; i < writer->n; i++)
		most = MAX(most, MIN(writer->fields[i].choices.n, (size_t)CHOICE_ROWS));
	if (!most || !template_rows)
		return 0;
	words = xlsx.workbook_add_worksheet(writer->book, "choices");
	if (!words)
		return err_set(err, -EIO, "cannot write the workbook: no second sheet");
	for (size_t row = 0; r == 0 && row < most; row++) /* row by row: what is behind is on the disk already */
		for (size_t i = 0; r == 0 && i < writer->n; i++)
			if (row < writer->fields[i].choices.n)
				r = made(writer, xlsx.worksheet_write_string(words, (lxw_row_t)row, (lxw_col_t)i, arena_cstr(&writer->arena, writer->fields[i].choices.p[row]), writer->formats[SHEET_TEXT]), err);
	xlsx.worksheet_hide(words);
	return r;
}

static int write_rules(struct sheet_writer *writer, size_t template_rows, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && template_rows && i < writer->n; i++) {
		const struct sheet_field *field = &writer->fields[i];
		struct str column = sheet_column(&writer->arena, i);
		lxw_data_validation rule = { .validate = LXW_VALIDATION_TYPE_ANY, .input_message = (char *)(field->help.n ? arena_cstr(&writer->arena, field->help) : NULL) };
		if (field->choices.n) {
			rule.validate = LXW_VALIDATION_TYPE_LIST_FORMULA;
			rule.value_formula = (char *)arena_printf(&writer->arena, "=choices!$%.*s$1:$%.*s$%zu", STR_ARG(column), STR_ARG(column), MIN(field->choices.n, (size_t)CHOICE_ROWS)).p;
		} else if (!field->help.n) {
			continue;
		}
		if (field->help.n > 240) /* the format allows 255 characters */
			rule.input_message = NULL;
		r = made(writer, xlsx.worksheet_data_validation_range(writer->sheet, 1, (lxw_col_t)i, (lxw_row_t)template_rows, (lxw_col_t)i, &rule), err);
	}
	return r;
}

/* A sheet's name: 31 characters, none of []:*?/\ and no apostrophe at its ends. */
static const char *sheet_name(struct arena *arena, struct str title)
{
	BUF(name);
	size_t characters = 0;
	for (size_t i = 0; i < title.n; i++) {
		bool begins = (title.p[i] & 0xc0) != 0x80;
		characters += begins;
		if (characters > 31)
			break;
		buf_add_char(&name, memchr("[]:*?/\\'", title.p[i], 8) ? ' ' : title.p[i]);
	}
	return name.n ? arena_cstr(arena, buf_str(&name)) : "ward";
}

static int xlsx_begin(struct sheet_writer *writer, const char *dir, struct str title, size_t template_rows, struct err *err)
{
	lxw_workbook_options options = { .constant_memory = LXW_TRUE, .tmpdir = (char *)arena_cstr(&writer->arena, str_from(dir)) };
	int r = LIBRARY_LOAD(xlsx, err);
	if (r < 0)
		return r;
	int n = snprintf(writer->path, sizeof(writer->path), "%s/sheet-XXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(writer->path)) {
		writer->path[0] = 0;
		return err_set(err, -ENAMETOOLONG, "the path of the temporary directory is too long");
	}
	writer->fd = mkostemp(writer->path, O_CLOEXEC);
	if (writer->fd < 0) {
		writer->path[0] = 0;
		return err_errno(err, -errno, "cannot make a file in '%s'", dir);
	}
	writer->book = xlsx.workbook_new_opt(writer->path, &options);
	if (!writer->book)
		return err_set(err, -ENOMEM, "no memory for a workbook");
	writer->sheet = xlsx.workbook_add_worksheet(writer->book, sheet_name(&writer->arena, title));
	if (!writer->sheet)
		return err_set(err, -EIO, "cannot write the workbook: its sheet cannot have this name");
	make_formats(writer);
	r = write_rules(writer, template_rows, err);
	if (r == 0)
		r = write_head(writer, err);
	return r < 0 ? r : write_choices(writer, template_rows, err);
}

static bool take_date(struct str text, lxw_datetime *out)
{
	int64_t part[6] = { 0 };
	static const struct {
		uint8_t from, to;
	} at[] = { { 0, 4 }, { 5, 7 }, { 8, 10 }, { 11, 13 }, { 14, 16 }, { 17, 19 } };
	if (text.n != 10 && text.n != 19)
		return false;
	for (size_t i = 0; i < (text.n == 10 ? 3u : 6u); i++)
		if (!str_to_int(str_slice(text, at[i].from, at[i].to), 10, &part[i]))
			return false;
	*out = (lxw_datetime){ (int)part[0], (int)part[1], (int)part[2], (int)part[3], (int)part[4], (double)part[5] };
	return part[0] >= 1900 && part[0] <= 9999;
}

static int xlsx_cell(struct sheet_writer *writer, size_t column, struct str value, struct err *err)
{
	enum sheet_value kind = column < writer->n ? writer->fields[column].value : SHEET_TEXT;
	lxw_row_t row = (lxw_row_t)writer->row;
	lxw_col_t col = (lxw_col_t)column;
	double number;
	lxw_datetime date;
	if (kind == SHEET_NUMBER && value.n <= 15 && str_to_double(value, &number))
		return made(writer, xlsx.worksheet_write_number(writer->sheet, row, col, number, writer->formats[kind]), err);
	if ((kind == SHEET_DATE || kind == SHEET_TIME) && take_date(value, &date))
		return made(writer, xlsx.worksheet_write_datetime(writer->sheet, row, col, &date, writer->formats[kind]), err);
	BUF(text);
	value = str_slice(value, 0, 32700); /* the format allows 32,767 characters */
	buf_add(&text, str_slice(value, 0, utf8_valid_bytes(value)));
	return made(writer, xlsx.worksheet_write_string(writer->sheet, row, col, buf_cstr(&text), writer->formats[SHEET_TEXT]), err);
}

/* ---- CSV ---- */

static bool is_formula(struct str value)
{
	double number;
	return value.n && memchr("=+-@\t\r", value.p[0], 6) && !str_to_double(value, &number);
}

static int flush(struct sheet_writer *writer, struct err *err)
{
	struct str rest = buf_str(&writer->out);
	while (rest.n) {
		ssize_t n = write(writer->fd, rest.p, rest.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, -errno, "cannot write the sheet");
		rest = str_slice(rest, (size_t)n, rest.n);
	}
	buf_clear(&writer->out);
	return 0;
}

static int csv_line(struct sheet_writer *writer, const struct str *cells, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		BUF(guarded);
		struct str value = cells[i];
		if (is_formula(value)) {
			buf_add_char(&guarded, '\'');
			buf_add(&guarded, value);
			value = buf_str(&guarded);
		}
		if (i)
			buf_add_char(&writer->out, ',');
		csv_add_field(&writer->out, value);
	}
	buf_puts(&writer->out, "\r\n");
	return writer->out.n > 256 * 1024 ? flush(writer, err) : 0;
}

static int csv_begin(struct sheet_writer *writer, const char *dir, struct err *err)
{
	writer->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (writer->fd < 0)
		return err_errno(err, -errno, "cannot make a file in '%s'", dir);
	struct str *labels = ARENA_ARRAY(&writer->arena, struct str, writer->n + 1);
	for (size_t i = 0; i < writer->n; i++)
		labels[i] = writer->fields[i].label;
	buf_puts(&writer->out, "\xef\xbb\xbf");
	return csv_line(writer, labels, writer->n, err);
}

/* ---- both ---- */

int sheet_writer_open(enum sheet_kind kind, const char *dir, struct str title, const struct sheet_field *fields, size_t n,
                      size_t template_rows, struct sheet_writer **out, struct err *err)
{
	CLEANUP(sheet_writer_close_p) struct sheet_writer *writer = mem_alloc(sizeof(*writer));
	writer->kind = kind;
	writer->fd = -1;
	if (n > SHEET_COLUMNS)
		return err_set(err, -E2BIG, "more than %d columns", SHEET_COLUMNS);
	writer->fields = ARENA_ARRAY(&writer->arena, struct sheet_field, n + 1);
	for (size_t i = 0; i < n; i++)
		writer->fields[i] = fields[i];
	writer->n = n;
	int r = kind == SHEET_XLSX ? xlsx_begin(writer, dir, title, template_rows, err) : csv_begin(writer, dir, err);
	if (r == 0)
		*out = TAKE(writer);
	return r;
}

int sheet_writer_row(struct sheet_writer *writer, const struct str *cells, size_t n, struct err *err)
{
	int r = 0;
	writer->row++;
	if (writer->row > SHEET_ROWS)
		return err_set(err, -E2BIG, "more than %d rows do not fit one sheet", SHEET_ROWS);
	if (writer->kind == SHEET_CSV)
		return csv_line(writer, cells, n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (cells[i].n)
			r = xlsx_cell(writer, i, cells[i], err);
	return r;
}

int sheet_writer_end(struct sheet_writer *writer, int *fd, struct err *err)
{
	int r = 0;
	if (writer->kind == SHEET_XLSX) {
		if (writer->n && writer->row)
			xlsx.worksheet_autofilter(writer->sheet, 0, 0, (lxw_row_t)writer->row, (lxw_col_t)(writer->n - 1));
		lxw_workbook *book = TAKE(writer->book); /* closing frees it, also after an error */
		r = made(writer, xlsx.workbook_close(book), err);
		/* It replaced nothing: the library opened the same path anew. */
		fd_close_p(&writer->fd);
		writer->fd = r < 0 ? -1 : open(writer->path, O_RDONLY | O_CLOEXEC);
		if (r == 0 && writer->fd < 0)
			r = err_errno(err, -errno, "cannot read '%s'", writer->path);
	} else {
		r = flush(writer, err);
		if (r == 0 && lseek(writer->fd, 0, SEEK_SET) < 0)
			r = err_errno(err, -errno, "cannot read the sheet");
	}
	if (r == 0) {
		*fd = writer->fd;
		writer->fd = -1;
	}
	return r;
}

void sheet_writer_close(struct sheet_writer *writer)
{
	if (!writer)
		return;
	if (writer->book)
		xlsx.workbook_close(writer->book);
	if (writer->path[0])
		unlink(writer->path);
	fd_close_p(&writer->fd);
	buf_done(&writer->out);
	arena_done(&writer->arena);
	free(writer);
}

void sheet_writer_close_p(struct sheet_writer **writer)
{
	sheet_writer_close(*writer);
}
