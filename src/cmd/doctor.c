/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * ward doctor: what is wrong with an installation, and how to mend it.
 */
#include "cmd/office_dir.h"
#include "cmd/terminal.h"
#include "role/doctor.h"

enum { OPT_DIR, OPT_CONFIG, OPT_FORMAT_, OPT_END };
static const char *const formats[] = { "text", "json", NULL };

static const struct opt options[] = {
	[OPT_DIR] = { "dir", 'd', OPT_DIRECTORY, "DIR",
	              .help = TR("where everything is kept; /var/lib/ward as root, ~/.local/share/ward otherwise") },
	[OPT_CONFIG] = { "config", 'c', OPT_FILE, "FILE", .help = TR("the configuration; DIR/ward.yaml otherwise, and none is needed") },
	[OPT_FORMAT_] = { "format", 'f', OPT_CHOICE, "FORMAT", .choices = formats, .help = TR("text, or JSON") },
	[OPT_END] = { 0 },
};

static void show(struct call *call, const struct doctor *doctor, struct buf *out)
{
	static const char *const marks[] = { "  ok ", "  ?  ", "  !! " };
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
	bool colour = terminal_colours();
	for (size_t i = 0; i < doctor->lines.n; i++) {
		const struct doctor_line *line = &doctor->lines.p[i];
		buf_printf(out, "%s%s%s %.*s: %.*s\n", colour ? colours[line->state] : "", marks[line->state], colour ? "\033[0m" : "",
		           STR_ARG(tr_word(call->lang, "label", line->topic)), STR_ARG(note_text(call->arena, call->lang, &line->what)));
		if (line->state != DOCTOR_GOOD && line->remedy.english)
			buf_printf(out, "        %.*s\n", STR_ARG(note_text(call->arena, call->lang, &line->remedy)));
	}
}

static int doctor_command(struct call *call, struct err *err)
{
	struct config config;
	const char *dir = office_directory(call, opt_cstr(&call->args, OPT_DIR), err);
	if (!dir)
		return -EINVAL;
	int r = config_up(call->arena, dir, office_config(call, dir, opt_cstr(&call->args, OPT_CONFIG)), &config, err);
	if (r < 0)
		return r;
	struct doctor doctor = { .arena = call->arena, .config = &config };
	BUF(out);
	doctor_run(&doctor);
	if (opt_choice(&call->args, OPT_FORMAT_, 0) == 1) {
		doctor_json(&doctor, call->lang, &out);
		buf_add_char(&out, '\n');
	} else {
		show(call, &doctor, &out);
	}
	r = command_print(buf_str(&out), err);
	return r < 0 ? r : (int)doctor_worst(&doctor);
}

static const struct command_example examples[] = {
	{ "ward doctor", TR("what is wrong, and what to do about it") },
	{ "ward doctor --dir /srv/ward --format json", TR("for another program") },
	{ 0 },
};

static const struct command_exit exits[] = {
	{ 0, TR("nothing is wrong") },
	{ 1, TR("something is doubtful") },
	{ 2, TR("something is wrong, or it could not look") },
	{ 0 },
};

const struct command command_doctor = {
	.name = "doctor",
	.summary = TR("what is wrong with an installation of ward up, and how to mend it"),
	.description = TR("Looks at folders and their rights, keys, certificates, records, archive, sources, disk, clock, libraries, the "
	                  "kernel's walls and the service, and changes nothing. Run it as root to see everything."),
	.options = options,
	.examples = examples,
	.exits = exits,
	.run = doctor_command,
};
