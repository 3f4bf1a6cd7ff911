/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * What the system's shell start files set for every login: idle timeout, umask, search path, history.
 *
 * Not a shell: plain assignments are found, also behind export, readonly, declare and typeset; what stands
 * inside if, case, loops or functions, or behind && and ||, is marked conditional. Only variables that matter
 * for security are listed, so that no secret that somebody exports is shown.
 */
#include "base/vec.h"
#include "fact/scan.h"
#include "fact/tables/accounts.h"

struct assignment {
	struct str variable, value;
	const char *file;
	int64_t line;
	bool is_readonly, is_exported, conditional;
};

struct shell {
	struct scan *scan;
	VEC(struct assignment) all;
	const char *file;
	int64_t line;
	int depth; /* of if, case, loops, functions */
};

static bool is_named(struct str variable)
{
	static const char *const named[] = { "TMOUT", "PATH", "HISTSIZE", "HISTFILESIZE", "HISTFILE", "HISTCONTROL",
		                             "HISTIGNORE", "HISTTIMEFORMAT", "PROMPT_COMMAND", "LD_PRELOAD",
		                             "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV", "ENV", "umask" };
	for (size_t i = 0; i < COUNT(named); i++)
		if (str_is(variable, named[i]))
			return true;
	return false;
}

static bool one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_is(word, *words))
			return true;
	return false;
}

/* Quotes and backslashes taken away; "$(…)" and the like stay as written. */
static struct str unquote(struct arena *arena, struct str text)
{
	char *out = arena_bytes(arena, text.n + 1);
	size_t n = 0;
	char quote = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (quote && c == quote)
			quote = 0;
		else if (c == '\\' && quote != '\'' && i + 1 < text.n)
			out[n++] = text.p[++i];
		else
			out[n++] = c;
	}
	return (struct str){ out, n };
}

/* Next word of a command; blanks inside quotes, "$(…)" and backquotes belong to it. */
static struct str shell_word(struct str *s)
{
	*s = str_trim(*s);
	char quote = 0;
	int parens = 0;
	size_t i = 0;
	for (; i < s->n; i++) {
		char c = s->p[i];
		if (c == '\\' && quote != '\'')
			i++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'' || c == '`')
			quote = c;
		else if (c == '(')
			parens++;
		else if (c == ')' && parens)
			parens--;
		else if (!parens && (c == ' ' || c == '\t'))
			break;
	}
	struct str word = str_slice(*s, 0, i);
	*s = str_slice(*s, i, s->n);
	return word;
}

static void mark(struct shell *shell, struct str variable, bool is_readonly, bool is_exported)
{
	for (size_t i = 0; i < shell->all.n; i++)
		if (str_eq(shell->all.p[i].variable, variable)) {
			shell->all.p[i].is_readonly |= is_readonly;
			shell->all.p[i].is_exported |= is_exported;
		}
}

static void assign(struct shell *shell, struct str variable, struct str value, bool is_readonly, bool is_exported,
                   bool conditional)
{
	struct arena *arena = scan_arena(shell->scan);
	if (is_named(variable) && shell->all.n < 10000)
		vec_push_in(arena, &shell->all,
		            { .variable = variable, .value = unquote(arena, value), .file = shell->file,
		              .line = shell->line, .is_readonly = is_readonly, .is_exported = is_exported,
		              .conditional = conditional || shell->depth > 0 });
}

/* One command: keywords in front, then assignments, a declaration or umask. */
static void command(struct shell *shell, struct str text, bool conditional)
{
	static const char *const openers[] = { "if", "case", "for", "while", "until", "select", NULL };
	static const char *const closers[] = { "fi", "esac", "done", "}", NULL };
	static const char *const passed[] = { "then", "else", "elif", "do", "{", "!", NULL };
	struct str word = shell_word(&text);
	while (one_of(word, passed))
		word = shell_word(&text);
	if (one_of(word, openers) || str_ends(word, "()") || str_is(word, "function")) {
		shell->depth++;
		return;
	}
	if (one_of(word, closers)) {
		shell->depth -= shell->depth > 0;
		return;
	}
	if (str_is(word, "umask")) {
		struct str mask = shell_word(&text);
		if (mask.n && mask.p[0] != '-')
			assign(shell, word, mask, false, false, conditional);
		return;
	}
	bool is_readonly = str_is(word, "readonly"), is_exported = str_is(word, "export");
	bool declares = is_readonly || is_exported || str_is(word, "declare") || str_is(word, "typeset");
	for (word = declares ? shell_word(&text) : word; word.n; word = shell_word(&text)) {
		if (declares && word.p[0] == '-') {
			is_readonly |= str_find_char(word, 'r') > 0;
			is_exported |= str_find_char(word, 'x') > 0;
			continue;
		}
		struct str value = word, name = str_cut(&value, '=');
		if (value.p)
			assign(shell, name, value, is_readonly, is_exported, conditional);
		else if (declares)
			mark(shell, name, is_readonly, is_exported);
		else
			return; /* some other command */
	}
}

/* Cut a line into commands at ; && || & outside quotes; "#" starts a comment. */
static void shell_line(struct shell *shell, struct str line)
{
	char quote = 0;
	bool conditional = false;
	int parens = 0;
	size_t start = 0, i = 0;
	for (; i < line.n; i++) {
		char c = line.p[i];
		bool doubled = i + 1 < line.n && line.p[i + 1] == c;
		if (c == '\\' && quote != '\'') {
			i++;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'' || c == '`') {
			quote = c;
		} else if (c == '(') {
			parens++;
		} else if (c == ')') {
			parens -= parens > 0;
		} else if (c == '#' && (i == 0 || strchr(" \t;&", line.p[i - 1]))) {
			break;
		} else if (!parens && (c == ';' || c == '&' || c == '|')) {
			command(shell, str_slice(line, start, i), conditional);
			conditional = doubled && c != ';';
			i += doubled;
			start = i + 1;
		}
	}
	command(shell, str_slice(line, start, MIN(i, line.n)), conditional);
}

static void shell_file(struct shell *shell, struct str path)
{
	struct str rest, line;
	shell->file = arena_cstr(scan_arena(shell->scan), path);
	shell->depth = 0;
	if (scan_file(shell->scan, shell->file, &rest) < 0)
		return;
	BUF(joined);
	int64_t next = 1;
	shell->line = 1;
	for (; str_line(&rest, &line) && next < 100000; next++) {
		bool more = str_ends(line, "\\") && joined.n < 65536;
		buf_add(&joined, str_slice(line, 0, line.n - more));
		if (more)
			continue;
		struct str text = str_trim(arena_str(scan_arena(shell->scan), buf_str(&joined)));
		shell_line(shell, text);
		buf_clear(&joined);
		shell->line = next + 1;
	}
}

/* pam_env's file: NAME=value, "export" is passed over. */
static void environment_file(struct shell *shell, const char *path)
{
	struct str rest, line;
	shell->file = path;
	if (scan_file(shell->scan, path, &rest) < 0)
		return;
	for (shell->line = 1; str_line(&rest, &line) && shell->line < 100000; shell->line++) {
		line = str_trim(str_cut(&line, '#'));
		if (str_starts(line, "export "))
			line = str_trim(str_slice(line, 7, line.n));
		struct str value = line, name = str_cut(&value, '=');
		shell->depth = 0;
		if (value.p)
			assign(shell, name, str_trim(value), false, true, false);
	}
}

static int shell_env_scan(struct scan *scan, struct err *err)
{
	struct shell shell = { .scan = scan };
	shell_file(&shell, STR("/etc/profile"));
	struct strings parts = scan_glob(scan, STR("/etc/profile.d/*.sh"));
	for (size_t i = 0; i < parts.n; i++)
		shell_file(&shell, parts.p[i]);
	shell_file(&shell, STR("/etc/bash.bashrc")); /* Debian, SUSE */
	shell_file(&shell, STR("/etc/bashrc"));      /* Red Hat and kin */
	environment_file(&shell, "/etc/environment");
	int r = 0;
	for (size_t i = 0; i < shell.all.n && r == 0; i++) {
		const struct assignment *a = &shell.all.p[i];
		r = scan_row(scan, ROW(a->file, a->line, a->variable, a->value, a->is_readonly, a->is_exported,
		                       a->conditional), err);
	}
	return r;
}

const struct table table_shell_env = {
	.name = "shell_env",
	.doc = "What the system's shell start files set: TMOUT, umask, PATH, history and preloading",
	.sources = { "etc/profile", "etc/bash.bashrc", "etc/bashrc", "etc/environment", "etc/profile.d/" },
	.scan = shell_env_scan,
	.columns = {
		{ "file", TEXT, "file it stands in" },
		{ "line", INT, "line in that file" },
		{ "variable", TEXT, "name; umask stands for the command" },
		{ "value", TEXT, "value without quotes; not expanded" },
		{ "is_readonly", INT, "1: made readonly, here or elsewhere" },
		{ "is_exported", INT, "1: exported, here or elsewhere" },
		{ "conditional", INT, "1: inside if, case, a loop or a function, or behind && or ||" },
	},
};
