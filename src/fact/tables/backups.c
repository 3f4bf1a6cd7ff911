/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * backups: jobs on this host that make copies, found in cron and in systemd's timers, in the scripts that these
 * call, and in the configuration of the usual programs.
 *
 * When a job last succeeded is taken from what it left behind (the newest snapshot of a local
 * repository, the newest dump), never from the fact that it was started. A copy that is made from outside, by a
 * hypervisor or a storage system, cannot be seen from here.
 */
#include "fact/scan.h"

enum { SCRIPT_MOST = 64 * 1024, JOBS_MOST = 1000, WORDS_MOST = 256 };

enum where { WHERE_OPTION, WHERE_LAST, WHERE_ARCHIVE, WHERE_REDIRECT };

struct tool {
	const char *name;
	const char *verb;     /* the word that makes it a backup; NULL: always one */
	const char *options[3]; /* what names the target: "-r", "--repo" */
	const char *variable; /* environment: "RESTIC_REPOSITORY=" */
	enum where where;
	int8_t encrypted;     /* 1 always, 0 never by itself, -1 unknown */
};

static const struct tool tools[] = {
	{ "restic", "backup", { "-r", "--repo" }, "RESTIC_REPOSITORY=", WHERE_OPTION, 1 },
	{ "borg", "create", { NULL }, "BORG_REPO=", WHERE_ARCHIVE, -1 },
	{ "borgmatic", NULL, { NULL }, NULL, WHERE_OPTION, -1 },
	{ "rsnapshot", NULL, { NULL }, NULL, WHERE_OPTION, 0 },
	{ "duplicity", NULL, { NULL }, NULL, WHERE_LAST, 1 },
	{ "rclone", NULL, { NULL }, NULL, WHERE_LAST, -1 },
	{ "rsync", NULL, { NULL }, NULL, WHERE_LAST, 0 },
	{ "pgbackrest", "backup", { "--repo1-path" }, NULL, WHERE_OPTION, -1 },
	{ "pg_basebackup", NULL, { "-D", "--pgdata" }, NULL, WHERE_OPTION, 0 },
	{ "pg_dump", NULL, { "-f", "--file" }, NULL, WHERE_REDIRECT, 0 },
	{ "pg_dumpall", NULL, { "-f", "--file" }, NULL, WHERE_REDIRECT, 0 },
	{ "mysqldump", NULL, { "-r", "--result-file" }, NULL, WHERE_REDIRECT, 0 },
	{ "mariadb-dump", NULL, { "-r", "--result-file" }, NULL, WHERE_REDIRECT, 0 },
	{ "mongodump", NULL, { "-o", "--out", "--archive" }, NULL, WHERE_REDIRECT, 0 },
	{ "xtrabackup", "--backup", { "--target-dir" }, NULL, WHERE_OPTION, 0 },
	{ "mariabackup", "--backup", { "--target-dir" }, NULL, WHERE_OPTION, 0 },
	{ "amdump", NULL, { NULL }, NULL, WHERE_OPTION, -1 },
};

struct job {
	struct str name, schedule, file;
	int64_t line;
};

struct backups {
	struct scan *scan;
	size_t jobs;
};

/* ---- words of a command ---- */

struct words {
	struct str p[WORDS_MOST];
	size_t n;
};

static bool is_separator(char c)
{
	return c == ';' || c == '|' || c == '&' || c == '(' || c == ')' || c == '`';
}

/* Split as a shell would for plain commands: quotes are taken off, separators are words of their own. */
static void words_split(struct arena *arena, struct str text, struct words *out)
{
	out->n = 0;
	for (size_t i = 0; i < text.n && out->n < WORDS_MOST;) {
		char c = text.p[i];
		if (c == ' ' || c == '\t' || c == '\r') {
			i++;
			continue;
		}
		if (c == '#')
			break;
		if (is_separator(c) || c == '>' || c == '<') {
			size_t from = i;
			while (i < text.n && (is_separator(text.p[i]) || text.p[i] == '>' || text.p[i] == '<'))
				i++;
			out->p[out->n++] = str_slice(text, from, i);
			continue;
		}
		BUF(word);
		char quote = 0;
		size_t nested = 0; /* within $(…) */
		for (; i < text.n; i++) {
			c = text.p[i];
			if (c == '(' && i > 0 && (nested || text.p[i - 1] == '$'))
				nested++;
			if (nested) {
				nested -= c == ')';
				buf_add_char(&word, c);
			} else if (quote && c == quote)
				quote = 0;
			else if (!quote && (c == '"' || c == '\''))
				quote = c;
			else if (!quote && (c == ' ' || c == '\t' || is_separator(c) || c == '>' || c == '<'))
				break;
			else
				buf_add_char(&word, c);
		}
		out->p[out->n++] = arena_str(arena, buf_str(&word));
	}
}

static struct str base_of(struct str path)
{
	return str_slice(path, (size_t)(str_find_char_last(path, '/') + 1), path.n);
}

static bool is_end(struct str word)
{
	return word.n && is_separator(word.p[0]);
}

/* ---- where to, and when last ---- */

/* 1 off this machine, 0 on it, NONE unknown. */
static int64_t is_offsite(struct scan *scan, struct str target)
{
	if (!target.n || target.p[0] == '$' || target.p[0] == '%')
		return NONE;
	ptrdiff_t colon = str_find_char(target, ':'), slash = str_find_char(target, '/');
	if (str_starts(target, "file://") || str_starts(target, "local:"))
		return 0;
	if (colon > 0 && (slash < 0 || colon < slash))
		return 1;
	if (target.p[0] != '/')
		return NONE;
	const struct rows *mounts = facts_table(scan_facts(scan), &table_mounts);
	if (mounts->coverage == COVERAGE_UNAVAILABLE)
		return NONE;
	size_t longest = 0, path = 0, type = 0;
	int64_t offsite = 0;
	for (size_t i = 0; table_mounts.columns[i].name; i++) {
		if (strcmp(table_mounts.columns[i].name, "path") == 0)
			path = i;
		if (strcmp(table_mounts.columns[i].name, "type") == 0)
			type = i;
	}
	for (size_t i = 0; i < mounts->n; i++) {
		struct str at = cell_str(rows_at(mounts, i)[path]), kind = cell_str(rows_at(mounts, i)[type]);
		if (at.n < longest || at.n > target.n || memcmp(at.p, target.p, at.n) != 0 ||
		    (at.n > 1 && at.n < target.n && target.p[at.n] != '/'))
			continue;
		longest = at.n;
		offsite = str_starts(kind, "nfs") || str_is(kind, "cifs") || str_is(kind, "smb3") ||
		          str_is(kind, "fuse.sshfs") || str_is(kind, "ceph") || str_is(kind, "fuse.s3fs");
	}
	return offsite;
}

/* The newest modification among files that match. */
static int64_t newest_of(struct scan *scan, struct str pattern)
{
	struct str *paths;
	size_t n;
	int64_t newest = NONE;
	if (root_glob(scan_root(scan), pattern, scan_arena(scan), &paths, &n) < 0)
		return NONE;
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		if (root_stat(scan_root(scan), paths[i].p, true, &st) == 0 && (S_ISDIR(st.st_mode) || st.st_size > 0) &&
		    (newest == NONE || st.st_mtime > newest))
			newest = st.st_mtime;
	}
	return newest;
}

/* A dump's name up to where the date is put in: "/backup/db-$(date +%F).sql" is "/backup/db-*". */
static struct str dump_pattern(struct arena *arena, struct str target)
{
	size_t n = 0;
	while (n < target.n && target.p[n] != '$' && target.p[n] != '%' && target.p[n] != '`' && target.p[n] != '\\')
		n++;
	return n == target.n ? target : arena_printf(arena, "%.*s*", (int)n, target.p);
}

static int64_t last_of(struct scan *scan, const char *tool, struct str target)
{
	struct arena *arena = scan_arena(scan);
	struct str pattern;
	if (!target.n)
		return NONE;
	if (strcmp(tool, "restic") == 0 && target.p[0] != '/') {
		/* The cache tells of snapshots of a far repository, if it is of just one. */
		static const char *const caches[] = { "/root/.cache/restic/*", "/var/cache/restic/*" };
		for (size_t i = 0; i < COUNT(caches); i++) {
			struct strings found = scan_glob(scan, str_from(caches[i]));
			size_t repositories = 0;
			for (size_t j = 0; j < found.n; j++)
				repositories += base_of(found.p[j]).n == 64;
			if (repositories == 1)
				return newest_of(scan, arena_printf(arena, "%s/snapshots/*/*", caches[i]));
		}
		return NONE;
	}
	if (target.p[0] != '/')
		return NONE;
	if (strcmp(tool, "restic") == 0)
		pattern = arena_printf(arena, "%.*s/snapshots/*", STR_ARG(target));
	else if (strcmp(tool, "borg") == 0 || strcmp(tool, "borgmatic") == 0)
		pattern = arena_printf(arena, "%.*s/index.*", STR_ARG(target));
	else if (strcmp(tool, "rsnapshot") == 0)
		pattern = arena_printf(arena, "%.*s/*.0", STR_ARG(target));
	else if (strcmp(tool, "pgbackrest") == 0)
		pattern = arena_printf(arena, "%.*s/backup/*/backup.info", STR_ARG(target));
	else if (strcmp(tool, "pg_basebackup") == 0)
		pattern = arena_printf(arena, "%.*s/backup_manifest", STR_ARG(dump_pattern(arena, target)));
	else if (strcmp(tool, "rsync") == 0 || strcmp(tool, "duplicity") == 0 || strcmp(tool, "rclone") == 0)
		return NONE; /* times are those of the originals */
	else
		pattern = dump_pattern(arena, target);
	return newest_of(scan, pattern);
}

static int job_row(struct backups *backups, const struct job *job, const char *tool, struct str target,
                   int64_t encrypted, struct err *err)
{
	struct scan *scan = backups->scan;
	if (backups->jobs++ >= JOBS_MOST)
		return 0;
	/* A password in an address is nobody's business. */
	ptrdiff_t at = str_find_char(target, '@'), scheme = str_find(target, "://");
	struct str shown = target;
	if (target.p && scheme >= 0 && at > scheme) {
		struct str rest = str_slice(target, (size_t)scheme + 3, (size_t)at);
		struct str user = str_cut(&rest, ':');
		shown = arena_printf(scan_arena(scan), "%.*s%.*s%.*s", (int)scheme + 3, target.p, STR_ARG(user),
		                     (int)(target.n - (size_t)at), target.p + at);
	}
	return scan_row(scan, ROW(job->name, tool, shown.n ? shown : STR_NONE, is_offsite(scan, target), job->schedule,
	                          last_of(scan, tool, target), encrypted, NONE, job->file, job->line), err);
}

/* ---- configuration of the programs ---- */

static struct str setting_of(struct scan *scan, const char *file, const char *key)
{
	struct str rest, line;
	if (scan_file(scan, file, &rest) < 0)
		return STR_NONE;
	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (str_starts(line, "#") || !str_starts(line, key))
			continue;
		struct str value = str_trim(str_slice(line, strlen(key), line.n));
		if (value.n && (value.p[0] == '=' || value.p[0] == ':'))
			value = str_trim(str_slice(value, 1, value.n));
		if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') && value.p[value.n - 1] == value.p[0])
			value = str_slice(value, 1, value.n - 1);
		return value;
	}
	return STR_NONE;
}

struct configured {
	struct str target;
	int64_t encrypted;
};

static struct configured configured_of(struct scan *scan, const struct tool *tool)
{
	struct configured out = { STR_NONE, tool->encrypted < 0 ? NONE : tool->encrypted };
	if (strcmp(tool->name, "rsnapshot") == 0)
		out.target = setting_of(scan, "etc/rsnapshot.conf", "snapshot_root");
	if (strcmp(tool->name, "borgmatic") == 0)
		out.target = setting_of(scan, "etc/borgmatic/config.yaml", "- path:");
	if (strcmp(tool->name, "pgbackrest") == 0) {
		static const char *const files[] = { "etc/pgbackrest/pgbackrest.conf", "etc/pgbackrest.conf" };
		for (size_t i = 0; i < COUNT(files) && !out.target.p; i++) {
			struct str host = setting_of(scan, files[i], "repo1-host");
			struct str type = setting_of(scan, files[i], "repo1-type");
			struct str path = setting_of(scan, files[i], "repo1-path");
			struct str cipher = setting_of(scan, files[i], "repo1-cipher-type");
			struct str far = host.n ? host : !str_is(type, "posix") ? type : STR_NONE;
			if (path.p || far.n)
				out.encrypted = cipher.p && !str_is(cipher, "none");
			out.target = !far.n ? path
			                    : arena_printf(scan_arena(scan), "%.*s:%.*s", STR_ARG(far), STR_ARG(path));
		}
	}
	return out;
}

/* ---- commands ---- */

static struct str option_value(const struct words *words, size_t from, const char *option)
{
	size_t n = strlen(option);
	for (size_t i = from; i < words->n && !is_end(words->p[i]); i++) {
		if (str_is(words->p[i], option) && i + 1 < words->n)
			return words->p[i + 1];
		if (str_starts(words->p[i], option) && words->p[i].n > n &&
		    (words->p[i].p[n] == '=' || (n == 2 && words->p[i].p[1] != '-')))
			return str_slice(words->p[i], n + (words->p[i].p[n] == '='), words->p[i].n);
	}
	return STR_NONE;
}

static struct str target_of(const struct tool *tool, const struct words *words, size_t at)
{
	struct str target = STR_NONE;
	for (size_t i = 0; i < COUNT(tool->options) && tool->options[i] && !target.p; i++)
		target = option_value(words, at + 1, tool->options[i]);
	if (target.p)
		return target;
	for (size_t i = at + 1; i < words->n; i++) {
		struct str word = words->p[i];
		if (tool->where == WHERE_REDIRECT) {
			/* The first file that the pipeline writes. */
			if (str_is(word, ">") || str_is(word, ">>"))
				return i + 1 < words->n ? words->p[i + 1] : STR_NONE;
			if (is_end(word) && !str_is(word, "|") && !str_is(word, "(") && !str_is(word, ")"))
				return STR_NONE;
			continue;
		}
		if (is_end(word) || word.p[0] == '>')
			break;
		ptrdiff_t archive = str_find(word, "::");
		if (tool->where == WHERE_ARCHIVE && archive >= 0)
			return str_slice(word, 0, (size_t)archive);
		if (tool->where == WHERE_LAST && word.n && word.p[0] != '-')
			target = word;
	}
	return target;
}

static bool has_word(const struct words *words, size_t from, const char *wanted)
{
	for (size_t i = from; i < words->n && !is_end(words->p[i]); i++)
		if (str_is(words->p[i], wanted))
			return true;
	return false;
}

static bool pipe_encrypts(const struct words *words, size_t from)
{
	static const char *const programs[] = { "gpg", "gpg2", "age", "openssl", "ccrypt" };
	for (size_t i = from; i < words->n; i++)
		for (size_t j = 0; j < COUNT(programs); j++)
			if (str_is(base_of(words->p[i]), programs[j]))
				return true;
	return false;
}

/* Value of an assignment anywhere in a text: RESTIC_REPOSITORY=… */
static struct str variable_of(struct arena *arena, struct str text, const char *name)
{
	ptrdiff_t at = name ? str_find(text, name) : -1;
	if (at < 0)
		return STR_NONE;
	struct words words;
	struct str rest = str_slice(text, (size_t)at + strlen(name), text.n);
	words_split(arena, str_cut(&rest, '\n'), &words);
	return words.n ? words.p[0] : STR_NONE;
}

/* A backup that one line starts, if it does. `text`: all of the script, for variables. */
static int line_look(struct backups *backups, const struct job *job, struct str line, struct str text, struct err *err)
{
	struct words *words = arena_alloc(scan_arena(backups->scan), sizeof(*words));
	words_split(scan_arena(backups->scan), line, words);
	for (size_t i = 0; i < words->n; i++) {
		struct str base = base_of(words->p[i]);
		for (size_t j = 0; j < COUNT(tools); j++) {
			const struct tool *tool = &tools[j];
			if (!str_is(base, tool->name) || (tool->verb && !has_word(words, i + 1, tool->verb)))
				continue;
			struct str before = i > 0 ? base_of(words->p[i - 1]) : STR("");
			if (str_is(before, "which") || str_is(before, "-v") || str_is(before, "-x") || str_is(before, "pgrep"))
				continue;
			struct configured configured = configured_of(backups->scan, tool);
			struct str target = target_of(tool, words, i);
			if (!target.n)
				target = variable_of(scan_arena(backups->scan), text, tool->variable);
			if (!target.n)
				target = configured.target;
			int64_t encrypted = configured.encrypted;
			if (tool->where == WHERE_REDIRECT && pipe_encrypts(words, i))
				encrypted = 1;
			if (has_word(words, i + 1, "--no-encryption") || has_word(words, i + 1, "--insecure-no-password"))
				encrypted = 0;
			return job_row(backups, job, tool->name, target, encrypted, err);
		}
	}
	return 0;
}

static int command_look(struct backups *backups, const struct job *job, struct str command, struct err *err)
{
	struct scan *scan = backups->scan;
	size_t before = backups->jobs;
	int r = line_look(backups, job, command, command, err);
	if (r < 0 || backups->jobs != before)
		return r;
	/* None named: look into the scripts that it runs. */
	struct words *words = arena_alloc(scan_arena(scan), sizeof(*words));
	words_split(scan_arena(scan), command, words);
	for (size_t i = 0; i < words->n && r >= 0; i++) {
		if (!words->p[i].n || words->p[i].p[0] != '/')
			continue;
		BUF(script);
		int read = root_read(scan_root(scan), words->p[i].p, SCRIPT_MOST, &script);
		if (read < 0 || !str_starts(buf_str(&script), "#!")) {
			if (read == -EACCES || read == -EPERM)
				scan_partial(scan, NOTE("cannot read {}: {}", words->p[i], str_from(err_words(read))));
			continue;
		}
		struct str text = arena_str(scan_arena(scan), buf_str(&script)), rest = text, line;
		while (r >= 0 && str_line(&rest, &line)) {
			/* A backslash at the end goes on with the next line. */
			BUF(joined);
			while (str_ends(line, "\\")) {
				buf_add(&joined, str_slice(line, 0, line.n - 1));
				buf_add_char(&joined, ' ');
				if (!str_line(&rest, &line))
					line = STR("");
			}
			buf_add(&joined, line);
			r = line_look(backups, job, arena_str(scan_arena(scan), buf_str(&joined)), text, err);
		}
	}
	return r;
}

static size_t column_of(const struct table *table, const char *name)
{
	size_t i = 0;
	while (table->columns[i].name && strcmp(table->columns[i].name, name) != 0)
		i++;
	return i;
}

static int cron_look(struct backups *backups, struct err *err)
{
	int r;
	const struct rows *rows = scan_table(backups->scan, &table_cron, &r);
	if (!rows)
		return r;
	size_t schedule = column_of(&table_cron, "schedule"), command = column_of(&table_cron, "command");
	size_t file = column_of(&table_cron, "file"), line = column_of(&table_cron, "line");
	for (size_t i = 0; i < rows->n && r >= 0; i++) {
		const struct cell *cells = rows_at(rows, i);
		struct job job = { base_of(cell_str(cells[file])), cell_str(cells[schedule]), cell_str(cells[file]),
			           cell_int_or(cells[line], NONE) };
		if (job.line != NONE)
			job.name = arena_printf(scan_arena(backups->scan), "%.*s:%lld", STR_ARG(job.name),
			                        (long long)job.line);
		r = command_look(backups, &job, cell_str(cells[command]), err);
	}
	return r;
}

static int timers_look(struct backups *backups, struct err *err)
{
	int r;
	const struct rows *rows = scan_table(backups->scan, &table_timers, &r);
	if (!rows)
		return r;
	size_t name = column_of(&table_timers, "name"), schedule = column_of(&table_timers, "schedule");
	size_t exec = column_of(&table_timers, "exec"), path = column_of(&table_timers, "path");
	size_t enabled = column_of(&table_timers, "enabled");
	for (size_t i = 0; i < rows->n && r >= 0; i++) {
		const struct cell *cells = rows_at(rows, i);
		if (str_is(cell_str(cells[enabled]), "disabled") || str_is(cell_str(cells[enabled]), "masked"))
			continue; /* does not run */
		struct job job = { cell_str(cells[name]), cell_str(cells[schedule]), cell_str(cells[path]), NONE };
		r = command_look(backups, &job, cell_str(cells[exec]), err);
	}
	return r;
}

/* Programs whose schedule is kept by a server elsewhere. */
static int agents_look(struct backups *backups, struct err *err)
{
	static const struct {
		const char *tool, *pattern;
	} agents[] = {
		{ "bacula", "/etc/bacula/bacula-fd.conf" },  { "bareos", "/etc/bareos/bareos-fd.d/director/*.conf" },
		{ "amanda", "/etc/amanda/*/amanda.conf" },   { "veeam", "/etc/veeam/veeam.ini" },
		{ "urbackup", "/etc/default/urbackupclient" },
	};
	int r = 0;
	for (size_t i = 0; i < COUNT(agents) && r >= 0; i++) {
		struct strings files = scan_glob(backups->scan, str_from(agents[i].pattern));
		for (size_t j = 0; j < files.n && r >= 0; j++) {
			struct job job = { base_of(files.p[j]), STR_NONE, files.p[j], NONE };
			r = job_row(backups, &job, agents[i].tool, STR_NONE, NONE, err);
		}
	}
	return r;
}

static int backups_scan(struct scan *scan, struct err *err)
{
	struct backups backups = { .scan = scan };
	int r = cron_look(&backups, err);
	if (r >= 0)
		r = timers_look(&backups, err);
	if (r >= 0)
		r = agents_look(&backups, err);
	if (backups.jobs > JOBS_MOST)
		scan_partial(scan, NOTE("more than {} findings", arena_printf(scan_arena(scan), "%d", JOBS_MOST)));
	return r;
}

const struct table table_backups = {
	.name = "backups",
	.doc = "Jobs on this host that make copies; what a hypervisor or a storage system copies is not seen from here",
	.sources = { "etc/cron.d/backup", "etc/systemd/system/backup.timer", "etc/rsnapshot.conf",
	             "etc/borgmatic/config.yaml", "etc/pgbackrest/pgbackrest.conf" },
	.scan = backups_scan,
	.needs = {
		{ &table_cron, "schedule command file line", NULL },
		{ &table_timers, "name schedule exec path enabled", NULL },
	},
	.columns = {
		{ "job", TEXT, "timer, or cron file and line" },
		{ "tool", TEXT, "program: restic, borg, mysqldump, rsync …" },
		{ "target", TEXT, "where the copy goes, as written, without a password; NULL: unknown" },
		{ "offsite", INT, "1: off this machine (by network); 0: on a local file system; NULL: unknown" },
		{ "schedule", TEXT, "as in cron and timers; NULL: kept by a server elsewhere" },
		{ "last_ok", INT, "when it last left a result behind, seconds since 1970; NULL: cannot be known here" },
		{ "encrypted", INT, "1: the copy is encrypted; 0: not; NULL: unknown" },
		{ "last_restore_test", INT, "when a restore was last tried, seconds since 1970; NULL: no program "
		                            "records that" },
		{ "file", TEXT, "file that says so" },
		{ "line", INT, "line in it; NULL: the whole file" },
	},
};
