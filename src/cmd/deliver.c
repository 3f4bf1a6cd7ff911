/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward deliver: bring the events of an archive to ClickHouse.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "search/deliver.h"
#include "base/clock.h"
#include "cmd/command.h"
#include "cmd/terminal.h"

enum { OPT_ARCHIVE, OPT_EVENTS, OPT_FOLLOW, OPT_END };

static const struct opt options[] = {
	[OPT_ARCHIVE] = { "archive", 'a', OPT_DIRECTORY, "DIR", .help = TR("the archive (/var/lib/ward/archive)") },
	[OPT_EVENTS] = { "events", 0, OPT_TEXT, "URL",
	                 .help = TR("where to: clickhouse://USER@HOST:8123/DATABASE") },
	[OPT_FOLLOW] = { "follow", 'F', OPT_SWITCH, .help = TR("go on with what is sealed later, and wait while ClickHouse is down") },
	[OPT_END] = { 0 },
};

enum { PAUSE_SECONDS = 5 };

static atomic_bool stopped;

static void on_signal(int sign)
{
	(void)sign;
	stopped = true;
}

static bool is_stopped(void *ctx UNUSED)
{
	return stopped;
}

static int report(struct call *call, const struct deliver_counts *counts, struct err *err)
{
	struct arena *arena = call->arena;
	const struct note note = NOTE("{} record{s} of {} block{s} delivered; there already: {}",
	                              arena_printf(arena, "%llu", (unsigned long long)counts->records),
	                              arena_printf(arena, "%llu", (unsigned long long)counts->blocks),
	                              arena_printf(arena, "%llu", (unsigned long long)counts->known));
	return command_print(arena_printf(arena, "%.*s\n", STR_ARG(note_text(arena, call->lang, &note))), err);
}

static void pause_for(unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 10 && !stopped; i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static int run_once(struct call *call, const char *dir, struct deliver **deliver, struct deliver_counts *counts, struct err *err)
{
	int r = 0;
	if (!*deliver)
		r = deliver_open(dir, opt_text(&call->args, OPT_EVENTS), deliver, err);
	return r == 0 ? deliver_run(*deliver, is_stopped, NULL, counts, err) : r;
}

static int deliver_command(struct call *call, struct err *err)
{
	const struct opt_args *args = &call->args;
	const char *dir = opt_given(args, OPT_ARCHIVE) ? opt_cstr(args, OPT_ARCHIVE) : ARCHIVE_DIR;
	CLEANUP(deliver_close_p) struct deliver *deliver = NULL;
	struct deliver_counts counts = { 0 };
	int said = 0;
	if (!opt_given(args, OPT_EVENTS))
		return command_usage(call, &NOTE("say where to: --events clickhouse://…"));
	const struct sigaction action = { .sa_handler = on_signal };
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	for (;;) {
		int r = run_once(call, dir, &deliver, &counts, err);
		if (r < 0 && !(opt_given(args, OPT_FOLLOW) && deliver_may_come_back(r)))
			return r;
		if (r < 0 && r != said)
			command_warn(call, &NOTE("{}; waiting for it", str_from(err->text)));
		said = r;
		if (stopped || !opt_given(args, OPT_FOLLOW))
			break;
		pause_for(PAUSE_SECONDS);
		if (stopped)
			break;
	}
	int r = report(call, &counts, err);
	return r < 0 ? r : EXIT_GOOD;
}

static const struct command_example examples[] = {
	{ "ward deliver --follow --events clickhouse://ward@ch01/ward",
	  TR("keep ClickHouse up to date") },
	{ 0 },
};

const struct command command_deliver = {
	.name = "deliver",
	.summary = TR("bring the events of the archive to ClickHouse"),
	.description = TR("Sealed blocks are delivered in their order, each record once, also after a crash of either side. What is not "
	                  "delivered yet waits in the archive. The tables are made and migrated by this command.\n\n"
	                  "Behind the address may stand, after ? and joined by &: password-file=FILE, cluster=NAME (replicated and "
	                  "distributed tables), tls=yes, ca=FILE."),
	.options = options,
	.examples = examples,
	.run = deliver_command,
};
