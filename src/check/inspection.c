/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/inspection.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/vec.h"

/* Of the two bytes "[]". */
#define SHA256_OF_NONE "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"

bool check_matches(const struct check *check, const struct strings *only)
{
	if (only->n == 0)
		return true;
	for (size_t i = 0; i < only->n; i++)
		if (glob_match(only->p[i], check->id) || glob_match(only->p[i], check->topic) ||
		    str_is(only->p[i], severity_names[check->severity]))
			return true;
	return false;
}

static void skip(const struct check *check, const struct profile_skip *why,
                 struct verdict *out)
{
	*out = (struct verdict){
		.check = check,
		.value = VERDICT_NOT_APPLICABLE,
		.reason_text = why->reason,
		.evidence_json = STR("[]"),
		.evidence_sha256 = STR(SHA256_OF_NONE),
	};
}

/* A check whose SQL is wrong says so in its verdict; the others go on. */
static void cannot_ask(struct arena *arena, const struct check *check, const struct err *err,
                       struct verdict *out)
{
	*out = (struct verdict){
		.check = check,
		.value = VERDICT_UNKNOWN,
		.reason = note_copy(arena, NOTE("the check cannot be asked: {}", str_from(err->text))),
		.evidence_json = STR("[]"),
		.evidence_sha256 = STR(SHA256_OF_NONE),
	};
}

/* The name the host gives itself; of another root, what its /etc/hostname says, or else where it lies. */
static struct str host_name(struct arena *arena, const struct root *root)
{
	char name[256];
	if (root->live && gethostname(name, sizeof(name)) == 0) {
		name[sizeof(name) - 1] = 0;
		return arena_str(arena, str_from(name));
	}
	BUF(text);
	if (root_read(root, "etc/hostname", 4096, &text) == 0) {
		struct str rest = buf_str(&text), line;
		while (str_line(&rest, &line))
			if (str_trim(line).n && line.p[0] != '#')
				return arena_str(arena, str_trim(line));
	}
	return root->live ? STR("unknown") : arena_str(arena, str_from(root->path));
}

static void list_coverage(struct arena *arena, struct facts *facts, struct inspection *out)
{
	size_t room = 0;
	while (tables[room])
		room++;
	out->coverage = ARENA_ARRAY(arena, struct inspection_coverage, room);
	for (size_t i = 0; tables[i]; i++) {
		const struct rows *rows = facts_taken(facts, tables[i]);
		if (rows && !(tables[i]->flags & TABLE_FRESH))
			out->coverage[out->coverage_count++] = (struct inspection_coverage){ tables[i], rows };
	}
}

static bool is_wanted(const struct inspection_options *options, const struct check *check, bool is_sca)
{
	if (!is_sca && options->sca && options->only.n == 0)
		return false;
	return check_matches(check, &options->only);
}

static size_t count_wanted(const struct inspection_options *options)
{
	size_t total = 0;
	for (size_t i = 0; i < options->checks->n; i++)
		total += is_wanted(options, &options->checks->p[i], false);
	for (size_t i = 0; options->sca && i < options->sca->n; i++)
		for (size_t j = 0; j < options->sca->p[i].n; j++)
			total += is_wanted(options, &options->sca->p[i].checks[j].check, true);
	return total;
}

static struct verdict *next_verdict(const struct inspection_options *options, const struct check *check,
                                    size_t total, struct inspection *out)
{
	if (options->progress)
		options->progress(options->progress_ctx, out->n, total, check);
	return &out->verdicts[out->n++];
}

/* A check that is to be judged: why not, or what was prepared. */
struct pending {
	const struct check *check;
	const struct profile_skip *skip;
	struct question question;
	struct err err; /* unless empty: it cannot be asked */
};

static void pending_prepare(struct query *query, const struct inspection_options *options, struct pending *pending)
{
	const struct check *check = pending->check;
	pending->skip = profile_skips(options->office, check->id);
	if (!pending->skip)
		pending->skip = profile_skips(options->regime, check->id);
	if (!pending->skip && question_prepare(query, check, &pending->question, &pending->err) == 0)
		pending->err.text[0] = 0;
}

static void pending_judge(struct arena *arena, struct facts *facts, struct pending *pending, struct verdict *verdict)
{
	if (pending->skip)
		skip(pending->check, pending->skip, verdict);
	else if (pending->err.text[0] || verdict_judge(arena, facts, &pending->question, verdict, &pending->err) < 0)
		cannot_ask(arena, pending->check, &pending->err, verdict);
	question_done(&pending->question);
}

/* All are prepared before the first is judged, so that each table is taken once with all that is wanted of it. */
static int judge_checks(struct arena *arena, struct facts *facts, const struct inspection_options *options,
                        size_t total, struct inspection *out, struct err *err)
{
	CLEANUP(query_close_p) struct query *query = NULL;
	const struct query_limits limits = { .deadline_ns = 20 * (int64_t)1000000000 };
	VEC(struct pending) all = { 0 };
	int r = query_open(facts, &limits, &query, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < options->checks->n; i++)
		if (is_wanted(options, &options->checks->p[i], false))
			vec_push(&all, { .check = &options->checks->p[i] });
	for (size_t i = 0; i < all.n; i++)
		pending_prepare(query, options, &all.p[i]);
	for (size_t i = 0; i < all.n; i++) {
		struct verdict *verdict = next_verdict(options, all.p[i].check, total, out);
		pending_judge(arena, facts, &all.p[i], verdict);
		out->counts[verdict->value]++;
	}
	vec_done(&all);
	return 0;
}

static void judge_policies(struct arena *arena, struct facts *facts, const struct inspection_options *options,
                           size_t total, struct inspection *out)
{
	CLEANUP(sca_close_p) struct sca_run *run = sca_open(arena, facts, &options->sca_options);
	for (size_t i = 0; i < options->sca->n; i++) {
		struct sca_policy *policy = &options->sca->p[i];
		struct note why;
		enum verdict_value requirements = sca_requirements(run, policy, &why);
		for (size_t j = 0; j < policy->n; j++) {
			struct sca_check *check = &policy->checks[j];
			if (!is_wanted(options, &check->check, true))
				continue;
			struct verdict *verdict = next_verdict(options, &check->check, total, out);
			sca_judge(run, check, requirements, &why, verdict);
			out->counts[verdict->value]++;
		}
	}
}

int inspection_run(struct arena *arena, struct facts *facts, const struct inspection_options *options,
                   struct inspection *out, struct err *err)
{
	int64_t start = clock_monotonic_ns();
	size_t total = count_wanted(options);
	*out = (struct inspection){
		.host = host_name(arena, facts_root(facts)),
		.root = str_from(facts_root(facts)->path),
		.regime = options->regime,
		.office = options->office,
		.started = facts_now(facts),
		.privileged = geteuid() == 0 || !facts_root(facts)->live,
		.verdicts = ARENA_ARRAY(arena, struct verdict, total + 1),
	};
	int r = profile_apply(facts, options->checks, options->regime, options->office, err);
	if (r == 0 && total == 0 && options->only.n)
		r = err_set(err, -EINVAL, "no check matches '%.*s'; `ward check list` shows them",
		            STR_ARG(options->only.p[0]));
	else if (r == 0 && total == 0)
		r = err_set(err, -EINVAL, "there is no check");
	if (r == 0)
		r = judge_checks(arena, facts, options, total, out, err);
	if (r < 0)
		return r;
	if (options->sca)
		judge_policies(arena, facts, options, total, out);
	list_coverage(arena, facts, out);
	out->ns = clock_monotonic_ns() - start;
	return 0;
}

static int by_weight(const void *a, const void *b)
{
	const struct verdict *x = *(const struct verdict *const *)a, *y = *(const struct verdict *const *)b;
	if (x->check->severity != y->check->severity)
		return x->check->severity - y->check->severity;
	if (x->evidence.found != y->evidence.found)
		return x->evidence.found > y->evidence.found ? -1 : 1;
	return x < y ? -1 : x > y;
}

const struct verdict **inspection_failed(struct arena *arena, const struct inspection *inspection, size_t *count)
{
	const struct verdict **failed = ARENA_ARRAY(arena, const struct verdict *, inspection->n + 1);
	*count = 0;
	for (size_t i = 0; i < inspection->n; i++)
		if (inspection->verdicts[i].value == VERDICT_FAIL)
			failed[(*count)++] = &inspection->verdicts[i];
	qsort(failed, *count, sizeof(*failed), by_weight);
	return failed;
}
