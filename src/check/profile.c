/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/profile.h"

#include "base/glob.h"
#include "base/map.h"
#include "base/vec.h"
#include "data/yaml.h"

static const char *const kind_names[] = { "regime", "office", NULL };

static const struct schema_field threshold_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct threshold, name), .required = true },
	{ "value", SCHEMA_ANY, offsetof(struct threshold, value), .required = true },
	{ "source", SCHEMA_STRING, offsetof(struct threshold, source), .required = true },
	{ "effective_from", SCHEMA_STRING, offsetof(struct threshold, effective_from) },
	{ "verified", SCHEMA_BOOL, offsetof(struct threshold, verified), .required = true },
	{ 0 },
};
static const struct schema threshold_schema = {
	.what = "a threshold",
	.fields = threshold_fields,
	.size = sizeof(struct threshold),
	.node_offset = offsetof(struct threshold, node),
};

static const struct schema_field skip_fields[] = {
	{ "check", SCHEMA_STRING, offsetof(struct profile_skip, check), .required = true },
	{ "reason", SCHEMA_TEXT, offsetof(struct profile_skip, reason), .required = true },
	{ 0 },
};
static const struct schema skip_schema = {
	.what = "a check to skip",
	.fields = skip_fields,
	.size = sizeof(struct profile_skip),
	.node_offset = offsetof(struct profile_skip, node),
};

static const char *const unit_names[] = { "days", "working-days", NULL };
enum { RECTIFY_MOST = 3650 };
static const struct schema_field rectify_fields[] = {
	{ "critical", SCHEMA_INT, offsetof(struct rectify, critical), .required = true, .min = 1, .max = RECTIFY_MOST },
	{ "high", SCHEMA_INT, offsetof(struct rectify, high), .required = true, .min = 1, .max = RECTIFY_MOST },
	{ "medium", SCHEMA_INT, offsetof(struct rectify, medium), .required = true, .min = 1, .max = RECTIFY_MOST },
	{ "low", SCHEMA_INT, offsetof(struct rectify, low), .required = true, .min = 1, .max = RECTIFY_MOST },
	{ "unit", SCHEMA_ENUM, offsetof(struct rectify, unit), .names = unit_names },
	{ 0 },
};
static const struct schema rectify_schema = {
	.what = "how long repairs may take",
	.fields = rectify_fields,
	.size = sizeof(struct rectify),
	.node_offset = offsetof(struct rectify, node),
};

static const struct schema_field profile_fields[] = {
	{ "kind", SCHEMA_ENUM, offsetof(struct profile, kind), .required = true, .names = kind_names },
	{ "title", SCHEMA_TEXT, offsetof(struct profile, title), .required = true },
	{ "basis", SCHEMA_STRING, offsetof(struct profile, basis) },
	{ "clauses", SCHEMA_STRING, offsetof(struct profile, clauses) },
	{ "params", SCHEMA_LIST, offsetof(struct profile, params), .sub = &threshold_schema },
	{ "rectify", SCHEMA_MAP, offsetof(struct profile, rectify), .sub = &rectify_schema },
	{ "skip", SCHEMA_LIST, offsetof(struct profile, skip), .sub = &skip_schema },
	{ 0 },
};
static const struct schema profile_schema = {
	.what = "a profile",
	.fields = profile_fields,
	.size = sizeof(struct profile),
};

static int profile_read(struct arena *arena, const struct content *content, const char *file,
                        struct profile *out, struct err *err)
{
	struct source *source = ARENA_NEW(arena, struct source);
	const struct doc *doc;
	*out = (struct profile){ .source = source };
	int r = content_read(arena, content, file, source, err);
	if (r == 0)
		r = yaml_parse(arena, source, &doc, err);
	if (r == 0)
		r = schema_decode(arena, source, doc, &profile_schema, out, err);
	struct str name = str_slice(str_from(file), strlen("profiles/"), strlen(file));
	out->name = str_slice(name, 0, name.n - strlen(".yaml"));
	return r;
}

int profile_names(struct arena *arena, const struct content *content, enum profile_kind kind,
                  struct strings *out, struct err *err)
{
	struct strings files;
	struct {
		struct str *p;
		size_t n, room;
	} names = { 0 };
	int r = content_list(arena, content, "profiles/", &files, err);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		struct profile profile;
		r = profile_read(arena, content, arena_cstr(arena, files.p[i]), &profile, err);
		if (r == 0 && profile.kind == (int)kind)
			vec_push_in(arena, &names, profile.name);
	}
	*out = (struct strings){ names.p, names.n };
	return r;
}

int profile_load(struct arena *arena, const struct content *content, struct str name,
                 enum profile_kind kind, struct profile *out, struct err *err)
{
	struct strings names;
	int r = profile_names(arena, content, kind, &names, err);
	if (r < 0)
		return r;
	BUF(known);
	for (size_t i = 0; i < names.n; i++) {
		if (str_eq(names.p[i], name))
			return profile_read(arena, content, arena_printf(arena, "profiles/%.*s.yaml", STR_ARG(name)).p,
			                    out, err);
		buf_printf(&known, "%s%.*s", i ? ", " : "", STR_ARG(names.p[i]));
	}
	return err_set(err, -ENOENT, "no %s '%.*s'; there are: %s",
	               kind == PROFILE_REGIME ? "regime" : "profile", STR_ARG(name), buf_cstr(&known));
}

const struct profile_skip *profile_skips(const struct profile *profile, struct str check)
{
	const struct profile_skip *skip = profile ? profile->skip.p : NULL;
	for (size_t i = 0; profile && i < profile->skip.n; i++)
		if (glob_match(skip[i].check, check))
			return &skip[i];
	return NULL;
}

static const struct threshold *threshold_in(const struct profile *profile, struct str name)
{
	const struct threshold *threshold = profile ? profile->params.p : NULL;
	for (size_t i = 0; profile && i < profile->params.n; i++)
		if (str_eq(threshold[i].name, name))
			return &threshold[i];
	return NULL;
}

const struct threshold *profile_threshold(const struct profile *regime, const struct profile *office, struct str name)
{
	const struct threshold *threshold = threshold_in(office, name);
	return threshold ? threshold : threshold_in(regime, name);
}

static const struct threshold *threshold_of(const struct profile *profile, struct str check, struct str name)
{
	const struct threshold *threshold = profile ? profile->params.p : NULL;
	for (size_t i = 0; profile && i < profile->params.n; i++) {
		struct str whole = threshold[i].name;
		if (whole.n == check.n + 1 + name.n && whole.p[check.n] == '.' && str_eq(str_slice(whole, 0, check.n), check) &&
		    str_eq(str_slice(whole, check.n + 1, whole.n), name))
			return &threshold[i];
	}
	return NULL;
}

const struct threshold *profile_threshold_of(const struct profile *regime, const struct profile *office, struct str check, struct str name)
{
	const struct threshold *threshold = threshold_of(office, check, name);
	return threshold ? threshold : threshold_of(regime, check, name);
}

int profile_check_own(const struct checks *checks, const struct profile *profile, struct err *err)
{
	const struct threshold *threshold = profile ? profile->params.p : NULL;
	for (size_t i = 0; profile && i < profile->params.n; i++) {
		struct str name = threshold[i].name;
		ptrdiff_t dot = str_find_char(name, '.');
		if (dot < 0)
			continue;
		const struct check *check = checks_find(checks, str_slice(name, 0, (size_t)dot));
		const struct doc *own = check ? doc_get(check->params, str_slice(name, (size_t)dot + 1, name.n)) : NULL;
		if (!own && !checks->problems.n) /* a check that was left out may be the one */
			return doc_err(profile->source, threshold[i].node, err, "no check has a threshold '%.*s'", STR_ARG(name));
		if (own && own->type != threshold[i].value->type)
			return doc_err(profile->source, threshold[i].value, err, "threshold '%.*s' is of another type than its default", STR_ARG(name));
	}
	return 0;
}

static bool doc_same(const struct doc *a, const struct doc *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case DOC_INT:
		return a->integer == b->integer;
	case DOC_REAL:
		return a->real == b->real;
	case DOC_STRING:
		return str_eq(doc_string(a), doc_string(b));
	case DOC_ARRAY:
		for (size_t i = 0; i < a->n && i < b->n; i++)
			if (!doc_same(&a->items[i], &b->items[i]))
				return false;
		return a->n == b->n;
	default:
		return false;
	}
}

static void param_put(struct facts *facts, struct str name, const struct doc *value, struct str source)
{
	if (value->type != DOC_ARRAY) {
		facts_param(facts, name, cell_from_doc(value), source);
		return;
	}
	for (size_t i = 0; i < value->n; i++)
		facts_param(facts, name, cell_from_doc(&value->items[i]), source);
}

/* Every threshold of a profile must be one that some check asks for: a misspelt one would be no law. */
static int profile_known(const struct profile *profile, const struct map *known, struct err *err)
{
	const struct threshold *threshold = profile ? profile->params.p : NULL;
	for (size_t i = 0; profile && i < profile->params.n; i++)
		if (str_find_char(threshold[i].name, '.') < 0 && !map_get(known, threshold[i].name))
			return doc_err(profile->source, threshold[i].node, err, "no check has a threshold '%.*s'",
			               STR_ARG(threshold[i].name));
	return 0;
}

int profile_apply(struct facts *facts, const struct checks *checks, const struct profile *regime,
                  const struct profile *office, struct err *err)
{
	ARENA(scratch);
	struct map known = { .arena = &scratch };
	facts_params_clear(facts);
	for (size_t i = 0; i < checks->n; i++) {
		const struct check *check = &checks->p[i];
		for (size_t j = 0; check->params && j < check->params->n; j++) {
			struct str name = doc_string(doc_key(check->params, j));
			const struct doc *value = doc_value(check->params, j);
			void **slot = map_put(&known, name);
			if (*slot) {
				if (!doc_same(*slot, value))
					return doc_err(check->source, value, err,
					               "threshold '%.*s' has another default in another check",
					               STR_ARG(name));
				continue;
			}
			*slot = (void *)value;
			const struct threshold *set = profile_threshold(regime, office, name);
			param_put(facts, name, set ? set->value : value,
			          set ? (threshold_in(office, name) ? office->name : regime->name) : STR("default"));
		}
	}
	if (checks->problems.n)
		return 0; /* a check that was left out may be the one that asks for it */
	int r = profile_known(regime, &known, err);
	return r < 0 ? r : profile_known(office, &known, err);
}

struct rectify profile_rectify(const struct profile *regime, const struct profile *office)
{
	if (office && office->rectify.node)
		return office->rectify;
	if (regime && regime->rectify.node)
		return regime->rectify;
	return (struct rectify){ .critical = 3, .high = 7, .medium = 30, .low = 90 };
}

int64_t rectify_days(const struct rectify *rectify, enum severity severity)
{
	const int64_t days[] = { rectify->critical, rectify->high, rectify->medium, rectify->low };
	return (size_t)severity < COUNT(days) ? days[severity] : rectify->medium;
}
