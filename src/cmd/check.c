/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward check: the checks themselves: list, show, lint, and try them on fixtures.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/opt.h"
#include "base/utf8.h"
#include "case/management_fixture.h"
#include "check/fixture.h"
#include "check/profile.h"
#include "cmd/command.h"
#include "cmd/files.h"
#include "data/json.h"
#include "data/yaml.h"
#include "people/roles.h"
#include "report/inspection.h"

enum { OPT_CONTENT, OPT_FORMAT_, OPT_END };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_CONTENT] = { "content", 0, OPT_DIRECTORY, "DIR",
	                  .help = TR("lay your own checks and profiles over the built-in ones") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON of all fields (list)") },
	[OPT_END] = { 0 },
};

struct work {
	struct call *call;
	struct content content;
	struct checks checks;
	struct facts *facts; /* over the empty root: only to prepare queries */
	struct query *query;
	/* Checks of the registers, and an overview of nothing to prepare their queries over. */
	struct checks management;
	struct roles *roles;
	struct registers *registers;
	struct overview *overview;
	struct profile *profiles; /* all of them, once somebody asks */
	size_t n_profiles;
};

static int work_open(struct work *work, struct root *root, struct err *err)
{
	int r = content_open(&work->content, opt_cstr(&work->call->args, OPT_CONTENT), err);
	if (r == 0)
		r = checks_load(work->call->arena, &work->content, &work->checks, err);
	if (r == 0)
		r = root_open(root, "/", err);
	if (r < 0)
		return r;
	work->facts = facts_new(root, NULL);
	r = query_open(work->facts, NULL, &work->query, err);
	if (r == 0)
		r = management_load(work->call->arena, &work->content, &work->management, err);
	return r;
}

/* What queries over the registers need; once. */
static int work_open_registers(struct work *work, struct err *err)
{
	if (work->overview)
		return 0;
	int r = roles_load(&work->content, &work->roles, err);
	if (r == 0)
		r = registers_load(&work->content, &work->roles->names, &work->registers, err);
	return r < 0 ? r : overview_open(&(struct overview_options){ .registers = work->registers }, &work->overview, err);
}

static int work_load_profiles(struct work *work, struct err *err)
{
	struct arena *arena = work->call->arena;
	struct strings names[2];
	int r = 0;
	for (int kind = PROFILE_REGIME; r == 0 && kind <= PROFILE_OFFICE; kind++)
		r = profile_names(arena, &work->content, (enum profile_kind)kind, &names[kind], err);
	if (r < 0)
		return r;
	work->profiles = ARENA_ARRAY(arena, struct profile, names[0].n + names[1].n + 1);
	for (int kind = PROFILE_REGIME; kind <= PROFILE_OFFICE; kind++)
		for (size_t i = 0; r == 0 && i < names[kind].n; i++)
			r = profile_load(arena, &work->content, names[kind].p[i], (enum profile_kind)kind, &work->profiles[work->n_profiles++], err);
	return r;
}

static void work_done(struct work *work)
{
	overview_close(work->overview);
	registers_free(work->registers);
	roles_free(work->roles);
	query_close(work->query);
	facts_free(work->facts);
	content_close(&work->content);
}

static void add_strings_json(struct buf *out, const char *name, const struct strings *list)
{
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			buf_add_char(out, ',');
		json_add_string(out, list->p[i]);
	}
	buf_add_char(out, ']');
}

static void add_text_json(struct buf *out, const char *name, const struct text *text)
{
	if (!text->in[LANG_EN].p)
		return;
	buf_printf(out, ",\"%s\":{", name);
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		buf_printf(out, "%s\"%s\":", lang ? "," : "", lang_names[lang]);
		json_add_string(out, text->in[lang]);
	}
	buf_add_char(out, '}');
}

static void add_sql_json(struct buf *out, const char *name, struct str sql)
{
	if (!sql.p)
		return;
	buf_printf(out, ",\"%s\":", name);
	json_add_string(out, sql);
}

static bool is_management(const struct work *work, const struct check *check)
{
	return check >= work->management.p && check < work->management.p + work->management.n;
}

/* Names of the tables that a check reads; nothing when its SQL is wrong, which lint says. */
static struct strings tables_of(struct work *work, const struct check *check)
{
	struct arena *arena = work->call->arena;
	const struct table **read;
	size_t n;
	struct strings out = { 0 };
	if (is_management(work, check))
		return work->overview ? management_tables(arena, work->overview, check) : out;
	if (verdict_tables(arena, work->query, check, &read, &n, NULL) < 0)
		return out;
	out.p = ARENA_ARRAY(arena, struct str, n + 1);
	for (; out.n < n; out.n++)
		out.p[out.n] = str_from(read[out.n]->name);
	return out;
}

/* As a profile sets it; NULL: it leaves the default. */
static const struct doc *set_by(const struct work *work, const struct profile *profile, const struct check *check, struct str name)
{
	const struct threshold *set = is_management(work, check) ? profile_threshold_of(NULL, profile, check->id, name)
	                                                          : profile_threshold(NULL, profile, name);
	return set ? set->value : NULL;
}

static void add_value_json(struct buf *out, const struct doc *value)
{
	if (value->type == DOC_ARRAY) {
		buf_add_char(out, '[');
		for (size_t i = 0; i < value->n; i++) {
			if (i)
				buf_add_char(out, ',');
			cell_add_json(out, cell_from_doc(&value->items[i]));
		}
		buf_add_char(out, ']');
	} else {
		cell_add_json(out, cell_from_doc(value));
	}
}

/* "thresholds":{"days":{"default":45,"city":30}} */
static void add_thresholds_json(const struct work *work, struct buf *out, const struct check *check)
{
	buf_puts(out, ",\"thresholds\":{");
	for (size_t i = 0; check->params && i < check->params->n; i++) {
		struct str name = doc_string(doc_key(check->params, i));
		buf_puts(out, i ? "," : "");
		json_add_string(out, name);
		buf_puts(out, ":{\"default\":");
		add_value_json(out, doc_value(check->params, i));
		for (size_t k = 0; k < work->n_profiles; k++) {
			const struct doc *set = set_by(work, &work->profiles[k], check, name);
			if (!set)
				continue;
			buf_add_char(out, ',');
			json_add_string(out, work->profiles[k].name);
			buf_add_char(out, ':');
			add_value_json(out, set);
		}
		buf_add_char(out, '}');
	}
	buf_add_char(out, '}');
}

static void add_check_json(struct work *work, struct buf *out, const struct check *check)
{
	const struct strings names = tables_of(work, check);
	buf_puts(out, "{\"id\":");
	json_add_string(out, check->id);
	buf_printf(out, ",\"group\":\"%s\"", is_management(work, check) ? "management" : "host");
	buf_puts(out, ",\"topic\":");
	json_add_string(out, check->topic);
	buf_printf(out, ",\"severity\":\"%s\"", severity_names[check->severity]);
	add_text_json(out, "title", &check->title);
	add_text_json(out, "why", &check->why);
	add_text_json(out, "remedy", &check->remedy);
	add_text_json(out, "scope", &check->scope);
	add_strings_json(out, "clauses", &check->clauses);
	add_strings_json(out, "requirements", &check->requirements);
	add_strings_json(out, "absent", &check->absent);
	add_sql_json(out, "applies", check->applies);
	add_sql_json(out, "violations", check->violations);
	add_strings_json(out, "tables", &names);
	add_thresholds_json(work, out, check);
	buf_add_char(out, '}');
}

static void list_text(const struct work *work, struct buf *out, const struct checks *checks)
{
	enum lang lang = work->call->lang;
	size_t width = 0, severity_width = 0;
	for (size_t i = 0; i < checks->n; i++) {
		width = MAX(width, checks->p[i].id.n);
		severity_width = MAX(severity_width, utf8_width(severity_words(lang, checks->p[i].severity)));
	}
	for (size_t i = 0; i < checks->n; i++) {
		const struct check *check = &checks->p[i];
		struct str severity = severity_words(lang, check->severity);
		buf_printf(out, "%-*.*s  %.*s%*s  %.*s\n", (int)width, STR_ARG(check->id), STR_ARG(severity),
		           (int)(severity_width - utf8_width(severity)), "", STR_ARG(text_in(&check->title, lang)));
	}
}

static int check_list(struct work *work, struct err *err)
{
	BUF(out);
	const struct checks *const groups[] = { &work->checks, &work->management };
	bool json = opt_choice(&work->call->args, OPT_FORMAT_, 0) == 1;
	int r = json ? work_open_registers(work, err) : 0;
	if (r == 0 && json)
		r = work_load_profiles(work, err);
	if (r < 0)
		return r;
	for (size_t g = 0; json && g < COUNT(groups); g++)
		for (size_t i = 0; i < groups[g]->n; i++) {
			buf_puts(&out, out.n ? ",\n " : "[");
			add_check_json(work, &out, &groups[g]->p[i]);
		}
	if (json) {
		buf_puts(&out, out.n ? "]\n" : "[]\n");
	} else {
		list_text(work, &out, &work->checks);
		buf_printf(&out, "\n%.*s\n", STR_ARG(tr(work->call->lang, "Checks of the registers, by ward up:")));
		list_text(work, &out, &work->management);
	}
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : EXIT_GOOD;
}

static void add_paragraph(struct buf *out, struct str label, struct str text)
{
	if (!text.n)
		return;
	buf_add(out, label);
	buf_add(out, str_trim(text));
	buf_add_char(out, '\n');
}

static void add_code(struct buf *out, const char *label, struct str sql)
{
	struct str line;
	if (!sql.p)
		return;
	buf_printf(out, "%s:\n", label);
	for (struct str rest = sql; str_line(&rest, &line);)
		buf_printf(out, "    %.*s\n", STR_ARG(line));
}

/* Each as its default, and as the profiles have it: "account-idle.days = 45; city 30", under the name that a profile calls it by. */
static void add_thresholds(const struct work *work, struct buf *out, const struct check *check)
{
	for (size_t i = 0; check->params && i < check->params->n; i++) {
		struct str name = doc_string(doc_key(check->params, i));
		buf_add(out, tr(work->call->lang, "Threshold: "));
		if (is_management(work, check))
			buf_printf(out, "%.*s.", STR_ARG(check->id));
		buf_printf(out, "%.*s = ", STR_ARG(name));
		add_value_json(out, doc_value(check->params, i));
		for (size_t k = 0; k < work->n_profiles; k++) {
			const struct doc *set = set_by(work, &work->profiles[k], check, name);
			if (!set)
				continue;
			buf_printf(out, "; %.*s ", STR_ARG(work->profiles[k].name));
			add_value_json(out, set);
		}
		buf_add_char(out, '\n');
	}
}

static void add_check(struct work *work, struct buf *out, const struct check *check)
{
	enum lang lang = work->call->lang;
	const struct strings names = tables_of(work, check);
	unsigned line, column;
	doc_where(check->source, check->node, &line, &column);
	buf_printf(out, "%.*s  (%.*s, %s:%u)\n", STR_ARG(check->id), STR_ARG(severity_words(lang, check->severity)),
	           check->source->name, line);
	buf_printf(out, "%.*s\n\n", STR_ARG(text_in(&check->title, lang)));
	add_paragraph(out, tr(lang, "Why: "), text_in(&check->why, lang));
	add_paragraph(out, tr(lang, "Repair: "), text_in(&check->remedy, lang));
	add_paragraph(out, tr(lang, "Where: "), text_in(&check->scope, lang));
	for (size_t i = 0; i < check->clauses.n; i++)
		add_paragraph(out, tr(lang, "Clause: "), check->clauses.p[i]);
	for (size_t i = 0; i < check->requirements.n; i++)
		add_paragraph(out, tr(lang, "Requirement: "), check->requirements.p[i]);
	if (names.n) {
		buf_add(out, tr(lang, "Tables: "));
		for (size_t i = 0; i < names.n; i++)
			buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(names.p[i]));
		buf_add_char(out, '\n');
	}
	add_thresholds(work, out, check);
	add_code(out, "applies", check->applies);
	add_code(out, "violations", check->violations);
}

static int check_show(struct work *work, struct err *err)
{
	BUF(out);
	const struct opt_args *args = &work->call->args;
	if (args->n < 2)
		return err_set(err, -EINVAL, "which check? `ward check list` shows them");
	int r = work_load_profiles(work, err);
	if (r < 0)
		return r;
	for (size_t i = 1; i < args->n; i++) {
		const struct check *check = checks_find(&work->checks, args->operands[i]);
		if (!check) {
			check = checks_find(&work->management, args->operands[i]);
			r = check ? work_open_registers(work, err) : 0;
			if (r < 0)
				return r;
		}
		if (!check)
			return err_set(err, -ENOENT, "no check '%.*s'; `ward check list` shows them",
			               STR_ARG(args->operands[i]));
		if (i > 1)
			buf_add_char(&out, '\n');
		add_check(work, &out, check);
	}
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : EXIT_GOOD;
}

/* What loading does not find: SQL that cannot be asked, names in `absent` that are no table the check reads. */
static void lint_check(struct work *work, struct buf *out, const struct check *check)
{
	struct err err = { "" };
	const struct table **read;
	size_t n;
	if (verdict_tables(work->call->arena, work->query, check, &read, &n, &err) < 0) {
		buf_printf(out, "%s\n", err.text);
		return;
	}
	for (size_t i = 0; i < check->absent.n; i++) {
		bool found = false;
		for (size_t j = 0; j < n; j++)
			found |= str_is(check->absent.p[i], read[j]->name);
		if (!found) {
			doc_err(check->source, doc_get(check->node, STR("absent")), &err,
			        "check %.*s: absent: it reads no table '%.*s'", STR_ARG(check->id),
			        STR_ARG(check->absent.p[i]));
			buf_printf(out, "%s\n", err.text);
		}
	}
}

static int check_lint(struct work *work, struct err *err)
{
	BUF(out);
	for (size_t i = 0; i < work->checks.problems.n; i++)
		buf_printf(&out, "%.*s\n", STR_ARG(work->checks.problems.p[i]));
	for (size_t i = 0; i < work->checks.n; i++)
		lint_check(work, &out, &work->checks.p[i]);
	for (size_t i = 0; i < work->management.problems.n; i++)
		buf_printf(&out, "%.*s\n", STR_ARG(work->management.problems.p[i]));
	int opened = work_open_registers(work, err);
	if (opened < 0)
		return opened;
	for (size_t i = 0; i < work->management.n; i++) {
		struct err why = { "" };
		if (management_lint(work->overview, &work->management.p[i], &why) < 0)
			buf_printf(&out, "%s\n", why.text);
	}
	for (int kind = PROFILE_REGIME; kind <= PROFILE_OFFICE; kind++) {
		struct strings names;
		struct err why = { "" };
		int r = profile_names(work->call->arena, &work->content, (enum profile_kind)kind, &names, &why);
		for (size_t i = 0; r == 0 && i < names.n; i++) {
			struct profile profile;
			r = profile_load(work->call->arena, &work->content, names.p[i], (enum profile_kind)kind,
			                 &profile, &why);
			if (r == 0)
				r = profile_apply(work->facts, &work->checks, &profile, NULL, &why);
			if (r == 0)
				r = profile_check_own(&work->management, &profile, &why);
		}
		if (r < 0)
			buf_printf(&out, "%s\n", why.text);
	}
	bool clean = out.n == 0;
	struct str count = arena_printf(work->call->arena, "%zu", work->checks.n + work->management.n);
	if (clean) {
		buf_add(&out, note_text(work->call->arena, work->call->lang, &NOTE("{} check{s}, nothing wrong", count)));
		buf_add_char(&out, '\n');
	}
	int r = command_print(buf_str(&out), err);
	return r < 0 ? r : clean ? EXIT_GOOD : EXIT_FOUND;
}

/* Do the fixtures of a file belong to checks of the registers? By its first entry; what is wrong with it is told by who runs it. */
static bool is_of_management(struct work *work, const struct source *source)
{
	struct source copy = *source;
	const struct doc *doc;
	if (yaml_parse(work->call->arena, &copy, &doc, NULL) < 0 || doc->type != DOC_ARRAY || !doc->n)
		return false;
	return checks_find(&work->management, doc_text(&doc->items[0], "check")) != NULL;
}

static int fixtures_run(struct work *work, struct source *source, struct fixture_results *out, struct err *err)
{
	if (!is_of_management(work, source))
		return fixture_run(work->call->arena, &work->checks, source, out, err);
	int r = work_open_registers(work, err);
	return r < 0 ? r : management_fixture_run(work->call->arena, work->registers, &work->management, source, out, err);
}

static int check_test(struct work *work, struct err *err)
{
	const struct opt_args *args = &work->call->args;
	size_t failed = 0, tried = 0;
	if (args->n < 2)
		return err_set(err, -EINVAL, "which fixture files?");
	for (size_t i = 1; i < args->n; i++) {
		struct source *source = ARENA_NEW(work->call->arena, struct source);
		struct fixture_results results;
		int r = file_load(work->call->arena, args->operands[i].p, source, err);
		if (r == 0)
			r = fixtures_run(work, source, &results, err);
		if (r < 0)
			return r;
		BUF(out);
		for (size_t j = 0; j < results.n; j++) {
			const struct fixture_result *result = &results.p[j];
			tried++;
			failed += result->problems.n > 0;
			buf_printf(&out, "%s %.*s  fail %zu, pass %zu, unknown %zu, not-applicable %zu\n",
			           result->problems.n ? "BAD" : "ok ", STR_ARG(result->check),
			           result->cases[VERDICT_FAIL], result->cases[VERDICT_PASS],
			           result->cases[VERDICT_UNKNOWN], result->cases[VERDICT_NOT_APPLICABLE]);
			for (size_t k = 0; k < result->problems.n; k++)
				buf_printf(&out, "    %.*s\n", STR_ARG(result->problems.p[k]));
		}
		r = command_print(buf_str(&out), err);
		if (r < 0)
			return r;
	}
	return failed ? EXIT_FOUND : tried ? EXIT_GOOD : EXIT_COULD_NOT;
}

static int check_run(struct call *call, struct err *err)
{
	static int (*const verbs[])(struct work *, struct err *) = { check_list, check_show, check_lint, check_test };
	CLEANUP(work_done) struct work work = { .call = call, .content = CONTENT_EMBEDDED };
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	int r = work_open(&work, &root, err);
	if (r < 0)
		return r;
	return verbs[call->verb](&work, err);
}

static const struct command_verb verbs[] = {
	{ "list", NULL, TR("all checks with their severity and title") },
	{ "show", "ID…", TR("one check whole: why, repair, clauses, SQL") },
	{ "lint", NULL, TR("find what is wrong in checks and profiles") },
	{ "test", "FIXTURES…", TR("judge made-up hosts for which the verdict is known") },
	{ 0 },
};

static const struct command_example examples[] = {
	{ "ward check list --lang vi", TR("what ward looks at, in Vietnamese") },
	{ "ward check show ssh-root-login", TR("one of them, with its SQL") },
	{ "ward check lint --content ./ours", TR("your own checks") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("done, nothing wrong") },
	{ 1, TR("lint or test found something") },
	{ 2, TR("it could not run") },
	{ 0 },
};

const struct command command_check = {
	.name = "check",
	.summary = TR("list, show, lint and try the checks"),
	.options = options,
	.verbs = verbs,
	.examples = examples,
	.exits = exits,
	.least = 1,
	.most = COMMAND_MANY,
	.run = check_run,
};
