/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/clock.h"
#include "data/json.h"
#include "report/inspection.h"

static void key_ms(struct buf *out, const char *name, int64_t ns)
{
	json_key(out, name);
	buf_printf(out, "%.3f", (double)ns / 1e6);
}

static void add_verdict(struct buf *out, struct arena *arena, const struct verdict *verdict, enum lang lang)
{
	const struct check *check = verdict->check;
	buf_puts(out, "\n  {");
	json_put(out, "id", check->id);
	json_put(out, "title", text_in(&check->title, lang));
	json_put(out, "severity", str_from(severity_names[check->severity]));
	json_put(out, "verdict", str_from(verdict_names[verdict->value]));
	json_put(out, "reason", verdict_reason(arena, lang, verdict));
	json_put_strings(out, "clauses", &check->clauses);
	json_put_strings(out, "requirements", &check->requirements);
	json_key(out, "tables");
	buf_add_char(out, '[');
	for (size_t i = 0; i < verdict->table_count; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", verdict->tables[i]->name);
	buf_add_char(out, ']');
	json_key(out, "evidence");
	buf_add(out, verdict->evidence_json);
	json_key(out, "evidence_count");
	buf_printf(out, "%zu", verdict->evidence.found);
	json_put(out, "evidence_sha256", verdict->evidence_sha256);
	key_ms(out, "ms", verdict->ns);
	buf_add_char(out, '}');
}

static void add_drift(struct buf *out, const struct drift *drift)
{
	json_key(out, "drift");
	buf_add_char(out, '{');
	json_put(out, "since", drift->since);
	json_key(out, "changes");
	buf_add_char(out, '[');
	for (size_t i = 0; i < drift->n; i++) {
		const struct drift_item *item = &drift->p[i];
		buf_puts(out, i ? ",\n  {" : "\n  {");
		json_put(out, "kind", str_from(drift_names[item->kind]));
		json_put(out, "id", item->verdict->check->id);
		json_put(out, "before", item->before < 0 ? STR("") : str_from(verdict_names[item->before]));
		json_put(out, "now", str_from(verdict_names[item->verdict->value]));
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
}

void inspection_json(struct buf *out, const struct inspection *inspection, const struct inspection_style *style)
{
	ARENA(arena);
	buf_add_char(out, '{');
	json_put(out, "ward", STR(WARD_VERSION));
	json_put(out, "host", inspection->host);
	json_put(out, "profile", inspection->office ? inspection->office->name : STR(""));
	json_put(out, "regime", inspection->regime ? inspection->regime->name : STR(""));
	json_put(out, "started", clock_format(&arena, inspection->started));
	key_ms(out, "duration_ms", inspection->ns);
	buf_printf(out, ",\n \"summary\":{\"pass\":%zu,\"fail\":%zu,\"unknown\":%zu,\"not_applicable\":%zu},\n",
	           inspection->counts[VERDICT_PASS], inspection->counts[VERDICT_FAIL],
	           inspection->counts[VERDICT_UNKNOWN], inspection->counts[VERDICT_NOT_APPLICABLE]);
	buf_puts(out, " \"verdicts\":[");
	for (size_t i = 0; i < inspection->n; i++) {
		if (i)
			buf_add_char(out, ',');
		add_verdict(out, &arena, &inspection->verdicts[i], style->lang);
	}
	buf_puts(out, "\n ],\n \"coverage\":[");
	for (size_t i = 0; i < inspection->coverage_count; i++) {
		const struct rows *rows = inspection->coverage[i].rows;
		buf_puts(out, i ? ",\n  {" : "\n  {");
		json_put(out, "table", str_from(inspection->coverage[i].table->name));
		json_put(out, "status", str_from(coverage_names[rows->coverage]));
		json_put(out, "reason", note_text(&arena, style->lang, &rows->reason));
		json_key(out, "rows");
		buf_printf(out, "%zu", rows->n);
		key_ms(out, "ms", rows->ns);
		buf_add_char(out, '}');
	}
	buf_puts(out, "\n ]");
	if (style->drift)
		add_drift(out, style->drift);
	buf_puts(out, "}\n");
}
