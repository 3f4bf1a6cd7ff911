/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "event/parsers/evtx.h"

#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/json.h"

struct element {
	struct str name;
	struct str data_name; /* the attribute Name */
	bool has_children;
	size_t text;          /* where its text begins in `texts` */
};

struct reading {
	struct arena *arena;
	struct str rest;
	struct element stack[EVTX_DEPTH];
	size_t depth;
	struct buf texts; /* of the innermost element without children so far */
	struct evtx_values *out;
};

/* ---- text ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str local_name(struct str name)
{
	ptrdiff_t colon = str_find_char(name, ':');
	return str_slice(name, (size_t)(colon + 1), name.n);
}

/* "#39", "#x27", "amp": how it is written out. */
static bool entity(struct str name, struct buf *out)
{
	static const struct {
		const char *name, c;
	} known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' } };
	int64_t code;
	bool hex = str_starts(name, "#x");
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_is(name, known[i].name)) {
			buf_add_char(out, known[i].c);
			return true;
		}
	if (!str_starts(name, "#") || !str_to_int(str_slice(name, hex ? 2 : 1, name.n), hex ? 16 : 10, &code) || code < 0 ||
	    code > 0x10ffff)
		return false;
	char bytes[UTF8_LONGEST];
	buf_add(out, (struct str){ bytes, utf8_put(bytes, (uint32_t)code) });
	return true;
}

static void add_text(struct buf *out, struct str text)
{
	while (text.n) {
		ptrdiff_t amp = str_find_char(text, '&');
		buf_add(out, str_slice(text, 0, amp < 0 ? text.n : (size_t)amp));
		if (amp < 0)
			return;
		text = str_slice(text, (size_t)amp, text.n);
		ptrdiff_t end = str_find_char(str_slice(text, 0, 12), ';');
		if (end > 0 && entity(str_slice(text, 1, (size_t)end), out)) {
			text = str_slice(text, (size_t)end + 1, text.n);
		} else {
			buf_add_char(out, '&');
			text = str_slice(text, 1, text.n);
		}
	}
}

/* ---- values ---- */

static bool is_number(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n > 0 && text.n < 20 && (text.p[0] != '0' || text.n == 1);
}

/* Some shippers fill hexadecimal numbers up to 8 or 16 digits, Windows and Sigma's rules write 0x3e7. */
static struct str short_hex(struct arena *arena, struct str text)
{
	if ((text.n != 10 && text.n != 18) || text.p[0] != '0' || text.p[1] != 'x' || text.p[2] != '0')
		return arena_str(arena, text);
	size_t zeros = 2;
	for (size_t i = 2; i < text.n; i++)
		if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f')))
			return arena_str(arena, text);
	while (zeros < text.n - 1 && text.p[zeros] == '0')
		zeros++;
	return arena_printf(arena, "0x%.*s", STR_ARG(str_slice(text, zeros, text.n)));
}

static void deliver(struct reading *reading, struct str name, struct str value, bool system)
{
	if (name.n == 0 || reading->out->n >= EVTX_VALUES)
		return;
	vec_push_in(reading->arena, reading->out,
	            { .name = name, .value = short_hex(reading->arena, value), .number = system && is_number(value) });
}

/* The part of the event that the innermost element belongs to: "System", "EventData" … */
static struct str part(const struct reading *reading)
{
	return reading->depth >= 2 ? reading->stack[1].name : STR("");
}

static struct str joined_name(struct reading *reading, size_t from)
{
	BUF(name);
	for (size_t i = from; i < reading->depth; i++) {
		if (i > from)
			buf_add_char(&name, '.');
		buf_add(&name, reading->stack[i].name);
	}
	return arena_str(reading->arena, buf_str(&name));
}

static void deliver_element(struct reading *reading, struct str value)
{
	const struct element *element = &reading->stack[reading->depth - 1];
	struct str in = part(reading);
	if (reading->depth < 3)
		return;
	if (str_is(in, "System")) {
		if (value.n)
			deliver(reading, element->name, value, true);
	} else if (str_is(in, "EventData")) {
		deliver(reading, element->data_name.n ? element->data_name : element->name, value, false);
	} else if (str_is(in, "UserData")) {
		deliver(reading, reading->depth == 3 ? element->name : joined_name(reading, 3), value, false);
	} else if (str_is(element->name, "Message")) {
		deliver(reading, element->name, value, false);
	} else {
		deliver(reading, joined_name(reading, 1), value, false);
	}
}

static void deliver_attribute(struct reading *reading, struct str name, struct str value)
{
	struct element *element = &reading->stack[reading->depth - 1];
	struct str in = part(reading);
	if (str_starts(name, "xmlns") || reading->depth < 3)
		return;
	if (str_is(in, "EventData")) {
		if (str_is(name, "Name"))
			element->data_name = arena_str(reading->arena, value);
	} else if (str_is(element->name, "TimeCreated") && str_is(name, "SystemTime")) {
		deliver(reading, STR("TimeCreated"), value, false);
	} else if (value.n) {
		deliver(reading, arena_printf(reading->arena, "%.*s_%.*s", STR_ARG(element->name), STR_ARG(local_name(name))), value,
		        str_is(in, "System"));
	}
}

/* ---- markup ---- */

static struct str take_name(struct str *rest)
{
	size_t n = 0;
	while (n < rest->n && !is_space(rest->p[n]) && rest->p[n] != '>' && rest->p[n] != '/' && rest->p[n] != '=')
		n++;
	struct str name = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n, rest->n);
	return name;
}

static void skip_space(struct str *rest)
{
	size_t n = 0;
	while (n < rest->n && is_space(rest->p[n]))
		n++;
	*rest = str_slice(*rest, n, rest->n);
}

static bool take_char(struct str *rest, char c)
{
	if (rest->n == 0 || rest->p[0] != c)
		return false;
	*rest = str_slice(*rest, 1, rest->n);
	return true;
}

static void end_element(struct reading *reading)
{
	struct element *element = &reading->stack[reading->depth - 1];
	if (!element->has_children)
		deliver_element(reading, str_slice(buf_str(&reading->texts), element->text, reading->texts.n));
	reading->texts.n = element->text;
	reading->depth--;
}

static int take_attributes(struct reading *reading, bool *empty)
{
	for (;;) {
		skip_space(&reading->rest);
		*empty = take_char(&reading->rest, '/');
		if (take_char(&reading->rest, '>'))
			return 0;
		struct str name = take_name(&reading->rest);
		skip_space(&reading->rest);
		if (*empty || name.n == 0 || !take_char(&reading->rest, '='))
			return -EINVAL;
		skip_space(&reading->rest);
		char quote = reading->rest.n ? reading->rest.p[0] : 0;
		if ((quote != '"' && quote != '\'') || !take_char(&reading->rest, quote))
			return -EINVAL;
		ptrdiff_t end = str_find_char(reading->rest, quote);
		if (end < 0)
			return -EINVAL;
		BUF(value);
		add_text(&value, str_slice(reading->rest, 0, (size_t)end));
		reading->rest = str_slice(reading->rest, (size_t)end + 1, reading->rest.n);
		deliver_attribute(reading, name, buf_str(&value));
	}
}

static int begin_element(struct reading *reading)
{
	bool empty;
	struct str name = local_name(take_name(&reading->rest));
	if (name.n == 0 || reading->depth == EVTX_DEPTH)
		return -EINVAL;
	if (reading->depth) {
		struct element *parent = &reading->stack[reading->depth - 1];
		parent->has_children = true;
		reading->texts.n = parent->text;
	}
	reading->stack[reading->depth++] = (struct element){ .name = name, .text = reading->texts.n };
	int r = take_attributes(reading, &empty);
	if (r == 0 && empty)
		end_element(reading);
	return r;
}

/* <!-- -->, <? ?>, <![CDATA[ ]]>, <!DOCTYPE >: passed over, but for the text of CDATA. */
static int pass_markup(struct reading *reading)
{
	static const struct {
		const char *begin, *end;
	} kinds[] = { { "!--", "-->" }, { "?", "?>" }, { "![CDATA[", "]]>" }, { "!", ">" } };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!str_starts(reading->rest, kinds[i].begin))
			continue;
		struct str body = str_slice(reading->rest, strlen(kinds[i].begin), reading->rest.n);
		ptrdiff_t end = str_find(body, kinds[i].end);
		if (end < 0)
			return -EINVAL;
		if (i == 2 && reading->depth)
			buf_add(&reading->texts, str_slice(body, 0, (size_t)end));
		reading->rest = str_slice(body, (size_t)end + strlen(kinds[i].end), body.n);
		return 1;
	}
	return 0;
}

static int take_tag(struct reading *reading)
{
	int r = pass_markup(reading);
	if (r)
		return r < 0 ? r : 0;
	if (!take_char(&reading->rest, '/'))
		return begin_element(reading);
	struct str name = local_name(take_name(&reading->rest));
	skip_space(&reading->rest);
	if (reading->depth == 0 || !str_eq(name, reading->stack[reading->depth - 1].name) || !take_char(&reading->rest, '>'))
		return -EINVAL;
	end_element(reading);
	return 0;
}

int evtx_xml_read(struct arena *arena, struct str xml, struct evtx_values *out)
{
	struct reading reading = { .arena = arena, .rest = xml, .out = out };
	int r = 0;
	bool begun = false;
	while (r == 0 && reading.rest.n && !(begun && reading.depth == 0)) {
		ptrdiff_t open = str_find_char(reading.rest, '<');
		struct str text = str_slice(reading.rest, 0, open < 0 ? reading.rest.n : (size_t)open);
		if (reading.depth && !reading.stack[reading.depth - 1].has_children)
			add_text(&reading.texts, text);
		reading.rest = str_slice(reading.rest, text.n + (open >= 0), reading.rest.n);
		if (open >= 0)
			r = take_tag(&reading);
		begun |= reading.depth > 0;
	}
	if (r == 0 && (!begun || reading.depth))
		r = -EINVAL;
	buf_done(&reading.texts);
	return r;
}

/* ---- JSON ---- */

static void write_value(const struct evtx_value *value, struct buf *out)
{
	if (value->number)
		buf_add(out, value->value);
	else
		json_add_string(out, value->value);
}

/* The same names in a row of indices: first[i] is the first with i's name, next[i] the one after i. */
struct chain {
	size_t last, n;
};

void evtx_write_json(const struct evtx_values *values, struct buf *out)
{
	ARENA(arena);
	struct map seen = { .arena = &arena };
	size_t *next = ARENA_ARRAY(&arena, size_t, values->n + 1);
	struct chain *chains = ARENA_ARRAY(&arena, struct chain, values->n + 1);
	for (size_t i = 0; i < values->n; i++) {
		void **slot = map_put(&seen, values->p[i].name);
		struct chain *chain = *slot;
		if (!chain)
			*slot = chain = &chains[i];
		else
			next[chain->last] = i;
		chain->last = i;
		chain->n++;
	}
	buf_add_char(out, '{');
	for (size_t i = 0; i < values->n; i++) {
		if (chains[i].n == 0)
			continue; /* it stands with the first of its name */
		if (out->p[out->n - 1] != '{')
			buf_add_char(out, ',');
		json_add_string(out, values->p[i].name);
		buf_puts(out, chains[i].n > 1 ? ":[" : ":");
		for (size_t j = i, n = chains[i].n; n > 0; n--, j = next[j]) {
			write_value(&values->p[j], out);
			if (n > 1)
				buf_add_char(out, ',');
		}
		if (chains[i].n > 1)
			buf_add_char(out, ']');
	}
	buf_add_char(out, '}');
}
