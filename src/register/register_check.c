/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/register_check.h"

#include <stdlib.h>

#include "base/clock.h"
#include "fact/table.h"
#include "register/number.h"
#include "register/register_words.h"
#include "register/value.h"

enum { STATES_MOST = 40, TRANSITIONS_MOST = 100, CHOICES_MOST = 500, VIEWS_MOST = 50, INDEXES_MOST = 30, DUES_MOST = 20, NAMES_MOST = 200 };

struct check {
	const struct register_ *reg;
	const struct strings *roles;
	struct err *err;
};

/* The node of a list member, for its place; the whole when it was written as one text. */
static const struct doc *member_node(const struct doc *map, const char *key, size_t i)
{
	const struct doc *node = doc_get(map, str_from(key));
	return node && node->type == DOC_ARRAY && i < node->n ? &node->items[i] : node;
}

static const struct doc *key_node(const struct doc *map, const char *key)
{
	const struct doc *node = doc_get(map, str_from(key));
	return node ? node : map;
}

/* ---- names ---- */

static bool name_is_well_formed(struct str name)
{
	if (!name.n || name.n > REGISTER_NAME_MOST || name.p[0] < 'a' || name.p[0] > 'z')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_'))
			return false;
	return true;
}

static int word_order(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

static bool name_is_reserved(const char *name)
{
	return bsearch(name, reserved_words, COUNT(reserved_words), sizeof(reserved_words[0]), word_order);
}

/* Names of states, transitions, views and choices may have a hyphen, since they are no names of SQL. */
static int check_label_name(const struct check *check, const struct doc *node, struct str name, const char *what)
{
	bool good = name.n && name.n <= REGISTER_NAME_MOST;
	for (size_t i = 0; good && i < name.n; i++)
		good = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_' || name.p[i] == '-' ||
		       (name.p[i] >= 'A' && name.p[i] <= 'Z');
	return good ? 0
	            : doc_err(check->reg->source, key_node(node, "name"), check->err,
	                      "the name of %s, '%.*s', must be 1 to %d letters, digits, '_' and '-'", what, STR_ARG(name), REGISTER_NAME_MOST);
}

static int check_register_name(const struct check *check)
{
	const struct register_ *reg = check->reg;
	const struct doc *node = key_node(reg->node, "name");
	struct str name = reg->name;
	ARENA(scratch);
	if (!name_is_well_formed(name))
		return doc_err(reg->source, node, check->err, "the register's name '%.*s' must be small letters, digits and '_', at most %d, a letter first",
		               STR_ARG(name), REGISTER_NAME_MOST);
	if (name_is_reserved(arena_cstr(&scratch, name)) || str_starts(name, "ward_") || str_starts(name, "sqlite_") || str_starts(name, "pg_") ||
	    str_is(name, "events"))
		return doc_err(reg->source, node, check->err, "no register can be named '%.*s': it is a word of SQL, or of ward's own tables", STR_ARG(name));
	if (table_find(name))
		return doc_err(reg->source, node, check->err, "no register can be named '%.*s': hosts have a table of this name", STR_ARG(name));
	return 0;
}

uint64_t register_role_bits(const struct strings *roles, struct strings names)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < names.n; i++)
		for (size_t k = 0; k < roles->n && k < 64; k++)
			if (str_eq(names.p[i], roles->p[k]))
				bits |= UINT64_C(1) << k;
	return bits;
}

static int check_roles(const struct check *check, const struct doc *map, const char *key, const struct strings *names)
{
	for (size_t i = 0; i < names->n; i++) {
		struct strings one = { &names->p[i], 1 };
		if (!register_role_bits(check->roles, one))
			return doc_err(check->reg->source, member_node(map, key, i), check->err, "there is no role '%.*s'; content/roles.yaml has them",
			               STR_ARG(names->p[i]));
	}
	return 0;
}

/* ---- fields ---- */

static bool is_system_name(struct str name)
{
	static const char *const names[] = { "id", "number", "org", "state", "state_since", "version", "created", "created_by",
		                             "updated", "updated_by", "withdrawn" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

static int check_choices(const struct check *check, const struct field *field)
{
	const struct choice *choices = field->choices.p;
	bool wanted = field->type == FIELD_CHOICE || field->type == FIELD_CHOICES;
	if (wanted != (field->choices.n > 0) || field->choices.n > CHOICES_MOST)
		return doc_err(check->reg->source, field->node, check->err,
		               wanted ? "'%.*s' needs 1 to %d 'choices'" : "'%.*s' has 'choices', but they belong to the types choice and choices", STR_ARG(field->name),
		               CHOICES_MOST);
	for (size_t i = 0; i < field->choices.n; i++) {
		int r = check_label_name(check, choices[i].node, choices[i].name, "a choice");
		if (r < 0)
			return r;
		for (size_t k = 0; k < i; k++)
			if (str_eq(choices[k].name, choices[i].name))
				return doc_err(check->reg->source, choices[i].node, check->err, "the choice '%.*s' stands here twice", STR_ARG(choices[i].name));
	}
	return 0;
}

static bool is_text(const struct field *field)
{
	return field->type == FIELD_TEXT || field->type == FIELD_LONG_TEXT;
}

static int check_field(const struct check *check, const struct field *field)
{
	const struct register_ *reg = check->reg;
	bool refers = field->type == FIELD_REFERENCE || field->type == FIELD_REFERENCES;
	if (!name_is_well_formed(field->name))
		return doc_err(reg->source, key_node(field->node, "name"), check->err,
		               "the field's name '%.*s' must be small letters, digits and '_', at most %d, a letter first", STR_ARG(field->name),
		               REGISTER_NAME_MOST);
	if (is_system_name(field->name))
		return doc_err(reg->source, key_node(field->node, "name"), check->err, "every record has '%.*s' already; give the field another name",
		               STR_ARG(field->name));
	if (refers != (field->to.n > 0))
		return doc_err(reg->source, field->node, check->err,
		               refers ? "'%.*s' needs 'to', the register it refers to" : "'%.*s' has 'to', which belongs to the types reference and references",
		               STR_ARG(field->name));
	if (field->sensitive && field->type != FIELD_TEXT)
		return doc_err(reg->source, field->node, check->err, "'%.*s' is sensitive, which only the type text can be", STR_ARG(field->name));
	if (field->pattern.n && !is_text(field) && field->type != FIELD_TEXTS)
		return doc_err(reg->source, field->node, check->err, "'%.*s' has a pattern, which belongs to texts", STR_ARG(field->name));
	if (field->time && field->type != FIELD_PERIOD)
		return doc_err(reg->source, field->node, check->err, "'%.*s' has 'time', which belongs to the type period", STR_ARG(field->name));
	if (field->min > field->max && field->max)
		return doc_err(reg->source, field->node, check->err, "'%.*s' has a 'min' above its 'max'", STR_ARG(field->name));
	if (is_text(field) && (field->min < 0 || field->max < 0 || field->max > 1000000))
		return doc_err(reg->source, field->node, check->err, "'%.*s' has a length that is not between 0 and 1000000", STR_ARG(field->name));
	if (field->unique && (field_is_list(field) || field->type == FIELD_PERIOD || field->type == FIELD_LONG_TEXT))
		return doc_err(reg->source, field->node, check->err, "'%.*s' cannot be unique: it is a list, a period or a long text", STR_ARG(field->name));
	int r = check_choices(check, field);
	if (r == 0 && field->default_value && !value_constant_fits(field, field->default_value))
		r = doc_err(reg->source, key_node(field->node, "default"), check->err, "the default of '%.*s' is not a value of its type", STR_ARG(field->name));
	return r;
}

static int check_fields(const struct check *check)
{
	const struct field *fields = check->reg->fields.p;
	size_t n = check->reg->fields.n;
	int r = 0;
	if (!n || n > REGISTER_FIELDS_MOST)
		return doc_err(check->reg->source, key_node(check->reg->node, "fields"), check->err, "a register has 1 to %d fields", REGISTER_FIELDS_MOST);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = check_field(check, &fields[i]);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (str_eq(fields[k].name, fields[i].name))
				r = doc_err(check->reg->source, fields[i].node, check->err, "the field '%.*s' stands here twice", STR_ARG(fields[i].name));
	}
	return r;
}

int register_check_columns(struct arena *arena, const struct register_ *reg, struct err *err)
{
	struct map seen = { .arena = arena };
	for (size_t i = 0; i < reg->columns_all.n; i++) {
		const struct register_column *column = &reg->columns_all.p[i];
		const struct doc *node = column->field ? column->field->node : reg->node;
		void **slot = map_put(&seen, str_from(column->name));
		if (*slot)
			return doc_err(reg->source, node, err, "two fields would have the column '%s'", column->name);
		*slot = (void *)column;
		if (name_is_reserved(column->name))
			return doc_err(reg->source, key_node(node, "name"), err, "no column can be named '%s': it is a word of SQL", column->name);
	}
	return 0;
}

/* ---- lists of names ---- */

/* `also`: further names that may stand there, apart by blanks. */
static int check_names(const struct check *check, const struct doc *map, const char *key, const struct strings *names, const char *also)
{
	if (names->n > NAMES_MOST)
		return doc_err(check->reg->source, key_node(map, key), check->err, "'%s' has more than %d names", key, NAMES_MOST);
	for (size_t i = 0; i < names->n; i++) {
		bool known = register_field(check->reg, names->p[i]);
		for (struct str rest = str_from(also), word = str_word(&rest); !known && word.n; word = str_word(&rest))
			known = str_eq(word, names->p[i]);
		if (!known)
			return doc_err(check->reg->source, member_node(map, key, i), check->err, "'%s' names '%.*s', and there is no such field", key,
			               STR_ARG(names->p[i]));
	}
	return 0;
}

static int check_states_named(const struct check *check, const struct doc *map, const char *key, const struct strings *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (!register_state(check->reg, names->p[i]))
			return doc_err(check->reg->source, member_node(map, key, i), check->err, "'%s' names the state '%.*s', and there is no such state", key,
			               STR_ARG(names->p[i]));
	return 0;
}

static int check_states(const struct check *check)
{
	const struct choice *states = check->reg->states.p;
	size_t n = check->reg->states.n;
	int r = 0;
	if (!n || n > STATES_MOST)
		return doc_err(check->reg->source, key_node(check->reg->node, "states"), check->err, "a register has 1 to %d states", STATES_MOST);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = check_label_name(check, states[i].node, states[i].name, "a state");
		for (size_t k = 0; r == 0 && k < i; k++)
			if (str_eq(states[k].name, states[i].name))
				r = doc_err(check->reg->source, states[i].node, check->err, "the state '%.*s' stands here twice", STR_ARG(states[i].name));
	}
	return r;
}

static int check_sets(const struct check *check, const struct doc *sets, const char *key)
{
	if (!sets)
		return 0;
	if (sets->type != DOC_MAP)
		return doc_err(check->reg->source, sets, check->err, "'%s' must be a map of fields, not %s", key, doc_type_words(sets));
	for (size_t i = 0; i < sets->n; i++) {
		struct str name = doc_string(doc_key(sets, i));
		const struct doc *value = doc_value(sets, i);
		const struct field *field = register_field(check->reg, name);
		if (!field)
			return doc_err(check->reg->source, doc_key(sets, i), check->err, "'%s' names '%.*s', and there is no such field", key, STR_ARG(name));
		bool fits = value->type == DOC_NULL || value_constant_fits(field, value);
		if (!value->quoted && field->type == FIELD_PERSON)
			fits = fits || str_is(doc_string(value), "actor");
		if (!value->quoted && field->type == FIELD_TIME)
			fits = fits || str_is(doc_string(value), "now");
		if (!value->quoted && field->type == FIELD_DATE)
			fits = fits || str_is(doc_string(value), "today");
		if (!fits)
			return doc_err(check->reg->source, value, check->err,
			               "'%s' sets '%.*s' to what it cannot be; a person can be set to actor, a time to now, a date to today", key, STR_ARG(name));
	}
	return 0;
}

static bool is_taken_action(struct str name)
{
	static const char *const actions[] = { "create", "edit", "withdraw", "unmask", "attach", "detach", "import" };
	for (size_t i = 0; i < COUNT(actions); i++)
		if (str_is(name, actions[i]))
			return true;
	return false;
}

static int check_transition(const struct check *check, const struct transition *transition)
{
	const struct register_ *reg = check->reg;
	int r = check_label_name(check, transition->node, transition->name, "a transition");
	if (r == 0 && is_taken_action(transition->name))
		r = doc_err(reg->source, key_node(transition->node, "name"), check->err, "no transition can be named '%.*s': ward uses it itself",
		            STR_ARG(transition->name));
	if (r == 0)
		r = check_states_named(check, transition->node, "from", &transition->from);
	if (r == 0 && !register_state(reg, transition->to))
		r = doc_err(reg->source, key_node(transition->node, "to"), check->err, "'to' names the state '%.*s', and there is no such state",
		            STR_ARG(transition->to));
	if (r == 0)
		r = check_roles(check, transition->node, "roles", &transition->roles);
	if (r == 0)
		r = check_names(check, transition->node, "differs_from", &transition->differs_from, "");
	if (r == 0)
		r = check_names(check, transition->node, "needs", &transition->needs, "");
	if (r == 0)
		r = check_names(check, transition->node, "asks", &transition->asks, "");
	for (size_t i = 0; r == 0 && i < transition->differs_from.n; i++)
		if (register_field(reg, transition->differs_from.p[i])->type != FIELD_PERSON)
			r = doc_err(reg->source, member_node(transition->node, "differs_from", i), check->err,
			            "'differs_from' names '%.*s', which is not of the type person", STR_ARG(transition->differs_from.p[i]));
	const struct field *unless = transition->unless.p ? register_field(reg, transition->unless) : NULL;
	if (r == 0 && transition->unless.p && (!unless || unless->type != FIELD_BOOL))
		r = doc_err(reg->source, key_node(transition->node, "unless"), check->err, "'unless' names '%.*s', which is no field of the type bool",
		            STR_ARG(transition->unless));
	return r < 0 ? r : check_sets(check, transition->sets, "sets");
}

static int check_transitions(const struct check *check)
{
	const struct transition *transitions = check->reg->transitions.p;
	size_t n = check->reg->transitions.n;
	int r = 0;
	if (n > TRANSITIONS_MOST)
		return doc_err(check->reg->source, key_node(check->reg->node, "transitions"), check->err, "a register has at most %d transitions",
		               TRANSITIONS_MOST);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = check_transition(check, &transitions[i]);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (str_eq(transitions[k].name, transitions[i].name))
				r = doc_err(check->reg->source, transitions[i].node, check->err, "the transition '%.*s' stands here twice",
				            STR_ARG(transitions[i].name));
	}
	return r;
}

static int check_dues(const struct check *check)
{
	const struct due *dues = check->reg->dues.p;
	if (check->reg->dues.n > DUES_MOST)
		return doc_err(check->reg->source, key_node(check->reg->node, "dues"), check->err, "a register has at most %d dues", DUES_MOST);
	for (size_t i = 0; i < check->reg->dues.n; i++) {
		const struct due *due = &dues[i];
		const struct field *field = register_field(check->reg, due->field);
		bool fits = field && (field->type == FIELD_TIME || (field->type == FIELD_DATE && due->unit != DUE_HOURS));
		if (!fits)
			return doc_err(check->reg->source, key_node(due->node, "field"), check->err,
			               "'field' of a due date must be a field of type date, or time when it counts hours; '%.*s' is not", STR_ARG(due->field));
		if (due->on.n && !register_state(check->reg, due->on))
			return doc_err(check->reg->source, key_node(due->node, "on"), check->err, "'on' names the state '%.*s', and there is no such state",
			               STR_ARG(due->on));
	}
	return 0;
}

static const char listed[] = "id number org state state_since created updated created_by updated_by withdrawn";

/* A view may be sorted and filtered by the beginning or the end of a period, NAME_from and NAME_to, too. */
static struct str period_of(const struct register_ *reg, struct str name)
{
	size_t ending = str_ends(name, "_from") ? 5 : str_ends(name, "_to") ? 3 : 0;
	const struct field *field = register_field(reg, str_slice(name, 0, name.n - ending));
	return ending && field && field->type == FIELD_PERIOD ? field->name : name;
}

static int check_view(const struct check *check, const struct list_view *view)
{
	static const char *const operators[] = { "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "empty", "filled" };
	int r = check_label_name(check, view->node, view->name, "a view");
	struct str sort = period_of(check->reg, str_slice(view->sort, str_starts(view->sort, "-"), view->sort.n));
	struct strings one = { &sort, sort.n > 0 };
	if (r == 0)
		r = check_names(check, view->node, "sort", &one, listed);
	for (size_t i = 0; r == 0 && i < view->filter.n; i++) {
		struct str rest = view->filter.p[i], name = period_of(check->reg, str_cut(&rest, ':')), operator = str_cut(&rest, ':');
		struct strings named = { &name, 1 };
		bool known = false;
		for (size_t k = 0; k < COUNT(operators); k++)
			known |= str_is(operator, operators[k]);
		r = check_names(check, view->node, "filter", &named, listed);
		if (r == 0 && !known)
			r = doc_err(check->reg->source, member_node(view->node, "filter", i), check->err,
			            "a filter is 'field:operator:value'; the operators are eq ne lt le gt ge in has empty filled");
	}
	return r;
}

static int check_lists(const struct check *check)
{
	const struct register_ *reg = check->reg;
	const struct list_view *views = reg->views.p;
	const struct register_index *indexes = reg->indexes.p;
	int r = check_names(check, reg->node, "key", &reg->key, "org number");
	if (r == 0)
		r = check_names(check, reg->node, "title", &reg->title, "number");
	if (r == 0)
		r = check_names(check, reg->node, "columns", &reg->columns, listed);
	if (r == 0 && (!reg->title.n || !reg->columns.n))
		r = doc_err(reg->source, reg->node, check->err, "'title' and 'columns' need at least one name each");
	for (size_t i = 0; r == 0 && i < reg->title.n; i++) {
		const struct field *field = register_field(reg, reg->title.p[i]);
		if (field && (field_is_list(field) || field->type == FIELD_PERIOD))
			r = doc_err(reg->source, member_node(reg->node, "title", i), check->err, "'%.*s' cannot stand in the title: it is a list or a period",
			            STR_ARG(reg->title.p[i]));
	}
	for (size_t i = 0; r == 0 && i < reg->key.n; i++) {
		const struct field *field = register_field(reg, reg->key.p[i]);
		if (field && (field_is_list(field) || field->type == FIELD_PERIOD || field->type == FIELD_LONG_TEXT))
			r = doc_err(reg->source, member_node(reg->node, "key", i), check->err, "'%.*s' cannot stand in the key: it is a list, a period or a long text",
			            STR_ARG(reg->key.p[i]));
	}
	if (r == 0 && (reg->views.n > VIEWS_MOST || reg->indexes.n > INDEXES_MOST))
		r = doc_err(reg->source, reg->node, check->err, "a register has at most %d views and %d indexes", VIEWS_MOST, INDEXES_MOST);
	for (size_t i = 0; r == 0 && i < reg->views.n; i++)
		r = check_view(check, &views[i]);
	for (size_t i = 0; r == 0 && i < reg->indexes.n; i++)
		r = check_names(check, indexes[i].node, "fields", &indexes[i].fields, listed);
	return r;
}

static int check_grants(const struct check *check)
{
	static const char *const keys[RECORD_RIGHTS] = { "read", "create", "edit", "withdraw", "import", "export", "unmask" };
	const struct doc *node = doc_get(check->reg->node, STR("grants"));
	int r = 0;
	for (enum record_right right = 0; r == 0 && right < RECORD_RIGHTS; right++) {
		struct strings names = register_right(check->reg, right);
		r = check_roles(check, node, keys[right], &names);
	}
	return r;
}

int register_check_alone(const struct register_ *reg, const struct strings *roles, struct err *err)
{
	struct check check = { reg, roles, err };
	int r = check_register_name(&check);
	if (r == 0)
		r = check_fields(&check);
	if (r == 0)
		r = check_states(&check);
	if (r == 0)
		r = check_lists(&check);
	if (r == 0)
		r = check_transitions(&check);
	if (r == 0)
		r = check_dues(&check);
	if (r == 0)
		r = check_sets(&check, reg->on_create, "on_create");
	if (r == 0)
		r = check_grants(&check);
	if (r == 0 && reg->number.n && !number_is_pattern(reg->number))
		r = doc_err(reg->source, key_node(reg->node, "number"), err,
		            "'number' is '%.*s'; it needs {n} or {n:4} once, and may have {year}, {org}, letters, digits and -_/", STR_ARG(reg->number));
	return r;
}

/* `among` of a transition against the register that it names, and our own field against what that one lists. */
static int check_among(const struct register_ *reg, const struct among *among, const struct registers *registers, struct err *err)
{
	const struct register_ *other = str_eq(among->reg, reg->name) ? reg : registers_find(registers, among->reg);
	if (!other)
		return doc_err(reg->source, key_node(among->node, "register"), err, "'among' names the register '%.*s', and there is no such register",
		               STR_ARG(among->reg));
	const struct field *has = register_field(reg, among->has), *where = register_field(other, among->where);
	if (!register_state(other, among->state))
		return doc_err(reg->source, key_node(among->node, "state"), err, "'%.*s' has no state '%.*s'", STR_ARG(among->reg), STR_ARG(among->state));
	if (!has || has->type != FIELD_REFERENCE)
		return doc_err(reg->source, key_node(among->node, "has"), err, "'among' compares '%.*s', which is no field of the type reference",
		               STR_ARG(among->has));
	if (!where || where->type != FIELD_REFERENCES || !str_eq(where->to, has->to))
		return doc_err(reg->source, key_node(among->node, "where"), err, "'%.*s' of '%.*s' is no list of references to '%.*s'", STR_ARG(among->where),
		               STR_ARG(among->reg), STR_ARG(has->to));
	for (size_t i = 0; i < among->persons.n; i++) {
		const struct field *field = register_field(other, among->persons.p[i]);
		if (!field || field->type != FIELD_PERSON)
			return doc_err(reg->source, key_node(among->node, "persons"), err, "'%.*s' of '%.*s' is no field of the type person",
			               STR_ARG(among->persons.p[i]), STR_ARG(among->reg));
	}
	return 0;
}

int register_check_others(const struct register_ *reg, const struct registers *registers, struct err *err)
{
	const struct field *fields = reg->fields.p;
	const struct register_group *groups = registers->groups.p;
	bool grouped = false;
	for (size_t i = 0; i < registers->groups.n; i++)
		grouped |= str_eq(groups[i].name, reg->group);
	if (!grouped)
		return doc_err(reg->source, key_node(reg->node, "group"), err, "there is no group '%.*s'; content/registers.yaml has them", STR_ARG(reg->group));
	for (size_t i = 0; i < reg->fields.n; i++) {
		struct str to = fields[i].type == FIELD_PERSON ? STR("person") : fields[i].type == FIELD_ORG ? STR("org") : fields[i].to;
		if (to.n && !registers_find(registers, to) && !str_eq(to, reg->name))
			return doc_err(reg->source, key_node(fields[i].node, "to"), err, "'%.*s' refers to the register '%.*s', and there is no such register",
			               STR_ARG(fields[i].name), STR_ARG(to));
	}
	const struct transition *transitions = reg->transitions.p;
	for (size_t i = 0; i < reg->transitions.n; i++) {
		int r = transitions[i].among.reg.p ? check_among(reg, &transitions[i].among, registers, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}
