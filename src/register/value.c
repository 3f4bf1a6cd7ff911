/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/value.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <math.h>
#include <pcre2.h>

#include "base/utf8.h"
#include "data/json.h"
#include "register/date.h"

#define TIMES_END INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Steps that a pattern may take on one text. */
enum { MATCH_STEPS = 100000, MATCH_DEPTH = 1000 };

static bool wrong(struct note *problem, struct note what)
{
	*problem = what;
	return false;
}

static struct str int_text(struct arena *arena, int64_t value)
{
	return arena_printf(arena, "%lld", (long long)value);
}

/* ---- texts ---- */

static size_t characters(struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

static bool has_control(struct str text, bool lines)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if ((c < 0x20 && !(lines && (c == '\n' || c == '\t' || c == '\r'))) || c == 0x7f)
			return true;
	}
	return false;
}

static bool pattern_fits(const struct field *field, struct str text)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int r = -1;
	if (data && context) {
		pcre2_set_match_limit(context, MATCH_STEPS);
		pcre2_set_depth_limit(context, MATCH_DEPTH);
		r = pcre2_match(field->regex, (PCRE2_SPTR)text.p, text.n, 0, 0, data, context);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return r >= 0;
}

static bool take_text(struct arena *arena, const struct field *field, const struct doc *value, struct cell *out, struct note *problem)
{
	bool lines = field->type == FIELD_LONG_TEXT;
	if (value->type != DOC_STRING)
		return wrong(problem, NOTE("this must be text"));
	struct str text = str_trim(doc_string(value));
	int64_t most = field->type == FIELD_TEXTS || !field->max ? (lines ? REGISTER_LONG_TEXT_MOST : REGISTER_TEXT_MOST) : field->max;
	if (!utf8_valid(text) || has_control(text, lines))
		return wrong(problem, NOTE("this holds characters that no text has"));
	if (!text.n) {
		*out = (struct cell){ 0 };
		return true;
	}
	int64_t n = (int64_t)characters(text);
	if (n > most)
		return wrong(problem, NOTE("this is {} characters long; at most {} are possible", int_text(arena, n), int_text(arena, most)));
	if (field->bytes && field->type == FIELD_TEXT && text.n > field->bytes) {
		struct str room = str_slice(text, 0, field->bytes);
		most = (int64_t)characters(str_slice(room, 0, utf8_valid_bytes(room)));
		return wrong(problem, NOTE("this is {} characters long; at most {} are possible", int_text(arena, n), int_text(arena, most)));
	}
	if (field->type != FIELD_TEXTS && n < field->min)
		return wrong(problem, NOTE("this is {} characters long; at least {} are needed", int_text(arena, n), int_text(arena, field->min)));
	if (field->regex && !pattern_fits(field, text))
		return wrong(problem, NOTE(VALUE_FORM));
	*out = cell_text(arena_str(arena, text));
	return true;
}

/* ---- numbers and times ---- */

static bool in_range(struct arena *arena, const struct field *field, double value, struct note *problem)
{
	if ((field->min || field->max) && (value < (double)field->min || (field->max && value > (double)field->max)))
		return wrong(problem, NOTE("this must be between {} and {}", int_text(arena, field->min), int_text(arena, field->max)));
	return true;
}

static bool take_integer(struct arena *arena, const struct field *field, const struct doc *value, struct cell *out, struct note *problem)
{
	if (value->type != DOC_INT || value->integer == NONE)
		return wrong(problem, NOTE("this must be a whole number"));
	*out = cell_int(value->integer);
	return in_range(arena, field, (double)value->integer, problem);
}

static bool take_real(struct arena *arena, const struct field *field, const struct doc *value, struct cell *out, struct note *problem)
{
	if (value->type != DOC_INT && value->type != DOC_REAL)
		return wrong(problem, NOTE("this must be a number"));
	double real = value->type == DOC_INT ? (double)value->integer : value->real;
	if (!isfinite(real))
		return wrong(problem, NOTE("this must be a number"));
	*out = cell_real(real);
	return in_range(arena, field, real, problem);
}

static bool take_date(struct arena *arena, const struct doc *value, struct cell *out, struct note *problem)
{
	int64_t days;
	struct str text = str_trim(doc_string(value));
	if (value->type == DOC_STRING && !text.n) {
		*out = (struct cell){ 0 };
		return true;
	}
	if (!text.p || !date_read(text, &days))
		return wrong(problem, NOTE("this must be a date, such as 2026-11-23"));
	*out = cell_text(arena_str(arena, text));
	return true;
}

static bool take_time(const struct doc *value, struct cell *out, struct note *problem)
{
	if (value->type != DOC_INT || value->integer < 0 || value->integer > TIMES_END)
		return wrong(problem, NOTE("this must be a time, in seconds since 1970"));
	*out = cell_int(value->integer);
	return true;
}

static bool take_moment(struct arena *arena, const struct field *field, const struct doc *value, struct cell *out, struct note *problem)
{
	*out = (struct cell){ 0 };
	if (!value || value->type == DOC_NULL)
		return true;
	return field->time ? take_time(value, out, problem) : take_date(arena, value, out, problem);
}

static bool take_period(struct arena *arena, const struct field *field, const struct doc *value, struct cell out[2], struct note *problem)
{
	if (value->type != DOC_MAP)
		return wrong(problem, NOTE("this must be a period with a beginning and an end"));
	for (size_t i = 0; i < value->n; i++)
		if (!str_is(doc_string(doc_key(value, i)), "from") && !str_is(doc_string(doc_key(value, i)), "to"))
			return wrong(problem, NOTE("this must be a period with a beginning and an end"));
	if (!take_moment(arena, field, doc_get(value, STR("from")), &out[0], problem) ||
	    !take_moment(arena, field, doc_get(value, STR("to")), &out[1], problem))
		return false;
	if (out[0].p && out[1].p && (field->time ? out[0].i > out[1].i : str_compare(cell_str(out[0]), cell_str(out[1])) > 0))
		return wrong(problem, NOTE("this ends before it begins"));
	return true;
}

/* ---- lists and names ---- */

static bool is_choice(const struct field *field, struct str name)
{
	const struct choice *choices = field->choices.p;
	for (size_t i = 0; i < field->choices.n; i++)
		if (str_eq(choices[i].name, name))
			return true;
	return false;
}

static bool take_choice(struct arena *arena, const struct field *field, const struct doc *value, struct cell *out, struct note *problem)
{
	struct str name = doc_string(value);
	if (value->type == DOC_STRING && !name.n) {
		*out = (struct cell){ 0 };
		return true;
	}
	if (!name.p || !is_choice(field, name))
		return wrong(problem, NOTE("this is none of the choices"));
	*out = cell_text(arena_str(arena, name));
	return true;
}

/* Ids; of files also as reading gives them, {"id": 3, …}. */
static bool take_id(const struct doc *value, struct cell *out, struct note *problem)
{
	if (value->type == DOC_MAP)
		value = doc_get(value, STR("id"));
	if (!value || value->type != DOC_INT || value->integer <= 0)
		return wrong(problem, NOTE("there is no such record"));
	*out = cell_int(value->integer);
	return true;
}

static bool is_said_before(const struct buf *list, struct cell cell)
{
	BUF(member);
	json_open_list(&member, NULL);
	cell_add_json(&member, cell);
	struct str text = str_slice(buf_str(&member), 1, member.n);
	ARENA(scratch);
	const char *first = arena_printf(&scratch, "[%.*s,", STR_ARG(text)).p, *later = arena_printf(&scratch, ",%.*s,", STR_ARG(text)).p;
	struct str all = arena_printf(&scratch, "%.*s,", STR_ARG(buf_str(list)));
	return str_starts(all, first) || str_find(all, later) >= 0;
}

static bool take_list(struct arena *arena, const struct field *field, const struct doc *value, struct cell *out, struct note *problem)
{
	BUF(list);
	if (value->type != DOC_ARRAY)
		return wrong(problem, NOTE("this must be a list"));
	if (value->n > REGISTER_LIST_MOST)
		return wrong(problem, NOTE("this has more than {} entries", int_text(arena, REGISTER_LIST_MOST)));
	json_open_list(&list, NULL);
	for (size_t i = 0; i < value->n; i++) {
		struct cell cell = { 0 };
		bool good = field->type == FIELD_TEXTS     ? take_text(arena, field, &value->items[i], &cell, problem)
		            : field->type == FIELD_CHOICES ? take_choice(arena, field, &value->items[i], &cell, problem)
		                                           : take_id(&value->items[i], &cell, problem);
		if (!good)
			return false;
		if (!cell.p || (field->type != FIELD_TEXTS && is_said_before(&list, cell)))
			continue;
		json_next(&list);
		cell_add_json(&list, cell);
	}
	bool empty = list.n == 1;
	buf_add_char(&list, ']');
	*out = empty ? (struct cell){ 0 } : cell_text(arena_str(arena, buf_str(&list)));
	return true;
}

struct ids value_ids(struct arena *arena, struct str list)
{
	struct ids ids = { 0 };
	if (list.n < 2)
		return ids;
	size_t commas = 1;
	for (size_t i = 0; i < list.n; i++)
		commas += list.p[i] == ',';
	ids.p = ARENA_ARRAY(arena, int64_t, commas);
	struct str rest = str_slice(list, 1, list.n - 1);
	while (rest.p && rest.n) {
		int64_t id = str_int_or(str_cut(&rest, ','), 0);
		if (id > 0)
			ids.p[ids.n++] = id;
	}
	return ids;
}

/* ---- all types ---- */

bool value_take(struct arena *arena, const struct field *field, const struct doc *value, struct cell out[2], struct note *problem)
{
	out[0] = (struct cell){ 0 };
	if (field->type == FIELD_PERIOD)
		out[1] = (struct cell){ 0 };
	if (value->type == DOC_NULL)
		return true;
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
		return take_text(arena, field, value, out, problem);
	case FIELD_INTEGER:
		return take_integer(arena, field, value, out, problem);
	case FIELD_NUMBER:
		return take_real(arena, field, value, out, problem);
	case FIELD_DATE:
		return take_date(arena, value, out, problem);
	case FIELD_TIME:
		return take_time(value, out, problem);
	case FIELD_BOOL:
		if (value->type != DOC_BOOL)
			return wrong(problem, NOTE("this must be yes or no"));
		*out = cell_int(value->boolean);
		return true;
	case FIELD_CHOICE:
		return take_choice(arena, field, value, out, problem);
	case FIELD_REFERENCE:
	case FIELD_PERSON:
	case FIELD_ORG:
		return take_id(value, out, problem);
	case FIELD_PERIOD:
		return take_period(arena, field, value, out, problem);
	default:
		return take_list(arena, field, value, out, problem);
	}
}

bool value_constant_fits(const struct field *field, const struct doc *value)
{
	struct cell out[2];
	struct note problem;
	ARENA(scratch);
	struct field bare = *field;
	bare.regex = NULL; /* not compiled yet */
	if (field->type == FIELD_REFERENCE || field->type == FIELD_REFERENCES || field->type == FIELD_PERSON || field->type == FIELD_ORG ||
	    field->type == FIELD_FILES || field->type == FIELD_PERIOD || field->sensitive)
		return false;
	return value->type != DOC_NULL && value_take(&scratch, &bare, value, out, &problem);
}

/* ---- back ---- */

struct doc doc_of_text(struct str text)
{
	return text.p ? (struct doc){ .type = DOC_STRING, .quoted = true, .n = (uint32_t)text.n, .p = text.p } : (struct doc){ .type = DOC_NULL };
}

struct doc doc_of_int(int64_t value)
{
	return value == NONE ? (struct doc){ .type = DOC_NULL } : (struct doc){ .type = DOC_INT, .integer = value };
}

struct doc doc_of_cell(struct cell cell)
{
	if (cell_is_int(cell))
		return doc_of_int(cell.i);
	if (cell_is_text(cell) || !cell.p)
		return doc_of_text(cell_str(cell));
	return (struct doc){ .type = DOC_REAL, .real = cell.r };
}

static struct cell real_of(struct cell cell)
{
	return cell_is_int(cell) ? cell_real((double)cell.i) : cell;
}

void value_put(struct buf *out, const char *name, const struct field *field, const struct cell *cells)
{
	if (field->type == FIELD_PERIOD) {
		if (!cells[0].p && !cells[1].p) {
			json_key(out, name);
			buf_puts(out, "null");
			return;
		}
		json_open_map(out, name);
		json_key(out, "from");
		cell_add_json(out, cells[0]);
		json_key(out, "to");
		cell_add_json(out, cells[1]);
		buf_add_char(out, '}');
		return;
	}
	json_key(out, name);
	if (field_is_list(field))
		buf_add(out, cells[0].p ? cell_str(cells[0]) : STR("[]"));
	else if (field->type == FIELD_BOOL && cells[0].p)
		buf_puts(out, cell_int_or(cells[0], 0) ? "true" : "false");
	else
		cell_add_json(out, field->type == FIELD_NUMBER ? real_of(cells[0]) : cells[0]);
}

const struct doc *value_doc(struct arena *arena, const struct field *field, const struct cell *cells)
{
	struct doc *doc = ARENA_NEW(arena, struct doc);
	if (field->type == FIELD_PERIOD) {
		struct doc *items = ARENA_ARRAY(arena, struct doc, 4);
		if (!cells[0].p && !cells[1].p)
			return doc;
		items[0] = doc_of_text(STR("from"));
		items[1] = doc_of_cell(cells[0]);
		items[2] = doc_of_text(STR("to"));
		items[3] = doc_of_cell(cells[1]);
		*doc = (struct doc){ .type = DOC_MAP, .n = 2, .items = items };
		return doc;
	}
	if (field_is_list(field)) {
		struct source *source = ARENA_NEW(arena, struct source);
		const struct doc *parsed;
		*source = (struct source){ .name = "a list", .text = cells[0].p ? cell_str(cells[0]) : STR("[]") };
		*doc = (struct doc){ .type = DOC_ARRAY };
		return json_parse(arena, source, &parsed, NULL) == 0 ? parsed : doc;
	}
	*doc = doc_of_cell(cells[0]);
	if (field->type == FIELD_BOOL && cells[0].p)
		*doc = (struct doc){ .type = DOC_BOOL, .boolean = cell_int_or(cells[0], 0) != 0 };
	if (field->type == FIELD_NUMBER && cell_is_int(cells[0]))
		*doc = (struct doc){ .type = DOC_REAL, .real = (double)cells[0].i };
	return doc;
}
