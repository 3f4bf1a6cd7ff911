/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * A field, its modifiers and its values, made into a tree. Each modifier says once with which others it may stand, and why
 * not with the rest; what changes the text then happens in the order written.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/vec.h"
#include "data/schema.h"
#include "detect/sigma_pipeline.h"
#include "detect/sigma_reader.h"

enum { MODIFIERS_MOST = 16 };

enum modifier_kind {
	MODIFIER_ALL, MODIFIER_NEQ, MODIFIER_CASED, MODIFIER_EXPAND,
	MODIFIER_CONTAINS, MODIFIER_STARTSWITH, MODIFIER_ENDSWITH,
	MODIFIER_BASE64, MODIFIER_BASE64OFFSET, MODIFIER_UTF16LE, MODIFIER_UTF16BE, MODIFIER_UTF16, MODIFIER_WINDASH,
	MODIFIER_RE, MODIFIER_I, MODIFIER_M, MODIFIER_S,
	MODIFIER_CIDR, MODIFIER_EXISTS, MODIFIER_FIELDREF, MODIFIER_LT, MODIFIER_LTE, MODIFIER_GT, MODIFIER_GTE,
	MODIFIER_MINUTE, MODIFIER_HOUR, MODIFIER_DAY, MODIFIER_WEEK, MODIFIER_MONTH, MODIFIER_YEAR,
};

#define BIT(kind) (UINT32_C(1) << MODIFIER_##kind)
#define LINKS     (BIT(ALL) | BIT(NEQ))
#define PLACES    (BIT(CONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH))
#define ENCODINGS (BIT(BASE64) | BIT(BASE64OFFSET) | BIT(UTF16LE) | BIT(UTF16BE) | BIT(UTF16))
#define TEXTS     (LINKS | BIT(CASED) | BIT(EXPAND) | PLACES | ENCODINGS | BIT(WINDASH))
#define REGEXES   (BIT(RE) | BIT(I) | BIT(M) | BIT(S))
#define COMPARES  (BIT(LT) | BIT(LTE) | BIT(GT) | BIT(GTE))
#define TIMES     (BIT(MINUTE) | BIT(HOUR) | BIT(DAY) | BIT(WEEK) | BIT(MONTH) | BIT(YEAR))

#define WHY_PLACE   TR("one says where the text stands, and 'contains' says everywhere")
#define WHY_TEXT    TR("it works on text")
#define WHY_REGEX   TR("a regular expression is used as it is written")
#define WHY_CIDR    TR("networks are compared as addresses, not as text")
#define WHY_EXISTS  TR("'exists' only asks whether the field is there")
#define WHY_FIELD   TR("the value is the name of another field")
#define WHY_COMPARE TR("numbers are compared, not text")
#define WHY_TIME    TR("a part of a time is a number")

static const struct modifier {
	const char *name;
	enum modifier_kind kind;
	uint32_t with;
	const char *why; /* not with others; an English key */
} modifiers[] = {
	{ "all", MODIFIER_ALL, ~BIT(EXISTS), WHY_EXISTS },
	{ "neq", MODIFIER_NEQ, ~(BIT(EXISTS) | COMPARES), WHY_COMPARE },
	{ "cased", MODIFIER_CASED, TEXTS | BIT(FIELDREF), WHY_TEXT },
	{ "expand", MODIFIER_EXPAND, TEXTS | REGEXES | BIT(CIDR), WHY_TEXT },
	{ "contains", MODIFIER_CONTAINS, (TEXTS & ~PLACES) | REGEXES | BIT(FIELDREF), WHY_PLACE },
	{ "startswith", MODIFIER_STARTSWITH, (TEXTS & ~PLACES) | REGEXES | BIT(FIELDREF), WHY_PLACE },
	{ "endswith", MODIFIER_ENDSWITH, (TEXTS & ~PLACES) | REGEXES | BIT(FIELDREF), WHY_PLACE },
	{ "base64", MODIFIER_BASE64, TEXTS, WHY_TEXT },
	{ "base64offset", MODIFIER_BASE64OFFSET, TEXTS, WHY_TEXT },
	{ "utf16le", MODIFIER_UTF16LE, TEXTS, WHY_TEXT },
	{ "wide", MODIFIER_UTF16LE, TEXTS, WHY_TEXT },
	{ "utf16be", MODIFIER_UTF16BE, TEXTS, WHY_TEXT },
	{ "utf16", MODIFIER_UTF16, TEXTS, WHY_TEXT },
	{ "windash", MODIFIER_WINDASH, TEXTS, WHY_TEXT },
	{ "re", MODIFIER_RE, LINKS | REGEXES | PLACES | BIT(EXPAND), WHY_REGEX },
	{ "i", MODIFIER_I, LINKS | REGEXES | PLACES | BIT(EXPAND), WHY_REGEX },
	{ "m", MODIFIER_M, LINKS | REGEXES | PLACES | BIT(EXPAND), WHY_REGEX },
	{ "s", MODIFIER_S, LINKS | REGEXES | PLACES | BIT(EXPAND), WHY_REGEX },
	{ "ignorecase", MODIFIER_I, LINKS | REGEXES | PLACES | BIT(EXPAND), WHY_REGEX },
	{ "multiline", MODIFIER_M, LINKS | REGEXES | PLACES | BIT(EXPAND), WHY_REGEX },
	{ "dotall", MODIFIER_S, LINKS | REGEXES | PLACES | BIT(EXPAND), WHY_REGEX },
	{ "cidr", MODIFIER_CIDR, LINKS | BIT(EXPAND), WHY_CIDR },
	{ "exists", MODIFIER_EXISTS, 0, WHY_EXISTS },
	{ "fieldref", MODIFIER_FIELDREF, LINKS | PLACES | BIT(CASED), WHY_FIELD },
	{ "lt", MODIFIER_LT, BIT(ALL) | TIMES, WHY_COMPARE },
	{ "lte", MODIFIER_LTE, BIT(ALL) | TIMES, WHY_COMPARE },
	{ "gt", MODIFIER_GT, BIT(ALL) | TIMES, WHY_COMPARE },
	{ "gte", MODIFIER_GTE, BIT(ALL) | TIMES, WHY_COMPARE },
	{ "minute", MODIFIER_MINUTE, LINKS | COMPARES, WHY_TIME },
	{ "hour", MODIFIER_HOUR, LINKS | COMPARES, WHY_TIME },
	{ "day", MODIFIER_DAY, LINKS | COMPARES, WHY_TIME },
	{ "week", MODIFIER_WEEK, LINKS | COMPARES, WHY_TIME },
	{ "month", MODIFIER_MONTH, LINKS | COMPARES, WHY_TIME },
	{ "year", MODIFIER_YEAR, LINKS | COMPARES, WHY_TIME },
};

/* A key, taken apart. */
struct key {
	const struct doc *node;   /* for messages: the key, or the keyword list */
	struct str field;         /* STR_NONE: keywords */
	const struct modifier *modifier[MODIFIERS_MOST];
	unsigned column[MODIFIERS_MOST]; /* where it stands in the key */
	size_t n;
	uint32_t set;             /* BIT()s */
	struct sigma_item item;   /* what all its items have in common */
};

static bool has(const struct key *key, uint32_t bits)
{
	return key->set & bits;
}

static const struct modifier *modifier_find(struct str name)
{
	for (size_t i = 0; i < COUNT(modifiers); i++)
		if (str_is(name, modifiers[i].name))
			return &modifiers[i];
	return NULL;
}

static int modifier_unknown(struct sigma_reader *reader, const struct doc *node, unsigned column, struct str name)
{
	const char *names[COUNT(modifiers)];
	for (size_t i = 0; i < COUNT(modifiers); i++)
		names[i] = modifiers[i].name;
	const char *meant = schema_suggest(name, names, COUNT(names));
	if (meant)
		return sigma_refuse(reader, node, column,
		                    NOTE("there is no modifier '{}'; did you mean '{}'?", name, str_from(meant)));
	return sigma_refuse(reader, node, column, NOTE("there is no modifier '{}'", name));
}

/* Two modifiers of one key: may they stand together? */
static int pair_check(struct sigma_reader *reader, const struct key *key, size_t i, size_t k)
{
	const struct modifier *a = key->modifier[i], *b = key->modifier[k];
	if (a->kind == b->kind)
		return sigma_refuse(reader, key->node, key->column[k],
		                    NOTE("the modifier '{}' stands twice; remove one", str_from(b->name)));
	const struct modifier *against = !(a->with & UINT32_C(1) << b->kind) ? a :
	                                 !(b->with & UINT32_C(1) << a->kind) ? b :
	                                                                       NULL;
	if (!against)
		return 0;
	return sigma_refuse(reader, key->node, key->column[k],
	                    NOTE("'{}' and '{}' cannot stand together: {}", str_from(a->name), str_from(b->name),
	                         str_from(against->why)));
}

static int order_check(struct sigma_reader *reader, const struct key *key, size_t i)
{
	const struct modifier *modifier = key->modifier[i];
	bool behind_re = false;
	for (size_t k = 0; k < i; k++)
		behind_re |= key->modifier[k]->kind == MODIFIER_RE;
	if ((UINT32_C(1) << modifier->kind & (BIT(I) | BIT(M) | BIT(S))) && !behind_re)
		return sigma_refuse(reader, key->node, key->column[i],
		                    NOTE("'{}' is a flag of regular expressions; put it behind 're'",
		                         str_from(modifier->name)));
	return 0;
}

static int key_check(struct sigma_reader *reader, const struct key *key)
{
	for (size_t i = 0; i < key->n; i++) {
		int r = order_check(reader, key, i);
		for (size_t k = i + 1; r == 0 && k < key->n; k++)
			r = pair_check(reader, key, i, k);
		if (r < 0)
			return r;
	}
	if (!key->field.p && has(key, BIT(EXISTS) | BIT(FIELDREF) | COMPARES | TIMES | BIT(CIDR)))
		return sigma_refuse(reader, key->node, 0,
		                    NOTE("'{}' asks something of a field; name the field before it",
		                         str_from(key->modifier[0]->name)));
	return 0;
}

static void item_prepare(struct key *key)
{
	static const uint8_t operators[][2] = {
		{ MODIFIER_RE, SIGMA_REGEX }, { MODIFIER_CIDR, SIGMA_CIDR },         { MODIFIER_EXISTS, SIGMA_EXISTS },
		{ MODIFIER_LT, SIGMA_LT },    { MODIFIER_FIELDREF, SIGMA_FIELDREF }, { MODIFIER_LTE, SIGMA_LE },
		{ MODIFIER_GT, SIGMA_GT },    { MODIFIER_GTE, SIGMA_GE },
	};
	struct sigma_item *item = &key->item;
	item->field = key->field;
	item->cased = has(key, BIT(CASED));
	item->op = has(key, TIMES) ? SIGMA_EQ : SIGMA_PATTERN;
	for (size_t i = 0; i < COUNT(operators); i++)
		if (has(key, UINT32_C(1) << operators[i][0]))
			item->op = operators[i][1];
	item->flags = (uint8_t)((has(key, BIT(I)) ? SIGMA_FLAG_I : 0) | (has(key, BIT(M)) ? SIGMA_FLAG_M : 0) |
	                        (has(key, BIT(S)) ? SIGMA_FLAG_S : 0));
	if (item->op == SIGMA_FIELDREF)
		item->how = has(key, BIT(CONTAINS))   ? SIGMA_CONTAINS :
		            has(key, BIT(STARTSWITH)) ? SIGMA_STARTS :
		            has(key, BIT(ENDSWITH))   ? SIGMA_ENDS :
		                                        SIGMA_EQUALS;
	for (int part = 0; part < 6; part++)
		if (has(key, UINT32_C(1) << (MODIFIER_MINUTE + part)))
			item->part = (uint8_t)(SIGMA_MINUTE + part);
}

static int key_read(struct sigma_reader *reader, const struct doc *node, struct key *key)
{
	struct str text = doc_string(node), rest = text;
	key->node = node;
	key->field = str_cut(&rest, '|');
	if (!key->field.n)
		key->field = STR_NONE;
	else if (str_trim(key->field).n != key->field.n)
		sigma_warn(reader, node, 0, NOTE("the name of the field '{}' begins or ends with a blank", key->field));
	while (rest.p) {
		unsigned column = (unsigned)(rest.p - text.p);
		struct str name = str_cut(&rest, '|');
		const struct modifier *modifier = modifier_find(name);
		if (!modifier)
			return modifier_unknown(reader, node, column, name);
		if (key->n == MODIFIERS_MOST)
			return sigma_refuse(reader, node, column, NOTE("there are more than 16 modifiers"));
		key->column[key->n] = column;
		key->modifier[key->n++] = modifier;
		key->set |= UINT32_C(1) << modifier->kind;
	}
	int r = key_check(reader, key);
	if (r == 0)
		item_prepare(key);
	return r;
}

/* ---- values ---- */

static const struct sigma_node *item_node(struct sigma_reader *reader, const struct sigma_item *item)
{
	return sigma_node_item(reader, item);
}

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

static void pattern_lint(struct sigma_reader *reader, const struct key *key, const struct doc *value,
                         const struct sigma_pattern *pattern)
{
	if (pattern->n == 1 && pattern->p[0].kind == PART_ANY && has(key, PLACES))
		sigma_warn(reader, value, 0, NOTE("this matches every value; to ask for the field alone, use 'exists'"));
	if (has(key, BIT(BASE64OFFSET)) && !has(key, PLACES) && key->field.p)
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
static int text_read(struct sigma_reader *reader, const struct key *key, const struct doc *value, struct str text,
                     const struct sigma_node **out)
{
	struct sigma_patterns now = { .scratch = reader->scratch };
	vec_push_in(reader->scratch, &now, sigma_pattern_read(reader->arena, text, has(key, BIT(EXPAND))));
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
	bool keyword = !key->field.p && !has(key, PLACES);
	bool bare_utf16 = has(key, BIT(UTF16LE) | BIT(UTF16BE) | BIT(UTF16)) && !has(key, BIT(BASE64) | BIT(BASE64OFFSET));
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
		vec_push_in(reader->scratch, &nodes, item_node(reader, &item));
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

static int regex_read(struct sigma_reader *reader, const struct key *key, const struct doc *value, struct str text,
                      const struct sigma_node **out)
{
	BUF(regex);
	struct sigma_item item = key->item;
	item.regex = text;
	if (!text.n)
		return sigma_refuse(reader, value, 0, NOTE("an empty regular expression matches everything"));
	if (has(key, BIT(EXPAND))) {
		int r = regex_expand(reader, value, text, &regex);
		if (r < 0)
			return r;
		item.regex = arena_str(reader->arena, buf_str(&regex));
	}
	if (has(key, BIT(STARTSWITH)))
		item.regex = arena_printf(reader->arena, "\\A(?:%.*s)", STR_ARG(item.regex));
	if (has(key, BIT(ENDSWITH)))
		item.regex = arena_printf(reader->arena, "(?:%.*s)\\z", STR_ARG(item.regex));
	*out = item_node(reader, &item);
	return reader->options->lint ? regex_check(reader, value, &item) : 0;
}

static int cidr_add(struct sigma_reader *reader, const struct key *key, const struct doc *value, struct str text,
                    struct sigma_nodes *nodes)
{
	struct sigma_item item = key->item;
	bool loose = false;
	if (!sigma_cidr_parse(text, &item.cidr, &loose))
		return sigma_refuse(reader, value, 0,
		                    NOTE("'{}' is no network; write it as 10.0.0.0/8 or 2001:db8::/32", text));
	if (loose)
		sigma_warn(reader, value, 0, NOTE("'{}' has bits set past its mask; they do not count", text));
	vec_push_in(reader->scratch, nodes, item_node(reader, &item));
	return 0;
}

static int cidr_read(struct sigma_reader *reader, const struct key *key, const struct doc *value, struct str text,
                     const struct sigma_node **out)
{
	struct sigma_nodes nodes = { 0 };
	struct sigma_patterns patterns = { .scratch = reader->scratch };
	int r = 0;
	if (!has(key, BIT(EXPAND)))
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

static int number_read(struct sigma_reader *reader, const struct key *key, const struct doc *value, struct str text,
                       const struct sigma_node **out)
{
	struct sigma_item item = key->item;
	if (value->type == DOC_BOOL || !sigma_number(text, &item.than))
		return sigma_refuse(reader, value, 0, NOTE("'{}' is no number", text));
	*out = item_node(reader, &item);
	return 0;
}

static int exists_read(struct sigma_reader *reader, const struct key *key, const struct doc *value,
                       const struct sigma_node **out)
{
	if (value->type != DOC_BOOL)
		return sigma_refuse(reader, value, 0, NOTE("'exists' takes true or false, without quotes"));
	*out = item_node(reader, &key->item);
	if (!value->boolean)
		*out = sigma_node_not(reader, *out);
	return 0;
}

static int null_read(struct sigma_reader *reader, const struct key *key, const struct doc *value,
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
	*out = item_node(reader, &item);
	return 0;
}

static int value_read(struct sigma_reader *reader, const struct key *key, const struct doc *value,
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
		sigma_warn(reader, value, 0, NOTE("'{}' is compared as it is written; quote it, because other tools make another number of it", text));
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
		*out = item_node(reader, &item);
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
	struct key key = { .node = value };
	struct sigma_nodes nodes = { 0 };
	int r = name ? key_read(reader, name, &key) : 0;
	if (r < 0)
		return r;
	bool list = value->type == DOC_ARRAY;
	size_t n = list ? value->n : 1;
	if (!n)
		return sigma_refuse(reader, value, 0, NOTE("an empty list asks for nothing; remove it, or write null"));
	if (n == 1 && has(&key, BIT(ALL)))
		sigma_warn(reader, key.node, 0, NOTE("'all' needs more than one value"));
	for (size_t i = 0; i < n; i++) {
		const struct sigma_node *node = NULL;
		r = value_read(reader, &key, list ? &value->items[i] : value, &node);
		if (r < 0)
			return r;
		vec_push_in(reader->scratch, &nodes, node);
	}
	*out = sigma_node_join(reader, has(&key, BIT(ALL)) ? NODE_AND : NODE_OR, &nodes);
	if (has(&key, BIT(NEQ)))
		*out = sigma_node_not(reader, *out);
	return 0;
}
