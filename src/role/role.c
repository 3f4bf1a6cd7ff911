/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "role/role.h"

#include <linux/capability.h>

#include "data/lang.h"
#include "role/shared.h"

const char *const role_names[] = {
	TR("keeper"), TR("reader"), TR("writer"), TR("shipper"), TR("monitor"), "inspector", "server", NULL,
};

static const unsigned calls[ROLE_COUNT] = {
	[ROLE_KEEPER] = 0,
	[ROLE_READER] = SANDBOX_READ_FILES | SANDBOX_ACCEPT | SANDBOX_THREADS | SANDBOX_JIT,
	[ROLE_WRITER] = SANDBOX_WRITE_FILES | SANDBOX_THREADS,
	[ROLE_SHIPPER] = SANDBOX_WRITE_FILES | SANDBOX_CONNECT | SANDBOX_THREADS,
	[ROLE_MONITOR] = SANDBOX_ACCEPT,
	[ROLE_INSPECTOR] = SANDBOX_READ_FILES | SANDBOX_NETLINK | SANDBOX_THREADS,
	[ROLE_SERVER] = SANDBOX_WRITE_FILES | SANDBOX_ACCEPT | SANDBOX_THREADS,
};

/* Logs belong to many users and are often mode 0600. */
static const int read_all[] = { CAP_DAC_READ_SEARCH, -1 };
/* Whose process it is that has a socket open; the rules of the firewall and of audit; kernel addresses. */
static const int see_all[] = { CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_NET_ADMIN, CAP_NET_RAW, CAP_AUDIT_CONTROL, CAP_SYSLOG, -1 };

struct sandbox role_sandbox(enum role role, const struct sandbox_path *paths, const char *user, pid_t parent)
{
	return (struct sandbox){
		.calls = calls[role],
		.paths = paths,
		.network = role == ROLE_SHIPPER,
		.user = role == ROLE_INSPECTOR ? NULL : user,
		.sees_all = role == ROLE_INSPECTOR,
		.capabilities = role == ROLE_READER ? read_all : role == ROLE_INSPECTOR ? see_all : NULL,
		.files = role == ROLE_KEEPER || role == ROLE_MONITOR ? 64 : 0,
		.parent = parent,
	};
}

int role_enter(const struct sandbox *sandbox, struct shared_role *shared, struct err *err)
{
	struct sandbox_state state;
	BUF(words);
	int r = sandbox_enter(sandbox, &state, err);
	if (r < 0)
		return r;
	sandbox_words(&state, &words);
	shared_say(&shared->sandbox, buf_cstr(&words));
	return 0;
}
