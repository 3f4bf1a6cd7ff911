/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/clock.h"
#include "data/json.h"
#include "report/inspection.h"

static void key(struct buf *out, const char *name)
{
	if (out->n && out->p[out->n - 1] != '{')
		buf_add_char(out, ',');
	buf_printf(out, "\"%s\":", name);
}

static void key_string(struct buf *out, const char *name, struct str value)
{
	key(out, name);
	json_add_string(out, value);
}

static void key_strings(struct buf *out, const char *name, const struct strings *list)
{
	key(out, name);
	buf_add_char(out, '[');
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			buf_add_char(out, ',');
		json_add_string(out, list->p[i]);
	}
	buf_add_char(out, ']');
}

static void key_ms(struct buf *out, const char *name, int64_t ns)
{
	key(out, name);
	buf_printf(out, "%.3f", (double)ns / 1e6);
}

static void add_verdict(struct buf *out, struct arena *arena, const struct verdict *verdict, enum lang lang)
{
	const struct check *check = verdict->check;
	buf_puts(out, "\n  {");
	key_string(out, "id", check->id);
	key_string(out, "title", text_in(&check->title, lang));
	key_string(out, "severity", str_from(severity_names[check->severity]));
	key_string(out, "verdict", str_from(verdict_names[verdict->value]));
	key_string(out, "reason", verdict_reason(arena, lang, verdict));
	key_strings(out, "clauses", &check->clauses);
	key_strings(out, "requirements", &check->requirements);
	key(out, "tables");
	buf_add_char(out, '[');
	for (size_t i = 0; i < verdict->table_count; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", verdict->tables[i]->name);
	buf_add_char(out, ']');
	key(out, "evidence");
	buf_add(out, verdict->evidence_json);
	key(out, "evidence_count");
	buf_printf(out, "%zu", verdict->evidence.found);
	key_string(out, "evidence_sha256", verdict->evidence_sha256);
	key_ms(out, "ms", verdict->ns);
	buf_add_char(out, '}');
}

static void add_drift(struct buf *out, const struct drift *drift)
{
	key(out, "drift");
	buf_add_char(out, '{');
	key_string(out, "since", drift->since);
	key(out, "changes");
	buf_add_char(out, '[');
	for (size_t i = 0; i < drift->n; i++) {
		const struct drift_item *item = &drift->p[i];
		buf_puts(out, i ? ",\n  {" : "\n  {");
		key_string(out, "kind", str_from(drift_names[item->kind]));
		key_string(out, "id", item->verdict->check->id);
		key_string(out, "before", item->before < 0 ? STR("") : str_from(verdict_names[item->before]));
		key_string(out, "now", str_from(verdict_names[item->verdict->value]));
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
}

void inspection_json(struct buf *out, const struct inspection *inspection, const struct inspection_style *style)
{
	ARENA(arena);
	buf_add_char(out, '{');
	key_string(out, "ward", STR(WARD_VERSION));
	key_string(out, "host", inspection->host);
	key_string(out, "profile", inspection->office ? inspection->office->name : STR(""));
	key_string(out, "regime", inspection->regime ? inspection->regime->name : STR(""));
	key_string(out, "started", clock_format(&arena, inspection->started));
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
		key_string(out, "table", str_from(inspection->coverage[i].table->name));
		key_string(out, "status", str_from(coverage_names[rows->coverage]));
		key_string(out, "reason", note_text(&arena, style->lang, &rows->reason));
		key(out, "rows");
		buf_printf(out, "%zu", rows->n);
		key_ms(out, "ms", rows->ns);
		buf_add_char(out, '}');
	}
	buf_puts(out, "\n ]");
	if (style->drift)
		add_drift(out, style->drift);
	buf_puts(out, "}\n");
}
