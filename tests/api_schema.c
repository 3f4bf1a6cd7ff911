/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "api_schema.h"

enum { DEPTH = 40 };

struct holder {
	struct arena *arena;
	const struct doc *schemas;
};

static struct str hold(const struct holder *holder, const struct doc *schema, const struct doc *value, struct str place, unsigned depth);

static const struct doc *member(const struct doc *map, const char *name)
{
	return doc_get(map, str_from(name));
}

static bool is_type(struct str type, const struct doc *value)
{
	switch (value->type) {
	case DOC_NULL: return str_is(type, "null");
	case DOC_BOOL: return str_is(type, "boolean");
	case DOC_INT: return str_is(type, "integer") || str_is(type, "number");
	case DOC_REAL: return str_is(type, "number");
	case DOC_STRING: return str_is(type, "string");
	case DOC_ARRAY: return str_is(type, "array");
	default: return str_is(type, "object");
	}
}

static bool type_fits(const struct doc *type, const struct doc *value)
{
	if (!type || type->type == DOC_STRING)
		return !type || is_type(doc_string(type), value);
	for (uint32_t i = 0; type->type == DOC_ARRAY && i < type->n; i++)
		if (is_type(doc_string(&type->items[i]), value))
			return true;
	return false;
}

static bool enum_fits(const struct doc *list, const struct doc *value)
{
	for (uint32_t i = 0; list && list->type == DOC_ARRAY && i < list->n; i++)
		if ((value->type == DOC_STRING && str_eq(doc_string(&list->items[i]), doc_string(value))) ||
		    (value->type == DOC_NULL && list->items[i].type == DOC_NULL))
			return true;
	return !list;
}

static struct str hold_map(const struct holder *holder, const struct doc *schema, const struct doc *value, struct str place, unsigned depth)
{
	const struct doc *required = member(schema, "required"), *properties = member(schema, "properties"), *more = member(schema, "additionalProperties");
	for (uint32_t i = 0; required && i < required->n; i++)
		if (!doc_get(value, doc_string(&required->items[i])))
			return arena_printf(holder->arena, "%.*s: lacks '%.*s'", STR_ARG(place), STR_ARG(doc_string(&required->items[i])));
	for (uint32_t i = 0; i < value->n; i++) {
		struct str name = doc_string(doc_key(value, i));
		const struct doc *sub = doc_get(properties, name);
		struct str below = arena_printf(holder->arena, "%.*s.%.*s", STR_ARG(place), STR_ARG(name)), why = STR("");
		if (!sub && more && more->type == DOC_BOOL && !more->boolean)
			return arena_printf(holder->arena, "%.*s: is not described", STR_ARG(below));
		if (!sub && more && more->type == DOC_MAP)
			sub = more;
		if (sub)
			why = hold(holder, sub, doc_value(value, i), below, depth + 1);
		if (why.n)
			return why;
	}
	return STR("");
}

static struct str hold_one_of(const struct holder *holder, const struct doc *list, const struct doc *value, struct str place, unsigned depth)
{
	struct str why = STR("");
	for (uint32_t i = 0; i < list->n; i++) {
		why = hold(holder, &list->items[i], value, place, depth + 1);
		if (!why.n)
			break;
	}
	return why;
}

static struct str hold(const struct holder *holder, const struct doc *schema, const struct doc *value, struct str place, unsigned depth)
{
	const struct doc *ref = member(schema, "$ref"), *items = member(schema, "items"), *one_of = member(schema, "oneOf");
	if (depth > DEPTH)
		return arena_printf(holder->arena, "%.*s: is too deep", STR_ARG(place));
	if (ref) {
		struct str name = str_slice(doc_string(ref), sizeof("#/components/schemas/") - 1, doc_string(ref).n);
		const struct doc *named = doc_get(holder->schemas, name);
		if (!named)
			return arena_printf(holder->arena, "%.*s: there is no schema '%.*s'", STR_ARG(place), STR_ARG(name));
		return hold(holder, named, value, place, depth + 1);
	}
	if (one_of)
		return hold_one_of(holder, one_of, value, place, depth);
	if (!type_fits(member(schema, "type"), value))
		return arena_printf(holder->arena, "%.*s: is %s", STR_ARG(place), doc_type_words(value));
	if (!enum_fits(member(schema, "enum"), value))
		return arena_printf(holder->arena, "%.*s: is '%.*s', none of those described", STR_ARG(place), STR_ARG(doc_string(value)));
	if (value->type == DOC_MAP)
		return hold_map(holder, schema, value, place, depth);
	for (uint32_t i = 0; value->type == DOC_ARRAY && items && i < value->n; i++) {
		struct str why = hold(holder, items, &value->items[i], arena_printf(holder->arena, "%.*s.%u", STR_ARG(place), i), depth + 1);
		if (why.n)
			return why;
	}
	return STR("");
}

struct str schema_holds(struct arena *arena, const struct doc *schemas, struct str name, const struct doc *value)
{
	struct holder holder = { arena, schemas };
	const struct doc *schema = doc_get(schemas, name);
	if (!schema)
		return arena_printf(arena, "there is no schema '%.*s' in content/api", STR_ARG(name));
	return hold(&holder, schema, value, name, 0);
}
