/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward detect: the rules that events match, as JSON lines.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/vec.h"
#include "cmd/command.h"
#include "data/json.h"
#include "event/mapping.h"
#include "event/parser.h"
#include "report/detections.h"

enum { OPT_RULES, OPT_FORMAT_, OPT_CONTENT, OPT_END };
enum { BLOCK = 1024 * 1024, PROBE = 64 * 1024 };

static const struct opt options[] = {
	[OPT_RULES] = { "rules", 'r', OPT_DIRECTORY, "DIR", .repeat = true,
	                .help = TR("Sigma rules: a file or a folder with all below it; the built-in ones otherwise") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = parser_names,
	                  .help = TR("the format of the files; found by itself otherwise") },
	[OPT_CONTENT] = { "content", 0, OPT_DIRECTORY, "DIR",
	                  .help = TR("lay your own rules and log sources over the built-in ones") },
	[OPT_END] = { 0 },
};

struct work {
	struct call *call;
	struct content content;
	struct mappings mappings;
	struct sigma_rules rules;
	struct ruleset *ruleset;
	struct detector *detector;
	struct names *names;
	struct str file;
	struct buf out;
	struct arena arena; /* of one match */
	uint64_t matches;
};

static int work_open(struct work *work, struct err *err)
{
	struct call *call = work->call;
	struct sigma_problems problems = { 0 };
	VEC(const char *) paths = { 0 };
	for (unsigned i = 0; i < call->args.values[OPT_RULES].n; i++)
		vec_push_in(call->arena, &paths, call->args.values[OPT_RULES].p[i].p);
	bool embedded = paths.n == 0;
	vec_push_in(call->arena, &paths, NULL);
	const struct sigma_options sigma = { .content = &work->content, .embedded = embedded, .paths = paths.p };
	int r = content_open(&work->content, opt_cstr(&call->args, OPT_CONTENT), err);
	if (r == 0)
		r = mappings_load(call->arena, &work->content, &work->mappings, err);
	if (r == 0)
		r = sigma_load(call->arena, &sigma, &work->rules, &problems, err);
	if (r == 0)
		r = ruleset_compile(&work->rules, &work->mappings, call->arena, &problems, &work->ruleset, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < problems.n; i++)
		if (!problems.p[i].warning)
			command_warn(call, &NOTE("{}:{}: {}", problems.p[i].file,
			                         arena_printf(call->arena, "%u", problems.p[i].line), problems.p[i].words));
	work->detector = detector_new(work->ruleset);
	work->names = names_copy(ruleset_names(work->ruleset));
	return 0;
}

static void work_done(struct work *work)
{
	detector_free(work->detector);
	ruleset_free(work->ruleset);
	names_free(work->names);
	content_close(&work->content);
	buf_done(&work->out);
	arena_done(&work->arena);
}

static void found(void *ctx, const struct match *match)
{
	struct work *work = ctx;
	struct detection detection;
	arena_reset(&work->arena);
	detection_of(&work->arena, work->detector, match, work->names, work->file, &detection);
	detection_json(&work->out, &detection, work->call->lang);
	work->matches++;
}

static int detect_batch(struct work *work, struct batch *batch, const struct parse *parse, struct err *err)
{
	const struct timestamp_hint hint = { parse->options.now, parse->options.zone };
	for (size_t i = 0; i < batch->events.n; i++) {
		struct event *event = &batch->events.p[i];
		const struct mapping *mapping = mapping_of(&work->mappings, event, batch->names);
		mapping_complete(&batch->arena, mapping, event, batch->names, &hint);
		detector_run(work->detector, event, batch->names, NULL, found, work);
	}
	if (names_full(work->names))
		names_reset(work->names);
	int r = command_print(buf_str(&work->out), err);
	buf_clear(&work->out);
	return r;
}

static int detect_file(struct work *work, int fd, struct err *err)
{
	CLEANUP(batch_done) struct batch batch = { .names = work->names };
	CLEANUP(mem_free_p) char *block = mem_alloc(3 * BLOCK);
	CLEANUP(parse_done) struct parse parse = { 0 };
	size_t held = 0, used = 0;
	for (;;) {
		ssize_t got = read(fd, block + held, BLOCK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, -errno, "cannot read %.*s", STR_ARG(work->file));
		if (!parse.parser) {
			int format = opt_choice(&work->call->args, OPT_FORMAT_, -1);
			struct str head = { block, MIN((size_t)got, (size_t)PROBE) };
			parse_init(&parse, format >= 0 ? parsers[format] : parser_probe(head), NULL);
		}
		batch_reset(&batch);
		parse_lines(&parse, &batch, (struct str){ block, held + (size_t)got }, got == 0, &used);
		int r = detect_batch(work, &batch, &parse, err);
		if (r < 0 || got == 0)
			return r;
		held = held + (size_t)got - used;
		memmove(block, block + used, held);
	}
}

static int detect_run(struct call *call, struct err *err)
{
	struct work work = { .call = call };
	int r = work_open(&work, err);
	for (size_t i = 0; r == 0 && i < call->args.n; i++) {
		work.file = call->args.operands[i];
		bool input = str_is(work.file, "-");
		int fd = input ? STDIN_FILENO : open(work.file.p, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			r = err_errno(err, -errno, "cannot open %.*s", STR_ARG(work.file));
		else
			r = detect_file(&work, fd, err);
		if (fd > STDIN_FILENO)
			close(fd);
	}
	uint64_t matches = work.matches;
	work_done(&work);
	return r < 0 ? r : matches ? EXIT_FOUND : EXIT_GOOD;
}

static const struct command_example examples[] = {
	{ "ward detect --rules ./sigma/rules events.jsonl", TR("what an archive of events has in it") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("no event matched a rule") },
	{ 1, TR("some did") },
	{ 2, TR("it could not run") },
	{ 0 },
};

const struct command command_detect = {
	.name = "detect",
	.summary = TR("find events that match Sigma rules"),
	.operands = "FILE…",
	.description = TR("Reads logs and prints one line of JSON for each rule that an event matches. A dash stands for standard input."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.least = 1,
	.most = COMMAND_MANY,
	.run = detect_run,
};
