/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/deb822.h"

static const char *line_end(const char *p, const char *end)
{
	const char *found = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
	return found ? found : end;
}

static bool is_blank(const char *p, const char *end)
{
	for (; p < end; p++)
		if (*p != ' ' && *p != '\t' && *p != '\r')
			return false;
	return true;
}

enum deb822_item deb822_next(struct str *rest, struct str *name, struct str *value)
{
	const char *p = rest->p, *end = p + rest->n;
	while (p < end && *p == '#')
		p = line_end(p, end) + (line_end(p, end) < end);
	if (p >= end) {
		*rest = STR("");
		return DEB822_END;
	}
	const char *stop = line_end(p, end);
	const char *next = stop + (stop < end);
	if (is_blank(p, stop)) {
		*rest = (struct str){ next, (size_t)(end - next) };
		return DEB822_BREAK;
	}
	const char *colon = memchr(p, ':', (size_t)(stop - p));
	if (!colon || colon == p || *p == ' ' || *p == '\t') {
		*rest = (struct str){ next, (size_t)(end - next) };
		return DEB822_BAD;
	}
	/* Continuation lines start with white space; a comment between two of them belongs to the value. */
	while (next < end && (*next == ' ' || *next == '\t' || *next == '#')) {
		const char *after = line_end(next, end);
		if (*next != '#' && is_blank(next, after))
			break;
		stop = after;
		next = stop + (stop < end);
	}
	*name = (struct str){ p, (size_t)(colon - p) };
	*value = str_trim((struct str){ colon + 1, (size_t)(stop - colon - 1) });
	*rest = (struct str){ next, (size_t)(end - next) };
	return DEB822_FIELD;
}

bool deb822_line(struct str *value, struct str *line)
{
	while (str_line(value, line)) {
		if (line->n && line->p[0] == '#')
			continue;
		*line = str_trim(*line);
		if (line->n)
			return true;
	}
	return false;
}

size_t deb822_lines_to(struct deb822_lines *lines, const char *place)
{
	const char *found;
	while (lines->at < place && (found = memchr(lines->at, '\n', (size_t)(place - lines->at)))) {
		lines->at = found + 1;
		lines->n++;
	}
	return lines->n;
}
