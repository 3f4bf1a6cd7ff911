/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * logrotate: how often each log is rotated and how long what was rotated is kept.
 *
 * As logrotate reads it: settings outside braces hold for everything that follows, also after the end of
 * an included file; settings within braces for the paths before them.
 */
#include "base/buf.h"
#include "base/vec.h"
#include "fact/tables/conf.h"

enum { DEPTH_MAX = 8, FILES_MAX = 1024 };

struct policy {
	struct str frequency; /* hourly, daily, weekly, monthly, yearly; STR_NONE: by size */
	int64_t keep, size, maxsize, maxage;
	bool compress;
	struct str create;
};

struct logrotate {
	struct scan *scan;
	struct err *err;
	struct policy global;
	size_t files;
};

struct block {
	struct str *paths;
	size_t n, room;
};

static const struct {
	const char *name;
	double days;
} frequencies[] = {
	{ "hourly", 1.0 / 24 }, { "daily", 1 }, { "weekly", 7 }, { "monthly", 30 }, { "yearly", 365 }
};

/* "100k", "1M", "2G" in bytes */
static int64_t size_of(struct str text)
{
	int64_t factor = 1, value;
	if (str_ends(text, "k") || str_ends(text, "K"))
		factor = 1024;
	else if (str_ends(text, "M"))
		factor = 1024 * 1024;
	else if (str_ends(text, "G"))
		factor = 1024 * 1024 * 1024;
	text.n -= factor != 1;
	if (!str_to_int(text, 10, &value) || __builtin_mul_overflow(value, factor, &value))
		return NONE;
	return value;
}

/* Days for which a message is kept at least: NULL where that depends on how much is logged. */
static int64_t days_of(const struct policy *policy)
{
	double days = -1;
	for (size_t i = 0; i < COUNT(frequencies); i++)
		if (str_is(policy->frequency, frequencies[i].name))
			days = frequencies[i].days;
	if (days < 0 || policy->maxsize != NONE || policy->keep < 0)
		return policy->keep < 0 ? policy->maxage : NONE;
	double total = days * (double)policy->keep;
	if (policy->maxage != NONE && total > (double)policy->maxage)
		total = (double)policy->maxage;
	return total > 1e9 ? (int64_t)1e9 : (int64_t)total;
}

static bool one_of(struct str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(word, list[i]))
			return true;
	return false;
}

static bool setting(struct policy *policy, struct str word, struct str value)
{
	for (size_t i = 0; i < COUNT(frequencies); i++)
		if (str_is(word, frequencies[i].name)) {
			policy->frequency = str_from(frequencies[i].name);
			policy->size = NONE;
			return true;
		}
	if (str_is(word, "rotate")) {
		policy->keep = str_int_or(value, policy->keep);
	} else if (str_is(word, "size")) {
		policy->size = size_of(value);
		policy->frequency = STR_NONE;
	} else if (str_is(word, "maxsize")) {
		policy->maxsize = size_of(value);
	} else if (str_is(word, "maxage")) {
		policy->maxage = str_int_or(value, NONE);
	} else if (str_is(word, "compress")) {
		policy->compress = true;
	} else if (str_is(word, "nocompress")) {
		policy->compress = false;
	} else if (str_is(word, "create")) {
		policy->create = value;
	} else if (str_is(word, "nocreate") || str_is(word, "copytruncate")) {
		policy->create = STR_NONE;
	} else {
		return false;
	}
	return true;
}

/* Directives that change nothing of what is told here. */
static const char *const others[] = {
	"missingok",
	"nomissingok",
	"ifempty",
	"notifempty",
	"sharedscripts",
	"nosharedscripts",
	"delaycompress",
	"nodelaycompress",
	"copy",
	"nocopy",
	"nocopytruncate",
	"dateext",
	"nodateext",
	"dateformat",
	"dateyesterday",
	"nodateyesterday",
	"datehourago",
	"olddir",
	"noolddir",
	"mail",
	"nomail",
	"mailfirst",
	"maillast",
	"minsize",
	"minage",
	"shred",
	"noshred",
	"shredcycles",
	"su",
	"extension",
	"addextension",
	"start",
	"tabooext",
	"taboopat",
	"compresscmd",
	"uncompresscmd",
	"compressext",
	"compressoptions",
	"renamecopy",
	"norenamecopy",
	"createolddir",
	"nocreateolddir",
	"allowhardlink",
	"noallowhardlink",
	"ignoreduplicates",
	"endscript",
};

/* "key value" or "key=value" */
static void directive_take(struct logrotate *logrotate, struct policy *policy, struct str line,
			   struct str file, int64_t number)
{
	size_t end = 0;
	while (end < line.n && line.p[end] != ' ' && line.p[end] != '\t' && line.p[end] != '=')
		end++;
	struct str word = str_slice(line, 0, end), value = str_trim(str_slice(line, end, line.n));
	if (str_starts(value, "="))
		value = str_trim(str_slice(value, 1, value.n));
	if (!setting(policy, word, value) && !one_of(word, others, COUNT(others)))
		conf_bad_line(logrotate->scan, file, number);
}

static int block_rows(struct logrotate *logrotate, const struct block *block, const struct policy *policy,
		      struct str file, int64_t line)
{
	for (size_t i = 0; i < block->n; i++) {
		int r = scan_row(logrotate->scan,
				 ROW(block->paths[i], policy->frequency.p ? policy->frequency : STR("size"),
				     policy->keep, days_of(policy), policy->size, policy->maxsize,
				     policy->maxage, policy->compress, policy->create, file, line),
				 logrotate->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int rotate_file(struct logrotate *logrotate, struct str path, int depth);

static bool is_taboo(struct str name)
{
	static const char *const ends[] = { "~",         ",v",         ".cfsaved",  ".disabled", ".dpkg-bak",
					    ".dpkg-del", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp",
					    ".rpmnew",   ".rpmorig",   ".rpmsave",  ".swp",      ".ucf-dist",
					    ".ucf-new",  ".ucf-old",   ".bak" };
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(name, ends[i]))
			return true;
	return name.p[0] == '.';
}

static int rotate_include(struct logrotate *logrotate, struct str path, int depth)
{
	struct scan *scan = logrotate->scan;
	struct arena *arena = scan_arena(scan);
	struct stat st;
	path = arena_str(arena, path);
	if (root_stat(scan_root(scan), path.p, true, &st) < 0 || !S_ISDIR(st.st_mode))
		return rotate_file(logrotate, path, depth);
	struct strings names = scan_list(scan, path.p);
	for (size_t i = 0; i < names.n; i++) {
		if (is_taboo(names.p[i]))
			continue;
		struct str file = arena_printf(arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(names.p[i]));
		if (root_stat(scan_root(scan), file.p, true, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		int r = rotate_file(logrotate, file, depth);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *const scripts[] = { "prerotate", "postrotate", "firstaction", "lastaction", "preremove" };

/* Words of a line that name logs: "/var/log/a /var/log/b {". True when the brace was there. */
static bool paths_take(struct arena *arena, struct str line, struct block *block)
{
	struct str word;
	while (conf_word(arena, &line, &word)) {
		bool opens = str_ends(word, "{");
		if (str_is(word, "{"))
			return true;
		if (opens)
			word = str_slice(word, 0, word.n - 1);
		size_t room = block->room;
		if (block->n == room) {
			block->room = room ? room * 2 : 8;
			struct str *paths = ARENA_ARRAY(arena, struct str, block->room);
			if (block->n)
				memcpy(paths, block->paths, block->n * sizeof(*paths));
			block->paths = paths;
		}
		block->paths[block->n++] = word;
		if (opens)
			return true;
	}
	return false;
}

/* The lines within braces, up to the "}". */
static int block_read(struct logrotate *logrotate, struct conf_lines *lines, struct block *block,
		      struct str path)
{
	struct policy policy = logrotate->global;
	int64_t first = lines->number;
	struct str line;
	bool closed = false;
	while (!closed && conf_line(lines, &line)) {
		line = str_trim(line);
		if (conf_is_comment(line, "#"))
			continue;
		closed = line.p[0] == '}';
		struct str rest = line, word = str_word(&rest);
		if (closed)
			break;
		if (!one_of(word, scripts, COUNT(scripts))) {
			directive_take(logrotate, &policy, line, path, lines->number);
			continue;
		}
		while (conf_line(lines, &line) && !str_is(str_trim(line), "endscript"))
			;
	}
	if (!closed)
		conf_bad_line(logrotate->scan, path, first);
	return block_rows(logrotate, block, &policy, path, first);
}

static int rotate_file(struct logrotate *logrotate, struct str path, int depth)
{
	struct scan *scan = logrotate->scan;
	struct arena *arena = scan_arena(scan);
	struct str text, line;
	if (depth > DEPTH_MAX || ++logrotate->files > FILES_MAX) {
		scan_partial(scan, NOTE("{}: too many includes", path));
		return 0;
	}
	if (scan_file(scan, path.p, &text) < 0)
		return 0;
	struct conf_lines lines = { .rest = text };
	struct block block = { 0 };
	while (conf_line(&lines, &line)) {
		line = str_trim(line);
		if (conf_is_comment(line, "#"))
			continue;
		struct str rest = line, word = str_word(&rest);
		int r = 0;
		bool quoted = line.p[0] == '"' || line.p[0] == '\'';
		if (line.p[0] == '/' || quoted || line.p[0] == '{') {
			if (!paths_take(arena, line, &block))
				continue;
			r = block_read(logrotate, &lines, &block, path);
			block = (struct block){ 0 };
		} else if (str_is(word, "include")) {
			r = rotate_include(logrotate, str_trim(rest), depth + 1);
		} else {
			directive_take(logrotate, &logrotate->global, line, path, lines.number);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int logrotate_scan(struct scan *scan, struct err *err)
{
	/* Without any setting logrotate rotates at 1 MiB and keeps nothing. */
	struct logrotate logrotate = { .scan = scan,
				       .err = err,
				       .global = { .size = 1 << 20, .maxsize = NONE, .maxage = NONE } };
	return rotate_file(&logrotate, STR("/etc/logrotate.conf"), 0);
}

const struct table table_logrotate = {
	.name = "logrotate",
	.doc = "Logs that logrotate rotates, and for how long it keeps them",
	.sources = { "etc/logrotate.conf", "etc/logrotate.d/*" },
	.scan = logrotate_scan,
	.columns = {
		{ "path", TEXT, "path or pattern as configured" },
		{ "frequency", TEXT, "hourly, daily, weekly, monthly, yearly, or size (only when "
		                     "it has grown)" },
		{ "keep", INT, "rotated files that are kept; -1: all" },
		{ "days", INT, "days for which what was logged is kept, at least; NULL: "
		               "depends on how much is logged, or for ever (keep -1)" },
		{ "size", INT, "rotated when larger, bytes; NULL: by time" },
		{ "maxsize", INT, "rotated before its time when larger, bytes; NULL: not set" },
		{ "maxage", INT, "removed after so many days; NULL: not set" },
		{ "compress", INT, "1: what was rotated is compressed" },
		{ "create_mode", TEXT, "mode, owner and group of the new file, \"0640 root adm\"; "
		                       "NULL: not created" },
		{ "file", TEXT, "where it is configured" },
		{ "line", INT, "line in the file" },
	},
};
