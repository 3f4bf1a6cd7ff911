/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "sys/sandbox.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/root.h"
#include "sys/sandbox_calls.h"

/* Newer than the headers we build with: linux/landlock.h of Linux 6.12. */
#define ACCESS_TRUNCATE  (1ULL << 14) /* ABI 3 */
#define ACCESS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_BIND_TCP     (1ULL << 0)  /* ABI 4 */
#define NET_CONNECT_TCP  (1ULL << 1)
#define SCOPE_ABSTRACT   (1ULL << 0)  /* ABI 6 */
#define SCOPE_SIGNAL     (1ULL << 1)

struct ruleset_attributes {
	uint64_t files, network, scoped;
};

enum { ABI_RENAME = 2, ABI_TRUNCATE = 3, ABI_NETWORK = 4, ABI_IOCTL = 5, ABI_SCOPE = 6 };

static const uint64_t file_read = LANDLOCK_ACCESS_FS_READ_FILE;
static const uint64_t folder_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t file_write = LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE;
static const uint64_t folder_write = LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER;

static uint64_t all_of_abi(int abi)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* ABI 1: all up to this one */
	all |= abi >= ABI_RENAME ? LANDLOCK_ACCESS_FS_REFER : 0;
	all |= abi >= ABI_TRUNCATE ? ACCESS_TRUNCATE : 0;
	return all | (abi >= ABI_IOCTL ? ACCESS_IOCTL_DEV : 0);
}

static int add_path(int ruleset, const struct sandbox_path *path, uint64_t all, struct err *err)
{
	CLEANUP(fd_close_p) int fd = open(path->path, O_PATH | O_CLOEXEC);
	struct stat st;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, -errno, "cannot open '%s' for the sandbox", path->path);
	bool folder = S_ISDIR(st.st_mode);
	uint64_t access = folder ? folder_read : file_read;
	if (path->write)
		access |= folder ? folder_write : file_write;
	struct landlock_path_beneath_attr rule = { .allowed_access = access & all, .parent_fd = fd };
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return err_errno(err, -errno, "landlock refuses '%s'", path->path);
	return 0;
}

/* The set of rules as a descriptor; -1 where the kernel has no Landlock. */
static int landlock_make(const struct sandbox *sandbox, struct sandbox_state *state, int *out, struct err *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	*out = -1;
	if (sandbox->sees_all) {
		state->landlock = WALL_LEFT_OUT;
		return 0;
	}
	if (abi < 1) {
		state->landlock = errno == ENOSYS || errno == EOPNOTSUPP ? WALL_UNSUPPORTED : WALL_REFUSED;
		return 0;
	}
	state->landlock_abi = (int)abi;
	struct ruleset_attributes attributes = { .files = all_of_abi((int)abi) };
	if (abi >= ABI_NETWORK && !sandbox->network)
		attributes.network = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= ABI_SCOPE)
		attributes.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	size_t size = abi >= ABI_SCOPE ? 24 : abi >= ABI_NETWORK ? 16 : 8;
	CLEANUP(fd_close_p) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	if (ruleset < 0)
		return err_errno(err, -errno, "landlock refuses its rules");
	for (const struct sandbox_path *path = sandbox->paths; path && path->path; path++) {
		int r = add_path(ruleset, path, attributes.files, err);
		if (r < 0)
			return r;
	}
	*out = ruleset;
	ruleset = -1;
	return 0;
}

/* No dumps, no tracer, and no way to get any of it back. */
static int close_up(const struct sandbox *sandbox, struct err *err)
{
	struct rlimit none = { 0, 0 }, files = { sandbox->files, sandbox->files };
	setrlimit(RLIMIT_CORE, &none);
	if (sandbox->files && setrlimit(RLIMIT_NOFILE, &files) < 0 && errno != EPERM)
		return err_errno(err, -errno, "cannot limit descriptors");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, -errno, "cannot give up new privileges");
	return 0;
}

/* Capabilities but the few asked for; root becomes the user. */
static int drop(const struct sandbox *sandbox, struct sandbox_state *state, struct err *err)
{
	struct passwd *user = sandbox->user && geteuid() == 0 ? getpwnam(sandbox->user) : NULL;
	capng_clear(CAPNG_SELECT_BOTH);
	for (const int *capability = sandbox->capabilities; capability && *capability >= 0; capability++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, (unsigned)*capability);
	if (geteuid() == 0) {
		int r = user ? capng_change_id((int)user->pw_uid, (int)user->pw_gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING)
		             : setgroups(0, NULL) < 0 || capng_apply(CAPNG_SELECT_BOTH) < 0 ? -1 : 0;
		if (r != 0)
			return err_set(err, -EPERM, "cannot give up capabilities");
	} else if (capng_apply(CAPNG_SELECT_CAPS) < 0 && sandbox->capabilities) {
		/* It never had them. */
		capng_clear(CAPNG_SELECT_CAPS);
		if (capng_apply(CAPNG_SELECT_CAPS) < 0)
			return err_set(err, -EPERM, "cannot give up capabilities");
	}
	/* A change of the user undoes both. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_errno(err, -errno, "cannot give up new privileges");
	if (sandbox->parent && (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != sandbox->parent))
		return err_set(err, -ESRCH, "the parent has ended");
	state->capabilities = true;
	state->uid = geteuid();
	return 0;
}

int sandbox_prepare(struct err *err)
{
	int r = sandbox_calls_prepare(err);
	return r == -ENOENT ? 0 : r; /* the state will say so */
}

int sandbox_enter(const struct sandbox *sandbox, struct sandbox_state *state, struct err *err)
{
	CLEANUP(fd_close_p) int ruleset = -1;
	*state = (struct sandbox_state){ .entered = true };
	int r = close_up(sandbox, err);
	if (r == 0)
		r = landlock_make(sandbox, state, &ruleset, err);
	if (r == 0)
		r = drop(sandbox, state, err);
	if (r < 0)
		return r;
	if (ruleset >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_errno(err, -errno, "landlock refuses to begin");
	r = sandbox_calls_enter(sandbox->calls, err);
	if (r == -ENOENT || r == -ENOSYS || r == -EOPNOTSUPP || r == -EINVAL)
		state->seccomp = r == -ENOENT ? WALL_REFUSED : WALL_UNSUPPORTED;
	else if (r < 0)
		return r;
	return 0;
}

static void add_wall(struct buf *out, const char *name, uint8_t wall, const char *missing)
{
	if (wall == WALL_STANDS)
		buf_puts(out, name);
	else
		buf_printf(out, "%s: %s", name,
		           wall == WALL_UNSUPPORTED ? "not supported by this kernel" : wall == WALL_LEFT_OUT ? "left out, to see all" : missing);
}

void sandbox_words(const struct sandbox_state *state, struct buf *out)
{
	if (!state->entered) {
		buf_puts(out, "none");
		return;
	}
	add_wall(out, "seccomp", state->seccomp, "libseccomp is not installed");
	buf_puts(out, ", ");
	add_wall(out, "landlock", state->landlock, "refused");
	if (state->landlock == WALL_STANDS)
		buf_printf(out, " %d", state->landlock_abi);
	buf_printf(out, ", uid %u", state->uid);
}
