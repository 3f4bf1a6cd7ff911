/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/office_dir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Absolute, because the processes may go elsewhere. */
const char *office_directory(struct call *call, const char *given, struct err *err)
{
	const char *home = getenv("HOME");
	char here[PATH_MAX];
	if (given && given[0] == '/')
		return given;
	if (given && getcwd(here, sizeof(here)))
		return arena_printf(call->arena, "%s/%s", str_eq(str_from(here), STR("/")) ? "" : here, given).p;
	if (given) {
		err_errno(err, -errno, "cannot find the current directory");
		return NULL;
	}
	if (geteuid() == 0)
		return "/var/lib/ward";
	if (home && home[0] == '/')
		return arena_printf(call->arena, "%s/.local/share/ward", home).p;
	err_set(err, -EINVAL, "there is no home directory: say --dir DIR");
	return NULL;
}

const char *office_config(struct call *call, const char *dir, const char *given)
{
	const char *own = arena_printf(call->arena, "%s/ward.yaml", dir).p;
	return given ? given : access(own, F_OK) == 0 ? own : NULL;
}
