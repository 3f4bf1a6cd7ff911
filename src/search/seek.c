/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "search/seek.h"

#include "search/moment.h"
#include "base/fold.h"
#include "base/utf8.h"
#include "base/vec.h"

struct lexer {
	struct arena *arena;
	struct str text;
	size_t at;
	int64_t now;
	unsigned depth, terms;
	struct seek *seek;
	VEC(struct str) fields;
	/* Within field:( … ): where the values belong; otherwise SEEK_RAW and STR_NONE. */
	enum seek_where where;
	struct str field;
	struct err *err;
};

static const struct seek_node all = { .kind = SEEK_ALL };

static int fault(const struct lexer *lexer, size_t at, const char *format, ...) PRINTF(3, 4);
static int fault(const struct lexer *lexer, size_t at, const char *format, ...)
{
	size_t characters = 1;
	for (struct str before = str_slice(lexer->text, 0, at); before.n; characters++)
		(void)utf8_next(&before);
	va_list args;
	va_start(args, format);
	BUF(words);
	buf_vprintf(&words, format, args);
	va_end(args);
	return err_set(lexer->err, -EINVAL, "the search, character %zu: %s", characters, buf_cstr(&words));
}

static struct str rest_of(const struct lexer *lexer)
{
	return str_slice(lexer->text, lexer->at, lexer->text.n);
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* How many bytes of white space stand there; U+3000 is the blank of Chinese keyboards. */
static size_t blank(struct str s)
{
	if (!s.n)
		return 0;
	if (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))
		return 1;
	return str_starts(s, "\u3000") ? 3 : 0;
}

static void skip_blanks(struct lexer *lexer)
{
	for (size_t n; (n = blank(rest_of(lexer))) > 0;)
		lexer->at += n;
}

static char peek(const struct lexer *lexer)
{
	return lexer->at < lexer->text.n ? lexer->text.p[lexer->at] : '\0';
}

/* An operator word stands here: it must end there, too. */
static bool take_word(struct lexer *lexer, const char *word)
{
	struct str rest = rest_of(lexer);
	if (!str_starts(rest, word))
		return false;
	struct str behind = str_slice(rest, strlen(word), rest.n);
	if (behind.n && !blank(behind) && !is_one_of(behind.p[0], "()\""))
		return false;
	lexer->at += strlen(word);
	return true;
}

static bool is_word(struct lexer *lexer, const char *word)
{
	size_t at = lexer->at;
	bool is = take_word(lexer, word);
	lexer->at = at;
	return is;
}

static bool is_plain_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* ---- values ---- */

/* A pattern being put together: literal text, and wildcards between. */
struct pattern {
	VEC(struct seek_piece) pieces;
	struct buf literal, text;
	struct seek_piece piece;
};

static void pattern_done(struct pattern *pattern)
{
	vec_done(&pattern->pieces);
	buf_done(&pattern->literal);
	buf_done(&pattern->text);
}

static void pattern_end_piece(struct lexer *lexer, struct pattern *pattern)
{
	pattern->piece.folded = arena_str(lexer->arena, fold_text(lexer->arena, buf_str(&pattern->literal)));
	vec_push(&pattern->pieces, pattern->piece);
	pattern->piece = (struct seek_piece){ 0 };
	buf_clear(&pattern->literal);
}

static void pattern_wild(struct lexer *lexer, struct pattern *pattern, char c)
{
	if (pattern->literal.n)
		pattern_end_piece(lexer, pattern);
	if (c == '*')
		pattern->piece.any = true;
	else
		pattern->piece.one++;
	buf_add_char(&pattern->text, c);
}

static void pattern_char(struct pattern *pattern, char c)
{
	buf_add_char(&pattern->literal, c);
	buf_add_char(&pattern->text, c);
}

static void pattern_finish(struct lexer *lexer, struct pattern *pattern, struct seek_term *term)
{
	if (pattern->literal.n || pattern->piece.any || pattern->piece.one || !pattern->pieces.n)
		pattern_end_piece(lexer, pattern);
	struct seek_piece *pieces = ARENA_ARRAY(lexer->arena, struct seek_piece, pattern->pieces.n);
	memcpy(pieces, pattern->pieces.p, pattern->pieces.n * sizeof(*pieces));
	term->how = SEEK_TEXT;
	term->text = arena_str(lexer->arena, buf_str(&pattern->text));
	term->pieces = pieces;
	term->n_pieces = pattern->pieces.n;
}

static int read_quoted(struct lexer *lexer, struct pattern *pattern)
{
	size_t start = lexer->at++;
	for (;;) {
		if (lexer->at == lexer->text.n)
			return fault(lexer, start, "this quote does not end; close it, or write \\\" for the sign itself (a backslash "
			                            "at the end of a quoted text is written \\\\)");
		char c = lexer->text.p[lexer->at++];
		if (c == '"')
			return 0;
		if (c == '\\' && (peek(lexer) == '"' || peek(lexer) == '\\'))
			c = lexer->text.p[lexer->at++];
		pattern_char(pattern, c);
	}
}

static bool ends_word(struct str rest)
{
	return !rest.n || blank(rest) || rest.p[0] == '(' || rest.p[0] == ')';
}

static int read_word(struct lexer *lexer, struct pattern *pattern, const char *stop)
{
	while (!ends_word(rest_of(lexer)) && !is_one_of(peek(lexer), stop)) {
		char c = peek(lexer);
		if (c == '"') {
			int r = read_quoted(lexer, pattern);
			if (r < 0)
				return r;
			continue;
		}
		lexer->at++;
		if (c == '*' || c == '?') {
			pattern_wild(lexer, pattern, c);
			continue;
		}
		char next = peek(lexer);
		if (c == '\\' && lexer->at < lexer->text.n && !is_plain_letter(next) && next != '\n') {
			c = next;
			lexer->at++;
		}
		pattern_char(pattern, c);
	}
	return 0;
}

/* "/…/" or "/…/i" with nothing behind it: where the expression ends; 0 when it is none. */
static size_t regex_end(const struct lexer *lexer)
{
	struct str rest = rest_of(lexer);
	if (rest.n < 3 || rest.p[0] != '/')
		return 0;
	for (size_t i = 1; i < rest.n; i++) {
		if (rest.p[i] == '\\')
			i++;
		else if (rest.p[i] == '/' && i > 1) {
			size_t end = i + 1 + (i + 1 < rest.n && rest.p[i + 1] == 'i');
			return ends_word(str_slice(rest, end, rest.n)) ? i : 0;
		} else if (rest.p[i] == '/')
			return 0;
	}
	return 0;
}

static int read_regex(struct lexer *lexer, size_t end, struct seek_term *term)
{
	struct str text = str_slice(rest_of(lexer), 1, end);
	BUF(plain);
	if (text.n > SEEK_REGEX)
		return fault(lexer, lexer->at, "the expression is longer than %d bytes", SEEK_REGEX);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' && i + 1 < text.n) {
			if (text.p[i + 1] != '/') /* "\/" is only our own way to write it */
				buf_add_char(&plain, '\\');
			i++;
		}
		buf_add_char(&plain, text.p[i]);
	}
	lexer->at += end + 1;
	if (peek(lexer) == 'i') {
		term->caseless = true;
		lexer->at++;
	}
	term->how = SEEK_MATCH;
	term->text = arena_str(lexer->arena, buf_str(&plain));
	term->regex_id = lexer->seek->regexes++;
	return 0;
}

/* ---- networks and ranges ---- */

static bool parse_net(struct str text, struct seek_term *term)
{
	struct str length = text, address = str_cut(&length, '/');
	int64_t bits;
	if (!length.p || !str_to_int(length, 10, &bits) || !seek_address(address, term->net))
		return false;
	bool old = str_find_char(address, ':') < 0;
	if (bits < 0 || bits > (old ? 32 : 128))
		return false;
	term->net_bits = (unsigned)bits + (old ? 96 : 0);
	return true;
}

static bool bound_as(enum seek_range_type type, struct str text, struct seek_bound *bound)
{
	if (!bound->given || type == SEEK_LETTERS)
		return true;
	return type == SEEK_NUMBER ? seek_number(text, &bound->number) : seek_address(text, bound->address);
}

/* What the ends of a range are: moments for times, otherwise both numbers, both addresses, or text. */
static int set_range(struct lexer *lexer, size_t at, struct seek_term *term, struct str low, struct str high)
{
	term->how = SEEK_RANGE;
	term->low.folded = arena_str(lexer->arena, fold_text(lexer->arena, low));
	term->high.folded = arena_str(lexer->arena, fold_text(lexer->arena, high));
	if (term->where == SEEK_TIME || term->where == SEEK_ARRIVED) {
		struct moment first = { 0 }, last = { 0 };
		struct err why = { "" };
		term->range = SEEK_MOMENT;
		if ((term->low.given && moment_parse(low, lexer->now, &first, &why) < 0) ||
		    (term->high.given && moment_parse(high, lexer->now, &last, &why) < 0))
			return fault(lexer, at, "%s", why.text);
		term->low.moment = term->low.without ? first.last : first.first;
		term->high.moment = term->high.without ? last.first : last.last;
		return 0;
	}
	for (term->range = SEEK_NUMBER; term->range < SEEK_LETTERS; term->range++)
		if (bound_as(term->range, low, &term->low) && bound_as(term->range, high, &term->high))
			break;
	return 0;
}

/* One end of a range, up to white space or a bracket. */
static int read_bound(struct lexer *lexer, struct buf *out, bool *open)
{
	skip_blanks(lexer);
	*open = false;
	if (peek(lexer) == '"') {
		CLEANUP(pattern_done) struct pattern pattern = { 0 };
		int r = read_quoted(lexer, &pattern);
		buf_add(out, buf_str(&pattern.text));
		return r;
	}
	while (!is_word(lexer, "TO") || out->n) {
		struct str rest = rest_of(lexer);
		size_t n = blank(rest);
		if (!rest.n || rest.p[0] == ']' || rest.p[0] == '}')
			return 0;
		if (n) { /* a time may hold one blank: "2026-11-03 12:00" */
			size_t at = lexer->at;
			skip_blanks(lexer);
			if (is_word(lexer, "TO") || peek(lexer) == ']' || peek(lexer) == '}')
				return 0;
			buf_add(out, str_slice(lexer->text, at, lexer->at));
			continue;
		}
		buf_add_char(out, lexer->text.p[lexer->at++]);
		*open = str_is(buf_str(out), "*");
	}
	return 0;
}

static int read_range(struct lexer *lexer, struct seek_term *term)
{
	size_t start = lexer->at;
	BUF(low);
	BUF(high);
	bool low_open = false, high_open = false;
	term->low.without = lexer->text.p[lexer->at++] == '{';
	int r = read_bound(lexer, &low, &low_open);
	skip_blanks(lexer);
	if (r == 0 && !take_word(lexer, "TO"))
		return fault(lexer, start, "a range is written [1 TO 9], with * for an open end");
	if (r == 0)
		r = read_bound(lexer, &high, &high_open);
	skip_blanks(lexer);
	if (r < 0)
		return r;
	if (peek(lexer) != ']' && peek(lexer) != '}')
		return fault(lexer, start, "this range does not end; close it with ']', or '}' without the end itself");
	if (!low.n || !high.n)
		return fault(lexer, start, "an end of this range is missing; write * where it is open");
	term->high.without = lexer->text.p[lexer->at++] == '}';
	term->low.given = !low_open;
	term->high.given = !high_open;
	return set_range(lexer, start, term, buf_str(&low), buf_str(&high));
}

static int read_comparison(struct lexer *lexer, struct seek_term *term)
{
	size_t start = lexer->at;
	CLEANUP(pattern_done) struct pattern pattern = { 0 };
	bool above = lexer->text.p[lexer->at++] == '>', with = peek(lexer) == '=';
	lexer->at += with;
	int r = read_word(lexer, &pattern, "");
	if (r < 0)
		return r;
	struct str value = buf_str(&pattern.text);
	if (!value.n)
		return fault(lexer, start, "what should it be compared with? Write field:>100");
	struct seek_bound *bound = above ? &term->low : &term->high;
	bound->given = true;
	bound->without = !with;
	return set_range(lexer, start, term, above ? value : STR(""), above ? STR("") : value);
}

/* ---- terms ---- */

static const struct {
	const char *name;
	enum seek_where where;
} own[] = {
	{ "host", SEEK_HOST },       { "source", SEEK_SOURCE }, { "parser", SEEK_PARSER },   { "format", SEEK_PARSER },
	{ "time", SEEK_TIME },       { "raw", SEEK_RAW },       { "message", SEEK_RAW },     { "arrived", SEEK_ARRIVED },
};

static void set_where(struct lexer *lexer, struct str name)
{
	lexer->field = STR_NONE;
	for (size_t i = 0; i < COUNT(own); i++) {
		if (str_is_nocase(name, own[i].name)) {
			lexer->where = own[i].where;
			return;
		}
	}
	lexer->where = SEEK_FIELD;
	lexer->field = arena_str(lexer->arena, name);
}

static unsigned field_id(struct lexer *lexer, struct str name)
{
	for (size_t i = 0; i < lexer->fields.n; i++)
		if (str_eq_nocase(lexer->fields.p[i], name))
			return (unsigned)i;
	vec_push_in(lexer->arena, &lexer->fields, name);
	return (unsigned)(lexer->fields.n - 1);
}

/* A hardware address: six pairs of hexadecimal digits. */
static bool is_hardware_address(struct str word)
{
	if (word.n < 17)
		return false;
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? word.p[i] != ':' : !is_one_of(word.p[i], "0123456789abcdefABCDEF"))
			return false;
	return true;
}

/* "name:" stands here: how long the name is; 0 when what stands here is a word. */
static size_t name_length(const struct lexer *lexer)
{
	struct str rest = rest_of(lexer);
	size_t n = 0;
	while (n < rest.n && (is_plain_letter(rest.p[n]) || is_one_of(rest.p[n], "_@.-#$%")) && !blank(str_slice(rest, n, rest.n)))
		n++;
	if (!n || n + 1 > rest.n || rest.p[n] != ':' || (rest.p[0] >= '0' && rest.p[0] <= '9') || rest.p[0] == '-')
		return 0;
	struct str behind = str_slice(rest, n + 1, rest.n);
	if (str_starts(behind, ":") || str_starts(behind, "//") || (n == 1 && str_starts(behind, "\\")) ||
	    is_hardware_address(rest))
		return 0;
	return n;
}

static int new_term(struct lexer *lexer, const struct seek_term *term, const struct seek_node **out)
{
	struct seek_term *kept = ARENA_NEW(lexer->arena, struct seek_term);
	struct seek_node *node = ARENA_NEW(lexer->arena, struct seek_node);
	if (++lexer->terms > SEEK_TERMS)
		return err_set(lexer->err, -E2BIG, "the search has more than %d words; search in several steps", SEEK_TERMS);
	*kept = *term;
	if (term->where == SEEK_FIELD)
		kept->field_id = field_id(lexer, term->field);
	*node = (struct seek_node){ .kind = SEEK_TERM, .term = kept };
	*out = node;
	return 0;
}

/* What a word means, by where it stands. */
static int finish_word(struct lexer *lexer, size_t start, bool quoted, struct seek_term *term)
{
	bool moment = term->where == SEEK_TIME || term->where == SEEK_ARRIVED;
	if (!quoted && term->n_pieces == 1 && term->pieces[0].any && !term->pieces[0].one && !term->pieces[0].folded.n) {
		term->how = SEEK_EXISTS; /* a lone star */
		return 0;
	}
	if (moment) {
		struct str text = term->text;
		term->low.given = term->high.given = true;
		return set_range(lexer, start, term, text, text);
	}
	if (!quoted && term->where == SEEK_FIELD && str_find_char(term->text, '/') > 0 && parse_net(term->text, term))
		term->how = SEEK_NET;
	return 0;
}

static int read_value(struct lexer *lexer, const struct seek_node **out)
{
	struct seek_term term = { .where = lexer->where, .field = lexer->field };
	bool text_only = term.where <= SEEK_PARSER;
	size_t start = lexer->at, end;
	char c = peek(lexer);
	int r;
	if (c == '/' && (end = regex_end(lexer)) > 0) {
		if (term.where == SEEK_TIME || term.where == SEEK_ARRIVED)
			return fault(lexer, start, "a time takes no expression; write time:[2026-11-01 TO 2026-11-03]");
		r = read_regex(lexer, end, &term);
	} else if (!text_only && (c == '>' || c == '<')) {
		r = read_comparison(lexer, &term);
	} else if (!text_only && (c == '[' || c == '{')) {
		r = read_range(lexer, &term);
	} else {
		CLEANUP(pattern_done) struct pattern pattern = { 0 };
		r = read_word(lexer, &pattern, "");
		if (r < 0)
			return r;
		bool quoted = c == '"';
		pattern_finish(lexer, &pattern, &term);
		if (!term.text.n && (!quoted || term.where == SEEK_RAW))
			return fault(lexer, start, "a word is missing here");
		r = finish_word(lexer, start, quoted, &term);
	}
	return r < 0 ? r : new_term(lexer, &term, out);
}

/* ---- the tree ---- */

static int read_or(struct lexer *lexer, const struct seek_node **out);

static int read_group(struct lexer *lexer, const struct seek_node **out)
{
	size_t start = lexer->at++;
	if (++lexer->depth > SEEK_DEPTH)
		return fault(lexer, start, "more than %d parentheses in each other", SEEK_DEPTH);
	skip_blanks(lexer);
	if (peek(lexer) == ')')
		return fault(lexer, start, "nothing stands between these parentheses; put \"()\" in quotes to look for the signs");
	int r = read_or(lexer, out);
	if (r < 0)
		return r;
	skip_blanks(lexer);
	if (peek(lexer) != ')')
		return fault(lexer, start, "this '(' is not closed; add ')', or put it in quotes");
	lexer->at++;
	lexer->depth--;
	return 0;
}

static int read_field(struct lexer *lexer, size_t name, const struct seek_node **out)
{
	size_t start = lexer->at;
	struct str field = str_slice(rest_of(lexer), 0, name);
	if (lexer->field.p || lexer->where != SEEK_RAW)
		return fault(lexer, start, "a field within the values of a field; put the value in quotes");
	lexer->at += name + 1;
	struct str rest = rest_of(lexer);
	if (!rest.n || blank(rest) || rest.p[0] == ')')
		return fault(lexer, start, "%.*s: has no value; write %.*s:* when it must only be there, %.*s:\"\" when it is empty, or "
		                            "\"%.*s:\" for the text itself",
		             STR_ARG(field), STR_ARG(field), STR_ARG(field), STR_ARG(field));
	set_where(lexer, field);
	int r = rest.p[0] == '(' ? read_group(lexer, out) : read_value(lexer, out);
	lexer->where = SEEK_RAW;
	lexer->field = STR_NONE;
	return r;
}

static int read_primary(struct lexer *lexer, const struct seek_node **out)
{
	if (peek(lexer) == '(')
		return read_group(lexer, out);
	if (peek(lexer) == ')')
		return fault(lexer, lexer->at, "')' without '('; remove it, or put it in quotes");
	if (is_word(lexer, "AND") || is_word(lexer, "OR") || is_word(lexer, "&&") || is_word(lexer, "||"))
		return fault(lexer, lexer->at, "a word is missing before this; put \"AND\" and \"OR\" in quotes to look for them");
	if (lexer->at == lexer->text.n)
		return fault(lexer, lexer->at, "a word is missing at the end");
	size_t name = name_length(lexer);
	return name ? read_field(lexer, name, out) : read_value(lexer, out);
}

static const struct seek_node *node_of(struct lexer *lexer, enum seek_kind kind, const struct seek_node *const *p, size_t n)
{
	struct seek_node *node = ARENA_NEW(lexer->arena, struct seek_node);
	const struct seek_node **kept = (const struct seek_node **)arena_array(lexer->arena, sizeof(*kept), n);
	memcpy(kept, p, n * sizeof(*kept));
	*node = (struct seek_node){ .kind = kind, .p = kept, .n = n };
	return node;
}

static int read_not(struct lexer *lexer, const struct seek_node **out)
{
	bool negated = false;
	for (skip_blanks(lexer); take_word(lexer, "NOT"); skip_blanks(lexer))
		negated = !negated;
	int r = read_primary(lexer, out);
	if (r == 0 && negated)
		*out = node_of(lexer, SEEK_NOT, out, 1);
	return r;
}

typedef VEC(const struct seek_node *) nodes;

static void nodes_done(nodes *list)
{
	vec_done(list);
}

static int read_and(struct lexer *lexer, const struct seek_node **out)
{
	CLEANUP(nodes_done) nodes list = { 0 };
	for (;;) {
		const struct seek_node *node = NULL;
		int r = read_not(lexer, &node);
		if (r < 0)
			return r;
		vec_push(&list, node);
		skip_blanks(lexer);
		if (lexer->at == lexer->text.n || peek(lexer) == ')' || is_word(lexer, "OR") || is_word(lexer, "||"))
			break;
		(void)(take_word(lexer, "AND") || take_word(lexer, "&&"));
	}
	*out = list.n == 1 ? list.p[0] : node_of(lexer, SEEK_AND, list.p, list.n);
	return 0;
}

static int read_or(struct lexer *lexer, const struct seek_node **out)
{
	CLEANUP(nodes_done) nodes list = { 0 };
	do {
		const struct seek_node *node = NULL;
		int r = read_and(lexer, &node);
		if (r < 0)
			return r;
		vec_push(&list, node);
	} while (take_word(lexer, "OR") || take_word(lexer, "||"));
	*out = list.n == 1 ? list.p[0] : node_of(lexer, SEEK_OR, list.p, list.n);
	return 0;
}

int seek_parse(struct arena *arena, struct str text, int64_t now, struct seek *out, struct err *err)
{
	struct lexer lexer = { .arena = arena, .text = text, .now = now, .seek = out, .field = STR_NONE, .err = err };
	*out = (struct seek){ .root = &all };
	if (text.n > SEEK_BYTES)
		return err_set(err, -E2BIG, "the search is longer than %d bytes; search in several steps", SEEK_BYTES);
	if (!utf8_valid(text))
		return err_set(err, -EINVAL, "the search is not UTF-8 text; set the terminal to UTF-8");
	skip_blanks(&lexer);
	if (lexer.at == text.n)
		return 0;
	int r = read_or(&lexer, &out->root);
	if (r < 0)
		return r;
	skip_blanks(&lexer);
	if (lexer.at < text.n)
		return fault(&lexer, lexer.at, "')' without '('; remove it, or put it in quotes");
	out->fields = (struct strings){ lexer.fields.p, lexer.fields.n };
	return 0;
}
