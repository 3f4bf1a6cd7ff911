/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/doc.h"

#include <stdarg.h>
#include <stdio.h>

#include "data/lang.h"

enum { COLUMN_BITS = 12 }; /* see struct source */

void doc_where(const struct source *source, const struct doc *node, unsigned *line, unsigned *column)
{
	if (source->lines) {
		*line = node->at >> COLUMN_BITS;
		*column = node->at & ((1u << COLUMN_BITS) - 1);
		return;
	}
	size_t at = MIN((size_t)node->at, source->text.n);
	size_t start = 0;
	*line = 1;
	while (start < at) {
		const char *end = memchr(source->text.p + start, '\n', at - start);
		if (!end)
			break;
		start = (size_t)(end - source->text.p) + 1;
		++*line;
	}
	*column = (unsigned)(at - start) + 1;
}

int doc_err(const struct source *source, const struct doc *node, struct err *err, const char *format, ...)
{
	if (!err)
		return -EINVAL;
	unsigned line, column;
	va_list args;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	doc_where(source, node, &line, &column);
	return err_wrap(err, -EINVAL, "%s:%u:%u", source->name ? source->name : "(text)", line, column);
}

const struct doc *doc_get(const struct doc *map, struct str key)
{
	if (!map || map->type != DOC_MAP)
		return NULL;
	for (size_t i = map->n; i > 0; i--)
		if (str_eq(doc_string(doc_key(map, i - 1)), key))
			return doc_value(map, i - 1);
	return NULL;
}

const char *doc_type_words(const struct doc *node)
{
	static const char *const words[] = {
		[DOC_NULL] = TR("nothing"),     [DOC_BOOL] = TR("true or false"), [DOC_INT] = TR("a whole number"),
		[DOC_REAL] = TR("a number"),    [DOC_STRING] = TR("text"),        [DOC_ARRAY] = TR("a list"),
		[DOC_MAP] = TR("a map"),
	};
	if (!node || node->type >= COUNT(words))
		return words[DOC_NULL];
	return words[node->type];
}
