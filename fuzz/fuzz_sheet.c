/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * fuzz_sheet: any bytes as a spreadsheet: XLSX when they begin as a zip does, CSV otherwise.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "data/sheet.h"
#include "sys/root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(fd_close_p) int fd = memfd_create("sheet", MFD_CLOEXEC);
	CLEANUP(sheet_close_p) struct sheet *sheet = NULL;
	struct err err = { "" };
	const struct str *cells;
	size_t n, number;
	volatile char last = 0;
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || sheet_open(fd, "fuzz", &sheet, &err) < 0)
		return 0;
	while (sheet_row(sheet, &cells, &n, &number, &err) > 0)
		for (size_t i = 0; i < n; i++)
			if (cells[i].n)
				last = cells[i].p[cells[i].n - 1];
	(void)last;
	return 0;
}
