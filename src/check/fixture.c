/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"
#include "check/profile.h"
#include "check/verdict.h"
#include "data/yaml.h"

struct fixture {
	struct str check;
	const struct doc *cases[VERDICT_COUNT], *params, *node;
};

static const struct schema_field fixture_fields[] = {
	{ "check", SCHEMA_STRING, offsetof(struct fixture, check), .required = true },
	{ "pass", SCHEMA_ANY, offsetof(struct fixture, cases[VERDICT_PASS]) },
	{ "fail", SCHEMA_ANY, offsetof(struct fixture, cases[VERDICT_FAIL]) },
	{ "unknown", SCHEMA_ANY, offsetof(struct fixture, cases[VERDICT_UNKNOWN]) },
	{ "not-applicable", SCHEMA_ANY, offsetof(struct fixture, cases[VERDICT_NOT_APPLICABLE]) },
	{ "params", SCHEMA_ANY, offsetof(struct fixture, params) },
	{ 0 },
};
static const struct schema fixture_schema = {
	.what = "a fixture",
	.fields = fixture_fields,
	.size = sizeof(struct fixture),
	.node_offset = offsetof(struct fixture, node),
};

struct fixture_case {
	const struct doc *files, *tables, *node;
	struct strings unseen;
	int64_t evidence, now;
};

static const struct schema_field case_fields[] = {
	{ "files", SCHEMA_ANY, offsetof(struct fixture_case, files) },
	{ "tables", SCHEMA_ANY, offsetof(struct fixture_case, tables) },
	{ "unseen", SCHEMA_STRINGS, offsetof(struct fixture_case, unseen) },
	{ "evidence", SCHEMA_INT, offsetof(struct fixture_case, evidence) },
	{ "now", SCHEMA_INT, offsetof(struct fixture_case, now) },
	{ 0 },
};
static const struct schema case_schema = {
	.what = "a case",
	.fields = case_fields,
	.size = sizeof(struct fixture_case),
	.node_offset = offsetof(struct fixture_case, node),
};

/* ---- the directory tree ---- */

static int remove_entry(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *ftw UNUSED)
{
	return remove(path);
}

static void tree_remove_p(char **path)
{
	if (*path && **path)
		nftw(*path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int make_parents(int at, struct str path)
{
	char text[4096];
	if (path.n >= sizeof(text))
		return -ENAMETOOLONG;
	for (size_t i = 1; i < path.n; i++) {
		if (path.p[i] != '/')
			continue;
		memcpy(text, path.p, i);
		text[i] = 0;
		if (mkdirat(at, text, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_file(int at, const char *path, struct str text, mode_t mode)
{
	CLEANUP(fd_close_p) int fd = openat(at, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0)
			return -errno;
		text = str_slice(text, (size_t)n, text.n);
	}
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int tree_add(struct arena *arena, int at, const struct source *source, const struct doc *key,
                    const struct doc *value, struct err *err)
{
	struct str path = doc_string(key);
	while (path.n && path.p[0] == '/')
		path = str_slice(path, 1, path.n);
	if (!path.n || str_find(path, "..") >= 0)
		return doc_err(source, key, err, "not a path below the fixture's root");
	const char *name = arena_cstr(arena, path);
	struct str mode_text = doc_text(value, "mode");
	int64_t mode = 0644;
	if (mode_text.p && !str_to_int(mode_text, 8, &mode))
		return doc_err(source, value, err, "mode: octal digits in quotes are needed here");
	int r = make_parents(at, path);
	if (r == 0 && value->type == DOC_STRING) {
		r = write_file(at, name, doc_string(value), 0644);
	} else if (r == 0 && value->type == DOC_MAP) {
		struct str link = doc_text(value, "link");
		struct str text = doc_text(value, "text");
		if (link.p)
			r = symlinkat(arena_cstr(arena, link), at, name) < 0 ? -errno : 0;
		else if (text.p)
			r = write_file(at, name, text, (mode_t)mode);
		else /* a directory */
			r = mkdirat(at, name, 0755) < 0 && errno != EEXIST ? -errno
			  : fchmodat(at, name, mode_text.p ? (mode_t)mode : 0755, 0) < 0 ? -errno : 0;
	} else if (r == 0) {
		return doc_err(source, value, err, "text, or a map with text, mode or link, is needed here");
	}
	return r < 0 ? doc_err(source, key, err, "cannot make '%s': %s", name, err_words(r)) : 0;
}

static int tree_make(struct arena *arena, const char *path, const struct source *source,
                     const struct doc *files, struct err *err)
{
	CLEANUP(fd_close_p) int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0 || mkdirat(at, "etc", 0755) < 0)
		return err_errno(err, -errno, "cannot use '%s'", path);
	int r = write_file(at, "etc/os-release",
	                   STR("ID=debian\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"
	                       "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"), 0644);
	if (r < 0)
		return err_errno(err, r, "cannot write below '%s'", path);
	if (files && files->type != DOC_MAP)
		return doc_err(source, files, err, "files: a map of paths and texts is needed here");
	for (size_t i = 0; files && i < files->n; i++) {
		r = tree_add(arena, at, source, doc_key(files, i), doc_value(files, i), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- given tables ---- */

static int cell_of(const struct source *source, const struct column *column, const struct doc *value,
                   struct cell *out, struct err *err)
{
	*out = (struct cell){ 0 };
	if (value->type == DOC_NULL)
		return 0;
	if (column->type == TEXT && value->type == DOC_STRING)
		*out = cell_text(doc_string(value));
	else if (column->type == INT && value->type == DOC_INT)
		*out = cell_int(value->integer);
	else if (column->type == INT && value->type == DOC_BOOL)
		*out = cell_int(value->boolean);
	else if (column->type == REAL && value->type == DOC_REAL)
		*out = cell_real(value->real);
	else if (column->type == REAL && value->type == DOC_INT)
		*out = cell_real((double)value->integer);
	else
		return doc_err(source, value, err, "column %s is %s", column->name,
		               column->type == TEXT ? "text (quote it)" : "a number");
	return 0;
}

static int table_give(struct arena *arena, struct facts *facts, const struct source *source,
                      const struct doc *name, const struct doc *rows, struct err *err)
{
	const struct table *table = table_find(doc_string(name));
	if (!table)
		return doc_err(source, name, err, "no table '%.*s'", STR_ARG(doc_string(name)));
	if (rows->type != DOC_ARRAY)
		return doc_err(source, rows, err, "a list of rows is needed here; [] for none");
	size_t width = table_width(table);
	struct cell *cells = ARENA_ARRAY(arena, struct cell, rows->n * width + 1);
	for (size_t i = 0; i < rows->n; i++) {
		const struct doc *row = &rows->items[i];
		if (row->type != DOC_MAP)
			return doc_err(source, row, err, "a map of columns and values is needed here");
		for (size_t j = 0; j < row->n; j++) {
			size_t column = 0;
			while (column < width && !str_is(doc_string(doc_key(row, j)), table->columns[column].name))
				column++;
			if (column == width)
				return doc_err(source, doc_key(row, j), err, "table %s has no column '%.*s'",
				               table->name, STR_ARG(doc_string(doc_key(row, j))));
			int r = cell_of(source, &table->columns[column], doc_value(row, j),
			                &cells[i * width + column], err);
			if (r < 0)
				return r;
		}
	}
	facts_give(facts, table, cells, rows->n, COVERAGE_COMPLETE, (struct note){ 0 });
	return 0;
}

static int params_set(struct facts *facts, const struct source *source, const struct doc *params, struct err *err)
{
	if (!params)
		return 0;
	if (params->type != DOC_MAP)
		return doc_err(source, params, err, "params: a map of names and values is needed here");
	for (size_t i = 0; i < params->n; i++) {
		const struct doc *value = doc_value(params, i);
		struct str name = doc_string(doc_key(params, i));
		facts_param_drop(facts, name);
		if (value->type == DOC_ARRAY)
			for (size_t j = 0; j < value->n; j++)
				facts_param(facts, name, cell_from_doc(&value->items[j]), STR("fixture"));
		else
			facts_param(facts, name, cell_from_doc(value), STR("fixture"));
	}
	return 0;
}

/* ---- one case ---- */

struct trial {
	struct arena *arena;
	const struct source *source;
	const struct check *check;
	const struct fixture *fixture;
	const struct fixture_case *one;
	const struct root *root;
};

/* Judge the case; `hidden` (or NULL) is made unavailable. */
static int trial_judge(const struct trial *trial, const struct table *hidden, struct verdict *out, struct err *err)
{
	const struct facts_options options = { .deep = true };
	const struct checks only = { .p = (struct check *)trial->check, .n = 1 };
	CLEANUP(facts_free_p) struct facts *facts = facts_new(trial->root, &options);
	CLEANUP(query_close_p) struct query *query = NULL;
	CLEANUP(question_done) struct question question = { 0 };
	if (trial->one->now)
		facts_set_now(facts, trial->one->now);
	int r = profile_apply(facts, &only, NULL, NULL, err);
	if (r == 0)
		r = params_set(facts, trial->source, trial->fixture->params, err);
	const struct doc *given = trial->one->tables;
	if (r == 0 && given && given->type != DOC_MAP)
		r = doc_err(trial->source, given, err, "tables: a map of tables and rows is needed here");
	for (size_t i = 0; r == 0 && given && i < given->n; i++)
		r = table_give(trial->arena, facts, trial->source, doc_key(given, i), doc_value(given, i), err);
	for (size_t i = 0; r == 0 && i < trial->one->unseen.n; i++) {
		const struct table *table = table_find(trial->one->unseen.p[i]);
		if (!table)
			r = doc_err(trial->source, trial->one->node, err, "no table '%.*s'",
			            STR_ARG(trial->one->unseen.p[i]));
		else
			facts_give(facts, table, NULL, 0, COVERAGE_UNAVAILABLE, NOTE("hidden by the fixture"));
	}
	if (r == 0 && hidden)
		facts_give(facts, hidden, NULL, 0, COVERAGE_UNAVAILABLE, NOTE("hidden by the fixture"));
	if (r == 0)
		r = query_open(facts, NULL, &query, err);
	if (r == 0)
		r = question_prepare(query, trial->check, &question, err);
	if (r == 0)
		r = verdict_judge(trial->arena, facts, &question, out, err);
	/* Reasons that a person reads below outlive the facts. */
	if (r == 0)
		out->reason = note_copy(trial->arena, out->reason);
	return r;
}

typedef VEC(struct str) problems_list;

static void complain(const struct trial *trial, problems_list *problems, struct str what)
{
	unsigned line, column;
	doc_where(trial->source, trial->one->node, &line, &column);
	vec_push_in(trial->arena, problems,
	            arena_printf(trial->arena, "%s:%u:%u: %.*s: %.*s", trial->source->name, line, column,
	                         STR_ARG(trial->check->id), STR_ARG(what)));
}

static int trial_run(const struct trial *trial, enum verdict_value expected, problems_list *problems, struct err *err)
{
	struct verdict verdict;
	int r = trial_judge(trial, NULL, &verdict, err);
	if (r < 0)
		return r;
	if (verdict.value != expected) {
		struct str why = note_text(trial->arena, LANG_EN, &verdict.reason);
		complain(trial, problems,
		         arena_printf(trial->arena, "expected %s, got %s%s%s%s%.*s %.*s", verdict_names[expected],
		                      verdict_names[verdict.value], why.n ? ": " : "",
		                      verdict.unseen ? verdict.unseen->name : "", verdict.unseen ? ": " : "",
		                      STR_ARG(why), STR_ARG(verdict.evidence_json)));
		return 0;
	}
	if (trial->one->evidence && (size_t)trial->one->evidence != verdict.evidence.found)
		complain(trial, problems, arena_printf(trial->arena, "expected %lld rows of evidence, got %zu: %.*s",
		                                       (long long)trial->one->evidence, verdict.evidence.found,
		                                       STR_ARG(verdict.evidence_json)));
	for (size_t i = 0; expected == VERDICT_PASS && i < verdict.table_count; i++) {
		const struct table *hidden = verdict.tables[i];
		struct verdict blind;
		if (hidden->flags & TABLE_FRESH)
			continue;
		r = trial_judge(trial, hidden, &blind, err);
		if (r < 0)
			return r;
		if (blind.value == VERDICT_PASS || blind.value == VERDICT_FAIL)
			complain(trial, problems,
			         arena_printf(trial->arena, "with table %s hidden the verdict is %s; it must be unknown%s",
			                      hidden->name, verdict_names[blind.value],
			                      blind.value == VERDICT_FAIL ? " (name the table in 'absent')" : ""));
	}
	return 0;
}

static int case_run(struct trial *trial, const struct doc *node, enum verdict_value expected,
                    problems_list *problems, struct err *err)
{
	struct fixture_case one = { 0 };
	int r = schema_decode(trial->arena, trial->source, node, &case_schema, &one, err);
	if (r < 0)
		return r;
	const char *tmp = getenv("TMPDIR");
	CLEANUP(tree_remove_p) char *path =
		(char *)arena_printf(trial->arena, "%s/ward-fixture-XXXXXX", tmp ? tmp : "/tmp").p;
	if (!mkdtemp(path))
		return err_errno(err, -errno, "cannot make '%s'", path);
	struct root root;
	r = tree_make(trial->arena, path, trial->source, one.files, err);
	if (r == 0)
		r = root_open(&root, path, err);
	if (r < 0)
		return r;
	trial->one = &one;
	trial->root = &root;
	r = trial_run(trial, expected, problems, err);
	root_close(&root);
	return r;
}

int fixture_run(struct arena *arena, const struct checks *checks, struct source *source,
                struct fixture_results *out, struct err *err)
{
	const struct doc *doc;
	struct schema_list list;
	*out = (struct fixture_results){ 0 };
	int r = yaml_parse(arena, source, &doc, err);
	if (r == 0)
		r = schema_decode_list(arena, source, doc, &fixture_schema, &list, err);
	if (r < 0)
		return r;
	out->p = ARENA_ARRAY(arena, struct fixture_result, list.n);
	for (size_t i = 0; i < list.n; i++) {
		const struct fixture *fixture = &((struct fixture *)list.p)[i];
		struct fixture_result *result = &out->p[out->n++];
		problems_list problems = { 0 };
		struct trial trial = { .arena = arena, .source = source, .fixture = fixture };
		result->check = fixture->check;
		trial.check = checks_find(checks, fixture->check);
		if (!trial.check)
			return doc_err(source, fixture->node, err, "no check '%.*s'", STR_ARG(fixture->check));
		for (int value = 0; value < VERDICT_COUNT; value++) {
			const struct doc *cases = fixture->cases[value];
			if (cases && cases->type != DOC_ARRAY)
				return doc_err(source, cases, err, "a list of cases is needed here");
			for (size_t j = 0; cases && j < cases->n; j++) {
				r = case_run(&trial, &cases->items[j], (enum verdict_value)value, &problems, err);
				if (r < 0)
					return r;
				result->cases[value]++;
			}
		}
		result->problems = (struct strings){ problems.p, problems.n };
	}
	return 0;
}
