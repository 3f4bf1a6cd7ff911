/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/decode.h"
#include "data/sheet_source.h"

enum { PIECE = 256 * 1024, MOST = SHEET_COLUMNS * (SHEET_CELL + 2) };

struct csv {
	int fd;
	char name[256];
	struct decode decode;
	struct arena arena;  /* of the text decoded last */
	struct buf raw;      /* read and not decoded */
	struct buf text;     /* decoded; from `at` on not given out */
	size_t at;
	int64_t offset, size;
	bool ended;
	char separator;      /* 0: not known yet */
	size_t line;
};

/* Read and decode one more piece. */
static int more(struct csv *csv, struct err *err)
{
	char *room = buf_reserve(&csv->raw, PIECE);
	ssize_t n;
	while ((n = pread(csv->fd, room, PIECE, csv->offset)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return err_errno(err, -errno, "cannot read '%s'", csv->name);
	csv->raw.n += (size_t)n;
	csv->offset += n;
	csv->ended = n == 0;
	if (csv->at) {
		memmove(csv->text.p, csv->text.p + csv->at, csv->text.n - csv->at);
		csv->text.n -= csv->at;
		csv->at = 0;
	}
	size_t used;
	arena_reset(&csv->arena);
	buf_add(&csv->text, decode_text(&csv->decode, &csv->arena, buf_str(&csv->raw), csv->ended, &used));
	memmove(csv->raw.p, csv->raw.p + used, csv->raw.n - used);
	csv->raw.n -= used;
	return 0;
}

/* The character that stands most often in the first line outside quotes. */
static char separator_of(struct str text)
{
	size_t count[3] = { 0 };
	bool quoted = false;
	for (size_t i = 0; i < text.n && (quoted || (text.p[i] != '\n' && text.p[i] != '\r')); i++) {
		if (text.p[i] == '"')
			quoted = !quoted;
		else if (!quoted)
			for (int which = 0; which < 3; which++)
				count[which] += text.p[i] == ",;\t"[which];
	}
	return count[1] > count[0] && count[1] >= count[2] ? ';' : count[2] > count[0] ? '\t' : ',';
}

/* Where the row at the start of the text ends, its line end included; 0: it is not whole. */
static size_t row_end(struct str text, bool last)
{
	bool quoted = false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && text.p[i] == '\n') {
			return i + 1;
		} else if (!quoted && text.p[i] == '\r') {
			if (i + 1 == text.n && !last)
				return 0;
			return i + 1 + (i + 1 < text.n && text.p[i + 1] == '\n');
		}
	}
	return last ? text.n : 0;
}

/* What sheet_write.h puts before a text that a spreadsheet program would take for a formula. */
static struct str without_guard(struct str value)
{
	bool guarded = value.n > 1 && value.p[0] == '\'' && memchr("=+-@\t\r", value.p[1], 6);
	return guarded ? str_slice(value, 1, value.n) : value;
}

static int split(struct csv *csv, struct str row, struct sheet_cells *cells, struct err *err)
{
	BUF(value);
	size_t column = 0, i = 0;
	int r = 0;
	while (row.n && (row.p[row.n - 1] == '\n' || row.p[row.n - 1] == '\r'))
		row.n--;
	while (r == 0) {
		buf_clear(&value);
		if (i < row.n && row.p[i] == '"') {
			for (i++; i < row.n && (row.p[i] != '"' || (i + 1 < row.n && row.p[i + 1] == '"')); i++) {
				i += row.p[i] == '"';
				buf_add_char(&value, row.p[i]);
			}
			i++;
		}
		for (; i < row.n && row.p[i] != csv->separator; i++)
			buf_add_char(&value, row.p[i]);
		r = sheet_cells_add(cells, column++, without_guard(buf_str(&value)), err);
		if (i++ >= row.n)
			break;
	}
	return r;
}

static int csv_row(void *ctx, struct sheet_cells *cells, struct err *err)
{
	struct csv *csv = ctx;
	size_t n;
	for (;;) {
		struct str rest = str_slice(buf_str(&csv->text), csv->at, csv->text.n);
		n = row_end(rest, csv->ended);
		if (n || csv->ended)
			break;
		if (rest.n > MOST)
			return err_set(err, -E2BIG, "%s: row %zu does not end: is a quotation mark missing?", csv->name, csv->line);
		int r = more(csv, err);
		if (r < 0)
			return r;
	}
	if (n == 0)
		return 0;
	struct str row = str_slice(buf_str(&csv->text), csv->at, csv->at + n);
	if (!csv->separator)
		csv->separator = separator_of(row);
	csv->at += n;
	cells->number = csv->line;
	int r = split(csv, row, cells, err);
	for (size_t i = 0; i < row.n; i++)
		csv->line += row.p[i] == '\n' || (row.p[i] == '\r' && !(i + 1 < row.n && row.p[i + 1] == '\n'));
	return r < 0 ? r : 1;
}

static unsigned csv_progress(const void *ctx)
{
	const struct csv *csv = ctx;
	return csv->size > 0 ? (unsigned)MIN(csv->offset * 1000 / csv->size, 1000) : 1000;
}

static void csv_close(void *ctx)
{
	struct csv *csv = ctx;
	buf_done(&csv->raw);
	buf_done(&csv->text);
	arena_done(&csv->arena);
	free(csv);
}

int sheet_csv(int fd, const char *name, struct sheet_source *out, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(err, -errno, "cannot read '%s'", name);
	struct csv *csv = mem_alloc(sizeof(*csv));
	csv->fd = fd;
	csv->size = st.st_size;
	csv->line = 1;
	snprintf(csv->name, sizeof(csv->name), "%s", name);
	decode_init(&csv->decode, ENCODING_AUTO);
	*out = (struct sheet_source){ csv_row, csv_progress, csv_close, csv };
	return 0;
}
