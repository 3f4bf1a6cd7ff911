/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward up: the whole system on this machine: console, records, events, and the inspection of the machine itself.
 */
#include "cmd/office_dir.h"
#include "role/supervisor.h"

enum { OPT_DIR, OPT_LISTEN, OPT_CONFIG, OPT_FORMAT_, OPT_END };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_DIR] = { "dir", 'd', OPT_DIRECTORY, "DIR",
	              .help = TR("where everything is kept; /var/lib/ward as root, ~/.local/share/ward otherwise") },
	[OPT_LISTEN] = { "listen", 0, OPT_TEXT, "ADDRESS:PORT",
	                 .help = TR("where the console answers (127.0.0.1:8443, or the next port that is free); port 0: any") },
	[OPT_CONFIG] = { "config", 'c', OPT_FILE, "FILE", .help = TR("the configuration; DIR/ward.yaml otherwise, and none is needed") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats,
	                  .help = TR("text, or one line of JSON with the address and the link of the first login") },
	[OPT_END] = { 0 },
};

static int up_run(struct call *call, struct err *err)
{
	struct config config;
	struct str host;
	uint16_t port;
	const char *dir = office_directory(call, opt_cstr(&call->args, OPT_DIR), err);
	if (!dir)
		return -EINVAL;
	int r = config_up(call->arena, dir, office_config(call, dir, opt_cstr(&call->args, OPT_CONFIG)), &config, err);
	if (r == 0 && opt_given(&call->args, OPT_LISTEN)) {
		config.up.listen = opt_text(&call->args, OPT_LISTEN);
		config.up.listen_given = true;
		r = config_listen(config.up.listen, &host, &port, err);
	}
	if (r < 0)
		return r;
	const struct supervisor_options run = {
		.config = &config,
		.lang = call->lang,
		.json = opt_choice(&call->args, OPT_FORMAT_, 0) == 1,
	};
	r = supervisor_run(&run, err);
	return r < 0 ? r : EXIT_GOOD;
}

static const struct command_example examples[] = {
	{ "ward up", TR("begin: it says where the console is, and how to log in the first time") },
	{ "ward up --dir /srv/ward --listen 192.0.2.10:8443", TR("for the whole office, on the network") },
	{ "ward doctor", TR("when something does not work") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("it was told to end, and everything it had taken is kept") },
	{ 2, TR("it could not begin; the configuration is wrong") },
	{ 0 },
};

const struct command command_up = {
	.name = "up",
	.summary = TR("the whole system: console, registers, events, inspection of this machine"),
	.description = TR("Needs no configuration: keys, certificates and the database are made at the first start, this machine is inspected "
	                  "and its logs are kept. Everything lies in one directory; a second start finds everything again. It runs until "
	                  "Ctrl-C or SIGTERM.\n\n"
	                  "As long as nobody has an account, each start prints a link for the first login, which is valid once and for a "
	                  "day. It is several processes, each of which can do only what it is for: ward status shows them."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.run = up_run,
};
