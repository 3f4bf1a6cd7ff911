/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/sigma_value.h"

#include "base/utf8.h"
#include "base/vec.h"

struct parts {
	struct sigma_part *p;
	size_t n, room;
};

/* Literal text that is being collected, and the parts before it. */
struct writer {
	struct arena *arena;
	struct parts parts;
	struct buf text;
};

static void writer_done(struct writer *writer)
{
	buf_done(&writer->text);
}

static void literal_end(struct writer *writer)
{
	if (!writer->text.n)
		return;
	struct str text = arena_str(writer->arena, buf_str(&writer->text));
	vec_push_in(writer->arena, &writer->parts, { PART_LITERAL, text });
	buf_clear(&writer->text);
}

static void special_add(struct writer *writer, uint8_t kind, struct str name)
{
	literal_end(writer);
	const struct parts *parts = &writer->parts;
	if (kind == PART_ANY && parts->n && parts->p[parts->n - 1].kind == PART_ANY)
		return;
	vec_push_in(writer->arena, &writer->parts, { kind, name });
}

static void part_add(struct writer *writer, const struct sigma_part *part)
{
	if (part->kind == PART_LITERAL)
		buf_add(&writer->text, part->text);
	else
		special_add(writer, part->kind, part->text);
}

static struct sigma_pattern writer_end(struct writer *writer)
{
	literal_end(writer);
	struct sigma_pattern pattern = { writer->parts.p, writer->parts.n };
	writer->parts = (struct parts){ 0 };
	return pattern;
}

size_t sigma_placeholder_name(struct str rest)
{
	size_t n = 0;
	while (n < rest.n && rest.p[n] != '%') {
		char c = rest.p[n++];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_' && c != '-' &&
		    c != '.')
			return 0;
	}
	return n < rest.n ? n : 0;
}

static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '*' || text.p[i] == '?' || text.p[i] == '\\' || text.p[i] == '%')
			return false;
	return true;
}

struct sigma_pattern sigma_pattern_read(struct arena *arena, struct str text, bool placeholders)
{
	if (is_plain(text))
		return sigma_pattern_literal(arena, text);
	CLEANUP(writer_done) struct writer writer = { .arena = arena };
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : 0;
		size_t name = 0;
		if (c == '\\' && (next == '*' || next == '?' || next == '\\' || (placeholders && next == '%'))) {
			buf_add_char(&writer.text, next);
			i++;
		} else if (c == '*') {
			special_add(&writer, PART_ANY, STR_NONE);
		} else if (c == '?') {
			special_add(&writer, PART_ONE, STR_NONE);
		} else if (placeholders && c == '%' && (name = sigma_placeholder_name(str_slice(text, i + 1, text.n)))) {
			special_add(&writer, PART_PLACEHOLDER, str_slice(text, i + 1, i + 1 + name));
			i += name + 1;
		} else {
			buf_add_char(&writer.text, c);
		}
	}
	return writer_end(&writer);
}

struct sigma_pattern sigma_pattern_literal(struct arena *arena, struct str text)
{
	if (!text.n)
		return (struct sigma_pattern){ 0 };
	struct sigma_part *part = ARENA_NEW(arena, struct sigma_part);
	*part = (struct sigma_part){ PART_LITERAL, text };
	return (struct sigma_pattern){ part, 1 };
}

bool sigma_pattern_special(const struct sigma_pattern *pattern)
{
	return pattern->n > 1 || (pattern->n && pattern->p[0].kind != PART_LITERAL);
}

struct str sigma_pattern_text(const struct sigma_pattern *pattern)
{
	return pattern->n ? pattern->p[0].text : STR("");
}

bool sigma_pattern_utf8(const struct sigma_pattern *pattern)
{
	for (size_t i = 0; i < pattern->n; i++)
		if (pattern->p[i].kind == PART_LITERAL && !utf8_valid(pattern->p[i].text))
			return false;
	return true;
}

struct sigma_pattern sigma_pattern_open(struct arena *arena, struct sigma_pattern pattern, bool front, bool behind)
{
	front = front && !(pattern.n && pattern.p[0].kind == PART_ANY);
	behind = behind && !(pattern.n && pattern.p[pattern.n - 1].kind == PART_ANY);
	if (!pattern.n)
		behind = behind && !front;
	struct sigma_part *parts = ARENA_ARRAY(arena, struct sigma_part, pattern.n + 2);
	size_t n = 0;
	if (front)
		parts[n++].kind = PART_ANY;
	if (pattern.n)
		memcpy(parts + n, pattern.p, pattern.n * sizeof(*parts));
	n += pattern.n;
	if (behind)
		parts[n++].kind = PART_ANY;
	return (struct sigma_pattern){ parts, n };
}

struct sigma_pattern sigma_pattern_splice(struct arena *arena, struct sigma_pattern pattern, size_t at,
                                          struct sigma_pattern value)
{
	CLEANUP(writer_done) struct writer writer = { .arena = arena };
	for (size_t i = 0; i < pattern.n; i++) {
		if (i != at)
			part_add(&writer, &pattern.p[i]);
		for (size_t k = 0; i == at && k < value.n; k++)
			part_add(&writer, &value.p[k]);
	}
	return writer_end(&writer);
}

void sigma_pattern_words(const struct sigma_pattern *pattern, struct buf *out)
{
	for (size_t i = 0; i < pattern->n; i++) {
		const struct sigma_part *part = &pattern->p[i];
		if (part->kind != PART_LITERAL)
			buf_add_char(out, part->kind == PART_ANY ? '*' : '?');
		/* A backslash is doubled where it would say something of what follows. */
		for (size_t k = 0; k < part->text.n; k++) {
			char c = part->text.p[k], next = k + 1 < part->text.n ? part->text.p[k + 1] : 0;
			bool last = k + 1 == part->text.n && i + 1 < pattern->n;
			if (c == '*' || c == '?' || (c == '\\' && (last || next == '\\' || next == '*' || next == '?')))
				buf_add_char(out, '\\');
			buf_add_char(out, c);
		}
	}
}

/* ---- encodings ---- */

static void utf16_add(struct buf *out, uint32_t unit, bool big)
{
	char low = (char)(unit & 0xff), high = (char)(unit >> 8);
	buf_add_char(out, big ? high : low);
	buf_add_char(out, big ? low : high);
}

static void encode_text(struct buf *out, struct str text, bool big)
{
	while (text.n) {
		uint32_t code = utf8_next(&text);
		if (code >= 0x10000) {
			utf16_add(out, 0xd800 + ((code - 0x10000) >> 10), big);
			code = 0xdc00 + ((code - 0x10000) & 0x3ff);
		}
		utf16_add(out, code, big);
	}
}

void sigma_encode(struct arena *arena, struct sigma_pattern pattern, enum sigma_encoding encoding,
                  struct sigma_patterns *out)
{
	CLEANUP(writer_done) struct writer writer = { .arena = arena };
	if (encoding == ENCODING_UTF16)
		buf_puts(&writer.text, "\xff\xfe");
	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.p[i].kind == PART_LITERAL)
			encode_text(&writer.text, pattern.p[i].text, encoding == ENCODING_UTF16BE);
		else
			part_add(&writer, &pattern.p[i]);
	}
	vec_push_in(out->scratch, out, writer_end(&writer));
}

static void base64_add(struct buf *out, struct str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t group = (uint32_t)(unsigned char)bytes.p[i] << 16;
		if (left > 1)
			group |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes.p[i + 2];
		buf_add_char(out, digits[group >> 18]);
		buf_add_char(out, digits[group >> 12 & 63]);
		buf_add_char(out, left > 1 ? digits[group >> 6 & 63] : '=');
		buf_add_char(out, left > 2 ? digits[group & 63] : '=');
	}
}

int sigma_base64(struct arena *arena, struct sigma_pattern pattern, bool offsets, struct sigma_patterns *out,
                 const char **why)
{
	if (sigma_pattern_special(&pattern)) {
		*why = TR("text with wildcards cannot be encoded; put 'contains' behind, and write \\* for a star");
		return -EINVAL;
	}
	struct str text = sigma_pattern_text(&pattern);
	for (size_t offset = 0; offset < (offsets ? 3 : 1); offset++) {
		/* Of the digits at both ends, those that also hold bits of what stands before and behind are cut off. */
		static const size_t front[] = { 0, 2, 3 }, behind[] = { 0, 3, 2 };
		BUF(shifted);
		BUF(encoded);
		for (size_t i = 0; i < offset; i++)
			buf_add_char(&shifted, ' ');
		buf_add(&shifted, text);
		base64_add(&encoded, buf_str(&shifted));
		struct str result = buf_str(&encoded);
		if (offsets)
			result = str_slice(result, front[offset], result.n - behind[(text.n + offset) % 3]);
		if (!result.n) {
			*why = TR("the text is too short to be recognised in base64");
			return -EINVAL;
		}
		vec_push_in(out->scratch, out, sigma_pattern_literal(arena, arena_str(arena, result)));
	}
	return 0;
}

/* ---- windash ---- */

static const char *const dashes[] = { "-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95" };

static size_t dash_at(struct str text, size_t at)
{
	for (size_t i = 0; i < COUNT(dashes); i++)
		if (str_starts(str_slice(text, at, text.n), dashes[i]))
			return strlen(dashes[i]);
	return 0;
}

/* Part of a word, as \w means it; of characters past ASCII, letters, which most of them are. */
static bool is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
	return c >= 0xc0 && c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c <= 0x206f) && !(c >= 0x2190 && c <= 0x2bff) &&
	       !(c >= 0x3000 && c <= 0x3003) && !(c >= 0x3008 && c <= 0x3020) && !(c >= 0xff00 && c <= 0xff0f);
}

static bool word_before(struct str text, size_t at)
{
	if (!at)
		return false;
	size_t from = at - 1;
	while (from && at - from < UTF8_LONGEST && ((unsigned char)text.p[from] & 0xc0) == 0x80)
		from--;
	struct str rest = str_slice(text, from, at);
	return is_word(utf8_next(&rest));
}

static bool word_behind(struct str text, size_t at)
{
	struct str rest = str_slice(text, at, text.n);
	return rest.n && is_word(utf8_next(&rest));
}

/* A dash that stands at no word and before one: \B[-/]\b. Its length, or 0. */
static size_t switch_dash(struct str text, size_t at)
{
	size_t n = dash_at(text, at);
	return n && !word_before(text, at) && word_behind(text, at + n) ? n : 0;
}

int sigma_windash(struct arena *arena, struct sigma_pattern pattern, struct sigma_patterns *out, const char **why)
{
	size_t variants = 1;
	for (size_t i = 0; i < pattern.n; i++) {
		struct str text = pattern.p[i].kind == PART_LITERAL ? pattern.p[i].text : STR_NONE;
		for (size_t k = 0; k < text.n; k++) {
			if (!switch_dash(text, k))
				continue;
			variants *= COUNT(dashes);
			if (variants > SIGMA_EXPANSIONS) {
				*why = TR("there are more than six dashes in one text; shorten it");
				return -EINVAL;
			}
		}
	}
	CLEANUP(writer_done) struct writer writer = { .arena = arena };
	for (size_t variant = 0; variant < variants; variant++) {
		size_t left = variant;
		for (size_t i = 0; i < pattern.n; i++) {
			const struct sigma_part *part = &pattern.p[i];
			if (part->kind != PART_LITERAL)
				part_add(&writer, part);
			for (size_t k = 0; part->kind == PART_LITERAL && k < part->text.n; k++) {
				size_t n = switch_dash(part->text, k);
				if (n) {
					buf_puts(&writer.text, dashes[left % COUNT(dashes)]);
					left /= COUNT(dashes);
					k += n - 1;
				} else {
					buf_add_char(&writer.text, part->text.p[k]);
				}
			}
		}
		vec_push_in(out->scratch, out, writer_end(&writer));
	}
	return 0;
}
