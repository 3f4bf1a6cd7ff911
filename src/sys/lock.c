/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

int lock_take(const char *path, int *out, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	int64_t until = clock_monotonic_ns() + LOCK_PATIENCE * INT64_C(1000000000);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, -errno, "cannot open '%s'", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = -errno;
		if (r == -EWOULDBLOCK && clock_monotonic_ns() < until) {
			nanosleep(&moment, NULL);
		} else if (r != -EINTR) {
			close(fd);
			return r == -EWOULDBLOCK ? -EBUSY : err_errno(err, r, "cannot lock '%s'", path);
		}
	}
	*out = fd;
	return 0;
}
