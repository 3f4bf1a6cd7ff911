/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "report/brief.h"

#include "base/utf8.h"

static struct str number(struct arena *arena, size_t n)
{
	return arena_printf(arena, "%zu", n);
}

static void add_note(struct buf *out, struct arena *arena, enum lang lang, const struct note *note)
{
	buf_add(out, note_text(arena, lang, note));
}

/* "2 critical, 4 high". */
static struct str by_severity(struct arena *arena, enum lang lang, const struct verdict **failed, size_t n)
{
	BUF(out);
	for (int severity = 0; severity < SEVERITY_COUNT; severity++) {
		size_t count = 0;
		for (size_t i = 0; i < n; i++)
			count += failed[i]->check->severity == severity;
		if (count && out.n)
			buf_add(&out, tr(lang, ", "));
		if (count)
			add_note(&out, arena, lang, &NOTE("{} {}", number(arena, count), severity_words(lang, severity)));
	}
	return arena_str(arena, buf_str(&out));
}

void inspection_brief(struct buf *out, const struct inspection *inspection, const struct inspection_style *style)
{
	ARENA(arena);
	enum lang lang = style->lang;
	size_t n;
	const struct verdict **failed = inspection_failed(&arena, inspection, &n);
	if (n)
		add_note(out, &arena, lang,
		         &NOTE("{}: {} of {} checks failed ({})", inspection->host, number(&arena, n), number(&arena, inspection->n),
		               by_severity(&arena, lang, failed, n)));
	else
		add_note(out, &arena, lang, &NOTE("{}: none of {} checks failed", inspection->host, number(&arena, inspection->n)));
	if (inspection->counts[VERDICT_UNKNOWN])
		add_note(out, &arena, lang, &NOTE("; {} could not be judged", number(&arena, inspection->counts[VERDICT_UNKNOWN])));
	buf_add_char(out, '\n');
	for (size_t i = 0; i < n && i < BRIEF_WORST; i++) {
		struct str words = severity_words(lang, failed[i]->check->severity);
		int pad = 10 - (int)utf8_width(words);
		buf_printf(out, "  %.*s%*s%.*s\n", STR_ARG(words), MAX(pad, 1), "", STR_ARG(text_in(&failed[i]->check->title, lang)));
	}
	if (n > BRIEF_WORST)
		buf_printf(out, "  %.*s\n", STR_ARG(note_text(&arena, lang, &NOTE("and {} more check{s}", number(&arena, n - BRIEF_WORST)))));
}
