/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The values of a field, made into a tree. What changes the text happens in the order in which the modifiers are written.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/vec.h"
#include "detect/sigma_key.h"
#include "detect/sigma_pipeline.h"

/* Add every text that the placeholders from the first on make of the pattern. No deeper than PLACEHOLDERS_MOST. */
static int placeholder_replace(struct sigma_reader *reader, const struct doc *at, struct sigma_pattern pattern,
                               struct sigma_patterns *out)
{
	size_t where = 0, n = 0;
	for (size_t i = pattern.n; i-- > 0;) {
		if (pattern.p[i].kind == PART_PLACEHOLDER) {
			where = i;
			n++;
		}
	}
	if (n > PLACEHOLDERS_MOST)
		return sigma_refuse(reader, at, 0, NOTE("there are more than eight placeholders in one text"));
	if (!n) {
		vec_push_in(out->scratch, out, pattern);
		return 0;
	}
	struct str name = pattern.p[where].text;
	struct strings values;
	if (!sigma_placeholder(reader->pipelines, reader->current, name, &values))
		return sigma_refuse(reader, at, 0,
		                    NOTE("nothing says what the placeholder %{}% stands for; give its values in a pipeline",
		                         name));
	for (size_t i = 0; i < values.n; i++) {
		struct sigma_pattern value = sigma_pattern_read(reader->arena, values.p[i], false);
		if (out->n >= SIGMA_EXPANSIONS)
			return sigma_refuse(reader, at, 0, NOTE("the placeholders make more than 15625 texts of this one"));
		struct sigma_pattern whole = sigma_pattern_splice(reader->arena, pattern, where, value);
		int r = placeholder_replace(reader, at, whole, out);
		if (r < 0)
			return r;
	}
	return 0;
}

static int modifier_apply(struct sigma_reader *reader, const struct doc *at, const struct modifier *modifier,
                          struct sigma_pattern pattern, struct sigma_patterns *out)
{
	struct arena *arena = reader->arena;
	const char *why = NULL;
	int r = 0;
	switch (modifier->kind) {
	case MODIFIER_EXPAND:
		return placeholder_replace(reader, at, pattern, out);
	case MODIFIER_CONTAINS:
	case MODIFIER_STARTSWITH:
	case MODIFIER_ENDSWITH:
		vec_push_in(out->scratch, out,
		            sigma_pattern_open(arena, pattern, modifier->kind != MODIFIER_STARTSWITH,
		                               modifier->kind != MODIFIER_ENDSWITH));
		return 0;
	case MODIFIER_BASE64:
	case MODIFIER_BASE64OFFSET:
		r = sigma_base64(arena, pattern, modifier->kind == MODIFIER_BASE64OFFSET, out, &why);
		break;
	case MODIFIER_UTF16LE:
	case MODIFIER_UTF16BE:
	case MODIFIER_UTF16:
		sigma_encode(arena, pattern,
		             modifier->kind == MODIFIER_UTF16LE ? ENCODING_UTF16LE :
		             modifier->kind == MODIFIER_UTF16BE ? ENCODING_UTF16BE :
		                                                  ENCODING_UTF16,
		             out);
		return 0;
	case MODIFIER_WINDASH:
		r = sigma_windash(arena, pattern, out, &why);
		break;
	default:
		vec_push_in(out->scratch, out, pattern);
		return 0;
	}
	return r < 0 ? sigma_refuse(reader, at, 0, NOTE("'{}': {}", str_from(modifier->name), str_from(why))) : 0;
}

static void pattern_lint(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value,
                         const struct sigma_pattern *pattern)
{
	if (pattern->n == 1 && pattern->p[0].kind == PART_ANY && sigma_key_has(key, PLACES))
		sigma_warn(reader, value, 0, NOTE("this matches every value; to ask for the field alone, use 'exists'"));
	if (sigma_key_has(key, BIT(BASE64OFFSET)) && !sigma_key_has(key, PLACES) && key->field.p)
		sigma_warn(reader, key->node, 0, NOTE("'base64offset' finds parts of a text; put 'contains' behind it"));
}

static bool is_ascii(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0x80)
			return false;
	return true;
}

/* Text: the tree of all that the modifiers make of one value, any of which may match. */
static int text_read(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value, struct str text,
                     const struct sigma_node **out)
{
	struct sigma_patterns now = { .scratch = reader->scratch };
	vec_push_in(reader->scratch, &now, sigma_pattern_read(reader->arena, text, sigma_key_has(key, BIT(EXPAND))));
	for (size_t i = 0; i < key->n; i++) {
		struct sigma_patterns next = { .scratch = reader->scratch };
		for (size_t k = 0; k < now.n; k++) {
			int r = modifier_apply(reader, value, key->modifier[i], now.p[k], &next);
			if (r < 0)
				return r;
		}
		if (next.n > SIGMA_EXPANSIONS || reader->nodes + next.n > SIGMA_NODES)
			return sigma_refuse(reader, value, 0, NOTE("the modifiers make too many texts of this one"));
		now = next;
	}
	bool keyword = !key->field.p && !sigma_key_has(key, PLACES);
	bool bare_utf16 = sigma_key_has(key, BIT(UTF16LE) | BIT(UTF16BE) | BIT(UTF16)) &&
	                  !sigma_key_has(key, BIT(BASE64) | BIT(BASE64OFFSET));
	struct sigma_nodes nodes = { 0 };
	for (size_t i = 0; i < now.n; i++) {
		struct sigma_item item = key->item;
		item.pattern = keyword ? sigma_pattern_open(reader->arena, now.p[i], true, true) : now.p[i];
		item.number = value->type != DOC_STRING;
		if (!sigma_pattern_utf8(&item.pattern) || (bare_utf16 && !is_ascii(text)))
			return sigma_refuse(reader, value, 0,
			                    NOTE("these bytes cannot stand in text; put 'base64' or 'base64offset' behind"));
		if (!key->field.p && item.pattern.n == 1 && item.pattern.p[0].kind == PART_ANY)
			return sigma_refuse(reader, value, 0, NOTE("a keyword without text would find every event"));
		pattern_lint(reader, key, value, &item.pattern);
		vec_push_in(reader->scratch, &nodes, sigma_node_item(reader, &item));
	}
	*out = sigma_node_join(reader, NODE_OR, &nodes);
	return 0;
}

/* A pattern as a regular expression, for placeholders in one. */
static void pattern_regex(const struct sigma_pattern *pattern, struct buf *out)
{
	for (size_t i = 0; i < pattern->n; i++) {
		const struct sigma_part *part = &pattern->p[i];
		if (part->kind != PART_LITERAL)
			buf_puts(out, part->kind == PART_ANY ? ".*" : ".");
		for (size_t k = 0; k < part->text.n; k++) {
			if (memchr("\\^$.[|()?*+{#", part->text.p[k], 13))
				buf_add_char(out, '\\');
			buf_add_char(out, part->text.p[k]);
		}
	}
}

/* A regular expression with the values of its placeholders in place. */
static int regex_expand(struct sigma_reader *reader, const struct doc *value, struct str text, struct buf *out)
{
	while (text.n) {
		size_t name = *text.p == '%' ? sigma_placeholder_name(str_slice(text, 1, text.n)) : 0;
		struct strings values;
		if (*text.p == '\\' && text.n > 1) {
			if (text.p[1] != '%')
				buf_add_char(out, '\\');
			buf_add_char(out, text.p[1]);
			text = str_slice(text, 2, text.n);
			continue;
		}
		if (!name) {
			buf_add_char(out, *text.p);
			text = str_slice(text, 1, text.n);
			continue;
		}
		if (!sigma_placeholder(reader->pipelines, reader->current, str_slice(text, 1, 1 + name), &values))
			return sigma_refuse(reader, value, 0,
			                    NOTE("nothing says what the placeholder %{}% stands for; give its values in a pipeline",
			                         str_slice(text, 1, 1 + name)));
		buf_puts(out, "(?:");
		for (size_t i = 0; i < values.n; i++) {
			struct sigma_pattern pattern = sigma_pattern_read(reader->arena, values.p[i], false);
			if (i)
				buf_add_char(out, '|');
			pattern_regex(&pattern, out);
		}
		buf_add_char(out, ')');
		text = str_slice(text, name + 2, text.n);
	}
	return 0;
}

/* Does it compile? The engine asks this, too, but without the place in the rule. */
static int regex_check(struct sigma_reader *reader, const struct doc *value, const struct sigma_item *item)
{
	int code;
	size_t at;
	PCRE2_UCHAR words[128];
	pcre2_code *regex = pcre2_compile((PCRE2_SPTR)item->regex.p, item->regex.n, PCRE2_UTF, &code, &at, NULL);
	pcre2_code_free(regex);
	if (regex)
		return 0;
	if (pcre2_get_error_message(code, words, sizeof(words)) < 0)
		words[0] = 0;
	return sigma_refuse(reader, value, 0,
	                    NOTE("the regular expression is wrong at character {}: {}",
	                         arena_printf(reader->arena, "%zu", at + 1), str_from((const char *)words)));
}

static int regex_read(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value, struct str text,
                      const struct sigma_node **out)
{
	BUF(regex);
	struct sigma_item item = key->item;
	item.regex = text;
	if (!text.n)
		return sigma_refuse(reader, value, 0, NOTE("an empty regular expression matches everything"));
	if (sigma_key_has(key, BIT(EXPAND))) {
		int r = regex_expand(reader, value, text, &regex);
		if (r < 0)
			return r;
		item.regex = arena_str(reader->arena, buf_str(&regex));
	}
	if (sigma_key_has(key, BIT(STARTSWITH)))
		item.regex = arena_printf(reader->arena, "\\A(?:%.*s)", STR_ARG(item.regex));
	if (sigma_key_has(key, BIT(ENDSWITH)))
		item.regex = arena_printf(reader->arena, "(?:%.*s)\\z", STR_ARG(item.regex));
	*out = sigma_node_item(reader, &item);
	return reader->options->lint ? regex_check(reader, value, &item) : 0;
}

static int cidr_add(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value, struct str text,
                    struct sigma_nodes *nodes)
{
	struct sigma_item item = key->item;
	bool loose = false;
	if (!sigma_cidr_parse(text, &item.cidr, &loose))
		return sigma_refuse(reader, value, 0,
		                    NOTE("'{}' is no network; write it as 10.0.0.0/8 or 2001:db8::/32", text));
	if (loose)
		sigma_warn(reader, value, 0, NOTE("'{}' has bits set past its mask; they do not count", text));
	vec_push_in(reader->scratch, nodes, sigma_node_item(reader, &item));
	return 0;
}

static int cidr_read(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value, struct str text,
                     const struct sigma_node **out)
{
	struct sigma_nodes nodes = { 0 };
	struct sigma_patterns patterns = { .scratch = reader->scratch };
	int r = 0;
	if (!sigma_key_has(key, BIT(EXPAND)))
		r = cidr_add(reader, key, value, text, &nodes);
	else
		r = placeholder_replace(reader, value, sigma_pattern_read(reader->arena, text, true), &patterns);
	for (size_t i = 0; r == 0 && i < patterns.n; i++) {
		BUF(words);
		sigma_pattern_words(&patterns.p[i], &words);
		r = cidr_add(reader, key, value, arena_str(reader->arena, buf_str(&words)), &nodes);
	}
	if (r == 0)
		*out = sigma_node_join(reader, NODE_OR, &nodes);
	return r;
}

static int number_read(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value, struct str text,
                       const struct sigma_node **out)
{
	struct sigma_item item = key->item;
	if (value->type == DOC_BOOL || !sigma_number(text, &item.than))
		return sigma_refuse(reader, value, 0, NOTE("'{}' is no number", text));
	*out = sigma_node_item(reader, &item);
	return 0;
}

static int exists_read(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value,
                       const struct sigma_node **out)
{
	if (value->type != DOC_BOOL)
		return sigma_refuse(reader, value, 0, NOTE("'exists' takes true or false, without quotes"));
	*out = sigma_node_item(reader, &key->item);
	if (!value->boolean)
		*out = sigma_node_not(reader, *out);
	return 0;
}

static int null_read(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value,
                     const struct sigma_node **out)
{
	struct sigma_item item = { .field = key->field, .op = SIGMA_NULL };
	if (!key->field.p)
		return sigma_refuse(reader, value, 0, NOTE("a keyword must be text"));
	for (size_t i = 0; i < key->n; i++)
		if (!(UINT32_C(1) << key->modifier[i]->kind & (LINKS | BIT(CASED))))
			return sigma_refuse(reader, value, 0,
			                    NOTE("'{}' has nothing to work on here; write '' for empty text",
			                         str_from(key->modifier[i]->name)));
	*out = sigma_node_item(reader, &item);
	return 0;
}

static int value_read(struct sigma_reader *reader, const struct sigma_key *key, const struct doc *value,
                      const struct sigma_node **out)
{
	if (!sigma_is_scalar(value))
		return sigma_refuse(reader, value, 0,
		                    NOTE("a value is text, a number, true, false or null; this is {}",
		                         str_from(doc_type_words(value))));
	if (key->item.op == SIGMA_EXISTS)
		return exists_read(reader, key, value, out);
	if (value->type == DOC_NULL)
		return null_read(reader, key, value, out);
	bool odd = false;
	struct str text = sigma_scalar(reader, value, &odd);
	if (odd && key->item.op == SIGMA_PATTERN)
		sigma_warn(reader, value, 0,
		           NOTE("'{}' is compared as it is written; quote it, because other tools make another number of it",
		                text));
	switch (key->item.op) {
	case SIGMA_REGEX:
		return regex_read(reader, key, value, text, out);
	case SIGMA_CIDR:
		return cidr_read(reader, key, value, text, out);
	case SIGMA_FIELDREF: {
		struct sigma_item item = key->item;
		if (value->type != DOC_STRING || !text.n)
			return sigma_refuse(reader, value, 0, NOTE("'fieldref' takes the name of a field"));
		item.other = text;
		*out = sigma_node_item(reader, &item);
		return 0;
	}
	case SIGMA_PATTERN:
		return text_read(reader, key, value, text, out);
	default:
		return number_read(reader, key, value, text, out);
	}
}

int sigma_item_read(struct sigma_reader *reader, const struct doc *name, const struct doc *value,
                    const struct sigma_node **out)
{
	struct sigma_key key = { .node = value };
	struct sigma_nodes nodes = { 0 };
	int r = name ? sigma_key_read(reader, name, &key) : 0;
	if (r < 0)
		return r;
	bool list = value->type == DOC_ARRAY;
	size_t n = list ? value->n : 1;
	if (!n)
		return sigma_refuse(reader, value, 0, NOTE("an empty list asks for nothing; remove it, or write null"));
	if (n == 1 && sigma_key_has(&key, BIT(ALL)))
		sigma_warn(reader, key.node, 0, NOTE("'all' needs more than one value"));
	for (size_t i = 0; i < n; i++) {
		const struct sigma_node *node = NULL;
		r = value_read(reader, &key, list ? &value->items[i] : value, &node);
		if (r < 0)
			return r;
		vec_push_in(reader->scratch, &nodes, node);
	}
	*out = sigma_node_join(reader, sigma_key_has(&key, BIT(ALL)) ? NODE_AND : NODE_OR, &nodes);
	if (sigma_key_has(&key, BIT(NEQ)))
		*out = sigma_node_not(reader, *out);
	return 0;
}
