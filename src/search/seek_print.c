/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/seek.h"
#include "base/buf.h"

static void add_quoted(struct buf *out, struct str text)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, text.p[i]);
	}
	buf_add_char(out, '"');
}

static void add_pattern(struct buf *out, const struct seek_term *term)
{
	for (size_t i = 0; i < term->n_pieces; i++) {
		const struct seek_piece *piece = &term->pieces[i];
		if (piece->any)
			buf_add_char(out, '*');
		for (unsigned one = 0; one < piece->one; one++)
			buf_add_char(out, '?');
		if (piece->folded.n || term->n_pieces == 1)
			add_quoted(out, piece->folded);
	}
}

static void add_bound(struct buf *out, const struct seek_term *term, const struct seek_bound *bound)
{
	if (!bound->given)
		buf_add_char(out, '*');
	else if (term->range == SEEK_MOMENT)
		buf_printf(out, "%lld.%09lld", (long long)(bound->moment / 1000000000), (long long)(bound->moment % 1000000000));
	else
		add_quoted(out, bound->folded);
}

static void add_term(struct buf *out, const struct seek_term *term)
{
	static const char *const names[] = { "raw", "host", "source", "parser", "time", "arrived" };
	if (term->where == SEEK_FIELD)
		buf_printf(out, "%.*s:", STR_ARG(term->field));
	else if (term->where != SEEK_RAW || term->how == SEEK_EXISTS)
		buf_printf(out, "%s:", names[term->where]);
	switch (term->how) {
	case SEEK_EXISTS:
		buf_add_char(out, '*');
		break;
	case SEEK_NET:
		buf_add(out, term->text);
		break;
	case SEEK_TEXT:
		add_pattern(out, term);
		break;
	case SEEK_MATCH:
		buf_add_char(out, '/');
		for (size_t i = 0; i < term->text.n; i++) {
			if (term->text.p[i] == '/')
				buf_add_char(out, '\\');
			buf_add_char(out, term->text.p[i]);
			if (term->text.p[i] == '\\' && i + 1 < term->text.n)
				buf_add_char(out, term->text.p[++i]);
		}
		buf_puts(out, term->caseless ? "/i" : "/");
		break;
	case SEEK_RANGE:
		buf_add_char(out, term->low.without ? '{' : '[');
		add_bound(out, term, &term->low);
		buf_puts(out, " TO ");
		add_bound(out, term, &term->high);
		buf_add_char(out, term->high.without ? '}' : ']');
	}
}

/* No deeper than the parser allowed. */
static void add_node(struct buf *out, const struct seek_node *node)
{
	static const char *const words[] = { [SEEK_AND] = " AND ", [SEEK_OR] = " OR ", [SEEK_NOT] = "" };
	if (node->kind == SEEK_TERM) {
		add_term(out, node->term);
		return;
	}
	if (node->kind == SEEK_ALL)
		return;
	buf_puts(out, node->kind == SEEK_NOT ? "NOT " : "(");
	for (size_t i = 0; i < node->n; i++) {
		buf_puts(out, i ? words[node->kind] : "");
		add_node(out, node->p[i]);
	}
	buf_puts(out, node->kind == SEEK_NOT ? "" : ")");
}

struct str seek_print(struct arena *arena, const struct seek *seek)
{
	BUF(out);
	add_node(&out, seek->root);
	return arena_str(arena, buf_str(&out));
}
