/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/value_text.h"

#include <stdio.h>
#include <time.h>

#include "register/date.h"

enum { CANDIDATES = 4 /* columns that may name a record */ };
#define NOBODY  ((void *)(intptr_t)1)
#define SEVERAL ((void *)(intptr_t)2)

/* ---- dates and times ---- */

static bool digits(struct str *rest, size_t least, size_t most, int64_t *out)
{
	size_t n = 0;
	*out = 0;
	while (n < rest->n && n < most && rest->p[n] >= '0' && rest->p[n] <= '9')
		*out = *out * 10 + (rest->p[n++] - '0');
	*rest = str_slice(*rest, n, rest->n);
	return n >= least;
}

static bool skip(struct str *rest, const char *what)
{
	if (!str_starts(*rest, what))
		return false;
	*rest = str_slice(*rest, strlen(what), rest->n);
	return true;
}

static bool is_day(int64_t year, int64_t month, int64_t day)
{
	char text[64];
	int64_t days;
	snprintf(text, sizeof(text), "%04d-%02d-%02d", (int)year, (int)month, (int)day);
	return year >= 1900 && year <= 2999 && date_read(str_from(text), &days);
}

static bool take_date(struct str *rest, int64_t *year, int64_t *month, int64_t *day)
{
	struct str start = *rest;
	if (digits(rest, 8, 8, year)) { /* 20261123 */
		*day = *year % 100;
		*month = *year / 100 % 100;
		*year /= 10000;
		return is_day(*year, *month, *day);
	}
	*rest = start;
	if (digits(rest, 4, 4, year)) {
		bool chinese = skip(rest, "年");
		if (!chinese && !skip(rest, "-") && !skip(rest, "/") && !skip(rest, "."))
			return false;
		if (!digits(rest, 1, 2, month))
			return false;
		if (chinese ? !skip(rest, "月") : !skip(rest, "-") && !skip(rest, "/") && !skip(rest, "."))
			return false;
		if (!digits(rest, 1, 2, day) || (chinese && !skip(rest, "日")))
			return false;
		return is_day(*year, *month, *day);
	}
	*rest = start;
	if (!digits(rest, 1, 2, day) || (!skip(rest, "/") && !skip(rest, "-") && !skip(rest, ".")) || !digits(rest, 1, 2, month) ||
	    (!skip(rest, "/") && !skip(rest, "-") && !skip(rest, ".")) || !digits(rest, 4, 4, year))
		return false;
	return is_day(*year, *month, *day);
}

static bool take_clock(struct str *rest, int64_t *hour, int64_t *minute, int64_t *second)
{
	*second = 0;
	if (!digits(rest, 1, 2, hour) || (!skip(rest, ":") && !skip(rest, "时") && !skip(rest, "：")) || !digits(rest, 1, 2, minute))
		return false;
	if (skip(rest, ":") && !digits(rest, 1, 2, second))
		return false;
	(void)!skip(rest, "分");
	return *hour < 24 && *minute < 60 && *second < 60;
}

bool value_date(struct str text, char out[11])
{
	int64_t year, month, day, hour, minute, second;
	struct str rest = str_trim(text);
	if (!take_date(&rest, &year, &month, &day))
		return false;
	rest = str_trim(rest);
	/* A spreadsheet program may show midnight behind a date. */
	if (rest.n && (!take_clock(&rest, &hour, &minute, &second) || hour || minute || second || rest.n))
		return false;
	snprintf(out, 11, "%04d-%02d-%02d", (int)year, (int)month, (int)day);
	return true;
}

static bool time_of(struct str text, int64_t *out)
{
	int64_t year, month, day, hour = 0, minute = 0, second = 0;
	struct str rest = str_trim(text);
	if (!take_date(&rest, &year, &month, &day))
		return false;
	rest = str_trim(rest);
	(void)!skip(&rest, "T");
	if (rest.n && !take_clock(&rest, &hour, &minute, &second))
		return false;
	struct tm tm = { .tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day, .tm_hour = (int)hour, .tm_min = (int)minute,
		         .tm_sec = (int)second, .tm_isdst = -1 };
	time_t t = mktime(&tm);
	*out = t;
	return rest.n == 0 && t != (time_t)-1;
}

/* ---- looking records up ---- */

/* The columns by which a person may name a record. */
static size_t naming_columns(const struct register_ *reg, struct str columns[CANDIDATES])
{
	size_t n = 0;
	if (reg->number.n)
		columns[n++] = STR("number");
	for (int pass = 0; pass < 2; pass++) {
		const struct strings *list = pass == 0 ? &reg->key : &reg->title;
		for (size_t i = 0; i < list->n && n < CANDIDATES; i++) {
			const struct field *field = register_field(reg, list->p[i]);
			bool known = false;
			for (size_t k = 0; k < n; k++)
				known |= str_eq(columns[k], list->p[i]);
			if (field && !known && (field->type == FIELD_TEXT || field->type == FIELD_LONG_TEXT))
				columns[n++] = list->p[i];
		}
	}
	return n;
}

/* Two ids at most of the records that have this text in the column. */
static int look(struct value_lookup *lookup, const struct register_ *reg, struct str column, struct str text, int64_t ids[2], size_t *n,
                struct err *err)
{
	DB_QUERY(q);
	struct arena *arena = lookup->arena;
	const struct field *field = register_field(reg, column);
	bool sealed = field && field->sensitive && lookup->books->vault;
	const char *sql = arena_printf(arena, "SELECT r.id FROM \"%.*s\" r WHERE r.\"%.*s%s\" = ? AND r.withdrawn IS NULL%s LIMIT 2", STR_ARG(reg->name),
	                               STR_ARG(column), sealed ? "_index" : "",
	                               lookup->actor->whole ? "" : " AND r.org IN (SELECT org FROM ward_subtree WHERE ancestor = ?)").p;
	int r = db_query(&q, lookup->db, sql, err);
	if (r < 0)
		return r;
	struct str where = sealed ? arena_printf(arena, "%.*s.%.*s", STR_ARG(reg->name), STR_ARG(column)) : STR_NONE;
	db_bind_text(&q, sealed ? vault_index(arena, lookup->books->vault, where, text) : text);
	if (!lookup->actor->whole)
		db_bind_int(&q, lookup->actor->org);
	while ((r = db_step(&q, err)) > 0) {
		int64_t id = db_int(&q, 0);
		if (*n < 2 && !(*n == 1 && ids[0] == id))
			ids[(*n)++] = id;
	}
	return r;
}

static int find(struct value_lookup *lookup, struct str name, struct str text, void **out, struct err *err)
{
	const struct register_ *reg = registers_find(lookup->books->registers, name);
	struct str columns[CANDIDATES];
	int64_t ids[2] = { 0 };
	size_t n = 0, width = reg ? naming_columns(reg, columns) : 0;
	lookup->found.arena = lookup->arena;
	struct str key = arena_printf(lookup->arena, "%.*s %.*s", STR_ARG(name), STR_ARG(text));
	void **place = map_put(&lookup->found, key);
	if (!*place) {
		int r = 0;
		for (size_t i = 0; r == 0 && n == 0 && i < width; i++)
			r = look(lookup, reg, columns[i], text, ids, &n, err);
		if (r < 0)
			return r;
		*place = n == 0 ? NOBODY : n > 1 ? SEVERAL : (void *)(intptr_t)(ids[0] + 2);
	}
	*out = *place;
	return 0;
}

/* ---- one value ---- */

static struct str register_of(const struct field *field)
{
	return field->type == FIELD_PERSON ? STR("person") : field->type == FIELD_ORG ? STR("org") : field->to;
}

static int reference_from(struct value_lookup *lookup, const struct field *field, struct str text, struct buf *json, struct note *problem,
                          struct err *err)
{
	void *found;
	int r = find(lookup, register_of(field), text, &found, err);
	if (r < 0)
		return r;
	if (found == NOBODY)
		*problem = NOTE("there is no record '{}'", text);
	else if (found == SEVERAL)
		*problem = NOTE("several records are called '{}': write the number", text);
	else
		buf_printf(json, "%lld", (long long)((intptr_t)found - 2));
	return !problem->english;
}

static int bool_from(struct str text, struct buf *json, struct note *problem)
{
	static const char *const yes[] = { "是", "有", "có", "yes", "true", "1", "y", "√", "✓", NULL };
	static const char *const no[] = { "否", "无", "không", "no", "false", "0", "n", "×", NULL };
	for (size_t i = 0; yes[i]; i++)
		if (str_is_nocase(text, yes[i])) {
			buf_puts(json, "true");
			return 1;
		}
	for (size_t i = 0; no[i]; i++)
		if (str_is_nocase(text, no[i])) {
			buf_puts(json, "false");
			return 1;
		}
	*problem = NOTE("'{}' is neither yes nor no", text);
	return 0;
}

static int number_from(const struct field *field, struct str text, struct buf *json, struct note *problem)
{
	BUF(plain);
	int64_t whole;
	double real;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != ',' && text.p[i] != ' ')
			buf_add_char(&plain, text.p[i]);
	if (str_to_int(buf_str(&plain), 10, &whole))
		buf_printf(json, "%lld", (long long)whole);
	else if (field->type == FIELD_NUMBER && str_to_double(buf_str(&plain), &real))
		json_add_double(json, real);
	else
		*problem = field->type == FIELD_NUMBER ? NOTE("'{}' is no number", text) : NOTE("'{}' is no whole number", text);
	return !problem->english;
}

static int choice_from(const struct field *field, struct str text, struct buf *json, struct note *problem)
{
	const struct choice *choices = field->choices.p;
	for (size_t i = 0; i < field->choices.n; i++)
		for (int lang = -1; lang < LANG_COUNT; lang++)
			if (str_eq_nocase(text, lang < 0 ? choices[i].name : choices[i].label.in[lang])) {
				json_add_string(json, choices[i].name);
				return 1;
			}
	*problem = NOTE("'{}' is none of the choices", text);
	return 0;
}

static int date_from(struct str text, struct buf *json, struct note *problem)
{
	char date[11];
	if (value_date(text, date))
		json_add_string(json, str_from(date));
	else
		*problem = NOTE("'{}' is no date: write 2026-11-23", text);
	return !problem->english;
}

static int time_from(struct str text, struct buf *json, struct note *problem)
{
	int64_t seconds;
	if (time_of(text, &seconds))
		buf_printf(json, "%lld", (long long)seconds);
	else
		*problem = NOTE("'{}' is no time: write 2026-11-23 08:30", text);
	return !problem->english;
}

static int period_from(const struct field *field, struct str text, struct buf *json, struct note *problem)
{
	static const char *const between[] = { "~", "～", "至", "đến", " - ", " – ", "—" };
	for (size_t i = 0; i < COUNT(between); i++) {
		ptrdiff_t at = str_find(text, between[i]);
		if (at < 0)
			continue;
		struct str half[2] = { str_trim(str_slice(text, 0, (size_t)at)), str_trim(str_slice(text, (size_t)at + strlen(between[i]), text.n)) };
		int r = 1;
		buf_add_char(json, '{');
		for (int side = 0; r == 1 && side < 2; side++) {
			json_key(json, side ? "to" : "from");
			if (!half[side].n)
				buf_puts(json, "null");
			else
				r = field->time ? time_from(half[side], json, problem) : date_from(half[side], json, problem);
		}
		buf_add_char(json, '}');
		return r;
	}
	*problem = NOTE("'{}' is no period: write two dates with ~ between", text);
	return 0;
}

static int one_from(struct value_lookup *lookup, const struct field *field, struct str text, struct buf *json, struct note *problem,
                    struct err *err)
{
	switch ((enum field_type)field->type) {
	case FIELD_INTEGER:
	case FIELD_NUMBER:
		return number_from(field, text, json, problem);
	case FIELD_DATE:
		return date_from(text, json, problem);
	case FIELD_TIME:
		return time_from(text, json, problem);
	case FIELD_BOOL:
		return bool_from(text, json, problem);
	case FIELD_CHOICE:
	case FIELD_CHOICES:
		return choice_from(field, text, json, problem);
	case FIELD_REFERENCE:
	case FIELD_REFERENCES:
	case FIELD_PERSON:
	case FIELD_ORG:
		return reference_from(lookup, field, text, json, problem, err);
	case FIELD_PERIOD:
		return period_from(field, text, json, problem);
	case FIELD_FILES:
		*problem = NOTE("attachments cannot come from a sheet");
		return 0;
	default:
		json_add_string(json, text);
		return 1;
	}
}

static bool is_list(const struct field *field)
{
	return field->type == FIELD_CHOICES || field->type == FIELD_REFERENCES || field->type == FIELD_TEXTS;
}

/* The next value of a list. */
static struct str next_part(struct str *rest)
{
	static const char *const apart[] = { ";", "；", "、", "\n" };
	size_t end = rest->n, more = rest->n;
	for (size_t i = 0; i < COUNT(apart); i++) {
		ptrdiff_t at = str_find(*rest, apart[i]);
		if (at >= 0 && (size_t)at < end) {
			end = (size_t)at;
			more = end + strlen(apart[i]);
		}
	}
	struct str part = str_trim(str_slice(*rest, 0, end));
	*rest = str_slice(*rest, more, rest->n);
	return part;
}

int value_from_text(struct value_lookup *lookup, const struct field *field, struct str text, struct buf *json, struct note *problem,
                    struct err *err)
{
	*problem = (struct note){ 0 };
	text = str_trim(text);
	if (!text.n) {
		buf_puts(json, "null");
		return 1;
	}
	if (!is_list(field))
		return one_from(lookup, field, text, json, problem, err);
	int r = 1;
	buf_add_char(json, '[');
	while (r == 1 && text.n) {
		struct str part = next_part(&text);
		if (!part.n)
			continue;
		json_next(json);
		r = one_from(lookup, field, part, json, problem, err);
	}
	buf_add_char(json, ']');
	return r;
}

/* ---- and back ---- */

static void time_to(int64_t seconds, struct buf *out)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[32];
	localtime_r(&t, &tm);
	buf_add(out, (struct str){ text, strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) });
}

static int title_of(struct value_lookup *lookup, const struct field *field, int64_t id, struct buf *out, struct err *err)
{
	const struct register_ *reg = registers_find(lookup->books->registers, register_of(field));
	struct arena *arena = lookup->arena;
	struct str columns[CANDIDATES];
	size_t n = reg ? naming_columns(reg, columns) : 0;
	lookup->titles.arena = arena;
	void **place = map_put(&lookup->titles, arena_printf(arena, "%.*s %lld", STR_ARG(register_of(field)), (long long)id));
	if (!*place && n) {
		DB_QUERY(q);
		/* What an import finds it by again: the number, or the first column that names it. */
		const struct field *naming = register_field(reg, columns[0]);
		int r = db_query(&q, lookup->db, arena_printf(arena, "SELECT \"%.*s\" FROM \"%.*s\" WHERE id = ?", STR_ARG(columns[0]), STR_ARG(reg->name)).p, err);
		if (r < 0)
			return r;
		db_bind_int(&q, id);
		r = db_step(&q, err);
		if (r < 0)
			return r;
		struct str *title = ARENA_NEW(arena, struct str);
		*title = r > 0 ? arena_str(arena, db_text(&q, 0)) : STR_NONE;
		if (title->p && naming && naming->sensitive && lookup->books->vault &&
		    vault_unseal(arena, lookup->books->vault, arena_printf(arena, "%.*s.%.*s", STR_ARG(reg->name), STR_ARG(columns[0])), *title, title, NULL) < 0)
			*title = STR_NONE;
		*place = title;
	}
	const struct str *title = *place;
	if (title && title->n)
		buf_add(out, *title);
	else
		buf_printf(out, "#%lld", (long long)id);
	return 0;
}

static struct str label_of(const struct field *field, enum lang lang, struct str name)
{
	const struct choice *choices = field->choices.p;
	for (size_t i = 0; i < field->choices.n; i++)
		if (str_eq(choices[i].name, name))
			return choices[i].label.in[lang];
	return name;
}

static int one_to(struct value_lookup *lookup, enum lang lang, const struct field *field, const struct doc *value, struct buf *out, struct err *err)
{
	bool whole = value->type == DOC_INT;
	if (value->type == DOC_BOOL)
		buf_add(out, tr_word(lang, "value", value->boolean ? "yes" : "no"));
	else if (whole && field->type == FIELD_TIME)
		time_to(value->integer, out);
	else if (whole && (field->type == FIELD_REFERENCE || field->type == FIELD_REFERENCES || field->type == FIELD_PERSON || field->type == FIELD_ORG))
		return title_of(lookup, field, value->integer, out, err);
	else if (whole)
		buf_printf(out, "%lld", (long long)value->integer);
	else if (value->type == DOC_REAL)
		json_add_double(out, value->real);
	else if (value->type == DOC_STRING && (field->type == FIELD_CHOICE || field->type == FIELD_CHOICES))
		buf_add(out, label_of(field, lang, doc_string(value)));
	else if (value->type == DOC_STRING)
		buf_add(out, doc_string(value));
	else if (value->type == DOC_MAP && field->type == FIELD_FILES)
		buf_add(out, doc_text(value, "name"));
	return 0;
}

static int period_to(const struct field *field, const struct doc *value, struct buf *out)
{
	for (int side = 0; side < 2; side++) {
		const struct doc *end = doc_get(value, side ? STR("to") : STR("from"));
		if (side)
			buf_puts(out, " ~ ");
		if (end && end->type == DOC_INT && field->time)
			time_to(end->integer, out);
		else
			buf_add(out, doc_string(end));
	}
	return 0;
}

int value_to_text(struct value_lookup *lookup, enum lang lang, const struct field *field, const struct doc *value, struct buf *out,
                  struct err *err)
{
	int r = 0;
	if (!value || value->type == DOC_NULL)
		return 0;
	if (field->type == FIELD_PERIOD && value->type == DOC_MAP)
		return period_to(field, value, out);
	if (value->type != DOC_ARRAY)
		return one_to(lookup, lang, field, value, out, err);
	for (size_t i = 0; r == 0 && i < value->n; i++) {
		if (i)
			buf_puts(out, "; ");
		r = one_to(lookup, lang, field, &value->items[i], out, err);
	}
	return r;
}
