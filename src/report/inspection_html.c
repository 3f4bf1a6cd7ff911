/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The inspection as the value tree that content/reports/inspection.html is filled in with. What is
 * shown, in which order and how it looks is the template's; here are only values, grouped and counted.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/utf8.h"
#include "data/json.h"
#include "data/template.h"
#include "report/inspection.h"

struct model {
	struct buf out;
	struct arena arena;
	const struct inspection *inspection;
	const struct inspection_style *style;
	enum lang lang;
};

static void model_done(struct model *model)
{
	buf_done(&model->out);
	arena_done(&model->arena);
}

static void put_lines(struct buf *out, const char *name, struct str text)
{
	struct str line;
	json_open_list(out, name);
	for (struct str rest = text; str_line(&rest, &line);) {
		if (!str_trim(line).n)
			continue;
		json_next(out);
		json_add_string(out, str_trim(line));
	}
	buf_add_char(out, ']');
}

static void put_evidence(struct model *model, const struct verdict *verdict)
{
	enum { SHOWN = 12, SHORT = 6 };
	const struct evidence *evidence = &verdict->evidence;
	struct buf *out = &model->out;
	bool filled[64] = { false }; /* a column in which no row has a value is left out */
	for (size_t i = 0; i < evidence->rows * evidence->columns.n; i++)
		if (evidence->cells[i].p && i % evidence->columns.n < COUNT(filled))
			filled[i % evidence->columns.n] = true;
	json_open_list(out, "columns");
	for (size_t i = 0; i < evidence->columns.n && i < COUNT(filled); i++) {
		if (!filled[i])
			continue;
		json_next(out);
		json_add_string(out, column_words(model->lang, evidence->columns.p[i]));
	}
	buf_add_char(out, ']');
	json_open_list(out, "rows");
	for (size_t row = 0; row < evidence->rows && row < SHOWN; row++) {
		json_open_map(out, NULL);
		json_open_list(out, "cells");
		for (size_t i = 0; i < evidence->columns.n && i < COUNT(filled); i++) {
			if (!filled[i])
				continue;
			struct cell cell = evidence->cells[row * evidence->columns.n + i];
			json_next(out);
			json_add_string(out, evidence_words(&model->arena, model->lang, evidence->columns.p[i], cell));
		}
		buf_puts(out, "]}");
	}
	buf_add_char(out, ']');
	json_put_real(out, "found", (double)evidence->found);
	json_put_flag(out, "long", evidence->rows > SHORT); /* may be broken over pages */
	json_put_real(out, "not_shown", (double)(evidence->found - MIN(evidence->rows, (size_t)SHOWN)));
	json_put(out, "sha256", verdict->evidence_sha256);
}

static void put_verdict(struct model *model, const struct verdict *verdict)
{
	struct buf *out = &model->out;
	const struct check *check = verdict->check;
	json_put(out, "id", check->id);
	json_put(out, "title", text_in(&check->title, model->lang));
	json_put(out, "severity", str_from(severity_names[check->severity]));
	json_put(out, "severity_words", severity_words(model->lang, check->severity));
	json_put(out, "verdict", str_from(verdict_names[verdict->value]));
	json_put(out, "verdict_words", verdict_words(model->lang, verdict->value));
	json_put(out, "reason", utf8_clean(&model->arena, verdict_reason(&model->arena, model->lang, verdict)));
	bool reference;
	struct strings clauses = clauses_in_force(&model->arena, check, model->inspection->regime, &reference);
	json_put_strings(out, "clauses", &clauses);
	json_put_flag(out, "clauses_reference", reference);
}

static void put_counts(struct model *model)
{
	static const char *const names[] = { "pass", "fail", "unknown", "not_applicable" };
	const struct inspection *inspection = model->inspection;
	struct buf *out = &model->out;
	double x = 0, whole = (double)MAX(inspection->n, (size_t)1);
	for (int i = 0; i < VERDICT_COUNT; i++)
		json_put_real(out, names[i], (double)inspection->counts[i]);
	json_put_real(out, "total", (double)inspection->n);
	/* Bars 100 units wide. */
	static const enum verdict_value order[] = { VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_PASS, VERDICT_NOT_APPLICABLE };
	json_open_list(out, "verdict_bar");
	for (size_t i = 0; i < COUNT(order); i++) {
		double width = (double)inspection->counts[order[i]] * 100 / whole;
		json_open_map(out, NULL);
		json_put(out, "verdict", str_from(verdict_names[order[i]]));
		json_put(out, "words", verdict_words(model->lang, order[i]));
		json_put_real(out, "n", (double)inspection->counts[order[i]]);
		json_put_real(out, "x", x);
		json_put_real(out, "width", width);
		buf_add_char(out, '}');
		x += width;
	}
	buf_add_char(out, ']');
	size_t by_severity[SEVERITY_COUNT] = { 0 }, largest = 1;
	for (size_t i = 0; i < inspection->n; i++)
		if (inspection->verdicts[i].value == VERDICT_FAIL)
			by_severity[inspection->verdicts[i].check->severity]++;
	for (size_t i = 0; i < SEVERITY_COUNT; i++)
		largest = MAX(largest, by_severity[i]);
	json_open_list(out, "severity_bars");
	for (int i = 0; i < SEVERITY_COUNT; i++) {
		json_open_map(out, NULL);
		json_put(out, "severity", str_from(severity_names[i]));
		json_put(out, "words", severity_words(model->lang, i));
		json_put_real(out, "n", (double)by_severity[i]);
		json_put_real(out, "y", i * 18);
		json_put_real(out, "text_y", i * 18 + 12);
		json_put_real(out, "width", (double)by_severity[i] * 150 / (double)largest);
		json_put_real(out, "text_x", 106 + (double)by_severity[i] * 150 / (double)largest);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void put_findings(struct model *model)
{
	size_t n;
	const struct verdict **failed = inspection_failed(&model->arena, model->inspection, &n);
	struct buf *out = &model->out;
	json_open_list(out, "findings");
	for (size_t i = 0; i < n; i++) {
		json_open_map(out, NULL);
		json_put_real(out, "number", (double)i + 1);
		put_verdict(model, failed[i]);
		put_lines(out, "why", text_in(&failed[i]->check->why, model->lang));
		put_lines(out, "remedy", text_in(&failed[i]->check->remedy, model->lang));
		put_evidence(model, failed[i]);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

/* Verdicts of one value, together by their reason, in the order in which the reasons come up. */
static void put_by_reason(struct model *model, const char *name, enum verdict_value value)
{
	const struct inspection *inspection = model->inspection;
	struct map seen = { .arena = &model->arena };
	struct buf *out = &model->out;
	json_open_list(out, name);
	for (size_t i = 0; i < inspection->n; i++) {
		if (inspection->verdicts[i].value != value)
			continue;
		struct str reason = verdict_reason(&model->arena, model->lang, &inspection->verdicts[i]);
		void **slot = map_put(&seen, reason);
		if (*slot)
			continue;
		*slot = model;
		json_open_map(out, NULL);
		json_put(out, "why", utf8_clean(&model->arena, reason));
		json_open_list(out, "checks");
		for (size_t j = i; j < inspection->n; j++) {
			const struct verdict *verdict = &inspection->verdicts[j];
			if (verdict->value != value ||
			    !str_eq(verdict_reason(&model->arena, model->lang, verdict), reason))
				continue;
			json_open_map(out, NULL);
			put_verdict(model, verdict);
			buf_add_char(out, '}');
		}
		buf_puts(out, "]}");
	}
	buf_add_char(out, ']');
}

/* A clause that checks name; `reference`: it belongs to another standard or level than the regime's. */
struct clause {
	struct str name;
	bool reference;
};

/* Those in force first; "8.1.4.2" before "8.1.4.10". */
static int by_number(const void *a, const void *b)
{
	const struct clause *left = a, *right = b;
	if (left->reference != right->reference)
		return left->reference - right->reference;
	struct str x = left->name, y = right->name;
	size_t i = 0, j = 0;
	while (i < x.n && j < y.n) {
		unsigned long m = 0, n = 0;
		size_t from = i;
		for (; i < x.n && x.p[i] >= '0' && x.p[i] <= '9' && m < 100000; i++)
			m = m * 10 + (unsigned)(x.p[i] - '0');
		bool number = i > from;
		for (; j < y.n && y.p[j] >= '0' && y.p[j] <= '9' && n < 100000; j++)
			n = n * 10 + (unsigned)(y.p[j] - '0');
		if (number && m != n)
			return m < n ? -1 : 1;
		if (number)
			continue;
		if (x.p[i] != y.p[j])
			return (unsigned char)x.p[i] < (unsigned char)y.p[j] ? -1 : 1;
		i++;
		j++;
	}
	return str_compare(x, y);
}

static struct clause *clauses_named(struct model *model, size_t *n)
{
	const struct inspection *inspection = model->inspection;
	struct map seen = { .arena = &model->arena };
	size_t most = 1;
	for (size_t i = 0; i < inspection->n; i++)
		most += inspection->verdicts[i].check->clauses.n;
	struct clause *clauses = ARENA_ARRAY(&model->arena, struct clause, most);
	*n = 0;
	for (size_t i = 0; i < inspection->n; i++) {
		bool reference;
		struct strings list = clauses_in_force(&model->arena, inspection->verdicts[i].check, inspection->regime,
		                                       &reference);
		for (size_t j = 0; j < list.n; j++) {
			void **slot = map_put(&seen, list.p[j]);
			if (!*slot)
				clauses[(*n)++] = (struct clause){ list.p[j], reference };
			*slot = model;
		}
	}
	if (*n)
		qsort(clauses, *n, sizeof(*clauses), by_number);
	return clauses;
}

/* What a clause of GB/T 22239 is about, by the number of its control ("clause 8.1.4.2" in the catalogue). */
static struct str clause_about(enum lang lang, struct str clause)
{
	static const char standard[] = "GB/T 22239-2019 ";
	ARENA(scratch);
	if (!str_starts(clause, standard))
		return STR("");
	struct str number = str_slice(clause, sizeof(standard) - 1, clause.n);
	size_t n = 0;
	while (n < number.n && number.p[n] != ' ')
		n++;
	struct str key = arena_printf(&scratch, "clause %.*s", (int)n, number.p);
	struct str words = tr_str(lang, key);
	return words.p == key.p ? STR("") : words;
}

/* Every clause with its checks: the matrix. Empty when none is in force. */
static void put_clauses(struct model *model)
{
	const struct inspection *inspection = model->inspection;
	struct buf *out = &model->out;
	size_t n;
	const struct clause *clauses = clauses_named(model, &n);
	struct strings *named = ARENA_ARRAY(&model->arena, struct strings, inspection->n);
	for (size_t i = 0; i < inspection->n; i++)
		named[i] = clauses_in_force(&model->arena, inspection->verdicts[i].check, inspection->regime, NULL);
	json_open_list(out, "clause_matrix");
	for (size_t i = 0; i < n && !clauses[0].reference; i++) {
		json_open_map(out, NULL);
		json_put(out, "clause", clauses[i].name);
		json_put(out, "about", clause_about(model->lang, clauses[i].name));
		json_put_flag(out, "reference", clauses[i].reference);
		json_open_list(out, "checks");
		for (size_t j = 0; j < inspection->n; j++) {
			const struct strings *list = &named[j];
			bool here = false;
			for (size_t k = 0; k < list->n; k++)
				here |= str_eq(list->p[k], clauses[i].name);
			if (!here)
				continue;
			json_open_map(out, NULL);
			put_verdict(model, &inspection->verdicts[j]);
			buf_add_char(out, '}');
		}
		buf_puts(out, "]}");
	}
	buf_add_char(out, ']');
}

/* What the figures say, in sentences. */
static void put_statement(struct model *model)
{
	const struct inspection *inspection = model->inspection;
	struct arena *arena = &model->arena;
	size_t n, in_force = 0, by_severity[SEVERITY_COUNT] = { 0 };
	const struct clause *clauses = clauses_named(model, &n);
	for (size_t i = 0; i < n; i++)
		in_force += !clauses[i].reference;
	for (size_t i = 0; i < inspection->n; i++)
		if (inspection->verdicts[i].value == VERDICT_FAIL)
			by_severity[inspection->verdicts[i].check->severity]++;
	struct str total = arena_printf(arena, "%zu", inspection->n);
	struct str regime = inspection->regime ? text_in(&inspection->regime->title, model->lang) : STR("");
	struct str counts[VERDICT_COUNT], failed[SEVERITY_COUNT];
	for (int i = 0; i < VERDICT_COUNT; i++)
		counts[i] = arena_printf(arena, "%zu", inspection->counts[i]);
	for (int i = 0; i < SEVERITY_COUNT; i++)
		failed[i] = arena_printf(arena, "%zu", by_severity[i]);
	struct note made = in_force ? NOTE("{} checks were made of {} by the rules of {}; they touch {} clauses.", total,
	                                   inspection->host, regime, arena_printf(arena, "%zu", in_force))
	                            : NOTE("{} checks were made of {} by the rules of {}.", total, inspection->host, regime);
	struct note found = NOTE("{} comply, {} do not comply, {} could not be judged, {} do not apply.", counts[VERDICT_PASS],
	                         counts[VERDICT_FAIL], counts[VERDICT_UNKNOWN], counts[VERDICT_NOT_APPLICABLE]);
	struct note grave = NOTE("Of those that do not comply, {} are critical, {} high, {} medium and {} low.",
	                         failed[SEVERITY_CRITICAL], failed[SEVERITY_HIGH], failed[SEVERITY_MEDIUM], failed[SEVERITY_LOW]);
	struct buf *out = &model->out;
	const struct note *notes[] = { &made, &found, inspection->counts[VERDICT_FAIL] ? &grave : NULL };
	BUF(joined);
	for (size_t i = 0; i < COUNT(notes); i++) {
		if (!notes[i])
			continue;
		if (i && model->lang != LANG_ZH)
			buf_add_char(&joined, ' ');
		buf_add(&joined, note_text(arena, model->lang, notes[i]));
	}
	json_put(out, "statement", utf8_clean(arena, buf_str(&joined)));
}

static void put_coverage(struct model *model)
{
	static const char *const words[] = {
		[COVERAGE_COMPLETE] = TR("seen whole"),
		[COVERAGE_PARTIAL] = TR("seen in part"),
		[COVERAGE_UNAVAILABLE] = TR("not seen"),
	};
	struct buf *out = &model->out;
	json_open_list(out, "coverage");
	for (size_t i = 0; i < model->inspection->coverage_count; i++) {
		const struct inspection_coverage *coverage = &model->inspection->coverage[i];
		const struct rows *rows = coverage->rows;
		json_open_map(out, NULL);
		json_put(out, "table", str_from(coverage->table->name));
		json_put(out, "status", str_from(coverage_names[rows->coverage]));
		json_put(out, "words", tr(model->lang, words[rows->coverage]));
		json_put(out, "reason", utf8_clean(&model->arena, note_text(&model->arena, model->lang, &rows->reason)));
		json_put_real(out, "rows", (double)rows->n);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static struct str value_words(struct arena *arena, const struct doc *value)
{
	BUF(out);
	if (value->type != DOC_ARRAY)
		cell_add_plain(&out, cell_from_doc(value));
	for (size_t i = 0; value->type == DOC_ARRAY && i < value->n; i++) {
		if (i)
			buf_puts(&out, ", ");
		cell_add_plain(&out, cell_from_doc(&value->items[i]));
	}
	return arena_str(arena, buf_str(&out));
}

/* "threshold NAME" in the catalogue; empty where it has none. */
static struct str threshold_words(struct model *model, struct str name)
{
	struct str key = arena_printf(&model->arena, "threshold %.*s", STR_ARG(name));
	struct str words = tr_str(model->lang, key);
	return words.p == key.p ? STR("") : words;
}

/* What the profiles set, with where it comes from. */
static void put_thresholds(struct model *model)
{
	const struct profile *profiles[] = { model->inspection->regime, model->inspection->office };
	struct buf *out = &model->out;
	json_open_list(out, "thresholds");
	for (size_t i = 0; i < COUNT(profiles); i++) {
		const struct threshold *threshold = profiles[i] ? profiles[i]->params.p : NULL;
		for (size_t j = 0; profiles[i] && j < profiles[i]->params.n; j++, threshold++) {
			json_open_map(out, NULL);
			json_put(out, "name", threshold->name);
			json_put(out, "words", threshold_words(model, threshold->name));
			json_put(out, "value", value_words(&model->arena, threshold->value));
			json_put(out, "source", tr_str(model->lang, threshold->source));
			json_put(out, "effective_from", threshold->effective_from.p ? threshold->effective_from : STR(""));
			json_put_flag(out, "verified", threshold->verified);
			buf_add_char(out, '}');
		}
	}
	buf_add_char(out, ']');
}

static void put_drift(struct model *model)
{
	static const char *const words[] = { TR("new"), TR("fixed"), TR("changed") };
	const struct drift *drift = model->style->drift;
	struct buf *out = &model->out;
	if (!drift) {
		buf_puts(out, ",\"drift\":false");
		return;
	}
	json_key(out, "drift");
	buf_add_char(out, '{');
	json_put(out, "since", drift->since);
	json_open_list(out, "changes");
	for (size_t i = 0; i < drift->n; i++) {
		const struct drift_item *item = &drift->p[i];
		json_open_map(out, NULL);
		json_put(out, "kind", str_from(drift_names[item->kind]));
		json_put(out, "words", tr(model->lang, words[item->kind]));
		json_put(out, "before", item->before < 0 ? STR("–") : verdict_words(model->lang, (enum verdict_value)item->before));
		put_verdict(model, item->verdict);
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
}

static void put_all(struct model *model)
{
	struct buf *out = &model->out;
	json_open_list(out, "all");
	for (size_t i = 0; i < model->inspection->n; i++) {
		json_open_map(out, NULL);
		json_put_real(out, "number", (double)i + 1);
		put_verdict(model, &model->inspection->verdicts[i]);
		json_put_real(out, "found", (double)model->inspection->verdicts[i].evidence.found);
		json_put(out, "sha256", model->inspection->verdicts[i].evidence_sha256);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

int inspection_html(struct buf *out, const struct inspection *inspection, const struct inspection_style *style,
                    const struct content *content, struct err *err)
{
	CLEANUP(model_done) struct model model = { .inspection = inspection, .style = style, .lang = style->lang };
	struct source page, source = { .name = "the report's values" };
	const struct doc *values;
	struct buf *json = &model.out;
	buf_add_char(json, '{');
	json_put(json, "lang", str_from(lang_names[style->lang]));
	json_put_flag(json, "vietnamese", style->lang == LANG_VI); /* its documents have a head of their own */
	json_put(json, "ward", STR(WARD_VERSION));
	json_put(json, "host", inspection->host);
	json_put(json, "root", inspection->root);
	json_put(json, "started", clock_format_local(&model.arena, inspection->started));
	json_put(json, "profile", inspection->office ? text_in(&inspection->office->title, style->lang) : STR(""));
	json_put(json, "regime", inspection->regime ? text_in(&inspection->regime->title, style->lang) : STR(""));
	json_put(json, "basis", inspection->regime && inspection->regime->basis.p ? inspection->regime->basis : STR(""));
	put_counts(&model);
	put_statement(&model);
	put_findings(&model);
	put_by_reason(&model, "unseen", VERDICT_UNKNOWN);
	put_by_reason(&model, "elsewhere", VERDICT_NOT_APPLICABLE);
	put_clauses(&model);
	put_coverage(&model);
	put_thresholds(&model);
	put_drift(&model);
	put_all(&model);
	buf_add_char(json, '}');
	source.text = buf_str(json);
	int r = json_parse(&model.arena, &source, &values, err);
	if (r == 0)
		r = content_read(&model.arena, content, "reports/inspection.html", &page, err);
	if (r == 0)
		r = template_render(out, &page, values, style->lang, err);
	return r;
}
