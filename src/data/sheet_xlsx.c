/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A workbook is a zip of XML files. The small ones that say what is where, and the shared texts, are read first, then the
 * sheet from a second pass over the zip, a row at a time: expat is suspended at the end of each row.
 */
#include <archive.h>
#include <archive_entry.h>
#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/sheet_source.h"
#include "sys/library.h"

#define ARCHIVE_FUNCTIONS(X)                                                                                  \
	X(archive_entry_pathname) X(archive_entry_pathname_utf8) X(archive_error_string) X(archive_filter_bytes) X(archive_read_data) \
	X(archive_read_free) X(archive_read_new) X(archive_read_next_header) X(archive_read_open_fd) X(archive_read_support_format_zip)
LIBRARY(zip, "libarchive.so.13", ARCHIVE_FUNCTIONS);

#define EXPAT_FUNCTIONS(X)                                                                                        \
	X(XML_ErrorString) X(XML_GetBuffer) X(XML_GetErrorCode) X(XML_ParseBuffer) X(XML_ParserCreate) X(XML_ParserFree) \
	X(XML_ResumeParser) X(XML_SetCharacterDataHandler) X(XML_SetElementHandler) X(XML_SetStartDoctypeDeclHandler)    \
	X(XML_SetUserData) X(XML_StopParser)
LIBRARY(expat, "libexpat.so.1", EXPAT_FUNCTIONS);

enum { PIECE = 64 * 1024, ENTRIES = 10000, STYLES = 65536, SHEETS = 1024, FORMATS = 4096, NAME = 256 };

struct format {
	int64_t id;
	bool date;
};

enum within { NOWHERE, IN_VALUE, IN_TEXT };

struct xlsx {
	int fd;
	char name[NAME];
	int64_t file_size, unpacked;
	/* The zip. */
	struct archive *zip;
	XML_Parser parser;
	bool suspended, ended;
	struct err *err;  /* of the call that parses; a handler sets it */
	int failed;
	/* What the workbook says. */
	struct arena arena;
	struct {
		struct str id, target;
	} rels[SHEETS];
	size_t n_rels;
	struct str chosen;       /* relation of the first sheet that is shown */
	struct str path;         /* of its XML */
	bool from_1904;
	struct buf shared;       /* all shared texts one behind the other */
	VEC(uint32_t) ends;
	struct format formats[FORMATS];
	size_t n_formats;
	bool dates[STYLES];      /* by cell style */
	size_t n_dates;
	bool in_cell_styles, in_phonetic;
	/* The sheet. */
	struct sheet_cells *cells;
	enum within within;
	struct buf value;
	char type;               /* of the cell: n, s (shared), t (text), b, e, d */
	size_t style, column, row;
	bool has_row;
};

/* ---- names and attributes ---- */

static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon ? colon + 1 : name;
}

static bool is(const char *name, const char *what)
{
	return strcmp(local(name), what) == 0;
}

static const char *attribute(const char **list, const char *name)
{
	for (; list[0]; list += 2)
		if (strcmp(list[0], name) == 0)
			return list[1];
	return NULL;
}

static int64_t number(const char *text, int64_t otherwise)
{
	return text ? str_int_or(str_from(text), otherwise) : otherwise;
}

static void fail(struct xlsx *xlsx, int r)
{
	if (!xlsx->failed) {
		xlsx->failed = r;
		expat.XML_StopParser(xlsx->parser, XML_FALSE);
	}
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name UNUSED, const XML_Char *system UNUSED, const XML_Char *public UNUSED,
                               int internal UNUSED)
{
	struct xlsx *xlsx = ctx;
	fail(xlsx, err_set(xlsx->err, -EBADMSG, "%s: a document type stands in it, as in no workbook", xlsx->name));
}

/* ---- what the workbook says ---- */

static void XMLCALL workbook_start(void *ctx, const XML_Char *name, const XML_Char **list)
{
	struct xlsx *xlsx = ctx;
	if (is(name, "workbookPr")) {
		const char *value = attribute(list, "date1904");
		xlsx->from_1904 = value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
	} else if (is(name, "sheet") && !xlsx->chosen.p) {
		const char *state = attribute(list, "state");
		for (const char **at = list; at[0] && !(state && strcmp(state, "visible") != 0); at += 2)
			if (strchr(at[0], ':') && is(at[0], "id"))
				xlsx->chosen = arena_str(&xlsx->arena, str_from(at[1]));
	}
}

static void XMLCALL rels_start(void *ctx, const XML_Char *name, const XML_Char **list)
{
	struct xlsx *xlsx = ctx;
	const char *id = attribute(list, "Id"), *target = attribute(list, "Target");
	if (is(name, "Relationship") && id && target && xlsx->n_rels < SHEETS) {
		xlsx->rels[xlsx->n_rels].id = arena_str(&xlsx->arena, str_from(id));
		xlsx->rels[xlsx->n_rels++].target = arena_str(&xlsx->arena, str_from(target));
	}
}

/* Does a number format show a date? Letters of dates outside quotes, brackets and escapes. */
static bool shows_date(struct str code)
{
	for (size_t i = 0; i < code.n; i++) {
		char c = code.p[i];
		if (c == '"' || (c == '[' && i + 1 < code.n && !memchr("hHmMsS", code.p[i + 1], 6))) {
			char end = c == '"' ? '"' : ']';
			for (i++; i < code.n && code.p[i] != end; i++)
				;
		} else if (c == '\\' || c == '_' || c == '*') {
			i++;
		} else if (c == ';') {
			return false;
		} else if (memchr("yYmMdDhHsS", c, 10)) {
			return true;
		}
	}
	return false;
}

/* ECMA-376-1, 18.8.30: the formats that need no code; 27 to 36 and 50 to 58 are dates of East Asian locales. */
static bool format_is_date(const struct xlsx *xlsx, int64_t id)
{
	for (size_t i = 0; i < xlsx->n_formats; i++)
		if (xlsx->formats[i].id == id)
			return xlsx->formats[i].date;
	return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

static void XMLCALL styles_start(void *ctx, const XML_Char *name, const XML_Char **list)
{
	struct xlsx *xlsx = ctx;
	if (is(name, "numFmt") && xlsx->n_formats < FORMATS) {
		const char *code = attribute(list, "formatCode");
		xlsx->formats[xlsx->n_formats++] = (struct format){ number(attribute(list, "numFmtId"), -1), code && shows_date(str_from(code)) };
	} else if (is(name, "cellXfs")) {
		xlsx->in_cell_styles = true;
	} else if (is(name, "xf") && xlsx->in_cell_styles && xlsx->n_dates < STYLES) {
		xlsx->dates[xlsx->n_dates++] = format_is_date(xlsx, number(attribute(list, "numFmtId"), 0));
	}
}

static void XMLCALL styles_end(void *ctx, const XML_Char *name)
{
	struct xlsx *xlsx = ctx;
	if (is(name, "cellXfs"))
		xlsx->in_cell_styles = false;
}

static void XMLCALL shared_start(void *ctx, const XML_Char *name, const XML_Char **list UNUSED)
{
	struct xlsx *xlsx = ctx;
	if (is(name, "rPh"))
		xlsx->in_phonetic = true;
	else if (is(name, "t") && !xlsx->in_phonetic)
		xlsx->within = IN_TEXT;
}

static void XMLCALL shared_end(void *ctx, const XML_Char *name)
{
	struct xlsx *xlsx = ctx;
	if (is(name, "rPh"))
		xlsx->in_phonetic = false;
	else if (is(name, "t"))
		xlsx->within = NOWHERE;
	else if (is(name, "si"))
		vec_push(&xlsx->ends, (uint32_t)xlsx->shared.n);
}

static void XMLCALL shared_text(void *ctx, const XML_Char *text, int n)
{
	struct xlsx *xlsx = ctx;
	if (xlsx->within != IN_TEXT)
		return;
	if (xlsx->shared.n + (size_t)n > SHEET_SHARED)
		fail(xlsx, err_set(xlsx->err, -E2BIG, "%s: its texts are larger than %d MiB", xlsx->name, SHEET_SHARED >> 20));
	else
		buf_add(&xlsx->shared, (struct str){ text, (size_t)n });
}

/* ---- values ---- */

/* "_x000D_" stands for a character that XML cannot hold (ECMA-376-1, 22.4.2.4). */
static void add_unescaped(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		int64_t code;
		if (text.p[i] == '_' && i + 7 <= text.n && text.p[i + 1] == 'x' && text.p[i + 6] == '_' &&
		    str_to_int(str_slice(text, i + 2, i + 6), 16, &code) && code > 0 && code < 0x80) {
			buf_add_char(out, (char)code);
			i += 6;
		} else {
			buf_add_char(out, text.p[i]);
		}
	}
}

/* Serial numbers of days: 1 is 1900-01-01, and 1900 has a 29 February in them. */
static bool add_date(const struct xlsx *xlsx, struct buf *out, double serial)
{
	ARENA(arena);
	if (!(serial >= 0 && serial < 2958466)) /* 9999-12-31 */
		return false;
	int64_t seconds = (int64_t)floor(serial * 86400 + 0.5);
	int64_t days = seconds / 86400, rest = seconds % 86400;
	if (days == 0 && !xlsx->from_1904) {
		buf_printf(out, "%02d:%02d:%02d", (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
		return true;
	}
	int64_t first = xlsx->from_1904 ? clock_days(1904, 1, 1) : clock_days(1899, 12, days < 60 ? 31 : 30);
	struct str text = clock_format(&arena, (first + days) * 86400 + rest);
	buf_add(out, str_slice(text, 0, 10));
	if (rest) {
		buf_add_char(out, ' ');
		buf_add(out, str_slice(text, 11, 19));
	}
	return true;
}

static void add_number(const struct xlsx *xlsx, struct buf *out, struct str text)
{
	double value;
	text = str_trim(text);
	if (!str_to_double(text, &value) || !isfinite(value))
		buf_add(out, text);
	else if (xlsx->style < xlsx->n_dates && xlsx->dates[xlsx->style] && add_date(xlsx, out, value))
		;
	else if (value == floor(value) && fabs(value) < 1e15)
		buf_printf(out, "%.0f", value);
	else
		buf_printf(out, "%.15g", value);
}

static struct str shared_at(const struct xlsx *xlsx, int64_t index)
{
	if (index < 0 || (uint64_t)index >= xlsx->ends.n)
		return STR_NONE;
	if (!xlsx->shared.n)
		return STR(""); /* all of them are empty */
	return str_slice(buf_str(&xlsx->shared), index ? xlsx->ends.p[index - 1] : 0, xlsx->ends.p[index]);
}

static void take_cell(struct xlsx *xlsx)
{
	BUF(out);
	struct str raw = buf_str(&xlsx->value);
	struct str shared = xlsx->type == 's' ? shared_at(xlsx, str_int_or(str_trim(raw), -1)) : STR("");
	int r = 0;
	if (!shared.p && raw.n)
		r = err_set(xlsx->err, -EBADMSG, "%s: row %zu names a text that is not there", xlsx->name, xlsx->row);
	else if (xlsx->type == 's' && shared.p)
		add_unescaped(&out, shared);
	else if (xlsx->type == 't')
		add_unescaped(&out, raw);
	else if (xlsx->type == 'b')
		buf_puts(&out, str_is(str_trim(raw), "1") ? "true" : "false");
	else if (xlsx->type == 'n' && raw.n)
		add_number(xlsx, &out, raw);
	else
		buf_add(&out, raw);
	if (r == 0 && out.n)
		r = sheet_cells_add(xlsx->cells, xlsx->column, buf_str(&out), xlsx->err);
	if (r < 0)
		fail(xlsx, r);
}

/* ---- the sheet ---- */

/* "AB12" -> 27; otherwise `next`. */
static size_t column_of(const char *place, size_t next)
{
	size_t column = 0;
	if (!place || *place < 'A' || *place > 'Z')
		return next;
	for (; *place >= 'A' && *place <= 'Z' && column < 100000; place++)
		column = column * 26 + (size_t)(*place - 'A' + 1);
	return column - 1;
}

static char type_of(const char *type)
{
	if (!type || strcmp(type, "n") == 0)
		return 'n';
	if (strcmp(type, "s") == 0 || strcmp(type, "b") == 0 || strcmp(type, "e") == 0 || strcmp(type, "d") == 0)
		return type[0];
	return 't'; /* inlineStr, str */
}

static void XMLCALL sheet_start(void *ctx, const XML_Char *name, const XML_Char **list)
{
	struct xlsx *xlsx = ctx;
	const char *tag = local(name);
	if (strcmp(tag, "c") == 0) {
		int64_t style = number(attribute(list, "s"), 0);
		xlsx->column = column_of(attribute(list, "r"), xlsx->column + 1);
		xlsx->type = type_of(attribute(list, "t"));
		xlsx->style = style < 0 ? 0 : (size_t)style;
		buf_clear(&xlsx->value);
	} else if (strcmp(tag, "v") == 0 || (strcmp(tag, "t") == 0 && !xlsx->in_phonetic)) {
		xlsx->within = IN_VALUE;
	} else if (strcmp(tag, "rPh") == 0) {
		xlsx->in_phonetic = true;
	} else if (strcmp(tag, "row") == 0) {
		int64_t row = number(attribute(list, "r"), (int64_t)xlsx->row + 1);
		xlsx->row = row > 0 && row <= 1048576 ? (size_t)row : xlsx->row + 1;
		xlsx->cells->number = xlsx->row;
		xlsx->column = SIZE_MAX; /* the next one is 0 */
	}
}

static void XMLCALL sheet_end(void *ctx, const XML_Char *name)
{
	struct xlsx *xlsx = ctx;
	const char *tag = local(name);
	if (strcmp(tag, "c") == 0) {
		take_cell(xlsx);
	} else if (strcmp(tag, "v") == 0 || strcmp(tag, "t") == 0) {
		xlsx->within = NOWHERE;
	} else if (strcmp(tag, "rPh") == 0) {
		xlsx->in_phonetic = false;
	} else if (strcmp(tag, "row") == 0 && !xlsx->failed) {
		xlsx->has_row = true;
		expat.XML_StopParser(xlsx->parser, XML_TRUE);
	}
}

static void XMLCALL sheet_text(void *ctx, const XML_Char *text, int n)
{
	struct xlsx *xlsx = ctx;
	if (xlsx->within != IN_VALUE)
		return;
	if (xlsx->value.n + (size_t)n > SHEET_CELL)
		fail(xlsx, err_set(xlsx->err, -E2BIG, "%s: a value in row %zu is longer than %d bytes", xlsx->name, xlsx->row, SHEET_CELL));
	else
		buf_add(&xlsx->value, (struct str){ text, (size_t)n });
}

/* ---- the zip ---- */

static int zip_error(struct xlsx *xlsx, struct err *err)
{
	const char *words = zip.archive_error_string(xlsx->zip);
	return err_set(err, -EBADMSG, "%s: the workbook is damaged: %s", xlsx->name, words ? words : "?");
}

static void zip_close(struct xlsx *xlsx)
{
	if (xlsx->zip)
		zip.archive_read_free(xlsx->zip);
	xlsx->zip = NULL;
	if (xlsx->parser)
		expat.XML_ParserFree(xlsx->parser);
	xlsx->parser = NULL;
}

static int zip_open(struct xlsx *xlsx, struct err *err)
{
	zip_close(xlsx);
	if (lseek(xlsx->fd, 0, SEEK_SET) < 0)
		return err_errno(err, -errno, "cannot read '%s'", xlsx->name);
	xlsx->zip = zip.archive_read_new();
	zip.archive_read_support_format_zip(xlsx->zip);
	return zip.archive_read_open_fd(xlsx->zip, xlsx->fd, PIECE) == ARCHIVE_OK ? 0 : zip_error(xlsx, err);
}

/* 1: the next entry, its name; 0: no more. */
static int zip_next(struct xlsx *xlsx, size_t *seen, const char **name, struct err *err)
{
	struct archive_entry *entry;
	int code = zip.archive_read_next_header(xlsx->zip, &entry);
	if (code == ARCHIVE_EOF)
		return 0;
	if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
		return zip_error(xlsx, err);
	if (++*seen > ENTRIES)
		return err_set(err, -E2BIG, "%s: more than %d files in one workbook", xlsx->name, ENTRIES);
	*name = zip.archive_entry_pathname_utf8(entry);
	if (!*name)
		*name = zip.archive_entry_pathname(entry);
	if (!*name)
		*name = "";
	return 1;
}

static int parser_new(struct xlsx *xlsx, XML_StartElementHandler start, XML_EndElementHandler end, XML_CharacterDataHandler text,
                      struct err *err)
{
	if (xlsx->parser)
		expat.XML_ParserFree(xlsx->parser);
	xlsx->parser = expat.XML_ParserCreate(NULL);
	if (!xlsx->parser)
		return err_set(err, -ENOMEM, "no memory to read XML");
	expat.XML_SetUserData(xlsx->parser, xlsx);
	expat.XML_SetElementHandler(xlsx->parser, start, end);
	if (text)
		expat.XML_SetCharacterDataHandler(xlsx->parser, text);
	expat.XML_SetStartDoctypeDeclHandler(xlsx->parser, on_doctype);
	xlsx->within = NOWHERE;
	xlsx->in_phonetic = xlsx->suspended = xlsx->ended = false;
	return 0;
}

/* Give the parser the next piece of the entry, or let it go on with the one it has. 1: it stopped at the end of a row. */
static int parse_more(struct xlsx *xlsx, struct err *err)
{
	enum XML_Status status;
	xlsx->err = err;
	if (xlsx->suspended) {
		status = expat.XML_ResumeParser(xlsx->parser);
	} else {
		void *room = expat.XML_GetBuffer(xlsx->parser, PIECE);
		if (!room)
			return err_set(err, -ENOMEM, "no memory to read XML");
		la_ssize_t n = zip.archive_read_data(xlsx->zip, room, PIECE);
		if (n < 0)
			return zip_error(xlsx, err);
		xlsx->unpacked += n;
		if (xlsx->unpacked > SHEET_UNPACKED ||
		    (xlsx->unpacked > 16 * 1024 * 1024 && xlsx->unpacked / SHEET_RATIO > xlsx->file_size))
			return err_set(err, -E2BIG, "%s: unpacked it is larger than any workbook of its size should be", xlsx->name);
		xlsx->ended = n == 0;
		status = expat.XML_ParseBuffer(xlsx->parser, (int)n, n == 0);
	}
	xlsx->suspended = status == XML_STATUS_SUSPENDED;
	if (xlsx->failed)
		return xlsx->failed;
	if (status == XML_STATUS_ERROR)
		return err_set(err, -EBADMSG, "%s: the workbook is damaged: %s", xlsx->name,
		               expat.XML_ErrorString(expat.XML_GetErrorCode(xlsx->parser)));
	return xlsx->suspended;
}

static int parse_entry(struct xlsx *xlsx, XML_StartElementHandler start, XML_EndElementHandler end, XML_CharacterDataHandler text,
                       struct err *err)
{
	int r = parser_new(xlsx, start, end, text, err);
	while (r == 0 && !xlsx->ended)
		r = parse_more(xlsx, err);
	return r;
}

static void XMLCALL ignore_end(void *ctx UNUSED, const XML_Char *name UNUSED)
{
}

static int read_workbook(struct xlsx *xlsx, struct err *err)
{
	size_t seen = 0;
	const char *name;
	int r = zip_open(xlsx, err);
	while (r == 0 && (r = zip_next(xlsx, &seen, &name, err)) > 0) {
		r = 0;
		if (strcmp(name, "xl/workbook.xml") == 0)
			r = parse_entry(xlsx, workbook_start, ignore_end, NULL, err);
		else if (strcmp(name, "xl/_rels/workbook.xml.rels") == 0)
			r = parse_entry(xlsx, rels_start, ignore_end, NULL, err);
		else if (strcmp(name, "xl/styles.xml") == 0)
			r = parse_entry(xlsx, styles_start, styles_end, NULL, err);
		else if (strcmp(name, "xl/sharedStrings.xml") == 0)
			r = parse_entry(xlsx, shared_start, shared_end, shared_text, err);
	}
	return r;
}

static int find_sheet(struct xlsx *xlsx, struct err *err)
{
	for (size_t i = 0; i < xlsx->n_rels; i++)
		if (str_eq(xlsx->rels[i].id, xlsx->chosen)) {
			struct str target = xlsx->rels[i].target;
			xlsx->path = target.n && target.p[0] == '/' ? str_slice(target, 1, target.n)
			                                            : arena_printf(&xlsx->arena, "xl/%.*s", STR_ARG(target));
		}
	if (!xlsx->path.p)
		return err_set(err, -EBADMSG, "%s: there is no sheet in it", xlsx->name);
	size_t seen = 0;
	const char *name;
	int r = zip_open(xlsx, err);
	while (r == 0 && (r = zip_next(xlsx, &seen, &name, err)) > 0) {
		r = 0;
		if (str_is(xlsx->path, name))
			return parser_new(xlsx, sheet_start, sheet_end, sheet_text, err);
	}
	return r < 0 ? r : err_set(err, -EBADMSG, "%s: there is no sheet in it", xlsx->name);
}

static int xlsx_row(void *ctx, struct sheet_cells *cells, struct err *err)
{
	struct xlsx *xlsx = ctx;
	xlsx->cells = cells;
	cells->number = xlsx->row;
	xlsx->has_row = false;
	while (!xlsx->has_row) {
		if (xlsx->ended && !xlsx->suspended)
			return 0;
		int r = parse_more(xlsx, err);
		if (r < 0)
			return r;
	}
	return 1;
}

static unsigned xlsx_progress(const void *ctx)
{
	const struct xlsx *xlsx = ctx;
	int64_t read = xlsx->zip ? zip.archive_filter_bytes(xlsx->zip, -1) : 0;
	return xlsx->file_size > 0 ? (unsigned)MIN(MAX(read, 0) * 1000 / xlsx->file_size, 1000) : 1000;
}

static void xlsx_close(void *ctx)
{
	struct xlsx *xlsx = ctx;
	zip_close(xlsx);
	arena_done(&xlsx->arena);
	buf_done(&xlsx->shared);
	buf_done(&xlsx->value);
	vec_done(&xlsx->ends);
	free(xlsx);
}

int sheet_xlsx(int fd, const char *name, struct sheet_source *out, struct err *err)
{
	struct stat st;
	int r = LIBRARY_LOAD(zip, err);
	if (r == 0)
		r = LIBRARY_LOAD(expat, err);
	if (r == 0 && fstat(fd, &st) < 0)
		r = err_errno(err, -errno, "cannot read '%s'", name);
	if (r < 0)
		return r;
	struct xlsx *xlsx = mem_alloc(sizeof(*xlsx));
	xlsx->fd = fd;
	xlsx->file_size = st.st_size;
	snprintf(xlsx->name, sizeof(xlsx->name), "%s", name);
	*out = (struct sheet_source){ xlsx_row, xlsx_progress, xlsx_close, xlsx };
	r = read_workbook(xlsx, err);
	return r < 0 ? r : find_sheet(xlsx, err);
}
