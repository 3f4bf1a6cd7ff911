/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * completion: shell completion, made from the same records as --help.
 *
 * Plain bash: no function of the bash-completion package is needed.
 */
#include "cmd/usage.h"

/* COMP_WORDBREAKS holds "=", so `--format=js` arrives as three words; an operand is a word that
 * neither begins with a dash nor is the value of an option. */
static const char head[] =
	"# bash completion of ward, made by `ward completion bash`\n"
	"_ward()\n"
	"{\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= operands=0 words= i\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $current == = ]]; then\n"
	"\t\tcurrent=\n"
	"\telif [[ $previous == = ]]; then\n"
	"\t\tprevious=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tif [[ ${COMP_WORDS[i]} == --lang ]]; then\n"
	"\t\t\t((i++))\n"
	"\t\t\t[[ ${COMP_WORDS[i]} == = ]] && ((i++))\n"
	"\t\telif [[ ${COMP_WORDS[i]} != -* && -z $command ]]; then\n"
	"\t\t\tcommand=${COMP_WORDS[i]}\n"
	"\t\telif [[ ${COMP_WORDS[i]} != -* ]]; then\n"
	"\t\t\t((operands++))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tcase \"$command $previous\" in\n";

static const char middle[] =
	"\tesac\n"
	"\tcase $command in\n";

static const char tail[] =
	"\tesac\n"
	"\t[[ -n $words ]] && mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	"}\n"
	"complete -o bashdefault -o default -F _ward ward\n";

static void add_words(struct buf *buf, const char *const *words)
{
	for (; *words; words++)
		buf_printf(buf, "%s ", *words);
}

/* What may stand after an option that takes a value. */
static void add_values(struct buf *buf, const char *command, const struct opt *opt)
{
	if (opt->type == OPT_SWITCH)
		return;
	buf_printf(buf, "\t'%s --%s'", command, opt->name);
	if (opt->letter)
		buf_printf(buf, " | '%s -%c'", command, opt->letter);
	buf_puts(buf, ")\n");
	if (opt->choices) {
		buf_puts(buf, "\t\tmapfile -t COMPREPLY < <(compgen -W '");
		add_words(buf, opt->choices);
		buf_puts(buf, "' -- \"$current\")\n");
	} else if (opt->type == OPT_DIRECTORY) {
		buf_puts(buf, "\t\tcompopt -o filenames\n"
		              "\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n");
	}
	buf_puts(buf, "\t\treturn\n\t\t;;\n");
}

static void add_command(struct buf *buf, struct arena *arena, const struct command *command)
{
	buf_printf(buf, "\t%s)\n\t\twords='", command->name);
	for (const struct opt *opt = command_options(arena, command); opt->name; opt++)
		buf_printf(buf, "--%s ", opt->name);
	buf_puts(buf, "'\n");
	if (command->verbs) {
		buf_puts(buf, "\t\t[[ $operands == 0 && $current != -* ]] && words='");
		for (const struct command_verb *verb = command->verbs; verb->name; verb++)
			buf_printf(buf, "%s ", verb->name);
		buf_puts(buf, "'\n\t\t[[ $operands != 0 && $current != -* ]] && words=\n");
	} else if (command->choices) {
		buf_puts(buf, "\t\t[[ $current != -* ]] && words='");
		add_words(buf, command->choices);
		buf_puts(buf, "'\n");
	} else if (command->most > 0) {
		buf_puts(buf, "\t\t[[ $current != -* ]] && words=\n"); /* the shell's own: files */
	}
	buf_puts(buf, "\t\t;;\n");
}

static int completion_run(struct call *call, struct err *err)
{
	BUF(script);
	buf_puts(&script, head);
	for (size_t i = 0; commands[i]; i++)
		for (const struct opt *opt = command_options(call->arena, commands[i]); opt->name; opt++)
			add_values(&script, commands[i]->name, opt);
	buf_puts(&script, middle);
	buf_puts(&script, "\t'')\n\t\twords='");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			buf_printf(&script, "%s ", commands[i]->name);
	buf_puts(&script, "--version --help --lang '\n\t\t;;\n");
	for (size_t i = 0; commands[i]; i++)
		add_command(&script, call->arena, commands[i]);
	buf_puts(&script, tail);
	return command_print(buf_str(&script), err);
}

static const char *const shells[] = { "bash", NULL };

static const struct command_example examples[] = {
	{ "source <(ward completion bash)", "complete in this shell" },
	{ 0 },
};

const struct command command_completion = {
	.name = "completion",
	.summary = "print completion rules for a shell",
	.operands = "bash",
	.choices = shells,
	.examples = examples,
	.least = 1,
	.most = 1,
	.run = completion_run,
};
