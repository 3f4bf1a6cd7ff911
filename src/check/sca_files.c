/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * stat, ls -l, cat: from the files below the root, as GNU coreutils 9 prints them.
 */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"
#include "check/sca_commands.h"

struct subject {
	struct str path;
	struct statx st;
	struct str target; /* of a symbolic link */
};

/* 0, or a negative errno. */
static int subject_read(struct sca_call *call, struct str path, bool follow, struct subject *out)
{
	*out = (struct subject){ .path = path };
	const char *name = arena_cstr(call->run->arena, path);
	CLEANUP(fd_close_p) int fd = root_openat(call->run->root, name, O_PATH | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &out->st) < 0)
		return -errno;
	BUF(target);
	if (S_ISLNK(out->st.stx_mode) && root_readlink(call->run->root, name, &target) == 0)
		out->target = arena_str(call->run->arena, buf_str(&target));
	return 0;
}

/* ---- names ---- */

/* The name of a number by a table's columns; STR_NONE: it has none. */
static struct str name_of(struct sca_call *call, const struct rows *rows, size_t id, size_t name, int64_t value)
{
	size_t row = rows_first(rows_index(call->run->facts, rows, id), cell_int(value));
	return row == SIZE_MAX ? STR_NONE : cell_str(rows_at(rows, row)[name]);
}

struct names {
	const struct rows *users, *groups;
};

static bool names_get(struct sca_call *call, struct names *names)
{
	names->users = sca_call_table(call, &table_users);
	names->groups = names->users ? sca_call_table(call, &table_groups) : NULL;
	return names->groups != NULL;
}

static struct str user_name(struct sca_call *call, const struct names *names, uint32_t uid)
{
	return name_of(call, names->users, 0, 2, uid);
}

static struct str group_name(struct sca_call *call, const struct names *names, uint32_t gid)
{
	return name_of(call, names->groups, 0, 1, gid);
}

/* ---- words for modes and kinds ---- */

static void mode_letters(uint32_t mode, char out[11])
{
	static const char bits[] = "rwxrwxrwx";
	out[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISCHR(mode) ? 'c' : S_ISBLK(mode) ? 'b'
	       : S_ISFIFO(mode) ? 'p' : S_ISSOCK(mode) ? 's' : '-';
	for (int i = 0; i < 9; i++)
		out[1 + i] = mode & (0400U >> i) ? bits[i] : '-';
	if (mode & S_ISUID)
		out[3] = out[3] == 'x' ? 's' : 'S';
	if (mode & S_ISGID)
		out[6] = out[6] == 'x' ? 's' : 'S';
	if (mode & S_ISVTX)
		out[9] = out[9] == 'x' ? 't' : 'T';
	out[10] = 0;
}

static const char *kind_words(const struct statx *st)
{
	uint32_t mode = st->stx_mode;
	return S_ISREG(mode) ? (st->stx_size ? "regular file" : "regular empty file")
	     : S_ISDIR(mode) ? "directory"
	     : S_ISLNK(mode) ? "symbolic link"
	     : S_ISCHR(mode) ? "character special file"
	     : S_ISBLK(mode) ? "block special file"
	     : S_ISFIFO(mode) ? "fifo"
	     : S_ISSOCK(mode) ? "socket"
	                      : "weird file";
}

static void time_say(struct buf *out, const struct statx_timestamp *when)
{
	time_t seconds = (time_t)when->tv_sec;
	struct tm tm;
	char text[64], zone[16];
	localtime_r(&seconds, &tm);
	if (strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) && strftime(zone, sizeof(zone), "%z", &tm))
		buf_printf(out, "%s.%09u %s", text, when->tv_nsec, zone);
}

/* ---- stat ---- */

static void stat_say_all(struct sca_call *call, const struct names *names, const struct subject *subject)
{
	const struct statx *st = &subject->st;
	struct buf *out = call->out;
	char letters[11];
	mode_letters(st->stx_mode, letters);
	struct str user = user_name(call, names, st->stx_uid), group = group_name(call, names, st->stx_gid);
	buf_printf(out, "  File: %.*s", STR_ARG(subject->path));
	if (subject->target.p)
		buf_printf(out, " -> %.*s", STR_ARG(subject->target));
	buf_printf(out, "\n  Size: %-10llu\tBlocks: %-10llu IO Block: %-6u %s\n", (unsigned long long)st->stx_size,
	           (unsigned long long)st->stx_blocks, st->stx_blksize, kind_words(st));
	buf_printf(out, "Device: %u,%u\tInode: %-10llu  Links: %u", st->stx_dev_major, st->stx_dev_minor,
	           (unsigned long long)st->stx_ino, st->stx_nlink);
	if (S_ISCHR(st->stx_mode) || S_ISBLK(st->stx_mode))
		buf_printf(out, "     Device type: %u,%u", st->stx_rdev_major, st->stx_rdev_minor);
	buf_printf(out, "\nAccess: (%04o/%10s)  Uid: (%5u/%8.*s)   Gid: (%5u/%8.*s)\n", st->stx_mode & 07777U, letters,
	           st->stx_uid, STR_ARG(user.p ? user : STR("UNKNOWN")), st->stx_gid,
	           STR_ARG(group.p ? group : STR("UNKNOWN")));
	buf_puts(out, "Access: ");
	time_say(out, &st->stx_atime);
	buf_puts(out, "\nModify: ");
	time_say(out, &st->stx_mtime);
	buf_puts(out, "\nChange: ");
	time_say(out, &st->stx_ctime);
	buf_puts(out, "\n Birth: ");
	if (st->stx_mask & STATX_BTIME)
		time_say(out, &st->stx_btime);
	else
		buf_add_char(out, '-');
	buf_add_char(out, '\n');
}

/* False: a directive that is not known here. */
static bool stat_directive(struct sca_call *call, const struct names *names, const struct subject *subject,
                           char letter, bool alternate)
{
	const struct statx *st = &subject->st;
	struct buf *out = call->out;
	char letters[11];
	struct str name;
	if (alternate && letter != 'a')
		return false;
	switch (letter) {
	case 'n':
		buf_add(out, subject->path);
		break;
	case 'a':
		buf_printf(out, alternate ? "%#o" : "%o", st->stx_mode & 07777U);
		break;
	case 'A':
		mode_letters(st->stx_mode, letters);
		buf_puts(out, letters);
		break;
	case 'u':
		buf_printf(out, "%u", st->stx_uid);
		break;
	case 'g':
		buf_printf(out, "%u", st->stx_gid);
		break;
	case 'U':
		name = user_name(call, names, st->stx_uid);
		buf_add(out, name.p ? name : STR("UNKNOWN"));
		break;
	case 'G':
		name = group_name(call, names, st->stx_gid);
		buf_add(out, name.p ? name : STR("UNKNOWN"));
		break;
	case 'F':
		buf_puts(out, kind_words(st));
		break;
	case 's':
		buf_printf(out, "%llu", (unsigned long long)st->stx_size);
		break;
	case 'h':
		buf_printf(out, "%u", st->stx_nlink);
		break;
	case 'i':
		buf_printf(out, "%llu", (unsigned long long)st->stx_ino);
		break;
	case '%':
		buf_add_char(out, '%');
		break;
	default:
		return false;
	}
	return true;
}

static bool stat_say_format(struct sca_call *call, const struct names *names, const struct subject *subject,
                            struct str format)
{
	for (size_t i = 0; i < format.n; i++) {
		if (format.p[i] != '%') {
			buf_add_char(call->out, format.p[i]);
			continue;
		}
		bool alternate = i + 1 < format.n && format.p[i + 1] == '#';
		i += 1 + alternate;
		if (i >= format.n || !stat_directive(call, names, subject, format.p[i], alternate))
			return false;
	}
	buf_add_char(call->out, '\n');
	return true;
}

static const char *errno_words(int r)
{
	return r == -ENOENT ? "No such file or directory" : r == -ENOTDIR ? "Not a directory"
	     : r == -ELOOP ? "Too many levels of symbolic links" : NULL;
}

struct stat_options {
	bool follow;
	struct str format; /* p NULL: the whole description */
	size_t first;      /* the word of the first file */
};

static bool stat_options_read(const struct sca_call *call, struct stat_options *options)
{
	*options = (struct stat_options){ 0 };
	size_t i = 1;
	for (; i < call->words.n; i++) {
		struct str word = call->words.p[i];
		if (word.n < 2 || word.p[0] != '-')
			break;
		if (str_is(word, "--dereference")) {
			options->follow = true;
		} else if (str_starts(word, "--format=")) {
			options->format = str_slice(word, 9, word.n);
		} else if (str_is(word, "-L")) {
			options->follow = true;
		} else if (str_is(word, "-c") || str_is(word, "-Lc")) {
			options->follow |= word.n == 3;
			options->format = sca_word(call, ++i);
			if (!options->format.p)
				return false;
		} else {
			return false;
		}
	}
	options->first = i;
	return i < call->words.n;
}

enum sca_reply sca_answer_stat(struct sca_call *call)
{
	struct stat_options options;
	struct names names;
	if (!stat_options_read(call, &options))
		return SCA_UNKNOWN_FORM;
	if (!names_get(call, &names))
		return SCA_BLIND;
	for (size_t i = options.first; i < call->words.n; i++) {
		struct subject subject;
		struct str path = call->words.p[i];
		if (path.n == 0 || path.p[0] != '/')
			return SCA_UNKNOWN_FORM;
		int r = subject_read(call, path, options.follow, &subject);
		if (r < 0 && !errno_words(r))
			return sca_call_blind(call, NOTE("cannot read {}: {}", path, str_from(err_words(r))));
		if (r < 0) {
			buf_printf(call->out, "stat: cannot statx '%.*s': %s\n", STR_ARG(path), errno_words(r));
			call->exit = 1;
		} else if (!options.format.p) {
			stat_say_all(call, &names, &subject);
		} else if (!stat_say_format(call, &names, &subject, options.format)) {
			return SCA_UNKNOWN_FORM;
		}
	}
	return SCA_ANSWERED;
}

/* ---- cat ---- */

/* As coreutils name a file in a message: quoted when a shell would not take it for one word. False: with more
 * than plain quotes. */
static bool quoted_say(struct buf *out, struct str name)
{
	bool quote = false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (c < ' ' || c >= 127 || c == '\'' || c == '"' || c == '\\')
			return false;
		quote |= strchr(" !$&()*:;<=>?[]^`{|}~#", c) != NULL;
	}
	buf_printf(out, quote ? "'%.*s'" : "%.*s", STR_ARG(name));
	return true;
}

enum sca_reply sca_answer_cat(struct sca_call *call)
{
	if (call->words.n < 2)
		return SCA_UNKNOWN_FORM;
	for (size_t i = 1; i < call->words.n; i++) {
		struct str path = call->words.p[i], text;
		if (path.n == 0 || path.p[0] != '/')
			return SCA_UNKNOWN_FORM;
		int r = sca_call_file(call, path, &text);
		if (r == 0) {
			buf_add(call->out, text);
		} else if (r == -ENOENT) {
			buf_puts(call->out, "cat: ");
			if (!quoted_say(call->out, path))
				return SCA_UNKNOWN_FORM;
			buf_puts(call->out, ": No such file or directory\n");
			call->exit = 1;
		} else {
			return SCA_BLIND;
		}
	}
	return SCA_ANSWERED;
}
