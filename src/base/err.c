/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static void err_format(struct err *err, const char *format, va_list args)
{
	vsnprintf(err->text, sizeof(err->text), format, args);
}

int err_set(struct err *err, int code, const char *format, ...)
{
	if (!err)
		return code;
	va_list args;
	va_start(args, format);
	err_format(err, format, args);
	va_end(args);
	return code;
}

int err_errno(struct err *err, int code, const char *format, ...)
{
	if (!err)
		return code;
	va_list args;
	va_start(args, format);
	err_format(err, format, args);
	va_end(args);
	size_t used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", err_words(code));
	return code;
}

int err_wrap(struct err *err, int code, const char *format, ...)
{
	if (!err)
		return code;
	struct err old = *err;
	va_list args;
	va_start(args, format);
	err_format(err, format, args);
	va_end(args);
	size_t used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", old.text);
	return code;
}

const char *err_words(int code)
{
	static const struct {
		int code;
		const char *words;
	} table[] = {
		{ EPERM, "operation not permitted" },
		{ ENOENT, "no such file or directory" },
		{ EINTR, "interrupted" },
		{ EIO, "input/output error" },
		{ EBADF, "is closed" },
		{ EPIPE, "nobody reads it" },
		{ E2BIG, "too large" },
		{ EAGAIN, "temporarily unavailable" },
		{ ENOMEM, "out of memory" },
		{ EACCES, "permission denied" },
		{ EBUSY, "busy" },
		{ EEXIST, "already exists" },
		{ ENODEV, "no such device" },
		{ ENOTDIR, "not a directory" },
		{ EISDIR, "is a directory" },
		{ EINVAL, "not valid" },
		{ EMFILE, "too many open files" },
		{ EFBIG, "file too large" },
		{ ENOSPC, "no space left" },
		{ EROFS, "read-only file system" },
		{ ENOSYS, "not supported by this kernel" },
		{ ELOOP, "too many symbolic links" },
		{ ENODATA, "no data" },
		{ ETIME, "time limit reached" },
		{ EPROTO, "malformed" },
		{ EBADMSG, "malformed" },
		{ EILSEQ, "not valid UTF-8" },
		{ EOPNOTSUPP, "not supported" },
		{ EAFNOSUPPORT, "address family not supported" },
		{ EPROTONOSUPPORT, "protocol not supported" },
		{ ECONNREFUSED, "connection refused" },
		{ ETIMEDOUT, "timed out" },
		{ ESTALE, "stale file handle" },
		{ EXDEV, "leaves the inspected directory" },
		{ ESRCH, "no such process" },
		{ ENXIO, "no such device or address" },
		{ ENAMETOOLONG, "name too long" },
	};
	if (code < 0)
		code = -code;
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].code == code)
			return table[i].words;
	const char *name = strerrorname_np(code);
	return name ? name : "unknown error";
}
