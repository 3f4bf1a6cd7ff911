/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/regex_literal.h"

#include "base/buf.h"

/* Clauses of one sequence, best first. */
struct needs {
	struct regex_clause clause[REGEX_CLAUSES];
	size_t n;
	struct str lead; /* what the sequence begins with for certain; may be empty */
};

struct reading {
	struct str regex;
	size_t at;
	struct arena *arena;
	struct needs *needs; /* of the sequence at hand */
	struct buf run;      /* characters that follow each other for certain */
	struct regex_order *order; /* of the outermost sequence */
	bool leading;        /* nothing but the run stands before this in the sequence */
	bool lost;           /* something not understood */
};

/* Long texts are rare, few of them rarer. */
static size_t worth(const struct regex_clause *clause)
{
	size_t shortest = SIZE_MAX;
	for (size_t i = 0; i < clause->n; i++)
		shortest = MIN(shortest, clause->text[i].n);
	return MIN(shortest, (size_t)10) * 100 - clause->n;
}

/* Of single characters, those that paths and words are full of say nothing. */
static bool is_telling(struct str text)
{
	return text.n > 1 || (text.n == 1 && memchr("`^~|$%#@{}[]<>;=*?!", *text.p, 19));
}

static void add_clause(struct needs *needs, const struct regex_clause *clause)
{
	size_t at = needs->n;
	for (size_t i = 0; i < clause->n; i++)
		if (!is_telling(clause->text[i]))
			return;
	if (clause->n == 0)
		return;
	while (at > 0 && worth(&needs->clause[at - 1]) < worth(clause))
		at--;
	if (at == REGEX_CLAUSES)
		return;
	size_t behind = MIN(needs->n, (size_t)REGEX_CLAUSES - 1) - at;
	memmove(&needs->clause[at + 1], &needs->clause[at], behind * sizeof(*clause));
	needs->clause[at] = *clause;
	needs->n = MIN(needs->n + 1, (size_t)REGEX_CLAUSES);
}

static void not_exact(struct reading *reading)
{
	if (reading->order)
		reading->order->exact = false;
}

static void run_end(struct reading *reading)
{
	struct regex_clause clause = { .n = 1 };
	if (reading->run.n) {
		clause.text[0] = arena_str(reading->arena, buf_str(&reading->run));
		if (reading->order && reading->order->n < REGEX_ORDER)
			reading->order->text[reading->order->n++] = clause.text[0];
		else
			not_exact(reading);
		add_clause(reading->needs, &clause);
		if (reading->leading)
			reading->needs->lead = clause.text[0];
	}
	reading->leading = false;
	buf_clear(&reading->run);
}

static bool more(const struct reading *reading)
{
	return reading->at < reading->regex.n;
}

static char peek(const struct reading *reading)
{
	return more(reading) ? reading->regex.p[reading->at] : '\0';
}

/* Behind a class "[…]". */
static void skip_class(struct reading *reading)
{
	reading->at++;
	if (peek(reading) == '^')
		reading->at++;
	if (peek(reading) == ']') /* the first is a member */
		reading->at++;
	while (more(reading) && peek(reading) != ']') {
		if (peek(reading) == '[' && reading->at + 1 < reading->regex.n && strchr(":.=", reading->regex.p[reading->at + 1]))
			reading->lost = true; /* [:alpha:] */
		reading->at += peek(reading) == '\\' ? 2 : 1;
	}
	reading->at++;
}

/* Behind a group "(…)"; what is in it is not used. */
static void skip_group(struct reading *reading)
{
	size_t depth = 0;
	do {
		char c = peek(reading);
		if (c == '[') {
			skip_class(reading);
			continue;
		}
		depth += c == '(';
		depth -= c == ')';
		reading->at += c == '\\' ? 2 : 1;
	} while (depth && more(reading));
	reading->lost |= depth != 0;
}

/* A quantifier, if one stands here: *least is how often what stands before it must come. */
static bool quantifier(struct reading *reading, size_t *least)
{
	char c = peek(reading);
	*least = 1;
	if (c == '*' || c == '?') {
		*least = 0;
		reading->at++;
	} else if (c == '+') {
		reading->at++;
	} else if (c == '{') {
		size_t i = reading->at + 1, digits = 0;
		*least = 0;
		for (; i < reading->regex.n && reading->regex.p[i] >= '0' && reading->regex.p[i] <= '9'; i++, digits++)
			*least = MIN(*least * 10 + (size_t)(reading->regex.p[i] - '0'), (size_t)1000);
		while (i < reading->regex.n && reading->regex.p[i] != '}')
			i++;
		if (!digits || i == reading->regex.n) { /* perhaps a brace that means itself */
			reading->lost = true;
			return false;
		}
		reading->at = i + 1;
	} else {
		return false;
	}
	if (peek(reading) == '?' || peek(reading) == '+') /* lazy, possessive */
		reading->at++;
	return true;
}

/* One character that stands for itself; what follows may make it optional or repeat it. */
static void literal(struct reading *reading, struct str character)
{
	size_t least;
	if (!quantifier(reading, &least)) {
		buf_add(&reading->run, character);
		return;
	}
	if (least)
		buf_add(&reading->run, character);
	not_exact(reading);
	run_end(reading);
}

static void something(struct reading *reading)
{
	size_t least;
	not_exact(reading);
	run_end(reading);
	(void)quantifier(reading, &least);
}

static void escape(struct reading *reading)
{
	char c = reading->at + 1 < reading->regex.n ? reading->regex.p[reading->at + 1] : '\0';
	struct str character = { reading->regex.p + reading->at + 1, 1 };
	bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	if (c == '\0' || (word && !strchr("dDwWsSbBAzZRhHvVNtnrf", c))) {
		reading->lost = true; /* \Q, \x41, \p{…}, \1 … */
		return;
	}
	reading->at += 2;
	if (word)
		something(reading);
	else
		literal(reading, character);
}

/* What follows the run is one of some texts, or begins with one: so the run with one of them behind it must be there. */
static void add_choice(struct reading *reading, const struct str *leads, size_t n)
{
	struct regex_clause clause = { .n = n };
	if (n == 0 || n > REGEX_TEXTS || reading->run.n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		clause.text[i] = arena_printf(reading->arena, "%.*s%.*s", STR_ARG(buf_str(&reading->run)), STR_ARG(leads[i]));
	add_clause(reading->needs, &clause);
}

/* A class of a few characters, "[ab]"; how many; 0: it is more than that. */
static size_t small_class(const struct reading *reading, struct str out[4])
{
	struct str rest = str_slice(reading->regex, reading->at + 1, reading->regex.n);
	size_t n = 0;
	for (; n < 4 && n < rest.n && rest.p[n] != ']'; n++) {
		if (strchr("^-\\[", rest.p[n]) || (unsigned char)rest.p[n] >= 0x80)
			return 0;
		out[n] = str_slice(rest, n, n + 1);
	}
	return n < rest.n && rest.p[n] == ']' ? n : 0;
}

static void take_class(struct reading *reading)
{
	struct str members[4];
	size_t n = small_class(reading, members), least;
	skip_class(reading);
	if (!quantifier(reading, &least))
		least = 1;
	if (least && n)
		add_choice(reading, members, n);
	run_end(reading);
}

static bool alternatives(struct reading *reading, struct needs *out, struct str *leads, size_t *n_leads, unsigned depth);

/* "(…)" or "(?:…)"; others are passed over. */
static void take_group(struct reading *reading, unsigned depth)
{
	struct str rest = str_slice(reading->regex, reading->at, reading->regex.n);
	size_t open = str_starts(rest, "(?:") ? 3 : str_starts(rest, "(?") ? 0 : 1, least, n_leads = 0;
	struct str leads[REGEX_TEXTS];
	bool understood = open && depth < REGEX_GROUPS_DEEP;
	struct needs *inner = ARENA_NEW(reading->arena, struct needs);
	if (understood) {
		struct reading group = { .regex = reading->regex, .at = reading->at + open, .arena = reading->arena };
		understood = alternatives(&group, inner, leads, &n_leads, depth + 1) && !group.lost;
		buf_done(&group.run);
	}
	skip_group(reading);
	if (!quantifier(reading, &least))
		least = 1;
	if (understood && least) {
		add_choice(reading, leads, n_leads);
		for (size_t i = 0; i < inner->n; i++)
			add_clause(reading->needs, &inner->clause[i]);
	}
	run_end(reading);
}

/* All up to an alternative at this level, the end of the group or of all. */
static void sequence(struct reading *reading, unsigned depth)
{
	reading->leading = true;
	while (more(reading) && !reading->lost && peek(reading) != '|' && !(depth && peek(reading) == ')')) {
		char c = peek(reading);
		struct str character = { reading->regex.p + reading->at, 1 };
		if (c == '(') {
			not_exact(reading);
			take_group(reading, depth);
		} else if (c == '[') {
			not_exact(reading);
			take_class(reading);
		} else if (str_starts(str_slice(reading->regex, reading->at, reading->regex.n), ".*")) {
			size_t least;
			run_end(reading);
			reading->at++;
			(void)quantifier(reading, &least);
			if (reading->regex.p[reading->at - 1] == '+') /* it gives nothing back */
				not_exact(reading);
		} else if (c == '\\') {
			escape(reading);
		} else if (c == '.' || c == '^' || c == '$') {
			reading->at++;
			something(reading);
		} else if (strchr(")*+?{", c)) {
			reading->lost = true;
		} else if ((unsigned char)c >= 0x80) { /* so as not to tell characters apart here */
			reading->at++;
			something(reading);
		} else {
			reading->at++;
			literal(reading, character);
		}
	}
	run_end(reading);
}

/* All alternatives of a group, or of the expression. False: nothing can be said. */
static bool alternatives(struct reading *reading, struct needs *out, struct str *leads, size_t *n_leads, unsigned depth)
{
	struct regex_clause any = { 0 };
	bool all = true, all_lead = true;
	*n_leads = 0;
	for (;;) {
		struct needs *one = ARENA_NEW(reading->arena, struct needs);
		reading->needs = one;
		sequence(reading, depth);
		if (reading->lost)
			return false;
		all_lead = all_lead && one->lead.n && *n_leads < REGEX_TEXTS;
		if (all_lead)
			leads[(*n_leads)++] = one->lead;
		bool last = !more(reading) || peek(reading) == ')';
		if (last && any.n == 0 && all) {
			*out = *one;
			break;
		}
		all = all && one->n && any.n + one->clause[0].n <= REGEX_TEXTS;
		for (size_t i = 0; all && i < one->clause[0].n; i++)
			any.text[any.n++] = one->clause[0].text[i];
		if (last) {
			if (all)
				add_clause(out, &any);
			break;
		}
		reading->at++; /* the bar */
		if (reading->order)
			*reading->order = (struct regex_order){ 0 };
		reading->order = NULL;
	}
	if (!all_lead)
		*n_leads = 0;
	return true;
}

/* "(?i)" and the like at the beginning change nothing here; "(?x)" would. */
static void skip_flags(struct reading *reading)
{
	struct str rest = str_slice(reading->regex, reading->at, reading->regex.n);
	if (!str_starts(rest, "(?"))
		return;
	size_t i = 2;
	while (i < rest.n && strchr("ims", rest.p[i]))
		i++;
	if (i > 2 && i < rest.n && rest.p[i] == ')')
		reading->at += i + 1;
}

/* Flags within the expression that change how it is read ("x"), comments, verbs. */
static bool is_odd(struct str regex, size_t from)
{
	for (size_t i = from; i + 1 < regex.n; i++)
		if (regex.p[i] == '(' && (regex.p[i + 1] == '*' || (regex.p[i + 1] == '?' && i + 2 < regex.n && !strchr(":=!<", regex.p[i + 2]))))
			return true;
	return false;
}

size_t regex_needs(struct arena *arena, struct str regex, struct regex_clause out[REGEX_CLAUSES], struct regex_order *order)
{
	ARENA(scratch);
	struct regex_order runs = { .exact = true };
	struct reading reading = { .regex = regex, .arena = &scratch, .order = &runs };
	struct needs needs = { 0 };
	struct str leads[REGEX_TEXTS];
	size_t n_leads;
	skip_flags(&reading);
	runs.exact = reading.at == 0;
	bool good = regex.n && !is_odd(regex, reading.at) && alternatives(&reading, &needs, leads, &n_leads, 0) && !more(&reading);
	for (size_t i = 0; good && i < needs.n; i++) {
		out[i] = needs.clause[i];
		for (size_t k = 0; k < out[i].n; k++)
			out[i].text[k] = arena_str(arena, out[i].text[k]);
	}
	for (size_t i = 0; order && good && i < runs.n; i++)
		order->text[order->n++] = arena_str(arena, runs.text[i]);
	if (order)
		order->exact = good && runs.exact && runs.n > 0 && str_find_char(regex, '\n') < 0;
	buf_done(&reading.run);
	return good ? needs.n : 0;
}
