/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sandbox: what a process may still do, given up for good before it reads anything hostile.
 *
 * A process opens what it needs, loads its libraries, then enters its sandbox, with one thread. In this order: no
 * core dumps and no tracing, limits, no new privileges, Landlock (which paths are there at all, no TCP, no
 * signals to others), capabilities and user, seccomp (which system calls exist). The last allows by list: what is not listed
 * is refused with EPERM; what no honest part of this program ever calls (execve, ptrace, mount …) ends the process.
 *
 * A kernel without one of these is no error: the state says which walls stand, and who asks the collector sees
 * it. Landlock by system call (Linux 5.13 and later, by its ABI number); seccomp by libseccomp, loaded on demand;
 * capabilities by libcap-ng.
 */
#ifndef WARD_SYS_SANDBOX_H
#define WARD_SYS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Sets of system calls; reading and writing what is open already, memory, time and waiting are in all. */
enum sandbox_calls {
	SANDBOX_READ_FILES = 1,  /* open for reading, list, stat, watch */
	SANDBOX_WRITE_FILES = 2, /* create, write in place, rename, remove, sync, lock */
	SANDBOX_ACCEPT = 4,      /* connections to sockets that listen already */
	SANDBOX_CONNECT = 8,     /* make sockets and connect them */
	SANDBOX_THREADS = 16,
	SANDBOX_JIT = 32,        /* memory that is written and executed (regular expressions) */
	SANDBOX_NETLINK = 64,    /* ask the kernel about the network and audit; and how good its clock is */
};

struct sandbox_path {
	const char *path; /* a file, or a folder with all below; one that is not there is left out */
	bool write;
};

struct sandbox {
	unsigned calls;                   /* enum sandbox_calls */
	const struct sandbox_path *paths; /* ends with a NULL path; NULL: none at all */
	bool sees_all;                    /* no Landlock: behind it /proc hides whose the files and sockets of other processes are */
	bool network;                     /* TCP may be connected and bound, where Landlock knows (ABI 4) */
	const char *user;                 /* to become when root; NULL: stay. One that does not exist: stay, and say so */
	const int *capabilities;          /* kept, of CAP_*; ends with -1; NULL: none */
	uint64_t files;                   /* descriptors at most; 0: as it is */
	pid_t parent;                     /* the process ends when this one does; 0: it does not */
};

enum sandbox_wall { WALL_STANDS, WALL_UNSUPPORTED, WALL_REFUSED, WALL_LEFT_OUT };

struct sandbox_state {
	bool entered;
	uint8_t seccomp, landlock; /* enum sandbox_wall */
	int landlock_abi;
	uint32_t uid;
	bool capabilities;         /* none but those asked for */
};

/* Load what the sandbox itself needs, so that entering works where files cannot be opened any more. */
int sandbox_prepare(struct err *err) MUST_USE;
/* 0, with what stands in *state; an error only when something that this kernel can do was refused half-way, after which
 * the process must not go on. */
int sandbox_enter(const struct sandbox *sandbox, struct sandbox_state *state, struct err *err) MUST_USE;
/* "seccomp, landlock 7, uid 998", "landlock: not supported by this kernel" … in English, for logs and status. */
void sandbox_words(const struct sandbox_state *state, struct buf *out);

#endif
