/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The condition of a rule, by recursive descent:
 *
 *	or  = and { "or" and }
 *	and = not { "and" not }
 *	not = "not" not | one
 *	one = ("1" | "any" | "all") "of" (pattern | "them") | "(" or ")" | identifier
 *
 * Words are whatever stands between blanks and parentheses. Their places in the text are kept for messages.
 */
#include "base/glob.h"
#include "base/vec.h"
#include "data/schema.h"
#include "detect/sigma_reader.h"

struct term {
	struct str text;
	unsigned column; /* in the text */
};

struct condition {
	struct sigma_reader *reader;
	struct sigma_searches *searches;
	const struct doc *node;
	struct term *terms; /* the last one is empty */
	size_t n, at;
	unsigned depth;
};

static int or_read(struct condition *condition, const struct sigma_node **out);

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int terms_cut(struct condition *condition, struct str text)
{
	VEC(struct term) terms = { 0 };
	struct arena *arena = condition->reader->arena;
	for (size_t i = 0; i < text.n;) {
		size_t from = i;
		if (is_blank(text.p[i])) {
			i++;
			continue;
		}
		if (text.p[i] == '(' || text.p[i] == ')')
			i++;
		else
			while (i < text.n && !is_blank(text.p[i]) && text.p[i] != '(' && text.p[i] != ')')
				i++;
		if (terms.n == SIGMA_TERMS)
			return sigma_refuse(condition->reader, condition->node, (unsigned)from,
			                    NOTE("the condition has more than 4096 words"));
		vec_push_in(arena, &terms, { str_slice(text, from, i), (unsigned)from });
	}
	condition->n = terms.n;
	vec_push_in(arena, &terms, { STR(""), (unsigned)text.n });
	condition->terms = terms.p;
	return 0;
}

static const struct term *peek(const struct condition *condition)
{
	return &condition->terms[condition->at];
}

static int refuse(const struct condition *condition, const struct term *term, struct note note)
{
	return sigma_refuse(condition->reader, condition->node, term->column, note);
}

/* Take the next word if it is this one. */
static bool take(struct condition *condition, const char *word)
{
	const struct term *term = peek(condition);
	if (!str_is_nocase(term->text, word))
		return false;
	if (!str_is(term->text, word))
		sigma_warn(condition->reader, condition->node, term->column,
		           NOTE("write '{}' in small letters; other tools want it so", str_from(word)));
	condition->at++;
	return true;
}

static bool is_operator(struct str word)
{
	return str_is_nocase(word, "and") || str_is_nocase(word, "or") || str_is_nocase(word, "not") ||
	       str_is_nocase(word, "of") || str_is(word, "(") || str_is(word, ")");
}

static int identifier_read(struct condition *condition, const struct sigma_node **out)
{
	const struct term *term = peek(condition);
	struct sigma_searches *searches = condition->searches;
	if (!term->text.n)
		return refuse(condition, term, NOTE("the condition ends where a search identifier is expected"));
	if (is_operator(term->text))
		return refuse(condition, term, NOTE("a search identifier is expected here, not '{}'", term->text));
	if (str_find_char(term->text, '|') >= 0)
		return refuse(condition, term,
		              NOTE("conditions with '|' belong to an old Sigma; write a correlation rule instead"));
	condition->at++;
	for (size_t i = 0; i < searches->n; i++) {
		if (str_eq(searches->p[i].name, term->text)) {
			searches->p[i].used = true;
			*out = searches->p[i].node;
			return 0;
		}
	}
	const char **names = ARENA_ARRAY(condition->reader->arena, const char *, searches->n + 1);
	for (size_t i = 0; i < searches->n; i++)
		names[i] = arena_cstr(condition->reader->arena, searches->p[i].name);
	const char *meant = schema_suggest(term->text, names, searches->n);
	if (meant)
		return refuse(condition, term,
		              NOTE("there is no search identifier '{}'; did you mean '{}'?", term->text, str_from(meant)));
	return refuse(condition, term, NOTE("there is no search identifier '{}'", term->text));
}

static bool named(struct str name, struct str pattern)
{
	bool hidden = name.n && *name.p == '_';
	if (str_is_nocase(pattern, "them"))
		return !hidden;
	if (hidden && !(pattern.n && *pattern.p == '_'))
		return false;
	/* Of a shell's patterns, Sigma has the star alone; identifiers hold none of the others' signs. */
	return glob_match(pattern, name);
}

/* "1 of …", behind "of". */
static int quantifier_read(struct condition *condition, bool all, const struct sigma_node **out)
{
	const struct term *term = peek(condition);
	struct sigma_searches *searches = condition->searches;
	struct sigma_nodes nodes = { 0 };
	if (!term->text.n || is_operator(term->text))
		return refuse(condition, term, NOTE("a pattern or 'them' is expected behind 'of'"));
	condition->at++;
	for (size_t i = 0; i < searches->n; i++) {
		if (!named(searches->p[i].name, term->text))
			continue;
		searches->p[i].used = true;
		vec_push_in(condition->reader->scratch, &nodes, searches->p[i].node);
	}
	if (!nodes.n)
		return refuse(condition, term, NOTE("'{}' names no search identifier", term->text));
	*out = sigma_node_join(condition->reader, all ? NODE_AND : NODE_OR, &nodes);
	return 0;
}

static int one_read(struct condition *condition, const struct sigma_node **out)
{
	const struct term *term = peek(condition), *next = term->text.n ? term + 1 : term;
	if (str_is_nocase(next->text, "of")) {
		bool all = str_is_nocase(term->text, "all");
		if (!all && !str_is(term->text, "1") && !str_is_nocase(term->text, "any"))
			return refuse(condition, term, NOTE("'{} of' is not known; Sigma has '1 of', 'any of' and 'all of'",
			                                    term->text));
		condition->at += 2;
		return quantifier_read(condition, all, out);
	}
	if (!take(condition, "("))
		return identifier_read(condition, out);
	if (++condition->depth > SIGMA_DEPTH)
		return refuse(condition, term, NOTE("the condition is nested deeper than 64 levels"));
	int r = or_read(condition, out);
	condition->depth--;
	if (r == 0 && !take(condition, ")"))
		r = refuse(condition, peek(condition), NOTE("a ')' is missing here"));
	return r;
}

static int not_read(struct condition *condition, const struct sigma_node **out)
{
	const struct term *term = peek(condition);
	if (!take(condition, "not"))
		return one_read(condition, out);
	if (++condition->depth > SIGMA_DEPTH)
		return refuse(condition, term, NOTE("the condition is nested deeper than 64 levels"));
	int r = not_read(condition, out);
	condition->depth--;
	if (r == 0)
		*out = sigma_node_not(condition->reader, *out);
	return r;
}

static int and_read(struct condition *condition, const struct sigma_node **out)
{
	struct sigma_nodes nodes = { 0 };
	do {
		const struct sigma_node *node;
		int r = not_read(condition, &node);
		if (r < 0)
			return r;
		vec_push_in(condition->reader->scratch, &nodes, node);
	} while (take(condition, "and"));
	*out = sigma_node_join(condition->reader, NODE_AND, &nodes);
	return 0;
}

static int or_read(struct condition *condition, const struct sigma_node **out)
{
	struct sigma_nodes nodes = { 0 };
	do {
		const struct sigma_node *node;
		int r = and_read(condition, &node);
		if (r < 0)
			return r;
		vec_push_in(condition->reader->scratch, &nodes, node);
	} while (take(condition, "or"));
	*out = sigma_node_join(condition->reader, NODE_OR, &nodes);
	return 0;
}

int sigma_condition_read(struct sigma_reader *reader, const struct doc *text, struct sigma_searches *searches,
                         const struct sigma_node **out)
{
	struct condition condition = { .reader = reader, .searches = searches, .node = text };
	if (text->type != DOC_STRING)
		return sigma_refuse(reader, text, 0, NOTE("a condition is text; this is {}", str_from(doc_type_words(text))));
	int r = terms_cut(&condition, doc_string(text));
	if (r == 0)
		r = or_read(&condition, out);
	if (r < 0 || condition.at == condition.n)
		return r;
	const struct term *term = peek(&condition);
	if (str_find_char(term->text, '|') >= 0)
		return refuse(&condition, term,
		              NOTE("conditions with '|' belong to an old Sigma; write a correlation rule instead"));
	return refuse(&condition, term, NOTE("'and', 'or' or the end is expected here, not '{}'", term->text));
}
