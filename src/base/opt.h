/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * opt: command-line options, declared once as a table.
 *
 * Parsing, --help, the man page and shell completion all come from the same table. An enum gives
 * each option its index, in the table and in the result:
 *
 *	enum { OPT_FORMAT, OPT_DEADLINE, OPT_ROOT, OPT_END };
 *	static const char *const formats[] = { "table", "json", NULL };
 *	static const struct opt options[] = {
 *		[OPT_FORMAT] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = "…" },
 *		[OPT_DEADLINE] = { "deadline", 0, OPT_NUMBER, "SECONDS", .min = 1, .max = 3600, .help = "…" },
 *		[OPT_ROOT] = { "root", 0, OPT_DIRECTORY, "DIR", .help = "…" },
 *		[OPT_END] = { 0 },
 *	};
 *
 * Accepted as everywhere: --name=value, --name value, -n value, -nvalue, -ab for two switches, `--`
 * as the end of the options, and options after operands. A name may be cut short while it stays
 * the only one that fits. A lone "-" is an operand.
 *
 * Texts are English keys; the cmd layer translates them. Values are slices of argv and live as long.
 */
#ifndef WARD_BASE_OPT_H
#define WARD_BASE_OPT_H

#include "base/arena.h"

enum opt_type {
	OPT_SWITCH,    /* takes no value */
	OPT_TEXT,
	OPT_NUMBER,    /* an integer within min..max */
	OPT_CHOICE,    /* one of .choices */
	OPT_FILE,      /* a path; only completion knows the difference */
	OPT_DIRECTORY,
};

struct opt {
	const char *name;  /* without the dashes; NULL ends the table */
	char letter;       /* the short form, or 0 */
	enum opt_type type;
	const char *value; /* what its value is called in the help: "FILE"; NULL for a switch */
	bool repeat;       /* may be given more than once; otherwise twice is a fault */
	const char *help;  /* one sentence, lower case, no full stop */
	const char *const *choices; /* NULL-terminated */
	int64_t min, max;
};

struct opt_values {
	unsigned n;         /* how often it was given */
	struct str *p;      /* the values, in the order given; NULL for a switch */
};

struct opt_args {
	const struct opt *options; /* the table parsed with */
	struct opt_values *values; /* one for each of its entries */
	struct str *operands;      /* NUL follows each: .p is a C string */
	size_t n;
};

/* What is wrong with a command line, words and values apart so that it can be said in any language
 * ("{}" takes the next value). The suggestion is the last value when there is one. */
struct opt_fault {
	const char *english;
	struct str value[4];
};

/* Parse argv (NULL-terminated, without the command's own name). 0; -EINVAL with *fault set, except
 * that an option in `stop` (a NULL-terminated list of names such as "help") ends parsing with 0 as
 * soon as it is seen: what follows does not matter then. */
int opt_parse(struct arena *arena, const struct opt *options, const char *const *stop, char **argv,
              struct opt_args *args, struct opt_fault *fault) MUST_USE;

static inline bool opt_given(const struct opt_args *args, size_t index)
{
	return args->values[index].n > 0;
}
/* The last value; STR_NONE when not given. A NUL follows it. */
struct str opt_text(const struct opt_args *args, size_t index);
/* As a C string, or NULL. */
const char *opt_cstr(const struct opt_args *args, size_t index);
/* The last value of an OPT_NUMBER, already checked; `otherwise` when not given. */
int64_t opt_number(const struct opt_args *args, size_t index, int64_t otherwise);
/* Index into .choices of the last value of an OPT_CHOICE; `otherwise` when not given. */
int opt_choice(const struct opt_args *args, size_t index, int otherwise);

/* The index of the name in a NULL-terminated list, or -1. */
int opt_find(const char *const *names, struct str name);
/* The nearest name when it is near enough to be meant, or NULL. */
const char *opt_suggest(const char *const *names, struct str wrong);

#endif
