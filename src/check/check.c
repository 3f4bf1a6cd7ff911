/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/check.h"

#include "base/map.h"
#include "base/vec.h"
#include "data/yaml.h"

const char *const severity_names[] = { "critical", "high", "medium", "low", NULL };

static const struct schema_field check_fields[] = {
	{ "id", SCHEMA_STRING, offsetof(struct check, id), .required = true },
	{ "severity", SCHEMA_ENUM, offsetof(struct check, severity), .required = true, .names = severity_names },
	{ "title", SCHEMA_TEXT, offsetof(struct check, title), .required = true },
	{ "why", SCHEMA_TEXT, offsetof(struct check, why), .required = true },
	{ "remedy", SCHEMA_TEXT, offsetof(struct check, remedy), .required = true },
	{ "clauses", SCHEMA_STRINGS, offsetof(struct check, clauses), .required = true },
	{ "requirements", SCHEMA_STRINGS, offsetof(struct check, requirements) },
	{ "scope", SCHEMA_TEXT, offsetof(struct check, scope) },
	{ "applies", SCHEMA_STRING, offsetof(struct check, applies) },
	{ "params", SCHEMA_ANY, offsetof(struct check, params) },
	{ "absent", SCHEMA_STRINGS, offsetof(struct check, absent) },
	{ "violations", SCHEMA_STRING, offsetof(struct check, violations), .required = true },
	{ 0 },
};

static const struct schema check_schema = {
	.what = "a check",
	.fields = check_fields,
	.size = sizeof(struct check),
	.node_offset = offsetof(struct check, node),
};

static bool id_is_good(struct str id)
{
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return id.n > 0 && id.n <= 64;
}

static bool param_is_good(const struct doc *value)
{
	if (value->type == DOC_INT || value->type == DOC_REAL || value->type == DOC_STRING)
		return true;
	if (value->type != DOC_ARRAY)
		return false;
	for (size_t i = 0; i < value->n; i++)
		if (value->items[i].type != DOC_INT && value->items[i].type != DOC_STRING)
			return false;
	return true;
}

static int check_finish(struct check *check, const struct source *source, struct str topic, struct err *err)
{
	check->source = source;
	check->topic = topic;
	if (!id_is_good(check->id))
		return doc_err(source, check->node, err, "id '%.*s': use a-z, 0-9 and '-', at most 64",
		               STR_ARG(check->id));
	if (check->applies.p && !check->scope.in[LANG_EN].p)
		return doc_err(source, check->node, err, "%.*s: 'applies' needs a 'scope' that says in words where",
		               STR_ARG(check->id));
	if (check->clauses.n == 0 && check->requirements.n == 0)
		return doc_err(source, check->node, err, "%.*s: names neither a clause nor a requirement", STR_ARG(check->id));
	if (!check->params)
		return 0;
	if (check->params->type != DOC_MAP)
		return doc_err(source, check->params, err, "params: a map of names and values is needed here");
	for (size_t i = 0; i < check->params->n; i++)
		if (!param_is_good(doc_value(check->params, i)))
			return doc_err(source, doc_value(check->params, i), err,
			               "a number, text, or a list of these is needed here");
	return 0;
}

static struct str topic_of(struct str name)
{
	ptrdiff_t slash = str_find_char_last(name, '/');
	name = str_slice(name, (size_t)(slash + 1), name.n);
	ptrdiff_t dot = str_find_char_last(name, '.');
	return dot > 0 ? str_slice(name, 0, (size_t)dot) : name;
}

int checks_parse(struct arena *arena, struct source *source, struct checks *out, struct err *err)
{
	const struct doc *doc;
	struct schema_list list;
	int r = yaml_parse(arena, source, &doc, err);
	if (r < 0)
		return r;
	if (doc->type == DOC_NULL) {
		*out = (struct checks){ 0 };
		return 0;
	}
	r = schema_decode_list(arena, source, doc, &check_schema, &list, err);
	if (r < 0)
		return r;
	*out = (struct checks){ .p = list.p, .n = list.n };
	struct str topic = topic_of(str_from(source->name));
	for (size_t i = 0; i < out->n; i++) {
		r = check_finish(&out->p[i], source, topic, err);
		if (r < 0)
			return r;
	}
	return 0;
}

struct check_list {
	struct check *p;
	size_t n, room;
};

/* Add the checks of one file, unless an id is taken. */
static int checks_add(struct arena *arena, const struct checks *some, struct map *seen,
                      struct check_list *all, struct err *err)
{
	for (size_t i = 0; i < some->n; i++) {
		struct check *check = &some->p[i];
		void **slot = map_put(seen, check->id);
		if (*slot) {
			const struct check *first = *slot;
			unsigned line, column;
			doc_where(first->source, first->node, &line, &column);
			return doc_err(check->source, check->node, err, "check '%.*s' is declared already at %s:%u",
			               STR_ARG(check->id), first->source->name, line);
		}
		*slot = check;
		vec_push_in(arena, all, *check);
	}
	return 0;
}

int checks_load(struct arena *arena, const struct content *content, struct checks *out, struct err *err)
{
	return checks_load_folder(arena, content, "checks/", out, err);
}

int checks_load_folder(struct arena *arena, const struct content *content, const char *folder, struct checks *out, struct err *err)
{
	struct strings files;
	struct map seen = { .arena = arena };
	struct check_list all = { 0 };
	struct {
		struct str *p;
		size_t n, room;
	} problems = { 0 };
	int r = content_list(arena, content, folder, &files, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < files.n; i++) {
		struct source *source = ARENA_NEW(arena, struct source);
		struct checks some = { 0 };
		r = content_read(arena, content, arena_cstr(arena, files.p[i]), source, err);
		if (r == 0)
			r = checks_parse(arena, source, &some, err);
		if (r == 0)
			r = checks_add(arena, &some, &seen, &all, err);
		if (r < 0)
			vec_push_in(arena, &problems, arena_str(arena, str_from(err->text)));
	}
	*out = (struct checks){ all.p, all.n, { problems.p, problems.n } };
	return 0;
}

const struct check *checks_find(const struct checks *checks, struct str id)
{
	for (size_t i = 0; i < checks->n; i++)
		if (str_eq(checks->p[i].id, id))
			return &checks->p[i];
	return NULL;
}
