/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A file that somebody attaches: its name in the first line, its bytes behind it. It is refused with words, or of a kind that is kept.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/utf8.h"
#include "register/file_look.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size }, name = str_cut(&bytes, '\n'), clean, type;
	struct err err = { "" };
	ARENA(arena);
	int fd = memfd_create("upload", MFD_CLOEXEC);
	if (fd < 0 || (bytes.n && write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n))
		abort();
	int r = file_name_clean(&arena, name, &clean, &err);
	if (r == 0 && (!clean.n || !utf8_valid(clean) || str_find_char(clean, '/') >= 0 || str_find_char(clean, 0) >= 0))
		abort();
	if (r == 0) {
		r = file_look(&arena, fd, (int64_t)bytes.n, clean, &type, &err);
		if (r == 0 && str_find_char(type, '/') < 0)
			abort();
	}
	if (r < 0 && !err.text[0])
		abort();
	close(fd);
	return 0;
}
