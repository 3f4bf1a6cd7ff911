/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/management_fixture.h"

#include "base/vec.h"
#include "data/yaml.h"
#include "register/date.h"

enum { FIXTURE_NOW = 1795500000 }; /* 2026-11-24, a Tuesday */

struct entry {
	struct str check;
	int64_t now;
	const struct doc *cases[VERDICT_COUNT], *node;
};

static const struct schema_field entry_fields[] = {
	{ "check", SCHEMA_STRING, offsetof(struct entry, check), .required = true },
	{ "now", SCHEMA_INT, offsetof(struct entry, now) },
	{ "pass", SCHEMA_ANY, offsetof(struct entry, cases[VERDICT_PASS]) },
	{ "fail", SCHEMA_ANY, offsetof(struct entry, cases[VERDICT_FAIL]) },
	{ "unknown", SCHEMA_ANY, offsetof(struct entry, cases[VERDICT_UNKNOWN]) },
	{ "not-applicable", SCHEMA_ANY, offsetof(struct entry, cases[VERDICT_NOT_APPLICABLE]) },
	{ 0 },
};
static const struct schema entry_schema = {
	.what = "a fixture",
	.fields = entry_fields,
	.size = sizeof(struct entry),
	.node_offset = offsetof(struct entry, node),
};

struct trial {
	struct arena *arena;
	const struct registers *registers;
	const struct source *source;
	const struct check *check;
	const struct entry *entry;
};

/* "=now-3600" and "=today+5" become what they say. */
static void replace_moments(struct arena *arena, struct doc *doc, int64_t now)
{
	size_t n = doc->type == DOC_MAP ? 2 * (size_t)doc->n : doc->type == DOC_ARRAY ? doc->n : 0;
	for (size_t i = 0; i < n; i++)
		replace_moments(arena, (struct doc *)&doc->items[i], now);
	struct str text = doc_string(doc);
	bool day = str_starts(text, "=today");
	if (!day && !str_starts(text, "=now"))
		return;
	struct str rest = str_slice(text, day ? 6 : 4, text.n);
	int64_t by = rest.n && rest.p[0] == '+' ? str_int_or(str_slice(rest, 1, rest.n), 0) : str_int_or(rest, 0);
	if (!day) {
		doc->type = DOC_INT;
		doc->integer = now + by;
		return;
	}
	struct str kept = date_text(arena, date_of(now) + by);
	doc->p = kept.p;
	doc->n = (uint32_t)kept.n;
}

static bool is_word(struct str key)
{
	return str_is(key, "hide") || str_is(key, "subjects");
}

static int furnish(const struct trial *trial, struct overview *overview, const struct doc *made, struct err *err)
{
	const struct doc *hidden = doc_get(made, STR("hide"));
	int r = 0;
	if (made->type != DOC_MAP)
		return doc_err(trial->source, made, err, "a map of tables is needed here");
	for (size_t i = 0; r == 0 && i < made->n; i++)
		if (!is_word(doc_string(doc_key(made, i))))
			r = overview_give(overview, trial->source, doc_key(made, i), doc_value(made, i), err);
	for (size_t i = 0; r == 0 && hidden && hidden->type == DOC_ARRAY && i < hidden->n; i++)
		r = overview_hide(overview, doc_string(&hidden->items[i]), err);
	return r;
}

/* Judge one case; `hide`: one table more that nobody could see. */
static int judge_case(const struct trial *trial, const struct doc *made, const char *hide, struct judged *out, struct err *err)
{
	CLEANUP(overview_close_p) struct overview *overview = NULL;
	const struct overview_options options = {
		.registers = trial->registers,
		.now = trial->entry->now ? trial->entry->now : FIXTURE_NOW,
		.limits.deadline_ns = 5 * (int64_t)1000000000,
	};
	const struct checks one = { .p = (struct check *)trial->check, .n = 1 };
	struct observations seen;
	int r = overview_open(&options, &overview, err);
	if (r == 0)
		r = furnish(trial, overview, made, err);
	if (r == 0 && hide)
		r = overview_hide(overview, str_from(hide), err);
	if (r == 0)
		r = management_run(trial->arena, overview, &one, NULL, NULL, &seen, err);
	if (r == 0)
		*out = seen.p[0];
	return r;
}

struct problems {
	struct str *p;
	size_t n, room;
};

static void problem(const struct trial *trial, struct problems *problems, const struct doc *node, struct str text)
{
	unsigned line, column;
	doc_where(trial->source, node, &line, &column);
	vec_push_in(trial->arena, problems,
	            arena_printf(trial->arena, "%s:%u:%u: %.*s: %.*s", trial->source->name, line, column, STR_ARG(trial->check->id), STR_ARG(text)));
}

static void compare_subjects(const struct trial *trial, const struct doc *made, const struct judged *judged, struct problems *problems)
{
	const struct doc *wanted = doc_get(made, STR("subjects"));
	if (!wanted)
		return;
	size_t matched = 0;
	BUF(got);
	for (size_t i = 0; i < judged->n; i++)
		buf_printf(&got, "%s%.*s", i ? ", " : "", STR_ARG(judged->p[i].subject));
	for (size_t i = 0; wanted->type == DOC_ARRAY && i < wanted->n; i++) {
		BUF(one);
		cell_add_plain(&one, cell_from_doc(&wanted->items[i]));
		for (size_t k = 0; k < judged->n; k++)
			matched += str_eq(buf_str(&one), judged->p[k].subject);
	}
	if (matched != wanted->n || matched != judged->n)
		problem(trial, problems, wanted, arena_printf(trial->arena, "other subjects were found: %s", buf_cstr(&got)));
}

/* The tables of hosts, and the events, that a check reads. */
static int read_tables(const struct trial *trial, const char **names, size_t *n, struct err *err)
{
	CLEANUP(overview_close_p) struct overview *overview = NULL;
	const struct overview_options options = { .registers = trial->registers };
	const struct str parts[] = { trial->check->applies, trial->check->violations };
	int r = overview_open(&options, &overview, err);
	*n = 0;
	for (size_t i = 0; r == 0 && i < COUNT(parts); i++) {
		struct overview_question question = { 0 };
		if (parts[i].p)
			r = overview_ask(overview, parts[i], &question, NULL, err);
		for (size_t k = 0; k < question.n; k++)
			names[(*n)++] = hosts_tables_at(question.hosts[k].place)->name;
		if (question.events)
			names[(*n)++] = "events";
		overview_question_done(&question);
	}
	return r;
}

static int try_hidden(const struct trial *trial, const struct doc *made, struct problems *problems, struct err *err)
{
	const char *names[40];
	size_t n;
	int r = read_tables(trial, names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct judged judged;
		r = judge_case(trial, made, names[i], &judged, err);
		if (r == 0 && judged.value != VERDICT_UNKNOWN)
			problem(trial, problems, made,
			        arena_printf(trial->arena, "without the table %s the verdict is still %s", names[i], verdict_names[judged.value]));
	}
	return r;
}

static int try_case(const struct trial *trial, const struct doc *made, int wanted, struct problems *problems, struct err *err)
{
	struct judged judged;
	int r = judge_case(trial, made, NULL, &judged, err);
	if (r < 0)
		return r;
	if ((int)judged.value != wanted)
		problem(trial, problems, made,
		        arena_printf(trial->arena, "expected %s, got %s %.*s", verdict_names[wanted], verdict_names[judged.value],
		                     STR_ARG(judged.reason.english ? note_text(trial->arena, LANG_EN, &judged.reason) : STR(""))));
	else if (wanted == VERDICT_FAIL)
		compare_subjects(trial, made, &judged, problems);
	return wanted == VERDICT_PASS ? try_hidden(trial, made, problems, err) : 0;
}

static int try_entry(const struct trial *trial, struct fixture_result *out, struct err *err)
{
	struct problems problems = { 0 };
	for (int value = 0; value < VERDICT_COUNT; value++) {
		const struct doc *cases = trial->entry->cases[value];
		if (cases && cases->type != DOC_ARRAY)
			return doc_err(trial->source, cases, err, "a list of cases is needed here");
		for (size_t i = 0; cases && i < cases->n; i++) {
			int r = try_case(trial, &cases->items[i], value, &problems, err);
			if (r < 0)
				return r;
			out->cases[value]++;
		}
	}
	out->problems = (struct strings){ problems.p, problems.n };
	return 0;
}

int management_fixture_run(struct arena *arena, const struct registers *registers, const struct checks *checks, struct source *source,
                           struct fixture_results *out, struct err *err)
{
	const struct doc *doc;
	struct schema_list list;
	int r = yaml_parse(arena, source, &doc, err);
	if (r == 0)
		r = schema_decode_list(arena, source, doc, &entry_schema, &list, err);
	if (r < 0)
		return r;
	const struct entry *entries = list.p;
	*out = (struct fixture_results){ .p = ARENA_ARRAY(arena, struct fixture_result, list.n + 1), .n = list.n };
	for (size_t i = 0; i < list.n; i++) {
		struct trial trial = { arena, registers, source, checks_find(checks, entries[i].check), &entries[i] };
		if (!trial.check)
			return doc_err(source, entries[i].node, err, "there is no check '%.*s'", STR_ARG(entries[i].check));
		replace_moments(arena, (struct doc *)entries[i].node, entries[i].now ? entries[i].now : FIXTURE_NOW);
		out->p[i].check = entries[i].check;
		r = try_entry(&trial, &out->p[i], err);
		if (r < 0)
			return err_wrap(err, r, "%.*s", STR_ARG(entries[i].check));
	}
	return 0;
}
