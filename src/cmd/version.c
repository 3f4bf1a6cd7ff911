/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/command.h"

static int version_run(struct call *call UNUSED, struct err *err)
{
	return command_print(STR("ward " WARD_VERSION "\n"), err);
}

const struct command command_version = {
	.name = "version",
	.summary = "print the version (also: ward --version)",
	.run = version_run,
};
