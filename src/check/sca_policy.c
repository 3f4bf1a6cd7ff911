/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "check/sca_policy.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "data/yaml.h"
#include "sys/root.h"

static const char *const condition_names[] = { "all", "any", "none", NULL };

struct variable {
	struct str name, value;
};

struct reader {
	struct arena *arena;
	const struct source *source;
	struct sca_policy *policy;
	VEC(struct variable) variables;
	VEC(struct str) problems;
};

static void problem(struct reader *reader, const char *text)
{
	vec_push_in(reader->arena, &reader->problems, arena_str(reader->arena, str_from(text)));
}

/* A scalar as text; numbers as written in the usual way. STR_NONE for anything else. */
static struct str scalar(struct reader *reader, const struct doc *node)
{
	if (node && node->type == DOC_INT)
		return arena_printf(reader->arena, "%lld", (long long)node->integer);
	if (node && node->type == DOC_REAL)
		return arena_printf(reader->arena, "%g", node->real);
	return doc_string(node);
}

static struct str get_text(struct reader *reader, const struct doc *map, const char *key)
{
	return scalar(reader, doc_get(map, str_from(key)));
}

static struct text text_all(struct str text)
{
	return (struct text){ .in = { [LANG_EN] = text } };
}

/* ---- variables: $name in what a rule asks about, the longest name first ---- */

static int by_length(const void *a, const void *b)
{
	size_t x = ((const struct variable *)a)->name.n, y = ((const struct variable *)b)->name.n;
	return x > y ? -1 : x < y;
}

static void variables_read(struct reader *reader, const struct doc *map)
{
	struct err err = { 0 };
	if (!map || map->type == DOC_NULL)
		return;
	if (map->type != DOC_MAP) {
		doc_err(reader->source, map, &err, "variables: a map of $names and values is needed here");
		problem(reader, err.text);
		return;
	}
	for (size_t i = 0; i < map->n; i++) {
		struct str name = doc_string(doc_key(map, i)), value = scalar(reader, doc_value(map, i));
		if (name.n < 2 || name.p[0] != '$' || !value.p) {
			doc_err(reader->source, doc_key(map, i), &err, "a variable is $name: text");
			problem(reader, err.text);
			continue;
		}
		vec_push_in(reader->arena, &reader->variables, { name, value });
	}
	if (reader->variables.n)
		qsort(reader->variables.p, reader->variables.n, sizeof(struct variable), by_length);
}

static struct str variables_replace(struct reader *reader, struct str text)
{
	enum { EXPANDED_MOST = 64 * 1024 };
	for (size_t i = 0; i < reader->variables.n; i++) {
		const struct variable *variable = &reader->variables.p[i];
		BUF(out);
		size_t from = 0;
		for (size_t at = 0; at + variable->name.n <= text.n && out.n < EXPANDED_MOST; ) {
			if (memcmp(text.p + at, variable->name.p, variable->name.n) != 0) {
				at++;
				continue;
			}
			buf_add(&out, str_slice(text, from, at));
			buf_add(&out, variable->value);
			from = at += variable->name.n;
		}
		if (from == 0)
			continue;
		buf_add(&out, str_slice(text, from, text.n));
		text = arena_str(reader->arena, buf_str(&out));
	}
	return text;
}

/* 4.x replaces only in what is asked about, 5.x everywhere in the rule. */
static struct str rule_text(struct reader *reader, enum sca_dialect dialect, struct str text)
{
	ptrdiff_t arrow = dialect == SCA_5 ? -1 : str_find(text, " -> ");
	if (arrow < 0)
		return variables_replace(reader, text);
	struct str target = variables_replace(reader, str_slice(text, 0, (size_t)arrow));
	return arena_printf(reader->arena, "%.*s%.*s", STR_ARG(target),
	                    STR_ARG(str_slice(text, (size_t)arrow, text.n)));
}

/* ---- checks ---- */

static int condition_read(struct reader *reader, const struct doc *map, struct sca_check *check, struct err *err)
{
	const struct doc *node = doc_get(map, STR("condition"));
	struct str word = doc_string(node);
	if (check->dialect != SCA_5 && str_ends(word, " required"))
		word = str_slice(word, 0, word.n - 9);
	for (int i = 0; condition_names[i]; i++)
		if (str_is(word, condition_names[i])) {
			check->condition = (enum sca_condition)i;
			return 0;
		}
	return doc_err(reader->source, node ? node : map, err, "condition: all, any or none is needed here");
}

static int rules_read(struct reader *reader, const struct doc *map, struct sca_check *check, struct err *err)
{
	const struct doc *list = doc_get(map, STR("rules"));
	if (!list || list->type != DOC_ARRAY || list->n > SCA_RULES_MOST)
		return doc_err(reader->source, list ? list : map, err, "rules: a list of at most %d is needed here",
		               SCA_RULES_MOST);
	check->rules = ARENA_ARRAY(reader->arena, struct sca_rule, list->n + 1);
	for (size_t i = 0; i < list->n; i++) {
		struct err why = { 0 };
		struct str text = doc_string(&list->items[i]);
		if (!text.p)
			return doc_err(reader->source, &list->items[i], err, "a rule is text");
		text = rule_text(reader, check->dialect, text);
		if (sca_rule_parse(reader->arena, check->dialect, text, &check->rules[i], &why) < 0)
			return doc_err(reader->source, &list->items[i], err, "'%.*s': %s",
			               (int)MIN(text.n, (size_t)200), text.p, why.text);
		check->n = i + 1;
	}
	return 0;
}

static void clauses_add(struct reader *reader, struct strings *clauses, size_t *room, struct str standard,
                        const struct doc *values)
{
	const struct doc *one = values->type == DOC_ARRAY ? values->items : values;
	size_t n = values->type == DOC_ARRAY ? values->n : 1;
	for (size_t i = 0; i < n; i++) {
		struct str value = scalar(reader, &one[i]);
		if (!value.p)
			continue;
		if (clauses->n == *room) {
			struct str *old = clauses->p;
			*room = *room ? *room * 2 : 16;
			clauses->p = ARENA_ARRAY(reader->arena, struct str, *room);
			if (clauses->n)
				memcpy(clauses->p, old, clauses->n * sizeof(*old));
		}
		clauses->p[clauses->n++] = arena_printf(reader->arena, "%.*s %.*s", STR_ARG(standard), STR_ARG(value));
	}
}

/* 5.x has a map of standards and clauses, 4.x a list of such maps. */
static struct strings clauses_read(struct reader *reader, const struct doc *node)
{
	struct strings clauses = { 0 };
	size_t room = 0;
	if (!node || (node->type != DOC_MAP && node->type != DOC_ARRAY))
		return clauses;
	const struct doc *maps = node->type == DOC_ARRAY ? node->items : node;
	size_t n = node->type == DOC_ARRAY ? node->n : 1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; maps[i].type == DOC_MAP && j < maps[i].n; j++)
			clauses_add(reader, &clauses, &room, doc_string(doc_key(&maps[i], j)), doc_value(&maps[i], j));
	return clauses;
}

static enum sca_dialect dialect_of(const struct doc *map, enum sca_dialect otherwise)
{
	struct str type = doc_text(map, "regex_type");
	if (otherwise == SCA_5 || !type.p)
		return otherwise;
	return str_is(type, "pcre2") ? SCA_4_PCRE2 : SCA_4_OSREGEX;
}

static void check_read(struct reader *reader, const struct doc *map, struct sca_check *out)
{
	struct err err = { 0 };
	struct str title = get_text(reader, map, "name"), why = get_text(reader, map, "rationale");
	if (!title.p)
		title = get_text(reader, map, "title");
	if (!why.n)
		why = get_text(reader, map, "description");
	struct str id = get_text(reader, map, "id");
	*out = (struct sca_check){ .dialect = dialect_of(map, reader->policy->dialect) };
	out->check = (struct check){
		.id = arena_printf(reader->arena, "sca:%.*s:%.*s", STR_ARG(reader->policy->id), STR_ARG(id)),
		.topic = reader->policy->id,
		.severity = SEVERITY_MEDIUM,
		.title = text_all(title),
		.why = text_all(why),
		.remedy = text_all(get_text(reader, map, "remediation")),
		.clauses = clauses_read(reader, doc_get(map, STR("compliance"))),
		.node = map,
		.source = reader->source,
	};
	int r = map->type == DOC_MAP ? 0 : doc_err(reader->source, map, &err, "a check is a map");
	if (r == 0 && !id.n)
		r = doc_err(reader->source, map, &err, "a check needs an id");
	if (r == 0 && !title.n)
		r = doc_err(reader->source, map, &err, "check %.*s has neither a name nor a title", STR_ARG(id));
	if (r == 0)
		r = condition_read(reader, map, out, &err);
	if (r == 0)
		r = rules_read(reader, map, out, &err);
	if (r < 0) {
		out->fault = arena_str(reader->arena, str_from(err.text));
		problem(reader, err.text);
	}
}

/* By what the first check, or the requirements, are called. */
static enum sca_dialect dialect_read(const struct doc *doc)
{
	const struct doc *checks = doc_get(doc, STR("checks")), *policy = doc_get(doc, STR("policy"));
	bool four = doc_get(policy, STR("regex_type")) != NULL;
	for (size_t i = 0; checks && checks->type == DOC_ARRAY && i < checks->n; i++) {
		if (doc_get(&checks->items[i], STR("name")))
			return SCA_5;
		if (doc_get(&checks->items[i], STR("title"))) {
			four = true;
			break;
		}
	}
	return four ? dialect_of(policy, SCA_4_OSREGEX) : SCA_5;
}

static int policy_read(struct reader *reader, const struct doc *doc, struct err *err)
{
	struct sca_policy *policy = reader->policy;
	const struct doc *head = doc_get(doc, STR("policy")), *checks = doc_get(doc, STR("checks"));
	if (!head || head->type != DOC_MAP)
		return doc_err(reader->source, doc, err, "'policy' is missing: this is no SCA policy");
	if (!checks || checks->type != DOC_ARRAY)
		return doc_err(reader->source, checks ? checks : doc, err, "checks: a list is needed here");
	policy->id = get_text(reader, head, "id");
	policy->name = get_text(reader, head, "name");
	policy->dialect = dialect_read(doc);
	if (!policy->id.n)
		return doc_err(reader->source, head, err, "the policy needs an id");
	variables_read(reader, doc_get(doc, STR("variables")));
	const struct doc *requirements = doc_get(doc, STR("requirements"));
	if (requirements && requirements->type != DOC_NULL) {
		policy->requirements.dialect = dialect_of(requirements, policy->dialect);
		int r = condition_read(reader, requirements, &policy->requirements, err);
		if (r == 0)
			r = rules_read(reader, requirements, &policy->requirements, err);
		if (r < 0)
			return r;
	}
	policy->checks = ARENA_ARRAY(reader->arena, struct sca_check, checks->n + 1);
	policy->n = checks->n;
	for (size_t i = 0; i < checks->n; i++)
		check_read(reader, &checks->items[i], &policy->checks[i]);
	return 0;
}

static void problems_append(struct arena *arena, struct strings *all, const struct str *more, size_t n)
{
	struct str *joined = ARENA_ARRAY(arena, struct str, all->n + n + 1);
	if (all->n)
		memcpy(joined, all->p, all->n * sizeof(*joined));
	if (n)
		memcpy(joined + all->n, more, n * sizeof(*joined));
	*all = (struct strings){ joined, all->n + n };
}

int sca_policy_parse(struct arena *arena, struct source *source, struct sca_policy *out, struct strings *problems,
                     struct err *err)
{
	const struct doc *doc;
	struct reader reader = { .arena = arena, .source = source, .policy = out };
	*out = (struct sca_policy){ 0 };
	int r = yaml_parse(arena, source, &doc, err);
	if (r == 0)
		r = policy_read(&reader, doc, err);
	if (r == 0)
		problems_append(arena, problems, reader.problems.p, reader.problems.n);
	return r;
}

/* ---- files ---- */

struct policy_list {
	struct sca_policy *p;
	size_t n, room;
};

static int file_load(struct arena *arena, const char *path, struct policy_list *list, struct strings *problems,
                     struct err *err)
{
	BUF(text);
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r = fd < 0 ? -errno : fd_read(fd, SCA_FILE_MOST, &text);
	if (r < 0)
		return err_errno(err, r, "cannot read '%s'", path);
	struct source *source = ARENA_NEW(arena, struct source);
	*source = (struct source){ .name = path, .text = arena_str(arena, buf_str(&text)) };
	struct sca_policy policy;
	struct err why = { 0 };
	if (sca_policy_parse(arena, source, &policy, problems, &why) < 0) {
		struct str said = arena_str(arena, str_from(why.text));
		problems_append(arena, problems, &said, 1);
	} else {
		vec_push_in(arena, list, policy);
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static int folder_load(struct arena *arena, const char *path, struct policy_list *list, struct strings *problems,
                       struct err *err)
{
	enum { FILES_MOST = 1000 };
	VEC(struct str) names = { 0 };
	DIR *folder = opendir(path);
	if (!folder)
		return err_errno(err, -errno, "cannot read '%s'", path);
	for (struct dirent *entry; (entry = readdir(folder)) && names.n < FILES_MOST; ) {
		struct str name = str_from(entry->d_name);
		if (name.p[0] != '.' && (str_ends(name, ".yml") || str_ends(name, ".yaml")))
			vec_push_in(arena, &names, arena_str(arena, name));
	}
	closedir(folder);
	if (names.n == 0)
		return err_set(err, -ENOENT, "'%s' holds no policy (*.yml, *.yaml)", path);
	qsort(names.p, names.n, sizeof(struct str), by_bytes);
	for (size_t i = 0; i < names.n; i++) {
		const char *file = arena_printf(arena, "%s/%.*s", path, STR_ARG(names.p[i])).p;
		struct err why = { 0 };
		if (file_load(arena, file, list, problems, &why) < 0) {
			struct str said = arena_str(arena, str_from(why.text));
			problems_append(arena, problems, &said, 1);
		}
	}
	return 0;
}

int sca_policies_load(struct arena *arena, const char *const *paths, size_t n, struct sca_policies *out,
                      struct err *err)
{
	struct policy_list list = { 0 };
	*out = (struct sca_policies){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		bool folder = stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode);
		int r = folder ? folder_load(arena, paths[i], &list, &out->problems, err)
		               : file_load(arena, paths[i], &list, &out->problems, err);
		if (r < 0)
			return r;
	}
	out->p = list.p;
	out->n = list.n;
	return 0;
}

static void check_done(struct sca_check *check)
{
	for (size_t i = 0; i < check->n; i++) {
		sca_pattern_done(&check->rules[i].name);
		sca_pattern_done(&check->rules[i].pattern);
	}
}

void sca_policies_done(struct sca_policies *policies)
{
	for (size_t i = 0; i < policies->n; i++) {
		check_done(&policies->p[i].requirements);
		for (size_t j = 0; j < policies->p[i].n; j++)
			check_done(&policies->p[i].checks[j]);
	}
}
