/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/content.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "data/content_table.h"

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int content_open(struct content *content, const char *dir, struct err *err)
{
	*content = (struct content)CONTENT_EMBEDDED;
	if (!dir)
		return 0;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "%s", dir);
	*content = (struct content){ dir, fd };
	return 0;
}

void content_close(struct content *content)
{
	fd_close(&content->fd);
	*content = (struct content)CONTENT_EMBEDDED;
}

static bool name_wanted(struct str name)
{
	return name.n && name.p[0] != '.' && !str_ends(name, "~");
}

static int str_order(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static int dir_list(struct arena *arena, const struct content *content, const char *folder,
                    struct strings *out, struct err *err)
{
	VEC(struct str) names = { out->p, out->n, out->n };
	int fd = openat(content->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	CLEANUP(dir_close) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int r = err_errno(err, -errno, "%s/%s", content->dir, folder);
		fd_close(&fd);
		return r;
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry && errno)
			return err_errno(err, -errno, "%s/%s", content->dir, folder);
		if (!entry)
			break;
		struct stat st;
		if (!name_wanted(str_from(entry->d_name)) || fstatat(fd, entry->d_name, &st, 0) < 0 ||
		    S_ISDIR(st.st_mode))
			continue;
		vec_push_in(arena, &names, arena_printf(arena, "%s%s", folder, entry->d_name));
	}
	*out = (struct strings){ names.p, names.n };
	return 0;
}

int content_list(struct arena *arena, const struct content *content, const char *folder,
                 struct strings *names, struct err *err)
{
	VEC(struct str) all = { 0 };
	for (size_t i = 0; i < content_table_count; i++) {
		struct str name = str_from(content_table[i].name);
		struct str last = str_slice(name, strlen(folder), name.n);
		if (str_starts(name, folder) && name_wanted(last) && str_find_char(last, '/') < 0)
			vec_push_in(arena, &all, name);
	}
	struct strings list = { all.p, all.n };
	if (content && content->dir) {
		int r = dir_list(arena, content, folder, &list, err);
		if (r < 0)
			return r;
	}
	if (list.n)
		qsort(list.p, list.n, sizeof(*list.p), str_order);
	size_t n = 0;
	for (size_t i = 0; i < list.n; i++)
		if (n == 0 || !str_eq(list.p[n - 1], list.p[i]))
			list.p[n++] = list.p[i];
	*names = (struct strings){ list.p, n };
	return 0;
}

/* The file's bytes; a FIFO or a device is no content and must not hang us. */
static int file_read(struct arena *arena, int fd, struct source *out, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(err, -errno, "%s", out->name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s: not a regular file", out->name);
	if (st.st_size > CONTENT_FILE_MOST)
		return err_set(err, -EFBIG, "%s: larger than %d MiB", out->name, CONTENT_FILE_MOST >> 20);
	size_t size = (size_t)st.st_size, n = 0;
	char *p = arena_bytes(arena, size + 1);
	while (n < size) {
		ssize_t got = read(fd, p + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, -errno, "%s", out->name);
		if (got == 0)
			break;
		n += (size_t)got;
	}
	p[n] = 0;
	out->text = (struct str){ p, n };
	return 0;
}

static int name_order(const void *key, const void *entry)
{
	return strcmp(key, ((const struct content_entry *)entry)->name);
}

int content_read(struct arena *arena, const struct content *content, const char *name,
                 struct source *out, struct err *err)
{
	if (content && content->dir) {
		CLEANUP(fd_close) int fd = openat(content->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		struct source source = { .name = arena_printf(arena, "%s/%s", content->dir, name).p };
		if (fd >= 0) {
			*out = source;
			return file_read(arena, fd, out, err);
		}
		if (errno != ENOENT)
			return err_errno(err, -errno, "%s", source.name);
	}
	const struct content_entry *entry =
		bsearch(name, content_table, content_table_count, sizeof(*content_table), name_order);
	if (!entry)
		return err_errno(err, -ENOENT, "%s", name);
	*out = (struct source){ .name = entry->name,
		                .text = { entry->start, (size_t)(entry->end - entry->start) } };
	return 0;
}
