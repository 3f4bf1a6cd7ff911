/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/map.h"
#include "base/utf8.h"
#include "base/wrap.h"
#include "report/inspection.h"

enum {
	EVIDENCE_SHOWN = 5,
	INDENT = 4,
};

struct sheet {
	struct buf *out;
	struct arena arena;
	const struct inspection *inspection;
	const struct inspection_style *style;
	enum lang lang;
};

static struct str say(const struct sheet *sheet, const char *english)
{
	return tr(sheet->lang, english);
}

static const char *paint(const struct sheet *sheet, const char *code)
{
	return sheet->style->colour ? code : "";
}

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define PLAIN "\033[0m"

static const char *severity_colour(int severity)
{
	static const char *const codes[] = {
		[SEVERITY_CRITICAL] = "\033[1;35m",
		[SEVERITY_HIGH] = "\033[1;31m",
		[SEVERITY_MEDIUM] = "\033[33m",
		[SEVERITY_LOW] = "\033[36m",
	};
	return codes[severity];
}

/* Text in lines that fit the terminal, all of them indented. */
static void add_wrapped(const struct sheet *sheet, size_t indent, struct str text)
{
	wrap_spaces(sheet->out, indent);
	wrap_add(sheet->out, str_trim(text), indent, indent, sheet->style->width ? sheet->style->width : SIZE_MAX);
}

static void add_labelled(const struct sheet *sheet, const char *label, struct str text)
{
	BUF(joined);
	buf_add(&joined, say(sheet, label));
	buf_add(&joined, text);
	add_wrapped(sheet, INDENT, buf_str(&joined));
}

static void add_clauses(struct sheet *sheet, const struct check *check)
{
	BUF(joined);
	bool reference;
	struct strings clauses = clauses_in_force(&sheet->arena, check, sheet->inspection->regime, &reference);
	for (size_t i = 0; i < clauses.n; i++) {
		if (i)
			buf_puts(&joined, " · ");
		buf_add(&joined, clauses.p[i]);
	}
	add_labelled(sheet, reference ? TR("Clause for reference: ") : TR("Clause: "), buf_str(&joined));
}

static void add_finding(struct sheet *sheet, const struct verdict *verdict)
{
	const struct check *check = verdict->check;
	struct buf *out = sheet->out;
	size_t width = sheet->style->width ? sheet->style->width : SIZE_MAX;
	struct str title = text_in(&check->title, sheet->lang);
	BUF(lines);
	wrap_add(&lines, title, 2, 2, width);
	struct str shown = str_trim_right(buf_str(&lines));
	buf_printf(out, "%s✗ %.*s%s", paint(sheet, BOLD), STR_ARG(shown), paint(sheet, PLAIN));
	bool fits = str_find(shown, "\n") < 0 && 2 + utf8_width(shown) + 2 + check->id.n <= width;
	buf_printf(out, "%s%s%.*s%s\n", fits ? "  " : "\n    ", paint(sheet, DIM), STR_ARG(check->id), paint(sheet, PLAIN));
	for (size_t i = 0; i < verdict->evidence.rows && i < EVIDENCE_SHOWN; i++)
		add_wrapped(sheet, INDENT, evidence_line(&sheet->arena, sheet->lang, &verdict->evidence, i));
	if (verdict->evidence.found > EVIDENCE_SHOWN) {
		struct str more = arena_printf(&sheet->arena, "%zu", verdict->evidence.found - EVIDENCE_SHOWN);
		add_wrapped(sheet, INDENT, note_text(&sheet->arena, sheet->lang, &NOTE("… and {} more", more)));
	}
	struct str open = verdict_reason(&sheet->arena, sheet->lang, verdict);
	if (open.n)
		add_wrapped(sheet, INDENT, open);
	add_labelled(sheet, TR("Why: "), text_in(&check->why, sheet->lang));
	add_labelled(sheet, TR("Repair: "), text_in(&check->remedy, sheet->lang));
	add_clauses(sheet, check);
	buf_add_char(out, '\n');
}

static void add_failed(struct sheet *sheet)
{
	size_t n;
	const struct verdict **failed = inspection_failed(&sheet->arena, sheet->inspection, &n);
	for (size_t i = 0; i < n; i++) {
		int severity = failed[i]->check->severity;
		if (i == 0 || failed[i - 1]->check->severity != severity) {
			size_t of_kind = 0;
			for (size_t j = i; j < n && failed[j]->check->severity == severity; j++)
				of_kind++;
			buf_printf(sheet->out, "%s%.*s (%zu)%s\n\n", paint(sheet, severity_colour(severity)),
			           STR_ARG(severity_words(sheet->lang, severity)), of_kind, paint(sheet, PLAIN));
		}
		add_finding(sheet, failed[i]);
	}
}

struct reason_group {
	struct str reason;
	size_t n;
	const struct verdict **verdicts;
};

/* Unknown and not-applicable verdicts, together by their reason. */
static void add_grouped(struct sheet *sheet, enum verdict_value value, const char *heading)
{
	const struct inspection *inspection = sheet->inspection;
	struct map by_reason = { .arena = &sheet->arena };
	struct reason_group **groups = ARENA_ARRAY(&sheet->arena, struct reason_group *, inspection->n + 1);
	size_t count = 0;
	if (!inspection->counts[value])
		return;
	for (size_t i = 0; i < inspection->n; i++) {
		const struct verdict *verdict = &inspection->verdicts[i];
		if (verdict->value != value)
			continue;
		struct str reason = verdict_reason(&sheet->arena, sheet->lang, verdict);
		void **slot = map_put(&by_reason, reason);
		if (!*slot) {
			struct reason_group *group = ARENA_NEW(&sheet->arena, struct reason_group);
			group->reason = reason;
			group->verdicts = ARENA_ARRAY(&sheet->arena, const struct verdict *, inspection->n);
			*slot = groups[count++] = group;
		}
		struct reason_group *group = *slot;
		group->verdicts[group->n++] = verdict;
	}
	buf_printf(sheet->out, "%s%.*s (%zu)%s\n\n", paint(sheet, BOLD), STR_ARG(say(sheet, heading)),
	           inspection->counts[value], paint(sheet, PLAIN));
	for (size_t i = 0; i < count; i++) {
		add_wrapped(sheet, 2, utf8_clean(&sheet->arena, groups[i]->reason));
		for (size_t j = 0; j < groups[i]->n; j++)
			add_wrapped(sheet, INDENT, arena_printf(&sheet->arena, "– %.*s",
			                                        STR_ARG(text_in(&groups[i]->verdicts[j]->check->title,
			                                                        sheet->lang))));
	}
	buf_add_char(sheet->out, '\n');
}

static void add_drift(struct sheet *sheet)
{
	static const char *const headings[] = {
		[DRIFT_NEW] = TR("New since {}"),
		[DRIFT_FIXED] = TR("Fixed since {}"),
		[DRIFT_CHANGED] = TR("Changed since {}"),
	};
	const struct drift *drift = sheet->style->drift;
	if (!drift)
		return;
	if (!drift->n) {
		add_wrapped(sheet, 0, note_text(&sheet->arena, sheet->lang,
		                                &NOTE("Nothing has changed since {}.", drift->since)));
		buf_add_char(sheet->out, '\n');
		return;
	}
	for (int kind = 0; kind < DRIFT_KINDS; kind++) {
		if (!drift->counts[kind])
			continue;
		struct note heading = { .english = headings[kind], .value = { drift->since } };
		buf_printf(sheet->out, "%s%.*s (%zu)%s\n", paint(sheet, BOLD),
		           STR_ARG(note_text(&sheet->arena, sheet->lang, &heading)), drift->counts[kind],
		           paint(sheet, PLAIN));
		for (size_t i = 0; i < drift->n; i++) {
			const struct drift_item *item = &drift->p[i];
			if ((int)item->kind != kind)
				continue;
			struct str was = item->before < 0 ? STR("–")
			                                  : verdict_words(sheet->lang, (enum verdict_value)item->before);
			add_wrapped(sheet, INDENT, arena_printf(&sheet->arena, "– %.*s (%.*s → %.*s)",
			            STR_ARG(text_in(&item->verdict->check->title, sheet->lang)), STR_ARG(was),
			            STR_ARG(verdict_words(sheet->lang, item->verdict->value))));
		}
		buf_add_char(sheet->out, '\n');
	}
}

static void add_heading(struct sheet *sheet)
{
	const struct inspection *inspection = sheet->inspection;
	buf_printf(sheet->out, "%s%.*s%s\n", paint(sheet, BOLD),
	           STR_ARG(note_text(&sheet->arena, sheet->lang, &NOTE("Self-inspection of {}", inspection->host))),
	           paint(sheet, PLAIN));
	const struct profile *profiles[] = { inspection->office, inspection->regime };
	BUF(titles);
	for (size_t i = 0; i < COUNT(profiles); i++) {
		if (profiles[i] && titles.n)
			buf_puts(&titles, " · ");
		if (profiles[i])
			buf_add(&titles, text_in(&profiles[i]->title, sheet->lang));
	}
	if (titles.n)
		add_wrapped(sheet, 0, buf_str(&titles));
	buf_add_char(sheet->out, '\n');
}

static void add_summary(struct sheet *sheet)
{
	static const char *const colours[] = {
		[VERDICT_PASS] = "\033[32m",
		[VERDICT_FAIL] = "\033[1;31m",
		[VERDICT_UNKNOWN] = "\033[33m",
		[VERDICT_NOT_APPLICABLE] = DIM,
	};
	static const enum verdict_value order[] = { VERDICT_FAIL, VERDICT_PASS, VERDICT_UNKNOWN,
		                                    VERDICT_NOT_APPLICABLE };
	for (size_t i = 0; i < COUNT(order); i++)
		buf_printf(sheet->out, "%s%s%.*s %zu%s", i ? " · " : "", paint(sheet, colours[order[i]]),
		           STR_ARG(verdict_words(sheet->lang, order[i])), sheet->inspection->counts[order[i]],
		           paint(sheet, PLAIN));
	buf_printf(sheet->out, "  (%.0f ms)\n", (double)sheet->inspection->ns / 1e6);
}

void inspection_text(struct buf *out, const struct inspection *inspection, const struct inspection_style *style)
{
	struct sheet sheet = { .out = out, .inspection = inspection, .style = style, .lang = style->lang };
	add_heading(&sheet);
	add_failed(&sheet);
	add_grouped(&sheet, VERDICT_UNKNOWN, TR("Could not be judged"));
	add_drift(&sheet);
	add_summary(&sheet);
	if (!inspection->privileged)
		add_wrapped(&sheet, 0, say(&sheet, TR("This was not run as root: more could be seen with `sudo ward inspect`.")));
	arena_done(&sheet.arena);
}
