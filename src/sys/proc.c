/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/vec.h"

enum {
	PIDS_MAX = 4 * 1024 * 1024, /* PID_MAX_LIMIT (linux/threads.h) */
	FDS_MAX = 1024 * 1024,      /* of one process */
	UNKNOWN_TICKS = 100,        /* USER_HZ everywhere Linux runs today */
	CONTAINER_ID = 64,          /* hexadecimal digits */
};
#define UNKNOWN INT64_MIN

struct dirent_raw { /* struct linux_dirent64 */
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* A decimal name, or -1. */
static int32_t number_of(const char *name)
{
	int64_t value = 0;
	if (!*name)
		return -1;
	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return -1;
		value = value * 10 + (*name - '0');
		if (value > INT32_MAX)
			return -1;
	}
	return (int32_t)value;
}

typedef void number_fn(void *ctx, int32_t number);

static int numbers_each(int fd, number_fn *each, void *ctx)
{
	_Alignas(struct dirent_raw) char entries[8192] __attribute__((uninitialized));
	for (;;) {
		long n = syscall(SYS_getdents64, fd, entries, sizeof(entries));
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		for (long at = 0; at < n;) {
			const struct dirent_raw *entry = (const void *)(entries + at);
			int32_t number = number_of(entry->name);
			if (number >= 0)
				each(ctx, number);
			at += entry->length;
		}
	}
}

struct numbers {
	int32_t *p;
	size_t n, room, most;
	struct arena *arena;
};

static void number_add(void *ctx, int32_t number)
{
	struct numbers *numbers = ctx;
	if (numbers->n < numbers->most)
		vec_push_in(numbers->arena, numbers, number);
}

static int by_number(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return (x > y) - (x < y);
}

static int64_t boot_time(const struct root *root)
{
	BUF(buf);
	int r = root_read(root, "proc/stat", ROOT_FILE_LIMIT, &buf);
	struct str rest = buf_str(&buf), line;
	while (r == 0 && str_line(&rest, &line))
		if (str_is(str_word(&line), "btime"))
			return str_int_or(str_word(&line), UNKNOWN);
	return UNKNOWN;
}

int proc_open(const struct root *root, struct arena *arena, struct proc *out)
{
	*out = (struct proc){ .root = root, .fd = root_openat(root, "proc", O_RDONLY | O_DIRECTORY) };
	if (out->fd < 0)
		return out->fd;
	struct numbers pids = { .arena = arena, .most = PIDS_MAX };
	int r = numbers_each(out->fd, number_add, &pids);
	if (r < 0) {
		proc_close(out);
		return r;
	}
	if (pids.n)
		qsort(pids.p, pids.n, sizeof(*pids.p), by_number);
	out->pids = pids.p;
	out->n = pids.n;
	out->boot = boot_time(root);
	out->ticks = root->live ? sysconf(_SC_CLK_TCK) : UNKNOWN_TICKS;
	if (out->ticks <= 0)
		out->ticks = UNKNOWN_TICKS;
	return 0;
}

void proc_close(struct proc *proc)
{
	fd_close_p(&proc->fd);
}

static const char *decimal(char text[16], int32_t number)
{
	char *p = text + 15;
	*p = 0;
	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return p;
}

int proc_process_open(const struct proc *proc, int32_t pid, struct proc_process *out)
{
	char text[16];
	*out = (struct proc_process){ .proc = proc, .pid = pid, .fd = -1 };
	if (!proc->root->live)
		return 0;
	out->fd = openat(proc->fd, decimal(text, pid), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return out->fd < 0 ? -errno : 0;
}

void proc_process_close(struct proc_process *process)
{
	fd_close_p(&process->fd);
}

struct proc_path {
	char text[64];
};

static struct proc_path path_of(const struct proc_process *process, const char *name)
{
	struct proc_path path;
	snprintf(path.text, sizeof(path.text), "proc/%d/%s", process->pid, name);
	return path;
}

/* A short answer below `enough` is taken for all there is. */
static ssize_t read_until(const struct proc_process *process, const char *name, char *text, size_t room, size_t enough)
{
	size_t used = 0;
	if (process->fd < 0) {
		BUF(buf);
		int r = root_read(process->proc->root, path_of(process, name).text, room, &buf);
		if (r < 0 && r != -EFBIG)
			return r;
		used = MIN(buf.n, room);
		if (used)
			memcpy(text, buf.p, used);
		return (ssize_t)used;
	}
	CLEANUP(fd_close_p) int fd = openat(process->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (used < room) {
		ssize_t n = read(fd, text + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		used += (size_t)n;
		if (n == 0 || used < enough)
			break;
	}
	return (ssize_t)used;
}

ssize_t proc_read(const struct proc_process *process, const char *name, char *text, size_t room)
{
	return read_until(process, name, text, room, 2048);
}

ssize_t proc_read_all(const struct proc_process *process, const char *name, char *text, size_t room)
{
	return read_until(process, name, text, room, 0);
}

ssize_t proc_link(const struct proc_process *process, const char *name, char *text, size_t room)
{
	if (process->fd < 0) {
		BUF(buf);
		int r = root_readlink(process->proc->root, path_of(process, name).text, &buf);
		if (r < 0)
			return r;
		size_t n = MIN(buf.n, room);
		if (n)
			memcpy(text, buf.p, n);
		return (ssize_t)n;
	}
	ssize_t n = readlinkat(process->fd, name, text, room);
	return n < 0 ? -errno : n;
}

int64_t proc_namespace(const struct proc_process *process, const char *name)
{
	char text[64];
	ssize_t n = proc_link(process, name, text, sizeof(text));
	if (n < 0)
		return n;
	struct str link = { text, (size_t)n };
	ptrdiff_t open = str_find_char(link, '[');
	int64_t number;
	if (open < 0 || !str_ends(link, "]") || !str_to_int(str_slice(link, (size_t)open + 1, link.n - 1), 10, &number) ||
	    number < 0)
		return -EINVAL;
	return number;
}

/* Since Linux 6.2 the folder's size is the number of open descriptors. Most processes have few, without holes:
 * asking for them by number is cheaper than opening and listing the folder. 1: not all were found this way, and
 * nothing was told. */
static int few_fds(const struct proc_process *process, proc_fd_fn *each, void *ctx)
{
	enum { FEW = 8, LINK_ROOM = 512 };
	char links[FEW][LINK_ROOM] __attribute__((uninitialized));
	char name[] = "fd/0";
	ssize_t length[FEW];
	struct stat st;
	if (process->fd < 0 || fstatat(process->fd, "fd", &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_size <= 0 ||
	    st.st_size > FEW)
		return 1;
	for (int i = 0; i < (int)st.st_size; i++) {
		name[3] = (char)('0' + i);
		length[i] = readlinkat(process->fd, name, links[i], LINK_ROOM);
		if (length[i] < 0 || length[i] == LINK_ROOM)
			return 1;
	}
	for (int i = 0; i < (int)st.st_size; i++)
		each(ctx, i, (struct str){ links[i], (size_t)length[i] });
	return 0;
}

int proc_fds(const struct proc_process *process, struct arena *scratch, proc_fd_fn *each, void *ctx)
{
	struct numbers fds = { .arena = scratch, .most = FDS_MAX };
	char path[PATH_MAX] __attribute__((uninitialized));
	char name[24] = "fd/";
	CLEANUP(fd_close_p) int dir = -1;
	if (few_fds(process, each, ctx) == 0)
		return 0;
	if (process->fd < 0) {
		dir = root_openat(process->proc->root, path_of(process, "fd").text, O_RDONLY | O_DIRECTORY);
		if (dir < 0)
			return dir;
	} else {
		dir = openat(process->fd, "fd", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return -errno;
	}
	int r = numbers_each(dir, number_add, &fds);
	if (r < 0)
		return r;
	if (process->fd < 0 && fds.n)
		qsort(fds.p, fds.n, sizeof(*fds.p), by_number);
	for (size_t i = 0; i < fds.n; i++) {
		char text[16];
		const char *digits = decimal(text, fds.p[i]);
		ssize_t n;
		if (process->fd < 0) {
			memcpy(name + 3, digits, strlen(digits) + 1);
			n = proc_link(process, name, path, sizeof(path));
		} else {
			n = readlinkat(dir, digits, path, sizeof(path));
			n = n < 0 ? -errno : n;
		}
		if (n == -EACCES || n == -EPERM)
			return (int)n;
		if (n >= 0)
			each(ctx, fds.p[i], (struct str){ path, (size_t)n });
	}
	return 0;
}

bool proc_path_is_deleted(const struct proc_process *process, const char *link, struct str *path)
{
	static const char mark[] = " (deleted)";
	if (!str_ends(*path, mark))
		return false;
	struct stat open, named;
	if (link && process->fd >= 0 && path->p[0] == '/' && path->n < PATH_MAX) {
		char text[PATH_MAX] __attribute__((uninitialized));
		memcpy(text, path->p, path->n);
		text[path->n] = 0;
		if (fstatat(process->fd, link, &open, 0) == 0 && lstat(text, &named) == 0 &&
		    open.st_dev == named.st_dev && open.st_ino == named.st_ino)
			return false;
	}
	path->n -= sizeof(mark) - 1;
	return true;
}

bool proc_stat_parse(struct str text, struct proc_stat *out)
{
	*out = (struct proc_stat){ .parent = UNKNOWN, .group = UNKNOWN, .flags = 0, .user_ticks = UNKNOWN,
	                           .system_ticks = UNKNOWN, .threads = UNKNOWN, .start_ticks = UNKNOWN,
	                           .virtual_bytes = UNKNOWN, .resident_pages = UNKNOWN };
	ptrdiff_t open = str_find_char(text, '('), close = str_find_char_last(text, ')');
	if (open <= 0 || close < open || !str_to_int(str_trim(str_slice(text, 0, (size_t)open)), 10, &out->pid))
		return false;
	out->name = str_slice(text, (size_t)open + 1, (size_t)close);
	struct str rest = str_slice(text, (size_t)close + 1, text.n);
	struct str state = str_word(&rest);
	if (state.n != 1)
		return false;
	out->state = state.p[0];
	/* proc(5): field 4 (ppid) and on. */
	int64_t *const fields[] = { [4] = &out->parent, [5] = &out->group, [9] = &out->flags,
	                            [14] = &out->user_ticks, [15] = &out->system_ticks, [20] = &out->threads,
	                            [22] = &out->start_ticks, [23] = &out->virtual_bytes,
	                            [24] = &out->resident_pages };
	for (size_t i = 4; i < COUNT(fields); i++) {
		struct str word = str_word(&rest);
		int64_t value;
		if (fields[i] && str_to_int(word, 10, &value))
			*fields[i] = value;
	}
	return out->parent != UNKNOWN;
}

void proc_status_parse(struct str text, struct proc_status *out)
{
	*out = (struct proc_status){ UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
	                             UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN };
	struct str line;
	while (str_line(&text, &line)) {
		if (line.n < 4)
			continue;
		switch (line.p[0]) {
		case 'U':
		case 'G':
			if (line.p[1] == 'i' && line.p[2] == 'd' && line.p[3] == ':') {
				bool user = line.p[0] == 'U';
				struct str rest = str_slice(line, 4, line.n);
				*(user ? &out->uid : &out->gid) = str_int_or(str_word(&rest), UNKNOWN);
				*(user ? &out->euid : &out->egid) = str_int_or(str_word(&rest), UNKNOWN);
				*(user ? &out->suid : &out->sgid) = str_int_or(str_word(&rest), UNKNOWN);
			}
			break;
		case 'C':
			if (str_starts(line, "CapEff:") || str_starts(line, "CapBnd:")) {
				int64_t value;
				if (str_to_int(str_trim(str_slice(line, 7, line.n)), 16, &value))
					*(line.p[3] == 'E' ? &out->cap_effective : &out->cap_bounding) = value;
			}
			break;
		case 'S':
			if (str_starts(line, "Seccomp:"))
				out->seccomp = str_int_or(str_trim(str_slice(line, 8, line.n)), UNKNOWN);
			break;
		case 'N':
			if (str_starts(line, "NoNewPrivs:"))
				out->no_new_privileges = str_int_or(str_trim(str_slice(line, 11, line.n)), UNKNOWN);
			if (str_starts(line, "NStgid:")) {
				struct str rest = str_slice(line, 7, line.n);
				for (out->pid_levels = 0; str_word(&rest).n; out->pid_levels++)
					;
			}
			break;
		case 'T':
			if (str_starts(line, "TracerPid:"))
				out->tracer = str_int_or(str_trim(str_slice(line, 10, line.n)), UNKNOWN);
			break;
		default:
			break;
		}
	}
}

struct str proc_cgroup_path(struct str text)
{
	struct str line, best = STR_NONE;
	int rank = 0;
	while (str_line(&text, &line)) {
		struct str rest = line;
		struct str number = str_cut(&rest, ':'), controllers = str_cut(&rest, ':');
		if (!rest.p)
			continue;
		int now = str_is(number, "0") && !controllers.n ? 3 : str_is(controllers, "name=systemd") ? 2 : 1;
		/* On a mixed system the unified hierarchy may be empty: "/" says less than systemd's path. */
		if (now == 3 && best.n > 1 && str_is(rest, "/"))
			continue;
		if (now > rank) {
			rank = now;
			best = rest;
		}
	}
	return best;
}

static bool starts_cut(struct str *s, const char *prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	*s = str_slice(*s, strlen(prefix), s->n);
	return true;
}

static bool container_of_component(struct str part, struct str before, struct proc_container *out)
{
	static const struct {
		const char *prefix, *runtime;
	} scopes[] = {
		{ "docker-", "docker" }, { "libpod-", "podman" }, { "cri-containerd-", "containerd" },
		{ "nerdctl-", "containerd" }, { "containerd-", "containerd" }, { "crio-", "crio" },
	};
	if (str_ends(part, ".scope")) {
		part = str_slice(part, 0, part.n - 6);
		for (size_t i = 0; i < COUNT(scopes); i++)
			if (starts_cut(&part, scopes[i].prefix)) {
				*out = (struct proc_container){ part, scopes[i].runtime };
				return str_is_hex(part, CONTAINER_ID);
			}
		if (starts_cut(&part, "machine-")) {
			*out = (struct proc_container){ part, "nspawn" };
			return part.n > 0;
		}
		return false;
	}
	if (str_is_hex(part, CONTAINER_ID)) {
		*out = (struct proc_container){ part, str_is(before, "docker")          ? "docker"
			                              : str_is(before, "libpod_parent") ? "podman"
			                                                                : "containerd" };
		return true;
	}
	if (starts_cut(&part, "libpod-")) {
		*out = (struct proc_container){ part, "podman" };
		return str_is_hex(part, CONTAINER_ID);
	}
	if (starts_cut(&part, "lxc.payload.") || (str_is(before, "lxc") && part.n)) {
		*out = (struct proc_container){ part, "lxc" };
		return part.n > 0;
	}
	if (starts_cut(&part, "systemd-nspawn@") && str_ends(part, ".service")) {
		*out = (struct proc_container){ str_slice(part, 0, part.n - 8), "nspawn" };
		return part.n > 8;
	}
	return false;
}

bool proc_cgroup_container(struct str text, struct proc_container *out)
{
	struct str line;
	while (str_line(&text, &line)) {
		struct str rest = line, before = STR("");
		str_cut(&rest, ':');
		str_cut(&rest, ':');
		while (rest.p) {
			struct str part = str_cut(&rest, '/');
			if (part.n && container_of_component(part, before, out))
				return true;
			before = part;
		}
	}
	return false;
}
