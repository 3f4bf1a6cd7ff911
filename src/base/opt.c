/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "base/opt.h"

#include <errno.h>

/* One parse. */
struct parse {
	struct arena *arena;
	const struct opt *options;
	size_t count;
	char **argv;
	size_t at; /* next argument */
	struct opt_args *args;
	struct opt_fault *fault;
};

static size_t opt_count(const struct opt *options)
{
	size_t n = 0;
	while (options[n].name)
		n++;
	return n;
}

int opt_find(const char *const *names, struct str name)
{
	for (int i = 0; names[i]; i++)
		if (str_is(name, names[i]))
			return i;
	return -1;
}

const char *opt_suggest(const char *const *names, struct str wrong)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;
	for (; *names; names++) {
		struct str name = str_from(*names);
		/* The start of a longer name counts as near: "inspec", "comp". */
		size_t distance = wrong.n >= 3 && name.n >= wrong.n && str_eq(str_slice(name, 0, wrong.n), wrong)
		                          ? 1
		                          : str_distance(wrong, name);
		if (distance < least && distance <= 1 + MAX(wrong.n, name.n) / 4) {
			best = *names;
			least = distance;
		}
	}
	return best;
}

static int fault_set(struct parse *parse, const char *english, struct str a, struct str b, struct str c)
{
	*parse->fault = (struct opt_fault){ english, { a, b, c } };
	return -EINVAL;
}

/* "--format" or "-f", for messages. */
static struct str opt_spelled(struct parse *parse, const struct opt *opt)
{
	return arena_printf(parse->arena, "--%s", opt->name);
}

static int fault_unknown(struct parse *parse, struct str name)
{
	const char **names = ARENA_ARRAY(parse->arena, const char *, parse->count + 1);
	for (size_t i = 0; i < parse->count; i++)
		names[i] = parse->options[i].name;
	const char *near = opt_suggest(names, name);
	struct str given = arena_printf(parse->arena, "--%.*s", STR_ARG(name));
	if (!near)
		return fault_set(parse, "unknown option {}", given, STR_NONE, STR_NONE);
	return fault_set(parse, "unknown option {}, did you mean {}?", given,
	                 arena_printf(parse->arena, "--%s", near), STR_NONE);
}

static int value_check(struct parse *parse, const struct opt *opt, struct str value)
{
	int64_t number;
	if (opt->type == OPT_NUMBER && (!str_to_int(value, 10, &number) || number < opt->min || number > opt->max)) {
		*parse->fault = (struct opt_fault){ "{}: {} is not a number from {} to {}",
			{ opt_spelled(parse, opt), value, arena_printf(parse->arena, "%lld", (long long)opt->min),
			  arena_printf(parse->arena, "%lld", (long long)opt->max) } };
		return -EINVAL;
	}
	if (opt->type != OPT_CHOICE || opt_find(opt->choices, value) >= 0)
		return 0;
	const char *near = opt_suggest(opt->choices, value);
	if (near)
		return fault_set(parse, "{}: {} is not one of its values, did you mean {}?", opt_spelled(parse, opt),
		                 value, str_from(near));
	struct str list = STR("");
	for (const char *const *choice = opt->choices; *choice; choice++)
		list = arena_printf(parse->arena, "%.*s%s%s", STR_ARG(list), list.n ? ", " : "", *choice);
	return fault_set(parse, "{}: {} is not one of {}", opt_spelled(parse, opt), value, list);
}

/* Keep one occurrence. The values of an option are an array grown by one: there are few. */
static int option_add(struct parse *parse, const struct opt *opt, struct str value)
{
	struct opt_values *values = &parse->args->values[opt - parse->options];
	if (values->n && !opt->repeat && opt->type != OPT_SWITCH)
		return fault_set(parse, "{} was given twice", opt_spelled(parse, opt), STR_NONE, STR_NONE);
	if (opt->type != OPT_SWITCH) {
		int r = value_check(parse, opt, value);
		if (r < 0)
			return r;
		struct str *more = ARENA_ARRAY(parse->arena, struct str, values->n + 1);
		if (values->n)
			memcpy(more, values->p, values->n * sizeof(*more));
		more[values->n] = value;
		values->p = more;
	}
	values->n++;
	return 0;
}

/* The next argument as the value of opt. */
static int option_add_next(struct parse *parse, const struct opt *opt)
{
	const char *next = parse->argv[parse->at];
	if (!next)
		return fault_set(parse, "{} needs a value: {}", opt_spelled(parse, opt), str_from(opt->value),
		                 STR_NONE);
	parse->at++;
	return option_add(parse, opt, str_from(next));
}

/* The option of this name, or the only one that begins so; NULL with the fault set. */
static const struct opt *option_by_name(struct parse *parse, struct str name)
{
	const struct opt *found = NULL;
	bool several = false;
	for (size_t i = 0; i < parse->count; i++) {
		const struct opt *opt = &parse->options[i];
		if (str_is(name, opt->name))
			return opt;
		if (name.n && str_eq(str_slice(str_from(opt->name), 0, name.n), name)) {
			several = found != NULL;
			found = found ? found : opt;
		}
	}
	if (found && !several)
		return found;
	if (several)
		fault_set(parse, "--{} may mean more than one option", name, STR_NONE, STR_NONE);
	else
		fault_unknown(parse, name);
	return NULL;
}

static int parse_long(struct parse *parse, struct str text, const struct opt **seen)
{
	struct str value = text;
	struct str name = str_cut(&value, '=');
	const struct opt *opt = option_by_name(parse, name);
	if (!opt)
		return -EINVAL;
	*seen = opt;
	if (opt->type == OPT_SWITCH && value.p)
		return fault_set(parse, "{} takes no value", opt_spelled(parse, opt), STR_NONE, STR_NONE);
	if (opt->type == OPT_SWITCH || value.p)
		return option_add(parse, opt, value);
	return option_add_next(parse, opt);
}

static int parse_letters(struct parse *parse, struct str letters, const struct opt **seen)
{
	while (letters.n) {
		const struct opt *opt = parse->options;
		while (opt->name && opt->letter != letters.p[0])
			opt++;
		if (!opt->name)
			return fault_set(parse, "unknown option {}",
			                 arena_printf(parse->arena, "-%c", letters.p[0]), STR_NONE, STR_NONE);
		*seen = opt;
		letters = str_slice(letters, 1, letters.n);
		if (opt->type != OPT_SWITCH)
			return letters.n ? option_add(parse, opt, letters) : option_add_next(parse, opt);
		int r = option_add(parse, opt, STR_NONE);
		if (r < 0)
			return r;
	}
	return 0;
}

int opt_parse(struct arena *arena, const struct opt *options, const char *const *stop, char **argv,
              struct opt_args *args, struct opt_fault *fault)
{
	size_t words = 0;
	while (argv[words])
		words++;
	struct parse parse = { arena, options, opt_count(options), argv, 0, args, fault };
	*args = (struct opt_args){ .options = options };
	args->values = ARENA_ARRAY(arena, struct opt_values, parse.count + 1);
	args->operands = ARENA_ARRAY(arena, struct str, words + 1);
	*fault = (struct opt_fault){ 0 };
	bool ended = false;
	while (argv[parse.at]) {
		struct str word = str_from(argv[parse.at++]);
		const struct opt *seen = NULL;
		int r = 0;
		if (ended || word.n < 2 || word.p[0] != '-')
			args->operands[args->n++] = word;
		else if (str_is(word, "--"))
			ended = true;
		else if (word.p[1] == '-')
			r = parse_long(&parse, str_slice(word, 2, word.n), &seen);
		else
			r = parse_letters(&parse, str_slice(word, 1, word.n), &seen);
		if (r < 0)
			return r;
		if (seen && stop && opt_find(stop, str_from(seen->name)) >= 0)
			break;
	}
	return 0;
}

struct str opt_text(const struct opt_args *args, size_t index)
{
	const struct opt_values *values = &args->values[index];
	return values->p ? values->p[values->n - 1] : STR_NONE;
}

const char *opt_cstr(const struct opt_args *args, size_t index)
{
	return opt_text(args, index).p;
}

int64_t opt_number(const struct opt_args *args, size_t index, int64_t otherwise)
{
	return str_int_or(opt_text(args, index), otherwise);
}

int opt_choice(const struct opt_args *args, size_t index, int otherwise)
{
	struct str value = opt_text(args, index);
	return value.p ? opt_find(args->options[index].choices, value) : otherwise;
}
