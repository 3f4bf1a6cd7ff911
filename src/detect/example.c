/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/example.h"

#include "base/buf.h"

struct flat {
	struct arena *arena;
	struct names *names;
	struct buf name; /* of the field at hand */
	VEC(struct event_field) fields;
};

static void flat_done(struct flat *flat)
{
	buf_done(&flat->name);
}

static void value_add(struct flat *flat, const struct doc *node);

/* No deeper than the tree, whose depth its parser bounded. */
static void map_add(struct flat *flat, const struct doc *map)
{
	size_t before = flat->name.n;
	for (size_t i = 0; i < map->n; i++) {
		if (before)
			buf_add_char(&flat->name, '.');
		buf_add(&flat->name, doc_string(doc_key(map, i)));
		value_add(flat, doc_value(map, i));
		flat->name.n = before;
	}
}

static void value_add(struct flat *flat, const struct doc *node)
{
	struct event_field field = { .value = STR(""), .kind = VALUE_NULL };
	switch (node->type) {
	case DOC_MAP:
		map_add(flat, node);
		return;
	case DOC_ARRAY:
		for (size_t i = 0; i < node->n; i++)
			value_add(flat, &node->items[i]);
		return;
	case DOC_STRING:
		field.kind = VALUE_TEXT;
		field.value = doc_string(node);
		break;
	case DOC_BOOL:
		field.kind = VALUE_BOOL;
		field.value = node->boolean ? STR("true") : STR("false");
		break;
	case DOC_INT:
		field.kind = VALUE_NUMBER;
		field.value = arena_printf(flat->arena, "%lld", (long long)node->integer);
		break;
	case DOC_REAL:
		field.kind = VALUE_NUMBER;
		field.value = arena_printf(flat->arena, "%.15g", node->real);
		break;
	default:
		break;
	}
	field.name = names_add(flat->names, buf_str(&flat->name));
	if (field.name != NAME_NONE && flat->fields.n < EVENT_FIELDS)
		vec_push_in(flat->arena, &flat->fields, field);
}

struct event example_event(struct arena *arena, struct names *names, const struct doc *map)
{
	CLEANUP(flat_done) struct flat flat = { .arena = arena, .names = names };
	map_add(&flat, map);
	return (struct event){ .time = EVENT_NO_TIME, .raw = STR(""), .fields = flat.fields.p,
		               .n = (uint32_t)flat.fields.n, .line = 1 };
}
