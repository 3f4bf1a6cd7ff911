/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/wrap.h"

#include "base/utf8.h"

void wrap_spaces(struct buf *buf, size_t n)
{
	while (n--)
		buf_add_char(buf, ' ');
}

/* A line may not begin with these. */
static bool closes(uint32_t code)
{
	static const uint32_t list[] = { 0x3001, 0x3002, 0xff0c, 0xff1a, 0xff1b, 0xff09, 0xff01, 0xff1f,
		0x300b, 0x300d, 0x201d, 0x2019, ',', '.', ':', ';', ')' };
	for (size_t i = 0; i < COUNT(list); i++)
		if (list[i] == code)
			return true;
	return false;
}

/* A line may not end with these. */
static bool opens(uint32_t code)
{
	return code == 0xff08 || code == 0x300a || code == 0x300c || code == 0x201c || code == 0x2018;
}

/* The next piece that stays together: a run without spaces, or one wide character with the
 * punctuation that opens and closes it. */
static struct str piece_next(struct str *rest)
{
	struct str all = *rest;
	bool wide = false;
	uint32_t last = 0;
	while (rest->n && rest->p[0] != ' ') {
		struct str before = *rest;
		uint32_t code = utf8_next(rest);
		if (before.p == all.p || opens(last)) {
			wide = utf8_char_width(code) == 2;
		} else if ((wide || utf8_char_width(code) == 2) && !closes(code)) {
			*rest = before;
			break;
		}
		last = code;
	}
	return (struct str){ all.p, (size_t)(rest->p - all.p) };
}

static size_t wrap_line(struct buf *buf, struct str line, size_t at, size_t indent, size_t width)
{
	bool fresh = true;
	while (line.n) {
		size_t gap = 0;
		while (line.n && line.p[0] == ' ') {
			line = str_slice(line, 1, line.n);
			gap++;
		}
		struct str piece = piece_next(&line);
		size_t columns = utf8_width(piece);
		if (!fresh && at + gap + columns > width) {
			buf_add_char(buf, '\n');
			wrap_spaces(buf, indent);
			at = indent;
			gap = 0;
		}
		wrap_spaces(buf, gap);
		buf_add(buf, piece);
		at += gap + columns;
		fresh = false;
	}
	return at;
}

void wrap_add(struct buf *buf, struct str text, size_t at, size_t indent, size_t width)
{
	for (struct str line; str_line(&text, &line);) {
		wrap_line(buf, line, at, indent, width);
		buf_add_char(buf, '\n');
		if (text.n && text.p[0] != '\n')
			wrap_spaces(buf, indent);
		at = indent;
	}
}
