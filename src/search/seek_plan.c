/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/seek_plan.h"

#include <stdio.h>

#include "base/fold.h"
#include "base/utf8.h"
#include "base/vec.h"

enum { LITERALS_MOST = 16, FORMS = 8 };

/* Texts that must all be there, in any order. */
struct form {
	struct str literals[LITERALS_MOST];
	size_t n;
	bool whole; /* each literal's two ends are ends of words */
	bool odd;   /* the literal is an escape of a character that folds into ASCII, alone or within a word */
};

struct need {
	const struct seek_term *term;
	struct form forms[FORMS]; /* one of them */
	size_t n;                 /* 0: nothing is known */
};

struct seek_plan {
	const struct seek *seek;
	struct need *needs; /* one for each term, in the order of the tree */
	size_t n;
	VEC(const struct parser *) others; /* parsers that are not verbatim */
};

/* ---- what a word needs ---- */

enum part_kind { PART_PLAIN, PART_FOREIGN, PART_BREAK };

/* Characters that no encoder of JSON or of log files escapes; foreign: beyond ASCII and without case. */
static enum part_kind part_of(uint32_t c)
{
	if (c < 0x80)
		return c < 0x20 || c == 0x7f || strchr("\"\\/<>&'=+`", (int)c) ? PART_BREAK : PART_PLAIN;
	return fold_char(c) == c && c >= 0x2e80 && c != UTF8_BAD ? PART_FOREIGN : PART_BREAK;
}

static void add_escaped(struct buf *out, struct str characters, bool hex)
{
	while (characters.n) {
		struct str rest = characters;
		uint32_t c = utf8_next(&rest);
		if (hex)
			for (size_t i = 0; i < characters.n - rest.n; i++)
				buf_printf(out, "\\x%02x", (unsigned char)characters.p[i]);
		else if (c >= 0x10000)
			buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
		else
			buf_printf(out, "\\u%04x", c);
		characters = rest;
	}
}

static void form_add(struct form *form, struct str literal)
{
	if (literal.n && form->n < LITERALS_MOST)
		form->literals[form->n++] = literal;
}

/* Cut a literal at what may be escaped, and add its parts to the forms. */
static void add_parts(struct arena *arena, struct str literal, struct form *escaped, struct form *unicode, struct form *hex)
{
	while (literal.n) {
		struct str rest = literal;
		enum part_kind kind = part_of(utf8_next(&rest));
		for (struct str next = rest; rest.n && part_of(utf8_next(&next)) == kind;)
			rest = next;
		struct str part = str_slice(literal, 0, literal.n - rest.n);
		if (kind != PART_BREAK)
			form_add(escaped, part);
		if (kind == PART_PLAIN) {
			form_add(unicode, part);
			form_add(hex, part);
		} else if (kind == PART_FOREIGN) {
			BUF(text);
			add_escaped(&text, part, false);
			form_add(unicode, arena_str(arena, buf_str(&text)));
			buf_clear(&text);
			add_escaped(&text, part, true);
			form_add(hex, arena_str(arena, buf_str(&text)));
		}
		literal = rest;
	}
}

/* "k" may be written as the Kelvin sign, "s" as the long one, and these as escapes. */
static void add_odd(const struct seek_term *term, struct need *need)
{
	bool k = false, s = false;
	for (size_t i = 0; i < term->n_pieces; i++) {
		k |= str_find_char(term->pieces[i].folded, 'k') >= 0;
		s |= str_find_char(term->pieces[i].folded, 's') >= 0;
	}
	static const struct str kelvin[] = { { "\\u212a", 6 }, { "\\xe2\\x84\\xaa", 12 } },
	                        long_s[] = { { "\\u017f", 6 }, { "\\xc5\\xbf", 8 } };
	for (size_t i = 0; i < 2; i++) {
		if (k)
			need->forms[need->n++] = (struct form){ .literals = { kelvin[i] }, .n = 1, .odd = true };
		if (s)
			need->forms[need->n++] = (struct form){ .literals = { long_s[i] }, .n = 1, .odd = true };
	}
}

/* What is no word at all (only punctuation) says nothing to filters, but block_find() knows it. */
static void need_text(struct arena *arena, const struct seek_term *term, struct need *need)
{
	struct form plain = { .whole = term->n_pieces == 1 && !term->pieces[0].any && !term->pieces[0].one };
	struct form escaped = { 0 }, unicode = { 0 }, hex = { 0 };
	bool ascii = true, breaks = false;
	for (size_t i = 0; i < term->n_pieces; i++) {
		struct str literal = term->pieces[i].folded;
		form_add(&plain, literal);
		add_parts(arena, literal, &escaped, &unicode, &hex);
		while (literal.n) {
			uint32_t c = utf8_next(&literal);
			ascii &= c < 0x80;
			breaks |= part_of(c) == PART_BREAK;
		}
	}
	escaped.whole = plain.whole && ascii;
	need->forms[need->n++] = plain;
	if (breaks)
		need->forms[need->n++] = escaped;
	if (!ascii) {
		need->forms[need->n++] = unicode;
		need->forms[need->n++] = hex;
	}
	add_odd(term, need);
	for (size_t i = 0; i < need->n; i++)
		if (!need->forms[i].n)
			need->n = 0; /* one way to write it leaves nothing to look for */
}

/* Behind a set that begins at `at`: [abc], []abc], [^]abc], [[:alpha:]]. */
static size_t behind_set(struct str regex, size_t at)
{
	size_t i = at + 1;
	i += i < regex.n && regex.p[i] == '^';
	i += i < regex.n && regex.p[i] == ']';
	for (; i < regex.n && regex.p[i] != ']'; i++) {
		if (regex.p[i] == '\\')
			i++;
		else if (regex.p[i] == '[' && i + 1 < regex.n && regex.p[i + 1] == ':')
			for (i += 2; i + 1 < regex.n && !(regex.p[i] == ':' && regex.p[i + 1] == ']');)
				i++;
	}
	return i + 1;
}

static size_t behind_group(struct str regex, size_t at)
{
	unsigned depth = 0;
	for (size_t i = at; i < regex.n; i++) {
		if (regex.p[i] == '\\')
			i++;
		else if (regex.p[i] == '[')
			i = behind_set(regex, i) - 1;
		else if (regex.p[i] == '(')
			depth++;
		else if (regex.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return regex.n;
}

static bool is_letter(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

/* The longest text that everything has which the expression finds, in any case; empty when that is not plain to see. Whatever
 * is not understood here only ends a run. Groups and sets are passed over; an alternative outside of them, \Q, or options
 * that change what blanks and '#' mean, leave nothing. */
static struct str required_literal(struct arena *arena, struct str regex)
{
	BUF(run);
	struct str best = STR_NONE;
	size_t last = 0; /* where the last character of the run begins, which a repetition takes back */
	if (str_find(regex, "\\Q") >= 0 || str_find(regex, "(?x") >= 0 || str_find(regex, "(?#") >= 0 || str_find(regex, "(*") >= 0)
		return STR_NONE;
	for (ptrdiff_t at, from = 0; (at = str_find(str_slice(regex, (size_t)from, regex.n), "(?")) >= 0; from += at + 2)
		for (size_t i = (size_t)(from + at) + 2; i < regex.n && is_letter(regex.p[i]); i++)
			if (regex.p[i] == 'x')
				return STR_NONE; /* (?ix) */
	for (size_t i = 0; i <= regex.n;) {
		char c = i < regex.n ? regex.p[i] : '|', next = i + 1 < regex.n ? regex.p[i + 1] : '\0';
		bool quoted = c == '\\' && next && !is_letter(next);
		if (i < regex.n && c == '|')
			return STR_NONE;
		if (quoted || is_letter(c) || c == ' ' || c == '-' || c == '/' || c == ':' || c == '=' || c == ',' || c == '"' || c == '@') {
			if (((unsigned char)c & 0xc0) != 0x80)
				last = run.n;
			buf_add_char(&run, quoted ? next : c);
			i += quoted ? 2 : 1;
			continue;
		}
		if (c == '*' || c == '?' || c == '{')
			run.n = last; /* perhaps not even once */
		if (run.n > best.n)
			best = arena_str(arena, buf_str(&run));
		buf_clear(&run);
		last = 0;
		if (c == '[')
			i = behind_set(regex, i);
		else if (c == '(')
			i = behind_group(regex, i);
		else if (c == '{') {
			while (i < regex.n && regex.p[i] != '}')
				i++;
			i++;
		} else if (c == '\\') {
			i += 2; /* a class, or \x41, \p{Lu}: what follows may belong to it */
			while (i < regex.n && (is_letter(regex.p[i]) || regex.p[i] == '{' || regex.p[i] == '}' || regex.p[i] == '-' || regex.p[i] == '+'))
				i++;
		} else {
			i++;
		}
	}
	return best;
}

static void need_match(struct arena *arena, const struct seek_term *term, struct need *need)
{
	struct str literal = required_literal(arena, term->text);
	if (!literal.n || !utf8_valid(literal))
		return;
	struct seek_piece *pieces = ARENA_ARRAY(arena, struct seek_piece, 2);
	struct seek_term *part = ARENA_NEW(arena, struct seek_term);
	pieces[0] = (struct seek_piece){ .any = true, .folded = fold_text(arena, literal) };
	pieces[1] = (struct seek_piece){ .any = true, .folded = STR("") };
	*part = (struct seek_term){ .where = term->where, .how = SEEK_TEXT, .pieces = pieces, .n_pieces = 2 };
	need_text(arena, part, need);
}

static void add_needs(struct arena *arena, struct seek_plan *plan, const struct seek_node *node)
{
	for (size_t i = 0; i < node->n; i++)
		add_needs(arena, plan, node->p[i]);
	if (node->kind != SEEK_TERM)
		return;
	struct need *need = &plan->needs[plan->n++];
	need->term = node->term;
	if (node->term->how == SEEK_TEXT && (node->term->where == SEEK_RAW || node->term->where == SEEK_FIELD))
		need_text(arena, node->term, need);
	else if (node->term->how == SEEK_MATCH && (node->term->where == SEEK_RAW || node->term->where == SEEK_FIELD))
		need_match(arena, node->term, need);
}

static size_t count_terms(const struct seek_node *node)
{
	size_t n = node->kind == SEEK_TERM;
	for (size_t i = 0; i < node->n; i++)
		n += count_terms(node->p[i]);
	return n;
}

const struct seek_plan *seek_plan_new(struct arena *arena, const struct seek *seek)
{
	struct seek_plan *plan = ARENA_NEW(arena, struct seek_plan);
	plan->seek = seek;
	plan->needs = ARENA_ARRAY(arena, struct need, count_terms(seek->root) + 1);
	add_needs(arena, plan, seek->root);
	for (size_t i = 0; parsers[i]; i++)
		if (!parsers[i]->verbatim)
			vec_push_in(arena, &plan->others, parsers[i]);
	return plan;
}

static const struct need *need_of(const struct seek_plan *plan, const struct seek_term *term)
{
	size_t i = 0;
	while (plan->needs[i].term != term)
		i++;
	return &plan->needs[i];
}

static bool is_derived(const struct parser *parser, struct str field)
{
	for (size_t i = 0; parser->derived && parser->derived[i]; i++)
		if (seek_name(field, str_from(parser->derived[i])))
			return true;
	return false;
}

/* ---- blocks ---- */

/* Records of this block may have the term without having its words in their text. */
static bool may_hold_otherwise(const struct seek_plan *plan, const struct seek_term *term, const struct token_filter *filter)
{
	for (size_t i = 0; i < plan->others.n; i++)
		if (token_filter_may_hold_head(filter, TOKEN_PARSER, str_from(plan->others.p[i]->name)))
			return true;
	for (size_t i = 0; term->where == SEEK_FIELD && parsers[i]; i++)
		if (is_derived(parsers[i], term->field) &&
		    token_filter_may_hold_head(filter, TOKEN_PARSER, str_from(parsers[i]->name)))
			return true;
	return false;
}

static bool may_hold_form(const struct form *form, const struct token_filter *filter)
{
	if (form->odd)
		return token_filter_may_hold_head(filter, TOKEN_ODD, STR(""));
	for (size_t i = 0; i < form->n; i++)
		if (!token_filter_may_hold_text(filter, form->literals[i], form->whole))
			return false;
	return true;
}

static bool term_may_hold(const struct seek_plan *plan, const struct seek_term *term, const struct token_filter *filter)
{
	static const enum token_head heads[] = { [SEEK_HOST] = TOKEN_HOST, [SEEK_SOURCE] = TOKEN_SOURCE, [SEEK_PARSER] = TOKEN_PARSER };
	bool exact = term->how == SEEK_TEXT && term->n_pieces == 1 && !term->pieces[0].any && !term->pieces[0].one;
	if (term->where == SEEK_HOST || term->where == SEEK_SOURCE || term->where == SEEK_PARSER)
		return !exact || token_filter_may_hold_head(filter, heads[term->where], term->pieces[0].folded);
	const struct need *need = need_of(plan, term);
	for (size_t i = 0; i < need->n; i++)
		if (may_hold_form(&need->forms[i], filter))
			return true;
	return need->n == 0 || may_hold_otherwise(plan, term, filter);
}

static bool node_may_hold(const struct seek_plan *plan, const struct seek_node *node, const struct token_filter *filter)
{
	if (node->kind == SEEK_TERM)
		return term_may_hold(plan, node->term, filter);
	if (node->kind == SEEK_ALL || node->kind == SEEK_NOT)
		return true;
	for (size_t i = 0; i < node->n; i++)
		if (node_may_hold(plan, node->p[i], filter) == (node->kind == SEEK_OR))
			return node->kind == SEEK_OR;
	return node->kind == SEEK_AND;
}

bool seek_plan_may_hold(const struct seek_plan *plan, const struct token_filter *filter)
{
	return node_may_hold(plan, plan->seek->root, filter);
}

/* ---- records ---- */

struct marking {
	const struct seek_plan *plan;
	struct arena *arena;
	struct block *block;
	const struct record *heads;
	size_t n, words;
	bool odd;
	struct err *err;
};

static inline bool bit(const uint64_t *bits, size_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static inline void clear(uint64_t *bits, size_t i)
{
	bits[i / 64] &= ~((uint64_t)1 << i % 64);
}

static inline void put(uint64_t *bits, size_t i)
{
	bits[i / 64] |= (uint64_t)1 << i % 64;
}

static uint64_t *new_bits(struct marking *marking)
{
	return ARENA_ARRAY(marking->arena, uint64_t, marking->words);
}

static uint64_t *copy_bits(struct marking *marking, const uint64_t *from)
{
	uint64_t *bits = new_bits(marking);
	memcpy(bits, from, marking->words * sizeof(*bits));
	return bits;
}

static bool is_empty(const struct marking *marking, const uint64_t *bits)
{
	for (size_t i = 0; i < marking->words; i++)
		if (bits[i])
			return false;
	return true;
}

/* Records of the mask whose parser says nothing about where this term's words stand. */
static void add_otherwise(struct marking *marking, const struct seek_term *term, const uint64_t *mask, uint64_t *bits)
{
	struct str last = STR_NONE;
	bool otherwise = false;
	for (size_t i = 0; i < marking->n; i++) {
		struct str name = marking->heads[i].parser;
		if (!last.p || (name.p != last.p && !str_eq(name, last)) || name.n != last.n) {
			const struct parser *parser = parser_find(name);
			otherwise = parser && (!parser->verbatim || (term->where == SEEK_FIELD && is_derived(parser, term->field)));
			last = name;
		}
		if (otherwise && bit(mask, i))
			put(bits, i);
	}
}

static int mark_words(struct marking *marking, const struct need *need, const uint64_t *mask, struct seek_marks *out)
{
	out->surely = new_bits(marking);
	if (need->n == 0) {
		out->maybe = copy_bits(marking, mask);
		return 0;
	}
	out->maybe = new_bits(marking);
	for (size_t i = 0; i < need->n; i++) {
		if (need->forms[i].odd && !marking->odd)
			continue;
		uint64_t *bits = copy_bits(marking, mask);
		for (size_t j = 0; j < need->forms[i].n; j++) {
			int r = block_find(marking->block, need->forms[i].literals[j], true, bits, marking->err);
			if (r < 0)
				return r;
		}
		for (size_t j = 0; j < marking->words; j++)
			out->maybe[j] |= bits[j];
	}
	add_otherwise(marking, need->term, mask, out->maybe);
	return 0;
}

static struct str head_value(const struct record *head, enum seek_where where)
{
	return where == SEEK_HOST ? head->host : where == SEEK_SOURCE ? head->source : head->parser;
}

/* Host, source, parser: neighbours mostly have the same. */
static void mark_heads(struct marking *marking, const struct seek_term *term, const uint64_t *mask, struct seek_marks *out)
{
	struct str last = STR_NONE;
	bool meets = false;
	out->maybe = new_bits(marking);
	for (size_t i = 0; i < marking->n; i++) {
		if (!bit(mask, i))
			continue;
		struct str value = head_value(&marking->heads[i], term->where);
		if (!last.p || value.n != last.n || (value.p != last.p && !str_eq(value, last))) {
			meets = term->how == SEEK_EXISTS ? value.n > 0 : seek_value(term, value);
			last = value.p ? value : STR("");
		}
		if (meets)
			put(out->maybe, i);
	}
	out->surely = out->maybe;
}

static void mark_times(struct marking *marking, const struct seek_term *term, const uint64_t *mask, struct seek_marks *out)
{
	out->maybe = copy_bits(marking, mask);
	for (size_t i = 0; term->how == SEEK_RANGE && i < marking->n; i++)
		if (!seek_moment(term, term->where == SEEK_TIME ? marking->heads[i].time : marking->heads[i].arrived))
			clear(out->maybe, i);
	out->surely = out->maybe;
}

static bool is_head_term(const struct seek_node *node)
{
	return node->kind == SEEK_TERM && node->term->where != SEEK_RAW && node->term->where != SEEK_FIELD &&
	       node->term->how != SEEK_MATCH;
}

static int mark_term(struct marking *marking, const struct seek_term *term, const uint64_t *mask, struct seek_marks *out)
{
	if (term->how == SEEK_MATCH || term->where == SEEK_RAW || term->where == SEEK_FIELD)
		return mark_words(marking, need_of(marking->plan, term), mask, out);
	if (term->where == SEEK_TIME || term->where == SEEK_ARRIVED)
		mark_times(marking, term, mask, out);
	else
		mark_heads(marking, term, mask, out);
	return 0;
}

static int mark_node(struct marking *marking, const struct seek_node *node, const uint64_t *mask, struct seek_marks *out);

/* What is cheap first: the rest looks only at what is left. */
static int mark_and(struct marking *marking, const struct seek_node *node, const uint64_t *mask, struct seek_marks *out)
{
	out->maybe = copy_bits(marking, mask);
	out->surely = copy_bits(marking, mask);
	for (int cheap = 1; cheap >= 0; cheap--) {
		for (size_t i = 0; i < node->n; i++) {
			struct seek_marks marks;
			if (is_head_term(node->p[i]) != cheap || is_empty(marking, out->maybe))
				continue;
			int r = mark_node(marking, node->p[i], out->maybe, &marks);
			if (r < 0)
				return r;
			for (size_t j = 0; j < marking->words; j++) {
				out->maybe[j] &= marks.maybe[j];
				out->surely[j] &= marks.surely[j];
			}
		}
	}
	return 0;
}

static int mark_or(struct marking *marking, const struct seek_node *node, const uint64_t *mask, struct seek_marks *out)
{
	out->maybe = new_bits(marking);
	out->surely = new_bits(marking);
	for (size_t i = 0; i < node->n; i++) {
		struct seek_marks marks;
		int r = mark_node(marking, node->p[i], mask, &marks);
		if (r < 0)
			return r;
		for (size_t j = 0; j < marking->words; j++) {
			out->maybe[j] |= marks.maybe[j];
			out->surely[j] |= marks.surely[j];
		}
	}
	return 0;
}

static int mark_node(struct marking *marking, const struct seek_node *node, const uint64_t *mask, struct seek_marks *out)
{
	struct seek_marks marks;
	int r;
	switch (node->kind) {
	case SEEK_TERM:
		return mark_term(marking, node->term, mask, out);
	case SEEK_AND:
		return mark_and(marking, node, mask, out);
	case SEEK_OR:
		return mark_or(marking, node, mask, out);
	case SEEK_NOT:
		r = mark_node(marking, node->p[0], mask, &marks);
		if (r < 0)
			return r;
		out->maybe = new_bits(marking);
		out->surely = new_bits(marking);
		for (size_t j = 0; j < marking->words; j++) {
			out->maybe[j] = mask[j] & ~marks.surely[j];
			out->surely[j] = mask[j] & ~marks.maybe[j];
		}
		return 0;
	default:
		out->maybe = copy_bits(marking, mask);
		out->surely = out->maybe;
		return 0;
	}
}

bool seek_plan_is_odd(struct str filter)
{
	struct token_filter open;
	token_filter_open(filter, &open);
	return token_filter_may_hold_head(&open, TOKEN_ODD, STR(""));
}

int seek_plan_mark(const struct seek_plan *plan, struct arena *arena, struct block *block, bool odd, int64_t since,
                   int64_t until, struct seek_marks *out, struct err *err)
{
	struct marking marking = { .plan = plan, .arena = arena, .block = block, .odd = odd, .err = err };
	int r = block_heads(block, &marking.heads, err);
	if (r < 0)
		return r;
	marking.n = block_count(block);
	marking.words = (marking.n + 63) / 64;
	uint64_t *mask = new_bits(&marking);
	for (size_t i = 0; i < marking.n; i++)
		if (marking.heads[i].time >= since && marking.heads[i].time <= until)
			put(mask, i);
	return mark_node(&marking, plan->seek->root, mask, out);
}
