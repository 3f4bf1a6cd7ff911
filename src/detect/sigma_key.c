/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/sigma_key.h"

#include "data/schema.h"

#define WHY_PLACE   TR("one says where the text stands, and 'contains' says everywhere")
#define WHY_TEXT    TR("it works on text")
#define WHY_REGEX   TR("a regular expression is used as it is written")
#define WHY_CIDR    TR("networks are compared as addresses, not as text")
#define WHY_EXISTS  TR("'exists' only asks whether the field is there")
#define WHY_FIELD   TR("the value is the name of another field")
#define WHY_COMPARE TR("numbers are compared, not text")
#define WHY_TIME    TR("a part of a time is a number")

static const struct modifier modifiers[] = {
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
static int pair_check(struct sigma_reader *reader, const struct sigma_key *key, size_t i, size_t k)
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

static int order_check(struct sigma_reader *reader, const struct sigma_key *key, size_t i)
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

static int key_check(struct sigma_reader *reader, const struct sigma_key *key)
{
	for (size_t i = 0; i < key->n; i++) {
		int r = order_check(reader, key, i);
		for (size_t k = i + 1; r == 0 && k < key->n; k++)
			r = pair_check(reader, key, i, k);
		if (r < 0)
			return r;
	}
	if (!key->field.p && sigma_key_has(key, BIT(EXISTS) | BIT(FIELDREF) | COMPARES | TIMES | BIT(CIDR)))
		return sigma_refuse(reader, key->node, 0,
		                    NOTE("'{}' asks something of a field; name the field before it",
		                         str_from(key->modifier[0]->name)));
	return 0;
}

static void item_prepare(struct sigma_key *key)
{
	static const uint8_t operators[][2] = {
		{ MODIFIER_RE, SIGMA_REGEX }, { MODIFIER_CIDR, SIGMA_CIDR },         { MODIFIER_EXISTS, SIGMA_EXISTS },
		{ MODIFIER_LT, SIGMA_LT },    { MODIFIER_FIELDREF, SIGMA_FIELDREF }, { MODIFIER_LTE, SIGMA_LE },
		{ MODIFIER_GT, SIGMA_GT },    { MODIFIER_GTE, SIGMA_GE },
	};
	struct sigma_item *item = &key->item;
	item->field = key->field;
	item->cased = sigma_key_has(key, BIT(CASED));
	item->op = sigma_key_has(key, TIMES) ? SIGMA_EQ : SIGMA_PATTERN;
	for (size_t i = 0; i < COUNT(operators); i++)
		if (sigma_key_has(key, UINT32_C(1) << operators[i][0]))
			item->op = operators[i][1];
	item->flags = (uint8_t)((sigma_key_has(key, BIT(I)) ? SIGMA_FLAG_I : 0) |
	                        (sigma_key_has(key, BIT(M)) ? SIGMA_FLAG_M : 0) |
	                        (sigma_key_has(key, BIT(S)) ? SIGMA_FLAG_S : 0));
	if (item->op == SIGMA_FIELDREF)
		item->how = sigma_key_has(key, BIT(CONTAINS))   ? SIGMA_CONTAINS :
		            sigma_key_has(key, BIT(STARTSWITH)) ? SIGMA_STARTS :
		            sigma_key_has(key, BIT(ENDSWITH))   ? SIGMA_ENDS :
		                                        SIGMA_EQUALS;
	for (int part = 0; part < 6; part++)
		if (sigma_key_has(key, UINT32_C(1) << (MODIFIER_MINUTE + part)))
			item->part = (uint8_t)(SIGMA_MINUTE + part);
}

int sigma_key_read(struct sigma_reader *reader, const struct doc *node, struct sigma_key *key)
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
