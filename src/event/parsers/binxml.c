/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/parsers/binxml.h"

#include <endian.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/utf8.h"
#include "data/json.h"

enum {
	NAMES_KEPT = 8192,            /* names remembered from one chunk to the next */
	PIECES = 64,                  /* of one attribute or element */
	COMPILE_BYTES = 4 << 20,      /* of markup, for one chunk */
	STEPS_MOST = 1 << 20,         /* walked, for one chunk */
	WRITE_MOST = 16 << 20,        /* JSON, for one chunk */
	ROOM_MOST = 4 << 20,          /* JSON of one record, at worst */
	NO_INDEX = 0xffff,
};

enum token {
	TOKEN_END = 0x00, TOKEN_OPEN = 0x01, TOKEN_CLOSE_START = 0x02, TOKEN_CLOSE_EMPTY = 0x03, TOKEN_CLOSE = 0x04, TOKEN_VALUE = 0x05,
	TOKEN_ATTRIBUTE = 0x06, TOKEN_CDATA = 0x07, TOKEN_CHAR = 0x08, TOKEN_ENTITY = 0x09, TOKEN_TARGET = 0x0a, TOKEN_DATA = 0x0b,
	TOKEN_TEMPLATE = 0x0c, TOKEN_SUBSTITUTION = 0x0d, TOKEN_OPTIONAL = 0x0e, TOKEN_FRAGMENT = 0x0f, TOKEN_MORE = 0x40,
};

enum part { PART_OTHER, PART_SYSTEM, PART_EVENT_DATA, PART_USER_DATA };

/* Where an element stands. The name of the root does not matter, so it is empty. */
struct path {
	struct path *parent, *children, *next;
	struct str name;
	uint32_t depth; /* of the root: 1 */
	enum part part;
};

/* A part of an attribute's value or an element's text. */
struct piece {
	struct str text; /* UTF-8, when index is NO_INDEX */
	uint16_t index;  /* of the substitution */
	bool optional;
};

enum step_code {
	STEP_NOTHING,
	STEP_ELEMENT,   /* one substitution is all that the element holds: without it the steps up to `end` are left out, and a list
	                 * repeats them */
	STEP_ATTRIBUTE,
	STEP_TEXT,      /* of an element without children */
	STEP_LEAF,      /* STEP_ELEMENT and STEP_TEXT in one */
	STEP_FRAGMENT,  /* a substitution beside elements: only markup counts */
	STEP_DATA_NAME, /* <Data Name="%1">: the name of the text that comes next */
};

struct step {
	uint8_t code; /* enum step_code */
	bool number, keep_empty, named; /* named: by STEP_DATA_NAME */
	uint16_t n;
	uint32_t end;
	struct piece *pieces;
	struct binxml_name *name; /* NULL: nothing is delivered */
	struct path *path;        /* of the element */
};

/* A piece of markup, compiled for the place it stands in. */
struct code {
	struct code *next;
	struct path *path; /* of the parent */
	uint32_t from, to;
	bool depends;
	bool good;
	VEC(struct step) steps;
};

struct slot {
	uint32_t at;
	uint16_t n;
	uint8_t type;
};

struct binxml {
	const uint8_t *bytes;
	size_t n;
	struct arena names_arena, arena; /* of the reader; of the chunk */
	struct map names;
	struct path *root;
	struct code *codes[256];
	size_t compiled, walked, written;
	VEC(struct slot) slots;
	bool failed;
	size_t failed_at, failed_n; /* slots of the template that could not be read */
	VEC(struct binxml_value) values;
	struct arena texts; /* of the record */
	uint64_t record;
	struct binxml_name *data_name;
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

/* ---- names and places ---- */

static struct binxml_name *intern(struct binxml *binxml, struct str name)
{
	if (name.n == 0)
		return NULL;
	struct binxml_name *made = map_get(&binxml->names, name);
	if (!made) {
		BUF(key);
		made = ARENA_NEW(&binxml->names_arena, struct binxml_name);
		made->name = arena_str(&binxml->names_arena, name);
		json_add_string(&key, name);
		buf_add_char(&key, ':');
		made->key = arena_str(&binxml->names_arena, buf_str(&key));
		*map_put(&binxml->names, made->name) = made;
	}
	return made;
}

static struct str local_name(struct str name)
{
	ptrdiff_t colon = str_find_char(name, ':');
	return str_slice(name, (size_t)(colon + 1), name.n);
}

static struct path *path_below(struct binxml *binxml, struct path *parent, struct str name)
{
	struct path *path;
	if (parent->depth == 0)
		name = STR("");
	for (path = parent->children; path; path = path->next)
		if (str_eq(path->name, name))
			return path;
	path = ARENA_NEW(&binxml->arena, struct path);
	*path = (struct path){ .parent = parent, .next = parent->children, .name = name, .depth = parent->depth + 1, .part = parent->part };
	if (path->depth == 2)
		path->part = str_is(name, "System") ? PART_SYSTEM : str_is(name, "EventData") ? PART_EVENT_DATA
		             : str_is(name, "UserData") ? PART_USER_DATA : PART_OTHER;
	parent->children = path;
	return path;
}

/* The names from the depth `from` on, with dots. */
static struct str joined_name(struct binxml *binxml, const struct path *path, uint32_t from)
{
	BUF(name);
	const struct path *parts[EVTX_DEPTH];
	size_t n = 0;
	for (; path->depth >= from && n < COUNT(parts); path = path->parent)
		parts[n++] = path;
	while (n--) {
		buf_add(&name, parts[n]->name);
		if (n)
			buf_add_char(&name, '.');
	}
	return arena_str(&binxml->arena, buf_str(&name));
}

static struct str element_field(struct binxml *binxml, const struct path *path)
{
	if (path->part == PART_SYSTEM || path->part == PART_EVENT_DATA)
		return path->name;
	if (path->part == PART_USER_DATA)
		return path->depth == 3 ? path->name : joined_name(binxml, path, 4);
	return str_is(path->name, "Message") ? path->name : joined_name(binxml, path, 2);
}

/* ---- compiling ---- */

struct compiler {
	struct binxml *binxml;
	struct code *code;
	size_t at, end;
	bool depends; /* elements have a dependency identifier */
};

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static bool take(struct compiler *compiler, size_t n, const uint8_t **p)
{
	if (compiler->end - compiler->at < n)
		return false;
	*p = compiler->binxml->bytes + compiler->at;
	compiler->at += n;
	return true;
}

static struct str utf16_text(struct arena *arena, const uint8_t *p, size_t units)
{
	char *out = arena_reserve(arena, units * 3 + UTF8_LONGEST);
	size_t n = 0;
	for (size_t i = 0; i < units; i++) {
		uint32_t c = get16(p + 2 * i), low = i + 1 < units ? get16(p + 2 * i + 2) : 0;
		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
		}
		n += utf8_put(out + n, c);
	}
	arena_take(arena, n);
	return (struct str){ out, n };
}

/* An offset of the chunk where a name stands: next in its bucket, hash, length, UTF-16, NUL. The first use has it at hand. */
static bool take_name(struct compiler *compiler, struct str *name)
{
	const struct binxml *binxml = compiler->binxml;
	const uint8_t *p;
	if (!take(compiler, 4, &p))
		return false;
	size_t at = get32(p), units;
	if (at > binxml->n || binxml->n - at < 8)
		return false;
	units = get16(binxml->bytes + at + 6);
	if (units > (binxml->n - at - 8) / 2)
		return false;
	if (at == compiler->at && !take(compiler, 8 + 2 * units + 2, &p))
		return false;
	compiler->binxml->compiled += 16 + 2 * units;
	*name = utf16_text(&compiler->binxml->arena, binxml->bytes + at + 8, units);
	return true;
}

static bool entity(struct str name, struct str *text)
{
	static const char *const known[][2] = { { "amp", "&" }, { "lt", "<" }, { "gt", ">" }, { "quot", "\"" }, { "apos", "'" } };
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(name, known[i][0])) {
			*text = str_from(known[i][1]);
			return true;
		}
	return false;
}

static bool is_piece(uint8_t token)
{
	token &= (uint8_t)~TOKEN_MORE;
	return token == TOKEN_VALUE || token == TOKEN_CDATA || token == TOKEN_CHAR || token == TOKEN_ENTITY ||
	       token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL;
}

/* What follows the token of a piece. */
static bool take_piece(struct compiler *compiler, uint8_t token, struct piece *piece)
{
	const uint8_t *p;
	struct str name;
	char *out;
	size_t units;
	*piece = (struct piece){ .index = NO_INDEX };
	switch (token & ~TOKEN_MORE) {
	case TOKEN_SUBSTITUTION:
	case TOKEN_OPTIONAL:
		if (!take(compiler, 3, &p) || get16(p) == NO_INDEX)
			return false;
		piece->index = get16(p);
		piece->optional = token == TOKEN_OPTIONAL;
		return true;
	case TOKEN_CHAR:
		if (!take(compiler, 2, &p))
			return false;
		out = arena_bytes(&compiler->binxml->arena, UTF8_LONGEST);
		piece->text = (struct str){ out, utf8_put(out, get16(p)) };
		return true;
	case TOKEN_ENTITY:
		return take_name(compiler, &name) && entity(name, &piece->text);
	case TOKEN_VALUE:
		if (!take(compiler, 1, &p) || *p != BINXML_STRING)
			return false;
		break;
	default: /* TOKEN_CDATA */
		break;
	}
	if (!take(compiler, 2, &p))
		return false;
	units = get16(p);
	if (!take(compiler, 2 * units, &p))
		return false;
	piece->text = utf16_text(&compiler->binxml->arena, p, units);
	return true;
}

struct content {
	struct piece pieces[PIECES];
	size_t n;
};

static bool add_piece(struct compiler *compiler, uint8_t token, struct content *content)
{
	return content->n < PIECES && take_piece(compiler, token, &content->pieces[content->n++]);
}

static bool is_constant(const struct content *content)
{
	for (size_t i = 0; i < content->n; i++)
		if (content->pieces[i].index != NO_INDEX)
			return false;
	return true;
}

/* Several constant pieces as one. */
static struct str constant(struct binxml *binxml, const struct content *content)
{
	BUF(text);
	for (size_t i = 0; i < content->n; i++)
		buf_add(&text, content->pieces[i].text);
	return arena_str(&binxml->arena, buf_str(&text));
}

static struct step *add_step(struct compiler *compiler, enum step_code code, struct path *path, const struct content *content)
{
	struct arena *arena = &compiler->binxml->arena;
	struct step step = { .code = (uint8_t)code, .path = path };
	if (content && content->n && is_constant(content)) {
		step.pieces = ARENA_NEW(arena, struct piece);
		*step.pieces = (struct piece){ .text = constant(compiler->binxml, content), .index = NO_INDEX };
		step.n = 1;
	} else if (content && content->n) {
		step.pieces = ARENA_ARRAY(arena, struct piece, content->n);
		memcpy(step.pieces, content->pieces, content->n * sizeof(*step.pieces));
		step.n = (uint16_t)content->n;
	}
	vec_push_in(arena, &compiler->code->steps, step);
	return &compiler->code->steps.p[compiler->code->steps.n - 1];
}

/* The name that <Data Name="…"> gives its text. */
struct data_name {
	struct str name;
	bool computed;
};

static void compile_attribute(struct compiler *compiler, struct path *path, struct str name, const struct content *content,
                              struct data_name *data)
{
	struct binxml *binxml = compiler->binxml;
	if (str_starts(name, "xmlns") || path->depth < 3)
		return;
	if (path->part == PART_EVENT_DATA) {
		if (!str_is(name, "Name"))
			return;
		data->computed = !is_constant(content);
		if (data->computed)
			add_step(compiler, STEP_DATA_NAME, path, content);
		else
			data->name = constant(binxml, content);
		return;
	}
	bool time = str_is(path->name, "TimeCreated") && str_is(name, "SystemTime");
	struct step *step = add_step(compiler, STEP_ATTRIBUTE, path, content);
	step->keep_empty = time;
	step->number = !time && path->part == PART_SYSTEM;
	step->name = intern(binxml, time ? STR("TimeCreated")
	                                 : arena_printf(&binxml->arena, "%.*s_%.*s", STR_ARG(path->name), STR_ARG(local_name(name))));
}

static bool compile_attributes(struct compiler *compiler, struct path *path, struct data_name *data)
{
	const uint8_t *p;
	if (!take(compiler, 4, &p))
		return false;
	while (compiler->at < compiler->end && (compiler->binxml->bytes[compiler->at] & ~TOKEN_MORE) == TOKEN_ATTRIBUTE) {
		struct str name;
		__attribute__((uninitialized)) struct content content;
		content.n = 0;
		compiler->at++;
		if (!take_name(compiler, &name))
			return false;
		while (compiler->at < compiler->end && is_piece(compiler->binxml->bytes[compiler->at])) {
			uint8_t token = compiler->binxml->bytes[compiler->at++];
			if (!add_piece(compiler, token, &content))
				return false;
		}
		compile_attribute(compiler, path, name, &content, data);
	}
	return true;
}

/* An element that holds no other. */
static void compile_text(struct compiler *compiler, struct path *path, const struct content *content, const struct data_name *data,
                         uint32_t begin)
{
	struct binxml *binxml = compiler->binxml;
	struct code *code = compiler->code;
	bool single = content->n == 1 && content->pieces[0].index != NO_INDEX;
	bool alone = single && code->steps.n == begin + 1;
	if (alone)
		code->steps.n--; /* STEP_LEAF is in the place of STEP_ELEMENT */
	struct step *step = add_step(compiler, alone ? STEP_LEAF : STEP_TEXT, path, content);
	step->number = path->part == PART_SYSTEM;
	step->keep_empty = path->part != PART_SYSTEM;
	step->named = data->computed;
	if (path->depth >= 3)
		step->name = intern(binxml, data->name.n ? data->name : element_field(binxml, path));
	if (single && !alone) {
		struct step *element = &code->steps.p[begin];
		element->code = STEP_ELEMENT;
		element->pieces = step->pieces;
		element->n = 1;
		element->end = (uint32_t)code->steps.n;
	}
}

static void compile_fragments(struct compiler *compiler, struct path *path, struct content *content)
{
	for (size_t i = 0; i < content->n; i++)
		if (content->pieces[i].index != NO_INDEX) {
			struct content one = { .pieces = { content->pieces[i] }, .n = 1 };
			add_step(compiler, STEP_FRAGMENT, path, &one);
		}
	content->n = 0;
}

static bool compile_element(struct compiler *compiler, struct path *parent);

static bool skip_instruction(struct compiler *compiler, uint8_t token)
{
	struct piece ignored;
	struct str name;
	return (token & ~TOKEN_MORE) == TOKEN_TARGET ? take_name(compiler, &name) : take_piece(compiler, TOKEN_CDATA, &ignored);
}

static bool compile_content(struct compiler *compiler, struct path *path, const struct data_name *data, uint32_t begin)
{
	__attribute__((uninitialized)) struct content content;
	bool children = false;
	const uint8_t *p;
	content.n = 0;
	for (;;) {
		if (!take(compiler, 1, &p))
			return false;
		uint8_t token = *p;
		if (token == TOKEN_CLOSE)
			break;
		if ((token & ~TOKEN_MORE) == TOKEN_OPEN) {
			compile_fragments(compiler, path, &content);
			children = true;
			compiler->at--;
			if (!compile_element(compiler, path))
				return false;
		} else if (is_piece(token)) {
			if (!add_piece(compiler, token, &content))
				return false;
			if (children)
				compile_fragments(compiler, path, &content);
		} else if (((token & ~TOKEN_MORE) != TOKEN_TARGET && (token & ~TOKEN_MORE) != TOKEN_DATA) ||
		           !skip_instruction(compiler, token)) {
			return false;
		}
	}
	if (!children)
		compile_text(compiler, path, &content, data, begin);
	return true;
}

/* Nested no deeper than EVTX_DEPTH. */
static bool compile_element(struct compiler *compiler, struct path *parent)
{
	struct binxml *binxml = compiler->binxml;
	struct data_name data = { 0 };
	struct str name;
	const uint8_t *p;
	size_t start = compiler->at;
	if (parent->depth >= EVTX_DEPTH || binxml->compiled > COMPILE_BYTES)
		return false;
	if (!take(compiler, 1 + (compiler->depends ? 2 : 0) + 4, &p) || !take_name(compiler, &name) || name.n == 0)
		return false;
	struct path *path = path_below(binxml, parent, local_name(name));
	uint32_t begin = (uint32_t)compiler->code->steps.n;
	add_step(compiler, STEP_NOTHING, path, NULL);
	if ((*p & TOKEN_MORE) && !compile_attributes(compiler, path, &data))
		return false;
	binxml->compiled += compiler->at - start;
	if (!take(compiler, 1, &p))
		return false;
	if (*p == TOKEN_CLOSE_START)
		return compile_content(compiler, path, &data, begin);
	if (*p != TOKEN_CLOSE_EMPTY)
		return false;
	const struct content none = { .n = 0 };
	compile_text(compiler, path, &none, &data, begin);
	return true;
}

/* Elements up to the end token. */
static bool compile_markup(struct compiler *compiler, struct path *parent)
{
	const uint8_t *p;
	while (compiler->at < compiler->end) {
		uint8_t token = compiler->binxml->bytes[compiler->at];
		if (token == TOKEN_END)
			return true;
		if (token == TOKEN_FRAGMENT) {
			if (!take(compiler, 4, &p))
				return false;
		} else if ((token & ~TOKEN_MORE) == TOKEN_OPEN) {
			if (!compile_element(compiler, parent))
				return false;
		} else {
			compiler->at++;
			if (((token & ~TOKEN_MORE) != TOKEN_TARGET && (token & ~TOKEN_MORE) != TOKEN_DATA) ||
			    !skip_instruction(compiler, token))
				return false;
		}
	}
	return true;
}

static struct code *code_of(struct binxml *binxml, struct path *parent, size_t from, size_t to, bool depends)
{
	struct code **bucket = &binxml->codes[(from * 31 + from / 256) % COUNT(binxml->codes)], *code;
	for (code = *bucket; code; code = code->next)
		if (code->from == from && code->to == to && code->path == parent && code->depends == depends)
			return code;
	code = ARENA_NEW(&binxml->arena, struct code);
	*code = (struct code){ .next = *bucket, .path = parent, .from = (uint32_t)from, .to = (uint32_t)to, .depends = depends };
	*bucket = code;
	struct compiler compiler = { .binxml = binxml, .code = code, .at = from, .end = to, .depends = depends };
	binxml->compiled += 256; /* also what is wrong at once costs */
	code->good = binxml->compiled <= COMPILE_BYTES && compile_markup(&compiler, parent);
	return code;
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
	const struct field field = { .value = text, .kind = FIELD_ESCAPED };
	walk->binxml->data_name = intern(walk->binxml, event_text(&walk->binxml->texts, &field));
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
	const struct code *code = code_of(walk->binxml, parent, from, to, depends);
	if (!code->good)
		code = code_of(walk->binxml, parent, from, to, !depends); /* not all writers agree */
	return code->good && walk_steps(walk, code, 0, code->steps.n, NULL);
}

/* The values of an instance: their number, their sizes and types, then they themselves. */
static bool take_slots(struct binxml *binxml, size_t *at, size_t to, size_t *n)
{
	if (to - *at < 4)
		return false;
	*n = get32(binxml->bytes + *at);
	*at += 4;
	if (*n > (to - *at) / 4)
		return false;
	size_t value = *at + 4 * *n;
	for (size_t i = 0; i < *n; i++, *at += 4) {
		const uint8_t *p = binxml->bytes + *at;
		if (to - value < get16(p))
			return false;
		vec_push(&binxml->slots, { .at = (uint32_t)value, .n = get16(p), .type = p[2] });
		value += get16(p);
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
	size_t definition = get32(binxml->bytes + *at + 6), slots = binxml->slots.n, n;
	*at += HEAD;
	if (definition > binxml->n || binxml->n - definition < DEFINITION)
		return false;
	size_t size = get32(binxml->bytes + definition + 20);
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
	deliver(binxml, intern(binxml, str_from(name)), (uint8_t)type, bytes.p, bytes.n, number);
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
static char *write_value(const struct binxml_value *value, char *out, struct field *field)
{
	char *text = out + 1;
	char *end = binxml_put(value, text);
	*field = (struct field){ .value = { text, (size_t)(end - text) }, .kind = FIELD_ESCAPED };
	if (value->number && is_number(text, end)) {
		memmove(out, text, field->value.n);
		field->value.p = out;
		field->kind = FIELD_NUMBER;
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
	struct field *fields = (struct field *)ARENA_ARRAY(&batch->arena, struct field, binxml->values.n + 1);
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
