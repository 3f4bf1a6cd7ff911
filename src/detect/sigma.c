/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * From files and directories to rules: finding the files, cutting them into documents, and what concerns all rules together.
 */
#include "detect/sigma.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/vec.h"
#include "data/yaml.h"
#include "detect/sigma_pipeline.h"
#include "sys/root.h"

enum { FOLDERS_DEEP = 32, FILE_MOST = 16 * 1024 * 1024 };

struct load {
	struct arena *arena, scratch;
	struct buf bytes; /* of the file at hand */
	struct sigma_reader reader;
	struct sigma_index index;
	struct sigma_pendings pendings;
	struct sigma_filters filters;
	VEC(struct sigma_rule *) rules;
	VEC(struct source *) sources; /* of the rules */
};

/* ---- documents ---- */

static int taken(struct load *load, const struct doc *doc, const struct sigma_rule *first, struct note note)
{
	note.value[1] = first->file;
	note.value[2] = arena_printf(load->arena, "%u", first->line);
	return sigma_refuse(&load->reader, doc, 0, note);
}

/* Under its id and its name; the same name may stand in another file. */
static int index_add(struct load *load, const struct doc *doc, struct sigma_rule *rule)
{
	struct sigma_index *index = &load->index;
	const struct sigma_rule *first = rule->id.n ? map_get(&index->ids, rule->id) : NULL;
	if (first)
		return taken(load, doc, first, NOTE("the id {} is taken already, at {}:{}", rule->id));
	void **place = rule->name.n ? map_put(&index->names, rule->name) : NULL;
	for (struct sigma_named *named = place ? *place : NULL; named; named = named->next)
		if (str_eq(named->rule->file, rule->file))
			return taken(load, doc, named->rule, NOTE("the name {} is taken already, at {}:{}", rule->name));
	if (place) {
		struct sigma_named *named = ARENA_NEW(load->arena, struct sigma_named);
		*named = (struct sigma_named){ rule, *place };
		*place = named;
	}
	if (rule->id.n)
		*map_put(&index->ids, rule->id) = rule;
	return 0;
}

static void rule_take(struct load *load, const struct doc *doc, struct sigma_rule *rule)
{
	if (rule->status >= STATUS_DEPRECATED && !load->reader.options->deprecated) {
		if (rule->id.n)
			*map_put(&load->index.skipped, rule->id) = rule;
		if (rule->name.n)
			*map_put(&load->index.skipped, rule->name) = rule;
		return;
	}
	if (index_add(load, doc, rule) < 0)
		return;
	vec_push_in(load->arena, &load->rules, rule);
	vec_push_in(load->arena, &load->sources, load->reader.source);
	if (rule->correlation.type != CORRELATION_NONE)
		vec_push_in(load->arena, &load->pendings,
		            { .rule = rule, .source = load->reader.source, .correlation = doc_get(doc, STR("correlation")) });
}

static void document_take(struct load *load, struct source *source)
{
	struct sigma_reader *reader = &load->reader;
	const struct doc *doc = NULL;
	struct err err = { 0 };
	reader->source = source;
	reader->rule = STR_NONE;
	reader->nodes = 0;
	reader->current = NULL;
	arena_reset(&load->scratch);
	if (yaml_parse(load->arena, source, &doc, &err) < 0) {
		sigma_refuse_words(reader, NULL, str_from(err.text));
		return;
	}
	if (doc->type == DOC_NULL)
		return;
	if (doc->type != DOC_MAP) {
		(void)sigma_refuse(reader, doc, 0, NOTE("a rule is a map; this is {}", str_from(doc_type_words(doc))));
		return;
	}
	if (doc_get(doc, STR("action")) && !doc_get(doc, STR("title"))) {
		(void)sigma_refuse(reader, doc, 0, NOTE("'action' belongs to an old Sigma; write every rule whole"));
		return;
	}
	if (doc_get(doc, STR("filter"))) {
		struct sigma_filter filter = { 0 };
		if (sigma_filter_read(reader, doc, &filter) == 0)
			vec_push_in(load->arena, &load->filters, filter);
		return;
	}
	struct sigma_rule *rule = ARENA_NEW(load->arena, struct sigma_rule);
	bool correlation = doc_get(doc, STR("correlation"));
	int r = correlation ? sigma_correlation_read(reader, doc, rule) : sigma_rule_read(reader, doc, rule);
	sigma_lint_rule(reader, doc, rule);
	if (r == 0)
		rule_take(load, doc, rule);
}

/* A line that ends a document: "---", alone or with more behind a blank. YAML 1.2, section 9.1.2. */
static bool is_marker(struct str line)
{
	return str_starts(line, "---") && (line.n == 3 || line.p[3] == ' ' || line.p[3] == '\t' || line.p[3] == '\r');
}

/* Nothing to read yet: blank, a comment, a directive (%YAML), a marker. */
static bool is_preface(struct str line)
{
	struct str text = str_trim(line);
	return !text.n || *text.p == '#' || *line.p == '%' || is_marker(line);
}

static void part_take(struct load *load, const char *name, const char *begin, const char *end, unsigned before)
{
	struct source *source = ARENA_NEW(load->arena, struct source);
	*source = (struct source){ .name = name, .text = { begin, (size_t)(end - begin) }, .before = before };
	document_take(load, source);
	source->text = STR_NONE; /* places are by line from here on */
}

/* One document after the other, so that a mistake in one does not take the others away. */
static void documents_take(struct load *load, const struct source *file)
{
	struct str rest = file->text;
	const char *begin = rest.p;
	unsigned line = 0, before = 0;
	bool preface = true;
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) + 1 : rest.n;
		struct str text = str_slice(rest, 0, end ? n - 1 : n);
		if (is_marker(text) && !preface) {
			part_take(load, file->name, begin, rest.p, before);
			begin = rest.p;
			before = line;
			preface = true;
		}
		preface = preface && is_preface(text);
		line++;
		rest = str_slice(rest, n, rest.n);
	}
	if (begin)
		part_take(load, file->name, begin, file->text.p + file->text.n, before);
}

/* ---- files ---- */

static void file_problem(struct load *load, const char *path, const char *why)
{
	struct source source = { .name = path, .lines = true };
	load->reader.source = &source;
	load->reader.rule = STR_NONE;
	sigma_refuse_words(&load->reader, NULL, arena_printf(load->arena, "%s: %s", path, why));
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void file_take(struct load *load, const char *path)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	buf_clear(&load->bytes);
	int r = fd < 0 ? -errno : fd_read(fd, FILE_MOST, &load->bytes);
	if (r < 0) {
		file_problem(load, path, r == -ENXIO ? "not a regular file" : err_words(r));
		return;
	}
	struct source source = { .name = path, .text = buf_str(&load->bytes) };
	documents_take(load, &source);
}

static bool is_rule_file(struct str name)
{
	return str_ends(name, ".yml") || str_ends(name, ".yaml");
}

static int name_order(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void folder_close(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static int folder_names(struct arena *arena, const char *path, struct strings *out)
{
	CLEANUP(folder_close) DIR *folder = opendir(path);
	VEC(struct str) names = { 0 };
	if (!folder)
		return -errno;
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(folder);
		if (!entry)
			break;
		if (entry->d_name[0] != '.')
			vec_push_in(arena, &names, arena_str(arena, str_from(entry->d_name)));
	}
	if (errno)
		return -errno;
	if (names.n)
		qsort(names.p, names.n, sizeof(*names.p), name_order);
	*out = (struct strings){ names.p, names.n };
	return 0;
}

static void folder_take(struct load *load, const char *path, unsigned depth)
{
	struct strings names = { 0 };
	int r = folder_names(load->arena, path, &names);
	if (r < 0 || depth == FOLDERS_DEEP) {
		file_problem(load, path, r < 0 ? err_words(r) : "folders are nested deeper than 32 levels");
		return;
	}
	for (size_t i = 0; i < names.n; i++) {
		const char *slash = str_ends(str_from(path), "/") ? "" : "/";
		const char *name = arena_printf(load->arena, "%s%s%.*s", path, slash, STR_ARG(names.p[i])).p;
		struct stat st;
		if (is_rule_file(names.p[i]))
			file_take(load, name);
		else if (lstat(name, &st) == 0 && S_ISDIR(st.st_mode))
			folder_take(load, name, depth + 1);
	}
}

static int path_take(struct load *load, const char *path, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_errno(err, -errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		folder_take(load, path, 0);
	else
		file_take(load, path);
	return 0;
}

static int embedded_take(struct load *load, struct err *err)
{
	const struct content *content = load->reader.options->content;
	struct strings names;
	int r = content_list(load->arena, content, "rules/", &names, err);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct source source = { 0 };
		if (!is_rule_file(names.p[i]))
			continue;
		r = content_read(load->arena, content, arena_cstr(load->arena, names.p[i]), &source, err);
		if (r == 0)
			documents_take(load, &source);
	}
	return r;
}

/* ---- all together ---- */

static void load_init(struct load *load, struct arena *arena, const struct sigma_options *options,
                      struct sigma_problems *problems)
{
	*load = (struct load){ .arena = arena };
	load->index = (struct sigma_index){ { .arena = arena }, { .arena = arena }, { .arena = arena } };
	load->reader = (struct sigma_reader){
		.arena = arena, .scratch = &load->scratch, .options = options, .problems = problems
	};
}

/* Pipelines over one rule; false: it is refused. */
static bool rule_change(struct load *load, size_t i)
{
	struct sigma_reader *reader = &load->reader;
	reader->source = load->sources.p[i];
	reader->rule = load->rules.p[i]->title;
	reader->nodes = 0;
	return !reader->pipelines || sigma_pipelines_apply(reader->pipelines, reader, load->rules.p[i]) == 0;
}

/* A correlation falls with the rules it refers to. */
static bool rule_stands(struct load *load, size_t i, const struct map *gone)
{
	const struct sigma_correlation *correlation = &load->rules.p[i]->correlation;
	for (size_t k = 0; correlation->rule && k < correlation->rules.n; k++) {
		if (!map_get_int(gone, (int64_t)(intptr_t)correlation->rule[k]))
			continue;
		load->reader.source = load->sources.p[i];
		load->reader.rule = load->rules.p[i]->title;
		(void)sigma_refuse(&load->reader, load->rules.p[i]->doc, 0,
		                   NOTE("there is no rule '{}', or it could not be loaded", correlation->rules.p[k]));
		return false;
	}
	return true;
}

/* Pipelines ask for the log sources of the rules that a correlation refers to, so correlations come before these change. */
static void pipelines_apply(struct load *load, struct map *gone)
{
	for (int plain = 0; plain < 2; plain++)
		for (size_t i = 0; i < load->rules.n; i++) {
			struct sigma_rule *rule = load->rules.p[i];
			bool correlation = rule->correlation.type != CORRELATION_NONE;
			if (correlation == plain || (correlation && !rule->correlation.rule))
				continue;
			if (!rule_change(load, i))
				*map_put_int(gone, (int64_t)(intptr_t)rule) = rule;
		}
	for (bool fell = gone->n > 0; fell;) {
		fell = false;
		for (size_t i = 0; i < load->rules.n; i++) {
			struct sigma_rule *rule = load->rules.p[i];
			if (map_get_int(gone, (int64_t)(intptr_t)rule) || rule_stands(load, i, gone))
				continue;
			*map_put_int(gone, (int64_t)(intptr_t)rule) = rule;
			fell = true;
		}
	}
}

static void load_done(struct load *load)
{
	arena_done(&load->scratch);
	buf_done(&load->bytes);
}

static void load_finish(struct load *load, struct sigma_rules *rules)
{
	struct map gone = { .arena = load->arena };
	sigma_correlations_resolve(&load->reader, &load->index, &load->pendings);
	sigma_filters_apply(&load->reader, &load->index, &load->filters, load->rules.p, load->rules.n);
	if (load->reader.pipelines)
		pipelines_apply(load, &gone);
	const struct sigma_rule **all = ARENA_ARRAY(load->arena, const struct sigma_rule *, load->rules.n);
	size_t n = 0;
	for (size_t i = 0; i < load->rules.n; i++) {
		struct sigma_rule *rule = load->rules.p[i];
		bool whole = rule->correlation.type == CORRELATION_NONE || rule->correlation.rule;
		if (whole && !(gone.n && map_get_int(&gone, (int64_t)(intptr_t)rule)))
			all[n++] = rule;
	}
	sigma_correlations_hide(all, n);
	*rules = (struct sigma_rules){ all, n };
}

int sigma_load(struct arena *arena, const struct sigma_options *options, struct sigma_rules *rules,
               struct sigma_problems *problems, struct err *err)
{
	CLEANUP(load_done) struct load load;
	load_init(&load, arena, options, problems);
	struct sigma_pipelines *pipelines;
	int r = sigma_pipelines_load(arena, options->pipelines, &pipelines, err);
	load.reader.pipelines = pipelines;
	if (r == 0 && options->embedded)
		r = embedded_take(&load, err);
	for (size_t i = 0; r == 0 && options->paths && options->paths[i]; i++)
		r = path_take(&load, options->paths[i], err);
	if (r == 0)
		load_finish(&load, rules);
	return r;
}

void sigma_parse_with(struct arena *arena, const char *name, struct str text, const struct sigma_options *options,
                      const struct sigma_pipelines *pipelines, struct sigma_rules *rules, struct sigma_problems *problems)
{
	static const struct sigma_options none = { 0 };
	CLEANUP(load_done) struct load load;
	load_init(&load, arena, options ? options : &none, problems);
	load.reader.pipelines = pipelines;
	struct source source = { .name = name, .text = text };
	documents_take(&load, &source);
	load_finish(&load, rules);
}

void sigma_parse(struct arena *arena, const char *name, struct str text, const struct sigma_options *options,
                 struct sigma_rules *rules, struct sigma_problems *problems)
{
	sigma_parse_with(arena, name, text, options, NULL, rules, problems);
}
