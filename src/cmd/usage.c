/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/usage.h"

#include "base/utf8.h"
#include "base/wrap.h"

static const struct command_exit usual_exits[] = {
	{ EXIT_GOOD, "done" },
	{ EXIT_COULD_NOT, "wrong usage, or it could not run" },
	{ 0 },
};

const struct command_exit *usage_exits(const struct command *command)
{
	return command->exits ? command->exits : usual_exits;
}

struct str usage_option(struct arena *arena, const struct opt *opt)
{
	struct str letter = opt->letter ? arena_printf(arena, "-%c, ", opt->letter) : STR("    ");
	return arena_printf(arena, "%.*s--%s%s%s", STR_ARG(letter), opt->name, opt->value ? " " : "",
	                    opt->value ? opt->value : "");
}

struct str usage_option_help(struct arena *arena, const struct opt *opt, enum lang lang)
{
	struct str help = tr(lang, opt->help);
	struct str more = STR("");
	for (const char *const *choice = opt->choices; choice && *choice; choice++)
		more = arena_printf(arena, "%.*s%s%s", STR_ARG(more), more.n ? ", " : "", *choice);
	if (opt->type == OPT_NUMBER) {
		struct str least = arena_printf(arena, "%lld", (long long)opt->min);
		struct note limits = opt->max == INT64_MAX ? NOTE("{} or more", least)
		                                           : NOTE("{} to {}", least, arena_printf(arena, "%lld", (long long)opt->max));
		more = note_text(arena, lang, &limits);
	}
	if (opt->repeat) {
		struct str again = tr(lang, "may be repeated");
		more = arena_printf(arena, "%.*s%s%.*s", STR_ARG(more), more.n ? "; " : "", STR_ARG(again));
	}
	return more.n ? note_text(arena, lang, &NOTE("{} ({})", help, more)) : help;
}

struct str usage_synopsis(struct arena *arena, const struct command *command)
{
	if (!command->verbs)
		return arena_printf(arena, "ward %s [OPTION]...%s%s", command->name, command->operands ? " " : "",
		                    command->operands ? command->operands : "");
	struct str lines = STR("");
	for (const struct command_verb *verb = command->verbs; verb->name; verb++)
		lines = arena_printf(arena, "%.*s%sward %s %s [OPTION]...%s%s", STR_ARG(lines), lines.n ? "\n" : "",
		                     command->name, verb->name, verb->operands ? " " : "",
		                     verb->operands ? verb->operands : "");
	return lines;
}

static void heading(struct buf *buf, struct arena *arena, enum lang lang, const char *english)
{
	struct str words = note_text(arena, lang, &NOTE("{}:", tr(lang, english)));
	buf_printf(buf, "\n%.*s\n", STR_ARG(words));
}

/* "  left   right, wrapped", with the right side at `column`, on a line of its own when left is longer. */
static void row(struct buf *buf, struct str left, struct str right, size_t column, size_t width)
{
	size_t at = 2 + utf8_width(left);
	buf_puts(buf, "  ");
	buf_add(buf, left);
	if (at + 2 > column) {
		buf_add_char(buf, '\n');
		at = 0;
	}
	wrap_spaces(buf, column - at);
	wrap_add(buf, right, column, column, width);
}

static void add_options(struct buf *buf, struct arena *arena, const struct opt *options, enum lang lang,
                        size_t width)
{
	size_t column = 0;
	for (const struct opt *opt = options; opt->name; opt++)
		column = MAX(column, usage_option(arena, opt).n + 4);
	column = MIN(column, (size_t)30);
	heading(buf, arena, lang, "Options");
	for (const struct opt *opt = options; opt->name; opt++)
		row(buf, usage_option(arena, opt), usage_option_help(arena, opt, lang), column, width);
}

static void add_command(struct buf *buf, struct arena *arena, const struct command *command, enum lang lang,
                        size_t width)
{
	struct note head = NOTE("{}: {}", arena_printf(arena, "ward %s", command->name), tr(lang, command->summary));
	wrap_add(buf, note_text(arena, lang, &head), 0, 4, width);
	heading(buf, arena, lang, "Usage");
	struct str synopsis = usage_synopsis(arena, command);
	for (struct str line; str_line(&synopsis, &line);)
		buf_printf(buf, "  %.*s\n", STR_ARG(line));
	if (command->description) {
		buf_add_char(buf, '\n');
		wrap_add(buf, tr(lang, command->description), 0, 0, width);
	}
	size_t column = 0;
	for (const struct command_verb *verb = command->verbs; verb && verb->name; verb++)
		column = MAX(column, str_from(verb->name).n + 4);
	if (command->verbs)
		heading(buf, arena, lang, "What it does");
	for (const struct command_verb *verb = command->verbs; verb && verb->name; verb++)
		row(buf, str_from(verb->name), tr(lang, verb->summary), column, width);
	add_options(buf, arena, command_options(arena, command), lang, width);
	if (command->examples)
		heading(buf, arena, lang, "Examples");
	for (const struct command_example *example = command->examples; example && example->command; example++) {
		buf_printf(buf, "  %s\n      ", example->command);
		wrap_add(buf, tr(lang, example->what), 6, 6, width);
	}
	heading(buf, arena, lang, "Exit status");
	for (const struct command_exit *status = usage_exits(command); status->what; status++)
		row(buf, arena_printf(arena, "%d", status->status), tr(lang, status->what), 5, width);
}

void usage_add(struct buf *buf, struct arena *arena, const struct command *command, enum lang lang, size_t width)
{
	if (command) {
		add_command(buf, arena, command, lang, width);
		return;
	}
	wrap_add(buf, tr(lang, "ward: sees what is on a machine, judges it, and shows the evidence"), 0, 0, width);
	heading(buf, arena, lang, "Usage");
	buf_puts(buf, "  ward COMMAND [OPTION]...\n");
	heading(buf, arena, lang, "Commands");
	size_t column = 0;
	for (size_t i = 0; commands[i]; i++)
		column = MAX(column, str_from(commands[i]->name).n + 4);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			row(buf, str_from(commands[i]->name), tr(lang, commands[i]->summary), column, width);
	buf_add_char(buf, '\n');
	struct note more = NOTE("More about one: {}", STR("ward help COMMAND"));
	wrap_add(buf, note_text(arena, lang, &more), 0, 0, width);
}
