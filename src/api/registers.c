/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * registers: the declarations that this person may read, for the menu, lists and forms; with how much there is.
 */
#include "api/declared.h"
#include "register/list.h"

extern const struct route routes_registers[];

static void put_label(struct buf *out, const char *name, const struct text *text)
{
	if (!text->in[LANG_EN].p)
		return;
	json_open_map(out, name);
	for (enum lang lang = LANG_EN; lang < LANG_COUNT; lang++)
		json_put(out, lang_names[lang], text->in[lang]);
	buf_add_char(out, '}');
}

static void put_true(struct buf *out, const char *name, bool flag)
{
	if (flag)
		json_put_flag(out, name, true);
}

static void put_choices(struct buf *out, const char *name, const struct schema_list *list)
{
	const struct choice *choices = list->p;
	json_open_list(out, name);
	for (size_t i = 0; i < list->n; i++) {
		json_open_map(out, NULL);
		json_put(out, "name", choices[i].name);
		put_label(out, "label", &choices[i].label);
		json_put(out, "tone", str_from(tone_names[choices[i].tone]));
		put_true(out, "final", choices[i].final);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void put_field(struct buf *out, const struct field *field)
{
	json_open_map(out, NULL);
	json_put(out, "name", field->name);
	json_put(out, "type", str_from(field_type_names[field->type]));
	put_label(out, "label", &field->label);
	put_label(out, "help", &field->help);
	put_true(out, "required", field->required);
	put_true(out, "unique", field->unique);
	put_true(out, "read_only", field->read_only);
	put_true(out, "time", field->time);
	if (field->to.n)
		json_put(out, "to", field->to);
	if (field->choices.n)
		put_choices(out, "choices", &field->choices);
	if (field->min || field->max) {
		json_put_int(out, "min", field->min);
		json_put_int(out, "max", field->max);
	}
	if (field->pattern.n)
		json_put(out, "pattern", field->pattern);
	put_label(out, "pattern_help", &field->pattern_help);
	if (field->sensitive)
		json_put(out, "sensitive", str_from(sensitive_names[field->sensitive]));
	if (field->unit.n)
		json_put(out, "unit", field->unit);
	if (field->default_value) {
		json_key(out, "default");
		if (field->default_value->type == DOC_BOOL)
			buf_puts(out, field->default_value->boolean ? "true" : "false");
		else
			cell_add_json(out, cell_from_doc(field->default_value));
	}
	buf_add_char(out, '}');
}

static void put_transition(struct buf *out, const struct transition *transition)
{
	json_open_map(out, NULL);
	json_put(out, "name", transition->name);
	put_label(out, "label", &transition->label);
	json_put_strings(out, "from", &transition->from);
	json_put(out, "to", transition->to);
	json_put_strings(out, "roles", &transition->roles);
	json_put_strings(out, "differs_from", &transition->differs_from);
	json_put_strings(out, "needs", &transition->needs);
	json_put_strings(out, "asks", &transition->asks);
	json_open_list(out, "sets");
	for (size_t i = 0; transition->sets && i < transition->sets->n; i++)
		json_put(out, NULL, doc_string(doc_key(transition->sets, i)));
	buf_add_char(out, ']');
	put_true(out, "reason", transition->reason);
	put_true(out, "confirmed", transition->confirmed);
	put_true(out, "signed", transition->signed_);
	if (transition->unless.p)
		json_put(out, "unless", transition->unless);
	put_true(out, "superior", transition->superior);
	put_true(out, "automatic", transition->automatic);
	json_put(out, "tone", str_from(tone_names[transition->tone]));
	buf_add_char(out, '}');
}

static void put_views(struct buf *out, const struct register_ *reg)
{
	const struct list_view *views = reg->views.p;
	json_open_list(out, "views");
	for (size_t i = 0; i < reg->views.n; i++) {
		json_open_map(out, NULL);
		json_put(out, "name", views[i].name);
		put_label(out, "label", &views[i].label);
		json_put_strings(out, "filter", &views[i].filter);
		json_put(out, "sort", views[i].sort);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void put_may(struct request *request, const struct register_ *reg)
{
	static const struct {
		const char *name;
		enum record_right right;
	} rights[] = { { "create", RECORD_CREATE }, { "edit", RECORD_EDIT },     { "withdraw", RECORD_WITHDRAW },
		       { "import", RECORD_IMPORT }, { "export", RECORD_EXPORT }, { "unmask", RECORD_UNMASK } };
	json_open_map(&request->out, "may");
	for (size_t i = 0; i < COUNT(rights); i++)
		json_put_flag(&request->out, rights[i].name, record_may(&office_of(request)->books, request->actor, reg, rights[i].right));
	buf_add_char(&request->out, '}');
}

static bool is_needed(const struct register_ *reg, struct str profile)
{
	for (size_t i = 0; i < reg->profiles.n; i++)
		if (str_eq(reg->profiles.p[i], profile))
			return true;
	return !reg->profiles.n || !profile.n;
}

static void put_declaration(struct request *request, const struct register_ *reg)
{
	struct buf *out = &request->out;
	const struct field *fields = reg->fields.p;
	const struct transition *transitions = reg->transitions.p;
	json_put(out, "name", reg->name);
	json_put(out, "code", reg->code);
	json_put(out, "group", reg->group);
	put_label(out, "label", &reg->label);
	put_label(out, "about", &reg->about);
	json_put(out, "number", reg->number);
	json_put_strings(out, "key", &reg->key);
	json_put_strings(out, "title", &reg->title);
	json_put_strings(out, "columns", &reg->columns);
	json_open_list(out, "fields");
	for (size_t i = 0; i < reg->fields.n; i++)
		put_field(out, &fields[i]);
	buf_add_char(out, ']');
	put_choices(out, "states", &reg->states);
	json_open_list(out, "transitions");
	for (size_t i = 0; i < reg->transitions.n; i++)
		put_transition(out, &transitions[i]);
	buf_add_char(out, ']');
	put_views(out, reg);
	put_may(request, reg);
	json_put_flag(out, "needed", is_needed(reg, cases_kind(&office_of(request)->cases)));
	put_true(out, "quiet", reg->quiet);
	json_put_strings(out, "profiles", &reg->profiles);
}

/* Those with something left to be done. Work ends well (a finding is closed): what has not ended is open. Other registers keep what
 * stands (a device in use, until it is retired): there, a state that is good is settled. */
static struct str open_filter(struct arena *arena, const struct register_ *reg)
{
	const struct choice *states = reg->states.p;
	bool work = false;
	BUF(filter);
	for (size_t i = 0; i < reg->states.n; i++)
		work |= states[i].final && strcmp(tone_names[states[i].tone], "good") == 0;
	for (size_t i = 0; i < reg->states.n; i++)
		if (!states[i].final && (work || strcmp(tone_names[states[i].tone], "good") != 0))
			buf_printf(&filter, "%s%.*s", filter.n ? "," : "state:in:", STR_ARG(states[i].name));
	return arena_str(arena, buf_str(&filter));
}

static int put_counts(struct request *request, const struct register_ *reg, struct err *err)
{
	struct str open = open_filter(request->arena, reg);
	struct list_query query = { .count_only = true };
	struct list_page page;
	int r = list_read(request->arena, request->db, &office_of(request)->books, request->actor, reg, &query, &page, err);
	if (r < 0)
		return r;
	json_put_int(&request->out, "total", page.total);
	if (open.n) {
		query.filters = (struct strings){ &open, 1 };
		r = list_read(request->arena, request->db, &office_of(request)->books, request->actor, reg, &query, &page, err);
	} else {
		page.total = 0;
	}
	if (r == 0)
		json_put_int(&request->out, "open", page.total);
	return r;
}

static int get_registers(struct request *request, struct err *err)
{
	struct office *office = office_of(request);
	const struct register_group *groups = office->registers->groups.p;
	int r = 0;
	json_open_map(&request->out, NULL);
	json_open_list(&request->out, "registers");
	for (size_t i = 0; r == 0 && i < office->registers->n; i++) {
		const struct register_ *reg = &office->registers->p[i];
		if (!record_may(&office->books, request->actor, reg, RECORD_READ))
			continue;
		json_open_map(&request->out, NULL);
		put_declaration(request, reg);
		r = put_counts(request, reg, err);
		buf_add_char(&request->out, '}');
	}
	buf_add_char(&request->out, ']');
	json_open_list(&request->out, "groups");
	for (size_t i = 0; i < office->registers->groups.n; i++) {
		json_open_map(&request->out, NULL);
		json_put(&request->out, "name", groups[i].name);
		put_label(&request->out, "label", &groups[i].label);
		buf_add_char(&request->out, '}');
	}
	buf_puts(&request->out, "]}");
	return r;
}

const struct route routes_registers[] = {
	{ METHOD_GET, "/api/registers", "listRegisters", "declarations of the registers this person may read, with counts", .flags = ROUTE_TOKEN,
	  .gives = "Registers", .handle = get_registers },
	{ 0 },
};
