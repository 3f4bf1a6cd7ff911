/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * cron: commands that cron, anacron and at start. crontab(5) of Debian's cron and of cronie, anacrontab(5),
 * and the spool of at(1). Lines that set an environment are passed over: their values are nobody's business.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/vec.h"
#include "fact/scan.h"

enum { COMMAND_MAX = 4096 };

struct job_file {
	struct scan *scan;
	struct err *err;
	struct str path, owner_name; /* the user whose table it is; STR_NONE: each line names one */
	const char *kind;
	int64_t mode, owner;
};

static int job_row(const struct job_file *file, struct str user, struct str schedule, struct str command, int64_t line)
{
	return scan_row(file->scan, ROW(user, schedule, str_slice(command, 0, COMMAND_MAX), file->path, line, file->kind,
	                                file->mode, file->owner), file->err);
}

/* 1: to be read; 0: nothing there; a negative errno was said. */
static int job_file_open(struct job_file *file, struct str *text)
{
	struct stat st;
	int r = root_stat(scan_root(file->scan), file->path.p, true, &st);
	if (r == -ENOENT || r == -ENOTDIR || (r == 0 && S_ISDIR(st.st_mode)))
		return 0;
	file->mode = r == 0 ? (int64_t)(st.st_mode & 07777) : NONE;
	file->owner = r == 0 ? scan_owner(file->scan, st.st_uid, "owner") : NONE;
	return scan_file(file->scan, file->path.p, text) == 0;
}

/* cron(8): "name = value", the name perhaps in quotes; a time never begins so. */
static bool is_setting(struct str line)
{
	char c = line.p[0];
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '"' || c == '\'';
	return letter && str_find_char(line, '=') > 0;
}

static bool is_time_field(struct str word)
{
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c && strchr("*,-/~?#", c))))
			return false;
	}
	return word.n > 0;
}

/* The words of a time, as written but with single blanks. False: that is no time. */
static bool schedule_take(struct arena *arena, struct str *line, struct str *schedule)
{
	if (line->p[0] == '@') {
		*schedule = str_word(line);
		return schedule->n > 1;
	}
	struct str word[5];
	for (size_t i = 0; i < COUNT(word); i++) {
		word[i] = str_word(line);
		if (!is_time_field(word[i]))
			return false;
	}
	char first = word[0].p[0];
	if ((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z'))
		return false;
	*schedule = arena_printf(arena, "%.*s %.*s %.*s %.*s %.*s", STR_ARG(word[0]), STR_ARG(word[1]),
	                         STR_ARG(word[2]), STR_ARG(word[3]), STR_ARG(word[4]));
	return true;
}

static void not_understood(const struct job_file *file, int64_t line)
{
	scan_partial(file->scan, NOTE("{}:{}: not understood", file->path,
	                              arena_printf(scan_arena(file->scan), "%ld", (long)line)));
}

static int crontab_rows(struct job_file *file)
{
	struct str text, line, schedule;
	if (job_file_open(file, &text) <= 0)
		return 0;
	for (int64_t number = 1; str_line(&text, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#' || is_setting(line))
			continue;
		struct str user = file->owner_name;
		bool good = schedule_take(scan_arena(file->scan), &line, &schedule);
		if (good && !user.p)
			user = str_word(&line);
		line = str_trim(line);
		if (!good || !user.n || !line.n) {
			not_understood(file, number);
			continue;
		}
		int r = job_row(file, user, schedule, line, number);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Which names in cron.d and cron.daily count. Debian's cron and run-parts(8) want letters, digits, _ and - only;
 * cronie leaves out backups and what package managers put aside. */
static bool name_counts(struct str name, bool debian)
{
	static const char *const aside[] = { "~", ".rpmsave", ".rpmorig", ".rpmnew", ".swp", ".cfsaved", ",v", ".bak" };
	if (name.p[0] == '.')
		return false;
	for (size_t i = 0; !debian && i < COUNT(aside); i++)
		if (str_ends(name, aside[i]))
			return false;
	for (size_t i = 0; debian && i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static int folder_rows(struct job_file *file, const char *folder, bool debian, bool own)
{
	struct strings names = scan_list(file->scan, folder);
	for (size_t i = 0; i < names.n; i++) {
		if (own ? names.p[i].p[0] == '.' : !name_counts(names.p[i], debian))
			continue;
		file->path = arena_printf(scan_arena(file->scan), "/%s/%.*s", folder, STR_ARG(names.p[i]));
		file->owner_name = own ? names.p[i] : STR_NONE;
		int r = crontab_rows(file);
		if (r < 0)
			return r;
	}
	return 0;
}

static int script_rows(struct job_file *file, bool debian)
{
	static const char *const every[] = { "hourly", "daily", "weekly", "monthly", "yearly" };
	struct arena *arena = scan_arena(file->scan);
	for (size_t i = 0; i < COUNT(every); i++) {
		struct strings names = scan_list(file->scan, arena_printf(arena, "etc/cron.%s", every[i]).p);
		for (size_t j = 0; j < names.n; j++) {
			struct stat st;
			file->path = arena_printf(arena, "/etc/cron.%s/%.*s", every[i], STR_ARG(names.p[j]));
			if (!name_counts(names.p[j], debian) ||
			    root_stat(scan_root(file->scan), file->path.p, true, &st) < 0 || !S_ISREG(st.st_mode) ||
			    !(st.st_mode & 0111))
				continue;
			file->mode = st.st_mode & 07777;
			file->owner = scan_owner(file->scan, st.st_uid, "owner");
			int r = job_row(file, STR("root"), arena_printf(arena, "@%s", every[i]), file->path, NONE);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* anacrontab(5): period in days or @name, delay in minutes, identifier, command. */
static int anacron_rows(struct job_file *file)
{
	struct str text, line;
	if (job_file_open(file, &text) <= 0)
		return 0;
	for (int64_t number = 1; str_line(&text, &line); number++) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#' || is_setting(line))
			continue;
		struct str period = str_word(&line), delay = str_word(&line), identifier = str_word(&line);
		int64_t days, minutes;
		line = str_trim(line);
		bool named = period.p[0] == '@';
		if (!(named || str_to_int(period, 10, &days)) || !str_to_int(delay, 10, &minutes) || !identifier.n || !line.n) {
			not_understood(file, number);
			continue;
		}
		struct str schedule = named ? period : arena_printf(scan_arena(file->scan), "every %ld days", (long)days);
		int r = job_row(file, STR("root"), schedule, line, number);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The commands of a job: what follows the environment and the "cd … || { … }" that at(1) writes before them. */
static struct str at_command(struct str text)
{
	struct str line, rest = text;
	bool cd = false;
	while (str_line(&rest, &line)) {
		if (str_starts(line, "cd "))
			cd = true;
		else if (cd && str_is(line, "}"))
			return str_trim(rest.p ? rest : STR(""));
	}
	return STR_NONE;
}

static int at_rows(struct job_file *file, const char *folder)
{
	struct arena *arena = scan_arena(file->scan);
	struct strings names = scan_list(file->scan, folder);
	for (size_t i = 0; i < names.n; i++) {
		struct str name = names.p[i], text, line;
		int64_t minutes;
		/* queue, five hexadecimal digits of the job, eight of the minute since 1970; '=' while it runs */
		if (name.n != 14 || !str_to_int(str_slice(name, 6, 14), 16, &minutes))
			continue;
		file->path = arena_printf(arena, "/%s/%.*s", folder, STR_ARG(name));
		if (job_file_open(file, &text) <= 0)
			continue;
		struct str user = STR_NONE, rest = text;
		for (int j = 0; j < 8 && str_line(&rest, &line); j++)
			if (str_starts(line, "# mail ")) {
				line = str_slice(line, 7, line.n);
				user = str_word(&line);
			}
		struct str command = at_command(text);
		if (!command.p)
			not_understood(file, 1);
		int r = job_row(file, user, clock_format(arena, minutes * 60), command, NONE);
		if (r < 0)
			return r;
	}
	return 0;
}

static int cron_scan(struct scan *scan, struct err *err)
{
	struct job_file file = { .scan = scan, .err = err, .path = STR("/etc/crontab"), .kind = "crontab" };
	struct stat st;
	bool debian = root_stat(scan_root(scan), "etc/debian_version", true, &st) == 0;
	int r = crontab_rows(&file);
	file.kind = "cron.d";
	if (r == 0)
		r = folder_rows(&file, "etc/cron.d", debian, false);
	file.kind = "user";
	/* Debian; SUSE; Red Hat and its kin (the folders there are passed over). */
	if (r == 0)
		r = folder_rows(&file, "var/spool/cron/crontabs", debian, true);
	if (r == 0)
		r = folder_rows(&file, "var/spool/cron/tabs", debian, true);
	if (r == 0)
		r = folder_rows(&file, "var/spool/cron", debian, true);
	file.kind = "script";
	if (r == 0)
		r = script_rows(&file, debian);
	file.kind = "anacron";
	file.path = STR("/etc/anacrontab");
	if (r == 0)
		r = anacron_rows(&file);
	file.kind = "at";
	if (r == 0)
		r = at_rows(&file, "var/spool/cron/atjobs");
	return r == 0 ? at_rows(&file, "var/spool/at") : r;
}

const struct table table_cron = {
	.name = "cron",
	.doc = "Commands that cron, anacron and at start",
	.sources = { "etc/crontab", "etc/cron.d/example", "var/spool/cron/crontabs/root", "etc/anacrontab",
	             "var/spool/cron/atjobs/a00001018f1c2d", "etc/cron.daily/example" },
	.scan = cron_scan,
	.columns = {
		{ "user", TEXT, "as whom; NULL: an at job does not say" },
		{ "schedule", TEXT, "the five fields of a time, @reboot, @daily …, 'every 7 days' (anacron), or the moment (at)" },
		{ "command", TEXT, "command, or the script; cut at 4096 bytes; NULL: not understood" },
		{ "file", TEXT, "file that says so" },
		{ "line", INT, "line in the file; NULL: the whole file" },
		{ "kind", TEXT, "crontab, cron.d, user, script, anacron or at" },
		{ "mode", INT, "permission bits of the file; NULL: unknown" },
		{ "owner", INT, "user that the file belongs to; NULL: unknown" },
	},
};
