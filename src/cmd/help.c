/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/usage.h"

static int help_run(struct call *call, struct err *err)
{
	BUF(help);
	const struct command *command = call->args.n ? command_find(call->args.operands[0]) : NULL;
	usage_add(&help, call->arena, command, call->lang, 80);
	return command_print(buf_str(&help), err);
}

const struct command command_help = {
	.name = "help",
	.summary = "explain a command",
	.operands = "[COMMAND]",
	.choices = command_names,
	.most = 1,
	.run = help_run,
};
