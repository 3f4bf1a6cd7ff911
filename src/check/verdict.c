/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/verdict.h"

#include "base/clock.h"
#include "base/vec.h"
#include "crypto/digest.h"
#include "data/json.h"

const char *const verdict_names[] = { "pass", "fail", "unknown", "not-applicable", NULL };

struct worst {
	enum coverage coverage;
	const struct table *table;
	struct note reason;
};

static int sql_err(const struct check *check, const char *part, struct err *err)
{
	struct err why = *err;
	const struct doc *node = doc_get(check->node, str_from(part));
	return doc_err(check->source, node ? node : check->node, err, "check %.*s: %s: %s", STR_ARG(check->id),
	               part, why.text);
}

static int check_prepare(struct query *query, const struct check *check, const char *part, struct str sql,
                         struct statement **out, struct err *err)
{
	struct str rest;
	int r = query_prepare(query, sql, out, &rest, err);
	if (r == 0 && !*out)
		r = err_set(err, -EINVAL, "there is no statement");
	if (r == 0 && str_trim(rest).n)
		r = err_set(err, -EINVAL, "one statement is enough");
	return r < 0 ? sql_err(check, part, err) : 0;
}

/* Bind every :name from the thresholds in force. */
static int check_bind(struct facts *facts, const struct check *check, const char *part,
                      struct statement *statement, struct err *err)
{
	size_t n;
	const struct param *params = facts_params(facts, &n);
	const char *name;
	for (size_t i = 1; (name = statement_parameter(statement, i)); i++) {
		const struct param *found = NULL;
		for (size_t j = 0; j < n && !found; j++)
			if (name[0] == ':' && str_is(params[j].key, name + 1))
				found = &params[j];
		if (!found || !doc_get(check->params, str_from(name + 1))) {
			err_set(err, -EINVAL, "'%s' is not among the check's params", name);
			return sql_err(check, part, err);
		}
		int r = statement_bind(statement, i, found->value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void worse(struct worst *worst, const struct rows *rows, uint64_t columns)
{
	struct note why;
	enum coverage coverage = rows_coverage(rows, columns, &why);
	if (coverage > worst->coverage)
		*worst = (struct worst){ coverage, rows->table, why };
}

/* How well a statement that has run could see, over all tables or those named. */
static struct worst statement_saw(const struct statement *statement, struct facts *facts, const struct strings *only)
{
	struct worst worst = { 0 };
	size_t n;
	const struct table *const *read = statement_tables(statement, &n);
	for (size_t i = 0; i < n; i++) {
		bool counts = !only;
		for (size_t j = 0; only && j < only->n; j++)
			counts |= str_is(only->p[j], read[i]->name);
		if (!counts || (read[i]->flags & TABLE_FRESH))
			continue;
		size_t part_count;
		bool asked = table_is_keyed(read[i]);
		uint64_t columns = statement_columns(statement, read[i]);
		const struct rows *const *parts = statement_parts(statement, &part_count);
		for (size_t j = 0; j < part_count; j++) {
			if (parts[j]->table != read[i])
				continue;
			worse(&worst, parts[j], columns);
			asked = true;
		}
		if (!asked)
			worse(&worst, facts_columns(facts, read[i], columns), columns);
	}
	return worst;
}

static void tables_add(struct arena *arena, struct verdict *verdict, const struct statement *statement)
{
	size_t n;
	const struct table *const *read = statement_tables(statement, &n);
	const struct table **all = ARENA_ARRAY(arena, const struct table *, verdict->table_count + n);
	size_t count = verdict->table_count;
	if (count)
		memcpy(all, verdict->tables, count * sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		bool there = false;
		for (size_t j = 0; j < count; j++)
			there |= all[j] == read[i];
		if (!there)
			all[count++] = read[i];
	}
	verdict->tables = all;
	verdict->table_count = count;
}

static void evidence_add(struct arena *arena, struct evidence *evidence, const struct statement *statement,
                         size_t *room)
{
	size_t width = evidence->columns.n;
	if (evidence->rows == *room) {
		struct cell *old = evidence->cells;
		*room = MIN(MAX(*room * 2, (size_t)4), (size_t)EVIDENCE_ROWS);
		evidence->cells = ARENA_ARRAY(arena, struct cell, *room * width);
		if (evidence->rows)
			memcpy(evidence->cells, old, evidence->rows * width * sizeof(struct cell));
	}
	for (size_t i = 0; i < width; i++) {
		struct cell cell = statement_value(statement, i);
		if (cell_is_text(cell))
			cell = cell_text(arena_str(arena, cell_str(cell)));
		evidence->cells[evidence->rows * width + i] = cell;
	}
	evidence->rows++;
}

static int evidence_collect(struct arena *arena, struct statement *statement, struct evidence *evidence,
                            struct err *err)
{
	enum { COUNT_MOST = 100000 };
	size_t room = 0;
	evidence->columns.n = statement_width(statement);
	evidence->columns.p = ARENA_ARRAY(arena, struct str, evidence->columns.n);
	for (size_t i = 0; i < evidence->columns.n; i++)
		evidence->columns.p[i] = arena_str(arena, str_from(statement_column(statement, i)));
	int r;
	while ((r = statement_step(statement, err)) == 1) {
		if (evidence->rows < EVIDENCE_ROWS)
			evidence_add(arena, evidence, statement, &room);
		if (++evidence->found == COUNT_MOST)
			return 0;
	}
	return r;
}

void verdict_seal(struct arena *arena, struct verdict *verdict)
{
	const struct evidence *evidence = &verdict->evidence;
	BUF(json);
	buf_add_char(&json, '[');
	for (size_t row = 0; row < evidence->rows; row++) {
		buf_puts(&json, row ? ",{" : "{");
		for (size_t i = 0; i < evidence->columns.n; i++) {
			if (i)
				buf_add_char(&json, ',');
			json_add_string(&json, evidence->columns.p[i]);
			buf_add_char(&json, ':');
			cell_add_json(&json, evidence->cells[row * evidence->columns.n + i]);
		}
		buf_add_char(&json, '}');
	}
	buf_add_char(&json, ']');
	verdict->evidence_json = arena_str(arena, buf_str(&json));
	verdict->evidence_sha256 = digest_hex(arena, DIGEST_SHA256, verdict->evidence_json);
}

/* A query that ran out of time saw only a part, as a table would. */
static struct note slow(const struct err *err, struct arena *arena)
{
	return note_copy(arena, NOTE("the query was stopped: {}", str_from(err->text)));
}

static void say_blind(struct verdict *verdict, const struct worst *worst)
{
	verdict->value = VERDICT_UNKNOWN;
	verdict->unseen = worst->table;
	verdict->reason = worst->reason;
}

/* 1: it applies; 0: the verdict is made. */
static int judge_applies(struct arena *arena, struct facts *facts, const struct check *check,
                         struct statement *statement, struct verdict *verdict, struct err *err)
{
	int r = check_bind(facts, check, "applies", statement, err);
	if (r < 0)
		return r;
	tables_add(arena, verdict, statement);
	r = statement_step(statement, err);
	if (r == 1)
		return 1;
	if (r == -ETIME) {
		verdict->value = VERDICT_UNKNOWN;
		verdict->reason = slow(err, arena);
		return 0;
	}
	if (r < 0)
		return sql_err(check, "applies", err);
	struct worst worst = statement_saw(statement, facts, NULL);
	if (worst.coverage != COVERAGE_COMPLETE) {
		say_blind(verdict, &worst);
		return 0;
	}
	verdict->value = VERDICT_NOT_APPLICABLE;
	verdict->reason_text = check->scope;
	return 0;
}

static int judge_violations(struct arena *arena, struct facts *facts, const struct check *check,
                            struct statement *statement, bool applies, struct verdict *verdict, struct err *err)
{
	int r = check_bind(facts, check, "violations", statement, err);
	if (r < 0)
		return r;
	tables_add(arena, verdict, statement);
	if (!applies)
		return 0;
	r = evidence_collect(arena, statement, &verdict->evidence, err);
	if (r < 0 && r != -ETIME)
		return sql_err(check, "violations", err);
	struct worst all = statement_saw(statement, facts, NULL);
	struct worst absent = statement_saw(statement, facts, &check->absent);
	if (verdict->evidence.found && absent.coverage == COVERAGE_COMPLETE) {
		verdict->value = VERDICT_FAIL;
		if (all.coverage != COVERAGE_COMPLETE || r == -ETIME)
			verdict->reason = NOTE("there may be more: not everything could be seen");
	} else if (verdict->evidence.found) {
		verdict->evidence.rows = verdict->evidence.found = 0;
		say_blind(verdict, &absent);
	} else if (r == -ETIME) {
		verdict->value = VERDICT_UNKNOWN;
		verdict->reason = slow(err, arena);
	} else if (all.coverage != COVERAGE_COMPLETE) {
		say_blind(verdict, &all);
	} else {
		verdict->value = VERDICT_PASS;
	}
	return 0;
}

int question_prepare(struct query *query, const struct check *check, struct question *out, struct err *err)
{
	int r = 0;
	*out = (struct question){ .check = check };
	if (check->applies.p)
		r = check_prepare(query, check, "applies", check->applies, &out->applies, err);
	if (r == 0)
		r = check_prepare(query, check, "violations", check->violations, &out->violations, err);
	if (r < 0)
		question_done(out);
	return r;
}

void question_done(struct question *question)
{
	statement_free(question->applies);
	statement_free(question->violations);
	question->applies = question->violations = NULL;
}

int verdict_judge(struct arena *arena, struct facts *facts, const struct question *question, struct verdict *out,
                  struct err *err)
{
	const struct check *check = question->check;
	*out = (struct verdict){ .check = check };
	int64_t start = clock_monotonic_ns();
	int applies = 1;
	if (question->applies)
		applies = judge_applies(arena, facts, check, question->applies, out, err);
	if (applies < 0)
		return applies;
	int r = judge_violations(arena, facts, check, question->violations, applies == 1, out, err);
	if (r < 0)
		return r;
	verdict_seal(arena, out);
	out->ns = clock_monotonic_ns() - start;
	return 0;
}

int verdict_tables(struct arena *arena, struct query *query, const struct check *check,
                   const struct table ***out, size_t *count, struct err *err)
{
	struct verdict verdict = { .check = check };
	const char *const parts[] = { "applies", "violations" };
	const struct str sql[] = { check->applies, check->violations };
	for (size_t i = 0; i < COUNT(parts); i++) {
		CLEANUP(statement_free_p) struct statement *statement = NULL;
		if (!sql[i].p)
			continue;
		int r = check_prepare(query, check, parts[i], sql[i], &statement, err);
		if (r < 0)
			return r;
		tables_add(arena, &verdict, statement);
	}
	*out = verdict.tables;
	*count = verdict.table_count;
	return 0;
}
