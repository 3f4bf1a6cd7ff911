/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Binary XML is compiled into steps: once for each place in a chunk where it is used.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "data/json.h"
#include "event/parsers/binxml_code.h"

enum { PIECES = 64 }; /* of one attribute or element */

/* ---- names and places ---- */

struct binxml_name *binxml_intern(struct binxml *binxml, struct str name)
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
		uint32_t c = little16(p + 2 * i), low = i + 1 < units ? little16(p + 2 * i + 2) : 0;
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
	size_t at = little32(p), units;
	if (at > binxml->n || binxml->n - at < 8)
		return false;
	units = little16(binxml->bytes + at + 6);
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
		if (!take(compiler, 3, &p) || little16(p) == NO_INDEX)
			return false;
		piece->index = little16(p);
		piece->optional = token == TOKEN_OPTIONAL;
		return true;
	case TOKEN_CHAR:
		if (!take(compiler, 2, &p))
			return false;
		out = arena_bytes(&compiler->binxml->arena, UTF8_LONGEST);
		piece->text = (struct str){ out, utf8_put(out, little16(p)) };
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
	units = little16(p);
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
	step->name = binxml_intern(binxml, time ? STR("TimeCreated")
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
		step->name = binxml_intern(binxml, data->name.n ? data->name : element_field(binxml, path));
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

const struct code *binxml_code(struct binxml *binxml, struct path *parent, size_t from, size_t to, bool depends)
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
