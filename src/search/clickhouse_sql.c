/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The language of searches as SQL of ClickHouse 18 and later, such that the server finds what search/seeker.h does.
 *
 * positionCaseInsensitive() folds ASCII; all else about case is RE2's, whose (?i) folds as Unicode does. Expressions stand in
 * a group, because ClickHouse 18 looks for the literal text of those that begin with flags, whatever their case.
 */
#include <stdio.h>

#include "search/clickhouse.h"
#include "base/fold.h"
#include "base/utf8.h"

/* Characters of words, as seek_is_word(). */
#define WORD "0-9A-Za-z_\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{24f}\\x{370}-\\x{52f}\\x{1e00}-\\x{1fff}\\x{212a}"

static void add_regex_literal(struct buf *out, struct str text)
{
	while (text.n) {
		struct str rest = text;
		uint32_t c = utf8_next(&rest);
		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else if (c < 0x80 && !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			buf_printf(out, "\\%c", (int)c);
		else
			buf_add(out, str_slice(text, 0, text.n - rest.n));
		text = rest;
	}
}

static uint32_t first_of(struct str text)
{
	return text.n ? utf8_next(&text) : 0;
}

static uint32_t last_of(struct str text)
{
	uint32_t c = 0;
	while (text.n)
		c = utf8_next(&text);
	return c;
}

/* The pieces as an expression: of a whole value, or of words anywhere. */
static void add_regex(struct buf *out, const struct seek_term *term, bool words)
{
	BUF(regex);
	const struct seek_piece *first = &term->pieces[0], *last = &term->pieces[term->n_pieces - 1];
	if (!words)
		buf_puts(&regex, "\\A");
	else if (!first->any && !first->one && seek_is_word(first_of(first->folded)))
		buf_puts(&regex, "(?:\\A|[^" WORD "])");
	buf_puts(&regex, "(?is:");
	for (size_t i = 0; i < term->n_pieces; i++) {
		if (term->pieces[i].any)
			buf_puts(&regex, "\\C*");
		for (unsigned one = 0; one < term->pieces[i].one; one++)
			buf_add_char(&regex, '.');
		add_regex_literal(&regex, term->pieces[i].folded);
	}
	buf_add_char(&regex, ')');
	if (!words)
		buf_puts(&regex, "\\z");
	else if (seek_is_word(last_of(last->folded)))
		buf_puts(&regex, "(?:\\z|[^" WORD "])");
	clickhouse_add_text(out, buf_str(&regex));
}

/* Letters of ASCII are all in it that have a case. */
static bool is_simple(struct str folded)
{
	while (folded.n) {
		uint32_t c = utf8_next(&folded);
		if (c >= 0x80 && c < 0x2e80)
			return false;
		if (c >= 0xa640 && c < 0x20000)
			return false;
	}
	return true;
}

static bool is_plain(const struct seek_term *term)
{
	return term->n_pieces == 1 && !term->pieces[0].any && !term->pieces[0].one;
}

/* A quick comparison is right but for rows that are `odd`. */
static bool is_quick(const struct seek_term *term)
{
	return term->how != SEEK_MATCH && is_plain(term) && is_simple(term->pieces[0].folded);
}

/* A value of the row or of a list is the text, whole. */
static void add_whole(struct buf *out, const struct seek_term *term, const char *value, bool quick)
{
	if (quick) {
		buf_printf(out, "lower(%s) = ", value);
		clickhouse_add_text(out, term->pieces[0].folded);
		return;
	}
	buf_printf(out, "match(%s, ", value);
	add_regex(out, term, false);
	buf_add_char(out, ')');
}

static void add_column(struct buf *out, const struct seek_term *term, const char *column)
{
	if (is_quick(term)) {
		buf_add_char(out, '(');
		add_whole(out, term, column, true);
		buf_puts(out, " OR odd AND ");
	}
	add_whole(out, term, column, false);
	buf_puts(out, is_quick(term) ? ")" : "");
}

static void add_holds(struct buf *out, const struct seek_term *term, const char *column)
{
	bool of_row = strcmp(column, "raw") == 0;
	if (term->how == SEEK_MATCH) {
		buf_printf(out, "match(%s, ", column);
		BUF(regex);
		buf_printf(&regex, "(?%ss:%.*s)", term->caseless ? "i" : "", STR_ARG(term->text));
		clickhouse_add_text(out, buf_str(&regex));
		buf_add_char(out, ')');
		return;
	}
	struct str folded = term->pieces[0].folded;
	bool words = seek_is_word(first_of(folded)) || seek_is_word(last_of(folded));
	if (of_row && is_plain(term) && is_simple(folded) && !words) {
		buf_printf(out, "(positionCaseInsensitive(%s, ", column);
		clickhouse_add_text(out, folded);
		buf_printf(out, ") > 0 OR odd AND match(%s, ", column);
		add_regex(out, term, true);
		buf_puts(out, "))");
		return;
	}
	buf_printf(out, "match(%s, ", column);
	add_regex(out, term, true);
	buf_add_char(out, ')');
}

static void add_bytes(struct buf *out, const uint8_t bytes[16])
{
	buf_add_char(out, '\'');
	for (size_t i = 0; i < 16; i++)
		buf_printf(out, "\\x%02x", bytes[i]);
	buf_add_char(out, '\'');
}

static void add_net(struct buf *out, const struct seek_term *term)
{
	uint8_t low[16], high[16];
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = term->net_bits <= i * 8 ? 0 : MIN(term->net_bits - i * 8, 8);
		uint8_t mask = (uint8_t)(0xff00 >> bits);
		low[i] = term->net[i] & mask;
		high[i] = (uint8_t)(low[i] | (uint8_t)~mask);
	}
	buf_puts(out, "(length(a) = 16 AND a >= ");
	add_bytes(out, low);
	buf_puts(out, " AND a <= ");
	add_bytes(out, high);
	buf_puts(out, " OR ");
	add_whole(out, term, "v", true);
	buf_add_char(out, ')');
}

static void add_bound(struct buf *out, const struct seek_term *term, const struct seek_bound *bound, const char *column, char sign)
{
	if (!bound->given)
		return;
	buf_printf(out, " AND %s %c%s ", column, sign, bound->without ? "" : "=");
	if (term->range == SEEK_NUMBER)
		buf_printf(out, "toFloat64(%.17g)", bound->number);
	else if (term->range == SEEK_ADDRESS)
		add_bytes(out, bound->address);
	else if (term->range == SEEK_MOMENT)
		buf_printf(out, "%lld", (long long)bound->moment);
	else
		clickhouse_add_text(out, bound->folded);
}

static void add_range(struct buf *out, const struct seek_term *term)
{
	const char *column = term->range == SEEK_NUMBER    ? "x"
	                     : term->range == SEEK_ADDRESS ? "a"
	                     : term->range == SEEK_LETTERS ? "lowerUTF8(v)"
	                     : term->where == SEEK_TIME    ? "time"
	                                                   : "arrived";
	buf_puts(out, term->range == SEEK_ADDRESS && (term->low.given || term->high.given) ? "(length(a) = 16" : "(1");
	add_bound(out, term, &term->low, column, '>');
	add_bound(out, term, &term->high, column, '<');
	buf_add_char(out, ')');
}

/* A list's function sees only the list: `odd` must stay outside. */
static void add_list(struct buf *out, const struct seek_term *term, bool quick)
{
	BUF(name);
	for (size_t i = 0; i < term->field.n; i++)
		buf_add_char(&name, term->field.p[i] >= 'A' && term->field.p[i] <= 'Z' ? (char)(term->field.p[i] | 0x20) : term->field.p[i]);
	buf_puts(out, "arrayExists((n, v, x, a) -> (n = ");
	clickhouse_add_text(out, buf_str(&name));
	buf_puts(out, " OR endsWith(n, concat('.', ");
	clickhouse_add_text(out, buf_str(&name));
	buf_puts(out, "))) AND ");
	switch (term->how) {
	case SEEK_TEXT:
		add_whole(out, term, "v", quick);
		break;
	case SEEK_MATCH:
		add_holds(out, term, "v");
		break;
	case SEEK_NET:
		add_net(out, term);
		break;
	case SEEK_RANGE:
		add_range(out, term);
		break;
	case SEEK_EXISTS:
		buf_add_char(out, '1');
	}
	buf_puts(out, ", names, values, numbers, addresses)");
}

static void add_field(struct buf *out, const struct seek_term *term)
{
	bool quick = term->how == SEEK_TEXT && is_quick(term);
	buf_puts(out, quick ? "(" : "");
	add_list(out, term, quick);
	if (!quick)
		return;
	buf_puts(out, " OR odd AND ");
	add_list(out, term, false);
	buf_add_char(out, ')');
}

static void add_raw(struct buf *out, const struct seek_term *term)
{
	if (term->how == SEEK_EXISTS) {
		buf_add_char(out, '1');
		return;
	}
	buf_add_char(out, '(');
	add_holds(out, term, "raw");
	buf_puts(out, " OR arrayExists(e -> ");
	add_holds(out, term, "e");
	buf_puts(out, ", extra))");
}

static void add_term(struct buf *out, const struct seek_term *term)
{
	static const char *const columns[] = { "raw", "host", "source", "parser", "time", "arrived" };
	switch (term->where) {
	case SEEK_RAW:
		add_raw(out, term);
		break;
	case SEEK_FIELD:
		add_field(out, term);
		break;
	case SEEK_TIME:
	case SEEK_ARRIVED:
		if (term->how == SEEK_EXISTS)
			buf_add_char(out, '1');
		else
			add_range(out, term);
		break;
	default:
		if (term->how == SEEK_EXISTS)
			buf_printf(out, "notEmpty(%s)", columns[term->where]);
		else if (term->how == SEEK_MATCH)
			add_holds(out, term, columns[term->where]);
		else
			add_column(out, term, columns[term->where]);
	}
}

static void add_node(struct buf *out, const struct seek_node *node)
{
	switch (node->kind) {
	case SEEK_ALL:
		buf_add_char(out, '1');
		break;
	case SEEK_TERM:
		add_term(out, node->term);
		break;
	case SEEK_NOT:
		buf_puts(out, "NOT (");
		add_node(out, node->p[0]);
		buf_add_char(out, ')');
		break;
	default:
		buf_add_char(out, '(');
		for (size_t i = 0; i < node->n; i++) {
			buf_puts(out, i ? (node->kind == SEEK_AND ? " AND " : " OR ") : "");
			add_node(out, node->p[i]);
		}
		buf_add_char(out, ')');
	}
}

/* The longest literal of a word, when the quick look at ASCII's case is enough. */
static void add_quick(struct buf *out, const struct seek_term *term)
{
	struct str best = STR_NONE;
	if (term->how != SEEK_TEXT || term->where != SEEK_RAW)
		return;
	for (size_t i = 0; i < term->n_pieces; i++)
		if (is_simple(term->pieces[i].folded) && term->pieces[i].folded.n > best.n)
			best = term->pieces[i].folded;
	if (!best.n)
		return;
	buf_puts(out, out->n ? " AND (" : "(");
	buf_puts(out, "positionCaseInsensitive(raw, ");
	clickhouse_add_text(out, best);
	buf_puts(out, ") > 0 OR arrayExists(e -> positionCaseInsensitive(e, ");
	clickhouse_add_text(out, best);
	buf_puts(out, ") > 0, extra) OR odd)");
}

void clickhouse_condition(struct buf *where, struct buf *prewhere, const struct seek *seek)
{
	const struct seek_node *root = seek->root;
	add_node(where, root);
	if (root->kind == SEEK_TERM)
		add_quick(prewhere, root->term);
	for (size_t i = 0; root->kind == SEEK_AND && i < root->n; i++)
		if (root->p[i]->kind == SEEK_TERM)
			add_quick(prewhere, root->p[i]->term);
}
