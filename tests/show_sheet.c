/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * show_sheet FILE: the rows of a spreadsheet as JSON lines [number, [cells]], as data/sheet.h reads them. Status 1 with the error's words.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "data/json.h"
#include "data/sheet.h"
#include "sys/root.h"

int main(int argc, char **argv)
{
	CLEANUP(sheet_close_p) struct sheet *sheet = NULL;
	CLEANUP(fd_close_p) int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct err err = { "" };
	const struct str *cells;
	size_t n, number;
	bool quiet = argc > 2 && strcmp(argv[2], "--quiet") == 0;
	BUF(line);
	int r = fd < 0 ? err_set(&err, -ENOENT, "usage: show_sheet FILE") : sheet_open(fd, argv[1], &sheet, &err);
	while (r == 0 && (r = sheet_row(sheet, &cells, &n, &number, &err)) > 0) {
		r = 0;
		if (quiet)
			continue;
		buf_clear(&line);
		buf_printf(&line, "[%zu,[", number);
		for (size_t i = 0; i < n; i++) {
			json_next(&line);
			json_add_string(&line, cells[i]);
		}
		buf_puts(&line, "]]");
		puts(buf_cstr(&line));
	}
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	if (quiet)
		printf("%ld\n", usage.ru_maxrss);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r < 0;
}
