/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/inputs/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/library.h"

#define ARCHIVE_FUNCTIONS(X) \
	X(archive_entry_filetype) X(archive_entry_pathname) X(archive_error_string) X(archive_filter_bytes) \
	X(archive_format) X(archive_read_data) X(archive_read_free) X(archive_read_new) \
	X(archive_read_next_header) X(archive_read_open_fd) X(archive_read_support_filter_bzip2) \
	X(archive_read_support_filter_gzip) X(archive_read_support_filter_lz4) \
	X(archive_read_support_filter_xz) X(archive_read_support_filter_zstd) \
	X(archive_read_support_format_raw) X(archive_read_support_format_tar) X(archive_read_support_format_zip)
LIBRARY(archives, "libarchive.so.13", ARCHIVE_FUNCTIONS);

enum { BLOCK = 256 * 1024 };

struct unpack {
	struct archive *archive;
};

bool unpack_is(struct str head)
{
	static const struct {
		size_t at, n;
		const char *magic;
	} kinds[] = {
		{ 0, 3, "\x1f\x8b\x08" },         { 0, 6, "\xfd" "7zXZ\0" }, { 0, 4, "\x28\xb5\x2f\xfd" },
		{ 0, 4, "\x04\x22\x4d\x18" },     { 0, 4, "PK\3\4" },        { 257, 5, "ustar" },
	};
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (head.n >= kinds[i].at + kinds[i].n && memcmp(head.p + kinds[i].at, kinds[i].magic, kinds[i].n) == 0)
			return true;
	/* bzip2: "BZh", the size of blocks, and the mark of a block or of the end. */
	return head.n >= 10 && memcmp(head.p, "BZh", 3) == 0 && head.p[3] >= '1' && head.p[3] <= '9' &&
	       (memcmp(head.p + 4, "1AY&SY", 6) == 0 || memcmp(head.p + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

void unpack_prepare(void)
{
	if (LIBRARY_LOAD(archives, NULL) < 0)
		return;
}

static int refused(const struct unpack *unpack, struct err *err)
{
	const char *why = archives.archive_error_string(unpack->archive);
	return err_set(err, -EBADMSG, "cannot unpack it: %s", why ? why : "it is damaged");
}

int unpack_open(int fd, struct unpack **out, struct err *err)
{
	*out = NULL;
	int r = LIBRARY_LOAD(archives, err);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, -errno, "cannot unpack it");
	struct unpack *unpack = mem_alloc(sizeof(*unpack));
	struct archive *archive = unpack->archive = archives.archive_read_new();
	if (!archive) {
		free(unpack);
		return err_set(err, -ENOMEM, "cannot unpack it: libarchive does not start");
	}
	archives.archive_read_support_filter_gzip(archive);
	archives.archive_read_support_filter_xz(archive);
	archives.archive_read_support_filter_zstd(archive);
	archives.archive_read_support_filter_bzip2(archive);
	archives.archive_read_support_filter_lz4(archive);
	archives.archive_read_support_format_tar(archive);
	archives.archive_read_support_format_zip(archive);
	archives.archive_read_support_format_raw(archive);
	if (archives.archive_read_open_fd(archive, fd, BLOCK) != ARCHIVE_OK) {
		r = refused(unpack, err);
		unpack_close(unpack);
		return r;
	}
	*out = unpack;
	return 0;
}

void unpack_close(struct unpack *unpack)
{
	if (unpack)
		archives.archive_read_free(unpack->archive);
	free(unpack);
}

int unpack_next(struct unpack *unpack, struct str *name, struct err *err)
{
	for (;;) {
		struct archive_entry *entry;
		int r = archives.archive_read_next_header(unpack->archive, &entry);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r == ARCHIVE_RETRY)
			continue;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return refused(unpack, err);
		bool raw = archives.archive_format(unpack->archive) == ARCHIVE_FORMAT_RAW;
		if (!raw && archives.archive_entry_filetype(entry) != AE_IFREG)
			continue;
		const char *path = raw ? "" : archives.archive_entry_pathname(entry);
		*name = str_from(path ? path : "?");
		return 1;
	}
}

ssize_t unpack_read(struct unpack *unpack, char *to, size_t room, struct err *err)
{
	ssize_t n;
	do
		n = archives.archive_read_data(unpack->archive, to, room);
	while (n == ARCHIVE_RETRY);
	/* What was unpacked before the damage is given first; the error comes with the next call. */
	return n < 0 ? refused(unpack, err) : n;
}

uint64_t unpack_taken(const struct unpack *unpack)
{
	int64_t n = archives.archive_filter_bytes(unpack->archive, -1);
	return n > 0 ? (uint64_t)n : 0;
}
