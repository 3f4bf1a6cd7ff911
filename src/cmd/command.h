/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * command: what a subcommand is, and how one is found and run.
 *
 * A subcommand is one file in src/cmd that publishes one `const struct command command_NAME`, and
 * one name in the list of src/cmd/meson.build. The words after `ward NAME` are parsed, and checked
 * against the record, before run() is called. --help, `ward help NAME`, the man page and completion
 * come from the record; texts in it are English keys, translated by data/lang.h.
 *
 * Every command also takes --lang and --help.
 */
#ifndef WARD_CMD_COMMAND_H
#define WARD_CMD_COMMAND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "data/lang.h"

enum {
	EXIT_GOOD = 0,
	EXIT_FOUND = 1, /* it ran, and something failed or differs */
	EXIT_COULD_NOT = 2, /* wrong usage, or it could not run */
};

/* One run of a command. Everything lives until the command has returned. */
struct call {
	const struct command *command;
	struct arena *arena;
	enum lang lang;
	struct opt_args args; /* options by the index in command->options; operands */
	int verb;             /* index into command->verbs; -1 when it has none */
};

struct command_verb { /* `ward check list`: the first operand, when a command does several things */
	const char *name, *operands, *summary;
};

struct command_example {
	const char *command, *what;
};

struct command_exit {
	int status;
	const char *what;
};

struct command {
	const char *name;
	const char *summary;      /* one line, no full stop */
	const char *operands;     /* "[QUERY]", or NULL when it takes none */
	const char *description;  /* paragraphs apart by "\n\n", or NULL */
	const struct opt *options;              /* ends with a zeroed entry, or NULL */
	const struct command_verb *verbs;       /* likewise; the first operand must be one of them */
	const char *const *choices;             /* the words operands are taken from, or NULL for any */
	const struct command_example *examples; /* ends with a zeroed entry, or NULL */
	const struct command_exit *exits;       /* ends with a NULL text; NULL: 0 done, 2 could not run */
	unsigned least, most;                   /* how many operands, the verb included */
	bool hidden;                            /* not in the list of commands */
	/* The exit status, or a negative errno with err set: the text is printed and ward exits with 2. */
	int (*run)(struct call *call, struct err *err) MUST_USE;
};

enum { COMMAND_MANY = 1000000 }; /* for .most: no limit */

extern const struct command *const commands[]; /* NULL-terminated, in the order of the list */
extern const char *const command_names[];      /* the same, their names */

const struct command *command_find(struct str name); /* or NULL */

/* The options of a command and the common ones behind them: the same indexes, more of them. */
const struct opt *command_options(struct arena *arena, const struct command *command);

/* Find the command and run it; what `ward` does. Returns the exit status. */
int command_main(char **argv);

/* To standard output, complete or an error (a full disk, a closed pipe). */
int command_print(struct str text, struct err *err) MUST_USE;

/* "ward sql: <note in the language>" and where to read more on standard error; returns EXIT_COULD_NOT.
 * For what the record cannot express: `return command_usage(call, &NOTE("…", value))`. */
int command_usage(struct call *call, const struct note *note);
/* "ward sql: <note>" on standard error, for what went on in spite of something. */
void command_warn(struct call *call, const struct note *note);

#endif
