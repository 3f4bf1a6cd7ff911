/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/utf8.h"
#include "report/inspection.h"

struct str text_in(const struct text *text, enum lang lang)
{
	return text->in[lang].p ? text->in[lang] : text->in[LANG_EN];
}

struct str verdict_words(enum lang lang, enum verdict_value value)
{
	static const char *const words[] = {
		[VERDICT_PASS] = TR("pass"),
		[VERDICT_FAIL] = TR("fail"),
		[VERDICT_UNKNOWN] = TR("unknown"),
		[VERDICT_NOT_APPLICABLE] = TR("not applicable"),
	};
	return tr(lang, words[value]);
}

struct str severity_words(enum lang lang, int severity)
{
	static const char *const words[] = {
		[SEVERITY_CRITICAL] = TR("critical"),
		[SEVERITY_HIGH] = TR("high"),
		[SEVERITY_MEDIUM] = TR("medium"),
		[SEVERITY_LOW] = TR("low"),
	};
	return tr(lang, words[severity]);
}

struct str verdict_reason(struct arena *arena, enum lang lang, const struct verdict *verdict)
{
	if (verdict->value == VERDICT_NOT_APPLICABLE)
		return text_in(&verdict->reason_text, lang);
	struct str why = note_text(arena, lang, &verdict->reason);
	if (!verdict->unseen || !why.n)
		return why;
	return note_text(arena, lang, &NOTE("{}: {}", str_from(verdict->unseen->name), why));
}

struct strings clauses_in_force(struct arena *arena, const struct check *check, const struct profile *regime,
                                bool *reference)
{
	struct strings list = { .p = ARENA_ARRAY(arena, struct str, check->clauses.n + 1) };
	const char *prefix = regime && regime->clauses.p ? arena_cstr(arena, regime->clauses) : "";
	for (size_t i = 0; i < check->clauses.n; i++)
		if (str_starts(check->clauses.p[i], prefix))
			list.p[list.n++] = check->clauses.p[i];
	if (reference)
		*reference = list.n == 0;
	return list.n ? list : check->clauses;
}

struct str column_words(enum lang lang, struct str column)
{
	ARENA(scratch);
	struct str name = arena_printf(&scratch, "column %.*s", STR_ARG(column));
	struct str words = tr_str(lang, name);
	return words.p == name.p ? column : words;
}

struct str evidence_words(struct arena *arena, enum lang lang, struct str column, struct cell cell)
{
	static const char *const said[] = { "expected", "file", "found", "last_login", "shared", "value" };
	BUF(plain);
	cell_add_plain(&plain, cell);
	for (size_t i = 0; i < COUNT(said); i++) {
		if (!str_is(column, said[i]))
			continue;
		struct str key = arena_printf(arena, "evidence %.*s", STR_ARG(buf_str(&plain)));
		struct str words = tr_str(lang, key);
		if (words.p != key.p)
			return words;
	}
	return utf8_clean(arena, arena_str(arena, buf_str(&plain)));
}

struct str evidence_line(struct arena *arena, enum lang lang, const struct evidence *evidence, size_t row)
{
	const struct cell *cells = &evidence->cells[row * evidence->columns.n];
	static const char *const equals[] = { [LANG_EN] = "=", [LANG_ZH] = "：", [LANG_VI] = ": " };
	size_t file = SIZE_MAX, line = SIZE_MAX;
	BUF(out);
	for (size_t i = 0; i < evidence->columns.n; i++) {
		if (str_is(evidence->columns.p[i], "file") || str_is(evidence->columns.p[i], "path"))
			file = file == SIZE_MAX ? i : file;
		if (str_is(evidence->columns.p[i], "line"))
			line = i;
	}
	if (file != SIZE_MAX && cells[file].p) {
		buf_add(&out, evidence_words(arena, lang, evidence->columns.p[file], cells[file]));
		if (line != SIZE_MAX && cells[line].p) {
			buf_add_char(&out, ':');
			cell_add_plain(&out, cells[line]);
		}
	}
	for (size_t i = 0; i < evidence->columns.n; i++) {
		if ((i == file && cells[i].p) || (i == line && file != SIZE_MAX && cells[file].p) || !cells[i].p)
			continue;
		if (out.n)
			buf_puts(&out, "  ");
		buf_add(&out, column_words(lang, evidence->columns.p[i]));
		buf_puts(&out, equals[lang]);
		buf_add(&out, evidence_words(arena, lang, evidence->columns.p[i], cells[i]));
	}
	return arena_str(arena, utf8_clean(arena, buf_str(&out)));
}
