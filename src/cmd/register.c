/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward register: the registers that are declared: which there are, what one holds, and what is wrong with one that somebody adds.
 */
#include "base/utf8.h"
#include "cmd/command.h"
#include "data/json.h"
#include "people/roles.h"
#include "register/register.h"
#include "sys/root.h"

#include <fcntl.h>

enum { OPT_CONTENT, OPT_FORMAT_, OPT_END };
enum { VERB_LIST, VERB_SHOW, VERB_LINT };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_CONTENT] = { "content", 0, OPT_DIRECTORY, "DIR", .help = TR("lay your own registers over the built-in ones") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

struct work {
	struct call *call;
	struct content content;
	struct roles *roles;
	struct registers *registers;
};

static void work_done(struct work *work)
{
	registers_free(work->registers);
	roles_free(work->roles);
	content_close(&work->content);
}

static bool as_json(const struct work *work)
{
	return opt_choice(&work->call->args, OPT_FORMAT_, 0) == 1;
}

static void pad(struct buf *out, struct str text, size_t width)
{
	buf_add(out, text);
	for (size_t i = utf8_width(text); i < width; i++)
		buf_add_char(out, ' ');
}

static struct str said(const struct work *work, const struct text *text)
{
	return text->in[work->call->lang];
}

/* ---- list ---- */

static int list(struct work *work, struct err *err)
{
	BUF(out);
	struct arena *arena = work->call->arena;
	if (as_json(work))
		json_open_list(&out, NULL);
	for (size_t i = 0; i < work->registers->n; i++) {
		const struct register_ *reg = &work->registers->p[i];
		if (as_json(work)) {
			json_open_map(&out, NULL);
			json_put(&out, "name", reg->name);
			json_put(&out, "code", reg->code);
			json_put(&out, "group", reg->group);
			json_put(&out, "label", said(work, &reg->label));
			json_put_int(&out, "fields", (int64_t)reg->fields.n);
			json_put_int(&out, "states", (int64_t)reg->states.n);
			json_put_int(&out, "transitions", (int64_t)reg->transitions.n);
			buf_add_char(&out, '}');
			continue;
		}
		pad(&out, reg->name, 18);
		pad(&out, reg->code, 10);
		buf_add(&out, utf8_clean(arena, said(work, &reg->label)));
		buf_add_char(&out, '\n');
	}
	buf_puts(&out, as_json(work) ? "]\n" : "");
	return command_print(buf_str(&out), err);
}

/* ---- show ---- */

static void show_fields(const struct work *work, struct buf *out, const struct register_ *reg)
{
	const struct field *fields = reg->fields.p;
	if (as_json(work))
		json_open_list(out, "fields");
	for (size_t i = 0; i < reg->fields.n; i++) {
		const char *type = field_type_names[fields[i].type];
		if (as_json(work)) {
			json_open_map(out, NULL);
			json_put(out, "name", fields[i].name);
			json_put(out, "type", str_from(type));
			json_put(out, "label", said(work, &fields[i].label));
			json_put_flag(out, "required", fields[i].required);
			buf_add_char(out, '}');
			continue;
		}
		buf_puts(out, fields[i].required ? "  * " : "    ");
		pad(out, fields[i].name, 20);
		pad(out, str_from(type), 12);
		buf_add(out, said(work, &fields[i].label));
		buf_add_char(out, '\n');
	}
	if (as_json(work))
		buf_add_char(out, ']');
}

static struct str names_joined(struct arena *arena, const struct strings *names)
{
	BUF(out);
	for (size_t i = 0; i < names->n; i++)
		buf_printf(&out, "%s%.*s", i ? ", " : "", STR_ARG(names->p[i]));
	return arena_str(arena, buf_str(&out));
}

/* Each on a line of its own, below the step. */
static void show_conditions(const struct work *work, struct buf *out, const struct transition *transition)
{
	enum lang lang = work->call->lang;
	struct str others = names_joined(work->call->arena, &transition->differs_from), needed = names_joined(work->call->arena, &transition->needs);
	const struct note notes[] = {
		others.n ? NOTE("by somebody else than: {}", others) : (struct note){ 0 },
		needed.n ? NOTE("with: {}", needed) : (struct note){ 0 },
		transition->unless.n ? NOTE("not with: {}", transition->unless) : (struct note){ 0 },
		transition->superior ? NOTE("by the organisation above") : (struct note){ 0 },
		transition->signed_ ? NOTE("signed with the password") : (struct note){ 0 },
		transition->confirmed ? NOTE("confirmed by a second person") : (struct note){ 0 },
		transition->automatic ? NOTE("by ward alone") : (struct note){ 0 },
	};
	for (size_t i = 0; i < COUNT(notes); i++)
		if (notes[i].english)
			buf_printf(out, "      %.*s\n", STR_ARG(note_text(work->call->arena, lang, &notes[i])));
}

static void show_transitions(const struct work *work, struct buf *out, const struct register_ *reg)
{
	const struct transition *transitions = reg->transitions.p;
	if (as_json(work))
		json_open_list(out, "transitions");
	for (size_t i = 0; i < reg->transitions.n; i++) {
		const struct transition *transition = &transitions[i];
		if (as_json(work)) {
			json_open_map(out, NULL);
			json_put(out, "name", transition->name);
			json_put_strings(out, "from", &transition->from);
			json_put(out, "to", transition->to);
			json_put_strings(out, "roles", &transition->roles);
			json_put_strings(out, "differs_from", &transition->differs_from);
			json_put_strings(out, "needs", &transition->needs);
			json_put_flag(out, "signed", transition->signed_);
			json_put_flag(out, "confirmed", transition->confirmed);
			if (transition->unless.n)
				json_put(out, "unless", transition->unless);
			json_put_flag(out, "superior", transition->superior);
			json_put_flag(out, "automatic", transition->automatic);
			buf_add_char(out, '}');
			continue;
		}
		buf_puts(out, "    ");
		pad(out, transition->name, 20);
		for (size_t k = 0; k < transition->from.n; k++)
			buf_printf(out, "%s%.*s", k ? ", " : "", STR_ARG(transition->from.p[k]));
		buf_printf(out, " > %.*s", STR_ARG(transition->to));
		for (size_t k = 0; k < transition->roles.n; k++)
			buf_printf(out, "%s%.*s", k ? ", " : "  (", STR_ARG(transition->roles.p[k]));
		buf_puts(out, transition->roles.n ? ")\n" : "\n");
		show_conditions(work, out, transition);
	}
	if (as_json(work))
		buf_add_char(out, ']');
}

static int show(struct work *work, struct err *err)
{
	BUF(out);
	if (work->call->args.n < 2)
		return command_usage(work->call, &NOTE("which register? Give its name"));
	const struct register_ *reg = registers_find(work->registers, work->call->args.operands[1]);
	if (!reg)
		return err_set(err, -ENOENT, "no register '%.*s'; `ward register list` shows them", STR_ARG(work->call->args.operands[1]));
	if (as_json(work)) {
		json_open_map(&out, NULL);
		json_put(&out, "name", reg->name);
		json_put(&out, "code", reg->code);
		json_put(&out, "label", said(work, &reg->label));
		json_put(&out, "about", said(work, &reg->about));
		json_put(&out, "number", reg->number);
		json_put_strings(&out, "key", &reg->key);
	} else {
		buf_printf(&out, "%.*s  %.*s  %.*s\n\n%.*s\n\n", STR_ARG(reg->name), STR_ARG(reg->code), STR_ARG(said(work, &reg->label)),
		           STR_ARG(said(work, &reg->about)));
	}
	show_fields(work, &out, reg);
	if (!as_json(work))
		buf_add_char(&out, '\n');
	show_transitions(work, &out, reg);
	buf_puts(&out, as_json(work) ? "}\n" : "");
	return command_print(buf_str(&out), err);
}

/* ---- lint ---- */

static int lint_one(struct work *work, struct str path, struct err *err)
{
	struct arena *arena = work->call->arena;
	BUF(text);
	struct source source = { .name = arena_cstr(arena, path) };
	struct register_ reg = { 0 };
	CLEANUP(fd_close_p) int fd = open(source.name, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read(fd, REGISTER_FILE_MOST, &text);
	if (r < 0)
		return err_errno(err, r, "cannot read '%s'", source.name);
	source.text = arena_str(arena, buf_str(&text));
	r = register_read(arena, &source, &work->roles->names, &reg, err);
	if (r == 0)
		r = register_refers(&reg, work->registers, err);
	register_done(&reg);
	return r;
}

static void put_problem(const struct work *work, struct buf *out, struct str file, const struct err *problem)
{
	struct str words = tr_error(work->call->arena, work->call->lang, str_from(problem->text));
	if (!as_json(work)) {
		buf_printf(out, "%.*s\n", STR_ARG(utf8_clean(work->call->arena, words)));
		return;
	}
	json_open_map(out, NULL);
	json_put(out, "file", file);
	json_put(out, "words", words);
	buf_add_char(out, '}');
}

/* Without files: all that --content lays over, and the built-in ones. */
static int lint(struct work *work, struct err *err)
{
	BUF(out);
	struct arena *arena = work->call->arena;
	size_t wrong = 0;
	if (as_json(work))
		json_open_list(&out, NULL);
	for (size_t i = 1; i < work->call->args.n; i++) {
		struct err problem = { "" };
		int r = lint_one(work, work->call->args.operands[i], &problem);
		if (r < 0 && r != -EINVAL) {
			*err = problem;
			return r;
		}
		if (r < 0) {
			wrong++;
			put_problem(work, &out, work->call->args.operands[i], &problem);
		}
	}
	if (as_json(work)) {
		buf_puts(&out, "]\n");
	} else {
		struct str n = arena_printf(arena, "%zu", work->call->args.n > 1 ? (size_t)work->call->args.n - 1 : work->registers->n);
		struct note note = wrong ? NOTE("{} of {} register{s} wrong", arena_printf(arena, "%zu", wrong), n) : NOTE("{} register{s}, nothing wrong", n);
		buf_add(&out, note_text(arena, work->call->lang, &note));
		buf_add_char(&out, '\n');
	}
	int r = command_print(buf_str(&out), err);
	return r < 0 ? r : wrong ? EXIT_FOUND : EXIT_GOOD;
}

/* What --content has may be just what is wrong: lint says so as a finding. */
static int load(struct work *work, struct err *err)
{
	BUF(out);
	int r = content_open(&work->content, opt_cstr(&work->call->args, OPT_CONTENT), err);
	if (r == 0)
		r = roles_load(&work->content, &work->roles, err);
	if (r == 0)
		r = registers_load(&work->content, &work->roles->names, &work->registers, err);
	if (r != -EINVAL || work->call->verb != VERB_LINT)
		return r;
	if (as_json(work))
		json_open_list(&out, NULL);
	put_problem(work, &out, STR(""), err);
	buf_puts(&out, as_json(work) ? "]\n" : "");
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : EXIT_FOUND;
}

static int register_run(struct call *call, struct err *err)
{
	static int (*const verbs[])(struct work *, struct err *) = { list, show, lint };
	CLEANUP(work_done) struct work work = { .call = call, .content = CONTENT_EMBEDDED };
	int r = load(&work, err);
	return r != 0 ? r : verbs[call->verb](&work, err);
}

static const struct command_verb verbs[] = {
	{ "list", "", TR("the registers with their code and name") },
	{ "show", "NAME", TR("what a register holds, and the steps of its records") },
	{ "lint", "[FILE…]", TR("find what is wrong in declarations, with file, line and column") },
	{ 0 },
};

static const struct command_example examples[] = {
	{ "ward register list", TR("which registers there are") },
	{ "ward register show change", TR("fields, states and who may do what") },
	{ "ward register lint ./ours.yaml", TR("check a declaration before it is laid into a content directory") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("done, nothing wrong") },
	{ 1, TR("lint found something") },
	{ 2, TR("it could not run") },
	{ 0 },
};

const struct command command_register = {
	.name = "register",
	.summary = TR("the registers that are declared, and checking one of your own"),
	.description = TR("A register is one YAML file in the folder `registers` of a content directory: fields, states, who may do what. From it "
	                  "come its table, form, list, import and export. docs/OFFICE.md describes the format."),
	.options = options,
	.verbs = verbs,
	.examples = examples,
	.exits = exits,
	.least = 1,
	.most = COMMAND_MANY,
	.run = register_run,
};
