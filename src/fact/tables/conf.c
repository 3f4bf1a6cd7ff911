/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "fact/tables/conf.h"

#include <stdlib.h>

#include "base/vec.h"

struct named {
	struct str name, path;
	size_t order;
};

static int by_name(const void *a, const void *b)
{
	const struct named *one = a, *other = b;
	int r = str_compare(one->name, other->name);
	return r ? r : (one->order > other->order) - (one->order < other->order);
}

static bool is_masked(struct scan *scan, struct str path)
{
	BUF(target);
	return root_readlink(scan_root(scan), path.p, &target) == 0 && str_is(buf_str(&target), "/dev/null");
}

struct strings conf_files(struct scan *scan, const char *const *directories, const char *suffix)
{
	struct arena *arena = scan_arena(scan);
	VEC(struct named) all = { 0 };
	for (size_t i = 0; directories[i]; i++) {
		struct strings names = scan_list(scan, directories[i]);
		for (size_t j = 0; j < names.n; j++)
			if (str_ends(names.p[j], suffix) && names.p[j].p[0] != '.')
				vec_push_in(arena, &all, { names.p[j],
				                           arena_printf(arena, "/%s/%.*s", directories[i], STR_ARG(names.p[j])), i });
	}
	struct strings out = { ARENA_ARRAY(arena, struct str, all.n + 1), 0 };
	if (all.n)
		qsort(all.p, all.n, sizeof(*all.p), by_name);
	for (size_t i = 0; i < all.n; i++)
		if ((i == 0 || !str_eq(all.p[i].name, all.p[i - 1].name)) && !is_masked(scan, all.p[i].path))
			out.p[out.n++] = all.p[i].path;
	return out;
}

bool conf_line(struct conf_lines *lines, struct str *line)
{
	if (!str_line(&lines->rest, line))
		return false;
	lines->number = ++lines->last;
	if (!lines->arena || !str_ends(*line, "\\"))
		return true;
	BUF(joined);
	struct str part = *line;
	bool more = true;
	while (more && str_ends(part, "\\")) {
		buf_add(&joined, str_slice(part, 0, part.n - 1));
		more = str_line(&lines->rest, &part);
		lines->last += more;
	}
	if (more)
		buf_add(&joined, part);
	*line = arena_str(lines->arena, buf_str(&joined));
	return true;
}

bool conf_is_comment(struct str line, const char *marks)
{
	line = str_trim(line);
	return line.n == 0 || (line.p[0] && strchr(marks, line.p[0]));
}

bool conf_pair(struct str line, struct str *key, struct str *value)
{
	struct str rest = line;
	*key = str_trim(str_cut(&rest, '='));
	if (!rest.p)
		return false;
	*value = str_trim(rest);
	return true;
}

bool conf_word(struct arena *arena, struct str *rest, struct str *word)
{
	*rest = str_trim(*rest);
	if (!rest->n)
		return false;
	char *out = arena_bytes(arena, rest->n + 1);
	size_t i = 0, n = 0;
	char quote = 0;
	for (; i < rest->n; i++) {
		char c = rest->p[i];
		if (!quote && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
			break;
		if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else if (c == quote && quote) {
			quote = 0;
		} else if (c == '\\' && quote != '\'' && i + 1 < rest->n) {
			out[n++] = rest->p[++i];
		} else {
			out[n++] = c;
		}
	}
	out[n] = 0;
	*word = (struct str){ out, n };
	*rest = str_slice(*rest, i, rest->n);
	return true;
}

void conf_bad_line(struct scan *scan, struct str file, int64_t number)
{
	struct str text = arena_printf(scan_arena(scan), "%lld", (long long)number);
	scan_partial(scan, NOTE("{}:{}: not understood", file, text));
}

static void systemd_file(struct scan *scan, struct str path, struct conf_settings *out)
{
	struct arena *arena = scan_arena(scan);
	struct str text, line, section = STR("");
	if (scan_file(scan, path.p, &text) < 0)
		return;
	struct conf_lines lines = { .rest = text, .arena = arena };
	while (conf_line(&lines, &line)) {
		struct conf_setting setting = { .section = section, .file = path, .line = lines.number };
		line = str_trim(line);
		if (conf_is_comment(line, "#;"))
			continue;
		if (line.p[0] == '[' && line.p[line.n - 1] == ']')
			section = str_slice(line, 1, line.n - 1);
		else if (conf_pair(line, &setting.key, &setting.value) && setting.key.n && section.n)
			vec_push_in(arena, out, setting);
		else
			conf_bad_line(scan, path, lines.number);
	}
}

void conf_systemd(struct scan *scan, const char *name, struct conf_settings *out)
{
	static const char *const bases[] = { "etc/systemd", "run/systemd", "usr/local/lib/systemd",
					     "usr/lib/systemd", "lib/systemd" };
	struct arena *arena = scan_arena(scan);
	const char *directories[COUNT(bases) + 1] = { NULL };
	bool found = false;
	for (size_t i = 0; i < COUNT(bases); i++) {
		struct str main_file = arena_printf(arena, "/%s/%s", bases[i], name);
		struct stat st;
		directories[i] = arena_printf(arena, "%s/%s.d", bases[i], name).p;
		if (!found && root_stat(scan_root(scan), main_file.p, false, &st) == 0) {
			found = true;
			systemd_file(scan, main_file, out);
		}
	}
	struct strings files = conf_files(scan, directories, ".conf");
	for (size_t i = 0; i < files.n; i++)
		systemd_file(scan, files.p[i], out);
}
