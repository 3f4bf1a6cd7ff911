/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * useradd -D, passwd -S: as Debian's shadow 4.13 prints them.
 */
#include <time.h>

#include "check/sca_commands.h"

enum sca_reply sca_answer_useradd(struct sca_call *call)
{
	/* In the order printed; GROUP is a number, SHELL has changed its default between versions. */
	struct {
		const char *key;
		struct str value;
	} settings[] = {
		{ "GROUP", STR("100") }, { "HOME", STR("/home") }, { "INACTIVE", STR("-1") }, { "EXPIRE", STR("") },
		{ "SHELL", STR_NONE }, { "SKEL", STR("/etc/skel") }, { "CREATE_MAIL_SPOOL", STR("no") },
		{ "LOG_INIT", STR("yes") },
	};
	struct str text, line;
	if (call->words.n != 2 || !sca_word_is(call, 1, "-D"))
		return SCA_UNKNOWN_FORM;
	int r = sca_call_file(call, STR("/etc/default/useradd"), &text);
	if (r < 0 && r != -ENOENT)
		return SCA_BLIND;
	while (r == 0 && str_line(&text, &line))
		for (size_t i = 0; i < COUNT(settings); i++) {
			size_t n = strlen(settings[i].key);
			if (line.n > n && line.p[n] == '=' && memcmp(line.p, settings[i].key, n) == 0)
				settings[i].value = str_slice(line, n + 1, line.n);
		}
	int64_t number;
	if (!settings[4].value.p || !str_to_int(settings[0].value, 10, &number) ||
	    !str_to_int(settings[2].value, 10, &number))
		return SCA_UNKNOWN_FORM;
	for (size_t i = 0; i < COUNT(settings); i++)
		buf_printf(call->out, "%s=%.*s\n", settings[i].key, STR_ARG(settings[i].value));
	return SCA_ANSWERED;
}

static void number_say(struct buf *out, struct str field)
{
	int64_t value = -1;
	if (field.n && !str_to_int(field, 10, &value))
		value = -1;
	buf_printf(out, " %lld", (long long)value);
}

enum sca_reply sca_answer_passwd(struct sca_call *call)
{
	struct str text, line;
	if (call->words.n != 3 || (!sca_word_is(call, 1, "-S") && !sca_word_is(call, 1, "--status")))
		return SCA_UNKNOWN_FORM;
	int r = sca_call_file(call, STR("/etc/shadow"), &text);
	if (r == -ENOENT)
		return SCA_UNKNOWN_FORM;
	if (r < 0)
		return SCA_BLIND;
	while (str_line(&text, &line)) {
		struct str field[9];
		for (size_t i = 0; i < COUNT(field); i++)
			field[i] = str_cut(&line, ':');
		int64_t day;
		if (!str_eq(field[0], call->words.p[2]))
			continue;
		if (!str_to_int(field[2], 10, &day))
			return SCA_UNKNOWN_FORM;
		bool locked = field[1].n && (field[1].p[0] == '!' || field[1].p[0] == '*');
		time_t when = (time_t)day * 86400;
		struct tm tm;
		char date[32];
		if (!gmtime_r(&when, &tm) || !strftime(date, sizeof(date), "%Y-%m-%d", &tm))
			return SCA_UNKNOWN_FORM;
		buf_printf(call->out, "%.*s %s %s", STR_ARG(field[0]), locked ? "L" : field[1].n ? "P" : "NP", date);
		for (size_t i = 3; i < 7; i++)
			number_say(call->out, field[i]);
		buf_add_char(call->out, '\n');
		return SCA_ANSWERED;
	}
	return SCA_UNKNOWN_FORM;
}
