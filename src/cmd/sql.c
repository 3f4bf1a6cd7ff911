/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward sql: ask the host's tables, one query from the command line or a shell.
 */
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "search/events_table.h"
#include "base/opt.h"
#include "base/wrap.h"
#include "cmd/command.h"
#include "cmd/terminal.h"
#include "fact/query.h"
#include "report/rowset.h"

enum { OPT_FORMAT_, OPT_ROOT, OPT_ARCHIVE, OPT_DEADLINE, OPT_ROWS, OPT_END };

static const struct opt options[] = {
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = rowset_names,
	                  .help = TR("how rows are printed") },
	[OPT_ROOT] = { "root", 'r', OPT_DIRECTORY, "DIR",
	               .help = TR("inspect the system below this directory, a mounted image for instance") },
	[OPT_ARCHIVE] = { "archive", 'a', OPT_DIRECTORY, "DIR",
	                  .help = TR("the archive that the table events shows (/var/lib/ward/archive)") },
	[OPT_DEADLINE] = { "deadline", 0, OPT_NUMBER, "SECONDS", .min = 1, .max = 86400,
	                   .help = TR("stop a query after this time (60)") },
	[OPT_ROWS] = { "rows", 0, OPT_NUMBER, "N", .min = 1, .max = 1000000000,
	               .help = TR("stop a query after this many rows (1000000)") },
	[OPT_END] = { 0 },
};

struct shell {
	struct call *call;
	struct query *query;
	struct events_table *events;
	struct facts *facts;
	const struct root *root;
	const struct query_limits *limits;
	enum rowset_format format;
};

static void shell_close(struct shell *shell)
{
	query_close(TAKE(shell->query));
	events_table_free(TAKE(shell->events));
	facts_free_p(&shell->facts);
}

/* All answers are as of the first look at a table, until this makes the shell look again. */
static int shell_look(struct shell *shell, struct err *err)
{
	/* Whoever asks for an expensive table by name wants it. */
	const struct facts_options how = { .deep = true, .budget_ns = shell->limits->deadline_ns };
	shell_close(shell);
	shell->facts = facts_new(shell->root, &how);
	const struct opt_args *args = &shell->call->args;
	int r = query_open(shell->facts, shell->limits, &shell->query, err);
	if (r < 0)
		return r;
	return events_table_add(shell->query, opt_given(args, OPT_ARCHIVE) ? opt_cstr(args, OPT_ARCHIVE) : ARCHIVE_DIR,
	                        &shell->events, err);
}

/* What the query could not see is said beside its rows, never left out. */
static void say_coverage(struct shell *shell, const struct statement *statement)
{
	size_t n;
	const struct table *const *read = statement_tables(statement, &n);
	for (size_t i = 0; i < n; i++) {
		const struct rows *rows = facts_taken(shell->facts, read[i]);
		struct note reason;
		if (!rows || (read[i]->flags & TABLE_FRESH))
			continue;
		enum coverage coverage = rows_coverage(rows, statement_columns(statement, read[i]), &reason);
		if (coverage == COVERAGE_COMPLETE)
			continue;
		struct str why = note_text(shell->call->arena, shell->call->lang, &reason);
		command_warn(shell->call, coverage == COVERAGE_PARTIAL
		                                  ? &NOTE("table {} was seen in part: {}", str_from(read[i]->name), why)
		                                  : &NOTE("table {} could not be seen: {}", str_from(read[i]->name), why));
	}
}

/* An archive that could not be read whole. */
static void say_events(struct shell *shell)
{
	const struct search_counts *counts = events_table_counts(shell->events);
	if (counts->damaged)
		command_warn(shell->call, &NOTE("table {} was seen in part: {}", STR("events"),
		                                tr_error(shell->call->arena, shell->call->lang, str_from(counts->first_damage.text))));
	if (counts->given_up)
		command_warn(shell->call, &NOTE("table {} was seen in part: {}", STR("events"),
		                                tr(shell->call->lang, "an expression took too long on some records")));
	events_table_forget(shell->events);
}

/* All statements of the text. */
static int run_sql(struct shell *shell, struct str sql, struct err *err)
{
	while (str_trim(sql).n) {
		CLEANUP(statement_free_p) struct statement *statement = NULL;
		struct str rest;
		size_t rows;
		int r = query_prepare(shell->query, sql, &statement, &rest, err);
		if (r < 0)
			return r;
		if (statement) {
			r = rowset_print(statement, shell->format, command_print, &rows, err);
			say_coverage(shell, statement);
			say_events(shell);
			if (r < 0)
				return r;
		}
		sql = rest;
	}
	return 0;
}

static void add_schema(struct buf *out, const struct table *table)
{
	static const char *const types[] = { [TEXT] = "TEXT", [INT] = "INTEGER", [REAL] = "REAL" };
	buf_printf(out, "-- %s\n", table->doc);
	for (size_t i = 0; i < COUNT(table->sources) && table->sources[i]; i++)
		buf_printf(out, "%s%s", i ? ", " : "-- from: ", table->sources[i]);
	if (table->sources[0])
		buf_add_char(out, '\n');
	if (table->flags & TABLE_LIVE)
		buf_puts(out, "-- only on the running system\n");
	if (table->flags & TABLE_DEEP)
		buf_puts(out, "-- expensive\n");
	buf_printf(out, "CREATE TABLE %s (\n", table->name);
	size_t width = 0;
	for (const struct column *column = table->columns; column->name; column++)
		width = MAX(width, strlen(column->name));
	for (const struct column *column = table->columns; column->name; column++)
		buf_printf(out, "\t%-*s %s%s -- %s%s\n", (int)width, column->name, types[column->type],
		           column[1].name ? "," : "", column->doc,
		           column->flags & REQUIRED ? " (needed in WHERE)" : "");
	buf_puts(out, ");\n");
}

static int dot_schema(struct shell *shell, struct str name, struct err *err)
{
	BUF(out);
	(void)shell;
	const struct table *only = name.n ? table_find(name) : NULL;
	bool events = str_is(name, "events");
	if (name.n && !only && !events)
		return err_set(err, -EINVAL, "no table '%.*s'; .tables shows them", STR_ARG(name));
	for (size_t i = 0; tables[i]; i++)
		if (!events && (!only || only == tables[i]))
			add_schema(&out, tables[i]);
	if (events || !only)
		buf_puts(&out, events_table_schema);
	return command_print(buf_str(&out), err);
}

static int dot_tables(struct shell *shell, struct str rest UNUSED, struct err *err)
{
	BUF(out);
	size_t width = 0;
	for (size_t i = 0; tables[i]; i++)
		width = MAX(width, strlen(tables[i]->name));
	size_t columns = terminal_columns(STDOUT_FILENO);
	for (size_t i = 0; tables[i]; i++) {
		buf_printf(&out, "%-*s  ", (int)width, tables[i]->name);
		wrap_add(&out, table_says(shell->call->lang, tables[i]), width + 2, width + 2,
		         columns > width + 20 ? columns : SIZE_MAX / 2);
		if (out.p[out.n - 1] != '\n')
			buf_add_char(&out, '\n');
	}
	buf_printf(&out, "%-*s  %.*s\n", (int)width, "events",
	           STR_ARG(tr(shell->call->lang, "events of the archive; .schema events says more")));
	return command_print(buf_str(&out), err);
}

static int dot_mode(struct shell *shell, struct str name, struct err *err)
{
	int format = opt_find(rowset_names, name);
	if (format < 0)
		return err_set(err, -EINVAL, ".mode takes table, json, ndjson or csv");
	shell->format = (enum rowset_format)format;
	return 0;
}

static int dot_refresh(struct shell *shell, struct str rest UNUSED, struct err *err)
{
	return shell_look(shell, err);
}

enum { SHELL_END = 1 };

static int dot_quit(struct shell *shell UNUSED, struct str rest UNUSED, struct err *err UNUSED)
{
	return SHELL_END;
}

static int dot_help(struct shell *shell, struct str rest, struct err *err);

static const struct dot {
	const char *name, *operand, *help;
	int (*run)(struct shell *shell, struct str rest, struct err *err);
} dots[] = {
	{ ".tables", "", TR("list the tables"), dot_tables },
	{ ".schema", "[TABLE]", TR("columns of all tables or of one"), dot_schema },
	{ ".mode", "FORMAT", TR("table, json, ndjson or csv"), dot_mode },
	{ ".refresh", "", TR("look at the host again; until then answers stay as of the first look"), dot_refresh },
	{ ".help", "", TR("this list"), dot_help },
	{ ".quit", "", TR("leave (also Ctrl-D)"), dot_quit },
};

static int dot_help(struct shell *shell, struct str rest UNUSED, struct err *err)
{
	BUF(out);
	for (size_t i = 0; i < COUNT(dots); i++)
		buf_printf(&out, "%-8s %-8s %.*s\n", dots[i].name, dots[i].operand,
		           STR_ARG(tr(shell->call->lang, dots[i].help)));
	return command_print(buf_str(&out), err);
}

static int run_dot(struct shell *shell, struct str line, struct err *err)
{
	struct str rest = line, name = str_word(&rest);
	for (size_t i = 0; i < COUNT(dots); i++)
		if (str_is(name, dots[i].name))
			return dots[i].run(shell, str_trim(rest), err);
	return err_set(err, -EINVAL, "no command '%.*s'; .help shows them", STR_ARG(name));
}

static int run_text(struct shell *shell, struct str text, struct err *err)
{
	struct str line = str_trim(text);
	return line.n && line.p[0] == '.' ? run_dot(shell, line, err) : run_sql(shell, text, err);
}

/* ---- the shell ---- */

static bool is_complete(struct str sql)
{
	struct str plain = str_trim(sql);
	return plain.n == 0 || plain.p[0] == '.' || query_is_complete(sql);
}

static char *prompt_first(EditLine *edit UNUSED)
{
	static char text[] = "ward> ";
	return text;
}

static char *prompt_more(EditLine *edit UNUSED)
{
	static char text[] = "  ... ";
	return text;
}

/* Ctrl-C, as in every shell: the line is given up. */
static bool given_up;

static unsigned char line_give_up(EditLine *edit, int key UNUSED)
{
	const LineInfo *line = el_line(edit);
	el_cursor(edit, (int)(line->lastchar - line->cursor));
	el_deletestr(edit, (int)(line->lastchar - line->buffer));
	given_up = true;
	return CC_EOF;
}

static int interact(struct shell *shell)
{
	struct err err;
	HistEvent event;
	BUF(sql);
	BUF(file);
	/* The editor takes only letters of its locale; what ward reads and prints is UTF-8 everywhere. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		(void)setlocale(LC_CTYPE, "");
	EditLine *edit = el_init("ward", stdin, stdout, stderr);
	History *past = history_init();
	if (!edit || !past)
		return EXIT_COULD_NOT;
	const char *home = getenv("HOME");
	if (home)
		buf_printf(&file, "%s/.ward_history", home);
	history(past, &event, H_SETSIZE, 1000);
	history(past, &event, H_SETUNIQUE, 1);
	if (home)
		history(past, &event, H_LOAD, buf_cstr(&file));
	el_set(edit, EL_EDITOR, "emacs");
	el_set(edit, EL_HIST, history, past);
	el_set(edit, EL_SIGNAL, 1);
	el_set(edit, EL_SETTY, "-d", "-isig", NULL); /* while a line is edited; a query can be interrupted */
	el_set(edit, EL_ADDFN, "ward-give-up", "give the line up", line_give_up);
	el_set(edit, EL_BIND, "^C", "ward-give-up", NULL);
	fputs(arena_printf(shell->call->arena, "%.*s\n",
	                   STR_ARG(tr(shell->call->lang, "Host tables in SQL. .tables lists them, .help says more.")))
	              .p, stdout);
	int r = 0;
	while (r != SHELL_END) {
		int n = 0;
		el_set(edit, EL_PROMPT, sql.n ? prompt_more : prompt_first);
		given_up = false;
		const char *line = el_gets(edit, &n);
		if (given_up || !line || n <= 0)
			fputs(given_up ? "^C\n" : "\n", stdout);
		if (given_up) {
			buf_clear(&sql);
			continue;
		}
		if (!line || n <= 0)
			break;
		buf_add(&sql, (struct str){ line, (size_t)n });
		if (!is_complete(buf_str(&sql)))
			continue;
		if (str_trim(buf_str(&sql)).n)
			history(past, &event, H_ENTER, buf_cstr(&sql));
		err.text[0] = 0;
		r = run_text(shell, buf_str(&sql), &err);
		if (r < 0)
			command_warn(shell->call, &NOTE("{}", str_from(err.text)));
		buf_clear(&sql);
	}
	if (home)
		history(past, &event, H_SAVE, buf_cstr(&file));
	history_end(past);
	el_end(edit);
	return EXIT_GOOD;
}

static int read_all(struct buf *out, struct err *err)
{
	enum { SQL_MOST = 1024 * 1024 };
	for (;;) {
		ssize_t n = read(STDIN_FILENO, buf_reserve(out, 65536), 65536);
		if (n < 0)
			return err_errno(err, -errno, "standard input");
		if (n == 0)
			return 0;
		out->n += (size_t)n;
		if (out->n > SQL_MOST)
			return err_set(err, -E2BIG, "standard input: more than 1 MiB of SQL");
	}
}

/* Lines from a pipe: dot commands stand on a line of their own, SQL ends at ';'. */
static int run_script(struct shell *shell, struct err *err)
{
	BUF(text);
	BUF(sql);
	struct str line;
	int r = read_all(&text, err);
	for (struct str rest = buf_str(&text); r == 0 && str_line(&rest, &line);) {
		buf_add(&sql, line);
		buf_add_char(&sql, '\n');
		if (!is_complete(buf_str(&sql)) && rest.n)
			continue;
		r = run_text(shell, buf_str(&sql), err);
		buf_clear(&sql);
	}
	return r < 0 ? r : EXIT_GOOD;
}

static int sql_run(struct call *call, struct err *err)
{
	const struct opt_args *args = &call->args;
	const char *path = opt_cstr(args, OPT_ROOT);
	CLEANUP(root_close_p) struct root root = { .fd = -1 };
	int r = root_open(&root, path ? path : "/", err);
	if (r < 0)
		return r;
	const struct query_limits limits = {
		.deadline_ns = opt_number(args, OPT_DEADLINE, 60) * 1000000000,
		.rows = (size_t)opt_number(args, OPT_ROWS, 1000000),
	};
	CLEANUP(shell_close) struct shell shell = {
		.call = call,
		.root = &root,
		.limits = &limits,
		.format = (enum rowset_format)opt_choice(args, OPT_FORMAT_, ROWSET_TABLE),
	};
	r = shell_look(&shell, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < args->n; i++) {
		r = run_text(&shell, args->operands[i], err);
		if (r < 0)
			return r;
	}
	if (args->n)
		return EXIT_GOOD;
	return isatty(STDIN_FILENO) ? interact(&shell) : run_script(&shell, err);
}

static const struct command_example examples[] = {
	{ "ward sql", TR("open the shell; .tables lists what there is to ask") },
	{ "ward sql \"SELECT port, path FROM listening WHERE scope = 'any'\"", TR("what can be reached from outside") },
	{ "ward sql -f json \"SELECT username FROM users WHERE uid = 0\"", TR("for another program") },
	{ "ward sql --root /mnt \"SELECT * FROM os_release\"", TR("ask a mounted disk image") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("the query ran") },
	{ 2, TR("it could not run, or was stopped at its deadline or row cap") },
	{ 0 },
};

const struct command command_sql = {
	.name = "sql",
	.summary = TR("ask the host's tables in SQL, read-only"),
	.operands = "[QUERY…]",
	.description = TR("Without a query, opens a shell with line editing and history; reads queries from a pipe. "
	                  "What a query could not see is said on standard error."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.most = COMMAND_MANY,
	.run = sql_run,
};
