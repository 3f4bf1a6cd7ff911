/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/sca_pattern.h"

#include <limits.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/vec.h"
#include "check/osregex.h"

enum {
	MATCH_STEPS = 1000000, /* of PCRE2 for one line; JIT counts differently, to the same end */
	MATCH_DEPTH = 10000,
	MATCH_HEAP_KIB = 32 * 1024,
	JIT_STACK = 1024 * 1024,
};

enum term_kind { TERM_REGEX, TERM_NUMBER, TERM_LITERAL };
enum compare { LESS, LESS_EQUAL, EQUAL, UNEQUAL, GREATER_EQUAL, GREATER, NO_COMPARE };

struct sca_term {
	enum term_kind kind;
	bool negated;
	struct str text;       /* the expression or the literal */
	struct str comparison; /* as written */
	struct str fault;      /* why it cannot be used; empty: it can */
	enum compare compare;
	struct str compare_fault; /* noticed only when a number was found, as in 5.x */
	int64_t number;
	bool compiled;
	pcre2_code *pcre2;
	const struct osregex *osregex;
};

/* ---- reading ---- */

static ptrdiff_t find_after(struct str text, const char *needle, size_t from)
{
	ptrdiff_t at = str_find(str_slice(text, from, text.n), needle);
	return at < 0 ? at : at + (ptrdiff_t)from;
}

/* As strtol and std::stoi read: leading blanks, a sign, digits, and then whatever. */
static bool leading_number(struct str text, int64_t least, int64_t most, int64_t *out)
{
	size_t i = 0;
	while (i < text.n && (text.p[i] == ' ' || (text.p[i] >= '\t' && text.p[i] <= '\r')))
		i++;
	bool minus = i < text.n && text.p[i] == '-';
	if (i < text.n && (text.p[i] == '-' || text.p[i] == '+'))
		i++;
	size_t first = i;
	int64_t value = 0;
	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
		if (value > (INT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (text.p[i] - '0');
	}
	if (minus)
		value = -value;
	if (i == first || value < least || value > most)
		return false;
	*out = value;
	return true;
}

static void compare_read_5(struct sca_term *term, struct str rest)
{
	static const char *const operators[] = { "<", "<=", "==", "!=", ">=", ">" };
	struct str operator = str_word(&rest), number = str_word(&rest);
	term->compare = NO_COMPARE;
	if (operator.n == 0 || number.n == 0) {
		term->fault = STR("an operator and a number are needed behind 'compare'");
		return;
	}
	if (!leading_number(number, INT_MIN, INT_MAX, &term->number)) {
		term->fault = STR("no number behind the operator");
		return;
	}
	for (size_t i = 0; i < COUNT(operators); i++)
		if (str_is(operator, operators[i]))
			term->compare = (enum compare)i;
	if (term->compare == NO_COMPARE)
		term->compare_fault = STR("unknown operator");
}

static void compare_read_4(struct sca_term *term, struct str rest)
{
	static const struct {
		const char *text;
		enum compare compare;
	} operators[] = {
		{ "!=", UNEQUAL }, { "<=", LESS_EQUAL }, { ">=", GREATER_EQUAL }, { "<", LESS }, { ">", GREATER },
	};
	size_t digit = 0;
	while (digit < rest.n && (rest.p[digit] < '0' || rest.p[digit] > '9'))
		digit++;
	term->compare = NO_COMPARE;
	if (!leading_number(str_slice(rest, digit, rest.n), INT64_MIN, INT64_MAX, &term->number))
		term->compare_fault = STR("no number behind the operator");
	else if (rest.p[0] == '=')
		term->compare = EQUAL;
	for (size_t i = 0; i < COUNT(operators) && term->compare == NO_COMPARE && !term->compare_fault.n; i++)
		if (str_find(rest, operators[i].text) >= 0)
			term->compare = operators[i].compare;
	if (term->compare == NO_COMPARE && !term->compare_fault.n)
		term->compare_fault = STR("unknown operator");
}

static void number_read(enum sca_dialect dialect, struct sca_term *term)
{
	const char *word = dialect == SCA_5 ? "compare" : " compare ";
	ptrdiff_t at = str_find(term->text, word);
	if (at < 0 || (dialect == SCA_5 && (at == 0 || (size_t)at + 8 > term->text.n))) {
		term->fault = STR("'compare' is missing");
		return;
	}
	struct str whole = term->text;
	size_t behind = (size_t)at + (dialect == SCA_5 ? 8 : 9);
	term->text = str_slice(whole, 0, dialect == SCA_5 ? (size_t)at - 1 : (size_t)at);
	term->comparison = str_slice(whole, behind, whole.n);
	if (dialect == SCA_5)
		compare_read_5(term, term->comparison);
	else if (term->comparison.n)
		compare_read_4(term, term->comparison);
	else
		term->compare_fault = STR("no number behind the operator");
}

static bool has_prefix(enum sca_dialect dialect, struct str text, char letter)
{
	if (text.n < 2 || text.p[1] != ':')
		return false;
	return text.p[0] == letter || (dialect != SCA_5 && text.p[0] == letter - 32);
}

static void term_read(enum sca_dialect dialect, struct str text, struct sca_term *out)
{
	*out = (struct sca_term){ .kind = TERM_LITERAL };
	if (text.n && text.p[0] == '!') {
		out->negated = true;
		text = str_slice(text, 1, text.n);
	}
	out->text = text;
	bool is_regex = has_prefix(dialect, text, 'r'), is_number = has_prefix(dialect, text, 'n');
	if (!is_regex && !is_number)
		return;
	out->kind = is_regex ? TERM_REGEX : TERM_NUMBER;
	out->text = str_slice(text, 2, text.n);
	if (is_number)
		number_read(dialect, out);
}

void sca_pattern_parse(struct arena *arena, enum sca_dialect dialect, struct str text, struct sca_pattern *out)
{
	VEC(struct sca_term) terms = { 0 };
	*out = (struct sca_pattern){ .text = text, .dialect = dialect };
	struct str bare = text.n && text.p[0] == '!' ? str_slice(text, 1, text.n) : text;
	out->whole = dialect == SCA_5 && !has_prefix(dialect, bare, 'r') && !has_prefix(dialect, bare, 'n');
	for (size_t from = 0; from < text.n; ) {
		ptrdiff_t end = find_after(text, " && ", from);
		struct sca_term term;
		term_read(dialect, str_slice(text, from, end < 0 ? text.n : (size_t)end), &term);
		vec_push_in(arena, &terms, term);
		from = end < 0 ? text.n : (size_t)end + 4;
	}
	out->terms = terms.p;
	out->n = terms.n;
}

void sca_pattern_done(struct sca_pattern *pattern)
{
	for (size_t i = 0; i < pattern->n; i++) {
		pcre2_code_free(pattern->terms[i].pcre2);
		pattern->terms[i].pcre2 = NULL;
		pattern->terms[i].compiled = false;
	}
}

/* ---- expressions ---- */

static struct str pcre2_words(struct arena *arena, int code)
{
	unsigned char text[160];
	if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
		return STR("unknown error");
	return arena_str(arena, str_from((const char *)text));
}

static void compile_pcre2(struct arena *arena, enum sca_dialect dialect, struct sca_term *term)
{
	int code = 0;
	PCRE2_SIZE at = 0;
	uint32_t flags = dialect == SCA_5 ? PCRE2_MULTILINE | PCRE2_CASELESS : 0;
	term->pcre2 = pcre2_compile((PCRE2_SPTR)(term->text.p ? term->text.p : ""), term->text.n,
	                            flags | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	if (!term->pcre2)
		term->fault = arena_printf(arena, "'%.*s', character %zu: %.*s", STR_ARG(term->text), at + 1,
		                           STR_ARG(pcre2_words(arena, code)));
	else
		(void)pcre2_jit_compile(term->pcre2, PCRE2_JIT_COMPLETE);
}

static void term_compile(struct arena *arena, enum sca_dialect dialect, struct sca_term *term)
{
	struct err err = { 0 };
	term->compiled = true;
	if (term->kind == TERM_LITERAL || term->fault.n)
		return;
	if (dialect != SCA_4_OSREGEX)
		compile_pcre2(arena, dialect, term);
	else if (osregex_compile(arena, term->text, &term->osregex, &err) < 0)
		term->fault = arena_printf(arena, "'%.*s': %s", STR_ARG(term->text), err.text);
}

struct sca_matcher {
	struct arena *arena;
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
};

struct sca_matcher *sca_matcher_new(struct arena *arena)
{
	struct sca_matcher *matcher = mem_alloc(sizeof(*matcher));
	matcher->arena = arena;
	return matcher;
}

void sca_matcher_free(struct sca_matcher *matcher)
{
	if (!matcher)
		return;
	pcre2_match_data_free(matcher->data);
	pcre2_match_context_free(matcher->context);
	pcre2_jit_stack_free(matcher->stack);
	free(matcher);
}

void sca_matcher_free_p(struct sca_matcher **matcher)
{
	sca_matcher_free(*matcher);
}

static bool matcher_is_ready(struct sca_matcher *matcher)
{
	if (matcher->context)
		return matcher->data && matcher->stack;
	matcher->context = pcre2_match_context_create(NULL);
	matcher->data = pcre2_match_data_create(16, NULL);
	matcher->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK, NULL);
	if (!matcher->context || !matcher->data || !matcher->stack)
		return false;
	pcre2_set_match_limit(matcher->context, MATCH_STEPS);
	pcre2_set_depth_limit(matcher->context, MATCH_DEPTH);
	pcre2_set_heap_limit(matcher->context, MATCH_HEAP_KIB);
	pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
	return true;
}

struct search {
	struct sca_matcher *matcher;
	struct sca_pattern *pattern;
	struct note why;
};

static enum sca_result invalid(struct search *search, struct str fault)
{
	if (!search->why.english)
		search->why = NOTE("pattern not understood: {}", fault);
	return SCA_INVALID;
}

/* FOUND, NOT_FOUND or INVALID; *part is the first group, or with 5.x all that matched. */
static enum sca_result regex_find(struct search *search, const struct sca_term *term, struct str line,
                                  struct str *part)
{
	*part = STR_NONE;
	if (search->pattern->dialect == SCA_4_OSREGEX) {
		int r = osregex_match(term->osregex, line, term->kind == TERM_NUMBER ? part : NULL);
		return r < 0 ? invalid(search, STR("a line is too long")) : r ? SCA_FOUND : SCA_NOT_FOUND;
	}
	if (!matcher_is_ready(search->matcher))
		return invalid(search, STR("out of memory"));
	int r = pcre2_match(term->pcre2, (PCRE2_SPTR)(line.p ? line.p : ""), line.n, 0, 0, search->matcher->data,
	                    search->matcher->context);
	if (r == PCRE2_ERROR_NOMATCH)
		return SCA_NOT_FOUND;
	if (r < 0)
		return invalid(search, pcre2_words(search->matcher->arena, r));
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(search->matcher->data);
	bool group = r == 0 || r >= 2;
	if (group && at[2] != PCRE2_UNSET)
		*part = str_slice(line, at[2], at[3]);
	else if (!group && search->pattern->dialect == SCA_5)
		*part = str_slice(line, at[0], at[1]);
	return SCA_FOUND;
}

static bool compare(int64_t a, enum compare how, int64_t b)
{
	switch (how) {
	case LESS:
		return a < b;
	case LESS_EQUAL:
		return a <= b;
	case EQUAL:
		return a == b;
	case UNEQUAL:
		return a != b;
	case GREATER_EQUAL:
		return a >= b;
	case GREATER:
		return a > b;
	default:
		return false;
	}
}

static enum sca_result number_find(struct search *search, const struct sca_term *term, struct str line)
{
	bool five = search->pattern->dialect == SCA_5;
	struct str part;
	int64_t number;
	enum sca_result r = regex_find(search, term, line, &part);
	if (r != SCA_FOUND)
		return r;
	if (!part.p)
		return invalid(search, STR("it has no ( ) to take a number from"));
	if (!leading_number(part, five ? INT_MIN : INT64_MIN, five ? INT_MAX : INT64_MAX, &number))
		return invalid(search, arena_printf(search->matcher->arena, "'%.*s' is not a number", (int)MIN(part.n, (size_t)40),
		                                    part.p));
	if (term->compare == NO_COMPARE)
		return invalid(search, arena_printf(search->matcher->arena, "compare %.*s: %.*s", STR_ARG(term->comparison),
		                                    STR_ARG(term->compare_fault)));
	return compare(number, term->compare, term->number) ? SCA_FOUND : SCA_NOT_FOUND;
}

/* Without its '!'. */
static enum sca_result term_find(struct search *search, struct sca_term *term, struct str line)
{
	struct str part;
	enum sca_dialect dialect = search->pattern->dialect;
	if (!term->compiled)
		term_compile(search->matcher->arena, dialect, term);
	if (term->fault.n && term->kind == TERM_REGEX && dialect != SCA_5)
		return SCA_NOT_FOUND;
	if (term->fault.n)
		return invalid(search, term->fault);
	switch (term->kind) {
	case TERM_REGEX:
		return regex_find(search, term, line, &part);
	case TERM_NUMBER:
		return number_find(search, term, line);
	default:
		return (dialect == SCA_5 ? str_eq(term->text, line) : str_eq_nocase(term->text, line)) ? SCA_FOUND
		                                                                                     : SCA_NOT_FOUND;
	}
}

/* Does a line satisfy all terms? 5.x stops at the first that is not; 4.x asks all, and one that is not
 * satisfied outweighs one that is invalid. */
static enum sca_result line_find(struct search *search, struct str line)
{
	bool bad = false, missing = false;
	for (size_t i = 0; i < search->pattern->n; i++) {
		struct sca_term *term = &search->pattern->terms[i];
		enum sca_result r = term_find(search, term, line);
		if (r == SCA_INVALID)
			bad = true;
		else if ((r == SCA_FOUND) == term->negated)
			missing = true;
		if (search->pattern->dialect == SCA_5 && (bad || missing))
			break;
	}
	return missing ? SCA_NOT_FOUND : bad ? SCA_INVALID : SCA_FOUND;
}

/* The next line as the dialect cuts them. */
static bool next_line(enum sca_dialect dialect, struct str *rest, struct str *line)
{
	if (dialect != SCA_5)
		return str_line(rest, line);
	if (!rest->p || rest->n == 0)
		return false;
	*line = str_cut(rest, '\n');
	return true;
}

static struct sca_hit find_none(struct search *search, struct str text)
{
	struct sca_term *term = &search->pattern->terms[0];
	struct str line;
	while (next_line(SCA_5, &text, &line)) {
		enum sca_result r = term_find(search, term, line);
		if (r == SCA_FOUND)
			return (struct sca_hit){ .result = SCA_NOT_FOUND };
		if (r == SCA_INVALID)
			return (struct sca_hit){ .result = SCA_INVALID, .reason = search->why };
	}
	return (struct sca_hit){ .result = SCA_FOUND };
}

static struct sca_hit find_lines(struct search *search, struct str text, bool command)
{
	enum sca_dialect dialect = search->pattern->dialect;
	enum sca_result last = SCA_NOT_FOUND;
	int64_t number = 0;
	struct str line;
	while (next_line(dialect, &text, &line)) {
		number++;
		last = line_find(search, line);
		if (last == SCA_FOUND)
			return (struct sca_hit){ .result = SCA_FOUND, .line = line, .number = number };
		/* 4.x goes on with a command, whose last line then decides. */
		if (last == SCA_INVALID && !(command && dialect != SCA_5))
			break;
	}
	return (struct sca_hit){ .result = last, .reason = last == SCA_INVALID ? search->why : (struct note){ 0 } };
}

static struct sca_hit find_whole(const struct sca_pattern *pattern, struct str text, bool command)
{
	int64_t number = 0;
	struct str line;
	if (command && str_eq(text, pattern->text))
		return (struct sca_hit){ .result = SCA_FOUND, .line = text, .number = 1 };
	while (!command && next_line(SCA_5, &text, &line)) {
		number++;
		if (str_eq(line, pattern->text))
			return (struct sca_hit){ .result = SCA_FOUND, .line = line, .number = number };
	}
	return (struct sca_hit){ .result = SCA_NOT_FOUND };
}

struct sca_hit sca_pattern_find(struct sca_matcher *matcher, struct sca_pattern *pattern, struct str text, bool command)
{
	struct search search = { .matcher = matcher, .pattern = pattern };
	while (command && text.n && text.p[text.n - 1] == '\n')
		text.n--;
	while (command && text.n && text.p[0] == '\n')
		text = str_slice(text, 1, text.n);
	if (text.n == 0 || pattern->n == 0)
		return (struct sca_hit){ .result = SCA_NOT_FOUND };
	if (pattern->whole)
		return find_whole(pattern, text, command);
	if (pattern->dialect == SCA_5 && pattern->n == 1 && pattern->terms[0].negated)
		return find_none(&search, text);
	return find_lines(&search, text, command);
}

struct str sca_pattern_fault(struct sca_matcher *matcher, struct sca_pattern *pattern)
{
	for (size_t i = 0; i < pattern->n && !pattern->whole; i++) {
		struct sca_term *term = &pattern->terms[i];
		if (!term->compiled)
			term_compile(matcher->arena, pattern->dialect, term);
		if (term->fault.n)
			return term->fault;
		if (term->compare_fault.n)
			return arena_printf(matcher->arena, "compare %.*s: %.*s", STR_ARG(term->comparison),
			                    STR_ARG(term->compare_fault));
	}
	return STR("");
}
