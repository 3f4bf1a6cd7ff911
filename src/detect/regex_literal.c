/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/regex_literal.h"

#include "base/buf.h"

struct reading {
	struct str regex;
	size_t at;
	struct arena *arena;
	struct buf run;  /* characters that follow each other for certain */
	struct str runs[REGEX_LITERALS]; /* of the alternative at hand: the longest of them */
	size_t n;
	bool lost;       /* something not understood */
};

static void run_end(struct reading *reading)
{
	struct str run = buf_str(&reading->run);
	/* Of single characters, those that paths and words are full of say nothing. */
	if (run.n > 1 || (run.n == 1 && strchr("`^~|$%#@{}[]<>;=*?!", *run.p))) {
		size_t at = reading->n;
		if (at == REGEX_LITERALS) {
			at = 0;
			for (size_t i = 1; i < reading->n; i++)
				if (reading->runs[i].n < reading->runs[at].n)
					at = i;
			if (reading->runs[at].n < run.n)
				reading->runs[at] = arena_str(reading->arena, run);
		} else {
			reading->runs[reading->n++] = arena_str(reading->arena, run);
		}
	}
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
	run_end(reading);
}

static void something(struct reading *reading)
{
	size_t least;
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

/* All up to an alternative at this level, or the end. */
static void branch(struct reading *reading)
{
	while (more(reading) && !reading->lost && peek(reading) != '|') {
		char c = peek(reading);
		struct str character = { reading->regex.p + reading->at, 1 };
		if (c == '(') {
			skip_group(reading);
			something(reading);
		} else if (c == '[') {
			skip_class(reading);
			something(reading);
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

/* Those of the runs that are long, or all when none is. */
static size_t worthwhile(const struct reading *reading, struct str out[REGEX_LITERALS])
{
	size_t n = 0;
	for (size_t i = 0; i < reading->n; i++)
		if (reading->runs[i].n >= REGEX_LITERAL_LONG)
			out[n++] = reading->runs[i];
	for (size_t i = 0; n == 0 && i < reading->n; i++)
		out[i] = reading->runs[i];
	return n ? n : reading->n;
}

static struct str longest(const struct reading *reading)
{
	struct str best = STR_NONE;
	for (size_t i = 0; i < reading->n; i++)
		if (reading->runs[i].n > best.n)
			best = reading->runs[i];
	return best;
}

/* Flags within the expression that change how it is read ("x"), comments, verbs. */
static bool is_odd(struct str regex, size_t from)
{
	for (size_t i = from; i + 1 < regex.n; i++)
		if (regex.p[i] == '(' && (regex.p[i + 1] == '*' || (regex.p[i + 1] == '?' && i + 2 < regex.n && !strchr(":=!<", regex.p[i + 2]))))
			return true;
	return false;
}

size_t regex_literals(struct arena *arena, struct str regex, struct str out[REGEX_LITERALS], bool *all)
{
	struct reading reading = { .regex = regex, .arena = arena };
	size_t n = 0;
	*all = false;
	skip_flags(&reading);
	bool lost = regex.n == 0 || is_odd(regex, reading.at);
	while (!lost) {
		reading.n = 0;
		branch(&reading);
		lost = reading.lost;
		if (n == 0 && !more(&reading)) {
			*all = true;
			n = worthwhile(&reading, out);
			break;
		}
		lost = lost || reading.n == 0 || n == REGEX_LITERALS;
		if (!lost)
			out[n++] = longest(&reading);
		if (!more(&reading))
			break;
		reading.at++; /* the bar */
	}
	buf_done(&reading.run);
	return lost ? 0 : n;
}
