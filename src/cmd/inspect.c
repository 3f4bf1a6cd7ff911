/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward inspect: judge this machine, or the system below another directory.
 */
#include "base/opt.h"
#include "cmd/command.h"
#include "cmd/files.h"
#include "cmd/terminal.h"
#include "data/content.h"
#include "report/inspection.h"

enum {
	OPT_PROFILE, OPT_REGIME, OPT_ONLY, OPT_SCA, OPT_ALLOW_COMMANDS, OPT_DEEP, OPT_ROOT, OPT_FORMAT_, OPT_REPORT, OPT_SAVE, OPT_AGAINST,
	OPT_CONTENT, OPT_END,
};

static const char *const formats[] = { "text", "json", "csv", "junit", NULL };
static void (*const writers[])(struct buf *, const struct inspection *, const struct inspection_style *) = {
	inspection_text, inspection_json, inspection_csv, inspection_junit,
};

static const struct opt options[] = {
	[OPT_PROFILE] = { "profile", 'p', OPT_TEXT, "NAME",
	                  .help = TR("kind of office: township, county, city, hospital, pharmacy (county)") },
	[OPT_REGIME] = { "regime", 0, OPT_TEXT, "NAME",
	                 .help = TR("rules in force: cn-mlps-2, cn-mlps-3, vn-level-1 to vn-level-5 (cn-mlps-2; vn-level-2 in Vietnamese)") },
	[OPT_ONLY] = { "only", 'o', OPT_TEXT, "PATTERN", .repeat = true,
	               .help = TR("only the checks whose id, topic or severity matches, with * and ?") },
	[OPT_SCA] = { "sca", 0, OPT_FILE, "FILE", .repeat = true,
	              .help = TR("judge the checks of a Wazuh SCA policy, or of all policies in a folder, instead of "
	                         "ward's own; with --only, of both those that match") },
	[OPT_ALLOW_COMMANDS] = { "allow-commands", 0, OPT_SWITCH,
	                         .help = TR("run those commands of SCA policies that ward cannot answer by itself, "
	                                    "limited in time and memory; without it their checks are unknown") },
	[OPT_DEEP] = { "deep", 0, OPT_SWITCH,
	               .help = TR("also what is expensive, each at most a minute: the file system walk, "
	                          "package verification, weak passwords") },
	[OPT_ROOT] = { "root", 'r', OPT_DIRECTORY, "DIR",
	               .help = TR("inspect the system below this directory, a mounted image for instance") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats,
	                  .help = TR("how the result is printed") },
	[OPT_REPORT] = { "report", 0, OPT_FILE, "FILE.html", .help = TR("also write a report to print and sign") },
	[OPT_SAVE] = { "save", 0, OPT_FILE, "FILE", .help = TR("keep this inspection as a baseline") },
	[OPT_AGAINST] = { "against", 0, OPT_FILE, "FILE",
	                  .help = TR("say what is new, fixed and changed since a kept inspection") },
	[OPT_CONTENT] = { "content", 0, OPT_DIRECTORY, "DIR",
	                  .help = TR("lay your own checks and profiles over the built-in ones") },
	[OPT_END] = { 0 },
};

/* ---- progress ---- */

static void progress_check(void *ctx, size_t done, size_t total, const struct check *next)
{
	struct progress *progress = ctx;
	ARENA(scratch);
	progress_say(progress, arena_printf(&scratch, "[%zu/%zu] %.*s", done + 1, total,
	                                    STR_ARG(text_in(&next->title, progress->call->lang))));
}

static void progress_table(void *ctx, const struct table *table, size_t done, size_t total)
{
	struct progress *progress = ctx;
	ARENA(scratch);
	progress_say(progress, total ? arena_printf(&scratch, "%s: %zu / %zu (%zu %%)", table->name, done, total,
	                                            done * 100 / total)
	                             : arena_printf(&scratch, "%s: %zu", table->name, done));
}

/* ---- the command ---- */

struct setting {
	struct content content;
	struct checks checks;
	struct profile office, regime;
	struct sca_policies sca;
};

static int setting_load(struct call *call, struct setting *setting, struct err *err)
{
	const struct opt_args *args = &call->args;
	struct str office = opt_given(args, OPT_PROFILE) ? opt_text(args, OPT_PROFILE) : STR("county");
	struct str regime = opt_given(args, OPT_REGIME) ? opt_text(args, OPT_REGIME)
	                  : call->lang == LANG_VI       ? STR("vn-level-2")
	                                                : STR("cn-mlps-2");
	int r = content_open(&setting->content, opt_cstr(args, OPT_CONTENT), err);
	if (r == 0)
		r = checks_load(call->arena, &setting->content, &setting->checks, err);
	if (r == 0)
		r = profile_load(call->arena, &setting->content, office, PROFILE_OFFICE, &setting->office, err);
	if (r == 0)
		r = profile_load(call->arena, &setting->content, regime, PROFILE_REGIME, &setting->regime, err);
	const struct opt_values *policies = &args->values[OPT_SCA];
	const char **paths = ARENA_ARRAY(call->arena, const char *, policies->n + 1);
	for (size_t i = 0; i < policies->n; i++)
		paths[i] = arena_cstr(call->arena, policies->p[i]);
	if (r == 0)
		r = sca_policies_load(call->arena, paths, policies->n, &setting->sca, err);
	for (size_t i = 0; r == 0 && i < setting->sca.problems.n; i++)
		command_warn(call, &NOTE("left out: {}", setting->sca.problems.p[i]));
	for (size_t i = 0; r == 0 && i < setting->checks.problems.n; i++)
		command_warn(call, &NOTE("left out: {}", setting->checks.problems.p[i]));
	return r;
}

static int output(struct call *call, const struct content *content, const struct inspection *inspection,
                  struct inspection_style *style, struct err *err)
{
	const struct opt_args *args = &call->args;
	int format = opt_choice(args, OPT_FORMAT_, 0);
	int r = 0;
	if (opt_given(args, OPT_REPORT)) {
		BUF(html);
		r = inspection_html(&html, inspection, style, content, err);
		if (r == 0)
			r = file_write(call->arena, opt_cstr(args, OPT_REPORT), buf_str(&html), err);
	}
	if (r == 0 && opt_given(args, OPT_SAVE)) {
		BUF(json);
		const struct inspection_style kept = { .lang = style->lang };
		inspection_json(&json, inspection, &kept);
		r = file_write(call->arena, opt_cstr(args, OPT_SAVE), buf_str(&json), err);
	}
	if (r < 0)
		return r;
	BUF(out);
	writers[format](&out, inspection, style);
	if (format == 0 && opt_given(args, OPT_REPORT)) {
		buf_add(&out, note_text(call->arena, call->lang,
		                        &NOTE("The report is in {}.", opt_text(args, OPT_REPORT))));
		buf_add_char(&out, '\n');
	}
	return command_print(buf_str(&out), err);
}

static int inspect_run(struct call *call, struct err *err)
{
	const struct opt_args *args = &call->args;
	const char *path = opt_cstr(args, OPT_ROOT);
	struct setting setting = { .content = CONTENT_EMBEDDED };
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	int r = setting_load(call, &setting, err);
	if (r == 0)
		r = root_open(&root, path ? path : "/", err);
	if (r < 0)
		return r;
	struct source kept;
	if (opt_given(args, OPT_AGAINST))
		r = file_load(call->arena, opt_cstr(args, OPT_AGAINST), &kept, err);
	if (r < 0)
		return r;
	struct progress progress = { .call = call };
	progress_start(&progress);
	const struct facts_options facts_options = {
		.deep = opt_given(args, OPT_DEEP),
		.progress = progress_table,
		.progress_ctx = &progress,
	};
	const struct inspection_options inspection_options = {
		.checks = &setting.checks,
		.regime = &setting.regime,
		.office = &setting.office,
		.sca = opt_given(args, OPT_SCA) ? &setting.sca : NULL,
		.sca_options.allow_commands = opt_given(args, OPT_ALLOW_COMMANDS),
		.only = { args->values[OPT_ONLY].p, args->values[OPT_ONLY].n },
		.progress = facts_options.deep ? progress_check : NULL,
		.progress_ctx = &progress,
	};
	CLEANUP(facts_free_p) struct facts *facts = facts_new(&root, &facts_options);
	struct inspection inspection;
	struct drift drift;
	struct inspection_style style = {
		.lang = call->lang,
		.colour = terminal_colours(),
		.width = terminal_width(),
	};
	r = inspection_run(call->arena, facts, &inspection_options, &inspection, err);
	progress_end(&progress);
	if (r == 0 && opt_given(args, OPT_AGAINST)) {
		r = drift_compare(call->arena, &kept, &inspection, &drift, err);
		style.drift = &drift;
	}
	if (r == 0)
		r = output(call, &setting.content, &inspection, &style, err);
	content_close(&setting.content);
	sca_policies_done(&setting.sca);
	if (r < 0)
		return r;
	if (!facts_is_system(facts)) {
		command_warn(call, &NOTE("{} holds no Linux system", str_from(root.path)));
		return EXIT_COULD_NOT;
	}
	if (inspection.counts[VERDICT_FAIL])
		return EXIT_FOUND;
	return setting.checks.problems.n || setting.sca.problems.n ? EXIT_COULD_NOT : EXIT_GOOD;
}

static const struct command_example examples[] = {
	{ "ward inspect", TR("what is wrong with this machine, the worst first") },
	{ "ward inspect --deep --report report.html", TR("everything, and a report to print and sign") },
	{ "ward inspect --lang zh-CN --profile hospital --regime cn-mlps-3", TR("in Chinese, with the thresholds of a hospital at level 3") },
	{ "ward inspect --only 'ssh*' --format json", TR("some checks, for another program") },
	{ "ward inspect --save monday.json", TR("keep a baseline") },
	{ "ward inspect --against monday.json", TR("what has changed since") },
	{ "ward inspect --root /mnt", TR("a mounted disk image") },
	{ "ward inspect --sca cis_debian12.yml", TR("a Wazuh SCA policy instead of ward's own checks") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("nothing failed") },
	{ 1, TR("something failed") },
	{ 2, TR("it could not run, or a content file was left out") },
	{ 0 },
};

const struct command command_inspect = {
	.name = "inspect",
	.summary = TR("inspect this machine: what is wrong, why, the evidence, the repair"),
	.description = TR("Every statement is a query with its evidence. What could not be seen is unknown, never a pass. "
	                  "Nothing on the host is changed; without --deep no process is started and no file system is walked. "
	                  "Run it as root to see everything."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.run = inspect_run,
};
