/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward detect: which rules do the events in these logs match?
 *
 * One thread reads, parses and judges, batch after batch; what it holds on to are the matches.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/map.h"
#include "cmd/command.h"
#include "cmd/files.h"
#include "cmd/rule_files.h"
#include "cmd/terminal.h"
#include "detect/correlate.h"
#include "detect/detector.h"
#include "event/input.h"
#include "event/timestamp.h"
#include "report/detections.h"

enum {
	OPT_RULES, OPT_PIPELINE, OPT_ONLY, OPT_LEVEL, OPT_PARSER, OPT_SOURCE, OPT_ENCODING, OPT_ZONE, OPT_FOLLOW, OPT_FORMAT_, OPT_JSON,
	OPT_TIMELINE, OPT_CONTENT, OPT_END,
};

static const char *const formats[] = { "table", "json", "csv", NULL };
enum { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };

static const struct opt options[] = {
	[OPT_RULES] = { "rules", 'r', OPT_FILE, "PATH", .repeat = true,
	                .help = TR("Sigma rules: a file, or a folder with all below it; \"own\" names ward's own, which are used when this is not given") },
	[OPT_PIPELINE] = { "pipeline", 0, OPT_FILE, "FILE", .repeat = true,
	                   .help = TR("a processing pipeline: names of fields, values of placeholders") },
	[OPT_ONLY] = { "only", 'o', OPT_TEXT, "PATTERN", .repeat = true,
	               .help = TR("only the rules whose id, title or tag matches, with * and ?") },
	[OPT_LEVEL] = { "min-level", 'l', OPT_CHOICE, "LEVEL", .choices = sigma_level_names,
	                .help = TR("only rules of this level and worse") },
	[OPT_PARSER] = { "parser", 'p', OPT_CHOICE, "NAME", .choices = parser_names,
	                 .help = TR("the format of the logs; found for each file when not given") },
	[OPT_SOURCE] = { "source", 's', OPT_TEXT, "NAME",
	                 .help = TR("the log source that all events belong to; found for each event when not given") },
	[OPT_ENCODING] = { "encoding", 0, OPT_TEXT, "NAME",
	                   .help = TR("the encoding of the logs: utf-8, utf-16le, utf-16be, gb18030; found when not given") },
	[OPT_ZONE] = { "zone", 0, OPT_TEXT, "+HH:MM",
	               .help = TR("the time zone of times that name none; this machine's when not given") },
	[OPT_FOLLOW] = { "follow", 'F', OPT_SWITCH, .help = TR("go on as the logs grow, until Ctrl-C") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("how the matches are printed") },
	[OPT_JSON] = { "json", 'j', OPT_SWITCH, .help = TR("the same as --format json: one match a line") },
	[OPT_TIMELINE] = { "timeline", 't', OPT_FILE, "FILE", .repeat = true,
	                   .help = TR("also write all matches in the order of time: FILE.csv or FILE.html") },
	[OPT_CONTENT] = { "content", 0, OPT_DIRECTORY, "DIR", .help = TR("lay your own rules and sources over the built-in ones") },
	[OPT_END] = { 0 },
};

/* Ctrl-C while following: what was found is still shown. */
static volatile sig_atomic_t stopped;

static void stop(int sign UNUSED)
{
	stopped = 1;
}

struct run {
	struct call *call;
	struct content content;
	struct sigma_rules rules;
	struct mappings mappings;
	struct ruleset *ruleset;
	struct detector *detector;
	struct correlator *correlator;
	struct input *input;
	const struct mapping *only;   /* --source */
	struct detections *detections; /* for the summary and the timelines; NULL: nobody wants them */
	int format;
	bool follow, colour;
	struct progress progress;
	uint64_t matches, complaints;
	struct detections_scope scope;
	int64_t begun;
	struct timestamp_hint hint;
	/* Of the batch at hand: */
	struct arena scratch;
	const struct names *names;
	struct str stream;
	struct buf out;
};

static void run_done(struct run *run)
{
	input_close(run->input);
	correlator_free(run->correlator);
	detector_free(run->detector);
	ruleset_free(run->ruleset);
	detections_free(run->detections);
	arena_done(&run->scratch);
	buf_done(&run->out);
	content_close(&run->content);
}

/* ---- matches ---- */

static void show(struct run *run, const struct detection *detection)
{
	run->matches++;
	if (run->format == FORMAT_JSON)
		detection_json(&run->out, detection, run->call->lang);
	else if (run->follow)
		detection_line(&run->out, detection, run->call->lang, run->colour);
	if (run->detections)
		detections_add(run->detections, detection);
}

static void found_correlation(void *ctx, const struct correlation_match *match)
{
	struct run *run = ctx;
	struct detection detection;
	detection_of_correlation(&run->scratch, match, &detection);
	show(run, &detection);
}

static void found(void *ctx, const struct match *match)
{
	struct run *run = ctx;
	struct event event = *match->event;
	struct match whole = *match;
	/* Time and host are only looked for where somebody will read them. */
	mapping_complete(&run->scratch, match->mapping, &event, run->names, &run->hint);
	whole.event = &event;
	if (!match->rule->hidden) {
		struct detection detection;
		detection_of(&run->scratch, run->detector, &whole, run->names, run->stream, &detection);
		show(run, &detection);
	}
	correlator_feed(run->correlator, &whole, run->names,
	                arena_printf(&run->scratch, "%.*s:%llu", STR_ARG(run->stream), (unsigned long long)event.line),
	                found_correlation, run);
}

/* ---- reading ---- */

static void complain(struct run *run)
{
	struct note note;
	while (input_complaint(run->input, &note)) {
		progress_end(&run->progress);
		command_warn(run->call, &note);
		run->complaints++;
	}
}

static void say_progress(struct run *run)
{
	ARENA(scratch);
	if (!progress_due(&run->progress))
		return;
	struct input_counters counters = input_counters(run->input);
	double seconds = (double)(clock_monotonic_ns() - run->begun) / 1e9;
	struct str rate = arena_printf(&scratch, "%.0f", seconds > 0 ? (double)run->scope.events / seconds : 0);
	struct str matches = arena_printf(&scratch, "%llu", (unsigned long long)run->matches);
	if (counters.size > counters.bytes && counters.bytes) {
		double left = seconds * (double)(counters.size - counters.bytes) / (double)counters.bytes;
		progress_say(&run->progress,
		             note_text(&scratch, run->call->lang,
		                       &NOTE("{} %, {} events/s, {} match{es}, {} left",
		                             arena_printf(&scratch, "%.0f", (double)counters.bytes * 100 / (double)counters.size), rate,
		                             matches, arena_printf(&scratch, "%d:%02d", (int)left / 60, (int)left % 60))));
	} else {
		progress_say(&run->progress,
		             note_text(&scratch, run->call->lang,
		                       &NOTE("{} event{s}, {} events/s, {} match{es}",
		                             arena_printf(&scratch, "%llu", (unsigned long long)run->scope.events), rate, matches)));
	}
}

static int judge_batch(struct run *run, struct input_batch *input, struct err *err)
{
	const struct batch *batch = &input->batch;
	size_t span = 0;
	run->names = batch->names;
	for (size_t i = 0; i < batch->events.n; i++) {
		while (span < input->n_spans && input->spans[span].first <= i)
			run->stream = input->spans[span++].stream;
		detector_run(run->detector, &batch->events.p[i], batch->names, run->only, found, run);
	}
	arena_reset(&run->scratch);
	run->scope.events += batch->events.n;
	if (!run->out.n)
		return 0;
	progress_end(&run->progress);
	int r = command_print(buf_str(&run->out), err);
	buf_clear(&run->out);
	return r;
}

static int read_all(struct run *run, struct err *err)
{
	enum { BATCH = 1 << 20 };
	const int64_t second = INT64_C(1000000000);
	CLEANUP(names_free_p) struct names *names = names_copy(ruleset_names(run->ruleset));
	CLEANUP(batch_done) struct batch kept = { .names = names };
	int r = 0;
	while (r >= 0) {
		struct input_batch batch = { .batch = kept };
		if (stopped)
			input_stop(run->input);
		r = input_wait(run->input, run->follow ? second : -1, err);
		if (r >= 0)
			r = input_read(run->input, BATCH, &batch, err);
		int read = r;
		if (r > 0) {
			r = judge_batch(run, &batch, err);
			input_kept(run->input, batch.ticket);
		}
		kept = batch.batch;
		batch_reset(&kept);
		if (names_full(names))
			names_reset(names);
		if (run->follow && read == 0)
			correlator_advance(run->correlator, clock_now() * second, found_correlation, run);
		complain(run);
		say_progress(run);
	}
	if (r != -ENODATA && r != -EINTR)
		return r;
	if (r == -EINTR && !stopped)
		return r;
	correlator_advance(run->correlator, INT64_MAX, found_correlation, run);
	r = command_print(buf_str(&run->out), err);
	buf_clear(&run->out);
	return r;
}

/* ---- setting up ---- */

static int set_source(struct run *run, struct str name, struct err *err)
{
	const char **names = ARENA_ARRAY(run->call->arena, const char *, run->mappings.n + 1);
	for (size_t i = 0; i < run->mappings.n; i++) {
		if (str_eq(run->mappings.p[i].name, name)) {
			run->only = &run->mappings.p[i];
			return 0;
		}
		names[i] = arena_cstr(run->call->arena, run->mappings.p[i].name);
	}
	const char *near = opt_suggest(names, name);
	return err_set(err, -EINVAL, "no log source '%.*s'%s%s%s", STR_ARG(name), near ? ", did you mean '" : "", near ? near : "",
	               near ? "'?" : "");
}

static int open_input(struct run *run, struct err *err)
{
	const struct opt_args *args = &run->call->args;
	struct parse_options parse = { 0 };
	if (opt_given(args, OPT_ZONE)) {
		if (!timestamp_zone(opt_text(args, OPT_ZONE), &parse.zone))
			return err_set(err, -EINVAL, "--zone: '%.*s' is no time zone; write +08:00, for instance",
			               STR_ARG(opt_text(args, OPT_ZONE)));
		parse.zone_given = true;
	}
	run->hint = (struct timestamp_hint){ clock_now() * INT64_C(1000000000), parse.zone, !parse.zone_given };
	struct str parser = opt_text(args, OPT_PARSER), encoding = opt_text(args, OPT_ENCODING);
	for (size_t i = 0; i < args->n; i++) {
		if (!str_is(args->operands[i], "-"))
			continue;
		if (args->n > 1)
			return err_set(err, -EINVAL, "\"-\", standard input, cannot be read together with files");
		const struct input_stdin how = { .format = parser, .encoding = encoding };
		return input_stdin.open(&how, STR("stdin"), &parse, NULL, NULL, &run->input, err);
	}
	struct input_files how = *(const struct input_files *)input_files.defaults;
	how.paths = (struct strings){ args->operands, args->n };
	how.format = parser;
	how.encoding = encoding;
	how.links = true;
	how.once = !run->follow;
	return input_files.open(&how, STR("files"), &parse, NULL, NULL, &run->input, err);
}

static bool chosen(const struct opt_values *only, const struct sigma_rule *rule)
{
	bool is = only->n == 0;
	for (unsigned i = 0; i < only->n && !is; i++) {
		is = glob_match(only->p[i], rule->id) || glob_match(only->p[i], rule->title);
		for (size_t j = 0; j < rule->tags.n && !is; j++)
			is = glob_match(only->p[i], rule->tags.p[j]);
	}
	return is;
}

/* Rules that are not asked for stay when a correlation needs them. */
static void choose(struct run *run)
{
	const struct opt_args *args = &run->call->args;
	int least = opt_choice(args, OPT_LEVEL, 0);
	struct sigma_rules *rules = &run->rules;
	const struct sigma_rule **kept = ARENA_ARRAY(run->call->arena, const struct sigma_rule *, rules->n + 1);
	struct map needed = { .arena = run->call->arena };
	bool grew = true;
	while (grew) { /* correlations may refer to correlations */
		grew = false;
		for (size_t i = 0; i < rules->n; i++) {
			const struct sigma_rule *rule = rules->p[i];
			bool wanted = map_get_int(&needed, (intptr_t)rule) ||
			              (!rule->hidden && (int)rule->level >= least && chosen(&args->values[OPT_ONLY], rule));
			if (!wanted)
				continue;
			for (size_t j = 0; rule->correlation.type != CORRELATION_NONE && j < rule->correlation.rules.n; j++) {
				void **place = map_put_int(&needed, (intptr_t)rule->correlation.rule[j]);
				grew |= !*place;
				*place = run;
			}
		}
	}
	size_t n = 0;
	for (size_t i = 0; i < rules->n; i++) {
		struct sigma_rule *rule = (struct sigma_rule *)(uintptr_t)rules->p[i];
		bool wanted = !rule->hidden && (int)rule->level >= least && chosen(&args->values[OPT_ONLY], rule);
		if (!wanted && !map_get_int(&needed, (intptr_t)rule))
			continue;
		rule->hidden |= !wanted; /* it only counts for others now */
		kept[n++] = rule;
	}
	*rules = (struct sigma_rules){ kept, n };
}

static int set_up(struct run *run, struct err *err)
{
	struct call *call = run->call;
	const struct opt_args *args = &call->args;
	struct sigma_problems problems = { 0 };
	run->follow = opt_given(args, OPT_FOLLOW);
	int r = content_open(&run->content, opt_cstr(args, OPT_CONTENT), err);
	if (r == 0)
		r = rule_files_load(call, &run->content, (struct strings){ args->values[OPT_RULES].p, args->values[OPT_RULES].n },
		                    &args->values[OPT_PIPELINE], &(struct sigma_options){ 0 }, &run->rules, &problems, err);
	if (r == 0)
		r = mappings_load(call->arena, &run->content, &run->mappings, err);
	if (r < 0)
		return r;
	choose(run);
	r = ruleset_compile(&run->rules, &run->mappings, call->arena, &problems, &run->ruleset, err);
	if (r == 0 && opt_given(args, OPT_SOURCE))
		r = set_source(run, opt_text(args, OPT_SOURCE), err);
	if (r == 0)
		r = open_input(run, err);
	if (r < 0)
		return r;
	rule_files_say(call, &problems);
	if (!run->rules.n)
		return err_set(err, -EINVAL, "there is no rule to judge by");
	run->detector = detector_new(run->ruleset);
	run->correlator = correlator_new(&run->rules, 64 << 20);
	for (size_t i = 0; i < run->rules.n; i++)
		run->scope.rules += !run->rules.p[i]->hidden; /* the others only count for correlations */
	run->format = opt_given(args, OPT_JSON) ? FORMAT_JSON : opt_choice(args, OPT_FORMAT_, FORMAT_TABLE);
	run->colour = terminal_colours();
	if (run->format != FORMAT_JSON || opt_given(args, OPT_TIMELINE))
		run->detections = detections_new();
	return 0;
}

/* ---- results ---- */

static int write_timelines(struct run *run, struct err *err)
{
	const struct opt_values *files = &run->call->args.values[OPT_TIMELINE];
	int r = 0;
	for (unsigned i = 0; i < files->n && r == 0; i++) {
		BUF(out);
		if (str_ends(files->p[i], ".csv"))
			detections_csv(&out, run->detections, run->call->lang);
		else
			r = detections_html(&out, run->detections, &run->scope, run->call->lang, &run->content, err);
		if (r == 0)
			r = file_write(run->call->arena, arena_cstr(run->call->arena, files->p[i]), buf_str(&out), err);
	}
	return r;
}

static int show_results(struct run *run, struct err *err)
{
	struct call *call = run->call;
	struct input_counters counters = input_counters(run->input);
	BUF(out);
	run->scope.bytes = counters.bytes;
	run->scope.flawed = counters.flawed;
	run->scope.files = counters.streams;
	run->scope.ns = clock_monotonic_ns() - run->begun;
	if (counters.not_logs)
		command_warn(call, &NOTE("{} files do not look like logs and were left out; --parser plain reads them even so",
		                         arena_printf(call->arena, "%llu", (unsigned long long)counters.not_logs)));
	uint64_t given_up = detector_counters(run->detector).regex_limits;
	if (given_up) {
		command_warn(call, &NOTE("expressions of rules took too long on {} value{s}, which count as no match",
		                         arena_printf(call->arena, "%llu", (unsigned long long)given_up)));
		run->complaints++;
	}
	int r = write_timelines(run, err);
	if (r < 0)
		return r;
	if (run->format == FORMAT_CSV)
		detections_csv(&out, run->detections, call->lang);
	else if (run->format == FORMAT_TABLE)
		detections_text(&out, run->detections, &run->scope, call->lang, run->colour, terminal_width());
	if (run->format == FORMAT_TABLE)
		for (unsigned i = 0; i < call->args.values[OPT_TIMELINE].n; i++) {
			buf_add(&out, note_text(call->arena, call->lang,
			                        &NOTE("The timeline is in {}.", call->args.values[OPT_TIMELINE].p[i])));
			buf_add_char(&out, '\n');
		}
	return command_print(buf_str(&out), err);
}

static int detect_run(struct call *call, struct err *err)
{
	CLEANUP(run_done) struct run run = { .call = call, .content = CONTENT_EMBEDDED, .progress.call = call };
	const struct opt_values *timelines = &call->args.values[OPT_TIMELINE];
	for (unsigned i = 0; i < timelines->n; i++)
		if (!str_ends(timelines->p[i], ".csv") && !str_ends(timelines->p[i], ".html"))
			return command_usage(call, &NOTE("--timeline: '{}' must end in .csv or .html", timelines->p[i]));
	int r = set_up(&run, err);
	if (r < 0)
		return r;
	progress_start(&run.progress);
	if (run.follow) {
		const struct sigaction end = { .sa_handler = stop };
		(void)sigaction(SIGINT, &end, NULL);
		(void)sigaction(SIGTERM, &end, NULL);
	}
	run.begun = clock_monotonic_ns();
	r = read_all(&run, err);
	progress_end(&run.progress);
	if (r == 0)
		r = show_results(&run, err);
	if (r < 0)
		return r;
	if (run.matches)
		return EXIT_FOUND;
	return run.complaints ? EXIT_COULD_NOT : EXIT_GOOD;
}

static const struct command_example examples[] = {
	{ "ward detect /var/log", TR("this machine's logs, by ward's own rules") },
	{ "ward detect --rules sigma/rules Security.evtx", TR("a Windows event log, by the rules of the Sigma project") },
	{ "ward detect -r sigma/rules -r own --min-level high --timeline case.html logs/", TR("a case with a page to look at") },
	{ "zcat access.log.*.gz | ward detect -", TR("standard input") },
	{ "ward detect --follow --json /var/log/auth.log", TR("as it happens, one match a line for another program") },
	{ "ward detect --only 'attack.t1110*' --zone +08:00 secure.1", TR("only guessing of passwords, in Beijing time") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("no rule matched") },
	{ 1, TR("a rule matched") },
	{ 2, TR("it could not run, or nothing matched but not all could be read") },
	{ 0 },
};

const struct command command_detect = {
	.name = "detect",
	.summary = TR("find attacks in logs by Sigma rules"),
	.operands = "FILE…",
	.description = TR("Reads files, compressed ones and all files below folders; \"-\" is standard input. The format, encoding and kind "
	                  "of each log are found by themselves. Nothing is written but what is asked for.\n\n"
	                  "In JSON, a match has file, line, time, host, rule, title, level, tags, fields and event: `fields` are those "
	                  "that made the rule match, `event` is the record as it was read."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.least = 1,
	.most = COMMAND_MANY,
	.run = detect_run,
};
