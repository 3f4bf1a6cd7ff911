/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward rules: Sigma rules themselves: what is wrong with them, which there are, what they mean, whether they find their
 * own examples.
 */
#include <stdlib.h>

#include "base/glob.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/rule_files.h"
#include "cmd/terminal.h"
#include "data/json.h"
#include "detect/trial.h"
#include "report/detections.h"

enum { OPT_RULES, OPT_PIPELINE, OPT_CONTENT, OPT_FORMAT_, OPT_LEVEL, OPT_LOGSOURCE, OPT_TAG, OPT_DEPRECATED, OPT_END };
enum { VERB_LINT, VERB_LIST, VERB_EXPLAIN, VERB_TEST };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_RULES] = { "rules", 'r', OPT_FILE, "PATH", .repeat = true,
	                .help = TR("Sigma rules: a file, or a folder with all below it; \"own\" names ward's own, which are used when this is not given") },
	[OPT_PIPELINE] = { "pipeline", 0, OPT_FILE, "FILE", .repeat = true,
	                   .help = TR("a processing pipeline: names of fields, values of placeholders") },
	[OPT_CONTENT] = { "content", 0, OPT_DIRECTORY, "DIR",
	                  .help = TR("lay your own rules and log sources over the built-in ones") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_LEVEL] = { "level", 0, OPT_CHOICE, "LEVEL", .choices = sigma_level_names,
	                .help = TR("only rules of this level or above (list)") },
	[OPT_LOGSOURCE] = { "logsource", 0, OPT_TEXT, "NAME",
	                    .help = TR("only rules whose product, category or service this is; may hold * (list)") },
	[OPT_TAG] = { "tag", 0, OPT_TEXT, "TAG", .help = TR("only rules with this tag, or one below it; may hold * (list)") },
	[OPT_DEPRECATED] = { "deprecated", 0, OPT_SWITCH, .help = TR("also rules whose status is deprecated or unsupported") },
	[OPT_END] = { 0 },
};

struct work {
	struct call *call;
	struct content content;
	struct sigma_rules rules;
	struct sigma_problems problems;
};

static void work_done(struct work *work)
{
	content_close(&work->content);
}

/* --rules, and for the verbs whose operands are paths, those. */
static int rules_load(struct work *work, struct err *err)
{
	struct call *call = work->call;
	const struct opt_args *args = &call->args;
	VEC(struct str) paths = { 0 };
	for (unsigned i = 0; i < args->values[OPT_RULES].n; i++)
		vec_push_in(call->arena, &paths, args->values[OPT_RULES].p[i]);
	for (size_t i = 1; call->verb != VERB_EXPLAIN && i < args->n; i++)
		vec_push_in(call->arena, &paths, args->operands[i]);
	const struct sigma_options how = {
		.lint = call->verb == VERB_LINT,
		.deprecated = call->verb == VERB_LINT || opt_given(args, OPT_DEPRECATED),
	};
	int r = content_open(&work->content, opt_cstr(args, OPT_CONTENT), err);
	return r < 0 ? r
	             : rule_files_load(call, &work->content, (struct strings){ paths.p, paths.n }, &args->values[OPT_PIPELINE], &how,
	                               &work->rules, &work->problems, err);
}

static bool as_json(const struct work *work)
{
	return opt_choice(&work->call->args, OPT_FORMAT_, 0) == 1;
}

/* The title in the reader's language. */
static struct str title_of(const struct work *work, const struct sigma_rule *rule)
{
	struct str title = rule->titles.in[work->call->lang];
	return title.p ? title : rule->title;
}

static struct str problem_words(const struct work *work, const struct sigma_problem *problem)
{
	if (!problem->note.english)
		return problem->words;
	return note_text(work->call->arena, work->call->lang, &problem->note);
}

static void add_line(const struct work *work, struct buf *out, const struct note *note)
{
	buf_add(out, note_text(work->call->arena, work->call->lang, note));
	buf_add_char(out, '\n');
}

/* ---- lint ---- */

static void add_problem(const struct work *work, struct buf *out, const struct sigma_problem *problem)
{
	struct arena *arena = work->call->arena;
	buf_add(out, utf8_clean(arena, problem->file));
	if (problem->line)
		buf_printf(out, ":%u:%u", problem->line, MAX(problem->column, 1u));
	buf_puts(out, ": ");
	buf_add(out, problem->warning ? tr(work->call->lang, "warning: ") : tr(work->call->lang, "error: "));
	buf_add(out, utf8_clean(arena, problem_words(work, problem)));
	if (problem->rule.n)
		buf_printf(out, " [%.*s]", STR_ARG(utf8_clean(arena, problem->rule)));
	buf_add_char(out, '\n');
}

static void put_problem(const struct work *work, struct buf *out, const struct sigma_problem *problem)
{
	json_open_map(out, NULL);
	json_put(out, "file", problem->file);
	json_put_int(out, "line", problem->line);
	json_put_int(out, "column", problem->column);
	json_put(out, "rule", problem->rule);
	json_put(out, "kind", problem->warning ? STR("warning") : STR("error"));
	json_put(out, "words", problem_words(work, problem));
	buf_add_char(out, '}');
}

static void put_problems(const struct work *work, struct buf *out)
{
	json_open_list(out, NULL);
	for (size_t i = 0; i < work->problems.n; i++)
		put_problem(work, out, &work->problems.p[i]);
	buf_puts(out, "]\n");
}

static int problem_order(const void *a, const void *b)
{
	const struct sigma_problem *x = a, *y = b;
	int r = str_compare(x->file, y->file);
	r = r ? r : (x->line > y->line) - (x->line < y->line);
	return r ? r : (x->column > y->column) - (x->column < y->column);
}

static int rules_lint(struct work *work, struct err *err)
{
	BUF(out);
	struct arena *arena = work->call->arena;
	size_t warnings = 0;
	if (work->problems.n)
		qsort(work->problems.p, work->problems.n, sizeof(*work->problems.p), problem_order);
	for (size_t i = 0; i < work->problems.n; i++)
		warnings += work->problems.p[i].warning;
	if (as_json(work)) {
		put_problems(work, &out);
	} else {
		for (size_t i = 0; i < work->problems.n; i++)
			add_problem(work, &out, &work->problems.p[i]);
		struct str rules = arena_printf(arena, "%zu", work->rules.n);
		if (work->problems.n)
			add_line(work, &out, &NOTE("{} rule{s} loaded; {} error{s}, {} warning{s}", rules,
			                           arena_printf(arena, "%zu", work->problems.n - warnings),
			                           arena_printf(arena, "%zu", warnings)));
		else
			add_line(work, &out, &NOTE("{} rule{s}, nothing wrong", rules));
	}
	int r = command_print(buf_str(&out), err);
	return r < 0 ? r : work->problems.n ? EXIT_FOUND : EXIT_GOOD;
}

/* ---- list ---- */

static bool name_fits(struct str pattern, struct str name)
{
	return name.p && glob_match(pattern, name);
}

static bool tag_fits(struct str pattern, struct str tag)
{
	return glob_match(pattern, tag) ||
	       (tag.n > pattern.n && tag.p[pattern.n] == '.' && str_eq_nocase(str_slice(tag, 0, pattern.n), pattern));
}

static bool is_chosen(const struct work *work, const struct sigma_rule *rule)
{
	const struct opt_args *args = &work->call->args;
	struct str source = opt_text(args, OPT_LOGSOURCE), tag = opt_text(args, OPT_TAG);
	if ((int)rule->level < opt_choice(args, OPT_LEVEL, LEVEL_INFORMATIONAL))
		return false;
	if (source.p && !name_fits(source, rule->product) && !name_fits(source, rule->category) &&
	    !name_fits(source, rule->service))
		return false;
	bool tagged = !tag.p;
	for (size_t i = 0; !tagged && i < rule->tags.n; i++)
		tagged = tag_fits(tag, rule->tags.p[i]);
	return tagged;
}

static struct str logsource_words(struct arena *arena, const struct sigma_rule *rule)
{
	const struct str parts[] = { rule->product, rule->category, rule->service };
	BUF(words);
	if (rule->correlation.type != CORRELATION_NONE)
		return STR("correlation");
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i].n && words.n)
			buf_add_char(&words, '/');
		buf_add(&words, parts[i]);
	}
	return arena_str(arena, buf_str(&words));
}

static void put_rule(const struct work *work, struct buf *out, const struct sigma_rule *rule)
{
	json_open_map(out, NULL);
	json_put(out, "id", rule->id);
	if (rule->name.n)
		json_put(out, "name", rule->name);
	json_put(out, "title", title_of(work, rule));
	json_put(out, "level", str_from(sigma_level_names[rule->level]));
	json_put(out, "status", str_from(sigma_status_names[rule->status]));
	json_open_map(out, "logsource");
	if (rule->product.p)
		json_put(out, "product", rule->product);
	if (rule->category.p)
		json_put(out, "category", rule->category);
	if (rule->service.p)
		json_put(out, "service", rule->service);
	buf_add_char(out, '}');
	json_put_flag(out, "correlation", rule->correlation.type != CORRELATION_NONE);
	json_put_strings(out, "tags", &rule->tags);
	json_put_int(out, "examples", (int64_t)rule->n_examples);
	json_put(out, "file", rule->file);
	json_put_int(out, "line", rule->line);
	buf_add_char(out, '}');
}

static void pad(struct buf *out, struct str text, size_t width)
{
	buf_add(out, text);
	for (size_t i = utf8_width(text); i < width; i++)
		buf_add_char(out, ' ');
}

static int rules_list(struct work *work, struct err *err)
{
	BUF(out);
	struct arena *arena = work->call->arena;
	enum lang lang = work->call->lang;
	size_t source_width = 0, n = 0;
	rule_files_say(work->call, &work->problems);
	for (size_t i = 0; i < work->rules.n; i++) {
		const struct sigma_rule *rule = work->rules.p[i];
		if (!is_chosen(work, rule))
			continue;
		n++;
		source_width = MAX(source_width, utf8_width(logsource_words(arena, rule)));
	}
	source_width = MIN(source_width, (size_t)40);
	if (as_json(work))
		json_open_list(&out, NULL);
	for (size_t i = 0; i < work->rules.n; i++) {
		const struct sigma_rule *rule = work->rules.p[i];
		if (!is_chosen(work, rule))
			continue;
		if (as_json(work)) {
			put_rule(work, &out, rule);
			continue;
		}
		add_level(&out, lang, rule->level, terminal_colours());
		buf_puts(&out, "  ");
		pad(&out, logsource_words(arena, rule), source_width + 2);
		buf_add(&out, utf8_clean(arena, title_of(work, rule)));
		buf_add_char(&out, '\n');
	}
	if (as_json(work))
		buf_puts(&out, "]\n");
	else
		add_line(work, &out, &NOTE("{} rule{s}", arena_printf(arena, "%zu", n)));
	int r = command_print(buf_str(&out), err);
	return r < 0 ? r : EXIT_GOOD;
}

/* ---- explain ---- */

static void add_row(const struct work *work, struct buf *out, struct str label, struct str text)
{
	if (!text.n)
		return;
	pad(out, label, 12);
	buf_add(out, utf8_clean(work->call->arena, text));
	buf_add_char(out, '\n');
}

static struct str joined(struct arena *arena, const struct strings *list)
{
	BUF(text);
	for (size_t i = 0; i < list->n; i++)
		buf_printf(&text, "%s%.*s", i ? ", " : "", STR_ARG(list->p[i]));
	return arena_str(arena, buf_str(&text));
}

static void explain_correlation(const struct work *work, struct buf *out, const struct sigma_rule *rule)
{
	const struct sigma_correlation *correlation = &rule->correlation;
	struct arena *arena = work->call->arena;
	enum lang lang = work->call->lang;
	const struct {
		bool there;
		const char *sign;
		double than;
	} limits[] = {
		{ correlation->count.lt, "<", correlation->count.lt_than },
		{ correlation->count.le, "<=", correlation->count.le_than },
		{ correlation->count.gt, ">", correlation->count.gt_than },
		{ correlation->count.ge, ">=", correlation->count.ge_than },
		{ correlation->count.eq, "=", correlation->count.eq_to },
		{ correlation->count.neq, "<>", correlation->count.neq_to },
	};
	BUF(condition);
	if (correlation->extended)
		sigma_node_words(correlation->extended, &condition);
	for (size_t i = 0; i < COUNT(limits); i++)
		if (limits[i].there)
			buf_printf(&condition, "%s%s %.15g", condition.n ? ", " : "", limits[i].sign, limits[i].than);
	add_row(work, out, tr(lang, "Type"), doc_string(doc_get(doc_get(rule->doc, STR("correlation")), STR("type"))));
	add_row(work, out, tr(lang, "Rules"), joined(arena, &correlation->rules));
	add_row(work, out, tr(lang, "Within"),
	        doc_string(doc_get(doc_get(rule->doc, STR("correlation")), STR("timespan"))));
	add_row(work, out, tr(lang, "Grouped by"), joined(arena, &correlation->group_by));
	add_row(work, out, tr(lang, "Field"), joined(arena, &correlation->fields));
	add_row(work, out, tr(lang, "Condition"), buf_str(&condition));
}

static void explain_rule(const struct work *work, struct buf *out, const struct ruleset *ruleset,
                         const struct sigma_rule *rule)
{
	enum lang lang = work->call->lang;
	struct arena *arena = work->call->arena;
	struct str about = rule->descriptions.in[lang].p ? rule->descriptions.in[lang] : rule->description;
	add_row(work, out, tr(lang, "Rule"), title_of(work, rule));
	add_row(work, out, tr(lang, "Id"), rule->id);
	add_row(work, out, tr(lang, "Level"), level_words(lang, rule->level));
	add_row(work, out, tr(lang, "File"), arena_printf(arena, "%.*s:%u", STR_ARG(rule->file), rule->line));
	add_row(work, out, tr(lang, "Log source"), logsource_words(arena, rule));
	add_row(work, out, tr(lang, "Description"), about.p ? utf8_clean(arena, str_trim(about)) : STR(""));
	if (rule->correlation.type == CORRELATION_NONE) {
		BUF(words);
		buf_add_char(out, '\n');
		ruleset_explain(ruleset, rule, lang, &words);
		struct str line, rest = buf_str(&words);
		while (str_line(&rest, &line))
			buf_printf(out, "%.*s\n", STR_ARG(utf8_clean(arena, line)));
		return;
	}
	explain_correlation(work, out, rule);
}

static bool is_meant(const struct sigma_rule *rule, struct str name)
{
	ptrdiff_t slash = str_find_char_last(rule->file, '/');
	return str_eq_nocase(rule->id, name) || str_eq(rule->name, name) || str_eq_nocase(rule->title, name) ||
	       str_eq(rule->file, name) || str_eq(str_slice(rule->file, (size_t)(slash + 1), rule->file.n), name);
}

static int rules_explain(struct work *work, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	BUF(out);
	struct mappings mappings;
	CLEANUP(ruleset_free_p) struct ruleset *ruleset = NULL;
	if (args->n < 2)
		return command_usage(work->call, &NOTE("which rule? Give its id, name, title or file"));
	int r = mappings_load(work->call->arena, &work->content, &mappings, err);
	if (r == 0)
		r = ruleset_compile(&work->rules, &mappings, work->call->arena, &work->problems, &ruleset, err);
	if (r < 0)
		return r;
	rule_files_say(work->call, &work->problems);
	for (size_t i = 1; i < args->n; i++) {
		size_t n = 0;
		for (size_t k = 0; k < work->rules.n; k++) {
			if (!is_meant(work->rules.p[k], args->operands[i]))
				continue;
			if (out.n)
				buf_add_char(&out, '\n');
			explain_rule(work, &out, ruleset, work->rules.p[k]);
			n++;
		}
		if (!n)
			return err_set(err, -ENOENT, "no rule '%.*s'; `ward rules list` shows them", STR_ARG(args->operands[i]));
	}
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : EXIT_GOOD;
}

/* ---- test ---- */

static void add_trial(const struct work *work, struct buf *out, const struct sigma_rule *rule,
                      const struct sigma_example *example, struct note why)
{
	struct arena *arena = work->call->arena;
	if (as_json(work)) {
		json_open_map(out, NULL);
		json_put(out, "file", rule->file);
		json_put_int(out, "line", example->line);
		json_put_int(out, "column", example->column);
		json_put(out, "rule", rule->title);
		json_put(out, "expected", example->matches ? STR("match") : STR("no_match"));
		if (why.english)
			json_put(out, "why", note_text(arena, work->call->lang, &why));
		buf_add_char(out, '}');
		return;
	}
	buf_printf(out, "%.*s:%u:%u: ", STR_ARG(utf8_clean(arena, rule->file)), example->line, example->column);
	buf_add(out, example->matches ? tr(work->call->lang, "the rule does not find this example") :
	                                tr(work->call->lang, "the rule finds this example and should not"));
	if (why.english) {
		buf_puts(out, ": ");
		buf_add(out, note_text(arena, work->call->lang, &why));
	}
	buf_printf(out, " [%.*s]\n", STR_ARG(utf8_clean(arena, title_of(work, rule))));
}

static int rules_test(struct work *work, struct err *err)
{
	struct arena *arena = work->call->arena;
	BUF(out);
	struct mappings mappings;
	size_t wrong = 0, tried = 0, bare = 0;
	int r = mappings_load(arena, &work->content, &mappings, err);
	if (r < 0)
		return r;
	CLEANUP(trial_done) struct trial trial = { 0 };
	r = trial_init(&trial, &work->rules, &mappings, arena, &work->problems, err);
	if (r < 0)
		return r;
	rule_files_say(work->call, &work->problems);
	if (as_json(work))
		json_open_list(&out, NULL);
	for (size_t i = 0; i < work->rules.n; i++) {
		const struct sigma_rule *rule = work->rules.p[i];
		bare += !rule->n_examples;
		for (size_t k = 0; k < rule->n_examples; k++) {
			const struct sigma_example *example = &rule->examples[k];
			struct note why = { 0 };
			tried++;
			if (trial_run(&trial, arena, rule, example, &why) == example->matches)
				continue;
			wrong++;
			add_trial(work, &out, rule, example, example->matches ? why : (struct note){ 0 });
		}
	}
	if (as_json(work))
		buf_puts(&out, "]\n");
	else
		add_line(work, &out, &NOTE("{} example{s} of {} rule{s} tried, {} not as expected; {} rule{s} without examples",
		                           arena_printf(arena, "%zu", tried),
		                           arena_printf(arena, "%zu", work->rules.n - bare),
		                           arena_printf(arena, "%zu", wrong), arena_printf(arena, "%zu", bare)));
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : wrong || work->problems.n ? EXIT_FOUND : EXIT_GOOD;
}

static int rules_run(struct call *call, struct err *err)
{
	static int (*const verbs[])(struct work *, struct err *) = { rules_lint, rules_list, rules_explain, rules_test };
	CLEANUP(work_done) struct work work = { .call = call, .content = CONTENT_EMBEDDED };
	int r = rules_load(&work, err);
	return r < 0 ? r : verbs[call->verb](&work, err);
}

static const struct command_verb verbs[] = {
	{ "lint", "[PATH…]", TR("find what is wrong or doubtful in rules, with file, line and column") },
	{ "list", "[PATH…]", TR("the rules with level, log source and title") },
	{ "explain", "RULE…", TR("what a rule asks of an event, as it was understood") },
	{ "test", "[PATH…]", TR("try rules on their own examples") },
	{ 0 },
};

static const struct command_example examples[] = {
	{ "ward rules lint ./sigma/rules", TR("check a folder of Sigma rules") },
	{ "ward rules list --level high --logsource linux", TR("the built-in rules for Linux of level high or above") },
	{ "ward rules explain --rules ./sigma/rules whoami_as_system.yml", TR("what one of them means") },
	{ "ward rules test ./ours.yml", TR("does each rule find its examples, and nothing else?") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("done, nothing wrong") },
	{ 1, TR("lint or test found something") },
	{ 2, TR("it could not run") },
	{ 0 },
};

const struct command command_rules = {
	.name = "rules",
	.summary = TR("lint, list, explain and try Sigma rules"),
	.description = TR("Rules are Sigma rules (https://sigmahq.io), specification 2.1, with correlations and filters. A rule that "
	                  "cannot be loaded is named with its reason, and the rest go on.\n\n"
	                  "Our own key `ward` in a rule holds texts in three languages and examples of events, see docs/CONTENT.md."),
	.options = options,
	.verbs = verbs,
	.examples = examples,
	.exits = exits,
	.least = 1,
	.most = COMMAND_MANY,
	.run = rules_run,
};
