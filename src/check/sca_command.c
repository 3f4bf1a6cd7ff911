/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * From a command line to what it says: split, look up, answer, or run it if that is allowed.
 */
#include "base/vec.h"
#include "check/sca_commands.h"
#include "sys/process.h"

static const struct {
	const char *name;
	sca_program_fn *answer;
} programs[] = {
	{ "auditctl", sca_answer_auditctl },
	{ "augenrules", sca_answer_augenrules },
	{ "cat", sca_answer_cat },
	{ "dpkg", sca_answer_dpkg },
	{ "dpkg-query", sca_answer_dpkg_query },
	{ "findmnt", sca_answer_findmnt },
	{ "ip6tables", sca_answer_ip6tables },
	{ "iptables", sca_answer_iptables },
	{ "lsmod", sca_answer_lsmod },
	{ "modprobe", sca_answer_modprobe },
	{ "mount", sca_answer_mount },
	{ "nft", sca_answer_nft },
	{ "passwd", sca_answer_passwd },
	{ "sshd", sca_answer_sshd },
	{ "stat", sca_answer_stat },
	{ "sysctl", sca_answer_sysctl },
	{ "systemctl", sca_answer_systemctl },
	{ "timedatectl", sca_answer_timedatectl },
	{ "ufw", sca_answer_ufw },
	{ "useradd", sca_answer_useradd },
};

/* ---- words ---- */

enum { WORDS_MOST = 256, COMMAND_MOST = 16 * 1024 };

/* As Wazuh splits: blanks part words, '…' and "…" hold them together, \ keeps the next character. Nothing is
 * expanded. False when a quote is open at the end. */
static bool split(struct arena *arena, struct str line, struct strings *out)
{
	VEC(struct str) words = { 0 };
	BUF(word);
	bool in_word = false;
	char quote = 0;
	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];
		if (quote && c == quote) {
			quote = 0;
		} else if (c == '\\' && quote != '\'' && i + 1 < line.n &&
		           (!quote || line.p[i + 1] == quote || line.p[i + 1] == '\\')) {
			buf_add_char(&word, line.p[++i]);
			in_word = true;
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
			in_word = true;
		} else if (!quote && (c == ' ' || c == '\t' || c == '\n')) {
			if (in_word)
				vec_push_in(arena, &words, arena_str(arena, buf_str(&word)));
			buf_clear(&word);
			in_word = false;
		} else {
			buf_add_char(&word, c);
			in_word = true;
		}
	}
	if (in_word)
		vec_push_in(arena, &words, arena_str(arena, buf_str(&word)));
	*out = (struct strings){ words.p, words.n };
	return !quote && words.n && words.n <= WORDS_MOST;
}

/* ---- what answers share ---- */

const struct rows *sca_call_table(struct sca_call *call, const struct table *table)
{
	struct sca_answer *answer = call->answer;
	const struct rows *rows = facts_table(call->run->facts, table);
	bool known = false;
	for (size_t i = 0; i < answer->table_count; i++)
		known |= answer->tables[i] == table;
	if (!known && answer->table_count < SCA_TABLES)
		answer->tables[answer->table_count++] = table;
	if (rows->coverage == COVERAGE_COMPLETE)
		return rows;
	answer->unseen = table;
	answer->reason = rows->reason;
	return NULL;
}

enum sca_reply sca_call_blind(struct sca_call *call, struct note why)
{
	call->answer->reason = note_copy(call->run->arena, why);
	return SCA_BLIND;
}

bool sca_call_is_live(struct sca_call *call)
{
	if (!call->run->root->live)
		(void)sca_call_blind(call, NOTE("can only be seen on the running system"));
	return call->run->root->live;
}

int sca_call_file(struct sca_call *call, struct str path, struct str *text)
{
	const struct sca_file *file = sca_run_file(call->run, path);
	*text = file->text;
	if (file->r == -ENOTDIR)
		return -ENOENT;
	if (file->r < 0 && file->r != -ENOENT)
		(void)sca_call_blind(call, NOTE("cannot read {}: {}", path, str_from(err_words(file->r))));
	return file->r;
}

bool sca_program_is_there(struct sca_run *run, struct str program)
{
	struct stat st;
	if (str_find_char(program, '/') >= 0)
		return root_stat(run->root, arena_cstr(run->arena, program), true, &st) == 0 &&
		       S_ISREG(st.st_mode) && (st.st_mode & 0111);
	for (struct str rest = STR(PROCESS_PATH); rest.p; ) {
		struct str folder = str_cut(&rest, ':');
		struct str path = arena_printf(run->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(program));
		if (root_stat(run->root, path.p, true, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111))
			return true;
	}
	return false;
}

/* ---- answering ---- */

enum { EXIT_NOT_EXECUTED = 127 };

static sca_program_fn *program_find(struct str name)
{
	for (size_t i = 0; i < COUNT(programs); i++)
		if (str_is(name, programs[i].name))
			return programs[i].answer;
	return NULL;
}

static struct str program_name(struct str word)
{
	static const char *const folders[] = { "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/",
	                                       "/sbin/", "/bin/" };
	for (size_t i = 0; i < COUNT(folders); i++)
		if (str_starts(word, folders[i]))
			return str_slice(word, strlen(folders[i]), word.n);
	return word;
}

/* One program. `shell`: it says so itself when a program is not there. */
static enum sca_reply simple_answer(struct sca_call *call, bool shell)
{
	struct str program = call->words.p[0];
	struct str name = program_name(program);
	sca_program_fn *answer = program_find(name);
	if (!answer)
		return SCA_UNKNOWN_FORM;
	if (!sca_program_is_there(call->run, program)) {
		call->exit = EXIT_NOT_EXECUTED;
		if (shell)
			buf_printf(call->out, "sh: 1: %.*s: not found\n", STR_ARG(program));
		return SCA_ANSWERED;
	}
	struct str written = program;
	call->words.p[0] = name;
	enum sca_reply reply = answer(call);
	call->words.p[0] = written;
	return reply;
}

/* ---- sh -c "…": commands joined by & ; && || |, of which pipes only lead into a few filters ---- */

enum joint { JOINT_END, JOINT_AND_THEN, JOINT_OR_ELSE, JOINT_NEXT, JOINT_PIPE };

/* Cut the script at its first joint outside of quotes. False: something else of the shell's language. */
static bool script_cut(struct str *rest, struct str *command, enum joint *joint)
{
	char quote = 0;
	for (size_t i = 0; i < rest->n; i++) {
		char c = rest->p[i], next = i + 1 < rest->n ? rest->p[i + 1] : 0;
		if (quote) {
			if (c == quote)
				quote = 0;
			else if (quote == '"' && (c == '$' || c == '`'))
				return false;
			continue;
		}
		if (c == '"' || c == '\'') {
			quote = c;
			continue;
		}
		if (strchr("$`<>(){}*?[]#~\n=", c) && c)
			return false;
		if (c != '&' && c != '|' && c != ';')
			continue;
		bool doubled = next == c && c != ';';
		*joint = doubled ? (c == '&' ? JOINT_AND_THEN : JOINT_OR_ELSE) : c == '|' ? JOINT_PIPE : JOINT_NEXT;
		*command = str_slice(*rest, 0, i);
		*rest = str_slice(*rest, i + 1 + doubled, rest->n);
		return true;
	}
	*command = *rest;
	*rest = STR_NONE;
	*joint = JOINT_END;
	return quote == 0;
}

/* awk '/from/,/to/': the lines from one that holds `from` to the next that holds `to`. Plain words only. */
static bool awk_range(struct strings words, struct str text, struct buf *out)
{
	if (words.n != 2 || !str_is(words.p[0], "awk") || !str_starts(words.p[1], "/"))
		return false;
	struct str rest = str_slice(words.p[1], 1, words.p[1].n);
	ptrdiff_t middle = str_find(rest, "/,/");
	if (middle < 0 || !str_ends(rest, "/"))
		return false;
	struct str from = str_slice(rest, 0, (size_t)middle), to = str_slice(rest, (size_t)middle + 3, rest.n - 1);
	for (size_t i = 0; i < from.n + to.n; i++) {
		char c = i < from.n ? from.p[i] : to.p[i - from.n];
		if (c && strchr("\\^$.[]|()*+?/{", c))
			return false;
	}
	bool within = false;
	struct str line;
	ARENA(arena);
	const char *start = arena_cstr(&arena, from), *end = arena_cstr(&arena, to);
	while (str_line(&text, &line)) {
		within = within || str_find(line, start) >= 0;
		if (!within)
			continue;
		buf_add(out, line);
		buf_add_char(out, '\n');
		within = str_find(line, end) < 0;
	}
	return true;
}

static bool filter_apply(struct arena *arena, struct str command, struct buf *text, int *exit)
{
	struct strings words;
	BUF(out);
	if (!split(arena, command, &words) || !awk_range(words, buf_str(text), &out))
		return false;
	buf_clear(text);
	buf_add(text, buf_str(&out));
	*exit = 0;
	return true;
}

static enum sca_reply script_answer(struct sca_call *call, struct str script)
{
	struct arena *arena = call->run->arena;
	enum joint joint = JOINT_NEXT;
	bool skip = false;
	for (struct str rest = script, command; rest.p; ) {
		if (!script_cut(&rest, &command, &joint))
			return SCA_UNKNOWN_FORM;
		BUF(text);
		struct sca_call part = *call;
		part.out = &text;
		part.exit = 0;
		if (!split(arena, command, &part.words))
			return SCA_UNKNOWN_FORM;
		enum sca_reply reply = simple_answer(&part, true);
		while (reply == SCA_ANSWERED && joint == JOINT_PIPE) {
			if (!script_cut(&rest, &command, &joint) || !filter_apply(arena, command, &text, &part.exit))
				return SCA_UNKNOWN_FORM;
		}
		if (reply != SCA_ANSWERED)
			return reply;
		if (!skip) {
			buf_add(call->out, buf_str(&text));
			call->exit = part.exit;
		}
		skip = (joint == JOINT_AND_THEN && call->exit != 0) || (joint == JOINT_OR_ELSE && call->exit == 0);
		if (str_trim(rest).n == 0)
			break;
	}
	return SCA_ANSWERED;
}

static enum sca_reply native_answer(struct sca_call *call)
{
	struct str name = program_name(call->words.p[0]);
	bool shell = str_is(name, "sh") || str_is(name, "bash");
	if (!shell)
		return simple_answer(call, false);
	if (call->words.n != 3 || !str_is(call->words.p[1], "-c"))
		return SCA_UNKNOWN_FORM;
	if (!sca_program_is_there(call->run, call->words.p[0])) {
		call->exit = EXIT_NOT_EXECUTED;
		return SCA_ANSWERED;
	}
	return script_answer(call, call->words.p[2]);
}

/* ---- running ---- */

static void really_run(struct sca_run *run, struct strings words, struct str command, struct sca_answer *answer)
{
	char **argv = ARENA_ARRAY(run->arena, char *, words.n + 1);
	for (size_t i = 0; i < words.n; i++)
		argv[i] = (char *)(uintptr_t)arena_cstr(run->arena, words.p[i]);
	BUF(out);
	struct err err = { 0 };
	int r = process_run(argv, &process_limits_default, &out, &answer->exit, &err);
	if (r == 0 && answer->exit != EXIT_NOT_EXECUTED) {
		answer->state = SCA_FOUND;
		answer->text = arena_str(run->arena, buf_str(&out));
		return;
	}
	answer->state = SCA_INVALID;
	if (r == -ENOENT || r == 0)
		answer->reason = NOTE("there is no such command: {}", command);
	else
		answer->reason = NOTE("{}: {}", command, arena_str(run->arena, str_from(err.text)));
}

static void answer_make(struct sca_run *run, struct str command, struct sca_answer *answer)
{
	BUF(out);
	struct sca_call call = { .run = run, .answer = answer, .out = &out };
	if (command.n > COMMAND_MOST || !split(run->arena, command, &call.words)) {
		*answer = (struct sca_answer){
			.state = SCA_INVALID,
			.reason = NOTE("this is no command: {}", str_slice(command, 0, 200)),
		};
		return;
	}
	enum sca_reply reply = run->no_native ? SCA_UNKNOWN_FORM : native_answer(&call);
	bool may_run = run->allow_commands && run->root->live;
	if (reply == SCA_ANSWERED) {
		answer->state = call.exit == EXIT_NOT_EXECUTED ? SCA_INVALID : SCA_FOUND;
		answer->exit = call.exit;
		answer->text = arena_str(run->arena, buf_str(&out));
		answer->reason = NOTE("there is no such command: {}", command);
	} else if (may_run) {
		answer->unseen = NULL;
		answer->table_count = 0;
		really_run(run, call.words, command, answer);
	} else {
		answer->state = SCA_UNKNOWN;
		if (reply != SCA_BLIND)
			answer->reason = NOTE("command not answered natively: {}", command);
	}
}

const struct sca_answer *sca_run_command(struct sca_run *run, struct str command)
{
	void **slot = map_put(&run->commands, command);
	if (*slot)
		return *slot;
	struct sca_answer *answer = ARENA_NEW(run->arena, struct sca_answer);
	*slot = answer;
	answer_make(run, command, answer);
	return answer;
}
