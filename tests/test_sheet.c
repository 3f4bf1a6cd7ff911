/* SPDX-License-Identifier: MulanPSL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "data/sheet.h"
#include "data/sheet_write.h"
#include "sys/root.h"

static int file_of(const char *bytes, size_t n)
{
	FILE *file = tmpfile();
	fwrite(bytes, 1, n, file);
	fflush(file);
	int fd = dup(fileno(file));
	fclose(file);
	return fd;
}

/* All rows: "1:a|b\n3:c\n", or the error. */
static const char *read_all(int fd, struct buf *out)
{
	struct err err = { "" };
	CLEANUP(sheet_close_p) struct sheet *sheet = NULL;
	const struct str *cells;
	size_t n, number;
	int r = sheet_open(fd, "test", &sheet, &err);
	buf_clear(out);
	while (r == 0 && (r = sheet_row(sheet, &cells, &n, &number, &err)) > 0) {
		r = 0;
		buf_printf(out, "%zu:", number);
		for (size_t i = 0; i < n; i++)
			buf_printf(out, "%s%.*s", i ? "|" : "", STR_ARG(cells[i]));
		buf_add_char(out, '\n');
	}
	if (r < 0)
		buf_printf(out, "error: %s\n", err.text);
	return buf_cstr(out);
}

static const char *csv(const char *bytes, size_t n, struct buf *out)
{
	CLEANUP(fd_close_p) int fd = file_of(bytes, n);
	return read_all(fd, out);
}
#define CSV(text, out) csv(text, sizeof(text) - 1, out)

static void reads_csv(void **state)
{
	(void)state;
	BUF(out);
	assert_string_equal(CSV("a,b\r\n1,2\r\n", &out), "1:a|b\n2:1|2\n");
	assert_string_equal(CSV("a,b\n\n,\n\"x,\"\"y\"\"\nz\",00123", &out), "1:a|b\n4:x,\"y\"\nz|00123\n");
	assert_string_equal(CSV("\xef\xbb\xbf" "a;b\n1,5;2", &out), "1:a|b\n2:1,5|2\n");
	assert_string_equal(CSV("a\tb\n'=1+1\t'x", &out), "1:a|b\n2:=1+1|'x\n");
	assert_string_equal(CSV("\xb1\xe0\xba\xc5,\xc3\xfb\xb3\xc6\n0012,\xd5\xc5\xc8\xfd\n", &out), "1:编号|名称\n2:0012|张三\n");
	assert_string_equal(CSV("", &out), "");
	assert_string_equal(CSV("a\rb\r", &out), "1:a\n2:b\n");
}

static void bounds_csv(void **state)
{
	(void)state;
	BUF(text);
	BUF(out);
	for (int i = 0; i <= SHEET_COLUMNS; i++)
		buf_puts(&text, "x,");
	assert_non_null(strstr(csv(text.p, text.n, &out), "more than 256 columns"));
	buf_clear(&text);
	for (int i = 0; i <= SHEET_CELL; i++)
		buf_add_char(&text, 'x');
	assert_non_null(strstr(csv(text.p, text.n, &out), "longer than"));
	buf_clear(&text);
	buf_puts(&text, "a\n\"");
	for (int i = 0; i < 9 * 1024 * 1024; i++)
		buf_add_char(&text, 'x');
	assert_non_null(strstr(csv(text.p, text.n, &out), "does not end"));
}

static int write_sheet(enum sheet_kind kind, size_t template_rows)
{
	struct err err = { "" };
	CLEANUP(sheet_writer_close_p) struct sheet_writer *writer = NULL;
	struct str choices[] = { STR("低"), STR("高") };
	struct sheet_field fields[] = {
		{ .label = STR("编号"), .required = true, .help = STR("唯一") },
		{ .label = STR("数量"), .value = SHEET_NUMBER },
		{ .label = STR("日期"), .value = SHEET_DATE },
		{ .label = STR("时间"), .value = SHEET_TIME },
		{ .label = STR("等级"), .choices = { choices, 2 } },
	};
	struct str rows[][5] = {
		{ STR("00123"), STR("42"), STR("2026-11-23"), STR("2026-11-23 08:30:00"), STR("高") },
		{ STR("=1+1"), STR("1.5"), STR("1999-12-31"), STR(""), STR("-x \"y\"") },
		{ STR("320106199001011234"), STR("-7"), STR("bald"), STR("2000-02-29 23:59:59"), STR("@SUM(A1)") },
	};
	int fd = -1;
	assert_int_equal(sheet_writer_open(kind, "/tmp", STR("台账: [1]"), fields, 5, template_rows, &writer, &err), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sheet_writer_row(writer, rows[i], 5, &err), 0);
	assert_int_equal(sheet_writer_end(writer, &fd, &err), 0);
	return fd;
}

static const char written[] = "1:编号|数量|日期|时间|等级\n"
                              "2:00123|42|2026-11-23|2026-11-23 08:30:00|高\n"
                              "3:=1+1|1.5|1999-12-31||-x \"y\"\n"
                              "4:320106199001011234|-7|bald|2000-02-29 23:59:59|@SUM(A1)\n";

static void what_is_written_is_read(void **state)
{
	(void)state;
	BUF(out);
	for (int kind = SHEET_CSV; kind <= SHEET_XLSX; kind++)
		for (size_t rows = 0; rows < 200; rows += 150) {
			CLEANUP(fd_close_p) int fd = write_sheet((enum sheet_kind)kind, rows);
			assert_string_equal(read_all(fd, &out), written);
		}
}

static void csv_has_no_formulas(void **state)
{
	(void)state;
	BUF(text);
	CLEANUP(fd_close_p) int fd = write_sheet(SHEET_CSV, 0);
	assert_int_equal(fd_read(fd, 100000, &text), 0);
	assert_non_null(strstr(buf_cstr(&text), "\r\n'=1+1,1.5,"));
	assert_non_null(strstr(buf_cstr(&text), ",-7,"));
	assert_non_null(strstr(buf_cstr(&text), ",'@SUM(A1)\r\n"));
	assert_non_null(strstr(buf_cstr(&text), ",\"'-x \"\"y\"\"\"\r\n"));
}

static void names_columns(void **state)
{
	(void)state;
	ARENA(arena);
	assert_string_equal(arena_cstr(&arena, sheet_column(&arena, 0)), "A");
	assert_string_equal(arena_cstr(&arena, sheet_column(&arena, 25)), "Z");
	assert_string_equal(arena_cstr(&arena, sheet_column(&arena, 26)), "AA");
	assert_string_equal(arena_cstr(&arena, sheet_column(&arena, 255)), "IV");
}

static void refuses_what_is_no_workbook(void **state)
{
	(void)state;
	BUF(out);
	assert_non_null(strstr(CSV("PK\3\4 and then nothing of a zip", &out), "damaged"));
	assert_non_null(strstr(CSV("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", &out), "save it as .xlsx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_csv),
		cmocka_unit_test(bounds_csv),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(csv_has_no_formulas),
		cmocka_unit_test(names_columns),
		cmocka_unit_test(refuses_what_is_no_workbook),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
