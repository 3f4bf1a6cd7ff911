/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/parsers/binxml.h"

#include <stdlib.h>

#include "base/buf.h"
#include "event/parsers/binxml_code.h"

enum {
	NAMES_KEPT = 8192,      /* names remembered from one chunk to the next */
	STEPS_MOST = 1 << 20,   /* walked, for one chunk */
	WRITE_MOST = 16 << 20,  /* JSON, for one chunk */
	ROOM_MOST = 4 << 20,    /* JSON of one record, at worst */
};

struct binxml *binxml_new(void)
{
	struct binxml *binxml = mem_alloc(sizeof(*binxml));
	binxml->names.arena = &binxml->names_arena;
	return binxml;
}

void binxml_free(struct binxml *binxml)
{
	if (!binxml)
		return;
	arena_done(&binxml->names_arena);
	arena_done(&binxml->arena);
	arena_done(&binxml->texts);
	vec_done(&binxml->slots);
	vec_done(&binxml->values);
	free(binxml);
}

void binxml_begin(struct binxml *binxml, const uint8_t *bytes, size_t n)
{
	arena_reset(&binxml->arena);
	if (binxml->names.n > NAMES_KEPT) {
		arena_reset(&binxml->names_arena);
		binxml->names = (struct map){ .arena = &binxml->names_arena };
	}
	memset(binxml->codes, 0, sizeof(binxml->codes));
	binxml->bytes = bytes;
	binxml->n = MIN(n, (size_t)CHUNK_BYTES);
	binxml->compiled = binxml->walked = binxml->written = 0;
	binxml->root = ARENA_NEW(&binxml->arena, struct path);
	binxml->values.n = 0;
}

/* ---- one record ---- */

static void deliver(struct binxml *binxml, struct binxml_name *name, uint8_t type, const char *p, size_t n, bool number)
{
	if (!name || binxml->values.n >= EVTX_VALUES)
		return;
	uint32_t at = (uint32_t)binxml->values.n;
	bool repeated = name->record == binxml->record;
	if (repeated)
		binxml->values.p[name->last].next = at;
	else
		name->first = at;
	name->record = binxml->record;
	name->last = at;
	vec_push(&binxml->values,
	         { .name = name, .p = p, .n = (uint32_t)n, .type = type, .number = number, .repeated = repeated });
}

/* An item of a list, or all of a value. */
struct item {
	const char *p;
	size_t n;
	uint8_t type;
};

static bool is_empty(const struct item *item)
{
	return item->n == 0 || (item->type == BINXML_STRING && (item->n < 2 || (!item->p[0] && !item->p[1]))) ||
	       (item->type == BINXML_ANSI && !item->p[0]);
}

/* The next item of a list; texts end with their NUL. */
static struct item next_item(struct item *list)
{
	struct item item = { list->p, list->n, list->type & 0x7f };
	size_t size = binxml_item(item.type), skip = 0;
	if (item.type == BINXML_STRING) {
		size_t n = 0;
		while (n + 2 <= list->n && (list->p[n] || list->p[n + 1]))
			n += 2;
		item.n = MIN(n, list->n);
		skip = 2;
	} else if (item.type == BINXML_ANSI) {
		const char *end = list->n ? memchr(list->p, '\0', list->n) : NULL;
		item.n = end ? (size_t)(end - list->p) : list->n;
		skip = 1;
	} else if (item.type == BINXML_SID && list->n >= 8) {
		item.n = MIN(list->n, 8 + 4 * (size_t)(uint8_t)list->p[1]);
	} else if (size && size <= list->n) {
		item.n = size;
	}
	size_t used = MIN(item.n + skip, list->n);
	list->p += used;
	list->n -= used;
	return item;
}

struct walk {
	struct binxml *binxml;
	size_t slots, n; /* of the template's instance */
	int nested;
};

static bool read_fragment(struct binxml *binxml, struct path *parent, size_t from, size_t to, bool depends, int nested);

static bool item_of(const struct walk *walk, const struct piece *piece, struct item *item)
{
	if (piece->index == NO_INDEX) {
		*item = (struct item){ piece->text.p, piece->text.n, BINXML_TEXT };
		return true;
	}
	if (piece->index >= walk->n)
		return false;
	const struct slot *slot = &walk->binxml->slots.p[walk->slots + piece->index];
	*item = (struct item){ (const char *)walk->binxml->bytes + slot->at, slot->n, slot->type };
	return true;
}

static bool walk_fragment(const struct walk *walk, struct path *path, const struct item *item)
{
	size_t from = (size_t)((const uint8_t *)item->p - walk->binxml->bytes);
	return item->n == 0 || read_fragment(walk->binxml, path, from, from + item->n, false, walk->nested + 1);
}

static void deliver_item(const struct walk *walk, const struct step *step, const struct item *item)
{
	struct binxml_name *name = step->name;
	if (UNLIKELY(step->named) && walk->binxml->data_name)
		name = walk->binxml->data_name;
	if (step->keep_empty || !is_empty(item))
		deliver(walk->binxml, name, item->type, item->p, item->n, step->number);
}

/* Pieces together. Of markup among them nothing is text. */
static bool join(const struct walk *walk, const struct step *step, struct str *text, bool *markup)
{
	struct binxml *binxml = walk->binxml;
	BUF(out);
	*markup = false;
	for (size_t i = 0; i < step->n; i++) {
		struct item item;
		if (!item_of(walk, &step->pieces[i], &item))
			return false;
		if (item.type == BINXML_FRAGMENT) {
			*markup |= item.n > 0;
			if (step->code == STEP_TEXT && !walk_fragment(walk, step->path, &item))
				return false;
			continue;
		}
		for (bool list = item.type & BINXML_ARRAY, more = true; more && out.n < CHUNK_BYTES * 4; more = list && item.n) {
			struct item part = list ? next_item(&item) : item;
			struct binxml_value value = { .p = part.p, .n = (uint32_t)part.n, .type = part.type };
			if (part.type != BINXML_NULL) {
				char *to = buf_reserve(&out, binxml_room(&value));
				out.n += (size_t)(binxml_put(&value, to) - to);
			}
		}
	}
	*text = arena_str(&binxml->texts, buf_str(&out));
	binxml->walked += out.n / 64;
	return true;
}

static bool walk_joined(const struct walk *walk, const struct step *step)
{
	struct str text;
	bool markup;
	if (!join(walk, step, &text, &markup))
		return false;
	struct item item = { text.p, text.n, BINXML_JSON };
	if (!markup)
		deliver_item(walk, step, &item);
	return true;
}

static void walk_list(const struct walk *walk, const struct step *step, struct item list)
{
	do {
		struct item item = next_item(&list);
		deliver_item(walk, step, &item);
	} while (list.n && walk->binxml->values.n < EVTX_VALUES);
}

static bool walk_data_name(const struct walk *walk, const struct step *step)
{
	struct str text;
	bool markup;
	if (!join(walk, step, &text, &markup))
		return false;
	const struct event_field field = { .value = text, .kind = VALUE_ESCAPED };
	walk->binxml->data_name = binxml_intern(walk->binxml, event_text(&walk->binxml->texts, &field));
	return true;
}

static bool walk_steps(const struct walk *walk, const struct code *code, size_t from, size_t to, const struct item *only);

/* An element with attributes, once for each item of its list. */
static bool walk_element(const struct walk *walk, const struct code *code, size_t at, struct item item)
{
	const struct step *step = &code->steps.p[at];
	bool list = item.type & BINXML_ARRAY;
	do {
		struct item one = list ? next_item(&item) : item;
		if (!walk_steps(walk, code, at + 1, step->end, &one))
			return false;
	} while (list && item.n && walk->binxml->values.n < EVTX_VALUES);
	return true;
}

static bool walk_text(const struct walk *walk, const struct step *step, const struct item *only)
{
	struct item item;
	if (step->n == 0) {
		item = (struct item){ "", 0, BINXML_TEXT };
	} else if (only && step->n == 1) {
		item = *only;
	} else if (step->n > 1) {
		return walk_joined(walk, step);
	} else if (!item_of(walk, step->pieces, &item)) {
		return false;
	}
	if (UNLIKELY(item.type == BINXML_FRAGMENT) && item.n)
		return walk_fragment(walk, step->path, &item);
	if (UNLIKELY(item.type & BINXML_ARRAY))
		walk_list(walk, step, item);
	else
		deliver_item(walk, step, &item);
	return true;
}

static bool walk_attribute(const struct walk *walk, const struct step *step)
{
	struct item item = { "", 0, BINXML_TEXT };
	if (step->n > 1)
		return walk_joined(walk, step);
	if (step->n && !item_of(walk, step->pieces, &item))
		return false;
	if (item.type == BINXML_NULL || item.type == BINXML_FRAGMENT)
		return true;
	if (UNLIKELY(item.type & BINXML_ARRAY))
		walk_list(walk, step, item);
	else
		deliver_item(walk, step, &item);
	return true;
}

/* `only`: the item of the list that the element is repeated for. */
static bool walk_steps(const struct walk *walk, const struct code *code, size_t from, size_t to, const struct item *only)
{
	struct item item;
	walk->binxml->walked += to - from;
	if (walk->binxml->walked > STEPS_MOST)
		return false;
	for (size_t i = from; i < to; i++) {
		const struct step *step = &code->steps.p[i];
		bool good = true;
		switch (step->code) {
		case STEP_LEAF:
		case STEP_ELEMENT:
			good = item_of(walk, step->pieces, &item);
			if (!good)
				break;
			if (item.type == BINXML_NULL && step->pieces->optional)
				i = step->code == STEP_ELEMENT ? step->end - 1 : i;
			else if (step->code == STEP_LEAF)
				good = walk_text(walk, step, NULL);
			else if (item.type & BINXML_ARRAY) {
				good = walk_element(walk, code, i, item);
				i = step->end - 1;
			}
			break;
		case STEP_ATTRIBUTE: good = walk_attribute(walk, step); break;
		case STEP_TEXT: good = walk_text(walk, step, only); break;
		case STEP_DATA_NAME: good = walk_data_name(walk, step); break;
		case STEP_FRAGMENT:
			good = item_of(walk, step->pieces, &item);
			if (good && item.type == BINXML_FRAGMENT)
				good = walk_fragment(walk, step->path, &item);
			break;
		default: break;
		}
		if (!good)
			return false;
	}
	return true;
}

static bool walk_markup(const struct walk *walk, struct path *parent, size_t from, size_t to, bool depends)
{
	const struct code *code = binxml_code(walk->binxml, parent, from, to, depends);
	if (!code->good)
		code = binxml_code(walk->binxml, parent, from, to, !depends); /* not all writers agree */
	return code->good && walk_steps(walk, code, 0, code->steps.n, NULL);
}

/* The values of an instance: their number, their sizes and types, then they themselves. */
static bool take_slots(struct binxml *binxml, size_t *at, size_t to, size_t *n)
{
	if (to - *at < 4)
		return false;
	*n = little32(binxml->bytes + *at);
	*at += 4;
	if (*n > (to - *at) / 4)
		return false;
	size_t value = *at + 4 * *n;
	for (size_t i = 0; i < *n; i++, *at += 4) {
		const uint8_t *p = binxml->bytes + *at;
		if (to - value < little16(p))
			return false;
		bool ours = (p[2] & ~BINXML_ARRAY) >= BINXML_TEXT; /* types that no file may give */
		vec_push(&binxml->slots, { .at = (uint32_t)value, .n = little16(p), .type = ours ? (uint8_t)BINXML_BINARY : p[2] });
		value += little16(p);
	}
	*at = value;
	return true;
}

/* 0x0c, version, id, offset of the definition, which stands here when nobody used it before: next, GUID, size, markup. */
static bool read_template(struct binxml *binxml, struct path *parent, size_t *at, size_t to, int nested)
{
	enum { HEAD = 10, DEFINITION = 24 };
	if (to - *at < HEAD)
		return false;
	size_t definition = little32(binxml->bytes + *at + 6), slots = binxml->slots.n, n;
	*at += HEAD;
	if (definition > binxml->n || binxml->n - definition < DEFINITION)
		return false;
	size_t size = little32(binxml->bytes + definition + 20);
	bool fits = size <= binxml->n - definition - DEFINITION;
	if (definition == *at) {
		if (!fits || to - *at < DEFINITION + size)
			return false;
		*at += DEFINITION + size;
	}
	if (!take_slots(binxml, at, to, &n)) {
		binxml->slots.n = slots;
		return false;
	}
	const struct walk walk = { binxml, slots, n, nested };
	bool good = fits && walk_markup(&walk, parent, definition + DEFINITION, definition + DEFINITION + size, true);
	good &= nested || binxml->values.n; /* an event says something */
	if (good) {
		binxml->slots.n = slots;
	} else if (!binxml->failed) {
		binxml->failed = true;
		binxml->failed_at = slots;
		binxml->failed_n = n;
	}
	return good;
}

/* Markup with templates in it. Nested no deeper than BINXML_NESTED. */
static bool read_fragment(struct binxml *binxml, struct path *parent, size_t from, size_t to, bool depends, int nested)
{
	size_t at = from;
	if (nested > BINXML_NESTED || ++binxml->walked > STEPS_MOST)
		return false;
	while (at < to && binxml->bytes[at] == TOKEN_FRAGMENT)
		at += MIN(to - at, (size_t)4);
	if (at >= to || binxml->bytes[at] != TOKEN_TEMPLATE) {
		const struct walk walk = { binxml, binxml->slots.n, 0, nested };
		return at < to && walk_markup(&walk, parent, at, to, depends);
	}
	while (at < to && binxml->bytes[at] != TOKEN_END) {
		if (binxml->bytes[at] == TOKEN_FRAGMENT)
			at += MIN(to - at, (size_t)4);
		else if (binxml->bytes[at] != TOKEN_TEMPLATE || !read_template(binxml, parent, &at, to, nested))
			return false;
	}
	return true;
}

bool binxml_read(struct binxml *binxml, size_t from, size_t to)
{
	binxml->values.n = 0;
	binxml->slots.n = 0;
	binxml->failed = false;
	binxml->data_name = NULL;
	binxml->record++;
	arena_reset(&binxml->texts);
	return from <= to && to <= binxml->n && read_fragment(binxml, binxml->root, from, to, true, 0);
}

void binxml_add(struct binxml *binxml, const char *name, enum binxml_type type, struct str bytes, bool number)
{
	deliver(binxml, binxml_intern(binxml, str_from(name)), (uint8_t)type, bytes.p, bytes.n, number);
}

const struct binxml_value *binxml_find(const struct binxml *binxml, const char *name)
{
	const struct binxml_name *known = map_get(&binxml->names, str_from(name));
	return known && known->record == binxml->record ? &binxml->values.p[known->first] : NULL;
}

void binxml_salvage(struct binxml *binxml)
{
	for (size_t i = 0; binxml->failed && i < binxml->failed_n; i++) {
		const struct slot *slot = &binxml->slots.p[binxml->failed_at + i];
		if (slot->type == BINXML_STRING && slot->n)
			binxml_add(binxml, "Data", BINXML_STRING, (struct str){ (const char *)binxml->bytes + slot->at, slot->n }, false);
	}
}

/* ---- as JSON ---- */

static bool is_number(const char *p, const char *end)
{
	size_t n = (size_t)(end - p);
	if (n == 0 || n >= 20 || (*p == '0' && n > 1))
		return false;
	for (; p < end; p++)
		if (*p < '0' || *p > '9')
			return false;
	return true;
}

/* One value, without its name. */
static char *write_value(const struct binxml_value *value, char *out, struct event_field *field)
{
	char *text = out + 1;
	char *end = binxml_put(value, text);
	*field = (struct event_field){ .value = { text, (size_t)(end - text) }, .kind = VALUE_ESCAPED };
	if (value->number && is_number(text, end)) {
		memmove(out, text, field->value.n);
		field->value.p = out;
		field->kind = VALUE_NUMBER;
		return out + field->value.n;
	}
	*out = '"';
	*end = '"';
	return end + 1;
}

static size_t room_of(const struct binxml *binxml)
{
	size_t room = 2;
	for (size_t i = 0; i < binxml->values.n; i++)
		room += binxml_room(&binxml->values.p[i]) + binxml->values.p[i].name->key.n + 6;
	return room;
}

static uint32_t name_id(struct binxml_name *name, struct names *names, uint64_t version)
{
	if (UNLIKELY(name->version != version)) {
		name->id = names_add(names, name->name);
		name->version = version;
	}
	return name->id;
}

int binxml_write(struct binxml *binxml, struct batch *batch, struct event *event)
{
	size_t room = room_of(binxml), n = 0;
	uint64_t version = names_version(batch->names);
	if (room > ROOM_MOST || binxml->written > WRITE_MOST)
		return -EFBIG;
	struct event_field *fields = (struct event_field *)ARENA_ARRAY(&batch->arena, struct event_field, binxml->values.n + 1);
	char *raw = arena_reserve(&batch->arena, room + 16), *out = raw;
	*out++ = '{';
	for (size_t i = 0; i < binxml->values.n; i++) {
		const struct binxml_value *value = &binxml->values.p[i];
		if (value->repeated)
			continue; /* it stands with the first of its name */
		uint32_t id = name_id(value->name, batch->names, version);
		bool several = value->next;
		memcpy(out, value->name->key.p, value->name->key.n);
		out += value->name->key.n;
		if (several)
			*out++ = '[';
		for (;;) {
			out = write_value(value, out, &fields[n]);
			fields[n].name = id;
			if (id == NAME_NONE || n == EVENT_FIELDS)
				event->dropped++;
			else
				n++;
			*out++ = ',';
			if (!value->next)
				break;
			value = &binxml->values.p[value->next];
		}
		if (several) {
			out[-1] = ']';
			*out++ = ',';
		}
	}
	if (out[-1] == ',')
		out--;
	*out++ = '}';
	arena_take(&batch->arena, (size_t)(out - raw));
	binxml->written += (size_t)(out - raw);
	event->raw = (struct str){ raw, (size_t)(out - raw) };
	event->fields = fields;
	event->n = (uint32_t)n;
	return 0;
}
