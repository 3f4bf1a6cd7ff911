/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "people/roles.h"

#include <stdlib.h>

#include "data/yaml.h"

/* 三员: who runs the system, who secures it and who audits both are three persons (GB/T 22239-2019 8.1.5.1 to 8.1.5.3). */
static const char *const separated[] = { "operator", "security", "auditor" };

static const struct schema_field role_fields[] = {
	{ "name", SCHEMA_STRING, offsetof(struct person_role, name), .required = true },
	{ "label", SCHEMA_TEXT, offsetof(struct person_role, label), .required = true },
	{ "about", SCHEMA_TEXT, offsetof(struct person_role, about), .required = true },
	{ "excludes", SCHEMA_STRINGS, offsetof(struct person_role, excludes) },
	{ "second_factor", SCHEMA_BOOL, offsetof(struct person_role, second_factor) },
	{ 0 },
};
static const struct schema role_schema = { "a role", role_fields, sizeof(struct person_role), offsetof(struct person_role, node) };

static bool name_is_good(struct str name)
{
	if (name.n == 0 || name.n > 32)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (i && name.p[i] == '_')))
			return false;
	return true;
}

static bool lists(const struct strings *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->p[i], name))
			return true;
	return false;
}

static int check_role(const struct source *source, const struct roles *roles, size_t i, struct err *err)
{
	const struct person_role *role = &roles->p[i];
	if (!name_is_good(role->name))
		return doc_err(source, role->node, err, "a role's name is small letters and '_', not '%.*s'", STR_ARG(role->name));
	for (size_t k = 0; k < i; k++)
		if (str_eq(roles->p[k].name, role->name))
			return doc_err(source, role->node, err, "the role '%.*s' stands here twice", STR_ARG(role->name));
	for (size_t k = 0; k < role->excludes.n; k++) {
		struct str other = role->excludes.p[k];
		if (roles_bit(roles, other) < 0)
			return doc_err(source, role->node, err, "the role '%.*s' excludes '%.*s', which is no role", STR_ARG(role->name),
			               STR_ARG(other));
		if (str_eq(other, role->name))
			return doc_err(source, role->node, err, "the role '%.*s' excludes itself", STR_ARG(role->name));
	}
	return 0;
}

/* The file may say more than the code, never less. */
static int check_separated(const struct source *source, const struct doc *doc, const struct roles *roles, struct err *err)
{
	for (size_t i = 0; i < COUNT(separated); i++) {
		int bit = roles_bit(roles, str_from(separated[i]));
		if (bit < 0)
			return doc_err(source, doc, err, "the role '%s' is missing: operator, security and auditor are separate everywhere",
			               separated[i]);
		const struct person_role *role = &roles->p[bit];
		for (size_t k = 0; k < COUNT(separated); k++)
			if (k != i && !lists(&role->excludes, str_from(separated[k])))
				return doc_err(source, role->node, err, "the role '%s' must exclude '%s': nobody may be both", separated[i],
				               separated[k]);
		if (!role->second_factor)
			return doc_err(source, role->node, err, "the role '%s' must have second_factor: true", separated[i]);
	}
	return 0;
}

int roles_load(const struct content *content, struct roles **out, struct err *err)
{
	CLEANUP(roles_free_p) struct roles *roles = mem_alloc(sizeof(*roles));
	struct source *source = ARENA_NEW(&roles->arena, struct source);
	struct schema_list list = { 0 };
	const struct doc *doc;
	int r = content_read(&roles->arena, content, "roles.yaml", source, err);
	if (r == 0)
		r = yaml_parse(&roles->arena, source, &doc, err);
	if (r == 0)
		r = schema_decode_list(&roles->arena, source, doc, &role_schema, &list, err);
	if (r < 0)
		return r;
	if (list.n > ROLES_MOST)
		return doc_err(source, doc, err, "%zu roles are too many; %d can be told apart", list.n, ROLES_MOST);
	roles->p = list.p;
	roles->n = list.n;
	roles->names = (struct strings){ ARENA_ARRAY(&roles->arena, struct str, list.n ? list.n : 1), list.n };
	for (size_t i = 0; i < list.n; i++)
		roles->names.p[i] = roles->p[i].name;
	for (size_t i = 0; r == 0 && i < roles->n; i++)
		r = check_role(source, roles, i, err);
	if (r == 0)
		r = check_separated(source, doc, roles, err);
	if (r == 0)
		*out = TAKE(roles);
	return r;
}

void roles_free(struct roles *roles)
{
	if (!roles)
		return;
	struct arena arena = roles->arena;
	free(roles);
	arena_done(&arena);
}

void roles_free_p(struct roles **roles)
{
	roles_free(*roles);
}

int roles_bit(const struct roles *roles, struct str name)
{
	for (size_t i = 0; i < roles->n; i++)
		if (str_eq(roles->p[i].name, name))
			return (int)i;
	return -1;
}

static bool excluded(const struct roles *roles, size_t a, size_t b)
{
	bool a_is = false, b_is = false;
	for (size_t i = 0; i < COUNT(separated); i++) {
		a_is |= str_is(roles->p[a].name, separated[i]);
		b_is |= str_is(roles->p[b].name, separated[i]);
	}
	return (a_is && b_is) || lists(&roles->p[a].excludes, roles->p[b].name) || lists(&roles->p[b].excludes, roles->p[a].name);
}

int roles_compatible(const struct roles *roles, uint64_t set, struct err *err)
{
	for (size_t a = 0; a < roles->n; a++)
		for (size_t b = a + 1; b < roles->n; b++)
			if (set >> a & 1 && set >> b & 1 && excluded(roles, a, b))
				return err_set(err, -EPERM, "nobody may be %.*s and %.*s at once", STR_ARG(roles->p[a].name),
				               STR_ARG(roles->p[b].name));
	return 0;
}

bool roles_need_second_factor(const struct roles *roles, uint64_t set)
{
	for (size_t i = 0; i < roles->n; i++)
		if (set >> i & 1 && roles->p[i].second_factor)
			return true;
	return false;
}

void roles_list(struct arena *arena, const struct roles *roles, uint64_t set, struct strings *out)
{
	*out = (struct strings){ ARENA_ARRAY(arena, struct str, roles->n ? roles->n : 1), 0 };
	for (size_t i = 0; i < roles->n; i++)
		if (set >> i & 1)
			out->p[out->n++] = roles->p[i].name;
}
