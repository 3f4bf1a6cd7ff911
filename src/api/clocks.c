/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * clocks: the declared law of incidents, with its sources: time limits, gradings, categories.
 */
#include "api/office.h"
#include "case/grade.h"
#include "register/calendar.h"

extern const struct route routes_clocks[];

static void limit_put(struct buf *out, const struct clock_limit *limit)
{
	static const struct {
		const char *name;
		size_t offset;
	} figures[] = {
		{ "minutes", offsetof(struct clock_limit, minutes) }, { "hours", offsetof(struct clock_limit, hours) },
		{ "days", offsetof(struct clock_limit, days) },       { "working_days", offsetof(struct clock_limit, working_days) },
		{ "years", offsetof(struct clock_limit, years) },
	};
	if (!limit->node)
		return;
	json_open_map(out, "limit");
	for (size_t i = 0; i < COUNT(figures); i++) {
		const int64_t *figure = (const int64_t *)((const char *)limit + figures[i].offset);
		if (*figure)
			json_put_int(out, figures[i].name, *figure);
	}
	if (limit->prompt)
		json_put_flag(out, "prompt", true);
	buf_add_char(out, '}');
}

static void put_filled(struct buf *out, const char *name, struct str value)
{
	if (value.n)
		json_put(out, name, value);
}

static void clock_put(struct buf *out, const struct clock_rule *rule)
{
	json_open_map(out, NULL);
	json_put(out, "id", rule->id);
	json_put(out, "jurisdiction", rule->jurisdiction);
	json_put(out, "kind", str_from(clock_kind_names[rule->kind]));
	text_put(out, "title", &rule->title);
	conditions_put(out, "when", &rule->when, NULL);
	put_filled(out, "start", rule->start);
	limit_put(out, &rule->limit);
	json_put(out, "report", str_from(report_stage_names[rule->report]));
	json_put_flag(out, "every", rule->every);
	text_put(out, "from", &rule->from);
	text_put(out, "to", &rule->to);
	text_put(out, "says", &rule->says);
	json_put(out, "basis", rule->basis);
	json_put(out, "source", rule->source);
	json_put(out, "effective_from", rule->effective_from);
	put_filled(out, "effective_to", rule->effective_to);
	put_filled(out, "on", rule->on);
	put_filled(out, "due", rule->due);
	if (rule->keep_days)
		json_put_int(out, "keep_days", rule->keep_days);
	json_put_flag(out, "verified", rule->verified);
	json_put_flag(out, "enabled", rule->enabled);
	buf_add_char(out, '}');
}

static int get_clocks(struct request *request, struct err *err)
{
	const struct laws *laws = office_of(request)->laws;
	struct buf *out = &request->out;
	(void)err;
	json_open_map(out, NULL);
	json_open_list(out, "rows");
	for (size_t i = 0; i < laws->n_clocks; i++)
		clock_put(out, &laws->clocks[i]);
	buf_puts(out, "]}");
	return 0;
}

static void choices_put(struct buf *out, const char *name, const struct schema_list *list)
{
	const struct law_choice *choice = list->p;
	json_open_list(out, name);
	for (size_t i = 0; i < list->n; i++) {
		json_open_map(out, NULL);
		json_put(out, "name", choice[i].name);
		text_put(out, "label", &choice[i].label);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void inputs_put(struct buf *out, const struct grading *grading)
{
	const struct grade_input *input = grading->inputs.p;
	json_open_list(out, "inputs");
	for (size_t i = 0; i < grading->inputs.n; i++) {
		json_open_map(out, NULL);
		json_put(out, "name", input[i].name);
		json_put(out, "type", str_from(input_type_names[input[i].type]));
		put_filled(out, "unit", input[i].unit);
		text_put(out, "label", &input[i].label);
		choices_put(out, "choices", &input[i].choices);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void indicators_put(struct buf *out, const struct grading *grading)
{
	const struct indicator *indicator = grading->indicators.p;
	json_open_list(out, "indicators");
	for (size_t i = 0; i < grading->indicators.n; i++) {
		json_open_map(out, NULL);
		json_put(out, "id", indicator[i].id);
		json_put(out, "grade", indicator[i].grade);
		text_put(out, "text", &indicator[i].text);
		conditions_put(out, "when", &indicator[i].when, NULL);
		json_put(out, "source", indicator[i].source);
		json_put_flag(out, "verified", indicator[i].verified);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static int get_grading(struct request *request, struct err *err)
{
	const struct laws *laws = office_of(request)->laws;
	struct buf *out = &request->out;
	(void)err;
	json_open_map(out, NULL);
	json_open_list(out, "rows");
	for (size_t i = 0; i < laws->n_gradings; i++) {
		const struct grading *grading = &laws->gradings[i];
		json_open_map(out, NULL);
		json_put(out, "name", grading->name);
		json_put(out, "jurisdiction", grading->jurisdiction);
		text_put(out, "title", &grading->title);
		json_put(out, "basis", grading->basis);
		json_put(out, "effective_from", grading->effective_from);
		put_filled(out, "effective_to", grading->effective_to);
		choices_put(out, "grades", &grading->grades);
		json_put(out, "otherwise", grading->otherwise);
		inputs_put(out, grading);
		indicators_put(out, grading);
		buf_add_char(out, '}');
	}
	buf_puts(out, "]}");
	return 0;
}

static void kinds_put(struct buf *out, const struct schema_list *list)
{
	const struct category_kind *kind = list->p;
	json_open_list(out, "kinds");
	for (size_t i = 0; i < list->n; i++) {
		json_open_map(out, NULL);
		json_put(out, "name", kind[i].name);
		text_put(out, "label", &kind[i].label);
		json_put_strings(out, "asks", &kind[i].asks);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static int get_categories(struct request *request, struct err *err)
{
	const struct laws *laws = office_of(request)->laws;
	struct buf *out = &request->out;
	(void)err;
	json_open_map(out, NULL);
	json_open_list(out, "rows");
	for (size_t i = 0; i < laws->n_categories; i++) {
		const struct categories *edition = &laws->categories[i];
		const struct category_class *class = edition->classes.p;
		json_open_map(out, NULL);
		json_put(out, "name", edition->name);
		text_put(out, "title", &edition->title);
		json_put(out, "basis", edition->basis);
		json_put(out, "source", edition->source);
		json_put(out, "effective_from", edition->effective_from);
		put_filled(out, "effective_to", edition->effective_to);
		json_put_flag(out, "verified", edition->verified);
		json_put_strings(out, "asks", &edition->asks);
		json_open_list(out, "classes");
		for (size_t j = 0; j < edition->classes.n; j++) {
			json_open_map(out, NULL);
			json_put(out, "name", class[j].name);
			text_put(out, "label", &class[j].label);
			json_put_strings(out, "asks", &class[j].asks);
			kinds_put(out, &class[j].kinds);
			buf_add_char(out, '}');
		}
		buf_puts(out, "]}");
	}
	buf_puts(out, "]}");
	return 0;
}

static int get_calendar(struct request *request, struct err *err)
{
	const struct calendar *calendar = office_of(request)->books.calendar;
	(void)err;
	if (calendar) {
		calendar_put(calendar, &request->out);
		return 0;
	}
	json_open_map(&request->out, NULL); /* Saturdays and Sundays are free */
	json_open_list(&request->out, "years");
	buf_puts(&request->out, "]}");
	return 0;
}

const struct route routes_clocks[] = {
	{ METHOD_GET, "/api/clocks", "listClocks", "time limits of the law, with sources", .flags = ROUTE_TOKEN, .gives = "ClockList",
	  .handle = get_clocks },
	{ METHOD_GET, "/api/grading", "listGradings", "how incidents are graded, with sources", .flags = ROUTE_TOKEN, .gives = "GradingList",
	  .handle = get_grading },
	{ METHOD_GET, "/api/categories", "listCategories", "kinds of incidents, by edition", .flags = ROUTE_TOKEN, .gives = "CategoryList",
	  .handle = get_categories },
	{ METHOD_GET, "/api/calendar", "getCalendar", "which days are worked", .flags = ROUTE_TOKEN, .gives = "Calendar", .handle = get_calendar },
	{ 0 },
};
