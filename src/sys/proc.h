/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * proc: /proc/PID below a root, read fast and without trust.
 *
 * A process is held by the descriptor of its directory: the kernel then answers ESRCH once that very
 * process is gone, also when its number has been given to another one. A process that vanishes is
 * -ENOENT or -ESRCH, which callers pass over; -EACCES and -EPERM mean that it is there but not ours to
 * see. Below a fixture root the same files are ordinary files and links, read through sys/root.h.
 *
 * The parsers take what proc(5) describes and survive anything else: a program names itself, so a name
 * may hold ')', blanks, newlines and bytes that are no text. Unknown numbers are INT64_MIN.
 *
 * A struct proc may be read by several threads at once; each needs buffers of its own.
 */
#ifndef WARD_SYS_PROC_H
#define WARD_SYS_PROC_H

#include <sys/types.h>

#include "base/arena.h"
#include "sys/root.h"

struct proc {
	const struct root *root;
	int fd;             /* of "proc" */
	int32_t *pids;      /* ascending; in the arena given to proc_open() */
	size_t n;
	int64_t boot;       /* seconds since 1970, from "proc/stat"; INT64_MIN: unknown */
	int64_t ticks;      /* clock ticks a second in "stat" */
};

/* 0, or why "proc" cannot be listed. */
int proc_open(const struct root *root, struct arena *arena, struct proc *out) MUST_USE;
void proc_close(struct proc *proc);

struct proc_process {
	const struct proc *proc;
	int32_t pid;
	int fd; /* the directory; -1 in a fixture */
};

int proc_process_open(const struct proc *proc, int32_t pid, struct proc_process *out) MUST_USE;
void proc_process_close(struct proc_process *process);

/* A small file of the process ("stat"), up to `room` bytes: how many, or a negative errno. proc_read_all()
 * is for those that the kernel hands out piece by piece ("maps", "net/tcp"). */
ssize_t proc_read(const struct proc_process *process, const char *name, char *text, size_t room) MUST_USE;
ssize_t proc_read_all(const struct proc_process *process, const char *name, char *text, size_t room) MUST_USE;
/* Where one of its links leads: length, or a negative errno. */
ssize_t proc_link(const struct proc_process *process, const char *name, char *text, size_t room) MUST_USE;
/* The number of a namespace ("ns/net"), from "net:[4026531840]"; or a negative errno. */
int64_t proc_namespace(const struct proc_process *process, const char *name) MUST_USE;

/* Call `each` for all descriptors of the process, `path` as the link says. */
typedef void proc_fd_fn(void *ctx, int32_t fd, struct str path);
int proc_fds(const struct proc_process *process, struct arena *scratch, proc_fd_fn *each, void *ctx) MUST_USE;

/* Take " (deleted)" off a path that the kernel shows. A file may really be called so: `link` (of the
 * process, such as "exe"; may be NULL) then leads to what the path names. */
bool proc_path_is_deleted(const struct proc_process *process, const char *link, struct str *path);

struct proc_stat {
	int64_t pid, parent, group, flags, user_ticks, system_ticks, threads, start_ticks, virtual_bytes,
		resident_pages;
	struct str name; /* a part of the text */
	char state;
};
bool proc_stat_parse(struct str text, struct proc_stat *out) MUST_USE;
enum { PROC_KERNEL_THREAD = 0x00200000 }; /* PF_KTHREAD in flags (linux/sched.h) */

struct proc_status {
	int64_t uid, euid, suid, gid, egid, sgid;
	int64_t cap_effective, cap_bounding, seccomp, no_new_privileges, tracer;
	int64_t pid_levels; /* process namespaces it lives in, from that of this /proc down; 1: the same */
};
void proc_status_parse(struct str text, struct proc_status *out);

/* The path of the unified hierarchy, else of systemd's, else of the first line. */
struct str proc_cgroup_path(struct str text);

struct proc_container {
	struct str id;
	const char *runtime; /* "docker", "podman", "containerd", "crio", "lxc", "nspawn" */
};
/* The container whose name stands in a process's control groups, by the ways of naming of these runtimes. */
bool proc_cgroup_container(struct str text, struct proc_container *out) MUST_USE;

#endif
