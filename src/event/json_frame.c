/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/json_frame.h"

#include "event/parser.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_blank(struct str text, size_t at)
{
	while (at < text.n && is_blank(text.p[at]))
		at++;
	return at;
}

/* The length of the line, its LF included; 0 when it is not whole. */
static size_t line_length(struct str text, bool last)
{
	const char *end = memchr(text.p, '\n', MIN(text.n, (size_t)PARSE_LINE + 1));
	if (end)
		return (size_t)(end - text.p) + 1;
	return last && text.n <= PARSE_LINE ? text.n : 0;
}

/* The length of the object or list that begins here; 0 when it is not whole. */
static size_t balanced_length(struct str text)
{
	size_t depth = 0;
	for (size_t i = 0; i < text.n && i <= PARSE_LINE; i++) {
		char c = text.p[i];
		if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (--depth == 0)
				return i + 1;
		} else if (c == '"') {
			for (i++; i < text.n && text.p[i] != '"'; i++)
				i += text.p[i] == '\\';
		}
	}
	return 0;
}

/* The parts of a word list, with any blanks between them, stand at the beginning. The length; 0: they do not;
 * SIZE_MAX: as far as the text goes they do. */
static size_t words_length(struct str text, const char *const *words)
{
	size_t at = 0;
	for (; *words; words++) {
		struct str word = str_from(*words);
		at = skip_blank(text, at);
		size_t n = MIN(word.n, text.n - at);
		if (n && memcmp(text.p + at, word.p, n) != 0)
			return 0;
		if (n < word.n)
			return SIZE_MAX;
		at += n;
	}
	return at;
}

/* The beginning of a list of objects. As words_length(). */
static size_t list_opening(struct str text, bool *wrapped)
{
	static const char *const bare[] = { "[", "{", NULL }, *const empty[] = { "[", "]", NULL };
	static const char *const upper[] = { "{", "\"Records\"", ":", "[", NULL };
	static const char *const lower[] = { "{", "\"records\"", ":", "[", NULL };
	*wrapped = *text.p == '{';
	if (!*wrapped) {
		size_t n = words_length(text, bare);
		n = n ? n : words_length(text, empty);
		return n == 0 || n == SIZE_MAX ? n : 1;
	}
	/* Most objects are neither, and one look says so. */
	size_t key = skip_blank(text, 1);
	if (key < text.n && text.p[key] != '"')
		return 0;
	if (key + 1 < text.n && (text.p[key + 1] | 0x20) != 'r')
		return 0;
	size_t n = words_length(text, upper);
	return n ? n : words_length(text, lower);
}

/* evtx_dump writes "Record 7" above each record. */
static bool is_heading(struct str line)
{
	line = str_trim(line);
	if (!str_starts(line, "Record ") || line.n == 7)
		return false;
	for (size_t i = 7; i < line.n; i++)
		if (line.p[i] < '0' || line.p[i] > '9')
			return false;
	return true;
}

/* As much of a record that is too long, or without an end, as one event holds. */
static size_t take_piece(struct json_frame *frame, struct str text, struct str *record)
{
	size_t n = MIN(text.n, (size_t)PARSE_LINE);
	const char *end = memchr(text.p, '\n', n);
	if (end)
		n = (size_t)(end - text.p) + 1;
	*record = str_trim(str_slice(text, 0, n));
	frame->piece = true;
	frame->cutting = !end;
	return n;
}

static size_t take_line(struct json_frame *frame, struct str text, bool last, struct str *record)
{
	size_t n = line_length(text, last);
	if (n == 0 && text.n > PARSE_LINE) {
		frame->list = false;
		return take_piece(frame, text, record);
	}
	if (n && !is_heading(str_slice(text, 0, n)))
		*record = str_slice(text, 0, n);
	return n;
}

/* An object that goes on until its last brace. */
static size_t take_object(struct json_frame *frame, struct str text, bool last, struct str *record)
{
	size_t n = balanced_length(text);
	if (n == 0 && (last || text.n > PARSE_LINE)) {
		/* It has no end: the line it began in is all that is known to belong to it. */
		frame->list = false;
		n = line_length(text, true);
		if (n == 0)
			return take_piece(frame, text, record);
	}
	*record = str_slice(text, 0, n);
	return n;
}

/* Blanks, RS, a byte order mark; within a list commas, and its end. */
static size_t skip_separators(struct json_frame *frame, struct str text)
{
	size_t at = 0;
	for (; at < text.n; at++) {
		char c = text.p[at];
		if (is_blank(c) || c == 0x1e)
			continue;
		if (frame->list && c == ']') {
			frame->list = false;
			continue;
		}
		if (!frame->list && frame->wrapped && c == '}') {
			frame->wrapped = false;
			continue;
		}
		if (!(frame->list && c == ',')) {
			if (c == '\xef' && text.n - at >= 3 && memcmp(text.p + at, "\xef\xbb\xbf", 3) == 0) {
				at += 2;
				continue;
			}
			break;
		}
	}
	return at;
}

size_t json_frame_next(struct json_frame *frame, struct str text, bool last, struct str *record)
{
	*record = STR_NONE;
	frame->piece = false;
	if (frame->cutting)
		return take_piece(frame, text, record);
	size_t skipped = skip_separators(frame, text);
	if (skipped)
		return skipped;
	if (frame->list && *text.p == '{')
		return take_object(frame, text, last, record);
	frame->wrapped = frame->list = false;
	if (*text.p != '{' && *text.p != '[')
		return take_line(frame, text, last, record);
	bool wrapped;
	size_t opening = list_opening(text, &wrapped);
	if (opening == SIZE_MAX && !last && text.n <= PARSE_LINE)
		return 0;
	if (opening && opening != SIZE_MAX) {
		frame->list = true;
		frame->wrapped = wrapped;
		return opening;
	}
	size_t brace = 1;
	while (brace < text.n && (text.p[brace] == ' ' || text.p[brace] == '\t' || text.p[brace] == '\r'))
		brace++;
	if (*text.p == '{' && brace < text.n && text.p[brace] == '\n')
		return take_object(frame, text, last, record);
	return take_line(frame, text, last, record);
}

int json_frame_probe(struct str text)
{
	struct json_frame frame = { 0 };
	struct str record = STR_NONE;
	text = str_slice(text, 0, 64 * 1024);
	while (text.n && !record.n) {
		size_t n = json_frame_next(&frame, text, true, &record);
		if (!n)
			break;
		text = str_slice(text, n, text.n);
	}
	record = str_trim(record);
	if (record.n < 2 || *record.p != '{')
		return 0;
	size_t key = skip_blank(record, 1);
	if (key == record.n || (record.p[key] != '"' && record.p[key] != '}'))
		return 0;
	return balanced_length(record) == record.n ? 95 : 60;
}
