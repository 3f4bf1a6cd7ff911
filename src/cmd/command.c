/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "cmd/usage.h"

#define COMMAND(name) extern const struct command command_##name;
#include "cmd/command_list.h"
#undef COMMAND

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "cmd/command_list.h"
#undef COMMAND
	NULL,
};

const char *const command_names[] = {
#define COMMAND(name) #name,
#include "cmd/command_list.h"
#undef COMMAND
	NULL,
};

enum { COMMON_LANG, COMMON_HELP, COMMON_END };
static const struct opt common_options[] = {
	[COMMON_LANG] = { "lang", 0, OPT_TEXT, "LANG", .choices = lang_names,
		.help = "language of the output; the environment's if not given" },
	[COMMON_HELP] = { "help", 'h', OPT_SWITCH, .help = "show this help" },
	[COMMON_END] = { 0 },
};

const struct command *command_find(struct str name)
{
	for (size_t i = 0; commands[i]; i++)
		if (str_is(name, commands[i]->name))
			return commands[i];
	return NULL;
}

static size_t options_count(const struct opt *options)
{
	size_t n = 0;
	while (options && options[n].name)
		n++;
	return n;
}

const struct opt *command_options(struct arena *arena, const struct command *command)
{
	size_t own = options_count(command->options);
	struct opt *all = ARENA_ARRAY(arena, struct opt, own + COUNT(common_options));
	if (own)
		memcpy(all, command->options, own * sizeof(*all));
	memcpy(all + own, common_options, sizeof(common_options));
	return all;
}

int command_print(struct str text, struct err *err)
{
	if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout))
		return err_errno(err, -errno, "standard output");
	return 0;
}

static void complain(struct arena *arena, const char *command, enum lang lang, const struct note *note)
{
	/* Names in it come from outside: nothing of them may steer the terminal. */
	struct str text = utf8_clean(arena, note_text(arena, lang, note));
	fprintf(stderr, "ward%s%s: %.*s\n", command ? " " : "", command ? command : "", STR_ARG(text));
}

void command_warn(struct call *call, const struct note *note)
{
	complain(call->arena, call->command->name, call->lang, note);
}

int command_usage(struct call *call, const struct note *note)
{
	command_warn(call, note);
	struct note hint = NOTE("try: {}", arena_printf(call->arena, "ward %s --help", call->command->name));
	struct str text = note_text(call->arena, call->lang, &hint);
	fprintf(stderr, "%.*s\n", STR_ARG(text));
	return EXIT_COULD_NOT;
}

/* Take --lang from anywhere among the options: even a message about a wrong option is in it. */
static void lang_from_words(char **argv, enum lang *lang)
{
	for (; *argv && !str_is(str_from(*argv), "--"); argv++) {
		struct str word = str_from(*argv);
		if (str_is(word, "--lang") && argv[1])
			(void)lang_parse(str_from(argv[1]), lang);
		else if (str_starts(word, "--lang="))
			(void)lang_parse(str_slice(word, 7, word.n), lang);
	}
}

/* The first operand against the verbs, every operand against the choices, their number. */
static int operands_check(struct call *call)
{
	const struct command *command = call->command;
	const char *const *words = command->choices;
	if (call->args.n < command->least && command->verbs) {
		struct note note = NOTE("needs one of: {}", STR(""));
		for (const struct command_verb *verb = command->verbs; verb->name; verb++)
			note.value[0] = arena_printf(call->arena, "%.*s%s%s", STR_ARG(note.value[0]),
			                             verb == command->verbs ? "" : ", ", verb->name);
		return command_usage(call, &note);
	}
	if (call->args.n < command->least)
		return command_usage(call, &NOTE("needs {}", str_from(command->operands)));
	if (call->args.n > command->most)
		return command_usage(call, &NOTE("unexpected: {}", call->args.operands[command->most]));
	if (command->verbs) {
		VEC(const char *) names = { 0 };
		for (const struct command_verb *verb = command->verbs; verb->name; verb++)
			vec_push_in(call->arena, &names, verb->name);
		vec_push_in(call->arena, &names, NULL);
		words = names.p;
	}
	size_t checked = command->verbs ? MIN(call->args.n, (size_t)1) : words ? call->args.n : 0;
	for (size_t i = 0; i < checked; i++) {
		struct str word = call->args.operands[i];
		int found = opt_find(words, word);
		const char *near = found < 0 ? opt_suggest(words, word) : NULL;
		if (near)
			return command_usage(call, &NOTE("unknown word {}, did you mean {}?", word, str_from(near)));
		if (found < 0)
			return command_usage(call, &NOTE("unknown word {}", word));
		call->verb = command->verbs ? found : -1;
	}
	return 0;
}

static size_t terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	int64_t width = columns ? str_int_or(str_from(columns), 0) : 0;
	return width >= 40 ? (size_t)MIN(width, 100) : 80;
}

static int print_help(struct arena *arena, const struct command *command, enum lang lang, struct err *err)
{
	BUF(help);
	usage_add(&help, arena, command, lang, terminal_width());
	return command_print(buf_str(&help), err);
}

static int command_run(struct arena *arena, const struct command *command, enum lang lang, char **argv,
                       struct err *err)
{
	static const char *const stop[] = { "help", NULL };
	struct call call = { .command = command, .arena = arena, .lang = lang, .verb = -1 };
	struct opt_fault fault;
	size_t own = options_count(command->options);
	if (opt_parse(arena, command_options(arena, command), stop, argv, &call.args, &fault) < 0) {
		struct note note = { .english = fault.english };
		memcpy(note.value, fault.value, sizeof(note.value));
		return command_usage(&call, &note);
	}
	struct str name = opt_text(&call.args, own + COMMON_LANG);
	if (name.p && !lang_parse(name, &call.lang))
		return command_usage(&call, &NOTE("{}: {} is not one of {}", STR("--lang"), name, STR("en, zh-CN, vi")));
	if (opt_given(&call.args, own + COMMON_HELP))
		return print_help(arena, command, call.lang, err);
	int r = operands_check(&call);
	return r ? r : command->run(&call, err);
}

static int unknown_command(struct arena *arena, enum lang lang, struct str name)
{
	const char *near = opt_suggest(command_names, name);
	struct note note = near ? NOTE("unknown command {}, did you mean {}?", name, str_from(near))
	                        : NOTE("unknown command {}", name);
	complain(arena, NULL, lang, &note);
	struct str hint = note_text(arena, lang, &NOTE("try: {}", STR("ward help")));
	fprintf(stderr, "%.*s\n", STR_ARG(hint));
	return EXIT_COULD_NOT;
}

int command_main(char **argv)
{
	ARENA(arena);
	struct err err = { 0 };
	enum lang lang = lang_from_environment();
	char **words = *argv ? argv + 1 : argv;
	lang_from_words(words, &lang);
	/* `ward --lang vi inspect`: options of ward itself stand before the command. */
	while (*words && str_starts(str_from(*words), "--lang"))
		words += str_is(str_from(*words), "--lang") && words[1] ? 2 : 1;
	struct str name = str_from(*words);
	int r;
	if (!name.p || str_is(name, "--help") || str_is(name, "-h")) {
		r = print_help(&arena, NULL, lang, &err);
	} else {
		const struct command *command = command_find(
			str_is(name, "--version") || str_is(name, "-V") ? STR("version") : name);
		r = command ? command_run(&arena, command, lang, words + 1, &err)
		            : unknown_command(&arena, lang, name);
	}
	if (r < 0) {
		struct str text = utf8_clean(&arena, tr_error(&arena, lang, str_from(err.text[0] ? err.text : err_words(r))));
		fprintf(stderr, "ward: %.*s\n", STR_ARG(text));
		r = EXIT_COULD_NOT;
	}
	return r;
}
