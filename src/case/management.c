/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/management.h"

#include "base/clock.h"
#include "base/vec.h"
#include "crypto/digest.h"

int management_load(struct arena *arena, const struct content *content, struct checks *out, struct err *err)
{
	return checks_load_folder(arena, content, "management/", out, err);
}

/* ---- asking ---- */

struct ask {
	struct overview_question applies, violations;
	int org, subject, host; /* columns of violations; host -1: none */
	struct err problem;     /* text "": none */
};

static int part_err(const struct check *check, const char *part, struct err *err)
{
	struct err why = *err;
	const struct doc *node = doc_get(check->node, str_from(part));
	return doc_err(check->source, node ? node : check->node, err, "check %.*s: %s: %s", STR_ARG(check->id), part, why.text);
}

static int ask_part(struct overview *overview, const struct check *check, const char *part, struct str sql, struct overview_question *out,
                    struct err *err)
{
	struct str rest;
	int r = overview_ask(overview, sql, out, &rest, err);
	if (r == 0 && !out->statement)
		r = err_set(err, -EINVAL, "there is no statement");
	if (r == 0 && str_trim(rest).n)
		r = err_set(err, -EINVAL, "one statement is enough");
	return r < 0 ? part_err(check, part, err) : 0;
}

static int column_at(const struct statement *statement, const char *name)
{
	for (size_t i = 0; i < statement_width(statement); i++)
		if (strcmp(statement_column(statement, i), name) == 0)
			return (int)i;
	return -1;
}

static int ask(struct overview *overview, const struct check *check, struct ask *out, struct err *err)
{
	int r = 0;
	*out = (struct ask){ 0 };
	if (check->applies.p)
		r = ask_part(overview, check, "applies", check->applies, &out->applies, err);
	if (r == 0)
		r = ask_part(overview, check, "violations", check->violations, &out->violations, err);
	if (r < 0)
		return r;
	out->org = column_at(out->violations.statement, "org");
	out->subject = column_at(out->violations.statement, "subject");
	out->host = column_at(out->violations.statement, "host");
	if (out->org < 0 || out->subject < 0) {
		err_set(err, -EINVAL, "the columns org and subject are needed");
		return part_err(check, "violations", err);
	}
	return 0;
}

static void ask_done(struct ask *ask)
{
	overview_question_done(&ask->applies);
	overview_question_done(&ask->violations);
}

/* What is in force: NULL profiles leave the checks' own defaults. */
struct in_force {
	const struct profile *regime, *office;
};

static int bind(const struct check *check, const char *part, struct in_force in_force, struct statement *statement, struct err *err)
{
	const char *name;
	for (size_t i = 1; (name = statement_parameter(statement, i)); i++) {
		struct str key = str_from(name[0] == ':' ? name + 1 : name);
		const struct doc *own = doc_get(check->params, key);
		const struct threshold *set = profile_threshold_of(in_force.regime, in_force.office, check->id, key);
		if (!own) {
			err_set(err, -EINVAL, "'%s' is not among the check's params", name);
			return part_err(check, part, err);
		}
		int r = statement_bind(statement, i, cell_from_doc(set ? set->value : own), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int management_lint(struct overview *overview, const struct check *check, struct err *err)
{
	const struct in_force defaults = { 0 };
	struct ask asked;
	int r = ask(overview, check, &asked, err);
	if (r == 0 && asked.applies.statement)
		r = bind(check, "applies", defaults, asked.applies.statement, err);
	if (r == 0)
		r = bind(check, "violations", defaults, asked.violations.statement, err);
	ask_done(&asked);
	return r;
}

static void names_add(struct strings *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_is(names->p[i], name))
			return;
	names->p[names->n++] = str_from(name);
}

struct strings management_tables(struct arena *arena, struct overview *overview, const struct check *check)
{
	struct ask asked;
	struct err none = { "" };
	enum { MOST = COUNT(asked.applies.books) + COUNT(asked.applies.hosts) + 1 };
	struct strings out = { ARENA_ARRAY(arena, struct str, 2 * MOST), 0 };
	bool good = ask(overview, check, &asked, &none) == 0;
	const struct overview_question *const parts[] = { &asked.applies, &asked.violations };
	for (size_t i = 0; good && i < COUNT(parts); i++) {
		for (size_t k = 0; k < parts[i]->book_count; k++)
			names_add(&out, parts[i]->books[k]);
		for (size_t k = 0; k < parts[i]->n; k++)
			names_add(&out, hosts_tables_at(parts[i]->hosts[k].place)->name);
		if (parts[i]->events)
			names_add(&out, "events");
	}
	ask_done(&asked);
	return out;
}

/* ---- what it finds ---- */

struct found {
	struct observed observed;
	struct buf json;
};

struct finds {
	struct arena *arena;
	struct map by_key;
	VEC(struct found *) p;
	bool more;
};

static void finds_done(struct finds *finds)
{
	for (size_t i = 0; i < finds->p.n; i++)
		buf_done(&finds->p.p[i]->json);
	vec_done(&finds->p);
}

static struct str text_of(struct arena *arena, struct cell cell)
{
	BUF(text);
	cell_add_plain(&text, cell);
	return arena_str(arena, buf_str(&text));
}

static void row_add(struct buf *out, const struct statement *statement)
{
	json_open_map(out, NULL);
	for (size_t i = 0; i < statement_width(statement); i++) {
		json_next(out);
		json_add_string(out, str_from(statement_column(statement, i)));
		buf_add_char(out, ':');
		cell_add_json(out, statement_value(statement, i));
	}
	buf_add_char(out, '}');
}

static void find(struct finds *finds, const struct ask *ask)
{
	const struct statement *statement = ask->violations.statement;
	int64_t org = cell_int_or(statement_value(statement, (size_t)ask->org), 0);
	int64_t host = ask->host < 0 ? 0 : cell_int_or(statement_value(statement, (size_t)ask->host), 0);
	ARENA(scratch);
	struct str subject = text_of(&scratch, statement_value(statement, (size_t)ask->subject));
	struct str key = arena_printf(&scratch, "%lld %lld %.*s", (long long)org, (long long)host, STR_ARG(subject));
	struct found *found = map_get(&finds->by_key, key);
	if (!found && finds->p.n == MANAGEMENT_FINDINGS) {
		finds->more = true;
		return;
	}
	if (!found) {
		found = ARENA_NEW(finds->arena, struct found);
		found->observed = (struct observed){ .org = org, .host = host, .subject = arena_str(finds->arena, subject) };
		*map_put(&finds->by_key, arena_str(finds->arena, key)) = found;
		vec_push(&finds->p, found);
	}
	if (found->observed.found++ >= MANAGEMENT_ROWS)
		return;
	buf_add_char(&found->json, found->observed.rows++ ? ',' : '[');
	row_add(&found->json, statement);
}

static void seal(struct finds *finds, struct judged *judged)
{
	judged->n = finds->p.n;
	judged->p = ARENA_ARRAY(finds->arena, struct observed, finds->p.n);
	for (size_t i = 0; i < finds->p.n; i++) {
		struct found *found = finds->p.p[i];
		buf_add_char(&found->json, ']');
		found->observed.evidence_json = arena_str(finds->arena, buf_str(&found->json));
		found->observed.evidence_sha256 = digest_hex(finds->arena, DIGEST_SHA256, found->observed.evidence_json);
		judged->p[i] = found->observed;
	}
}

/* ---- judging ---- */

static void unknown(struct arena *arena, struct judged *judged, struct note why)
{
	judged->value = VERDICT_UNKNOWN;
	judged->reason = note_copy(arena, why);
}

/* 1: it applies; 0: the verdict is made. */
static int judge_applies(struct arena *arena, struct overview *overview, struct ask *ask, struct in_force in_force, struct judged *judged,
                         struct err *err)
{
	struct note why;
	if (!ask->applies.statement)
		return 1;
	int r = bind(judged->check, "applies", in_force, ask->applies.statement, err);
	if (r == 0)
		r = statement_step(ask->applies.statement, err);
	if (r != 0)
		return r;
	if (overview_saw(overview, &ask->applies, NULL, &why) != COVERAGE_COMPLETE)
		unknown(arena, judged, why);
	else
		judged->value = VERDICT_NOT_APPLICABLE;
	return 0;
}

/* A table that must have been seen whole before a missing row means anything. */
static bool absent_unseen(struct overview *overview, const struct ask *ask, const struct check *check, struct note *why)
{
	for (size_t i = 0; i < ask->violations.n; i++) {
		struct overview_question one = { .n = 1, .hosts = { { ask->violations.hosts[i].place, ask->violations.hosts[i].columns } } };
		for (size_t k = 0; k < check->absent.n; k++)
			if (str_is(check->absent.p[k], hosts_tables_at(one.hosts[0].place)->name) &&
			    overview_saw(overview, &one, NULL, why) != COVERAGE_COMPLETE)
				return true;
	}
	return false;
}

static int judge(struct arena *arena, struct overview *overview, struct ask *ask, struct in_force in_force, struct judged *judged,
                 struct err *err)
{
	CLEANUP(finds_done) struct finds finds = { .arena = arena, .by_key.arena = arena };
	struct note why;
	int r = judge_applies(arena, overview, ask, in_force, judged, err);
	if (r != 1)
		return r;
	r = bind(judged->check, "violations", in_force, ask->violations.statement, err);
	if (r < 0)
		return r;
	while ((r = statement_step(ask->violations.statement, err)) == 1)
		find(&finds, ask);
	if (r < 0 && r != -ETIME)
		return r;
	bool whole = overview_saw(overview, &ask->violations, NULL, &why) == COVERAGE_COMPLETE;
	if (r == -ETIME) {
		whole = false;
		why = NOTE("the query was stopped: {}", str_from(err->text));
	}
	if (finds.p.n && absent_unseen(overview, ask, judged->check, &why)) {
		unknown(arena, judged, why);
	} else if (finds.p.n) {
		judged->value = VERDICT_FAIL;
		judged->partial = !whole || finds.more;
		if (!whole)
			judged->reason = note_copy(arena, why);
		seal(&finds, judged);
	} else if (!whole) {
		unknown(arena, judged, why);
	} else {
		judged->value = VERDICT_PASS;
	}
	return 0;
}

static void run_one(struct arena *arena, struct overview *overview, struct ask *ask, struct in_force in_force, struct judged *judged)
{
	struct err why = ask->problem;
	int64_t start = clock_monotonic_ns();
	if (profile_skips(in_force.office, judged->check->id) || profile_skips(in_force.regime, judged->check->id)) {
		judged->value = VERDICT_NOT_APPLICABLE;
		return;
	}
	if (!why.text[0] && judge(arena, overview, ask, in_force, judged, &why) < 0) {
		judged->p = NULL;
		judged->n = 0;
		unknown(arena, judged, NOTE("the check could not be run: {}", str_from(why.text)));
	} else if (ask->problem.text[0]) {
		unknown(arena, judged, NOTE("the check could not be run: {}", str_from(why.text)));
	}
	judged->ns = clock_monotonic_ns() - start;
}

int management_run(struct arena *arena, struct overview *overview, const struct checks *checks, const struct profile *regime,
                   const struct profile *office, struct observations *out, struct err *err)
{
	ARENA(scratch);
	int r = profile_check_own(checks, regime, err);
	if (r == 0)
		r = profile_check_own(checks, office, err);
	if (r < 0)
		return r;
	struct ask *asks = ARENA_ARRAY(&scratch, struct ask, checks->n + 1);
	for (size_t i = 0; i < checks->n; i++) {
		struct err problem = { "" };
		if (ask(overview, &checks->p[i], &asks[i], &problem) < 0)
			asks[i].problem = problem;
	}
	r = overview_load(overview, err);
	*out = (struct observations){ .at = overview_now(overview), .p = ARENA_ARRAY(arena, struct judged, checks->n + 1), .n = checks->n };
	for (size_t i = 0; i < checks->n; i++) {
		out->p[i] = (struct judged){ .check = &checks->p[i], .source = OBSERVED_MANAGEMENT };
		if (r == 0)
			run_one(arena, overview, &asks[i], (struct in_force){ regime, office }, &out->p[i]);
		ask_done(&asks[i]);
	}
	return r;
}
