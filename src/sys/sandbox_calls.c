/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/sandbox_calls.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/library.h"
#include "sys/sandbox.h"

#define SECCOMP_FUNCTIONS(X) \
	X(seccomp_init) X(seccomp_release) X(seccomp_load) X(seccomp_rule_add_array) X(seccomp_syscall_resolve_name)
LIBRARY(seccomp, "libseccomp.so.2", SECCOMP_FUNCTIONS);

/* Reading and writing what is open, memory, time, waiting, ending. */
static const char *const basic[] = {
	"read", "readv", "write", "writev", "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fcntl64", "fstat", "fstat64",
	"recvmsg", "recvfrom", "recv", "shutdown", "getsockopt",
	"poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "pipe", "pipe2",
	"brk", "munmap", "mremap", "madvise", "mincore", "mlock", "mlock2", "munlock", "membarrier",
	"futex", "futex_time64", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "sched_yield",
	"sched_getaffinity", "set_tid_address",
	"rt_sigreturn", "sigreturn", "rt_sigaction", "rt_sigprocmask", "sigaltstack", "restart_syscall", "rt_sigtimedwait",
	"signalfd4", "tgkill",
	"nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "clock_gettime", "clock_gettime64", "clock_getres",
	"gettimeofday", "time", "times", "getrusage", "getrandom", "uname", "sysinfo",
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getrlimit", "ugetrlimit", "prlimit64",
	"exit", "exit_group",
	NULL,
};

static const char *const send_calls[] = { "sendmsg", "sendto", "send", NULL };

static const char *const read_files[] = {
	"newfstatat", "fstatat64", "stat", "stat64", "lstat", "lstat64", "statx", "access", "faccessat", "faccessat2", "readlink",
	"readlinkat", "getdents", "getdents64", "lseek", "_llseek", "pread64", "preadv", "preadv2", "readahead", "fadvise64",
	"statfs", "statfs64", "fstatfs", "fstatfs64", "getcwd", "getxattr", "fgetxattr", "inotify_init1", "inotify_add_watch",
	"inotify_rm_watch", "memfd_create",
	NULL,
};

static const char *const write_files[] = {
	"open", "openat", "creat", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link",
	"linkat", "truncate", "truncate64", "ftruncate", "ftruncate64", "fallocate", "fsync", "fdatasync", "sync_file_range",
	"msync", "pwrite64", "pwritev", "pwritev2", "chmod", "fchmod", "fchmodat", "fchown", "fchown32", "utimensat", "futimens",
	"flock", "umask", "copy_file_range", "sendfile", "sendfile64",
	NULL,
};

static const char *const accept_calls[] = {
	"accept", "accept4", "getsockname", "getpeername", "setsockopt", "recvmmsg", "sendmmsg", NULL,
};

static const char *const connect_calls[] = {
	"socket", "connect", "bind", "socketpair", "getsockname", "getpeername", "setsockopt", "recvmmsg", "sendmmsg", NULL,
};

/* clock_adjtime only reads without CAP_SYS_TIME. */
static const char *const netlink_calls[] = {
	"bind", "getsockname", "setsockopt", "clock_adjtime", "clock_adjtime64", NULL,
};

static const char *const thread_calls[] = {
	"sched_setscheduler", "sched_getparam", "sched_getscheduler", "getcpu", NULL,
};

/* No honest part of this program calls these once it is in its sandbox: end whoever does. */
static const char *const hostile[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "bpf", "mount", "umount2", "pivot_root", "chroot",
	"open_tree", "move_mount", "fsopen", "fsmount", "init_module", "finit_module", "delete_module", "kexec_load",
	"kexec_file_load", "reboot", "swapon", "swapoff", "keyctl", "add_key", "request_key", "perf_event_open", "userfaultfd",
	"unshare", "setns", "open_by_handle_at", "iopl", "ioperm", "setuid", "setgid", "setreuid", "setregid", "setresuid",
	"setresgid", "setgroups", "capset", "personality", "settimeofday", "clock_settime", "adjtimex", "acct", "quotactl",
	NULL,
};

int sandbox_calls_prepare(struct err *err)
{
	return LIBRARY_LOAD(seccomp, err);
}

struct filter {
	scmp_filter_ctx ctx;
	int failed; /* the first failure, a negative errno */
};

/* A call this architecture has not, or whose name this libseccomp does not know, needs no rule. */
static void rule(struct filter *filter, uint32_t action, const char *name, unsigned n, const struct scmp_arg_cmp *arguments)
{
	int number = seccomp.seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return;
	int r = seccomp.seccomp_rule_add_array(filter->ctx, action, number, n, arguments);
	if (r < 0 && filter->failed == 0)
		filter->failed = r;
}

static void allow(struct filter *filter, const char *const *names)
{
	for (; *names; names++)
		rule(filter, SCMP_ACT_ALLOW, *names, 0, NULL);
}

/* Allowed when the bits of `mask` in the argument are `value`. */
static void allow_masked(struct filter *filter, const char *name, unsigned argument, uint64_t mask, uint64_t value)
{
	rule(filter, SCMP_ACT_ALLOW, name, 1,
	     &(struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value });
}

static void allow_equal(struct filter *filter, const char *name, unsigned argument, uint64_t value)
{
	rule(filter, SCMP_ACT_ALLOW, name, 1,
	     &(struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value });
}

static void allow_raw(struct filter *filter, int family)
{
	const struct scmp_arg_cmp arguments[] = {
		{ .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)family },
		{ .arg = 1, .op = SCMP_CMP_EQ, .datum_a = SOCK_RAW | SOCK_CLOEXEC },
		{ .arg = 2, .op = SCMP_CMP_EQ, .datum_a = IPPROTO_RAW },
	};
	rule(filter, SCMP_ACT_ALLOW, "socket", COUNT(arguments), arguments);
}

static void memory_rules(struct filter *filter, bool jit)
{
	static const char *const names[] = { "mmap", "mmap2", "mprotect", "pkey_mprotect" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (jit)
			rule(filter, SCMP_ACT_ALLOW, names[i], 0, NULL);
		else
			allow_masked(filter, names[i], 2, PROT_EXEC, 0);
}

static void fill(struct filter *filter, unsigned sets)
{
	for (const char *const *name = hostile; *name; name++)
		rule(filter, SCMP_ACT_KILL_PROCESS, *name, 0, NULL);
	allow(filter, basic);
	memory_rules(filter, sets & SANDBOX_JIT);
	if (!(sets & SANDBOX_NETLINK))
		allow(filter, send_calls);
	allow_equal(filter, "prctl", 0, PR_SET_NAME);
	allow_equal(filter, "prctl", 0, PR_GET_NAME);
	allow_equal(filter, "ioctl", 1, FIONREAD);
	allow_equal(filter, "ioctl", 1, TCGETS);
	if (sets & SANDBOX_READ_FILES)
		allow(filter, read_files);
	if (sets & SANDBOX_WRITE_FILES) {
		allow(filter, read_files);
		allow(filter, write_files);
	} else if (sets & SANDBOX_READ_FILES) {
		uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
		allow_masked(filter, "open", 1, writing, 0);
		allow_masked(filter, "openat", 2, writing, 0);
	}
	/* Their arguments lie in memory, where the filter cannot look: as if the kernel were too old for them. */
	rule(filter, SCMP_ACT_ERRNO(ENOSYS), "openat2", 0, NULL);
	rule(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	if (sets & SANDBOX_ACCEPT)
		allow(filter, accept_calls);
	if (sets & SANDBOX_CONNECT)
		allow(filter, connect_calls);
	if (sets & SANDBOX_NETLINK) {
		allow(filter, netlink_calls);
		allow_equal(filter, "socket", 0, AF_NETLINK);
		/* The rules of iptables are asked of a raw socket. Nothing can be sent by it: it is not connected, and an address that
		 * goes along has the length of netlink's, which is too short for any other (raw(7): EINVAL). */
		allow_raw(filter, AF_INET);
		allow_raw(filter, AF_INET6);
		allow_equal(filter, "sendto", 5, 0);
		allow_equal(filter, "sendto", 5, sizeof(struct sockaddr_nl));
	}
	if (sets & SANDBOX_THREADS) {
		allow(filter, thread_calls);
		allow_masked(filter, "clone", 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
	}
}

int sandbox_calls_enter(unsigned sets, struct err *err)
{
	int r = LIBRARY_LOAD(seccomp, err);
	if (r < 0)
		return r;
	struct filter filter = { .ctx = seccomp.seccomp_init(SCMP_ACT_ERRNO(EPERM)) };
	if (!filter.ctx)
		return err_set(err, -EOPNOTSUPP, "seccomp is not supported");
	fill(&filter, sets);
	r = filter.failed;
	if (r == 0)
		r = seccomp.seccomp_load(filter.ctx);
	else
		r = -EPROTO; /* a list of ours is wrong: not the kernel's fault */
	seccomp.seccomp_release(filter.ctx);
	return r < 0 ? err_errno(err, r, "seccomp refuses the list of system calls") : 0;
}
