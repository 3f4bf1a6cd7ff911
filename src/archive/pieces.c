/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "archive/pieces.h"

#include <stdlib.h>

#include "archive/stamp.h"
#include "base/arena.h"

enum { FOLLOWERS = 1 << 15, PAIRS = 1 << 18, MANY = 10, LABEL_LONGEST = 48, LINES_LEAST = 24 };

struct cutter {
	struct str text;
	size_t n;
	uint32_t pairs[PAIRS];       /* fingerprints of (context, word) that were seen */
	uint32_t follows[FOLLOWERS]; /* how many different words came after a context, by its hash */
	struct variable variables[PIECES_MOST + 1];
};

struct cutter *cutter_new(void)
{
	return mem_alloc(sizeof(struct cutter));
}

void cutter_free(struct cutter *cutter)
{
	free(cutter);
}

static const uint8_t word_byte[256] = {
	['0' ... '9'] = 1, ['a' ... 'z'] = 1, ['A' ... 'Z'] = 1, ['_'] = 1, [0x80 ... 0xff] = 1,
};
/* What joins words into one token, between two of them. */
static const uint8_t join_byte[256] = { ['.'] = 1, ['-'] = 1, ['+'] = 1, ['~'] = 1, ['%'] = 1, ['@'] = 1 };

static uint32_t mix(uint32_t hash, uint32_t with)
{
	return (hash ^ with) * 0x9e3779b1u + (hash >> 15);
}

static uint32_t hash_text(const char *p, size_t n)
{
	uint64_t hash = n * 0x9fb21c651e98df25u;
	while (n >= 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		hash = (hash ^ word) * 0x9fb21c651e98df25u;
		hash ^= hash >> 32;
		p += 8;
		n -= 8;
	}
	uint64_t word = 0;
	memcpy(&word, p, n);
	hash = (hash ^ word) * 0x9fb21c651e98df25u;
	return (uint32_t)(hash >> 32);
}

static void add(struct cutter *cutter, size_t from, size_t to, uint32_t label, uint32_t form, int64_t value)
{
	if (cutter->n < PIECES_MOST)
		cutter->variables[cutter->n++] = (struct variable){ (uint32_t)from, (uint32_t)to, label, form, value };
}

/* A value that is a variable whole. */
static void add_value(struct cutter *cutter, size_t from, size_t to, uint32_t label)
{
	struct str text = { cutter->text.p + from, to - from };
	int64_t value = 0;
	size_t length = 0;
	uint32_t form = STAMP_NONE;
	if (text.n && text.n <= STAMP_LONGEST && (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9'))) {
		form = stamp_number(text, &value);
		if (form == STAMP_NONE && text.n >= 19) {
			form = stamp_time(text, &value, &length);
			form = length == text.n ? form : STAMP_NONE;
		}
	}
	add(cutter, from, to, label, form, value);
}

/* The end of "Label:" at the beginning of a line, 0 when it has none. */
static size_t label_end(struct str text, size_t from, size_t to)
{
	size_t most = MIN(to, from + LABEL_LONGEST);
	for (size_t i = from; i < most; i++) {
		uint8_t c = (uint8_t)text.p[i];
		if (c == ':')
			return i > from && (i + 1 == to || text.p[i + 1] == ' ' || text.p[i + 1] == '\\') ? i + 1 : 0;
		if (!word_byte[c] && c != ' ' && c != '/' && c != '-' && c != '(' && c != ')')
			return 0;
	}
	return 0;
}

static void cut_line(struct cutter *cutter, size_t from, size_t to, uint32_t label)
{
	const char *p = cutter->text.p;
	/* Tabs, written as escapes. */
	while (from < to && (p[from] == ' ' || (p[from] == '\\' && from + 1 < to && p[from + 1] == 't')))
		from += p[from] == ' ' ? 1 : 2;
	size_t end = label_end(cutter->text, from, to);
	if (end) {
		label = mix(label, hash_text(p + from, end - from));
		while (end < to && (p[end] == ' ' || (p[end] == '\\' && end + 1 < to && p[end + 1] == 't')))
			end += p[end] == ' ' ? 1 : 2;
	} else {
		label = mix(label, 1);
		end = from;
	}
	if (end < to)
		add_value(cutter, end, to, label);
}

/* A JSON string of several lines. False when it has only one. */
static bool cut_lines(struct cutter *cutter, size_t from, size_t to, uint32_t label)
{
	const char *p = cutter->text.p;
	size_t begin = from;
	for (size_t i = from; i + 1 < to;) {
		const char *slash = memchr(p + i, '\\', to - 1 - i);
		if (!slash)
			break;
		i = (size_t)(slash - p);
		char c = p[i + 1];
		if (c == 'n' || c == 'r') {
			cut_line(cutter, begin, i, label);
			begin = i + 2;
		}
		i += 2;
	}
	if (begin == from)
		return false;
	cut_line(cutter, begin, to, label);
	return true;
}

/* The quote that ends a JSON string, or the end of the text. */
static size_t string_end(struct str text, size_t from)
{
	for (size_t i = from; i < text.n;) {
		const char *quote = memchr(text.p + i, '"', text.n - i);
		if (!quote)
			break;
		i = (size_t)(quote - text.p);
		size_t slashes = 0;
		while (i - slashes > from && text.p[i - slashes - 1] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			return i;
		i++;
	}
	return text.n;
}

static const uint8_t number_byte[256] = { ['0' ... '9'] = 1, ['-'] = 1, ['+'] = 1, ['.'] = 1, ['e'] = 1, ['E'] = 1 };

static void cut_json(struct cutter *cutter)
{
	struct str text = cutter->text;
	const char *p = text.p;
	uint32_t label = 0;
	for (size_t i = 0; i < text.n;) {
		if (p[i] == '"') {
			size_t end = string_end(text, i + 1);
			if (end == text.n)
				return;
			if (end + 1 < text.n && p[end + 1] == ':')
				label = hash_text(p + i + 1, end - i - 1);
			else if (end - i < LINES_LEAST || !cut_lines(cutter, i + 1, end, label))
				add_value(cutter, i + 1, end, label);
			i = end + 1;
		} else if ((p[i] == '-' || (p[i] >= '0' && p[i] <= '9')) && !word_byte[(uint8_t)p[i - 1]]) {
			size_t end = i + 1;
			while (end < text.n && number_byte[(uint8_t)p[end]])
				end++;
			if (end == text.n || !word_byte[(uint8_t)p[end]])
				add_value(cutter, i, end, label);
			i = end;
		} else {
			i++;
		}
	}
}

/* Whether many different words came after this context; and one more did now. */
static bool follows_many(struct cutter *cutter, uint32_t context, uint32_t word)
{
	uint32_t *count = &cutter->follows[(context * 0x85ebca6bu) >> 17];
	uint32_t pair = mix(context, word) | 1, at = (pair * 0x85ebca6bu) >> 14;
	if (*count >= MANY)
		return true;
	if (cutter->pairs[at] != pair) {
		cutter->pairs[at] = pair;
		(*count)++;
	}
	return false;
}

struct context {
	uint32_t before, last; /* hashes of the two tokens before */
};

static void context_next(struct context *context, uint32_t token)
{
	context->before = context->last;
	context->last = token;
}

enum { TOKEN_VARIABLE = 0x56415231, TOKEN_TIME = 0x54494d45 };

static void text_variable(struct cutter *cutter, struct context *context, size_t from, size_t to)
{
	add_value(cutter, from, to, mix(context->before, context->last));
	context_next(context, TOKEN_VARIABLE);
}

/* A timestamp here? How long it is. */
static size_t text_time(struct cutter *cutter, struct context *context, size_t i)
{
	struct str rest = str_slice(cutter->text, i, cutter->text.n);
	const char *p = rest.p;
	int64_t value;
	size_t length;
	if (rest.n < 15 || !((p[0] >= 'A' && p[0] <= 'S' && p[3] == ' ') || p[4] == '-' || p[4] == '/' || p[2] == '/'))
		return 0;
	uint32_t form = stamp_time(rest, &value, &length);
	if (form == STAMP_NONE || (length < rest.n && word_byte[(uint8_t)p[length]]))
		return 0;
	add(cutter, i, i + length, mix(context->before, context->last), form, value);
	context_next(context, TOKEN_TIME);
	return length;
}

static size_t text_word(struct cutter *cutter, struct context *context, size_t i)
{
	struct str text = cutter->text;
	const char *p = text.p;
	size_t end = i;
	bool digit = false;
	while (end < text.n && (word_byte[(uint8_t)p[end]] ||
	                        (join_byte[(uint8_t)p[end]] && end + 1 < text.n && word_byte[(uint8_t)p[end + 1]]))) {
		digit |= p[end] >= '0' && p[end] <= '9';
		end++;
	}
	uint32_t word = hash_text(p + i, end - i);
	/* '-' is a sign only where a number begins. */
	bool minus = digit && i > 0 && p[i - 1] == '-' && (i == 1 || p[i - 2] == ' ' || p[i - 2] == '=');
	if (digit || (i > 0 && p[i - 1] == '=') || follows_many(cutter, mix(context->before, context->last), word))
		text_variable(cutter, context, minus ? i - 1 : i, end);
	else
		context_next(context, word);
	return end;
}

/* A path begins here: its end. */
static size_t path_end(struct str text, size_t i)
{
	while (i < text.n && text.p[i] != ' ' && text.p[i] != '"' && text.p[i] != '\'' && text.p[i] != '?' && text.p[i] != ')' &&
	       text.p[i] != ',' && text.p[i] != ';' && text.p[i] != ']' && text.p[i] != '>' && text.p[i] != ':')
		i++;
	return i;
}

/* A quoted string of several words that is no request: its end quote; 0 otherwise. */
static size_t quoted_end(struct str text, size_t i)
{
	size_t end = string_end(text, i + 1), blanks = 0;
	if (end == text.n)
		return 0;
	for (size_t j = i + 1; j < end; j++)
		blanks += text.p[j] == ' ';
	size_t word = i + 1;
	while (word < end && text.p[word] >= 'A' && text.p[word] <= 'Z')
		word++;
	bool request = word > i + 2 && word + 1 < end && text.p[word] == ' ' && text.p[word + 1] == '/';
	return blanks && !request ? end : 0;
}

static void cut_text(struct cutter *cutter)
{
	struct str text = cutter->text;
	const char *p = text.p;
	struct context context = { 0 };
	bool quoted = false;
	for (size_t i = 0; i < text.n;) {
		uint8_t c = (uint8_t)p[i];
		uint8_t before = i ? (uint8_t)p[i - 1] : ' ';
		size_t end = 0;
		if (word_byte[c]) {
			end = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'S') ? text_time(cutter, &context, i) : 0;
			i = end ? i + end : text_word(cutter, &context, i);
			continue;
		}
		if (c == '/' && (before == ' ' || before == '"' || before == '\'' || before == '=' || before == '(')) {
			end = path_end(text, i);
			text_variable(cutter, &context, i, end);
		} else if (c == '"' && !quoted && (end = quoted_end(text, i))) {
			text_variable(cutter, &context, i + 1, end);
			end++;
		} else {
			quoted ^= c == '"';
			context.last = c == ' ' ? context.last : mix(context.last, c);
			end = i + 1;
		}
		i = end;
	}
}

size_t cutter_cut(struct cutter *cutter, struct str record, const struct variable **out)
{
	cutter->text = record;
	cutter->n = 0;
	if (record.n && record.p[0] == '{')
		cut_json(cutter);
	else
		cut_text(cutter);
	/* Too many: one more variable holds what would be the rest, so that templates stay bounded. */
	if (cutter->n == PIECES_MOST) {
		size_t from = cutter->variables[PIECES_MOST - 1].to;
		while (from < record.n && from > 0 && word_byte[(uint8_t)record.p[from]])
			from++;
		if (from < record.n)
			cutter->variables[cutter->n++] = (struct variable){ (uint32_t)from, (uint32_t)record.n, 0, STAMP_NONE, 0 };
	}
	*out = cutter->variables;
	return cutter->n;
}
