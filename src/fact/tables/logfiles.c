/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The files below /var/log, and how far back they reach.
 */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "fact/tables/conf.h"

enum { DEPTH_MAX = 6, FILES_MAX = 20000, HEAD = 512 };

struct log_file {
	struct str path;
	struct stat st;
	int64_t oldest;
	struct log_file *base; /* the file that this one was rotated from */
};

struct logs {
	struct scan *scan;
	struct {
		struct log_file **p;
		size_t n, room;
	} files;
	struct {
		struct str *p;
		size_t n, room;
	} directories;
};

static bool digits(struct str s, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static int64_t number(struct str s, size_t from, size_t n)
{
	return str_int_or(str_slice(s, from, from + n), 0);
}

/* Month by its English name, 1..12; 0: none. */
static int64_t month_of(struct str name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int64_t i = 0; i < 12 && name.n == 3; i++)
		if (memcmp(names + 3 * i, name.p, 3) == 0)
			return i + 1;
	return 0;
}

static int64_t moment(int64_t year, int64_t month, int64_t day, struct str time)
{
	if (!digits(time, 0, 2) || !digits(time, 3, 2) || !digits(time, 6, 2) || month < 1 || month > 12 ||
	    day < 1 || day > 31)
		return NONE;
	return clock_days(year, month, day) * 86400 + number(time, 0, 2) * 3600 + number(time, 3, 2) * 60 +
	       number(time, 6, 2);
}

/* "+08:00", "+0800", "Z": seconds east; 0 when there is none. */
static int64_t zone(struct str s)
{
	if (!s.n || (s.p[0] != '+' && s.p[0] != '-') || !digits(s, 1, 2))
		return 0;
	size_t minutes = s.n > 3 && s.p[3] == ':' ? 4 : 3;
	int64_t east = number(s, 1, 2) * 3600 + (digits(s, minutes, 2) ? number(s, minutes, 2) * 60 : 0);
	return s.p[0] == '-' ? -east : east;
}

/* "2026-11-22T08:30:00.123+08:00", "2026-11-22 08:30:00" */
static int64_t iso_time(struct str s)
{
	if (!digits(s, 0, 4) || s.n < 19 || s.p[4] != '-' || s.p[7] != '-' || !digits(s, 5, 2) || !digits(s, 8, 2))
		return NONE;
	int64_t at = moment(number(s, 0, 4), number(s, 5, 2), number(s, 8, 2), str_slice(s, 11, 19));
	size_t end = 19;
	while (end < s.n && (s.p[end] == '.' || s.p[end] == ',' || (s.p[end] >= '0' && s.p[end] <= '9')))
		end++;
	return at == NONE ? NONE : at - zone(str_slice(s, end, s.n));
}

/* "Nov 22 08:30:00": the year is that of the last change, or the one before. */
static int64_t bsd_time(struct str s, int64_t changed)
{
	int64_t month = month_of(str_slice(s, 0, 3)), day;
	if (!month || s.n < 15 || s.p[3] != ' ' || !str_to_int(str_trim(str_slice(s, 4, 6)), 10, &day))
		return NONE;
	time_t when = (time_t)changed;
	struct tm tm;
	if (!gmtime_r(&when, &tm))
		return NONE;
	int64_t at = moment(tm.tm_year + 1900, month, day, str_slice(s, 7, 15));
	return at == NONE || at <= changed + 86400 ? at : moment(tm.tm_year + 1899, month, day, str_slice(s, 7, 15));
}

/* "[22/Nov/2026:08:30:00 +0800]" of web servers */
static int64_t web_time(struct str line)
{
	ptrdiff_t bracket = str_find_char(line, '[');
	struct str s = bracket < 0 ? STR("") : str_slice(line, (size_t)bracket + 1, line.n);
	if (s.n < 20 || !digits(s, 0, 2) || s.p[2] != '/' || !digits(s, 7, 4))
		return NONE;
	int64_t at = moment(number(s, 7, 4), month_of(str_slice(s, 3, 6)), number(s, 0, 2), str_slice(s, 12, 20));
	return at == NONE ? NONE : at - zone(str_slice(s, 21, s.n));
}

/* "type=… msg=audit(1700000000.123:45): …" */
static int64_t audit_time(struct str line)
{
	ptrdiff_t at = str_find(line, "msg=audit(");
	if (at < 0)
		return NONE;
	struct str rest = str_slice(line, (size_t)at + 10, line.n);
	return str_int_or(str_cut(&rest, '.'), NONE);
}

static int64_t little(struct str s, size_t at, size_t n)
{
	uint64_t value = 0;
	if (at + n > s.n)
		return NONE;
	for (size_t i = n; i-- > 0;)
		value = value << 8 | (unsigned char)s.p[at + i];
	return value > INT64_MAX ? NONE : (int64_t)value;
}

/* A journal file's header tells when its first entry was written, microseconds since 1970, at byte 184
 * (systemd, JOURNAL_FILE_FORMAT); a login record has its time at byte 340 (utmp(5)). */
static int64_t binary_time(struct str path, struct str head, int64_t size)
{
	if (str_starts(head, "LPKSHHRH")) {
		int64_t first = little(head, 184, 8);
		return first > 0 ? first / 1000000 : NONE;
	}
	if ((str_find(path, "/wtmp") >= 0 || str_find(path, "/btmp") >= 0) && size % 384 == 0) {
		int64_t first = little(head, 340, 4);
		return first > 0 ? first : NONE;
	}
	return NONE;
}

static int64_t first_time(struct str path, struct str head, const struct stat *st)
{
	int64_t at = binary_time(path, head, st->st_size);
	struct str rest = head, line;
	for (int i = 0; at == NONE && i < 3 && str_line(&rest, &line); i++) {
		at = iso_time(line);
		if (at == NONE)
			at = bsd_time(line, st->st_mtime);
		if (at == NONE)
			at = audit_time(line);
		if (at == NONE)
			at = web_time(line);
	}
	/* A time after the last change, or before 1990, is not the time of a message. */
	return at != NONE && at >= 631152000 && at <= (int64_t)st->st_mtime + 86400 ? at : NONE;
}

static bool is_packed(struct str path)
{
	return str_ends(path, ".gz") || str_ends(path, ".xz") || str_ends(path, ".bz2") || str_ends(path, ".zst");
}

/* The first message's time, or the last change of a file that cannot tell. */
static int64_t file_oldest(struct logs *logs, const struct log_file *file)
{
	char head[HEAD];
	if (file->st.st_size == 0 || is_packed(file->path))
		return file->st.st_size == 0 ? NONE : file->st.st_mtime;
	CLEANUP(fd_close_p)
	int fd = root_openat(scan_root(logs->scan), file->path.p, O_RDONLY | O_NOFOLLOW | O_NOATIME);
	if (fd == -EPERM)
		fd = root_openat(scan_root(logs->scan), file->path.p, O_RDONLY | O_NOFOLLOW);
	ssize_t n = fd < 0 ? fd : read(fd, head, sizeof(head));
	if (n < 0) {
		if (n != -ENOENT)
			scan_partial(logs->scan, NOTE("cannot read {}: {}", file->path,
						      str_from(err_words(fd < 0 ? fd : -errno))));
		return file->st.st_mtime;
	}
	int64_t at = first_time(file->path, (struct str){ head, (size_t)n }, &file->st);
	return at != NONE ? at : file->st.st_mtime;
}

/* "syslog.2.gz", "messages-20261122", "audit.log.1" without what rotation put behind. */
static struct str base_name(struct str path)
{
	static const char *const packed[] = { ".gz", ".xz", ".bz2", ".zst", ".old" };
	for (size_t i = 0; i < COUNT(packed); i++)
		if (str_ends(path, packed[i]))
			path.n -= strlen(packed[i]);
	size_t end = path.n;
	while (end > 0 && path.p[end - 1] >= '0' && path.p[end - 1] <= '9')
		end--;
	if (end < path.n && end > 1 && (path.p[end - 1] == '.' || path.p[end - 1] == '-'))
		path.n = end - 1;
	return path;
}

static void log_take(struct logs *logs, struct str path, const struct stat *st)
{
	struct arena *arena = scan_arena(logs->scan);
	struct log_file *file = ARENA_NEW(arena, struct log_file);
	*file = (struct log_file){ .path = path, .st = *st };
	vec_push_in(arena, &logs->files, file);
}

/* The files of one directory; its directories are walked later. */
static void directory_read(struct logs *logs, struct str directory, int depth)
{
	struct arena *arena = scan_arena(logs->scan);
	struct strings names = scan_list(logs->scan, directory.p);
	for (size_t i = 0; i < names.n && logs->files.n < FILES_MAX; i++) {
		struct str path = arena_printf(arena, "%.*s/%.*s", STR_ARG(directory), STR_ARG(names.p[i]));
		struct stat st;
		int r = root_stat(scan_root(logs->scan), path.p, false, &st);
		if (r < 0 && r != -ENOENT)
			scan_partial(logs->scan, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
		if (r < 0)
			continue;
		if (S_ISREG(st.st_mode))
			log_take(logs, path, &st);
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			vec_push_in(arena, &logs->directories, path);
	}
}

static void logs_walk(struct logs *logs)
{
	vec_push_in(scan_arena(logs->scan), &logs->directories, STR("/var/log"));
	size_t from = 0;
	for (int depth = 0; from < logs->directories.n; depth++) {
		size_t to = logs->directories.n;
		for (; from < to; from++)
			directory_read(logs, logs->directories.p[from], depth);
	}
	if (logs->files.n >= FILES_MAX)
		scan_partial(logs->scan, NOTE("{}: too many files", STR("/var/log")));
}

static int logfiles_scan(struct scan *scan, struct err *err)
{
	struct logs logs = { .scan = scan };
	struct map by_path = { .arena = scan_arena(scan) };
	logs_walk(&logs);
	for (size_t i = 0; i < logs.files.n; i++)
		*map_put(&by_path, logs.files.p[i]->path) = logs.files.p[i];
	for (size_t i = 0; i < logs.files.n; i++) {
		struct log_file *file = logs.files.p[i];
		struct str base = base_name(file->path);
		file->oldest = file_oldest(&logs, file);
		file->base = base.n < file->path.n ? map_get(&by_path, base) : NULL;
	}
	for (size_t i = 0; i < logs.files.n; i++) {
		const struct log_file *file = logs.files.p[i];
		if (file->base && file->oldest != NONE && (file->base->oldest == NONE || file->oldest < file->base->oldest))
			file->base->oldest = file->oldest;
	}
	for (size_t i = 0; i < logs.files.n; i++) {
		const struct log_file *file = logs.files.p[i];
		int r = scan_row(scan,
				 ROW(file->path, file->st.st_mode & 07777,
				     scan_owner(scan, file->st.st_uid, "uid"), scan_owner(scan, file->st.st_gid, "gid"),
				     file->oldest, file->st.st_mtime, file->st.st_size,
				     file->base ? file->base->path : STR_NONE),
				 err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct table table_logfiles = {
	.name = "logfiles",
	.doc = "Files below /var/log",
	.sources = { "var/log/syslog", "var/log/audit/audit.log", "var/log" },
	.scan = logfiles_scan,
	.columns = {
		{ "path", TEXT, "path" },
		{ "mode", INT, "permission bits" },
		{ "uid", INT, "owner" },
		{ "gid", INT, "group" },
		{ "oldest", INT, "time of the first message, also of files rotated from this one, "
		                 "seconds since 1970; where a file "
		                 "does not tell, its last change; without a time zone it is read as UTC; NULL: empty" },
		{ "newest", INT, "last change, seconds since 1970" },
		{ "bytes", INT, "size" },
		{ "rotated_from", TEXT, "the file that this one was rotated from; NULL: it was not" },
	},
};
