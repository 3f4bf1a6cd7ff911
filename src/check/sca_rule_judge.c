/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Judging one rule: files, folders and processes here, commands by sca_run_command().
 */
#include "base/vec.h"
#include "check/osregex.h"
#include "check/sca_run.h"
#include "sys/root.h"

enum { FOLDER_DEPTH = 32, FOLDER_FILES = 20000 };

static bool is_missing(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

/* Ward may not look, or the disk failed: Wazuh, which runs as root, would know. */
static bool is_unseen(int r)
{
	return r == -EACCES || r == -EPERM || r == -EIO || r == -ENOMEM || r == -EMFILE;
}

static struct sca_outcome not_seen(struct sca_run *run, struct str path, int r)
{
	return (struct sca_outcome){
		.result = is_unseen(r) || r == -EFBIG ? SCA_UNKNOWN : SCA_INVALID,
		.reason = is_missing(r) ? NOTE("there is no {}", arena_str(run->arena, path))
		        : r == -ENXIO   ? NOTE("{} is not a regular file", arena_str(run->arena, path))
		                        : NOTE("cannot read {}: {}", arena_str(run->arena, path), str_from(err_words(r))),
	};
}

const struct sca_file *sca_run_file(struct sca_run *run, struct str path)
{
	void **slot = map_put(&run->files, path);
	if (*slot)
		return *slot;
	struct sca_file *file = ARENA_NEW(run->arena, struct sca_file);
	BUF(text);
	file->r = root_read(run->root, arena_cstr(run->arena, path), ROOT_FILE_LIMIT, &text);
	if (file->r == 0)
		file->text = arena_str(run->arena, buf_str(&text));
	*slot = file;
	return file;
}

void sca_run_table(struct sca_run *run, const struct table *table)
{
	for (size_t i = 0; i < run->table_count; i++)
		if (run->tables[i] == table)
			return;
	if (run->table_count < SCA_TABLES)
		run->tables[run->table_count++] = table;
}

/* Lines of these hold hashes of passwords or keys and are not shown. */
static bool is_secret(struct str path, struct str line)
{
	static const char *const names[] = { "shadow", "opasswd", "_key", "private", "secret" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_find(path, names[i]) >= 0 && !str_ends(path, ".pub"))
			return true;
	return str_find(line, ":$") >= 0 || str_find(line, "pbkdf2") >= 0 || str_find(line, "PRIVATE KEY") >= 0;
}

static struct sca_outcome from_hit(struct str file, const struct sca_hit *hit, bool secret)
{
	return (struct sca_outcome){
		.result = hit->result,
		.reason = hit->reason,
		.file = hit->result == SCA_FOUND && hit->line.p ? file : STR_NONE,
		.line = secret ? STR_NONE : hit->line,
		.number = hit->number,
	};
}

static struct sca_outcome contents_judge(struct sca_run *run, struct str path, struct sca_pattern *pattern)
{
	const struct sca_file *file = sca_run_file(run, path);
	if (file->r < 0)
		return not_seen(run, path, file->r);
	struct sca_hit hit = sca_pattern_find(run->matcher, pattern, file->text, false);
	return from_hit(path, &hit, is_secret(path, hit.line));
}

static struct sca_outcome exists_judge(struct sca_run *run, enum sca_dialect dialect, struct str path, mode_t kind)
{
	struct stat st;
	int r = root_stat(run->root, arena_cstr(run->arena, path), true, &st);
	if (r < 0 && !is_missing(r))
		return not_seen(run, path, r);
	if (r == 0 && (st.st_mode & S_IFMT) == kind)
		return (struct sca_outcome){ .result = SCA_FOUND, .file = path };
	/* 4.x: what is there but of another kind can be neither found nor missing. */
	if (r == 0 && dialect != SCA_5)
		return not_seen(run, path, kind == S_IFDIR ? -ENOTDIR : -ENXIO);
	return (struct sca_outcome){ .result = SCA_NOT_FOUND };
}

/* ---- f: ---- */

static void accumulate(struct sca_outcome *all, const struct sca_outcome *one)
{
	/* FOUND ends the search; otherwise what could not be told stays. */
	if (one->result == SCA_FOUND || all->result == SCA_NOT_FOUND ||
	    (one->result == SCA_UNKNOWN && all->result == SCA_INVALID))
		*all = *one;
}

static struct sca_outcome file_judge(struct sca_run *run, struct sca_rule *rule, enum sca_dialect dialect)
{
	struct sca_outcome all = { .result = SCA_NOT_FOUND };
	bool list = dialect != SCA_5;
	for (struct str rest = rule->target; rest.p && all.result != SCA_FOUND; ) {
		struct str path = list ? str_cut(&rest, ',') : rest;
		if (!list)
			rest = STR_NONE;
		if (path.n == 0)
			continue;
		struct sca_outcome one = rule->pattern.text.p ? contents_judge(run, path, &rule->pattern)
		                                              : exists_judge(run, dialect, path, S_IFREG);
		accumulate(&all, &one);
	}
	return all;
}

/* ---- d: ---- */

struct folder {
	struct str path;
	unsigned depth;
};

struct folder_walk {
	struct sca_run *run;
	struct sca_rule *rule;
	enum sca_dialect dialect;
	VEC(struct folder) todo;
	size_t files;
	struct sca_outcome all;
};

/* FOUND, NOT_FOUND, or INVALID for a pattern that is not understood. */
static enum sca_result name_matches(struct folder_walk *walk, struct str name, struct note *why)
{
	struct sca_rule *rule = walk->rule;
	if (walk->dialect == SCA_5) {
		struct sca_hit hit = sca_pattern_find(walk->run->matcher, &rule->name, name, false);
		*why = hit.reason;
		return hit.result;
	}
	/* 4.x: osregex behind r:, whatever regex_type says; osmatch otherwise. */
	if (rule->file.n >= 2 && rule->file.p[1] == ':' && (rule->file.p[0] == 'r' || rule->file.p[0] == 'R')) {
		const struct osregex *regex;
		struct str pattern = str_slice(rule->file, 2, rule->file.n);
		if (osregex_compile(walk->run->arena, pattern, &regex, NULL) < 0)
			return SCA_NOT_FOUND;
		return osregex_match(regex, name, NULL) == 1 ? SCA_FOUND : SCA_NOT_FOUND;
	}
	return osmatch(rule->file, name) ? SCA_FOUND : SCA_NOT_FOUND;
}

static void entry_judge(struct folder_walk *walk, const struct folder *folder, struct str name)
{
	struct sca_run *run = walk->run;
	struct str path = arena_printf(run->arena, "%.*s%s%.*s", STR_ARG(folder->path),
	                               str_ends(folder->path, "/") ? "" : "/", STR_ARG(name));
	struct stat st;
	struct note why = { 0 };
	int r = root_stat(run->root, path.p, false, &st);
	if (r < 0) {
		struct sca_outcome one = not_seen(run, path, r);
		accumulate(&walk->all, &one);
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		if (folder->depth < FOLDER_DEPTH)
			vec_push_in(run->arena, &walk->todo, { path, folder->depth + 1 });
		return;
	}
	if (S_ISLNK(st.st_mode) && walk->dialect == SCA_5)
		return;
	enum sca_result matches = name_matches(walk, name, &why);
	struct sca_outcome one = { .result = matches, .reason = why };
	if (matches == SCA_FOUND)
		one = walk->rule->pattern.text.p ? contents_judge(run, path, &walk->rule->pattern)
		                                 : exists_judge(run, walk->dialect, path, S_IFREG);
	accumulate(&walk->all, &one);
}

static void folder_judge(struct folder_walk *walk, const struct folder *folder)
{
	struct sca_run *run = walk->run;
	struct str *names;
	size_t n;
	int r = root_list(run->root, arena_cstr(run->arena, folder->path), run->arena, &names, &n);
	if (r < 0) {
		struct sca_outcome one = not_seen(run, folder->path, r);
		accumulate(&walk->all, &one);
		return;
	}
	for (size_t i = 0; i < n && walk->all.result != SCA_FOUND; i++) {
		if (++walk->files > FOLDER_FILES) {
			walk->all = (struct sca_outcome){
				.result = SCA_UNKNOWN,
				.reason = NOTE("{}: too many files", walk->rule->target),
			};
			return;
		}
		entry_judge(walk, folder, names[i]);
	}
}

static struct sca_outcome directory_judge(struct sca_run *run, struct sca_rule *rule, enum sca_dialect dialect)
{
	struct folder_walk walk = { .run = run, .rule = rule, .dialect = dialect };
	bool list = dialect != SCA_5;
	for (struct str rest = rule->target; rest.p && walk.all.result != SCA_FOUND; ) {
		struct str path = list ? str_cut(&rest, ',') : rest;
		if (!list)
			rest = STR_NONE;
		if (path.n == 0)
			continue;
		if (!rule->file.p) {
			struct sca_outcome one = exists_judge(run, dialect, path, S_IFDIR);
			accumulate(&walk.all, &one);
			continue;
		}
		vec_push_in(run->arena, &walk.todo, { path, 0 });
		while (walk.todo.n && walk.all.result != SCA_FOUND && walk.files <= FOLDER_FILES) {
			struct folder folder = walk.todo.p[--walk.todo.n];
			folder_judge(&walk, &folder);
		}
		walk.todo.n = 0;
	}
	return walk.all;
}

/* ---- p: ---- */

static struct sca_outcome process_judge(struct sca_run *run, struct sca_rule *rule, enum sca_dialect dialect)
{
	enum { NAME = 1 };
	const struct rows *rows = facts_columns(run->facts, &table_processes, table_columns(&table_processes, "name"));
	sca_run_table(run, &table_processes);
	struct sca_pattern pattern;
	sca_pattern_parse(run->arena, dialect, rule->target, &pattern);
	struct sca_outcome out = { .result = SCA_NOT_FOUND };
	for (size_t i = 0; i < rows->n && out.result != SCA_FOUND; i++) {
		struct str name = cell_str(rows_at(rows, i)[NAME]);
		if (dialect == SCA_5) {
			out.result = str_eq(name, rule->target) ? SCA_FOUND : SCA_NOT_FOUND;
		} else {
			struct sca_hit hit = sca_pattern_find(run->matcher, &pattern, name, false);
			out.result = hit.result == SCA_NOT_FOUND ? SCA_NOT_FOUND : SCA_FOUND;
		}
		if (out.result == SCA_FOUND)
			out.line = name;
	}
	sca_pattern_done(&pattern);
	if (out.result != SCA_FOUND && rows->coverage != COVERAGE_COMPLETE && rows->n == 0)
		return (struct sca_outcome){ .result = SCA_UNKNOWN, .reason = rows->reason, .unseen = &table_processes };
	return out;
}

/* ---- c: ---- */

static struct sca_outcome command_judge(struct sca_run *run, struct sca_rule *rule, enum sca_dialect dialect)
{
	/* 4.x does not even start a command whose answer nobody looks at. */
	if (!rule->pattern.text.p && dialect != SCA_5)
		return (struct sca_outcome){ .result = SCA_FOUND };
	const struct sca_answer *answer = sca_run_command(run, rule->target);
	for (size_t i = 0; i < answer->table_count; i++)
		sca_run_table(run, answer->tables[i]);
	if (answer->state != SCA_FOUND)
		return (struct sca_outcome){
			.result = answer->state,
			.reason = answer->reason,
			.unseen = answer->unseen,
		};
	if (!rule->pattern.text.p)
		return (struct sca_outcome){ .result = SCA_FOUND };
	struct sca_hit hit = sca_pattern_find(run->matcher, &rule->pattern, answer->text, true);
	struct sca_outcome out = from_hit(STR_NONE, &hit, is_secret(rule->target, hit.line));
	out.number = 0;
	return out;
}

struct sca_outcome sca_rule_judge(struct sca_run *run, struct sca_rule *rule, enum sca_dialect dialect)
{
	struct sca_outcome out;
	switch (rule->kind) {
	case SCA_FILE:
		out = file_judge(run, rule, dialect);
		break;
	case SCA_DIRECTORY:
		out = directory_judge(run, rule, dialect);
		break;
	case SCA_PROCESS:
		out = process_judge(run, rule, dialect);
		break;
	case SCA_COMMAND:
		out = command_judge(run, rule, dialect);
		break;
	default: /* a registry is a thing of Windows */
		out = (struct sca_outcome){ .result = SCA_NOT_FOUND };
		break;
	}
	if (rule->negated && (out.result == SCA_FOUND || out.result == SCA_NOT_FOUND))
		out.result = out.result == SCA_FOUND ? SCA_NOT_FOUND : SCA_FOUND;
	return out;
}
