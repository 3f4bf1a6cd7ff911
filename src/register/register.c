/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "register/register.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "data/yaml.h"
#include "register/list.h"
#include "register/register_check.h"
#include "register/tables.h"

const char *const field_type_names[] = { "text", "long-text", "integer", "number", "date", "time", "bool", "choice", "choices", "reference",
	                                 "references", "person", "org", "period", "files", "texts", NULL };
const char *const sensitive_names[] = { "no", "name", "id-card", "phone", "bank", "other", NULL };
const char *const tone_names[] = { "neutral", "info", "good", "warn", "bad", NULL };
const char *const due_unit_names[] = { "days", "working-days", "hours", NULL };

/* ---- the format ---- */

static const struct schema_field choice_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct choice, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct choice, label), .required = true },
	{ "tone", SCHEMA_ENUM, offsetof(struct choice, tone), .names = tone_names },
	{ 0 },
};
static const struct schema choice_schema = { "a choice", choice_fields, sizeof(struct choice), offsetof(struct choice, node) };

static const struct schema_field state_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct choice, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct choice, label), .required = true },
	{ "tone", SCHEMA_ENUM, offsetof(struct choice, tone), .names = tone_names },
	{ "final", SCHEMA_BOOL, offsetof(struct choice, final) },
	{ 0 },
};
static const struct schema state_schema = { "a state", state_fields, sizeof(struct choice), offsetof(struct choice, node) };

static const struct schema_field field_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct field, name), .required = true },
	{ "type", SCHEMA_ENUM, offsetof(struct field, type), .required = true, .names = field_type_names },
	{ "label", SCHEMA_TEXT, offsetof(struct field, label), .required = true },
	{ "help", SCHEMA_TEXT, offsetof(struct field, help) },
	{ "required", SCHEMA_BOOL, offsetof(struct field, required) },
	{ "unique", SCHEMA_BOOL, offsetof(struct field, unique) },
	{ "read_only", SCHEMA_BOOL, offsetof(struct field, read_only) },
	{ "said", SCHEMA_BOOL, offsetof(struct field, said) },
	{ "time", SCHEMA_BOOL, offsetof(struct field, time) },
	{ "to", SCHEMA_STRING, offsetof(struct field, to) },
	{ "choices", SCHEMA_LIST, offsetof(struct field, choices), .sub = &choice_schema },
	{ "min", SCHEMA_INT, offsetof(struct field, min) },
	{ "max", SCHEMA_INT, offsetof(struct field, max) },
	{ "pattern", SCHEMA_STRING, offsetof(struct field, pattern) },
	{ "pattern_help", SCHEMA_TEXT, offsetof(struct field, pattern_help) },
	{ "sensitive", SCHEMA_ENUM, offsetof(struct field, sensitive), .names = sensitive_names },
	{ "unit", SCHEMA_STRING, offsetof(struct field, unit) },
	{ "default", SCHEMA_ANY, offsetof(struct field, default_value) },
	{ 0 },
};
static const struct schema field_schema = { "a field", field_fields, sizeof(struct field), offsetof(struct field, node) };

static const struct schema_field among_fields[] = {
	{ "register", SCHEMA_STRING, offsetof(struct among, reg), .required = true },
	{ "state", SCHEMA_STRING, offsetof(struct among, state), .required = true },
	{ "where", SCHEMA_STRING, offsetof(struct among, where), .required = true },
	{ "has", SCHEMA_STRING, offsetof(struct among, has), .required = true },
	{ "persons", SCHEMA_STRINGS, offsetof(struct among, persons), .required = true },
	{ 0 },
};
static const struct schema among_schema = { "who must be among them", among_fields, sizeof(struct among), offsetof(struct among, node) };

static const struct schema_field transition_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct transition, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct transition, label), .required = true },
	{ "from", SCHEMA_STRINGS, offsetof(struct transition, from), .required = true },
	{ "to", SCHEMA_STRING, offsetof(struct transition, to), .required = true },
	{ "roles", SCHEMA_STRINGS, offsetof(struct transition, roles) },
	{ "differs_from", SCHEMA_STRINGS, offsetof(struct transition, differs_from) },
	{ "among", SCHEMA_MAP, offsetof(struct transition, among), .sub = &among_schema },
	{ "needs", SCHEMA_STRINGS, offsetof(struct transition, needs) },
	{ "asks", SCHEMA_STRINGS, offsetof(struct transition, asks) },
	{ "sets", SCHEMA_ANY, offsetof(struct transition, sets) },
	{ "reason", SCHEMA_BOOL, offsetof(struct transition, reason) },
	{ "confirmed", SCHEMA_BOOL, offsetof(struct transition, confirmed) },
	{ "signed", SCHEMA_BOOL, offsetof(struct transition, signed_) },
	{ "automatic", SCHEMA_BOOL, offsetof(struct transition, automatic) },
	{ "unless", SCHEMA_STRING, offsetof(struct transition, unless) },
	{ "superior", SCHEMA_BOOL, offsetof(struct transition, superior) },
	{ "tone", SCHEMA_ENUM, offsetof(struct transition, tone), .names = tone_names },
	{ 0 },
};
static const struct schema transition_schema = { "a transition", transition_fields, sizeof(struct transition),
	                                         offsetof(struct transition, node) };

static const struct schema_field due_fields[] = {
	{ "field", SCHEMA_STRING, offsetof(struct due, field), .required = true },
	{ "on", SCHEMA_STRING, offsetof(struct due, on) },
	{ "after", SCHEMA_INT, offsetof(struct due, after), .required = true, .min = 0, .max = 100000 },
	{ "unit", SCHEMA_ENUM, offsetof(struct due, unit), .required = true, .names = due_unit_names },
	{ 0 },
};
static const struct schema due_schema = { "a due date", due_fields, sizeof(struct due), offsetof(struct due, node) };

static const struct schema_field view_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct list_view, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct list_view, label), .required = true },
	{ "filter", SCHEMA_STRINGS, offsetof(struct list_view, filter) },
	{ "sort", SCHEMA_STRING, offsetof(struct list_view, sort) },
	{ 0 },
};
static const struct schema view_schema = { "a view", view_fields, sizeof(struct list_view), offsetof(struct list_view, node) };

static const struct schema_field index_fields[] = {
	{ "fields", SCHEMA_STRINGS, offsetof(struct register_index, fields), .required = true },
	{ 0 },
};
static const struct schema index_schema = { "an index", index_fields, sizeof(struct register_index), offsetof(struct register_index, node) };

static const struct schema_field grants_fields[] = {
	{ "read", SCHEMA_STRINGS, offsetof(struct grants, read), .required = true },
	{ "create", SCHEMA_STRINGS, offsetof(struct grants, create) },
	{ "edit", SCHEMA_STRINGS, offsetof(struct grants, edit) },
	{ "withdraw", SCHEMA_STRINGS, offsetof(struct grants, withdraw) },
	{ "import", SCHEMA_STRINGS, offsetof(struct grants, import_) },
	{ "export", SCHEMA_STRINGS, offsetof(struct grants, export_) },
	{ "unmask", SCHEMA_STRINGS, offsetof(struct grants, unmask) },
	{ 0 },
};
static const struct schema grants_schema = { .what = "the grants", .fields = grants_fields, .size = sizeof(struct grants) };

static const struct schema_field register_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct register_, name), .required = true },
	{ "code", SCHEMA_STRING, offsetof(struct register_, code) },
	{ "group", SCHEMA_STRING, offsetof(struct register_, group), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct register_, label), .required = true },
	{ "about", SCHEMA_TEXT, offsetof(struct register_, about), .required = true },
	{ "number", SCHEMA_STRING, offsetof(struct register_, number) },
	{ "key", SCHEMA_STRINGS, offsetof(struct register_, key) },
	{ "title", SCHEMA_STRINGS, offsetof(struct register_, title), .required = true },
	{ "columns", SCHEMA_STRINGS, offsetof(struct register_, columns), .required = true },
	{ "fields", SCHEMA_LIST, offsetof(struct register_, fields), .required = true, .sub = &field_schema },
	{ "states", SCHEMA_LIST, offsetof(struct register_, states), .required = true, .sub = &state_schema },
	{ "transitions", SCHEMA_LIST, offsetof(struct register_, transitions), .sub = &transition_schema },
	{ "dues", SCHEMA_LIST, offsetof(struct register_, dues), .sub = &due_schema },
	{ "views", SCHEMA_LIST, offsetof(struct register_, views), .sub = &view_schema },
	{ "indexes", SCHEMA_LIST, offsetof(struct register_, indexes), .sub = &index_schema },
	{ "grants", SCHEMA_MAP, offsetof(struct register_, grants), .required = true, .sub = &grants_schema },
	{ "profiles", SCHEMA_STRINGS, offsetof(struct register_, profiles) },
	{ "quiet", SCHEMA_BOOL, offsetof(struct register_, quiet) },
	{ "on_create", SCHEMA_ANY, offsetof(struct register_, on_create) },
	{ 0 },
};
static const struct schema register_schema = { "a register", register_fields, sizeof(struct register_), offsetof(struct register_, node) };

static const struct schema_field group_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct register_group, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct register_group, label), .required = true },
	{ 0 },
};
static const struct schema group_schema = { "a group of registers", group_fields, sizeof(struct register_group), 0 };

/* ---- looking up ---- */

const struct register_ *registers_find(const struct registers *registers, struct str name)
{
	return map_get(&registers->by_name, name);
}

const struct field *register_field(const struct register_ *reg, struct str name)
{
	const struct field *fields = reg->fields.p;
	for (size_t i = 0; i < reg->fields.n; i++)
		if (str_eq(fields[i].name, name))
			return &fields[i];
	return NULL;
}

const struct choice *register_state(const struct register_ *reg, struct str name)
{
	const struct choice *states = reg->states.p;
	for (size_t i = 0; i < reg->states.n; i++)
		if (str_eq(states[i].name, name))
			return &states[i];
	return NULL;
}

const struct transition *register_transition(const struct register_ *reg, struct str name)
{
	const struct transition *transitions = reg->transitions.p;
	for (size_t i = 0; i < reg->transitions.n; i++)
		if (str_eq(transitions[i].name, name))
			return &transitions[i];
	return NULL;
}

const struct register_column *register_column(const struct register_ *reg, struct str name)
{
	for (size_t i = 0; i < reg->columns_all.n; i++)
		if (str_is(name, reg->columns_all.p[i].name))
			return &reg->columns_all.p[i];
	return NULL;
}

struct strings register_right(const struct register_ *reg, enum record_right right)
{
	const struct strings *const lists[RECORD_RIGHTS] = { &reg->grants.read,     &reg->grants.create,  &reg->grants.edit,  &reg->grants.withdraw,
		                                             &reg->grants.import_, &reg->grants.export_, &reg->grants.unmask };
	return *lists[right];
}

bool field_is_list(const struct field *field)
{
	return field->type == FIELD_CHOICES || field->type == FIELD_REFERENCES || field->type == FIELD_FILES || field->type == FIELD_TEXTS;
}

/* ---- what is made of a declaration ---- */

static enum column_kind column_kind_of(const struct field *field)
{
	switch (field->type) {
	case FIELD_INTEGER:
	case FIELD_BOOL:
	case FIELD_TIME:
	case FIELD_REFERENCE:
	case FIELD_PERSON:
	case FIELD_ORG:
		return COLUMN_INTEGER;
	case FIELD_NUMBER:
		return COLUMN_REAL;
	case FIELD_PERIOD:
		return field->time ? COLUMN_INTEGER : COLUMN_TEXT;
	default:
		return COLUMN_TEXT;
	}
}

static const struct register_column system_columns[SYSTEM_COLUMNS] = {
	[SYSTEM_ID] = { "id", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_NUMBER] = { "number", COLUMN_TEXT, PART_SYSTEM, NULL },
	[SYSTEM_ORG] = { "org", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_STATE] = { "state", COLUMN_TEXT, PART_SYSTEM, NULL },
	[SYSTEM_STATE_SINCE] = { "state_since", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_VERSION] = { "version", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_CREATED] = { "created", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_CREATED_BY] = { "created_by", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_UPDATED] = { "updated", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_UPDATED_BY] = { "updated_by", COLUMN_INTEGER, PART_SYSTEM, NULL },
	[SYSTEM_WITHDRAWN] = { "withdrawn", COLUMN_INTEGER, PART_SYSTEM, NULL },
};

static void columns_make(struct arena *arena, struct register_ *reg)
{
	struct field *fields = reg->fields.p;
	struct register_column *columns = ARENA_ARRAY(arena, struct register_column, SYSTEM_COLUMNS + 2 * reg->fields.n);
	size_t n = 0;
	for (; n < SYSTEM_COLUMNS; n++)
		columns[n] = system_columns[n];
	for (size_t i = 0; i < reg->fields.n; i++) {
		struct field *field = &fields[i];
		const char *name = arena_cstr(arena, field->name);
		enum column_kind kind = column_kind_of(field);
		bool period = field->type == FIELD_PERIOD;
		field->column = n;
		if (period) {
			columns[n++] = (struct register_column){ arena_printf(arena, "%s_from", name).p, kind, PART_FROM, field };
			columns[n++] = (struct register_column){ arena_printf(arena, "%s_to", name).p, kind, PART_TO, field };
			continue;
		}
		columns[n++] = (struct register_column){ name, kind, PART_VALUE, field };
		if (field->sensitive)
			columns[n++] = (struct register_column){ arena_printf(arena, "%s_index", name).p, COLUMN_TEXT, PART_INDEX, field };
	}
	reg->columns_all.p = columns;
	reg->columns_all.n = n;
}

static void statements_make(struct arena *arena, struct register_ *reg)
{
	BUF(select);
	BUF(insert);
	BUF(marks);
	for (size_t i = 0; i < reg->columns_all.n; i++) {
		buf_printf(&select, "%s%s", i ? ", " : "SELECT ", reg->columns_all.p[i].name);
		if (i == SYSTEM_ID)
			continue;
		buf_printf(&insert, "%s%s", i > 1 ? ", " : "", reg->columns_all.p[i].name);
		buf_puts(&marks, i > 1 ? ", ?" : "?");
	}
	reg->select = arena_printf(arena, "%s FROM %.*s", buf_cstr(&select), STR_ARG(reg->name)).p;
	reg->insert = arena_printf(arena, "INSERT INTO %.*s (%s) VALUES (%s) RETURNING id", STR_ARG(reg->name), buf_cstr(&insert), buf_cstr(&marks)).p;
}

static int64_t characters_most(const struct field *field)
{
	return field->max ? field->max : REGISTER_TEXT_MOST;
}

/* The text whose column this is; NULL: it is something else, or what stands in the index is short (a digest). */
static struct field *text_of_column(struct register_ *reg, struct str column)
{
	struct field *fields = reg->fields.p;
	for (size_t i = 0; i < reg->fields.n; i++)
		if (fields[i].type == FIELD_TEXT && !fields[i].sensitive && str_eq(fields[i].name, column))
			return &fields[i];
	return NULL;
}

/* The texts of one index share its room: those that are short by declaration take what they need, the others equal parts of the rest. */
static void room_share(struct register_ *reg, struct str columns)
{
	struct field *texts[REGISTER_FIELDS_MOST];
	size_t n = 0, room = REGISTER_INDEX_BYTES, before = 0;
	while (columns.n) {
		struct field *field = text_of_column(reg, str_trim(str_cut(&columns, ',')));
		if (field && n < COUNT(texts))
			texts[n++] = field;
	}
	while (n && n != before) {
		before = n;
		for (size_t i = 0; i < n; i++) {
			size_t need = (size_t)characters_most(texts[i]) * UTF8_LONGEST;
			if (need > room / n)
				continue;
			room -= need;
			texts[i--] = texts[--n];
		}
	}
	for (size_t i = 0; i < n; i++)
		texts[i]->bytes = texts[i]->bytes ? MIN(texts[i]->bytes, room / n) : room / n;
}

static void rooms_make(struct arena *arena, struct register_ *reg)
{
	struct register_index_texts list = { 0 };
	register_index_list(arena, reg, &list);
	for (size_t i = 0; i < list.n; i++)
		room_share(reg, list.p[i].columns);
}

static void bits_make(struct register_ *reg, const struct strings *roles)
{
	struct transition *transitions = reg->transitions.p;
	for (enum record_right right = 0; right < RECORD_RIGHTS; right++)
		reg->may[right] = register_role_bits(roles, register_right(reg, right));
	for (size_t i = 0; i < reg->transitions.n; i++)
		transitions[i].by = transitions[i].roles.n ? register_role_bits(roles, transitions[i].roles) : reg->may[RECORD_EDIT];
}

static int patterns_make(struct register_ *reg, struct err *err)
{
	struct field *fields = reg->fields.p;
	for (size_t i = 0; i < reg->fields.n; i++) {
		int code;
		size_t at;
		if (!fields[i].pattern.n)
			continue;
		fields[i].regex = pcre2_compile((PCRE2_SPTR)fields[i].pattern.p, fields[i].pattern.n,
		                                PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
		if (!fields[i].regex) {
			char words[128];
			pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
			return doc_err(reg->source, fields[i].node, err, "the pattern of '%.*s' is wrong at its character %zu: %s", STR_ARG(fields[i].name),
			               at, words);
		}
	}
	return 0;
}

void register_done(struct register_ *reg)
{
	struct field *fields = reg->fields.p;
	for (size_t i = 0; i < reg->fields.n; i++) {
		pcre2_code_free(fields[i].regex);
		fields[i].regex = NULL;
	}
}

/* ---- loading ---- */

static int decode(struct arena *arena, struct source *source, const struct doc *doc, const struct strings *roles, struct register_ *out,
                  struct err *err)
{
	*out = (struct register_){ .source = source };
	int r = schema_decode(arena, source, doc, &register_schema, out, err);
	if (r == 0)
		r = register_check_alone(out, roles, err);
	if (r < 0)
		return r;
	columns_make(arena, out);
	r = register_check_columns(arena, out, err);
	if (r < 0)
		return r;
	statements_make(arena, out);
	rooms_make(arena, out);
	bits_make(out, roles);
	r = patterns_make(out, err);
	if (r < 0)
		register_done(out);
	return r;
}

int register_read(struct arena *arena, struct source *source, const struct strings *roles, struct register_ *out, struct err *err)
{
	const struct doc *doc;
	*out = (struct register_){ 0 };
	int r = yaml_parse(arena, source, &doc, err);
	return r < 0 ? r : decode(arena, source, doc, roles, out, err);
}

int register_refers(const struct register_ *reg, const struct registers *registers, struct err *err)
{
	return register_check_others(reg, registers, err);
}

static int groups_load(struct registers *registers, const struct content *content, struct err *err)
{
	struct arena *arena = &registers->arena;
	struct source *source = ARENA_NEW(arena, struct source);
	const struct doc *doc;
	int r = content_read(arena, content, "registers.yaml", source, err);
	if (r == 0)
		r = yaml_parse(arena, source, &doc, err);
	return r < 0 ? r : schema_decode_list(arena, source, doc, &group_schema, &registers->groups, err);
}

/* An empty file takes away the one below it. */
static int one_load(struct registers *registers, const struct content *content, const char *file, const struct strings *roles, struct err *err)
{
	struct arena *arena = &registers->arena;
	struct source *source = ARENA_NEW(arena, struct source);
	const struct doc *doc;
	struct register_ *reg = &registers->p[registers->n];
	int r = content_read(arena, content, file, source, err);
	if (r < 0)
		return r;
	r = yaml_parse(arena, source, &doc, err);
	if (r < 0 || doc->type == DOC_NULL)
		return r;
	r = decode(arena, source, doc, roles, reg, err);
	if (r < 0)
		return r;
	registers->n++; /* from here on registers_free() ends it */
	reg->place = registers->n - 1;
	void **slot = map_put(&registers->by_name, reg->name);
	if (*slot)
		return doc_err(source, reg->node, err, "a register '%.*s' is declared already, in %s", STR_ARG(reg->name),
		               ((const struct register_ *)*slot)->source->name);
	*slot = reg;
	return 0;
}

int registers_load(const struct content *content, const struct strings *roles, struct registers **out, struct err *err)
{
	CLEANUP(registers_free_p) struct registers *registers = mem_alloc(sizeof(*registers));
	struct strings files;
	registers->by_name.arena = &registers->arena;
	registers->totals = list_totals_new();
	int r = groups_load(registers, content, err);
	if (r == 0)
		r = content_list(&registers->arena, content, "registers/", &files, err);
	if (r < 0)
		return r;
	registers->p = ARENA_ARRAY(&registers->arena, struct register_, files.n + 1);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		if (str_ends(files.p[i], ".yaml"))
			r = one_load(registers, content, arena_cstr(&registers->arena, files.p[i]), roles, err);
	for (size_t i = 0; r == 0 && i < registers->n; i++)
		r = register_check_others(&registers->p[i], registers, err);
	if (r == 0)
		*out = TAKE(registers);
	return r;
}

void registers_free(struct registers *registers)
{
	if (!registers)
		return;
	for (size_t i = 0; i < registers->n; i++)
		register_done(&registers->p[i]);
	list_totals_free(registers->totals);
	arena_done(&registers->arena);
	free(registers);
}

void registers_free_p(struct registers **registers)
{
	registers_free(*registers);
}
