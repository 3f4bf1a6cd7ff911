/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/sheet.h"

#include <stdlib.h>
#include <unistd.h>

#include "data/sheet_source.h"

struct sheet {
	enum sheet_kind kind;
	struct sheet_source source;
	struct sheet_cells cells;
	struct str row[SHEET_COLUMNS];
	size_t rows;
};

int sheet_open(int fd, const char *name, struct sheet **out, struct err *err)
{
	CLEANUP(sheet_close_p) struct sheet *sheet = mem_alloc(sizeof(*sheet));
	char head[8] = "";
	ssize_t n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_errno(err, -errno, "cannot read '%s'", name);
	if (n == 8 && memcmp(head, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0)
		return err_set(err, -EBADMSG, "%s is a workbook of the old kind (.xls) or locked by a password: save it as .xlsx without one", name);
	sheet->kind = n >= 4 && memcmp(head, "PK\3\4", 4) == 0 ? SHEET_XLSX : SHEET_CSV;
	int r = sheet->kind == SHEET_XLSX ? sheet_xlsx(fd, name, &sheet->source, err) : sheet_csv(fd, name, &sheet->source, err);
	if (r == 0)
		*out = TAKE(sheet);
	return r;
}

void sheet_close(struct sheet *sheet)
{
	if (!sheet)
		return;
	if (sheet->source.close)
		sheet->source.close(sheet->source.ctx);
	buf_done(&sheet->cells.text);
	free(sheet);
}

void sheet_close_p(struct sheet **sheet)
{
	sheet_close(*sheet);
}

enum sheet_kind sheet_kind(const struct sheet *sheet)
{
	return sheet->kind;
}

unsigned sheet_progress(const struct sheet *sheet)
{
	return sheet->source.progress(sheet->source.ctx);
}

int sheet_cells_add(struct sheet_cells *cells, size_t column, struct str value, struct err *err)
{
	if (column >= SHEET_COLUMNS)
		return err_set(err, -E2BIG, "row %zu has more than %d columns", cells->number, SHEET_COLUMNS);
	if (value.n > SHEET_CELL)
		return err_set(err, -E2BIG, "a value in row %zu is longer than %d bytes", cells->number, SHEET_CELL);
	if (cells->n == SHEET_COLUMNS)
		return err_set(err, -EBADMSG, "row %zu names a column twice", cells->number);
	cells->cell[cells->n++] = (struct sheet_cell){ column, cells->text.n, value.n };
	buf_add(&cells->text, value);
	return 0;
}

int sheet_row(struct sheet *sheet, const struct str **cells, size_t *n, size_t *number, struct err *err)
{
	for (;;) {
		struct sheet_cells *row = &sheet->cells;
		buf_clear(&row->text);
		row->n = 0;
		int r = sheet->source.row(sheet->source.ctx, row, err);
		if (r <= 0)
			return r;
		if (++sheet->rows > SHEET_ROWS)
			return err_set(err, -E2BIG, "more than %d rows: split the file", SHEET_ROWS);
		size_t width = 0;
		for (size_t i = 0; i < row->n; i++)
			if (row->cell[i].n)
				width = MAX(width, row->cell[i].column + 1);
		if (width == 0)
			continue;
		for (size_t i = 0; i < width; i++)
			sheet->row[i] = STR("");
		for (size_t i = 0; i < row->n; i++)
			if (row->cell[i].n)
				sheet->row[row->cell[i].column] = str_slice(buf_str(&row->text), row->cell[i].at, row->cell[i].at + row->cell[i].n);
		*cells = sheet->row;
		*n = width;
		*number = row->number;
		return 1;
	}
}

struct str sheet_column(struct arena *arena, size_t column)
{
	char text[8];
	size_t at = sizeof(text);
	for (size_t rest = column + 1; rest && at > 0; rest = (rest - 1) / 26)
		text[--at] = (char)('A' + (rest - 1) % 26);
	return arena_str(arena, (struct str){ text + at, sizeof(text) - at });
}
