/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/calendar.h"

#include <stdlib.h>

#include "data/json.h"
#include "data/schema.h"
#include "data/yaml.h"
#include "register/date.h"

enum { DAYS_MOST = 100000 /* a count of working days that goes on longer is cut */ };

struct free_days {
	struct str from, to;
	struct text label;
	const struct doc *node;
	int64_t first, last;
};
struct year {
	int64_t year;
	struct str source;
	bool verified;
	struct schema_list free; /* struct free_days */
	struct strings work;
	const struct doc *node;
	int64_t *worked;
};
struct calendar {
	struct arena arena;
	struct str country;
	struct text label;
	struct schema_list years; /* struct year */
	struct source *source;
};

static const struct schema_field free_fields[] = {
	{ "from", SCHEMA_STRING, offsetof(struct free_days, from), .required = true },
	{ "to", SCHEMA_STRING, offsetof(struct free_days, to), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct free_days, label), .required = true },
	{ 0 },
};
static const struct schema free_schema = { "free days", free_fields, sizeof(struct free_days), offsetof(struct free_days, node) };
static const struct schema_field year_fields[] = {
	{ "year", SCHEMA_INT, offsetof(struct year, year), .required = true, .min = 2000, .max = 2200 },
	{ "source", SCHEMA_STRING, offsetof(struct year, source), .required = true },
	{ "verified", SCHEMA_BOOL, offsetof(struct year, verified), .required = true },
	{ "free", SCHEMA_LIST, offsetof(struct year, free), .required = true, .sub = &free_schema },
	{ "work", SCHEMA_STRINGS, offsetof(struct year, work) },
	{ 0 },
};
static const struct schema year_schema = { "a year", year_fields, sizeof(struct year), offsetof(struct year, node) };
static const struct schema_field calendar_fields[] = {
	{ "country", SCHEMA_STRING, offsetof(struct calendar, country), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct calendar, label), .required = true },
	{ "years", SCHEMA_LIST, offsetof(struct calendar, years), .required = true, .sub = &year_schema },
	{ 0 },
};
static const struct schema calendar_schema = { .what = "a calendar", .fields = calendar_fields, .size = sizeof(struct calendar) };

static int day_read(const struct calendar *calendar, const struct year *year, const struct doc *node, struct str text, int64_t *out, struct err *err)
{
	if (!date_read(text, out) || date_year(*out) != year->year)
		return doc_err(calendar->source, node, err, "'%.*s' is no day of %lld, such as \"%lld-05-01\"", STR_ARG(text), (long long)year->year,
		               (long long)year->year);
	return 0;
}

static int year_make(struct calendar *calendar, struct year *year, struct err *err)
{
	struct free_days *free = year->free.p;
	int r = 0;
	for (size_t i = 0; r == 0 && i < year->free.n; i++) {
		r = day_read(calendar, year, free[i].node, free[i].from, &free[i].first, err);
		if (r == 0)
			r = day_read(calendar, year, free[i].node, free[i].to, &free[i].last, err);
		if (r == 0 && free[i].last < free[i].first)
			r = doc_err(calendar->source, free[i].node, err, "these free days end before they begin");
	}
	year->worked = ARENA_ARRAY(&calendar->arena, int64_t, year->work.n);
	for (size_t i = 0; r == 0 && i < year->work.n; i++) {
		r = day_read(calendar, year, year->node, year->work.p[i], &year->worked[i], err);
		if (r == 0 && date_weekday(year->worked[i]) < 5)
			r = doc_err(calendar->source, year->node, err, "'%.*s' is no Saturday or Sunday, so it is worked anyway", STR_ARG(year->work.p[i]));
	}
	return r;
}

int calendar_load(const struct content *content, struct str country, struct calendar **out, struct err *err)
{
	CLEANUP(calendar_free_p) struct calendar *calendar = mem_alloc(sizeof(*calendar));
	struct arena *arena = &calendar->arena;
	const struct doc *doc;
	calendar->source = ARENA_NEW(arena, struct source);
	int r = content_read(arena, content, arena_printf(arena, "calendars/%.*s.yaml", STR_ARG(country)).p, calendar->source, err);
	if (r == 0)
		r = yaml_parse(arena, calendar->source, &doc, err);
	if (r == 0)
		r = schema_decode(arena, calendar->source, doc, &calendar_schema, calendar, err);
	struct year *years = calendar->years.p;
	for (size_t i = 0; r == 0 && i < calendar->years.n; i++)
		r = year_make(calendar, &years[i], err);
	if (r == 0)
		*out = TAKE(calendar);
	return r;
}

void calendar_free(struct calendar *calendar)
{
	if (!calendar)
		return;
	arena_done(&calendar->arena);
	free(calendar);
}

void calendar_free_p(struct calendar **calendar)
{
	calendar_free(*calendar);
}

static const struct year *year_of(const struct calendar *calendar, int64_t day)
{
	const struct year *years = calendar ? calendar->years.p : NULL;
	int64_t year = calendar ? date_year(day) : 0;
	for (size_t i = 0; calendar && i < calendar->years.n; i++)
		if (years[i].year == year)
			return &years[i];
	return NULL;
}

bool calendar_knows(const struct calendar *calendar, int64_t day)
{
	return year_of(calendar, day);
}

bool calendar_is_working(const struct calendar *calendar, int64_t day)
{
	const struct year *year = year_of(calendar, day);
	const struct free_days *free = year ? year->free.p : NULL;
	for (size_t i = 0; year && i < year->work.n; i++)
		if (year->worked[i] == day)
			return true;
	for (size_t i = 0; year && i < year->free.n; i++)
		if (free[i].first <= day && day <= free[i].last)
			return false;
	return date_weekday(day) < 5;
}

int64_t calendar_add(const struct calendar *calendar, int64_t day, int64_t n)
{
	int64_t end = day + DAYS_MOST;
	while (n == 0 && day < end && !calendar_is_working(calendar, day))
		day++;
	while (n > 0 && day < end) {
		day++;
		n -= calendar_is_working(calendar, day);
	}
	return day;
}

static void put_label(struct buf *out, const struct text *label)
{
	json_open_map(out, "label");
	for (enum lang lang = LANG_EN; lang < LANG_COUNT; lang++)
		json_put(out, lang_names[lang], label->in[lang]);
	buf_add_char(out, '}');
}

void calendar_put(const struct calendar *calendar, struct buf *out)
{
	const struct year *years = calendar->years.p;
	json_open_map(out, NULL);
	json_put(out, "country", calendar->country);
	put_label(out, &calendar->label);
	json_open_list(out, "years");
	for (size_t i = 0; i < calendar->years.n; i++) {
		const struct free_days *free = years[i].free.p;
		json_open_map(out, NULL);
		json_put_int(out, "year", years[i].year);
		json_put(out, "source", years[i].source);
		json_put_flag(out, "verified", years[i].verified);
		json_open_list(out, "free");
		for (size_t k = 0; k < years[i].free.n; k++) {
			json_open_map(out, NULL);
			json_put(out, "from", free[k].from);
			json_put(out, "to", free[k].to);
			put_label(out, &free[k].label);
			buf_add_char(out, '}');
		}
		buf_add_char(out, ']');
		json_put_strings(out, "work", &years[i].work);
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
}
