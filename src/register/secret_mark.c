/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/file_look.h"

enum { LINES = 60, LINE_MOST = 400 /* bytes of a line that can be nothing but a mark */ };

static const char *const degrees[] = { "绝密", "机密", "秘密", NULL };
static const char *const degrees_vi[] = { "tuyệt mật", "tối mật", "mật", NULL };
static const char *const stars[] = { "★", "☆", "*", NULL };

/* Blanks of all kinds go, capital letters of Vietnamese marks become small: as far as the few words need it. */
static void squeeze(struct buf *out, struct str line)
{
	static const struct {
		const char *from, *to;
	} changes[] = { { "\xe3\x80\x80", "" }, { "\xc2\xa0", "" }, { "\xef\xbb\xbf", "" }, { "Ậ", "ậ" }, { "Ố", "ố" }, { "Ệ", "ệ" },
		        { "Ộ", "ộ" },           { "Đ", "đ" },       { "：", ":" } };
	for (size_t i = 0; i < line.n;) {
		bool changed = false;
		for (size_t k = 0; !changed && k < COUNT(changes); k++) {
			struct str from = str_from(changes[k].from);
			changed = str_eq(str_slice(line, i, i + from.n), from);
			if (changed) {
				buf_puts(out, changes[k].to);
				i += from.n;
			}
		}
		if (changed)
			continue;
		char c = line.p[i++];
		if (c != ' ' && c != '\t' && c != '\r')
			buf_add_char(out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
}

static bool is_starred(struct str after)
{
	for (size_t i = 0; stars[i]; i++)
		if (str_starts(after, stars[i]))
			return true;
	return false;
}

/* A degree with a star behind it anywhere in the text, however many blanks are between. */
static const char *starred(struct str text)
{
	for (size_t i = 0; degrees[i]; i++) {
		struct str rest = text;
		for (ptrdiff_t at; (at = str_find(rest, degrees[i])) >= 0;) {
			rest = str_slice(rest, (size_t)at + strlen(degrees[i]), rest.n);
			struct str after = rest;
			while (str_starts(after, " ") || str_starts(after, "\xe3\x80\x80"))
				after = str_slice(after, after.p[0] == ' ' ? 1 : 3, after.n);
			if (str_starts(after, "★") || str_starts(after, "☆"))
				return degrees[i];
		}
	}
	return NULL;
}

static const char *alone(struct str squeezed)
{
	for (size_t i = 0; degrees[i]; i++) {
		struct str after = str_slice(squeezed, strlen(degrees[i]), squeezed.n);
		if (str_starts(squeezed, degrees[i]) && (!after.n || is_starred(after)))
			return degrees[i];
	}
	for (size_t i = 0; degrees_vi[i]; i++) {
		BUF(word);
		squeeze(&word, str_from(degrees_vi[i]));
		if (str_eq(squeezed, buf_str(&word)))
			return degrees_vi[i];
	}
	return NULL;
}

/* "密级：机密", "Độ mật: Tối mật" */
static const char *labelled(struct str squeezed)
{
	static const char *const labels[] = { "密级", "độmật" };
	for (size_t i = 0; i < COUNT(labels); i++) {
		ptrdiff_t at = str_find(squeezed, labels[i]);
		if (at < 0)
			continue;
		struct str rest = str_slice(squeezed, (size_t)at + strlen(labels[i]), squeezed.n);
		rest = str_slice(rest, str_starts(rest, ":"), rest.n);
		for (size_t k = 0; degrees[k]; k++)
			if (str_starts(rest, degrees[k]))
				return degrees[k];
		if (alone(rest))
			return alone(rest);
	}
	return NULL;
}

const char *secret_mark_of_text(struct str text)
{
	const char *mark = starred(text);
	struct str rest = text, line;
	for (int lines = 0; !mark && lines < LINES && str_line(&rest, &line);) {
		BUF(squeezed);
		if (!str_trim(line).n)
			continue;
		lines++;
		if (line.n > LINE_MOST)
			continue;
		squeeze(&squeezed, line);
		mark = alone(buf_str(&squeezed));
		mark = mark ? mark : labelled(buf_str(&squeezed));
	}
	return mark;
}

/* "【机密】方案.docx", "机密★3年 方案.pdf", "绝密.pdf", "[Tối mật] a.pdf" */
const char *secret_mark_of_name(struct str name)
{
	static const char *const opening[] = { "[", "(", "【", "〔", "（", "《", "<", "_", "-" };
	static const char *const closing[] = { "]", ")", "】", "〕", "）", "》", ">", "_", "-", "." };
	BUF(squeezed);
	squeeze(&squeezed, name);
	struct str text = buf_str(&squeezed);
	const char *mark = starred(text);
	for (size_t list = 0; !mark && list < 2; list++) {
		const char *const *words = list ? degrees_vi : degrees;
		for (size_t i = 0; !mark && words[i]; i++) {
			BUF(word);
			squeeze(&word, str_from(words[i]));
			ptrdiff_t at = str_find(text, buf_cstr(&word));
			if (at < 0)
				continue;
			struct str before = str_slice(text, 0, (size_t)at), after = str_slice(text, (size_t)at + word.n, text.n);
			bool opens = !before.n, closes = !after.n;
			for (size_t k = 0; k < COUNT(opening); k++)
				opens |= str_ends(before, opening[k]);
			for (size_t k = 0; k < COUNT(closing); k++)
				closes |= str_starts(after, closing[k]);
			if (opens && closes)
				mark = words[i];
		}
	}
	return mark;
}
