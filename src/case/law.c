/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "case/law.h"

#include "base/vec.h"
#include "data/yaml.h"

const char *const clock_kind_names[] = { "incident", "receiver", "yearly", "filing", "retention", NULL };
const char *const report_stage_names[] = { "none", "first", "progress", "final", NULL };
const char *const input_type_names[] = { "integer", "number", "bool", "choice", NULL };

enum { LIMIT_MOST = 100000 };

static const struct schema_field limit_fields[] = {
	{ "minutes", SCHEMA_INT, offsetof(struct clock_limit, minutes), .min = 1, .max = LIMIT_MOST },
	{ "hours", SCHEMA_INT, offsetof(struct clock_limit, hours), .min = 1, .max = LIMIT_MOST },
	{ "days", SCHEMA_INT, offsetof(struct clock_limit, days), .min = 1, .max = LIMIT_MOST },
	{ "working_days", SCHEMA_INT, offsetof(struct clock_limit, working_days), .min = 1, .max = 1000 },
	{ "years", SCHEMA_INT, offsetof(struct clock_limit, years), .min = 1, .max = 100 },
	{ "prompt", SCHEMA_BOOL, offsetof(struct clock_limit, prompt) },
	{ 0 },
};
static const struct schema limit_schema = {
	.what = "a limit",
	.fields = limit_fields,
	.size = sizeof(struct clock_limit),
	.node_offset = offsetof(struct clock_limit, node),
};

static const struct schema_field clock_fields[] = {
	{ "id", SCHEMA_STRING, offsetof(struct clock_rule, id), .required = true },
	{ "jurisdiction", SCHEMA_STRING, offsetof(struct clock_rule, jurisdiction), .required = true },
	{ "kind", SCHEMA_ENUM, offsetof(struct clock_rule, kind), .required = true, .names = clock_kind_names },
	{ "title", SCHEMA_TEXT, offsetof(struct clock_rule, title), .required = true },
	{ "when", SCHEMA_LIST, offsetof(struct clock_rule, when), .sub = &condition_schema },
	{ "start", SCHEMA_STRING, offsetof(struct clock_rule, start) },
	{ "limit", SCHEMA_MAP, offsetof(struct clock_rule, limit), .sub = &limit_schema },
	{ "every", SCHEMA_BOOL, offsetof(struct clock_rule, every) },
	{ "stays", SCHEMA_BOOL, offsetof(struct clock_rule, stays) },
	{ "report", SCHEMA_ENUM, offsetof(struct clock_rule, report), .names = report_stage_names },
	{ "from", SCHEMA_TEXT, offsetof(struct clock_rule, from), .required = true },
	{ "to", SCHEMA_TEXT, offsetof(struct clock_rule, to), .required = true },
	{ "says", SCHEMA_TEXT, offsetof(struct clock_rule, says), .required = true },
	{ "basis", SCHEMA_STRING, offsetof(struct clock_rule, basis), .required = true },
	{ "source", SCHEMA_STRING, offsetof(struct clock_rule, source), .required = true },
	{ "effective_from", SCHEMA_STRING, offsetof(struct clock_rule, effective_from), .required = true },
	{ "effective_to", SCHEMA_STRING, offsetof(struct clock_rule, effective_to) },
	{ "verified", SCHEMA_BOOL, offsetof(struct clock_rule, verified), .required = true },
	{ "enabled", SCHEMA_BOOL, offsetof(struct clock_rule, enabled) },
	{ "on", SCHEMA_STRING, offsetof(struct clock_rule, on) },
	{ "due", SCHEMA_STRING, offsetof(struct clock_rule, due) },
	{ "keep_days", SCHEMA_INT, offsetof(struct clock_rule, keep_days), .min = 1, .max = LIMIT_MOST },
	{ 0 },
};
static const struct schema clock_schema = {
	.what = "a clock",
	.fields = clock_fields,
	.size = sizeof(struct clock_rule),
	.node_offset = offsetof(struct clock_rule, node),
};

static const struct schema_field choice_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct law_choice, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct law_choice, label), .required = true },
	{ 0 },
};
static const struct schema choice_schema = { "a choice", choice_fields, sizeof(struct law_choice), 0 };

static const struct schema_field input_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct grade_input, name), .required = true },
	{ "type", SCHEMA_ENUM, offsetof(struct grade_input, type), .required = true, .names = input_type_names },
	{ "unit", SCHEMA_STRING, offsetof(struct grade_input, unit) },
	{ "label", SCHEMA_TEXT, offsetof(struct grade_input, label), .required = true },
	{ "choices", SCHEMA_LIST, offsetof(struct grade_input, choices), .sub = &choice_schema },
	{ 0 },
};
static const struct schema input_schema = {
	.what = "an input",
	.fields = input_fields,
	.size = sizeof(struct grade_input),
	.node_offset = offsetof(struct grade_input, node),
};

static const struct schema_field indicator_fields[] = {
	{ "id", SCHEMA_STRING, offsetof(struct indicator, id), .required = true },
	{ "grade", SCHEMA_STRING, offsetof(struct indicator, grade), .required = true },
	{ "text", SCHEMA_TEXT, offsetof(struct indicator, text), .required = true },
	{ "when", SCHEMA_LIST, offsetof(struct indicator, when), .required = true, .sub = &condition_schema },
	{ "source", SCHEMA_STRING, offsetof(struct indicator, source), .required = true },
	{ "verified", SCHEMA_BOOL, offsetof(struct indicator, verified), .required = true },
	{ 0 },
};
static const struct schema indicator_schema = {
	.what = "an indicator",
	.fields = indicator_fields,
	.size = sizeof(struct indicator),
	.node_offset = offsetof(struct indicator, node),
};

static const struct schema_field grading_fields[] = {
	{ "jurisdiction", SCHEMA_STRING, offsetof(struct grading, jurisdiction), .required = true },
	{ "title", SCHEMA_TEXT, offsetof(struct grading, title), .required = true },
	{ "basis", SCHEMA_STRING, offsetof(struct grading, basis), .required = true },
	{ "effective_from", SCHEMA_STRING, offsetof(struct grading, effective_from), .required = true },
	{ "effective_to", SCHEMA_STRING, offsetof(struct grading, effective_to) },
	{ "grades", SCHEMA_LIST, offsetof(struct grading, grades), .required = true, .sub = &choice_schema },
	{ "otherwise", SCHEMA_STRING, offsetof(struct grading, otherwise), .required = true },
	{ "inputs", SCHEMA_LIST, offsetof(struct grading, inputs), .required = true, .sub = &input_schema },
	{ "indicators", SCHEMA_LIST, offsetof(struct grading, indicators), .required = true, .sub = &indicator_schema },
	{ 0 },
};
static const struct schema grading_schema = { "a grading", grading_fields, sizeof(struct grading), 0 };

static const struct schema_field kind_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct category_kind, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct category_kind, label), .required = true },
	{ "asks", SCHEMA_STRINGS, offsetof(struct category_kind, asks) },
	{ 0 },
};
static const struct schema kind_schema = { "a kind of incidents", kind_fields, sizeof(struct category_kind), 0 };

static const struct schema_field class_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct category_class, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct category_class, label), .required = true },
	{ "asks", SCHEMA_STRINGS, offsetof(struct category_class, asks) },
	{ "kinds", SCHEMA_LIST, offsetof(struct category_class, kinds), .sub = &kind_schema },
	{ 0 },
};
static const struct schema class_schema = { "a class of incidents", class_fields, sizeof(struct category_class), 0 };

static const struct schema_field categories_fields[] = {
	{ "title", SCHEMA_TEXT, offsetof(struct categories, title), .required = true },
	{ "basis", SCHEMA_STRING, offsetof(struct categories, basis), .required = true },
	{ "source", SCHEMA_STRING, offsetof(struct categories, source), .required = true },
	{ "effective_from", SCHEMA_STRING, offsetof(struct categories, effective_from), .required = true },
	{ "effective_to", SCHEMA_STRING, offsetof(struct categories, effective_to) },
	{ "verified", SCHEMA_BOOL, offsetof(struct categories, verified), .required = true },
	{ "asks", SCHEMA_STRINGS, offsetof(struct categories, asks) },
	{ "classes", SCHEMA_LIST, offsetof(struct categories, classes), .required = true, .sub = &class_schema },
	{ 0 },
};
static const struct schema categories_schema = { "categories", categories_fields, sizeof(struct categories), 0 };

static const struct schema_field notice_fields[] = {
	{ "colour", SCHEMA_STRING, offsetof(struct notice_colour, colour), .required = true },
	{ "acknowledge", SCHEMA_INT, offsetof(struct notice_colour, acknowledge), .required = true, .min = 1, .max = LIMIT_MOST },
	{ "relay", SCHEMA_INT, offsetof(struct notice_colour, relay), .required = true, .min = 1, .max = LIMIT_MOST },
	{ "feedback", SCHEMA_INT, offsetof(struct notice_colour, feedback), .required = true, .min = 1, .max = LIMIT_MOST },
	{ "source", SCHEMA_STRING, offsetof(struct notice_colour, source), .required = true },
	{ "verified", SCHEMA_BOOL, offsetof(struct notice_colour, verified), .required = true },
	{ 0 },
};
static const struct schema notice_schema = { "a colour of notices", notice_fields, sizeof(struct notice_colour), 0 };

/* ---- dates ---- */

static bool digits(struct str s, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool month_and_day(struct str s, size_t at)
{
	int64_t month = str_int_or(str_slice(s, at, at + 2), 0), day = str_int_or(str_slice(s, at + 3, at + 5), 0);
	return digits(s, at, 2) && s.p[at + 2] == '-' && digits(s, at + 3, 2) && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool is_date(struct str s)
{
	return s.n == 10 && digits(s, 0, 4) && s.p[4] == '-' && month_and_day(s, 5);
}

static int date_check(const struct source *source, const struct doc *node, struct str date, struct err *err)
{
	return !date.p || is_date(date) ? 0 : doc_err(source, node, err, "'%.*s' is no date like 2025-11-01", STR_ARG(date));
}

bool law_holds(struct str from, struct str to, struct str day)
{
	return (!from.n || str_compare(from, day) <= 0) && (!to.n || str_compare(to, day) >= 0);
}

/* ---- clocks ---- */

static int clock_check(const struct source *source, const struct clock_rule *rule, struct err *err)
{
	const struct clock_limit *limit = &rule->limit;
	int said = !!limit->minutes + !!limit->hours + !!limit->days + !!limit->working_days + !!limit->years + limit->prompt;
	if (limit->node && said != 1)
		return doc_err(source, limit->node, err, "a limit is one of minutes, hours, days, working_days, years, prompt");
	if (rule->kind <= CLOCK_RECEIVER && (!said || !rule->start.n))
		return doc_err(source, rule->node, err, "%.*s: needs 'start' and 'limit'", STR_ARG(rule->id));
	if (rule->kind == CLOCK_RETENTION && !rule->keep_days)
		return doc_err(source, rule->node, err, "%.*s: a retention needs 'keep_days'", STR_ARG(rule->id));
	if (rule->every && limit->prompt)
		return doc_err(source, rule->node, err, "%.*s: what begins anew needs a limit with a figure", STR_ARG(rule->id));
	if (rule->on.p && !(rule->on.n == 5 && month_and_day(rule->on, 0)))
		return doc_err(source, rule->node, err, "'%.*s' is no month and day like 12-20", STR_ARG(rule->on));
	int r = date_check(source, rule->node, rule->effective_from, err);
	if (r == 0)
		r = date_check(source, rule->node, rule->effective_to, err);
	if (r == 0)
		r = date_check(source, rule->node, rule->due, err);
	return r < 0 ? r : conditions_check(source, &rule->when, err);
}

static bool key_is(const struct doc *map, const char *name)
{
	return doc_get(map, str_from(name)) != NULL;
}

int clocks_parse(struct arena *arena, struct source *source, struct schema_list *out, struct err *err)
{
	const struct doc *doc;
	*out = (struct schema_list){ 0 };
	int r = yaml_parse(arena, source, &doc, err);
	if (r < 0 || doc->type == DOC_NULL)
		return r;
	r = schema_decode_list(arena, source, doc, &clock_schema, out, err);
	struct clock_rule *rules = out->p;
	for (size_t i = 0; r == 0 && i < out->n; i++) {
		if (!key_is(rules[i].node, "enabled"))
			rules[i].enabled = true;
		r = clock_check(source, &rules[i], err);
	}
	return r;
}

/* ---- grading ---- */

static const struct law_choice *choice_find(const struct schema_list *list, struct str name)
{
	const struct law_choice *choice = list->p;
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(choice[i].name, name))
			return &choice[i];
	return NULL;
}

const struct grade_input *grading_input(const struct grading *grading, struct str name)
{
	const struct grade_input *input = grading->inputs.p;
	for (size_t i = 0; i < grading->inputs.n; i++)
		if (str_eq(input[i].name, name))
			return &input[i];
	return NULL;
}

/* An indicator asks only for inputs that there are, and for choices that those have. */
static int asks_check(const struct source *source, const struct grading *grading, const struct condition *condition, struct err *err)
{
	const struct grade_input *input = grading_input(grading, condition->field);
	if (!input)
		return doc_err(source, condition->node, err, "there is no input '%.*s'", STR_ARG(condition->field));
	if (input->type != INPUT_CHOICE)
		return 0;
	struct strings one = { &(struct str){ doc_string(condition->is).p, doc_string(condition->is).n }, condition->is ? 1 : 0 };
	const struct strings *asked = condition->is ? &one : condition->in.n ? &condition->in : &condition->not_in;
	for (size_t i = 0; i < asked->n; i++)
		if (!choice_find(&input->choices, asked->p[i]))
			return doc_err(source, condition->node, err, "'%.*s' is no choice of '%.*s'", STR_ARG(asked->p[i]),
			               STR_ARG(input->name));
	return 0;
}

static int indicator_check(const struct source *source, const struct grading *grading, const struct indicator *indicator,
                           struct err *err)
{
	if (!choice_find(&grading->grades, indicator->grade))
		return doc_err(source, indicator->node, err, "there is no grade '%.*s'", STR_ARG(indicator->grade));
	if (!indicator->when.n)
		return doc_err(source, indicator->node, err, "%.*s: an indicator without conditions would always be met",
		               STR_ARG(indicator->id));
	int r = conditions_check(source, &indicator->when, err);
	const struct condition *condition = indicator->when.p;
	for (size_t i = 0; r == 0 && i < indicator->when.n; i++)
		r = asks_check(source, grading, &condition[i], err);
	return r;
}

static int grading_check(const struct source *source, const struct doc *node, const struct grading *grading, struct err *err)
{
	const struct law_choice *grade = grading->grades.p;
	for (size_t i = 0; i < grading->grades.n; i++)
		if (!grade_rank(grade[i].name))
			return doc_err(source, node, err, "a grade is I, II, III or IV, not '%.*s'", STR_ARG(grade[i].name));
	if (!choice_find(&grading->grades, grading->otherwise))
		return doc_err(source, node, err, "there is no grade '%.*s'", STR_ARG(grading->otherwise));
	const struct grade_input *input = grading->inputs.p;
	for (size_t i = 0; i < grading->inputs.n; i++)
		if ((input[i].type == INPUT_CHOICE) != (input[i].choices.n > 0))
			return doc_err(source, input[i].node, err, "%.*s: 'choices' belong to an input of type choice", STR_ARG(input[i].name));
	int r = date_check(source, node, grading->effective_from, err);
	const struct indicator *indicator = grading->indicators.p;
	for (size_t i = 0; r == 0 && i < grading->indicators.n; i++)
		r = indicator_check(source, grading, &indicator[i], err);
	return r;
}

int grading_parse(struct arena *arena, struct source *source, struct grading *out, struct err *err)
{
	const struct doc *doc;
	*out = (struct grading){ 0 };
	int r = yaml_parse(arena, source, &doc, err);
	if (r == 0)
		r = schema_decode(arena, source, doc, &grading_schema, out, err);
	return r < 0 ? r : grading_check(source, doc, out, err);
}

int categories_parse(struct arena *arena, struct source *source, struct categories *out, struct err *err)
{
	const struct doc *doc;
	*out = (struct categories){ 0 };
	int r = yaml_parse(arena, source, &doc, err);
	if (r == 0)
		r = schema_decode(arena, source, doc, &categories_schema, out, err);
	return r < 0 ? r : date_check(source, doc, out->effective_from, err);
}

int notices_parse(struct arena *arena, struct source *source, struct schema_list *out, struct err *err)
{
	const struct doc *doc;
	*out = (struct schema_list){ 0 };
	int r = yaml_parse(arena, source, &doc, err);
	if (r < 0 || doc->type == DOC_NULL)
		return r;
	return schema_decode_list(arena, source, doc, &notice_schema, out, err);
}

/* ---- all of them ---- */

static struct str name_of(struct str file)
{
	ptrdiff_t slash = str_find_char_last(file, '/'), dot = str_find_char_last(file, '.');
	return str_slice(file, (size_t)(slash + 1), dot > slash ? (size_t)dot : file.n);
}

struct clock_list {
	struct clock_rule *p;
	size_t n, room;
};

static int clocks_add(struct laws *laws, const struct source *source, const struct schema_list *some, struct clock_list *all,
                      struct err *err)
{
	const struct clock_rule *rule = some->p;
	for (size_t i = 0; i < some->n; i++) {
		for (size_t j = 0; j < all->n; j++)
			if (str_eq(all->p[j].id, rule[i].id))
				return doc_err(source, rule[i].node, err, "clock '%.*s' is declared already", STR_ARG(rule[i].id));
		vec_push_in(&laws->arena, all, rule[i]);
	}
	return 0;
}

static int clocks_load(struct laws *laws, const struct content *content, struct err *err)
{
	struct strings files;
	struct clock_list all = { 0 };
	int r = content_list(&laws->arena, content, "clocks/", &files, err);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		struct source *source = ARENA_NEW(&laws->arena, struct source);
		struct schema_list some = { 0 };
		r = content_read(&laws->arena, content, arena_cstr(&laws->arena, files.p[i]), source, err);
		if (r == 0)
			r = clocks_parse(&laws->arena, source, &some, err);
		if (r == 0)
			r = clocks_add(laws, source, &some, &all, err);
	}
	laws->clocks = all.p;
	laws->n_clocks = all.n;
	return r;
}

static int gradings_load(struct laws *laws, const struct content *content, struct err *err)
{
	struct strings files;
	int r = content_list(&laws->arena, content, "grading/", &files, err);
	if (r < 0)
		return r;
	laws->gradings = ARENA_ARRAY(&laws->arena, struct grading, files.n);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		struct source *source = ARENA_NEW(&laws->arena, struct source);
		struct grading *grading = &laws->gradings[laws->n_gradings];
		r = content_read(&laws->arena, content, arena_cstr(&laws->arena, files.p[i]), source, err);
		if (r < 0 || !source->text.n)
			continue; /* an empty file takes one away */
		r = grading_parse(&laws->arena, source, grading, err);
		grading->name = name_of(files.p[i]);
		laws->n_gradings++;
	}
	return r;
}

static int categories_load(struct laws *laws, const struct content *content, struct err *err)
{
	struct strings files;
	int r = content_list(&laws->arena, content, "categories/", &files, err);
	if (r < 0)
		return r;
	laws->categories = ARENA_ARRAY(&laws->arena, struct categories, files.n);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		struct source *source = ARENA_NEW(&laws->arena, struct source);
		struct categories *categories = &laws->categories[laws->n_categories];
		r = content_read(&laws->arena, content, arena_cstr(&laws->arena, files.p[i]), source, err);
		if (r < 0 || !source->text.n)
			continue;
		r = categories_parse(&laws->arena, source, categories, err);
		categories->name = name_of(files.p[i]);
		laws->n_categories++;
	}
	return r;
}

static int notices_load(struct laws *laws, const struct content *content, struct err *err)
{
	struct source *source = ARENA_NEW(&laws->arena, struct source);
	int r = content_read(&laws->arena, content, "notices.yaml", source, err);
	return r < 0 ? r : notices_parse(&laws->arena, source, &laws->notices, err);
}

int laws_load(const struct content *content, struct laws **out, struct err *err)
{
	CLEANUP(laws_free_p) struct laws *laws = mem_alloc(sizeof(*laws));
	int r = clocks_load(laws, content, err);
	if (r == 0)
		r = gradings_load(laws, content, err);
	if (r == 0)
		r = categories_load(laws, content, err);
	if (r == 0)
		r = notices_load(laws, content, err);
	if (r == 0)
		*out = TAKE(laws);
	return r;
}

void laws_free(struct laws *laws)
{
	if (!laws)
		return;
	arena_done(&laws->arena);
	free(laws);
}

void laws_free_p(struct laws **laws)
{
	laws_free(*laws);
}

const struct clock_rule *laws_clock(const struct laws *laws, struct str id)
{
	for (size_t i = 0; i < laws->n_clocks; i++)
		if (str_eq(laws->clocks[i].id, id))
			return &laws->clocks[i];
	return NULL;
}

const struct grading *laws_grading(const struct laws *laws, struct str jurisdiction, struct str day)
{
	for (size_t i = 0; i < laws->n_gradings; i++) {
		const struct grading *grading = &laws->gradings[i];
		if (str_eq(grading->jurisdiction, jurisdiction) && law_holds(grading->effective_from, grading->effective_to, day))
			return grading;
	}
	return NULL;
}

const struct text *laws_category(const struct laws *laws, struct str name)
{
	for (size_t i = 0; i < laws->n_categories; i++) {
		const struct category_class *class = laws->categories[i].classes.p;
		for (size_t j = 0; j < laws->categories[i].classes.n; j++) {
			if (str_eq(class[j].name, name))
				return &class[j].label;
			const struct category_kind *kind = class[j].kinds.p;
			for (size_t k = 0; k < class[j].kinds.n; k++)
				if (str_eq(kind[k].name, name))
					return &kind[k].label;
		}
	}
	return NULL;
}

const struct notice_colour *laws_notice(const struct laws *laws, struct str colour)
{
	const struct notice_colour *notice = laws->notices.p;
	for (size_t i = 0; i < laws->notices.n; i++)
		if (str_eq(notice[i].colour, colour))
			return &notice[i];
	return NULL;
}
