/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/root.h"

/* A device or pipe (/dev/stdout) is written to, never replaced. */
static bool is_no_place(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

int file_write(struct arena *arena, const char *path, struct str text, struct err *err)
{
	if (is_no_place(path)) {
		CLEANUP(fd_close_p) int device = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		int r = device < 0 ? -errno : fd_write(device, text);
		return r < 0 ? err_errno(err, r, "cannot write '%s'", path) : 0;
	}
	/* Never through a file or link that somebody else put there first. */
	const char *beside = arena_printf(arena, "%s.%d.new", path, (int)getpid()).p;
	CLEANUP(fd_close_p) int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, -errno, "cannot write '%s'", path);
	int r = fd_write(fd, text);
	if (r == 0 && (fsync(fd) < 0 || rename(beside, path) < 0))
		r = -errno;
	if (r < 0) {
		unlink(beside);
		return err_errno(err, r, "cannot write '%s'", path);
	}
	return 0;
}

int file_load(struct arena *arena, const char *path, struct source *out, struct err *err)
{
	BUF(text);
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : fd_read(fd, FILE_MOST, &text);
	if (r < 0)
		return err_errno(err, r, "cannot read '%s'", path);
	*out = (struct source){ .name = path, .text = arena_str(arena, buf_str(&text)) };
	return 0;
}
