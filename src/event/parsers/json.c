/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * JSON: one object an event, flattened. Usually a line each (JSON lines); also the objects of a list that may go over
 * many lines ([{…}, {…}], {"Records": [{…}, …]} as cloud services export), objects written over many lines, and
 * sequences with RS (RFC 7464). What stands around them is skipped: a byte order mark, "Record 7" (evtx_dump).
 *
 * As strict as data/json.h about structure, numbers and escapes, because a line that is half there must not pass for an
 * event; but a text that is not UTF-8, or holds half of a surrogate pair, is kept as it is: whoever can write into a
 * log could otherwise hide an event from every rule.
 *
 * It is fast because strings are skipped (event/json_quotes.h), values stay as they are written, and keys are expected:
 * events of a kind have the same keys in the same order, so behind each key we remember which one came last time, and
 * compare bytes instead of hashing.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "data/json.h"
#include "data/lang.h"
#include "event/json_frame.h"
#include "event/json_quotes.h"
#include "event/parser.h"

enum {
	KEYS_MOST = 16384, /* remembered; past that all are forgotten */
	KEYS_BYTES = 1024 * 1024,
	KEYS_ROOT = 1,     /* stands for the event itself; 0 for none */
};

/* A key below its parent: a path. */
struct key {
	const char *p;
	uint32_t n;
	uint32_t parent;
	uint32_t name; /* of the path, in the batch's table */
	uint32_t next; /* the key that came behind this one last time, at whatever depth */
	uint64_t hash;
};

struct json {
	struct json_frame frame;
	json_quotes_function *find_quotes;
	uint32_t *quotes;
	size_t quotes_room;
	uint64_t names_version; /* of the table that key.name belongs to */
	struct arena texts;
	VEC(struct key) keys;
	uint32_t *slots; /* open addressing over keys */
	uint32_t slots_room;
	size_t keys_bytes;
	struct event_field *fields; /* of the event being read */
	uint32_t fields_room;
};

/* ---- keys ---- */

static void keys_forget(struct json *json)
{
	arena_done(&json->texts);
	json->keys.n = 0;
	json->keys_bytes = 0;
	if (!json->slots) {
		json->slots_room = 1024;
		json->slots = mem_alloc(json->slots_room * sizeof(*json->slots));
	}
	memset(json->slots, 0, json->slots_room * sizeof(*json->slots));
	vec_push(&json->keys, { 0 });
	vec_push(&json->keys, { 0 });
}

static void slots_put(struct json *json, uint32_t id)
{
	uint32_t mask = json->slots_room - 1, at = (uint32_t)json->keys.p[id].hash & mask;
	while (json->slots[at])
		at = (at + 1) & mask;
	json->slots[at] = id;
}

static void slots_grow(struct json *json)
{
	free(json->slots);
	json->slots_room *= 2;
	json->slots = mem_alloc(json->slots_room * sizeof(*json->slots));
	for (uint32_t id = KEYS_ROOT + 1; id < json->keys.n; id++)
		slots_put(json, id);
}

/* The name of a new path. */
static uint32_t path_name(struct json *json, struct names *names, uint32_t parent, struct str key)
{
	ARENA(arena);
	BUF(name);
	struct str parts[JSON_DEPTH];
	size_t n = 0;
	parts[n++] = key;
	for (uint32_t up = parent; up > KEYS_ROOT && n < JSON_DEPTH; up = json->keys.p[up].parent)
		parts[n++] = (struct str){ json->keys.p[up].p, json->keys.p[up].n };
	while (n--) {
		struct event_field field = { .value = parts[n], .kind = VALUE_ESCAPED };
		buf_add(&name, event_text(&arena, &field));
		if (name.n > NAME_LONGEST)
			return NAME_NONE;
		if (n)
			buf_add_char(&name, '.');
	}
	return names_add(names, buf_str(&name));
}

static uint32_t key_look_up(struct json *json, struct names *names, uint32_t parent, struct str text)
{
	uint64_t hash = (str_hash(text) ^ parent) * UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 32;
	for (uint32_t at = (uint32_t)hash;; at++) {
		uint32_t id = json->slots[at & (json->slots_room - 1)];
		if (!id)
			break;
		const struct key *key = &json->keys.p[id];
		if (key->hash == hash && key->parent == parent && str_eq((struct str){ key->p, key->n }, text))
			return id;
	}
	uint32_t id = (uint32_t)json->keys.n;
	struct key key = { .n = (uint32_t)text.n, .parent = parent, .hash = hash };
	key.name = path_name(json, names, parent, text);
	key.p = arena_str(&json->texts, text).p;
	vec_push(&json->keys, key);
	json->keys_bytes += text.n;
	if (json->keys.n * 2 > json->slots_room)
		slots_grow(json);
	else
		slots_put(json, id);
	return id;
}

static inline bool same_bytes(const char *a, const char *b, size_t n)
{
	uint64_t x, y, u, v;
	if (n < 8)
		return memcmp(a, b, n) == 0;
	for (size_t i = 0; i + 8 <= n; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	memcpy(&u, a + n - 8, 8);
	memcpy(&v, b + n - 8, 8);
	return u == v;
}

static inline uint32_t key_find(struct json *json, struct names *names, uint32_t parent, uint32_t *last, const char *p, size_t n)
{
	const struct key *expected = &json->keys.p[json->keys.p[*last].next];
	uint32_t id;
	if (LIKELY(expected->n == n && expected->parent == parent && same_bytes(p, expected->p, n))) {
		id = json->keys.p[*last].next;
	} else {
		id = key_look_up(json, names, parent, (struct str){ p, n });
		json->keys.p[*last].next = id;
	}
	*last = id;
	return id;
}

/* ---- one object ---- */

static const char early[] = TR("JSON: the text ends too early");
static const char misspelt[] = TR("JSON: something is missing or misspelt");
static const char bad_string[] = TR("JSON: a string holds a control character or an unknown escape");
static const char too_deep[] = TR("JSON: nested too deeply");
static const char no_object[] = TR("JSON: not an object");

struct reader {
	struct json *json;
	struct names *names;
	const char *text, *p, *end;
	const uint32_t *quote; /* the next */
	uint32_t n, dropped;
	uint32_t last;         /* the key before */
	bool control;
	const char *flaw;
};

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline void skip_space(struct reader *reader)
{
	while (reader->p < reader->end && is_space(*reader->p))
		reader->p++;
}

static bool fail(struct reader *reader, const char *flaw)
{
	reader->flaw = reader->p >= reader->end ? early : flaw;
	return false;
}

/* At a quote: the text up to the next, which is the string's end because quotes within it are escaped. */
static inline bool read_string(struct reader *reader, struct str *out)
{
	const char *from = reader->p + 1, *to = reader->text + reader->quote[1];
	if (UNLIKELY(reader->quote[0] != (size_t)(reader->p - reader->text) || to >= reader->end)) {
		reader->flaw = to >= reader->end ? early : misspelt;
		return false;
	}
	reader->quote += 2;
	reader->p = to + 1;
	*out = (struct str){ from, (size_t)(to - from) };
	if (UNLIKELY(reader->control))
		for (size_t i = 0; i < out->n; i++)
			if ((unsigned char)out->p[i] < 0x20)
				return fail(reader, bad_string);
	return true;
}

static void fields_grow(struct json *json)
{
	json->fields_room = json->fields_room ? json->fields_room * 2 : 64;
	json->fields = mem_resize(json->fields, json->fields_room * sizeof(*json->fields));
}

static inline void add(struct reader *reader, uint32_t key, struct str value, enum value_kind kind)
{
	struct json *json = reader->json;
	uint32_t name = json->keys.p[key].name;
	if (UNLIKELY(name == NAME_NONE || reader->n == EVENT_FIELDS)) {
		reader->dropped++;
		return;
	}
	if (UNLIKELY(reader->n == json->fields_room))
		fields_grow(json);
	json->fields[reader->n++] = (struct event_field){ .value = value, .name = name, .kind = (uint8_t)kind };
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* A number, as it is written. Its size is not judged: nothing here computes with it. */
static bool read_number(struct reader *reader, struct str *out)
{
	const char *from = reader->p, *end = reader->end, *p = from + (*from == '-'), *start = p;
	p = digits(p, end);
	bool good = p > start && (*start != '0' || p == start + 1);
	if (good && p < end && *p == '.') {
		start = ++p;
		p = digits(p, end);
		good = p > start;
	}
	if (good && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		start = p;
		p = digits(p, end);
		good = p > start;
	}
	reader->p = p;
	*out = (struct str){ from, (size_t)(p - from) };
	return good || fail(reader, misspelt);
}

static bool read_word(struct reader *reader, const char *word, size_t n)
{
	size_t left = (size_t)(reader->end - reader->p);
	if (left < n || memcmp(reader->p, word, n) != 0)
		return fail(reader, misspelt);
	reader->p += n;
	return true;
}

/* A value that is no object and no list. */
static bool read_scalar(struct reader *reader, uint32_t key)
{
	struct str value = { reader->p, 0 };
	switch (*reader->p) {
	case '"':
		if (!read_string(reader, &value))
			return false;
		add(reader, key, value, VALUE_ESCAPED);
		return true;
	case 't':
		add(reader, key, STR("true"), VALUE_BOOL);
		return read_word(reader, "true", 4);
	case 'f':
		add(reader, key, STR("false"), VALUE_BOOL);
		return read_word(reader, "false", 5);
	case 'n':
		add(reader, key, value, VALUE_NULL);
		return read_word(reader, "null", 4);
	default:
		if (*reader->p != '-' && !is_digit(*reader->p))
			return fail(reader, misspelt);
		if (!read_number(reader, &value))
			return false;
		add(reader, key, value, VALUE_NUMBER);
		return true;
	}
}

/* `"key" :`, with p at the quote. */
static inline bool read_key(struct reader *reader, uint32_t parent, uint32_t *key)
{
	struct str text;
	if (UNLIKELY(reader->p >= reader->end || *reader->p != '"'))
		return fail(reader, misspelt);
	if (UNLIKELY(!read_string(reader, &text)))
		return false;
	*key = key_find(reader->json, reader->names, parent, &reader->last, text.p, text.n);
	if (UNLIKELY(reader->p >= reader->end || *reader->p != ':')) {
		skip_space(reader);
		if (reader->p >= reader->end || *reader->p != ':')
			return fail(reader, misspelt);
	}
	reader->p++;
	return true;
}

/* Members of a map as they mostly are, "key":"text","key":"text" without blanks: p is behind the comma or the brace.
 * Stops at the first thing that is not so, where the careful way goes on. */
static void read_plain_members(struct reader *reader, uint32_t parent)
{
	struct json *json = reader->json;
	const char *text = reader->text, *end = reader->end, *p = reader->p;
	const uint32_t *quote = reader->quote;
	if (UNLIKELY(reader->control))
		return;
	/* Behind the last quote stand two positions of the end, and a value's last quote needs one byte behind it. */
	while (end - p > 1 && *p == '"' && text + quote[0] == p) {
		const char *key_end = text + quote[1], *value_end;
		if (end - key_end < 4 || key_end[1] != ':' || key_end[2] != '"')
			break;
		value_end = text + quote[3];
		if (end - value_end < 2 || value_end[1] != ',')
			break;
		uint32_t key = key_find(json, reader->names, parent, &reader->last, p + 1, (size_t)(key_end - p - 1));
		add(reader, key, (struct str){ key_end + 3, (size_t)(value_end - key_end - 3) }, VALUE_ESCAPED);
		quote += 4;
		p = value_end + 2;
	}
	reader->quote = quote;
	reader->p = p;
}

struct level {
	uint32_t key; /* of the container: the path its members are below, or the name of its elements */
	bool map;
};

/* All of the text, which begins with a brace. */
static bool read_object(struct reader *reader)
{
	__attribute__((uninitialized)) struct level levels[JSON_DEPTH];
	unsigned depth = 0;
	uint32_t key = KEYS_ROOT;
	reader->last = KEYS_ROOT;
	for (;;) {
		/* A value begins here. */
		skip_space(reader);
		if (reader->p == reader->end)
			return fail(reader, early);
		char c = *reader->p;
		bool opened = c == '{' || c == '[';
		if (opened) {
			if (depth == JSON_DEPTH)
				return fail(reader, too_deep);
			levels[depth++] = (struct level){ key, c == '{' };
			reader->p++;
		} else if (depth == 0) {
			return fail(reader, no_object);
		} else if (!read_scalar(reader, key)) {
			return false;
		}
		/* What stands between it and the next one. */
		for (;;) {
			const struct level *level = &levels[depth - 1];
			skip_space(reader);
			if (reader->p == reader->end)
				return fail(reader, early);
			c = *reader->p;
			if (c == (level->map ? '}' : ']')) {
				reader->p++;
				opened = false;
				if (--depth == 0)
					return true;
				continue;
			}
			if (!opened) {
				if (c != ',')
					return fail(reader, misspelt);
				reader->p++;
			}
			key = level->key;
			if (!level->map)
				break;
			read_plain_members(reader, level->key);
			skip_space(reader);
			if (!read_key(reader, level->key, &key))
				return false;
			break;
		}
	}
}

static void prepare(struct json *json, struct parse *parse, size_t n)
{
	if (!json->find_quotes)
		json->find_quotes = json_quotes_fastest();
	if (json->quotes_room < n + QUOTES_SLACK) {
		json->quotes_room = (n + QUOTES_SLACK) * 2;
		free(json->quotes);
		json->quotes = mem_alloc(json->quotes_room * sizeof(*json->quotes));
	}
	/* Ids mean something in one table only, and until it is reset. */
	uint64_t version = names_version(parse->batch->names);
	if (json->names_version != version || json->keys.n > KEYS_MOST || json->keys_bytes > KEYS_BYTES) {
		keys_forget(json);
		json->names_version = version;
	}
}

static struct str trim(struct str text)
{
	while (text.n && is_space(text.p[text.n - 1]))
		text.n--;
	while (text.n && is_space(*text.p)) {
		text.p++;
		text.n--;
	}
	return text;
}

static int json_record(struct parse *parse, struct str record, const char **flaw)
{
	struct json *json = parse->state;
	struct str text = trim(record);
	if (text.n == 0 || *text.p != '{' || text.n > PARSE_LINE || json->frame.piece) {
		*flaw = text.n > PARSE_LINE || json->frame.piece ? TR("the record is longer than 1 MiB") : no_object;
		return -EINVAL;
	}
	prepare(json, parse, text.n);
	struct quotes_found found = json->find_quotes(text.p, text.n, json->quotes);
	struct reader reader = {
		.json = json,
		.names = parse->batch->names,
		.text = text.p,
		.p = text.p,
		.end = text.p + text.n,
		.quote = json->quotes,
		.control = found.control,
	};
	bool good = read_object(&reader);
	if (good && found.bad_escape) {
		good = false;
		reader.flaw = bad_string;
	} else if (good && reader.p < reader.end) {
		good = false;
		reader.flaw = TR("JSON: something follows the object");
	}
	if (!good) {
		*flaw = reader.flaw;
		return -EINVAL;
	}
	struct event *event = parse_event(parse, text);
	size_t size = reader.n * sizeof(*event->fields);
	char *at = arena_reserve(&parse->batch->arena, size + _Alignof(struct event_field));
	size_t pad = -(uintptr_t)at % _Alignof(struct event_field);
	arena_take(&parse->batch->arena, pad + size);
	if (size)
		memcpy(at + pad, json->fields, size);
	event->fields = (struct event_field *)(void *)(at + pad);
	event->n = reader.n;
	event->dropped = reader.dropped;
	return 0;
}

static size_t json_cut(struct parse *parse, struct str text, bool last, struct str *record)
{
	struct json *json = parse->state;
	return json_frame_next(&json->frame, text, last, record);
}

static int json_probe(struct str text)
{
	return json_frame_probe(text);
}

static void json_done(void *state)
{
	struct json *json = state;
	arena_done(&json->texts);
	vec_done(&json->keys);
	free(json->slots);
	free(json->quotes);
	free(json->fields);
}

const struct parser parser_json = {
	.name = "json",
	.doc = TR("JSON: an object a line, or lists of objects"),
	.framing = FRAME_OWN,
	.state_size = sizeof(struct json),
	.done = json_done,
	.probe = json_probe,
	.frame = json_cut,
	.record = json_record,
	.verbatim = true,
};
