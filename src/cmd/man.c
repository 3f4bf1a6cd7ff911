/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * man: the manual pages, made from the same records as --help.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/man.h"
#include "cmd/usage.h"

/* Text for roff: a backslash and a leading dot or quote mean something there, and a hyphen would
 * become a typographic one, which nobody can paste into a shell. */
void man_add_text(struct buf *buf, struct str text)
{
	bool start = true;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (start && (c == '.' || c == '\''))
			buf_puts(buf, "\\&");
		if (c == '\\')
			buf_puts(buf, "\\e");
		else if (c == '-')
			buf_puts(buf, "\\-");
		else
			buf_add_char(buf, c);
		start = c == '\n';
	}
}

/* Paragraphs apart by an empty line. */
static void add_paragraphs(struct buf *buf, struct str text)
{
	for (struct str line; str_line(&text, &line);) {
		if (line.n)
			man_add_text(buf, line);
		else
			buf_puts(buf, ".PP");
		buf_add_char(buf, '\n');
	}
}

static void section(struct buf *buf, enum lang lang, const char *english)
{
	buf_puts(buf, ".SH \"");
	buf_add(buf, tr(lang, english));
	buf_puts(buf, "\"\n");
}

/* A tagged paragraph: "left" in bold, then the text. */
static void tagged(struct buf *buf, struct str left, struct str text)
{
	buf_puts(buf, ".TP\n\\fB");
	man_add_text(buf, left);
	buf_puts(buf, "\\fR\n");
	man_add_text(buf, text);
	buf_add_char(buf, '\n');
}

static void title(struct buf *buf, struct str name, enum lang lang, struct str summary)
{
	buf_puts(buf, ".\\\" Made by `ward man`; the words stand in src/cmd.\n.TH \"");
	for (size_t i = 0; i < name.n; i++)
		buf_add_char(buf, name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 32) : name.p[i]);
	buf_puts(buf, "\" 1 \"\" \"ward " WARD_VERSION "\"\n");
	buf_puts(buf, ".ad l\n.nh\n"); /* Chinese has no spaces to stretch */
	section(buf, lang, "Name");
	man_add_text(buf, name);
	buf_puts(buf, " \\- ");
	man_add_text(buf, summary);
	buf_add_char(buf, '\n');
}

static void add_command(struct buf *buf, struct arena *arena, const struct command *command, enum lang lang)
{
	title(buf, arena_printf(arena, "ward-%s", command->name), lang, tr(lang, command->summary));
	section(buf, lang, "Usage");
	struct str synopsis = usage_synopsis(arena, command);
	for (struct str line; str_line(&synopsis, &line);) {
		buf_puts(buf, ".PP\n");
		man_add_text(buf, line);
		buf_add_char(buf, '\n');
	}
	if (command->description || command->verbs)
		section(buf, lang, "Description");
	if (command->description)
		add_paragraphs(buf, tr(lang, command->description));
	for (const struct command_verb *verb = command->verbs; verb && verb->name; verb++)
		tagged(buf, str_from(verb->name), tr(lang, verb->summary));
	section(buf, lang, "Options");
	for (const struct opt *opt = command_options(arena, command); opt->name; opt++)
		tagged(buf, str_trim(usage_option(arena, opt)), usage_option_help(arena, opt, lang));
	if (command->examples)
		section(buf, lang, "Examples");
	for (const struct command_example *example = command->examples; example && example->command; example++)
		tagged(buf, str_from(example->command), tr(lang, example->what));
	section(buf, lang, "Exit status");
	for (const struct command_exit *status = usage_exits(command); status->what; status++)
		tagged(buf, arena_printf(arena, "%d", status->status), tr(lang, status->what));
	section(buf, lang, "See also");
	buf_puts(buf, "\\fBward\\fR(1)\n");
}

static void add_ward(struct buf *buf, struct arena *arena, enum lang lang)
{
	title(buf, STR("ward"), lang, tr(lang, "sees what is on a machine, judges it, and shows the evidence"));
	section(buf, lang, "Usage");
	buf_puts(buf, "ward COMMAND [OPTION]...\n");
	section(buf, lang, "Commands");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			tagged(buf, arena_printf(arena, "ward %s", commands[i]->name), tr(lang, commands[i]->summary));
	section(buf, lang, "See also");
	const char *separator = "";
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->hidden)
			continue;
		buf_printf(buf, "%s\\fBward\\-%s\\fR(1)", separator, commands[i]->name);
		separator = ",\n";
	}
	buf_add_char(buf, '\n');
}

/* The page of a command, of ward itself when NULL. */
static void page_add(struct buf *buf, struct arena *arena, const struct command *command, enum lang lang)
{
	if (command)
		add_command(buf, arena, command, lang);
	else
		add_ward(buf, arena, lang);
}

static int page_save(const char *path, struct str page, struct err *err)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return err_errno(err, -errno, "%s", path);
	bool written = fwrite(page.p, 1, page.n, file) == page.n;
	int code = errno;
	if (fclose(file) && written) {
		written = false;
		code = errno;
	}
	return written ? 0 : err_errno(err, -code, "%s", path);
}

static int page_write(struct arena *arena, const char *folder, const struct command *command, enum lang lang,
                      struct err *err)
{
	BUF(page);
	page_add(&page, arena, command, lang);
	const char *path = arena_printf(arena, "%s/ward%s%s.1", folder, command ? "-" : "",
	                                command ? command->name : "").p;
	return page_save(path, buf_str(&page), err);
}

static int folder_make(const char *path, struct err *err)
{
	return mkdir(path, 0777) && errno != EEXIST ? err_errno(err, -errno, "%s", path) : 0;
}

/* All pages below a folder as a system has them: man1, zh_CN/man1, vi/man1. */
static int pages_write(struct arena *arena, const char *root, struct err *err)
{
	static const char *const folders[LANG_COUNT] = { [LANG_EN] = "", [LANG_ZH] = "/zh_CN", [LANG_VI] = "/vi" };
	int r = folder_make(root, err);
	for (int lang = 0; lang < LANG_COUNT && r == 0; lang++) {
		const char *above = arena_printf(arena, "%s%s", root, folders[lang]).p;
		const char *folder = arena_printf(arena, "%s/man1", above).p;
		r = folder_make(above, err);
		if (r == 0)
			r = folder_make(folder, err);
		if (r == 0)
			r = page_write(arena, folder, NULL, (enum lang)lang, err);
		for (size_t i = 0; commands[i] && r == 0; i++)
			if (!commands[i]->hidden)
				r = page_write(arena, folder, commands[i], (enum lang)lang, err);
	}
	BUF(page);
	man_tables_add(&page);
	const char *folder = arena_printf(arena, "%s/man7", root).p;
	if (r == 0)
		r = folder_make(folder, err);
	if (r == 0)
		r = page_save(arena_printf(arena, "%s/ward-tables.7", folder).p, buf_str(&page), err);
	/* Build tools take the folder's own time for that of the pages. */
	if (r == 0 && utimensat(AT_FDCWD, root, NULL, 0))
		r = err_errno(err, -errno, "%s", root);
	return r;
}

enum { OPT_WRITE, OPT_END };
static const struct opt options[] = {
	[OPT_WRITE] = { "write", 0, OPT_DIRECTORY, "DIR", .help = "write all pages in all languages below this folder" },
	[OPT_END] = { 0 },
};

static int man_run(struct call *call, struct err *err)
{
	if (opt_given(&call->args, OPT_WRITE))
		return pages_write(call->arena, opt_cstr(&call->args, OPT_WRITE), err);
	BUF(page);
	const struct command *command = call->args.n ? command_find(call->args.operands[0]) : NULL;
	if (call->args.n && str_is(call->args.operands[0], "tables"))
		man_tables_add(&page);
	else if (call->args.n && !command)
		return command_usage(call, &NOTE("no command '{}'", call->args.operands[0]));
	else
		page_add(&page, call->arena, command, call->lang);
	return command_print(buf_str(&page), err);
}

const struct command command_man = {
	.name = "man",
	.summary = "print a manual page, as roff",
	.operands = "[COMMAND|tables]",
	.options = options,
	.most = 1,
	.hidden = true,
	.run = man_run,
};
