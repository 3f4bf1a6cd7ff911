/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Any bytes: the parser either refuses them with a place inside the text, or gives a tree within its
 * bounds that, written and read again, is the same tree.
 */
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void write_tree(struct buf *buf, const struct doc *node, size_t text_size, int depth)
{
	must(depth <= JSON_DEPTH && node->at <= text_size);
	switch (node->type) {
	case DOC_NULL:
		buf_puts(buf, "null");
		break;
	case DOC_BOOL:
		buf_puts(buf, node->boolean ? "true" : "false");
		break;
	case DOC_INT:
		buf_printf(buf, "%lld", (long long)node->integer);
		break;
	case DOC_REAL:
		must(isfinite(node->real));
		json_add_double(buf, node->real);
		break;
	case DOC_STRING:
		must(utf8_valid(doc_string(node)) && node->n <= text_size);
		json_add_string(buf, doc_string(node));
		break;
	case DOC_ARRAY:
		buf_add_char(buf, '[');
		for (size_t i = 0; i < node->n; i++) {
			buf_puts(buf, i ? "," : "");
			write_tree(buf, &node->items[i], text_size, depth + 1);
		}
		buf_add_char(buf, ']');
		break;
	case DOC_MAP:
		buf_add_char(buf, '{');
		for (size_t i = 0; i < node->n; i++) {
			buf_puts(buf, i ? "," : "");
			must(doc_key(node, i)->type == DOC_STRING);
			write_tree(buf, doc_key(node, i), text_size, depth + 1);
			buf_add_char(buf, ':');
			write_tree(buf, doc_value(node, i), text_size, depth + 1);
		}
		buf_add_char(buf, '}');
		break;
	default:
		abort();
	}
}

static bool same(const struct doc *a, const struct doc *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case DOC_BOOL:
		return a->boolean == b->boolean;
	case DOC_INT:
		return a->integer == b->integer;
	case DOC_REAL:
		return memcmp(&a->real, &b->real, sizeof(a->real)) == 0;
	case DOC_STRING:
		return str_eq(doc_string(a), doc_string(b));
	case DOC_ARRAY:
	case DOC_MAP:
		if (a->n != b->n)
			return false;
		for (size_t i = 0; i < (a->type == DOC_MAP ? 2 : 1) * (size_t)a->n; i++)
			if (!same(&a->items[i], &b->items[i]))
				return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ARENA(arena);
	BUF(text);
	struct err err = { 0 };
	struct source source = { .name = "f", .text = { (const char *)data, size } };
	const struct doc *doc, *again;
	int r = json_parse(&arena, &source, &doc, &err);
	if (r) {
		must(r == -EINVAL && str_starts(str_from(err.text), "f:"));
		return 0;
	}
	write_tree(&text, doc, size, 0);
	struct source written = { .name = "w", .text = buf_str(&text) };
	must(json_parse(&arena, &written, &again, &err) == 0);
	must(same(doc, again));
	utf8_width(source.text);
	return 0;
}
