/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "report/rowset.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "data/json.h"

const char *const rowset_names[] = { "table", "json", "ndjson", "csv", NULL };

enum {
	PIECE = 64 * 1024,  /* written out when as much has gathered */
	CELL_WIDEST = 120,  /* terminal columns of one value in a table; longer is cut with "…" */
};

static int flush(struct buf *buf, size_t least, rowset_write write, struct err *err)
{
	if (buf->n < least || buf->n == 0)
		return 0;
	int r = write(buf_str(buf), err);
	buf_clear(buf);
	return r;
}

static void add_json_row(struct buf *buf, const struct statement *statement)
{
	buf_add_char(buf, '{');
	for (size_t i = 0; i < statement_width(statement); i++) {
		if (i)
			buf_add_char(buf, ',');
		json_add_string(buf, str_from(statement_column(statement, i)));
		buf_add_char(buf, ':');
		cell_add_json(buf, statement_value(statement, i));
	}
	buf_add_char(buf, '}');
}

static void add_csv_row(struct buf *buf, const struct statement *statement)
{
	BUF(plain);
	for (size_t i = 0; i < statement_width(statement); i++) {
		buf_clear(&plain);
		cell_add_plain(&plain, statement_value(statement, i));
		if (i)
			buf_add_char(buf, ',');
		csv_add_field(buf, buf_str(&plain));
	}
	buf_puts(buf, "\r\n");
}

static int print_stream(struct statement *statement, enum rowset_format format, rowset_write write,
                        size_t *rows, struct err *err)
{
	BUF(out);
	if (format == ROWSET_JSON)
		buf_puts(&out, "[");
	for (size_t i = 0; format == ROWSET_CSV && i < statement_width(statement); i++) {
		if (i)
			buf_add_char(&out, ',');
		csv_add_field(&out, str_from(statement_column(statement, i)));
	}
	if (format == ROWSET_CSV)
		buf_puts(&out, "\r\n");
	int r;
	struct err stopped = { "" };
	while ((r = statement_step(statement, &stopped)) == 1) {
		if (format == ROWSET_JSON)
			buf_puts(&out, *rows ? ",\n " : "\n ");
		if (format == ROWSET_CSV)
			add_csv_row(&out, statement);
		else
			add_json_row(&out, statement);
		if (format == ROWSET_NDJSON)
			buf_add_char(&out, '\n');
		++*rows;
		int w = flush(&out, PIECE, write, err);
		if (w < 0)
			return w;
	}
	if (format == ROWSET_JSON)
		buf_puts(&out, *rows ? "\n]\n" : "]\n");
	int w = flush(&out, 0, write, err);
	if (w < 0)
		return w;
	if (r < 0 && err)
		*err = stopped;
	return r;
}

struct table_text {
	struct arena arena;
	VEC(struct str) cells;
	VEC(bool) numbers;
};

static void table_text_done(struct table_text *text)
{
	arena_done(&text->arena);
	vec_done(&text->cells);
	vec_done(&text->numbers);
}

/* One line, safe on a terminal, not wider than CELL_WIDEST. */
static struct str cell_shown(struct arena *arena, struct cell cell)
{
	BUF(plain);
	cell_add_plain(&plain, cell);
	struct str text = arena_str(arena, utf8_clean(arena, buf_str(&plain)));
	if (utf8_width(text) <= CELL_WIDEST)
		return text;
	return arena_printf(arena, "%.*s…", STR_ARG(utf8_cut(text, CELL_WIDEST - 1)));
}

static void pad(struct buf *out, size_t n)
{
	while (n--)
		buf_add_char(out, ' ');
}

static int print_table(struct statement *statement, rowset_write write, size_t *rows, struct err *err)
{
	CLEANUP(table_text_done) struct table_text text = { 0 };
	size_t width = statement_width(statement);
	for (size_t i = 0; i < width; i++) {
		vec_push(&text.cells, arena_str(&text.arena, str_from(statement_column(statement, i))));
		vec_push(&text.numbers, false);
	}
	int r;
	while ((r = statement_step(statement, err)) == 1) {
		for (size_t i = 0; i < width; i++) {
			struct cell cell = statement_value(statement, i);
			vec_push(&text.cells, cell_shown(&text.arena, cell));
			vec_push(&text.numbers, cell.p && !cell_is_text(cell));
		}
		++*rows;
	}
	size_t *widths = ARENA_ARRAY(&text.arena, size_t, width);
	for (size_t i = 0; width && i < text.cells.n; i++)
		widths[i % width] = MAX(widths[i % width], utf8_width(text.cells.p[i]));
	BUF(out);
	for (size_t i = 0; width && i < text.cells.n; i++) {
		size_t column = i % width, space = widths[column] - utf8_width(text.cells.p[i]);
		if (text.numbers.p[i])
			pad(&out, space);
		buf_add(&out, text.cells.p[i]);
		if (column + 1 < width) {
			if (!text.numbers.p[i])
				pad(&out, space);
			pad(&out, 2);
			continue;
		}
		buf_add_char(&out, '\n');
		for (size_t j = 0; i + 1 == width && j < width; j++) {
			for (size_t k = 0; k < MAX(widths[j], (size_t)1); k++)
				buf_puts(&out, "─");
			buf_puts(&out, j + 1 < width ? "  " : "\n");
		}
		int w = flush(&out, PIECE, write, err);
		if (w < 0)
			return w;
	}
	int w = flush(&out, 0, write, err);
	return w < 0 ? w : r;
}

int rowset_print(struct statement *statement, enum rowset_format format, rowset_write write, size_t *rows,
                 struct err *err)
{
	*rows = 0;
	if (format == ROWSET_TABLE)
		return print_table(statement, write, rows, err);
	return print_stream(statement, format, write, rows, err);
}
