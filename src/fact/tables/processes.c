/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * processes, process_files, process_maps: what runs, what it has open, what it has mapped.
 *
 * Large machines are walked by two threads: each takes the next few processes when it has done its last and
 * keeps what it found in an arena of its own; rows are delivered afterwards, in order.
 */
#include "fact/scan.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"
#include "sys/proc.h"

enum {
	TEXT_ROOM = 32 * 1024,      /* longest command line kept */
	MAPS_ROOM = 4 * 1024 * 1024,
	THREADS_FROM = 512,         /* processes; below, a second thread costs more than it brings */
	BLOCK = 4,                  /* processes that a thread takes at a time: one may have most of the work */
};

/* What of a process is read only when somebody wants the columns that come from it. */
enum part { PART_STATUS, PART_CMDLINE, PART_EXE, PART_CWD, PART_ROOT, PART_MNT, PART_NET, PART_PID, PART_CGROUP,
            PART_COUNT };
static const char *const part_columns[PART_COUNT] = {
	[PART_STATUS] = "uid gid euid egid suid sgid cap_effective cap_bounding seccomp no_new_privileges tracer",
	[PART_CMDLINE] = "cmdline",
	[PART_EXE] = "path on_disk",
	[PART_CWD] = "cwd",
	[PART_ROOT] = "root",
	[PART_MNT] = "mnt_namespace",
	[PART_NET] = "net_namespace",
	[PART_PID] = "pid_namespace",
	[PART_CGROUP] = "cgroup_path container_id container_runtime",
};

struct walk;
typedef void walk_fn(struct walk *walk, const struct proc_process *process);

/* One thread's part of the walk. */
struct walk {
	const struct proc *proc;
	walk_fn *each;
	_Atomic size_t *next;  /* process that nobody has taken yet; shared */
	struct arena arena;
	char *text, *link;     /* TEXT_ROOM, PATH_MAX */
	bool wanted[PART_COUNT], wants_path;
	const struct scan_key *type;   /* only open files of this type, or NULL */
	size_t seen, refused;  /* processes; those that could not be looked into */
	size_t refusals[PART_COUNT]; /* those of which that part could not be read */
	int64_t pid_namespace; /* that of /proc, once seen */
	int32_t odd;           /* one whose "stat" was not understood, or 0 */
	VEC(struct process *) processes;
	VEC(struct open_file) files;
};

static walk_fn process_read, files_read;

static void *walk_run(void *ctx)
{
	struct walk *walk = ctx;
	const struct proc *proc = walk->proc;
	walk->text = mem_resize(NULL, TEXT_ROOM);
	walk->link = mem_resize(NULL, PATH_MAX);
	size_t at;
	while ((at = atomic_fetch_add(walk->next, BLOCK)) < proc->n)
		for (size_t i = at; i < MIN(at + BLOCK, proc->n); i++) {
			struct proc_process process;
			if (proc_process_open(proc, proc->pids[i], &process) == 0)
				walk->each(walk, &process);
			proc_process_close(&process);
		}
	mem_free_p(&walk->text);
	mem_free_p(&walk->link);
	return NULL;
}

static void walk_all(struct scan *scan, const struct proc *proc, walk_fn *each, struct walk walks[2])
{
	size_t parts = proc->n >= THREADS_FROM && sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1;
	pthread_t thread;
	_Atomic size_t next = 0;
	for (size_t i = 0; i < 2; i++)
		walks[i] = (struct walk){ .proc = proc, .each = each, .next = &next, .type = walks[i].type };
	for (size_t i = 0; i < 2; i++)
		walks[i].wants_path = scan_wants(scan, "path deleted");
	for (size_t part = 0; part < PART_COUNT && each == process_read; part++)
		walks[0].wanted[part] = walks[1].wanted[part] = scan_wants(scan, part_columns[part]);
	bool started = parts == 2 && pthread_create(&thread, NULL, walk_run, &walks[1]) == 0;
	walk_run(&walks[0]);
	if (started)
		pthread_join(thread, NULL);
}

static void walks_done(struct walk (*walks)[2])
{
	for (size_t i = 0; i < 2; i++) {
		vec_done(&(*walks)[i].files);
		arena_done(&(*walks)[i].arena);
	}
}

static bool is_refusal(int64_t r)
{
	return r == -EACCES || r == -EPERM;
}

/* The processes of the root; unavailable when there are none, as on a disk image. */
static int processes_list(struct scan *scan, struct proc *proc)
{
	int r = proc_open(scan_root(scan), scan_arena(scan), proc);
	if (r < 0)
		return scan_unavailable(scan, NOTE("cannot read {}: {}", STR("proc"), str_from(err_words(r))));
	if (!proc->n) {
		proc_close(proc);
		return scan_unavailable(scan, NOTE("no processes below {}", STR("proc")));
	}
	/* hidepid=2 hides the processes of others; process 1 belongs to root. */
	if (scan_is_live(scan) && proc->pids[0] != 1)
		scan_partial(scan, NOTE("the kernel hides the processes of other users"));
	return 0;
}

static void say_refused(struct scan *scan, const char *what, const struct walk walks[2])
{
	size_t seen = walks[0].seen + walks[1].seen, refused = walks[0].refused + walks[1].refused;
	if (refused)
		scan_partial(scan, NOTE(what, arena_printf(scan_arena(scan), "%zu", refused),
		                        arena_printf(scan_arena(scan), "%zu", seen)));
}

/* ---- processes ---- */

struct process {
	struct proc_stat stat;
	struct proc_status status;
	struct str path, cmdline, cwd, root, cgroup;
	struct proc_container container;
	int64_t on_disk, mnt, net, pid;
};

static struct str link_keep(struct walk *walk, const struct proc_process *process, const char *name, enum part part)
{
	if (!walk->wanted[part])
		return STR_NONE;
	ssize_t n = proc_link(process, name, walk->link, PATH_MAX);
	walk->refusals[part] += is_refusal(n);
	return n < 0 ? STR_NONE : arena_str(&walk->arena, (struct str){ walk->link, (size_t)n });
}

static int64_t namespace_of(struct walk *walk, const struct proc_process *process, const char *name, enum part part)
{
	if (!walk->wanted[part])
		return NONE;
	int64_t number = proc_namespace(process, name);
	walk->refusals[part] += is_refusal(number);
	return number < 0 ? NONE : number;
}

/* Arguments are separated by NUL; a title that a program wrote itself may end with many. */
static struct str cmdline_keep(struct walk *walk, size_t n)
{
	char *text = walk->text;
	while (n && text[n - 1] == 0)
		n--;
	for (size_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	return arena_str(&walk->arena, (struct str){ text, n });
}

/* Text of a file of the process; a refusal is counted. */
static ssize_t part_read(struct walk *walk, const struct proc_process *process, const char *name, enum part part)
{
	ssize_t n = proc_read(process, name, walk->text, TEXT_ROOM);
	walk->refusals[part] += is_refusal(n);
	return n;
}

static void program_read(struct walk *walk, const struct proc_process *process, struct process *row)
{
	if (walk->wanted[PART_CMDLINE]) {
		ssize_t n = part_read(walk, process, "cmdline", PART_CMDLINE);
		row->cmdline = n < 0 ? STR_NONE : cmdline_keep(walk, (size_t)n);
	}
	row->path = link_keep(walk, process, "exe", PART_EXE);
	if (row->path.p)
		row->on_disk = !proc_path_is_deleted(process, "exe", &row->path);
	row->cwd = link_keep(walk, process, "cwd", PART_CWD);
	row->root = link_keep(walk, process, "root", PART_ROOT);
	row->mnt = namespace_of(walk, process, "ns/mnt", PART_MNT);
	row->net = namespace_of(walk, process, "ns/net", PART_NET);
	/* Most live where /proc does: asked once. */
	bool same = row->status.pid_levels == 1;
	row->pid = same && walk->pid_namespace ? walk->pid_namespace : namespace_of(walk, process, "ns/pid", PART_PID);
	if (same && row->pid != NONE)
		walk->pid_namespace = row->pid;
	if (walk->wanted[PART_CGROUP]) {
		ssize_t n = part_read(walk, process, "cgroup", PART_CGROUP);
		struct str text = { walk->text, n < 0 ? 0 : (size_t)n };
		row->cgroup = n > 0 ? arena_str(&walk->arena, proc_cgroup_path(text)) : STR_NONE;
		if (n > 0 && proc_cgroup_container(text, &row->container))
			row->container.id = arena_str(&walk->arena, row->container.id);
	}
}

static void process_read(struct walk *walk, const struct proc_process *process)
{
	ssize_t n = proc_read(process, "stat", walk->text, TEXT_ROOM);
	walk->refused += is_refusal(n);
	if (n < 0)
		return;
	struct process *row = ARENA_NEW(&walk->arena, struct process);
	if (!proc_stat_parse((struct str){ walk->text, (size_t)n }, &row->stat)) {
		walk->odd = process->pid;
		return;
	}
	row->stat.pid = process->pid;
	row->stat.name = arena_str(&walk->arena, row->stat.name);
	n = 0;
	if (walk->wanted[PART_STATUS] || walk->wanted[PART_PID])
		n = part_read(walk, process, "status", PART_STATUS);
	if (n == -ESRCH || (n < 0 && process->fd >= 0 && !is_refusal(n)))
		return;
	proc_status_parse((struct str){ walk->text, n < 0 ? 0 : (size_t)n }, &row->status);
	row->on_disk = row->mnt = row->net = row->pid = NONE;
	row->cmdline = walk->wanted[PART_CMDLINE] ? STR("") : STR_NONE;
	if (!(row->stat.flags & PROC_KERNEL_THREAD))
		program_read(walk, process, row);
	walk->seen++;
	vec_push_in(&walk->arena, &walk->processes, row);
}

static int64_t times(int64_t value, int64_t factor)
{
	int64_t product;
	return value == NONE || value < 0 || __builtin_mul_overflow(value, factor, &product) ? NONE : product;
}

static int process_row(struct scan *scan, const struct proc *proc, const struct process *row, struct err *err)
{
	const struct proc_stat *stat = &row->stat;
	const struct proc_status *status = &row->status;
	int64_t page = scan_is_live(scan) ? sysconf(_SC_PAGESIZE) : 4096;
	bool known = proc->boot != INT64_MIN && stat->start_ticks >= 0;
	int64_t start = known ? (int64_t)((uint64_t)proc->boot + (uint64_t)stat->start_ticks / (uint64_t)proc->ticks) : NONE;
	return scan_row(scan, ROW(stat->pid, stat->name, row->path, row->cmdline, ((struct str){ &stat->state, 1 }),
	                          row->cwd, row->root, status->uid, status->gid, status->euid, status->egid,
	                          status->suid, status->sgid, row->on_disk, times(stat->resident_pages, page),
	                          stat->virtual_bytes, start, stat->parent, stat->group, stat->threads,
	                          times(stat->user_ticks, 1000 / MIN(proc->ticks, 1000)),
	                          times(stat->system_ticks, 1000 / MIN(proc->ticks, 1000)),
	                          (stat->flags & PROC_KERNEL_THREAD) != 0, status->cap_effective,
	                          status->cap_bounding, status->seccomp, status->no_new_privileges,
	                          status->tracer, row->cgroup, row->container.id, row->container.runtime,
	                          row->mnt, row->net, row->pid), err);
}

static void say_parts_refused(struct scan *scan, const struct walk walks[2])
{
	if (walks[0].refused + walks[1].refused) /* hidepid=1: listed, but no more */
		scan_partial(scan, NOTE("the kernel hides the processes of other users"));
	for (size_t part = 0; part < PART_COUNT; part++) {
		size_t refused = walks[0].refusals[part] + walks[1].refusals[part];
		if (refused)
			scan_partial_in(scan, part_columns[part],
			                NOTE("not permitted to see program, folder or namespaces of {} of {} processes",
			                     arena_printf(scan_arena(scan), "%zu", refused),
			                     arena_printf(scan_arena(scan), "%zu", walks[0].seen + walks[1].seen)));
	}
}

static int processes_scan(struct scan *scan, struct err *err)
{
	struct proc proc;
	int r = processes_list(scan, &proc);
	if (r < 0)
		return r;
	CLEANUP(walks_done) struct walk walks[2] = { 0 };
	walk_all(scan, &proc, process_read, walks);
	proc_close(&proc);
	say_parts_refused(scan, walks);
	for (size_t i = 0; i < 2; i++)
		if (walks[i].odd)
			scan_partial(scan, NOTE("{}:{}: not understood", arena_printf(scan_arena(scan), "proc/%d/stat",
			                        walks[i].odd), STR("1")));
	/* Each has its own in ascending order; together again. */
	size_t at[2] = { 0, 0 };
	for (;;) {
		const struct process *next = NULL;
		size_t from = 0;
		for (size_t i = 0; i < 2; i++)
			if (at[i] < walks[i].processes.n &&
			    (!next || walks[i].processes.p[at[i]]->stat.pid < next->stat.pid)) {
				next = walks[i].processes.p[at[i]];
				from = i;
			}
		if (!next)
			return 0;
		at[from]++;
		r = process_row(scan, &proc, next, err);
		if (r < 0)
			return r;
	}
}

const struct table table_processes = {
	.name = "processes",
	.doc = "Processes that run, kernel threads among them",
	.sources = { "proc/1/stat", "proc/1/status", "proc/1/cmdline", "proc/1/cgroup", "proc/1/exe", "proc/stat" },
	.scan = processes_scan,
	.columns = {
		{ "pid", INT, "process number" },
		{ "name", TEXT, "name that the process gave itself, any bytes, cut by the kernel at 15" },
		{ "path", TEXT, "program file, in the process's own mount namespace; NULL: kernel thread, ended, or not permitted" },
		{ "cmdline", TEXT, "arguments joined by blanks, cut at 32768 bytes; empty: kernel thread; NULL: not permitted" },
		{ "state", TEXT, "R runs, S sleeps, D waits for a device, Z ended, T stopped, I idle" },
		{ "cwd", TEXT, "working folder; NULL: kernel thread, ended, or not permitted" },
		{ "root", TEXT, "root folder; NULL: kernel thread, ended, or not permitted" },
		{ "uid", INT, "real user" },
		{ "gid", INT, "real group" },
		{ "euid", INT, "effective user" },
		{ "egid", INT, "effective group" },
		{ "suid", INT, "saved user" },
		{ "sgid", INT, "saved group" },
		{ "on_disk", INT, "1: the program file is still there, 0: deleted or only in memory; NULL: path is NULL" },
		{ "resident_size", INT, "bytes in memory" },
		{ "total_size", INT, "bytes of address space" },
		{ "start_time", INT, "seconds since 1970; NULL: the time of boot is unknown" },
		{ "parent", INT, "process number of the parent, 0 for none" },
		{ "pgroup", INT, "process group" },
		{ "threads", INT, "number of threads" },
		{ "user_time", INT, "milliseconds of processor time of its own" },
		{ "system_time", INT, "milliseconds of processor time in the kernel" },
		{ "kernel_thread", INT, "1: a thread of the kernel, not a program" },
		{ "cap_effective", INT, "effective capabilities, bit n for capability n; NULL: unknown" },
		{ "cap_bounding", INT, "capabilities that it can ever get; NULL: unknown" },
		{ "seccomp", INT, "0 none, 1 strict, 2 filter; NULL: the kernel does not say" },
		{ "no_new_privileges", INT, "1: cannot gain privileges by exec; NULL: the kernel does not say" },
		{ "tracer", INT, "process number of its debugger, 0 for none" },
		{ "cgroup_path", TEXT, "control group; NULL: kernel thread or unknown" },
		{ "container_id", TEXT, "container by its control group; NULL: none is named there" },
		{ "container_runtime", TEXT, "docker, podman, containerd, crio, lxc, nspawn; NULL: no container" },
		{ "mnt_namespace", INT, "number of the mount namespace; NULL: kernel thread, ended, or not permitted" },
		{ "net_namespace", INT, "number of the network namespace; NULL as above" },
		{ "pid_namespace", INT, "number of the process namespace; NULL as above" },
	},
};

/* ---- process_files ---- */

struct open_file {
	int32_t pid, fd;
	const char *type;
	struct str path;
	int64_t inode;
	bool deleted;
};

struct fd_walk {
	struct walk *walk;
	const struct proc_process *process;
};

static void file_found(void *ctx, int32_t fd, struct str path)
{
	const struct fd_walk *fd_walk = ctx;
	struct walk *walk = fd_walk->walk;
	struct open_file file = { .pid = fd_walk->process->pid, .fd = fd, .type = "file", .inode = NONE };
	bool is_path = path.n && path.p[0] == '/';
	if (!is_path)
		file.type = str_starts(path, "socket:") ? "socket" : str_starts(path, "pipe:") ? "pipe" : "other";
	if (walk->type && !str_is(walk->type->text, file.type))
		return;
	if (is_path && walk->wants_path) {
		char link[24];
		snprintf(link, sizeof(link), "fd/%d", fd);
		file.deleted = proc_path_is_deleted(fd_walk->process, link, &path);
	} else if (!is_path) {
		ptrdiff_t colon = str_find_char(path, ':');
		if (colon > 0 && str_ends(path, "]") && path.n > (size_t)colon + 3)
			file.inode = str_int_or(str_slice(path, (size_t)colon + 2, path.n - 1), NONE);
	}
	if (walk->wants_path)
		file.path = arena_str(&walk->arena, path);
	vec_push(&walk->files, file);
}

static void files_read(struct walk *walk, const struct proc_process *process)
{
	struct fd_walk fd_walk = { walk, process };
	int r = proc_fds(process, &walk->arena, file_found, &fd_walk);
	if (r < 0 && !is_refusal(r))
		return;
	walk->seen++;
	walk->refused += r < 0;
}

static int process_files_scan(struct scan *scan, struct err *err)
{
	struct proc proc;
	int r = processes_list(scan, &proc);
	if (r < 0)
		return r;
	struct scan_key type;
	CLEANUP(walks_done) struct walk walks[2] = { 0 };
	walks[0].type = walks[1].type = scan_key(scan, "type", &type) && type.how == KEY_EQUAL ? &type : NULL;
	walk_all(scan, &proc, files_read, walks);
	proc_close(&proc);
	say_refused(scan, TR("not permitted to see the open files of {} of {} processes"), walks);
	size_t at[2] = { 0, 0 };
	for (;;) {
		const struct open_file *next = NULL;
		size_t from = 0;
		for (size_t i = 0; i < 2; i++)
			if (at[i] < walks[i].files.n && (!next || walks[i].files.p[at[i]].pid < next->pid)) {
				next = &walks[i].files.p[at[i]];
				from = i;
			}
		if (!next)
			return 0;
		at[from]++;
		r = scan_row(scan, ROW((int64_t)next->pid, (int64_t)next->fd, next->path, next->type, next->inode,
		                       next->deleted), err);
		if (r < 0)
			return r;
	}
}

const struct table table_process_files = {
	.name = "process_files",
	.doc = "What processes have open: files, sockets, pipes",
	.sources = { "proc/1/fd/0" },
	.scan = process_files_scan,
	.columns = {
		{ "pid", INT, "process number" },
		{ "fd", INT, "number of the open file in the process" },
		{ "path", TEXT, "path in the process's own mount namespace, or what the kernel calls it (socket:[1234])" },
		{ "type", TEXT, "file (also folders and devices), socket, pipe or other", KEY },
		{ "inode", INT, "number of the socket or pipe; NULL for all others" },
		{ "deleted", INT, "1: the file was deleted or replaced since it was opened" },
	},
};

/* ---- process_maps ---- */

static int maps_rows(struct scan *scan, const struct proc_process *process, struct str text, struct err *err)
{
	struct str line, last_path = STR(""), last_perms = STR("");
	while (str_line(&text, &line)) {
		str_word(&line); /* addresses */
		struct str perms = str_word(&line);
		str_word(&line); /* offset */
		str_word(&line); /* device */
		struct str inode = str_word(&line), path = str_trim(line);
		if (!path.n || path.p[0] != '/' || perms.n != 4)
			continue;
		if (str_eq(path, last_path) && str_eq(perms, last_perms))
			continue;
		last_path = path;
		last_perms = perms;
		bool deleted = proc_path_is_deleted(process, NULL, &path);
		int r = scan_row(scan, ROW((int64_t)process->pid, path, perms, str_int_or(inode, NONE), deleted), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int process_maps_scan(struct scan *scan, struct err *err)
{
	struct proc proc;
	struct scan_key key;
	int64_t only = NONE;
	bool keyed = scan_key(scan, "pid", &key) && key.how == KEY_EQUAL;
	if (keyed && !str_to_int(key.text, 10, &only))
		return 0;
	int r = processes_list(scan, &proc);
	if (r < 0)
		return r;
	CLEANUP(mem_free_p) char *text = mem_resize(NULL, MAPS_ROOM);
	struct walk counts[2] = { 0 };
	for (size_t i = 0; i < proc.n && r == 0; i++) {
		struct proc_process process;
		if (keyed && proc.pids[i] != only)
			continue;
		if (proc_process_open(&proc, proc.pids[i], &process) == 0) {
			ssize_t n = proc_read_all(&process, "maps", text, MAPS_ROOM);
			counts->seen += n >= 0 || is_refusal(n);
			counts->refused += is_refusal(n);
			if (n == MAPS_ROOM)
				scan_partial(scan, NOTE("cannot read {}: {}", arena_printf(scan_arena(scan), "proc/%d/maps",
				                        proc.pids[i]), str_from(err_words(-EFBIG))));
			if (n > 0)
				r = maps_rows(scan, &process, (struct str){ text, (size_t)n }, err);
		}
		proc_process_close(&process);
	}
	proc_close(&proc);
	say_refused(scan, TR("not permitted to see the mapped files of {} of {} processes"), counts);
	return r;
}

const struct table table_process_maps = {
	.name = "process_maps",
	.doc = "Files that processes have mapped into memory: programs, libraries, data",
	.sources = { "proc/1/maps" },
	.scan = process_maps_scan,
	.columns = {
		{ "pid", INT, "process number", KEY },
		{ "path", TEXT, "path in the process's own mount namespace; a newline shows as \\012" },
		{ "perms", TEXT, "r, w, x and p (private) or s (shared), - for what is not granted" },
		{ "inode", INT, "inode number" },
		{ "deleted", INT, "1: deleted or replaced since it was mapped, or never in a file system (/memfd:…)" },
	},
};
