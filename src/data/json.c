/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/json.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "data/json_scan.h"

/* Nodes of containers that are still open wait on a stack; when a container closes, its children
 * move into the arena in one piece. Most documents fit into the part of it that needs no malloc. */
enum { NODES_AT_HAND = 256 };

struct parser {
	const struct source *source;
	const char *end;
	struct arena *arena;
	struct err *err;
	struct doc *nodes, *top, *limit;
	struct doc *heap; /* == nodes once the stack has outgrown what was at hand */
};

/* Functions that read take the place to read from and return the place behind; NULL: an error. */
static const char *fail(struct parser *parser, const char *at, const char *message)
{
	struct doc node = { .at = (uint32_t)(at - parser->source->text.p) };
	doc_err(parser->source, &node, parser->err, "%s", message);
	return NULL;
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline const char *skip_space(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ' && is_space(*p))
		p++;
	return p;
}

/* ---- strings ---- */

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after "\u" at p; -1 when they are not there. */
static int32_t hex_four(const char *p, const char *end)
{
	int32_t value = 0;
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = hex_digit(p[i]);
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static const char *read_unicode_escape(struct parser *parser, const char *p, char **out)
{
	int32_t code = hex_four(p, parser->end);
	size_t length = 6;
	if (code < 0)
		return fail(parser, p, "\\u wants four hexadecimal digits");
	if (code >= 0xd800 && code <= 0xdfff) {
		int32_t low = code < 0xdc00 ? hex_four(p + 6, parser->end) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(parser, p, "half of a surrogate pair, which is no character");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		length = 12;
	}
	*out += utf8_put(*out, (uint32_t)code);
	return p + length;
}

/* At a backslash; writes at most UTF8_LONGEST bytes. */
static inline const char *read_escape(struct parser *parser, const char *p, char **out)
{
	static const char plain[256] = {
		['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
	};
	if (parser->end - p < 2)
		return fail(parser, p, "the text ends inside a string");
	char c = plain[(unsigned char)p[1]];
	if (LIKELY(c)) {
		*(*out)++ = c;
		return p + 2;
	}
	if (p[1] == 'u')
		return read_unicode_escape(parser, p, out);
	return fail(parser, p, "no such escape in a string; a backslash itself is written \\\\");
}

/* Text being unescaped into what is free in the arena. */
struct unescaped {
	char *start, *at, *limit;
};

enum { UNESCAPED_ROOM = 2 * SCAN_BYTES }; /* for one block and one escape */

static void unescaped_reserve(struct parser *parser, struct unescaped *out, size_t more)
{
	size_t used = (size_t)(out->at - out->start);
	if (LIKELY((size_t)(out->limit - out->at) >= more + UNESCAPED_ROOM))
		return;
	char *start = arena_reserve(parser->arena, 2 * used + more + UNESCAPED_ROOM);
	if (used)
		memmove(start, out->start, used);
	*out = (struct unescaped){ start, start + used, parser->arena->end };
}

/* Find the end of a run of plain text. */
static inline const char *skip_plain(const char *p, const char *end, uint32_t *high)
{
	for (;;) {
		struct scan scan = LIKELY(end - p >= SCAN_BYTES) ? scan_block(p) :
								   scan_last(p, (size_t)(end - p));
		if (LIKELY(scan.stop)) {
			unsigned n = (unsigned)__builtin_ctz(scan.stop);
			*high |= scan.high & ((1u << n) - 1);
			return p + n;
		}
		*high |= scan.high;
		p += SCAN_BYTES;
	}
}

/* The same, copying on the way. */
static inline const char *copy_plain(struct parser *parser, const char *p, struct unescaped *out,
				     uint32_t *high)
{
	const char *end = parser->end;
	while (LIKELY(end - p >= SCAN_BYTES)) {
		struct scan scan = scan_block(p);
		unescaped_reserve(parser, out, 0);
		memcpy(out->at, p, SCAN_BYTES);
		unsigned n = scan.stop ? (unsigned)__builtin_ctz(scan.stop) : (unsigned)SCAN_BYTES;
		*high |= scan.high & ((1u << n) - 1);
		out->at += n;
		p += n;
		if (scan.stop)
			return p;
	}
	const char *stop = skip_plain(p, end, high);
	unescaped_reserve(parser, out, (size_t)(stop - p));
	memcpy(out->at, p, (size_t)(stop - p));
	out->at += stop - p;
	return stop;
}

/* The rest of a string whose first backslash is at p; returns the place of the closing quote, or
 * of whatever else ended it. */
static const char *read_escaped(struct parser *parser, const char *start, const char *p, struct doc *node,
				uint32_t *high)
{
	struct unescaped out = { 0 };
	size_t n = (size_t)(p - start);
	out.start = out.at = arena_reserve(parser->arena, n + UNESCAPED_ROOM);
	out.limit = parser->arena->end;
	memcpy(out.at, start, n);
	out.at += n;
	do {
		unescaped_reserve(parser, &out, 0);
		p = read_escape(parser, p, &out.at);
		if (!p)
			return NULL;
		if (p == parser->end || *p != '\\')
			p = copy_plain(parser, p, &out, high);
	} while (p < parser->end && *p == '\\');
	node->p = out.start;
	node->n = (uint32_t)(out.at - out.start);
	arena_take(parser->arena, node->n);
	return p;
}

/* p is behind the opening quote. */
static inline const char *read_string(struct parser *parser, const char *p, struct doc *node)
{
	const char *start = p;
	uint32_t high = 0;
	node->type = DOC_STRING;
	node->quoted = true;
	node->at = (uint32_t)(start - 1 - parser->source->text.p);
	p = skip_plain(p, parser->end, &high);
	node->p = start;
	node->n = (uint32_t)(p - start);
	if (p < parser->end && *p == '\\') {
		p = read_escaped(parser, start, p, node, &high);
		if (UNLIKELY(!p))
			return NULL;
	}
	if (UNLIKELY(p == parser->end))
		return fail(parser, p, "the text ends inside a string");
	if (UNLIKELY(*p != '"'))
		return fail(parser, p, "a control character in a string; it is written as \\n, \\t or \\u00..");
	if (high) {
		struct str raw = { start, (size_t)(p - start) };
		size_t valid = utf8_valid_bytes(raw);
		if (UNLIKELY(valid < raw.n))
			return fail(parser, start + valid, "not valid UTF-8");
	}
	return p + 1;
}

/* ---- numbers ---- */

/* Correctly rounded value of a number that is JSON's syntax. More than DIGITS significant digits
 * cannot change the result, except by not being all zero: 767 is the most that a double's halfway
 * point has. */
static double decimal_to_double(const char *p, const char *end)
{
	enum { DIGITS = 770, EXPONENT_LIMIT = 100000000 };
	char text[DIGITS + 32];
	size_t n = 0, first;
	int64_t exponent = 0, written = 0;
	bool behind_point = false, negative_exponent = false, sticky = false;

	if (*p == '-')
		text[n++] = *p++;
	first = n;
	for (; p < end && (is_digit(*p) || *p == '.'); p++) {
		if (*p == '.') {
			behind_point = true;
			continue;
		}
		exponent -= behind_point;
		if (n == first && *p == '0')
			continue;
		if (n - first < DIGITS) {
			text[n++] = *p;
		} else {
			sticky |= *p != '0';
			exponent++;
		}
	}
	if (sticky) {
		text[n++] = '1';
		exponent--;
	}
	if (n == first)
		text[n++] = '0';
	if (p < end && ++p < end && (*p == '+' || *p == '-'))
		negative_exponent = *p++ == '-';
	for (; p < end; p++)
		written = MIN(written * 10 + (*p - '0'), (int64_t)1 << 40);
	exponent += negative_exponent ? -written : written;
	exponent = MAX(MIN(exponent, EXPONENT_LIMIT), -EXPONENT_LIMIT);
	snprintf(text + n, sizeof(text) - n, "e%d", (int)exponent);
	/* There is no decimal point in the text any more, so every locale reads it alike. */
	return strtod(text, NULL);
}

static bool small_decimal(uint64_t digits, int64_t exponent, double *out)
{
	static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
		                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
		                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	/* Both are exact doubles, so that one multiplication or division rounds once (W. D. Clinger,
	 * How to read floating point numbers accurately, 1990). */
	if (digits > (uint64_t)1 << 53 || exponent < -22 || exponent > 22)
		return false;
	*out = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
	return true;
}

static const char *skip_digits(const char *p, const char *end, uint64_t *value)
{
	for (; p < end && is_digit(*p); p++)
		*value = *value * 10 + (uint64_t)(*p - '0');
	return p;
}

enum { DIGITS_IN_U64 = 19 };

/* What follows the digits in front of the point: p is behind them. */
static const char *read_real(struct parser *parser, const char *start, const char *p, uint64_t digits,
			     struct doc *node)
{
	const char *end = parser->end;
	bool negative = *start == '-';
	int64_t exponent = 0;
	size_t n = (size_t)(p - start);
	if (p < end && *p == '.') {
		const char *fraction = ++p;
		p = skip_digits(p, end, &digits);
		if (p == fraction)
			return fail(parser, p, "a digit must follow the decimal point");
		n += (size_t)(p - fraction);
		exponent = fraction - p;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		uint64_t written = 0;
		bool minus = false;
		if (++p < end && (*p == '+' || *p == '-'))
			minus = *p++ == '-';
		const char *from = p;
		p = skip_digits(p, end, &written);
		if (p == from)
			return fail(parser, p, "the exponent of a number has no digits");
		if (p - from > 9)
			n = SIZE_MAX;
		else
			exponent += minus ? -(int64_t)written : (int64_t)written;
	}
	node->type = DOC_REAL;
	if (n <= DIGITS_IN_U64 && small_decimal(digits, exponent, &node->real)) {
		if (negative)
			node->real = -node->real;
		return p;
	}
	node->real = decimal_to_double(start, p);
	if (isinf(node->real))
		return fail(parser, start, "a number too large for a 64-bit floating point number");
	return p;
}

static const char *read_number(struct parser *parser, const char *p, struct doc *node)
{
	const char *start = p, *end = parser->end;
	bool negative = *p == '-';
	p += negative;
	const char *first = p;
	uint64_t digits = 0;
	p = skip_digits(p, end, &digits);
	if (p == first)
		return fail(parser, p, "a digit must follow the minus sign");
	if (*first == '0' && p - first > 1)
		return fail(parser, first, "a number must not begin with 0");
	bool whole = p == end || (*p != '.' && *p != 'e' && *p != 'E');
	uint64_t limit = (uint64_t)INT64_MAX + negative;
	/* -0 has a sign that an integer would lose. */
	if (whole && p - first <= DIGITS_IN_U64 && digits <= limit && !(negative && digits == 0)) {
		node->type = DOC_INT;
		node->integer = negative ? (int64_t)(0 - digits) : (int64_t)digits;
		return p;
	}
	return read_real(parser, start, p, digits, node);
}

/* ---- the tree ---- */

static const char *read_word(struct parser *parser, const char *p, struct doc *node)
{
	size_t left = (size_t)(parser->end - p);
	if (left >= 4 && memcmp(p, "true", 4) == 0) {
		node->type = DOC_BOOL;
		node->boolean = true;
		return p + 4;
	}
	if (left >= 5 && memcmp(p, "false", 5) == 0) {
		node->type = DOC_BOOL;
		return p + 5;
	}
	if (left >= 4 && memcmp(p, "null", 4) == 0)
		return p + 4;
	if (left >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		return fail(parser, p, "a byte order mark, which JSON does not allow");
	return fail(parser, p, "expected a value");
}

static const char *read_scalar(struct parser *parser, const char *p, struct doc *node)
{
	if (*p == '"')
		return read_string(parser, p + 1, node);
	*node = (struct doc){ .at = (uint32_t)(p - parser->source->text.p) };
	if (*p == '-' || is_digit(*p))
		return read_number(parser, p, node);
	return read_word(parser, p, node);
}

static void nodes_grow(struct parser *parser)
{
	size_t n = (size_t)(parser->top - parser->nodes);
	size_t room = 2 * (size_t)(parser->limit - parser->nodes);
	struct doc *heap = mem_resize(parser->heap, room * sizeof(*heap));
	if (!parser->heap)
		memcpy(heap, parser->nodes, n * sizeof(*heap));
	parser->heap = parser->nodes = heap;
	parser->top = heap + n;
	parser->limit = heap + room;
}

static inline struct doc *node_push(struct parser *parser)
{
	if (UNLIKELY(parser->top == parser->limit))
		nodes_grow(parser);
	return parser->top++;
}

static void container_close(struct parser *parser, struct doc *container)
{
	size_t n = (size_t)(parser->top - container) - 1, size = n * sizeof(*container);
	container->n = (uint32_t)(container->type == DOC_MAP ? n / 2 : n);
	parser->top = container + 1;
	if (!n)
		return;
	char *items = arena_reserve(parser->arena, size + _Alignof(struct doc));
	size_t pad = -(uintptr_t)items % _Alignof(struct doc);
	arena_take(parser->arena, pad + size);
	memcpy(items + pad, container + 1, size);
	container->items = (const struct doc *)(const void *)(items + pad);
}

static const char *read_key(struct parser *parser, const char *p)
{
	p = skip_space(p, parser->end);
	if (UNLIKELY(p == parser->end))
		return fail(parser, p, "the text ends inside a map");
	if (UNLIKELY(*p != '"'))
		return fail(parser, p, "expected a key in double quotes");
	p = read_string(parser, p + 1, node_push(parser));
	if (UNLIKELY(!p))
		return NULL;
	if (UNLIKELY(p == parser->end || *p != ':')) {
		p = skip_space(p, parser->end);
		if (p == parser->end || *p != ':')
			return fail(parser, p, "expected ':' after the key");
	}
	return p + 1;
}

/* Where the next value begins, closing on the way every container that ends here; p itself has no
 * value when the whole tree is complete (*depth is 0). */
static const char *read_between(struct parser *parser, const char *p, const uint32_t *open, unsigned *depth)
{
	while (*depth) {
		struct doc *container = parser->nodes + open[*depth - 1];
		bool map = container->type == DOC_MAP;
		p = skip_space(p, parser->end);
		if (UNLIKELY(p == parser->end))
			return fail(parser, p, map ? "the text ends inside a map" : "the text ends inside a list");
		if (*p == ',')
			return map ? read_key(parser, p + 1) : p + 1;
		if (UNLIKELY(*p != (map ? '}' : ']')))
			return fail(parser, p, map ? "expected ',' or '}'" : "expected ',' or ']'");
		container_close(parser, container);
		--*depth;
		p++;
	}
	return p;
}

static const char *read_tree(struct parser *parser, const char *p)
{
	const char *end = parser->end;
	uint32_t open[JSON_DEPTH]; /* places on the stack of the containers that are open */
	unsigned depth = 0;
	do {
		p = skip_space(p, end);
		if (UNLIKELY(p == end))
			return fail(parser, p, depth ? "the text ends where a value is expected" : "the text is empty");
		struct doc *node = node_push(parser);
		if (*p != '{' && *p != '[') {
			p = read_scalar(parser, p, node);
		} else {
			bool map = *p == '{';
			if (depth == JSON_DEPTH)
				return fail(parser, p, "nested too deeply");
			*node = (struct doc){ .type = map ? DOC_MAP : DOC_ARRAY,
				              .at = (uint32_t)(p - parser->source->text.p) };
			open[depth++] = (uint32_t)(node - parser->nodes);
			p = skip_space(p + 1, end);
			if (p == end || *p != (map ? '}' : ']')) {
				p = map ? read_key(parser, p) : p;
				if (UNLIKELY(!p))
					return NULL;
				continue;
			}
		}
		if (LIKELY(p))
			p = read_between(parser, p, open, &depth);
		if (UNLIKELY(!p))
			return NULL;
	} while (depth);
	return p;
}

int json_parse(struct arena *arena, struct source *source, const struct doc **out, struct err *err)
{
	__attribute__((uninitialized)) struct doc at_hand[NODES_AT_HAND];
	CLEANUP(mem_free_p) struct doc *heap = NULL;
	if (source->text.n >= UINT32_MAX)
		return err_set(err, -E2BIG, "%s: larger than 4 GiB", source->name ? source->name : "(text)");
	if (!source->text.p)
		source->text = STR("");
	source->lines = false;
	struct parser parser = {
		.source = source,
		.end = source->text.p + source->text.n,
		.arena = arena,
		.err = err,
		.nodes = at_hand,
		.top = at_hand,
		.limit = at_hand + NODES_AT_HAND,
	};
	const char *p = read_tree(&parser, source->text.p);
	heap = parser.heap;
	if (!p)
		return -EINVAL;
	p = skip_space(p, parser.end);
	if (p < parser.end) {
		fail(&parser, p, "something follows the value");
		return -EINVAL;
	}
	struct doc *root = ARENA_NEW(arena, struct doc);
	*root = parser.nodes[0];
	*out = root;
	return 0;
}

/* ---- writing ---- */

static void add_escaped(struct buf *buf, unsigned char c)
{
	static const char letters[32] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};
	char letter = c >= 0x20 ? (char)c : letters[c];
	if (letter) {
		buf_add_char(buf, '\\');
		buf_add_char(buf, letter);
	} else {
		buf_printf(buf, "\\u%04x", c);
	}
}

void json_add_string(struct buf *buf, struct str s)
{
	buf_add_char(buf, '"');
	while (s.n) {
		uint32_t high = 0;
		const char *stop = skip_plain(s.p, s.p + s.n, &high);
		struct str run = { s.p, (size_t)(stop - s.p) };
		s = str_slice(s, run.n, s.n);
		while (high && run.n) {
			size_t valid = utf8_valid_bytes(run);
			buf_add(buf, str_slice(run, 0, valid));
			run = str_slice(run, valid, run.n);
			if (run.n) {
				utf8_next(&run);
				buf_puts(buf, "\xef\xbf\xbd");
			}
		}
		buf_add(buf, run);
		if (s.n) {
			add_escaped(buf, (unsigned char)*s.p);
			s = str_slice(s, 1, s.n);
		}
	}
	buf_add_char(buf, '"');
}

void json_add_double(struct buf *buf, double value)
{
	char text[64], clean[64];
	size_t n = 0;
	if (!isfinite(value)) {
		buf_puts(buf, "null");
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		int length = snprintf(text, sizeof(text), "%.*g", precision, value);
		bool real = false, point = false;
		n = 0;
		/* The locale may have its own decimal point, of several bytes. */
		for (int i = 0; i < length; i++) {
			char c = text[i];
			bool known = is_digit(c) || c == 'e' || c == '+' || c == '-';
			real |= c == 'e' || !known;
			if (known)
				clean[n++] = c;
			else if (!point)
				clean[n++] = '.';
			point |= !known;
		}
		if (!real) {
			/* So that it stays a number with a fraction when read back. */
			clean[n++] = '.';
			clean[n++] = '0';
		}
		if (decimal_to_double(clean, clean + n) == value)
			break;
	}
	buf_add(buf, (struct str){ clean, n });
}

void json_next(struct buf *buf)
{
	if (buf->n && buf->p[buf->n - 1] != '{' && buf->p[buf->n - 1] != '[' && buf->p[buf->n - 1] != '\n')
		buf_add_char(buf, ',');
}

void json_key(struct buf *buf, const char *name)
{
	json_next(buf);
	if (!name)
		return;
	size_t n = strlen(name);
	char *out = buf_reserve(buf, n + 3);
	out[0] = '"';
	memcpy(out + 1, name, n);
	memcpy(out + 1 + n, "\":", 2);
	buf->n += n + 3;
}

void json_put(struct buf *buf, const char *name, struct str value)
{
	json_key(buf, name);
	json_add_string(buf, value);
}

void json_put_null(struct buf *buf, const char *name)
{
	json_key(buf, name);
	buf_puts(buf, "null");
}

void json_put_or_null(struct buf *buf, const char *name, struct str value)
{
	if (value.p)
		json_put(buf, name, value);
	else
		json_put_null(buf, name);
}

void json_put_int(struct buf *buf, const char *name, int64_t value)
{
	json_key(buf, name);
	buf_add_int(buf, value);
}

void json_put_real(struct buf *buf, const char *name, double value)
{
	json_key(buf, name);
	json_add_double(buf, value);
}

void json_put_flag(struct buf *buf, const char *name, bool value)
{
	json_key(buf, name);
	buf_puts(buf, value ? "true" : "false");
}

void json_put_strings(struct buf *buf, const char *name, const struct strings *list)
{
	json_open_list(buf, name);
	for (size_t i = 0; i < list->n; i++)
		json_put(buf, NULL, list->p[i]);
	buf_add_char(buf, ']');
}

void json_open_list(struct buf *buf, const char *name)
{
	json_key(buf, name);
	buf_add_char(buf, '[');
}

void json_open_map(struct buf *buf, const char *name)
{
	json_key(buf, name);
	buf_add_char(buf, '{');
}
