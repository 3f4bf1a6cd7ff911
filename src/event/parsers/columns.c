/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/parsers/columns.h"

#include <stdio.h>

void columns_done(struct columns *columns)
{
	arena_done(&columns->arena);
	*columns = (struct columns){ 0 };
}

void columns_begin(struct columns *columns, struct str head, char delimiter)
{
	columns_done(columns);
	columns->head = arena_str(&columns->arena, head);
	columns->delimiter = delimiter;
}

void columns_add(struct columns *columns, struct str name)
{
	if (columns->n == COLUMNS_MOST)
		return;
	/* Room doubles at 8, 16, 32 …: the count itself tells when it is used up. */
	uint32_t n = columns->n;
	if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
		uint32_t room = n ? n * 2 : 8;
		struct str *names = (struct str *)ARENA_ARRAY(&columns->arena, struct str, room);
		uint32_t *ids = (uint32_t *)ARENA_ARRAY(&columns->arena, uint32_t, room);
		if (n) {
			memcpy(names, columns->names, n * sizeof(*names));
			memcpy(ids, columns->ids, n * sizeof(*ids));
		}
		columns->names = names;
		columns->ids = ids;
	}
	char spare[32];
	columns->names[n] = STR_NONE;
	columns->n = n + 1;
	if (name.n == 0 || name.n > NAME_LONGEST)
		name = columns_name(columns, n, spare);
	columns->names[n] = arena_str(&columns->arena, name);
}

int columns_find(const struct columns *columns, const char *name)
{
	for (uint32_t i = 0; i < columns->n; i++)
		if (str_is_nocase(columns->names[i], name))
			return (int)i;
	return -1;
}

struct str columns_name(const struct columns *columns, uint32_t column, char spare[32])
{
	if (column < columns->n && columns->names[column].p)
		return columns->names[column];
	int n = snprintf(spare, 32, "column%u", column + 1);
	return (struct str){ spare, (size_t)n };
}

void columns_field(struct parse *parse, struct event *event, struct columns *columns, uint32_t column, struct str value)
{
	char spare[32];
	struct str name = columns_name(columns, column, spare);
	if (column < columns->n)
		known_field(parse, event, &columns->ids[column], name, value, VALUE_TEXT);
	else
		parse_field(parse, event, name, value, VALUE_TEXT);
}

struct str columns_raw(struct arena *arena, const struct columns *columns, struct str row)
{
	size_t n = columns->head.n + 1 + row.n;
	char *p = arena_bytes(arena, n);
	memcpy(p, columns->head.p, columns->head.n);
	p[columns->head.n] = '\n';
	memcpy(p + columns->head.n + 1, row.p, row.n);
	return (struct str){ p, n };
}

/* Where the quotes that begin the text end: behind it, or NULL. */
static const char *behind_quotes(struct str text, bool *doubled)
{
	const char *p = text.p + 1, *end = text.p + text.n;
	while (p < end && (p = memchr(p, '"', (size_t)(end - p)))) {
		if (p + 1 == end || p[1] != '"')
			return p + 1;
		*doubled = true;
		p += 2;
	}
	return NULL;
}

static struct str undouble(struct arena *arena, struct str text)
{
	char *out = arena_bytes(arena, text.n);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' && i + 1 < text.n && text.p[i + 1] == '"')
			i++;
		out[n++] = text.p[i];
	}
	return (struct str){ out, n };
}

struct str columns_cell(struct arena *arena, struct str *row, char delimiter, bool *more)
{
	struct str cell;
	if (row->n && row->p[0] == '"') {
		bool doubled = false;
		const char *behind = behind_quotes(*row, &doubled);
		size_t n = behind ? (size_t)(behind - row->p) : row->n;
		cell = str_slice(*row, 1, behind ? n - 1 : n);
		if (doubled)
			cell = undouble(arena, cell);
		*row = str_slice(*row, n, row->n);
		/* What may stand behind the quotes, against the rule, is left out here; raw has it. */
		ptrdiff_t at = str_find_char(*row, delimiter);
		*more = at >= 0;
		*row = str_slice(*row, at < 0 ? row->n : (size_t)at + 1, row->n);
		return cell;
	}
	ptrdiff_t at = row->n ? str_find_char(*row, delimiter) : -1;
	*more = at >= 0;
	cell = str_slice(*row, 0, at < 0 ? row->n : (size_t)at);
	*row = str_slice(*row, at < 0 ? row->n : (size_t)at + 1, row->n);
	return cell;
}

ptrdiff_t columns_row(struct str text, char delimiter)
{
	const char *p = text.p, *end = text.p + text.n, *line = NULL;
	bool doubled;
	while (p < end) {
		if (*p == '"') {
			p = behind_quotes((struct str){ p, (size_t)(end - p) }, &doubled);
			if (!p)
				return -1;
		}
		/* The end of this cell, or of the line. */
		if (!line || line < p) {
			line = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
			if (!line)
				line = end;
		}
		const char *next = p < line ? memchr(p, delimiter, (size_t)(line - p)) : NULL;
		if (!next)
			return line - text.p;
		p = next + 1;
	}
	return (ptrdiff_t)text.n;
}
