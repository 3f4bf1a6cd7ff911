/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/sca.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "check/sca_run.h"

enum { LINE_SHOWN = 300 /* bytes of what was found */ };

static const char *const result_words[] = { "not found", "found", "not applicable", "unknown" };

struct sca_run *sca_open(struct arena *arena, struct facts *facts, const struct sca_options *options)
{
	struct sca_run *run = ARENA_NEW(arena, struct sca_run);
	*run = (struct sca_run){
		.arena = arena,
		.facts = facts,
		.root = facts_root(facts),
		.matcher = sca_matcher_new(arena),
		.allow_commands = options->allow_commands,
		.no_native = options->allow_commands && getenv("WARD_TEST_SCA_RUN_ALL") != NULL,
		.files.arena = arena,
		.commands.arena = arena,
	};
	return run;
}

void sca_close(struct sca_run *run)
{
	if (run)
		sca_matcher_free(run->matcher);
}

void sca_close_p(struct sca_run **run)
{
	sca_close(*run);
}

/* ---- rules to a result ---- */

struct tally {
	bool decided, passes;
	const struct sca_outcome *unknown, *invalid; /* the first of each */
};

static bool decides(enum sca_condition condition, enum sca_result result)
{
	return condition == SCA_ALL ? result == SCA_NOT_FOUND : result == SCA_FOUND;
}

/* All rules up to the one that decides; outcomes[] has one for each that was asked. */
static struct tally rules_judge(struct sca_run *run, struct sca_check *check, struct sca_outcome *outcomes,
                                size_t *asked)
{
	struct tally tally = { .passes = check->condition != SCA_ANY };
	for (*asked = 0; *asked < check->n && !tally.decided; ++*asked) {
		struct sca_outcome *one = &outcomes[*asked];
		*one = sca_rule_judge(run, &check->rules[*asked], check->dialect);
		if (one->result == SCA_UNKNOWN && !tally.unknown)
			tally.unknown = one;
		if (one->result == SCA_INVALID && !tally.invalid)
			tally.invalid = one;
		if (decides(check->condition, one->result)) {
			tally.decided = true;
			tally.passes = check->condition == SCA_ANY;
		}
	}
	return tally;
}

enum verdict_value sca_requirements(struct sca_run *run, struct sca_policy *policy, struct note *why)
{
	size_t asked;
	*why = (struct note){ 0 };
	if (!facts_is_system(run->facts)) {
		*why = NOTE("{} holds no Linux system", str_from(run->root->path));
		return VERDICT_UNKNOWN;
	}
	if (policy->requirements.n == 0)
		return VERDICT_PASS;
	struct sca_outcome *outcomes = ARENA_ARRAY(run->arena, struct sca_outcome, policy->requirements.n);
	struct tally tally = rules_judge(run, &policy->requirements, outcomes, &asked);
	if (!tally.decided && tally.unknown) {
		*why = tally.unknown->reason;
		return VERDICT_UNKNOWN;
	}
	if (tally.passes && !(tally.invalid && !tally.decided))
		return VERDICT_PASS;
	*why = NOTE("the policy '{}' is not for this host: its requirements are not met",
	            policy->name.n ? policy->name : policy->id);
	return VERDICT_FAIL;
}

/* ---- the verdict ---- */

static void not_applicable(struct sca_run *run, const struct note *why, struct verdict *out)
{
	out->value = VERDICT_NOT_APPLICABLE;
	for (int lang = 0; lang < LANG_COUNT; lang++)
		out->reason_text.in[lang] = arena_str(run->arena, note_text(run->arena, (enum lang)lang, why));
}

static struct cell shown(struct sca_run *run, struct str text)
{
	if (!text.p)
		return (struct cell){ 0 };
	struct str cut = str_slice(text, 0, LINE_SHOWN);
	while (cut.n < text.n && cut.n && ((unsigned char)text.p[cut.n] & 0xc0) == 0x80)
		cut.n--;
	return cell_text(arena_str(run->arena, cut));
}

static void evidence_fill(struct sca_run *run, const struct sca_check *check, const struct sca_outcome *outcomes,
                          size_t asked, struct evidence *out)
{
	static const char *const columns[] = { "file", "line", "rule", "result", "found", "reason" };
	out->columns.n = COUNT(columns);
	out->columns.p = ARENA_ARRAY(run->arena, struct str, COUNT(columns));
	for (size_t i = 0; i < COUNT(columns); i++)
		out->columns.p[i] = str_from(columns[i]);
	out->found = asked;
	out->rows = MIN(asked, (size_t)EVIDENCE_ROWS);
	out->cells = ARENA_ARRAY(run->arena, struct cell, out->rows * COUNT(columns) + 1);
	for (size_t i = 0; i < out->rows; i++) {
		const struct sca_outcome *one = &outcomes[i];
		struct cell *cells = &out->cells[i * COUNT(columns)];
		bool said = one->reason.english && (one->result == SCA_INVALID || one->result == SCA_UNKNOWN);
		cells[0] = shown(run, one->file);
		cells[1] = one->file.p && one->number ? cell_int(one->number) : (struct cell){ 0 };
		cells[2] = shown(run, check->rules[i].text);
		cells[3] = cell_cstr(result_words[one->result]);
		cells[4] = shown(run, one->line);
		cells[5] = said ? cell_text(note_text(run->arena, LANG_EN, &one->reason)) : (struct cell){ 0 };
	}
}

static void tables_fill(struct sca_run *run, struct verdict *out)
{
	out->tables = ARENA_ARRAY(run->arena, const struct table *, run->table_count + 1);
	for (size_t i = 0; i < run->table_count; i++)
		out->tables[i] = run->tables[i];
	out->table_count = run->table_count;
}

static void check_judge(struct sca_run *run, struct sca_check *check, struct verdict *out)
{
	size_t asked;
	struct sca_outcome *outcomes = ARENA_ARRAY(run->arena, struct sca_outcome, check->n + 1);
	run->table_count = 0;
	struct tally tally = rules_judge(run, check, outcomes, &asked);
	evidence_fill(run, check, outcomes, asked, &out->evidence);
	tables_fill(run, out);
	if (tally.decided || (check->n && !tally.unknown && !tally.invalid)) {
		out->value = tally.passes ? VERDICT_PASS : VERDICT_FAIL;
	} else if (tally.unknown) {
		out->value = VERDICT_UNKNOWN;
		out->reason = note_copy(run->arena, tally.unknown->reason);
		out->unseen = tally.unknown->unseen;
	} else if (tally.invalid) {
		not_applicable(run, &tally.invalid->reason, out);
	} else {
		not_applicable(run, &NOTE("the check has no rules"), out);
	}
}

void sca_judge(struct sca_run *run, struct sca_check *check, enum verdict_value requirements, const struct note *why,
               struct verdict *out)
{
	int64_t start = clock_monotonic_ns();
	*out = (struct verdict){ .check = &check->check };
	if (check->fault.n) {
		out->value = VERDICT_UNKNOWN;
		out->reason = NOTE("the check cannot be asked: {}", check->fault);
	} else if (requirements == VERDICT_UNKNOWN) {
		out->value = VERDICT_UNKNOWN;
		out->reason = *why;
	} else if (requirements != VERDICT_PASS) {
		not_applicable(run, why, out);
	} else {
		check_judge(run, check, out);
	}
	verdict_seal(run->arena, out);
	out->ns = clock_monotonic_ns() - start;
}
