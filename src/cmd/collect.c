/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward collect: keep a machine's logs, and find attacks in them, for as long as it runs.
 */
#include <unistd.h>

#include "cmd/command.h"
#include "crypto/keyring.h"
#include "role/engine.h"
#include "role/supervisor.h"

enum { OPT_CONFIG, OPT_CHECK, OPT_END };

static const struct opt options[] = {
	[OPT_CONFIG] = { "config", 'c', OPT_FILE, "FILE", .help = TR("the configuration; /etc/ward/ward.yaml otherwise") },
	[OPT_CHECK] = { "check", 0, OPT_SWITCH, .help = TR("read the configuration and the rules, say what is wrong with them, and end") },
	[OPT_END] = { 0 },
};

static struct str number(struct call *call, size_t n)
{
	return arena_printf(call->arena, "%zu", n);
}

static void add_line(struct buf *out, struct call *call, const struct note *note)
{
	buf_add(out, note_text(call->arena, call->lang, note));
	buf_add_char(out, '\n');
}

static int check(struct call *call, const struct config *config, struct err *err)
{
	CLEANUP(engine_free_p) struct engine *engine = NULL;
	BUF(out);
	struct public_key key;
	int r = 0;
	if (config->archive.sign)
		r = keyring_public(arena_cstr(call->arena, config->archive.keys), config->archive.key, &key, err);
	if (r == -ENOENT)
		return config_no_key(config, err);
	if (r == 0)
		r = engine_load(config, &engine, err);
	if (r != 0)
		return r;
	size_t wrong = 0;
	for (size_t i = 0; i < config->n_sources; i++) {
		const struct config_source *source = &config->sources[i];
		if (source->mapping.p && !mappings_find(&engine->mappings, source->mapping))
			return err_set(err, -EINVAL, "%s: source '%.*s': there is no mapping '%.*s'", config->file, STR_ARG(source->name),
			               STR_ARG(source->mapping));
	}
	for (size_t i = 0; i < engine->problems.n; i++) {
		const struct sigma_problem *problem = &engine->problems.p[i];
		wrong += !problem->warning;
		buf_printf(&out, "%.*s:%u:%u: %.*s\n", STR_ARG(problem->file), problem->line, problem->column, STR_ARG(problem->words));
	}
	add_line(&out, call, &NOTE("{}: good; sources: {}, rules in force: {}, rules that could not be loaded: {}",
	                           str_from(config->file), number(call, config->n_sources),
	                           number(call, ruleset_count(engine->ruleset)), number(call, wrong)));
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : wrong ? EXIT_FOUND : EXIT_GOOD;
}

static int collect_run(struct call *call, struct err *err)
{
	struct config config;
	const char *file = opt_given(&call->args, OPT_CONFIG) ? opt_cstr(&call->args, OPT_CONFIG) : CONFIG_FILE;
	int r = config_load(call->arena, file, &config, err);
	if (r < 0)
		return r;
	if (opt_given(&call->args, OPT_CHECK))
		return check(call, &config, err);
	r = supervisor_run(&(struct supervisor_options){ .config = &config, .lang = call->lang }, err);
	return r < 0 ? r : EXIT_GOOD;
}

static const struct command_example examples[] = {
	{ "ward collect --check", TR("before it is started, or after a change") },
	{ "ward collect", TR("as the service does, with /etc/ward/ward.yaml") },
	{ "ward status", TR("how it is doing") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("it was told to end, and everything it had taken is kept; with --check: nothing is wrong") },
	{ 1, TR("with --check: rules could not be loaded") },
	{ 2, TR("it could not begin; the configuration is wrong") },
	{ 0 },
};

const struct command command_collect = {
	.name = "collect",
	.summary = TR("keep this machine's logs, provably, and find attacks in them"),
	.description = TR("Reads the sources that the configuration names, matches the rules, seals everything in the archive, and "
	                  "writes findings as lines of JSON. What was taken from a sender or a file is on disk before it is "
	                  "forgotten; when the disk is full, senders wait.\n\n"
	                  "It is several processes: one parses what others wrote and has neither keys nor the archive; one keeps the "
	                  "archive and has no network; one holds the signing key and does nothing else. SIGHUP reads the rules "
	                  "again, which also happens by itself when they change; SIGTERM ends it in order."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.run = collect_run,
};
