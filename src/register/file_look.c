/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/file_look.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "base/utf8.h"
#include "data/decode.h"
#include "sys/library.h"
#include "sys/root.h"

#define FUNCTIONS(X)                                                                                                             \
	X(archive_read_new) X(archive_read_free) X(archive_read_support_format_zip) X(archive_read_open_fd) X(archive_read_open_memory) \
	X(archive_read_next_header) \
	X(archive_read_data) X(archive_entry_pathname) X(archive_entry_pathname_utf8) X(archive_entry_is_encrypted)
LIBRARY(zip, "libarchive.so.13", FUNCTIONS);

enum { HEAD = 256 * 1024, PIECE = 65536, PDF_LOOK = 2 * 1024 * 1024, INNER_MOST = 32 * 1024 * 1024 /* all documents within a file, unpacked */ };

/* ---- names ---- */

int file_name_clean(struct arena *arena, struct str given, struct str *out, struct err *err)
{
	for (size_t i = given.n; i > 0; i--)
		if (given.p[i - 1] == '/' || given.p[i - 1] == '\\') {
			given = str_slice(given, i, given.n);
			break;
		}
	given = str_trim(given);
	while (given.n && given.p[0] == '.')
		given = str_slice(given, 1, given.n);
	bool good = given.n && given.n <= LOOK_NAME && utf8_valid(given);
	for (size_t i = 0; good && i < given.n; i++)
		good = (unsigned char)given.p[i] >= 0x20 && given.p[i] != 0x7f;
	if (!good)
		return err_set(err, -EINVAL, "the file's name is missing, too long, or holds characters that no name has");
	*out = utf8_clean(arena, given); /* signs that turn the direction of text could make one ending look like another */
	return 0;
}

static bool ends_nocase(struct str name, const char *ending)
{
	size_t n = strlen(ending);
	return name.n >= n && str_is_nocase(str_slice(name, name.n - n, name.n), ending);
}

/* Endings that a desktop would run. */
static bool is_runnable(struct str name)
{
	static const char *const endings[] = { ".exe", ".com", ".dll", ".scr", ".msi", ".msp", ".bat", ".cmd", ".ps1",  ".psm1", ".vbs", ".vbe",  ".js",
		                               ".jse", ".wsf", ".wsh", ".hta", ".lnk", ".url", ".jar", ".class", ".sh", ".bash", ".py",  ".pl",   ".rb",
		                               ".php", ".jsp", ".asp", ".aspx", ".elf", ".so", ".deb", ".rpm", ".apk", ".html", ".htm",  ".svg",  ".xhtml",
		                               ".mht", ".chm", ".reg", ".cpl", ".docm", ".xlsm", ".pptm", ".iso", ".img", ".vhd" };
	for (size_t i = 0; i < COUNT(endings); i++)
		if (ends_nocase(name, endings[i]))
			return true;
	return false;
}

static int refuse_mark(const char *mark, struct err *err)
{
	return err_set(err, -EINVAL, "this file is marked '%s': documents with a degree of state secrecy must not be put into this system", mark);
}

/* ---- ZIP files ---- */

enum zip_kind { ZIP_PLAIN, ZIP_WORD, ZIP_SHEET, ZIP_SLIDES, ZIP_TEXT_ODF, ZIP_SHEET_ODF, ZIP_OFD };
static const char *const zip_types[] = {
	[ZIP_PLAIN] = "application/zip",
	[ZIP_WORD] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	[ZIP_SHEET] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	[ZIP_SLIDES] = "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	[ZIP_TEXT_ODF] = "application/vnd.oasis.opendocument.text",
	[ZIP_SHEET_ODF] = "application/vnd.oasis.opendocument.spreadsheet",
	[ZIP_OFD] = "application/ofd",
};

struct zip_look {
	struct archive *archive;
	enum zip_kind kind;
	bool content_types, inner; /* inner: it lies in another one */
	size_t unpacked;           /* of documents within */
	struct buf text;
	struct err *err;
};

static void zip_look_done(struct zip_look *look)
{
	if (look->archive)
		zip.archive_read_free(look->archive);
	buf_done(&look->text);
}

static bool is_text_part(struct str path)
{
	static const char *const parts[] = { "word/document.xml", "xl/sharedStrings.xml", "content.xml" };
	static const char *const folders[] = { "word/header", "word/footer", "ppt/slides/slide", "xl/worksheets/sheet" };
	for (size_t i = 0; i < COUNT(parts); i++)
		if (str_is(path, parts[i]))
			return true;
	for (size_t i = 0; i < COUNT(folders); i++)
		if (str_starts(path, folders[i]) && str_ends(path, ".xml"))
			return true;
	return str_ends(path, "Content.xml") || ends_nocase(path, ".txt") || ends_nocase(path, ".csv");
}

/* Tags go; the end of a paragraph, a cell or a line of a page ends a line. */
static void add_plain(struct buf *out, struct str xml)
{
	static const char *const ends[] = { "/w:p>", "/a:p>", "/si>", "/text:p>", "/text:h>", "/ofd:TextCode>", "/oddHeader>", "/oddFooter>", "/row>" };
	for (size_t i = 0; i < xml.n; i++) {
		if (xml.p[i] != '<') {
			buf_add_char(out, xml.p[i]);
			continue;
		}
		struct str tag = str_slice(xml, i + 1, xml.n);
		ptrdiff_t end = str_find_char(tag, '>');
		if (end < 0)
			return;
		for (size_t k = 0; k < COUNT(ends); k++)
			if (str_starts(tag, ends[k]))
				buf_add_char(out, '\n');
		i += (size_t)end + 1;
	}
}

static int part_read(struct zip_look *look, struct arena *arena, struct str path)
{
	BUF(bytes);
	while (bytes.n + look->text.n < LOOK_TEXT) {
		char *room = buf_reserve(&bytes, PIECE);
		la_ssize_t n = zip.archive_read_data(look->archive, room, PIECE);
		if (n < 0)
			return err_set(look->err, -EINVAL, "'%.*s' in this file is damaged, or behind a password, and cannot be looked into", STR_ARG(path));
		if (n == 0)
			break;
		bytes.n += (size_t)n;
	}
	if (str_ends(path, ".xml")) {
		add_plain(&look->text, buf_str(&bytes));
	} else {
		struct decode decode;
		size_t used;
		decode_init(&decode, ENCODING_AUTO);
		buf_add(&look->text, decode_text(&decode, arena, buf_str(&bytes), true, &used));
	}
	buf_add_char(&look->text, '\n');
	return 0;
}

static void kind_of_part(struct zip_look *look, struct str path)
{
	if (str_is(path, "[Content_Types].xml"))
		look->content_types = true;
	else if (str_is(path, "word/document.xml"))
		look->kind = ZIP_WORD;
	else if (str_is(path, "xl/workbook.xml"))
		look->kind = ZIP_SHEET;
	else if (str_is(path, "ppt/presentation.xml"))
		look->kind = ZIP_SLIDES;
	else if (str_is(path, "OFD.xml"))
		look->kind = ZIP_OFD;
}

static int mimetype_read(struct zip_look *look)
{
	char text[128];
	la_ssize_t n = zip.archive_read_data(look->archive, text, sizeof(text));
	struct str type = { text, n > 0 ? (size_t)n : 0 };
	if (str_is(type, zip_types[ZIP_TEXT_ODF]))
		look->kind = ZIP_TEXT_ODF;
	else if (str_is(type, zip_types[ZIP_SHEET_ODF]))
		look->kind = ZIP_SHEET_ODF;
	return 0;
}

/* ---- documents within ---- */

static int zip_look_parts(struct zip_look *look, struct arena *arena);
static const char *pdf_mark(struct str bytes);

static bool is_document(struct str path)
{
	static const char *const endings[] = { ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".ofd", ".zip", ".pdf" };
	for (size_t i = 0; i < COUNT(endings); i++)
		if (ends_nocase(path, endings[i]))
			return true;
	return false;
}

/* What is marked stays outside in a ZIP file, too. */
static int document_look(struct zip_look *look, struct arena *arena, struct str path)
{
	BUF(bytes);
	la_ssize_t n = 1;
	if (look->inner)
		return err_set(look->err, -EINVAL, "'%.*s' lies in a file within this file: attach it by itself", STR_ARG(str_slice(path, 0, 200)));
	while (n > 0 && look->unpacked + bytes.n <= INNER_MOST) {
		n = zip.archive_read_data(look->archive, buf_reserve(&bytes, PIECE), PIECE);
		if (n < 0)
			return err_set(look->err, -EINVAL, "'%.*s' in this file is damaged, or behind a password, and cannot be looked into", STR_ARG(path));
		bytes.n += (size_t)n;
	}
	look->unpacked += bytes.n;
	if (n > 0)
		return err_set(look->err, -EINVAL, "what this ZIP file holds is too large to be looked into: attach the documents one by one");
	if (ends_nocase(path, ".pdf")) {
		const char *mark = pdf_mark(buf_str(&bytes));
		return mark ? refuse_mark(mark, look->err) : 0;
	}
	CLEANUP(zip_look_done) struct zip_look inner = { .archive = zip.archive_read_new(), .inner = true, .err = look->err };
	zip.archive_read_support_format_zip(inner.archive);
	if (zip.archive_read_open_memory(inner.archive, bytes.p, bytes.n) != ARCHIVE_OK)
		return err_set(look->err, -EINVAL, "this ZIP file is damaged");
	return zip_look_parts(&inner, arena);
}

static int part_look(struct zip_look *look, struct arena *arena, struct archive_entry *entry)
{
	const char *name = zip.archive_entry_pathname_utf8(entry);
	struct str path = str_from(name ? name : zip.archive_entry_pathname(entry));
	const char *mark = path.p ? secret_mark_of_name(path) : NULL;
	if (!path.p)
		return err_set(look->err, -EINVAL, "a part of this file has no name");
	if (zip.archive_entry_is_encrypted(entry))
		return err_set(look->err, -EINVAL, "this file is behind a password and cannot be looked into");
	if (is_runnable(path))
		return err_set(look->err, -EINVAL, "this file holds a program or a script, '%.*s'", STR_ARG(str_slice(path, 0, 200)));
	if (str_ends(path, "vbaProject.bin"))
		return err_set(look->err, -EINVAL, "this document has macros; save it without them");
	if (mark)
		return refuse_mark(mark, look->err);
	kind_of_part(look, path);
	if (str_is(path, "mimetype"))
		return mimetype_read(look);
	if (is_document(path))
		return document_look(look, arena, path);
	return is_text_part(path) && look->text.n < LOOK_TEXT ? part_read(look, arena, path) : 0;
}

static int zip_look_parts(struct zip_look *look, struct arena *arena)
{
	struct archive_entry *entry;
	int r = 0;
	for (size_t n = 0; r == 0; n++) {
		int code = zip.archive_read_next_header(look->archive, &entry);
		if (code == ARCHIVE_EOF)
			break;
		if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
			return err_set(look->err, -EINVAL, "this ZIP file is damaged");
		if (n >= LOOK_PARTS)
			return err_set(look->err, -EINVAL, "this ZIP file has more than %d parts", LOOK_PARTS);
		r = part_look(look, arena, entry);
	}
	const char *mark = r < 0 ? NULL : secret_mark_of_text(buf_str(&look->text));
	return mark ? refuse_mark(mark, look->err) : r;
}

static int zip_look(struct arena *arena, int fd, struct str *type, struct err *err)
{
	CLEANUP(zip_look_done) struct zip_look look = { .err = err };
	int r = LIBRARY_LOAD(zip, err);
	if (r < 0)
		return r;
	look.archive = zip.archive_read_new();
	zip.archive_read_support_format_zip(look.archive);
	if (lseek(fd, 0, SEEK_SET) < 0 || zip.archive_read_open_fd(look.archive, fd, PIECE) != ARCHIVE_OK)
		return err_set(err, -EINVAL, "this ZIP file is damaged");
	r = zip_look_parts(&look, arena);
	if (r < 0)
		return r;
	bool microsoft = look.kind == ZIP_WORD || look.kind == ZIP_SHEET || look.kind == ZIP_SLIDES;
	*type = str_from(zip_types[microsoft && !look.content_types ? ZIP_PLAIN : look.kind]);
	return 0;
}

/* ---- PDF ---- */

/* Marks as they stand in what is not compressed: UTF-8, UTF-16 with the big end first, GB 18030. */
static const char *pdf_mark(struct str bytes)
{
	static const struct {
		const char *mark, *bytes;
		size_t n;
	} marks[] = {
		{ "绝密", "绝密★", 9 },
		{ "机密", "机密★", 9 },
		{ "秘密", "秘密★", 9 },
		{ "绝密", "\x7e\xdd\x5b\xc6\x26\x05", 6 },
		{ "机密", "\x67\x3a\x5b\xc6\x26\x05", 6 },
		{ "秘密", "\x79\xd8\x5b\xc6\x26\x05", 6 },
		{ "绝密", "\xbe\xf8\xc3\xdc\xa1\xef", 6 },
		{ "机密", "\xbb\xfa\xc3\xdc\xa1\xef", 6 },
		{ "秘密", "\xc3\xd8\xc3\xdc\xa1\xef", 6 },
		{ "tuyệt mật", "TUYỆT MẬT", 13 },
		{ "tối mật", "TỐI MẬT", 11 },
	};
	for (size_t i = 0; i < COUNT(marks); i++)
		if (memmem(bytes.p, bytes.n, marks[i].bytes, marks[i].n))
			return marks[i].mark;
	return NULL;
}

/* ---- text ---- */

static bool begins_as_program(struct str text)
{
	static const char *const begins[] = { "#!", "<?php", "<!doctype html", "<html", "<script", "<svg", "<%", "@echo off", "<job", "<hta:" };
	struct str rest = str_trim(str_starts(text, "\xef\xbb\xbf") ? str_slice(text, 3, text.n) : text);
	for (size_t i = 0; i < COUNT(begins); i++)
		if (str_is_nocase(str_slice(rest, 0, strlen(begins[i])), begins[i]))
			return true;
	return false;
}

static bool is_text(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f')
			return false;
	}
	return true;
}

static int text_look(struct arena *arena, struct str bytes, struct str name, struct str *type, struct err *err)
{
	struct decode decode;
	size_t used;
	decode_init(&decode, ENCODING_AUTO);
	struct str text = decode_text(&decode, arena, bytes, true, &used);
	/* What is cut at the end of the part that was read may leave one. */
	if (decode.bad > 1 || !is_text(text))
		return err_set(err, -EINVAL,
		               "files of this kind are not kept; possible are PDF, PNG, JPEG, DOCX, XLSX, PPTX, ODT, ODS, OFD, ZIP, text and CSV");
	if (begins_as_program(text))
		return err_set(err, -EINVAL, "this is a program, a script or a page, which is not kept");
	const char *mark = secret_mark_of_text(text);
	if (mark)
		return refuse_mark(mark, err);
	*type = ends_nocase(name, ".csv") ? STR("text/csv") : STR("text/plain");
	return 0;
}

/* ---- all ---- */

int file_look(struct arena *arena, int fd, int64_t size, struct str name, struct str *type, struct err *err)
{
	BUF(head);
	const char *mark = secret_mark_of_name(name);
	if (!size)
		return err_set(err, -EINVAL, "the file is empty");
	if (is_runnable(name))
		return err_set(err, -EINVAL, "this is a program, a script or a page, which is not kept");
	if (mark)
		return refuse_mark(mark, err);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, -errno, "cannot read the file");
	int r = fd_read(fd, HEAD, &head);
	if (r < 0 && r != -EFBIG)
		return err_errno(err, r, "cannot read the file");
	struct str bytes = buf_str(&head);
	if (str_starts(bytes, "PK\x03\x04"))
		return zip_look(arena, fd, type, err);
	if (str_starts(bytes, "%PDF-")) {
		r = fd_read(fd, PDF_LOOK, &head);
		mark = pdf_mark(buf_str(&head));
		*type = STR("application/pdf");
		return mark ? refuse_mark(mark, err) : 0;
	}
	if (str_starts(bytes, "\x89PNG\r\n\x1a\n")) {
		*type = STR("image/png");
		return 0;
	}
	if (str_starts(bytes, "\xff\xd8\xff")) {
		*type = STR("image/jpeg");
		return 0;
	}
	return text_look(arena, bytes, name, type, err);
}
